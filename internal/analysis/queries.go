package analysis

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// Namespaces of the builtin metrics.
const (
	namespaceELB = "AWS/ApplicationELB"
	namespaceECS = "AWS/ECS"
)

// Subject is the revision that is measured, as values of CloudWatch's
// dimensions.
type Subject struct {
	// TargetGroup is targetgroup/name/id.
	TargetGroup string
	// LoadBalancer is app/name/id.
	LoadBalancer string
	Cluster      string
	Service      string
	Revision     string
}

// TargetGroupDimension returns the name of the ARN's target group in
// CloudWatch; "" if it isn't one.
func TargetGroupDimension(arn string) string {
	parts := resource(arn)
	if len(parts) != 3 || parts[0] != "targetgroup" {
		return ""
	}
	return strings.Join(parts, "/")
}

// LoadBalancerDimension returns the name in CloudWatch of the application load
// balancer of a listener's or a rule's ARN; "" if it is neither.
func LoadBalancerDimension(arn string) string {
	parts := resource(arn)
	listener := len(parts) == 5 && parts[0] == "listener"
	rule := len(parts) == 6 && parts[0] == "listener-rule"
	if !listener && !rule || parts[1] != "app" {
		return ""
	}
	return strings.Join(parts[1:4], "/")
}

// resource returns the last part of an ARN of Elastic Load Balancing, split at
// its slashes; nil if it isn't one.
func resource(arn string) []string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "elasticloadbalancing" {
		return nil
	}
	return strings.Split(parts[5], "/")
}

// Queries returns the CloudWatch queries to measure s by check. Their order is
// fixed for a check, and Readings have the same order.
func Queries(check v1alpha1.MetricCheck, s Subject) []cloud.MetricQuery {
	switch check.Builtin {
	case v1alpha1.MetricErrorRate:
		queries := []cloud.MetricQuery{s.requests(), s.elb("HTTPCode_Target_5XX_Count", "Sum"), s.elb("TargetConnectionErrorCount", "Sum")}
		if check.Unanswered == v1alpha1.UnansweredIgnore {
			return queries
		}
		return append(queries, s.elb("HTTPCode_Target_2XX_Count", "Sum"), s.elb("HTTPCode_Target_3XX_Count", "Sum"), s.elb("HTTPCode_Target_4XX_Count", "Sum"))
	case v1alpha1.MetricLatencyP50:
		return []cloud.MetricQuery{s.requests(), s.elb("TargetResponseTime", "p50")}
	case v1alpha1.MetricLatencyP90:
		return []cloud.MetricQuery{s.requests(), s.elb("TargetResponseTime", "p90")}
	case v1alpha1.MetricLatencyP99:
		return []cloud.MetricQuery{s.requests(), s.elb("TargetResponseTime", "p99")}
	case v1alpha1.MetricRequestCount:
		return []cloud.MetricQuery{s.requests()}
	case v1alpha1.MetricUnhealthyHosts:
		return []cloud.MetricQuery{s.elb("UnHealthyHostCount", "Maximum")}
	case v1alpha1.MetricCPU, v1alpha1.MetricMemory:
		return []cloud.MetricQuery{s.ecs(string(check.Builtin))}
	}
	if check.Query == nil {
		return nil
	}
	return []cloud.MetricQuery{s.custom(check.Query)}
}

func (s Subject) requests() cloud.MetricQuery { return s.elb("RequestCount", "Sum") }

func (s Subject) elb(name, statistic string) cloud.MetricQuery {
	return cloud.MetricQuery{Metrics: []cloud.Metric{{
		Namespace: namespaceELB, Name: name, Statistic: statistic,
		Dimensions: []cloud.Dimension{{Name: "TargetGroup", Value: s.TargetGroup}, {Name: "LoadBalancer", Value: s.LoadBalancer}},
	}}}
}

func (s Subject) ecs(name string) cloud.MetricQuery {
	return cloud.MetricQuery{Metrics: []cloud.Metric{{
		Namespace: namespaceECS, Name: name, Statistic: "Average",
		Dimensions: []cloud.Dimension{{Name: "ClusterName", Value: s.Cluster}, {Name: "ServiceName", Value: s.Service}},
	}}}
}

// custom returns the user's own query, for s.
func (s Subject) custom(query *v1alpha1.MetricQuery) cloud.MetricQuery {
	fill := strings.NewReplacer(
		"$(targetGroup)", s.TargetGroup, "$(loadBalancer)", s.LoadBalancer,
		"$(cluster)", s.Cluster, "$(service)", s.Service, "$(revision)", s.Revision,
	)
	q := cloud.MetricQuery{Expression: query.Expression}
	for i := range query.Metrics {
		m := &query.Metrics[i]
		metric := cloud.Metric{ID: m.ID, Namespace: fill.Replace(m.Namespace), Name: m.MetricName, Statistic: m.Stat}
		for _, d := range m.Dimensions {
			metric.Dimensions = append(metric.Dimensions, cloud.Dimension{Name: d.Name, Value: fill.Replace(d.Value)})
		}
		q.Metrics = append(q.Metrics, metric)
	}
	return q
}
