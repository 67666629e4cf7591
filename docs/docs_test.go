package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestOperations: every phase, condition and reason is explained.
func TestOperations(t *testing.T) {
	page := read(t, "operations.md")
	for name, value := range constants(t, "../api/v1alpha1/conditions.go") {
		if !strings.Contains(page, "`"+value+"`") {
			t.Errorf("operations.md doesn't explain %s (%s)", value, name)
		}
	}
}

// constants returns the constants of phases, conditions and reasons, by name.
func constants(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	kinds := regexp.MustCompile(`^(Phase|RevisionPhase|Revision|Condition|Reason)[A-Z]`)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !kinds.MatchString(spec.Names[0].Name) {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found[spec.Names[0].Name] = value
		return false
	})
	if len(found) == 0 {
		t.Fatal("no constants found")
	}
	return found
}

// TestLinks: linked files exist. A regular expression, of which api.md shows some,
// is no link.
func TestLinks(t *testing.T) {
	link, code := regexp.MustCompile(`\]\(([^)#:*\[]+)\)`), regexp.MustCompile("`[^`\n]*`")
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, page := range append(pages, "../README.md", "../config/aws/README.md", "../internal/awssim/README.md", "../CHANGELOG.md", "../CONTRIBUTING.md", "../SECURITY.md") {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, page), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
