package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
)

// retained is a deployment that leaves everything as it is when it's deleted.
func retained(s *v1alpha1.ImmutableDeploymentSpec) { s.DeletionPolicy = v1alpha1.DeletionRetain }

// The account is closed, or shut: nobody will ever let the controller in again.
// Whoever leaves everything as it is in AWS can let the record go.
func TestRetainWithoutAnAccount(t *testing.T) {
	t.Parallel()
	fault := func(f awssim.Fault) func(*world, *manager) {
		return func(w *world, _ *manager) { w.sim.Faults.Add(f) }
	}
	for name, tt := range map[string]struct {
		edit   func(*v1alpha1.ImmutableDeploymentSpec)
		close  func(*world, *manager)
		reason string
	}{
		"credentials gone":   {retained, fault(awssim.Fault{Effect: awssim.ExpiredToken}), v1alpha1.ReasonCredentials},
		"RemoveTags denied":  {retained, fault(awssim.Fault{Action: "RemoveTags", Effect: awssim.AccessDenied}), v1alpha1.ReasonAccessDenied},
		"everything denied":  {retained, fault(awssim.Fault{Effect: awssim.AccessDenied}), v1alpha1.ReasonAccessDenied},
		"role not allowed":   {withRole, func(w *world, _ *manager) { w.annotate(v1alpha1.AnnotationAllowedRoleARNs, "") }, v1alpha1.ReasonRoleNotAllowed},
		"in another account": {retained, func(w *world, m *manager) { w.move(m) }, v1alpha1.ReasonWrongAccount},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sim.RegisterRole(role, sts.Role{ExternalID: "viridian/" + w.namespace})
			w.annotate(v1alpha1.AnnotationAllowedRoleARNs, role)
			m, right := w.start(), w.sim
			imd := w.serving(tt.edit)
			effects, before := w.log.all(), inventory(right.Snapshot(), true)
			tt.close(w, m)
			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.until(imd, "what it waits for", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return s.BlockedBy != nil && s.BlockedBy.Reason == tt.reason && strings.Contains(s.BlockedBy.Remedy, "; else everything stays in AWS as it is, and the record goes at ")
			})
			w.gone(imd)
			w.Eventually(w.revisions).Should(gomega.BeEmpty())
			w.sim = right
			w.did(effects...)
			w.Expect(inventory(right.Snapshot(), true)).To(gomega.Equal(before))
			rule, _ := w.production()
			w.happened(imd, "Retained: The tags of the listener rule "+rule.RuleArn+" stay", "Retained: The stack of checkout-1 stays")
			w.Expect(w.events(imd)).To(gomega.ContainElement(gomega.And(
				gomega.ContainSubstring("aws elbv2 remove-tags --resource-arns "+rule.RuleArn+" --tag-keys "),
				gomega.ContainSubstring(v1alpha1.TagUID), gomega.ContainSubstring(v1alpha1.AnnotationAdopt+"="+string(imd.UID)))))
		})
	}
}

// withRole is retained, too, and works as a role.
func withRole(s *v1alpha1.ImmutableDeploymentSpec) {
	retained(s)
	s.AWS = &v1alpha1.AWS{RoleARN: role}
}

// move has the managers work in another account from now on.
func (w *world) move(m *manager) {
	w.t.Helper()
	m.stop()
	w.strange("999988887777", "eu-west-1")
	w.start()
}

// A worker has no rule whose tags could stay.
func TestRetainWorkerWithoutAnAccount(t *testing.T) {
	w := running(t)
	imd := w.serving(asWorker, retained)
	w.sim.Faults.Add(awssim.Fault{Effect: awssim.ExpiredToken})
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.happened(imd, "Retained: The stack of checkout-1 stays")
	w.Expect(w.events(imd)).NotTo(gomega.ContainElement(gomega.ContainSubstring("remove-tags")))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
}

// Whoever wants everything deleted is told what is possible without an account,
// and may still choose it.
func TestDeletionWithoutAnAccount(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.sim.Faults.Add(awssim.Fault{Effect: awssim.ExpiredToken})
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	command := `kubectl patch imd checkout -n ` + w.namespace + ` --field-manager=oncall --type merge -p '{"spec":{"deletionPolicy":"Retain"}}'`
	w.until(imd, "the way out", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy != nil && strings.Contains(s.BlockedBy.Remedy, "; or leave everything in AWS as it is: "+command)
	})
	w.skip(time.Hour)
	w.Consistently(func() v1alpha1.StackState { return w.revision("checkout-1").Spec.StackState }, time.Second).Should(gomega.Equal(v1alpha1.StackPresent))
	w.update(imd, retained)
	w.Expect(w.within(20*time.Second, func() bool { return !w.exists(imd) })).To(gomega.BeTrue(), w.explain)
}

// Credentials that are gone for a moment don't make the tags stay, however long
// something else had been in the way before.
func TestRetainWaitsForCredentials(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3", retained)
	effects := w.log.all()
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 70, w.groupOf("checkout-2"): 30})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.skip(24 * time.Hour)
	end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.ExpiredToken})
	w.blocked(imd, v1alpha1.ReasonCredentials)
	goOn := w.hold() // ten minutes are three seconds
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.until(imd, "Deleting", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Phase == v1alpha1.PhaseDeleting })
	w.Consistently(func() v1alpha1.StackState { return w.revision("checkout-1").Spec.StackState }, time.Second).Should(gomega.Equal(v1alpha1.StackPresent))
	end()
	goOn()
	w.gone(imd)
	w.did(append(effects, "RemoveTags")...)
	w.foreign.all = inventory(w.sim.Snapshot(), false) // the rule is nobody's now
}

// While nothing is deleted, lost credentials are nothing but that.
func TestRetainIsForDeletions(t *testing.T) {
	w := running(t)
	imd := w.serving(retained)
	effects := w.log.all()
	end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.ExpiredToken})
	w.blocked(imd, v1alpha1.ReasonCredentials)
	w.skip(time.Hour)
	w.Consistently(func() string { return w.get(imd).Status.BlockedBy.Reason }, 2*time.Second).Should(gomega.Equal(v1alpha1.ReasonCredentials))
	end()
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(effects...)
}
