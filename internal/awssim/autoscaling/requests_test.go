package autoscaling_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// messages is a metric of how long a queue is.
func messages(at time.Time, length float64) *cloudwatch.PutMetricDataInput {
	return &cloudwatch.PutMetricDataInput{Namespace: aws.String("Jobs"), MetricData: []types.MetricDatum{{
		MetricName: aws.String("ApproximateNumberOfMessagesVisible"), Timestamp: &at, Value: &length,
		Dimensions: []types.Dimension{{Name: aws.String("QueueName"), Value: aws.String("jobs")}},
	}}}
}

// TestRequestsPerTarget: a policy on requests counts those of its target group for
// each healthy target.
func TestRequestsPerTarget(t *testing.T) {
	const parameters = `{"Parameters": {"Listener": {"Type": "String", "Default": "LISTENER"}}, "Resources": {`
	balanced := strings.NewReplacer(`{"Resources": {`, parameters, `"NetworkConfiguration"`, `
	  "LoadBalancers": [{"ContainerName": "app", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "Targets"}}], "NetworkConfiguration"`,
		`"AWS::ECS::Service",`, `"AWS::ECS::Service", "DependsOn": "Rule",`)
	template := balanced.Replace(service(`
	"Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 8080, "Protocol": "HTTP", "TargetType": "ip", "VpcId": "vpc-0a1b2c3d4e5f60718"}}`, `
	"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 10,
	  "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}], "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}]}}`, `
	"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
	  "MinCapacity": 1, "MaxCapacity": 8, "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
	  "ResourceId": {"Fn::Sub": "service/shop/${Service.Name}"}}}`, `
	"Requests": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {
	  "PolicyName": "requests", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"},
	  "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 20, "PredefinedMetricSpecification": {
	    "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": {"Fn::Sub": ["BALANCER/${Group}", {"Group": {"Fn::GetAtt": "Targets.TargetGroupFullName"}}]}}}}}`))
	run(t, service(), func(t *testing.T, a *account) {
		a.stacks.Delete("app")
		listener, err := a.sim.CreateListener("shop", 80)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(listener, "/")
		template = strings.NewReplacer("LISTENER", listener, "BALANCER", strings.Join(parts[1:4], "/")).Replace(template)
		if made := a.stacks.Create("app", template); made.StackStatus != "CREATE_COMPLETE" {
			t.Fatalf("the stack is %s: %s", made.StackStatus, a.stacks.Cause("app"))
		}
		wait(time.Minute)
		ask := func(each time.Duration, minutes int) {
			for end := time.Now().Add(time.Duration(minutes) * time.Minute); time.Now().Before(end); wait(each) {
				a.sim.Route(listener, httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart", nil))
			}
		}
		ask(time.Second, 12) // 60 a minute, 20 for each target
		if got := a.desired(); got != 3 {
			t.Errorf("at its target there are %d", got)
		}
		ask(500*time.Millisecond, 12) // 120 a minute
		if got := a.desired(); got != 6 {
			t.Errorf("with twice as many requests there are %d", got)
		}
		wait(40 * time.Minute)
		if got := a.desired(); got != 1 {
			t.Errorf("without requests there are %d", got)
		}
	})
}
