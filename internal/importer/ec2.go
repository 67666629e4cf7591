package importer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/policy"
)

// placement says what the tasks run on, and how they reach the network.
func (m *mapper) placement() {
	task, t := m.app.task, &m.object.Spec.Template
	mode := task.get("networkMode")
	t.NetworkMode = ""
	if !m.onInstances() {
		if text := mode.str(); text != "" && text != v1alpha1.NetworkModeAWSVPC && len(mode.open) == 0 {
			m.dropped(mode, "tasks on Fargate have network interfaces of their own (awsvpc), not %s", text)
		}
		return
	}
	t.LaunchType = v1alpha1.LaunchTypeEC2
	switch text := mode.str(); {
	case text == v1alpha1.NetworkModeAWSVPC || text == v1alpha1.NetworkModeHost:
		t.NetworkMode = text
	case mode != nil && len(mode.open) > 0:
		m.missing(mode, "the network mode isn't in the input; awsvpc stands there")
		t.NetworkMode = v1alpha1.NetworkModeAWSVPC
	default:
		// What task definitions without a mode mean.
		t.NetworkMode = v1alpha1.NetworkModeBridge
		if text != "" && text != v1alpha1.NetworkModeBridge {
			m.dropped(mode, "the network mode %s isn't in the API: it is bridge", text)
		}
	}
}

// ownInterface tells whether each task has a network interface of its own.
func (m *mapper) ownInterface() bool {
	mode := m.object.Spec.Template.NetworkMode
	return mode == "" || mode == v1alpha1.NetworkModeAWSVPC
}

// sizeOnInstances is what the input says: tasks on instances may do without.
func (m *mapper) sizeOnInstances(task *node, t *v1alpha1.RevisionTemplate) {
	text := func(n *node, value, least int) string {
		switch {
		case value == 0:
			return ""
		case value < least:
			m.assumed(n, "%d in the place of %d, which is the least for a task", least, value)
			value = least
		}
		return strconv.Itoa(value)
	}
	t.CPU, t.Memory = text(task.get("cpu"), amount(t.CPU, "vcpu"), 128), text(task.get("memory"), amount(t.Memory, "gb"), 100)
	for i := range t.Containers {
		if c := &t.Containers[i]; t.Memory == "" && c.Memory == nil && c.MemoryReservation == nil {
			m.missing(m.at(i), "the container has neither memory nor memoryReservation; 128 MiB stand there")
			c.MemoryReservation = new(int32(128))
		}
	}
}

// instancePorts keeps the ports of bridge networks that are fixed.
func instancePorts(c *v1alpha1.Container) {
	for i := range c.PortMappings {
		if p := &c.PortMappings[i]; p.HostPort != nil && *p.HostPort == 0 {
			p.HostPort = nil // any free one
		}
	}
}

// placements are the service's beside those of the task definition.
func (m *mapper) placements() {
	t := &m.object.Spec.Template
	var of struct {
		PlacementConstraints []v1alpha1.PlacementConstraint `json:"placementConstraints"`
		PlacementStrategy    []v1alpha1.PlacementStrategy   `json:"placementStrategy"`
		// PlacementStrategies is CloudFormation's name.
		PlacementStrategies []v1alpha1.PlacementStrategy `json:"placementStrategies"`
	}
	m.decode(m.app.service, &of)
	t.PlacementConstraints = append(t.PlacementConstraints, of.PlacementConstraints...)
	t.PlacementStrategy = append(of.PlacementStrategy, of.PlacementStrategies...)
}

// tidyInstances leaves out what is only for the other kind of tasks.
func (m *mapper) tidyInstances(t *v1alpha1.RevisionTemplate) {
	if t.LaunchType == v1alpha1.LaunchTypeEC2 {
		m.tidyOnInstances(t)
	} else {
		m.tidyOnFargate(t)
	}
	for i := range t.Containers {
		if m.ownInterface() {
			m.tidyInterface(m.at(i), &t.Containers[i])
		}
		if t.NetworkMode != v1alpha1.NetworkModeBridge {
			m.unlink(m.at(i), &t.Containers[i])
		}
	}
}

