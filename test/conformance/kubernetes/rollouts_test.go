package kubernetes_test

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// Third-party assessments of a moment.
var (
	starting  = want{status.InProgressStatus, "Progressing", "pause"}
	working   = want{status.InProgressStatus, "Progressing", "abort pause promote-full"}
	steppable = want{status.InProgressStatus, "Progressing", "abort pause promote promote-full"}
	approving = want{status.InProgressStatus, "Suspended", "abort pause promote promote-full"}
	frozen    = want{status.InProgressStatus, "Suspended", "abort resume"}
	settled   = want{status.CurrentStatus, "Healthy", "pause"}
	failed    = want{status.FailedStatus, "Degraded", "pause retry"}
	stuck     = want{status.FailedStatus, "Degraded", "abort pause"}
	ending    = want{status.TerminatingStatus, "Progressing", ""}
)

// TestCanary controls a canary only with Argo CD's actions.
func TestCanary(t *testing.T) {
	t.Parallel()
	s := newStory(t, "canary")
	s.counted()
	s.create(s.canary("1"))
	s.moment("new", s.was("the object as it was created", func(imd v1alpha1.ImmutableDeployment) bool { return len(imd.Finalizers) == 0 }), starting)
	s.moment("first-provisioning", s.during(1, v1alpha1.PhaseProvisioning), working)
	s.moment("complete", s.phase(v1alpha1.PhaseComplete), settled)

	s.roll("2")
	s.moment("edited", s.was("spec that wasn't seen yet", func(imd v1alpha1.ImmutableDeployment) bool {
		return imd.Generation == 2 && imd.Status.ObservedGeneration == 1
	}), starting)
	s.moment("waiting-for-approval", s.blocked(v1alpha1.ReasonAwaitingApproval), approving)
	s.moment("provisioning", s.during(2, v1alpha1.PhaseProvisioning), working)
	s.press("promote")
	s.moment("holding", s.holding("2/3"), steppable)
	s.press("pause")
	s.moment("paused", s.blocked(v1alpha1.ReasonPaused), frozen)
	s.press("resume")
	s.holding("2/3")
	s.press("promote")
	s.ended(v1alpha1.OutcomePromoted, 2)

	s.roll("3")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("promote-full")
	s.ended(v1alpha1.OutcomeFastPromoted, 3)

	s.roll("4")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("abort")
	s.moment("aborted", s.phase(v1alpha1.PhaseRolledBack), failed)
	s.press("retry")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("promote-full")
	s.ended(v1alpha1.OutcomeFastPromoted, 4)

	s.roll("crash")
	s.moment("rolled-back", s.phase(v1alpha1.PhaseRolledBack), failed)
	s.Expect(cluster.Client.Delete(t.Context(), s.canary("1"))).To(gomega.Succeed())
	s.gone()
	s.moment("deleting", s.was("deleting", func(imd v1alpha1.ImmutableDeployment) bool {
		return imd.Status.Phase == v1alpha1.PhaseDeleting
	}), ending)
	s.revisions()
}

// revisions checks the states of the canary's revisions.
func (s *story) revisions() {
	s.t.Helper()
	for name, m := range map[string]struct {
		phase v1alpha1.RevisionPhase
		state v1alpha1.StackState
		want  want
	}{
		"new":      {"", "", want{status.InProgressStatus, "Progressing", ""}},
		"creating": {v1alpha1.RevisionCreating, v1alpha1.StackPresent, want{status.InProgressStatus, "Progressing", ""}},
		"created":  {v1alpha1.RevisionCreated, v1alpha1.StackPresent, want{status.CurrentStatus, "Healthy", ""}},
		"failed":   {v1alpha1.RevisionFailed, v1alpha1.StackPresent, want{status.FailedStatus, "Degraded", ""}},
		"deleting": {v1alpha1.RevisionDeleting, v1alpha1.StackAbsent, want{status.InProgressStatus, "Progressing", ""}},
		"removed":  {v1alpha1.RevisionRemoved, v1alpha1.StackAbsent, want{status.CurrentStatus, "Healthy", ""}},
	} {
		s.moment(name, s.revision(name, func(imr v1alpha1.ImmutableRevision) bool {
			if m.phase == "" {
				return imr.Status.Phase == ""
			}
			return imr.Status.ObservedGeneration == imr.Generation && imr.DeletionTimestamp == nil &&
				imr.Status.Phase == m.phase && imr.Spec.StackState == m.state
		}), m.want)
	}
}

// counted adds the number of the story's comparisons to the table.
func (s *story) counted() {
	compared(s.t, "Argo CD's health and actions, Flux's health: story "+s.namespace, &s.moments, "moments of rollouts")
}

