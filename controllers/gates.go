package controllers

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/background"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/webhook"
)

// defaultGateTimeout is how long an attempt may take, in seconds.
const defaultGateTimeout = 300

// signingKey is the key in a webhook's Secret.
const signingKey = "hmac-key"

// gatesOf translates the gates of spec.
func gatesOf(in []v1alpha1.Gate) []rollout.Gate {
	out := make([]rollout.Gate, 0, len(in))
	for _, g := range in {
		gate := rollout.Gate{Name: g.Name, At: g.At, Steps: g.Steps, Timeout: seconds(g.TimeoutSeconds, defaultGateTimeout)}
		if g.Retries != nil {
			gate.Retries = *g.Retries
		}
		if a := g.Approval; a != nil {
			gate.Approval, gate.Expiry, gate.Lenient = true, seconds(a.ExpirySeconds, 86400), a.IfExpired == v1alpha1.ExpiryProceed
		}
		out = append(out, gate)
	}
	return out
}

// gateSpec finds a gate in spec; nil if it was taken out.
func gateSpec(imd *v1alpha1.ImmutableDeployment, name string) *v1alpha1.Gate {
	for i := range imd.Spec.Gates {
		if imd.Spec.Gates[i].Name == name {
			return &imd.Spec.Gates[i]
		}
	}
	return nil
}

// attemptID names an attempt in the whole world, so that a function, a
// workflow or a webhook can tell a repetition from a new attempt.
func attemptID(imd *v1alpha1.ImmutableDeployment, rolloutID string, run rollout.GateRun) string {
	if r := imd.Status.Rollout; r != nil && r.ID == rolloutID {
		// A cluster that was restored may count the same rollouts again.
		rolloutID += fmt.Sprintf("@%d", r.StartedAt.Unix())
	}
	return fmt.Sprintf("%s/%s/%s/%s", imd.UID, rolloutID, run.At, run.AttemptKey())
}

// callID names one call of an attempt.
func callID(imd *v1alpha1.ImmutableDeployment, rolloutID string, run rollout.GateRun) string {
	return fmt.Sprintf("%s#%d", attemptID(imd, rolloutID, run), run.Calls)
}

// observeGates reads what the gates that are running say.
func (r *DeploymentReconciler) observeGates(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	ro := view.facts.Progress.Rollout
	if ro == nil || !ro.FinishedAt.IsZero() || view.facts.Deleting {
		return nil
	}
	view.facts.Answers = map[string]rollout.Answer{}
	for _, run := range ro.Gates {
		gate := gateSpec(imd, run.Name)
		if run.State != v1alpha1.GateRunning || gate == nil || gate.Approval != nil {
			continue
		}
		answer, err := r.answerOf(ctx, imd, view, gate, ro.ID, run)
		if err != nil {
			answer, err = unavailable(gate, err)
		}
		if err != nil {
			// Health is to be watched on, so the pass goes on without an answer.
			if err := view.unreadable(err); err != nil {
				return err
			}
			answer.State = rollout.AnswerAsked
		}
		view.facts.Answers[run.Key()] = answer
	}
	return nil
}

// answerOf reads what one gate says.
func (r *DeploymentReconciler) answerOf(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, gate *v1alpha1.Gate, id string, run rollout.GateRun) (rollout.Answer, error) {
	if gate.StepFunctions != nil {
		execution, err := view.clients.Workflows.Execution(ctx, gate.StepFunctions.StateMachineARN, executionName(imd, id, run))
		if cloud.IsNotFound(err) {
			return rollout.Answer{}, nil // not started, or not shown yet: starting it again is harmless
		}
		if err != nil {
			return rollout.Answer{}, err
		}
		return hook.FromExecution(execution), nil
	}
	key := callID(imd, id, run)
	answer, state, err := r.Calls.Poll(key)
	switch state {
	case background.Running:
		return rollout.Answer{State: rollout.AnswerAsked}, nil
	case background.Done:
		if err != nil {
			r.Calls.Forget(key) // it is called again
		}
		return answer, err
	case background.Unknown:
	}
	return rollout.Answer{}, nil
}

