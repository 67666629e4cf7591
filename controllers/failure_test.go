package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// bad are images that don't work, with what must be told of why.
var bad = map[string]string{
	"crash":     "app: exit code 1)) (if the log says \"exec format error\", the image is not for linux/amd64",
	"nopull":    "CannotPullContainerError",
	"unhealthy": "(the check is GET ",
}

func TestBadRevision(t *testing.T) {
	t.Parallel()
	for tag, cause := range bad {
		t.Run(tag, func(t *testing.T) {
			w := running(t)
			imd := w.deployment(tag)
			w.create(imd)
			now := w.eventually(imd, v1alpha1.PhaseFailed)
			w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeFailed))
			w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring(cause))
			w.removed("checkout-1")
			w.happened(imd, "Failed: ")
			first := []string{"CreateStack checkout-1", "DeleteStack checkout-1"}
			w.did(first...)

			w.roll(imd, "1")
			now = w.eventually(imd, v1alpha1.PhaseComplete)
			w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
			w.badSecond(imd, tag, cause)
			w.did(append(first, "CreateStack checkout-2", "CreateRule 2:100", "CreateStack checkout-3", "DeleteStack checkout-3")...)
		})
	}
}

// badSecond rolls out a bad image beside one that serves.
func (w *world) badSecond(imd *v1alpha1.ImmutableDeployment, tag, cause string) {
	w.t.Helper()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].Image = image(tag)
		s.Template.Memory = "1024" // another revision than the first
	})
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeRolledBack))
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring(cause))
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
	stalled := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionStalled)
	w.Expect(stalled).NotTo(gomega.BeNil())
	w.Expect(stalled.Message).To(gomega.And(gomega.ContainSubstring(cause), gomega.ContainSubstring("checkout-2 serves all traffic")))
	w.removed("checkout-3")
	failure := w.revisions()[2].Status.Failure
	w.Expect(failure).NotTo(gomega.BeNil())
	w.Expect(failure.Resource).To(gomega.Equal("Service"))
	w.Expect(failure.Message).To(gomega.ContainSubstring(cause))
	w.happened(imd, "RolledBack: ")
}

// removed waits until a revision's stack is gone, its record still there.
func (w *world) removed(name string) {
	w.t.Helper()
	w.reaches(name, v1alpha1.RevisionRemoved)
}

// reaches waits until a revision is in a phase.
func (w *world) reaches(name string, phase v1alpha1.RevisionPhase) {
	w.t.Helper()
	w.Eventually(func() v1alpha1.RevisionPhase {
		for _, imr := range w.revisions() {
			if imr.Name == name {
				return imr.Status.Phase
			}
		}
		return ""
	}).Should(gomega.Equal(phase), func() string { return w.explain() })
}

// A new revision that loses its health gives the traffic back by weight alone;
// the old stack isn't written.
func TestHealthLost(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"1/3", "2/3"} {
		t.Run(strings.ReplaceAll(step, "/", " of "), func(t *testing.T) {
			w := running(t)
			imd := w.heldAt(step, restful)
			before := w.log.all()
			w.others.spoil(w, w.groupOf("checkout-2"))
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonUnhealthy))
			w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("0 healthy"))
			w.removed("checkout-2")
			w.did(append(before, "ModifyRule 1:100", "DeleteStack checkout-2")...)
			w.Expect(w.route()).To(gomega.Equal("1:100"))
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
		})
	}
}

// groupOf is a revision's target group.
func (w *world) groupOf(name string) string {
	w.t.Helper()
	for _, imr := range w.revisions() {
		if imr.Name == name && imr.Status.Outputs != nil {
			return imr.Status.Outputs.TargetGroupARN
		}
	}
	w.t.Fatalf("%s has no target group", name)
	return ""
}

// A rollout that makes no progress is given up. The simulated service gets no
// task running at all, since its tasks are always too late.
func TestProgressDeadline(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.sim.PutImage("checkout", "late", "")
	w.roll(imd, "late")
	w.Eventually(func() []string { return w.stacksOf("2") }).Should(gomega.Equal([]string{"CREATE_IN_PROGRESS"}))
	w.skip(86400 * time.Second)
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonProgressDeadlineExceeded))
	w.removed("checkout-2")
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "DeleteStack checkout-2")
}
