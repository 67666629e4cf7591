package v1alpha1

// RevisionTemplate describes the ECS service that a revision runs. Its terms
// are those of ECS task definitions and services. Any change to it creates a
// new revision with a new stack.
//
// +kubebuilder:validation:XValidation:rule="!has(self.target) || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort) && (!has(self.target.containerName) || c.name == self.target.containerName))",message="spec.template.target must name a container and a containerPort that one of spec.template.containers maps"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.healthCheck) || !has(self.target.healthCheck.port) || self.target.healthCheck.port == 'traffic-port' || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, string(p.containerPort) == self.target.healthCheck.port))",message="spec.template.target.healthCheck.port must be traffic-port or a containerPort that one of spec.template.containers maps: correct it, or add the port mapping"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceRegistries) || self.serviceRegistries.all(r, !has(r.containerPort) || !has(r.containerName) || self.containers.exists(c, c.name == r.containerName && has(c.portMappings) && c.portMappings.exists(p, p.containerPort == r.containerPort)))",message="spec.template.serviceRegistries[].containerName must name one of spec.template.containers that maps containerPort: correct one of them, or add the port mapping"
// +kubebuilder:validation:XValidation:rule="self.containers.exists(c, !has(c.essential) || c.essential)",message="spec.template.containers needs at least one container with essential: true"
// +kubebuilder:validation:XValidation:rule="!(self.cpu in ['256','512','1024','2048','4096','8192','16384']) || !self.memory.matches('^[1-9][0-9]{2,5}$') || (self.cpu == '256' ? self.memory in ['512','1024','2048'] : self.cpu == '512' ? self.memory in ['1024','2048','3072','4096'] : self.cpu == '1024' ? int(self.memory) >= 2048 && int(self.memory) <= 8192 && int(self.memory) % 1024 == 0 : self.cpu == '2048' ? int(self.memory) >= 4096 && int(self.memory) <= 16384 && int(self.memory) % 1024 == 0 : self.cpu == '4096' ? int(self.memory) >= 8192 && int(self.memory) <= 30720 && int(self.memory) % 1024 == 0 : self.cpu == '8192' ? int(self.memory) >= 16384 && int(self.memory) <= 61440 && int(self.memory) % 4096 == 0 : int(self.memory) >= 32768 && int(self.memory) <= 122880 && int(self.memory) % 8192 == 0)",message="spec.template.memory doesn't fit spec.template.cpu on Fargate: 256 takes 512, 1024 or 2048; 512 takes 1024-4096; 1024 takes 2048-8192; 2048 takes 4096-16384; 4096 takes 8192-30720 (steps of 1024); 8192 takes 16384-61440 (steps of 4096); 16384 takes 32768-122880 (steps of 8192)"
// +kubebuilder:validation:XValidation:rule="!self.cpu.matches('^[1-9][0-9]{2,4}$') || self.containers.map(c, has(c.cpu) ? c.cpu : 0).sum() <= int(self.cpu)",message="the cpu of all spec.template.containers may not be more than spec.template.cpu in all: lower or leave out theirs, or raise spec.template.cpu"
// +kubebuilder:validation:XValidation:rule="!self.memory.matches('^[1-9][0-9]{2,5}$') || self.containers.all(c, (!has(c.memory) || c.memory <= int(self.memory)) && (!has(c.memoryReservation) || c.memoryReservation <= int(self.memory)))",message="memory and memoryReservation of a container may not be more than spec.template.memory: lower or leave out the container's, or raise spec.template.memory"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.dependsOn) || c.dependsOn.all(d, self.containers.exists(o, o.name == d.containerName)))",message="dependsOn names one of spec.template.containers: correct its containerName, or add the container"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.dependsOn) || c.dependsOn.all(d, !(d.condition in ['SUCCESS', 'COMPLETE']) || !self.containers.exists(o, o.name == d.containerName && (!has(o.essential) || o.essential))))",message="dependsOn with condition SUCCESS or COMPLETE waits for a container that ends, so that one needs essential: false (without it, a container is essential, and the task ends when it does)"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.dependsOn) || c.dependsOn.all(d, d.condition != 'HEALTHY' || !self.containers.exists(o, o.name == d.containerName && !has(o.healthCheck))))",message="dependsOn with condition HEALTHY needs a healthCheck of the container that is waited for: add it, or use condition START"
// +kubebuilder:validation:XValidation:rule="!self.containers.exists(c, has(c.logConfiguration) && c.logConfiguration.logDriver == 'awsfirelens') || self.containers.exists(c, has(c.firelensConfiguration))",message="logConfiguration with the driver awsfirelens needs a log router: add a container with firelensConfiguration, such as {type: fluentbit}, to spec.template.containers"
// +kubebuilder:validation:XValidation:rule="!self.containers.exists(c, has(c.firelensConfiguration)) || self.containers.exists(c, has(c.logConfiguration) && c.logConfiguration.logDriver == 'awsfirelens')",message="firelensConfiguration makes a container a log router, which no container uses: give at least one a logConfiguration with logDriver: awsfirelens, or leave out firelensConfiguration"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort && has(p.protocol) && p.protocol == 'udp') && (!has(self.target.containerName) || c.name == self.target.containerName)) || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort && (!has(p.protocol) || p.protocol != 'udp')) && (!has(self.target.containerName) || c.name == self.target.containerName))",message="spec.template.target names a port with protocol: udp: the load balancer sends requests and checks health by TCP, so name a port with protocol: tcp"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.portMappings) || c.portMappings.all(p, !has(p.name) || self.containers.map(o, has(o.portMappings) ? o.portMappings.filter(q, has(q.name) && q.name == p.name).size() : 0).sum() == 1))",message="two port mappings of spec.template.containers have the same name: rename one, or leave its name out"
// +kubebuilder:validation:XValidation:rule="!has(self.availabilityZoneRebalancing) || self.availabilityZoneRebalancing != 'ENABLED' || !has(self.deploymentConfiguration) || !has(self.deploymentConfiguration.maximumPercent) || self.deploymentConfiguration.maximumPercent > 100",message="spec.template.availabilityZoneRebalancing: ENABLED starts tasks before it stops others, so it needs a spec.template.deploymentConfiguration.maximumPercent above 100"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.mountPoints) || c.mountPoints.all(m, has(self.volumes) && self.volumes.exists(v, v.name == m.sourceVolume)))",message="sourceVolume of a mount point names one of spec.template.volumes: correct it, or add the volume"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.volumesFrom) || c.volumesFrom.all(f, self.containers.exists(o, o.name == f.sourceContainer)))",message="volumesFrom names one of spec.template.containers: correct its sourceContainer, or add the container"
// +kubebuilder:validation:XValidation:rule="has(self.executionRoleARN) || self.containers.all(c, !c.image.matches('^[0-9]{12}[.]dkr[.-]ecr') && has(c.logConfiguration) && c.logConfiguration.logDriver != 'awslogs' && (!has(c.logConfiguration.secretOptions) || c.logConfiguration.secretOptions.size() == 0) && (!has(c.secrets) || c.secrets.size() == 0) && !has(c.repositoryCredentials) && (!has(c.environmentFiles) || c.environmentFiles.size() == 0))",message="a container needs spec.template.executionRoleARN, the role with which ECS pulls images, reads secrets and writes logs: arn:aws:iam::<account>:role/<name>. It may be left out if each container has an image outside of Amazon ECR's private registries, a logConfiguration with another logDriver than awslogs, and no secrets, secretOptions, repositoryCredentials and environmentFiles"
// +kubebuilder:validation:XValidation:rule="has(self.taskRoleARN) || !has(self.volumes) || self.volumes.all(v, !has(v.efsVolumeConfiguration) || !has(v.efsVolumeConfiguration.authorizationConfig) || !has(v.efsVolumeConfiguration.authorizationConfig.iam) || v.efsVolumeConfiguration.authorizationConfig.iam != 'ENABLED')",message="authorizationConfig.iam: ENABLED of a volume mounts it with the task role: set spec.template.taskRoleARN to one that may elasticfilesystem:ClientMount, and ClientWrite to write"
// +kubebuilder:validation:XValidation:rule="has(self.taskRoleARN) || !has(self.enableExecuteCommand) || !self.enableExecuteCommand",message="spec.template.enableExecuteCommand needs a task role: set spec.template.taskRoleARN to one that may ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel"
// +kubebuilder:validation:XValidation:rule="!has(self.platformVersion) || !(self.platformVersion in ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) || !has(self.ephemeralStorage) && !has(self.pidMode) && (!has(self.enableExecuteCommand) || !self.enableExecuteCommand) && (!has(self.volumes) || self.volumes.all(v, !has(v.efsVolumeConfiguration)))",message="ephemeralStorage, pidMode, enableExecuteCommand and efsVolumeConfiguration need Fargate's platform version 1.4.0 or later: leave out spec.template.platformVersion"
// +kubebuilder:validation:XValidation:rule="!has(self.capacityProviderStrategy) || self.capacityProviderStrategy.size() == 0 || self.capacityProviderStrategy.exists(p, has(p.weight) && p.weight > 0)",message="spec.template.capacityProviderStrategy needs a provider with a weight above 0: without a weight, no task is placed on it; add weight: 1"
// +kubebuilder:validation:XValidation:rule="!has(self.capacityProviderStrategy) || self.capacityProviderStrategy.filter(p, has(p.base) && p.base > 0).size() < 2",message="only one provider of spec.template.capacityProviderStrategy may have a base: leave out the other"
// +kubebuilder:validation:XValidation:rule="self.containers.map(c, size(c.image) + (has(c.workingDirectory) ? size(c.workingDirectory) : 0) + (has(c.environment) ? c.environment.map(e, size(e.name) + (has(e.value) ? size(e.value) : 0)).sum() : 0) + (has(c.secrets) ? c.secrets.map(s, size(s.name) + size(s.valueFrom)).sum() : 0) + (has(c.command) ? c.command.map(s, size(s)).sum() : 0) + (has(c.entryPoint) ? c.entryPoint.map(s, size(s)).sum() : 0) + (has(c.healthCheck) ? c.healthCheck.command.map(s, size(s)).sum() : 0) + (has(c.logConfiguration) && has(c.logConfiguration.options) ? c.logConfiguration.options.map(k, size(k) + size(c.logConfiguration.options[k])).sum() : 0) + (has(c.logConfiguration) && has(c.logConfiguration.secretOptions) ? c.logConfiguration.secretOptions.map(s, size(s.name) + size(s.valueFrom)).sum() : 0) + (has(c.firelensConfiguration) && has(c.firelensConfiguration.options) ? c.firelensConfiguration.options.map(k, size(k) + size(c.firelensConfiguration.options[k])).sum() : 0) + (has(c.dockerLabels) ? c.dockerLabels.map(k, size(k) + size(c.dockerLabels[k])).sum() : 0) + (has(c.environmentFiles) ? c.environmentFiles.map(f, size(f.value)).sum() : 0) + (has(c.systemControls) ? c.systemControls.map(s, size(s.namespace) + size(s.value)).sum() : 0) + (has(c.mountPoints) ? c.mountPoints.map(m, size(m.sourceVolume) + size(m.containerPath)).sum() : 0) + (has(c.volumesFrom) ? c.volumesFrom.map(v, size(v.sourceContainer)).sum() : 0)).sum() + (has(self.volumes) ? self.volumes.map(v, size(v.name) + (has(v.efsVolumeConfiguration) && has(v.efsVolumeConfiguration.rootDirectory) ? size(v.efsVolumeConfiguration.rootDirectory) : 0)).sum() : 0) <= 51200",message="spec.template is larger than CloudFormation takes: environment, environmentFiles, secrets, command, entryPoint, healthCheck.command, image, workingDirectory, logConfiguration, firelensConfiguration, dockerLabels, systemControls, mountPoints and volumesFrom of all spec.template.containers, and spec.template.volumes, may have 51200 characters in all: shorten them, or have the application read what is long from a file, Amazon S3 or AWS Systems Manager"
type RevisionTemplate struct {
	// containers of the task definition.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	Containers []Container `json:"containers,omitempty"`

	// cpu is the task's CPU in units of 1/1024 vCPU, one of Fargate's sizes:
	// "256", "512", "1024", "2048", "4096", "8192" or "16384".
	// +required
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self in ['256','512','1024','2048','4096','8192','16384']",message="spec.template.cpu is a number of CPU units in quotes, without vCPU: \"256\" (.25 vCPU), \"512\" (.5 vCPU), \"1024\" (1 vCPU), \"2048\", \"4096\", \"8192\" or \"16384\""
	CPU string `json:"cpu,omitempty"`

	// memory is the task's memory in MiB, one of Fargate's sizes for the CPU.
	// +required
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[1-9][0-9]{2,5}$')",message="spec.template.memory is a number of MiB in quotes, without a unit: \"512\" for 0.5 GB, \"2048\" for 2 GB"
	Memory string `json:"memory,omitempty"`

	// executionRoleARN is the IAM role with which ECS pulls the images, reads
	// the secrets and writes the logs. It may be left out where ECS does nothing
	// of that: with public images and another log driver than awslogs.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\\\w+=,.@/-]+$')",message="spec.template.executionRoleARN is the role's ARN, not its name: arn:aws:iam::<account>:role/<name>"
	ExecutionRoleARN string `json:"executionRoleARN,omitempty"`

	// taskRoleARN is the IAM role of the application itself.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\\\w+=,.@/-]+$')",message="spec.template.taskRoleARN is the role's ARN, not its name: arn:aws:iam::<account>:role/<name>; leave it out if the application has no role"
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
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9_-]+$')",message="spec.template.cluster is the cluster's name, the part after cluster/ of its ARN: letters, digits, - and _"
	Cluster string `json:"cluster,omitempty"`

	// logRetentionDays is how long CloudWatch Logs keeps the containers'
	// output in the log group of the stack, which is deleted with the stack. It
	// says nothing of other log groups.
	// +optional
	// +default=30
	// +kubebuilder:validation:Enum=1;3;5;7;14;30;60;90;120;150;180;365;400;545;731;1096;1827;2192;2557;2922;3288;3653
	LogRetentionDays *int32 `json:"logRetentionDays,omitempty"`

	// deploymentConfiguration says how many tasks ECS runs while it replaces
	// some of a revision's own, for example unhealthy ones. If omitted, it is
	// 200 and 100 percent, so that a task is replaced before it is stopped;
	// in a revision that is made while spec.strategy.type is Recreate, 100 and
	// 0 percent, so that it is stopped first. It has nothing to do with the
	// change from one revision to the next.
	// +optional
	DeploymentConfiguration *DeploymentConfiguration `json:"deploymentConfiguration,omitempty"`

	// availabilityZoneRebalancing says whether ECS moves tasks to other
	// availability zones to balance them: it starts one before it stops another.
	// If omitted, ECS decides, which is ENABLED for new services; with a
	// maximumPercent of 100 it is DISABLED.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	AvailabilityZoneRebalancing string `json:"availabilityZoneRebalancing,omitempty"`

	// volumes that containers may mount.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	Volumes []Volume `json:"volumes,omitempty"`

	// ephemeralStorage of the task, if the usual 20 GiB are too few. Images and
	// volumes that aren't file systems of EFS are on it.
	// +optional
	EphemeralStorage *EphemeralStorage `json:"ephemeralStorage,omitempty"`

	// pidMode task lets the containers of a task see each other's processes.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self == 'task'",message="spec.template.pidMode can only be task: on Fargate no task sees its host's processes"
	PIDMode string `json:"pidMode,omitempty"`

	// platformVersion of Fargate, such as 1.4.0; LATEST if omitted.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^(LATEST|[0-9]+[.][0-9]+[.][0-9]+)$')",message="spec.template.platformVersion is LATEST or a version of Fargate's platform, such as 1.4.0"
	PlatformVersion string `json:"platformVersion,omitempty"`

	// capacityProviderStrategy divides the tasks between Fargate and Fargate Spot;
	// all run on Fargate if omitted. A cluster of the stack's own gets the
	// providers; an existing one has to have them. A task that AWS takes back
	// isn't held against its revision.
	// +optional
	// +kubebuilder:validation:MaxItems=2
	// +listType=map
	// +listMapKey=capacityProvider
	CapacityProviderStrategy []CapacityProviderStrategyItem `json:"capacityProviderStrategy,omitempty"`

	// enableExecuteCommand lets people run commands in the containers (aws ecs
	// execute-command), as far as IAM allows them. It needs taskRoleARN, and root
	// file systems that can be written.
	// +optional
	EnableExecuteCommand *bool `json:"enableExecuteCommand,omitempty"`

	// serviceConnectConfiguration lets the tasks reach other services of a
	// namespace by their short names. They can't be reached in this way.
	// +optional
	ServiceConnectConfiguration *ServiceConnectConfiguration `json:"serviceConnectConfiguration,omitempty"`

	// serviceRegistries is the service of AWS Cloud Map that the tasks of a worker
	// register with, so that they are found by its name. While two revisions run,
	// it leads to the tasks of both.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1
	// +listType=atomic
	ServiceRegistries []ServiceRegistry `json:"serviceRegistries,omitempty"`

	// tags of the stack and, through CloudFormation, of all its resources.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	// +listType=map
	// +listMapKey=key
	Tags []Tag `json:"tags,omitempty"`
}

