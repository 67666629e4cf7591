package preflight

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

func network() *v1alpha1.Network {
	return &v1alpha1.Network{
		VPCID: "vpc-1", SubnetIDs: []string{"subnet-a", "subnet-b"},
		LoadBalancerSecurityGroupIDs: []string{"sg-lb"}, SecurityGroupIDs: []string{"sg-own"},
	}
}

func entry() *Entry {
	return &Entry{
		Name: "the load balancer shop", VPCID: "vpc-1", Zones: []string{"eu-west-1a", "eu-west-1b"},
		SecurityGroupIDs: []string{"sg-lb", "sg-more"}, EnableZone: "aws elbv2 set-subnets",
	}
}

func problems(r Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Message)
	}
	return out
}

func TestSubnets(t *testing.T) {
	here := func(zone string) cloud.Subnet { return cloud.Subnet{VPCID: "vpc-1", Zone: "eu-west-1" + zone} }
	for name, tc := range map[string]struct {
		exist map[string]cloud.Subnet
		from  *Entry
		want  []string
	}{
		"good":   {map[string]cloud.Subnet{"subnet-a": here("a"), "subnet-b": here("b")}, entry(), nil},
		"worker": {map[string]cloud.Subnet{"subnet-a": here("c"), "subnet-b": here("c")}, &Entry{}, nil},
		"gone": {nil, entry(), []string{
			"Of spec.template.network.subnetIDs, subnet-a and subnet-b do not exist",
		}},
		"elsewhere": {map[string]cloud.Subnet{"subnet-a": here("a"), "subnet-b": {VPCID: "vpc-2", Zone: "eu-west-1b"}}, entry(), []string{
			"Of spec.template.network.subnetIDs, subnet-b is in vpc-2, not in vpcID vpc-1",
		}},
		"zone": {map[string]cloud.Subnet{"subnet-a": here("a"), "subnet-b": here("c")}, entry(), []string{
			"The load balancer shop is enabled in eu-west-1a and eu-west-1b, and sends no requests to tasks elsewhere: subnet-b is in eu-west-1c",
		}},
		"VPC": {map[string]cloud.Subnet{"subnet-a": here("a"), "subnet-b": here("b")}, &Entry{Name: "the load balancer shop", VPCID: "vpc-2"}, []string{
			"The load balancer shop is in vpc-2, spec.template.network.vpcID is vpc-1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, problems(Subnets(network(), tc.exist, tc.from))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSecurityGroups(t *testing.T) {
	for name, tc := range map[string]struct {
		exist map[string]cloud.SecurityGroup
		want  []string
	}{
		"good": {map[string]cloud.SecurityGroup{"sg-lb": {VPCID: "vpc-1"}, "sg-own": {VPCID: "vpc-1"}}, nil},
		"gone": {nil, []string{
			"Of spec.template.network.loadBalancerSecurityGroupIDs, sg-lb does not exist", "Of spec.template.network.securityGroupIDs, sg-own does not exist",
		}},
		"elsewhere": {map[string]cloud.SecurityGroup{"sg-lb": {VPCID: "vpc-1"}, "sg-own": {VPCID: "vpc-2"}}, []string{
			"Of spec.template.network.securityGroupIDs, sg-own is in vpc-2, not in vpcID vpc-1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, problems(SecurityGroups(network(), tc.exist))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReach: one of the load balancer's security groups is enough to reach the
// tasks; others may be let in besides.
func TestReach(t *testing.T) {
	n, from := network(), entry()
	n.LoadBalancerSecurityGroupIDs = []string{"sg-office", "sg-more"}
	if r := Reach(n, from); len(r.Findings) > 0 {
		t.Errorf("found %v", r.Findings)
	}
	n.LoadBalancerSecurityGroupIDs = []string{"sg-office"}
	want := Report{Findings: []rollout.Blocked{{
		Reason: v1alpha1.ReasonPreflightFailed,
		Message: "The load balancer shop has the security groups sg-lb and sg-more, and none of spec.template.network.loadBalancerSecurityGroupIDs (sg-office), " +
			"so its requests could not reach the tasks",
		Remedy: "Set spec.template.network.loadBalancerSecurityGroupIDs to [sg-lb, sg-more]",
	}}}
	if diff := cmp.Diff(want, Reach(n, from)); diff != "" {
		t.Error(diff)
	}
	if r := Reach(n, &Entry{}); len(r.Findings) > 0 {
		t.Errorf("a worker: found %v", r.Findings)
	}
}

func TestRole(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:role/team/app"
	for name, tc := range map[string]struct {
		role  cloud.Role
		found bool
		want  []string
	}{
		"good":     {cloud.Role{Trusted: []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}}, true, nil},
		"anybody":  {cloud.Role{Trusted: []string{"*"}}, true, nil},
		"unknown":  {cloud.Role{}, true, nil},
		"gone":     {cloud.Role{}, false, []string{"The role " + arn + " of taskRoleARN does not exist"}},
		"of hosts": {cloud.Role{Trusted: []string{"ec2.amazonaws.com"}}, true, []string{"The role " + arn + " of taskRoleARN does not trust ecs-tasks.amazonaws.com, only ec2.amazonaws.com, so that ECS can't assume it"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, problems(Role("taskRoleARN", arn, tc.role, tc.found))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The commands make a role that tasks can assume, and let them assume one.
func TestRemediesOfRoles(t *testing.T) {
	const trust = `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}'`
	for arn, path := range map[string]string{
		"arn:aws:iam::111122223333:role/app": "/", "arn:aws-cn:iam::111122223333:role/team/shop/app": "/team/shop/",
	} {
		gone := Role("taskRoleARN", arn, cloud.Role{}, false).Findings[0].Remedy
		if want := "aws iam create-role --path " + path + " --role-name app --assume-role-policy-document " + trust; !strings.HasSuffix(gone, want) {
			t.Errorf("got %q, want %q", gone, want)
		}
		other := Role("taskRoleARN", arn, cloud.Role{Trusted: []string{"ec2.amazonaws.com"}}, true).Findings[0].Remedy
		if want := "aws iam update-assume-role-policy --role-name app --policy-document " + trust; !strings.HasSuffix(other, want) {
			t.Errorf("got %q, want %q", other, want)
		}
	}
}

func TestCluster(t *testing.T) {
	for status, want := range map[string][]string{
		"ACTIVE":   nil,
		"":         {`The ECS cluster "shop" of spec.template.cluster does not exist`},
		"INACTIVE": {`The ECS cluster "shop" of spec.template.cluster is INACTIVE, not ACTIVE`},
	} {
		if diff := cmp.Diff(want, problems(Cluster("shop", cloud.Cluster{Status: status}, cloud.Capacity{}))); diff != "" {
			t.Error(diff)
		}
	}
}

// TestCapacityProviders: the command of the remedy leaves the cluster all that it has.
func TestCapacityProviders(t *testing.T) {
	cluster := cloud.Cluster{Status: cloud.ClusterActive, CapacityProviders: []string{"FARGATE", "asg"}, DefaultStrategy: []cloud.CapacityShare{{Provider: "asg", Base: 1, Weight: 2}, {Provider: "FARGATE", Weight: 1}}}
	if r := Cluster("shop", cluster, cloud.Capacity{Providers: []string{"FARGATE"}}); len(r.Findings) > 0 {
		t.Errorf("nothing is missing, got %+v", r)
	}
	r := Cluster("shop", cluster, cloud.Capacity{Providers: []string{"FARGATE", "FARGATE_SPOT"}})
	want := []string{`The ECS cluster "shop" of spec.template.cluster does not have the capacity provider FARGATE_SPOT of spec.template.capacityProviderStrategy`}
	if diff := cmp.Diff(want, problems(r)); diff != "" {
		t.Fatal(diff)
	}
	const command = "aws ecs put-cluster-capacity-providers --cluster shop --capacity-providers FARGATE asg FARGATE_SPOT " +
		"--default-capacity-provider-strategy capacityProvider=asg,base=1,weight=2 capacityProvider=FARGATE,base=0,weight=1;"
	if remedy := r.Findings[0].Remedy; !strings.Contains(remedy, command) {
		t.Error(remedy)
	}
}

// TestInstances: a cluster without instances runs nothing with the launch type EC2,
// unless a capacity provider brings them.
func TestInstances(t *testing.T) {
	const missing = `The ECS cluster "shop" of spec.template.cluster has no container instances, on which spec.template.launchType: EC2 runs the tasks`
	for name, c := range map[string]struct {
		instances int32
		needs     cloud.Capacity
		want      []string
	}{
		"none":          {0, cloud.Capacity{Instances: true}, []string{missing}},
		"one":           {1, cloud.Capacity{Instances: true}, nil},
		"by a provider": {0, cloud.Capacity{Providers: []string{"asg"}}, nil},
		"on Fargate":    {0, cloud.Capacity{}, nil},
	} {
		cluster := cloud.Cluster{Status: cloud.ClusterActive, CapacityProviders: []string{"asg"}, Instances: c.instances}
		if diff := cmp.Diff(c.want, problems(Cluster("shop", cluster, c.needs))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPrerequisites: all findings are told at once, with a remedy each.
func TestPrerequisites(t *testing.T) {
	var r Report
	if p := r.Prerequisites(); p.Missing != nil || p.Unchecked != "" {
		t.Errorf("nothing is missing, got %+v", p)
	}
	r.Findings = []rollout.Blocked{{Reason: v1alpha1.ReasonImageNotFound, Message: "No image", Remedy: "Push it"}}
	if diff := cmp.Diff(&r.Findings[0], r.Prerequisites().Missing); diff != "" {
		t.Error(diff)
	}
	r.Find("No role", "Create it")
	for _, what := range []string{"subnets", "roles"} {
		if err := r.Skip(what, &cloud.Error{Kind: cloud.KindDenied}); err != nil {
			t.Error(err)
		}
	}
	want := rollout.Prerequisites{
		Missing: &rollout.Blocked{
			Reason:  v1alpha1.ReasonPreflightFailed,
			Message: "2 things are missing: (1) No image; (2) No role", Remedy: "(1) Push it; (2) Create it",
		},
		Unchecked: "subnets, roles",
	}
	if diff := cmp.Diff(want, r.Prerequisites()); diff != "" {
		t.Error(diff)
	}
	down := &cloud.Error{Kind: cloud.KindTransient}
	if err := r.Skip("clusters", down); !errors.Is(err, error(down)) || r.Skip("clusters", nil) != nil {
		t.Errorf("only a denial leaves a check out, got %v", err)
	}
	var optional Report
	throttled := &cloud.Error{Kind: cloud.KindThrottled}
	if err := optional.SkipOptional("roles", down); err != nil || optional.Prerequisites().Unchecked != "roles" {
		t.Errorf("a service that nothing else asks holds a stack up: %v", err)
	}
	if err := optional.SkipOptional("roles", throttled); !errors.Is(err, error(throttled)) {
		t.Errorf("who throttles answers later, got %v", err)
	}
}
