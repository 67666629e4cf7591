package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// What the cluster remembers may be lost, or older than what AWS shows: status
// was wiped, a record is gone, a snapshot was restored, an etcd was cloned. What
// serves is then taken for what it is, and never given up for a memory.

// recall has a record for each stack of ours, before anything is decided by
// what records say. A stack that nobody needs is recalled to be removed.
func (x *decider) recall() bool {
	if len(x.o.Lost) > 0 {
		number := x.o.Lost[0]
		name := fmt.Sprintf("%s-%d", x.o.Name, number)
		x.tell(x.recovering(), v1alpha1.ReasonRecovering, "Making the record of "+name+" again, whose stack exists")
		if r := x.o.revision(number); r != nil && !x.needed(r) {
			x.d.Progress.Retiring = append(x.d.Progress.Retiring, Retiring{Revision: number, Since: x.now})
		}
		x.act(Action{Kind: ActionRecall, Revision: number, Count: x.o.DesiredCount})
		return true
	}
	if rule := x.o.Rule; rule.Unfamiliar && (!x.o.Deleting || rule.Adopted && rule.Owned) { // which is given back only from what is ours
		x.tell(x.recovering(), v1alpha1.ReasonRecovering, "Reading the stack that the production rule forwards to")
		x.wait(x.o.Policy.Poll)
		return true
	}
	return false
}

// recovering is the phase in which records are made again.
func (x *decider) recovering() v1alpha1.Phase {
	if x.o.Deleting {
		return v1alpha1.PhaseDeleting
	}
	return v1alpha1.PhasePending
}

// needed tells whether a stack that was found may be what serves, or what is
// wanted.
func (x *decider) needed(r *Revision) bool {
	return r.Hash == x.o.WantHash || r.Number == x.d.Progress.Stable || x.rolling(r.Number) ||
		x.o.Rule.Targets.Share(r.TargetGroup) > 0 || x.forgetful() || x.bereft()
}

// forgetful tells whether nothing is remembered to serve, nor to have been rolled
// out. A worker has no rule that would tell what its status doesn't know.
func (x *decider) forgetful() bool {
	p := &x.d.Progress
	return p.Stable == 0 && !p.Rollout.active() && (p.Rollouts == 0 || x.o.Rule.None)
}

// dismissed tells whether a revision is there only until it is removed.
func (x *decider) dismissed(r *Revision) bool {
	last := x.d.Progress.Rollout
	return last != nil && last.Revision == r.Number && !last.Outcome.Good() ||
		slices.ContainsFunc(x.d.Progress.Retiring, func(t Retiring) bool { return t.Revision == r.Number })
}

// bereft tells whether what is remembered to serve isn't there any more, while
// nothing is rolled out that could have led to it.
func (x *decider) bereft() bool {
	p := &x.d.Progress
	if p.Stable == 0 || p.Rollout.active() {
		return false
	}
	stable := x.o.revision(p.Stable)
	return stable == nil || stable.absent() || stable.Health.Gone || stable.Wanted && stable.Stack == v1alpha1.RevisionFailed
}

// takeOver brings what is remembered up to what AWS shows, and takes over a rule
// that exists.
func (x *decider) takeOver() bool { return x.overtaken() || x.recover() || x.adopt() }

// heirless tells whether nothing is remembered to serve after a rollout that was
// given up, while all requests go to another revision.
func (x *decider) heirless() bool {
	p := &x.d.Progress
	serves := x.incumbent()
	return p.Stable == 0 && p.Original == "" && !p.Rollout.active() && serves != nil && x.o.Rule.Targets.Share(serves.TargetGroup) == 100 &&
		(p.Rollout == nil || p.Rollout.Revision != serves.Number)
}

// overtaken looks at a rule whose last writer isn't remembered. That was another
// cluster with the same identity, made from a copy of this one's memory, or this
// one before it was restored. Where AWS is as spec wants it they agree, and this
// one goes on; else someone has to decide, since two that write what they
// remember would undo each other's work.
func (x *decider) overtaken() bool {
	rule, p := x.o.Rule, &x.d.Progress
	if !rule.Owned || rule.Writer == "" || rule.Writer == x.o.Writer || slices.Contains(p.Writers, rule.Writer) {
		return false
	}
	want := x.o.wanted()
	agreed := want != nil && want.Stack == v1alpha1.RevisionCreated && rule.Targets.Share(want.TargetGroup) == 100
	if agreed || x.o.Overrule || x.forgetful() && len(p.Writers) == 0 {
		p.noteWriter(rule.Writer, false)
		x.trust(x.incumbent())
		return true
	}
	x.block(x.behind())
	return true
}

