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
}

// Plan is a strategy compiled to steps. The last one has weight 100 and holds
// for as long as the old revision is kept.
type Plan []Step

// Compile turns a strategy into its plan.
func Compile(strategy v1alpha1.Strategy, rollback v1alpha1.Rollback) Plan {
	var plan Plan
	if strategy.Type == v1alpha1.StrategyCanary && strategy.Canary != nil {
		for _, step := range strategy.Canary.Steps {
			plan = append(plan, Step{Weight: step.Weight, Hold: seconds(step.HoldSeconds)})
		}
	}
	return append(plan, Step{Weight: 100, Hold: seconds(rollback.KeepOldSeconds)})
}

// first is the plan of a deployment that has nothing to go back to.
func first() Plan { return Plan{{Weight: 100}} }

func seconds(n *int32) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}
