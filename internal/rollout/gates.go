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

// run finds a gate's run at a point; nil if it wasn't started.
func (r *Rollout) run(gate Gate, step int32) *GateRun {
	for i := range r.Gates {
		if run := &r.Gates[i]; run.Name == gate.Name && run.At == gate.At && run.Step == step {
			return run
		}
	}
	return nil
}

// gates passes the gates of a point, one after the other. It tells whether
// there is still one to pass, or the rollout was decided by one.
func (x *decider) gates(r *Rollout, point v1alpha1.GatePoint, step int32) bool {
	if r.Cause == v1alpha1.CauseRevert {
		return false // back to what served just before, without delay
	}
	for _, gate := range x.o.Gates {
		stands := gate.At == point && (len(gate.Steps) == 0 || slices.Contains(gate.Steps, step))
		skipped := r.Full && (gate.Approval || point == v1alpha1.AfterStep)
		if stands && !skipped && x.pass(r, gate, step) {
			return true
		}
	}
	return false
}

// pass starts a gate, or sees how it is going. It tells whether it is still to
// be waited for, or has decided the rollout.
func (x *decider) pass(r *Rollout, gate Gate, step int32) bool {
	run := r.run(gate, step)
	switch {
	case run == nil:
		r.Gates = append(r.Gates, GateRun{Name: gate.Name, At: gate.At, Step: step, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: x.now})
		x.tellGate(r, &r.Gates[len(r.Gates)-1], "starting")
		x.wait(0)
		return true
	case run.State != v1alpha1.GateRunning:
		return false
	case gate.Approval:
		return x.awaitApproval(r, gate, run)
	}
	return x.follow(r, gate, run)
}

// follow sees what a gate's call has led to.
func (x *decider) follow(r *Rollout, gate Gate, run *GateRun) bool {
	expires := run.StartedAt.Add(gate.Timeout)
	if x.now.Before(run.CallAt) && x.now.Before(expires) {
		x.tellGate(r, run, run.Message)
		x.until(run.CallAt)
		return true
	}
	answer := x.o.Answers[run.Key()]
	switch {
	case answer.State == AnswerYes:
		x.end(r, run, v1alpha1.GateSucceeded, answer)
		return true
	case answer.State == AnswerNo:
		return x.reject(r, gate, run, answer)
	case !x.now.Before(expires):
		return x.reject(r, gate, run, Answer{Message: fmt.Sprintf("no answer within %s", gate.Timeout)})
	case answer.State == AnswerLater:
		run.Calls++
		run.CallAt, run.Message, run.Output = x.now.Add(answer.Delay), answer.Message, answer.Output
		x.tellGate(r, run, run.Message)
		x.wait(0)
	case answer.State == AnswerNone:
		x.unheard()
		x.tellGate(r, run, "starting")
		x.act(Action{Kind: ActionStartGate, Revision: r.Revision, Run: *run})
		x.wait(min(x.o.Policy.Poll, time.Second)) // an answer takes its time
	default:
		if answer.State == AnswerAsked {
			x.unheard()
		}
		run.CallAt = time.Time{}
		x.tellGate(r, run, "running since "+clock(run.StartedAt))
		x.until(expires)
	}
	return true
}

// unheard keeps it told that a gate can't be asked until it is heard of.
func (x *decider) unheard() {
	x.d.StillBlocked = x.o.WasBlocked == v1alpha1.ReasonGateUnavailable
}

// reject notes that an attempt failed. The next one follows, or the gate has
// failed. A gate that tells others of what has happened decides nothing, nor
// does one of a revision that serves already with nothing to take its place.
func (x *decider) reject(r *Rollout, gate Gate, run *GateRun, answer Answer) bool {
	if run.Attempt <= gate.Retries {
		run.Attempt++
		run.Calls, run.StartedAt = 0, x.now.Add(retryPause)
		run.CallAt, run.Message, run.Output = run.StartedAt, answer.Message, answer.Output
		x.tellGate(r, run, run.Message)
		x.wait(0)
		return true
	}
	message := fmt.Sprintf("gate %s (%s) failed: %s", run.label(), run.At, answer.Message)
	x.end(r, run, v1alpha1.GateFailed, answer)
	if !gate.At.Decisive() || x.alone() {
		x.d.Notices = append(x.d.Notices, Notice{Warning: true, Reason: v1alpha1.ReasonGateFailed, Action: run.label(), Message: message})
		return true
	}
	x.fail(r, v1alpha1.ReasonGateFailed, message)
	return true
}

