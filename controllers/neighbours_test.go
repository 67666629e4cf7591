package controllers

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A look at a listener wakes each deployment at rest whose rules aren't as it left
// them, once, and no other.
func TestNeighboursAreWoken(t *testing.T) {
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: "shop", Name: name} }
	see := func(rules ...string) sight {
		s := sight{"listener", map[string]string{}}
		for i := 0; i < len(rules); i += 2 {
			s.all[rules[i]] = rules[i+1]
		}
		return s
	}
	all := see("a", "1", "b", "1", "preview-b", "1", "c", "1")
	var n neighbours
	wakes := func(what string, name string, seen sight, own []string, atRest bool, want ...string) {
		t.Helper()
		var got []string
		for _, k := range n.note(key(name), seen, own, atRest) {
			got = append(got, k.Name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	wakes("the first", "a", all, []string{"a"}, true)
	wakes("the second", "b", all, []string{"b", "preview-b"}, true)
	wakes("one in a rollout", "c", all, []string{"c"}, false)
	wakes("nothing changed", "a", all, []string{"a"}, true)
	wakes("a rule is gone", "a", see("a", "1", "preview-b", "1"), []string{"a"}, true, "b")
	wakes("told before", "a", see("a", "1", "preview-b", "1"), []string{"a"}, true)
	wakes("b looked", "b", all, []string{"b", "preview-b"}, true)
	wakes("a preview rule is gone", "c", see("a", "1", "b", "1"), nil, false, "b")
	wakes("a rule routes otherwise", "c", see("a", "2"), nil, false, "a")
	wakes("back", "b", all, []string{"b", "preview-b"}, true)
	wakes("another listener", "d", sight{place: "other", all: map[string]string{}}, nil, true)
	wakes("a worker sees nothing", "e", sight{}, nil, true)
}
