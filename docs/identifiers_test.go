package docs_test

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestIdentifiers: identifiers that the pages for developers mention exist in
// this repository. A name in backticks is checked if it is a single word of
// letters and digits.
func TestIdentifiers(t *testing.T) {
	known := identifiers(t)
	name := regexp.MustCompile("`([A-Za-z][A-Za-z0-9]*)`")
	checked := 0
	for _, page := range []string{"architecture.md", "reliability.md", "semantics.md", "../CONTRIBUTING.md"} {
		for i, line := range strings.Split(read(t, page), "\n") {
			for _, m := range name.FindAllStringSubmatch(line, -1) {
				if checked++; !known[m[1]] {
					t.Errorf("%s:%d: there is no %s", page, i+1, m[1])
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d names were looked for", checked)
	}
}

// TestMap: each function that the contributor's map names is declared in the file
// that it names before it.
func TestMap(t *testing.T) {
	place := regexp.MustCompile("\\]\\(([a-z0-9_/]+\\.go)\\): ((?:`[A-Za-z]+`(?:, )?)+)")
	checked := 0
	for _, m := range place.FindAllStringSubmatch(read(t, "../CONTRIBUTING.md"), -1) {
		source := read(t, filepath.Join("..", m[1]))
		for name := range strings.SplitSeq(m[2], ", ") {
			name = strings.Trim(name, "`")
			declared := regexp.MustCompile(`(?m)^(func (\([^)]*\) )?` + name + `\(|var ` + name + ` )`)
			if checked++; !declared.MatchString(source) {
				t.Errorf("%s doesn't declare %s", m[1], name)
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d names were looked for", checked)
	}
}

// identifiers are all names and words of strings in the Go code, and the words of
// what people write for it: manifests, scripts and the Makefile.
func identifiers(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	word := regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*`)
	skipped := []string{".git", "bin", "docs", "testdata", "node_modules"}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skipped, d.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) == ".go":
			return addNames(known, path)
		case slices.Contains([]string{".yaml", ".sh"}, filepath.Ext(path)) || d.Name() == "Makefile" || d.Name() == "Dockerfile":
			text, err := os.ReadFile(path)
			for _, w := range word.FindAllString(string(text), -1) {
				known[w] = true
			}
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// addNames adds the identifiers of a Go file, and the words of its strings.
// Comments don't count: they may be stale.
func addNames(known map[string]bool, path string) error {
	if _, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly); err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	var s scanner.Scanner
	s.Init(files.AddFile(path, files.Base(), len(text)), text, nil, 0)
	word := regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*`)
	for {
		_, tok, literal := s.Scan()
		if tok == token.EOF {
			return nil
		}
		if tok == token.IDENT || tok == token.STRING {
			for _, w := range word.FindAllString(literal, -1) {
				known[w] = true
			}
		}
	}
}
