package rollout

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// A rule that keeps clients with their revision divides new ones only: a person who
// looks at the weight is told.
func TestStickyWeightIsToldOfNewClients(t *testing.T) {
	for _, sticky := range []bool{false, true} {
		o := rolling(0, time.Second)
		o.Route.Sticky = sticky
		d := Decide(o, start)
		if told := strings.Contains(d.Message, "the weight is the share of new clients"); told != sticky {
			t.Errorf("sticky %t: %q", sticky, d.Message)
		}
	}
}

// shared has a rule that keeps clients, long steps, and a share of the first one's
// requests.
func shared(o *Observation) {
	for i := range o.Plan {
		o.Plan[i].Hold = time.Hour
	}
	o.Route.Sticky = true
	o.Share = &v1alpha1.MeasuredShare{Step: 1, Percent: 4, Requests: 1200, From: metav1.NewTime(ago(4 * time.Minute)), To: metav1.NewTime(ago(3 * time.Minute))}
}

// remembered has what was measured before, and nothing newer.
func remembered(o *Observation) {
	shared(o)
	o.Progress.Rollout.Share, o.Share = o.Share, nil
}

// The share that is really got is told beside the weight, is kept while nothing
// newer is known, and goes with its step.
func TestMeasuredShare(t *testing.T) {
	for name, c := range map[string]struct {
		step  int
		edits []func(o *Observation)
		kept  bool
	}{
		"measured":                      {0, []func(o *Observation){shared}, true},
		"measured before":               {0, []func(o *Observation){remembered}, true},
		"of a step that is over":        {1, []func(o *Observation){remembered}, false},
		"of the step before its pause":  {0, []func(o *Observation){remembered, func(o *Observation) { o.Progress.Rollout.StepReachedAt = ago(time.Minute) }}, false},
		"the rule shares out again":     {0, []func(o *Observation){remembered, func(o *Observation) { o.Route.Sticky = false }}, false},
		"the new revision is given up":  {0, []func(o *Observation){remembered, func(o *Observation) { o.WantHash = "v1" }}, false},
		"its weight is being written":   {0, []func(o *Observation){remembered, func(o *Observation) { o.Progress.Rollout.StepReachedAt = time.Time{} }}, false},
		"all come to the new one":       {2, []func(o *Observation){remembered, func(o *Observation) { o.Progress.Rollout.Share.Step = 3 }}, false},
		"the other revision is no more": {0, []func(o *Observation){remembered, func(o *Observation) { o.Progress.Stable = 0 }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(with(rolling(c.step, 5*time.Minute), c.edits...), start)
			if kept := d.Progress.Rollout.Share != nil; kept != c.kept {
				t.Errorf("kept: %t (%s)", kept, d.Message)
			}
		})
	}
	o := with(rolling(0, 5*time.Minute), shared)
	want := "; the weight is the share of new clients, as the rule keeps others with their revision: 4% of 1200 requests until " +
		clock(ago(3*time.Minute)) + " were shop-2's"
	if d := Decide(o, start); !strings.HasSuffix(d.Message, want) {
		t.Errorf("%q", d.Message)
	}
}

// Only where weights and shares may differ it is worth a call.
func TestShareIsReadWhereItMatters(t *testing.T) {
	sticky := func(o *Observation) { o.Route.Sticky = true }
	for name, c := range map[string]struct {
		o    Observation
		want bool
	}{
		"held":                          {with(rolling(0, time.Minute), sticky), true},
		"held for good":                 {with(rolling(0, time.Minute), sticky, func(o *Observation) { o.Paused = true }), true},
		"no clients are kept":           {rolling(0, time.Minute), false},
		"not reached":                   {with(rolling(0, -1), sticky), false},
		"all of it":                     {with(rolling(2, time.Minute), sticky), false},
		"the other revision is no more": {with(rolling(0, time.Minute), sticky, func(o *Observation) { o.Progress.Stable = 0 }), false},
	} {
		needed := c.o.EvidenceNeeded().Shared
		if (needed != nil) != c.want {
			t.Errorf("%s: %+v", name, needed)
		}
		if needed != nil && (needed.Step != 1 || needed.Revision != 2 || needed.Stable != 1 || !needed.Since.Equal(ago(time.Minute).Add(c.o.Policy.Propagation))) {
			t.Errorf("%s: %+v", name, needed)
		}
	}
}
