package importer

import (
	"regexp"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// metrics of target tracking, by the names of AWS.
var metrics = map[string]v1alpha1.ScalingMetric{
	"ECSServiceAverageCPUUtilization":    v1alpha1.ScalingCPU,
	"ECSServiceAverageMemoryUtilization": v1alpha1.ScalingMemory,
	"ALBRequestCountPerTarget":           v1alpha1.ScalingRequests,
}

// utilization are the metrics that ECS has of each service.
var utilization = map[string]v1alpha1.ScalingMetric{"CPUUtilization": v1alpha1.ScalingCPU, "MemoryUtilization": v1alpha1.ScalingMemory}

// tracked is the metric of target tracking, "" if it isn't known here.
func (m *mapper) tracked(n *node) v1alpha1.ScalingMetric {
	if own := n.get("CustomizedMetricSpecification"); own != nil && m.aboutItself(own) && own.get("Statistic").str() == "Average" {
		return utilization[own.get("MetricName").str()]
	}
	return metrics[n.get("PredefinedMetricSpecification", "PredefinedMetricType").str()]
}

// tracking keeps one of the known metrics at a value.
func (m *mapper) tracking(policy, n *node, by *v1alpha1.AutoScaling) {
	metric := m.tracked(n)
	known := func(t v1alpha1.TargetTracking) bool { return t.Metric == metric }
	switch {
	case metric == "":
		m.dropped(n, "target tracking knows the average CPU and memory of the service itself, and requests per target: for other metrics write spec.template.scaling.steps")
		return
	case metric == v1alpha1.ScalingRequests && m.object.Spec.Template.Target.ContainerPort == 0:
		m.dropped(n, "a worker gets no requests to be scaled by")
		return
	case metric == v1alpha1.ScalingRequests && !m.labelled(n.get("PredefinedMetricSpecification", "ResourceLabel")):
		return
	case slices.ContainsFunc(by.Targets, known):
		m.dropped(n, "there is a target for %s already", metric)
		return
	}
	t := v1alpha1.TargetTracking{Metric: metric, Value: m.trimmed(n.get("TargetValue"))}
	if t.Value == placeholder {
		t.Value = "60"
	}
	m.copyNumber(n.get("ScaleInCooldown"), &t.ScaleInCooldownSeconds)
	m.copyNumber(n.get("ScaleOutCooldown"), &t.ScaleOutCooldownSeconds)
	if n.get("DisableScaleIn").truth() {
		t.DisableScaleIn = new(true)
	}
	ignore(n, "PredefinedMetricSpecification", "CustomizedMetricSpecification", "DisableScaleIn")
	by.Targets = append(by.Targets, t)
	policy.get("TargetTrackingScalingPolicyConfiguration").orEmpty().seen = true
}

// groupInARN is what a resource label ends in.
var groupInARN = regexp.MustCompile(`targetgroup/[^/]+/[0-9a-f]+$`)

// labelled tells whether the requests of the service's own target group are counted, as
// far as that is known.
func (m *mapper) labelled(label *node) bool {
	if label == nil {
		return true
	}
	group := m.app.service.get("loadBalancers").list()[0].get("targetGroupArn")
	if group == nil {
		return true
	}
	ours, theirs := groupInARN.FindString(group.str()), groupInARN.FindString(label.str())
	refers := func(open string) bool { return group.ref != "" && maker(open) == "resource "+group.ref }
	switch {
	case slices.ContainsFunc(label.open, refers), theirs != "" && theirs == ours:
		return true
	case theirs != "" && ours != "":
		m.dropped(label, "the requests of another target group are counted, and here they could only be those of the service's own")
		return false
	}
	m.assumed(label, "the requests of the service's own target group are counted; the input doesn't say whether that is the one of this label")
	return true
}
