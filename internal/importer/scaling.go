package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// scaling maps Application Auto Scaling: a scalable target with its schedules, and
// policies with the alarms that start them.
func (m *mapper) scaling() {
	bounds, by := &v1alpha1.Scaling{}, &v1alpha1.AutoScaling{}
	target, ok := m.scalableTarget()
	if !ok {
		return
	}
	for _, n := range m.app.scaling {
		n.seen = true
		switch {
		case n.get("PolicyType").str() == "StepScaling", n.get("StepScalingPolicyConfiguration") != nil:
			m.stepPolicy(n, by)
		case n.get("TargetTrackingScalingPolicyConfiguration") != nil:
			m.tracking(n, n.get("TargetTrackingScalingPolicyConfiguration"), by)
		case isTarget(n):
			m.bounds(n, bounds)
			m.suspended(n.get("SuspendedState"))
			m.schedules(n.get("ScheduledActions").list(), by)
		case n.has("ScheduledActionName"):
			m.schedules([]*node{n}, by)
		default:
			m.dropped(n, "it is no scaling policy that is known here")
		}
		ignore(n, "PolicyName", "PolicyType", "PolicyARN", "ScalingTargetId", "ResourceId", "ScalableDimension", "ServiceNamespace", "RoleARN", "SuspendedState",
			"CreationTime", "Alarms", "ScalableTargetARN", "PredictedCapacity", "ScheduledActions", "ScheduledActionARN")
	}
	switch {
	case len(by.Targets)+len(by.Steps)+len(by.Schedules) == 0:
		if target != nil {
			m.assumed(target, "nothing in the input scales the tasks between these bounds, so there are spec.desiredCount tasks")
		}
		return
	case target == nil:
		m.dropped(m.app.scaling[0], "the scalable target isn't in the input, so nobody knows the bounds of the number of tasks: give the output of "+
			"aws application-autoscaling describe-scalable-targets, too")
		return
	}
	m.object.Spec.Scaling, m.object.Spec.Template.Scaling = bounds, by
	m.origins["spec.scaling"], m.origins["spec.template.scaling"] = target, m.app.scaling[0]
}

// isTarget tells a scalable target from what belongs to it.
func isTarget(n *node) bool {
	return (n.has("MinCapacity") || n.has("MaxCapacity")) && !n.has("ScheduledActionName")
}

// scalableTarget is the only one, or nil; false if there are several.
func (m *mapper) scalableTarget() (target *node, ok bool) {
	var targets []*node
	for _, n := range m.app.scaling {
		if isTarget(n) {
			targets = append(targets, n)
		}
	}
	if len(targets) > 1 {
		for _, n := range targets {
			m.dropped(n, "%d scalable targets are about the service, so nobody knows its bounds: nothing of its scaling is taken; give the one that is there", len(targets))
		}
		return nil, false
	}
	if len(targets) == 1 {
		target = targets[0]
	}
	return target, true
}

// suspended scaling isn't taken over: what is suspended follows from rollouts alone.
func (m *mapper) suspended(n *node) {
	for _, key := range []string{"DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"} {
		if n.get(key).truth() {
			m.dropped(n, "scaling is suspended today, and isn't here (%s): leave spec.scaling and spec.template.scaling out, or set min and max to the number of tasks", key)
			return
		}
	}
}

// bounds of the number of tasks, which is 1 at least.
func (m *mapper) bounds(n *node, to *v1alpha1.Scaling) {
	least, knownLeast := n.get("MinCapacity").number()
	most, knownMost := n.get("MaxCapacity").number()
	if !knownLeast || !knownMost {
		m.missing(n, "spec.scaling: the bounds of the number of tasks aren't in the input")
	}
	if knownLeast && least < 1 {
		m.assumed(n.get("MinCapacity"), "a minimum of 1, since Viridian takes a service without tasks for one that is switched off")
	}
	to.Min = int32of(max(least, 1))
	to.Max = max(int32of(most), to.Min)
}

// scalingName is valid for steps and schedules.
func scalingName(text string) string {
	return cmp.Or(strings.TrimLeft(kubernetesName(text), "-0123456789"), "scale")
}

// stepPolicy needs the alarms that start it, each of which is a step of its own.
func (m *mapper) stepPolicy(n *node, by *v1alpha1.AutoScaling) {
	config := n.get("StepScalingPolicyConfiguration")
	alarms := m.alarmsOf(n)
	if config == nil || len(alarms) == 0 {
		m.dropped(n, "the alarm that starts the policy isn't in the input: give the output of aws cloudwatch describe-alarms, too")
		return
	}
	for i, alarm := range alarms {
		alarm.seen = true
		if enabled := alarm.get("ActionsEnabled"); enabled != nil && strings.EqualFold(enabled.str(), "false") {
			m.dropped(enabled, "the alarm is disabled, so it scales nothing today: neither it nor its policy %s is taken", n.get("PolicyName").str())
			continue
		}
		var s v1alpha1.StepScaling
		m.decode(config, &s)
		m.copyNumber(config.get("Cooldown"), &s.CooldownSeconds)
		s.Name = scalingName(cmp.Or(n.get("PolicyName").str(), m.app.idOf(n)))
		for suffix := 2; slices.ContainsFunc(by.Steps, func(o v1alpha1.StepScaling) bool { return o.Name == s.Name }); suffix++ {
			s.Name = scalingName(s.Name + "-" + strings.Repeat("i", suffix+i))
		}
		if m.alarm(alarm, &s.Alarm) {
			by.Steps = append(by.Steps, s)
		}
	}
	ignore(config, "MetricAggregationType")
}

// idOf is the logical ID of a resource by its properties.
func (a *app) idOf(n *node) string {
	for id, r := range a.resources {
		if r.properties == n {
			return id
		}
	}
	return ""
}
