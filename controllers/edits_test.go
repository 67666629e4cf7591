package controllers_test

import (
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// A strategy that is edited under way takes effect at once: what is left of
// the rollout follows the new one.
func TestStrategyEditedUnderWay(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
		s.Rollback.KeepOldSeconds = new(int32(0))
	})
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2",
		"ModifyRule 1:90 2:10", "ModifyRule 2:100", "DeleteStack checkout-1")
}

// The ledger of the rule says what shall be, what was written and what is.
func TestTrafficLedger(t *testing.T) {
	w := running(t)
	imd := w.heldAt("2/3")
	ledger := w.get(imd).Status.Traffic
	w.Expect(ledger.InSync).To(gomega.HaveValue(gomega.BeTrue()))
	w.Expect(ledger.Desired).To(gomega.HaveLen(2))
	w.Expect(ledger.Desired).To(gomega.Equal(ledger.Observed))
	w.Expect(ledger.Desired).To(gomega.Equal(ledger.Written))
}

// An adopted rule isn't given back to a target group that can't take traffic.
func TestGivingBackWaits(t *testing.T) {
	w := running(t)
	imd := w.adopting(w.legacy())
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	group := now.Status.Traffic.OriginalTargetGroupARN
	targets := []elbtypes.TargetDescription{{Id: new("10.0.0.200")}}
	_, err := w.others.elb.DeregisterTargets(w.ctx, &elb.DeregisterTargetsInput{TargetGroupArn: &group, Targets: targets})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	now = w.blocked(imd, v1alpha1.ReasonUnhealthy)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("deletionPolicy"))
	_, err = w.others.elb.RegisterTargets(w.ctx, &elb.RegisterTargetsInput{TargetGroupArn: &group, Targets: targets})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.gone(imd)
	w.nothingLeft()
}
