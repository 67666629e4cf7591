package kubernetes_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// story is a deployment in its own namespace.
type story struct {
	*gomega.WithT
	t               *testing.T
	namespace, name string
	listener        string
	// moments counts the assessed states, actions the actions that were run.
	moments, actions int
}

// newStory creates a namespace, a listener and images.
func newStory(t *testing.T, namespace string) *story {
	t.Helper()
	s := &story{WithT: gomega.NewWithT(t), t: t, namespace: namespace, name: "checkout"}
	s.SetDefaultEventuallyTimeout(2 * time.Minute)
	s.SetDefaultEventuallyPollingInterval(25 * time.Millisecond)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	s.Expect(cluster.Client.Create(t.Context(), ns)).To(gomega.Succeed())
	var err error
	s.listener, err = cluster.sim.CreateListener(namespace, 80)
	s.Expect(err).NotTo(gomega.HaveOccurred())
	for _, tag := range []string{"1", "2", "3", "4", "crash"} {
		cluster.sim.PutImage("checkout", tag, "")
	}
	return s
}

// sample is a file of config/samples on the story's listener, without waits.
func (s *story) sample(file string) *v1alpha1.ImmutableDeployment {
	s.t.Helper()
	imd := &v1alpha1.ImmutableDeployment{}
	s.Expect(yaml.UnmarshalStrict(manifest(s, "config/samples/"+file), imd)).To(gomega.Succeed())
	imd.Namespace = s.namespace
	return imd
}

// canary is the sample with an approval at 10 % and a long hold at 50 %,
// without analysis: there are no requests here.
func (s *story) canary(tag string) *v1alpha1.ImmutableDeployment {
	s.t.Helper()
	imd := s.sample("canary.yaml")
	imd.Spec.DesiredCount = new(int32(2))
	imd.Spec.Template.Containers[0].Image = image(tag)
	imd.Spec.Template.Target.DeregistrationDelaySeconds = new(int32(0))
	imd.Spec.Traffic.LoadBalancer.ListenerARN = s.listener
	imd.Spec.Rollback.KeepOldSeconds = new(int32(0))
	imd.Spec.Analysis = nil
	imd.Spec.Strategy.Canary.Steps = []v1alpha1.CanaryStep{
		{Weight: 10, HoldSeconds: new(int32(0)), Approval: v1alpha1.ApprovalManual},
		{Weight: 50, HoldSeconds: new(int32(3600))},
	}
	return imd
}

// image is the application's image with a tag.
func image(tag string) string {
	return "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:" + tag
}

func (s *story) create(imd *v1alpha1.ImmutableDeployment) {
	s.t.Helper()
	s.name = imd.Name
	s.Expect(cluster.Client.Create(s.t.Context(), imd)).To(gomega.Succeed())
}

// roll changes the image.
func (s *story) roll(tag string) {
	s.t.Helper()
	s.merge(`{"spec":{"template":{"containers":[{"name":"app","image":"` + image(tag) + `","portMappings":[{"containerPort":8080}]}]}}}`)
}

// merge applies a JSON merge patch to the deployment.
func (s *story) merge(patch string) {
	s.t.Helper()
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: s.name}}
	s.Expect(cluster.Client.Patch(s.t.Context(), imd, client.RawPatch(types.MergePatchType, []byte(patch)))).To(gomega.Succeed())
}

// live is the deployment as it is now.
func (s *story) live() *unstructured.Unstructured {
	s.t.Helper()
	now := &unstructured.Unstructured{}
	now.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kindDeployment))
	s.Expect(cluster.Client.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: s.name}, now)).To(gomega.Succeed())
	return now
}

// until waits for a state in which the current spec was observed.
func (s *story) until(what string, holds func(v1alpha1.ImmutableDeploymentStatus) bool) *unstructured.Unstructured {
	s.t.Helper()
	var now *unstructured.Unstructured
	s.Eventually(func() bool {
		now = s.live()
		imd, err := typed[v1alpha1.ImmutableDeployment](now)
		s.Expect(err).NotTo(gomega.HaveOccurred())
		return imd.Status.ObservedGeneration == imd.Generation && holds(imd.Status)
	}).Should(gomega.BeTrue(), func() string { return "Waiting for " + what + "\n" + s.explain() })
	return now
}

// phase waits for a phase.
func (s *story) phase(phase v1alpha1.Phase) *unstructured.Unstructured {
	s.t.Helper()
	return s.until(string(phase), func(status v1alpha1.ImmutableDeploymentStatus) bool { return status.Phase == phase })
}

// blocked waits until the deployment is blocked.
func (s *story) blocked(reason string) *unstructured.Unstructured {
	s.t.Helper()
	return s.until(reason, func(status v1alpha1.ImmutableDeploymentStatus) bool {
		return status.BlockedBy != nil && status.BlockedBy.Reason == reason
	})
}

