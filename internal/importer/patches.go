package importer

import (
	"encoding/json"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// patch carries a field of a task definition or a service over by
// spec.template.patches, and tells whether it can. What can be patched is in
// docs/patches.md.
func (m *mapper) patch(n *node) bool {
	task := m.app.task
	if task.values["enablefaultinjection"] == n {
		return !n.truth() && len(n.open) == 0 || m.patchAt(n, "/Resources/TaskDefinition/Properties/EnableFaultInjection")
	}
	breaker := m.app.service.get("deploymentConfiguration", "deploymentCircuitBreaker")
	if breaker != nil && breaker.values["thresholdconfiguration"] == n {
		return m.patchAt(n, "/Resources/Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/ThresholdConfiguration")
	}
	return false
}

// patchAt adds a value at a path of the stack's template, unless the input leaves
// some of it open.
func (m *mapper) patchAt(n *node, path string) bool {
	open := false
	n.each(func(part *node) { open = open || len(part.open) > 0 || dynamicPart.MatchString(part.text) })
	value, err := json.Marshal(n.plain())
	if open || err != nil {
		return false
	}
	n.see()
	m.find(Patched, n, "by spec.template.patches")
	t := &m.object.Spec.Template
	t.Patches = append(t.Patches, v1alpha1.Patch{Op: v1alpha1.PatchAdd, Path: path, Value: value})
	return true
}

// patchAll adds those of some properties of a resource that are there; what can't be is
// dropped.
func (m *mapper) patchAll(of *node, resource string, keys ...string) {
	for _, key := range keys {
		if n := of.get(key); !n.empty() && !m.patchAt(n, "/Resources/"+resource+"/Properties/"+key) {
			m.dropped(n, "its value isn't in the input")
		}
	}
}

// plain is a value in the words of CloudFormation, whose keys begin with a capital.
func (n *node) plain() any {
	switch n.kind {
	case list:
		out := make([]any, 0, len(n.items))
		for _, item := range n.items {
			out = append(out, item.plain())
		}
		return out
	case object:
		out := map[string]any{}
		for _, key := range n.keys {
			if value := n.values[strings.ToLower(key)]; !value.null && key != "" {
				out[strings.ToUpper(key[:1])+key[1:]] = value.plain()
			}
		}
		return out
	default:
		if n.bare {
			return json.RawMessage(n.text)
		}
		return n.text
	}
}
