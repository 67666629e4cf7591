package controllers_test

import (
	"time"

	"github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// within waits for a condition without failing the test.
func (w *world) within(d time.Duration, holds func() bool) bool {
	w.t.Helper()
	over := time.NewTimer(d)
	defer over.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-over.C:
			return holds()
		case <-again.C:
		}
	}
	return true
}

// exists tells whether an object is still there.
func (w *world) exists(o client.Object) bool {
	w.t.Helper()
	return w.client.Get(w.ctx, client.ObjectKeyFromObject(o), o.DeepCopyObject().(client.Object)) == nil
}

// strip takes the finalizers off an object and deletes it, as people do with
// what is stuck, and as a cluster does that is lost.
func (w *world) strip(o client.Object) {
	w.t.Helper()
	p := client.MergeFrom(o.DeepCopyObject().(client.Object))
	o.SetFinalizers(nil)
	w.Expect(w.client.Patch(w.ctx, o, p)).To(gomega.Succeed())
	_ = w.client.Delete(w.ctx, o)
	w.Expect(w.within(20*time.Second, func() bool { return !w.exists(o) })).To(gomega.BeTrue())
}

// alone waits until a revision serves alone.
func (w *world) alone(imd *v1alpha1.ImmutableDeployment, name string) {
	w.t.Helper()
	w.until(imd, name+" alone", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == name
	})
}

// metaName is the metadata of an object without a namespace.
func metaName(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