// during returns the first state of a phase of a generation.
func (s *story) during(generation int64, phase v1alpha1.Phase) *unstructured.Unstructured {
	s.t.Helper()
	return s.was(string(phase), func(imd v1alpha1.ImmutableDeployment) bool {
		return imd.Generation == generation && imd.Status.ObservedGeneration == generation && imd.Status.Phase == phase
	})
}

// ended waits for the end of a revision's rollout.
func (s *story) ended(outcome v1alpha1.Outcome, revision int64) {
	s.t.Helper()
	s.until(string(outcome), func(status v1alpha1.ImmutableDeploymentStatus) bool {
		return status.Phase == v1alpha1.PhaseComplete && status.Rollout.Outcome == outcome && status.Rollout.Revision == revision
	})
}

// TestFirstFails: nothing serves.
func TestFirstFails(t *testing.T) {
	t.Parallel()
	s := newStory(t, "first-fails")
	s.counted()
	s.create(s.canary("crash"))
	s.moment("first-failed", s.phase(v1alpha1.PhaseFailed), failed)
}

// TestBlocked: an error that someone has to fix is reported, with the remedy.
func TestBlocked(t *testing.T) {
	t.Parallel()
	s := newStory(t, "blocked")
	s.counted()
	imd := s.canary("1")
	imd.Spec.Template.Containers[0].Image = image("later")
	s.create(imd)
	s.moment("image-not-found", s.blocked(v1alpha1.ReasonImageNotFound), want{status.FailedStatus, "Degraded", "pause"})
	cluster.sim.PutImage("checkout", "later", "")
	s.phase(v1alpha1.PhaseComplete)
}

// TestDrifted: someone else moves the traffic in the middle of a rollout.
func TestDrifted(t *testing.T) {
	t.Parallel()
	s := newStory(t, "drifted")
	s.counted()
	s.create(s.canary("1"))
	s.phase(v1alpha1.PhaseComplete)
	s.roll("2")
	waiting, err := typed[v1alpha1.ImmutableDeployment](s.blocked(v1alpha1.ReasonAwaitingApproval))
	s.Expect(err).NotTo(gomega.HaveOccurred())
	s.setRoute(waiting.Status.Traffic, 30, 70)
	s.moment("drifted", s.blocked(v1alpha1.ReasonRouteDrifted), stuck)
	s.setRoute(waiting.Status.Traffic, 90, 10)
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("abort")
	s.phase(v1alpha1.PhaseRolledBack)
}

// TestGate: a gate's approval is given like a step's.
func TestGate(t *testing.T) {
	t.Parallel()
	s := newStory(t, "gated")
	s.counted()
	imd := s.canary("1")
	imd.Spec.Gates = []v1alpha1.Gate{{Name: "sign-off", At: v1alpha1.BeforeTraffic, Approval: &v1alpha1.ApprovalGate{}}}
	imd.Spec.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	s.create(imd)
	s.moment("gate-waiting", s.blocked(v1alpha1.ReasonAwaitingApproval), approving)
	s.press("promote")
	s.phase(v1alpha1.PhaseComplete)
}

// TestUnavailable: AWS doesn't respond for a while, and then rejects the
// credentials. No other test may run meanwhile.
func TestUnavailable(t *testing.T) {
	s := newStory(t, "unavailable")
	s.counted()
	s.create(s.canary("1"))
	s.phase(v1alpha1.PhaseComplete)
	s.roll("2")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	t.Cleanup(func() { cluster.sim.Faults.Clear() })
	cluster.sim.Faults.Add(awssim.Fault{Effect: awssim.ServerError})
	s.moment("aws-unavailable", s.blocked(v1alpha1.ReasonAWSUnavailable), steppable)
	cluster.sim.Faults.Clear()
	cluster.sim.Faults.Add(awssim.Fault{Effect: awssim.ExpiredToken})
	s.moment("credentials-refused", s.blocked(v1alpha1.ReasonCredentials), stuck)
	cluster.sim.Faults.Clear()
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	s.press("promote-full")
	s.ended(v1alpha1.OutcomeFastPromoted, 2)
}

// setRoute manually changes the weights of the production rule.
func (s *story) setRoute(traffic *v1alpha1.TrafficStatus, weights ...int32) {
	s.t.Helper()
	route := map[string]int32{}
	for i, target := range traffic.Observed {
		route[target.TargetGroupARN] = weights[i]
	}
	s.Expect(others().route(s.t.Context(), traffic.RuleARN, route)).To(gomega.Succeed())
}
