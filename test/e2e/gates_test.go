package e2e_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
)

const (
	// functionName is a name that config/aws/policy.json allows to be called.
	functionName = "viridian-smoke-test"
	// secretName holds the key that signs the webhook's requests.
	secretName = "change-calendar"
	signingKey = "correct horse battery staple"
)

// users send requests, 100 a second, until the returned function is called.
func (w *world) users() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://checkout.example.com/", http.NoBody)
				w.sim.Route(w.listener, request)
			}
		}
	})
	stop = func() { cancel(); all.Wait() }
	w.t.Cleanup(stop)
	return stop
}

// function creates a Lambda function that succeeds, and returns a gate for it.
func (w *world) function() v1alpha1.Gate {
	w.t.Helper()
	w.Expect(w.sim.RegisterFunction(functionName, lambda.Function{
		Timeout: 10 * time.Minute,
		Handler: func([]byte) ([]byte, error) { return []byte(`{"hookStatus": "SUCCEEDED"}`), nil },
	})).To(gomega.Succeed())
	return v1alpha1.Gate{Name: "smoke-test", At: v1alpha1.BeforeTraffic, Lambda: &v1alpha1.LambdaGate{
		FunctionARN: "arn:aws:lambda:eu-west-1:111122223333:function:" + functionName,
	}}
}

// receiver is a webhook's server.
type receiver struct {
	*httptest.Server

	mu   sync.Mutex
	seen []received
}

// received is a request that the receiver got.
type received struct {
	header http.Header
	body   string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body) // the signature of a truncated body doesn't match
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, received{req.Header, string(body)})
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) received() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *receiver) gate() v1alpha1.Gate {
	return v1alpha1.Gate{Name: "calendar", At: v1alpha1.BeforeTraffic, Webhook: &v1alpha1.WebhookGate{
		URL: r.URL, SecretName: secretName,
		CABundle: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw})),
	}}
}

// secretIsGuarded creates the webhook's Secret, which the manager can't read
// before an administrator runs the command from the deployment's status.
func (w *world) secretIsGuarded(hook *receiver) {
	w.t.Helper()
	w.Expect(cluster.Client.Create(w.t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.imd.Namespace, Name: secretName},
		Data:       map[string][]byte{"hmac-key": []byte(signingKey)},
	})).To(gomega.Succeed())
	now := w.get()
	w.Eventually(func() string {
		if now = w.get(); now.Status.BlockedBy == nil {
			return ""
		}
		return now.Status.BlockedBy.Reason
	}).Should(gomega.Equal(v1alpha1.ReasonGateUnavailable), w.explain)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("may not read the Secret " + secretName))
	w.Expect(w.sim.Invocations(functionName)).To(gomega.HaveLen(1), "the first gate was asked first")
	w.Expect(hook.received()).To(gomega.BeEmpty(), "an unsigned question was sent")

	_, command, found := strings.Cut(now.Status.BlockedBy.Remedy, "kubectl ")
	w.Expect(found).To(gomega.BeTrue(), now.Status.BlockedBy.Remedy)
	if _, err := cluster.Kubectl(w.t.Context(), strings.Fields(command)...); err != nil {
		w.t.Fatal(err)
	}
}

// asked checks the gates' requests and responses.
func (w *world) asked(imd *v1alpha1.ImmutableDeployment, hook *receiver) {
	w.t.Helper()
	gates := imd.Status.Rollout.Gates
	w.Expect(gates).To(gomega.HaveLen(2))
	for i := range gates {
		w.Expect(gates[i].State).To(gomega.Equal(v1alpha1.GateSucceeded), gates[i].Name+": "+gates[i].Message)
	}
	requests := hook.received()
	w.Expect(requests).To(gomega.HaveLen(1))
	mac := hmac.New(sha256.New, []byte(signingKey))
	mac.Write([]byte(requests[0].header.Get("webhook-id") + "." + requests[0].header.Get("webhook-timestamp") + "." + requests[0].body))
	w.Expect(requests[0].header.Get("webhook-signature")).To(gomega.Equal("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))))
	imr := &v1alpha1.ImmutableRevision{}
	w.Expect(cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: imd.Namespace, Name: "checkout-2"}, imr)).To(gomega.Succeed())
	for _, question := range []string{requests[0].body, string(w.sim.Invocations(functionName)[0].Payload)} {
		var q struct {
			Deployment, Revision struct{ Name string }
			Preview              struct{ Host, Value string }
		}
		w.Expect(json.Unmarshal([]byte(question), &q)).To(gomega.Succeed())
		w.Expect(q.Deployment.Name + " " + q.Revision.Name + " " + q.Preview.Host + " " + q.Preview.Value).
			To(gomega.Equal("checkout checkout-2 checkout.example.com " + imr.Spec.Frozen.PreviewToken))
	}
}

// proven checks what the new revision was judged by: each of the sample's
// metrics passed at each step, measured from the users' requests.
func (w *world) proven(imd *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	w.Expect(imd.Status.Rollout.Checks).To(gomega.HaveLen(len(imd.Spec.Analysis.Metrics)))
	imr := &v1alpha1.ImmutableRevision{}
	key := client.ObjectKey{Namespace: imd.Namespace, Name: imd.Status.StableRevision}
	w.Expect(cluster.Client.Get(w.t.Context(), key, imr)).To(gomega.Succeed())
	passed := map[string]map[int32]bool{}
	for i := range imr.Status.Verdicts {
		v := &imr.Status.Verdicts[i]
		if v.Source != v1alpha1.SourceMetric || v.Result != v1alpha1.ResultPass {
			continue
		}
		w.Expect(v.Samples).To(gomega.BeNumerically(">=", 5), v.Message)
		if passed[v.Name] == nil {
			passed[v.Name] = map[int32]bool{}
		}
		passed[v.Name][v.Step] = true
	}
	for i := range imd.Spec.Analysis.Metrics {
		name := imd.Spec.Analysis.Metrics[i].Name
		w.Expect(passed[name]).To(gomega.HaveLen(4), name)
	}
}
