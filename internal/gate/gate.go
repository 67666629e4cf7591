// Package gate owns the kinds of gates: how each is asked, and how its answer
// is heard. What they are asked, and what their answers mean, is in
// internal/hook.
//
// Each kind has a file of its own and implements Kind; Means.Kind chooses. A
// question is asked once for each call: what is under way is named by the call,
// in the memory of internal/background or by the name of a workflow's execution,
// so that a pass that is repeated asks nothing again.
//
// It imports the API, internal/{background,cloud,command,hook,ownership,refusal,rollout,webhook}
// and controller-runtime's reader of Secrets.
package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/background"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/webhook"
)

// defaultTimeoutSeconds is how long an attempt may take.
const defaultTimeoutSeconds = 300

// Kind is a kind of gate.
type Kind interface {
	// Start asks the question. Asking it twice by the same call is asking it
	// once.
	Start(ctx context.Context, call Call, question hook.Question) error
	// Answer is what the gate said by now; AnswerNone when it was never asked,
	// or nobody knows any more that it was.
	Answer(ctx context.Context, call Call) (rollout.Answer, error)
}

// Call is one call of a gate's attempt.
type Call struct {
	// Namespace and Deployment name the ImmutableDeployment.
	Namespace, Deployment string
	// Attempt names the attempt in the whole world, so that what is asked can
	// tell a repetition from a new one.
	Attempt string
	// ID names this call of it.
	ID string
	// Timeout is how much longer the attempt may take.
	Timeout time.Duration
}

// owner has the call: places are shared between namespaces.
func (c *Call) owner() background.Owner { return Owner(c.Namespace, c.Deployment) }

// Owner has the calls of an ImmutableDeployment's gates.
func Owner(namespace, deployment string) background.Owner {
	return background.Owner{Tenant: namespace, Name: deployment}
}

// Means are by what gates are asked.
type Means struct {
	Functions cloud.Functions
	Workflows cloud.Workflows
	// Webhooks posts to webhooks.
	Webhooks Poster
	// Calls are the functions and webhooks under way.
	Calls *background.Runner[rollout.Answer]
	// Secrets hold the keys by which webhooks are signed.
	Secrets client.Reader
}

// Poster posts to webhooks; a *webhook.Client is one.
type Poster interface {
	// Post posts a request once and returns the answer, whatever its status.
	// A *webhook.RefusedError is the error that another attempt doesn't help.
	Post(ctx context.Context, r webhook.Request) (webhook.Answer, error)
}

// Kind is the kind of a gate of spec. A kind that a newer CRD has, and this
// version doesn't know, is refused.
func (m *Means) Kind(gate *v1alpha1.Gate) (Kind, error) {
	switch {
	case gate.Approval != nil:
		return approval{}, nil
	case gate.Lambda != nil:
		return &function{inBackground{m.Calls}, m.Functions, gate.Lambda}, nil
	case gate.StepFunctions != nil:
		return &workflow{m.Workflows, gate.StepFunctions}, nil
	case gate.Webhook != nil:
		return &post{inBackground{m.Calls}, m.Webhooks, m.Secrets, gate.Webhook}, nil
	}
	return nil, errUnknownKind
}

// CheckPoint refuses a gate at a point that a newer CRD has, and this version
// doesn't know: rollouts would go by it without asking.
func CheckPoint(gate *v1alpha1.Gate) error {
	switch gate.At {
	case v1alpha1.AfterProvision, v1alpha1.BeforeTraffic, v1alpha1.AfterStep,
		v1alpha1.BeforePromotion, v1alpha1.AfterPromotion, v1alpha1.OnRollback:
		return nil
	}
	return unknownPoint(gate)
}

// FromSpec translates the gates of spec.
func FromSpec(in []v1alpha1.Gate) []rollout.Gate {
	out := make([]rollout.Gate, 0, len(in))
	for i := range in {
		g := &in[i]
		gate := rollout.Gate{Name: g.Name, At: g.At, Steps: g.Steps, Timeout: Timeout(g)}
		if g.Retries != nil {
			gate.Retries = *g.Retries
		}
		if g.Approval != nil {
			approvalFromSpec(&gate, g.Approval)
		}
		out = append(out, gate)
	}
	return out
}

// Timeout is how long an attempt of a gate may take.
func Timeout(gate *v1alpha1.Gate) time.Duration {
	return seconds(gate.TimeoutSeconds, defaultTimeoutSeconds)
}

// Reject has a gate be heard to say no, in the next pass, because of an error
// that Unavailable took for that.
func (m *Means) Reject(call Call, answer rollout.Answer) {
	m.Calls.Start(call.ID, call.owner(), time.Second, func(context.Context) (rollout.Answer, error) { return answer, nil })
}

// inBackground hears what a call said that outlives the pass, and may be lost.
type inBackground struct {
	calls *background.Runner[rollout.Answer]
}

// Answer is what the call said.
func (b inBackground) Answer(_ context.Context, call Call) (rollout.Answer, error) {
	answer, state, err := b.calls.Poll(call.ID)
	switch state {
	case background.Running:
		return rollout.Answer{State: rollout.AnswerAsked}, nil
	case background.Waiting:
		return rollout.Answer{State: rollout.AnswerWaiting}, nil
	case background.Admitted:
		return rollout.Answer{State: rollout.AnswerAdmitted}, nil
	case background.Done:
		if err != nil {
			b.calls.Forget(call.ID) // it is called again
		}
		return answer, err
	case background.Unknown:
	}
	return rollout.Answer{}, nil
}

// ask starts the call. If too many run already, the next pass tries again.
func (b inBackground) ask(call Call, fn func(context.Context) (rollout.Answer, error)) {
	b.calls.Start(call.ID, call.owner(), max(call.Timeout, time.Second), fn)
}

// encode writes what is asked.
func encode(gate string, question any) ([]byte, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("write the question of gate %s: %w", gate, err)
	}
	return body, nil
}

// seconds turns a field in seconds into a duration, with its default for
// objects that the API server did not fill in.
func seconds(n *int32, otherwise int32) time.Duration {
	if n == nil {
		return time.Duration(otherwise) * time.Second
	}
	return time.Duration(*n) * time.Second
}

// Unavailable says what it means that a gate can't be asked: a no where that
// decides nothing, else something that has to be put right, which is not the
// revision's fault. Other errors are returned as they are.
func Unavailable(gate *v1alpha1.Gate, err error) (rollout.Answer, error) {
	why, remedy := whyUnavailable(err)
	switch {
	case why == "":
		return rollout.Answer{}, err
	case !gate.At.Decisive():
		return hook.No(why), nil
	}
	return rollout.Answer{}, unavailable(gate.Name, why, remedy)
}

// whyUnavailable tells why a gate can't be asked, and what to do; "" for errors
// that pass, or are nobody's fault here.
func whyUnavailable(err error) (why, remedy string) {
	remedy = "Put that right, or correct spec.gates"
	if failed, ok := errors.AsType[*cloud.Error](err); ok {
		switch failed.Kind { //nolint:exhaustive // others pass, or are nobody's fault here
		case cloud.KindNotFound, cloud.KindInvalid, cloud.KindDenied, cloud.KindConflict:
			why = failed.Message
		}
	}
	if refused, ok := errors.AsType[*webhook.RefusedError](err); ok {
		why = refused.Error()
	}
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		why, remedy = refused.Message, refused.Remedy
	}
	return why, remedy
}
