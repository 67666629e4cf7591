package autoscaling_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
)

// scalable are the stack's resources that scale it.
func scalable(suspended string) []string {
	return []string{
		`"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
		  "MinCapacity": 2, "MaxCapacity": "8", "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
		  "ResourceId": {"Fn::Join": ["/", ["service", "shop", {"Fn::GetAtt": "Service.Name"}]]}, "SuspendedState": {` + suspended + `},
		  "ScheduledActions": [{"ScheduledActionName": "morning", "Schedule": "cron(0 7 ? * MON-FRI *)", "ScalableTargetAction": {"MinCapacity": 4}}]}}`,
		`"CPU": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {
		  "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"},
		  "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}}`,
		`"Queue": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {
		  "PolicyName": "queue", "PolicyType": "StepScaling", "ScalingTargetId": {"Ref": "Target"},
		  "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "Cooldown": 60, "StepAdjustments": [
		    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 100, "ScalingAdjustment": 1}, {"MetricIntervalLowerBound": "100", "ScalingAdjustment": 3}]}}}`,
		`"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
		  "Namespace": "Jobs", "MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": [{"Name": "QueueName", "Value": "jobs"}],
		  "Statistic": "Average", "Period": 60, "EvaluationPeriods": 2, "Threshold": 100, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
		  "AlarmActions": [{"Ref": "Queue"}]}}`,
	}
}

// TestStack: a stack makes its target, policies and alarms in order, and takes them
// away again.
func TestStack(t *testing.T) {
	run(t, service(scalable(`"DynamicScalingInSuspended": true`)...), func(t *testing.T, a *account) {
		want := []autoscaling.Target{{
			Cluster: "shop", Service: "app", Min: 2, Max: 8, In: true, Policies: []string{"cpu", "queue"}, Schedules: []string{"morning"},
		}}
		if diff := cmp.Diff(want, a.sim.Snapshot().ScalableTargets); diff != "" {
			t.Error(diff)
		}
		for _, r := range a.sim.Snapshot().Stacks[0].Resources {
			if r.LogicalID == "Target" && r.PhysicalID != "service/shop/app|ecs:service:DesiredCount|ecs" {
				t.Errorf("the target is %s", r.PhysicalID)
			}
		}
		a.stacks.Delete("app")
		if left := a.sim.Snapshot().ScalableTargets; len(left) != 0 {
			t.Errorf("left are %v", left)
		}
		if alarms, err := a.watch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}); err != nil || len(alarms.MetricAlarms) != 0 {
			t.Errorf("left are %v, %v", alarms.MetricAlarms, err)
		}
	})
}

// TestStepScaling: an alarm of the stack invokes its policy each minute.
func TestStepScaling(t *testing.T) {
	run(t, service(scalable("")...), func(t *testing.T, a *account) {
		queue := func(length float64) {
			now := time.Now()
			if _, err := a.watch.PutMetricData(t.Context(), messages(now, length)); err != nil {
				t.Fatal(err)
			}
		}
		feed := func(length float64, minutes int) {
			for range minutes {
				queue(length)
				wait(time.Minute)
			}
		}
		feed(50, 5)
		if got := a.desired(); got != 3 {
			t.Errorf("below the threshold there are %d", got)
		}
		feed(150, 5)
		if got := a.desired(); got < 4 || got > 6 {
			t.Errorf("a little above it there are %d", got)
		}
		feed(500, 8)
		if got := a.desired(); got != 8 {
			t.Errorf("far above it there are %d", got)
		}
	})
}
