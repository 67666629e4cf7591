package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Guards of a rollout whose outcome isn't decided, in the order of the states.

func (x *pass) failDeleted() *Decision {
	r := x.rollout()
	return x.fail(r, v1alpha1.ReasonStackChanged, fmt.Sprintf("the ImmutableRevision %s-%d was deleted", x.o.Name, r.Revision))
}

// supersede gives a revision up whose template isn't wanted any more, or of which
// nothing is to run.
func (x *pass) supersede() *Decision {
	candidate, what := x.candidate(), "spec.template changed"
	if candidate.Hash == x.o.WantHash {
		what = "spec.desiredCount was set to 0"
	}
	return x.conclude(x.rollout(), v1alpha1.OutcomeSuperseded, v1alpha1.ReasonSuperseded,
		fmt.Sprintf("%s before %s was promoted", what, candidate.Name))
}

func (x *pass) failStack() *Decision {
	candidate := x.candidate()
	return x.fail(x.rollout(), v1alpha1.ReasonStackFailed, fmt.Sprintf("the stack of %s failed: %s", candidate.Name, candidate.Cause))
}

// requestStack asks for the stack.
func (x *pass) requestStack() *Decision {
	r, candidate := x.rollout(), x.candidate()
	r.progressed(x.now) // neither a scan nor making room is a lack of progress
	count := x.capacity(candidate.Number)
	return x.do(provisioning("Provisioning the stack of "+candidate.Name),
		Action{Kind: ActionProvision, Revision: candidate.Number, Count: count, Limits: x.limitsFor(candidate, count)}).with(r)
}

// awaitStack waits for CloudFormation.
func (x *pass) awaitStack() *Decision {
	candidate := x.candidate()
	message := "Provisioning the stack of " + candidate.Name
	if candidate.Cause != "" {
		message += ": " + candidate.Cause
	}
	d := x.awaitProgress(x.rollout(), provisioning(message))
	d.StillBlocked = d.Progress.Rollout.undecided() && candidate.Retried && slices.Contains(accidents, x.o.WasBlocked)
	return d
}

// accidents are the reasons for which a stack may have to be created again.
var accidents = []string{
	v1alpha1.ReasonQuotaExceeded, v1alpha1.ReasonAccessDenied, v1alpha1.ReasonCredentials, v1alpha1.ReasonCapacityUnavailable,
	v1alpha1.ReasonNetworkUnavailable, v1alpha1.ReasonResourceConflict, v1alpha1.ReasonAWSUnavailable,
}

// blockOnStack stops a rollout while something is in the way of its stack that
// isn't the template's fault. Whoever it takes to remove that, and however often
// the stack is created in vain, the next attempt has all the time that a first
// one has.
func (x *pass) blockOnStack() *Decision {
	candidate := x.candidate()
	if candidate.Blocked == nil {
		return nil
	}
	d := x.block(*candidate.Blocked)
	d.Progress.Rollout.excuse(d.Progress.BlockedSince)
	return d
}

func (x *pass) passGatesAfterProvision() *Decision { return x.passGates(v1alpha1.AfterProvision, 0) }

func (x *pass) failIfGivenUpByECS() *Decision {
	candidate := x.candidate()
	if !candidate.Health.Failed {
		return nil
	}
	return x.fail(x.rollout(), v1alpha1.ReasonUnhealthy, fmt.Sprintf("ECS reported the deployment of %s as failed: %s", candidate.Name, candidate.Health))
}

// awaitHealthy waits for the new revision to be healthy before any user sees it.
func (x *pass) awaitHealthy() *Decision {
	candidate := x.candidate()
	if x.isWhole(candidate) {
		return nil
	}
	return x.awaitProgress(x.rollout(), verifying(fmt.Sprintf("Waiting for %s to be healthy: %s", candidate.Name, candidate.Health)))
}

// noteVerified remembers that all tasks of the new revision were healthy.
func (x *pass) noteVerified() *Decision {
	r, candidate := x.rollout(), x.candidate()
	r.VerifiedAt, r.VerifiedCount = x.now, candidate.Health.Healthy
	r.progressed(x.now)
	return x.again(verifying(candidate.Name + " is healthy")).with(r)
}

// failIfUnhealthy fails a revision that lost its health: at once if it serves
// with no healthy task, else after a time.
func (x *pass) failIfUnhealthy() *Decision {
	r, candidate := x.rollout(), x.candidate()
	if r.UnhealthySince.IsZero() || x.hasNoWayBack() {
		return nil
	}
	serves := x.o.Route.None || x.o.Route.Targets.Share(candidate.Backend) > 0
	if (!serves || candidate.Health.Healthy > 0) && x.now.Sub(r.UnhealthySince) < x.o.Policy.Unhealthy {
		return nil
	}
	return x.fail(r, v1alpha1.ReasonUnhealthy, fmt.Sprintf("%s became unhealthy at %s: %s", candidate.Name, x.place(&r), candidate.Health))
}

