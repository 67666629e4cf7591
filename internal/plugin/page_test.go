package plugin

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write the commands into the page")

// The page describes each command by its own help.
func TestPage(t *testing.T) {
	path := filepath.Join(root, "docs", "kubectl-viridian.md")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- Commands: go test ./internal/plugin -run TestPage -update -->\n", "<!-- End of commands. -->\n"
	before, rest, found := strings.Cut(string(body), begin)
	old, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s lacks %q or %q", path, begin, end)
	}
	commands := page()
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+commands+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, commands); diff != "" {
		t.Errorf("%s (-is +should be):\n%s", path, diff)
	}
}

// page is the help of all commands as Markdown.
func page() string {
	root := (&tool{}).root()
	root.InitDefaultHelpCmd()
	var out strings.Builder
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		fmt.Fprintf(&out, "\n### %s\n\n```text\nkubectl viridian %s\n\n%s\n%s```\n", cmd.Name(), strings.TrimSuffix(cmd.Use, " [flags]"), cmd.Long, flagsOf(cmd))
	}
	out.WriteString("\n")
	return out.String()
}

// flagsOf are a command's own flags.
func flagsOf(cmd *cobra.Command) string {
	if usages := cmd.LocalFlags().FlagUsages(); usages != "" {
		return "\n" + usages
	}
	return ""
}

// Each command says what it does, and belongs to a group.
func TestHelp(t *testing.T) {
	for _, cmd := range (&tool{}).root().Commands() {
		if cmd.Long == "" || cmd.Short == "" {
			t.Errorf("%s has no description", cmd.Name())
		}
		for line := range strings.Lines(cmd.Long) {
			if len(line) > 121 {
				t.Errorf("%s: the line is too long: %s", cmd.Name(), line)
			}
		}
	}
}
