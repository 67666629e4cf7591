package controllers

import (
	"context"
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/gate"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

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

// meansOfGates are by what the gates of a deployment are asked.
func (r *DeploymentReconciler) meansOfGates(view *deploymentView) *gate.Means {
	return &gate.Means{Functions: view.clients.Functions, Workflows: view.clients.Workflows, Webhooks: r.Webhooks, Calls: r.Calls, Secrets: r.Live}
}

// gateCall is the call of a gate's run that is due.
func (r *DeploymentReconciler) gateCall(imd *v1alpha1.ImmutableDeployment, spec *v1alpha1.Gate, rolloutID string, run rollout.GateRun) gate.Call {
	attempt := attemptID(imd, rolloutID, run)
	return gate.Call{
		Namespace: imd.Namespace, Deployment: imd.Name,
		Attempt: attempt, ID: fmt.Sprintf("%s#%d", attempt, run.Calls),
		Timeout: run.StartedAt.Add(gate.Timeout(spec)).Sub(r.Now()),
	}
}

// asked is a gate that is running, and its call.
type asked struct {
	spec *v1alpha1.Gate
	key  string
	call gate.Call
}

// askedGates are the gates whose answers matter: not those of a rollout that is
// over, nor those that could have stopped one that is decided.
func (r *DeploymentReconciler) askedGates(imd *v1alpha1.ImmutableDeployment, view *deploymentView) (out []asked) {
	ro := view.facts.Progress.Rollout
	if ro == nil || !ro.FinishedAt.IsZero() || view.facts.Deleting {
		return nil
	}
	for _, run := range ro.Gates {
		spec, decided := gateSpec(imd, run.Name), ro.Outcome != "" && run.At.Decisive()
		if run.State == v1alpha1.GateRunning && spec != nil && !decided {
			out = append(out, asked{spec, run.Key(), r.gateCall(imd, spec, ro.ID, run)})
		}
	}
	return out
}

// observeGates reads what the gates that are running say, and ends the calls of all
// others, for which nobody waits any more.
func (r *DeploymentReconciler) observeGates(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	gates := r.askedGates(imd, view)
	current := make([]string, 0, len(gates))
	for i := range gates {
		current = append(current, gates[i].call.ID)
	}
	r.Calls.Keep(gate.Owner(imd.Namespace, imd.Name), current...)
	view.facts.Answers = map[string]rollout.Answer{}
	for i := range gates {
		spec := gates[i].spec
		answer, err := r.answerOf(ctx, view, spec, gates[i].call)
		if err != nil {
			answer, err = gate.Unavailable(spec, err)
		}
		if err != nil {
			// Health is to be watched on, so the pass goes on without an answer.
			if err := view.unreadable(err); err != nil {
				return err
			}
			answer.State = rollout.AnswerAsked
		}
		view.facts.Answers[gates[i].key] = answer
	}
	return nil
}

// answerOf reads what one gate says.
func (r *DeploymentReconciler) answerOf(ctx context.Context, view *deploymentView, spec *v1alpha1.Gate, call gate.Call) (rollout.Answer, error) {
	kind, err := r.meansOfGates(view).Kind(spec)
	if err != nil {
		return rollout.Answer{}, err
	}
	answer, err := kind.Answer(ctx, call)
	answer.Message, answer.Output = view.withoutTokens(answer.Message), view.withoutTokens(answer.Output)
	return answer, err
}

// withoutTokens takes the tokens of revisions out of what a gate answers, which
// may be what it was asked: it gets into events and history.
func (view *deploymentView) withoutTokens(text string) string {
	for i := range view.records {
		text = hook.Redact(text, view.records[i].Spec.Frozen.PreviewToken)
	}
	return text
}

// startGate starts a gate, or calls it again.
func (r *DeploymentReconciler) startGate(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, ro *rollout.Rollout, run rollout.GateRun) error {
	spec := gateSpec(imd, run.Name)
	if spec == nil {
		return nil
	}
	means, call := r.meansOfGates(view), r.gateCall(imd, spec, ro.ID, run)
	kind, err := means.Kind(spec)
	if err == nil {
		err = r.allowGate(ctx, imd.Namespace, spec)
	}
	if err == nil {
		err = r.ask(ctx, imd, view, ro, run, kind, call)
	}
	if err == nil {
		return nil
	}
	// A no that decides nothing is heard in the next pass, from a call that
	// says so.
	answer, err := gate.Unavailable(spec, err)
	if err == nil {
		means.Reject(call, answer)
	}
	return err
}

// ask makes the gate's call.
func (r *DeploymentReconciler) ask(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, ro *rollout.Rollout, run rollout.GateRun, kind gate.Kind, call gate.Call) error {
	question, err := question(ctx, imd, view, ro, run)
	if err != nil {
		return err
	}
	return kind.Start(ctx, call, question)
}

// question is what the gate is asked.
func question(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, ro *rollout.Rollout, run rollout.GateRun) (hook.Question, error) {
	q := hook.Question{
		Version: hook.Version, IdempotencyKey: attemptID(imd, ro.ID, run),
		Gate: run.Name, Point: run.At, Attempt: run.Attempt, Call: run.Calls + 1,
		Deployment: hook.Deployment{Namespace: imd.Namespace, Name: imd.Name, UID: string(imd.UID)},
		Rollout: hook.Rollout{
			ID: ro.ID, Cause: ro.Cause, Step: run.Step, Weight: view.facts.Route.Targets.Share(view.backendID(ro.Revision)),
			Outcome: ro.Outcome, Message: ro.Message,
		},
		Revision: view.describeRevision(ro.Revision),
		Stable:   view.describeRevision(view.facts.Progress.Stable),
	}
	if q.Revision == nil {
		return q, nil
	}
	reach := view.router.Preview(view.record(ro.Revision))
	if reach == nil {
		return q, nil
	}
	endpoint, err := view.router.Endpoint(ctx)
	q.Preview = &hook.Preview{URL: endpoint, Host: reach.Host, Header: reach.Header, Value: reach.Value}
	return q, err
}

// backendID is a revision's backend in the route; "" if it has none.
func (view *deploymentView) backendID(number int64) string {
	if seen := view.revision(number); seen != nil {
		return seen.Backend
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
		out := hook.ForRevision(imr)
		if source, err := template.SourceOf(&imr.Spec.Frozen.Template); err == nil {
			for _, image := range source.Images(&imr.Spec.Frozen.Template) {
				out.Images[image.Name] = *image.Ref
			}
		}
		return out
	}
	return nil
}
