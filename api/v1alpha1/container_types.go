package v1alpha1

// Container is one container of the task definition.
//
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.secrets) || !self.secrets.exists(s, self.environment.exists(e, e.name == s.name))",message="a name stands in both environment and secrets: keep it in one of them"
// +kubebuilder:validation:XValidation:rule="!has(self.memory) || !has(self.memoryReservation) || self.memoryReservation <= self.memory",message="memoryReservation of a container may not be more than its memory"
// +kubebuilder:validation:XValidation:rule="!has(self.dependsOn) || self.dependsOn.all(d, d.containerName != self.name)",message="a container can't wait for itself: let dependsOn name another one"
// +kubebuilder:validation:XValidation:rule="!has(self.volumesFrom) || self.volumesFrom.all(f, f.sourceContainer != self.name)",message="a container can't mount its own volumes from itself: let volumesFrom name another one"
type Container struct {
	// name of the container, unique in the task.
	// +required
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][a-zA-Z0-9_-]*$')",message="the name of a container has letters, digits, - and _, and begins with a letter or a digit"
	Name string `json:"name,omitempty"`

	// image to run: [registry/]repository[:tag][@digest], with a tag or a digest
	// or both. A tag in Amazon ECR is resolved to its digest once, when the
	// revision is created, so that all its tasks run the same image.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?/)?[a-z0-9]+(([.]|_{1,2}|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_{1,2}|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$')",message="image must read [registry/]repository[:tag][@sha256:digest], such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1.0, without spaces or placeholders"
	// +kubebuilder:validation:XValidation:rule="self.matches('[:@][^/]+$') || !self.matches('^[a-z0-9./_-]+$')",message="image has neither a tag nor a digest: name the version, or append :latest if whatever is newest is meant"
	Image string `json:"image,omitempty"`

	// essential containers stop the task when they stop.
	// +optional
	// +default=true
	Essential *bool `json:"essential,omitempty"`

	// command replaces the image's CMD.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=4096
	// +listType=atomic
	Command []string `json:"command,omitempty"`

	// entryPoint replaces the image's ENTRYPOINT.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=4096
	// +listType=atomic
	EntryPoint []string `json:"entryPoint,omitempty"`

	// environment variables. Not for secrets: use secrets.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=name
	Environment []KeyValue `json:"environment,omitempty"`

	// secrets are environment variables whose values ECS reads from Secrets
	// Manager or Systems Manager when a task starts.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=name
	Secrets []Secret `json:"secrets,omitempty"`

	// portMappings are the ports that the container listens on. A port that is
	// reached by TCP and by UDP has two mappings.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q.containerPort == p.containerPort && (has(q.protocol) && q.protocol == 'udp') == (has(p.protocol) && p.protocol == 'udp')))",message="two of a container's portMappings have the same containerPort and protocol: leave one out; a port that is reached by TCP and by UDP has one mapping with protocol: tcp and one with protocol: udp"
	// +listType=atomic
	PortMappings []PortMapping `json:"portMappings,omitempty"`

	// healthCheck that ECS runs inside the container.
	// +optional
	HealthCheck *ContainerHealthCheck `json:"healthCheck,omitempty"`

	// cpu units reserved for the container out of the task's; 0 reserves none.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=16384
	CPU *int32 `json:"cpu,omitempty"`

	// memory is the container's hard limit in MiB.
	// +optional
	// +kubebuilder:validation:Minimum=6
	// +kubebuilder:validation:Maximum=122880
	Memory *int32 `json:"memory,omitempty"`

	// memoryReservation is the container's soft limit in MiB.
	// +optional
	// +kubebuilder:validation:Minimum=6
	// +kubebuilder:validation:Maximum=122880
	MemoryReservation *int32 `json:"memoryReservation,omitempty"`

	// user that the container runs as: user, user:group, uid or uid:gid.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	User string `json:"user,omitempty"`

	// workingDirectory in the container.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	WorkingDirectory string `json:"workingDirectory,omitempty"`

	// readonlyRootFilesystem mounts the root file system read-only.
	// +optional
	ReadonlyRootFilesystem *bool `json:"readonlyRootFilesystem,omitempty"`

	// startTimeout is how many seconds the containers that wait for this one, by
	// dependsOn with condition COMPLETE, SUCCESS or HEALTHY, wait after its start. Then
	// they give up, and the task stops. 2 to 120 on Fargate, and up to 10800, three
	// hours, with launchType EC2. If omitted, ECS decides.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10800
	StartTimeout *int32 `json:"startTimeout,omitempty"`

	// stopTimeout is how many seconds the container gets between SIGTERM and
	// SIGKILL: 2 to 120 on Fargate, and up to 3600 with launchType EC2. If omitted, 30,
	// or what the ECS agent of the instance is configured for.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=3600
	StopTimeout *int32 `json:"stopTimeout,omitempty"`

	// dependsOn orders the start of containers.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=containerName
	DependsOn []ContainerDependency `json:"dependsOn,omitempty"`

	// logConfiguration says where the container's output goes. If omitted, it goes
	// to a log group of the stack.
	// +optional
	LogConfiguration *LogConfiguration `json:"logConfiguration,omitempty"`

	// firelensConfiguration makes the container the task's log router, for
	// containers with the log driver awsfirelens.
	// +optional
	FirelensConfiguration *FirelensConfiguration `json:"firelensConfiguration,omitempty"`

	// ulimits of the container's processes.
	// +optional
	// +kubebuilder:validation:MaxItems=15
	// +listType=map
	// +listMapKey=name
	Ulimits []Ulimit `json:"ulimits,omitempty"`

	// linuxParameters are an init process, capabilities and file systems in
	// memory.
	// +optional
	LinuxParameters *LinuxParameters `json:"linuxParameters,omitempty"`

	// dockerLabels of the container.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	DockerLabels map[string]OptionValue `json:"dockerLabels,omitempty"`

	// systemControls are parameters of the kernel, as of sysctl.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=namespace
	SystemControls []SystemControl `json:"systemControls,omitempty"`

	// restartPolicy has ECS start the container again when it exits, without
	// replacing its task.
	// +optional
	RestartPolicy *ContainerRestartPolicy `json:"restartPolicy,omitempty"`

	// repositoryCredentials with which ECS pulls the image from a private registry
	// that isn't Amazon ECR.
	// +optional
	RepositoryCredentials *RepositoryCredentials `json:"repositoryCredentials,omitempty"`

	// environmentFiles in Amazon S3 have environment variables. Those of
	// environment come before them.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	EnvironmentFiles []EnvironmentFile `json:"environmentFiles,omitempty"`

	// interactive keeps the standard input open.
	// +optional
	Interactive *bool `json:"interactive,omitempty"`

	// pseudoTerminal allocates a terminal.
	// +optional
	PseudoTerminal *bool `json:"pseudoTerminal,omitempty"`

	// privileged gives the container all rights on the instance that it runs on,
	// and so on all other tasks there. It can only be true with launchType EC2.
	// +optional
	Privileged *bool `json:"privileged,omitempty"`

	// extraHosts are added to /etc/hosts. They go with networkMode bridge and host.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	ExtraHosts []HostEntry `json:"extraHosts,omitempty"`

	// links are other containers of the task that this one reaches by their names, or
	// by aliases: <name> or <name>:<alias>. They start before this one. Links go with
	// networkMode bridge only: otherwise the containers of a task reach each other at
	// localhost.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=511
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-zA-Z0-9_-]{1,255}(:[a-zA-Z0-9_-]{1,255})?$')",message="links of a container read <name> or <name>:<alias>, with letters, digits, - and _"
	// +listType=set
	Links []string `json:"links,omitempty"`

	// hostname of the container, for networkMode bridge and host.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Hostname string `json:"hostname,omitempty"`

	// dnsServers that the container asks instead of the instance's, for networkMode
	// bridge and host.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=atomic
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearchDomains that are tried with names without a dot, for networkMode
	// bridge and host.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=atomic
	DNSSearchDomains []string `json:"dnsSearchDomains,omitempty"`

	// disableNetworking leaves the container without a network, for networkMode
	// bridge and host.
	// +optional
	DisableNetworking *bool `json:"disableNetworking,omitempty"`

	// dockerSecurityOptions are no-new-privileges and labels of SELinux and AppArmor.
	// They go with launchType EC2.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=255
	// +listType=atomic
	DockerSecurityOptions []string `json:"dockerSecurityOptions,omitempty"`

	// resourceRequirements are GPUs that the container has for itself. They go with
	// launchType EC2.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1
	// +listType=map
	// +listMapKey=type
	ResourceRequirements []ResourceRequirement `json:"resourceRequirements,omitempty"`

	// mountPoints are where the container sees volumes of the task.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=containerPath
	MountPoints []MountPoint `json:"mountPoints,omitempty"`

	// volumesFrom are containers whose volumes this one mounts, too, at the same
	// paths.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=sourceContainer
	VolumesFrom []VolumeFrom `json:"volumesFrom,omitempty"`
}

