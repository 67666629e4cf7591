package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// forward moves an undecided rollout on: the stack, its health, then step by
// step the traffic. Whatever speaks against it comes first.
func (x *decider) forward(r *Rollout) {
	candidate := x.o.revision(r.Revision)
	if candidate == nil || candidate.Deleting {
		x.fail(r, v1alpha1.ReasonStackChanged, fmt.Sprintf("the ImmutableRevision %s-%d was deleted", x.o.Name, r.Revision))
		return
	}
	switch {
	case x.superseded(r, candidate):
	case candidate.Stack == v1alpha1.RevisionFailed:
		x.fail(r, v1alpha1.ReasonStackFailed, fmt.Sprintf("the stack of %s failed: %s", candidate.Name, candidate.Cause))
	case !candidate.Wanted:
		x.ask(r, candidate)
	case candidate.Stack != v1alpha1.RevisionCreated:
		x.provision(r, candidate)
	case r.VerifiedAt.IsZero() && x.gates(r, v1alpha1.AfterProvision, 0):
	case r.VerifiedAt.IsZero():
		x.verify(r, candidate)
	default:
		x.shift(r, candidate)
	}
	x.postpone(r, candidate)
}

// superseded gives a revision up whose template isn't wanted any more, unless
// nothing else answers. It tells whether it does.
func (x *decider) superseded(r *Rollout, candidate *Revision) bool {
	if candidate.Hash == x.o.WantHash || x.alone() || x.sole(r) {
		return false
	}
	x.decide(r, v1alpha1.OutcomeSuperseded, v1alpha1.ReasonSuperseded,
		fmt.Sprintf("spec.template changed before %s was promoted", candidate.Name))
	return true
}

// postpone tells that a template that is wanted instead has to wait.
func (x *decider) postpone(r *Rollout, candidate *Revision) {
	if candidate.Hash != x.o.WantHash && r.Outcome == "" {
		x.d.Message += "; the new spec.template comes after it, since nothing else answers"
	}
}

// ask asks for the stack, once there is room for it.
func (x *decider) ask(r *Rollout, candidate *Revision) {
	if x.unvetted(r, candidate) || x.clear(r, candidate) {
		return
	}
	r.ProgressedAt = x.now // neither a scan nor making room is a lack of progress
	x.tell(v1alpha1.PhaseProvisioning, v1alpha1.ReasonProvisioning, "Provisioning the stack of "+candidate.Name)
	x.act(Action{Kind: ActionProvision, Revision: candidate.Number, Count: x.capacity(candidate.Number)})
}

// provision waits for the stack.
func (x *decider) provision(r *Rollout, candidate *Revision) {
	message := "Provisioning the stack of " + candidate.Name
	if candidate.Cause != "" {
		message += ": " + candidate.Cause
	}
	if x.overdue(r, message) {
		return
	}
	x.tell(v1alpha1.PhaseProvisioning, v1alpha1.ReasonProvisioning, message)
	x.until(r.ProgressedAt.Add(x.o.Policy.ProgressDeadline))
}

// verify waits for the new revision to be healthy before any user sees it.
func (x *decider) verify(r *Rollout, candidate *Revision) {
	h := candidate.Health
	message := fmt.Sprintf("Waiting for %s to be healthy: %s", candidate.Name, h)
	switch {
	case h.Failed:
		x.fail(r, v1alpha1.ReasonUnhealthy, fmt.Sprintf("ECS gave up the deployment of %s: %s", candidate.Name, h))
	case h.complete(x.capacity(candidate.Number)):
		r.VerifiedAt, r.ProgressedAt, r.VerifiedCount = x.now, x.now, h.Healthy
		x.tell(v1alpha1.PhaseVerifying, v1alpha1.ReasonVerifying, candidate.Name+" is healthy")
		x.wait(0)
	case x.overdue(r, message):
	default:
		x.tell(v1alpha1.PhaseVerifying, v1alpha1.ReasonVerifying, message)
		x.until(r.ProgressedAt.Add(x.o.Policy.ProgressDeadline))
	}
}

