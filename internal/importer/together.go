package importer

import (
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// linked is the container that a link is to: it reads name or name:alias.
func linked(link string) string {
	name, _, _ := strings.Cut(link, ":")
	return name
}

// linkTo is a link to a container by a name that it may have itself.
func linkTo(name, alias string) string {
	if name == alias {
		return name
	}
	return name + ":" + alias
}

// tidyLinks leaves out links of a container to none.
func (m *mapper) tidyLinks(n *node, t *v1alpha1.RevisionTemplate, c *v1alpha1.Container) {
	c.Links = slices.DeleteFunc(c.Links, func(link string) bool {
		bad := named(t, linked(link)) == nil || linked(link) == c.Name
		if bad {
			m.dropped(n.get("links"), "there is no other container %q", linked(link))
		}
		return bad
	})
}

// unlink leaves links out where ECS refuses them.
func (m *mapper) unlink(n *node, c *v1alpha1.Container) {
	if len(c.Links) > 0 {
		m.dropped(n.get("links"), "links are for bridge networks: in others the containers of a task reach each other at localhost")
	}
	c.Links = nil
}

// tidyTimeouts: how long others wait for a container says nothing where none waits for
// it (ContainerDefinition in the ECS API).
func (m *mapper) tidyTimeouts(t *v1alpha1.RevisionTemplate) {
	for i := range t.Containers {
		c := &t.Containers[i]
		awaited := slices.ContainsFunc(t.Containers, func(o v1alpha1.Container) bool {
			return slices.ContainsFunc(o.DependsOn, func(d v1alpha1.ContainerDependency) bool { return d.ContainerName == c.Name && d.Condition != "START" })
		})
		if c.StartTimeout != nil && !awaited {
			m.find(Note, m.at(i).get("startTimeout"), "ECS doesn't use it: no container waits for this one to be healthy or to end")
			c.StartTimeout = nil
		}
	}
}
