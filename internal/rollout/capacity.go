package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// capacity is how many tasks a revision needs now. While the rollout is not
// decided, none gives tasks up before others have taken its work over: the new
// revision keeps what it has, the old one until the step is in effect. Once
// the rollout is given up, the old one gets everything back.
func (x *pass) capacity(number int64) int32 {
	r, revision := x.p.Rollout, x.o.revision(number)
	if !r.undecided() || revision == nil {
		return x.o.DesiredCount
	}
	step, has := x.step(r), min(revision.Health.Desired, x.o.DesiredCount)
	switch {
	case number == r.Revision:
		return max(step.New, has)
	case number != x.p.Stable:
		return x.o.DesiredCount
	case x.isInEffect(r, step):
		return step.Old
	}
	return max(step.Old, has)
}

// needed is how many healthy tasks the stable revision needs now.
func (x *pass) needed(stable *Revision) int32 {
	return min(x.o.DesiredCount, x.capacity(stable.Number))
}

// isAsked tells whether the revision's service is asked for the tasks that it needs
// now. An autoscaler may ask for more.
func (x *pass) isAsked(r *Revision) bool {
	need := x.capacity(r.Number)
	return r.Health.Desired == need || r.isScaled() && r.Health.Desired > need
}

// isWhole tells whether all tasks are there, and healthy, that a revision needs now.
func (x *pass) isWhole(r *Revision) bool {
	h, need := r.Health, x.capacity(r.Number)
	return h.Known && h.Steady && x.isAsked(r) && h.Running >= need && h.Healthy >= need
}

// noteCount keeps how many of the tasks that the stable revision needs it has had,
// healthy. What it had and lost is a loss; what it never had is still to come.
func (x *pass) noteCount() {
	p, stable := &x.p, x.stable()
	if stable == nil || !stable.Health.Known {
		return
	}
	h, need := stable.Health, x.needed(stable)
	p.Reached = min(p.Reached, need)
	if x.isAsked(stable) && h.Running >= need && h.Healthy >= need {
		p.Reached = need
	}
	switch {
	case p.Reached >= need:
		p.ScalingSince = time.Time{}
	case p.ScalingSince.IsZero():
		p.ScalingSince = x.now
	}
}

// isGrowing tells whether the stable revision gets more tasks than it had, and has
// lost none of those. One that has none never had any before, or was switched off.
func (x *pass) isGrowing() bool {
	p, stable := &x.p, x.stable()
	if stable == nil || p.Reached >= x.needed(stable) || stable.Health.Healthy == 0 && !p.Off || stable.Health.Healthy < p.Reached {
		return false
	}
	return x.now.Before(p.ScalingSince.Add(x.o.Policy.ProgressDeadline))
}

// reportScaling reports that tasks which were asked for are still to come.
func (x *pass) reportScaling() *Decision {
	stable := x.stable()
	if !stable.Health.Known || !x.isGrowing() || stable.isScaled() && !x.p.Off {
		return nil // what an autoscaler asks for is its everyday work
	}
	return x.until(words{v1alpha1.PhaseScaling, v1alpha1.ReasonScaling, fmt.Sprintf("%s serves all %s and is scaled to %d: %s",
		stable.Name, x.load(), x.needed(stable), stable.Health)}, x.p.ScalingSince.Add(x.o.Policy.ProgressDeadline))
}

// isInEffect tells whether the step's weight has reached every load balancer
// node, and the new revision has the tasks to carry it.
func (x *pass) isInEffect(r *Rollout, step Step) bool {
	candidate := x.o.revision(r.Revision)
	return !r.StepReachedAt.IsZero() && !x.now.Before(r.StepReachedAt.Add(x.o.Policy.Propagation)) &&
		x.o.Route.Targets.Equal(x.intended()) && !x.o.Route.Pending &&
		candidate != nil && candidate.Health.Known && candidate.Health.Healthy >= step.New
}