// shift brings the rule to the step's weight and holds it there.
func (x *decider) shift(r *Rollout, candidate *Revision) {
	if x.condemned(r, candidate) {
		return
	}
	if x.skip(r) {
		x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, x.position(r, candidate, x.plan()[r.Step]))
		x.wait(0) // remembered before anything is written: else the rule would look edited after a crash
		return
	}
	intended := x.intended()
	step := x.plan()[r.Step]
	position := x.position(r, candidate, step)
	inRule := x.o.Rule.Targets.Equal(intended)
	reached := inRule && !r.StepReachedAt.IsZero()
	if reached {
		x.recount(r)
	}
	weak := x.weak(candidate, step, intended)
	switch {
	case !reached && weak != nil:
		x.hesitate(r, weak, position)
	case !reached && x.premature(r, candidate, step):
	case !inRule:
		r.restart(time.Time{})
		x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, position)
		x.write(intended)
	case !reached:
		r.StepReachedAt, r.ProgressedAt = x.now, x.now
		x.d.Progress.Written = intended
		x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, position)
		x.wait(0)
	default:
		x.hold(r, candidate, step, position)
	}
}

// recount has a step held and judged anew if the rule routed otherwise
// meanwhile. Without a rule nobody notes since when it routes as it does.
func (x *decider) recount(r *Rollout) {
	if since := x.d.Progress.Since; x.o.Rule.Exists && since.After(r.StepReachedAt) {
		r.restart(since)
	}
}

// restart has the step held and proven anew, from when it is reached on.
func (r *Rollout) restart(reached time.Time) {
	r.StepReachedAt, r.ProvenStep = reached, min(r.ProvenStep, r.Step)
}

// condemned fails a rollout whose revision was healthy once and isn't good any
// more: its tasks stop again and again, it lost its health, or what is measured
// is out of bounds. It tells whether it does.
func (x *decider) condemned(r *Rollout, candidate *Revision) bool {
	return x.restless(r, candidate) || x.watch(r, candidate) || x.judged(r)
}

// skip goes to the last step where someone asked for that, unless the steps
// before it take tasks away from the old revision. It tells whether it does.
func (x *decider) skip(r *Rollout) bool {
	last := len(x.plan()) - 1
	if !r.Full || r.Step >= last || x.gradual() {
		return false
	}
	r.Step, r.StepReachedAt = last, time.Time{}
	return true
}

// position says where in the plan the rollout is.
func (x *decider) position(r *Rollout, candidate *Revision, step Step) string {
	at := fmt.Sprintf("Step %d/%d, ", r.Step+1, len(x.plan()))
	switch {
	case step.New == 0:
		return at + "making room for " + candidate.Name
	case step.Weight == 0 && x.o.Rule.None:
		return at + fmt.Sprintf("trial of %s with %d of %d tasks", candidate.Name, step.New, x.o.DesiredCount)
	case step.Weight == 0:
		return at + fmt.Sprintf("preview of %s (header %s: %d)", candidate.Name, v1alpha1.PreviewHeader, candidate.Number)
	}
	return at + fmt.Sprintf("%d%% to %s", step.Weight, candidate.Name)
}

// watch looks after a revision that was healthy once. It tells whether the
// rollout is decided by what it saw.
func (x *decider) watch(r *Rollout, candidate *Revision) bool {
	h := candidate.Health
	if h.complete(x.capacity(candidate.Number)) {
		r.VerifiedCount = max(r.VerifiedCount, h.Healthy)
	}
	x.noteHealth(r, candidate)
	if r.UnhealthySince.IsZero() || x.alone() {
		return false
	}
	serves := x.o.Rule.None || x.o.Rule.Targets.Share(candidate.TargetGroup) > 0
	if serves && h.Healthy == 0 || x.now.Sub(r.UnhealthySince) >= x.o.Policy.Unhealthy {
		x.fail(r, v1alpha1.ReasonUnhealthy, fmt.Sprintf("%s lost its health at %s: %s", candidate.Name, x.place(r, candidate), h))
		return true
	}
	return false
}

