package importer

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// copilotVariable is what Copilot replaces in a manifest: by an environment variable,
// or by the name of the application or the environment (docs of Copilot, "Manifest",
// "Interpolate from environment variables").
var copilotVariable = regexp.MustCompile(`\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}`)

// interpolate replaces variables. What isn't known is to be filled in; the rest of the
// value is kept.
func (c *copilotManifest) interpolate(parameters map[string]string) {
	known := func(name string) (string, bool) {
		if name == "COPILOT_ENVIRONMENT_NAME" && c.environmentName != "" {
			return c.environmentName, true
		}
		value, given := parameters[name]
		return value, given
	}
	c.manifest.each(func(n *node) {
		n.text = copilotVariable.ReplaceAllStringFunc(n.text, func(found string) string {
			name := found[2 : len(found)-1]
			if value, is := known(name); is {
				return value
			}
			n.open = append(n.open, "the variable "+name)
			return placeholder
		})
	})
}

// part is a scalar made of some of another's text.
func (n *node) part(text string) *node {
	out := n.leaf(text)
	if strings.Contains(text, placeholder) {
		out.open = n.open
	}
	return out
}

// words of a command. Copilot splits a string by the rules of a shell, with
// github.com/google/shlex.
func (c *copilotManifest) words(n *node) *node {
	if n.kind != scalar {
		return n
	}
	words, closed := shellWords(n.text)
	if !closed {
		c.find(Assumed, n, "a quote isn't closed, so it is split at blanks; Copilot refuses it")
		words = strings.Fields(n.text)
	}
	out := n.listOf()
	for _, word := range words {
		out.items = append(out.items, n.part(word))
	}
	return out
}

// shellWords splits a command at blanks that aren't quoted; false if a quote isn't
// closed.
func shellWords(text string) (words []string, closed bool) {
	s := &splitter{rest: []rune(text)}
	for s.next() {
		words = append(words, s.word.String())
	}
	return words, s.quote == 0 && !s.escaped
}

// splitter reads words as a shell does that expands nothing.
type splitter struct {
	rest []rune
	word strings.Builder
	// quote that is open, or 0; escaped after a backslash.
	quote   rune
	escaped bool
}

// next reads a word; false if there is none.
func (s *splitter) next() bool {
	s.word.Reset()
	started := false
	for len(s.rest) > 0 {
		r := s.rest[0]
		s.rest = s.rest[1:]
		switch {
		case s.escaped || s.quote != 0:
			s.quoted(r)
		case unicode.IsSpace(r) && started:
			return true
		case unicode.IsSpace(r):
		case r == '#' && !started:
			s.comment()
		default:
			s.plain(r)
			started = true
		}
	}
	return started
}

// plain is a character outside of quotes.
func (s *splitter) plain(r rune) {
	switch r {
	case '\\':
		s.escaped = true
	case '"', '\'':
		s.quote = r
	default:
		s.word.WriteRune(r)
	}
}

// quoted is a character within quotes, or after a backslash.
func (s *splitter) quoted(r rune) {
	switch {
	case s.escaped:
		s.word.WriteRune(r)
		s.escaped = false
	case r == '\\' && s.quote == '"':
		s.escaped = true
	case r == s.quote:
		s.quote = 0
	default:
		s.word.WriteRune(r)
	}
}

// comment goes on to the end of the line.
func (s *splitter) comment() {
	end := slices.Index(s.rest, '\n')
	if end < 0 {
		end = len(s.rest)
	}
	s.rest = s.rest[end:]
}
