package rollout

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Guards of a rollout whose outcome is decided: traffic is brought to where the
// outcome says, and the rollout ends once that is in effect on every load
// balancer node.

// outcomeOf tells what an outcome leads to.
func (x *pass) outcomeOf(r *Rollout) words {
	message := "Returning " + x.load() + " to " + x.serving() + ": " + r.Message
	if !x.canReturn() {
		message = "Giving up, with nothing to return " + x.load() + " to: " + r.Message
	}
	switch r.Outcome {
	case v1alpha1.OutcomePromoted, v1alpha1.OutcomeFastPromoted, v1alpha1.OutcomeFastRolledBack:
		return cleaningUp(r.Message)
	case v1alpha1.OutcomeFailed:
		return words{v1alpha1.PhaseRollingBack, v1alpha1.ReasonFailed, message}
	case v1alpha1.OutcomeSuperseded:
		return words{v1alpha1.PhaseRollingBack, v1alpha1.ReasonSuperseded, message}
	case v1alpha1.OutcomeRolledBack, v1alpha1.OutcomeAborted:
	}
	return words{v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack, message}
}

// rememberRoute remembers first where the rule routes, if others changed it just
// now: requests may be under way to there.
func (x *pass) rememberRoute() *Decision {
	r, targets := x.p.Rollout, x.o.Route.Targets
	known := targets.Equal(x.p.Written) || targets.Equal(x.shifted(r)) || targets.Equal(x.o.Progress.Observed)
	if x.routesAsDecided() || known {
		return nil
	}
	return x.again(x.outcomeOf(r))
}

// writeDestination has the rule route as the outcome says.
func (x *pass) writeDestination() *Decision {
	r := x.p.Rollout
	intended := x.destination(r)
	if x.routesAsDecided() || len(intended) == 0 {
		return nil
	}
	return x.write(x.outcomeOf(r), intended)
}

// deleteFailedRule deletes a rule that routes only to what failed: a first
// revision, between the creation of its rule and its promotion. Without the rule,
// requests get the listener's default.
func (x *pass) deleteFailedRule() *Decision {
	if x.routesAsDecided() {
		return nil
	}
	d := x.do(x.outcomeOf(x.p.Rollout), Action{Kind: ActionDeleteRule})
	d.Progress.Written = nil
	return d
}

// routesAsDecided tells whether the rule routes as the outcome says.
func (x *pass) routesAsDecided() bool {
	r, rule := x.p.Rollout, x.o.Route
	return !rule.Exists || rule.Targets.Equal(x.destination(r)) && (r.Outcome.Good() || len(x.others(r)) == len(rule.Targets))
}

// destination is how the rule shall route once the rollout is over.
func (x *pass) destination(r *Rollout) Targets {
	switch intended := x.intended(); {
	case len(intended) > 0:
		return intended
	case r.Outcome.Good():
		// What was promoted has no stack, or none that is shown: the rule is
		// left as it is.
		return slices.Clone(x.o.Route.Targets)
	}
	return x.others(r) // with nothing to return to, requests stay with whoever answers them
}

// others are the targets of the rule but for the revision that was given up, and
// those whose stacks are gone.
func (x *pass) others(r *Rollout) Targets {
	return slices.DeleteFunc(slices.Clone(x.o.Route.Targets), func(t Target) bool {
		return slices.ContainsFunc(x.o.Revisions, func(known Revision) bool {
			failed := known.Number == r.Revision || known.Stack == v1alpha1.RevisionFailed
			return failed && known.Backend == t.Backend
		})
	})
}

// awaitPropagation waits until the rule is in effect on every load balancer node.
func (x *pass) awaitPropagation() *Decision {
	r := x.p.Rollout
	settled := x.settledAt(r)
	if !x.now.Before(settled) {
		return nil
	}
	return x.until(x.outcomeOf(r), settled)
}

// settledAt is when the rule that is seen is the one written last, in effect on
// every load balancer node. A weight for the revision that was given up may have
// been written right before that, by a pass that couldn't remember it, and reads
// may show the rule as it was before.
func (x *pass) settledAt(r *Rollout) time.Time {
	var settled time.Time
	if x.o.Route.Exists || x.o.Route.Pending {
		settled = x.spreadAt()
	}
	if x.wasExposed(r) {
		settled = latest(settled, r.DecidedAt.Add(x.o.Policy.Propagation))
	}
	return settled
}

// spreadAt is when what is observed of the route is in effect everywhere; not
// before the next look while a change is pending.
func (x *pass) spreadAt() time.Time {
	if x.o.Route.Pending {
		return x.now.Add(x.o.Policy.Poll)
	}
	return x.p.Since.Add(x.o.Policy.Propagation)
}

// wasExposed tells whether a revision that was given up may have had requests,
// remembered or not: the rule is written only after a verification was.
func (x *pass) wasExposed(r *Rollout) bool {
	return !x.o.Route.None && !r.Outcome.Good() && !r.VerifiedAt.IsZero()
}

// passGatesAfterwards tells others how the rollout ended, before the stack that
// isn't needed goes. A template that was changed meanwhile isn't kept waiting.
func (x *pass) passGatesAfterwards() *Decision {
	r, candidate := x.p.Rollout, x.candidate()
	point := v1alpha1.OnRollback
	switch {
	case r.Outcome == v1alpha1.OutcomeSuperseded || candidate == nil || candidate.Hash != x.o.WantHash:
		return nil
	case r.Outcome.Good():
		point = v1alpha1.AfterPromotion
	}
	return x.passGates(point, 0)
}

// finishRollout ends the rollout, and lists the stack that isn't needed any more
// as one to go.
func (x *pass) finishRollout() *Decision {
	r := x.rollout()
	r.FinishedAt = x.now
	d := x.again(x.outcomeOf(&r)).with(r)
	if x.o.Route.Exists || len(x.p.Written) > 0 { // else it was asked for anew, and is created next
		d.Progress.Written = x.destination(&r)
	}
	if discarded := discarded(&r); discarded != 0 {
		retiring := x.retiring(&r, discarded)
		for i := range d.Progress.Retiring {
			if retiring.Keep > 0 { // one at a time: each takes a rule and a target group
				d.Progress.Retiring[i].Keep = 0
			}
		}
		d.Progress.Retiring = append(d.Progress.Retiring, retiring)
	}
	return d
}

// discarded is the revision whose stack is not needed any more; 0 is none.
func discarded(r *Rollout) int64 {
	if r.Outcome.Good() {
		return r.From
	}
	return r.Revision
}

// retiring lists a revision as one to go. The time of one that was given up
// counts from now, if it is kept for people to look into, or nobody can tell when
// it left the rule.
func (x *pass) retiring(r *Rollout, number int64) Retiring {
	retiring := Retiring{Revision: number, Since: x.p.Since}
	if x.wasExposed(r) {
		retiring.Since = x.now
	}
	if bad := r.Outcome == v1alpha1.OutcomeRolledBack || r.Outcome == v1alpha1.OutcomeFailed; bad && x.o.Policy.KeepFailed > 0 {
		retiring.Since, retiring.Keep = x.now, x.o.Policy.KeepFailed
	}
	return retiring
}
