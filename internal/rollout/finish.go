package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// announce tells what an outcome leads to.
func (x *decider) announce(r *Rollout) {
	message := "Returning " + x.load() + " to " + x.serving() + ": " + r.Message
	if !x.returnable() {
		message = "Giving up, with nothing to return " + x.load() + " to: " + r.Message
	}
	switch r.Outcome {
	case v1alpha1.OutcomePromoted, v1alpha1.OutcomeFastPromoted, v1alpha1.OutcomeFastRolledBack:
		x.tell(v1alpha1.PhaseCleaningUp, v1alpha1.ReasonCleaningUp, r.Message)
	case v1alpha1.OutcomeFailed:
		x.tell(v1alpha1.PhaseRollingBack, v1alpha1.ReasonFailed, message)
	case v1alpha1.OutcomeSuperseded:
		x.tell(v1alpha1.PhaseRollingBack, v1alpha1.ReasonSuperseded, message)
	case v1alpha1.OutcomeRolledBack, v1alpha1.OutcomeAborted:
		x.tell(v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack, message)
	}
}

// conclude brings traffic to where the outcome says, and ends the rollout once
// that is in effect on every load balancer node.
func (x *decider) conclude(r *Rollout) {
	x.announce(r)
	if !r.Outcome.Good() && x.restore(r) {
		return
	}
	p, intended := &x.d.Progress, x.destination(r)
	switch rule := x.o.Rule; {
	case !rule.Exists, rule.Targets.Equal(intended) && (r.Outcome.Good() || len(x.others(r)) == len(rule.Targets)):
	case x.unnoticed(r):
		x.wait(0)
		return
	case len(intended) > 0:
		x.write(intended)
		return
	default:
		// A first revision failed between the creation of its rule and its
		// promotion: without the rule, requests get the listener's default.
		p.Written = nil
		x.act(Action{Kind: ActionDeleteRule})
		return
	}
	if settled := x.settled(r); x.now.Before(settled) {
		x.until(settled)
		return
	}
	if x.afterwards(r) {
		return
	}
	r.FinishedAt = x.now
	p.Written = intended
	x.release(r)
	x.wait(0)
}

// unnoticed tells whether others changed the rule just now. That is remembered
// before the rule is written: requests may be under way to wherever it routed.
func (x *decider) unnoticed(r *Rollout) bool {
	targets := x.o.Rule.Targets
	return !targets.Equal(x.d.Progress.Written) && !targets.Equal(x.shifted(r)) && !targets.Equal(x.o.Progress.Observed)
}

// others are the targets of the rule but for the revision that was given up, and
// those whose stacks are gone.
func (x *decider) others(r *Rollout) Targets {
	return slices.DeleteFunc(slices.Clone(x.o.Rule.Targets), func(t Target) bool {
		return slices.ContainsFunc(x.o.Revisions, func(known Revision) bool {
			failed := known.Number == r.Revision || known.Stack == v1alpha1.RevisionFailed
			return failed && known.TargetGroup == t.TargetGroup
		})
	})
}

// destination is how the rule shall route once the rollout is over.
func (x *decider) destination(r *Rollout) Targets {
	switch intended := x.intended(); {
	case len(intended) > 0:
		return intended
	case r.Outcome.Good():
		// What was promoted has no stack, or none that is shown: the rule is
		// left as it is.
		return slices.Clone(x.o.Rule.Targets)
	}
	return x.others(r) // with nothing to return to, requests stay with whoever answers them
}

// settled is when the rule that is seen is the one written last, in effect on
// every load balancer node. A weight for the revision that was given up may have
// been written right before that, by a pass that couldn't remember it, and reads
// may show the rule as it was before.
func (x *decider) settled(r *Rollout) time.Time {
	var settled time.Time
	if x.o.Rule.Exists {
		settled = x.d.Progress.Since.Add(x.o.Policy.Propagation)
	}
	if x.exposed(r) {
		settled = latest(settled, r.DecidedAt.Add(x.o.Policy.Propagation))
	}
	return settled
}

// exposed tells whether a revision that was given up may have had requests,
// remembered or not: the rule is written only after a verification was.
func (x *decider) exposed(r *Rollout) bool {
	return !x.o.Rule.None && !r.Outcome.Good() && !r.VerifiedAt.IsZero()
}

