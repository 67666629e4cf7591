package controllers_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// revision reads an ImmutableRevision.
func (w *world) revision(name string) *v1alpha1.ImmutableRevision {
	w.t.Helper()
	imr := &v1alpha1.ImmutableRevision{}
	w.Expect(w.client.Get(w.ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, imr)).To(gomega.Succeed())
	return imr
}

// ready waits for the reason of a revision's condition Ready.
func (w *world) ready(name, reason string) *metav1.Condition {
	w.t.Helper()
	var ready *metav1.Condition
	w.Eventually(func() string {
		if ready = meta.FindStatusCondition(w.revision(name).Status.Conditions, v1alpha1.ConditionReady); ready == nil {
			return ""
		}
		return ready.Reason
	}).Should(gomega.Equal(reason), func() string { return w.explain() })
	return ready
}

// protected tells whether a revision's stack has termination protection.
func (w *world) protected(name string) bool {
	w.t.Helper()
	out, err := w.others.cfn.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(w.revision(name).Spec.StackName)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToBool(out.Stacks[0].EnableTerminationProtection)
}

// protect is someone else who turns a stack's termination protection on or off.
func (w *world) protect(name string, on bool) {
	w.t.Helper()
	_, err := w.others.cfn.UpdateTerminationProtection(w.ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: aws.String(w.revision(name).Spec.StackName), EnableTerminationProtection: aws.Bool(on),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

func TestTerminationProtection(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Stack.TerminationProtection = new(true) })
	w.Expect(w.protected("checkout-1")).To(gomega.BeTrue())
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.Expect(w.protected("checkout-2")).To(gomega.BeTrue())
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}

// Protection that someone else turned on is theirs to turn off.
func TestProtectedByOthers(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.protect("checkout-1", true)
	w.roll(imd, "2")
	ready := w.ready("checkout-1", v1alpha1.ReasonStackDeleteFailed)
	w.Expect(ready.Message).To(gomega.ContainSubstring("update-termination-protection --no-enable-termination-protection"))
	w.Expect(w.protected("checkout-1")).To(gomega.BeTrue())
	now := w.get(imd)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
	w.Expect(meta.IsStatusConditionFalse(now.Status.Conditions, v1alpha1.ConditionCleanedUp)).To(gomega.BeTrue())
	w.protect("checkout-1", false)
	w.removed("checkout-1")
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// define makes a task definition that a service of Viridian's could run.
func (o others) define(w *world) (arn string) {
	w.t.Helper()
	out, err := o.ecs.RegisterTaskDefinition(w.ctx, &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("theirs"), NetworkMode: ecstypes.NetworkModeAwsvpc,
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		Cpu:                     aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("public.example.com/app:1"),
			PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(8080)}},
		}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn)
}

// occupy runs a service of others in a cluster, which then can't be deleted.
func (o others) occupy(w *world, cluster string) (leave func()) {
	w.t.Helper()
	service := aws.String("theirs")
	_, err := o.ecs.CreateService(w.ctx, &ecs.CreateServiceInput{
		Cluster: &cluster, ServiceName: service, TaskDefinition: aws.String(o.define(w)),
		DesiredCount: aws.Int32(0), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-0a1b2c3d4e5f60711"}}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.foreign.all = inventory(w.sim.Snapshot(), false)
	return func() {
		w.t.Helper()
		_, err := o.ecs.DeleteService(w.ctx, &ecs.DeleteServiceInput{Cluster: &cluster, Service: service})
		w.Expect(err).NotTo(gomega.HaveOccurred())
		w.Eventually(func() []string {
			w.foreign.all = inventory(w.sim.Snapshot(), false)
			return w.foreign.all
		}).ShouldNot(gomega.ContainElement("service theirs 0"))
	}
}

// A stack that CloudFormation can't delete, since others have a service in its
// cluster.
func TestDeleteFailed(t *testing.T) {
	t.Parallel()
	for policy, leaves := range map[v1alpha1.DeleteFailurePolicy]bool{
		v1alpha1.DeleteFailureRetry:  false,
		v1alpha1.DeleteFailureRetain: true,
		v1alpha1.DeleteFailureForce:  true,
	} {
		t.Run(string(policy), func(t *testing.T) {
			w := running(t)
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Template.Cluster = ""
				s.Stack.OnDeleteFailure = policy
			})
			cluster := w.revision("checkout-1").Status.Outputs.Cluster
			leave := w.others.occupy(w, cluster)
			w.roll(imd, "2")
			if leaves {
				w.removed("checkout-1")
				retained := w.revision("checkout-1").Status.Retained
				w.Expect(retained).To(gomega.HaveLen(1))
				w.Expect(retained[0].Type).To(gomega.Equal("AWS::ECS::Cluster"))
				w.Expect(retained[0].PhysicalID).To(gomega.Equal(cluster))
				w.Expect(w.sim.Snapshot().Clusters).To(gomega.ContainElement(cluster))
				leave()
			} else {
				w.Eventually(func() int32 { return w.revision("checkout-1").Status.DeleteAttempts }).Should(gomega.BeNumerically(">", 4))
				w.ready("checkout-1", v1alpha1.ReasonStackDeleteFailed)
				leave()
				w.removed("checkout-1")
				w.Expect(w.revision("checkout-1").Status.Retained).To(gomega.BeEmpty())
				w.Expect(w.sim.Snapshot().Clusters).NotTo(gomega.ContainElement(cluster))
			}
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
			w.Expect(w.count("DeleteStack")).To(gomega.BeNumerically("<", 12))
		})
	}
}

