package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Someone else's weights stop the rollout and are left alone; once they are
// put back it goes on.
func TestDriftPauses(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	effects := w.log.all()
	rule, _ := w.production()
	one, two := w.groupOf("checkout-1"), w.groupOf("checkout-2")
	w.others.setRoute(w, rule.RuleArn, map[string]int32{one: 70, two: 30})
	now := w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("30% to checkout-2"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.And(
		gomega.ContainSubstring(`"onDrift":"Enforce"`), gomega.ContainSubstring("aws elbv2 modify-rule --rule-arn "+rule.RuleArn)))
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionDrifted)).To(gomega.BeTrue())
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
	w.happened(imd, "RouteDrifted: ")
	w.did(effects...)

	w.others.setRoute(w, rule.RuleArn, map[string]int32{one: 90, two: 10})
	now = w.until(imd, "going on", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy == nil && s.Phase == v1alpha1.PhaseShifting
	})
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.Expect(meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionDrifted)).To(gomega.BeNil())
	w.happened(imd, "Resumed: ")
	w.release(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
}

func TestDriftIsEnforced(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.OnDrift = v1alpha1.DriftEnforce })
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.foreign.group: 1})
	w.Eventually(w.route).Should(gomega.Equal("1:100"))
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did("CreateStack checkout-1", "CreateRule 1:100", "ModifyRule 1:100")
}

// While paused nothing moves: what people do to the rule by hand stays, told and
// not enforced, until the pause is over.
func TestPauseHoldsEnforceBack(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Paused = new(true)
		s.Traffic.OnDrift = v1alpha1.DriftEnforce
	})
	before := w.blocked(imd, v1alpha1.ReasonPaused)
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 70, w.groupOf("checkout-2"): 30})
	now := w.until(imd, "the drift to be told", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy != nil && strings.Contains(s.BlockedBy.Message, "it routes 70% to checkout-1 and 30% to checkout-2")
	})
	w.Expect(now.Status.BlockedBy.Reason).To(gomega.Equal(v1alpha1.ReasonPaused))
	w.Expect(now.Status.BlockedBy.Since).To(gomega.Equal(before.Status.BlockedBy.Since))
	w.looks()
	w.Expect(w.route()).To(gomega.Equal("1:70 2:30"))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Paused = new(false) })
	w.Eventually(w.route).Should(gomega.Equal("1:90 2:10"))
}

func TestRuleDeletedByHand(t *testing.T) {
	t.Parallel()
	for policy, after := range map[v1alpha1.DriftPolicy]string{v1alpha1.DriftPause: "nowhere", v1alpha1.DriftEnforce: "1:100"} {
		t.Run(string(policy), func(t *testing.T) {
			w := running(t)
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.OnDrift = policy })
			rule, _ := w.production()
			_, err := w.others.elb.DeleteRule(w.ctx, &elb.DeleteRuleInput{RuleArn: aws.String(rule.RuleArn)})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			if policy == v1alpha1.DriftPause {
				now := w.blocked(imd, v1alpha1.ReasonRouteDrifted)
				w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("deleted"))
			} else {
				w.Eventually(w.route).Should(gomega.Equal("1:100"))
			}
			w.Expect(w.route()).To(gomega.Equal(after))
			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.gone(imd)
			w.nothingLeft()
		})
	}
}

// A stack that others still use isn't deleted under them.
func TestStackInUseByOthers(t *testing.T) {
	w := running(t)
	imd := w.serving()
	theirs := w.others.makeRule(w, w.listener, "300", forward(w.groupOf("checkout-1")))
	w.roll(imd, "2")
	w.Eventually(func() string {
		ready := meta.FindStatusCondition(w.revisions()[0].Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil {
			return ""
		}
		return ready.Reason
	}).Should(gomega.Equal(v1alpha1.ReasonStackInUse), func() string { return w.explain() })
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.Expect(w.route()).To(gomega.Equal("2:100"))
	_, err := w.others.elb.DeleteRule(w.ctx, &elb.DeleteRuleInput{RuleArn: aws.String(theirs)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.removed("checkout-1")
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// Someone sends all requests back to what served, in the console, and then
// aborts. The abort is heard, and no request goes to the bad revision again.
func TestAbortAfterHandsSavedUsers(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 100})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	aborted := func() bool {
		r := w.get(imd).Status.Rollout
		return r != nil && r.Outcome == v1alpha1.OutcomeAborted
	}
	if !w.within(15*time.Second, aborted) {
		t.Error("The abort isn't heard: ", w.get(imd).Status.BlockedBy.Message)
		effects := len(w.log.all())
		w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.OnDrift = v1alpha1.DriftEnforce }) // the remedy
		w.within(20*time.Second, aborted)
		w.Expect(w.log.all()[effects:]).NotTo(gomega.ContainElement("ModifyRule 1:90 2:10"))
	}
}

// Health counts while the rule has drifted: what loses it is given up, and gets no
// request any more, however the rule came to share them.
func TestSickWhileDrifted(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3", restful, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.UnhealthySeconds = new(int32(60)) })
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 80, w.groupOf("checkout-2"): 20})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.others.spoil(w, w.groupOf("checkout-2"))
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonUnhealthy))
	w.Expect(w.route()).To(gomega.Equal("1:100"))
}

// A template that is taken back gives the new revision up in drift, too.
func TestTemplateTakenBackInDrift(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 100})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	effects := w.log.all()
	w.roll(imd, "1")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.removed("checkout-2")
	w.did(append(effects, "DeleteStack checkout-2")...)
}

// A rule that leads elsewhere is left alone, whoever gave the revision up.
func TestAbortUnderAMaintenancePage(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.foreign.group: 1})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	w.until(imd, "the abort", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Rollout.Outcome == v1alpha1.OutcomeAborted && s.BlockedBy != nil
	})
	w.looks()
	w.Expect(w.route()).To(gomega.Equal("theirs:1"))
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 1})
	w.eventually(imd, v1alpha1.PhaseRolledBack)
}

// While paused nothing moves, but people hear what is amiss and how to get out.
func TestPauseTellsOfSickness(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3", restful)
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Paused = new(true) })
	w.blocked(imd, v1alpha1.ReasonPaused)
	w.others.spoil(w, w.groupOf("checkout-2"))
	effects := w.log.all()
	now := w.until(imd, "what is amiss", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy != nil && strings.Contains(s.BlockedBy.Message, "checkout-2 is short of healthy tasks")
	})
	w.did(effects...)
	w.obey(imd, v1alpha1.AnnotationAbort, now.Status.BlockedBy.Message)
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(w.route()).To(gomega.Equal("1:100"))
}
