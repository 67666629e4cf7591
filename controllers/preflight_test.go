package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
)

// missing waits until so many things are told to be missing. Alarms are read in the
// background, so that they may be told a moment after all else.
func (w *world) missing(imd *v1alpha1.ImmutableDeployment, things int) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	return w.until(imd, "what is missing", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy != nil && s.BlockedBy.Reason == v1alpha1.ReasonPreflightFailed &&
			strings.HasPrefix(s.BlockedBy.Message, fmt.Sprint(things, " things are missing: "))
	})
}

// TestPreflight: all that a stack lacks is told at once, before anything is made,
// and the rollout goes on by itself once it is there.
func TestPreflight(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.Template.Network.SubnetIDs = []string{"subnet-0a1b2c3d4e5f60711", "subnet-0e1e1e1e1e1e1e1e1"}
	imd.Spec.Template.Network.SecurityGroupIDs = []string{"sg-0e1e1e1e1e1e1e1e1"}
	imd.Spec.Template.ExecutionRoleARN = "arn:aws:iam::111122223333:role/not-there"
	imd.Spec.Template.TaskRoleARN = "arn:aws:iam::111122223333:role/of-hosts"
	imd.Spec.Template.Cluster = "nowhere"
	imd.Spec.Template.Containers[0].Image = image("not-pushed")
	alarmed()(&imd.Spec)
	w.sim.CreateRole(iam.Role{Name: "of-hosts", Services: []string{"ec2.amazonaws.com"}})
	w.create(imd)
	now := w.missing(imd, 7)
	for _, part := range []string{
		"subnet-0e1e1e1e1e1e1e1e1 does not exist", "sg-0e1e1e1e1e1e1e1e1 does not exist", "role/not-there of spec.template.executionRoleARN does not exist",
		"role/of-hosts of spec.template.taskRoleARN does not trust ecs-tasks.amazonaws.com", `"nowhere" of spec.template.cluster does not exist`, "checkout:not-pushed", "CloudWatch has no alarm named checkout-5xx",
	} {
		w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(part))
	}
	w.Expect(strings.Count(now.Status.BlockedBy.Remedy, "; (")).To(gomega.Equal(6), now.Status.BlockedBy.Remedy)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePending))
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	w.nothingLeft()

	w.sim.CreateSubnet(core.Subnet{ID: "subnet-0e1e1e1e1e1e1e1e1", VPCID: "vpc-0a1b2c3d4e5f60718", Zone: "eu-west-1b"})
	w.sim.CreateSecurityGroup("sg-0e1e1e1e1e1e1e1e1", "vpc-0a1b2c3d4e5f60718")
	w.sim.CreateRole(iam.Role{Name: "not-there", Services: []string{"ecs-tasks.amazonaws.com"}})
	w.sim.PutImage("checkout", "not-pushed", "")
	w.Expect(w.sim.CreateCluster("nowhere")).To(gomega.Succeed())
	w.alarm("OK")
	w.sim.CreateRole(iam.Role{Name: "of-hosts", Services: []string{"ecs-tasks.amazonaws.com"}})
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.sim.Stacks()).To(gomega.HaveLen(2), "that of others, and one of ours")
}

// TestPreflightWithoutListener: a listener that isn't there is one of the things that
// are missing, not the one before all others.
func TestPreflightWithoutListener(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.Traffic.LoadBalancer.ListenerARN = w.listener[:len(w.listener)-16] + "0123456789abcdef"
	imd.Spec.Template.Cluster = "nowhere"
	alarmed()(&imd.Spec)
	w.create(imd)
	now := w.missing(imd, 3)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.And(
		gomega.HavePrefix("3 things are missing: (1) The listener "+imd.Spec.Traffic.LoadBalancer.ListenerARN+" does not exist; "),
		gomega.ContainSubstring(`"nowhere" of spec.template.cluster does not exist`), gomega.ContainSubstring("no alarm named checkout-5xx")))
	w.alarm("OK")
	w.Expect(w.sim.CreateCluster("nowhere")).To(gomega.Succeed())
	w.blocked(imd, v1alpha1.ReasonRouteNotFound)
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	w.nothingLeft()
}

