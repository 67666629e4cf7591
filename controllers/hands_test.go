package controllers_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// meddling is what someone else does to a revision.
type meddling struct {
	do func(*world, string)
	// says is what is told of it.
	says string
}

// meddlings leave a revision's tasks as they are.
var meddlings = map[string]meddling{
	"preview rule deleted": {func(w *world, name string) {
		_, err := w.others.elb.DeleteRule(w.ctx, &elb.DeleteRuleInput{RuleArn: aws.String(w.revision(name).Status.Outputs.PreviewRuleARN)})
		w.Expect(err).NotTo(gomega.HaveOccurred())
	}, "its preview rule was deleted"},
	"stack updated": {func(w *world, name string) {
		_, err := w.others.cfn.UpdateStack(w.ctx, &cloudformation.UpdateStackInput{
			StackName: aws.String(w.revision(name).Spec.StackName), UsePreviousTemplate: aws.Bool(true),
			Parameters: []cfntypes.Parameter{
				{ParameterKey: aws.String("DesiredCount"), UsePreviousValue: aws.Bool(true)},
				{ParameterKey: aws.String("PreviewPriority"), UsePreviousValue: aws.Bool(true)},
			},
			Tags: []cfntypes.Tag{{Key: aws.String("team"), Value: aws.String("other")}},
		})
		w.Expect(err).NotTo(gomega.HaveOccurred())
	}, "Someone else changed the stack (UPDATE_"},
	"service updated": {func(w *world, name string) {
		out := w.revision(name).Status.Outputs
		_, err := w.others.ecs.UpdateService(w.ctx, &ecs.UpdateServiceInput{
			Cluster: &out.Cluster, Service: &out.ServiceName, TaskDefinition: aws.String(w.others.define(w)),
		})
		w.Expect(err).NotTo(gomega.HaveOccurred())
	}, "its ECS service was given the task definition"},
}

// What someone else does to what serves is reported; it goes on serving, and
// the next revision replaces it.
func TestMeddlingWithStable(t *testing.T) {
	t.Parallel()
	for name, m := range meddlings {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			m.do(w, "checkout-1")
			now := w.until(imd, "Drifted", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionDrifted)
			})
			drifted := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionDrifted)
			w.Expect(drifted.Message).To(gomega.And(gomega.HavePrefix("checkout-1: "), gomega.ContainSubstring(m.says)))
			w.Expect(now.Status.BlockedBy).To(gomega.BeNil())
			w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeTrue())
			w.roll(imd, "2")
			now = w.until(imd, "checkout-2 alone", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == "checkout-2"
			})
			w.Expect(meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionDrifted)).To(gomega.BeNil())
			w.did(canaryEffects...)
		})
	}
}

// What someone else does to what is rolled out stops the rollout, until
// someone decides.
func TestMeddlingWithCandidate(t *testing.T) {
	t.Parallel()
	for name, m := range meddlings {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.heldAt("1/3")
			effects := w.log.all()
			m.do(w, "checkout-2")
			now := w.blocked(imd, v1alpha1.ReasonStackChanged)
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
			w.Expect(now.Status.BlockedBy.Message).To(gomega.And(gomega.ContainSubstring("checkout-2: "), gomega.ContainSubstring(m.says)))
			w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
			w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionDrifted)).To(gomega.BeTrue())
			w.looks()
			w.did(effects...)
			w.obey(imd, v1alpha1.AnnotationAbort, now.Status.BlockedBy.Remedy)
			w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.removed("checkout-2")
			w.did(append(effects, "ModifyRule 1:100", "DeleteStack checkout-2")...)
		})
	}
}

// Who deletes the new revision's stack or service in the middle of a rollout
// takes it back.
func TestCandidateDeletedOutside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remove func(*world)
		says   string
	}{
		"stack": {func(w *world) {
			_, err := w.others.cfn.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String(w.revision("checkout-2").Spec.StackName)})
			w.Expect(err).NotTo(gomega.HaveOccurred())
		}, "Someone else deleted the stack|checkout-2 became unhealthy"}, // whichever is seen first
		"service": {func(w *world) {
			out := w.revision("checkout-2").Status.Outputs
			_, err := w.others.ecs.DeleteService(w.ctx, &ecs.DeleteServiceInput{Cluster: &out.Cluster, Service: &out.ServiceName, Force: aws.Bool(true)})
			w.Expect(err).NotTo(gomega.HaveOccurred())
		}, "checkout-2 became unhealthy"},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.heldAt("1/3")
			c.remove(w)
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeRolledBack))
			w.Expect(now.Status.Rollout.Message).To(gomega.MatchRegexp(c.says))
			w.removed("checkout-2")
			w.Expect(w.route()).To(gomega.Equal("1:100"))
			w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
		})
	}
}

// Someone else's number of tasks is put right: spec.desiredCount is the place
// to change it.
func TestScaledOutside(t *testing.T) {
	w := running(t)
	imd := w.serving()
	out := w.revision("checkout-1").Status.Outputs
	_, err := w.others.ecs.UpdateService(w.ctx, &ecs.UpdateServiceInput{Cluster: &out.Cluster, Service: &out.ServiceName, DesiredCount: aws.Int32(5)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Eventually(w.log.all).Should(gomega.Equal(append(slices.Clone(canaryEffects[:2]), "UpdateService checkout-1 desiredCount=2")))
	w.until(imd, "2 running tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RunningCount == 2 })
}

// A priority of the production rule that another ImmutableDeployment has.
func TestPriorityTakenTwice(t *testing.T) {
	w := running(t)
	first := w.serving()
	effects := w.log.all()
	second := w.deployment("1")
	second.Name = "intruder"
	w.create(second)
	now := w.blocked(second, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("the ImmutableDeployment " + w.namespace + "/checkout"))
	// Nobody is told to take the rule away from the one that serves by it.
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.Equal("That one is there and uses the rule: " +
		"create this ImmutableDeployment anew with another priority, such as 101, which is free"))
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
	w.did(effects...)
	w.Expect(w.client.Delete(w.ctx, second)).To(gomega.Succeed())
	w.gone(second)
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.Expect(w.client.Delete(w.ctx, first)).To(gomega.Succeed())
	w.gone(first)
	w.nothingLeft()
}