// noteHealth notes since when a revision that was healthy once is short of tasks.
func (x *decider) noteHealth(r *Rollout, candidate *Revision) {
	h, required := candidate.Health, min(r.VerifiedCount, x.capacity(candidate.Number))
	switch {
	case !h.Known || h.Healthy >= required && h.Running >= required:
		r.UnhealthySince = time.Time{}
	case r.UnhealthySince.IsZero():
		r.UnhealthySince = x.now
	}
}

// place says how far the rollout has come.
func (x *decider) place(r *Rollout, candidate *Revision) string {
	at := fmt.Sprintf("step %d/%d", r.Step+1, len(x.plan()))
	if !x.o.Rule.None {
		at += fmt.Sprintf(" (weight %d)", x.weight(candidate))
	}
	return at
}

// alone tells whether the new revision serves already and nothing could take
// its place: there is no way but forward. What served before can't if someone
// else deleted its stack.
func (x *decider) alone() bool {
	candidate, stable := x.o.revision(x.d.Progress.Rollout.Revision), x.o.revision(x.d.Progress.Stable)
	lost := stable != nil && stable.Wanted && stable.Stack == v1alpha1.RevisionFailed
	switch {
	case candidate == nil:
		return false
	case lost:
		return x.serves(x.d.Progress.Rollout, candidate)
	}
	return !x.returnable() && x.o.Rule.Targets.Share(candidate.TargetGroup) > 0
}

// serves tells whether the new revision does the work: it gets requests, or did
// until someone else deleted the rule; of a worker, it was verified and has
// healthy tasks.
func (x *decider) serves(r *Rollout, candidate *Revision) bool {
	switch rule := x.o.Rule; {
	case rule.None:
		return !r.VerifiedAt.IsZero() && candidate.Health.Healthy > 0
	case !rule.Exists:
		return x.d.Progress.Written.Share(candidate.TargetGroup) > 0
	default:
		return rule.Targets.Share(candidate.TargetGroup) > 0
	}
}

// sole tells whether the new revision is all that answers: it gets requests,
// and the old one, though it should, has no healthy task. It may be what was
// made to heal that.
func (x *decider) sole(r *Rollout) bool {
	candidate, stable := x.o.revision(r.Revision), x.o.revision(x.d.Progress.Stable)
	if candidate == nil || stable == nil || stable.Stack != v1alpha1.RevisionCreated {
		return false
	}
	serves := x.o.Rule.Targets.Share(candidate.TargetGroup) > 0 && candidate.Health.Healthy > 0
	return serves && stable.Health.Known && stable.Health.Desired > 0 && stable.Health.Healthy == 0
}

// weak is the revision that would get a larger share without the tasks for it;
// nil if none would. The old one may lack them when the plan was edited after
// it gave them up.
func (x *decider) weak(candidate *Revision, step Step, intended Targets) *Revision {
	stable := x.o.revision(x.d.Progress.Stable)
	if intended.Share(candidate.TargetGroup) >= x.o.Rule.Targets.Share(candidate.TargetGroup) {
		if candidate.Health.complete(x.capacity(candidate.Number)) {
			return nil
		}
		return candidate
	}
	if stable != nil && stable.Health.Healthy < step.Old {
		return stable
	}
	return nil
}