// DeploymentConfiguration says how ECS replaces a service's tasks, in percent of
// the desired count.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maximumPercent) || self.maximumPercent > 100 || has(self.minimumHealthyPercent) && self.minimumHealthyPercent < 100",message="deploymentConfiguration with maximumPercent: 100 needs a minimumHealthyPercent below 100, such as 0: otherwise ECS could replace no task"
type DeploymentConfiguration struct {
	// maximumPercent of the tasks that may run. With 100, a task is stopped
	// before another one replaces it.
	// +optional
	// +kubebuilder:validation:Minimum=100
	// +kubebuilder:validation:Maximum=200
	MaximumPercent *int32 `json:"maximumPercent,omitempty"`

	// minimumHealthyPercent of the tasks that stay running.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MinimumHealthyPercent *int32 `json:"minimumHealthyPercent,omitempty"`

	// deploymentCircuitBreaker ends the creation of a stack whose tasks fail.
	// It is always enabled, and never rolls back: Viridian does.
	// +optional
	DeploymentCircuitBreaker *DeploymentCircuitBreaker `json:"deploymentCircuitBreaker,omitempty"`
}

// DeploymentCircuitBreaker says which failures of tasks count.
type DeploymentCircuitBreaker struct {
	// resetOnHealthyTask false keeps counting failed tasks although one got
	// healthy in between, which finds tasks that get healthy and die. AWS's
	// default is true.
	// +optional
	ResetOnHealthyTask *bool `json:"resetOnHealthyTask,omitempty"`
}

