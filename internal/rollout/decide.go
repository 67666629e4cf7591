package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// decider works one decision out. Its Decision starts as "nothing to do" and
// is filled by the first matter that needs something.
type decider struct {
	o   *Observation
	now time.Time
	d   Decision
	// frozen is the progress as it was before resume, where that was called
	// for; nil elsewhere.
	frozen *Progress
}

// Decide tells how to go on from what was observed.
func Decide(o Observation, now time.Time) Decision {
	x := &decider{o: &o, now: now}
	x.d.Progress = o.Progress.clone()
	x.d.Progress.correct(now)
	x.readRule()
	switch {
	case o.Blocked != nil && !o.Deleting:
		x.block(*o.Blocked)
	case x.recall():
	case o.Deleting:
		x.remove()
	case x.takeOver():
	case x.requests():
	case x.paused():
	case x.drifted():
	case x.tampered():
	case x.troubled():
	default:
		x.resume()
		x.advance()
	}
	x.summarise()
	return x.d
}

// advance moves the rollout on, and does the housekeeping when the rollout
// needs nothing right now.
func (x *decider) advance() {
	x.strays()
	switch r := x.d.Progress.Rollout; {
	case r.active() && r.Outcome == "":
		x.forward(r)
	case r.active():
		x.conclude(r)
	default:
		x.idle()
	}
	if x.d.Action.Kind == ActionNone {
		x.housekeep()
	}
}

// readRule keeps the ledger: what the rule routes, and since when. A revision
// that someone put back into the rule gets requests again, so its time to end
// them starts anew.
func (x *decider) readRule() {
	p := &x.d.Progress
	observed := x.o.Rule.Targets
	for i, entry := range p.Retiring {
		r := x.o.revision(entry.Revision)
		if r != nil && (observed.Contains(r.TargetGroup) || p.Observed.Contains(r.TargetGroup)) {
			p.Retiring[i].Since = x.now
		}
	}
	if p.Since.IsZero() || !p.Observed.Equal(observed) {
		p.Since = x.now
	}
	p.Observed = slices.Clone(observed)
}

// resume takes the time spent blocked out of every clock, once nothing is in
// the way any more: waiting for someone is no lack of progress, and a hold
// that nobody watched doesn't count.
func (x *decider) resume() {
	p := &x.d.Progress
	if p.BlockedSince.IsZero() {
		return
	}
	x.frozen = new(p.clone())
	lost := x.now.Sub(p.BlockedSince)
	p.BlockedSince = time.Time{}
	if r := p.Rollout; r.active() {
		r.ProgressedAt = later(r.ProgressedAt, lost)
		r.StepReachedAt = later(r.StepReachedAt, lost)
		r.UnhealthySince = time.Time{}
		for i := range r.Gates {
			if run := &r.Gates[i]; run.State == v1alpha1.GateRunning {
				run.StartedAt, run.CallAt = later(run.StartedAt, lost), later(run.CallAt, lost)
			}
		}
	}
}

// later moves a time that is set.
func later(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}

// live is the target group that traffic returns to; "" if there is none.
func (x *decider) live() string {
	r := x.o.revision(x.d.Progress.Stable)
	switch {
	case r == nil:
		return x.d.Progress.Original
	case r.Wanted && r.Stack == v1alpha1.RevisionCreated:
		return r.TargetGroup
	}
	return ""
}

// intended is how the rule shall route now; nil when there is nothing to route
// to yet.
func (x *decider) intended() Targets {
	if r := x.d.Progress.Rollout; r.active() && r.Outcome == "" {
		return x.shifted(r)
	}
	return split(x.live(), "", 0)
}

// shifted is how the rule shall route in the rollout's step.
func (x *decider) shifted(r *Rollout) Targets {
	live := x.live()
	if x.o.Recreate && x.o.revision(x.d.Progress.Stable) != nil {
		live = "" // the old revision goes before the new one comes
	}
	if r.VerifiedAt.IsZero() {
		return split(live, "", 0)
	}
	candidate := x.o.revision(r.Revision)
	if candidate == nil {
		return split(live, "", 0)
	}
	return split(live, candidate.TargetGroup, x.plan()[r.Step].Weight)
}

// returnable tells whether there is something that traffic can return to,
// even if its stack has to be made again first.
func (x *decider) returnable() bool {
	return x.o.revision(x.d.Progress.Stable) != nil || x.d.Progress.Original != ""
}

// plan is the strategy's, or the trivial one if there is nothing to go back to,
// nor to share the work with: Recreate took the old revision away, and then the
// strategy was edited. The step in progress stays valid when the plan was edited
// meanwhile.
func (x *decider) plan() Plan {
	plan, stable := x.o.Plan, x.o.revision(x.d.Progress.Stable)
	if !x.returnable() || stable != nil && !stable.Wanted && !x.o.Deleting {
		plan = first(x.o.DesiredCount)
	}
	if r := x.d.Progress.Rollout; r.active() && r.Step >= len(plan) {
		r.Step = len(plan) - 1
		r.ProvenStep = min(r.ProvenStep, r.Step) // what was proven was another step
	}
	return plan
}

