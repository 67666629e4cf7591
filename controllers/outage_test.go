package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// outage waits until it is told that nobody is served.
func (w *world) outage(imd *v1alpha1.ImmutableDeployment, reason string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := w.until(imd, "an outage", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseUnavailable && s.BlockedBy != nil && s.BlockedBy.Reason == reason
	})
	c := now.Status.Conditions
	w.Expect(meta.IsStatusConditionFalse(c, v1alpha1.ConditionReady)).To(gomega.BeTrue())
	w.Expect(meta.IsStatusConditionTrue(c, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
	w.Expect(meta.IsStatusConditionFalse(c, v1alpha1.ConditionAvailable)).To(gomega.BeTrue(), w.explain)
	return now
}

// A production rule that somebody deletes while nothing goes on is told as what
// it is, and the remedy creates it anew, as often as it is needed.
func TestRuleDeletedWhileIdle(t *testing.T) {
	w := running(t)
	imd := w.serving()
	for range 2 {
		rule, _ := w.production()
		_, err := w.others.elb.DeleteRule(w.ctx, &elb.DeleteRuleInput{RuleArn: aws.String(rule.RuleArn)})
		w.Expect(err).NotTo(gomega.HaveOccurred())
		now := w.outage(imd, v1alpha1.ReasonRouteDrifted)
		available := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionAvailable)
		w.Expect(available.Message).To(gomega.ContainSubstring("the production rule does not exist"))
		w.Expect(w.route()).To(gomega.Equal("nowhere"))
		w.Expect(now.Status.BlockedBy.Remedy).To(gomega.HavePrefix("Create the rule anew: kubectl annotate imd checkout "))
		w.warned(imd, "RouteDrifted: The production rule was deleted: no requests reach checkout-1. Create the rule anew: ")
		w.obey(imd, v1alpha1.AnnotationRetry, now.Status.BlockedBy.Remedy)
		w.Eventually(w.route).Should(gomega.Equal("1:100"))
		now = w.eventually(imd, v1alpha1.PhaseComplete)
		w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionAvailable)).To(gomega.BeTrue())
	}
}

// A rule of a deployment at rest that somebody deletes is noticed when a neighbour on
// its listener is looked at, long before its own time.
func TestNeighbourSeesDeletedRule(t *testing.T) {
	w := newWorld(t)
	w.startAs(&setup{resync: 24 * time.Hour})
	imd := w.serving()
	rule, _ := w.production()
	other := w.deployment("1")
	other.Name, other.Spec.Traffic.LoadBalancer.Priority = "till", new(int32(250))
	other.Spec.Traffic.LoadBalancer.Conditions[0].Values = []string{"till.example.com"}
	w.create(other)
	w.eventually(other, v1alpha1.PhaseComplete)
	_, err := w.others.elb.DeleteRule(w.ctx, &elb.DeleteRuleInput{RuleArn: aws.String(rule.RuleArn)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.update(other, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(1)) })
	now := w.outage(imd, v1alpha1.ReasonRouteDrifted)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("was deleted: no requests reach checkout-1"))
}

// A stack, or a service, that somebody deletes while it serves is told, and the
// remedy makes the same template anew, with the same images.
func TestStackDeletedWhileIdle(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*world){
		"stack": func(w *world) {
			_, err := w.others.cfn.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String(w.revision("checkout-1").Spec.StackName)})
			w.Expect(err).NotTo(gomega.HaveOccurred())
		},
		"service": func(w *world) {
			out := w.revision("checkout-1").Status.Outputs
			_, err := w.others.ecs.DeleteService(w.ctx, &ecs.DeleteServiceInput{Cluster: &out.Cluster, Service: &out.ServiceName, Force: aws.Bool(true)})
			w.Expect(err).NotTo(gomega.HaveOccurred())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			ran := w.revision("checkout-1").Spec.Frozen.Template.Containers[0].Image
			remove(w)
			now := w.outage(imd, v1alpha1.ReasonStackChanged)
			w.happened(imd, "StackChanged: Nothing serves: ")
			w.sim.PutImage("checkout", "1", "sha256:"+strings.Repeat("0", 64)) // the tag is moved
			w.obey(imd, v1alpha1.AnnotationRetry, now.Status.BlockedBy.Remedy)
			now = w.until(imd, "checkout-2 alone", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == "checkout-2"
			})
			w.Expect(now.Status.Rollout.Cause).To(gomega.Equal(v1alpha1.CauseRetry))
			w.Expect(w.route()).To(gomega.MatchRegexp(`^2:\d+$`))
			w.Expect(w.revision("checkout-2").Spec.Frozen.Template.Containers[0].Image).To(gomega.Equal(ran))
			w.gone(&v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "checkout-1"}})
		})
	}
}

