package v1alpha1

// RevisionTemplate describes the ECS service that a revision runs. Its terms
// are those of ECS task definitions and services. Any change to it creates a
// new revision with a new stack.
//
// +kubebuilder:validation:XValidation:rule="!has(self.target) || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort) && (!has(self.target.containerName) || c.name == self.target.containerName))",message="spec.template.target must name a container and a containerPort that one of spec.template.containers maps"
// +kubebuilder:validation:XValidation:rule="self.containers.exists(c, !has(c.essential) || c.essential)",message="spec.template.containers needs at least one container with essential: true"
// +kubebuilder:validation:XValidation:rule="!has(self.taskRoleARN) || self.taskRoleARN.size() > 0",message="spec.template.taskRoleARN must be an ARN or left out"
// +kubebuilder:validation:XValidation:rule="self.cpu == '256' ? self.memory in ['512','1024','2048'] : self.cpu == '512' ? self.memory in ['1024','2048','3072','4096'] : self.cpu == '1024' ? int(self.memory) >= 2048 && int(self.memory) <= 8192 && int(self.memory) % 1024 == 0 : self.cpu == '2048' ? int(self.memory) >= 4096 && int(self.memory) <= 16384 && int(self.memory) % 1024 == 0 : self.cpu == '4096' ? int(self.memory) >= 8192 && int(self.memory) <= 30720 && int(self.memory) % 1024 == 0 : self.cpu == '8192' ? int(self.memory) >= 16384 && int(self.memory) <= 61440 && int(self.memory) % 4096 == 0 : int(self.memory) >= 32768 && int(self.memory) <= 122880 && int(self.memory) % 8192 == 0",message="spec.template.memory doesn't fit spec.template.cpu on Fargate: 256 takes 512, 1024 or 2048; 512 takes 1024-4096; 1024 takes 2048-8192; 2048 takes 4096-16384; 4096 takes 8192-30720 (steps of 1024); 8192 takes 16384-61440 (steps of 4096); 16384 takes 32768-122880 (steps of 8192)"
type RevisionTemplate struct {
	// containers of the task definition.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	Containers []Container `json:"containers,omitempty"`

	// cpu is the task's CPU in units of 1/1024 vCPU, one of Fargate's sizes.
	// +required
	// +kubebuilder:validation:Enum="256";"512";"1024";"2048";"4096";"8192";"16384"
	CPU string `json:"cpu,omitempty"`

	// memory is the task's memory in MiB, one of Fargate's sizes for the CPU.
	// +required
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{2,5}$`
	// +kubebuilder:validation:MaxLength=6
	Memory string `json:"memory,omitempty"`

	// executionRoleARN is the IAM role with which ECS pulls the images, reads
	// the secrets and writes the logs.
	// +required
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`
	// +kubebuilder:validation:MaxLength=2048
	ExecutionRoleARN string `json:"executionRoleARN,omitempty"`

	// taskRoleARN is the IAM role of the application itself.
	// +optional
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`
	// +kubebuilder:validation:MaxLength=2048
	TaskRoleARN string `json:"taskRoleARN,omitempty"`

	// runtimePlatform of the task; Linux on X86_64 if omitted.
	// +optional
	RuntimePlatform *RuntimePlatform `json:"runtimePlatform,omitempty"`

	// network that the tasks join (awsvpc).
	// +required
	Network Network `json:"network,omitzero"`

	// target is the container port that receives the traffic, and how the
	// load balancer checks its health. It goes with spec.traffic.loadBalancer;
	// a worker has none.
	// +optional
	Target Target `json:"target,omitzero"`

	// cluster is the name of an existing ECS cluster. If omitted, each stack
	// has its own cluster.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-zA-Z][a-zA-Z0-9_-]*$`
	// +kubebuilder:validation:MaxLength=255
	Cluster string `json:"cluster,omitempty"`

	// logRetentionDays is how long CloudWatch Logs keeps the containers'
	// output. A log group belongs to its stack and is deleted with it.
	// +optional
	// +default=30
	// +kubebuilder:validation:Enum=1;3;5;7;14;30;60;90;120;150;180;365;400;545;731;1096;1827;2192;2557;2922;3288;3653
	LogRetentionDays *int32 `json:"logRetentionDays,omitempty"`

	// tags of the stack and, through CloudFormation, of all its resources.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	// +listType=map
	// +listMapKey=key
	Tags []Tag `json:"tags,omitempty"`
}

// Container is one container of the task definition.
//
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.secrets) || !self.secrets.exists(s, self.environment.exists(e, e.name == s.name))",message="a name stands in both environment and secrets: keep it in one of them"
type Container struct {
	// name of the container, unique in the task.
	// +required
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][a-zA-Z0-9_-]*$`
	// +kubebuilder:validation:MaxLength=255
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

	// portMappings are the ports that the container listens on.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=containerPort
	PortMappings []PortMapping `json:"portMappings,omitempty"`

	// healthCheck that ECS runs inside the container.
	// +optional
	HealthCheck *ContainerHealthCheck `json:"healthCheck,omitempty"`

	// cpu units reserved for the container out of the task's.
	// +optional
	// +kubebuilder:validation:Minimum=1
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

	// stopTimeout is how many seconds the container gets between SIGTERM and
	// SIGKILL.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=120
	StopTimeout *int32 `json:"stopTimeout,omitempty"`

	// dependsOn orders the start of containers.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=containerName
	DependsOn []ContainerDependency `json:"dependsOn,omitempty"`
}

// KeyValue is an environment variable.
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
}

// Secret is an environment variable whose value is read by ECS.
type Secret struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// valueFrom is the ARN of a Secrets Manager secret (with optional
	// :json-key:version-stage:version-id) or of a Systems Manager parameter.
	// +required
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+|ssm:[a-z0-9-]+:[0-9]{12}:parameter/.+)$`
	// +kubebuilder:validation:MaxLength=2048
	ValueFrom string `json:"valueFrom,omitempty"`
}

