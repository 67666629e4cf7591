package rollout

import (
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Step is a state on the way from the old revision to the new one, and how
// long it is held.
type Step struct {
	// Weight is the new revision's percentage of the requests.
	Weight int32
	// New is how many tasks the new revision needs before it may get Weight.
	New int32
	// Old is how many tasks the old revision keeps once Weight is in effect.
	Old int32
	// Hold is how long the step is kept once its weight is in effect.
	Hold time.Duration
	// Approval is true when the step ends only once someone asks for it.
	Approval bool
}

// Plan is a strategy compiled to steps. The last one has weight 100 and holds
// for as long as the old revision is kept.
type Plan []Step

// Compile turns a strategy into its plan for desired tasks. Without a load
// balancer the only way to share work is by the number of tasks. For no tasks the
// plan has the steps of one.
func Compile(spec *v1alpha1.ImmutableDeploymentSpec, desired int32, balanced bool) Plan {
	if desired > 0 {
		return compile(spec, desired, balanced)
	}
	plan := compile(spec, 1, balanced)
	for i := range plan {
		plan[i].New, plan[i].Old = 0, 0
	}
	return plan
}

func compile(spec *v1alpha1.ImmutableDeploymentSpec, desired int32, balanced bool) Plan {
	last := Step{Weight: 100, New: desired, Old: desired, Hold: seconds(spec.Rollback.KeepOldSeconds)}
	switch strategy := spec.Strategy; strategy.Type {
	case v1alpha1.StrategyCanary:
		return byTasks(append(canarySteps(strategy.Canary, desired), last), balanced)
	case v1alpha1.StrategyRolling:
		return batches(strategy.Rolling, desired, last.Hold)
	case v1alpha1.StrategyRecreate:
		return Plan{{Weight: 100, New: desired}}
	case v1alpha1.StrategyBlueGreen:
		return byTasks(append(previewStep(strategy.BlueGreen, desired), last), balanced)
	}
	return Plan{last}
}

// leavesAlone tells whether a new revision is alone by what is remembered: there is
// nothing to go back to, nor to share the work with, since Recreate took the old
// revision away, and then the strategy was edited.
func (o *Observation) leavesAlone(p *Progress) bool {
	stable := o.revision(p.Stable)
	return stable == nil && p.Original == "" || stable != nil && !stable.Wanted && !o.Deleting
}

// firstPlan is the plan of a deployment that has nothing to go back to.
func firstPlan(desired int32) Plan { return Plan{{Weight: 100, New: desired}} }

// canarySteps are the steps before the last one.
func canarySteps(c *v1alpha1.Canary, desired int32) Plan {
	var plan Plan
	for _, step := range c.All() {
		plan = append(plan, Step{
			Weight: step.Weight, New: desired, Old: desired,
			Hold: seconds(step.HoldSeconds), Approval: step.Approval == v1alpha1.ApprovalManual,
		})
	}
	return plan
}

// previewStep is the step before the switch, if it is to be held at all.
func previewStep(b *v1alpha1.BlueGreen, desired int32) Plan {
	if b == nil || b.PreviewSeconds == nil && b.Approval != v1alpha1.ApprovalManual {
		return nil
	}
	return Plan{{New: desired, Old: desired, Hold: seconds(b.PreviewSeconds), Approval: b.Approval == v1alpha1.ApprovalManual}}
}

// byTasks gives each revision of workers tasks in the proportion of the weight,
// desired tasks in all. At weight 0 the new one only proves that it runs.
func byTasks(plan Plan, balanced bool) Plan {
	if balanced {
		return plan
	}
	for i := range plan {
		desired := plan[i].New
		plan[i].New = max(1, (desired*plan[i].Weight+99)/100)
		plan[i].Old = desired - plan[i].New
		if plan[i].Weight == 0 {
			plan[i].Old = desired
		} else if plan[i].Weight < 100 {
			plan[i].Old = max(plan[i].Old, 1)
		}
	}
	return plan
}

// batches moves capacity in batches: the new revision grows as far as maxSurge
// lets it, gets requests in proportion, then the old one shrinks as far as
// maxUnavailable lets it.
func batches(r *v1alpha1.Rolling, desired int32, hold time.Duration) Plan {
	surge, unavailable, pause := r.Bounds(desired)
	var plan Plan
	for grown, kept := int32(0), desired; grown < desired || kept > 0; {
		grown = min(desired, max(grown, desired+surge-kept))
		kept = max(0, min(kept, desired-unavailable-grown))
		plan = append(plan, Step{Weight: percentage(grown, kept), New: grown, Old: kept, Hold: pause})
	}
	plan[len(plan)-1].Hold = hold
	return plan
}

// percentage is the new revision's part of the tasks, never 0 while it has any.
func percentage(grown, kept int32) int32 {
	if grown == 0 {
		return 0
	}
	return max(1, grown*100/(grown+kept))
}

func seconds(n *int32) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}
