package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
)

const (
	// speed is how much faster than AWS the simulated account is.
	speed = 200
	// metricPeriod is the length of a minute of the account's CloudWatch, the
	// shortest that it supports, and its delay.
	metricPeriod = time.Second
)

// world is a simulated account and one ImmutableDeployment.
type world struct {
	*gomega.WithT
	t        *testing.T
	sim      *awssim.Sim
	endpoint string
	listener string
	imd      *v1alpha1.ImmutableDeployment
}

// TestRollout runs the binary through the life of a deployment: two versions,
// the second of which passes gates and is judged by its requests, a crash in
// the middle of that, deletion, and a graceful shutdown.
func TestRollout(t *testing.T) {
	w := newWorld(t, dataplane.Options{})
	w.imd = w.canary()
	first := startManager(t, w.endpoint)
	w.ready(first)
	w.create()
	w.eventually(v1alpha1.PhaseComplete)

	users := w.users()
	smoke, hook := w.function(), receive(t)
	w.update(func(imd *v1alpha1.ImmutableDeployment) {
		imd.Spec.Gates = []v1alpha1.Gate{smoke, hook.gate()}
		imd.Spec.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.2.0"
	})
	w.secretIsGuarded(hook)
	before := w.halfway()
	w.asked(before, hook)
	w.Expect(first.end(syscall.SIGKILL)).To(gomega.Equal(-1))
	calls := w.sim.CallCounts()
	second := startManager(t, w.endpoint)
	w.takenOver(calls)
	after := w.get()
	before.Status.Rollout.Checks, after.Status.Rollout.Checks = nil, nil // measured again and again
	w.Expect(after.Status.Rollout).To(gomega.Equal(before.Status.Rollout), "the crash changed the rollout")

	w.update(func(imd *v1alpha1.ImmutableDeployment) {
		imd.Spec.Strategy.Canary.Steps[2].HoldSeconds = new(int32(0))
	})
	done := w.eventually(v1alpha1.PhaseComplete)
	if _, err := cluster.Kubectl(t.Context(), "wait", "imd/"+w.imd.Name, "-n", w.imd.Namespace, "--for=condition=Ready", "--timeout=60s"); err != nil {
		t.Error(err)
	}
	w.Expect(done.Status.StableRevision).To(gomega.Equal("checkout-2"))
	w.Expect(done.Status.Rollout.StartedAt).To(gomega.Equal(before.Status.Rollout.StartedAt))
	w.Expect(w.sim.CallCounts()["cloudformation:CreateStack"]).To(gomega.Equal(2), "a stack was created twice")

	w.proven(done)
	w.Expect(hook.received()).To(gomega.HaveLen(1), "the webhook was asked again")
	users()
	w.metricsAreGuarded(second)
	w.delete()
	w.Expect(second.end(syscall.SIGTERM)).To(gomega.Equal(0))
	w.Expect(w.leader()).To(gomega.BeEmpty(), "the lease was not given back")
	w.permissionsFit()
}

// newWorld creates an account with a listener, without a deployment.
func newWorld(t *testing.T, plane dataplane.Options) *world {
	t.Helper()
	w := &world{WithT: gomega.NewWithT(t), t: t, sim: awssim.New(awssim.Options{Speed: speed, Seed: 1, DataPlane: plane})}
	w.SetDefaultEventuallyTimeout(3 * time.Minute)
	w.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	t.Cleanup(w.sim.Close)
	server := httptest.NewServer(w.sim)
	t.Cleanup(server.Close)
	w.endpoint = server.URL
	var err error
	w.listener, err = w.sim.CreateListener("shop", 80)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	_, err = w.sim.CreateSecret(secrets.Secret{Name: "checkout/db", Suffix: "AbCdEf", Value: `{"password":"hush"}`})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return w
}

// canary is the sample of that name, without waits except in the last step
// before all traffic, which is held. The required evidence matches the requests
// of the users here.
func (w *world) canary() *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	w.Expect(w.sim.CreateCluster("shop")).To(gomega.Succeed())
	for _, tag := range []string{"2.1.0", "2.2.0"} {
		w.sim.PutImage("checkout", tag, "")
	}
	imd := w.sample("canary.yaml")
	imd.Spec.Template.Target.DeregistrationDelaySeconds = new(int32(0))
	steps := imd.Spec.Strategy.Canary.Steps
	for i := range steps {
		steps[i].HoldSeconds = new(int32(0))
	}
	steps[len(steps)-1].HoldSeconds = new(int32(3600))
	for i := range imd.Spec.Analysis.Metrics {
		imd.Spec.Analysis.Metrics[i].MinSamples = new(int32(5))
	}
	return imd
}

// sample is one of config/samples on the account's listener, and keeps no old
// stack.
func (w *world) sample(name string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	manifest, err := os.ReadFile(filepath.Join(root, "config", "samples", name))
	w.Expect(err).NotTo(gomega.HaveOccurred())
	imd := &v1alpha1.ImmutableDeployment{}
	w.Expect(yaml.UnmarshalStrict(manifest, imd)).To(gomega.Succeed())
	imd.Namespace = "shop"
	imd.Spec.Traffic.LoadBalancer.ListenerARN = w.listener
	imd.Spec.Rollback.KeepOldSeconds = new(int32(0))
	return imd
}

// ready waits until the manager reports that it is ready.
func (w *world) ready(m *manager) {
	w.t.Helper()
	for _, path := range []string{"/healthz", "/readyz"} {
		w.Eventually(func() (int, error) {
			status, _, err := get("http://"+m.probes+path, "")
			return status, err
		}).Should(gomega.Equal(http.StatusOK))
	}
}

