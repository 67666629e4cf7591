package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// slowDrain keeps an old stack warm for long after its requests ended.
func slowDrain(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Template.Target.DeregistrationDelaySeconds = new(int32(3600))
}

// didSlowly compares all effects so far of deployments that are drained slowly:
// CloudFormation gives a service up that drains for longer than half an hour, so
// its stack is deleted again.
func (w *world) didSlowly(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, slices.Compact(w.log.all())); diff != "" {
		w.t.Errorf("Effects in the account (-want +got):\n%s", diff)
	}
}

// count counts the effects so far that begin with a word.
func (w *world) count(word string) (n int) {
	for _, effect := range w.log.all() {
		if strings.HasPrefix(effect, word+" ") {
			n++
		}
	}
	return n
}

// Going back while the old stack is kept, before or after the promotion,
// provisions nothing.
func TestBackToAWarmStack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keep    int32
		phase   v1alpha1.Phase
		outcome v1alpha1.Outcome
		effects []string
	}{
		"before the promotion": {forever, v1alpha1.PhaseBaking, v1alpha1.OutcomeSuperseded, []string{"ModifyRule 1:100", "DeleteStack checkout-2"}},
		"after the promotion":  {0, v1alpha1.PhaseCleaningUp, v1alpha1.OutcomeFastRolledBack, []string{"ModifyRule 1:100", "DeleteStack checkout-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(slowDrain, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepOldSeconds = &c.keep })
			w.roll(imd, "2")
			w.eventually(imd, c.phase)
			effects := append([]string{}, canaryEffects[:6]...)
			w.until(imd, "the end of it", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return s.Phase == c.phase && s.Weight != nil && *s.Weight == 100
			})
			w.did(effects...)
			w.roll(imd, "1")
			now := w.until(imd, "checkout-1 alone", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return s.StableRevision == "checkout-1" && s.Rollout != nil && s.Rollout.FinishedAt != nil
			})
			w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(c.outcome))
			w.skip(2 * time.Hour)
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.removed("checkout-2")
			w.didSlowly(append(effects, c.effects...)...)
			w.Expect(w.revisions()).To(gomega.HaveLen(2))
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
		})
	}
}

// Going back to a template whose stack is gone makes it again from what was
// stored: the same images, whatever their tags mean by now.
func TestBackToAColdStack(t *testing.T) {
	w := running(t)
	imd := w.serving()
	digest := w.sim.PutImage("checkout", "1", "")
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.sim.PutImage("checkout", "1", "sha256:"+strings.Repeat("0", 64))
	w.roll(imd, "1")
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(now.Status.LatestRevision).To(gomega.Equal(int64(2)))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE", "CREATE_COMPLETE"}))
	var bodies []string
	for _, s := range w.sim.Stacks() {
		if s.Tags[v1alpha1.TagRevision] == "1" {
			bodies = append(bodies, s.Template)
		}
	}
	w.Expect(bodies[1]).To(gomega.Equal(bodies[0]))
	w.Expect(bodies[1]).To(gomega.ContainSubstring("checkout@" + digest))
	w.did(append(slices.Clone(canaryEffects), "CreateStack checkout-1",
		"ModifyRule 1:10 2:90", "ModifyRule 1:50 2:50", "ModifyRule 1:100", "DeleteStack checkout-2")...)
}

// A revision that dies when it has all traffic gives it back, as long as the
// old stack is there, even after its promotion.
func TestDeathAtTheEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keep     int32
		phase    v1alpha1.Phase
		finished bool
	}{
		"before the promotion": {forever, v1alpha1.PhaseBaking, false},
		"after the promotion":  {0, v1alpha1.PhaseCleaningUp, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(slowDrain, restful, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepOldSeconds = &c.keep })
			w.roll(imd, "2")
			w.until(imd, "the end of it", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return s.Phase == c.phase && (s.Rollout.FinishedAt != nil) == c.finished
			})
			effects := w.log.all()
			w.others.spoil(w, w.groupOf("checkout-2"))
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
			w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeRolledBack))
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonUnhealthy))
			w.Expect(now.Status.History[0].Outcome).To(gomega.Equal(v1alpha1.OutcomeRolledBack))
			w.skip(2 * time.Hour)
			w.removed("checkout-2")
			w.didSlowly(append(effects, "ModifyRule 1:100", "DeleteStack checkout-2")...)
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
		})
	}
}

