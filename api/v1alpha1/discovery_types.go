package v1alpha1

// ServiceConnectConfiguration lets the tasks reach other services of a namespace
// by their short names, through a proxy that ECS runs beside the containers.
//
// +kubebuilder:validation:XValidation:rule="!has(self.services) || size(self.services) == 0",message="spec.template.serviceConnectConfiguration.services can't be had: a name in a namespace belongs to one ECS service, so the stack of the next revision could not be made beside this one; leave it out to reach others, and be reached by the load balancer"
type ServiceConnectConfiguration struct {
	// enabled says whether the tasks use Service Connect.
	// +required
	Enabled *bool `json:"enabled,omitempty"`

	// namespace of AWS Cloud Map, by its name or ARN; the cluster's default one if
	// omitted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Namespace string `json:"namespace,omitempty"`

	// services is taken as services in ECS have it, and must be empty: the tasks
	// reach others, and can't be reached.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	Services []ServiceConnectService `json:"services,omitempty"`
}

// ServiceConnectService would be a name by which others reach the tasks.
type ServiceConnectService struct {
	// portName of a port mapping.
	// +required
	// +kubebuilder:validation:MaxLength=64
	PortName string `json:"portName,omitempty"`

	// discoveryName in the namespace.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	DiscoveryName string `json:"discoveryName,omitempty"`
}

// ServiceRegistry is a service of AWS Cloud Map that the tasks register with.
//
// +kubebuilder:validation:XValidation:rule="has(self.containerName) == has(self.containerPort)",message="spec.template.serviceRegistries[].containerName and containerPort go together: both for a registry with SRV records, neither for one with A records only"
type ServiceRegistry struct {
	// registryARN of the Cloud Map service.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:servicediscovery:[a-z0-9-]+:[0-9]{12}:service/srv-[0-9a-z]+$')",message="spec.template.serviceRegistries[].registryARN is the ARN of a service of AWS Cloud Map: arn:aws:servicediscovery:<region>:<account>:service/srv-..."
	RegistryARN string `json:"registryARN,omitempty"`

	// containerName of the container that SRV records lead to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ContainerName string `json:"containerName,omitempty"`

	// containerPort that SRV records name.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	ContainerPort int32 `json:"containerPort,omitempty"`
}
