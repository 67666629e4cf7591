package sfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The statuses of an execution.
const (
	Running   = "RUNNING"
	Succeeded = "SUCCEEDED"
	Failed    = "FAILED"
	TimedOut  = "TIMED_OUT"
	Aborted   = "ABORTED"
)

// maxData is the most that an execution takes or returns.
const maxData = 262144

// maxDuration is how long an execution may run.
const maxDuration = 365 * 24 * time.Hour

// maxLag is how far DescribeExecution may be behind.
const maxLag = time.Second

// Execution is one run of a state machine, as it truly is.
type Execution struct {
	ARN string
	// StateMachine and Name are the parts of the ARN.
	StateMachine string
	Name         string
	Status       string
	Input        string
	// Output is there once it has succeeded.
	Output string
	// Error and Cause say why it has not.
	Error string
	Cause string
	// StartedAt and StoppedAt are its times; StoppedAt is zero while it runs.
	StartedAt time.Time
	StoppedAt time.Time
}

type execution struct {
	Execution
	service *Service
	timers  []*core.Timer
	// seen is what DescribeExecution knows, nil for nothing.
	seen *Execution
}

// start runs a state machine. The caller holds the world's lock.
func (s *Service) start(machine string, m StateMachine, arn, name, input string) *execution {
	e := &execution{service: s, Execution: Execution{
		ARN: arn, StateMachine: machine, Name: name, Status: Running, Input: input, StartedAt: s.world.Now(),
	}}
	s.executions = append(s.executions, e)
	e.publish()
	if !m.Hold {
		e.timers = append(e.timers, s.world.After(m.Duration, func() { go e.decide(m.Outcome) }))
	}
	e.timers = append(e.timers, s.world.After(m.timeout(), func() { e.end(TimedOut, "", "States.Timeout", "") }))
	return e
}

// timeout is when an execution ends by itself.
func (m StateMachine) timeout() time.Duration {
	if m.Timeout == 0 {
		return maxDuration
	}
	return min(m.Timeout, maxDuration)
}

// publish makes the execution, as it is now, known to DescribeExecution: at
// once in half of all cases, else after a while.
func (e *execution) publish() {
	now := e.Execution
	show := func() {
		if e.seen == nil || e.seen.Status == Running {
			e.seen = &now
		}
	}
	rng := e.service.world.Rand()
	if rng.IntN(2) == 0 {
		show()
		return
	}
	e.service.world.After(time.Duration(rng.Float64()*float64(maxLag)), show)
}

// decide ends the execution as the state machine wants. It doesn't have the
// world's lock.
func (e *execution) decide(outcome func(string) (string, error)) {
	output, err := "{}", error(nil)
	if outcome != nil {
		output, err = outcome(e.Input)
	}
	e.service.world.Lock()
	defer e.service.world.Unlock()
	e.conclude(output, err)
}

// conclude ends the execution with an output or an error.
func (e *execution) conclude(output string, err error) {
	own, named := errors.AsType[*Error](err)
	switch {
	case named:
		e.end(Failed, "", own.Name, own.Cause)
	case err != nil:
		e.end(Failed, "", "States.TaskFailed", err.Error())
	case len(output) > maxData:
		e.end(Failed, "", "States.DataLimitExceeded", "The state/task returned a result with a size exceeding the maximum number of bytes service limit.")
	case !json.Valid([]byte(output)):
		e.end(Failed, "", "States.Runtime", "The output of the execution is not valid JSON.")
	default:
		e.end(Succeeded, output, "", "")
	}
}

// end closes the execution unless it is closed.
func (e *execution) end(status, output, name, cause string) {
	if e.Status != Running {
		return
	}
	for _, timer := range e.timers {
		timer.Stop()
	}
	e.Status, e.Output, e.Error, e.Cause, e.StoppedAt = status, output, name, cause, e.service.world.Now()
	e.publish()
}

// Executions are all executions so far, in order of their start.
func (s *Service) Executions() []Execution {
	var all []Execution
	for _, e := range s.executions {
		all = append(all, e.Execution)
	}
	return all
}

// Finish ends a running execution, as its state machine would: with an output,
// or as FAILED with an error.
func (s *Service) Finish(arn, output string, err error) error {
	e := s.latest(arn)
	if e == nil {
		return fmt.Errorf("there is no execution %s", arn)
	}
	if e.Status != Running {
		return fmt.Errorf("execution %s is %s", arn, e.Status)
	}
	e.conclude(output, err)
	return nil
}