// Whoever applies the template again, after another one failed and what served
// was deleted meanwhile, has it made anew.
func TestLostTemplateIsAppliedAgain(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.roll(imd, "crash")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	_, err := w.others.cfn.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String(w.revision("checkout-1").Spec.StackName)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	now := w.outage(imd, v1alpha1.ReasonStackChanged)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.And(gomega.ContainSubstring("Nothing serves: "), gomega.ContainSubstring("checkout-2 failed: ")))
	w.roll(imd, "1")
	w.until(imd, "the template to serve", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && strings.HasPrefix(s.StableRevision, "checkout-") && s.StableRevision != "checkout-1"
	})
	w.Expect(w.route()).To(gomega.MatchRegexp(`^3:\d+$`))
}

// More tasks than ever before are waited for; they are no loss, and the rollout of
// nothing isn't done before they are there.
func TestScaleUpIsWaitedFor(t *testing.T) {
	w := running(t)
	imd := w.serving()
	end := w.sim.Faults.Add(awssim.Fault{Action: "UpdateService", Effect: awssim.Throttle}) // for a moment
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(4)) })
	w.Eventually(func() bool {
		s := w.get(imd)
		return s.Status.BlockedBy != nil || s.Status.Phase == v1alpha1.PhaseScaling
	}).Should(gomega.BeTrue(), w.explain)
	w.Expect(meta.IsStatusConditionTrue(w.get(imd).Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeFalse())
	end()
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.RunningCount).To(gomega.Equal(int32(4)))
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeTrue())
	w.happened(imd, "Scaling: ")
	for _, e := range w.events(imd) {
		w.Expect(e).NotTo(gomega.ContainSubstring("short of healthy tasks"))
	}
}

// An annotation that looks like a request and is none is told at once, and once.
func TestMisspelledAnnotation(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.request(imd, "viridian.dev/promot", "checkout-1/full")
	w.happened(imd, "RequestIgnored: Ignored viridian.dev/promot: ")
	w.looks()
	w.happened(imd, "RequestIgnored: Ignored viridian.dev/promot: ")
}

// Two deployments ask for the same host. The load balancer takes the first rule
// that matches, so the other one gets nothing: both are told.
func TestSameHostAtALowerPrecedence(t *testing.T) {
	w := running(t)
	imd := w.serving()
	second := w.deployment("1")
	second.Name = "till"
	second.Spec.Traffic.LoadBalancer.Priority = new(int32(250))
	second.Spec.Traffic.LoadBalancer.Conditions = []v1alpha1.RuleCondition{
		{Field: "host-header", Values: []string{"Checkout.example.com"}}, {Field: "path-pattern", Values: []string{"/till/*"}},
	}
	w.create(second)
	now := w.outage(second, v1alpha1.ReasonRouteShadowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("(priority 100)"))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(1)) }) // looks at it again
	now = w.until(imd, "what it takes", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionOverlapping)
	})
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeTrue())
	w.happened(imd, "RouteShadows: ")
	w.Expect(meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionOverlapping).Message).To(gomega.MatchRegexp(`takes all requests of [^,]+ \(priority 250\)$`))
}