// behind says that what is remembered is older than what AWS shows.
func (x *decider) behind() Blocked {
	return Blocked{
		Reason: v1alpha1.ReasonStatusBehind,
		Message: fmt.Sprintf("The production rule routes %s, written by someone with this cluster's identity of whom this status doesn't know (%s): "+
			"the cluster was restored, or is a copy of another one", x.name(x.o.Rule.Targets), x.o.Rule.Writer),
		Cure: fmt.Sprintf("If another cluster runs this deployment, remove it here with deletionPolicy: Retain. Else apply the template that serves, as it was written, "+
			"or have spec.template rolled out: kubectl annotate imd %s -n %s --overwrite %s=%s%s/%s",
			x.o.Name, x.o.Namespace, v1alpha1.AnnotationAdopt, x.o.Adopted, x.o.UID, x.o.Rule.Writer),
	}
}

// noteWriter remembers a mark that the rule may bear, as this cluster's newest
// or as another's with which it agrees.
func (p *Progress) noteWriter(mark string, own bool) {
	p.Writers = slices.DeleteFunc(p.Writers, func(known string) bool { return known == mark })
	p.Writers = p.Writers[max(0, len(p.Writers)+1-writersKept):]
	if at := len(p.Writers); own || at == 0 {
		p.Writers = append(p.Writers, mark)
	} else {
		p.Writers = slices.Insert(p.Writers, at-1, mark)
	}
}

// writersKept is how many marks are remembered: a read may be a moment old, and
// of two processes that run at once each is known.
const writersKept = 4

// recover remembers again what serves, when nothing is remembered or what is
// isn't there any more.
func (x *decider) recover() bool {
	if !x.forgetful() && !x.bereft() && !x.heirless() {
		return false
	}
	if x.o.Rule.None && x.awaitRecords() {
		return true
	}
	serves := x.incumbent()
	if x.bereft() && serves != nil && x.o.Rule.Exists && x.o.Rule.Targets.Share(serves.TargetGroup) < 100 {
		return false // someone's edit: drift
	}
	if serves == nil {
		return x.awaitRecords()
	}
	x.trust(serves)
	return true
}

// awaitRecords waits while the stack of a record is read that was made again.
func (x *decider) awaitRecords() bool {
	for i := range x.o.Revisions {
		r := &x.o.Revisions[i]
		unread := r.Stack == v1alpha1.RevisionPending || r.Stack == v1alpha1.RevisionCreating
		if r.Wanted && !r.Deleting && unread && !x.dismissed(r) {
			x.tell(v1alpha1.PhasePending, v1alpha1.ReasonRecovering, "Reading the stack of "+r.Name)
			x.wait(x.o.Policy.Poll)
			return true
		}
	}
	return false
}

// incumbent is the created revision that served first of those that get requests:
// a later one is on its way. It is none while an adopted rule still forwards to
// where it did before. Nil if there is none.
func (x *decider) incumbent() *Revision {
	switch targets := x.o.Rule.Targets; {
	case x.o.Rule.None:
		return x.worker()
	case targets.Share(x.o.Rule.Original) == 0:
		for i := range x.o.Revisions {
			if r := &x.o.Revisions[i]; x.isThere(r) && targets.Share(r.TargetGroup) > 0 {
				return r
			}
		}
	}
	return nil
}

// worker is the newest created revision that has tasks, but for one that is only
// to be removed while it isn't the last that works; nil if there is none.
func (x *decider) worker() *Revision {
	var found *Revision
	for i := range x.o.Revisions {
		r := &x.o.Revisions[i]
		idle := found != nil && found.Health.Running > 0 && r.Health.Known && r.Health.Running == 0
		if x.isThere(r) && !idle && (x.bereft() || !x.dismissed(r)) {
			found = r
		}
	}
	return found
}

