package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Guards while no rollout is under way.

// routeToStable has the rule route to what serves where it still shares the
// requests, as a rollout left it that nobody remembers, or where it was deleted and
// someone asked to have it created anew.
func (x *pass) routeToStable() *Decision {
	rule, intended := x.o.Route, x.intended()
	unwanted := rule.None || !rule.Exists && (rule.Adopted || len(x.p.Written) > 0)
	if unwanted || len(intended) == 0 || rule.Targets.Equal(intended) || !x.mayTakeAll() {
		return nil
	}
	return x.write(shifting("Returning all "+x.load()+" to "+x.serving()), intended)
}

// OriginalMatters tells whether it has to be known how what an adopted route had
// before is: it may be given all requests.
func (o *Observation) OriginalMatters() bool {
	p := &o.Progress
	shared := p.Stable == 0 && !p.Rollout.active() && o.Route.Targets.Share(p.Original) < 100
	return p.Original != "" && (o.Deleting || shared)
}

// mayTakeAll tells whether what serves without a rollout can be given all requests.
func (x *pass) mayTakeAll() bool {
	if stable := x.stable(); stable != nil {
		return stable.Health.Healthy > 0
	}
	return x.o.Route.Exists && (!x.o.Original.Known || x.o.Original.Healthy > 0)
}

// forgetFailure forgets a bad outcome: the template that led to it was taken
// back, so applying it again is a new try.
func (x *pass) forgetFailure() {
	if r := x.p.Rollout; r != nil && r.Outcome.Bad() {
		x.p.Rollout = nil
	}
}

// returnToPrevious reopens a rollout whose revision died right after its
// promotion, while the old stack is still there: traffic returns to it. One that was
// switched off hasn't died.
func (x *pass) returnToPrevious() *Decision {
	stable := x.stable()
	if r := x.p.Rollout; x.p.Off || r == nil || !r.Outcome.Good() || r.Revision != stable.Number || !stable.Health.Known || stable.Health.Healthy > 0 {
		return nil
	}
	r := x.rollout()
	old := x.o.revision(r.From)
	if old == nil || !old.Wanted || old.Stack != v1alpha1.RevisionCreated {
		return nil
	}
	after := newPass(x.o, x.now, x.p)
	after.p.Stable, r.FinishedAt = old.Number, time.Time{}
	after.p.Retiring = slices.DeleteFunc(after.p.Retiring, func(t Retiring) bool { return t.Revision == old.Number })
	return after.conclude(r, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonUnhealthy,
		fmt.Sprintf("%s lost all its healthy tasks after its promotion: %s", stable.Name, stable.Health))
}

// awaitCleanup reports that old stacks are still to go. One that is kept to be
// looked into doesn't keep what serves from being complete.
func (x *pass) awaitCleanup() *Decision {
	left, r := x.unneeded(), x.p.Rollout
	if len(left) == 0 || r == nil || !r.Outcome.Good() || x.removalFailed() {
		return nil
	}
	return x.poll(cleaningUp(fmt.Sprintf("%s serves all %s, removing %s", x.stable().Name, x.load(), list(left))))
}

// reportServing reports that the template is served.
func (x *pass) reportServing() *Decision {
	return x.wait(words{v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, x.stable().Name + " serves all " + x.load()}, x.rest())
}

// rest is for how long nobody looks: not for long while tasks of what serves are
// still to start or to stop, a change of the route is pending, or nobody knows yet
// whether its autoscaler is as it shall be.
func (x *pass) rest() time.Duration {
	r := x.stable()
	switch {
	case x.o.Route.Pending, r != nil && r.Health.Known && r.Health.Running != x.o.DesiredCount:
		return x.o.Policy.Poll
	case r != nil && r.Scales && (r.AutoscalerPending || x.isGrowing()):
		return x.o.Policy.Poll
	}
	return x.o.Policy.Resync
}

// reportGivenUp reports that the template in spec has failed.
func (x *pass) reportGivenUp() *Decision {
	r, failed := x.p.Rollout, x.o.wanted()
	phase, reason := v1alpha1.PhaseRolledBack, v1alpha1.ReasonRolledBack
	serves := x.serving() + " serves all " + x.load()
	if !x.canReturn() {
		phase, reason, serves = v1alpha1.PhaseFailed, v1alpha1.ReasonFailed, "nothing serves"
		if len(x.o.Route.Targets) > 0 {
			serves = "the production rule routes " + x.nameTargets(x.o.Route.Targets)
		}
	}
	what := " failed and "
	if r.Outcome == v1alpha1.OutcomeAborted {
		what = " was aborted and "
	}
	message := fmt.Sprintf("%s%s%s: %s%s. %s", failed.Name, what, serves, r.Message, x.keptUntil(failed), x.remedyOfFailure(failed))
	return x.wait(words{phase, reason, message}, x.rest())
}

