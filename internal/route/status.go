package route

import (
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Remembered reads from status what was remembered of the route.
func Remembered(t *v1alpha1.TrafficStatus, p *rollout.Progress) {
	p.Written, p.Observed = targets(t.Written), targets(t.Observed)
	p.Original, p.OriginalIdle, p.Writers = t.OriginalTargetGroupARN, t.OriginalIdleTargetGroupARNs, t.Writers
	if t.Since != nil {
		p.Since = t.Since.Time
	}
}

// RememberedID is the ID of the route as remembered; "" if there is none yet.
func RememberedID(t *v1alpha1.TrafficStatus) string {
	if t == nil {
		return ""
	}
	return t.RuleARN
}

// Remember writes to status what is to be remembered of a route, besides since
// when it is as it is.
func Remember(id string, d *rollout.Decision, revisions []rollout.Revision) *v1alpha1.TrafficStatus {
	p := &d.Progress
	return &v1alpha1.TrafficStatus{
		RuleARN:                id,
		Desired:                ledger(d.Intended, revisions),
		InSync:                 &d.InSync,
		Written:                ledger(p.Written, revisions),
		Observed:               ledger(p.Observed, revisions),
		Writers:                p.Writers,
		OriginalTargetGroupARN: p.Original,

		OriginalIdleTargetGroupARNs: p.OriginalIdle,
	}
}

// ledger names the revisions of targets.
func ledger(in rollout.Targets, revisions []rollout.Revision) []v1alpha1.WeightedTarget {
	var out []v1alpha1.WeightedTarget
	for _, t := range in {
		entry := v1alpha1.WeightedTarget{TargetGroupARN: t.Backend, Weight: t.Weight}
		for i := range revisions {
			if revisions[i].Backend == t.Backend {
				entry.Revision = revisions[i].Number
			}
		}
		out = append(out, entry)
	}
	return out
}

// targets reads targets from the ledger.
func targets(in []v1alpha1.WeightedTarget) rollout.Targets {
	var out rollout.Targets
	for _, t := range in {
		out = append(out, rollout.Target{Backend: t.TargetGroupARN, Weight: t.Weight})
	}
	return out
}

// UnknownAction is the error about an action that a router doesn't know.
func UnknownAction(a rollout.Action) error {
	return fmt.Errorf("unknown rollout action %q", a.Kind)
}
