package controllers_test

import (
	"testing"

	"github.com/onsi/gomega"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// scaleTo does as kubectl scale.
func (w *world) scaleTo(imd *v1alpha1.ImmutableDeployment, tasks int32) {
	w.t.Helper()
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: tasks}}
	w.Expect(w.client.SubResource("scale").Update(w.ctx, imd, client.WithSubResourceBody(scale))).To(gomega.Succeed())
}

// asleep waits until an application is switched off, and nothing of it runs.
func (w *world) asleep(imd *v1alpha1.ImmutableDeployment) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := w.until(imd, "switched off", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseSwitchedOff && s.BlockedBy == nil && s.RunningCount == 0
	})
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionDegraded} {
		w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, kind)).To(gomega.BeFalse(), kind)
	}
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionAvailable} {
		w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, kind)).To(gomega.BeTrue(), kind)
	}
	return now
}

// TestSwitchedOff: what serves stays without tasks; another template waits until the
// application is switched on, and is then rolled out beside what served.
func TestSwitchedOff(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.scaleTo(imd, 0)
	w.asleep(imd)
	w.roll(imd, "2")
	w.until(imd, "the template to be seen", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Message == "checkout-1 is switched off (spec.desiredCount is 0); spec.template is rolled out once spec.desiredCount is 1 or more"
	})
	w.looks()
	w.Expect(w.asleep(imd).Status.LatestRevision).To(gomega.Equal(int64(1)))
	w.scaleTo(w.get(imd), 2)
	w.alone(imd, "checkout-2")
	w.Expect(w.log.all()[:3]).To(gomega.Equal([]string{"CreateStack checkout-1", "CreateRule 1:100", "UpdateService checkout-1 desiredCount=0"}))
	w.Expect(w.log.all()).To(gomega.ContainElement("UpdateService checkout-1 desiredCount=2"))
}

// TestSwitchedOffInRollout: a rollout under way is given up, and starts anew
// afterwards: no weight is reached by a revision without tasks.
func TestSwitchedOffInRollout(t *testing.T) {
	w := running(t)
	imd := w.heldAt("2/3")
	w.scaleTo(w.get(imd), 0)
	now := w.asleep(imd)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeSuperseded))
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.removed("checkout-2")
	w.release(imd)
	w.scaleTo(w.get(imd), 2)
	w.alone(imd, "checkout-2")
}

// TestCreatedSwitchedOff: nothing is made for an application that is to run later.
func TestCreatedSwitchedOff(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.DesiredCount = new(int32(0))
	w.create(imd)
	w.until(imd, "switched off", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Phase == v1alpha1.PhaseSwitchedOff })
	w.looks()
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	w.Expect(w.log.all()).To(gomega.BeEmpty())
	w.scaleTo(w.get(imd), 1)
	w.alone(imd, "checkout-1")
}