// release lists the stack that isn't needed any more as one to go. The time of
// one that was given up counts from now, if it is kept for people to look into,
// or nobody can tell when it left the rule.
func (x *decider) release(r *Rollout) {
	p, loser := &x.d.Progress, x.loser(r)
	if loser == 0 {
		return
	}
	retiring := Retiring{Revision: loser, Since: p.Since}
	if x.exposed(r) {
		retiring.Since = x.now
	}
	if bad := r.Outcome == v1alpha1.OutcomeRolledBack || r.Outcome == v1alpha1.OutcomeFailed; bad && x.o.Policy.KeepFailed > 0 {
		retiring.Since, retiring.Keep = x.now, x.o.Policy.KeepFailed
	}
	p.Retiring = append(p.Retiring, retiring)
}

// revert reopens a rollout whose revision died right after its promotion,
// while the old stack is still there: traffic returns to it.
func (x *decider) revert(stable *Revision) bool {
	p := &x.d.Progress
	r := p.Rollout
	if r == nil || !r.Outcome.Good() || r.Revision != stable.Number || !stable.Health.Known || stable.Health.Healthy > 0 {
		return false
	}
	old := x.o.revision(r.From)
	if old == nil || !old.Wanted || old.Stack != v1alpha1.RevisionCreated {
		return false
	}
	p.Stable, r.FinishedAt = old.Number, time.Time{}
	p.Retiring = slices.DeleteFunc(p.Retiring, func(t Retiring) bool { return t.Revision == old.Number })
	x.decide(r, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonUnhealthy,
		fmt.Sprintf("%s lost all its healthy tasks after its promotion: %s", stable.Name, stable.Health))
	return true
}

// loser is the revision whose stack is not needed any more; 0 is none.
func (x *decider) loser(r *Rollout) int64 {
	if r.Outcome.Good() {
		return r.From
	}
	return r.Revision
}

// housekeep does one thing that the rollout doesn't depend on: scale, remove a
// stack whose requests have ended, or forget an old revision.
func (x *decider) housekeep() {
	if x.scale() || x.retire() {
		return
	}
	x.trim()
}

// scale brings the services that serve, or will, to the count that they need
// now. A new revision that was given up is left as it is.
func (x *decider) scale() bool {
	for _, r := range x.o.Revisions {
		growing := x.rolling(r.Number) && x.d.Progress.Rollout.Outcome == ""
		count := x.capacity(r.Number)
		if (r.Number == x.d.Progress.Stable || growing) &&
			r.Stack == v1alpha1.RevisionCreated && r.Health.Known && r.Health.Desired != count {
			x.act(Action{Kind: ActionScale, Revision: r.Number, Count: count})
			return true
		}
	}
	return false
}

// strays retires stacks that no rollout came to use: the template was changed
// again right after their revision was made.
func (x *decider) strays() {
	p, want := &x.d.Progress, x.o.wanted()
	for _, r := range x.o.Revisions {
		from := p.Rollout.active() && p.Rollout.From == r.Number
		used := from || r.Number == p.Stable || x.rolling(r.Number) || want != nil && r.Number == want.Number
		listed := slices.ContainsFunc(p.Retiring, func(t Retiring) bool { return t.Revision == r.Number })
		if r.Wanted && !used && !listed {
			p.Retiring = append(p.Retiring, Retiring{Revision: r.Number, Since: x.now})
		}
	}
}

// rolling tells whether the revision is rolled out right now.
func (x *decider) rolling(number int64) bool {
	r := x.d.Progress.Rollout
	return r.active() && r.Revision == number
}

// retire asks for one stack to be removed: never one that is in use or still
// in the rule, and only after its requests had their time to end.
func (x *decider) retire() bool {
	p := &x.d.Progress
	for i, entry := range p.Retiring {
		r := x.o.revision(entry.Revision)
		if r == nil || !r.Wanted || entry.Revision == p.Stable {
			p.Retiring = slices.Delete(p.Retiring, i, i+1)
			return x.again()
		}
		due := x.due(entry, r)
		if x.rolling(r.Number) || x.o.Rule.Targets.Contains(r.TargetGroup) {
			continue
		}
		if x.now.Before(due) {
			x.d.After = min(x.d.After, due.Sub(x.now))
			continue
		}
		x.act(Action{Kind: ActionRemoveStack, Revision: r.Number})
		return true
	}
	return false
}

// kept says until when a bad revision's stack is kept for people to look into;
// "" if it isn't.
func (x *decider) kept(failed *Revision) string {
	for _, entry := range x.d.Progress.Retiring {
		if entry.Revision == failed.Number && entry.Keep > 0 {
			return ". Its stack is kept until " + x.due(entry, failed).UTC().Format("2006-01-02 15:04:05 MST")
		}
	}
	return ""
}