// KeyValue is an environment variable.
//
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !has(self.valueFrom)",message="a variable in environment has either value or valueFrom: leave one of them out"
type KeyValue struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// value of the variable.
	// +optional
	// +kubebuilder:validation:MaxLength=8192
	Value string `json:"value,omitempty"`

	// valueFrom has the value read from Systems Manager when a revision is made.
	// +optional
	ValueFrom *ValueSource `json:"valueFrom,omitempty"`
}

// Secret is an environment variable whose value is read by ECS.
type Secret struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// valueFrom is the ARN of a Secrets Manager secret (with optional
	// :json-key:version-stage:version-id) or of a Systems Manager parameter, or
	// the name of a parameter in the region of the deployment. A name begins with
	// a slash, or is relative to parameterPath.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^(arn:aws[a-z-]*:(secretsmanager:[^:]+:\\\\d+:secret:|ssm:[^:]+:\\\\d+:parameter/).+|[\\\\w./-]+)$')",message="valueFrom of a secret says where its value is: arn:aws:secretsmanager:<region>:<account>:secret:<name>, arn:aws:ssm:<region>:<account>:parameter/<name>, or a parameter's name that begins with /, or is relative to spec.template.parameterPath"
	// +kubebuilder:validation:XValidation:rule="self.contains(':secret:') || !self.matches('//|/$|:parameter/.*:')",message="valueFrom of a secret names a parameter without a version or a label, since ECS takes none, and with a single slash between its parts and none at the end: leave out what is too much, or put a version into the parameter's name"
	ValueFrom string `json:"valueFrom,omitempty"`
}

