package rollout

import (
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// What a namespace may use is asked before something new is made, and only then:
// a policy that is taken back takes nothing away from what serves, and stands in
// the way of no rollback, abort or deletion.

// NeedsPolicy tells whether this pass may make something new, so that it has to be
// known whether the namespace may use what spec names: a rule that nobody owns is
// adopted, a rollout starts, a stack is asked for, or the production rule is
// created. A way back to what served just before is nothing new.
func (o *Observation) NeedsPolicy(now time.Time) bool {
	x := newPass(o, now, o.Progress)
	x.clampStep()
	switch {
	case o.Deleting || o.Blocked != nil:
		return false
	case x.adoptsAnew():
		return true
	case o.Paused:
		return false
	}
	x.keepRequests() // what people ask for may start a rollout in this pass
	x.hearRequests()
	switch x.state() { //nolint:exhaustive // nothing new is made in the others
	case StateStarting:
		return x.startsAnew()
	case StateUnrequested:
		return !x.isMakingRoom() // what served has gone already
	case StateShifting:
		return !o.Route.None && !o.Route.Exists && x.p.Stable == 0
	}
	return false
}

// startsAnew tells whether a rollout is to start that isn't the way back to what
// served just before.
func (x *pass) startsAnew() bool {
	want := x.o.wanted()
	return !x.isOff() && (want == nil || x.cause(want) != v1alpha1.CauseRevert)
}

// adoptsAnew tells whether the deployment is about to adopt a rule that is
// nobody's, with which it has begun nothing yet.
func (x *pass) adoptsAnew() bool {
	rule := x.o.Route
	return rule.Adopted && rule.Exists && !rule.Owned && !rule.Inherited && x.p.Rollout == nil && x.p.Stable == 0
}

// blockAdoption lets no rule be adopted that the namespace may not use. Nothing
// has begun, so nobody is kept from aborting.
func (x *pass) blockAdoption() *Decision {
	if !x.adoptsAnew() {
		return nil
	}
	return x.blockIfNotAllowed()
}

// blockIfNotAllowed lets nothing new be made while the namespace may not use what
// spec names.
func (x *pass) blockIfNotAllowed() *Decision {
	if x.o.NotAllowed == nil {
		return nil
	}
	d := x.block(*x.o.NotAllowed)
	d.After = max(x.o.Policy.Stalled, x.o.Policy.Poll)
	return d
}
