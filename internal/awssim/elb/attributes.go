package elb

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const deregistrationDelay = "deregistration_delay.timeout_seconds"

// attributeKinds are the attributes of an instance or ip target group of an
// application load balancer: AWS's default and what is accepted.
var attributeKinds = map[string]struct {
	initial string
	accepts func(string) bool
}{
	deregistrationDelay:                                                              {"300", between(0, 3600)},
	"slow_start.duration_seconds":                                                    {"0", oneOf("0")},
	"stickiness.enabled":                                                             {"false", oneOf("false")},
	"stickiness.type":                                                                {"lb_cookie", oneOf("lb_cookie", "app_cookie")},
	"stickiness.lb_cookie.duration_seconds":                                          {"86400", between(1, maxStickySeconds)},
	"stickiness.app_cookie.cookie_name":                                              {"", func(string) bool { return true }},
	"stickiness.app_cookie.duration_seconds":                                         {"86400", between(1, maxStickySeconds)},
	"load_balancing.algorithm.type":                                                  {"round_robin", oneOf("round_robin", "least_outstanding_requests", "weighted_random")},
	"load_balancing.algorithm.anomaly_mitigation":                                    {"off", oneOf("on", "off")},
	"load_balancing.cross_zone.enabled":                                              {"use_load_balancer_configuration", oneOf("true", "false", "use_load_balancer_configuration")},
	"target_group_health.dns_failover.minimum_healthy_targets.count":                 {"1", oneOf("1", "off")},
	"target_group_health.dns_failover.minimum_healthy_targets.percentage":            {"off", oneOf("off")},
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      {"1", oneOf("1")},
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": {"off", oneOf("off")},
}

func between(low, high int) func(string) bool {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n >= low && n <= high
	}
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

func defaultAttributes() map[string]string {
	attributes := map[string]string{}
	for key, kind := range attributeKinds {
		attributes[key] = kind.initial
	}
	return attributes
}

func (g *targetGroup) deregistrationDelay() time.Duration {
	n, _ := strconv.Atoi(g.attributes[deregistrationDelay]) // checked when written
	return time.Duration(n) * time.Second
}

type attributesOut struct {
	Attributes []Tag `xml:"Attributes>member"`
}

func (g *targetGroup) attributesOut() attributesOut {
	var out attributesOut
	for _, key := range slices.Sorted(maps.Keys(g.attributes)) {
		out.Attributes = append(out.Attributes, Tag{Key: key, Value: g.attributes[key]})
	}
	return out
}

type modifyTargetGroupAttributesInput struct {
	TargetGroupArn string
	Attributes     []Tag
}

// modifyTargetGroupAttributes refuses values whose effect isn't simulated.
func (s *Service) modifyTargetGroupAttributes(in modifyTargetGroupAttributesInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if err := checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	for _, a := range in.Attributes {
		g.attributes[a.Key] = a.Value
	}
	return g.attributesOut(), nil
}

func checkAttributes(attributes []Tag) error {
	for _, a := range attributes {
		kind, known := attributeKinds[a.Key]
		if !known {
			return core.Errorf("ValidationError", "Target group attribute key '%s' is not recognized", a.Key)
		}
		if !kind.accepts(a.Value) {
			return core.Errorf("ValidationError", "Target group attribute value '%s' is not valid for key '%s'", a.Value, a.Key)
		}
	}
	return nil
}

type describeTargetGroupAttributesInput struct{ TargetGroupArn string }

func (s *Service) describeTargetGroupAttributes(in describeTargetGroupAttributesInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return g.attributesOut(), nil
}
