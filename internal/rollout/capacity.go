package rollout

import (
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// capacity is how many tasks a revision needs now. While the rollout is not
// decided, none gives tasks up before others have taken its work over: the new
// revision keeps what it has, the old one until the step is in effect. Once
// the rollout is given up, the old one gets everything back.
func (x *decider) capacity(number int64) int32 {
	r, revision := x.d.Progress.Rollout, x.o.revision(number)
	if !r.active() || r.Outcome != "" || revision == nil {
		return x.o.DesiredCount
	}
	step, has := x.plan()[r.Step], min(revision.Health.Desired, x.o.DesiredCount)
	switch {
	case number == r.Revision:
		return max(step.New, has)
	case number != x.d.Progress.Stable:
		return x.o.DesiredCount
	case x.inEffect(r, step):
		return step.Old
	}
	return max(step.Old, has)
}

// inEffect tells whether the step's weight has reached every load balancer
// node, and the new revision has the tasks to carry it.
func (x *decider) inEffect(r *Rollout, step Step) bool {
	candidate := x.o.revision(r.Revision)
	return !r.StepReachedAt.IsZero() && !x.now.Before(r.StepReachedAt.Add(x.o.Policy.Propagation)) &&
		x.o.Rule.Targets.Equal(x.intended()) &&
		candidate != nil && candidate.Health.Known && candidate.Health.Healthy >= step.New
}

// gradual tells whether the plan takes tasks away from the old revision before
// it is over: then no step may be left out.
func (x *decider) gradual() bool {
	plan := x.plan()
	return x.returnable() && plan[len(plan)-1].Old < x.o.DesiredCount
}

// shrinking waits until the old revision has given up the tasks that it shall,
// so that there are never more than the strategy allows.
func (x *decider) shrinking(step Step, position string) bool {
	stable := x.o.revision(x.d.Progress.Stable)
	if stable == nil || step.Old >= x.o.DesiredCount || !stable.Health.Known || stable.Health.Running <= step.Old {
		return false
	}
	x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting,
		fmt.Sprintf("%s: %s shrinks to %d of %d tasks, %d still run", position, stable.Name, step.Old, x.o.DesiredCount, stable.Health.Running))
	x.wait(x.o.Policy.Poll)
	return true
}

// clear takes every other revision's stack away before that of next is made,
// where no two may run at once: first the requests, then, once those under way
// have ended, the stack. It tells whether there is still something to clear.
func (x *decider) clear(r *Rollout, next *Revision) bool {
	if !x.o.Recreate {
		return false
	}
	for i := range x.o.Revisions {
		other := &x.o.Revisions[i]
		runs := !other.absent() && (other.Stack != v1alpha1.RevisionFailed || !other.Wanted)
		if runs && other.Number != next.Number {
			x.evict(r, other, next)
			return true
		}
	}
	return false
}

// evict does the next thing to be rid of a revision that is in the way.
func (x *decider) evict(r *Rollout, other, next *Revision) {
	message := fmt.Sprintf("Removing %s before %s is made; nothing serves meanwhile", other.Name, next.Name)
	if other.Cause != "" {
		message += ": " + other.Cause
	}
	x.tell(v1alpha1.PhaseProvisioning, v1alpha1.ReasonProvisioning, message)
	if r.Outcome != "" {
		x.tell(v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack, message+": "+r.Message)
	}
	x.wait(x.o.Policy.Poll)
	due := x.d.Progress.Since.Add(x.o.Policy.Propagation + other.Drain)
	switch {
	case x.o.Rule.Exists && x.o.Rule.Targets.Contains(other.TargetGroup):
		x.d.Progress.Written = nil
		x.act(Action{Kind: ActionSetTargets})
	case !x.o.Rule.None && other.TargetGroup != "" && x.now.Before(due):
		x.until(due)
	case other.Wanted:
		r.ProgressedAt = x.now
		x.act(Action{Kind: ActionRemoveStack, Revision: other.Number})
	case r.Outcome == "":
		x.overdue(r, message)
	}
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
		if x.reopen(r, stable) {
			return true
		}
		x.surrender(r, stable)
		return false
	}
	x.bringBack(r, stable)
	return true
}

// bringBack makes the old revision's stack again, or waits for its tasks.
func (x *decider) bringBack(r *Rollout, stable *Revision) {
	if !stable.Wanted && x.clear(r, stable) {
		return
	}
	state := stable.Health.String()
	if stable.Stack != v1alpha1.RevisionCreated {
		state = "its stack is " + string(stable.Stack)
	}
	x.tell(v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack, fmt.Sprintf("Bringing %s back (%s): %s", stable.Name, state, r.Message))
	x.wait(x.o.Policy.Poll)
	if stable.absent() {
		r.ProgressedAt = x.now
		x.act(Action{Kind: ActionProvision, Revision: stable.Number, Count: x.o.DesiredCount})
	}
}

// strong tells whether the old revision can take everything. If it can't, it
// is worth waiting for only where the strategy made it smaller or only the new
// one answers, and only as long as an unhealthy revision is put up with: not at
// all when the new one has nothing left, longer while the old one has nothing.
func (x *decider) strong(r *Rollout, stable *Revision) bool {
	smaller := x.o.Recreate || x.plan()[r.Step].Old < x.o.DesiredCount
	if !smaller && !x.sole(r) || stable.Health.Healthy >= x.o.DesiredCount {
		return true
	}
	patience := x.o.Policy.Unhealthy
	candidate := x.o.revision(r.Revision)
	switch {
	case stable.Health.Healthy == 0:
		patience = x.o.Policy.ProgressDeadline
	case candidate == nil || candidate.Health.Known && candidate.Health.Healthy == 0:
		return true
	}
	return !x.now.Before(r.ProgressedAt.Add(patience))
}

// surrender ends a rollback whose old revision can't be made again. Who was only
// superseded hasn't failed: that template may come back.
func (x *decider) surrender(r *Rollout, stable *Revision) {
	if r.Outcome != v1alpha1.OutcomeSuperseded {
		r.Outcome = v1alpha1.OutcomeFailed
	}
	r.Message = fmt.Sprintf("%s; and %s can't be brought back: %s", r.Message, stable.Name, stable.Cause)
	x.d.Progress.Stable = 0
}

// reopen takes an outcome back when someone else deleted the old stack before
// the requests were returned to it: a new revision that answers is better than
// nothing. It tells whether it does.
func (x *decider) reopen(r *Rollout, stable *Revision) bool {
	candidate := x.o.revision(r.Revision)
	if candidate == nil || candidate.Health.Healthy == 0 || !x.serves(r, candidate) {
		return false
	}
	message := fmt.Sprintf("%s can't be returned to (%s), so %s goes on. Before that: %s", stable.Name, stable.Cause, candidate.Name, r.Message)
	x.d.Notices = append(x.d.Notices, Notice{Warning: true, Reason: v1alpha1.ReasonStackChanged, Action: "Reopen", Message: message})
	r.Outcome, r.Reason, r.Message, r.DecidedAt, r.ProgressedAt = "", "", "", time.Time{}, x.now
	x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, message)
	x.wait(0)
	return true
}
