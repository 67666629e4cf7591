package aws

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
	"github.com/viridian-dev/viridian/internal/cloud"
)

func TestNetwork(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.CreateSubnet(core.Subnet{ID: "subnet-0c", VPCID: "vpc-0c", Zone: "eu-west-1c"})
		w.sim.CreateSecurityGroup("sg-0c", "vpc-0c")
		for range 2 { // the second time what exists is remembered
			subnets, err := w.Network.Subnets(t.Context(), []string{"subnet-0c", "subnet-0gone", "subnet-0a1b2c3d4e5f60722"})
			check(t, err)
			groups, err := w.Network.SecurityGroups(t.Context(), []string{"sg-0c", "sg-0gone"})
			check(t, err)
			want := map[string]cloud.Subnet{
				"subnet-0c":                {VPCID: "vpc-0c", Zone: "eu-west-1c"},
				"subnet-0a1b2c3d4e5f60722": {VPCID: "vpc-0a1b2c3d4e5f60718", Zone: "eu-west-1b"},
			}
			if diff := cmp.Diff(want, subnets) + cmp.Diff(map[string]cloud.SecurityGroup{"sg-0c": {VPCID: "vpc-0c"}}, groups); diff != "" {
				t.Error(diff)
			}
		}
		w.sim.CreateSubnet(core.Subnet{ID: "subnet-0gone", VPCID: "vpc-0c", Zone: "eu-west-1a"})
		subnets, err := w.Network.Subnets(t.Context(), []string{"subnet-0gone"})
		check(t, err)
		if len(subnets) != 1 {
			t.Error("a subnet that was missing before isn't looked for again")
		}
		if diff := cmp.Diff(map[string]int{"ec2:DescribeSubnets": 3, "ec2:DescribeSecurityGroups": 2}, w.sim.CallCounts()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestFactsAreKept: many rollouts that begin together ask once, and a change is
// seen a minute later.
func TestFactsAreKept(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		listener, err := w.sim.CreateListener("shop", 80)
		check(t, err)
		check(t, w.sim.CreateCluster("shop"))
		ask := func() {
			lb, err := w.Traffic.LoadBalancer(t.Context(), listener)
			check(t, err)
			_, err = w.Traffic.TagsOf(t.Context(), lb.ARN, listener)
			check(t, err)
			_, err = w.Network.Subnets(t.Context(), []string{"subnet-0a1b2c3d4e5f60722"})
			check(t, err)
			_, err = w.Network.SecurityGroups(t.Context(), []string{"sg-0a1b2c3d4e5f60733"})
			check(t, err)
			_, err = w.Roles.Role(t.Context(), "arn:aws:iam::111122223333:role/checkout")
			check(t, err)
			_, err = w.Services.Cluster(t.Context(), "shop", cloud.Capacity{})
			check(t, err)
		}
		for range 10 {
			ask()
		}
		if n := len(w.sim.Calls()); n != 6 {
			t.Errorf("made %d calls, want one for each fact", n)
		}
		time.Sleep(keptFor)
		ask()
		if n := len(w.sim.Calls()); n != 12 {
			t.Errorf("made %d calls, want each to be made again", n)
		}
	})
}

// TestEC2Refusals: EC2's own codes mean what those of the others do.
func TestEC2Refusals(t *testing.T) {
	for effect, kind := range map[awssim.Effect]cloud.Kind{
		awssim.Throttle: cloud.KindThrottled, awssim.ServerError: cloud.KindTransient, awssim.TimeoutBefore: cloud.KindTransient,
		awssim.AccessDenied: cloud.KindDenied, awssim.ExpiredToken: cloud.KindCredentials,
	} {
		t.Run(fmt.Sprint(kind, effect), func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				remove := w.sim.Faults.Add(awssim.Fault{Service: "ec2", Effect: effect})
				_, err := w.Network.Subnets(t.Context(), []string{"subnet-0a1b2c3d4e5f60722"})
				if op := failure(t, err, kind).Op; op != "ec2:DescribeSubnets" {
					t.Errorf("the operation is %q", op)
				}
				retried := kind == cloud.KindThrottled || kind == cloud.KindTransient
				if n := len(w.sim.Calls()); retried != (n == defaultMaxAttempts) || !retried && n != 1 {
					t.Errorf("called %d times", n)
				}
				remove()
				_, err = w.Network.Subnets(t.Context(), []string{"subnet-0a1b2c3d4e5f60722"})
				check(t, err)
			})
		})
	}
}

func TestRole(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.CreateRole(iam.Role{Path: "/team/", Name: "own", Services: []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}})
		role, err := w.Roles.Role(t.Context(), "arn:aws:iam::111122223333:role/team/own")
		check(t, err)
		if !slices.Equal(role.Trusted, []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}) {
			t.Errorf("trusts %q", role.Trusted)
		}
		for _, arn := range []string{
			"arn:aws:iam::111122223333:role/own", "arn:aws:iam::111122223333:role/gone", "arn:aws:iam::444455556666:role/team/own",
		} {
			_, err := w.Roles.Role(t.Context(), arn)
			wantKind(t, err, cloud.KindNotFound)
		}
	})
}