// block stops everything until someone puts it right.
func (x *decider) block(b Blocked) {
	if x.frozen != nil { // one thing is over, another is in the way
		x.d.Progress.BlockedSince, x.d.Progress.Rollout = x.frozen.BlockedSince, x.frozen.Rollout
	}
	if x.d.Progress.BlockedSince.IsZero() {
		x.d.Progress.BlockedSince = x.now
	}
	x.d.Blocked = &b
	phase := v1alpha1.PhasePaused
	if x.d.Progress.Rollout == nil && x.d.Progress.Stable == 0 {
		phase = v1alpha1.PhasePending
	}
	x.tell(phase, b.Reason, b.Message+". "+b.Cure)
	x.wait(x.o.Policy.Poll)
}

// idle starts a rollout when the template isn't served, and else reports.
func (x *decider) idle() {
	p := &x.d.Progress
	if x.astray() {
		return
	}
	if x.served() {
		x.settle(x.o.revision(p.Stable))
		return
	}
	want := x.o.wanted()
	if x.stuck() {
		x.stay(p.Rollout, want)
		return
	}
	if want == nil {
		x.tell(v1alpha1.PhasePending, v1alpha1.ReasonProvisioning, "Making a revision of the template")
		x.act(Action{Kind: ActionCreateRevision})
		return
	}
	if x.unfinished(want) || x.blockedByHealth() || x.blockedByAlarms(want) {
		return
	}
	x.start(want)
}

// astray has the rule route to what serves where it still shares the requests, as
// a rollout left it that nobody remembers.
func (x *decider) astray() bool {
	intended, stable := x.intended(), x.o.revision(x.d.Progress.Stable)
	if !x.o.Rule.Exists || stable == nil || stable.Health.Healthy == 0 || len(intended) == 0 || x.o.Rule.Targets.Equal(intended) {
		return false
	}
	x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonShifting, "Returning all "+x.load()+" to "+stable.Name)
	x.write(intended)
	return true
}

// weakness says how the revision that serves is short of healthy tasks; "" if
// it isn't, or nobody looked.
func (x *decider) weakness() string {
	stable := x.o.revision(x.d.Progress.Stable)
	switch {
	case stable == nil:
		return ""
	case stable.Stack != v1alpha1.RevisionCreated:
		return fmt.Sprintf("the stack of %s is not there (%s)", stable.Name, stable.Stack)
	case stable.Health.Known && stable.Health.Healthy < min(x.o.DesiredCount, x.capacity(stable.Number)):
		return fmt.Sprintf("%s is short of healthy tasks: %s", stable.Name, stable.Health)
	}
	return ""
}

// blockedByHealth doesn't let a rollout start without a good way back, where
// the user wants it so.
func (x *decider) blockedByHealth() bool {
	weakness := x.weakness()
	if weakness == "" || !x.o.Policy.BlockUnhealthy {
		return false
	}
	x.block(Blocked{
		Reason:  v1alpha1.ReasonStableUnhealthy,
		Message: "The rollout does not start, since " + weakness,
		Cure:    "Heal it, or set spec.rollback.ifStableUnhealthy: Proceed",
	})
	return true
}

// start begins the rollout of a revision.
func (x *decider) start(want *Revision) {
	p := &x.d.Progress
	cause := x.cause(want)
	p.Rollouts++
	p.Rollout = &Rollout{
		ID: fmt.Sprintf("%s.%d", want.Name, p.Rollouts), Cause: cause, Full: cause == v1alpha1.CauseRevert,
		Revision: want.Number, From: p.Stable, StartedAt: x.now, ProgressedAt: x.now, Note: x.weakness(),
	}
	if x.o.Analysis.Firing != "" && cause != v1alpha1.CauseRevert {
		p.Rollout.remark(x.o.Analysis.Firing)
	}
	if last := x.o.Progress.Rollout; cause == v1alpha1.CauseRetry && last != nil {
		p.Rollout.Request = last.Request
	}
	p.Retiring = slices.DeleteFunc(p.Retiring, func(r Retiring) bool { return r.Revision == want.Number })
	x.tell(v1alpha1.PhasePending, v1alpha1.ReasonProvisioning, "Starting the rollout of "+want.Name)
	x.wait(0)
}

// cause tells why a rollout starts. One back to the revision that served just
// before, whose stack is still there, needs no steps once that is verified.
func (x *decider) cause(want *Revision) v1alpha1.RolloutCause {
	last := x.d.Progress.Rollout
	switch {
	case last == nil:
		return v1alpha1.CauseTemplate
	case last.Retried:
		return v1alpha1.CauseRetry
	case last.Outcome.Good() && last.From == want.Number && want.Wanted && want.Stack == v1alpha1.RevisionCreated:
		return v1alpha1.CauseRevert
	}
	return v1alpha1.CauseTemplate
}

