package configuration

import (
	"testing"

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

// Which values are wanted of those that revisions of the template in spec hold.
func TestWanted(t *testing.T) {
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
		"frozen before that was written down":           {Choice{Revisions: []Revision{three}, Stable: 3}, "", 3},
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
