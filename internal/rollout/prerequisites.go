package rollout

import (
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Prerequisites are what the stack of a revision needs in AWS.
type Prerequisites struct {
	// Missing is all that is missing; nil if nothing is.
	Missing *Blocked
	// Unchecked is what wasn't looked at, for lack of a permission or of an
	// answer; "" if everything was.
	Unchecked string
}

// NeedsPreflight tells whether this pass may bring a rollout closer to its
// stack, so that what that needs has to be looked at: before a revision is made
// of the template in spec, and again before its stack is asked for.
func (o *Observation) NeedsPreflight(now time.Time) bool {
	x := newPass(o, now, o.Progress)
	x.clampStep()
	if o.Deleting || o.Paused || !x.lacksOnlyRoute() || !x.lacksOnlyAlarms() || len(o.Lost) > 0 {
		return false
	}
	switch x.state() { //nolint:exhaustive // nothing is made in the others
	case StateStarting:
		return x.startsWithoutStack()
	case StateUnrequested:
		images := x.candidate().Images
		waits := images.Result == v1alpha1.ResultPending && !x.isScanLate()
		return !waits && !x.isMakingRoom()
	}
	return false
}

// lacksOnlyRoute tells whether nothing is in the way but, at most, that the listener
// or the rule of a deployment that has made nothing yet doesn't exist: that is one
// of the things that are missing.
func (x *pass) lacksOnlyRoute() bool {
	isNew := x.p.Rollout == nil && x.p.Stable == 0 && len(x.o.Revisions) == 0
	return x.o.Blocked == nil || isNew && x.o.Blocked.Reason == v1alpha1.ReasonRouteNotFound
}

// lacksOnlyAlarms tells whether no evidence is out of reach but, at most, alarms that
// don't exist, which are some of the things that are missing.
func (x *pass) lacksOnlyAlarms() bool {
	trouble := x.o.Analysis.Trouble
	return trouble == nil || trouble.Reason == v1alpha1.ReasonAlarmNotFound
}

// startsWithoutStack tells whether a rollout is to start of which there is no stack
// yet.
func (x *pass) startsWithoutStack() bool {
	want := x.o.wanted()
	return !x.isOff() && (want == nil || want.absent())
}

// isMakingRoom tells whether the old revision was asked to go already, before the
// new one is made. What is missing is found out before that.
func (x *pass) isMakingRoom() bool {
	stable := x.stable()
	return x.o.Recreate && stable != nil && (!stable.Wanted || !x.o.Route.None && !x.o.Route.Targets.Contains(stable.Backend))
}

// Evicted is how many stacks go before the new one is made.
func (o *Observation) Evicted() int {
	gone := 0
	for i := range o.Revisions {
		if o.Recreate && o.Revisions[i].Wanted {
			gone++
		}
	}
	return gone
}

// blockOnPrerequisites lets nothing be made while something that the stack needs
// is missing: one look at AWS tells all of it, CloudFormation one thing an
// attempt.
func (x *pass) blockOnPrerequisites() *Decision {
	missing := x.o.Prerequisites.Missing
	if missing == nil {
		return nil
	}
	d := x.block(*missing)
	d.After = max(x.o.Policy.Stalled, x.o.Policy.Poll)
	return d
}

// unchecked begins the remark that a stack is made although not everything that
// it needs was looked at.
const unchecked = "not checked before: "

// noteUnchecked remembers what wasn't looked at.
func (x *pass) noteUnchecked() {
	if what := x.o.Prerequisites.Unchecked; what != "" {
		x.p.Rollout.remark(unchecked + what)
	}
}