// unavailable says what it means that a gate can't be asked: a no where that
// decides nothing, else something that has to be put right, which is not the
// revision's fault.
func unavailable(gate *v1alpha1.Gate, err error) (rollout.Answer, error) {
	message := ""
	if failed, ok := errors.AsType[*cloud.Error](err); ok {
		switch failed.Kind { //nolint:exhaustive // others pass, or are nobody's fault here
		case cloud.KindNotFound, cloud.KindInvalid, cloud.KindDenied, cloud.KindConflict:
			message = failed.Message
		}
	}
	if refused, ok := errors.AsType[*webhook.RefusedError](err); ok {
		message = refused.Error()
	}
	if refusal, ok := errors.AsType[*blockedError](err); ok {
		message = refusal.Message
	}
	switch {
	case message == "":
		return rollout.Answer{}, err
	case !gate.At.Decisive():
		return rollout.Answer{State: rollout.AnswerNo, Message: truncate(message, 400)}, nil
	}
	cure := "Put that right, or correct spec.gates"
	if refusal, ok := errors.AsType[*blockedError](err); ok {
		cure = refusal.Cure
	}
	return rollout.Answer{}, blocked(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("Gate %s can't be asked: %s", gate.Name, message), cure)
}

// startGate starts a gate, or calls it again.
func (r *DeploymentReconciler) startGate(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, ro *rollout.Rollout, run rollout.GateRun) error {
	gate := gateSpec(imd, run.Name)
	if gate == nil {
		return nil
	}
	err := r.start(ctx, imd, view, gate, ro, run)
	if err == nil {
		return nil
	}
	// A no that decides nothing is heard in the next pass, from a call that
	// says so.
	answer, err := unavailable(gate, err)
	if err == nil {
		r.Calls.Start(callID(imd, ro.ID, run), time.Second, func(context.Context) (rollout.Answer, error) { return answer, nil })
	}
	return err
}

// start makes the gate's call.
func (r *DeploymentReconciler) start(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, gate *v1alpha1.Gate, ro *rollout.Rollout, run rollout.GateRun) error {
	question, err := r.question(ctx, imd, view, gate, ro, run)
	if err != nil {
		return err
	}
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("write the question of gate %s: %w", gate.Name, err)
	}
	if gate.StepFunctions != nil {
		return view.clients.Workflows.Start(ctx, gate.StepFunctions.StateMachineARN, executionName(imd, ro.ID, run), body)
	}
	call, err := r.caller(ctx, imd, view, gate, question, body)
	if err != nil {
		return err
	}
	left := run.StartedAt.Add(seconds(gate.TimeoutSeconds, defaultGateTimeout)).Sub(r.Now())
	r.Calls.Start(callID(imd, ro.ID, run), max(left, time.Second), call) // if too many run, the next pass tries again
	return nil
}

// caller makes a function's or webhook's call.
func (r *DeploymentReconciler) caller(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, gate *v1alpha1.Gate, q hook.Question, body []byte) (func(context.Context) (rollout.Answer, error), error) {
	if f := gate.Lambda; f != nil {
		functions := view.clients.Functions
		if f.Payload == v1alpha1.PayloadCodeDeploy {
			var err error
			if body, err = json.Marshal(hook.ForCodeDeploy(deploymentID(q.Rollout.ID), q.IdempotencyKey)); err != nil {
				return nil, fmt.Errorf("write the question of gate %s: %w", gate.Name, err)
			}
		}
		return func(ctx context.Context) (rollout.Answer, error) {
			answer, err := functions.Invoke(ctx, f.FunctionARN, body)
			if err != nil {
				return rollout.Answer{}, err
			}
			return hook.FromFunction(answer), nil
		}, nil
	}
	w := gate.Webhook
	key, err := r.signingKey(ctx, imd.Namespace, w.SecretName)
	if err != nil {
		return nil, err
	}
	request := webhook.Request{URL: w.URL, CABundle: w.CABundle, Key: key, IdempotencyKey: q.IdempotencyKey, Body: body}
	return func(ctx context.Context) (rollout.Answer, error) {
		answer, err := r.Webhooks.Post(ctx, request)
		if _, refused := errors.AsType[*webhook.RefusedError](err); err != nil && !refused {
			return rollout.Answer{State: rollout.AnswerNo, Message: truncate(err.Error(), 400)}, nil
		}
		if err != nil {
			return rollout.Answer{}, err
		}
		return hook.FromWebhook(answer.Status, answer.Body), nil
	}, nil
}

