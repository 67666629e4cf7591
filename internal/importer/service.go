package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// sayNothing are fields of services that say nothing that is needed here, are always
// so, or are status.
var sayNothing = []string{
	"serviceName", "serviceArn", "clusterArn", "status", "runningCount", "pendingCount", "taskDefinition", "deployments", "taskSets", "events",
	"createdAt", "createdBy", "enableECSManagedTags", "propagateTags", "roleArn", "role", "platformFamily", "launchType", "deploymentController",
	"schedulingStrategy", "currentServiceDeployment", "currentServiceRevisions", "resourceManagementType", "clientToken", "failures",
}

// sameInTemplate are the service's fields that spec.template has by the same names.
type sameInTemplate struct {
	PlatformVersion             string                                `json:"platformVersion"`
	EnableExecuteCommand        *bool                                 `json:"enableExecuteCommand"`
	AvailabilityZoneRebalancing string                                `json:"availabilityZoneRebalancing"`
	ServiceConnectConfiguration *v1alpha1.ServiceConnectConfiguration `json:"serviceConnectConfiguration"`
	ServiceRegistries           []v1alpha1.ServiceRegistry            `json:"serviceRegistries"`
	Tags                        []v1alpha1.Tag                        `json:"tags"`
}

// service maps the ECS service.
func (m *mapper) service() {
	service, spec := m.app.service, &m.object.Spec
	t := &spec.Template
	if service == nil {
		m.assumed(m.app.task, "no service was given: a worker without a load balancer, with one task")
		m.network(nil)
		return
	}
	m.origins["spec"] = service
	if count, ok := service.get("desiredCount").number(); ok {
		spec.DesiredCount = new(int32of(count))
	} else if n := service.get("desiredCount"); n != nil {
		m.missing(n, "desiredCount isn't in the input; it is 1 without")
	}
	m.cluster()
	m.capacity(service.get("capacityProviderStrategy").list())
	m.network(service.get("networkConfiguration", "awsvpcConfiguration"))
	var same sameInTemplate
	m.decode(service, &same)
	t.PlatformVersion = same.PlatformVersion
	if strings.EqualFold(same.PlatformVersion, "LATEST") || same.PlatformVersion == placeholder {
		t.PlatformVersion = ""
	}
	if same.EnableExecuteCommand != nil && *same.EnableExecuteCommand {
		t.EnableExecuteCommand = same.EnableExecuteCommand
	}
	t.AvailabilityZoneRebalancing = same.AvailabilityZoneRebalancing
	t.ServiceConnectConfiguration, t.ServiceRegistries = same.ServiceConnectConfiguration, same.ServiceRegistries
	m.tags(same.Tags)
	m.registryPorts(service.get("serviceRegistries").list())
	m.discovery()
	m.graceOfWorker()
	m.placements()
	if n := service.get("schedulingStrategy"); strings.EqualFold(n.str(), "DAEMON") {
		m.dropped(n, "a task on each instance (DAEMON) isn't in the API")
	}
	ignore(service, sayNothing...)
	ignore(service, "volumes")
}

// tags of the service come beside those of the task definition, which win.
func (m *mapper) tags(more []v1alpha1.Tag) {
	t := &m.object.Spec.Template
	for _, tag := range more {
		if !slices.ContainsFunc(t.Tags, func(own v1alpha1.Tag) bool { return own.Key == tag.Key }) {
			t.Tags = append(t.Tags, tag)
		}
	}
	// CloudFormation and ECS write these by themselves.
	t.Tags = slices.DeleteFunc(t.Tags, func(tag v1alpha1.Tag) bool { return strings.HasPrefix(strings.ToLower(tag.Key), "aws:") })
	if len(t.Tags) == 0 {
		t.Tags = nil
	}
}

// cluster by its name. One that a template makes for a single service is the stack's
// own here, too.
func (m *mapper) cluster() {
	n := cmp.Or(m.app.service.get("cluster"), m.app.service.get("clusterArn"))
	switch {
	case n == nil:
		m.missing(m.app.service, "the cluster isn't in the input: without spec.template.cluster each stack has one of its own")
		return
	case n.ref != "" && m.app.resources[n.ref] != nil:
		made := m.app.resources[n.ref]
		if name := made.properties.get("ClusterName"); name != nil && len(name.open) == 0 {
			m.object.Spec.Template.Cluster = name.str()
			return
		}
		if made.services < 2 {
			m.ownCluster(n, made)
			return
		}
		m.missing(n, "the name of the cluster %s that the template makes", n.ref)
		m.object.Spec.Template.Cluster = placeholder
	default:
		name := m.value(n)
		m.object.Spec.Template.Cluster = name[strings.LastIndexByte(name, '/')+1:]
	}
}

