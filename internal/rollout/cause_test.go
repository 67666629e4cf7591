package rollout

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// A revision of the template that serves, or that was given up, holds other values:
// that is why it is rolled out. Where nothing is known of templates, or the template
// differs, it is the template; and whoever goes back at once, or tries again, does so.
func TestCause(t *testing.T) {
	of := func(number int64, template, values string) Revision {
		return Revision{Number: number, Template: template, Hash: template + "/" + values}
	}
	warm := func(r Revision) Revision {
		r.Wanted, r.Stack = true, v1alpha1.RevisionCreated
		return r
	}
	last := func(revision, from int64, outcome v1alpha1.Outcome) *Rollout {
		return &Rollout{Revision: revision, From: from, Outcome: outcome}
	}
	for name, c := range map[string]struct {
		revisions []Revision
		stable    int64
		last      *Rollout
		want      v1alpha1.RolloutCause
	}{
		"the first one":          {[]Revision{of(1, "a", "x")}, 0, nil, v1alpha1.CauseTemplate},
		"another template":       {[]Revision{of(1, "a", "x"), of(2, "b", "x")}, 1, last(1, 0, v1alpha1.OutcomePromoted), v1alpha1.CauseTemplate},
		"other values":           {[]Revision{of(1, "a", "x"), of(2, "a", "y")}, 1, last(1, 0, v1alpha1.OutcomePromoted), v1alpha1.CauseConfiguration},
		"nothing was remembered": {[]Revision{of(1, "a", "x"), of(2, "a", "y")}, 1, nil, v1alpha1.CauseConfiguration},
		"of what was given up":   {[]Revision{of(1, "b", "x"), of(2, "a", "x"), of(3, "a", "y")}, 1, last(2, 1, v1alpha1.OutcomeRolledBack), v1alpha1.CauseConfiguration},
		"back to a warm stack":   {[]Revision{of(1, "a", "x"), warm(of(2, "a", "y"))}, 1, last(1, 2, v1alpha1.OutcomePromoted), v1alpha1.CauseRevert},
		"templates aren't known": {[]Revision{{Number: 1, Hash: "x"}, {Number: 2, Hash: "y"}}, 1, nil, v1alpha1.CauseTemplate},
	} {
		t.Run(name, func(t *testing.T) {
			o := fresh()
			o.Revisions, o.Progress = c.revisions, Progress{Stable: c.stable, Rollout: c.last}
			x := newPass(&o, start, o.Progress)
			if got := x.cause(&o.Revisions[len(o.Revisions)-1]); got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
}

// What helps against values that were given up is other values.
func TestRemedyOfValues(t *testing.T) {
	o := fresh()
	o.Progress.Rollout = &Rollout{ID: "shop-2.1", Revision: 2, Cause: v1alpha1.CauseConfiguration, Outcome: v1alpha1.OutcomeRolledBack}
	remedy := newPass(&o, start, o.Progress).remedyOfFailure(&Revision{Number: 2, Name: "shop-2"})
	if !strings.HasPrefix(remedy, "Correct the values in AWS, change spec.template, or try again: kubectl annotate") {
		t.Error(remedy)
	}
}
