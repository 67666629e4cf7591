package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// workflow is an execution of an AWS Step Functions state machine.
type workflow struct {
	workflows cloud.Workflows
	spec      *v1alpha1.StepFunctionsGate
}

// Start starts the execution.
func (w *workflow) Start(ctx context.Context, call Call, question hook.Question) error {
	body, err := encode(question.Gate, question)
	if err != nil {
		return err
	}
	return w.workflows.Start(ctx, w.spec.StateMachineARN, executionName(call), body)
}

// Answer is how the execution is going.
func (w *workflow) Answer(ctx context.Context, call Call) (rollout.Answer, error) {
	execution, err := w.workflows.Execution(ctx, w.spec.StateMachineARN, executionName(call))
	if cloud.IsNotFound(err) {
		return rollout.Answer{}, nil // not started, or not shown yet: starting it again is harmless
	}
	if err != nil {
		return rollout.Answer{}, err
	}
	return hook.FromExecution(execution), nil
}

// executionName is the name of the execution: it follows from the attempt, so
// that Step Functions starts each but once.
func executionName(call Call) string {
	sum := sha256.Sum256([]byte(call.Attempt))
	return fmt.Sprintf("viridian-%s-%s", call.Deployment, hex.EncodeToString(sum[:8]))
}
