package analysis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

func TestDimensions(t *testing.T) {
	const elb = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
	tests := map[string]struct{ arn, targetGroup, loadBalancer string }{
		"target group":          {elb + "targetgroup/checkout-4/6d0ecf831eec9f09", "targetgroup/checkout-4/6d0ecf831eec9f09", ""},
		"listener":              {elb + "listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2", "", "app/shop/50dc6c495c0c9188"},
		"rule":                  {elb + "listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee", "", "app/shop/50dc6c495c0c9188"},
		"in China":              {"arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:targetgroup/a/b", "targetgroup/a/b", ""},
		"network load balancer": {elb + "listener/net/shop/50dc6c495c0c9188/f2f7dc8efc522ab2", "", ""},
		"another service":       {"arn:aws:ecs:eu-west-1:123456789012:targetgroup/a/b", "", ""},
		"no ARN":                {"targetgroup/a/b", "", ""},
		"empty":                 {"", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := TargetGroupDimension(tt.arn); got != tt.targetGroup {
				t.Errorf("target group %q, want %q", got, tt.targetGroup)
			}
			if got := LoadBalancerDimension(tt.arn); got != tt.loadBalancer {
				t.Errorf("load balancer %q, want %q", got, tt.loadBalancer)
			}
		})
	}
}

func TestQueries(t *testing.T) {
	s := Subject{TargetGroup: "targetgroup/a/1", LoadBalancer: "app/b/2", Cluster: "shop", Service: "checkout-4", Revision: "checkout-4"}
	elb := func(name, statistic string) cloud.MetricQuery {
		return cloud.MetricQuery{Metrics: []cloud.Metric{{Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
			Dimensions: []cloud.Dimension{{Name: "TargetGroup", Value: "targetgroup/a/1"}, {Name: "LoadBalancer", Value: "app/b/2"}}}}}
	}
	ecs := func(name string) cloud.MetricQuery {
		return cloud.MetricQuery{Metrics: []cloud.Metric{{Namespace: "AWS/ECS", Name: name, Statistic: "Average",
			Dimensions: []cloud.Dimension{{Name: "ClusterName", Value: "shop"}, {Name: "ServiceName", Value: "checkout-4"}}}}}
	}
	own := v1alpha1.MetricCheck{Query: &v1alpha1.MetricQuery{Expression: "100 * a / b", Metrics: []v1alpha1.QueryMetric{
		{ID: "a", Namespace: "Shop/$(service)", MetricName: "Declined", Stat: "Sum", Dimensions: []v1alpha1.QueryDimension{
			{Name: "Revision", Value: "r-$(revision)-$(cluster)"}, {Name: "Fixed", Value: "x"}}},
		{ID: "b", Namespace: "Shop", MetricName: "$(service)", Stat: "p99", Dimensions: []v1alpha1.QueryDimension{
			{Name: "$(cluster)", Value: "$(targetGroup)$(loadBalancer)"}}},
	}}}
	tests := map[string]struct {
		check v1alpha1.MetricCheck
		want  []cloud.MetricQuery
	}{
		"errors": {builtin(v1alpha1.MetricErrorRate), []cloud.MetricQuery{
			elb("RequestCount", "Sum"), elb("HTTPCode_Target_5XX_Count", "Sum"), elb("TargetConnectionErrorCount", "Sum"),
			elb("HTTPCode_Target_2XX_Count", "Sum"), elb("HTTPCode_Target_3XX_Count", "Sum"), elb("HTTPCode_Target_4XX_Count", "Sum")}},
		"errors of those who answer": {builtin(v1alpha1.MetricErrorRate, ignoring), []cloud.MetricQuery{
			elb("RequestCount", "Sum"), elb("HTTPCode_Target_5XX_Count", "Sum"), elb("TargetConnectionErrorCount", "Sum")}},
		"p50":       {builtin(v1alpha1.MetricLatencyP50), []cloud.MetricQuery{elb("RequestCount", "Sum"), elb("TargetResponseTime", "p50")}},
		"p90":       {builtin(v1alpha1.MetricLatencyP90), []cloud.MetricQuery{elb("RequestCount", "Sum"), elb("TargetResponseTime", "p90")}},
		"p99":       {builtin(v1alpha1.MetricLatencyP99), []cloud.MetricQuery{elb("RequestCount", "Sum"), elb("TargetResponseTime", "p99")}},
		"requests":  {builtin(v1alpha1.MetricRequestCount), []cloud.MetricQuery{elb("RequestCount", "Sum")}},
		"hosts":     {builtin(v1alpha1.MetricUnhealthyHosts), []cloud.MetricQuery{elb("UnHealthyHostCount", "Maximum")}},
		"processor": {builtin(v1alpha1.MetricCPU), []cloud.MetricQuery{ecs("CPUUtilization")}},
		"memory":    {builtin(v1alpha1.MetricMemory), []cloud.MetricQuery{ecs("MemoryUtilization")}},
		"nothing":   {v1alpha1.MetricCheck{}, nil},
		"of one's own": {own, []cloud.MetricQuery{{Expression: "100 * a / b", Metrics: []cloud.Metric{
			{ID: "a", Namespace: "Shop/checkout-4", Name: "Declined", Statistic: "Sum",
				Dimensions: []cloud.Dimension{{Name: "Revision", Value: "r-checkout-4-shop"}, {Name: "Fixed", Value: "x"}}},
			{ID: "b", Namespace: "Shop", Name: "$(service)", Statistic: "p99",
				Dimensions: []cloud.Dimension{{Name: "$(cluster)", Value: "targetgroup/a/1app/b/2"}}},
		}}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Queries(tt.check, s)); diff != "" {
				t.Errorf("queries (-want +got):\n%s", diff)
			}
		})
	}
}
