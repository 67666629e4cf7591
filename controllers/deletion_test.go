package controllers_test

import (
	"testing"

	"github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Whenever it is deleted, nothing of it stays in the account.
func TestDeletion(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*world) *v1alpha1.ImmutableDeployment{
		"complete":   func(w *world) *v1alpha1.ImmutableDeployment { return w.serving() },
		"mid-canary": func(w *world) *v1alpha1.ImmutableDeployment { return w.heldAt("2/3") },
		"mid-provisioning": func(w *world) *v1alpha1.ImmutableDeployment {
			imd := w.deployment("unhealthy") // whose stack takes its time
			w.create(imd)
			w.reaches("checkout-1", v1alpha1.RevisionCreating)
			return imd
		},
		"provisioning a second": func(w *world) *v1alpha1.ImmutableDeployment {
			imd := w.serving()
			w.roll(imd, "unhealthy")
			w.reaches("checkout-2", v1alpha1.RevisionCreating)
			return imd
		},
		"failed": func(w *world) *v1alpha1.ImmutableDeployment {
			imd := w.deployment("crash")
			w.create(imd)
			return w.eventually(imd, v1alpha1.PhaseFailed)
		},
		"rolled back": func(w *world) *v1alpha1.ImmutableDeployment {
			imd := w.serving()
			w.roll(imd, "crash")
			return w.eventually(imd, v1alpha1.PhaseRolledBack)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := prepare(w)
			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.gone(imd)
			w.Expect(w.revisions()).To(gomega.BeEmpty())
			w.nothingLeft()
		})
	}
}

// A deletion of everything at once, as by a namespace's end, waits for the
// stacks too.
func TestDeletionOfBothKinds(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	for _, kind := range []client.Object{&v1alpha1.ImmutableRevision{}, &v1alpha1.ImmutableDeployment{}} {
		w.Expect(w.client.DeleteAllOf(w.ctx, kind, client.InNamespace(w.namespace))).To(gomega.Succeed())
	}
	w.gone(imd)
	w.Eventually(w.revisions).Should(gomega.BeEmpty())
	w.nothingLeft()
}

// A revision that someone deletes under a rollout is given up, and made anew
// since its template is still wanted.
func TestDeletionOfRevision(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	candidate := w.revisions()[1]
	w.Expect(w.client.Delete(w.ctx, &candidate)).To(gomega.Succeed())
	w.gone(&candidate)
	w.until(imd, "revision 3", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Revision == "checkout-3" })
	w.reached(imd, "1/3")
	w.Expect(w.route()).To(gomega.Equal("1:90 3:10"))
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 1:90 2:10", "ModifyRule 1:100",
		"DeleteStack checkout-2", "CreateStack checkout-3", "ModifyRule 1:90 3:10")
}
