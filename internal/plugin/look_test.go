package plugin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/plugin/view"
)

func TestLook(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", func(imd *v1alpha1.ImmutableDeployment) {
		underWay(imd)
		imd.Status.History = []v1alpha1.HistoryEntry{{
			ID: "checkout-1.1", Revision: "checkout-1", Outcome: v1alpha1.OutcomePromoted, StartedAt: metav1.NewTime(now), FinishedAt: metav1.NewTime(now),
		}}
	})
	w.deployment("other", atRest)
	w.event("ImmutableDeployment", "checkout", "Shifting")
	w.event("ImmutableRevision", "checkout-9", "NotOurs")

	w.expect(w.run("status", "checkout"), ExitUndecided, w.namespace+"/checkout  Shifting  Canary  step 2/4", "▶ Step 2  25%")
	w.expect(w.run("status", "other"), ExitOK, "other-1 serves all traffic")
	w.expect(w.run("why", "checkout"), ExitOK, "Nothing is in the way")
	w.expect(w.run("history", "checkout"), ExitOK, "checkout-1.1  Promoted")
	w.expect(w.run("history", "other", "-o", "json"), ExitOK, "[]")
	events := w.run("events", "checkout")
	w.expect(events, ExitOK, "Shifting")
	if strings.Contains(events.out, "NotOurs") {
		t.Errorf("an event of a revision that isn't the deployment's: %s", events.out)
	}
	got := w.run("status", "checkout", "-o", "json")
	var d view.Deployment
	if err := json.Unmarshal([]byte(got.out), &d); err != nil || d.Step != "2/4" || got.code != ExitUndecided {
		t.Errorf("exit code %d, %v: %s", got.code, err, got.out)
	}
	w.update("checkout", func(imd *v1alpha1.ImmutableDeployment) { imd.Status.Phase = v1alpha1.PhaseRolledBack })
	w.expect(w.run("status", "checkout"), ExitNotServing)
}

// event makes an event as the controller does.
func (w *world) event(kind, name, reason string) {
	w.Helper()
	w.must(api.Client.Create(w.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: w.namespace, GenerateName: "event-"},
		InvolvedObject: corev1.ObjectReference{Kind: kind, Name: name, Namespace: w.namespace},
		Type:           corev1.EventTypeNormal, Reason: reason, Message: "step 2", FirstTimestamp: metav1.NewTime(now), LastTimestamp: metav1.NewTime(now),
	}))
}

// Bad input, and a cluster that says no, are answered with what helps.
func TestMistakes(t *testing.T) {
	w := newWorld(t)
	w.expect(w.run("status", "checkout"), ExitFailed, `there is no ImmutableDeployment "checkout" in the namespace "`+w.namespace+`", nor any other`)
	w.deployment("payments", atRest)
	for _, command := range []string{"status", "why", "history", "events"} {
		w.expect(w.run(command, "checkout"), ExitFailed, `there is no ImmutableDeployment "checkout"`, "there are payments")
		w.expect(w.run(command), ExitFailed, "name an ImmutableDeployment")
		w.expect(w.run(command, "a", "b"), ExitFailed, "name one ImmutableDeployment, not 2: a b")
		w.expect(w.run(command, "imd/payments"), ExitFailed, "imd/payments is not a name")
		w.expect(w.run(command, "payments", "-o", "yaml"), ExitFailed, "only json is known")
	}
	w.expect(w.run("staus", "checkout"), ExitFailed, `unknown command "staus"`, "status")
	w.expect(w.run("status", "payments", "--as", "nobody"), ExitFailed, "forbidden", "The ClusterRole view lets people look")
	w.expect(w.run("status", "payments", "--context", "nowhere"), ExitFailed, "nowhere")
	w.expect(w.run("status", "payments", "--server", "https://127.0.0.1:1"), ExitFailed, "connection refused")
	w.expect(w.run("status", "payments", "--token", "wrong", "--client-certificate", "", "--username", ""), ExitOK) // the certificate counts
}

// A cluster without the CRDs answers as any server does to an unknown path.
func TestNoCRD(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	kubeconfig := filepath.Join(t.TempDir(), "config")
	w.must(os.WriteFile(kubeconfig, []byte(`{apiVersion: v1, kind: Config, current-context: bare, contexts: [{name: bare, context: {cluster: bare}}], clusters: [{name: bare, cluster: {server: "`+server.URL+`"}}]}`), 0o600))
	var out, errOut buffer
	tool := &tool{out: &out, err: &errOut}
	code := tool.run(t.Context(), []string{"status", "checkout", "--kubeconfig", kubeconfig})
	w.expect(result{code, out.String(), errOut.String()}, ExitFailed, `the cluster of the context "bare" does not know ImmutableDeployments: install Viridian in it`)
}

// Without a kubeconfig there is nothing to ask.
func TestNoKubeconfig(t *testing.T) {
	w := newWorld(t)
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	var out, errOut buffer
	tool := &tool{out: &out, err: &errOut}
	code := tool.run(t.Context(), []string{"status", "checkout"})
	w.expect(result{code, out.String(), errOut.String()}, ExitFailed, "name a kubeconfig by --kubeconfig or KUBECONFIG")
}

func TestCompletion(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", atRest)
	var out, errOut buffer
	tool := &tool{out: &out, err: &errOut}
	code := tool.run(t.Context(), []string{"__complete", "--kubeconfig", api.Kubeconfig, "-n", w.namespace, "status", ""})
	w.expect(result{code, out.String(), errOut.String()}, ExitOK, "checkout\n")
	w.expect(w.run("completion", "bash"), ExitOK, "kubectl-viridian")
	w.expect(w.run("version"), ExitOK, "API deploy.viridian.dev/v1alpha1")
	out.text.Reset()
	// kubectl itself calls a program of this name.
	code = Main(t.Context(), []string{"/usr/bin/" + asCompletion, "--kubeconfig", api.Kubeconfig, "-n", w.namespace, "why", ""}, nil, &out, &errOut)
	w.expect(result{code, out.String(), errOut.String()}, ExitOK, "checkout\n")
}

// bound lets a user do something in the test's namespace.
func (w *world) bound(user string, rules ...rbacv1.PolicyRule) {
	w.Helper()
	meta := metav1.ObjectMeta{Namespace: w.namespace, Name: user}
	w.must(api.Client.Create(w.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}))
	w.must(api.Client.Create(w.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}))
}
