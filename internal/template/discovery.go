package template

import "github.com/viridian-dev/viridian/api/v1alpha1"

type serviceConnect struct {
	Enabled   bool
	Namespace string `json:",omitempty"`
}

// connect has the tasks reach others by their names.
func connect(c *v1alpha1.ServiceConnectConfiguration) *serviceConnect {
	if c == nil {
		return nil
	}
	return &serviceConnect{Enabled: c.Enabled != nil && *c.Enabled, Namespace: c.Namespace}
}

type serviceRegistry struct {
	RegistryArn   string
	ContainerName string `json:",omitempty"`
	ContainerPort int32  `json:",omitempty"`
}

// registries are what the tasks register with.
func registries(in []v1alpha1.ServiceRegistry) (out []serviceRegistry) {
	for _, r := range in {
		out = append(out, serviceRegistry{r.RegistryARN, r.ContainerName, r.ContainerPort})
	}
	return out
}
