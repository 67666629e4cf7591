package importer

import (
	"cmp"
	"maps"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// alarmsOf a policy name it among their actions.
func (m *mapper) alarmsOf(policy *node) []*node {
	id, arn := m.app.idOf(policy), policy.values["policyarn"].str()
	starts := func(alarm *node) bool {
		return slices.ContainsFunc(alarm.values["alarmactions"].list(), func(n *node) bool {
			return id != "" && n.ref == id || arn != "" && n.str() == arn
		})
	}
	var out []*node
	for _, name := range slices.Sorted(maps.Keys(m.app.resources)) {
		if r := m.app.resources[name]; r.kind == typeAlarm && starts(r.properties) {
			out = append(out, r.properties)
		}
	}
	for _, alarm := range m.in.alarms {
		if starts(alarm) {
			out = append(out, alarm)
		}
	}
	return out
}

// alarm on a metric of the service itself, or on any other.
func (m *mapper) alarm(n *node, to *v1alpha1.ScalingAlarm) bool {
	if !n.get("Metrics").empty() || n.get("ExtendedStatistic") != nil {
		m.dropped(n, "the alarm is on an expression or a percentile: write another one into spec.template.scaling.steps")
		return false
	}
	metric := utilization[n.get("MetricName").str()]
	own := m.aboutItself(n)
	if own {
		for _, d := range n.get("Dimensions").list() {
			m.told[d.get("Value")] = true // the stack says it by itself
		}
	}
	m.decode(n, to)
	m.copyNumber(n.get("Period"), &to.PeriodSeconds)
	to.Statistic, to.TreatMissingData = n.get("Statistic").str(), n.get("TreatMissingData").str()
	switch {
	case own && metric == "":
		m.dropped(n.get("MetricName"), "a metric of the service itself can only be CPU or memory: the alarm would stay with the old service")
		return false
	case own:
		to.Metric, to.Namespace, to.MetricName, to.Dimensions = metric, "", "", nil
	case to.Namespace == ecsMetrics:
		m.assumed(cmp.Or(n.get("Dimensions"), n), "the alarm isn't known to be on this service, so it stays on what its dimensions name")
	}
	return true
}

// ecsMetrics is the namespace of what ECS measures of services.
const ecsMetrics = "AWS/ECS"

// aboutItself tells whether a metric of ECS is that of the service: by both of its
// dimensions.
func (m *mapper) aboutItself(metric *node) bool {
	if metric.get("Namespace").str() != ecsMetrics {
		return false
	}
	self := m.app.self()
	var cluster, service bool
	dimensions := metric.get("Dimensions").list()
	for _, d := range dimensions {
		switch value := d.get("Value"); d.get("Name").str() {
		case "ClusterName":
			cluster, _ = self.cluster.is(m.app.identified(value, "clustername"))
		case "ServiceName":
			service, _ = self.service.is(m.app.identified(value, "servicename"))
		}
	}
	return cluster && service && len(dimensions) == 2
}
