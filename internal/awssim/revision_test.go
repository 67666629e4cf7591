package awssim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"
)

// revisionTemplate is a whole revision: network, logs, target group, rule,
// cluster, task definition and service. It takes the listener and the image.
const revisionTemplate = `{
 "Parameters": {"Count": {"Type": "Number", "Default": 2}},
 "Resources": {
  "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
  "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {}},
  "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "tasks", "VpcId": "vpc-0a1b2c3d4e5f60718"}},
  "Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
   "Name": "checkout-1", "Port": 8080, "Protocol": "HTTP", "TargetType": "ip", "VpcId": "vpc-0a1b2c3d4e5f60718"}},
  "Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
   "ListenerArn": "%s", "Priority": 10,
   "Conditions": [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-revision", "Values": ["1"]}}],
   "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "Targets"}, "Weight": 1}]}}]}},
  "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
   "Family": "checkout", "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
   "ExecutionRoleArn": "arn:aws:iam::111122223333:role/execution",
   "ContainerDefinitions": [{"Name": "app", "Image": "%s", "PortMappings": [{"ContainerPort": 8080}],
    "LogConfiguration": {"LogDriver": "awslogs", "Options": {
     "awslogs-group": {"Ref": "Logs"}, "awslogs-region": {"Ref": "AWS::Region"}, "awslogs-stream-prefix": "app"}}}]}},
  "Service": {"Type": "AWS::ECS::Service", "DependsOn": "Rule", "Properties": {
   "Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Task"}, "DesiredCount": {"Ref": "Count"}, "LaunchType": "FARGATE",
   "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": true, "Rollback": false}},
   "NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [{"Ref": "Group"}], "Subnets": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"]}},
   "LoadBalancers": [{"ContainerName": "app", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "Targets"}}]}}
 },
 "Outputs": {
  "Cluster": {"Value": {"Ref": "Cluster"}}, "Service": {"Value": {"Fn::GetAtt": ["Service", "Name"]}},
  "Targets": {"Value": {"Ref": "Targets"}}, "Rule": {"Value": {"Ref": "Rule"}}}
}`

func TestRevisionStack(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		listener, err := sim.CreateListener("shop", 80)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		id := create(t, c, "checkout-1", fmt.Sprintf(revisionTemplate, listener, "checkout:1.0"))
		st := settle(t, c, id)
		if st.StackStatus != cfntypes.StackStatusCreateComplete {
			t.Fatalf("stack is %s:\n%s", st.StackStatus, strings.Join(history(t, c, id), "\n"))
		}
		if took := time.Since(begun); took < 30*time.Second || took > 15*time.Minute {
			t.Errorf("creation took %s", took)
		}
		outputs := map[string]string{}
		for _, o := range st.Outputs {
			outputs[*o.OutputKey] = *o.OutputValue
		}
		services, err := ecs.NewFromConfig(sdkConfig(sim, 1)).DescribeServices(t.Context(), &ecs.DescribeServicesInput{
			Cluster: aws.String(outputs["Cluster"]), Services: []string{outputs["Service"]},
		})
		if err != nil || len(services.Services) != 1 || services.Services[0].RunningCount != 2 {
			t.Fatalf("services are %+v, %v", services, err)
		}
		lb := elasticloadbalancingv2.NewFromConfig(sdkConfig(sim, 1))
		health, err := lb.DescribeTargetHealth(t.Context(), &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(outputs["Targets"])})
		if err != nil || len(health.TargetHealthDescriptions) != 2 {
			t.Fatalf("targets are %+v, %v", health, err)
		}
		for _, d := range health.TargetHealthDescriptions {
			if d.TargetHealth.State != "healthy" {
				t.Errorf("target is %+v", d.TargetHealth)
			}
		}
		snap := sim.Snapshot()
		if len(snap.Services) != 1 || !snap.Services[0].Steady || len(snap.Tasks) != 2 || len(snap.Rules) != 2 || !snap.TargetGroups[0].Routable {
			t.Errorf("unexpected snapshot %+v", snap)
		}
		if got := snap.Services[0].Tags["aws:cloudformation:stack-name"]; got != "checkout-1" {
			t.Errorf("the service's stack tag is %q", got)
		}
		deleteAndLeaveNothing(t, sim, c, id)
	})
}