// TestImageOfAnotherPlatform: an index without an image for the tasks' CPU would
// end in tasks that can't pull it.
func TestImageOfAnotherPlatform(t *testing.T) {
	w := running(t)
	_, _, err := w.sim.PutIndex("checkout", "arm", "linux/arm64/v8")
	w.Expect(err).NotTo(gomega.HaveOccurred())
	imd := w.deployment("arm")
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("checkout:arm of container app is not for linux/amd64"))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.RuntimePlatform = &v1alpha1.RuntimePlatform{CPUArchitecture: "ARM64"}
	})
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// TestPreflightElsewhere: a load balancer sends no requests to another VPC, nor to
// a zone in which it isn't enabled.
func TestPreflightElsewhere(t *testing.T) {
	w := running(t)
	w.sim.CreateSubnet(core.Subnet{ID: "subnet-0c1c1c1c", VPCID: "vpc-0a1b2c3d4e5f60718", Zone: "eu-west-1c"})
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Network.SubnetIDs = []string{"subnet-0a1b2c3d4e5f60711", "subnet-0c1c1c1c"}
	})
	now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("sends no requests to tasks elsewhere: subnet-0c1c1c1c is in eu-west-1c"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("aws elbv2 set-subnets"))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Network = v1alpha1.Network{
			VPCID: "vpc-0123456789abcdef0", SubnetIDs: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
			LoadBalancerSecurityGroupIDs: []string{"sg-0123456789abcdef0"},
		}
	})
	w.until(imd, "another VPC", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy != nil && strings.Contains(s.BlockedBy.Message, "is in vpc-0a1b2c3d4e5f60718, spec.template.network.vpcID is vpc-0123456789abcdef0")
	})
	w.Expect(w.get(imd).Status.BlockedBy.Message).To(gomega.ContainSubstring("its requests could not reach the tasks"))
	w.Expect(w.revisions()).To(gomega.HaveLen(1))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template = w.deployment("2").Spec.Template })
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// TestLoadBalancerOfTheController: its rules are deleted by the AWS Load Balancer
// Controller, which made it.
func TestLoadBalancerOfTheController(t *testing.T) {
	w := running(t)
	arn := strings.Replace(w.listener[:strings.LastIndex(w.listener, "/")], ":listener/", ":loadbalancer/", 1)
	_, err := w.others.elb.AddTags(w.ctx, &elb.AddTagsInput{ResourceArns: []string{arn}, Tags: []elbtypes.Tag{{Key: aws.String("elbv2.k8s.aws/cluster"), Value: aws.String("prod")}}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	imd := w.deployment("1")
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("belongs to the AWS Load Balancer Controller of the cluster prod"))
	remedy := "aws elbv2 remove-tags --resource-arns " + arn + " --tag-keys elbv2.k8s.aws/cluster"
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(remedy))
	w.nothingLeft()
	_, err = w.others.elb.RemoveTags(w.ctx, &elb.RemoveTagsInput{ResourceArns: []string{arn}, TagKeys: []string{"elbv2.k8s.aws/cluster"}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// TestRuleQuota: a rollout that would use up the load balancer's rules or target
// groups waits until there is room, and fails nothing.
func TestRuleQuota(t *testing.T) {
	for name, tc := range map[string]struct {
		limit func(*awssim.Options)
		want  string
	}{
		"rules": {
			func(o *awssim.Options) { o.LoadBalancing.RulesPerLoadBalancer = 4 },
			"has room for 0 more listener rules of at most 4, the rollout needs 1",
		},
		"target groups": {
			func(o *awssim.Options) { o.LoadBalancing.TargetGroupsPerLoadBalancer = 3 },
			"has room for 0 more target groups of at most 3, the rollout needs 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.limit)
			w.start()
			imd := w.serving()
			group := w.others.makeGroup(w, "another")
			rule := w.others.makeRule(w, w.listener, "300", forward(group))
			w.roll(imd, "2")
			now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
			w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(tc.want))
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
			_, err := w.others.elb.DeleteRule(w.ctx, &elb.DeleteRuleInput{RuleArn: &rule})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			_, err = w.others.elb.DeleteTargetGroup(w.ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &group})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			now = w.eventually(imd, v1alpha1.PhaseComplete)
			w.Expect(now.Status.History[0].Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
			w.Expect(slices.ContainsFunc(now.Status.History, func(h v1alpha1.HistoryEntry) bool { return h.Outcome.Bad() })).To(gomega.BeFalse())
		})
	}
}

// TestRecreateMakesRoom: the stack that goes first leaves its rule and its target
// group to the next one.
func TestRecreateMakesRoom(t *testing.T) {
	w := newWorld(t, func(o *awssim.Options) {
		o.LoadBalancing.RulesPerLoadBalancer, o.LoadBalancing.TargetGroupsPerLoadBalancer = 3, 2
	})
	w.start()
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyRecreate}
	})
	w.roll(imd, "2")
	w.until(imd, "the second revision", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == "checkout-2"
	})
}

// TestPreflightWithoutPermission: a check that the role may not make is left out
// with a note, and blocks nothing.
func TestPreflightWithoutPermission(t *testing.T) {
	w := running(t)
	for _, action := range []string{
		"DescribeSubnets", "DescribeSecurityGroups", "GetRole", "DescribeClusters", "DescribeAccountLimits", "DescribeLoadBalancers",
	} {
		w.sim.Faults.Add(awssim.Fault{Action: action, Effect: awssim.AccessDenied})
	}
	now := w.serving()
	for _, part := range []string{"ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "iam:GetRole", "ecs:DescribeClusters", "elasticloadbalancing:DescribeLoadBalancers"} {
		w.Expect(now.Status.Rollout.Note).To(gomega.ContainSubstring(part))
	}
}
