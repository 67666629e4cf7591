package kubernetes_test

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Third-party assessments of moments in which nothing serves.
var (
	mendable = want{status.FailedStatus, "Degraded", "pause retry"}
	hopeless = want{status.FailedStatus, "Degraded", "pause"}
	broken   = want{status.FailedStatus, "Degraded", "abort pause retry"}
)

// TestOutage: others delete the rule and the service of what serves, and Argo
// CD's retry has each made anew.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := newStory(t, "outage")
	s.counted()
	s.create(s.canary("1"))
	s.phase(v1alpha1.PhaseComplete)
	s.merge(`{"spec":{"desiredCount":3}}`)
	s.phase(v1alpha1.PhaseComplete)
	s.moment("scaling", s.was("tasks that are to start", func(imd v1alpha1.ImmutableDeployment) bool {
		return imd.Status.Phase == v1alpha1.PhaseScaling
	}), starting)

	s.deleteRule()
	s.moment("rule-deleted", s.phase(v1alpha1.PhaseUnavailable), mendable)
	s.press("retry")
	s.phase(v1alpha1.PhaseComplete)
	s.deleteRule() // the value of the retry before is answered already
	s.phase(v1alpha1.PhaseUnavailable)
	s.press("retry")
	s.phase(v1alpha1.PhaseComplete)
	s.deleteService("checkout-1")
	s.moment("service-deleted", s.phase(v1alpha1.PhaseUnavailable), mendable)
	s.press("retry") // a rollout like any other
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("promote-full")
	s.ended(v1alpha1.OutcomeFastPromoted, 2)
}

// TestOutageAfterRollback: a retry has the rule made anew, and what failed isn't
// tried again.
func TestOutageAfterRollback(t *testing.T) {
	t.Parallel()
	s := newStory(t, "outage-after-rollback")
	s.counted()
	s.create(s.canary("1"))
	s.phase(v1alpha1.PhaseComplete)
	s.roll("crash")
	s.phase(v1alpha1.PhaseRolledBack)
	s.deleteRule()
	s.moment("rule-deleted-after-rollback", s.phase(v1alpha1.PhaseUnavailable), mendable)
	s.press("retry")
	after, err := typed[v1alpha1.ImmutableDeployment](s.phase(v1alpha1.PhaseRolledBack))
	s.Expect(err).NotTo(gomega.HaveOccurred())
	s.Expect(after.Status.RolloutCount).To(gomega.BeEquivalentTo(2))
}

// TestOutageInRollout: others delete the rule while a rollout waits.
func TestOutageInRollout(t *testing.T) {
	t.Parallel()
	s := newStory(t, "outage-in-rollout")
	s.counted()
	s.create(s.canary("1"))
	s.phase(v1alpha1.PhaseComplete)
	s.roll("2")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.deleteRule()
	s.moment("rule-deleted-in-rollout", s.phase(v1alpha1.PhaseUnavailable), broken)
	s.press("retry")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("abort")
	s.phase(v1alpha1.PhaseRolledBack)
}

// TestShadowed: another rule takes all requests, which no retry mends.
func TestShadowed(t *testing.T) {
	t.Parallel()
	s := newStory(t, "shadowed")
	s.counted()
	s.create(s.canary("1"))
	s.phase(v1alpha1.PhaseComplete)
	_, err := others().rule(t.Context(), s.listener, "shadow", 1, "checkout.example.com")
	s.Expect(err).NotTo(gomega.HaveOccurred())
	s.moment("shadowed", s.phase(v1alpha1.PhaseUnavailable), hopeless)
}

// deleteRule deletes the production rule as somebody else.
func (s *story) deleteRule() {
	s.t.Helper()
	imd, err := typed[v1alpha1.ImmutableDeployment](s.live())
	s.Expect(err).NotTo(gomega.HaveOccurred())
	s.Expect(others().deleteRule(s.t.Context(), imd.Status.Traffic.RuleARN)).To(gomega.Succeed())
}

// deleteService deletes the service of a revision as somebody else.
func (s *story) deleteService(revision string) {
	s.t.Helper()
	imr := &v1alpha1.ImmutableRevision{}
	s.Expect(cluster.Client.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: revision}, imr)).To(gomega.Succeed())
	s.Expect(others().deleteService(s.t.Context(), imr.Status.Outputs)).To(gomega.Succeed())
}
