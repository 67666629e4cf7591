package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCatalogue checks that every mistake can still be introduced.
func TestCatalogue(t *testing.T) {
	if err := os.Chdir("../.."); err != nil { //nolint:usetesting // Chdir of testing wants no other directory
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range catalogue() {
		if names[m.name] {
			t.Errorf("%s is there twice", m.name)
		}
		names[m.name] = true
		checkTests(t, m.name, "controllers", m.test)
		checkTests(t, m.name, filepath.Dir(m.file), m.unit)
		if _, err := plant(t.TempDir(), m); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	if len(names) < 25 {
		t.Errorf("%d mistakes are too few", len(names))
	}
}

// checkTests checks that the tests exist that are said to be made for a mistake.
func checkTests(t *testing.T, mistake, dir, tests string) {
	t.Helper()
	for name := range strings.SplitSeq(tests, "|") {
		if name != "" && !strings.Contains(testsOf(t, dir), "func "+name+"(") {
			t.Errorf("%s: %s has no test %s", mistake, dir, name)
		}
	}
}

// testsOf is the source of a package's tests.
func testsOf(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d tests, %v", dir, len(paths), err)
	}
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
