package controllers_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
	"github.com/viridian-dev/viridian/internal/awssim/sfn"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/webhook"
)

const functionARN = "arn:aws:lambda:eu-west-1:111122223333:function:viridian-smoke"

// gated makes a deployment one with gates.
func gated(gates ...v1alpha1.Gate) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) { s.Gates = gates }
}

// smokeAt is a gate that calls the function.
func smokeAt(at v1alpha1.GatePoint) v1alpha1.Gate {
	return v1alpha1.Gate{Name: "smoke", At: at, Lambda: &v1alpha1.LambdaGate{FunctionARN: functionARN}, TimeoutSeconds: new(int32(3600))}
}

// function registers the function with its answers, the last one for good.
func (w *world) function(answers ...string) {
	w.t.Helper()
	var mu sync.Mutex
	w.Expect(w.sim.RegisterFunction("viridian-smoke", lambda.Function{Timeout: 15 * time.Minute, Handler: func([]byte) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		if strings.HasPrefix(answer, "!") {
			return nil, errors.New(answer[1:])
		}
		return []byte(answer), nil
	}})).To(gomega.Succeed())
}

// asked are the questions that the function was asked.
func (w *world) asked() []hook.Question {
	w.t.Helper()
	var out []hook.Question
	for _, invocation := range w.sim.Invocations("viridian-smoke") {
		var q hook.Question
		w.Expect(json.Unmarshal(invocation.Payload, &q)).To(gomega.Succeed())
		out = append(out, q)
	}
	return out
}

