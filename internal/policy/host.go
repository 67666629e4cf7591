package policy

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// harmless is the only security option that takes rights from a container.
const harmless = "no-new-privileges"

// HostAccess lists what a policy has to have in its spec.hostAccess for a template,
// each once.
func HostAccess(t *v1alpha1.RevisionTemplate) []string {
	var out []string
	for _, u := range usesOfHost(t) {
		if !slices.Contains(out, u.value) {
			out = append(out, u.value)
		}
	}
	return out
}

// usesOfHost lists what the containers have of the instance that they run on. On
// Fargate there is none that others could be on.
func usesOfHost(t *v1alpha1.RevisionTemplate) (out []use) {
	if !t.OnInstances() {
		return nil
	}
	host := func(field, access string) { out = append(out, use{field, hostAccess, access}) }
	for _, shared := range []struct{ field, mode string }{{"networkMode", t.NetworkMode}, {"pidMode", t.PIDMode}, {"ipcMode", t.IPCMode}} {
		if shared.mode == v1alpha1.NamespaceHost {
			host("spec.template."+shared.field, shared.field+":"+shared.mode)
		}
	}
	for i := range t.Containers {
		usesOfContainer(&t.Containers[i], host)
	}
	for i := range t.Volumes {
		usesOfVolume(&t.Volumes[i], host)
	}
	return out
}

// localDriver is Docker's own for volumes.
const localDriver = "local"

func usesOfVolume(v *v1alpha1.Volume, host func(field, access string)) {
	field := fmt.Sprintf("spec.template.volumes[%s].", v.Name)
	if v.Host != nil && v.Host.SourcePath != "" {
		host(field+"host.sourcePath", "volume:"+v.Host.SourcePath)
	}
	d := v.DockerVolumeConfiguration
	if d == nil {
		return
	}
	// The options of a driver can mount any directory of the instance.
	driver := cmp.Or(d.Driver, localDriver)
	if d.Scope == "shared" || driver != localDriver || len(d.DriverOpts) > 0 {
		host(field+"dockerVolumeConfiguration", "dockerVolume:"+driver)
	}
}

func usesOfContainer(c *v1alpha1.Container, host func(field, access string)) {
	field := fmt.Sprintf("spec.template.containers[%s].", c.Name)
	if c.Privileged != nil && *c.Privileged {
		host(field+"privileged", "privileged")
	}
	for _, option := range c.DockerSecurityOptions {
		if option != harmless {
			host(field+"dockerSecurityOptions", "securityOption:"+option)
		}
	}
	linux := c.LinuxParameters
	if linux == nil {
		return
	}
	for _, d := range linux.Devices {
		host(field+"linuxParameters.devices", "device:"+path.Clean(d.HostPath))
	}
	if linux.Capabilities != nil {
		for _, name := range linux.Capabilities.Add {
			host(field+"linuxParameters.capabilities.add", "capability:"+name)
		}
	}
}
