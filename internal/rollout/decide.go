package rollout

import (
	"time"
)

// Decide tells how to go on from what was observed. It asks the guards that come
// first in every state, and then those of the state that the deployment is in.
func Decide(o Observation, now time.Time) Decision {
	x := newPass(&o, now, o.Progress)
	d := x.ask(always)
	if d == nil && !o.Deleting {
		d = x.ask(first)
	}
	if d == nil {
		d = x.goOn()
	}
	return x.summarise(d)
}

// always are asked first, even in a deletion.
var always = []guard{
	note((*pass).keepRequests),
	note((*pass).correctTimes),
	note((*pass).clampStep),
	note((*pass).noteRule),
	(*pass).blockOnOthers,
	(*pass).recallLost,
	(*pass).awaitRecord,
}

// first are asked before those of any state. What makes things safer comes before
// what stops everything: a person who aborts doesn't have to wait until a rule
// that someone changed is put right.
var first = []guard{
	// What is remembered, compared with what AWS shows.
	(*pass).agreeWithWriter,
	(*pass).recoverStable,
	(*pass).blockAdoption,
	(*pass).rememberOrigin,
	(*pass).claimRule,
	// What people ask for.
	note((*pass).hearRequests),
	(*pass).concludeAborted,
	(*pass).renewLost,
	// How the new revision is, even while nothing moves.
	note((*pass).noteOff),
	note((*pass).noteCandidate),
	note((*pass).noteShare),
	note((*pass).noteCount),
	note((*pass).noteScaling),
	note((*pass).noteDrift),
	(*pass).pause,
	// What others did to the rule.
	note((*pass).noteWritten),
	(*pass).giveUpInDrift,
	(*pass).enforceRule,
	(*pass).blockOnDrift,
	// What others did to a stack.
	note((*pass).noteTampering),
	(*pass).failTampered,
	(*pass).blockOnTampering,
	// Evidence that can't be had.
	(*pass).failInTrouble,
	(*pass).blockOnTrouble,
	// Nothing is in the way.
	note((*pass).resume),
	note((*pass).retireUnused),
}

// goOn asks the guards of the state that the deployment is in, and does the
// housekeeping when they need nothing right now.
func (x *pass) goOn() *Decision {
	state := x.state()
	d := x.ask(states[state].guards)
	d.State = state
	if x.o.Deleting {
		return d
	}
	x.addPostponed(d)
	if d.Action.Kind == ActionNone {
		newPass(x.o, x.now, d.Progress).housekeep(d)
	}
	return d
}

// blockOnOthers stops at what only others can put right. A deletion doesn't wait
// for that.
func (x *pass) blockOnOthers() *Decision {
	if x.o.Blocked == nil || x.o.Deleting {
		return nil
	}
	return x.block(*x.o.Blocked)
}