// holding waits until a step's weight is in effect and the deployment isn't
// blocked.
func (s *story) holding(step string) *unstructured.Unstructured {
	s.t.Helper()
	return s.until("step "+step, func(status v1alpha1.ImmutableDeploymentStatus) bool {
		return status.Step == step && status.BlockedBy == nil && status.Rollout.StepReachedAt != nil
	})
}

// gone waits until the deployment is deleted.
func (s *story) gone() {
	s.t.Helper()
	s.Eventually(func() bool {
		err := cluster.Client.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: s.name}, &v1alpha1.ImmutableDeployment{})
		return apierrors.IsNotFound(err)
	}).Should(gomega.BeTrue(), s.explain)
}

// was finds an earlier state in the history of the deployment.
func (s *story) was(what string, holds func(v1alpha1.ImmutableDeployment) bool) *unstructured.Unstructured {
	s.t.Helper()
	return past(s, kindDeployment, what, holds)
}

// revision finds an earlier state of a revision.
func (s *story) revision(what string, holds func(v1alpha1.ImmutableRevision) bool) *unstructured.Unstructured {
	s.t.Helper()
	return past(s, kindRevision, what, holds)
}

// past finds a state in the history.
func past[T any](s *story, kind, what string, holds func(T) bool) *unstructured.Unstructured {
	s.t.Helper()
	var found *unstructured.Unstructured
	s.Eventually(func() bool {
		for _, state := range cluster.history.of(s.namespace, kind) {
			object, err := typed[T](state)
			s.Expect(err).NotTo(gomega.HaveOccurred())
			if holds(*object) {
				found = state
				return true
			}
		}
		return false
	}).Should(gomega.BeTrue(), func() string { return "Looking for " + what + "\n" + s.explain() })
	return found.DeepCopy()
}

// want is the expected assessment of a state.
type want struct {
	kstatus status.Status
	argo    string
	// buttons are Argo CD's enabled actions, separated by spaces.
	buttons string
}

// moment has all tools assess a state, and with -update records it.
func (s *story) moment(name string, state *unstructured.Unstructured, want want) {
	s.t.Helper()
	s.moments++
	if got, problem := judge(state); got != want.kstatus || problem != "" {
		s.t.Errorf("%s: kstatus is %s, want %s. %s", name, got, want.kstatus, problem)
	}
	if got, err := fluxOf(state); got != asFlux(want.kstatus) || err != nil {
		s.t.Errorf("%s: Flux's health is %s, want %s: %v", name, got, asFlux(want.kstatus), err)
	}
	got, err := healthOf(state)
	if got.Status != want.argo || got.Message == "" || err != nil {
		s.t.Errorf("%s: Argo CD's health is %+v, want %s: %v", name, got, want.argo, err)
	}
	if state.GetKind() == kindDeployment {
		if got, err := buttons(state); got != want.buttons || err != nil {
			s.t.Errorf("%s: Argo CD's actions are %q, want %q: %v", name, got, want.buttons, err)
		}
	}
	if *update {
		s.Expect(record(name, state, got)).To(gomega.Succeed())
	}
}

// buttons returns the enabled actions.
func buttons(state *unstructured.Unstructured) (string, error) {
	actions, err := discover(state)
	maps.DeleteFunc(actions, func(_ string, a action) bool { return a.Disabled })
	return strings.Join(slices.Sorted(maps.Keys(actions)), " "), err
}

// press runs an action like Argo CD: it sends what the action changed as a
// merge patch.
func (s *story) press(name string) {
	s.t.Helper()
	s.actions++
	before := s.live()
	after, err := act(before, name)
	s.Expect(err).NotTo(gomega.HaveOccurred(), s.explain)
	was, err := json.Marshal(before)
	s.Expect(err).NotTo(gomega.HaveOccurred())
	is, err := json.Marshal(after)
	s.Expect(err).NotTo(gomega.HaveOccurred())
	patch, err := jsonpatch.CreateMergePatch(was, is)
	s.Expect(err).NotTo(gomega.HaveOccurred())
	var changed map[string]map[string]any
	s.Expect(json.Unmarshal(patch, &changed)).To(gomega.Succeed(), string(patch))
	switch name {
	case "pause", "resume":
		s.Expect(changed).To(gomega.Equal(map[string]map[string]any{"spec": {"paused": name == "pause"}}))
	default:
		s.Expect(changed).To(gomega.HaveLen(1), string(patch))
		s.Expect(changed["metadata"]).To(gomega.HaveLen(1), string(patch))
		s.Expect(changed["metadata"]["annotations"]).To(gomega.HaveLen(1), string(patch))
	}
	s.merge(string(patch))
}

// explain returns what helps to understand a failed test.
func (s *story) explain() string {
	out, err := cluster.Kubectl(s.t.Context(), "describe", "imd", "-n", s.namespace)
	if err != nil {
		return err.Error()
	}
	return out
}

// manifest reads a file of the repository.
func manifest(s *story, path string) []byte {
	s.t.Helper()
	body, err := os.ReadFile(filepath.Join(root, path))
	s.Expect(err).NotTo(gomega.HaveOccurred())
	return body
}
