package cloud

import (
	"context"
	"time"
)

// Functions is AWS Lambda.
type Functions interface {
	// Invoke calls a function and waits for its answer until ctx ends, which
	// bounds the call (no other timeout does). The call is made once and not
	// repeated by itself. A function that fails is an answer, not an error. A
	// function that doesn't exist is KindNotFound.
	Invoke(ctx context.Context, functionARN string, payload []byte) (FunctionAnswer, error)
}

// FunctionAnswer is what a function returned.
type FunctionAnswer struct {
	// Payload that it returned, at most 64 KiB of it; for a failed one the
	// error's description.
	Payload []byte
	// Failed is true when the function raised an error or timed out.
	Failed bool
}

// Workflows is AWS Step Functions.
type Workflows interface {
	// Start starts an execution of a standard state machine under a name. An
	// execution of that name that is there already is no error: it is the one
	// that is meant. A state machine that doesn't exist is KindNotFound.
	Start(ctx context.Context, stateMachineARN, name string, input []byte) error
	// Execution describes the execution of that name. KindNotFound if there is
	// none, or none that AWS shows yet.
	Execution(ctx context.Context, stateMachineARN, name string) (Execution, error)
}

// Execution is an execution of a state machine.
type Execution struct {
	ARN    string
	Status ExecutionStatus
	// Output of a successful one, at most 64 KiB of it.
	Output []byte
	// Error and Cause of one that isn't.
	Error, Cause string
	// EndedAt is zero while it runs.
	EndedAt time.Time
}

// ExecutionStatus is an execution's status in the words of Step Functions.
type ExecutionStatus string

// Execution statuses.
const (
	ExecutionRunning   ExecutionStatus = "RUNNING"
	ExecutionSucceeded ExecutionStatus = "SUCCEEDED"
	ExecutionFailed    ExecutionStatus = "FAILED"
	ExecutionTimedOut  ExecutionStatus = "TIMED_OUT"
	ExecutionAborted   ExecutionStatus = "ABORTED"
)
