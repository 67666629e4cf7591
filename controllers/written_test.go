package controllers

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// What was written is known to be missing until the cache shows it, or it is
// gone.
func TestWritten(t *testing.T) {
	revision := func(uid types.UID, generation int64) v1alpha1.ImmutableRevision {
		return v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{UID: uid, Generation: generation}}
	}
	var w written
	expect := func(want bool, cached ...v1alpha1.ImmutableRevision) {
		t.Helper()
		if got := w.shown("web", cached); got != want {
			t.Errorf("shown is %t by %v, want %t", got, cached, want)
		}
	}
	expect(true)
	first, second := revision("1", 2), revision("2", 1)
	w.note("web", &first)
	w.note("web", &second)
	w.note("api", &second)
	expect(false)
	expect(false, revision("1", 1), revision("2", 1))
	expect(false, revision("1", 1))
	expect(true, revision("1", 2))
	expect(true)
	w.note("web", &first)
	w.gone("web", []v1alpha1.ImmutableRevision{revision("1", 2)})
	expect(false)
	w.gone("web", []v1alpha1.ImmutableRevision{revision("2", 1)})
	expect(true)
	if w.shown("api", nil) {
		t.Error("what was written of another deployment is forgotten")
	}
	w.gone("api", nil)
	if len(w.generations) > 0 {
		t.Errorf("%v is left", w.generations)
	}
}
