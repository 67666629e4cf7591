package view

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Screen is what text is shown on.
type Screen struct {
	// Width in characters; 0 is no limit.
	Width int
	// Colour is true for a terminal that shows it.
	Colour bool
	// Now is the time from which ages are told.
	Now time.Time
}

// Styles, as SGR parameters of a terminal.
const (
	plain  = ""
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *Screen) paint(style, text string) string {
	if !s.Colour || style == plain {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// node is a line of a tree with what belongs to it.
type node struct {
	text, style string
	// whole text is never broken: it holds a command to paste.
	whole    bool
	children []*node
}

func (n *node) add(style, format string, args ...any) *node {
	child := &node{text: fmt.Sprintf(format, args...), style: style}
	n.children = append(n.children, child)
	return child
}

// tree draws a node and all below it.
func (s *Screen) tree(n *node) string {
	var out strings.Builder
	s.draw(&out, n, "", "")
	return out.String()
}

// draw writes a node: its first line begins with first, all others, and those of
// its children, with rest.
func (s *Screen) draw(out *strings.Builder, n *node, first, rest string) {
	under := rest
	if len(n.children) > 0 {
		under += "│ "
	} else {
		under += "  "
	}
	lines := []string{n.text}
	if !n.whole {
		lines = s.wrap(n.text, utf8.RuneCountInString(under))
	}
	for i, line := range lines {
		if i > 0 {
			first = under
		}
		out.WriteString(first + s.paint(n.style, line) + "\n")
	}
	for i, child := range n.children {
		if i == len(n.children)-1 {
			s.draw(out, child, rest+"└─ ", rest+"   ")
		} else {
			s.draw(out, child, rest+"├─ ", rest+"│  ")
		}
	}
}

// wrap breaks text into lines that fit beside so many characters. Without a width
// there is one line.
func (s *Screen) wrap(text string, beside int) []string {
	if s.Width <= 0 {
		return []string{text}
	}
	return wrap(text, s.Width-beside)
}

// least is the narrowest column that text is wrapped to.
const least = 20

// wrap breaks text between words into lines of at most width characters. Words
// that are longer stay whole.
func wrap(text string, width int) []string {
	width = max(width, least)
	if utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line, length := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if line != "" && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if line != "" {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	return append(lines, line)
}

// table draws rows in columns, the first row being the heading.
func table(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

// age is how long ago something was, such as 5m; "-" if that isn't known.
func (s *Screen) age(at *metav1.Time) string {
	if at == nil || at.IsZero() {
		return "-"
	}
	return duration.HumanDuration(s.Now.Sub(at.Time))
}

// since is a moment and how long ago it was.
func (s *Screen) since(at *metav1.Time) string {
	if at == nil || at.IsZero() {
		return "an unknown time"
	}
	return fmt.Sprintf("%s (%s ago)", at.UTC().Format("2006-01-02 15:04:05Z"), s.age(at))
}

// seconds is a duration for people; "-" if it isn't known.
func seconds(n *int64) string {
	if n == nil {
		return "-"
	}
	return duration.HumanDuration(time.Duration(*n) * time.Second)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