// PortMapping is a port that a container listens on.
//
// +kubebuilder:validation:XValidation:rule="!has(self.protocol) || self.protocol in ['tcp', 'udp']",message="protocol of a port mapping is tcp, which it is if left out, or udp"
// +kubebuilder:validation:XValidation:rule="!has(self.containerPortRange)",message="containerPortRange of a port mapping can't be used: list each port that the load balancer, or a security group's rule, has to reach as a containerPort; in a task with a network interface of its own the others need no mapping"
type PortMapping struct {
	// containerPort in the container. With networkMode awsvpc it is also the task's
	// port, and with host the instance's.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	ContainerPort int32 `json:"containerPort,omitempty"`

	// hostPort on the instance with networkMode bridge; 0 or omitted, any free one.
	// A fixed one is free once on each instance: the tasks of a new revision, and
	// those that replace others, then need instances that have none of them. With
	// other modes it can only be the same as containerPort, and says nothing.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	HostPort *int32 `json:"hostPort,omitempty"`

	// protocol is tcp or udp; tcp if omitted. The load balancer sends requests and
	// checks health by TCP only.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Protocol string `json:"protocol,omitempty"`

	// name of the mapping, which Service Connect refers to.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9_][a-z0-9_-]*$')",message="name of a port mapping has lower case letters, digits, _ and -, and doesn't begin with -"
	Name string `json:"name,omitempty"`

	// appProtocol that the application speaks, for Service Connect.
	// +optional
	// +kubebuilder:validation:Enum=http;http2;grpc
	AppProtocol string `json:"appProtocol,omitempty"`

	// containerPortRange is refused: each port has a mapping of its own.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	ContainerPortRange string `json:"containerPortRange,omitempty"`
}

// ContainerHealthCheck is a command that ECS runs inside a container.
type ContainerHealthCheck struct {
	// command to run, starting with CMD or CMD-SHELL; exit code 0 is healthy.
	// +required
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self[0] == 'CMD' || self[0] == 'CMD-SHELL'",message="healthCheck.command must begin with CMD or CMD-SHELL"
	// +listType=atomic
	Command []string `json:"command,omitempty"`

	// interval between two checks in seconds.
	// +optional
	// +default=30
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	Interval *int32 `json:"interval,omitempty"`

	// timeout of one check in seconds.
	// +optional
	// +default=5
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=60
	Timeout *int32 `json:"timeout,omitempty"`

	// retries is how many checks must fail before the container is unhealthy.
	// +optional
	// +default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	Retries *int32 `json:"retries,omitempty"`

	// startPeriod is how many seconds after the start failures don't count.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=300
	StartPeriod *int32 `json:"startPeriod,omitempty"`
}

// ContainerDependency makes a container wait for another.
type ContainerDependency struct {
	// containerName of the container to wait for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ContainerName string `json:"containerName,omitempty"`

	// condition that the other container must reach.
	// +required
	// +kubebuilder:validation:Enum=START;COMPLETE;SUCCESS;HEALTHY
	Condition string `json:"condition,omitempty"`
}