// signingKey reads the key of a webhook's Secret; nil if it has none. The
// controller may read Secrets only where an administrator let it.
func (r *DeploymentReconciler) signingKey(ctx context.Context, namespace, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	var secret corev1.Secret
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret)
	switch {
	case apierrors.IsForbidden(err):
		return nil, blocked(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the controller may not read the Secret %s", name),
			fmt.Sprintf("An administrator allows it by: kubectl create rolebinding viridian-webhook-secrets -n %s --clusterrole=viridian-webhook-secrets --serviceaccount=viridian-system:viridian-manager", namespace))
	case apierrors.IsNotFound(err):
		return nil, blocked(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the Secret %s does not exist", name),
			fmt.Sprintf("Create it: kubectl create secret generic %s -n %s --from-literal=%s=…", name, namespace, signingKey))
	case err != nil:
		return nil, fmt.Errorf("read Secret %s: %w", name, err)
	case len(secret.Data[signingKey]) == 0:
		return nil, blocked(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the Secret %s has no key %s", name, signingKey), "Add it")
	}
	return secret.Data[signingKey], nil
}

// question is what the gate is asked.
func (r *DeploymentReconciler) question(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, gate *v1alpha1.Gate, ro *rollout.Rollout, run rollout.GateRun) (hook.Question, error) {
	q := hook.Question{
		Version: hook.Version, IdempotencyKey: attemptID(imd, ro.ID, run),
		Gate: gate.Name, Point: run.At, Attempt: run.Attempt, Call: run.Calls + 1,
		Deployment: hook.Deployment{Namespace: imd.Namespace, Name: imd.Name, UID: string(imd.UID)},
		Rollout: hook.Rollout{
			ID: ro.ID, Cause: ro.Cause, Step: run.Step, Weight: view.facts.Rule.Targets.Share(view.groupOf(ro.Revision)),
			Outcome: ro.Outcome, Message: ro.Message,
		},
		Revision: view.describeRevision(ro.Revision),
		Stable:   view.describeRevision(view.facts.Progress.Stable),
	}
	if listener := cmp.Or(imd.Spec.Traffic.LoadBalancer.ListenerARN, view.production.ListenerARN); listener != "" && q.Revision != nil {
		endpoint, err := view.clients.Traffic.Endpoint(ctx, listener)
		if err != nil {
			return q, err
		}
		q.Preview = &hook.Preview{URL: endpoint, Host: view.host(imd), Header: v1alpha1.PreviewHeader, Value: fmt.Sprint(ro.Revision)}
	}
	return q, nil
}

// host is the first host name of the production rule that isn't a pattern; ""
// if there is none.
func (view *deploymentView) host(imd *v1alpha1.ImmutableDeployment) string {
	matches := view.production.Conditions
	if len(matches) == 0 {
		matches = conditions(imd.Spec.Traffic.LoadBalancer.Conditions)
	}
	for _, c := range matches {
		for _, value := range c.Values {
			if c.Field == "host-header" && !strings.ContainsAny(value, "*?") {
				return value
			}
		}
	}
	return ""
}

// groupOf is a revision's target group; "" if it has none.
func (view *deploymentView) groupOf(number int64) string {
	for _, seen := range view.facts.Revisions {
		if seen.Number == number {
			return seen.TargetGroup
		}
	}
	return ""
}

// describeRevision tells a gate of a revision; nil if there is none.
func (view *deploymentView) describeRevision(number int64) *hook.Revision {
	for i := range view.records {
		imr := &view.records[i]
		if imr.Spec.Revision != number {
			continue
		}
		out := hook.Revision{Name: imr.Name, Number: number, StackName: imr.Spec.StackName, Images: map[string]string{}}
		for _, container := range imr.Spec.Frozen.Template.Containers {
			out.Images[container.Name] = container.Image
		}
		if o := imr.Status.Outputs; o != nil {
			out.TargetGroupARN, out.Cluster, out.Service, out.TaskDefinitionARN = o.TargetGroupARN, o.Cluster, o.ServiceName, o.TaskDefinitionARN
		}
		return &out
	}
	return nil
}

// executionName is the name of a workflow's execution: it follows from the
// attempt, so that Step Functions starts each but once.
func executionName(imd *v1alpha1.ImmutableDeployment, rolloutID string, run rollout.GateRun) string {
	sum := sha256.Sum256([]byte(attemptID(imd, rolloutID, run)))
	return fmt.Sprintf("viridian-%s-%s", imd.Name, hex.EncodeToString(sum[:8]))
}

// deploymentID has the shape of CodeDeploy's.
func deploymentID(rolloutID string) string {
	sum := sha256.Sum256([]byte(rolloutID))
	return "d-" + base32.StdEncoding.EncodeToString(sum[:])[:9]
}