// RuntimePlatform is what the tasks run on.
//
// +kubebuilder:validation:XValidation:rule="!has(self.operatingSystemFamily) || self.operatingSystemFamily == 'LINUX'",message="spec.template.runtimePlatform.operatingSystemFamily can only be LINUX: leave it out"
type RuntimePlatform struct {
	// cpuArchitecture of the images.
	// +optional
	// +default="X86_64"
	// +kubebuilder:validation:Enum=X86_64;ARM64
	CPUArchitecture string `json:"cpuArchitecture,omitempty"`

	// operatingSystemFamily is taken as task definitions have it, and says
	// nothing: it can only be LINUX.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OperatingSystemFamily string `json:"operatingSystemFamily,omitempty"`
}

// Network is where the tasks get their elastic network interfaces.
type Network struct {
	// vpcID of the VPC.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^vpc-[0-9a-z]+$')",message="spec.template.network.vpcID is the VPC's ID, vpc-..., not its name"
	VPCID string `json:"vpcID,omitempty"`

	// subnetIDs of the tasks. Those in two or more availability zones keep the
	// application running when one zone fails.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^subnet-[0-9a-z]+$')",message="spec.template.network.subnetIDs are the subnets' IDs, subnet-..., not their names"
	// +listType=set
	SubnetIDs []string `json:"subnetIDs,omitempty"`

	// loadBalancerSecurityGroupIDs are the load balancer's security groups;
	// the stack's own security group lets them reach the target port. They go
	// with target; a worker has none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^sg-[0-9a-z]+$')",message="spec.template.network.loadBalancerSecurityGroupIDs are the security groups' IDs, sg-..., not their names"
	// +listType=set
	LoadBalancerSecurityGroupIDs []string `json:"loadBalancerSecurityGroupIDs,omitempty"`

	// securityGroupIDs are further security groups of the tasks.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^sg-[0-9a-z]+$')",message="spec.template.network.securityGroupIDs are the security groups' IDs, sg-..., not their names"
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
//
// +kubebuilder:validation:XValidation:rule="!has(self.healthCheck) || !has(self.healthCheck.grpcCodes) || has(self.protocolVersion) && self.protocolVersion == 'GRPC'",message="spec.template.target.healthCheck.grpcCodes goes with spec.template.target.protocolVersion: GRPC; otherwise healthCheck.successCodes says which HTTP codes are healthy"
// +kubebuilder:validation:XValidation:rule="!has(self.protocolVersion) || self.protocolVersion != 'GRPC' || !has(self.healthCheck) || !has(self.healthCheck.successCodes) || self.healthCheck.successCodes == '200'",message="spec.template.target.healthCheck.successCodes are HTTP codes, and with protocolVersion: GRPC the check reads gRPC's: set healthCheck.grpcCodes instead"
// +kubebuilder:validation:XValidation:rule="!has(self.protocolVersion) || self.protocolVersion != 'GRPC' || !has(self.healthCheck) || !has(self.healthCheck.path) || self.healthCheck.path == '/' || self.healthCheck.path.matches('^/[^/]+/[^/]+$')",message="spec.template.target.healthCheck.path is a gRPC method with protocolVersion: GRPC, /package.service/method; leave it out for the load balancer's own, /AWS.ALB/healthcheck, which a server answers with code 12"
// +kubebuilder:validation:XValidation:rule="!has(self.slowStartSeconds) || !has(self.loadBalancingAlgorithm) || self.loadBalancingAlgorithm == 'round_robin'",message="spec.template.target.slowStartSeconds needs loadBalancingAlgorithm: round_robin, which is the default: leave out one of the two"
// +kubebuilder:validation:XValidation:rule="!has(self.anomalyMitigation) || self.anomalyMitigation != 'ENABLED' || has(self.loadBalancingAlgorithm) && self.loadBalancingAlgorithm == 'weighted_random'",message="spec.template.target.anomalyMitigation: ENABLED needs loadBalancingAlgorithm: weighted_random"
// +kubebuilder:validation:XValidation:rule="!has(self.stickiness) || !has(self.loadBalancingAlgorithm) || self.loadBalancingAlgorithm != 'weighted_random'",message="spec.template.target.stickiness can't be had with loadBalancingAlgorithm: weighted_random: use another one, or leave stickiness out"
// +kubebuilder:validation:XValidation:rule="!has(self.stickiness) || !has(self.crossZone) || self.crossZone != 'DISABLED'",message="spec.template.target.stickiness can't be had with crossZone: DISABLED: leave out one of the two"
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

	// protocol that the load balancer speaks with the tasks; HTTP if omitted. With
	// HTTPS it takes any certificate, self-signed and expired ones, too.
	// +optional
	// +kubebuilder:validation:Enum=HTTP;HTTPS
	Protocol string `json:"protocol,omitempty"`

	// protocolVersion that it speaks: HTTP1, which is also meant if it is
	// omitted, HTTP2 or GRPC. The last two need an HTTPS listener.
	// +optional
	// +kubebuilder:validation:Enum=HTTP1;HTTP2;GRPC
	ProtocolVersion string `json:"protocolVersion,omitempty"`

	// stickiness keeps a client with the task that answered it first. With
	// spec.traffic.loadBalancer.listenerARN it needs
	// spec.traffic.loadBalancer.stickiness besides; with ruleARN, the rule has to
	// have target group stickiness. If omitted, each request goes anywhere.
	// +optional
	Stickiness *TargetStickiness `json:"stickiness,omitempty"`

	// slowStartSeconds is how long a new task's share of the requests grows to the
	// full one, 30 to 900; if omitted, it gets that at once. The first healthy
	// task of a revision has no slow start, so it gets most of the revision's
	// requests while the others warm up.
	// +optional
	// +kubebuilder:validation:Minimum=30
	// +kubebuilder:validation:Maximum=900
	SlowStartSeconds *int32 `json:"slowStartSeconds,omitempty"`

	// loadBalancingAlgorithm by which requests are divided among the tasks of the
	// revision; round_robin if omitted.
	// +optional
	// +kubebuilder:validation:Enum=round_robin;least_outstanding_requests;weighted_random
	LoadBalancingAlgorithm string `json:"loadBalancingAlgorithm,omitempty"`

	// anomalyMitigation ENABLED sends fewer requests to tasks that fail more of
	// them than others. It goes with loadBalancingAlgorithm weighted_random;
	// DISABLED if omitted.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	AnomalyMitigation string `json:"anomalyMitigation,omitempty"`

	// crossZone DISABLED has each node of the load balancer send requests to tasks
	// of its own availability zone only. Every zone then needs enough tasks. If
	// omitted, the load balancer decides.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	CrossZone string `json:"crossZone,omitempty"`

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
	// after it left the rule, and again until its tasks are gone: with more
	// than 1500, CloudFormation may give up the deletion of the service after
	// 30 minutes, and the stack is deleted by a second attempt.
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
	// port that is checked: traffic-port, which is also meant if it is omitted, for
	// containerPort; or another port that a container maps, in quotes. The stack's
	// security group lets the load balancer reach it.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self == 'traffic-port' || self.matches('^[1-9][0-9]{0,4}$')",message="spec.template.target.healthCheck.port is traffic-port, or a port in quotes, such as \"8081\""
	Port string `json:"port,omitempty"`

	// protocol of the check, HTTP or HTTPS; the target's if omitted.
	// +optional
	// +kubebuilder:validation:Enum=HTTP;HTTPS
	Protocol string `json:"protocol,omitempty"`

	// grpcCodes are the gRPC codes of a healthy target with protocolVersion GRPC,
	// 0 to 99: "0", "0,12" or "0-5". If omitted, 12, with which a server answers
	// the default path.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,2}([,-][0-9]{1,2})*$')",message="spec.template.target.healthCheck.grpcCodes are gRPC codes from 0 to 99, such as \"0\", \"0,12\" or \"0-5\""
	GRPCCodes string `json:"grpcCodes,omitempty"`

	// path that is requested. With protocolVersion GRPC it is a method,
	// /package.service/method, and / stands for /AWS.ALB/healthcheck.
	// +optional
	// +default="/"
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="spec.template.target.healthCheck.path begins with /"
	Path string `json:"path,omitempty"`

	// successCodes are the HTTP codes of a healthy target: "200",
	// "200,202" or "200-299".
	// +optional
	// +default="200"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[2-4][0-9]{2}([,-][2-4][0-9]{2})*$')",message="spec.template.target.healthCheck.successCodes are HTTP codes from 200 to 499, such as \"200\", \"200,202\" or \"200-299\""
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

// Tag is a key and value on AWS resources. Only the characters that all of
// CloudFormation, ECS, Elastic Load Balancing and CloudWatch Logs take may be in
// them.
type Tag struct {
	// key of the tag.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.lowerAscii().startsWith('aws:') && !self.startsWith('viridian.dev/')",message="tag keys that begin with aws: or viridian.dev/ are reserved"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]*$')",message="the key of a tag may have letters, digits, spaces and _ . : / = + - @: other characters are refused by AWS"
	Key string `json:"key,omitempty"`

	// value of the tag.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]*$')",message="the value of a tag may have letters, digits, spaces and _ . : / = + - @: other characters are refused by AWS"
	Value string `json:"value,omitempty"`
}
