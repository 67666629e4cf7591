package rollout

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// pass is one look at a deployment: what was observed, what is remembered, and
// the time. Guards read it and change nothing. Only notes change it, and only
// what is remembered or told.
type pass struct {
	o   *Observation
	now time.Time
	// p is what is remembered, with the notes of this pass.
	p Progress
	// frozen is the progress as it was before resume, where that was called
	// for; nil elsewhere.
	frozen *Progress
	// changed says what someone else changed; "" if nothing.
	changed string
	// notices are news for people.
	notices []Notice
	// renew is true once someone asked, in this pass, to have the revision made
	// anew that served and was lost.
	renew bool
}

// newPass looks at a deployment with a copy of what is remembered.
func newPass(o *Observation, now time.Time, p Progress) *pass {
	return &pass{o: o, now: now, p: p.clone()}
}

// A guard sees to one thing. It returns what it decided, which ends the pass, or
// nil to go on with the next one. It changes nothing of the pass.
type guard func(x *pass) *Decision

// note makes a guard of what only takes notes: the pass goes on.
func note(take func(x *pass)) guard {
	return func(x *pass) *Decision {
		take(x)
		return nil
	}
}

// ask asks guards in their order until one decides.
func (x *pass) ask(guards []guard) *Decision {
	for _, g := range guards {
		if d := g(x); d != nil {
			return d
		}
	}
	return nil
}

// rollout is a copy of the rollout under way, for a guard to change and return.
// There must be one.
func (x *pass) rollout() Rollout {
	r := *x.p.Rollout
	r.Checks, r.Gates = slices.Clone(r.Checks), slices.Clone(r.Gates)
	return r
}

// candidate is the revision of the rollout under way; nil if there is none.
func (x *pass) candidate() *Revision {
	if x.p.Rollout == nil {
		return nil
	}
	return x.o.revision(x.p.Rollout.Revision)
}

// stable is the revision that traffic returns to; nil if there is none.
func (x *pass) stable() *Revision { return x.o.revision(x.p.Stable) }

// words are what people read of a decision.
type words struct {
	phase           v1alpha1.Phase
	reason, message string
}

func pending(message string) words {
	return words{v1alpha1.PhasePending, v1alpha1.ReasonProvisioning, message}
}

func recovering(message string) words {
	return words{v1alpha1.PhasePending, v1alpha1.ReasonRecovering, message}
}

func provisioning(message string) words {
	return words{v1alpha1.PhaseProvisioning, v1alpha1.ReasonProvisioning, message}
}

func verifying(message string) words {
	return words{v1alpha1.PhaseVerifying, v1alpha1.ReasonVerifying, message}
}

func shifting(message string) words {
	return words{v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, message}
}

func baking(message string) words {
	return words{v1alpha1.PhaseBaking, v1alpha1.ReasonBaking, message}
}

func cleaningUp(message string) words {
	return words{v1alpha1.PhaseCleaningUp, v1alpha1.ReasonCleaningUp, message}
}

func deleting(message string) words {
	return words{v1alpha1.PhaseDeleting, v1alpha1.ReasonDeleting, message}
}

// wait decides to look again after some time.
func (x *pass) wait(w words, after time.Duration) *Decision {
	return &Decision{Phase: w.phase, Reason: w.reason, Message: w.message, Progress: x.p.clone(), After: after}
}

// again decides to look again at once, after what was decided is remembered.
func (x *pass) again(w words) *Decision { return x.wait(w, 0) }

// poll decides to look again at the next poll.
func (x *pass) poll(w words) *Decision { return x.wait(w, x.o.Policy.Poll) }

// until decides to look again at t, or at the next poll if that is earlier.
func (x *pass) until(w words, t time.Time) *Decision {
	return x.wait(w, max(min(t.Sub(x.now), x.o.Policy.Poll), 0))
}

// do decides on an effect, and to look again right after it.
func (x *pass) do(w words, a Action) *Decision {
	d := x.wait(w, 0)
	d.Action = a
	return d
}

// write decides to have the rule route to targets, and notes that it was asked.
func (x *pass) write(w words, targets Targets) *Decision {
	kind := ActionSetTargets
	if !x.o.Route.Exists {
		kind = ActionCreateRule
	}
	d := x.do(w, Action{Kind: kind, Targets: targets})
	d.Progress.Written = targets
	return d
}

// block decides to stop everything until someone puts it right.
func (x *pass) block(b Blocked) *Decision {
	phase := v1alpha1.PhasePaused
	if x.p.Rollout == nil && x.p.Stable == 0 {
		phase = v1alpha1.PhasePending
	}
	d := x.awaitOthers(phase, b)
	if x.frozen != nil { // one thing is over, another is in the way
		before := x.frozen.clone()
		d.Progress.BlockedSince, d.Progress.Rollout = before.BlockedSince, before.Rollout
	}
	if d.Progress.BlockedSince.IsZero() {
		d.Progress.BlockedSince = x.now
	}
	return d
}

// awaitOthers decides to wait for what only someone else can do. Clocks run on.
func (x *pass) awaitOthers(phase v1alpha1.Phase, b Blocked) *Decision {
	d := x.poll(words{phase, b.Reason, b.Message + ". " + b.Remedy})
	d.Blocked = &b
	return d
}

// conclude decides the outcome of a rollout. Its effects follow in later passes.
func (x *pass) conclude(r Rollout, outcome v1alpha1.Outcome, reason, message string) *Decision {
	r.conclude(x.now, outcome, reason, message)
	return x.again(x.outcomeOf(&r)).with(r)
}

// with remembers the rollout as the guard changed it.
func (d *Decision) with(r Rollout) *Decision {
	d.Progress.Rollout = &r
	return d
}

// conclude notes an outcome.
func (r *Rollout) conclude(now time.Time, outcome v1alpha1.Outcome, reason, message string) {
	r.Outcome, r.Reason, r.Message, r.DecidedAt = outcome, reason, message, now
	r.progressed(now)
}
