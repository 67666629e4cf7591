package rollout

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// housekeep has a decision without an effect do one thing that the rollout
// doesn't depend on: scale, remove a stack whose requests have ended, or forget
// an old revision. The pass is about what the decision remembers.
func (x *pass) housekeep(d *Decision) {
	if action := x.scale(); action != nil {
		d.Action, d.After = *action, 0
		return
	}
	if slices.ContainsFunc(x.p.Retiring, x.isSettled) {
		d.Progress.Retiring, d.After = slices.DeleteFunc(d.Progress.Retiring, x.isSettled), 0
		return
	}
	for _, chore := range []func() *Action{x.removeRetired, x.forgetOldest} {
		if action := chore(); action != nil {
			d.Action, d.After = *action, 0
			return
		}
	}
	for _, entry := range x.p.Retiring {
		if r := x.removable(entry); r != nil {
			d.After = min(d.After, x.due(entry, r).Sub(x.now))
		}
	}
}

// scale brings the services that serve, or will, to the count that they need
// now. A new revision that was given up is left as it is.
func (x *pass) scale() *Action {
	for _, r := range x.o.Revisions {
		growing := x.isRolling(r.Number) && x.p.Rollout.Outcome == ""
		count := x.capacity(r.Number)
		if (r.Number == x.p.Stable || growing) &&
			r.Stack == v1alpha1.RevisionCreated && r.Health.Known && !r.Health.Gone && r.Health.Desired != count {
			return &Action{Kind: ActionScale, Revision: r.Number, Count: count}
		}
	}
	return nil
}

// removeRetired asks for one stack to be removed, after its requests had their
// time to end.
func (x *pass) removeRetired() *Action {
	for _, entry := range x.p.Retiring {
		if r := x.removable(entry); r != nil && !x.now.Before(x.due(entry, r)) {
			return &Action{Kind: ActionRemoveStack, Revision: r.Number}
		}
	}
	return nil
}

// removable is the revision of an entry whose stack may go once it is due: never
// one that is in use or still in the rule. It is nil for others.
func (x *pass) removable(entry Retiring) *Revision {
	r := x.o.revision(entry.Revision)
	if r == nil || x.isRolling(r.Number) || x.o.Route.Targets.Contains(r.Backend) {
		return nil
	}
	return r
}

// isSettled tells whether nothing is to be done any more about an entry.
func (x *pass) isSettled(entry Retiring) bool {
	r := x.o.revision(entry.Revision)
	return r == nil || !r.Wanted || entry.Revision == x.p.Stable
}

// due is when a revision's stack may go.
func (x *pass) due(entry Retiring, r *Revision) time.Time {
	return entry.Since.Add(x.o.Policy.Propagation + r.Drain + entry.Keep)
}

// keptUntil says until when a bad revision's stack is kept for people to look
// into; "" if it isn't.
func (x *pass) keptUntil(failed *Revision) string {
	for _, entry := range x.p.Retiring {
		if entry.Revision == failed.Number && entry.Keep > 0 {
			return ". Its stack is kept until " + date(x.due(entry, failed))
		}
	}
	return ""
}

// forgetOldest forgets the oldest revision without a stack beyond the limit. One
// of the template in spec is about to be used again.
func (x *pass) forgetOldest() *Action {
	var history []int64
	for _, r := range x.o.Revisions {
		last := x.p.Rollout != nil && x.p.Rollout.Revision == r.Number
		used := last || r.Number == x.p.Stable || r.Hash == x.o.WantHash
		if r.absent() && !used && !r.Deleting {
			history = append(history, r.Number)
		}
	}
	if len(history) <= x.o.Policy.HistoryLimit {
		return nil
	}
	return &Action{Kind: ActionDeleteRevision, Revision: history[0]}
}

// leftovers names the revisions whose stacks are still to go.
func (x *pass) leftovers() []string {
	var names []string
	for _, r := range x.o.Revisions {
		if r.Number != x.p.Stable && !x.isRolling(r.Number) && !r.absent() {
			names = append(names, r.Name)
		}
	}
	return names
}

// removalFailed tells whether a stack that shall go can't be deleted for now.
func (x *pass) removalFailed() bool {
	return slices.ContainsFunc(x.o.Revisions, func(r Revision) bool {
		return !r.Wanted && r.Stack == v1alpha1.RevisionDeleteFailed
	})
}
