package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// What the cluster remembers may be lost, or older than what AWS shows: status
// was wiped, a record is gone, a snapshot was restored, an etcd was cloned. What
// serves is then taken for what it is, and never given up for a memory.

// recallLost has a record for each stack of ours, before anything is decided by
// what records say. A stack that nobody needs is recalled to be removed.
func (x *pass) recallLost() *Decision {
	if len(x.o.Lost) == 0 {
		return nil
	}
	number := x.o.Lost[0]
	name := fmt.Sprintf("%s-%d", x.o.Name, number)
	d := x.do(x.recalling("Recreating the record of "+name+" from its stack"),
		Action{Kind: ActionRecall, Revision: number, Count: x.o.DesiredCount})
	if r := x.o.revision(number); r != nil && !x.isNeeded(r) {
		d.Progress.Retiring = append(d.Progress.Retiring, Retiring{Revision: number, Since: x.now})
	}
	return d
}

// awaitRecord waits for the record of a stack that the rule forwards to. In a
// deletion that matters to a rule that is given back only from what is ours.
func (x *pass) awaitRecord() *Decision {
	rule := x.o.Route
	if !rule.Unfamiliar || x.o.Deleting && (!rule.Adopted || !rule.Owned) {
		return nil
	}
	return x.poll(x.recalling("Reading the stack that the production rule forwards to"))
}

// recalling says that records are made again.
func (x *pass) recalling(message string) words {
	w := recovering(message)
	if x.o.Deleting {
		w.phase = v1alpha1.PhaseDeleting
	}
	return w
}

// isNeeded tells whether a stack that was found may be what serves, or what is
// wanted.
func (x *pass) isNeeded(r *Revision) bool {
	return r.Hash == x.o.WantHash || r.Number == x.p.Stable || x.isRolling(r.Number) ||
		x.o.Route.Targets.Share(r.Backend) > 0 || x.isForgetful() || x.isBereft()
}

// isForgetful tells whether nothing is remembered to serve, nor to have been rolled
// out. A worker has no rule that would tell what its status doesn't know.
func (x *pass) isForgetful() bool {
	p := &x.p
	return p.Stable == 0 && !p.Rollout.active() && (p.Rollouts == 0 || x.o.Route.None)
}

// isDismissed tells whether a revision is there only until it is removed.
func (x *pass) isDismissed(r *Revision) bool {
	last := x.p.Rollout
	return last != nil && last.Revision == r.Number && !last.Outcome.Good() ||
		slices.ContainsFunc(x.p.Retiring, func(t Retiring) bool { return t.Revision == r.Number })
}

// isBereft tells whether what is remembered to serve isn't there any more, while
// nothing is rolled out that could have led to it.
func (x *pass) isBereft() bool {
	p := &x.p
	if p.Stable == 0 || p.Rollout.active() {
		return false
	}
	stable := x.o.revision(p.Stable)
	return stable == nil || stable.absent() || stable.Health.Gone || stable.Wanted && stable.Stack == v1alpha1.RevisionFailed
}

// isHeirless tells whether nothing is remembered to serve after a rollout that was
// given up, while all requests go to another revision.
func (x *pass) isHeirless() bool {
	p := &x.p
	serves := x.incumbent()
	return p.Stable == 0 && p.Original == "" && !p.Rollout.active() && serves != nil && x.o.Route.Targets.Share(serves.Backend) == 100 &&
		(p.Rollout == nil || p.Rollout.Revision != serves.Number)
}

// agreeWithWriter looks at a rule whose last writer isn't remembered. That was
// another cluster with the same identity, made from a copy of this one's memory,
// or this one before it was restored. Where AWS is as spec wants it they agree,
// and this one goes on; else someone has to decide, since two that write what
// they remember would undo each other's work. Someone has to in any case where the
// rule is another deployment's by now: to mark it takes it away from that one.
func (x *pass) agreeWithWriter() *Decision {
	rule, p := x.o.Route, x.p.clone()
	if x.isKnownWriter() {
		return nil
	}
	want := x.o.wanted()
	agreed := rule.Owned && want != nil && want.Stack == v1alpha1.RevisionCreated && rule.Targets.Share(want.Backend) == 100
	if agreed || x.o.Overrule || x.isForgetful() && len(p.Writers) == 0 {
		p.noteWriter(rule.Writer, false)
		return x.trust(p, x.incumbent())
	}
	return x.block(x.statusBehind())
}

// isKnownWriter tells whether status knows who wrote the rule last. That doesn't
// matter for a rule that isn't ours, unless it is that of another deployment which
// is taken over by one that wrote it before, and so remembers something.
func (x *pass) isKnownWriter() bool {
	rule, known := x.o.Route, x.p.Writers
	wrote := slices.ContainsFunc(known, func(mark string) bool { return mark != x.o.Writer }) // the newest is for the claim
	foreign := !rule.Owned && (!rule.Inherited || !wrote)
	return foreign || rule.Writer == "" || rule.Writer == x.o.Writer || slices.Contains(known, rule.Writer)
}