// isGradual tells whether the plan takes tasks away from the old revision before
// it is over: then no step may be left out.
func (x *pass) isGradual() bool {
	plan := x.plan()
	return x.canReturn() && plan[len(plan)-1].Old < x.o.DesiredCount
}

// awaitShrinking waits until the old revision has given up the tasks that it
// shall, so that there are never more than the strategy allows.
func (x *pass) awaitShrinking() *Decision {
	r, stable := x.p.Rollout, x.stable()
	step := x.step(r)
	if stable == nil || step.Old >= x.o.DesiredCount || !stable.Health.Known || stable.Health.Running <= step.Old {
		return nil
	}
	return x.poll(shifting(fmt.Sprintf("%s: %s shrinks to %d of %d tasks, %d still run",
		x.position(r), stable.Name, step.Old, x.o.DesiredCount, stable.Health.Running)))
}

// makeRoom takes every other revision's stack away before that of the new one is
// made, where no two may run at once: first the requests, then, once those under
// way have ended, the stack.
func (x *pass) makeRoom() *Decision { return x.makeRoomFor(x.candidate()) }

func (x *pass) makeRoomFor(next *Revision) *Decision {
	if !x.o.Recreate {
		return nil
	}
	for i := range x.o.Revisions {
		other := &x.o.Revisions[i]
		runs := !other.absent() && (other.Stack != v1alpha1.RevisionFailed || !other.Wanted)
		if runs && other.Number != next.Number {
			return x.evict(other, next)
		}
	}
	return nil
}

// evict does the next thing to be rid of a revision that is in the way.
func (x *pass) evict(other, next *Revision) *Decision {
	r, w := x.rollout(), x.evicting(other, next)
	due := x.spreadAt().Add(other.Drain)
	switch {
	case x.o.Route.Exists && x.mayReceive(other):
		d := x.do(w, Action{Kind: ActionSetTargets})
		d.Progress.Written = nil
		return d
	case !x.o.Route.None && other.Backend != "" && x.now.Before(due):
		return x.until(w, due)
	case other.Wanted:
		r.progressed(x.now)
		return x.do(w, Action{Kind: ActionRemoveStack, Revision: other.Number}).with(r)
	case r.Outcome == "" && other.Blocked != nil:
		return x.block(*other.Blocked)
	case r.Outcome == "" && x.deadline(&r).passed(x.now):
		return x.awaitProgress(r, words{message: w.message})
	}
	return x.poll(w)
}

// evicting says that a revision is in the way of the next one.
func (x *pass) evicting(other, next *Revision) words {
	message := fmt.Sprintf("Removing %s before %s is made; nothing serves meanwhile", other.Name, next.Name)
	if other.Cause != "" {
		message += ": " + other.Cause
	}
	if r := x.p.Rollout; r.Outcome != "" {
		return words{v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack, message + ": " + r.Message}
	}
	return provisioning(message)
}

// mayReceive tells whether the rule forwards to a revision, or may: to a target
// group that no revision is known to have, nor an adopted rule had before. A stack
// that was broken when its record was recreated can't be deleted before it is out
// of the rule.
func (x *pass) mayReceive(other *Revision) bool {
	if other.Backend != "" {
		return x.o.Route.Targets.Contains(other.Backend)
	}
	return slices.ContainsFunc(x.o.Route.Targets, func(t Target) bool {
		known := slices.ContainsFunc(x.o.Revisions, func(r Revision) bool { return r.Backend == t.Backend })
		return !known && t.Backend != x.p.Original
	})
}