// end notes how a gate ended; the next pass goes on from there.
func (x *decider) end(r *Rollout, run *GateRun, state v1alpha1.GateState, answer Answer) {
	run.State, run.EndedAt, run.CallAt = state, x.now, time.Time{}
	run.Message, run.Output = answer.Message, answer.Output
	if r.Outcome == "" {
		r.ProgressedAt = x.now
	}
	x.tellGate(r, run, string(state))
	x.wait(0)
}

// awaitApproval waits for a person.
func (x *decider) awaitApproval(r *Rollout, gate Gate, run *GateRun) bool {
	expires := run.StartedAt.Add(gate.Expiry)
	switch {
	case x.now.Before(expires):
		x.await(v1alpha1.ReasonAwaitingApproval, fmt.Sprintf("Gate %s waits for approval until %s", run.label(), expires.UTC().Format("2006-01-02 15:04:05 MST")), r, "/"+run.label())
		x.until(expires)
	case gate.Lenient:
		x.end(r, run, v1alpha1.GateSucceeded, Answer{Message: fmt.Sprintf("nobody answered within %s", gate.Expiry)})
	default:
		message := fmt.Sprintf("nobody approved within %s", gate.Expiry)
		x.end(r, run, v1alpha1.GateFailed, Answer{Message: message})
		if !x.alone() {
			x.fail(r, v1alpha1.ReasonApprovalExpired, fmt.Sprintf("gate %s (%s): %s", run.label(), run.At, message))
		}
	}
	return true
}

// approve gives the approval that a gate waits for.
func (x *decider) approve(r *Rollout, value, label string) {
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
		r.ProgressedAt = x.now
		return
	}
	name := fmt.Sprintf("%s-%d", x.o.Name, r.Revision)
	x.ignore(v1alpha1.AnnotationPromote, value, fmt.Sprintf("it must read %s/<step>, %s/full, or %s/<gate> of a gate that waits for approval", name, name, name))
}

// await says that a person has to decide, and how.
func (x *decider) await(reason, message string, r *Rollout, suffix string) {
	cure := "To go on: " + x.command(v1alpha1.AnnotationPromote, x.d.Progress.Handled.Promote, r, suffix) +
		"; to go back: " + x.command(v1alpha1.AnnotationAbort, x.d.Progress.Handled.Abort, r, "")
	x.d.Blocked = &Blocked{Reason: reason, Message: message, Cure: cure, Awaited: true}
	x.tell(v1alpha1.PhasePaused, reason, message+". "+cure)
	x.wait(x.o.Policy.Poll)
}

// held waits for the gates after a step, or before the promotion.
func (x *decider) held(r *Rollout, last bool) bool {
	if last {
		return x.gates(r, v1alpha1.BeforePromotion, 0)
	}
	return x.gates(r, v1alpha1.AfterStep, int32(r.Step)+1) //nolint:gosec // a plan has few steps
}

// afterwards tells others how the rollout ended, before the stack that lost
// goes. A template that was changed meanwhile isn't kept waiting.
func (x *decider) afterwards(r *Rollout) bool {
	candidate := x.o.revision(r.Revision)
	point := v1alpha1.OnRollback
	switch {
	case r.Outcome == v1alpha1.OutcomeSuperseded || candidate == nil || candidate.Hash != x.o.WantHash:
		return false
	case r.Outcome.Good():
		point = v1alpha1.AfterPromotion
	}
	return x.gates(r, point, 0)
}

// tellGate says which gate is passed.
func (x *decider) tellGate(r *Rollout, run *GateRun, what string) {
	phase := x.d.Phase
	switch {
	case r.Outcome.Good():
		phase = v1alpha1.PhaseCleaningUp
	case r.Outcome != "":
		phase = v1alpha1.PhaseRollingBack
	case run.At == v1alpha1.AfterProvision || run.At == v1alpha1.BeforeTraffic:
		phase = v1alpha1.PhaseVerifying
	case run.At == v1alpha1.BeforePromotion:
		phase = v1alpha1.PhaseBaking
	case run.At == v1alpha1.AfterStep:
		phase = v1alpha1.PhaseShifting
	}
	message := fmt.Sprintf("Gate %s (%s), attempt %d: %s", run.label(), run.At, run.Attempt, what)
	x.tell(phase, v1alpha1.ReasonGateRunning, message)
}
