package elb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	deregistrationDelay = "deregistration_delay.timeout_seconds"
	slowStartSeconds    = "slow_start.duration_seconds"
	stickinessEnabled   = "stickiness.enabled"
	stickinessType      = "stickiness.type"
	lbCookieSeconds     = "stickiness.lb_cookie.duration_seconds"
	appCookieName       = "stickiness.app_cookie.cookie_name"
	appCookieSeconds    = "stickiness.app_cookie.duration_seconds"
	algorithmType       = "load_balancing.algorithm.type"
	anomalyMitigation   = "load_balancing.algorithm.anomaly_mitigation"
	crossZoneEnabled    = "load_balancing.cross_zone.enabled"
)

// Values of attributes.
const (
	lbCookie       = "lb_cookie"
	appCookie      = "app_cookie"
	roundRobin     = "round_robin"
	weightedRandom = "weighted_random"
	attributeTrue  = "true"
)

// attributeKinds are the attributes of an instance or ip target group of an
// application load balancer: AWS's default and what is accepted.
var attributeKinds = map[string]struct {
	initial string
	accepts func(string) bool
}{
	deregistrationDelay: {"300", between(0, 3600)},
	slowStartSeconds:    {"0", either(oneOf("0"), between(30, 900))},
	stickinessEnabled:   {"false", oneOf(attributeTrue, "false")},
	stickinessType:      {lbCookie, oneOf(lbCookie, appCookie)},
	lbCookieSeconds:     {"86400", between(1, maxStickySeconds)},
	appCookieName:       {"", func(name string) bool { return !strings.HasPrefix(name, "AWSALB") }},
	appCookieSeconds:    {"86400", between(1, maxStickySeconds)},
	algorithmType:       {roundRobin, oneOf(roundRobin, "least_outstanding_requests", weightedRandom)},
	anomalyMitigation:   {"off", oneOf("on", "off")},
	crossZoneEnabled:    {"use_load_balancer_configuration", oneOf(attributeTrue, "false", "use_load_balancer_configuration")},
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

func either(a, b func(string) bool) func(string) bool {
	return func(v string) bool { return a(v) || b(v) }
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

func (g *targetGroup) deregistrationDelay() time.Duration { return g.seconds(deregistrationDelay) }

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
	attributes, err := withAttributes(g.attributes, in.Attributes)
	if err != nil {
		return nil, err
	}
	g.attributes = attributes
	return g.attributesOut(), nil
}

// withAttributes are attributes with some of them changed, or the refusal of what
// doesn't go together.
func withAttributes(before map[string]string, changes []Tag) (map[string]string, error) {
	if err := checkAttributes(changes); err != nil {
		return nil, err
	}
	after := maps.Clone(before)
	for _, a := range changes {
		after[a.Key] = a.Value
	}
	return after, checkTogether(after)
}

// checkTogether refuses what the guide, "Edit target group attributes", calls
// impossible. The words about the cookie's name were recorded in
// terraform-aws-modules/terraform-aws-alb#242, the others are nobody's.
func checkTogether(a map[string]string) error {
	algorithm, sticky := a[algorithmType], a[stickinessEnabled] == attributeTrue
	for _, rule := range []struct {
		broken bool
		says   string
	}{
		{a[slowStartSeconds] != "0" && algorithm != roundRobin, "You cannot enable slow start with the load balancing algorithm '" + algorithm + "'"},
		{a[anomalyMitigation] == "on" && algorithm != weightedRandom, "You cannot enable anomaly mitigation with the load balancing algorithm '" + algorithm + "'"},
		{sticky && algorithm == weightedRandom, "You cannot enable stickiness with the load balancing algorithm '" + algorithm + "'"},
		{sticky && a[crossZoneEnabled] == "false", "You cannot enable stickiness when cross-zone load balancing is off"},
		{sticky && a[stickinessType] == appCookie && a[appCookieName] == "", "You must set an application cookie name to enable stickiness of type 'app_cookie'"},
	} {
		if rule.broken {
			return core.Errorf("InvalidConfigurationRequest", "%s", rule.says)
		}
	}
	return nil
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
