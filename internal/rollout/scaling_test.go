package rollout

import (
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Tasks that are asked for and were never there are on their way, until the
// deadline; what was there and is lost is a loss.
func TestScalingUpIsNoLoss(t *testing.T) {
	scaled := func(reached, healthy int32, since time.Duration) Observation {
		return with(serving(), func(o *Observation) {
			o.DesiredCount, o.Progress.Reached = 4, reached
			o.Revisions[0].Health = Health{Known: true, Desired: 4, Running: healthy, Healthy: healthy, Steady: healthy == 4}
			if since >= 0 {
				o.Progress.ScalingSince = ago(since)
			}
		})
	}
	for name, c := range map[string]struct {
		seen     Observation
		phase    v1alpha1.Phase
		degraded bool
		reached  int32
	}{
		"asked for just now":         {scaled(1, 1, -1), v1alpha1.PhaseScaling, false, 1},
		"on their way":               {scaled(1, 3, time.Minute), v1alpha1.PhaseScaling, false, 1},
		"there":                      {scaled(1, 4, time.Minute), v1alpha1.PhaseComplete, false, 4},
		"not there by the deadline":  {scaled(1, 3, time.Hour), v1alpha1.PhaseComplete, true, 1},
		"one of the first is lost":   {scaled(2, 1, time.Minute), v1alpha1.PhaseComplete, true, 2},
		"there before, lost":         {scaled(4, 3, -1), v1alpha1.PhaseComplete, true, 4},
		"more than enough, then few": {with(scaled(4, 4, -1), func(o *Observation) { o.DesiredCount = 2 }), v1alpha1.PhaseComplete, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(c.seen, start)
			if d.Phase != c.phase || (d.Degraded != "") != c.degraded || d.Progress.Reached != c.reached {
				t.Errorf("%s, degraded %q, reached %d: %s", d.Phase, d.Degraded, d.Progress.Reached, d.Message)
			}
			if c.phase == v1alpha1.PhaseScaling && d.After > poll {
				t.Errorf("nobody looks for %s", d.After)
			}
		})
	}
}
