package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
	"github.com/viridian-dev/viridian/internal/awssim/sfn"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/webhook"
)

// gateKind is what a gate calls.
type gateKind string

// Kinds of gates.
const (
	gateWorkflow gateKind = "workflow"
	gateFunction gateKind = "function"
	gateWebhook  gateKind = "webhook"
)

// gateRetries is how many more attempts a gate gets.
const gateRetries = 1

// gatekeeper answers the gates of all applications, and records requests and
// responses.
type gatekeeper struct {
	w *world
	// attempts by idempotency key, and keys by attempt.
	attempts, keys map[string]string
	// passed are the rollouts, with the point, that passed.
	passed map[string]bool
	// machines are the workflows, by application.
	machines map[int]string
}

func newGatekeeper(w *world) *gatekeeper {
	return &gatekeeper{w: w, attempts: map[string]string{}, keys: map[string]string{}, passed: map[string]bool{}, machines: map[int]string{}}
}

// settle creates what an application's gate may call.
func (g *gatekeeper) settle(app int) {
	name := "check-" + g.w.plan.Apps[app].Name
	arn, err := g.w.sim.RegisterStateMachine(name, sfn.StateMachine{Duration: 20 * time.Second, Outcome: func(input string) (string, error) {
		if !g.askInTurn(app, input) {
			return "", &sfn.Error{Name: "Refused", Cause: "as the plan has it"}
		}
		return "{}", nil
	}})
	must(err)
	g.machines[app] = arn
	must(g.w.sim.RegisterFunction(name, lambda.Function{Handler: func(payload []byte) ([]byte, error) {
		attempt := g.hear(payload)
		switch {
		case g.w.dice.chance(0.3):
			return []byte(`{"hookStatus": "IN_PROGRESS", "callBackDelay": 10}`), nil
		case !g.answer(app, attempt):
			return []byte(`{"hookStatus": "FAILED", "message": "as the plan has it"}`), nil
		}
		return []byte(`{"hookStatus": "SUCCEEDED"}`), nil
	}}))
}

// gate returns an application's gate.
func (g *gatekeeper) gate(app int) v1alpha1.Gate {
	a := g.w.plan.Apps[app]
	out := v1alpha1.Gate{Name: "check", At: a.Gate, TimeoutSeconds: new(int32(300)), Retries: new(int32(gateRetries))}
	switch a.GateBy {
	case gateFunction:
		out.Lambda = &v1alpha1.LambdaGate{FunctionARN: "arn:aws:lambda:eu-west-1:111122223333:function:check-" + a.Name, Payload: v1alpha1.PayloadViridian}
	case gateWebhook:
		out.Webhook = &v1alpha1.WebhookGate{URL: fmt.Sprintf("https://check-%d.example.com/gate", app)}
	default:
		out.StepFunctions = &v1alpha1.StepFunctionsGate{StateMachineARN: g.machines[app]}
	}
	return out
}

// ask checks a request and answers it.
func (g *gatekeeper) ask(app int, question []byte) bool {
	return g.answer(app, g.hear(question))
}

// askInTurn calls ask in the scheduler's order: a workflow has its own
// goroutine, which may run in the middle of a call that was due at the same
// moment.
func (g *gatekeeper) askInTurn(app int, question string) bool {
	answer := make(chan bool, 1)
	g.w.arrive("workflow "+question, func() { answer <- g.ask(app, []byte(question)) })
	return <-answer
}

// attempt is one attempt of a gate.
type attempt struct {
	// point of a rollout, and what distinguishes attempts.
	point, name string
}

// hear checks a request: each attempt has its own key, whichever process sends
// it, and however often.
func (g *gatekeeper) hear(question []byte) attempt {
	var q hook.Question
	must(json.Unmarshal(question, &q))
	rollout := q.Deployment.UID + " " + q.Rollout.ID
	this := fmt.Sprintf("%s %s %s, step %d, attempt %d", rollout, q.Point, q.Gate, q.Rollout.Step, q.Attempt)
	before, known := g.attempts[q.IdempotencyKey]
	key, repeated := g.keys[this]
	switch {
	case known && before != this:
		g.w.observer.fail("gates", "%s has the key of %s", this, before)
	case repeated && key != q.IdempotencyKey && !g.w.observer.forgotten(q.Deployment.UID): // else it is another life of the rollout
		g.w.observer.fail("gates", "%s is asked by two keys, %s and %s", this, key, q.IdempotencyKey)
	case q.Attempt > gateRetries+1:
		g.w.observer.fail("gates", "%s is one too many", this)
	}
	g.attempts[q.IdempotencyKey], g.keys[this] = this, q.IdempotencyKey
	return attempt{rollout + " " + string(q.Point), this}
}

// answer reports whether a revision may pass.
func (g *gatekeeper) answer(app int, a attempt) bool {
	refuses := g.w.plan.Apps[app].Refuses && !g.w.faults.over
	g.w.log.tell("gatekeeper", "%s: %t", a.name, !refuses)
	if !refuses {
		g.passed[a.point] = true
	}
	return !refuses
}

// poster posts to simulated webhooks: the HTTP client has its own tests.
type poster struct{ p *process }

// Post implements gate.Poster.
func (x poster) Post(ctx context.Context, r webhook.Request) (webhook.Answer, error) {
	p, app := x.p, 0
	c := callID{api: "webhook", action: "POST", about: r.URL, writes: true}
	_, err := fmt.Sscanf(r.URL, "https://check-%d.example.com/gate", &app)
	must(err)
	verdict := p.gate(p.passOf(ctx), c, string(r.Body))
	switch {
	case p.dead:
		return webhook.Answer{}, errDead
	case ctx.Err() != nil:
		return webhook.Answer{}, ctx.Err()
	case verdict == dieBefore:
		p.die("before " + c.String())
		return webhook.Answer{}, errDead
	case verdict == loseRequest:
		p.wait(p.dice.between(0, 15*time.Second))
		return webhook.Answer{}, timeout()
	case verdict == serverError:
		return webhook.Answer{Status: http.StatusServiceUnavailable}, nil
	}
	for p.w.plan.Apps[app].Hostile == hangGates && !p.dead && ctx.Err() == nil && !p.w.rests() {
		p.wait(time.Second)
	}
	answer := webhook.Answer{Status: http.StatusForbidden}
	if p.w.gates.ask(app, r.Body) {
		answer.Status = http.StatusOK
	}
	switch verdict { //nolint:exhaustive // the others are over
	case dieAfter:
		p.die("after " + c.String())
		return webhook.Answer{}, errDead
	case loseAnswer:
		p.wait(p.dice.between(0, 15*time.Second))
		return webhook.Answer{}, timeout()
	}
	return answer, nil
}