// statusBehind says that what is remembered is older than what AWS shows.
func (x *pass) statusBehind() Blocked {
	what, otherwise := "was last written by a process with this cluster's identity that this status doesn't know", "apply exactly the template that serves, or "
	if x.o.Route.Inherited {
		what, otherwise = "has been another deployment's since this status was written", ""
	}
	return Blocked{
		Reason: v1alpha1.ReasonStatusBehind,
		Message: fmt.Sprintf("The production rule routes %s, and %s (%s): "+
			"the cluster was restored, or is a copy of another one", x.nameTargets(x.o.Route.Targets), what, x.o.Route.Writer),
		Remedy: fmt.Sprintf("If another cluster runs this deployment, delete it here with deletionPolicy: Retain. Otherwise %sroll out spec.template: %s",
			otherwise, command.Annotate(x.o.Namespace, x.o.Name, v1alpha1.AnnotationAdopt, x.o.Adopted+x.o.UID+"/"+x.o.Route.Writer)),
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

// recoverStable remembers again what serves, when nothing is remembered or what
// is isn't there any more.
func (x *pass) recoverStable() *Decision {
	if !x.isForgetful() && !x.isBereft() && !x.isHeirless() {
		return nil
	}
	if x.o.Route.None {
		if d := x.awaitStackOfRecord(); d != nil {
			return d
		}
	}
	serves := x.incumbent()
	if x.isBereft() && serves != nil && x.o.Route.Exists && x.o.Route.Targets.Share(serves.Backend) < 100 {
		return nil // someone's edit: drift
	}
	if serves == nil {
		return x.awaitStackOfRecord()
	}
	return x.trust(x.p.clone(), serves)
}

// awaitStackOfRecord waits while the stack of a record is read that was made
// again.
func (x *pass) awaitStackOfRecord() *Decision {
	for i := range x.o.Revisions {
		r := &x.o.Revisions[i]
		unread := r.Stack == v1alpha1.RevisionPending || r.Stack == v1alpha1.RevisionCreating
		if r.Wanted && !r.Deleting && unread && !x.isDismissed(r) {
			return x.poll(recovering("Reading the stack of " + r.Name))
		}
	}
	return nil
}

// incumbent is the created revision that served first of those that get requests:
// a later one is on its way. It is none while an adopted rule still forwards to
// where it did before. Nil if there is none.
func (x *pass) incumbent() *Revision {
	switch targets := x.o.Route.Targets; {
	case x.o.Route.None:
		return x.worker()
	case targets.Share(x.o.Route.Original) == 0:
		for i := range x.o.Revisions {
			if r := &x.o.Revisions[i]; x.isThere(r) && targets.Share(r.Backend) > 0 {
				return r
			}
		}
	}
	return nil
}

// worker is the newest created revision that has tasks, but for one that is only
// to be removed while it isn't the last that works; nil if there is none.
func (x *pass) worker() *Revision {
	var found *Revision
	for i := range x.o.Revisions {
		r := &x.o.Revisions[i]
		idle := found != nil && found.Health.Running > 0 && r.Health.Known && r.Health.Running == 0
		if x.isThere(r) && !idle && (x.isBereft() || !x.isDismissed(r)) {
			found = r
		}
	}
	return found
}

// isThere tells whether a revision's stack is there to stay.
func (x *pass) isThere(r *Revision) bool {
	gone := x.isBereft() && r.Number == x.p.Stable
	return r.Stack == v1alpha1.RevisionCreated && r.Wanted && !r.Deleting && !gone
}

// trust takes a revision for the one that serves, as AWS shows it. A rollout of
// another one that was remembered as under way is over. That is remembered before
// anything follows from it. p is what is remembered besides.
func (x *pass) trust(p Progress, serves *Revision) *Decision {
	p.Written = slices.Clone(x.o.Route.Targets)
	d := x.again(recovering("Recording which revision serves in AWS"))
	d.Progress = p
	if serves == nil || p.Stable == serves.Number {
		return d
	}
	p.Retiring = slices.DeleteFunc(p.Retiring, func(t Retiring) bool { return t.Revision == serves.Number })
	if r := p.Rollout; r.undecided() && r.Revision == serves.Number {
		x.catchUp(r)
		d.Progress = p
		return d
	}
	x.outdate(p, serves)
	p.Stable = serves.Number
	d.Progress = p
	d.Notices = []Notice{{Warning: true, Reason: v1alpha1.ReasonRecovered, Action: "Recover " + serves.Name,
		Message: fmt.Sprintf("%s serves in AWS and is the stable revision again", serves.Name)}}
	return d
}

// catchUp brings a rollout that is remembered to its last step, as its revision
// gets the requests. So it was verified, and made progress that nobody remembers.
func (x *pass) catchUp(r *Rollout) {
	r.Step, r.StepReachedAt = len(x.plan())-1, time.Time{}
	r.progressed(x.now)
	if r.VerifiedAt.IsZero() {
		r.VerifiedAt = x.now
	}
}

// outdate ends a rollout that is remembered, now that another revision turned out
// to serve. It changes the rollout of p.
func (x *pass) outdate(p Progress, serves *Revision) {
	switch r := p.Rollout; {
	case r.undecided():
		r.Outcome, r.Reason, r.DecidedAt, r.FinishedAt = v1alpha1.OutcomeSuperseded, v1alpha1.ReasonStatusBehind, x.now, x.now
		r.Message = serves.Name + " serves, which was missing from this status"
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
	x := newPass(o, now, o.Progress)
	x.changed = d.Drifted
	x.correctTimes()
	x.clampStep()
	x.noteRule()
	x.p.noteWriter(mark, own)
	d.Action, d.Progress, d.Notices, d.After, d.CleaningUp = Action{}, x.p, nil, 0, nil
	return x.summarise(&d)
}
