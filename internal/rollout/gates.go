package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Gate is something that a rollout waits for at one point.
type Gate struct {
	Name string
	At   v1alpha1.GatePoint
	// Steps after which it stands, counted from 1; none is all.
	Steps []int32
	// Timeout of an attempt, and how many more attempts may follow the first.
	Timeout time.Duration
	Retries int32
	// Approval is true for a person, who is waited for until Expiry.
	Approval bool
	Expiry   time.Duration
	// Lenient is true when an approval that nobody gave in time counts as
	// given.
	Lenient bool
}

// GateRun is a gate in a rollout. Zero times are unset.
type GateRun struct {
	Name string
	At   v1alpha1.GatePoint
	// Step after which it stands, counted from 1; 0 at other points.
	Step  int32
	State v1alpha1.GateState
	// Attempt counted from 1, and how many calls of it were answered.
	Attempt, Calls int32
	// StartedAt is when the attempt starts or started.
	StartedAt time.Time
	// CallAt is when the next call is due, while it isn't yet.
	CallAt  time.Time
	EndedAt time.Time
	Message string
	Output  string
}

// Key names one call of the run within a rollout.
func (g *GateRun) Key() string { return fmt.Sprintf("%s/%d", g.AttemptKey(), g.Calls) }

// AttemptKey names an attempt within a rollout.
func (g *GateRun) AttemptKey() string { return fmt.Sprintf("%s/%d", g.label(), g.Attempt) }

// label names the run within a rollout.
func (g *GateRun) label() string {
	if g.Step > 0 {
		return fmt.Sprintf("%s/%d", g.Name, g.Step)
	}
	return g.Name
}

// AnswerState is what became of a gate's call.
type AnswerState string

// Answer states.
const (
	// AnswerNone: it was not made, or by a run that crashed.
	AnswerNone AnswerState = ""
	// AnswerWaiting: there was no place for it among the calls under way, and
	// there is none yet. AnswerAdmitted: there is one now.
	AnswerWaiting  AnswerState = "Waiting"
	AnswerAdmitted AnswerState = "Admitted"
	// AnswerAsked: it is under way, and nothing was heard of it yet.
	AnswerAsked AnswerState = "Asked"
	// AnswerRunning: the gate is working on it.
	AnswerRunning AnswerState = "Running"
	// AnswerYes lets the revision pass, AnswerNo turns it down.
	AnswerYes AnswerState = "Yes"
	AnswerNo  AnswerState = "No"
	// AnswerLater asks to be called again.
	AnswerLater AnswerState = "Later"
)

// Answer is what a gate says.
type Answer struct {
	State   AnswerState
	Message string
	Output  string
	// Delay before the next call, with AnswerLater.
	Delay time.Duration
}

// retryPause is the time between two attempts.
const retryPause = 10 * time.Second

// gateRun finds a gate's run at a point; nil if it wasn't started.
func (r *Rollout) gateRun(gate Gate, step int32) *GateRun {
	for i := range r.Gates {
		if run := &r.Gates[i]; run.Name == gate.Name && run.At == gate.At && run.Step == step {
			return run
		}
	}
	return nil
}

// passGates passes the gates of a point, one after the other.
func (x *pass) passGates(point v1alpha1.GatePoint, step int32) *Decision {
	r := x.p.Rollout
	if r.Cause == v1alpha1.CauseRevert {
		return nil // back to what served just before, without delay
	}
	for _, gate := range x.o.Gates {
		stands := gate.At == point && (len(gate.Steps) == 0 || slices.Contains(gate.Steps, step))
		skipped := r.Full && (gate.Approval || point == v1alpha1.AfterStep)
		if !stands || skipped {
			continue
		}
		if d := x.passGate(gate, step); d != nil {
			return d
		}
	}
	return nil
}

// passGate starts a gate, or sees how it is going.
func (x *pass) passGate(gate Gate, step int32) *Decision {
	r := x.rollout()
	run := r.gateRun(gate, step)
	switch {
	case run == nil:
		r.Gates = append(r.Gates, GateRun{Name: gate.Name, At: gate.At, Step: step, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: x.now})
		return x.again(gateWords(&r, &r.Gates[len(r.Gates)-1], "starting")).with(r)
	case run.State != v1alpha1.GateRunning:
		return nil
	case gate.Approval:
		return x.awaitGateApproval(r, gate, run)
	case x.now.Before(run.CallAt) && x.now.Before(run.StartedAt.Add(gate.Timeout)):
		return x.until(gateWords(&r, run, run.Message), run.CallAt)
	}
	return x.followGate(r, gate, run)
}