// isThere tells whether a revision's stack is there to stay.
func (x *decider) isThere(r *Revision) bool {
	gone := x.bereft() && r.Number == x.d.Progress.Stable
	return r.Stack == v1alpha1.RevisionCreated && r.Wanted && !r.Deleting && !gone
}

// trust takes a revision for the one that serves, as AWS shows it. A rollout of
// another one that was remembered as under way is over.
func (x *decider) trust(serves *Revision) {
	p := &x.d.Progress
	p.Written = slices.Clone(x.o.Rule.Targets)
	x.tell(v1alpha1.PhasePending, v1alpha1.ReasonRecovering, "Taking what AWS shows for what serves")
	x.wait(0) // remembered before anything follows from it
	if serves == nil || p.Stable == serves.Number {
		return
	}
	p.Retiring = slices.DeleteFunc(p.Retiring, func(t Retiring) bool { return t.Revision == serves.Number })
	if r := p.Rollout; r.active() && r.Outcome == "" && r.Revision == serves.Number {
		x.catchUp(r)
		return
	}
	x.outdate(serves)
	p.Stable = serves.Number
	x.d.Notices = append(x.d.Notices, Notice{Warning: true, Reason: v1alpha1.ReasonRecovered, Action: "Recover " + serves.Name,
		Message: fmt.Sprintf("%s serves, as AWS shows; it is remembered again as the stable revision", serves.Name)})
}

// catchUp brings a rollout that is remembered to its last step, as its revision
// gets the requests. So it was verified, and made progress that nobody remembers.
func (x *decider) catchUp(r *Rollout) {
	r.Step, r.StepReachedAt, r.ProgressedAt = len(x.plan())-1, time.Time{}, x.now
	if r.VerifiedAt.IsZero() {
		r.VerifiedAt = x.now
	}
}

// outdate ends a rollout that is remembered, now that another revision turned out
// to serve.
func (x *decider) outdate(serves *Revision) {
	p := &x.d.Progress
	switch r := p.Rollout; {
	case r.active() && r.Outcome == "":
		r.Outcome, r.Reason, r.DecidedAt, r.FinishedAt = v1alpha1.OutcomeSuperseded, v1alpha1.ReasonStatusBehind, x.now, x.now
		r.Message = serves.Name + " serves, which this status didn't know of"
	case r.active():
		r.FinishedAt = x.now
	case r != nil && r.Outcome.Good() && r.Revision == p.Stable && r.From == serves.Number:
		// Someone deleted what was promoted and routed back by hand.
		r.Outcome, r.Reason = v1alpha1.OutcomeRolledBack, v1alpha1.ReasonStackChanged
		r.Message = "its stack was deleted by someone else, and " + serves.Name + " serves again"
	}
}

// guarded are the effects that only the rule's last writer may have.
var guarded = []ActionKind{
	ActionProvision, ActionRemoveStack, ActionScale, ActionClaimRule, ActionCreateRule, ActionSetTargets, ActionReleaseRule, ActionDeleteRule,
}

// Guarded tells whether the action is only for who wrote the rule last.
func (a Action) Guarded() bool { return slices.Contains(guarded, a.Kind) }

// Marking is the decision put off until the rule bears this process's mark. The
// mark is remembered before it is written: else a process that died in between
// would leave one that nobody knows.
func (d Decision) Marking(o *Observation, now time.Time) Decision {
	marked := d.Noting(o, now, o.Writer, true)
	if slices.Contains(o.Progress.Writers, o.Writer) {
		marked.Action.Kind = ActionMarkRule
	}
	return marked
}

// Noting is the decision put off until a mark that the rule may bear is
// remembered, this cluster's own or another's.
func (d Decision) Noting(o *Observation, now time.Time, mark string, own bool) Decision {
	x := &decider{o: o, now: now, d: d}
	x.d.Action, x.d.Progress, x.d.Notices, x.d.After = Action{}, o.Progress.clone(), nil, 0
	x.d.Progress.correct(now)
	x.readRule()
	x.d.Progress.noteWriter(mark, own)
	x.d.CleaningUp = nil
	x.summarise()
	return x.d
}
