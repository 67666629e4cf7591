package template

import (
	"cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// launchType is what the template says, or means.
func launchType(t *v1alpha1.RevisionTemplate) string {
	return cmp.Or(t.LaunchType, v1alpha1.LaunchTypeFargate)
}

type placementConstraint struct {
	Type       string
	Expression string `json:",omitempty"`
}

type placementStrategy struct {
	Type  string
	Field string `json:",omitempty"`
}

// placement is where tasks run among the instances of a cluster. Fargate has none.
func placement(t *v1alpha1.RevisionTemplate) (constraints []placementConstraint, strategies []placementStrategy) {
	if !t.OnInstances() {
		return nil, nil
	}
	for _, c := range t.PlacementConstraints {
		constraints = append(constraints, placementConstraint(c))
	}
	for _, s := range t.PlacementStrategy {
		strategies = append(strategies, placementStrategy(s))
	}
	return constraints, strategies
}

// instanceSettings are what containers can only have on instances.
type instanceSettings struct {
	Privileged            *bool                 `json:",omitempty"`
	ExtraHosts            []extraHost           `json:",omitempty"`
	Links                 []string              `json:",omitempty"`
	Hostname              string                `json:",omitempty"`
	DNSServers            []string              `json:"DnsServers,omitempty"`
	DNSSearchDomains      []string              `json:"DnsSearchDomains,omitempty"`
	DisableNetworking     *bool                 `json:",omitempty"`
	DockerSecurityOptions []string              `json:",omitempty"`
	ResourceRequirements  []resourceRequirement `json:",omitempty"`
}

type extraHost struct {
	Hostname  string
	IPAddress string `json:"IpAddress"`
}

type resourceRequirement struct{ Type, Value string }

// onInstances leaves all of it out on Fargate, which the API takes where it says
// nothing, such as privileged: false.
func onInstances(t *v1alpha1.RevisionTemplate, c *v1alpha1.Container) (s instanceSettings) {
	if !t.OnInstances() {
		return s
	}
	s.Privileged, s.DockerSecurityOptions = c.Privileged, c.DockerSecurityOptions
	for _, r := range c.ResourceRequirements {
		s.ResourceRequirements = append(s.ResourceRequirements, resourceRequirement(r))
	}
	if t.OwnInterface() {
		return s
	}
	if t.NetworkMode == v1alpha1.NetworkModeBridge {
		s.Links = c.Links
	}
	s.Hostname, s.DNSServers, s.DNSSearchDomains, s.DisableNetworking = c.Hostname, c.DNSServers, c.DNSSearchDomains, c.DisableNetworking
	for _, h := range c.ExtraHosts {
		s.ExtraHosts = append(s.ExtraHosts, extraHost(h))
	}
	return s
}

// hostPort is the port that a container gets on its instance: 0 is any free one. It
// says nothing where it is the container's port anyway.
func hostPort(t *v1alpha1.RevisionTemplate, m *v1alpha1.PortMapping) *int32 {
	if t.NetworkMode != v1alpha1.NetworkModeBridge {
		return nil
	}
	if m.HostPort == nil {
		return new(int32(0))
	}
	return m.HostPort
}

// linuxOfInstances are the parameters that Fargate doesn't have.
type linuxOfInstances struct {
	Devices          []device `json:",omitempty"`
	SharedMemorySize *int32   `json:",omitempty"`
	MaxSwap          *int32   `json:",omitempty"`
	Swappiness       *int32   `json:",omitempty"`
}

type device struct {
	HostPath      string
	ContainerPath string   `json:",omitempty"`
	Permissions   []string `json:",omitempty"`
}

func linuxOnInstances(t *v1alpha1.RevisionTemplate, p *v1alpha1.LinuxParameters) (out linuxOfInstances) {
	if !t.OnInstances() {
		return out
	}
	out.SharedMemorySize, out.MaxSwap, out.Swappiness = p.SharedMemorySize, p.MaxSwap, p.Swappiness
	for _, d := range p.Devices {
		out.Devices = append(out.Devices, device(d))
	}
	return out
}

type hostVolume struct{ SourcePath string }

type dockerVolume struct {
	Scope         string                           `json:",omitempty"`
	Autoprovision *bool                            `json:",omitempty"`
	Driver        string                           `json:",omitempty"`
	DriverOpts    map[string]v1alpha1.VolumeOption `json:",omitempty"`
	Labels        map[string]v1alpha1.VolumeOption `json:",omitempty"`
}

// volumeOfInstances is what a volume is on an instance; nothing on Fargate, where
// host says nothing.
type volumeOfInstances struct {
	Host                      *hostVolume   `json:",omitempty"`
	DockerVolumeConfiguration *dockerVolume `json:",omitempty"`
}

func volumeOnInstances(t *v1alpha1.RevisionTemplate, v *v1alpha1.Volume) (out volumeOfInstances) {
	if !t.OnInstances() {
		return out
	}
	if v.Host != nil && v.Host.SourcePath != "" {
		out.Host = &hostVolume{v.Host.SourcePath}
	}
	if v.DockerVolumeConfiguration != nil {
		out.DockerVolumeConfiguration = new(dockerVolume(*v.DockerVolumeConfiguration))
	}
	return out
}

// securityGroups of the tasks: the stack's own, and those that the template names.
func securityGroups(t *v1alpha1.RevisionTemplate) []any {
	groups := []any{getAtt{[2]string{logicalSecurityGroup, "GroupId"}}}
	for _, id := range t.Network.SecurityGroupIDs {
		groups = append(groups, id)
	}
	return groups
}

// networkOf is nil where tasks have no network interface of their own: ECS refuses it
// then.
func networkOf(t *v1alpha1.RevisionTemplate) *networkConfiguration {
	if !t.OwnInterface() {
		return nil
	}
	return &networkConfiguration{awsvpcConfiguration{
		AssignPublicIP: t.Network.AssignPublicIP,
		SecurityGroups: securityGroups(t),
		Subnets:        t.Network.SubnetIDs,
	}}
}

// targetType is how the load balancer names the tasks: by the address of their own, or
// by that of their instance and the port that they have there.
func targetType(t *v1alpha1.RevisionTemplate) string {
	if t.OwnInterface() {
		return "ip"
	}
	return "instance"
}

// ipcMode is "" on Fargate, which has no choice.
func ipcMode(t *v1alpha1.RevisionTemplate) string {
	if !t.OnInstances() {
		return ""
	}
	return t.IPCMode
}