// tidyOnInstances leaves out what Fargate has.
func (m *mapper) tidyOnInstances(t *v1alpha1.RevisionTemplate) {
	if t.Cluster == "" {
		m.find(Missing, cmp.Or(m.app.service, m.app.task), "spec.template.cluster: a cluster with container instances")
		t.Cluster = placeholder
	}
	if t.EphemeralStorage != nil {
		m.dropped(m.app.task.get("ephemeralStorage"), "the disk is that of the instance")
		t.EphemeralStorage = nil
	}
	t.PlatformVersion, t.Network.AssignPublicIP = "", ""
	m.tellHost(t)
	if m.ownInterface() {
		return
	}
	if slices.ContainsFunc(t.ServiceRegistries, func(r v1alpha1.ServiceRegistry) bool { return r.ContainerPort == 0 }) {
		m.dropped(m.app.service.get("serviceRegistries"), "in networks of the instances only SRV records lead to tasks: they need containerName and containerPort")
		t.ServiceRegistries = nil
	}
	if t.NetworkMode == v1alpha1.NetworkModeHost && t.ServiceConnectConfiguration != nil {
		m.dropped(m.app.service.get("serviceConnectConfiguration"), "Service Connect isn't possible in the network of the host")
		t.ServiceConnectConfiguration = nil
	}
	if t.NetworkMode == v1alpha1.NetworkModeBridge && t.Target.HealthCheck.Port != "" {
		m.dropped(m.app.group.get("HealthCheckPort"), "in bridge networks other ports than that of the requests aren't the same on each instance")
		t.Target.HealthCheck.Port = ""
	}
}

// tellHost tells what tasks have of their instances: what a policy has to allow, and
// ports, of which each instance has one.
func (m *mapper) tellHost(t *v1alpha1.RevisionTemplate) {
	if access := policy.HostAccess(t); len(access) > 0 {
		m.assumed(m.app.task, "the tasks may have this of their instances: where a DeploymentPolicy selects the namespace, its spec.hostAccess has to list %s", strings.Join(access, ", "))
	}
	if m.ownInterface() || m.object.Spec.Strategy.Type == v1alpha1.StrategyRecreate {
		return
	}
	for i := range t.Containers {
		for _, p := range t.Containers[i].PortMappings {
			port := deref(p.HostPort)
			if t.NetworkMode == v1alpha1.NetworkModeHost {
				port = p.ContainerPort
			}
			if port != 0 {
				m.assumed(m.at(i).get("portMappings"), "port %d is free once on each instance: the tasks of a new revision need instances that run none of the old one, or strategy Recreate", port)
			}
		}
	}
}

// tidyOnFargate leaves out what only instances have.
func (m *mapper) tidyOnFargate(t *v1alpha1.RevisionTemplate) {
	task, service := m.app.task, m.app.service
	if len(t.PlacementConstraints)+len(t.PlacementStrategy) > 0 {
		for _, n := range []*node{task.get("placementConstraints"), service.get("placementConstraints"), service.get("placementStrategy"), service.get("placementStrategies")} {
			if !n.empty() {
				m.dropped(n, "placement is for tasks on instances")
			}
		}
		t.PlacementConstraints, t.PlacementStrategy = nil, nil
	}
	if t.IPCMode != "" {
		m.dropped(task.get("ipcMode"), "Fargate has no IPC mode")
		t.IPCMode = ""
	}
	if t.PIDMode == v1alpha1.NamespaceHost {
		m.dropped(task.get("pidMode"), "on Fargate no task sees its host's processes")
		t.PIDMode = ""
	}
	for i := range t.Volumes {
		v := &t.Volumes[i]
		if v.DockerVolumeConfiguration != nil || v.Host != nil && v.Host.SourcePath != "" {
			m.dropped(m.origin("spec.template.volumes["+strconv.Itoa(i)+"]"), "directories and volumes of instances aren't on Fargate: the containers share an empty directory, which is gone with the task")
			v.DockerVolumeConfiguration, v.Host = nil, nil
		}
	}
	for i := range t.Containers {
		m.tidyContainer(m.at(i), &t.Containers[i])
	}
}

