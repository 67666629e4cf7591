package autoscaling

import (
	"math"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
)

const requestsPerTarget = "ALBRequestCountPerTarget"

// predefinedMetrics are the metrics of ECS services.
var predefinedMetrics = map[string]string{
	"ECSServiceAverageCPUUtilization":    "CPUUtilization",
	"ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}

// The alarms of target tracking: how many minutes of one after the other are looked
// at, as users report them (aws/containers-roadmap#1208), and below which share of
// the target there is too much capacity.
const (
	highMinutes = 3
	lowMinutes  = 15
	lowShare    = 0.9
)

// watch is what the alarms of a policy watch.
func (p *policy) watch() cloudwatch.Watch {
	c := p.TargetTrackingScalingPolicyConfiguration
	if own := c.CustomizedMetricSpecification; own != nil {
		return cloudwatch.Watch{Namespace: own.Namespace, Metric: own.MetricName, Dimensions: own.Dimensions, Statistic: own.Statistic}
	}
	predefined := c.PredefinedMetricSpecification
	if predefined.PredefinedMetricType == requestsPerTarget {
		group := predefined.ResourceLabel[strings.Index(predefined.ResourceLabel, "targetgroup/"):]
		return cloudwatch.Watch{
			Namespace: "AWS/ApplicationELB", Metric: "RequestCountPerTarget", Statistic: "Sum",
			Dimensions: []cloudwatch.Dimension{{Name: "TargetGroup", Value: group}},
		}
	}
	names := strings.Split(p.ResourceId, "/")
	return cloudwatch.Watch{
		Namespace: "AWS/ECS", Metric: predefinedMetrics[predefined.PredefinedMetricType], Statistic: "Average",
		Dimensions: []cloudwatch.Dimension{{Name: "ClusterName", Value: names[1]}, {Name: "ServiceName", Value: names[2]}},
	}
}

func (p *policy) scalesIn() bool {
	c := p.TargetTrackingScalingPolicyConfiguration
	return c != nil && (c.DisableScaleIn == nil || !*c.DisableScaleIn)
}

// track makes the alarms of a target tracking policy.
func (s *Service) track(p *policy) error {
	s.dropAlarms(p)
	name := func(which string) string {
		return "TargetTracking-" + p.ResourceId + "-" + which + "-" + s.world.UUID()
	}
	description := "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + p.arn + "."
	w := p.watch()
	w.Policy, w.Threshold, w.Minutes, w.Comparison = p.arn, *p.TargetTrackingScalingPolicyConfiguration.TargetValue, highMinutes, "GreaterThanThreshold"
	p.high = name("AlarmHigh")
	if err := s.alarms.Put(p.high, description, w); err != nil {
		return err
	}
	if !p.scalesIn() {
		return nil
	}
	w.Threshold, w.Minutes, w.Comparison = w.Threshold*lowShare, lowMinutes, "LessThanThreshold"
	p.low = name("AlarmLow")
	return s.alarms.Put(p.low, description, w)
}

// dropAlarms deletes the alarms that a policy made.
func (s *Service) dropAlarms(p *policy) {
	s.alarms.Delete(p.high, p.low)
	p.high, p.low = "", ""
}

// tracked scales as an alarm of a target tracking policy says.
func (s *Service) tracked(t *target, p *policy, a cloudwatch.Action) {
	is, active := s.services.Capacity(t.cluster, t.service)
	c := p.TargetTrackingScalingPolicyConfiguration
	switch {
	case !active:
	case a.Alarm == p.high:
		s.scaleOut(t, needed(s.base(t, is.Running), a.Value, *c.TargetValue), cooldown(c.ScaleOutCooldown), causedBy(a.Alarm, p))
	case a.Alarm == p.low:
		if want, all := s.allNeed(t, is.Running); all {
			s.scaleIn(t, want, cooldown(c.ScaleInCooldown), causedBy(a.Alarm, p))
		}
	}
}

// needed is how many tasks bring a metric that is shared by tasks to its target.
func needed(tasks int, value, target float64) int {
	return int(math.Ceil(float64(tasks) * value / target))
}

// allNeed is how many tasks the target tracking policies need that scale in; all is
// false while one of them isn't ready to.
func (s *Service) allNeed(t *target, running int) (want int, all bool) {
	for _, p := range t.policies {
		if !p.scalesIn() {
			continue
		}
		value, there := s.alarms.Newest(p.low)
		if !there || !s.alarms.Fires(p.low) {
			return 0, false
		}
		want = max(want, needed(running, value, *p.TargetTrackingScalingPolicyConfiguration.TargetValue))
	}
	return want, true
}
