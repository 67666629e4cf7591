package v1alpha1

// Volume is a directory that containers of a task mount. Without
// efsVolumeConfiguration, dockerVolumeConfiguration and host.sourcePath it is empty
// when the task starts, shared by the containers that mount it, and gone with the
// task.
//
// +kubebuilder:validation:XValidation:rule="(has(self.efsVolumeConfiguration) ? 1 : 0) + (has(self.dockerVolumeConfiguration) ? 1 : 0) + (has(self.host) && has(self.host.sourcePath) && size(self.host.sourcePath) > 0 ? 1 : 0) < 2",message="a volume is one of efsVolumeConfiguration, dockerVolumeConfiguration and host.sourcePath: leave out the others, or make several volumes"
type Volume struct {
	// name of the volume, unique in the task.
	// +required
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9_-]+$')",message="the name of a volume has letters, digits, - and _"
	Name string `json:"name,omitempty"`

	// host names a directory of the instance.
	// +optional
	Host *HostVolume `json:"host,omitempty"`

	// efsVolumeConfiguration mounts a file system of Amazon EFS. It outlives the
	// task and the stack, and all revisions that name it share it: during a
	// rollout, both versions of the application write to the same files.
	// +optional
	EFSVolumeConfiguration *EFSVolumeConfiguration `json:"efsVolumeConfiguration,omitempty"`

	// dockerVolumeConfiguration has Docker make the volume. It goes with launchType
	// EC2.
	// +optional
	DockerVolumeConfiguration *DockerVolumeConfiguration `json:"dockerVolumeConfiguration,omitempty"`
}

// HostVolume is a directory of the instance that a task runs on.
type HostVolume struct {
	// sourcePath of the directory, which all tasks there share that name it. If
	// omitted, the volume is empty when the task starts; on Fargate it can only be
	// that.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.startsWith('/') && !self.contains('..')",message="host.sourcePath of a volume begins with /, and has no .. in it"
	SourcePath string `json:"sourcePath,omitempty"`
}

// EFSVolumeConfiguration is a file system of Amazon EFS. It needs a mount target in
// the Availability Zone of each subnet of the tasks, whose security group lets the
// tasks in on port 2049. The stack's own security group is another one in each
// revision, so that rule is about the subnets' addresses, or about a group in
// spec.template.network.securityGroupIDs.
//
// +kubebuilder:validation:XValidation:rule="!has(self.authorizationConfig) || !has(self.authorizationConfig.accessPointID) && (!has(self.authorizationConfig.iam) || self.authorizationConfig.iam != 'ENABLED') || has(self.transitEncryption) && self.transitEncryption == 'ENABLED'",message="efsVolumeConfiguration with authorizationConfig.accessPointID or iam: ENABLED needs transitEncryption: ENABLED"
// +kubebuilder:validation:XValidation:rule="!has(self.rootDirectory) || self.rootDirectory == '/' || !has(self.authorizationConfig) || !has(self.authorizationConfig.accessPointID)",message="efsVolumeConfiguration with authorizationConfig.accessPointID gets its directory from the access point: leave out rootDirectory, or set it to /"
type EFSVolumeConfiguration struct {
	// fileSystemID of the file system.
	// +required
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^fs-[0-9a-f]{8,40}$')",message="efsVolumeConfiguration.fileSystemID is the file system's ID, fs-..., not its name, ARN or DNS name"
	FileSystemID string `json:"fileSystemID,omitempty"`

	// rootDirectory in the file system; its root if omitted. It has to exist.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="efsVolumeConfiguration.rootDirectory begins with /"
	RootDirectory string `json:"rootDirectory,omitempty"`

	// transitEncryption encrypts what goes over the network; DISABLED if
	// omitted.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	TransitEncryption string `json:"transitEncryption,omitempty"`

	// transitEncryptionPort is the local port for that. If omitted or 0, the mount
	// helper chooses one.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	TransitEncryptionPort *int32 `json:"transitEncryptionPort,omitempty"`

	// authorizationConfig says as what the tasks mount the file system.
	// +optional
	AuthorizationConfig *EFSAuthorizationConfig `json:"authorizationConfig,omitempty"`
}

// EFSAuthorizationConfig says as what tasks mount a file system.
type EFSAuthorizationConfig struct {
	// accessPointID of an access point, which decides the directory and the user.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^fsap-[0-9a-f]{8,40}$')",message="authorizationConfig.accessPointID is the access point's ID, fsap-..., not its name or ARN"
	AccessPointID string `json:"accessPointID,omitempty"`

	// iam ENABLED mounts with the task role, which needs
	// elasticfilesystem:ClientMount, and ClientWrite to write; DISABLED if
	// omitted.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	IAM string `json:"iam,omitempty"`
}

// MountPoint is where a container sees a volume.
type MountPoint struct {
	// sourceVolume is the name of one of spec.template.volumes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	SourceVolume string `json:"sourceVolume,omitempty"`

	// containerPath of the directory in the container.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="containerPath of a mount point begins with /"
	ContainerPath string `json:"containerPath,omitempty"`

	// readOnly keeps the container from writing there.
	// +optional
	ReadOnly *bool `json:"readOnly,omitempty"`
}

// VolumeFrom has a container mount what another one mounts.
type VolumeFrom struct {
	// sourceContainer is the name of the other container, which starts first.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	SourceContainer string `json:"sourceContainer,omitempty"`

	// readOnly keeps the container from writing there.
	// +optional
	ReadOnly *bool `json:"readOnly,omitempty"`
}

// EphemeralStorage is the task's own disk.
type EphemeralStorage struct {
	// sizeInGiB is its size, 21 to 200. A task that asks for nothing has 20.
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= 21 && self <= 200",message="spec.template.ephemeralStorage.sizeInGiB is 21 to 200; leave spec.template.ephemeralStorage out for the 20 that every task has"
	SizeInGiB int32 `json:"sizeInGiB,omitempty"`
}

// CapacityProviderStrategyItem is a kind of capacity, and its part of the tasks.
type CapacityProviderStrategyItem struct {
	// capacityProvider is FARGATE or FARGATE_SPOT. What runs on Spot is cheaper,
	// and AWS may stop it two minutes after a warning. With launchType EC2 it is the
	// name of a provider with an Auto Scaling group.
	// +required
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9_-]+$')",message="capacityProvider in spec.template.capacityProviderStrategy is the provider's name, not its ARN: letters, digits, - and _"
	CapacityProvider string `json:"capacityProvider,omitempty"`

	// base is how many tasks run on it at least, 0 if omitted. Only one provider
	// may have a base.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Base *int32 `json:"base,omitempty"`

	// weight is its share of the other tasks, 0 if omitted.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Weight *int32 `json:"weight,omitempty"`
}
