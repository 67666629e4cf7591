package gate

import (
	"context"
	"crypto/sha256"
	"encoding/base32"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// function is an AWS Lambda function, called in the background.
type function struct {
	inBackground
	functions cloud.Functions
	spec      *v1alpha1.LambdaGate
}

// Start calls the function.
func (f *function) Start(_ context.Context, call Call, question hook.Question) error {
	payload := any(question)
	if f.spec.Payload == v1alpha1.PayloadCodeDeploy {
		payload = hook.ForCodeDeploy(deploymentID(question.Rollout.ID), question.IdempotencyKey)
	}
	body, err := encode(question.Gate, payload)
	if err != nil {
		return err
	}
	f.ask(call, func(ctx context.Context) (rollout.Answer, error) {
		answer, err := f.functions.Invoke(ctx, f.spec.FunctionARN, body)
		if err != nil {
			return rollout.Answer{}, err
		}
		return hook.FromFunction(answer), nil
	})
	return nil
}

// deploymentID has the shape of CodeDeploy's.
func deploymentID(rolloutID string) string {
	sum := sha256.Sum256([]byte(rolloutID))
	return "d-" + base32.StdEncoding.EncodeToString(sum[:])[:9]
}