// served tells whether the template in spec is the one that serves.
func (x *decider) served() bool {
	stable := x.o.revision(x.d.Progress.Stable)
	return stable != nil && stable.Hash == x.o.WantHash && !stable.Deleting
}

// stuck tells whether the template in spec is the one that failed last, and
// nobody asked to try it again.
func (x *decider) stuck() bool {
	last, want := x.d.Progress.Rollout, x.o.wanted()
	return last != nil && want != nil && last.Revision == want.Number && last.Outcome.Bad() && !last.Retried
}

// unfinished waits until what an earlier attempt left of a revision is gone. A
// stack that is whole is used as it is.
func (x *decider) unfinished(want *Revision) bool {
	usable := want.Wanted && want.Stack != v1alpha1.RevisionFailed ||
		want.Stack == v1alpha1.RevisionRemoved || want.Stack == v1alpha1.RevisionPending
	if usable {
		return false
	}
	x.tell(v1alpha1.PhasePending, v1alpha1.ReasonProvisioning,
		fmt.Sprintf("Waiting for the earlier stack of %s to be deleted", want.Name))
	x.wait(x.o.Policy.Poll)
	if want.Wanted {
		x.act(Action{Kind: ActionRemoveStack, Revision: want.Number})
	}
	return true
}

// settle reports that the template is served. A bad outcome is forgotten: the
// template that led to it was taken back, so applying it again is a new try.
func (x *decider) settle(stable *Revision) {
	p := &x.d.Progress
	if p.Rollout != nil && p.Rollout.Outcome.Bad() {
		p.Rollout = nil
	}
	if x.revert(stable) {
		return
	}
	if left := x.leftovers(); len(left) > 0 {
		x.d.CleaningUp = left
		if p.Rollout != nil && p.Rollout.Outcome.Good() && !x.removalFailed() {
			x.tell(v1alpha1.PhaseCleaningUp, v1alpha1.ReasonCleaningUp,
				fmt.Sprintf("%s serves all %s, removing %s", stable.Name, x.load(), list(left)))
			x.wait(x.o.Policy.Poll)
			return
		}
	}
	x.tell(v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, stable.Name+" serves all "+x.load())
	x.rest()
}

// rest is until when nobody looks: not for long while tasks of what serves are
// still to start or to stop.
func (x *decider) rest() {
	if r := x.o.revision(x.d.Progress.Stable); r != nil && r.Health.Known && r.Health.Running != x.o.DesiredCount {
		x.wait(x.o.Policy.Poll)
		return
	}
	x.wait(x.o.Policy.Resync)
}

// stay reports that the template in spec has failed.
func (x *decider) stay(r *Rollout, failed *Revision) {
	x.d.CleaningUp = x.leftovers()
	phase, reason := v1alpha1.PhaseRolledBack, v1alpha1.ReasonRolledBack
	serves := x.serving() + " serves all " + x.load()
	if !x.returnable() {
		phase, reason, serves = v1alpha1.PhaseFailed, v1alpha1.ReasonFailed, "nothing serves"
		if len(x.o.Rule.Targets) > 0 {
			serves = "the production rule routes " + x.name(x.o.Rule.Targets)
		}
	}
	what := " failed and "
	if r.Outcome == v1alpha1.OutcomeAborted {
		what = " was aborted and "
	}
	x.tell(phase, reason, fmt.Sprintf("%s%s%s: %s%s. Change spec.template, or try again: %s", failed.Name, what, serves, r.Message, x.kept(failed),
		x.command(v1alpha1.AnnotationRetry, x.d.Progress.Handled.Retry, r, "")))
	x.rest()
}

// load is what revisions share.
func (x *decider) load() string {
	if x.o.Rule.None {
		return "work"
	}
	return "traffic"
}

// serving names what traffic goes to without a rollout.
func (x *decider) serving() string {
	switch r := x.o.revision(x.d.Progress.Stable); {
	case r != nil:
		return r.Name
	case x.d.Progress.Original != "":
		return "the original target group"
	}
	return "nothing"
}

// tell sets what people read.
func (x *decider) tell(phase v1alpha1.Phase, reason, message string) {
	x.d.Phase, x.d.Reason, x.d.Message = phase, reason, message
}

// act asks for an effect, and to look again right after it.
func (x *decider) act(a Action) {
	x.d.Action = a
	x.d.After = 0
}

// write asks for the rule to route to targets, and notes that it was asked.
func (x *decider) write(targets Targets) {
	kind := ActionSetTargets
	if !x.o.Rule.Exists {
		kind = ActionCreateRule
	}
	x.d.Progress.Written = targets
	x.act(Action{Kind: kind, Targets: targets})
}

// wait asks to look again after d.
func (x *decider) wait(d time.Duration) { x.d.After = d }

// until asks to look again at t, or at the next poll if that is earlier.
func (x *decider) until(t time.Time) {
	x.wait(max(min(t.Sub(x.now), x.o.Policy.Poll), 0))
}
