package importer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Copilot's own rules, which are those of github.com/google/shlex.
func TestShellWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                nil,
		"  serve --port  8080\n":          {"serve", "--port", "8080"},
		`bash -c "a && b"`:                {"bash", "-c", "a && b"},
		`sh -c 'echo "$HOME" \n'`:         {"sh", "-c", `echo "$HOME" \n`},
		`a\ b "c\"d" e''f ""`:             {"a b", `c"d`, "ef", ""},
		"a # the rest\nb c#d":             {"a", "b", "c#d"},
		`--set=x="y z" 'it'"'"'s' \\ end`: {"--set=x=y z", "it's", `\`, "end"},
	} {
		got, closed := shellWords(text)
		if diff := cmp.Diff(want, got); diff != "" || !closed {
			t.Errorf("%q: closed %v %s", text, closed, diff)
		}
	}
	for _, text := range []string{`a "b`, `a 'b`, `a \`} {
		if _, closed := shellWords(text); closed {
			t.Errorf("%q is closed", text)
		}
	}
}
