package controllers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/awssim/sfn"
	"github.com/viridian-dev/viridian/internal/hook"
)

// verified is everything at once by which a revision can be judged.
func (w *world) verified(url, certificate string) func(*v1alpha1.ImmutableDeploymentSpec) {
	w.t.Helper()
	w.alarm("OK")
	w.function(`{"hookStatus": "SUCCEEDED"}`)
	w.Expect(w.sim.SetScan("checkout", "2", ecr.Scan{})).To(gomega.Succeed())
	machine, err := w.sim.RegisterStateMachine("viridian-load", sfn.StateMachine{Duration: time.Minute})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	patient := func(g v1alpha1.Gate) v1alpha1.Gate {
		g.TimeoutSeconds = new(int32(86400)) // a manager that starts takes long in an account that is this fast
		return g
	}
	last := smokeAt(v1alpha1.AfterPromotion)
	last.Name = "last"
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		judgedBy(v1alpha1.Analysis{
			Alarms: []string{"checkout-5xx"}, InconclusiveSeconds: new(int32(86400)),
			Metrics: []v1alpha1.MetricCheck{{Name: "cpu", Builtin: v1alpha1.MetricCPU, Max: "80", IntervalSeconds: new(int32(3600))}},
		})(s)
		withImages(scanned(func(s *v1alpha1.ImageScan) { s.PendingSeconds = new(int32(86400)) }))(s)
		gated(
			patient(smokeAt(v1alpha1.BeforeTraffic)),
			patient(v1alpha1.Gate{Name: "load", At: v1alpha1.AfterStep, Steps: []int32{1}, StepFunctions: &v1alpha1.StepFunctionsGate{StateMachineARN: machine}}),
			v1alpha1.Gate{Name: "sign-off", At: v1alpha1.AfterStep, Steps: []int32{2}, Approval: &v1alpha1.ApprovalGate{}},
			patient(v1alpha1.Gate{Name: "hook", At: v1alpha1.BeforePromotion, Webhook: &v1alpha1.WebhookGate{URL: url, CABundle: certificate}}),
			patient(last),
		)(s)
	}
}

// Managers that die of every effect, of every second call of a function or a
// webhook before they hear its answer, and of every second note of evidence,
// bring a verified rollout to the same end as one that lives: each gate was asked under one key,
// the workflow ran once, and every verdict is kept once.
func TestEveryEffectKillsVerification(t *testing.T) {
	t.Parallel()
	for name, lethal := range map[string]func(string) bool{
		"none does":              func(string) bool { return false },
		"in the account":         func(effect string) bool { return !strings.Contains(effect, "/apis/") },
		"in account and cluster": func(string) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var alive atomic.Pointer[manager]
			var invoked, noted, posted atomic.Int64
			kills := func(effect string) bool {
				switch {
				case strings.HasPrefix(effect, "Invoke") && invoked.Add(1)%2 == 0:
					return false
				case strings.Contains(effect, "/immutablerevisions/") && strings.HasSuffix(effect, "/status") && noted.Add(1)%2 == 0:
					// In this account, minutes pass until the next manager is
					// there: it has newer figures to note, and never comes to
					// remember any.
					return false
				}
				return lethal(effect)
			}
			server := receive(t, http.StatusOK)
			front := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if posted.Add(1)%2 == 1 && lethal("webhook") {
					alive.Load().kill()
				}
				server.Config.Handler.ServeHTTP(rw, r)
			}))
			front.StartTLS()
			t.Cleanup(front.Close)
			imd := w.deployment("1")
			w.create(imd)
			w.untilComplete(imd, "checkout-1", lethal)
			edit := w.verified(front.URL, (&receiver{Server: front}).certificate())
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				edit(s)
				s.Template.Containers[0].Image = image("2")
			})
			approved := false
			w.live(&setup{lethal: kills}, func() bool {
				now := w.seen.latest(imd)
				if now == nil || now.Status.Revision != "checkout-2" {
					return false
				}
				if b := now.Status.BlockedBy; b != nil && b.Reason == v1alpha1.ReasonAwaitingApproval && !approved {
					w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/sign-off/2")
					approved = true
				}
				return now.Status.Phase == v1alpha1.PhaseComplete
			}, func(m *manager) { alive.Store(m) })
			w.askedOnce(server)
			w.verdictsOnce(w.revision("checkout-2"))
			w.Expect(slices.Compact(w.log.all())).To(gomega.Equal([]string{
				"CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "Invoke viridian-smoke", "ModifyRule 1:90 2:10", "StartExecution",
				"ModifyRule 1:50 2:50", "ModifyRule 2:100", "Invoke viridian-smoke", "DeleteStack checkout-1"}))
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
			w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
			w.Expect(past(w.get(imd).Status)).To(gomega.Equal([]string{"checkout-2.2 Template Promoted", "checkout-1.1 Template Promoted"}))
		})
	}
}

// askedOnce checks that every gate was asked under one key of its own, however
// often.
func (w *world) askedOnce(server *receiver) {
	w.t.Helper()
	keys := map[string]string{}
	note := func(q hook.Question) {
		if gate, known := keys[q.IdempotencyKey]; known {
			w.Expect(gate).To(gomega.Equal(q.Gate))
		}
		keys[q.IdempotencyKey] = q.Gate
		w.Expect(q.Attempt).To(gomega.Equal(int32(1)), q.Gate)
	}
	for _, q := range w.asked() {
		note(q)
	}
	executions := w.sim.Executions()
	w.Expect(executions).To(gomega.HaveLen(1))
	server.mu.Lock()
	defer server.mu.Unlock()
	for _, body := range append(slices.Clone(server.bodies), executions[0].Input) {
		var q hook.Question
		w.Expect(json.Unmarshal([]byte(body), &q)).To(gomega.Succeed())
		note(q)
	}
	w.t.Logf("%d calls of functions and %d of webhooks", len(w.asked()), len(server.bodies))
	w.Expect(keys).To(gomega.HaveLen(4), "%v", keys)
}

// verdictsOnce checks that all checks passed, and that each is told of once.
func (w *world) verdictsOnce(imr *v1alpha1.ImmutableRevision) {
	w.t.Helper()
	var passed, all []string
	for _, v := range imr.Status.Verdicts {
		text := fmt.Sprintf("%s %s %d", v.Source, v.Name, v.Step)
		if v.Result == v1alpha1.ResultPass {
			passed = append(passed, text)
		}
		all = append(all, text+" "+string(v.Result))
	}
	slices.Sort(passed)
	want := []string{"Alarm checkout-5xx 1", "Alarm checkout-5xx 2", "Alarm checkout-5xx 3",
		"Gate hook 0", "Gate last 0", "Gate load 1", "Gate sign-off 2", "Gate smoke 0", "Images scan 0",
		"Metric cpu 1", "Metric cpu 2", "Metric cpu 3"}
	if diff := cmp.Diff(want, passed); diff != "" {
		w.t.Errorf("Verdicts that passed (-want +got):\n%s", diff)
	}
	slices.Sort(all)
	w.Expect(slices.Compact(slices.Clone(all))).To(gomega.Equal(all))
}