func (w *world) create() {
	w.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.imd.Namespace}}
	w.Expect(cluster.Client.Create(w.t.Context(), ns)).To(gomega.Succeed())
	w.Expect(cluster.Client.Create(w.t.Context(), w.imd)).To(gomega.Succeed())
}

func (w *world) get() *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := &v1alpha1.ImmutableDeployment{}
	w.Expect(cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(w.imd), now)).To(gomega.Succeed())
	return now
}

func (w *world) update(edit func(*v1alpha1.ImmutableDeployment)) {
	w.t.Helper()
	w.Eventually(func() error {
		now := w.get()
		edit(now)
		return cluster.Client.Update(w.t.Context(), now)
	}).Should(gomega.Succeed())
}

// eventually waits for a phase of the current generation.
func (w *world) eventually(phase v1alpha1.Phase) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := w.get()
	w.Eventually(func() v1alpha1.Phase {
		if now = w.get(); now.Status.ObservedGeneration != now.Generation {
			return ""
		}
		return now.Status.Phase
	}).Should(gomega.Equal(phase), w.explain)
	return now
}

// halfway waits until half of the traffic goes to the new revision, and is
// held there.
func (w *world) halfway() *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := w.get()
	w.Eventually(func() bool {
		now = w.get()
		r := now.Status.Rollout
		return now.Status.Step == "3/4" && *now.Status.Weight == 50 && r.StepReachedAt != nil
	}).Should(gomega.BeTrue(), w.explain)
	return now
}

// takenOver waits until a manager calls AWS again, which is after the lease of
// the dead one has expired.
func (w *world) takenOver(before map[string]int) {
	w.t.Helper()
	w.Eventually(func() int {
		return w.sim.CallCounts()["elasticloadbalancing:DescribeRules"]
	}).Should(gomega.BeNumerically(">", before["elasticloadbalancing:DescribeRules"]+2))
}

// leader returns the holder of the lease.
func (w *world) leader() string {
	w.t.Helper()
	var lease coordinationv1.Lease
	key := client.ObjectKey{Namespace: managerNamespace, Name: leaseName}
	w.Expect(cluster.Client.Get(w.t.Context(), key, &lease)).To(gomega.Succeed())
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// metricsAreGuarded reads the metrics anonymously, without permission and with
// it.
func (w *world) metricsAreGuarded(m *manager) {
	w.t.Helper()
	ctx := w.t.Context()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.imd.Namespace, Name: "prometheus"}}
	w.Expect(cluster.Client.Create(ctx, account)).To(gomega.Succeed())
	url, token := "https://"+m.metrics+"/metrics", tokenOf(w.t, account.Namespace, account.Name)
	status, _, err := get(url, "")
	w.Expect(status, err).To(gomega.Equal(http.StatusUnauthorized))
	status, _, err = get(url, token)
	w.Expect(status, err).To(gomega.Equal(http.StatusForbidden))

	w.Expect(cluster.Client.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "e2e-metrics"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "viridian-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: account.Namespace, Name: account.Name}},
	})).To(gomega.Succeed())
	var body string
	w.Eventually(func() (string, error) { // denials are cached for a while
		_, body, err = get(url, token)
		return body, err
	}).Should(gomega.ContainSubstring(`viridian_aws_calls_total{operation="DescribeRules"`))
	for _, name := range documented(w.t, "## Metrics", `([a-z_]+)\{`) {
		w.Expect(body).To(gomega.ContainSubstring("\n"+name), "docs/operations.md tells of a metric that isn't there")
	}
	for _, line := range []string{ // one of the rollouts was another manager's, which was killed
		fmt.Sprintf("viridian_rollouts_total{name=%q,namespace=%q,outcome=\"Promoted\"} 2\n", w.imd.Name, w.imd.Namespace),
		fmt.Sprintf("viridian_changes_total{name=%q,namespace=%q} 2\n", w.imd.Name, w.imd.Namespace),
		fmt.Sprintf("viridian_lead_time_seconds_count{name=%q,namespace=%q} 2\n", w.imd.Name, w.imd.Namespace),
		fmt.Sprintf("viridian_stacks{name=%q,namespace=%q,state=\"Created\"} ", w.imd.Name, w.imd.Namespace),
	} {
		w.Expect(body).To(gomega.ContainSubstring("\n" + line))
	}
}

// delete deletes the deployment and checks what is left in AWS.
func (w *world) delete() {
	w.t.Helper()
	w.Expect(cluster.Client.Delete(w.t.Context(), w.imd)).To(gomega.Succeed())
	w.Eventually(func() bool {
		err := cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(w.imd), &v1alpha1.ImmutableDeployment{})
		return apierrors.IsNotFound(err)
	}).Should(gomega.BeTrue(), w.explain)
	left := w.sim.Snapshot()
	for _, stack := range left.Stacks {
		w.Expect(stack.Status).To(gomega.Equal("DELETE_COMPLETE"), stack.Name)
	}
	for _, rule := range left.Rules {
		w.Expect(rule.Tags).NotTo(gomega.HaveKey(v1alpha1.TagUID))
	}
	w.Expect(left.TargetGroups).To(gomega.BeEmpty())
	w.Expect(left.SecurityGroups).To(gomega.BeEmpty())
	w.Expect(left.LogGroups).To(gomega.BeEmpty())
}

// explain returns what helps to understand a failed test.
func (w *world) explain() string {
	out, err := cluster.Kubectl(w.t.Context(), "describe", "imd", "-n", w.imd.Namespace)
	if err != nil {
		return err.Error()
	}
	return out
}
