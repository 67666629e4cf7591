package configuration

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// rolled is a rollout of a revision; without an outcome it is under way.
func rolled(revision, from int64, outcome v1alpha1.Outcome) *v1alpha1.Rollout {
	r := &v1alpha1.Rollout{Revision: revision, From: from, Outcome: outcome}
	if outcome != "" {
		r.FinishedAt = &metav1.Time{}
	}
	return r
}

// retried is a rollout that is to be tried again.
func retried(r *v1alpha1.Rollout) *v1alpha1.Rollout {
	r.Retried = true
	return r
}

// What was given up since something was promoted last, however often it was tried.
func TestRemember(t *testing.T) {
	entry := func(revision string, outcome v1alpha1.Outcome) v1alpha1.HistoryEntry {
		return v1alpha1.HistoryEntry{Revision: revision, Outcome: outcome}
	}
	c := &Choice{}
	c.Remember([]v1alpha1.HistoryEntry{
		entry("a-5", v1alpha1.OutcomeAborted), entry("a-4", v1alpha1.OutcomeSuperseded), entry("a-3", v1alpha1.OutcomeRolledBack),
		entry("a-2", v1alpha1.OutcomePromoted), entry("a-0", v1alpha1.OutcomeFailed), entry("a-1", v1alpha1.OutcomePromoted),
	})
	if diff := cmp.Diff([]string{"a-5", "a-3"}, c.GivenUp); diff != "" {
		t.Error("given up:", diff)
	}
	if diff := cmp.Diff([]string{"a-2", "a-1"}, c.Served); diff != "" {
		t.Error("served:", diff)
	}
}

// Which values are wanted of those that revisions of the template in spec hold.
func TestWanted(t *testing.T) {
	bad := Revision{4, "a-4", "bad"}
	one, two, three := Revision{1, "a-1", "old"}, Revision{2, "a-2", "new"}, Revision{3, "a-3", ""}
	changed := func(of string) *v1alpha1.ConfigurationStatus {
		return &v1alpha1.ConfigurationStatus{Revision: of, Changed: "new"}
	}
	for name, c := range map[string]struct {
		choice    Choice
		want      string
		reference int64
	}{
		"nothing was made":                              {Choice{}, "", 0},
		"it serves":                                     {Choice{Revisions: []Revision{one}, Stable: 1, Rollout: rolled(1, 0, v1alpha1.OutcomePromoted)}, "old", 1},
		"it serves, and values changed":                 {Choice{Revisions: []Revision{one}, Stable: 1, Seen: changed("a-1")}, "new", 1},
		"what was seen is of another one":               {Choice{Revisions: []Revision{two, one}, Stable: 1, Seen: changed("a-2")}, "old", 1},
		"the new values are on their way":               {Choice{Revisions: []Revision{one, two}, Stable: 1, Rollout: rolled(2, 1, ""), Seen: changed("a-1")}, "new", 1},
		"values change on their way":                    {Choice{Revisions: []Revision{one, two}, Stable: 1, Rollout: rolled(2, 1, ""), Seen: &v1alpha1.ConfigurationStatus{Revision: "a-1", Changed: "newer"}}, "new", 1},
		"the new values were given up":                  {Choice{Revisions: []Revision{one, two}, Stable: 1, Rollout: rolled(2, 1, v1alpha1.OutcomeRolledBack), Seen: changed("a-1")}, "new", 1},
		"given up, and changed back":                    {Choice{Revisions: []Revision{one, two}, Stable: 1, Rollout: rolled(2, 1, v1alpha1.OutcomeRolledBack), Seen: &v1alpha1.ConfigurationStatus{Revision: "a-1"}}, "old", 1},
		"a first one was given up":                      {Choice{Revisions: []Revision{one}, Rollout: rolled(1, 0, v1alpha1.OutcomeFailed)}, "old", 1},
		"given up, and then values changed":             {Choice{Revisions: []Revision{one}, Rollout: rolled(1, 0, v1alpha1.OutcomeFailed), Seen: changed("a-1")}, "new", 1},
		"another template serves":                       {Choice{Revisions: []Revision{one, two}, Stable: 9, Rollout: rolled(9, 8, v1alpha1.OutcomePromoted)}, "new", 0},
		"back to what served before":                    {Choice{Revisions: []Revision{one, two}, Stable: 9, Rollout: rolled(9, 1, v1alpha1.OutcomePromoted)}, "old", 0},
		"superseded before it was promoted":             {Choice{Revisions: []Revision{one}, Stable: 9, Rollout: rolled(1, 9, v1alpha1.OutcomeSuperseded)}, "old", 0},
		"back to what served, not to what was given up": {Choice{Revisions: []Revision{one, two}, Stable: 9, Rollout: rolled(9, 8, v1alpha1.OutcomePromoted), Served: []string{"a-9", "a-8", "a-1"}}, "old", 0},
		"two were given up, and it is the first one again": {Choice{Revisions: []Revision{one, two, bad}, Stable: 1, Rollout: rolled(4, 1, v1alpha1.OutcomeRolledBack),
			Seen: changed("a-1"), GivenUp: []string{"a-4", "a-2"}}, "bad", 1},
		"the same, and someone asked to try again": {Choice{Revisions: []Revision{one, two, bad}, Stable: 1, Rollout: retried(rolled(4, 1, v1alpha1.OutcomeRolledBack)),
			Seen: changed("a-1"), GivenUp: []string{"a-4", "a-2"}}, "new", 1},
		"the same, and someone is asking": {Choice{Revisions: []Revision{one, two, bad}, Stable: 1, Rollout: rolled(4, 1, v1alpha1.OutcomeRolledBack), Retried: true,
			Seen: changed("a-1"), GivenUp: []string{"a-4", "a-2"}}, "new", 1},
		"the same, and it was as it serves meanwhile": {Choice{Revisions: []Revision{one, two, bad}, Stable: 1, Seen: changed("a-1"), GivenUp: []string{"a-4", "a-2"}}, "new", 1},
		"one was given up, and it is another one":     {Choice{Revisions: []Revision{one, bad}, Stable: 1, Rollout: rolled(4, 1, v1alpha1.OutcomeRolledBack), Seen: changed("a-1"), GivenUp: []string{"a-4"}}, "new", 1},
		"what was given up of another template":       {Choice{Revisions: []Revision{one, two}, Stable: 1, Rollout: rolled(2, 1, v1alpha1.OutcomeRolledBack), Seen: &v1alpha1.ConfigurationStatus{Revision: "a-1", Changed: "bad"}, GivenUp: []string{"a-2", "a-4"}}, "bad", 1},
		"frozen before that was written down":         {Choice{Revisions: []Revision{three}, Stable: 3}, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.choice.Wanted(); got != c.want {
				t.Errorf("wanted %q, want %q", got, c.want)
			}
			got := int64(0)
			if r := c.choice.Reference(); r != nil {
				got = r.Number
			}
			if got != c.reference {
				t.Errorf("compared with %d, want %d", got, c.reference)
			}
		})
	}
}
