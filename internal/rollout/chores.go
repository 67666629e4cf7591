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
	if x.scaleOrSuspend(d) {
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
		r := x.removable(entry)
		if r == nil {
			continue
		}
		next := x.due(entry, r)
		if idle := x.drained(entry, r); x.o.IsKeptIdle(r.Number) && x.now.Before(idle) {
			next = idle
		}
		d.After = min(d.After, next.Sub(x.now))
	}
}

// scaleOrSuspend brings one service, or its autoscaler, to where it shall be: tasks
// are added before an autoscaler is left alone with its service again, and removed
// once it is suspended.
func (x *pass) scaleOrSuspend(d *Decision) (done bool) {
	up, down := func() *Action { return x.scale(true) }, func() *Action { return x.scale(false) }
	for _, chore := range []func() *Action{up, x.setScaling, down} {
		action := chore()
		if action == nil {
			continue
		}
		if d.After = 0; !x.isAhead(action) {
			d.Action = *action
		}
		return true
	}
	return false
}

// isAhead tells whether tasks are to be added to a new revision for a step that isn't
// remembered yet. After a crash, tasks that nobody remembers to have asked for would be
// taken for those that its autoscaler added: see withCandidate.
func (x *pass) isAhead(a *Action) bool {
	was, is := x.o.Progress.Rollout, x.p.Rollout
	return a.Kind == ActionScale && is.undecided() && a.Revision == is.Revision && x.o.revision(is.Revision).isScaled() &&
		was != nil && was.Revision == is.Revision && was.Step < is.Step
}

// scale brings the services that serve, or will, to the count that they need now,
// up or down. A new revision that was given up is left as it is until it is known
// to be kept. Where an autoscaler sets the count, tasks are only removed if the
// strategy says so; while it isn't known whether one does, none are.
func (x *pass) scale(up bool) *Action {
	for i := range x.o.Revisions {
		r := &x.o.Revisions[i]
		count, decided := x.count(r)
		more := count - r.Health.Desired
		if decided && r.isThere() && more != 0 && up == (more > 0) && x.maySet(r, count, up) {
			return &Action{Kind: ActionScale, Revision: r.Number, Count: count}
		}
	}
	return nil
}

// isThere tells whether its service exists, as far as is known.
func (r *Revision) isThere() bool {
	return r.Stack == v1alpha1.RevisionCreated && r.Health.Known && !r.Health.Gone
}

// maySet tells whether a revision's count is the rollout's to set, up or down.
func (x *pass) maySet(r *Revision, count int32, up bool) bool {
	return x.isLess(r, count) && (up || r.isStill()) || !r.isLeft(up)
}

// count is how many tasks a revision shall have; decided is false for those that
// are left as they are. One that is kept to be looked into has none once its
// requests have ended.
func (x *pass) count(r *Revision) (count int32, decided bool) {
	growing := x.isRolling(r.Number) && x.p.Rollout.Outcome == ""
	if r.Number == x.p.Stable || growing {
		return x.capacity(r.Number), true
	}
	idle := x.o.IsKeptIdle(r.Number) && slices.ContainsFunc(x.p.Retiring, func(entry Retiring) bool {
		return entry.Revision == r.Number && x.removable(entry) != nil && !x.now.Before(x.drained(entry, r)) && x.now.Before(x.due(entry, r))
	})
	return 0, idle
}

// IsKeptIdle tells whether the stack of a bad revision is kept for people to look
// into while its tasks are to stop, so that its service matters.
func (o *Observation) IsKeptIdle(number int64) bool {
	return !o.Policy.KeepFailedTasks && slices.ContainsFunc(o.Progress.Retiring, func(entry Retiring) bool {
		return entry.Revision == number && entry.Keep > 0
	})
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

// drained is when requests to a revision have had their time to end.
func (x *pass) drained(entry Retiring, r *Revision) time.Time {
	return entry.Since.Add(x.o.Policy.Propagation + r.Drain)
}

// due is when a revision's stack may go.
func (x *pass) due(entry Retiring, r *Revision) time.Time { return x.drained(entry, r).Add(entry.Keep) }

// keptUntil says until when a bad revision's stack is kept for people to look
// into; "" if it isn't.
func (x *pass) keptUntil(failed *Revision) string {
	for _, entry := range x.p.Retiring {
		if entry.Revision == failed.Number && entry.Keep > 0 {
			kept := ". Its stack is kept until " + date(x.due(entry, failed))
			if failed.Logs != "" {
				kept += ", and with it its logs: " + failed.Logs
			}
			return kept
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

// unneeded names those of them that aren't kept on purpose.
func (x *pass) unneeded() []string {
	return slices.DeleteFunc(x.leftovers(), func(name string) bool {
		return slices.ContainsFunc(x.p.Retiring, func(entry Retiring) bool {
			r := x.o.revision(entry.Revision)
			return entry.Keep > 0 && r != nil && r.Name == name
		})
	})
}

// removalFailed tells whether a stack that shall go can't be deleted for now.
func (x *pass) removalFailed() bool {
	return slices.ContainsFunc(x.o.Revisions, func(r Revision) bool {
		return !r.Wanted && r.Stack == v1alpha1.RevisionDeleteFailed
	})
}
