package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/test/testcluster"
)

// Three versions of the application. The snapshot is from the time of the old
// one.
const (
	oldTag  = "5.0.2"
	newTag  = "5.1.0"
	nextTag = "5.2.0"
)

// statusBehind is the reason why a deployment waits if its status is older than
// the last change in AWS.
const statusBehind = "StatusBehind"

// TestSnapshotRestored: etcd is restored from a snapshot from before the last
// rollout, and Git applies its manifests again. What serves is found and keeps
// serving, untouched, and the next version is rolled out as usual. onDrift is
// Enforce, which must not write the rule as recorded in the snapshot.
func TestSnapshotRestored(t *testing.T) {
	w := newCatalog(t, "restored", v1alpha1.DriftEnforce)
	users := w.lose()
	calls, changes, old := w.sim.CallCounts(), w.changes(), users.seen(oldTag)
	second := startManager(t, w.endpoint)
	w.takenOver(calls)
	w.apply(newTag)
	w.Expect(w.eventually(v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("catalog-2"))
	w.Expect(w.changes()).To(gomega.Equal(changes), "what is as it shall be was changed")
	w.Expect(w.stacks()).To(gomega.Equal(map[string]string{"1": "DELETE_COMPLETE", "2": "CREATE_COMPLETE"}))
	w.Expect(users.last()).To(gomega.Equal(newTag))

	w.apply(nextTag)
	w.Expect(w.eventually(v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("catalog-3"))
	w.Expect(w.stacks()).To(gomega.Equal(map[string]string{"1": "DELETE_COMPLETE", "2": "DELETE_COMPLETE", "3": "CREATE_COMPLETE"}))
	w.Eventually(users.last).Should(gomega.Equal(nextTag))
	w.Expect(users.seen(oldTag)).To(gomega.Equal(old), "the old version was back")
	w.leave(users, second)
}

// TestSnapshotBehind: the same, but Git is as old as the snapshot. Production
// isn't rolled back to it, whatever onDrift says, before someone follows the
// remedy.
func TestSnapshotBehind(t *testing.T) {
	w := newCatalog(t, "behind", v1alpha1.DriftPause)
	users := w.lose()
	changes, old := w.changes(), users.seen(oldTag)
	second := startManager(t, w.endpoint)
	w.blocked(statusBehind)
	w.imd.Spec.Traffic.OnDrift = v1alpha1.DriftEnforce
	w.apply(oldTag)
	now := w.blocked(statusBehind)
	w.takenOver(w.sim.CallCounts())
	w.Expect(w.changes()).To(gomega.Equal(changes), "something was changed")
	w.Expect(users.seen(oldTag)).To(gomega.Equal(old), "the old version was back")

	w.follow(now.Status.BlockedBy.Remedy)
	w.Eventually(users.last).Should(gomega.Equal(oldTag), w.explain)
	w.eventually(v1alpha1.PhaseComplete)
	w.Expect(w.stacks()["2"]).To(gomega.Equal("DELETE_COMPLETE"))
	w.leave(users, second)
}

// newCatalog creates an account and a namespace for
// config/samples/blue-green.yaml. There are two seconds between a stack's last
// request and its deletion, which is enough for a request on a busy machine.
func newCatalog(t *testing.T, namespace string, onDrift v1alpha1.DriftPolicy) *world {
	t.Helper()
	w := newWorld(t, dataplane.Options{Sockets: true})
	w.imd = w.sample("blue-green.yaml")
	w.imd.Namespace = namespace
	w.imd.Spec.Template.Target.DeregistrationDelaySeconds = new(int32(2))
	w.imd.Spec.Traffic.OnDrift = onDrift
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	w.Expect(cluster.Client.Create(t.Context(), ns)).To(gomega.Succeed())
	t.Cleanup(w.forget)
	return w
}

// lose deploys the old version, takes a snapshot, rolls out the new version and
// then restores the snapshot, without a manager. It returns the visitors, who
// keep sending requests.
func (w *world) lose() *visitors {
	w.t.Helper()
	tags := map[string]string{}
	for _, tag := range []string{oldTag, newTag, nextTag} {
		tags[w.sim.PutImage("catalog", tag, "")] = tag
	}
	first := startManager(w.t, w.endpoint)
	w.apply(oldTag)
	w.eventually(v1alpha1.PhaseComplete)
	users := w.visit("www.example.com", "/catalog", tags)
	snapshot := w.save()

	w.apply(newTag)
	w.Expect(w.eventually(v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("catalog-2"))
	w.Expect(w.stacks()).To(gomega.Equal(map[string]string{"1": "DELETE_COMPLETE", "2": "CREATE_COMPLETE"}))
	w.Expect(first.end(syscall.SIGTERM)).To(gomega.Equal(0))
	w.restore(snapshot)
	w.Expect(w.get().Status.StableRevision).To(gomega.Equal("catalog-1"))
	key := client.ObjectKey{Namespace: w.imd.Namespace, Name: "catalog-2"}
	err := cluster.Client.Get(w.t.Context(), key, &v1alpha1.ImmutableRevision{})
	w.Expect(apierrors.IsNotFound(err)).To(gomega.BeTrue(), "the cluster remembers what came after the snapshot")
	return users
}

// apply does what a GitOps tool does when the manifest has another tag, or the
// same again.
func (w *world) apply(tag string) {
	w.t.Helper()
	container := &w.imd.Spec.Template.Containers[0]
	repository, _, _ := strings.Cut(container.Image, ":")
	container.Image = repository + ":" + tag
	manifest, err := yaml.Marshal(w.imd)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	file := filepath.Join(w.t.TempDir(), "catalog.yaml")
	w.Expect(os.WriteFile(file, manifest, 0o600)).To(gomega.Succeed())
	w.kubectl("apply", "--server-side", "--field-manager=git", "-f", file)
}

// save has etcdctl save a snapshot.
func (w *world) save() (path string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), "snapshot.db")
	w.tool("etcdctl", "--endpoints="+cluster.Env.ControlPlane.Etcd.URL.String(), "snapshot", "save", path)
	return path
}

// restore stops the cluster, has etcdutl restore a snapshot and starts the
// cluster on it, as docs/disaster-recovery.md says.
func (w *world) restore(snapshot string) {
	w.t.Helper()
	server, etcd := cluster.Env.ControlPlane.APIServer, cluster.Env.ControlPlane.Etcd
	w.Expect(server.Stop()).To(gomega.Succeed())
	w.Expect(etcd.Stop()).To(gomega.Succeed())
	etcd.DataDir = filepath.Join(cluster.Dir, "etcd-"+w.imd.Namespace)
	w.tool("etcdutl", "snapshot", "restore", snapshot, "--data-dir="+etcd.DataDir,
		"--bump-revision=1000000000", "--mark-compacted")
	w.Expect(etcd.Start()).To(gomega.Succeed())
	w.Expect(server.Start()).To(gomega.Succeed())
	w.Eventually(func() error {
		_, err := cluster.Kubectl(w.t.Context(), "get", "--raw=/readyz")
		return err
	}).Should(gomega.Succeed())
	// It is held by a manager that is gone; the next one would wait until it
	// expires.
	w.kubectl("delete", "lease", leaseName, "--namespace="+managerNamespace)
}

// tool runs a program that must succeed.
func (w *world) tool(name string, args ...string) {
	w.t.Helper()
	if _, err := testcluster.Output(cluster.Command(w.t.Context(), name, args...)); err != nil {
		w.t.Fatal(err)
	}
}

// kubectl runs a command that must succeed.
func (w *world) kubectl(args ...string) {
	w.t.Helper()
	w.tool("kubectl", args...)
}

// blocked waits until the current generation is blocked for a reason.
func (w *world) blocked(reason string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := w.get()
	w.Eventually(func() string {
		if now = w.get(); now.Status.BlockedBy == nil || now.Status.ObservedGeneration != now.Generation {
			return ""
		}
		return now.Status.BlockedBy.Reason
	}).Should(gomega.Equal(reason), w.explain)
	return now
}

// follow runs the command of a remedy.
func (w *world) follow(remedy string) {
	w.t.Helper()
	command := regexp.MustCompile(`kubectl (annotate imd .*viridian\.dev/adopt=\S+)`).FindStringSubmatch(remedy)
	w.Expect(command).NotTo(gomega.BeNil(), remedy)
	w.kubectl(strings.Fields(command[1])...)
}

// changes counts the calls that change where requests go or what answers them.
func (w *world) changes() map[string]int {
	counts := w.sim.CallCounts()
	changes := map[string]int{}
	for _, operation := range []string{
		"cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack",
		"elasticloadbalancing:CreateRule", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:DeleteRule",
		"ecs:UpdateService",
	} {
		changes[operation] = counts[operation]
	}
	return changes
}

// stacks returns the states of all stacks that each revision ever had.
func (w *world) stacks() map[string]string {
	states := map[string]string{}
	for _, stack := range w.sim.Stacks() {
		revision := stack.Tags[v1alpha1.TagRevision]
		states[revision] = strings.TrimPrefix(fmt.Sprintf("%s, %s", states[revision], stack.Status), ", ")
	}
	return states
}

// leave ends the test: everything can be deleted without leaving anything
// behind.
func (w *world) leave(users *visitors, m *manager) {
	w.t.Helper()
	users.leave()
	w.delete()
	w.Expect(m.end(syscall.SIGTERM)).To(gomega.Equal(0))
}

// forget removes what a failed test left in the cluster, so that the next
// test's manager doesn't look for it in another account.
func (w *world) forget() {
	ctx, here := context.Background(), client.InNamespace(w.imd.Namespace)
	var imds v1alpha1.ImmutableDeploymentList
	var imrs v1alpha1.ImmutableRevisionList
	w.Expect(cluster.Client.List(ctx, &imds, here)).To(gomega.Succeed())
	w.Expect(cluster.Client.List(ctx, &imrs, here)).To(gomega.Succeed())
	var left []client.Object
	for i := range imds.Items {
		left = append(left, &imds.Items[i])
	}
	for i := range imrs.Items {
		left = append(left, &imrs.Items[i])
	}
	for _, object := range left {
		object.SetFinalizers(nil)
		w.Expect(cluster.Client.Update(ctx, object)).To(gomega.Succeed())
		w.Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, object))).To(gomega.Succeed())
	}
}
