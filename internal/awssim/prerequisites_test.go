package awssim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// TestMissingPrerequisites: a stack that refers to what isn't there fails with the
// words of AWS. Those of ECS are from serverless-fargate#20 and
// aws-dotnet-deploy#735, those of load balancing from
// aws-load-balancer-controller#1045 and ansible#31919, those of EC2 from
// aws-load-balancer-controller#1862; that of CreateService about a security group
// which doesn't exist is like that about a subnet.
func TestMissingPrerequisites(t *testing.T) {
	const vpc, subnet, other = "vpc-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60711", "sg-0123456789abcdef0"
	for name, tc := range map[string]struct{ old, now, want string }{
		"subnet":                   {subnet, "subnet-0e1e1e1e", "Error retrieving subnet information for [subnet-0e1e1e1e, subnet-0a1b2c3d4e5f60722]: The subnet ID 'subnet-0e1e1e1e' does not exist (ErrorCode: InvalidSubnetID.NotFound)"},
		"two VPCs":                 {subnet, "subnet-0123456789abcdef0", "must be from the same VPC"},
		"group of tasks":           {`"SecurityGroups": [{"Ref": "Group"}]`, `"SecurityGroups": ["` + other + `"]`, "Security group " + other + " does not appear to belong to the same VPC as the input subnets."},
		"no group of tasks":        {`"SecurityGroups": [{"Ref": "Group"}]`, `"SecurityGroups": ["sg-0e1e1e1e"]`, "The security group 'sg-0e1e1e1e' does not exist (ErrorCode: InvalidGroup.NotFound)"},
		"VPC":                      {vpc, "vpc-0e1e1e1e", "vpc-0e1e1e1e"},
		"VPC of the targets":       {`"TargetType": "ip", "VpcId": "` + vpc, `"TargetType": "ip", "VpcId": "vpc-0e1e1e1e`, "The VPC ID 'vpc-0e1e1e1e' is not found"},
		"VPC of the load balancer": {`"TargetType": "ip", "VpcId": "` + vpc, `"TargetType": "ip", "VpcId": "vpc-0123456789abcdef0`, "is in a different VPC than load balancer"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				create(t, c, "checkout-1", changed(t, sim, tc.old, tc.now))
				settle(t, c, "checkout-1")
				if told := strings.Join(history(t, c, "checkout-1"), "\n"); !strings.Contains(told, tc.want) {
					t.Errorf("nothing says %q:\n%s", tc.want, told)
				}
			})
		})
	}
}

// TestUnassumableRole: a task definition may name a role that isn't there, as in
// boto3#1878; the service's tasks aren't launched, and count as failed ones.
func TestUnassumableRole(t *testing.T) {
	const role = `"ExecutionRoleArn": "arn:aws:iam::111122223333:role/execution"`
	for name, roles := range map[string]string{
		"execution": strings.ReplaceAll(role, "role/execution", "role/not-there"),
		"task":      role + `, "TaskRoleArn": "arn:aws:iam::111122223333:role/not-there"`,
	} {
		t.Run(name, func(t *testing.T) { testUnassumableRole(t, role, roles) })
	}
}

func testUnassumableRole(t *testing.T, before, after string) {
	t.Helper()
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		create(t, c, "checkout-1", changed(t, sim, before, after), func(in *cloudformation.CreateStackInput) {
			in.OnFailure = cfntypes.OnFailureDoNothing
		})
		if st := settle(t, c, "checkout-1"); st.StackStatus != cfntypes.StackStatusCreateFailed {
			t.Errorf("the stack is %s", st.StackStatus)
		}
		made := sim.Snapshot().Services[0]
		out, err := ecs.NewFromConfig(sdkConfig(sim, 1)).DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: &made.Cluster, Services: []string{made.Name}})
		if err != nil {
			t.Fatal(err)
		}
		service := out.Services[0]
		if service.RunningCount != 0 || service.PendingCount != 0 || service.Deployments[0].FailedTasks != 3 {
			t.Errorf("%d running, %d pending, %d failed", service.RunningCount, service.PendingCount, service.Deployments[0].FailedTasks)
		}
		const want = "failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::111122223333:role/not-there'"
		if !slices.ContainsFunc(service.Events, func(e ecstypes.ServiceEvent) bool { return strings.Contains(*e.Message, want) }) {
			t.Errorf("no event says %q", want)
		}
	})
}

// TestTaskPlace: a task, its network interface and its target are in one subnet,
// and the tasks of a service take turns with its subnets.
func TestTaskPlace(t *testing.T) {
	zones := map[string]string{"subnet-0a1b2c3d4e5f60711": "eu-west-1a", "subnet-0a1b2c3d4e5f60722": "eu-west-1b"}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		create(t, cfnClient(sim), "checkout-1", changed(t, sim, "subnet-0", "subnet-0"))
		settle(t, cfnClient(sim), "checkout-1")
		client, made := ecs.NewFromConfig(sdkConfig(sim, 1)), sim.Snapshot().Services[0]
		listed, err := client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: &made.Cluster, ServiceName: &made.Name})
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: &made.Cluster, Tasks: listed.TaskArns})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i := range out.Tasks {
			task := &out.Tasks[i]
			subnet := *task.Attachments[0].Details[0].Value
			seen[subnet] = true
			if zones[subnet] != *task.AvailabilityZone {
				t.Errorf("a task in %s is in %s", subnet, *task.AvailabilityZone)
			}
		}
		if len(seen) != len(zones) {
			t.Errorf("tasks are in %v", seen)
		}
	})
}

// changed is the revision's template with another text somewhere.
func changed(t *testing.T, sim *Sim, before, after string) string {
	t.Helper()
	listener, err := sim.CreateListener("shop", 80)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(revisionTemplate, before) {
		t.Fatalf("the template doesn't have %s", before)
	}
	return strings.ReplaceAll(fmt.Sprintf(revisionTemplate, listener, "checkout:1.0"), before, after)
}

// TestTargetBeyond: a target in a zone that the load balancer isn't enabled in is
// never checked nor used: "Target health status" in the user guide of Application
// Load Balancers, Target.NotInUse.
func TestTargetBeyond(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		sim.CreateSubnet(core.Subnet{ID: "subnet-0c1c1c1c", VPCID: "vpc-0a1b2c3d4e5f60718", Zone: "eu-west-1c"})
		create(t, cfnClient(sim), "checkout-1", changed(t, sim, "subnet-0a1b2c3d4e5f60722", "subnet-0c1c1c1c"))
		time.Sleep(10 * time.Minute)
		balancing := elb.NewFromConfig(sdkConfig(sim, 1))
		states := map[string]int{}
		for _, group := range sim.Snapshot().TargetGroups {
			out, err := balancing.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &group.ARN})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range out.TargetHealthDescriptions {
				states[*d.Target.AvailabilityZone+" "+string(d.TargetHealth.State)+" "+string(d.TargetHealth.Reason)]++
			}
		}
		if len(states) != 2 || states["eu-west-1a healthy "] == 0 || states["eu-west-1c unused Target.NotInUse"] == 0 {
			t.Errorf("got %v", states)
		}
	})
}