// followGate sees what a gate's call has led to. run is in r.
func (x *pass) followGate(r Rollout, gate Gate, run *GateRun) *Decision {
	expires := run.StartedAt.Add(gate.Timeout)
	answer := x.o.Answers[run.Key()]
	switch {
	case answer.State == AnswerYes:
		return x.endGate(r, run, v1alpha1.GateSucceeded, answer)
	case answer.State == AnswerNo:
		return x.rejectGate(r, gate, run, answer)
	case answer.State == AnswerWaiting:
		return x.awaitPlace(r, gate, run)
	case answer.State == AnswerAdmitted:
		run.StartedAt = x.now
		return x.startGate(r, run).with(r)
	case !x.now.Before(expires):
		return x.rejectGate(r, gate, run, Answer{Message: fmt.Sprintf("no answer within %s", gate.Timeout)})
	case answer.State == AnswerLater:
		run.Calls++
		run.CallAt, run.Message, run.Output = x.now.Add(answer.Delay), answer.Message, answer.Output
		return x.again(gateWords(&r, run, run.Message)).with(r)
	case answer.State == AnswerNone:
		return x.startGate(r, run)
	}
	run.CallAt = time.Time{}
	d := x.until(gateWords(&r, run, "running since "+clock(run.StartedAt)), expires).with(r)
	if answer.State == AnswerAsked && x.isGateUnheard() && x.frozen != nil {
		told := x.awaitOthers(v1alpha1.PhasePaused, x.o.Told).with(r)
		told.After = d.After
		return told // it takes its time; at the next look, that counts as heard
	}
	return d
}

// startGate asks a gate. run is in r.
func (x *pass) startGate(r Rollout, run *GateRun) *Decision {
	d := x.do(gateWords(&r, run, "starting"), Action{Kind: ActionStartGate, Revision: r.Revision, Run: *run})
	if x.isGateUnheard() {
		d = x.stayUnavailable(d)
	}
	d.After = min(x.o.Policy.Poll, time.Second) // an answer takes its time
	return d
}

// placePause is how often at most it is remembered that a gate still waits for a
// place: its time begins when it has one, whatever this process forgets.
const placePause = time.Minute

// awaitPlace waits until fewer calls of gates are under way. That is not the
// gate's time. run is in r.
func (x *pass) awaitPlace(r Rollout, gate Gate, run *GateRun) *Decision {
	if !x.now.Before(run.StartedAt.Add(min(placePause, gate.Timeout/3))) {
		run.StartedAt = x.now
	}
	return x.poll(gateWords(&r, run, "waiting for a place, since as many functions and webhooks are called as may be (--max-gate-calls)")).with(r)
}

// isGateUnheard keeps it told that a gate can't be asked until it is heard of.
func (x *pass) isGateUnheard() bool { return x.o.WasBlocked == v1alpha1.ReasonGateUnavailable }

// stayUnavailable asks a gate again that couldn't be asked: for people nothing
// changes by that, until it is heard of. Its time runs where it decides nothing,
// since the revision serves already and nothing could take its place.
func (x *pass) stayUnavailable(asks *Decision) *Decision {
	d := x.awaitOthers(v1alpha1.PhasePaused, x.o.Told)
	if !x.hasNoWayBack() {
		d = x.block(x.o.Told)
	}
	d.Action = asks.Action
	return d
}

// rejectGate notes that an attempt failed. The next one follows, or the gate has
// failed. A gate that tells others of what has happened decides nothing, nor
// does one of a revision that serves already with nothing to take its place.
func (x *pass) rejectGate(r Rollout, gate Gate, run *GateRun, answer Answer) *Decision {
	if run.Attempt <= gate.Retries {
		run.Attempt++
		run.Calls, run.StartedAt = 0, x.now.Add(retryPause)
		run.CallAt, run.Message, run.Output = run.StartedAt, answer.Message, answer.Output
		return x.again(gateWords(&r, run, run.Message)).with(r)
	}
	message := fmt.Sprintf("gate %s (%s) failed: %s", run.label(), run.At, answer.Message)
	d := x.endGate(r, run, v1alpha1.GateFailed, answer)
	if gate.At.Decisive() && !x.hasNoWayBack() {
		return x.fail(*d.Progress.Rollout, v1alpha1.ReasonGateFailed, message)
	}
	d.Notices = []Notice{{Warning: true, Reason: v1alpha1.ReasonGateFailed, Action: run.label(), Message: message}}
	return d
}

