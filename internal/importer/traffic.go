package importer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// traffic maps the load balancer: what the service registers with, the target group
// and the listener rule.
func (m *mapper) traffic() {
	lbs := m.app.service.get("loadBalancers").list()
	if len(lbs) == 0 {
		m.object.Spec.Template.Network.LoadBalancerSecurityGroupIDs = nil
		return
	}
	lb := lbs[0]
	for _, more := range lbs[1:] {
		m.dropped(more, "a service has one target group: the first one is kept")
	}
	if lb.get("targetGroupArn") == nil && lb.get("loadBalancerName") != nil {
		m.dropped(lb, "Classic Load Balancers can't share out requests between revisions: use an Application Load Balancer")
		return
	}
	target := &m.object.Spec.Template.Target
	m.origins["spec.template.target"] = lb
	port, ok := lb.get("containerPort").number()
	if !ok {
		port = m.firstPort()
		m.missing(cmp.Or(lb.get("containerPort"), lb), "the port that gets the requests isn't in the input")
	}
	target.ContainerPort = int32of(port)
	target.ContainerName = m.targetName(lb.get("containerName"))
	m.mapped(lb)
	target.HealthCheckGracePeriodSeconds = m.grace(m.app.service.get("healthCheckGracePeriodSeconds"))
	ignore(lb, "loadBalancerName", "targetGroupArn")
	m.alternate(lb.get("advancedConfiguration"))
	m.balancerGroups(lb)
	m.group(cmp.Or(lb.get("targetGroupArn"), lb))
	m.rule(lb)
}

// balancerGroups are the security groups of the load balancer.
func (m *mapper) balancerGroups(lb *node) {
	network := &m.object.Spec.Template.Network
	if !m.ownInterface() {
		network.LoadBalancerSecurityGroupIDs = nil
		m.find(Note, lb, "the security group of the instances has to let the load balancer in")
		return
	}
	arns := m.app.group.get("LoadBalancerArns").list()
	for _, balancer := range m.in.balancers {
		arn := balancer.get("LoadBalancerArn").str()
		if len(network.LoadBalancerSecurityGroupIDs) == 0 && (len(m.in.balancers) == 1 || slices.ContainsFunc(arns, func(n *node) bool { return n.str() == arn })) {
			network.LoadBalancerSecurityGroupIDs = m.ids(balancer.get("SecurityGroups"), "sg-", placeholderGroup)
		}
	}
	if len(network.LoadBalancerSecurityGroupIDs) == 0 {
		network.LoadBalancerSecurityGroupIDs = []string{placeholderGroup}
		m.find(Missing, lb, "spec.template.network.loadBalancerSecurityGroupIDs: the security groups of the load balancer aren't in the input: "+
			"give the output of aws elbv2 describe-load-balancers, too, or write them in")
	}
}

// targetName is left out where there is only one container.
func (m *mapper) targetName(n *node) string {
	if len(m.object.Spec.Template.Containers) == 1 || n == nil || len(n.open) > 0 {
		return ""
	}
	return n.str()
}

func (m *mapper) firstPort() int {
	for i := range m.object.Spec.Template.Containers {
		for _, p := range m.object.Spec.Template.Containers[i].PortMappings {
			return int(p.ContainerPort)
		}
	}
	return 80
}

// mapped adds the port mapping that the target needs, if there is none.
func (m *mapper) mapped(at *node) {
	t := &m.object.Spec.Template
	for i := range t.Containers {
		c := &t.Containers[i]
		if t.Target.ContainerName != "" && c.Name != t.Target.ContainerName {
			continue
		}
		if slices.ContainsFunc(c.PortMappings, func(p v1alpha1.PortMapping) bool { return p.ContainerPort == t.Target.ContainerPort }) {
			return
		}
	}
	i := max(0, slices.IndexFunc(t.Containers, func(c v1alpha1.Container) bool { return c.Name == t.Target.ContainerName }))
	t.Containers[i].PortMappings = append(t.Containers[i].PortMappings, v1alpha1.PortMapping{ContainerPort: t.Target.ContainerPort})
	t.Target.ContainerName = t.Containers[i].Name
	m.assumed(at, "container %s maps port %d, which gets the requests, though the task definition doesn't say so", t.Containers[i].Name, t.Target.ContainerPort)
}

// alternate is what ECS's own blue/green deployments need.
func (m *mapper) alternate(n *node) {
	if n == nil {
		return
	}
	if m.options.RuleARN == "" && strings.HasPrefix(n.get("productionListenerRule").str(), "arn:") {
		m.options.RuleARN = n.get("productionListenerRule").str()
	}
	n.see()
	m.find(Note, n, "each revision brings a target group of its own; the rule keeps the other one as it is")
}

