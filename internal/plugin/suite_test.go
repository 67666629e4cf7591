package plugin

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/test/testcluster"
)

// root of the repository.
var root = filepath.Join("..", "..")

// api is a real kube-apiserver with the CRDs.
var api *testcluster.Cluster

// now is when commands are run.
var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { os.Exit(runSuite(m)) }

func runSuite(m *testing.M) int {
	ctrllog.SetLogger(logr.Discard())
	cluster, err := testcluster.Start(testcluster.Options{Root: root, CRDs: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop the cluster:", err)
		}
	}()
	api = cluster
	return m.Run()
}

// world is a test's namespace, in which the test plays the controller.
type world struct {
	*testing.T
	namespace string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := api.Client.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return &world{t, ns.Name}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// deployment makes an ImmutableDeployment of the sample, with a status.
func (w *world) deployment(name string, edit func(*v1alpha1.ImmutableDeployment)) *v1alpha1.ImmutableDeployment {
	w.Helper()
	body, err := os.ReadFile(filepath.Join(root, "config", "samples", "canary.yaml"))
	w.must(err)
	imd := &v1alpha1.ImmutableDeployment{}
	w.must(yaml.UnmarshalStrict(body, imd))
	imd.Namespace, imd.Name = w.namespace, name
	edit(imd)
	status := imd.Status
	w.must(api.Client.Create(w.Context(), imd))
	if status.ObservedGeneration == 0 {
		status.ObservedGeneration = imd.Generation
	}
	imd.Status = status
	w.must(api.Client.Status().Update(w.Context(), imd))
	return imd
}

// underWay is the status of a rollout of name-2 that is held at its second step.
func underWay(imd *v1alpha1.ImmutableDeployment) {
	at := metav1.NewTime(now.Add(-20 * time.Minute))
	imd.Status = v1alpha1.ImmutableDeploymentStatus{
		Phase: v1alpha1.PhaseShifting, Step: "2/4", Weight: new(int32(25)), Revision: imd.Name + "-2", StableRevision: imd.Name + "-1", Stable: 1,
		LatestRevision: 2, RolloutCount: 2,
		Rollout: &v1alpha1.Rollout{
			ID: imd.Name + "-2.2", Cause: v1alpha1.CauseTemplate, Revision: 2, From: 1, StartedAt: at, VerifiedAt: &at, Step: 1,
		},
		Conditions: []metav1.Condition{ready(metav1.ConditionFalse, "Shifting", "Step 2/4: 25% to "+imd.Name+"-2")},
	}
}

// atRest is the status of name-1, which serves.
func atRest(imd *v1alpha1.ImmutableDeployment) {
	at := metav1.NewTime(now.Add(-20 * time.Minute))
	imd.Status = v1alpha1.ImmutableDeploymentStatus{
		Phase: v1alpha1.PhaseComplete, Weight: new(int32(100)), Revision: imd.Name + "-1", StableRevision: imd.Name + "-1", Stable: 1,
		LatestRevision: 1, RolloutCount: 1,
		Rollout: &v1alpha1.Rollout{
			ID: imd.Name + "-1.1", Cause: v1alpha1.CauseTemplate, Revision: 1, StartedAt: at, FinishedAt: &at, Outcome: v1alpha1.OutcomePromoted,
		},
		Conditions: []metav1.Condition{ready(metav1.ConditionTrue, "Complete", imd.Name+"-1 serves all traffic")},
	}
}

func ready(status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(now)}
}

// update changes status as the controller does.
func (w *world) update(name string, edit func(*v1alpha1.ImmutableDeployment)) {
	w.Helper()
	imd := w.get(name)
	edit(imd)
	w.must(api.Client.Status().Update(w.Context(), imd))
}

func (w *world) get(name string) *v1alpha1.ImmutableDeployment {
	w.Helper()
	imd := &v1alpha1.ImmutableDeployment{}
	w.must(api.Client.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, imd))
	return imd
}

// buffer may be read while a command writes to it.
type buffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// result is what came of a command.
type result struct {
	code     int
	out, err string
}

// run runs a command in the test's namespace.
func (w *world) run(args ...string) result {
	w.Helper()
	var out, errOut buffer
	code := w.start(w.Context(), &out, &errOut, args...)
	return result{code, out.String(), errOut.String()}
}

func (w *world) start(ctx context.Context, out, errOut *buffer, args ...string) int {
	t := &tool{in: strings.NewReader(""), out: out, err: errOut, now: func() time.Time { return now }}
	return t.run(ctx, append(args, "--kubeconfig", api.Kubeconfig, "-n", w.namespace))
}

// expect checks an exit code and what was written to both outputs.
func (w *world) expect(got result, code int, want ...string) {
	w.Helper()
	if got.code != code {
		w.Errorf("exit code %d, want %d:\n%s%s", got.code, code, got.out, got.err)
	}
	for _, text := range want {
		if !strings.Contains(got.out+got.err, text) {
			w.Errorf("it doesn't say %q:\n%s%s", text, got.out, got.err)
		}
	}
}