// endGate notes how a gate ended; the next pass goes on from there. run is in r.
func (x *pass) endGate(r Rollout, run *GateRun, state v1alpha1.GateState, answer Answer) *Decision {
	run.State, run.EndedAt, run.CallAt = state, x.now, time.Time{}
	run.Message, run.Output = answer.Message, answer.Output
	if r.Outcome == "" {
		r.progressed(x.now)
	}
	return x.again(gateWords(&r, run, string(state))).with(r)
}

// awaitGateApproval waits for a person.
func (x *pass) awaitGateApproval(r Rollout, gate Gate, run *GateRun) *Decision {
	expires := run.StartedAt.Add(gate.Expiry)
	if x.now.Before(expires) {
		d := x.awaitPerson(v1alpha1.ReasonAwaitingApproval, fmt.Sprintf("Gate %s waits for approval until %s", run.label(), date(expires)), "/"+run.label())
		d.After = min(d.After, expires.Sub(x.now))
		return d
	}
	if gate.Lenient {
		return x.endGate(r, run, v1alpha1.GateSucceeded, Answer{Message: fmt.Sprintf("nobody answered within %s", gate.Expiry)})
	}
	message := fmt.Sprintf("nobody approved within %s", gate.Expiry)
	d := x.endGate(r, run, v1alpha1.GateFailed, Answer{Message: message})
	if x.hasNoWayBack() {
		return d
	}
	return x.fail(*d.Progress.Rollout, v1alpha1.ReasonApprovalExpired, fmt.Sprintf("gate %s (%s): %s", run.label(), run.At, message))
}

// approveGate gives the approval that a gate waits for.
func (x *pass) approveGate(value, label string) {
	r := x.p.Rollout
	for i := range r.Gates {
		run := &r.Gates[i]
		if run.State != v1alpha1.GateRunning || run.label() != label {
			continue
		}
		if !slices.ContainsFunc(x.o.Gates, func(g Gate) bool { return g.Name == run.Name && g.Approval }) {
			x.ignore(v1alpha1.AnnotationPromote, value, fmt.Sprintf("gate %s waits for an answer, not for approval", label))
			return
		}
		x.accept(v1alpha1.AnnotationPromote, value)
		run.State, run.EndedAt, run.Message = v1alpha1.GateSucceeded, x.now, "approved"
		r.progressed(x.now)
		return
	}
	name := fmt.Sprintf("%s-%d", x.o.Name, r.Revision)
	x.ignore(v1alpha1.AnnotationPromote, value, fmt.Sprintf("it must read %s/<step>, %s/full, or %s/<gate> of a gate that waits for approval", name, name, name))
}

// awaitPerson waits for a person to decide, and says how.
func (x *pass) awaitPerson(reason, message, suffix string) *Decision {
	r := x.p.Rollout
	remedy := "To go on: " + x.command(v1alpha1.AnnotationPromote, x.p.Handled.Promote, r, suffix) +
		"; to go back: " + x.command(v1alpha1.AnnotationAbort, x.p.Handled.Abort, r, "")
	return x.awaitOthers(v1alpha1.PhasePaused, Blocked{Reason: reason, Message: message, Remedy: remedy, Awaited: true})
}

// gateWords say which gate is passed.
func gateWords(r *Rollout, run *GateRun, what string) words {
	phase := v1alpha1.PhaseShifting
	switch {
	case r.Outcome.Good():
		phase = v1alpha1.PhaseCleaningUp
	case r.Outcome != "":
		phase = v1alpha1.PhaseRollingBack
	case run.At == v1alpha1.AfterProvision || run.At == v1alpha1.BeforeTraffic:
		phase = v1alpha1.PhaseVerifying
	case run.At == v1alpha1.BeforePromotion:
		phase = v1alpha1.PhaseBaking
	}
	return words{phase, v1alpha1.ReasonGateRunning, fmt.Sprintf("Gate %s (%s), attempt %d: %s", run.label(), run.At, run.Attempt, what)}
}
