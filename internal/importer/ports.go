package importer

import (
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// tidyPorts: a port is mapped once for TCP and once for UDP, and a name belongs to one
// mapping.
func (m *mapper) tidyPorts(t *v1alpha1.RevisionTemplate) {
	seen := map[string]bool{}
	for i := range t.Containers {
		c := &t.Containers[i]
		at := m.at(i).get("portMappings")
		m.tidyTwiceMapped(at, i, c)
		m.tidyProtocols(at, t, c)
		for j := range c.PortMappings {
			p := &c.PortMappings[j]
			if p.Name != "" && seen[p.Name] {
				m.assumed(at, "two mappings have the name %s: the second has none here", p.Name)
				p.Name = ""
			}
			seen[p.Name] = true
		}
	}
}

// tidyTwiceMapped keeps the first of several mappings of a port for one protocol.
func (m *mapper) tidyTwiceMapped(at *node, i int, c *v1alpha1.Container) {
	var kept []v1alpha1.PortMapping
	for _, p := range c.PortMappings {
		twice := slices.ContainsFunc(kept, func(k v1alpha1.PortMapping) bool {
			return k.ContainerPort == p.ContainerPort && byUDP(k) == byUDP(p)
		})
		if twice && p.ContainerPort != 0 {
			m.dropped(at, "port %d is mapped twice: the first mapping is kept", p.ContainerPort)
			m.removed = append(m.removed, removal{parts(fmt.Sprintf("spec.template.containers[%d].portMappings", i)), len(kept)})
			continue
		}
		kept = append(kept, p)
	}
	c.PortMappings = kept
}

func byUDP(p v1alpha1.PortMapping) bool { return p.Protocol == "udp" }

// tidyProtocols: behind a load balancer, ECS refuses a port that is mapped for TCP and
// for UDP. Requests come by TCP.
func (m *mapper) tidyProtocols(at *node, t *v1alpha1.RevisionTemplate, c *v1alpha1.Container) {
	if t.Target.ContainerPort == 0 || t.Target.ContainerName != "" && t.Target.ContainerName != c.Name {
		return
	}
	ofTarget := func(p v1alpha1.PortMapping) bool { return p.ContainerPort == t.Target.ContainerPort }
	if !slices.ContainsFunc(c.PortMappings, func(p v1alpha1.PortMapping) bool { return ofTarget(p) && !byUDP(p) }) {
		return
	}
	c.PortMappings = slices.DeleteFunc(c.PortMappings, func(p v1alpha1.PortMapping) bool {
		second := ofTarget(p) && byUDP(p)
		if second {
			m.dropped(at, "ECS takes no load balancer for a port that is mapped for TCP and for UDP: port %d is for TCP", p.ContainerPort)
		}
		return second
	})
}
