package controllers_test

import (
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// A revision whose stack shall be gone, and is, is as it shall be: for kstatus
// it would otherwise be in progress for as long as it is kept as history.
func TestRemovedRevisionIsReady(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	var conditions []string
	w.Eventually(func() v1alpha1.RevisionPhase {
		status := w.revision("checkout-1").Status
		conditions = conditions[:0]
		for _, c := range status.Conditions {
			conditions = append(conditions, c.Type+" "+string(c.Status)+" "+c.Reason)
		}
		return status.Phase
	}).Should(gomega.Equal(v1alpha1.RevisionRemoved), w.explain)
	w.Expect(conditions).To(gomega.Equal([]string{"Ready True StackRemoved"}))
	w.Expect(meta.IsStatusConditionTrue(w.revision("checkout-2").Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeTrue())
}
