package rollout

import (
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Step is a share of the traffic and how long it is held.
type Step struct {
	// Weight is the new revision's percentage of the requests.
	Weight int32
	// Hold is how long the share is kept once it is in effect.
	Hold time.Duration
	// Approval is true when the step ends only once someone asks for it.
	Approval bool
}

// Plan is a strategy compiled to steps. The last one has weight 100 and holds
// for as long as the old revision is kept.
type Plan []Step

// Compile turns a strategy into its plan.
func Compile(strategy v1alpha1.Strategy, rollback v1alpha1.Rollback) Plan {
	var plan Plan
	switch {
	case strategy.Type == v1alpha1.StrategyBlueGreen && strategy.BlueGreen != nil:
		plan = preview(*strategy.BlueGreen)
	case strategy.Type == v1alpha1.StrategyCanary && strategy.Canary != nil:
		for _, step := range strategy.Canary.Steps {
			plan = append(plan, Step{Weight: step.Weight, Hold: seconds(step.HoldSeconds), Approval: step.Approval == v1alpha1.ApprovalManual})
		}
	}
	return append(plan, Step{Weight: 100, Hold: seconds(rollback.KeepOldSeconds)})
}

// preview is the step before the switch, if it is to be held at all.
func preview(b v1alpha1.BlueGreen) Plan {
	manual := b.Approval == v1alpha1.ApprovalManual
	if b.PreviewSeconds == nil && !manual {
		return nil
	}
	return Plan{{Hold: seconds(b.PreviewSeconds), Approval: manual}}
}

// first is the plan of a deployment that has nothing to go back to.
func first() Plan { return Plan{{Weight: 100}} }

func seconds(n *int32) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}