// hesitate waits with an increase until the revision that gets it is whole. Its
// time starts when tasks were lost or asked for: a hold, a gate, a person may
// have been waited for before. There is no end to it where nothing could take
// the new revision's place.
func (x *decider) hesitate(r *Rollout, grows *Revision, position string) {
	message := fmt.Sprintf("%s: waiting for %s to be healthy: %s", position, grows.Name, grows.Health)
	r.ProgressedAt = latest(r.ProgressedAt, r.UnhealthySince)
	if h := grows.Health; h.Known && h.Desired != x.capacity(grows.Number) {
		r.ProgressedAt = x.now
	}
	switch {
	case x.alone():
		x.wait(x.o.Policy.Poll)
	case x.overdue(r, message):
		return
	default:
		x.until(r.ProgressedAt.Add(x.o.Policy.ProgressDeadline))
	}
	x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, message)
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// hold keeps a step's weight for its time, counted from when it is in effect
// on every load balancer node, and then goes to the next step.
func (x *decider) hold(r *Rollout, candidate *Revision, step Step, position string) {
	inEffect := r.StepReachedAt.Add(x.o.Policy.Propagation)
	end := inEffect.Add(step.Hold)
	if last := r.Step == len(x.plan())-1; r.ApprovedStep > r.Step || r.Full && !last {
		end = inEffect // someone asked not to wait
	}
	x.tellHold(r, candidate, end, position)
	switch last := r.Step == len(x.plan())-1; {
	case x.now.Before(end):
		x.until(end)
	case !r.UnhealthySince.IsZero():
		r.ProgressedAt = latest(r.ProgressedAt, end) // a hold is no lack of progress
		x.hesitate(r, candidate, position)
	case x.shrinking(step, position), x.unproven(r, end, position), x.held(r, last), x.approval(r, step, position):
	case last:
		x.promoted(r, candidate)
	default:
		x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, position+": done")
		r.Step++
		r.StepReachedAt, r.ProgressedAt = time.Time{}, x.now
		x.wait(0)
	}
}

// tellHold says what is held, and until when.
func (x *decider) tellHold(r *Rollout, candidate *Revision, end time.Time, position string) {
	stable, step := x.o.revision(x.d.Progress.Stable), x.plan()[r.Step]
	switch {
	case !x.returnable() || stable != nil && stable.absent():
		x.tell(v1alpha1.PhaseBaking, v1alpha1.ReasonBaking, candidate.Name+" gets all "+x.load())
	case r.Step == len(x.plan())-1:
		kept := x.serving() + " is kept"
		if step.Old == 0 {
			kept += " without tasks"
		}
		x.tell(v1alpha1.PhaseBaking, v1alpha1.ReasonBaking, fmt.Sprintf("%s has all %s, %s until %s", candidate.Name, x.load(), kept, clock(end)))
	default:
		x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, fmt.Sprintf("%s: held until %s", position, clock(end)))
	}
	if !r.UnhealthySince.IsZero() {
		x.d.Message += fmt.Sprintf("; unhealthy since %s: %s", clock(r.UnhealthySince), candidate.Health)
	}
}

// promoted decides that the new revision is good: from now on it is the one
// that traffic returns to.
func (x *decider) promoted(r *Rollout, candidate *Revision) {
	outcome := v1alpha1.OutcomePromoted
	switch {
	case r.Cause == v1alpha1.CauseRevert:
		outcome = v1alpha1.OutcomeFastRolledBack
	case r.Full:
		outcome = v1alpha1.OutcomeFastPromoted
	}
	x.decide(r, outcome, v1alpha1.ReasonComplete, candidate.Name+" has proven itself")
	x.d.Progress.Stable = candidate.Number
}

// overdue fails a rollout that made no progress for too long.
func (x *decider) overdue(r *Rollout, message string) bool {
	limit := x.o.Policy.ProgressDeadline
	if x.now.Sub(r.ProgressedAt) < limit {
		return false
	}
	x.fail(r, v1alpha1.ReasonProgressDeadlineExceeded, fmt.Sprintf("no progress within %g minutes: %s", limit.Minutes(), uncapitalised(message)))
	return true
}

// uncapitalised is a message for the middle of a sentence.
func uncapitalised(message string) string { return strings.ToLower(message[:1]) + message[1:] }

// fail decides that the new revision is bad.
func (x *decider) fail(r *Rollout, reason, message string) {
	outcome := v1alpha1.OutcomeRolledBack
	if !x.returnable() {
		outcome = v1alpha1.OutcomeFailed
	}
	x.decide(r, outcome, reason, message)
}

// decide remembers an outcome. Its effects follow in later passes.
func (x *decider) decide(r *Rollout, outcome v1alpha1.Outcome, reason, message string) {
	r.Outcome, r.Reason, r.Message, r.DecidedAt, r.ProgressedAt = outcome, reason, message, x.now, x.now
	x.announce(r)
	x.wait(0)
}

// clock writes a time of day for messages.
func clock(t time.Time) string { return t.UTC().Format("15:04:05 MST") }