// skipToLast goes to the last step where someone asked for that, unless the
// steps before it take tasks away from the old revision. It is remembered before
// anything is written: else the rule would look edited after a crash.
func (x *pass) skipToLast() *Decision {
	r := x.rollout()
	if !r.Full || x.isLast(&r) || x.isGradual() {
		return nil
	}
	r.Step, r.StepReachedAt = len(x.plan())-1, time.Time{}
	return x.again(shifting(x.position(&r))).with(r)
}

// awaitTasks waits until the revision whose share grows has the tasks for it.
func (x *pass) awaitTasks() *Decision {
	grows := x.lacksTasks()
	if grows == nil {
		return nil
	}
	return x.waitForHealth(x.rollout(), grows)
}

// lacksTasks is the revision that would get a larger share without the tasks for
// it; nil if none would. The old one may lack them when the plan was edited after
// it gave them up.
func (x *pass) lacksTasks() *Revision {
	candidate, stable := x.candidate(), x.stable()
	if x.intended().Share(candidate.Backend) >= x.o.Route.Targets.Share(candidate.Backend) {
		if x.isWhole(candidate) {
			return nil
		}
		return candidate
	}
	if stable != nil && stable.Health.Healthy < x.step(x.p.Rollout).Old {
		return stable
	}
	return nil
}

// waitForHealth waits with an increase until the revision that gets it is whole.
// Its time starts when tasks were lost or asked for: a hold, a gate, a person may
// have been waited for before. There is no end to it where nothing could take
// the new revision's place.
func (x *pass) waitForHealth(r Rollout, grows *Revision) *Decision {
	r.excuse(r.UnhealthySince)
	if grows.Health.Known && !x.isAsked(grows) {
		r.progressed(x.now)
	}
	w := shifting(fmt.Sprintf("%s: waiting for %s to be healthy: %s", x.position(&r), grows.Name, grows.Health))
	if x.hasNoWayBack() {
		return x.poll(w).with(r)
	}
	return x.awaitProgress(r, w)
}

func (x *pass) passGatesBeforeTraffic() *Decision {
	if !x.isBeforeTraffic() {
		return nil
	}
	return x.passGates(v1alpha1.BeforeTraffic, 0)
}

// isBeforeTraffic tells whether the step is the first that gives the new revision
// requests, and it has none yet.
func (x *pass) isBeforeTraffic() bool {
	r := x.p.Rollout
	skipped := r.Full && !x.isGradual() // the steps before this one were no steps
	for _, earlier := range x.plan()[:r.Step] {
		if earlier.Weight > 0 && !skipped {
			return false
		}
	}
	return x.step(r).Weight > 0 && x.o.Route.Targets.Share(x.candidate().Backend) == 0
}

// writeWeight has the rule route as the step wants it.
func (x *pass) writeWeight() *Decision {
	if x.o.Route.Targets.Equal(x.intended()) {
		return nil
	}
	r := x.rollout()
	r.restart(time.Time{})
	return x.write(shifting(x.position(&r)), x.intended()).with(r)
}

// awaitSpread waits while the weight that was written is pending.
func (x *pass) awaitSpread() *Decision {
	if !x.o.Route.Pending {
		return nil
	}
	return x.poll(shifting(x.position(x.p.Rollout) + ": spreading"))
}

// noteReached remembers that the rule routes as the step wants it.
func (x *pass) noteReached() *Decision {
	r := x.rollout()
	r.StepReachedAt = x.now
	r.progressed(x.now)
	d := x.again(shifting(x.position(&r))).with(r)
	d.Progress.Written = x.intended()
	return d
}

// recount has a step held and judged anew if the rule routed otherwise
// meanwhile. Without a rule nobody notes since when it routes as it does.
func (x *pass) recount() {
	if r := x.p.Rollout; x.o.Route.Exists && x.p.Since.After(r.StepReachedAt) {
		r.restart(x.p.Since)
	}
}

// restart has the step held and proven anew, from when it is reached on.
func (r *Rollout) restart(reached time.Time) {
	r.StepReachedAt, r.ProvenStep = reached, min(r.ProvenStep, r.Step)
}

// holdEnd is when a step's time is over, counted from when its weight is in
// effect on every load balancer node.
func (x *pass) holdEnd() time.Time {
	r := x.p.Rollout
	inEffect := r.StepReachedAt.Add(x.o.Policy.Propagation)
	if r.ApprovedStep > r.Step || r.Full && !x.isLast(r) {
		return inEffect // someone asked not to wait
	}
	return inEffect.Add(x.step(r).Hold)
}

