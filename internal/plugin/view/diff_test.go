package view

import (
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func TestDiff(t *testing.T) {
	_, revisions, _ := objects(t, "diff")
	d, err := DiffOf(&revisions[0], &revisions[1])
	if err != nil {
		t.Fatal(err)
	}
	screen := Screen{Width: 80, Now: now}
	golden(t, "diff.txt", screen.Diff(&d))
	same, err := DiffOf(&revisions[0], &revisions[0])
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "diff-none.txt", screen.Diff(&same))
	if len(same.Images)+len(same.Configuration)+len(same.Template) > 0 {
		t.Errorf("%+v", same)
	}
	if empty, err := DiffOf(&v1alpha1.ImmutableRevision{}, &revisions[1]); err != nil || len(empty.Images) != 2 {
		t.Errorf("%v: %+v", err, empty)
	}
}
