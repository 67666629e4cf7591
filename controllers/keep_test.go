package controllers_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// applier is the field manager of kubectl apply.
const applier = "kubectl-client-side-apply"

// note notes on an object what kubectl apply does, and what a person might.
func (w *world) note(object client.Object) {
	w.t.Helper()
	patch := client.MergeFrom(object.DeepCopyObject().(client.Object))
	object.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: `{"a":"b"}`, "example.com/team": "shop"})
	labels := map[string]string{"team": "shop"}
	maps.Copy(labels, object.GetLabels())
	object.SetLabels(labels)
	w.Expect(w.client.Patch(w.ctx, object, patch, client.FieldOwner(applier))).To(gomega.Succeed())
}

// noted tells whether all that was noted is still there.
func (w *world) noted(object client.Object) {
	w.t.Helper()
	w.Expect(w.client.Get(w.ctx, client.ObjectKeyFromObject(object), object)).To(gomega.Succeed())
	w.Expect(object.GetAnnotations()).To(gomega.Equal(map[string]string{corev1.LastAppliedConfigAnnotation: `{"a":"b"}`, "example.com/team": "shop"}))
	w.Expect(object.GetLabels()).To(gomega.HaveKeyWithValue("team", "shop"))
	managers := map[string]bool{}
	for _, entry := range object.GetManagedFields() {
		managers[entry.Manager] = true
	}
	w.Expect(managers).To(gomega.HaveKey(applier))
}

// What the cache lacks isn't lost by what the manager writes: of a rollout, both
// objects keep what they had.
func TestWritesKeepWhatTheCacheLacks(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		c := &s.Template.Containers[0]
		c.Environment, c.Command = []v1alpha1.KeyValue{{Name: "A", Value: "b"}}, []string{"run", "it"}
		s.Template.Tags = []v1alpha1.Tag{{Key: "team", Value: "shop"}}
		s.Strategy = canary(forever, forever)
	})
	imr := w.revision("checkout-1")
	w.note(imr)
	w.note(imd)
	patch := client.MergeFrom(imr.DeepCopy())
	imr.Status.Retained = []v1alpha1.RetainedResource{{LogicalID: "Service", Type: "AWS::ECS::Service"}}
	w.Expect(w.client.Status().Patch(w.ctx, imr, patch)).To(gomega.Succeed())
	frozen, retained, want := imr.Spec.Frozen, imr.Status.Retained, w.get(imd).Spec.Template.DeepCopy()
	want.Containers[0].Image = image("2")

	w.roll(imd, "2")
	w.reached(imd, "1/3")
	w.Eventually(func() int { return len(w.revision("checkout-1").Status.Traffic) }).Should(gomega.Equal(2), "noted from the cache")
	w.Expect(w.revision("checkout-1").Status.Retained).To(gomega.Equal(retained))
	w.release(imd)
	w.alone(imd, "checkout-2")
	w.Eventually(func() v1alpha1.StackState { return w.revision("checkout-1").Spec.StackState }).Should(gomega.Equal(v1alpha1.StackAbsent))
	w.noted(imr)
	w.noted(imd)
	for what, diff := range map[string]string{
		"spec.frozen":   cmp.Diff(frozen, imr.Spec.Frozen),
		"spec.template": cmp.Diff(*want, imd.Spec.Template),
	} {
		if diff != "" {
			t.Errorf("%s (-before +after):\n%s", what, diff)
		}
	}
	if frozen.TemplateBody == "" || len(frozen.Template.Tags) == 0 {
		t.Error("there was nothing to lose")
	}
}