// ownCluster is what a template has that makes a cluster for a single service.
func (m *mapper) ownCluster(n *node, made *resource) {
	m.find(Note, n, "each stack has a cluster of its own, as this one has")
	m.patchAll(made.properties, "Cluster", "ClusterSettings", "Configuration")
	if defaults := made.properties.get("ServiceConnectDefaults"); !defaults.empty() {
		m.dropped(defaults, "name the namespace in spec.template.serviceConnectConfiguration")
	}
}

// capacity are providers of one kind, which the first one decides.
func (m *mapper) capacity(items []*node) {
	t := &m.object.Spec.Template
	for _, n := range items {
		provider := n.get("capacityProvider")
		if isFargate(provider.str()) != (t.LaunchType != v1alpha1.LaunchTypeEC2) {
			m.dropped(n, "providers of Fargate and of instances can't be in one strategy")
			continue
		}
		var item v1alpha1.CapacityProviderStrategyItem
		m.decode(n, &item)
		t.CapacityProviderStrategy = append(t.CapacityProviderStrategy, item)
	}
}

// network of the tasks.
func (m *mapper) network(n *node) {
	network := &m.object.Spec.Template.Network
	m.origins["spec.template.network"] = n
	if !m.ownInterface() {
		m.vpcOfTarget(network)
		n.see()
		return
	}
	network.SubnetIDs = m.ids(n.get("subnets"), "subnet-", placeholderSubnet)
	if len(network.SubnetIDs) == 0 {
		if n.get("subnets") == nil {
			m.find(Missing, cmp.Or(n, m.app.service, m.app.task), "spec.template.network.subnetIDs: the subnets aren't in the input")
		}
		network.SubnetIDs = []string{placeholderSubnet}
	}
	network.VPCID = placeholderVPC
	if vpc := m.vpc(); vpc != "" {
		network.VPCID = vpc
	} else {
		m.find(Missing, cmp.Or(n, m.app.service, m.app.task), "spec.template.network.vpcID: the VPC isn't in the input: give the output of aws ec2 describe-subnets, too, or write it in")
	}
	if n.get("assignPublicIp").str() == "ENABLED" {
		network.AssignPublicIP = "ENABLED"
	} else if ip := n.get("assignPublicIp"); ip != nil && len(ip.open) > 0 {
		m.value(ip)
	}
	m.securityGroups(n.get("securityGroups"))
	if n != nil {
		n.seen = true
	}
}

// vpcOfTarget is all that tasks in the network of their instances need.
func (m *mapper) vpcOfTarget(network *v1alpha1.Network) {
	if m.app.service.get("loadBalancers").empty() {
		return
	}
	network.VPCID = m.vpc()
	if network.VPCID == "" {
		network.VPCID = placeholderVPC
		m.find(Missing, m.app.service, "spec.template.network.vpcID: the VPC of the load balancer and of the instances isn't in the input: give the output of aws elbv2 describe-target-groups, too, or write it in")
	}
}

// vpc of the target group, of the security groups that the template makes, or of the
// subnets.
func (m *mapper) vpc() string {
	candidates := []*node{m.app.group.get("VpcId")}
	for _, n := range m.app.service.get("networkConfiguration", "awsvpcConfiguration", "securityGroups").list() {
		if r := m.app.resources[n.ref]; r != nil {
			candidates = append(candidates, r.properties.get("VpcId"))
		}
	}
	for _, subnet := range m.in.subnets {
		if slices.Contains(m.object.Spec.Template.Network.SubnetIDs, subnet.get("SubnetId").str()) {
			candidates = append(candidates, subnet.get("VpcId"))
		}
	}
	for _, n := range candidates {
		if n != nil && strings.HasPrefix(n.str(), "vpc-") && len(n.open) == 0 {
			return n.str()
		}
	}
	return ""
}

// ids are those in a list that begin with a prefix; others are a placeholder, once.
func (m *mapper) ids(n *node, prefix, otherwise string) []string {
	var out []string
	add := func(id string) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, item := range n.list() {
		for id := range strings.SplitSeq(item.str(), ",") {
			id = strings.TrimSpace(id)
			if len(item.open) == 0 && identifier(id, prefix) {
				add(id)
				continue
			}
			if len(item.open) > 0 {
				m.value(item)
			} else {
				m.missing(item, "%q is no ID that begins with %s", id, prefix)
			}
			add(otherwise)
		}
	}
	return out
}