// PortMapping is a port that a container listens on.
type PortMapping struct {
	// containerPort in the container; with awsvpc, also the task's port.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	ContainerPort int32 `json:"containerPort,omitempty"`
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

// RuntimePlatform is what the tasks run on.
type RuntimePlatform struct {
	// cpuArchitecture of the images.
	// +optional
	// +default="X86_64"
	// +kubebuilder:validation:Enum=X86_64;ARM64
	CPUArchitecture string `json:"cpuArchitecture,omitempty"`
}

// Network is where the tasks get their elastic network interfaces.
type Network struct {
	// vpcID of the VPC.
	// +required
	// +kubebuilder:validation:Pattern=`^vpc-[0-9a-z]+$`
	// +kubebuilder:validation:MaxLength=32
	VPCID string `json:"vpcID,omitempty"`

	// subnetIDs of the tasks, in at least two availability zones.
	// +required
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Pattern=`^subnet-[0-9a-z]+$`
	// +kubebuilder:validation:items:MaxLength=32
	// +listType=set
	SubnetIDs []string `json:"subnetIDs,omitempty"`

	// loadBalancerSecurityGroupIDs are the load balancer's security groups;
	// the stack's own security group lets them reach the target port. They go
	// with target; a worker has none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:Pattern=`^sg-[0-9a-z]+$`
	// +kubebuilder:validation:items:MaxLength=32
	// +listType=set
	LoadBalancerSecurityGroupIDs []string `json:"loadBalancerSecurityGroupIDs,omitempty"`

	// securityGroupIDs are further security groups of the tasks.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:Pattern=`^sg-[0-9a-z]+$`
	// +kubebuilder:validation:items:MaxLength=32
	// +listType=set
	SecurityGroupIDs []string `json:"securityGroupIDs,omitempty"`

	// assignPublicIP gives tasks a public address; needed in subnets without
	// a NAT gateway or VPC endpoints.
	// +optional
	// +default="DISABLED"
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	AssignPublicIP string `json:"assignPublicIP,omitempty"`
}

// Target is the container port behind the load balancer.
type Target struct {
	// containerName of the container; the first one that maps the port if
	// omitted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ContainerName string `json:"containerName,omitempty"`

	// containerPort that receives the requests.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	ContainerPort int32 `json:"containerPort,omitempty"`

	// healthCheck that the load balancer makes.
	// +optional
	// +default={}
	HealthCheck TargetHealthCheck `json:"healthCheck,omitzero"`

	// healthCheckGracePeriodSeconds is how long ECS ignores failing health
	// checks after a task's start.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	HealthCheckGracePeriodSeconds *int32 `json:"healthCheckGracePeriodSeconds,omitempty"`

	// deregistrationDelaySeconds is how long requests in flight may continue
	// after a task leaves the load balancer. An old stack is kept that long
	// after it left the rule.
	// +optional
	// +default=30
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	DeregistrationDelaySeconds *int32 `json:"deregistrationDelaySeconds,omitempty"`
}

// TargetHealthCheck is the load balancer's health check.
//
// +kubebuilder:validation:XValidation:rule="!has(self.timeoutSeconds) || !has(self.intervalSeconds) || self.timeoutSeconds < self.intervalSeconds",message="healthCheck.timeoutSeconds must be smaller than healthCheck.intervalSeconds"
type TargetHealthCheck struct {
	// path that is requested.
	// +optional
	// +default="/"
	// +kubebuilder:validation:Pattern=`^/`
	// +kubebuilder:validation:MaxLength=1024
	Path string `json:"path,omitempty"`

	// successCodes are the HTTP codes of a healthy target: "200",
	// "200,202" or "200-299".
	// +optional
	// +default="200"
	// +kubebuilder:validation:Pattern=`^[2-4][0-9]{2}([,-][2-4][0-9]{2})*$`
	// +kubebuilder:validation:MaxLength=64
	SuccessCodes string `json:"successCodes,omitempty"`

	// intervalSeconds between two checks of a target.
	// +optional
	// +default=10
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`

	// timeoutSeconds of one check.
	// +optional
	// +default=5
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=120
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// healthyThreshold is how many checks in a row make a target healthy.
	// +optional
	// +default=2
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	HealthyThreshold *int32 `json:"healthyThreshold,omitempty"`

	// unhealthyThreshold is how many failures in a row make it unhealthy.
	// +optional
	// +default=2
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	UnhealthyThreshold *int32 `json:"unhealthyThreshold,omitempty"`
}

// Tag is a key and value on AWS resources.
type Tag struct {
	// key of the tag.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('aws:') && !self.startsWith('viridian.dev/')",message="tag keys that begin with aws: or viridian.dev/ are reserved"
	Key string `json:"key,omitempty"`

	// value of the tag.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Value string `json:"value,omitempty"`
}
