package cloudwatch

import (
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
)

// The namespaces of the account's own metrics.
const (
	albNamespace = "AWS/ApplicationELB"
	ecsNamespace = "AWS/ECS"
)

// balanced are the metrics of a target group behind a load balancer or, without
// a group, of the load balancer as a whole.
type balanced struct {
	requests, refused, latency *metric
	// target counts the targets' answers by class, own the load balancer's of
	// 5XX; own is nil for a group.
	target map[int]*metric
	own    *metric
}

// dimensionsOf makes the dimensions of a load balancer's metric.
func dimensionsOf(balancer, group string) []Dimension {
	_, name, _ := strings.Cut(balancer, ":loadbalancer/")
	dimensions := []Dimension{{"LoadBalancer", name}}
	if group != "" {
		dimensions = append(dimensions, Dimension{"TargetGroup", group[strings.LastIndex(group, ":")+1:]})
	}
	return dimensions
}

func (s *Service) balancedOf(balancer, group string) *balanced {
	key := balancer + " " + group
	if b := s.balanced[key]; b != nil {
		return b
	}
	dimensions := dimensionsOf(balancer, group)
	named := func(name string) *metric { return s.metric(albNamespace, name, dimensions...) }
	b := &balanced{
		requests: named("RequestCount"), refused: named("TargetConnectionErrorCount"),
		latency: named("TargetResponseTime"), target: map[int]*metric{},
	}
	for class := 2; class <= 5; class++ {
		b.target[class] = named("HTTPCode_Target_" + strconv.Itoa(class) + "XX_Count")
	}
	if group == "" {
		b.own = named("HTTPCode_ELB_5XX_Count")
	}
	s.balanced[key] = b
	return b
}

// Observe counts a response that ends now.
func (s *Service) Observe(o dataplane.Outcome) {
	if o.LoadBalancer == "" {
		return
	}
	now, node := s.now(), s.responses
	s.responses++
	s.count(s.balancedOf(o.LoadBalancer, ""), o, now, node)
	if o.TargetGroup != "" {
		s.count(s.balancedOf(o.LoadBalancer, o.TargetGroup), o, now, node)
	}
}

func (s *Service) count(b *balanced, o dataplane.Outcome, now time.Time, node int) {
	if o.Chosen {
		s.record(b.requests, now, node, 1)
	}
	if o.Refused {
		s.record(b.refused, now, node, 1)
	}
	class := o.Status / 100
	switch {
	case o.FromTarget:
		s.record(b.latency, now, node, o.Took.Seconds())
		if m := b.target[class]; m != nil {
			s.record(m, now, node, 1)
		}
	case class == 5 && b.own != nil:
		s.record(b.own, now, node, 1)
	}
}

// samplePerTarget takes how many requests each healthy target of a group got in the
// period that starts then. The metric is reported also if there were none, and its
// Sum is that average (guide for Application Load Balancers, "CloudWatch metrics").
func (s *Service) samplePerTarget(start time.Time, balancer, group string, healthy int) {
	requests := s.balancedOf(balancer, group).requests.sumAt(start) / float64(max(healthy, 1))
	dimensions := dimensionsOf(balancer, group)
	for _, of := range [][]Dimension{dimensions, dimensions[1:]} {
		s.record(s.metric(albNamespace, "RequestCountPerTarget", of...), start, 0, requests)
	}
}

// sample takes what the period that starts then has no events for: how many
// targets are healthy and how loaded the tasks are. A group without targets and
// a service without tasks have no data.
func (s *Service) sample(start time.Time) {
	for _, g := range s.lb.GroupHealth() {
		if g.Targets == 0 {
			continue
		}
		for _, balancer := range g.LoadBalancers {
			dimensions := dimensionsOf(balancer, g.ARN)
			for node := range nodes {
				s.record(s.metric(albNamespace, "HealthyHostCount", dimensions...), start, node, float64(g.Healthy))
				s.record(s.metric(albNamespace, "UnHealthyHostCount", dimensions...), start, node, float64(g.Unhealthy))
			}
			s.samplePerTarget(start, balancer, g.ARN, g.Healthy)
		}
	}
	for i, load := range s.tasks.Loads() {
		dimensions := []Dimension{{"ClusterName", load.Cluster}, {"ServiceName", load.Service}}
		s.record(s.metric(ecsNamespace, "CPUUtilization", dimensions...), start, i, load.CPU)
		s.record(s.metric(ecsNamespace, "MemoryUtilization", dimensions...), start, i, load.Memory)
	}
}
