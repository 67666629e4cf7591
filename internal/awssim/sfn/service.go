// Package sfn simulates executions of AWS Step Functions state machines: they
// start, run for a while and end as a Go function or a test decides. States
// aren't simulated, and state machines can't be made through the API.
//
// It imports the standard library and internal/awssim/core only.
package sfn

import (
	"errors"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The types of state machines.
const (
	Standard = "STANDARD"
	Express  = "EXPRESS"
)

// StateMachine is a state machine of the account.
type StateMachine struct {
	// Type is Standard, the default, or Express, whose executions are refused
	// as not simulated.
	Type string
	// Duration is how long an execution takes, divided by the world's speed.
	Duration time.Duration
	// Timeout ends an execution as TIMED_OUT, divided by the world's speed.
	// Default and at most a year.
	Timeout time.Duration
	// Hold keeps executions running until Finish or StopExecution ends them.
	Hold bool
	// Outcome decides how an execution ends once Duration has passed. It runs
	// without the world's lock. An error makes it FAILED, an *Error with its
	// name and cause. Nil succeeds with {}.
	Outcome func(input string) (output string, err error)
}

// Error is why an execution failed.
type Error struct {
	Name  string
	Cause string
}

func (e *Error) Error() string { return e.Name + ": " + e.Cause }

// Service is Step Functions in one account and region. All methods expect the
// world's lock to be held.
type Service struct {
	world      *core.World
	machines   map[string]StateMachine
	executions []*execution
}

// New returns Step Functions without state machines.
func New(w *core.World) *Service {
	return &Service{world: w, machines: map[string]StateMachine{}}
}

// Register makes a state machine or replaces it for later executions. It
// returns the state machine's ARN.
func (s *Service) Register(name string, m StateMachine) (string, error) {
	switch {
	case !validName(name):
		return "", errors.New("the state machine's name must be 1 to 80 characters without spaces, brackets, wildcards and special characters")
	case m.Type != "" && m.Type != Standard && m.Type != Express:
		return "", errors.New("the state machine's type must be STANDARD or EXPRESS")
	case m.Duration < 0 || m.Timeout < 0:
		return "", errors.New("the state machine's duration and timeout must not be negative")
	}
	s.machines[name] = m
	return s.world.ARN("states", "stateMachine:"+name), nil
}

// SigningName implements core.JSONService.
func (s *Service) SigningName() string { return "states" }

// TargetPrefix implements core.JSONService.
func (s *Service) TargetPrefix() string { return "AWSStepFunctions" }

// JSON implements core.JSONService.
func (s *Service) JSON() map[string]core.JSONFunc {
	return map[string]core.JSONFunc{
		"StartExecution":    core.Action(s.startExecution),
		"DescribeExecution": core.Action(s.describeExecution),
		"StopExecution":     core.Action(s.stopExecution),
	}
}

func invalid(format string, args ...any) error {
	return core.Errorf("ValidationException", format, args...)
}

// invalidMember is a value that the API's model refuses.
func invalidMember(member, constraint string) error {
	return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, constraint)
}