// deleteAndLeaveNothing deletes a stack and checks that all it brought is gone.
func deleteAndLeaveNothing(t *testing.T, sim *Sim, c *cloudformation.Client, id string) {
	t.Helper()
	if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
		t.Fatal(err)
	}
	if st := settle(t, c, id); st.StackStatus != cfntypes.StackStatusDeleteComplete {
		t.Fatalf("stack is %s:\n%s", st.StackStatus, strings.Join(history(t, c, id), "\n"))
	}
	snap := sim.Snapshot()
	left := len(snap.TargetGroups) + len(snap.Services) + len(snap.Clusters) + len(snap.SecurityGroups) + len(snap.LogGroups)
	if left > 0 || len(snap.Rules) != 1 {
		t.Errorf("left behind: %+v", snap)
	}
}

func TestRevisionThatCrashes(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		listener, err := sim.CreateListener("shop", 80)
		if err != nil {
			t.Fatal(err)
		}
		id := create(t, c, "checkout-1", fmt.Sprintf(revisionTemplate, listener, "checkout:crash"))
		time.Sleep(time.Minute)
		list, err := c.ListStackResources(t.Context(), &cloudformation.ListStackResourcesInput{StackName: &id})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.StackResourceSummaries {
			if *r.LogicalResourceId == "Service" && !strings.HasPrefix(aws.ToString(r.PhysicalResourceId), "arn:aws:ecs:") {
				t.Errorf("the service that starts has no physical ID: %+v", r)
			}
		}
		st := settle(t, c, id)
		lines := history(t, c, id)
		if cause := rootCause(lines); st.StackStatus != cfntypes.StackStatusRollbackComplete || !strings.Contains(cause, "Service CREATE_FAILED") || !strings.Contains(cause, "Circuit Breaker was triggered") {
			t.Errorf("stack is %s:\n%s", st.StackStatus, strings.Join(lines, "\n"))
		}
		deleteAndLeaveNothing(t, sim, c, id)
	})
}

// TestSeedDecidesTheRun shows that a run can be repeated: same seed, same
// events at the same times, same identifiers.
func TestSeedDecidesTheRun(t *testing.T) {
	type outcome struct {
		Snapshot Snapshot
		Events   []string
		Calls    []Call
	}
	once := func(seed uint64) (o outcome) {
		bubble(t, Options{Seed: seed}, func(t *testing.T, sim *Sim) {
			c := cfnClient(sim)
			listener, err := sim.CreateListener("shop", 80)
			if err != nil {
				t.Fatal(err)
			}
			for i, tag := range []string{"1.0", "crash", "unhealthy"} {
				name := fmt.Sprintf("checkout-%d", i)
				body := fmt.Sprintf(revisionTemplate, listener, "checkout:"+tag)
				body = strings.ReplaceAll(body, `"checkout-1"`, `"`+name+`"`)
				body = strings.ReplaceAll(body, `"Priority": 10`, fmt.Sprintf(`"Priority": %d`, 10+i))
				create(t, c, name, body)
			}
			for i := range 3 {
				name := fmt.Sprintf("checkout-%d", i)
				settle(t, c, name)
				o.Events = append(o.Events, history(t, c, name)...)
			}
			o.Snapshot, o.Calls = sim.Snapshot(), sim.Calls()
		})
		return o
	}
	first := once(42)
	if diff := cmp.Diff(first, once(42)); diff != "" {
		t.Errorf("the same seed led to something else:\n%s", diff)
	}
	if cmp.Equal(first.Snapshot, once(43).Snapshot) {
		t.Error("another seed led to the same")
	}
}
