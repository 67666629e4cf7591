package cloud

import (
	"context"
	"time"
)

// Functions is AWS Lambda.
type Functions interface {
	// Invoke calls a function and waits for its answer until ctx ends, which
	// limits the call (no other timeout does). The call is made once and not
	// retried automatically. A failed function is an answer, not an error. If
	// the function doesn't exist, the error is KindNotFound.
	Invoke(ctx context.Context, functionARN string, payload []byte) (FunctionAnswer, error)
}

// FunctionAnswer is what a function returned.
type FunctionAnswer struct {
	// Payload that it returned, at most 64 KiB of it; for a failed function the
	// error's description.
	Payload []byte
	// Cut is true if it returned more than that.
	Cut bool
	// Failed is true if the function raised an error or timed out.
	Failed bool
}

// Workflows is AWS Step Functions.
type Workflows interface {
	// Start starts an execution of a standard state machine with a name. It is
	// no error if an execution of that name already exists: it is the same one.
	// If the state machine doesn't exist, the error is KindNotFound.
	Start(ctx context.Context, stateMachineARN, name string, input []byte) error
	// Execution describes the execution of that name; KindNotFound if there is
	// none, or AWS doesn't show it yet.
	Execution(ctx context.Context, stateMachineARN, name string) (Execution, error)
}

// Execution is an execution of a state machine.
type Execution struct {
	ARN    string
	Status ExecutionStatus
	// Output of a successful execution, at most 64 KiB of it.
	Output []byte
	// Error and Cause of one that failed.
	Error, Cause string
	// EndedAt is zero while it is running.
	EndedAt time.Time
}

// ExecutionStatus is an execution's status in Step Functions.
type ExecutionStatus string

// Execution statuses.
const (
	ExecutionRunning   ExecutionStatus = "RUNNING"
	ExecutionSucceeded ExecutionStatus = "SUCCEEDED"
	ExecutionFailed    ExecutionStatus = "FAILED"
	ExecutionTimedOut  ExecutionStatus = "TIMED_OUT"
	ExecutionAborted   ExecutionStatus = "ABORTED"
)
