package template

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

type clusterProperties struct {
	CapacityProviders []string
}

type capacityProvider struct {
	CapacityProvider string
	Base             *int32 `json:",omitempty"`
	Weight           *int32 `json:",omitempty"`
}

// capacity is what the tasks run on: ECS takes a launch type or a strategy, and not
// both.
func capacity(t *v1alpha1.RevisionTemplate) (launch string, strategy []capacityProvider) {
	if len(t.CapacityProviderStrategy) == 0 {
		return launchType(t), nil
	}
	for _, item := range t.CapacityProviderStrategy {
		strategy = append(strategy, capacityProvider(item))
	}
	return "", strategy
}

// ownCluster is a cluster of the stack's own. It has the providers that the service
// asks for, since ECS refuses others.
func ownCluster(t v1alpha1.RevisionTemplate) resource {
	r := resource{Type: "AWS::ECS::Cluster"}
	if len(t.CapacityProviderStrategy) > 0 {
		var p clusterProperties
		for _, item := range t.CapacityProviderStrategy {
			p.CapacityProviders = append(p.CapacityProviders, item.CapacityProvider)
		}
		r.Properties = p
	}
	return r
}

// providersOf names the capacity providers of a template.
func providersOf(t *v1alpha1.RevisionTemplate) string {
	var names []string
	for _, item := range t.CapacityProviderStrategy {
		names = append(names, item.CapacityProvider)
	}
	return strings.Join(names, " ")
}
