package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a finding means for whoever uses the manifest.
type Kind string

// Kinds of findings.
const (
	// Dropped is in the input, and can't be had.
	Dropped Kind = "dropped"
	// Patched is carried over by spec.template.patches.
	Patched Kind = "patched"
	// Missing isn't in the input: the manifest has a placeholder, which contains
	// fill-in or fillin.
	Missing Kind = "fill in"
	// Assumed isn't in the input, or means something else here: to look at.
	Assumed Kind = "assumed"
	// Refused is what the API server would say to the manifest.
	Refused Kind = "refused"
	// Note is good to know, and needs nothing.
	Note Kind = "note"
)

// Finding is something to know about an input.
type Finding struct {
	Kind Kind
	// File, Line (from 1) and Path are where in the input; Line is 0 for what has
	// no place there.
	File string
	Line int
	Path string
	// Text is a sentence.
	Text string
}

// String is a line of a report.
func (f Finding) String() string {
	var where string
	switch {
	case f.Line > 0:
		where = fmt.Sprintf("%s:%d: ", f.File, f.Line)
	case f.File != "":
		where = f.File + ": "
	}
	if f.Path != "" {
		where += f.Path + ": "
	}
	return fmt.Sprintf("%s%s: %s", where, f.Kind, f.Text)
}

// Class says how much of an input is in its manifest.
type Class string

// Classes.
const (
	// Full has everything, though there may be something to fill in.
	Full Class = "full"
	// WithPatches has everything, some of it by spec.template.patches.
	WithPatches Class = "with patches"
	// Lossy lacks something.
	Lossy Class = "lossy"
)

// classOf judges findings.
func classOf(findings []Finding) Class {
	class := Full
	for _, f := range findings {
		switch f.Kind {
		case Dropped, Refused:
			return Lossy
		case Patched:
			class = WithPatches
		default:
		}
	}
	return class
}

// sorted are findings in the order of the input, each once.
func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return slices.Compact(findings)
}
