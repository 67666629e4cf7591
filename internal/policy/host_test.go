package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// withHost has all that a container can have of its instance.
func withHost(s *v1alpha1.ImmutableDeploymentSpec) {
	t := &s.Template
	t.LaunchType, t.NetworkMode, t.PIDMode, t.IPCMode = "EC2", "host", "host", "host"
	t.Containers = []v1alpha1.Container{{
		Name: "app", Privileged: new(true), DockerSecurityOptions: []string{"no-new-privileges", "apparmor:unconfined"},
		LinuxParameters: &v1alpha1.LinuxParameters{
			Devices:      []v1alpha1.Device{{HostPath: "/dev/fuse"}},
			Capabilities: &v1alpha1.KernelCapabilities{Add: []string{"NET_ADMIN"}},
		},
	}, {Name: "proxy", Privileged: new(false), LinuxParameters: &v1alpha1.LinuxParameters{}}}
	t.Volumes = []v1alpha1.Volume{
		{Name: "data", Host: &v1alpha1.HostVolume{SourcePath: "/srv/data"}},
		{Name: "tmp", Host: &v1alpha1.HostVolume{}},
		{Name: "plain", DockerVolumeConfiguration: &v1alpha1.DockerVolumeConfiguration{Scope: "task", Driver: "local"}},
		{Name: "root", DockerVolumeConfiguration: &v1alpha1.DockerVolumeConfiguration{DriverOpts: map[string]v1alpha1.VolumeOption{"device": "/"}}},
		{Name: "kept", DockerVolumeConfiguration: &v1alpha1.DockerVolumeConfiguration{Scope: "shared", Driver: "rexray/ebs"}},
	}
}

var hostLines = []string{
	`hostAccess: ["networkMode:host"]`, `hostAccess: ["pidMode:host"]`, `hostAccess: ["ipcMode:host"]`, `hostAccess: ["privileged"]`,
	`hostAccess: ["securityOption:apparmor:unconfined"]`, `hostAccess: ["device:/dev/fuse"]`, `hostAccess: ["capability:NET_ADMIN"]`,
	`hostAccess: ["volume:/srv/data"]`, `hostAccess: ["dockerVolume:local"]`, `hostAccess: ["dockerVolume:rexray/ebs"]`,
}

// TestHostAccess: a policy that lists nothing of an instance denies it, whatever else
// it lists; without a policy, and on Fargate, nothing is compared.
func TestHostAccess(t *testing.T) {
	onFargate := func(s *v1alpha1.ImmutableDeploymentSpec) { withHost(s); s.Template.LaunchType = "FARGATE" }
	for name, c := range map[string]struct {
		spec    func(*v1alpha1.ImmutableDeploymentSpec)
		allowed []string
		want    []string
	}{
		"nothing listed": {withHost, nil, hostLines},
		"all listed":     {withHost, []string{"*"}, nil},
		"patterns":       {withHost, []string{"*:host", "privileged", "securityOption:*", "device:/dev/*", "capability:NET_*", "volume:/srv/*", "dockerVolume:*"}, nil},
		"another path":   {withHost, []string{"*:host", "privileged", "securityOption:*", "device:*", "capability:*", "volume:/srv/shop/*", "dockerVolume:*"}, hostLines[7:8]},
		"on Fargate":     {onFargate, nil, nil},
		"bridge, no host": {func(s *v1alpha1.ImmutableDeploymentSpec) {
			s.Template.LaunchType, s.Template.NetworkMode = "EC2", "bridge"
		}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			listed := allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.HostAccess = c.allowed; p.FileSystemIDs = []string{"*"} })
			rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{listed}, false)
			named := spec(c.spec)
			if diff := cmp.Diff(c.want, lines(rules.Check(named))); diff != "" {
				t.Error(diff)
			}
			free := For("shop", ofShop, nil, false)
			if got := free.Check(named); got != nil {
				t.Errorf("without a policy: %+v", got)
			}
		})
	}
}

// TestHostAccessIsEnough: a policy that lists what HostAccess says allows the template.
func TestHostAccessIsEnough(t *testing.T) {
	named := spec(withHost)
	access := HostAccess(&named.Template)
	listed := allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.HostAccess = access; p.FileSystemIDs = []string{"*"} })
	rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{listed}, false)
	if got := lines(rules.Check(named)); got != nil {
		t.Errorf("with hostAccess %q: %q", access, got)
	}
	if got := HostAccess(&spec(func(*v1alpha1.ImmutableDeploymentSpec) {}).Template); got != nil {
		t.Errorf("nothing of the host: %q", got)
	}
}

// TestDevicesByAnotherWay: a device is compared by where its path leads.
func TestDevicesByAnotherWay(t *testing.T) {
	named := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.LaunchType = "EC2"
		s.Template.Containers = []v1alpha1.Container{{Name: "app", LinuxParameters: &v1alpha1.LinuxParameters{
			Devices: []v1alpha1.Device{{HostPath: "/dev/snd/../mem"}, {HostPath: "/dev/snd/timer"}},
		}}}
	})
	listed := allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.HostAccess = []string{"device:/dev/snd/*"} })
	rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{listed}, false)
	if diff := cmp.Diff([]string{`hostAccess: ["device:/dev/mem"]`}, lines(rules.Check(named))); diff != "" {
		t.Error(diff)
	}
}