// Once what can't be deleted is left behind, something else can't be.
func TestDeleteFailedAnew(t *testing.T) {
	w := running(t)
	w.sim.SetTrouble(func(_, resource string, deleting bool) (string, time.Duration) {
		if deleting && slices.Contains([]string{"PreviewRule", "TargetGroup"}, resource) {
			return "resource has a dependent object", time.Second
		}
		return "", 0
	})
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Stack.OnDeleteFailure = v1alpha1.DeleteFailureRetain })
	w.roll(imd, "2")
	w.removed("checkout-1")
	w.eventually(imd, v1alpha1.PhaseComplete)
	var left []string
	for _, r := range w.revision("checkout-1").Status.Retained {
		left = append(left, r.LogicalID)
	}
	w.Expect(left).To(gomega.Equal([]string{"PreviewRule", "TargetGroup"}))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.Expect(w.count("DeleteStack")).To(gomega.BeNumerically("<", 12))
}

// A stack that failed is kept for people to look into, without traffic.
func TestKeepFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail   func(*world, *v1alpha1.ImmutableDeployment)
		status string
	}{
		"failed creation": {func(w *world, imd *v1alpha1.ImmutableDeployment) { w.roll(imd, "crash") }, "CREATE_FAILED"},
		"lost health": {func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, 0) })
			w.roll(imd, "2")
			w.reached(imd, "1/3")
			w.others.spoil(w, w.groupOf("checkout-2"))
		}, "CREATE_COMPLETE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepFailedSeconds = new(int32(forever)) })
			c.fail(w, imd)
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(meta.IsStatusConditionFalse(now.Status.Conditions, v1alpha1.ConditionCleanedUp)).To(gomega.BeTrue())
			w.Expect(w.route()).To(gomega.Equal("1:100"))
			w.skip(forever / 2 * time.Second)
			w.looks()
			w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{c.status}))
			w.skip(forever / 2 * time.Second)
			w.removed("checkout-2")
			now = w.until(imd, "CleanedUp", func(s v1alpha1.ImmutableDeploymentStatus) bool {
				return meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionCleanedUp)
			})
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhaseRolledBack))
		})
	}
}

// A deletion that retains leaves all as it is, and the rule without an owner,
// so that another ImmutableDeployment can go on from there.
func TestDeletionRetains(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.DeletionPolicy = v1alpha1.DeletionRetain })
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	rule, _ := w.production()
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	effects := append(append([]string{}, canaryEffects...), "RemoveTags")
	w.did(effects...)
	after, _ := w.production()
	w.Expect(after.Tags).To(gomega.BeEmpty())
	w.Expect(w.route()).To(gomega.Equal("2:100"))
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.Expect(w.send().Status).To(gomega.Equal(http.StatusOK))

	next := w.adopting(rule.RuleArn)
	next.Name = "again"
	w.create(next)
	w.eventually(next, v1alpha1.PhaseComplete)
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.did(append(effects, "AddTags", "CreateStack again-1", "ModifyRule 1:10 2:90", "ModifyRule 1:50 2:50", "ModifyRule 1:100")...)
}

// In the middle of a rollout, too, retaining changes nothing.
func TestDeletionRetainsRollout(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	effects := w.log.all()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DeletionPolicy = v1alpha1.DeletionRetain })
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.did(append(effects, "RemoveTags")...)
	w.happened(imd, "Retained: The listener rule stays", "Retained: The stack of checkout-1 stays", "Retained: The stack of checkout-2 stays")
	w.Expect(w.route()).To(gomega.Equal("1:90 2:10"))
	w.foreign.all = inventory(w.sim.Snapshot(), false) // the rule is nobody's now
}

// A stack carries the user's tags and the proof of whose it is.
func TestStackTags(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Tags = []v1alpha1.Tag{{Key: "team", Value: "shop"}}
	})
	tags := map[string]string{
		"team":                   "shop",
		v1alpha1.TagCluster:      "test-cluster",
		v1alpha1.TagNamespace:    w.namespace,
		v1alpha1.TagName:         "checkout",
		v1alpha1.TagUID:          string(imd.UID),
		v1alpha1.TagRevision:     "1",
		v1alpha1.TagTemplateHash: w.revision("checkout-1").Spec.Frozen.TemplateHash,
	}
	stacks := w.sim.Stacks()
	w.Expect(stacks[len(stacks)-1].Tags).To(gomega.Equal(tags))
	for _, service := range w.sim.Snapshot().Services {
		w.Expect(service.Tags).To(gomega.HaveKeyWithValue("team", "shop"))
	}
}