// maxTimeoutOnFargate is the longest startTimeout and stopTimeout there
// (ContainerDefinition in the ECS API).
const maxTimeoutOnFargate = 120

// tidyContainer leaves out what a container can only have on instances.
func (m *mapper) tidyContainer(n *node, c *v1alpha1.Container) {
	drop := func(keys ...string) { m.dropped(n.get(keys...), "it isn't possible on Fargate") }
	c.StartTimeout = m.atMost(n.get("startTimeout"), c.StartTimeout, maxTimeoutOnFargate)
	c.StopTimeout = m.atMost(n.get("stopTimeout"), c.StopTimeout, maxTimeoutOnFargate)
	if c.Privileged != nil {
		drop("privileged")
		c.Privileged = nil
	}
	if c.DockerSecurityOptions != nil {
		drop("dockerSecurityOptions")
		c.DockerSecurityOptions = nil
	}
	if c.ResourceRequirements != nil {
		drop("resourceRequirements")
		c.ResourceRequirements = nil
	}
	if c.LinuxParameters != nil {
		m.tidyLinux(n.get("linuxParameters"), c.LinuxParameters)
	}
	if f := c.FirelensConfiguration; f != nil && f.Options["config-file-type"] == "s3" {
		m.dropped(n.get("firelensConfiguration", "options"), "on Fargate the router reads its configuration from a file of its image")
		delete(f.Options, "config-file-type")
		delete(f.Options, "config-file-value")
	}
}

func (m *mapper) tidyLinux(n *node, p *v1alpha1.LinuxParameters) {
	if p.Devices != nil || p.SharedMemorySize != nil || p.MaxSwap != nil || p.Swappiness != nil {
		m.dropped(n, "Fargate has no devices, no shared memory of a chosen size and no swap")
		p.Devices, p.SharedMemorySize, p.MaxSwap, p.Swappiness = nil, nil, nil, nil
	}
	if p.Capabilities == nil {
		return
	}
	p.Capabilities.Add = slices.DeleteFunc(p.Capabilities.Add, func(name string) bool {
		refused := name != "SYS_PTRACE"
		if refused {
			m.dropped(n.get("capabilities", "add"), "%s can't be added on Fargate, only SYS_PTRACE", name)
		}
		return refused
	})
	if len(p.Capabilities.Add)+len(p.Capabilities.Drop) == 0 {
		p.Capabilities = nil
	}
}

// tidyInterface leaves out what isn't possible in a task with an interface of its own.
func (m *mapper) tidyInterface(n *node, c *v1alpha1.Container) {
	drop := func(key string) {
		m.dropped(n.get(key), "it isn't possible in a task with a network interface of its own (awsvpc): names can have records in a private hosted zone of Amazon Route 53, or the entry point can add them to /etc/hosts")
	}
	if len(c.ExtraHosts) > 0 {
		drop("extraHosts")
	}
	if c.Hostname != "" {
		drop("hostname")
	}
	if len(c.DNSServers) > 0 {
		drop("dnsServers")
	}
	if len(c.DNSSearchDomains) > 0 {
		drop("dnsSearchDomains")
	}
	if c.DisableNetworking != nil && *c.DisableNetworking {
		drop("disableNetworking")
	}
	c.ExtraHosts, c.Hostname, c.DNSServers, c.DNSSearchDomains, c.DisableNetworking = nil, "", nil, nil, nil
}
