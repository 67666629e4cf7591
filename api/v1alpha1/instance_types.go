package v1alpha1

// What the tasks of a revision run on.
const (
	LaunchTypeFargate = "FARGATE"
	LaunchTypeEC2     = "EC2"
)

// How the containers of a task reach the network, and are reached.
const (
	NetworkModeAWSVPC = "awsvpc"
	NetworkModeBridge = "bridge"
	NetworkModeHost   = "host"
)

// NamespaceHost is the pidMode and the ipcMode of a task that shares those of the
// instance it runs on.
const NamespaceHost = "host"

// PlacementConstraint restricts on which container instances tasks are placed.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'memberOf') == has(self.expression)",message="expression of spec.template.placementConstraints goes with type: memberOf, and only with it: an expression of the cluster query language, such as attribute:ecs.instance-type =~ m7.*"
type PlacementConstraint struct {
	// type is distinctInstance, which places each task of a revision on another
	// instance, or memberOf, which places them on those that expression finds.
	// +required
	// +kubebuilder:validation:Enum=distinctInstance;memberOf
	Type string `json:"type,omitempty"`

	// expression in the cluster query language of Amazon ECS.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Expression string `json:"expression,omitempty"`
}

// PlacementStrategy says which of the instances that a task fits on is taken.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'random' ? !has(self.field) : has(self.field) && (self.type != 'binpack' || self.field in ['cpu', 'memory'])",message="field of spec.template.placementStrategy is cpu or memory with type: binpack, instanceId or an attribute such as attribute:ecs.availability-zone with type: spread, and left out with type: random"
type PlacementStrategy struct {
	// type is spread, binpack or random.
	// +required
	// +kubebuilder:validation:Enum=spread;binpack;random
	Type string `json:"type,omitempty"`

	// field over which tasks are spread, or by which they are packed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Field string `json:"field,omitempty"`
}

// ResourceRequirement is something that a container has for itself.
type ResourceRequirement struct {
	// type of the resource.
	// +required
	// +kubebuilder:validation:Enum=GPU
	Type string `json:"type,omitempty"`

	// value is how many GPUs it gets.
	// +required
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule="self.matches('^[1-9][0-9]{0,2}$')",message="value of a resource requirement of type GPU is a number of GPUs in quotes, such as \"1\""
	Value string `json:"value,omitempty"`
}

// Device is one of the instance that a container may use.
type Device struct {
	// hostPath of the device on the instance.
	// +required
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/') && !self.contains('/..')",message="hostPath of a device begins with /, and leads nowhere by .."
	HostPath string `json:"hostPath,omitempty"`

	// containerPath of the device in the container; the same if omitted.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="containerPath of a device begins with /"
	ContainerPath string `json:"containerPath,omitempty"`

	// permissions that the container has; all three if omitted.
	// +optional
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:Enum=read;write;mknod
	// +listType=set
	Permissions []string `json:"permissions,omitempty"`
}

// DockerVolumeConfiguration is a volume that Docker manages on the instance.
//
// +kubebuilder:validation:XValidation:rule="!has(self.autoprovision) || has(self.scope) && self.scope == 'shared'",message="dockerVolumeConfiguration.autoprovision goes with scope: shared: leave it out, since a volume of a task is always created"
type DockerVolumeConfiguration struct {
	// scope is task for a volume that begins and ends with its task, which is also
	// meant if it is omitted, or shared for one that stays on the instance.
	// +optional
	// +kubebuilder:validation:Enum=task;shared
	Scope string `json:"scope,omitempty"`

	// autoprovision creates a shared volume that doesn't exist yet.
	// +optional
	Autoprovision *bool `json:"autoprovision,omitempty"`

	// driver of the volume, as Docker on the instances names it; local if omitted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Driver string `json:"driver,omitempty"`

	// driverOpts are options of the driver.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	DriverOpts map[string]VolumeOption `json:"driverOpts,omitempty"`

	// labels of the volume.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Labels map[string]VolumeOption `json:"labels,omitempty"`
}

// VolumeOption is the value of an option or a label of a Docker volume.
//
// +kubebuilder:validation:MaxLength=255
type VolumeOption string
