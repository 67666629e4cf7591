package importer

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// ingress finds the load balancer's groups in the rules of a group of the tasks: those
// that reach the port of the requests, or of the health check.
func (m *mapper) ingress(item *node, made *resource) {
	network := &m.object.Spec.Template.Network
	var wide bool
	for _, rule := range m.ingressRules(item, made) {
		source := rule.get("SourceSecurityGroupId")
		switch {
		case source == nil:
			wide = true
		case !slices.ContainsFunc(m.balancerPorts(), func(port *node) bool { return reaches(rule, port) }):
			m.assumed(rule, "%s isn't let in (%s), since that isn't known to be for the requests or the health check of the load balancer: "+
				"name a group in spec.template.network.securityGroupIDs that lets it in", short(source), portsText(rule))
		case len(source.open) == 0 && identifier(source.str(), "sg-") && !slices.Contains(network.LoadBalancerSecurityGroupIDs, source.str()):
			network.LoadBalancerSecurityGroupIDs = append(network.LoadBalancerSecurityGroupIDs, source.str())
		}
	}
	if wide {
		m.assumed(item, "the stack's own security group takes the place of %s, and lets the load balancer in and nobody else: name a group in spec.template.network.securityGroupIDs for others", item.ref)
	}
}

// ingressRules are those of a group itself, and those that are resources.
func (m *mapper) ingressRules(item *node, made *resource) []*node {
	rules := slices.Clone(made.properties.get("SecurityGroupIngress").list())
	for _, id := range slices.Sorted(maps.Keys(m.app.resources)) {
		other := m.app.resources[id]
		if other.kind == typeIngress && other.properties.get("GroupId") != nil && other.properties.get("GroupId").ref == item.ref {
			rules = append(rules, other.properties)
		}
	}
	return rules
}

// balancerPorts are those that the load balancer connects to; none for a worker.
func (m *mapper) balancerPorts() []*node {
	lbs := m.app.service.get("loadBalancers").list()
	if len(lbs) == 0 {
		return nil
	}
	port := lbs[0].get("containerPort")
	if port == nil {
		port = lbs[0].leaf(strconv.Itoa(m.firstPort()))
	}
	ports := []*node{port}
	if check := m.app.group.get("HealthCheckPort"); check != nil && check.str() != v1alpha1.TrafficPort {
		ports = append(ports, check)
	}
	return ports
}

// reaches tells whether a rule covers a port, which may be the same parameter in both
// places.
func reaches(rule, port *node) bool {
	from, to := rule.get("FromPort"), rule.get("ToPort")
	switch strings.ToLower(rule.get("IpProtocol").str()) {
	case "-1", "all":
		return true
	case "tcp", "6", "":
	default:
		return false
	}
	if len(port.open) > 0 {
		return from != nil && slices.Equal(from.open, port.open)
	}
	wanted, known := port.number()
	least, knownLeast := from.number()
	most, knownMost := cmp.Or(to, from).number()
	return known && knownLeast && knownMost && least <= wanted && wanted <= most
}

// portsText is where a rule lets in.
func portsText(rule *node) string {
	from, to := rule.get("FromPort"), rule.get("ToPort")
	switch {
	case from == nil:
		return "protocol " + rule.get("IpProtocol").str()
	case to == nil || short(to) == short(from):
		return "port " + short(from)
	}
	return "ports " + short(from) + " to " + short(to)
}