// remedyOfFailure is what helps against what was given up.
func (x *pass) remedyOfFailure(failed *Revision) string {
	retry := x.command(v1alpha1.AnnotationRetry, x.p.Handled.Retry, x.p.Rollout, "")
	switch {
	case failed.Remedy == "" && x.p.Rollout.Cause == v1alpha1.CauseConfiguration:
		return "Correct the values in AWS, change spec.template, or try again: " + retry
	case failed.Remedy == "":
		return "Change spec.template, or try again: " + retry
	case failed.Retriable:
		return failed.Remedy + ". Then try again: " + retry
	}
	return failed.Remedy
}

// createRevision has a revision made of the template in spec.
func (x *pass) createRevision() *Decision {
	if x.o.wanted() != nil {
		return nil
	}
	return x.do(pending("Making a revision of the template"), Action{Kind: ActionCreateRevision})
}

// awaitOldStack waits until what an earlier attempt left of a revision is gone. A
// stack that is whole is used as it is.
func (x *pass) awaitOldStack() *Decision {
	want := x.o.wanted()
	if want == nil {
		return nil
	}
	usable := want.Wanted && want.Stack != v1alpha1.RevisionFailed ||
		want.Stack == v1alpha1.RevisionRemoved || want.Stack == v1alpha1.RevisionPending
	if usable {
		return nil
	}
	w := pending(fmt.Sprintf("Waiting for the earlier stack of %s to be deleted", want.Name))
	if want.Wanted {
		return x.do(w, Action{Kind: ActionRemoveStack, Revision: want.Number})
	}
	return x.poll(w)
}

// blockIfStableUnhealthy doesn't let a rollout start without a good way back,
// where the user wants it so.
func (x *pass) blockIfStableUnhealthy() *Decision {
	weakness := x.weakness()
	if weakness == "" || !x.o.Policy.BlockUnhealthy {
		return nil
	}
	return x.block(Blocked{
		Reason:  v1alpha1.ReasonStableUnhealthy,
		Message: "The rollout can't start: " + weakness,
		Remedy:  "Make it healthy, or set spec.rollback.ifStableUnhealthy: Proceed",
	})
}

// start begins the rollout of a revision.
func (x *pass) start() *Decision {
	want := x.o.wanted()
	cause := x.cause(want)
	d := x.again(pending("Starting the rollout of " + want.Name))
	p := &d.Progress
	p.Rollouts++
	p.Rollout = &Rollout{
		ID: fmt.Sprintf("%s.%d", want.Name, p.Rollouts), Cause: cause, Full: cause == v1alpha1.CauseRevert,
		Revision: want.Number, From: p.Stable, StartedAt: x.now, ProgressedAt: x.now, Note: x.weakness(),
	}
	if x.o.Analysis.Firing != "" && cause != v1alpha1.CauseRevert && x.canReturn() {
		p.Rollout.remark(x.o.Analysis.Firing)
	}
	if last := x.p.Rollout; cause == v1alpha1.CauseRetry {
		p.Rollout.Request = last.Request
	}
	p.Retiring = slices.DeleteFunc(p.Retiring, func(r Retiring) bool { return r.Revision == want.Number })
	return d
}

// cause tells why a rollout starts. One back to the revision that served just
// before, whose stack is still there, needs no steps once that is verified.
func (x *pass) cause(want *Revision) v1alpha1.RolloutCause {
	last := x.p.Rollout
	switch {
	case last != nil && last.Retried:
		return v1alpha1.CauseRetry
	case last != nil && last.Outcome.Good() && last.From == want.Number && want.Wanted && want.Stack == v1alpha1.RevisionCreated:
		return v1alpha1.CauseRevert
	case x.isOfTemplate(x.stable(), want) || last != nil && x.isOfTemplate(x.o.revision(last.Revision), want):
		return v1alpha1.CauseConfiguration
	}
	return v1alpha1.CauseTemplate
}

// isOfTemplate tells whether a revision has the template of the one that is wanted,
// and other values.
func (x *pass) isOfTemplate(r, want *Revision) bool {
	return r != nil && want != nil && r.Template != "" && r.Template == want.Template && r.Hash != want.Hash
}
