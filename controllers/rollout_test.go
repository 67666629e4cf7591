package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// canaryEffects is everything that a canary from image 1 to image 2 does in
// the account, and the first rollout before it.
var canaryEffects = []string{
	"CreateStack checkout-1",
	"CreateRule 1:100",
	"CreateStack checkout-2",
	"ModifyRule 1:90 2:10",
	"ModifyRule 1:50 2:50",
	"ModifyRule 2:100",
	"DeleteStack checkout-1",
}

// did compares all effects so far.
func (w *world) did(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.log.all()); diff != "" {
		w.t.Errorf("Effects in the account (-want +got):\n%s", diff)
	}
}

func TestCanary(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepOldSeconds = new(int32(forever)) })
	w.sim.ResetCalls()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseBaking)
	w.skip(forever * time.Second)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.Weight).To(gomega.HaveValue(gomega.Equal(int32(100))))
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.went(imd, 2, "Pending", "Provisioning", "Verifying", "Shifting", "Baking", "CleaningUp", "Complete")
	w.did(canaryEffects...)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.happened(imd, "Complete: checkout-2 serves all traffic")
	for operation, n := range w.sim.CallCounts() {
		w.Expect(n).To(gomega.BeNumerically("<", 200), operation)
	}
}

// happened checks that events were emitted, each exactly once.
func (w *world) happened(object client.Object, want ...string) {
	w.t.Helper()
	for _, event := range want {
		count := func() (n int) {
			for _, e := range w.events(object) {
				if strings.HasPrefix(e, event) {
					n++
				}
			}
			return n
		}
		w.Eventually(count).Should(gomega.Equal(1), func() string { return fmt.Sprintf("%s in %q", event, w.events(object)) })
	}
}

// warned checks that an event was emitted, and is one that needs attention.
func (w *world) warned(object client.Object, want string) {
	w.t.Helper()
	kinds := func() (kinds []string) {
		var list eventsv1.EventList
		w.Expect(w.client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(gomega.Succeed())
		for _, e := range list.Items {
			if e.Regarding.UID == object.GetUID() && strings.HasPrefix(e.Reason+": "+e.Note, want) {
				kinds = append(kinds, e.Type)
			}
		}
		return kinds
	}
	w.Eventually(kinds).Should(gomega.And(gomega.Not(gomega.BeEmpty()), gomega.HaveEach(corev1.EventTypeWarning)),
		func() string { return fmt.Sprintf("%s in %q", want, w.events(object)) })
}

func TestBlueGreen(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	})
	w.roll(imd, "2")
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 2:100", "DeleteStack checkout-1")
}

// The old stack is there, whole, as long as it may be needed.
func TestBlueGreenKeepsTheOldStack(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
		s.Rollback.KeepOldSeconds = new(int32(forever))
	})
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseBaking)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.skip(forever * time.Second)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
}

func TestScale(t *testing.T) {
	w := running(t)
	imd := w.serving()
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
	w.Expect(w.client.SubResource("scale").Update(w.ctx, imd, client.WithSubResourceBody(scale))).To(gomega.Succeed())
	now := w.until(imd, "3 running tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RunningCount == 3 })
	w.Expect(now.Status.LatestRevision).To(gomega.Equal(int64(1)))
	w.Expect(w.client.SubResource("scale").Get(w.ctx, imd, scale)).To(gomega.Succeed())
	w.Expect(scale.Status.Replicas).To(gomega.Equal(int32(3)))
	w.did("CreateStack checkout-1", "CreateRule 1:100", "UpdateService checkout-1 desiredCount=3")
}

// Nothing is written while nothing changes, however often AWS is looked at.
func TestSteadyState(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.until(imd, "two running tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RunningCount == 2 })
	before, revisions := w.get(imd), w.revisions()
	effects := w.log.all()
	w.sim.ResetCalls()
	w.Eventually(func() int { return w.sim.CallCounts()["elasticloadbalancing:DescribeRules"] }).Should(gomega.BeNumerically(">", 6))
	w.Expect(w.get(imd).ResourceVersion).To(gomega.Equal(before.ResourceVersion))
	w.Expect(w.revisions()[0].ResourceVersion).To(gomega.Equal(revisions[0].ResourceVersion))
	w.did(effects...)
}