func TestTrusted(t *testing.T) {
	for document, want := range map[string][]string{
		`{"Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}}`:                           {"ecs-tasks.amazonaws.com"},
		`%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%7D%5D%7D`:                 {"*"},
		`{"Statement":[{"Effect":"Deny","Principal":{"Service":["a"]}},{"Effect":"Allow","Principal":{"AWS":"b"}}]}`:   {"b"},
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"a"}},{"Effect":"Allow","NotPrincipal":{"AWS":"b"}}]}`: nil,
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"a"}},{"Effect":"Allow","Principal":["b"]}]}`:          nil,
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"a"}},{"Effect":"Deny","NotPrincipal":{"AWS":"b"}}]}`:  {"a"},
		`{}`: nil,
		`%`:  nil,
	} {
		if got := trusted(document); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", document, got, want)
		}
	}
}

func TestCluster(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		_, err := w.Services.Cluster(t.Context(), "shop", cloud.Capacity{})
		wantKind(t, err, cloud.KindNotFound)
		check(t, w.sim.CreateCluster("shop"))
		for _, cluster := range []string{"shop", "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"} {
			found, err := w.Services.Cluster(t.Context(), cluster, cloud.Capacity{})
			check(t, err)
			if found.Status != cloud.ClusterActive {
				t.Errorf("%s is %s", cluster, found.Status)
			}
		}
		asked := w.sim.CallCounts()["ecs:DescribeClusters"]
		for _, providers := range [][]string{nil, {"FARGATE_SPOT"}, {"FARGATE_SPOT"}} { // what it lacks is asked for anew
			_, err := w.Services.Cluster(t.Context(), "shop", cloud.Capacity{Providers: providers})
			check(t, err)
		}
		if got := w.sim.CallCounts()["ecs:DescribeClusters"] - asked; got != 2 {
			t.Errorf("asked %d times", got)
		}
	})
}

// Instances that a cluster lacked are looked for again at once, those that it had are
// believed to be there for a while.
func TestInstancesAreAskedForAnew(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		check(t, w.sim.CreateCluster("shop"))
		asked := func() int { return w.sim.CallCounts()["ecs:DescribeClusters"] }
		look := func() int32 {
			found, err := w.Services.Cluster(t.Context(), "shop", cloud.Capacity{Instances: true})
			check(t, err)
			return found.Instances
		}
		before := look() + look()
		_, err := w.sim.RegisterInstance(ecs.Instance{Cluster: "shop"})
		check(t, err)
		after := look() + look()
		if before != 0 || after != 2 || asked() != 3 {
			t.Errorf("%d instances before, %d after, asked %d times", before, after, asked())
		}
	})
}

func TestRoom(t *testing.T) {
	limits := awssim.Options{}
	limits.LoadBalancing.RulesPerLoadBalancer, limits.LoadBalancing.TargetGroupsPerLoadBalancer = 7, 5
	bubble(t, limits, func(t *testing.T, w *world) {
		here, err := w.sim.CreateListener("shop", 80)
		check(t, err)
		there, err := w.sim.CreateListener("shop", 81)
		check(t, err)
		lb, err := w.Traffic.LoadBalancer(t.Context(), here)
		check(t, err)
		want := cloud.LoadBalancer{
			ARN: lb.ARN, VPCID: "vpc-0a1b2c3d4e5f60718", Zones: []string{"eu-west-1a", "eu-west-1b"}, SecurityGroupIDs: []string{"sg-0a1b2c3d4e5f60733"},
		}
		if diff := cmp.Diff(want, lb); diff != "" {
			t.Error(diff)
		}
		a, b := w.targetGroup(t, "a"), w.targetGroup(t, "b")
		for i, in := range []cloud.CreateRule{
			{ListenerARN: here, Targets: []cloud.WeightedTarget{{TargetGroupARN: a, Weight: 1}}},
			{ListenerARN: there, Targets: []cloud.WeightedTarget{{TargetGroupARN: a, Weight: 1}, {TargetGroupARN: b, Weight: 1}}},
			{ListenerARN: there, Targets: []cloud.WeightedTarget{{TargetGroupARN: b, Weight: 1}}},
		} {
			in.Priority, in.Conditions = int32(i)+1, []cloud.Condition{{Field: "path-pattern", Values: []string{"/*"}}}
			_, err := w.Traffic.CreateRule(t.Context(), in)
			check(t, err)
		}
		room, err := w.Traffic.Room(t.Context(), lb.ARN, here)
		check(t, err)
		if diff := cmp.Diff(cloud.Room{Rules: 2, TargetGroups: 2, MaxRules: 7, MaxTargetGroups: 5}, room); diff != "" {
			t.Error(diff)
		}
		_, err = w.Traffic.LoadBalancer(t.Context(), "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/gone/0/1")
		wantKind(t, err, cloud.KindNotFound)
	})
}

// TestRoomByDefault: who may not read the account's quotas has AWS's.
func TestRoomByDefault(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		listener, err := w.sim.CreateListener("shop", 80)
		check(t, err)
		w.sim.Faults.Add(awssim.Fault{Action: "DescribeAccountLimits", Effect: awssim.AccessDenied})
		room, err := w.Traffic.Room(t.Context(), balancerOf(listener), listener)
		check(t, err)
		if diff := cmp.Diff(cloud.Room{MaxRules: 100, MaxTargetGroups: 100}, room); diff != "" {
			t.Error(diff)
		}
	})
}
