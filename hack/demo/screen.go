package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// screen shows the progress: a scrolling log and, if the output is a terminal,
// a panel below it that is redrawn.
type screen struct {
	out     io.Writer
	started time.Time
	// width of the terminal; nil if the output isn't one.
	width  func() int
	colour bool

	mu sync.Mutex
	// drawn is how many lines the panel has.
	drawn int
	panel []line
	// lastKey and lastAt are the key and the time of the last line.
	lastKey string
	lastAt  time.Time
}

// lineEvery is how often a line shows the progress while something is in
// progress but nothing changes.
const lineEvery = 4 * time.Second

func newScreen(out *os.File) *screen {
	s := &screen{out: out, started: time.Now()}
	if !term.IsTerminal(int(out.Fd())) || os.Getenv("TERM") == "dumb" {
		return s
	}
	s.colour = os.Getenv("NO_COLOR") == ""
	s.width = func() int {
		width, _, err := term.GetSize(int(out.Fd()))
		if err != nil || width < 20 {
			return 80
		}
		return width
	}
	return s
}

// elapsed is the time since the start.
func (s *screen) elapsed() time.Duration { return time.Since(s.started) }

// print adds lines to the log.
func (s *screen) print(lines ...line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	s.erase(&out)
	for _, l := range lines {
		out.WriteString(l.render(0, s.colour) + "\n")
	}
	s.draw(&out)
	fmt.Fprint(s.out, out.String())
}

// tell adds a line with a timestamp to the log.
func (s *screen) tell(format string, args ...any) {
	s.print(s.timed(span{fmt.Sprintf(format, args...), plain}))
}

// block adds text of several lines to the log, indented.
func (s *screen) block(text string) {
	var lines []line
	for part := range strings.SplitSeq(text, "\n") {
		lines = append(lines, line{{"      " + part, plain}})
	}
	s.print(lines...)
}

// chapter begins a part of the demonstration.
func (s *screen) chapter(title string) {
	s.print(line{}, line{{clock(s.elapsed()) + "  " + title, bold}})
}

func (s *screen) timed(spans ...span) line {
	return append(line{{fmt.Sprintf("%-5s ", clock(s.elapsed())), dim}}, spans...)
}

// show updates the view.
func (s *screen) show(snap *snapshot) {
	if s.width == nil {
		s.showLine(snap)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.panel = snap.panel()
	var out strings.Builder
	s.erase(&out)
	s.draw(&out)
	fmt.Fprint(s.out, out.String())
}

// showLine prints a line when something changed, or from time to time while
// something is in progress.
func (s *screen) showLine(snap *snapshot) {
	key := snap.key()
	s.mu.Lock()
	worth := key != s.lastKey || !snap.settled() && time.Since(s.lastAt) >= lineEvery
	if worth {
		s.lastKey, s.lastAt = key, time.Now()
	}
	s.mu.Unlock()
	if worth {
		s.print(s.timed(snap.short()...))
	}
}

// close leaves the log without the panel.
func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	s.erase(&out)
	s.panel = nil
	fmt.Fprint(s.out, out.String())
}

// erase moves up to the panel's first line and clears from there.
func (s *screen) erase(out *strings.Builder) {
	if s.drawn > 0 {
		fmt.Fprintf(out, "\x1b[%dA\r\x1b[J", s.drawn)
	}
	s.drawn = 0
}

func (s *screen) draw(out *strings.Builder) {
	if s.width == nil {
		return
	}
	for _, l := range s.panel {
		out.WriteString(l.render(s.width()-1, s.colour) + "\n")
	}
	s.drawn = len(s.panel)
}
