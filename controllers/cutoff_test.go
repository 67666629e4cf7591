package controllers_test

import (
	"strings"
	"testing"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// cutting has the network keep tasks of a revision from what they start from, until
// end.
func (w *world) cutting(revision, reason string) (end func()) {
	w.sim.SetCut(func(service string) string {
		if !strings.Contains(service, revision+"-") {
			return ""
		}
		return reason
	})
	return func() { w.sim.SetCut(nil) }
}

// A network that keeps tasks from their registry, secrets or logs while their stack
// is created says nothing of the template: the stack is made again, however long
// that takes, and what is told names the network first.
func TestNetworkCutInsideStack(t *testing.T) {
	t.Parallel()
	for what, reason := range ecs.Cuts {
		t.Run(what, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			end := w.cutting("checkout-2", reason)
			w.roll(imd, "2")
			told := w.outlasts(imd, v1alpha1.ReasonNetworkUnavailable)
			w.Expect(told.Message).To(gomega.And(
				gomega.HavePrefix("CloudFormation could not create the stack of checkout-2: Service: "), gomega.ContainSubstring("(tasks stopped: "+reason[:20])))
			w.Expect(told.Remedy).To(gomega.And(gomega.ContainSubstring("a NAT gateway"), gomega.ContainSubstring("in spec.template.network"),
				gomega.HaveSuffix("The stack is created again by itself")))
			w.Eventually(func() int32 { return w.revision("checkout-2").Status.Attempts }).Should(gomega.BeNumerically(">", 1), w.explain)
			end()
			w.Expect(w.eventually(imd, v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
			w.Expect(w.revision("checkout-2").Status.BlockedBy).To(gomega.BeNil())
		})
	}
}

// The same in express mode, in which ECS goes on trying until it gives up.
func TestExpressNetworkCut(t *testing.T) {
	w := running(t)
	imd := w.serving(expressly)
	end := w.cutting("checkout-2", ecs.Cuts["registry auth"])
	w.roll(imd, "2")
	told := w.outlasts(imd, v1alpha1.ReasonNetworkUnavailable)
	w.Expect(told.Message).To(gomega.HavePrefix("ECS could not start the tasks of checkout-2: "))
	w.Expect(told.Remedy).To(gomega.ContainSubstring("a NAT gateway"))
	end()
	w.Expect(w.eventually(imd, v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
	w.Expect(w.revision("checkout-2").Status.Failure).To(gomega.BeNil())
}

// Subnets from which nothing was ever reached are the template's own fault, which
// nobody can know: the first rollout waits, says so, and goes on with another network.
func TestNetworkThatNeverWorked(t *testing.T) {
	w := running(t)
	w.cutting("checkout-1", ecs.Cuts["registry"])
	imd := w.deployment("1")
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonNetworkUnavailable)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("name others, or other security groups, in spec.template.network"))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Network.AssignPublicIP = "ENABLED"
	})
	now = w.until(imd, "the second network serves", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == "checkout-2"
	})
	w.Expect(now.Status.BlockedBy).To(gomega.BeNil())
}