// due is when a revision's stack may go.
func (x *decider) due(entry Retiring, r *Revision) time.Time {
	return entry.Since.Add(x.o.Policy.Propagation + r.Drain + entry.Keep)
}

// again asks for another look at once, without an effect.
func (x *decider) again() bool {
	x.wait(0)
	return true
}

// trim forgets the oldest revisions without a stack beyond the limit. One of
// the template in spec is about to be used again.
func (x *decider) trim() {
	var history []int64
	for _, r := range x.o.Revisions {
		last := x.d.Progress.Rollout != nil && x.d.Progress.Rollout.Revision == r.Number
		used := last || r.Number == x.d.Progress.Stable || r.Hash == x.o.WantHash
		if r.absent() && !used && !r.Deleting {
			history = append(history, r.Number)
		}
	}
	if len(history) > x.o.Policy.HistoryLimit {
		x.act(Action{Kind: ActionDeleteRevision, Revision: history[0]})
	}
}

// leftovers names the revisions whose stacks are still to go.
func (x *decider) leftovers() []string {
	var names []string
	for _, r := range x.o.Revisions {
		if r.Number != x.d.Progress.Stable && !x.rolling(r.Number) && !r.absent() {
			names = append(names, r.Name)
		}
	}
	return names
}

// removalFailed tells whether a stack that shall go can't be deleted for now.
func (x *decider) removalFailed() bool {
	return slices.ContainsFunc(x.o.Revisions, func(r Revision) bool {
		return !r.Wanted && r.Stack == v1alpha1.RevisionDeleteFailed
	})
}

// summarise fills in what follows from everything else.
func (x *decider) summarise() {
	d, p := &x.d, &x.d.Progress
	d.Intended = x.intended()
	d.InSync = x.o.Rule.Targets.Equal(d.Intended)
	d.Subject = p.Stable
	if r := p.Rollout; r.active() {
		d.Subject = r.Revision
		if steps := len(x.plan()); !x.o.Deleting && !r.Outcome.Good() {
			d.Step, d.Steps = r.Step+1, steps
		}
	}
	if r := x.o.revision(d.Subject); r != nil {
		d.Weight = x.weight(r)
	}
	d.Available = x.available()
	if !x.o.Deleting {
		d.Degraded = x.weakness()
	}
	if len(p.Retiring) > 0 && len(d.CleaningUp) == 0 {
		d.CleaningUp = x.leftovers()
	}
}

// available tells whether what serves is healthy; nil when nothing does, or
// nobody looked.
func (x *decider) available() *bool {
	stable := x.o.revision(x.d.Progress.Stable)
	if stable == nil || !stable.Health.Known && stable.Stack == v1alpha1.RevisionCreated {
		return nil
	}
	return new(stable.Health.Healthy > 0 || x.relieved())
}

// relieved tells whether the new revision has taken all work over already, from
// an old one that gave its tasks up for that.
func (x *decider) relieved() bool {
	r := x.d.Progress.Rollout
	if !r.active() || r.Outcome != "" || x.capacity(x.d.Progress.Stable) > 0 {
		return false
	}
	candidate := x.o.revision(r.Revision)
	return candidate != nil && !r.VerifiedAt.IsZero() && candidate.Health.Healthy > 0
}

// weight is a revision's part of the work: of the requests, or of the tasks
// that run where there is no load balancer.
func (x *decider) weight(r *Revision) int32 {
	if !x.o.Rule.None {
		return x.o.Rule.Targets.Share(r.TargetGroup)
	}
	if !x.rolling(r.Number) {
		return 100
	}
	all := r.Health.Running
	if stable := x.o.revision(x.d.Progress.Stable); stable != nil && stable.Number != r.Number {
		all += stable.Health.Running
	}
	return r.Health.Running * 100 / max(all, 1)
}

// clone copies what a decision may change.
func (p Progress) clone() Progress {
	if p.Rollout != nil {
		r := *p.Rollout
		r.Checks, r.Gates = slices.Clone(r.Checks), slices.Clone(r.Gates)
		p.Rollout = &r
	}
	p.Written = slices.Clone(p.Written)
	p.Observed = slices.Clone(p.Observed)
	p.Writers = slices.Clone(p.Writers)
	p.Retiring = slices.Clone(p.Retiring)
	return p
}

// list joins words for a sentence.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