// Once the old stack is gone there is no way back: it is reported, and nothing
// moves.
func TestDeathWithoutAWayBack(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.others.spoil(w, w.groupOf("checkout-2"))
	now := w.until(imd, "Degraded", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionDegraded)
	})
	degraded := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionDegraded)
	w.Expect(degraded.Message).To(gomega.ContainSubstring("checkout-2 is short of healthy tasks"))
	w.until(imd, "not Available", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return meta.IsStatusConditionFalse(s.Conditions, v1alpha1.ConditionAvailable) && meta.IsStatusConditionFalse(s.Conditions, v1alpha1.ConditionReady)
	})
	w.looks()
	w.did(canaryEffects...)
}

// What serves is unhealthy before a rollout: by policy that waits or is noted.
func TestStableUnhealthy(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.IfStableUnhealthy = v1alpha1.UnhealthyBlock })
	w.others.spoil(w, w.groupOf("checkout-1"))
	w.until(imd, "Degraded", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionDegraded)
	})
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonStableUnhealthy)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("checkout-1 is short of healthy tasks"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("ifStableUnhealthy: Proceed"))
	w.looks()
	w.did(canaryEffects[:2]...)
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.IfStableUnhealthy = v1alpha1.UnhealthyProceed })
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.Rollout.Note).To(gomega.ContainSubstring("checkout-1 is short of healthy tasks"))
	w.did(canaryEffects...)
}

// Of ten changes in a row only the last, and at most the one under way, is
// provisioned.
func TestChangedTenTimes(t *testing.T) {
	w := running(t)
	imd := w.serving()
	for i := range 10 {
		w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
			s.Template.Containers[0].Environment = []v1alpha1.KeyValue{{Name: "CHANGE", Value: fmt.Sprint(i)}}
		})
	}
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.count("CreateStack")).To(gomega.BeNumerically("<=", 3))
	w.Expect(now.Status.LatestRevision).To(gomega.BeNumerically("<=", 11))
	w.eventuallyOnly(now.Status.StableRevision)
	for _, imr := range w.revisions() {
		if imr.Name == now.Status.StableRevision {
			w.Expect(imr.Spec.Frozen.Template.Containers[0].Environment[0].Value).To(gomega.Equal("9"))
		}
	}
}

// eventuallyOnly waits until one revision's stack is the only one.
func (w *world) eventuallyOnly(name string) {
	w.t.Helper()
	w.Eventually(func() []string {
		var left []string
		for _, imr := range w.revisions() {
			if imr.Status.Phase != v1alpha1.RevisionRemoved && imr.Status.Phase != v1alpha1.RevisionPending {
				left = append(left, imr.Name)
			}
		}
		return left
	}).Should(gomega.Equal([]string{name}), func() string { return w.explain() })
}

// A change of desiredCount during a rollout is for both revisions, and is no
// revision of its own. A call that AWS refuses is reported and made again.
func TestScaleDuringRollout(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	effects := w.log.all()
	end := w.sim.Faults.Add(awssim.Fault{Action: "UpdateService", Effect: awssim.AccessDenied})
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 4}}
	w.Expect(w.client.SubResource("scale").Update(w.ctx, imd, client.WithSubResourceBody(scale))).To(gomega.Succeed())
	now := w.blocked(imd, v1alpha1.ReasonAccessDenied)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("UpdateService"))
	w.did(effects...)
	end()
	now = w.until(imd, "4 running tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RunningCount == 4 && s.BlockedBy == nil })
	w.Expect(now.Status.LatestRevision).To(gomega.Equal(int64(2)))
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.Eventually(w.log.all).Should(gomega.Equal(append(effects,
		"UpdateService checkout-1 desiredCount=4", "UpdateService checkout-2 desiredCount=4")))
	w.release(imd)
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.VerifiedCount).To(gomega.Equal(int32(4)))
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))

	// The next revision starts at the live count.
	w.roll(imd, "3")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.count("UpdateService")).To(gomega.Equal(2))
}