// identifier tells whether an ID is one of AWS.
func identifier(id, prefix string) bool {
	rest, found := strings.CutPrefix(id, prefix)
	return found && rest != "" && strings.Trim(rest, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// securityGroups of the tasks. A group that the template makes is replaced by the
// stack's own, which lets the same load balancer in.
func (m *mapper) securityGroups(n *node) {
	network := &m.object.Spec.Template.Network
	var others []*node
	for _, item := range n.list() {
		made := m.app.resources[item.ref]
		if made == nil || made.kind != typeSecurityGroup {
			others = append(others, item)
			continue
		}
		m.ingress(item, made)
		m.egress(made.properties.get("SecurityGroupEgress"))
	}
	if len(others) > 0 {
		network.SecurityGroupIDs = m.ids(n.listOf(others...), "sg-", placeholderGroup)
	}
}

// egress that isn't what the stack's own group has.
func (m *mapper) egress(n *node) {
	if !n.empty() && !isEverywhere(n) && !m.patchAt(n, "/Resources/SecurityGroup/Properties/SecurityGroupEgress") {
		m.assumed(n, "the stack's own security group lets all out: name a group in spec.template.network.securityGroupIDs, or patch SecurityGroupEgress")
	}
}

// isEverywhere tells whether rules let all out, as the stack's own do.
func isEverywhere(egress *node) bool {
	return !slices.ContainsFunc(egress.list(), func(rule *node) bool {
		to := rule.get("CidrIp").str()
		return rule.get("IpProtocol").str() != "-1" || to != "0.0.0.0/0" && rule.get("CidrIpv6").str() != "::/0"
	})
}

// registryPorts are those of SRV records. ECS takes a port, or a container with its port
// (ServiceRegistry in the ECS API); here it is the container that maps the port.
func (m *mapper) registryPorts(nodes []*node) {
	t := &m.object.Spec.Template
	for i, n := range nodes {
		port, ok := n.values["port"].number()
		if i >= len(t.ServiceRegistries) || t.ServiceRegistries[i].ContainerPort != 0 || !ok {
			continue
		}
		for j := range t.Containers {
			c := &t.Containers[j]
			if slices.ContainsFunc(c.PortMappings, func(p v1alpha1.PortMapping) bool { return int(p.ContainerPort) == port }) {
				t.ServiceRegistries[i].ContainerName, t.ServiceRegistries[i].ContainerPort = c.Name, int32of(port)
				n.get("port").see()
				break
			}
		}
	}
}

// graceOfWorker is for the health checks of containers. Without any, and without a load
// balancer, ECS doesn't use it (CreateService in the ECS API).
func (m *mapper) graceOfWorker() {
	t, n := &m.object.Spec.Template, m.app.service.values["healthcheckgraceperiodseconds"]
	if n == nil || !m.app.service.get("loadBalancers").empty() {
		return
	}
	n.see()
	checked := slices.ContainsFunc(t.Containers, func(c v1alpha1.Container) bool { return essential(&c) && c.HealthCheck != nil })
	if !checked {
		m.find(Note, n, "ECS doesn't use it: no load balancer and no essential container checks health")
		return
	}
	if t.HealthCheckGracePeriodSeconds = m.grace(n); deref(t.HealthCheckGracePeriodSeconds) == 0 {
		t.HealthCheckGracePeriodSeconds = nil // none, as without the field
	}
}

// maxGrace is the longest grace period that the API takes.
const maxGrace = 3600

// grace is a grace period; nil if the input doesn't have it.
func (m *mapper) grace(n *node) (seconds *int32) {
	m.copyNumber(n, &seconds)
	return m.atMost(n, seconds, maxGrace)
}

// atMost is a number of seconds that is shortened to what can be had.
func (m *mapper) atMost(n *node, seconds *int32, most int32) *int32 {
	if deref(seconds) <= most {
		return seconds
	}
	m.assumed(n, "%d seconds in the place of %d, since more can't be had", most, *seconds)
	return new(most)
}

// discovery leaves out by what the second stack could not be made beside the first.
func (m *mapper) discovery() {
	t := &m.object.Spec.Template
	if connect := t.ServiceConnectConfiguration; connect != nil && len(connect.Services) > 0 {
		m.dropped(m.app.service.get("serviceConnectConfiguration", "services"), "a name in Service Connect belongs to one ECS service, so the next revision could not have it: others reach the load balancer")
		connect.Services = nil
	}
	if connect := t.ServiceConnectConfiguration; connect != nil && (connect.Enabled == nil || !*connect.Enabled) {
		t.ServiceConnectConfiguration = nil
	}
	ignore(m.app.service.get("serviceConnectConfiguration"), "logConfiguration")
	if len(t.ServiceRegistries) > 0 && len(m.app.service.get("loadBalancers").list()) > 0 {
		m.dropped(m.app.service.get("serviceRegistries"), "Cloud Map leads to the tasks of both revisions, whatever their weights: others use the load balancer's name")
		t.ServiceRegistries = nil
	}
	for i, r := range t.ServiceRegistries {
		if r.RegistryARN == "" || r.RegistryARN == placeholder {
			t.ServiceRegistries[i].RegistryARN = "arn:aws:servicediscovery:" + cmp.Or(m.region, placeholder) + ":" + cmp.Or(m.account, placeholderAccount) + ":service/srv-fillin"
		}
	}
}
