package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// A run that was cut off is no test that noticed something.
func TestTimeoutDetectsNothing(t *testing.T) {
	for out, want := range map[string]string{
		"panic: test timed out after 2h0m0s\nrunning tests:\n\tTestSeeds (2h0m0s)": "",
		"panic: runtime error: index out of range [recovered]":                     "panic",
		"--- FAIL: TestShift (0.01s)\n":                                            "TestShift",
		"PASS\n":                                                                   "",
	} {
		if got := what(out); got != want {
			t.Errorf("%q: %q", out, got)
		}
	}
}

// A run that was interrupted is gone on with: what was found isn't looked for again,
// what couldn't be tried is.
func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record")
	first, err := openRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]finding{
		"caught":   {stage: "seeds", by: "seed 1", took: time.Second},
		"survives": {took: time.Minute},
		"no build": {err: errors.New("no build")},
	} {
		if err := first.add(mutant{name: name}, f); err != nil {
			t.Fatal(err)
		}
	}
	second, err := openRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]finding{"caught": {stage: "seeds", by: "seed 1", took: time.Second}, "survives": {took: time.Minute}}
	if !maps.Equal(second.kept, want) {
		t.Errorf("kept %+v", second.kept)
	}
}
