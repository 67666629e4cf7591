package rollout

import (
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// capacity is how many tasks a revision needs now. The old revision gives
// tasks up only once a step's weight is in effect, and gets them back as soon
// as the rollout is given up.
func (x *decider) capacity(number int64) int32 {
	r := x.d.Progress.Rollout
	if !r.active() || r.Outcome != "" {
		return x.o.DesiredCount
	}
	plan := x.plan()
	switch {
	case number == r.Revision:
		return plan[r.Step].New
	case number != x.d.Progress.Stable:
		return x.o.DesiredCount
	case !r.StepReachedAt.IsZero() && !x.now.Before(r.StepReachedAt.Add(x.o.Policy.Propagation)):
		return plan[r.Step].Old
	case r.Step > 0:
		return plan[r.Step-1].Old
	}
	return x.o.DesiredCount
}

// shrinking waits until the old revision has given up the tasks that it shall,
// so that there are never more than the strategy allows.
func (x *decider) shrinking(step Step, position string) bool {
	stable := x.o.revision(x.d.Progress.Stable)
	if stable == nil || step.Old >= x.o.DesiredCount || !stable.Health.Known || stable.Health.Running <= step.Old {
		return false
	}
	x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting,
		fmt.Sprintf("%s: %s shrinks to %d tasks, %d still run", position, stable.Name, step.Old, stable.Health.Running))
	x.wait(x.o.Policy.Poll)
	return true
}

// clear takes the old revision away before the new one comes: first its
// requests, then, once those under way have ended, its stack. It tells whether
// there is still something to clear.
func (x *decider) clear(r *Rollout) bool {
	p, stable := &x.d.Progress, x.o.revision(x.d.Progress.Stable)
	if stable == nil || stable.absent() {
		return false
	}
	message := fmt.Sprintf("Removing %s before its successor is made; nothing serves meanwhile", stable.Name)
	if stable.Cause != "" {
		message += ": " + stable.Cause
	}
	x.tell(v1alpha1.PhaseProvisioning, v1alpha1.ReasonProvisioning, message)
	x.wait(x.o.Policy.Poll)
	due := p.Since.Add(x.o.Policy.Propagation + stable.Drain)
	switch {
	case x.o.Rule.Exists && len(x.o.Rule.Targets.normal()) > 0:
		p.Written = nil
		x.act(Action{Kind: ActionSetTargets})
	case x.o.Rule.Exists && x.now.Before(due):
		x.until(due)
	case stable.Wanted:
		r.ProgressedAt = x.now
		x.act(Action{Kind: ActionRemoveStack, Revision: stable.Number})
	default:
		x.overdue(r, message)
	}
	return true
}

// restore gets the old revision ready to take over again, where the strategy
// took it away or made it smaller. It tells whether that takes more time.
func (x *decider) restore(r *Rollout) bool {
	stable := x.o.revision(x.d.Progress.Stable)
	if stable == nil {
		return false
	}
	switch {
	case x.o.Recreate && r.Outcome == v1alpha1.OutcomeSuperseded && !stable.Wanted:
		// It is gone already and its successor's successor waits: making it
		// again would only prolong the gap.
		x.d.Progress.Stable = 0
		return false
	case stable.Stack == v1alpha1.RevisionCreated && stable.Wanted && x.strong(r, stable):
		return false
	case stable.Stack == v1alpha1.RevisionFailed && stable.Wanted:
		x.surrender(r, stable)
		return false
	}
	x.tell(v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack,
		fmt.Sprintf("Bringing %s back (%s): %s", stable.Name, stable.Health, r.Message))
	x.wait(x.o.Policy.Poll)
	if stable.absent() {
		x.act(Action{Kind: ActionProvision, Revision: stable.Number, Count: x.o.DesiredCount})
	}
	return true
}

// strong tells whether the old revision can take everything. If it can't, it
// is worth waiting for only where the strategy made it smaller, and only as
// long as an unhealthy revision is put up with; longer while it has nothing.
func (x *decider) strong(r *Rollout, stable *Revision) bool {
	smaller := x.o.Recreate || x.plan()[r.Step].Old < x.o.DesiredCount
	if !smaller || stable.Health.Healthy >= x.o.DesiredCount {
		return true
	}
	patience := x.o.Policy.Unhealthy
	if stable.Health.Healthy == 0 {
		patience = x.o.Policy.ProgressDeadline
	}
	return !x.now.Before(r.DecidedAt.Add(patience))
}

// surrender ends a rollback whose old revision can't be made again.
func (x *decider) surrender(r *Rollout, stable *Revision) {
	r.Outcome = v1alpha1.OutcomeFailed
	r.Message = fmt.Sprintf("%s; and %s can't be brought back: %s", r.Message, stable.Name, stable.Cause)
	x.d.Progress.Stable = 0
}
