package ecs

import (
	"regexp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// serviceRegistry is a service of AWS Cloud Map that tasks register with. There is
// no Cloud Map here: any that has an ARN exists.
type serviceRegistry struct {
	RegistryArn   string `json:"registryArn"`
	Port          *int   `json:"port,omitempty"`
	ContainerName string `json:"containerName,omitempty"`
	ContainerPort *int   `json:"containerPort,omitempty"`
}

// serviceConnect lets tasks reach others by their names. The proxy isn't simulated.
type serviceConnect struct {
	Enabled   bool   `json:"enabled"`
	Namespace string `json:"namespace,omitempty"`
}

var (
	registrySchema = object(map[string]core.Schema{
		"RegistryArn": text, "Port": number, "ContainerName": text, "ContainerPort": number,
	})
	connectSchema = object(map[string]core.Schema{
		"Enabled": core.Must(flag), "Namespace": text,
	}).With("AccessLogConfiguration", "LogConfiguration", "Services")

	registryARN = regexp.MustCompile(`^arn:aws[a-z-]*:servicediscovery:[a-z0-9-]+:[0-9]{12}:service/srv-[0-9a-z]+$`)
)

// checkRegistries refuses what the API reference, ServiceRegistry, excludes. The
// words about the port are those of umotif-public/terraform-aws-ecs-fargate#25 and
// cloudposse/terraform-aws-ecs-web-app#208, the others nobody's.
func checkRegistries(d *taskDefinition, in *createServiceInput) error {
	if len(in.ServiceRegistries) > 1 {
		return invalid("service registries can have at most 1 items.")
	}
	for _, r := range in.ServiceRegistries {
		if !registryARN.MatchString(r.RegistryArn) {
			return invalid("The service registry ARN '%s' is invalid.", r.RegistryArn)
		}
		if r.Port != nil && r.ContainerPort != nil {
			return invalid("Specify a value for either 'port' or the 'containerName' and 'containerPort' combination, but not both. Remove one and retry.")
		}
		if (r.ContainerName == "") != (r.ContainerPort == nil) {
			return invalid("The 'containerName' and 'containerPort' of a service registry must be specified together.")
		}
		if r.ContainerPort == nil {
			continue
		}
		if c := d.container(r.ContainerName); c == nil || !c.exposes(*r.ContainerPort) {
			return invalid("The container %s did not have a container port %d defined.", r.ContainerName, *r.ContainerPort)
		}
		// By analogy with load balancers.
		if err := d.container(r.ContainerName).checkOnce(*r.ContainerPort); err != nil {
			return err
		}
	}
	return nil
}