// awaitHold keeps a step's weight for its time.
func (x *pass) awaitHold() *Decision {
	end := x.holdEnd()
	if !x.now.Before(end) {
		return nil
	}
	return x.until(x.held(end), end)
}

// held says what is held, and until when.
func (x *pass) held(end time.Time) words {
	r, candidate, stable := x.p.Rollout, x.candidate(), x.stable()
	var w words
	switch {
	case !x.canReturn() || stable != nil && stable.absent():
		w = baking(candidate.Name + " gets all " + x.load())
	case x.isLast(r):
		kept := x.serving() + " is kept"
		if x.step(r).Old == 0 {
			kept += " without tasks"
		}
		w = baking(fmt.Sprintf("%s has all %s, %s until %s", candidate.Name, x.load(), kept, clock(end)))
	default:
		w = shifting(fmt.Sprintf("%s: held until %s", x.position(r), clock(end)))
		if x.keepsClients() {
			w.message += "; the weight is the share of new clients, as the rule keeps others with their revision"
		}
		if s := r.Share; s != nil {
			w.message += fmt.Sprintf(": %d%% of %d requests until %s were %s's", s.Percent, s.Requests, clock(s.To.Time), candidate.Name)
		}
	}
	if !r.UnhealthySince.IsZero() {
		w.message += fmt.Sprintf("; unhealthy since %s: %s", clock(r.UnhealthySince), candidate.Health)
	}
	return w
}

// awaitRecovery lets no step end while the new revision is unhealthy.
func (x *pass) awaitRecovery() *Decision {
	r := x.rollout()
	if r.UnhealthySince.IsZero() {
		return nil
	}
	r.excuse(x.holdEnd()) // a hold is no lack of progress
	return x.waitForHealth(r, x.candidate())
}

// passGatesAfterStep passes the gates after a step, or before the promotion.
func (x *pass) passGatesAfterStep() *Decision {
	r := x.p.Rollout
	if x.isLast(r) {
		return x.passGates(v1alpha1.BeforePromotion, 0)
	}
	return x.passGates(v1alpha1.AfterStep, int32(r.Step)+1) //nolint:gosec // a plan has few steps
}

// awaitApproval waits for someone to end the step under way.
func (x *pass) awaitApproval() *Decision {
	r := x.p.Rollout
	if !x.step(r).Approval || r.Full || r.ApprovedStep > r.Step {
		return nil
	}
	return x.awaitPerson(v1alpha1.ReasonAwaitingApproval, x.position(r)+" waits for approval", fmt.Sprintf("/%d", r.Step+1))
}

// promote decides after the last step that the new revision is good: from now on
// it is the one that traffic returns to.
func (x *pass) promote() *Decision {
	r, candidate := x.rollout(), x.candidate()
	if !x.isLast(&r) {
		return nil
	}
	outcome := v1alpha1.OutcomePromoted
	switch {
	case r.Cause == v1alpha1.CauseRevert:
		outcome = v1alpha1.OutcomeFastRolledBack
	case r.Full:
		outcome = v1alpha1.OutcomeFastPromoted
	}
	d := x.conclude(r, outcome, v1alpha1.ReasonComplete, candidate.Name+" has proven itself")
	d.Progress.Stable = candidate.Number
	return d
}

// nextStep goes on to the next step.
func (x *pass) nextStep() *Decision {
	r := x.rollout()
	w := shifting(x.position(&r) + ": done")
	r.Step++
	r.StepReachedAt = time.Time{}
	r.progressed(x.now)
	return x.again(w).with(r)
}

// fail decides that the new revision is bad.
func (x *pass) fail(r Rollout, reason, message string) *Decision {
	outcome := v1alpha1.OutcomeRolledBack
	if !x.canReturn() {
		outcome = v1alpha1.OutcomeFailed
	}
	return x.conclude(r, outcome, reason, message)
}

// failIfBad fails a revision that was healthy once and isn't good any more.
func (x *pass) failIfBad() *Decision {
	r, candidate := x.p.Rollout, x.candidate()
	if candidate.Stack != v1alpha1.RevisionCreated || r.VerifiedAt.IsZero() {
		return nil
	}
	return x.ask(failing)
}

// addPostponed tells that a template that is wanted instead has to wait.
func (x *pass) addPostponed(d *Decision) {
	r, candidate := d.Progress.Rollout, x.candidate()
	if x.p.Rollout.undecided() && r.undecided() && candidate != nil && !candidate.Deleting && candidate.Hash != x.o.WantHash {
		d.Message += "; the new spec.template is rolled out after it, because no other revision serves"
	}
}
