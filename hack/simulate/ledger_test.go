package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/viridian-dev/viridian/test/simulation"
)

// A run that was stopped, even in the middle of a line, can be continued; one
// of another build can't.
func TestLedger(t *testing.T) {
	dir := t.TempDir()
	path, build, other := filepath.Join(dir, "kept"), filepath.Join(dir, "build"), filepath.Join(dir, "other")
	for _, binary := range []string{build, other} {
		if err := os.WriteFile(binary, []byte(binary), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first, err := openLedger(path, build)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []uint64{0, 10} {
		if err := first.keep(simulation.Summary{From: from, Seeds: 10, Passes: 7}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	again, err := openLedger(path, build)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := again.find(0, 10); !ok || s.Passes != 7 {
		t.Errorf("seeds from 0: %+v, %t", s, ok)
	}
	if _, ok := again.find(0, 5); ok {
		t.Error("ten seeds pass for five")
	}
	if _, ok := again.find(10, 10); ok {
		t.Error("half a line passes for a whole one")
	}
	if _, err := openLedger(path, other); err == nil {
		t.Error("another build's file is taken")
	}
}