// A function at every point is asked once at each, in order, with what it needs
// to look at the revision before any user does.
func TestGateAtEachPoint(t *testing.T) {
	w := running(t)
	w.function(`{"hookStatus": "SUCCEEDED"}`)
	var gates []v1alpha1.Gate
	for _, at := range []v1alpha1.GatePoint{v1alpha1.AfterPromotion, v1alpha1.BeforePromotion, v1alpha1.AfterStep, v1alpha1.BeforeTraffic, v1alpha1.AfterProvision, v1alpha1.OnRollback} {
		gate := smokeAt(at)
		gate.Name = strings.ToLower(string(at))
		gates = append(gates, gate)
	}
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(gates...)(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	var points []string
	keys := map[string]bool{}
	for _, q := range w.asked() {
		points = append(points, string(q.Point))
		w.Expect(q.Revision.Name).To(gomega.Equal("checkout-2"))
		w.Expect(q.Stable).NotTo(gomega.BeNil())
		w.Expect(q.Preview.Header).To(gomega.Equal("x-viridian-revision"))
		w.Expect(q.Preview.Value).To(gomega.Equal(w.token("checkout-2")))
		w.Expect(q.Preview.Host).To(gomega.Equal("checkout.example.com"))
		w.Expect(q.Preview.URL).To(gomega.MatchRegexp(`^http://shop-.*\.elb\.amazonaws\.com$`))
		keys[q.IdempotencyKey] = true
	}
	w.Expect(points).To(gomega.Equal([]string{"AfterProvision", "BeforeTraffic", "AfterStep", "AfterStep", "BeforePromotion", "AfterPromotion"}))
	w.Expect(keys).To(gomega.HaveLen(6))
	w.Expect(w.log.all()[2:]).To(gomega.Equal([]string{
		"CreateStack checkout-2", "Invoke viridian-smoke", "Invoke viridian-smoke", "ModifyRule 1:90 2:10", "Invoke viridian-smoke",
		"ModifyRule 1:50 2:50", "Invoke viridian-smoke", "ModifyRule 2:100", "Invoke viridian-smoke", "Invoke viridian-smoke", "DeleteStack checkout-1"}))
	w.Expect(now.Status.Rollout.Gates).To(gomega.HaveLen(6))
	w.Expect(w.verdictsOn("checkout-2")).To(gomega.HaveLen(6))
	w.happened(imd, "GateSucceeded: Gate beforetraffic (BeforeTraffic) succeeded")
}

// What a function may answer, and what comes of it.
func TestFunctionAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []string
		retries int32
		calls   int
		phase   v1alpha1.Phase
		message string
	}{
		"yes":            {[]string{`{"hookStatus": "SUCCEEDED"}`}, 0, 1, v1alpha1.PhaseComplete, ""},
		"nothing":        {[]string{`null`}, 0, 1, v1alpha1.PhaseComplete, ""},
		"no":             {[]string{`{"hookStatus": "FAILED", "message": "the cart is empty"}`}, 0, 1, v1alpha1.PhaseRolledBack, "gate smoke (BeforeTraffic) failed: the function answered FAILED: the cart is empty"},
		"an error":       {[]string{"!boom"}, 0, 1, v1alpha1.PhaseRolledBack, "gate smoke (BeforeTraffic) failed: the function raised an error"},
		"no, then yes":   {[]string{"!boom", `{}`}, 1, 2, v1alpha1.PhaseComplete, ""},
		"no and no":      {[]string{"!boom"}, 1, 2, v1alpha1.PhaseRolledBack, "the function raised an error"},
		"later":          {[]string{`{"hookStatus": "IN_PROGRESS", "callBackDelay": 5}`, `{"hookStatus": "IN_PROGRESS"}`, `{"hookStatus": "SUCCEEDED"}`}, 0, 3, v1alpha1.PhaseComplete, ""},
		"something else": {[]string{`{"hookStatus": "MAYBE"}`}, 0, 1, v1alpha1.PhaseRolledBack, `the function answered the status "MAYBE"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			w.function(c.answers...)
			imd := w.serving()
			gate := smokeAt(v1alpha1.BeforeTraffic)
			gate.Retries = &c.retries
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				gated(gate)(s)
				s.Template.Containers[0].Image = image("2")
			})
			now := w.eventually(imd, c.phase)
			w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring(c.message))
			asked := w.asked()
			w.Expect(asked).To(gomega.HaveLen(c.calls))
			if c.phase == v1alpha1.PhaseRolledBack {
				w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonGateFailed))
				w.Expect(w.log.all()).NotTo(gomega.ContainElement(gomega.HavePrefix("ModifyRule")), "no user saw it")
			}
			if name == "later" {
				w.Expect(asked[2].IdempotencyKey).To(gomega.Equal(asked[0].IdempotencyKey))
			}
			if name == "no, then yes" {
				w.Expect(asked[1].IdempotencyKey).NotTo(gomega.Equal(asked[0].IdempotencyKey))
			}
		})
	}
}

// A function that doesn't exist is no fault of the revision's: it waits until
// that is put right.
func TestFunctionMissing(t *testing.T) {
	w := running(t)
	imd := w.serving(gated(smokeAt(v1alpha1.OnRollback), func() v1alpha1.Gate { g := smokeAt(v1alpha1.BeforePromotion); g.Name = "last"; return g }()))
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonGateUnavailable)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("Gate last can't be called: Function not found: " + functionARN))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("spec.gates"))
	w.function(`{}`)
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// So does one that the controller may not call.
func TestFunctionDenied(t *testing.T) {
	w := running(t)
	w.function(`{}`)
	allow := w.sim.Faults.Add(awssim.Fault{Action: "Invoke", Effect: awssim.AccessDenied})
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(smokeAt(v1alpha1.BeforeTraffic))(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.blocked(imd, v1alpha1.ReasonGateUnavailable)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.HavePrefix("Gate smoke can't be called: "))
	allow()
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// A gate of what has happened already decides nothing, even where it can't be
// asked at all.
func TestGateOnRollback(t *testing.T) {
	w := running(t)
	imd := w.serving(gated(smokeAt(v1alpha1.OnRollback)), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeAborted))
	w.Expect(now.Status.Rollout.Gates[0].State).To(gomega.Equal(v1alpha1.GateFailed))
	w.happened(imd, "GateFailed: gate smoke (OnRollback) failed: Function not found")
	w.removed("checkout-2")
}

// A function that never answers is given up.
func TestFunctionTakesTooLong(t *testing.T) {
	w := running(t)
	w.Expect(w.sim.RegisterFunction("viridian-smoke", lambda.Function{Timeout: 15 * time.Minute, Duration: 14 * time.Minute})).To(gomega.Succeed())
	gate := smokeAt(v1alpha1.BeforeTraffic)
	gate.TimeoutSeconds = new(int32(60))
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(gate)(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Message).To(gomega.Equal("gate smoke (BeforeTraffic) failed: no answer within 1m0s"))
}

// CodeDeploy's hooks get what CodeDeploy sends.
func TestCodeDeployPayload(t *testing.T) {
	w := running(t)
	w.function(`"Succeeded"`)
	imd := w.serving(gated(v1alpha1.Gate{Name: "old", At: v1alpha1.BeforePromotion,
		Lambda: &v1alpha1.LambdaGate{FunctionARN: functionARN, Payload: v1alpha1.PayloadCodeDeploy}}))
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	invocations := w.sim.Invocations("viridian-smoke")
	var sent map[string]string
	w.Expect(json.Unmarshal(invocations[len(invocations)-1].Payload, &sent)).To(gomega.Succeed())
	w.Expect(sent).To(gomega.HaveLen(2))
	w.Expect(sent["DeploymentId"]).To(gomega.MatchRegexp(`^d-[A-Z2-7]{9}$`))
	w.Expect(sent["LifecycleEventHookExecutionId"]).To(gomega.HaveSuffix("/BeforePromotion/old/1"))
}

// A workflow is started once for each rollout, and its end decides.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outcome func(string) (string, error)
		phase   v1alpha1.Phase
	}{
		"succeeds": {func(string) (string, error) { return `{"p99": 120}`, nil }, v1alpha1.PhaseComplete},
		"fails":    {func(string) (string, error) { return "", &sfn.Error{Name: "TooSlow", Cause: "p99 is 3 s"} }, v1alpha1.PhaseRolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			arn, err := w.sim.RegisterStateMachine("viridian-load", sfn.StateMachine{Duration: 2 * time.Minute, Outcome: c.outcome})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			imd := w.serving()
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				gated(v1alpha1.Gate{Name: "load", At: v1alpha1.AfterStep, Steps: []int32{1}, StepFunctions: &v1alpha1.StepFunctionsGate{StateMachineARN: arn}, TimeoutSeconds: new(int32(3600))})(s)
				s.Template.Containers[0].Image = image("2")
			})
			now := w.eventually(imd, c.phase)
			executions := w.sim.Executions()
			w.Expect(executions).To(gomega.HaveLen(1))
			w.Expect(executions[0].Name).To(gomega.HavePrefix("viridian-checkout-"))
			var q hook.Question
			w.Expect(json.Unmarshal([]byte(executions[0].Input), &q)).To(gomega.Succeed())
			w.Expect(q.Rollout.Step).To(gomega.Equal(int32(1)))
			if c.phase == v1alpha1.PhaseRolledBack {
				w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("ended as FAILED: TooSlow: p99 is 3 s"))
				return
			}
			w.Expect(now.Status.Rollout.Gates[0].Output).To(gomega.Equal(`{"p99": 120}`))
		})
	}
}

// A workflow that doesn't exist is waited for. Once its execution is under way
// nothing is in the way any more, however long it takes.
func TestWorkflowMissing(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(v1alpha1.Gate{Name: "load", At: v1alpha1.BeforeTraffic, TimeoutSeconds: new(int32(86400)),
			StepFunctions: &v1alpha1.StepFunctionsGate{StateMachineARN: "arn:aws:states:eu-west-1:111122223333:stateMachine:viridian-load"}})(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.blocked(imd, v1alpha1.ReasonGateUnavailable)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.HavePrefix("Gate load can't be called: "))
	_, err := w.sim.RegisterStateMachine("viridian-load", sfn.StateMachine{Duration: 24 * time.Hour})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Eventually(func() *v1alpha1.BlockedBy { return w.seen.latest(imd).Status.BlockedBy }).Should(gomega.BeNil(), func() string { return w.explain() })
	w.Expect(w.sim.Executions()).To(gomega.HaveLen(1))
	w.Expect(w.seen.latest(imd).Status.Rollout.Gates[0].State).To(gomega.Equal(v1alpha1.GateRunning))
	w.happened(imd, "Resumed: ")
}

// Each attempt is an execution of its own.
func TestWorkflowIsTriedAgain(t *testing.T) {
	w := running(t)
	var tried atomic.Int64
	arn, err := w.sim.RegisterStateMachine("viridian-load", sfn.StateMachine{Duration: time.Minute, Outcome: func(string) (string, error) {
		if tried.Add(1) == 1 {
			return "", &sfn.Error{Name: "TooSlow"}
		}
		return `{}`, nil
	}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(v1alpha1.Gate{Name: "load", At: v1alpha1.AfterStep, StepFunctions: &v1alpha1.StepFunctionsGate{StateMachineARN: arn}, TimeoutSeconds: new(int32(3600)), Retries: new(int32(1))})(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	names := map[string]bool{}
	for _, execution := range w.sim.Executions() {
		names[execution.Name] = true
	}
	w.Expect(names).To(gomega.HaveLen(3), "two after the first step, one after the second")
	w.Expect(now.Status.Rollout.Gates[0].Attempt).To(gomega.Equal(int32(2)))
	w.Expect(now.Status.Rollout.Gates[1].Attempt).To(gomega.Equal(int32(1)))
}

// receiver is a webhook's server.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	status   int
}

func receive(t *testing.T, status int) *receiver {
	r := &receiver{status: status}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // who asked died in the middle of it, so nothing was asked
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests, r.bodies = append(r.requests, req), append(r.bodies, string(body))
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, "as you say")
	}))
	t.Cleanup(r.Close)
	return r
}

// certificate is what the server's chains to.
func (r *receiver) certificate() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw}))
}

func (r *receiver) gate(secret string) v1alpha1.Gate {
	return v1alpha1.Gate{Name: "hook", At: v1alpha1.BeforeTraffic, TimeoutSeconds: new(int32(86400)),
		Webhook: &v1alpha1.WebhookGate{URL: r.URL + "/gate?token=hunter2", CABundle: r.certificate(), SecretName: secret}}
}

// A webhook gets a signed question. Without its Secret it isn't asked, and what
// is secret shows nowhere.
func TestWebhook(t *testing.T) {
	w := running(t)
	server := receive(t, http.StatusNoContent)
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(server.gate("hook"))(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.blocked(imd, v1alpha1.ReasonGateUnavailable)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.Equal("Gate hook can't be called: the Secret hook does not exist"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.HavePrefix("Create it: kubectl create secret generic hook"))
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "hook"}, Data: map[string][]byte{"hmac-key": []byte("correct horse")}}
	w.Expect(w.client.Create(w.ctx, secret)).To(gomega.Succeed())
	w.eventually(imd, v1alpha1.PhaseComplete)
	server.mu.Lock()
	defer server.mu.Unlock()
	w.Expect(server.requests).To(gomega.HaveLen(1))
	header := server.requests[0].Header
	w.Expect(webhook.Verify([]byte("correct horse"), header, []byte(server.bodies[0]))).To(gomega.BeTrue())
	var q hook.Question
	w.Expect(json.Unmarshal([]byte(server.bodies[0]), &q)).To(gomega.Succeed())
	w.Expect(header.Get("Idempotency-Key")).To(gomega.Equal(q.IdempotencyKey))
	everything := w.explain() + strings.Join(w.events(imd), "\n")
	w.Expect(everything).NotTo(gomega.ContainSubstring("correct horse"))
	w.Expect(everything).NotTo(gomega.ContainSubstring("hunter2"))
}

func TestWebhookSaysNo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		message string
	}{
		"no":         {http.StatusConflict, "gate hook (BeforeTraffic) failed: HTTP 409 Conflict"},
		"a redirect": {http.StatusFound, "HTTP 302 Found (redirects are not followed)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			server := receive(t, c.status)
			imd := w.serving()
			gate := server.gate("")
			gate.Retries = new(int32(1))
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				gated(gate)(s)
				s.Template.Containers[0].Image = image("2")
			})
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring(c.message))
			w.Expect(now.Status.Rollout.Gates[0].Output).To(gomega.Equal("as you say"))
			w.Expect(server.requests).To(gomega.HaveLen(2))
		})
	}
}

// A server that isn't trusted can't decide anything.
func TestWebhookNotTrusted(t *testing.T) {
	w := running(t)
	gate := receive(t, http.StatusOK).gate("")
	gate.Webhook.CABundle = ""
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(gate)(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.blocked(imd, v1alpha1.ReasonGateUnavailable)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("certificate"))
}

// An approval is given by name, expires, and is asked for in words to type.
func TestApprovalGate(t *testing.T) {
	t.Parallel()
	signOff := func(expired v1alpha1.ExpiryPolicy) v1alpha1.Gate {
		return v1alpha1.Gate{Name: "sign-off", At: v1alpha1.BeforePromotion, Approval: &v1alpha1.ApprovalGate{ExpirySeconds: new(int32(86400)), IfExpired: expired}}
	}
	for name, c := range map[string]struct {
		policy v1alpha1.ExpiryPolicy
		answer func(w *world, imd *v1alpha1.ImmutableDeployment)
		phase  v1alpha1.Phase
		reason string
	}{
		"given": {v1alpha1.ExpiryRollBack, func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/sign-off")
		}, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete},
		"refused": {v1alpha1.ExpiryRollBack, func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
		}, v1alpha1.PhaseRolledBack, v1alpha1.ReasonAborted},
		"expired": {v1alpha1.ExpiryRollBack, func(w *world, _ *v1alpha1.ImmutableDeployment) {
			w.skip(86400 * time.Second)
		}, v1alpha1.PhaseRolledBack, v1alpha1.ReasonApprovalExpired},
		"expired, lenient": {v1alpha1.ExpiryProceed, func(w *world, _ *v1alpha1.ImmutableDeployment) {
			w.skip(86400 * time.Second)
		}, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				gated(signOff(c.policy))(s)
				s.Template.Containers[0].Image = image("2")
			})
			now := w.blocked(imd, v1alpha1.ReasonAwaitingApproval)
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
			w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("viridian.dev/promote=checkout-2/sign-off"))
			c.answer(w, imd)
			now = w.eventually(imd, c.phase)
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(c.reason))
		})
	}
}

// A manager that dies right after a gate was started starts it again under the
// same key: the receiver sees one question, however often it is asked.
func TestGateSurvivesACrash(t *testing.T) {
	w := newWorld(t)
	w.function(`{"hookStatus": "SUCCEEDED"}`)
	w.start().stop()
	first := w.startAs(&setup{lethal: func(effect string) bool { return effect == "Invoke viridian-smoke" }})
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(smokeAt(v1alpha1.BeforeTraffic))(s)
		s.Template.Containers[0].Image = image("2")
	})
	w.Eventually(first.killed).Should(gomega.BeClosed())
	w.start()
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	keys := map[string]int{}
	for _, q := range w.asked() {
		keys[q.IdempotencyKey]++
	}
	w.Expect(keys).To(gomega.HaveLen(1))
	w.Expect(slices.ContainsFunc(now.Status.Rollout.Gates, func(g v1alpha1.GateRun) bool { return g.Attempt != 1 })).To(gomega.BeFalse())
}

// A function that answers what it was asked doesn't tell the token to who may read
// the deployment and its events.
func TestGateThatEchoes(t *testing.T) {
	w := running(t)
	w.Expect(w.sim.RegisterFunction("viridian-smoke", lambda.Function{Timeout: 15 * time.Minute, Handler: func(question []byte) ([]byte, error) {
		var q hook.Question
		if err := json.Unmarshal(question, &q); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]string{"hookStatus": "FAILED", "message": "no answer to " + q.Preview.Value + " from the shop"})
	}})).To(gomega.Succeed())
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		gated(smokeAt(v1alpha1.BeforeTraffic))(s)
		s.Template.Containers[0].Image = image("2")
	})
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("no answer to [token] from the shop"))
	w.happened(imd, "RolledBack: checkout-2 failed and checkout-1 serves all traffic: gate smoke (BeforeTraffic) failed: the function answered FAILED: no answer to [token] from the shop")
	imr := w.revision("checkout-2")
	token := imr.Spec.Frozen.PreviewToken
	w.Expect(token).NotTo(gomega.BeEmpty())
	for what, said := range map[string]any{"the deployment": now.Status.Rollout, "its history": now.Status.History, "the revision": imr.Status, "the events": w.events(imd)} {
		text, err := json.Marshal(said)
		w.Expect(err).NotTo(gomega.HaveOccurred())
		w.Expect(string(text)).NotTo(gomega.ContainSubstring(token), what)
	}
}
