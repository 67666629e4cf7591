package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// fullScaling scales in all ways.
func fullScaling() *v1alpha1.AutoScaling {
	return &v1alpha1.AutoScaling{
		Targets: []v1alpha1.TargetTracking{
			{Metric: v1alpha1.ScalingCPU, Value: "60", ScaleInCooldownSeconds: new(int32(300)), ScaleOutCooldownSeconds: new(int32(60))},
			{Metric: v1alpha1.ScalingMemory, Value: "75.5", DisableScaleIn: new(true)},
			{Metric: v1alpha1.ScalingRequests, Value: "1000"},
		},
		Steps: []v1alpha1.StepScaling{{
			Name: "queue-2", AdjustmentType: "ChangeInCapacity", CooldownSeconds: new(int32(60)),
			Alarm: v1alpha1.ScalingAlarm{
				Namespace: "AWS/SQS", MetricName: "ApproximateNumberOfMessagesVisible", Dimensions: []v1alpha1.MetricDimension{{Name: "QueueName", Value: "jobs"}},
				Statistic: "Average", PeriodSeconds: new(int32(60)), EvaluationPeriods: new(int32(2)), DatapointsToAlarm: new(int32(1)),
				ComparisonOperator: "GreaterThanOrEqualToThreshold", Threshold: "100", TreatMissingData: "notBreaching",
			},
			StepAdjustments: []v1alpha1.StepAdjustment{
				{MetricIntervalLowerBound: "0", MetricIntervalUpperBound: "100", ScalingAdjustment: new(int32(1))},
				{MetricIntervalLowerBound: "100", ScalingAdjustment: new(int32(3))},
			},
		}, {
			Name: "idle", AdjustmentType: "PercentChangeInCapacity", MinAdjustmentMagnitude: new(int32(1)),
			Alarm: v1alpha1.ScalingAlarm{
				Metric: v1alpha1.ScalingCPU, Statistic: "Average", PeriodSeconds: new(int32(60)), EvaluationPeriods: new(int32(15)),
				ComparisonOperator: "LessThanThreshold", Threshold: "20",
			},
			StepAdjustments: []v1alpha1.StepAdjustment{{MetricIntervalUpperBound: "0", ScalingAdjustment: new(int32(-10))}},
		}},
		Schedules: []v1alpha1.ScheduledScaling{
			{Name: "morning", Schedule: "cron(0 7 ? * MON-FRI *)", Timezone: "Europe/Berlin", Min: new(int32(10))},
			{Name: "evening", Schedule: "cron(0 20 ? * * *)", Min: new(int32(3)), Max: new(int32(30))},
		},
	}
}

// allScaling has a value in every field.
func allScaling() *v1alpha1.AutoScaling {
	s := fullScaling()
	s.Targets, s.Steps, s.Schedules = s.Targets[:1], s.Steps[:1], s.Schedules[1:]
	s.Targets[0].DisableScaleIn = new(true)
	s.Steps[0].MinAdjustmentMagnitude, s.Steps[0].Alarm.Metric = new(int32(1)), v1alpha1.ScalingMemory
	s.Steps[0].StepAdjustments = s.Steps[0].StepAdjustments[:1]
	s.Schedules[0].Timezone = "Europe/Berlin"
	return s
}

// No two names of steps give resources the same ID, and IDs are letters and digits.
func FuzzStepIDs(f *testing.F) {
	f.Add("queue", "queue-2")
	f.Add("a-b", "ab")
	f.Add("a-1", "a1")
	f.Add("a--b", "a-b")
	f.Add("a-alarm", "a")
	f.Fuzz(func(t *testing.T, one, other string) {
		if one == other || !isStepName(one) || !isStepName(other) {
			return // not names that the API takes
		}
		scaling := fullScaling()
		scaling.Steps[0].Name, scaling.Steps[1].Name = one, other
		in := input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.Scaling = scaling }))
		var doc struct {
			Resources map[string]struct{ Type string }
		}
		if err := json.Unmarshal([]byte(build(t, in)), &doc); err != nil {
			t.Fatal(err)
		}
		policies, alarms := 0, 0
		for id, r := range doc.Resources {
			switch {
			case strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "":
				t.Errorf("ID %q", id)
			case r.Type == "AWS::ApplicationAutoScaling::ScalingPolicy":
				policies++
			case r.Type == "AWS::CloudWatch::Alarm":
				alarms++
			}
		}
		if policies != 5 || alarms != 2 {
			t.Errorf("%q and %q: %d policies, %d alarms", one, other, policies, alarms)
		}
	})
}

func isStepName(name string) bool {
	if name == "" || len(name) > 40 || name[0] < 'a' || name[0] > 'z' || strings.HasSuffix(name, "-") {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
