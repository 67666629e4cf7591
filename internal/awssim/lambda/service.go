// Package lambda simulates what it takes to invoke an AWS Lambda function: the
// Invoke operation, functions that are written in Go, their timeouts and their
// concurrency, and the queue behind asynchronous invocations. Functions can't
// be made through the API.
//
// It imports the standard library and internal/awssim/core only.
package lambda

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// defaultTimeout is what AWS gives a function that asks for nothing else.
const defaultTimeout = 3 * time.Second

// maxTimeout is the longest that a function may run.
const maxTimeout = 15 * time.Minute

// Function is a function of the account.
type Function struct {
	// Handler is the function's code. It runs without the world's lock, in a
	// goroutine of its own, once for each invocation. Nil returns null. An
	// *Error decides the error's type.
	Handler func(payload []byte) (result []byte, err error)
	// Duration is how long an invocation takes, divided by the world's speed.
	// A handler that takes longer makes it longer.
	Duration time.Duration
	// Timeout ends an invocation, divided by the world's speed. Default 3s.
	Timeout time.Duration
	// ReservedConcurrency is how many invocations may run at a time; with 0 the
	// function shares what the account has left with all others like it.
	ReservedConcurrency int
	// Aliases are the versions which the function's aliases stand for, such as
	// "live": "3". Without one there is $LATEST only.
	Aliases map[string]string
}

// Error is a function's error with its type, such as "ValueError".
type Error struct {
	Type    string
	Message string
}

func (e *Error) Error() string { return e.Message }

// Invocation is one run of a function.
type Invocation struct {
	// At is when it started.
	At time.Time
	// Payload is what the handler got.
	Payload []byte
	// Version is the version that ran, such as $LATEST.
	Version string
	// RequestID is that of the call; the retries of an event share it.
	RequestID string
	// Event tells that nobody waits for the result.
	Event bool
}

// Service is Lambda in one account and region. All methods but Close expect the
// world's lock to be held.
type Service struct {
	world     *core.World
	functions map[string]*function
	closing   sync.Once
	closed    chan struct{}
}

type function struct {
	Function
	running     int
	invocations []Invocation
}

// New returns Lambda without functions.
func New(w *core.World) *Service {
	return &Service{world: w, functions: map[string]*function{}, closed: make(chan struct{})}
}

// Close ends the wait for invocations, which don't end any more.
func (s *Service) Close() { s.closing.Do(func() { close(s.closed) }) }

// Register makes a function or replaces its code and configuration.
func (s *Service) Register(name string, f Function) error {
	if f.Timeout == 0 {
		f.Timeout = defaultTimeout
	}
	switch {
	case !namePattern.MatchString(name):
		return errors.New("the function's name must be 1 to 64 letters, digits, hyphens and underscores")
	case f.Timeout < 0 || f.Timeout > maxTimeout:
		return errors.New("the function's timeout must be above 0 and at most 15 minutes")
	}
	known := s.functions[name]
	if err := s.checkReservation(known, f.ReservedConcurrency); err != nil {
		return err
	}
	if f.Handler == nil {
		f.Handler = func([]byte) ([]byte, error) { return []byte("null"), nil }
	}
	if known == nil {
		known = &function{}
		s.functions[name] = known
	}
	known.Function = f
	return nil
}

// Exists tells whether there is a function, by its ARN.
func (s *Service) Exists(arn string) bool {
	ref, err := s.refer(arn, "")
	if err != nil {
		return false
	}
	_, _, err = s.resolve(ref)
	return err == nil
}

// Invocations are all runs of a function so far, in their order.
func (s *Service) Invocations(name string) []Invocation {
	f := s.functions[name]
	if f == nil {
		return nil
	}
	return slices.Clone(f.invocations)
}

// SigningName implements core.RESTService.
func (s *Service) SigningName() string { return "lambda" }
