package main

import (
	"os"
	"testing"
)

// TestCatalogue checks that every mistake can still be planted.
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
		if _, err := plant(t.TempDir(), m); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	if len(names) < 25 {
		t.Errorf("%d mistakes are too few", len(names))
	}
}