// abandonStable gives the old revision up where it can't be brought back, or
// needn't be. A new one that was only superseded hasn't failed: its template may
// come back.
func (x *pass) abandonStable() {
	r, stable := x.p.Rollout, x.stable()
	switch {
	case stable == nil:
	case x.o.Recreate && r.Outcome == v1alpha1.OutcomeSuperseded && !stable.Wanted && !x.isOff():
		// It is gone already and its successor's successor waits: making it
		// again would only prolong the gap.
		x.p.Stable = 0
	case stable.Stack == v1alpha1.RevisionFailed && stable.Wanted:
		if r.Outcome != v1alpha1.OutcomeSuperseded {
			r.Outcome = v1alpha1.OutcomeFailed
		}
		r.Message = fmt.Sprintf("%s; %s can't be restored: %s", r.Message, stable.Name, stable.Cause)
		x.p.Stable = 0
	}
}

// bringBackStable gets the old revision ready to take over again, where the
// strategy took it away or made it smaller: its stack is made again, or its
// tasks are waited for.
func (x *pass) bringBackStable() *Decision {
	r, stable := x.rollout(), x.stable()
	if stable == nil || stable.Stack == v1alpha1.RevisionCreated && stable.Wanted && x.stableCanTakeAll() {
		return nil
	}
	if !stable.Wanted {
		if d := x.makeRoomFor(stable); d != nil {
			return d
		}
	}
	w := bringingBack(stable, r.Message)
	switch {
	case stable.Blocked != nil && stable.Wanted && stable.Stack != v1alpha1.RevisionCreated:
		return x.awaitOthers(v1alpha1.PhaseRollingBack, *stable.Blocked)
	case !stable.absent():
		return x.poll(w)
	}
	r.progressed(x.now)
	return x.do(w, Action{Kind: ActionProvision, Revision: stable.Number, Count: x.o.DesiredCount, Limits: x.limitsFor(stable, x.o.DesiredCount)}).with(r)
}

// bringingBack says how far the old revision is, and why it is needed.
func bringingBack(stable *Revision, why string) words {
	state := stable.Health.String()
	if stable.Stack != v1alpha1.RevisionCreated {
		state = "its stack is " + string(stable.Stack)
	}
	return words{v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack, fmt.Sprintf("Bringing %s back (%s): %s", stable.Name, state, why)}
}

// stableCanTakeAll tells whether the old revision can take everything. If it
// can't, it is worth waiting for only where the strategy made it smaller or only
// the new one answers, and only as long as an unhealthy revision is put up with:
// not at all when the new one has nothing left, longer while the old one has
// nothing.
func (x *pass) stableCanTakeAll() bool {
	r, stable := x.p.Rollout, x.stable()
	smaller := x.o.Recreate || x.step(r).Old < x.o.DesiredCount
	if !smaller && !x.isOnlyHealthy() || stable.Health.Healthy >= x.o.DesiredCount {
		return true
	}
	patience := x.o.Policy.Unhealthy
	candidate := x.candidate()
	switch {
	case stable.Health.Healthy == 0:
		patience = x.o.Policy.ProgressDeadline
	case candidate == nil || candidate.Health.Known && candidate.Health.Healthy == 0:
		return true
	}
	return !x.now.Before(r.ProgressedAt.Add(patience))
}

// reopen takes an outcome back when someone else deleted the old stack before
// the requests were returned to it: a new revision that answers is better than
// nothing.
func (x *pass) reopen() *Decision {
	r, stable, candidate := x.rollout(), x.stable(), x.candidate()
	if stable == nil || stable.Stack != v1alpha1.RevisionFailed || !stable.Wanted ||
		candidate == nil || candidate.Health.Healthy == 0 || !x.serves(candidate) {
		return nil
	}
	message := fmt.Sprintf("Can't return to %s (%s), so the rollout of %s continues. Earlier: %s", stable.Name, stable.Cause, candidate.Name, r.Message)
	r.Outcome, r.Reason, r.Message, r.DecidedAt = "", "", "", time.Time{}
	r.progressed(x.now)
	d := x.again(shifting(message)).with(r)
	d.Notices = []Notice{{Warning: true, Reason: v1alpha1.ReasonStackChanged, Action: "Reopen", Message: message}}
	return d
}