// targetGroup maps what the target group itself says.
func (m *mapper) targetGroup(n *node) {
	target := &m.object.Spec.Template.Target
	check := &target.HealthCheck
	target.Protocol = m.protocol(n.get("Protocol"), "HTTP")
	if version := m.trimmed(n.get("ProtocolVersion")); version != "HTTP1" {
		target.ProtocolVersion = version
	}
	check.Protocol = m.protocol(n.get("HealthCheckProtocol"), cmp.Or(target.Protocol, "HTTP"))
	if port := m.trimmed(n.get("HealthCheckPort")); port != v1alpha1.TrafficPort && port != strconv.Itoa(int(target.ContainerPort)) {
		check.Port = m.checkPort(n.get("HealthCheckPort"), port)
	}
	check.Path = m.trimmed(n.get("HealthCheckPath"))
	check.SuccessCodes = m.trimmed(n.get("Matcher", "HttpCode"))
	check.GRPCCodes = m.trimmed(n.get("Matcher", "GrpcCode"))
	for key, to := range map[string]**int32{
		"HealthCheckIntervalSeconds": &check.IntervalSeconds, "HealthCheckTimeoutSeconds": &check.TimeoutSeconds,
		"HealthyThresholdCount": &check.HealthyThreshold, "UnhealthyThresholdCount": &check.UnhealthyThreshold,
	} {
		m.copyNumber(n.get(key), to)
	}
	if n.get("TargetType").str() == "instance" && m.ownInterface() {
		m.find(Note, n.get("TargetType"), "the targets of a task with an interface of its own are addresses (ip)")
	}
	for _, attribute := range n.get("TargetGroupAttributes").list() {
		m.attribute(attribute)
	}
	ignore(n, "Name", "Port", "VpcId", "TargetGroupArn", "TargetGroupName", "LoadBalancerArns", "HealthCheckEnabled", "IpAddressType", "Tags", "Targets", "TargetType", "Matcher")
}

// trimmed is the text of a scalar without blanks around it.
func (m *mapper) trimmed(n *node) string { return strings.TrimSpace(m.value(n)) }

// protocol is "" for the usual one.
func (m *mapper) protocol(n *node, usual string) string {
	protocol := m.trimmed(n)
	switch protocol {
	case "", usual:
		return ""
	case "HTTP", "HTTPS":
		return protocol
	}
	m.dropped(n, "%s is for Network Load Balancers; an Application Load Balancer speaks HTTP or HTTPS, and checks by them", protocol)
	return ""
}

// copyNumber copies a number; what the input leaves open is the default.
func (m *mapper) copyNumber(n *node, to **int32) {
	if n == nil {
		return
	}
	if len(n.open) > 0 {
		m.value(n)
		return
	}
	if value, ok := n.number(); ok {
		*to = new(int32of(value))
		return
	}
	m.dropped(n, "%q isn't a number", n.text)
}

// checkPort is a port that a container maps.
func (m *mapper) checkPort(n *node, port string) string {
	for i := range m.object.Spec.Template.Containers {
		for _, p := range m.object.Spec.Template.Containers[i].PortMappings {
			if strconv.Itoa(int(p.ContainerPort)) == port {
				return port
			}
		}
	}
	if port != "" && port != placeholder {
		m.dropped(n, "no container maps port %s of the health check: the check is on the port of the requests", port)
	}
	return ""
}

// group maps the target group and its attributes.
func (m *mapper) group(arn *node) {
	switch n := m.app.group; {
	case n != nil:
		m.origins["spec.template.target.healthCheck"] = n
		m.targetGroup(n)
	case len(m.app.attributes) > 0:
		m.assumed(arn, "the target group wasn't given, but its attributes: its health check is Viridian's default")
	default:
		m.assumed(arn, "the target group wasn't given: its health check and attributes are Viridian's defaults")
	}
	for _, attribute := range m.app.attributes {
		attribute.seen = true
		m.attribute(attribute)
	}
	m.stickiness()
}

// attribute maps an attribute of the target group.
func (m *mapper) attribute(n *node) {
	target := &m.object.Spec.Template.Target
	key, value := n.get("Key").str(), n.get("Value").str()
	if len(n.get("Value").orEmpty().open) > 0 {
		m.value(n.get("Value"))
		return
	}
	number, _ := n.get("Value").number()
	switch key {
	case "deregistration_delay.timeout_seconds":
		target.DeregistrationDelaySeconds = new(int32of(number))
	case "slow_start.duration_seconds":
		if number > 0 {
			target.SlowStartSeconds = new(int32of(number))
		}
	case "load_balancing.algorithm.type":
		if value != "round_robin" {
			target.LoadBalancingAlgorithm = value
		}
	case "load_balancing.algorithm.anomaly_mitigation":
		if value == "on" {
			target.AnomalyMitigation = v1alpha1.Enabled
		}
	case "load_balancing.cross_zone.enabled":
		if value == "false" {
			target.CrossZone = v1alpha1.Disabled
		}
	default:
		m.other(n, key, value)
	}
}

// other are attributes of stickiness, which belong together, and what the API lacks.
func (m *mapper) other(n *node, key, value string) {
	switch {
	case strings.HasPrefix(key, "stickiness."):
		m.sticky[key] = value
	case strings.HasPrefix(key, "target_group_health.") && (value == "1" || value == "off"):
	default:
		m.dropped(n, "%s isn't in the API", key)
	}
}

// stickiness is what its attributes say together.
func (m *mapper) stickiness() {
	if m.sticky["stickiness.enabled"] != "true" {
		return
	}
	s := &v1alpha1.TargetStickiness{Type: cmp.Or(m.sticky["stickiness.type"], "lb_cookie")}
	if n, err := strconv.ParseInt(m.sticky["stickiness."+s.Type+".duration_seconds"], 10, 32); err == nil {
		s.DurationSeconds = new(int32(n))
	}
	if s.Type == "app_cookie" {
		s.CookieName = m.sticky["stickiness.app_cookie.cookie_name"]
	}
	m.object.Spec.Template.Target.Stickiness = s
}

// orEmpty is the node, or one with nothing in it.
func (n *node) orEmpty() *node {
	if n == nil {
		return &node{}
	}
	return n
}
