package controllers_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// hanging is a webhook's server that never answers. It tells of each request
// that came, and of each that was given up.
func hanging(t *testing.T) (gate v1alpha1.Gate, came, givenUp <-chan struct{}) {
	t.Helper()
	coming, going, over := make(chan struct{}, 100), make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that whoever asked has gone
		coming <- struct{}{}
		select {
		case <-r.Context().Done():
			going <- struct{}{}
		case <-over:
		}
	}))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return v1alpha1.Gate{Name: "slow", At: v1alpha1.BeforeTraffic, TimeoutSeconds: new(int32(86400)),
		Webhook: &v1alpha1.WebhookGate{URL: server.URL, CABundle: string(certificate)}}, coming, going
}

// A gate that has no place yet, because another one doesn't answer, isn't late:
// its time begins when it is called. A call is ended when its rollout is over, or
// its deployment is gone.
func TestSlowGateOfAnother(t *testing.T) {
	for name, end := range map[string]func(*world, *v1alpha1.ImmutableDeployment){
		"superseded": func(w *world, slow *v1alpha1.ImmutableDeployment) {
			w.update(slow, func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Gates = nil
				s.Template.Containers[0].Image = image("3")
			})
		},
		"deleted": func(w *world, slow *v1alpha1.ImmutableDeployment) {
			w.Expect(w.client.Delete(w.ctx, slow)).To(gomega.Succeed())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.startAs(&setup{gateCalls: 1})
			gate, came, givenUp := hanging(t)
			slow := w.serving()
			w.update(slow, func(s *v1alpha1.ImmutableDeploymentSpec) {
				gated(gate)(s)
				s.Template.Containers[0].Image = image("2")
			})
			w.Eventually(came).Should(gomega.Receive())

			timeout := 10 * time.Minute
			healthy := receive(t, http.StatusNoContent).gate("")
			healthy.TimeoutSeconds = new(int32(timeout / time.Second))
			second := w.deployment("1")
			second.Name = "search"
			second.Spec.Traffic.LoadBalancer.Priority = new(int32(250))
			second.Spec.Traffic.LoadBalancer.Conditions = []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{"search.example.com"}}}
			gated(healthy)(&second.Spec)
			w.create(second)
			now := w.until(second, "waiting for a place", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
				return ready != nil && ready.Message == "Gate hook (BeforeTraffic), attempt 1: waiting for a place, since as many functions and webhooks are called as may be (--max-gate-calls)"
			})
			late := now.Status.Rollout.Gates[0].StartedAt.Add(3 * timeout)
			w.Eventually(w.now).Should(gomega.BeTemporally(">", late))
			w.Expect(w.seen.latest(second).Status.Rollout.Gates[0].State).To(gomega.Equal(v1alpha1.GateRunning))
			w.Expect(givenUp).NotTo(gomega.Receive())

			end(w, slow)
			w.Eventually(givenUp).Should(gomega.Receive())
			now = w.eventually(second, v1alpha1.PhaseComplete)
			w.Expect(now.Status.Rollout.Gates[0].Attempt).To(gomega.Equal(int32(1)))
		})
	}
}
