package v1alpha1

// RevisionTemplate describes the ECS service that a revision runs. Its terms
// are those of ECS task definitions and services. Any change to it creates a
// new revision with a new stack.
//
// +kubebuilder:validation:XValidation:rule="!has(self.target) || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort) && (!has(self.target.containerName) || c.name == self.target.containerName))",message="spec.template.target must name a container and a containerPort that one of spec.template.containers maps"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.healthCheck) || !has(self.target.healthCheck.port) || self.target.healthCheck.port == 'traffic-port' || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, string(p.containerPort) == self.target.healthCheck.port))",message="spec.template.target.healthCheck.port must be traffic-port or a containerPort that one of spec.template.containers maps: correct it, or add the port mapping"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceRegistries) || self.serviceRegistries.all(r, !has(r.containerPort) || !has(r.containerName) || self.containers.exists(c, c.name == r.containerName && has(c.portMappings) && c.portMappings.exists(p, p.containerPort == r.containerPort)))",message="spec.template.serviceRegistries[].containerName must name one of spec.template.containers that maps containerPort: correct one of them, or add the port mapping"
// +kubebuilder:validation:XValidation:rule="self.containers.exists(c, !has(c.essential) || c.essential)",message="spec.template.containers needs at least one container with essential: true"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || !has(self.cpu) || !has(self.memory) || !(self.cpu in ['256','512','1024','2048','4096','8192','16384']) || !self.memory.matches('^[1-9][0-9]{2,5}$') || (self.cpu == '256' ? self.memory in ['512','1024','2048'] : self.cpu == '512' ? self.memory in ['1024','2048','3072','4096'] : self.cpu == '1024' ? int(self.memory) >= 2048 && int(self.memory) <= 8192 && int(self.memory) % 1024 == 0 : self.cpu == '2048' ? int(self.memory) >= 4096 && int(self.memory) <= 16384 && int(self.memory) % 1024 == 0 : self.cpu == '4096' ? int(self.memory) >= 8192 && int(self.memory) <= 30720 && int(self.memory) % 1024 == 0 : self.cpu == '8192' ? int(self.memory) >= 16384 && int(self.memory) <= 61440 && int(self.memory) % 4096 == 0 : int(self.memory) >= 32768 && int(self.memory) <= 122880 && int(self.memory) % 8192 == 0)",message="spec.template.memory doesn't fit spec.template.cpu on Fargate: 256 takes 512, 1024 or 2048; 512 takes 1024-4096; 1024 takes 2048-8192; 2048 takes 4096-16384; 4096 takes 8192-30720 (steps of 1024); 8192 takes 16384-61440 (steps of 4096); 16384 takes 32768-122880 (steps of 8192)"
// +kubebuilder:validation:XValidation:rule="!has(self.cpu) || !self.cpu.matches('^[1-9][0-9]{2,5}$') || self.containers.map(c, has(c.cpu) ? c.cpu : 0).sum() <= int(self.cpu)",message="the cpu of all spec.template.containers may not be more than spec.template.cpu in all: lower or leave out theirs, or raise spec.template.cpu"
// +kubebuilder:validation:XValidation:rule="!has(self.memory) || !self.memory.matches('^[1-9][0-9]{2,5}$') || self.containers.all(c, (!has(c.memory) || c.memory <= int(self.memory)) && (!has(c.memoryReservation) || c.memoryReservation <= int(self.memory)))",message="memory and memoryReservation of a container may not be more than spec.template.memory: lower or leave out the container's, or raise spec.template.memory"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.dependsOn) || c.dependsOn.all(d, self.containers.exists(o, o.name == d.containerName)))",message="dependsOn names one of spec.template.containers: correct its containerName, or add the container"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.dependsOn) || c.dependsOn.all(d, !(d.condition in ['SUCCESS', 'COMPLETE']) || !self.containers.exists(o, o.name == d.containerName && (!has(o.essential) || o.essential))))",message="dependsOn with condition SUCCESS or COMPLETE waits for a container that ends, so that one needs essential: false (without it, a container is essential, and the task ends when it does)"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.dependsOn) || c.dependsOn.all(d, d.condition != 'HEALTHY' || !self.containers.exists(o, o.name == d.containerName && !has(o.healthCheck))))",message="dependsOn with condition HEALTHY needs a healthCheck of the container that is waited for: add it, or use condition START"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.startTimeout) || self.containers.exists(o, has(o.dependsOn) && o.dependsOn.exists(d, d.containerName == c.name && d.condition != 'START')))",message="startTimeout of a container is how long others wait for it, and none does: set it on the container that dependsOn of another names with condition COMPLETE, SUCCESS or HEALTHY, or leave it out"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, (!has(c.startTimeout) || c.startTimeout <= 120) && (!has(c.stopTimeout) || c.stopTimeout <= 120))",message="startTimeout and stopTimeout of a container are 120 seconds at most on Fargate: lower them, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="has(self.networkMode) && self.networkMode == 'bridge' || self.containers.all(c, !has(c.links) || c.links.size() == 0)",message="links of a container go with spec.template.networkMode: bridge only: leave them out; with awsvpc and host, the containers of a task reach each other at localhost"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.links) || c.links.map(l, l.split(':')[0]).all(n, n != c.name && self.containers.exists(o, o.name == n)))",message="links of a container name others of spec.template.containers, as <name> or <name>:<alias>: correct the name, or add the container"
// +kubebuilder:validation:XValidation:rule="!has(self.healthCheckGracePeriodSeconds) || !has(self.target)",message="spec.template.healthCheckGracePeriodSeconds is for workers: with spec.template.target, use spec.template.target.healthCheckGracePeriodSeconds, which is for the health checks of containers, too"
// +kubebuilder:validation:XValidation:rule="!has(self.healthCheckGracePeriodSeconds) || self.containers.exists(c, has(c.healthCheck) && (!has(c.essential) || c.essential))",message="spec.template.healthCheckGracePeriodSeconds needs an essential container with a healthCheck, since there is nothing else that it is for: add one, or leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || self.containers.all(c, !has(c.portMappings) || has(self.target.containerName) && c.name != self.target.containerName || c.portMappings.filter(p, p.containerPort == self.target.containerPort).size() < 2)",message="spec.template.target names a port that a container maps for TCP and for UDP, which ECS refuses behind a load balancer: leave out the mapping with protocol: udp, or use another port"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceRegistries) || self.serviceRegistries.all(r, !has(r.containerPort) || !has(r.containerName) || self.containers.all(c, c.name != r.containerName || !has(c.portMappings) || c.portMappings.filter(p, p.containerPort == r.containerPort).size() < 2))",message="spec.template.serviceRegistries[].containerPort is mapped for TCP and for UDP, so that an SRV record can't tell which is meant: leave out one of the mappings, or use another port"
// +kubebuilder:validation:XValidation:rule="!self.containers.exists(c, has(c.logConfiguration) && c.logConfiguration.logDriver == 'awsfirelens') || self.containers.exists(c, has(c.firelensConfiguration))",message="logConfiguration with the driver awsfirelens needs a log router: add a container with firelensConfiguration, such as {type: fluentbit}, to spec.template.containers"
// +kubebuilder:validation:XValidation:rule="!self.containers.exists(c, has(c.firelensConfiguration)) || self.containers.exists(c, has(c.logConfiguration) && c.logConfiguration.logDriver == 'awsfirelens')",message="firelensConfiguration makes a container a log router, which no container uses: give at least one a logConfiguration with logDriver: awsfirelens, or leave out firelensConfiguration"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort && has(p.protocol) && p.protocol == 'udp') && (!has(self.target.containerName) || c.name == self.target.containerName)) || self.containers.exists(c, has(c.portMappings) && c.portMappings.exists(p, p.containerPort == self.target.containerPort && (!has(p.protocol) || p.protocol != 'udp')) && (!has(self.target.containerName) || c.name == self.target.containerName))",message="spec.template.target names a port with protocol: udp: the load balancer sends requests and checks health by TCP, so name a port with protocol: tcp"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.portMappings) || c.portMappings.all(p, !has(p.name) || self.containers.map(o, has(o.portMappings) ? o.portMappings.filter(q, has(q.name) && q.name == p.name).size() : 0).sum() == 1))",message="two port mappings of spec.template.containers have the same name: rename one, or leave its name out"
// +kubebuilder:validation:XValidation:rule="!has(self.availabilityZoneRebalancing) || self.availabilityZoneRebalancing != 'ENABLED' || !has(self.deploymentConfiguration) || !has(self.deploymentConfiguration.maximumPercent) || self.deploymentConfiguration.maximumPercent > 100",message="spec.template.availabilityZoneRebalancing: ENABLED starts tasks before it stops others, so it needs a spec.template.deploymentConfiguration.maximumPercent above 100"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.mountPoints) || c.mountPoints.all(m, has(self.volumes) && self.volumes.exists(v, v.name == m.sourceVolume)))",message="sourceVolume of a mount point names one of spec.template.volumes: correct it, or add the volume"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.volumesFrom) || c.volumesFrom.all(f, self.containers.exists(o, o.name == f.sourceContainer)))",message="volumesFrom names one of spec.template.containers: correct its sourceContainer, or add the container"
// +kubebuilder:validation:XValidation:rule="has(self.executionRoleARN) || self.containers.all(c, (has(self.launchType) && self.launchType == 'EC2' || !c.image.matches('^[0-9]{12}[.]dkr[.-]ecr') && has(c.logConfiguration) && c.logConfiguration.logDriver != 'awslogs') && (!has(c.logConfiguration) || !has(c.logConfiguration.secretOptions) || c.logConfiguration.secretOptions.size() == 0) && (!has(c.secrets) || c.secrets.size() == 0) && !has(c.repositoryCredentials) && (!has(c.environmentFiles) || c.environmentFiles.size() == 0))",message="a container needs spec.template.executionRoleARN, the role with which ECS pulls images, reads secrets and writes logs: arn:aws:iam::<account>:role/<name>. It may be left out if each container has an image outside of Amazon ECR's private registries, a logConfiguration with another logDriver than awslogs, and no secrets, secretOptions, repositoryCredentials and environmentFiles; on instances of EC2, if each has none of the last four, since the instance's role pulls and logs"
// +kubebuilder:validation:XValidation:rule="has(self.taskRoleARN) || !has(self.volumes) || self.volumes.all(v, !has(v.efsVolumeConfiguration) || !has(v.efsVolumeConfiguration.authorizationConfig) || !has(v.efsVolumeConfiguration.authorizationConfig.iam) || v.efsVolumeConfiguration.authorizationConfig.iam != 'ENABLED')",message="authorizationConfig.iam: ENABLED of a volume mounts it with the task role: set spec.template.taskRoleARN to one that may elasticfilesystem:ClientMount, and ClientWrite to write"
// +kubebuilder:validation:XValidation:rule="has(self.taskRoleARN) || !has(self.enableExecuteCommand) || !self.enableExecuteCommand",message="spec.template.enableExecuteCommand needs a task role: set spec.template.taskRoleARN to one that may ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel"
// +kubebuilder:validation:XValidation:rule="!has(self.platformVersion) || !(self.platformVersion in ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) || !has(self.ephemeralStorage) && !has(self.pidMode) && (!has(self.enableExecuteCommand) || !self.enableExecuteCommand) && (!has(self.volumes) || self.volumes.all(v, !has(v.efsVolumeConfiguration)))",message="ephemeralStorage, pidMode, enableExecuteCommand and efsVolumeConfiguration need Fargate's platform version 1.4.0 or later: leave out spec.template.platformVersion"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || has(self.cpu) && has(self.memory)",message="spec.template.cpu and spec.template.memory are needed on Fargate, such as \"256\" and \"512\": add both; only with spec.template.launchType: EC2 may they be left out"
// +kubebuilder:validation:XValidation:rule="!has(self.cpu) || !self.cpu.matches('^[1-9][0-9]{2,5}$') || (has(self.launchType) && self.launchType == 'EC2' ? int(self.cpu) >= 128 && int(self.cpu) <= 196608 : self.cpu in ['256','512','1024','2048','4096','8192','16384'])",message="spec.template.cpu is one of Fargate's sizes, \"256\", \"512\", \"1024\", \"2048\", \"4096\", \"8192\" or \"16384\"; with spec.template.launchType: EC2 it is 128 to 196608"
// +kubebuilder:validation:XValidation:rule="!(has(self.launchType) && self.launchType == 'EC2') || has(self.memory) || self.containers.all(c, has(c.memory) || has(c.memoryReservation))",message="without spec.template.memory, each of spec.template.containers needs memory, which is its limit, or memoryReservation: add one of them, or spec.template.memory"
// +kubebuilder:validation:XValidation:rule="!(has(self.launchType) && self.launchType == 'EC2') || has(self.cluster)",message="spec.template.launchType: EC2 needs spec.template.cluster, a cluster with container instances: one of the stack's own would have none"
// +kubebuilder:validation:XValidation:rule="!has(self.capacityProviderStrategy) || self.capacityProviderStrategy.all(p, (p.capacityProvider in ['FARGATE', 'FARGATE_SPOT']) != (has(self.launchType) && self.launchType == 'EC2'))",message="capacityProvider in spec.template.capacityProviderStrategy is FARGATE or FARGATE_SPOT, and with spec.template.launchType: EC2 the name of a provider of instances: correct the name, or set launchType: EC2"
// +kubebuilder:validation:XValidation:rule="!(has(self.launchType) && self.launchType == 'EC2') || has(self.networkMode)",message="spec.template.networkMode has to be said with launchType: EC2: awsvpc gives each task a network interface of its own, bridge ports of its instance, which is what task definitions without a networkMode mean, and host the instance's own network"
// +kubebuilder:validation:XValidation:rule="!has(self.networkMode) || self.networkMode == 'awsvpc' || has(self.launchType) && self.launchType == 'EC2'",message="spec.template.networkMode can only be awsvpc on Fargate: leave it out, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="has(self.networkMode) && self.networkMode in ['bridge', 'host'] || has(self.network) && has(self.network.vpcID) && has(self.network.subnetIDs)",message="spec.template.network.vpcID and subnetIDs are needed by tasks with a network interface of their own: add them; only with spec.template.networkMode: bridge or host have tasks none"
// +kubebuilder:validation:XValidation:rule="!(has(self.networkMode) && self.networkMode in ['bridge', 'host']) || !has(self.network) || !has(self.network.subnetIDs) && !has(self.network.securityGroupIDs) && !has(self.network.loadBalancerSecurityGroupIDs)",message="tasks with spec.template.networkMode: bridge or host use the network interface of their instance: leave out subnetIDs, securityGroupIDs and loadBalancerSecurityGroupIDs of spec.template.network, and let the security group of the instances take requests of the load balancer"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || has(self.network) && has(self.network.vpcID)",message="spec.template.target needs spec.template.network.vpcID, the VPC of the load balancer and of the instances: add it"
// +kubebuilder:validation:XValidation:rule="!(has(self.launchType) && self.launchType == 'EC2') || !has(self.network) || !has(self.network.assignPublicIP) || self.network.assignPublicIP != 'ENABLED'",message="spec.template.network.assignPublicIP: ENABLED is not possible with spec.template.launchType: EC2: leave it out, and give the subnets a NAT gateway or VPC endpoints"
// +kubebuilder:validation:XValidation:rule="self.containers.all(c, !has(c.portMappings) || c.portMappings.all(p, !has(p.hostPort) || p.hostPort == p.containerPort || has(self.networkMode) && self.networkMode == 'bridge'))",message="hostPort of a port mapping is the same as containerPort, unless spec.template.networkMode is bridge, where 0 means any free port: leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.networkMode) || self.networkMode != 'bridge' || !has(self.target) || !has(self.target.healthCheck) || !has(self.target.healthCheck.port) || self.target.healthCheck.port == 'traffic-port'",message="spec.template.target.healthCheck.port can only be traffic-port with spec.template.networkMode: bridge, since other ports of a task are not the same on each instance: leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.networkMode) || self.networkMode != 'host' || !has(self.serviceConnectConfiguration) || !self.serviceConnectConfiguration.enabled",message="spec.template.serviceConnectConfiguration can't be had with spec.template.networkMode: host: use bridge or awsvpc, or leave it out"
// +kubebuilder:validation:XValidation:rule="!(has(self.networkMode) && self.networkMode in ['bridge', 'host']) || !has(self.serviceRegistries) || self.serviceRegistries.all(r, has(r.containerPort))",message="spec.template.serviceRegistries[] needs containerName and containerPort with spec.template.networkMode: bridge or host, and a service of AWS Cloud Map with SRV records: add them"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || !has(self.placementConstraints) && !has(self.placementStrategy) && !has(self.ipcMode)",message="spec.template.placementConstraints, placementStrategy and ipcMode are for tasks on instances: leave them out, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="!(has(self.launchType) && self.launchType == 'EC2') || !has(self.ephemeralStorage) && !has(self.platformVersion)",message="spec.template.ephemeralStorage and platformVersion are Fargate's: leave them out with spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="!has(self.pidMode) || self.pidMode == 'task' || has(self.launchType) && self.launchType == 'EC2'",message="spec.template.pidMode can only be task on Fargate, where no task sees its host's processes: leave it out, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || !has(self.volumes) || self.volumes.all(v, !has(v.dockerVolumeConfiguration) && (!has(v.host) || !has(v.host.sourcePath) || v.host.sourcePath.size() == 0))",message="host.sourcePath and dockerVolumeConfiguration of a volume are for tasks on instances: leave them out, and the containers share an empty directory, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, !has(c.privileged) || !c.privileged)",message="privileged isn't possible on Fargate: leave it out; linuxParameters.capabilities.add can have SYS_PTRACE"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, !has(c.linuxParameters) || !has(c.linuxParameters.capabilities) || !has(c.linuxParameters.capabilities.add) || c.linuxParameters.capabilities.add.all(n, n == 'SYS_PTRACE'))",message="linuxParameters.capabilities.add can only have SYS_PTRACE on Fargate: leave out the others"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, !has(c.linuxParameters) || !has(c.linuxParameters.devices) && !has(c.linuxParameters.sharedMemorySize) && !has(c.linuxParameters.maxSwap) && !has(c.linuxParameters.swappiness))",message="devices, sharedMemorySize, maxSwap and swappiness of linuxParameters aren't possible on Fargate: leave them out, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, !has(c.dockerSecurityOptions) && !has(c.resourceRequirements))",message="dockerSecurityOptions and resourceRequirements of a container aren't possible on Fargate: leave them out, or set spec.template.launchType: EC2"
// +kubebuilder:validation:XValidation:rule="has(self.networkMode) && self.networkMode in ['bridge', 'host'] || self.containers.all(c, (!has(c.extraHosts) || size(c.extraHosts) == 0) && !has(c.hostname) && !has(c.dnsServers) && !has(c.dnsSearchDomains) && (!has(c.disableNetworking) || !c.disableNetworking))",message="extraHosts, hostname, dnsServers, dnsSearchDomains and disableNetworking aren't possible in a task with a network interface of its own (awsvpc): leave them out; names can have records in a private hosted zone of Amazon Route 53, or the entry point can add them to /etc/hosts"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, !has(c.logConfiguration) || c.logConfiguration.logDriver in ['awslogs','splunk','awsfirelens'])",message="logConfiguration.logDriver is awslogs, splunk or awsfirelens: Fargate has no others; FireLens sends to most destinations"
// +kubebuilder:validation:XValidation:rule="has(self.launchType) && self.launchType == 'EC2' || self.containers.all(c, !has(c.firelensConfiguration) || !has(c.firelensConfiguration.options) || !('config-file-type' in c.firelensConfiguration.options) || c.firelensConfiguration.options['config-file-type'] == 'file')",message="config-file-type of firelensConfiguration.options can only be file on Fargate: put the file into the image, or use an image that reads it from Amazon S3 by itself, such as the init tags of aws-for-fluent-bit"
// +kubebuilder:validation:XValidation:rule="!has(self.capacityProviderStrategy) || self.capacityProviderStrategy.size() == 0 || self.capacityProviderStrategy.exists(p, has(p.weight) && p.weight > 0)",message="spec.template.capacityProviderStrategy needs a provider with a weight above 0: without a weight, no task is placed on it; add weight: 1"
// +kubebuilder:validation:XValidation:rule="!has(self.capacityProviderStrategy) || self.capacityProviderStrategy.filter(p, has(p.base) && p.base > 0).size() < 2",message="only one provider of spec.template.capacityProviderStrategy may have a base: leave out the other"
// +kubebuilder:validation:XValidation:rule="self.containers.map(c, size(c.image) + (has(c.workingDirectory) ? size(c.workingDirectory) : 0) + (has(c.environment) ? c.environment.map(e, size(e.name) + (has(e.value) ? size(e.value) : 0) + (has(e.valueFrom) ? size(e.valueFrom.ssm) : 0)).sum() : 0) + (has(c.secrets) ? c.secrets.map(s, size(s.name) + size(s.valueFrom)).sum() : 0) + (has(c.command) ? c.command.map(s, size(s)).sum() : 0) + (has(c.entryPoint) ? c.entryPoint.map(s, size(s)).sum() : 0) + (has(c.healthCheck) ? c.healthCheck.command.map(s, size(s)).sum() : 0) + (has(c.logConfiguration) && has(c.logConfiguration.options) ? c.logConfiguration.options.map(k, size(k) + size(c.logConfiguration.options[k])).sum() : 0) + (has(c.logConfiguration) && has(c.logConfiguration.secretOptions) ? c.logConfiguration.secretOptions.map(s, size(s.name) + size(s.valueFrom)).sum() : 0) + (has(c.firelensConfiguration) && has(c.firelensConfiguration.options) ? c.firelensConfiguration.options.map(k, size(k) + size(c.firelensConfiguration.options[k])).sum() : 0) + (has(c.dockerLabels) ? c.dockerLabels.map(k, size(k) + size(c.dockerLabels[k])).sum() : 0) + (has(c.environmentFiles) ? c.environmentFiles.map(f, size(f.value)).sum() : 0) + (has(c.systemControls) ? c.systemControls.map(s, size(s.namespace) + size(s.value)).sum() : 0) + (has(c.mountPoints) ? c.mountPoints.map(m, size(m.sourceVolume) + size(m.containerPath)).sum() : 0) + (has(c.volumesFrom) ? c.volumesFrom.map(v, size(v.sourceContainer)).sum() : 0) + (has(c.extraHosts) ? c.extraHosts.map(h, size(h.hostname) + size(h.ipAddress)).sum() : 0)).sum() + (has(self.volumes) ? self.volumes.map(v, size(v.name) + (has(v.efsVolumeConfiguration) && has(v.efsVolumeConfiguration.rootDirectory) ? size(v.efsVolumeConfiguration.rootDirectory) : 0)).sum() : 0) <= 51200",message="spec.template is larger than CloudFormation takes: environment, environmentFiles, secrets, command, entryPoint, healthCheck.command, image, workingDirectory, logConfiguration, firelensConfiguration, dockerLabels, systemControls, extraHosts, mountPoints and volumesFrom of all spec.template.containers, and spec.template.volumes, may have 51200 characters in all: shorten them, or have the application read what is long from a file, Amazon S3 or AWS Systems Manager"
// +kubebuilder:validation:XValidation:rule="has(self.parameterPath) || self.containers.all(c, (!has(c.secrets) || c.secrets.all(s, s.valueFrom.startsWith('/') || s.valueFrom.startsWith('arn:'))) && (!has(c.logConfiguration) || !has(c.logConfiguration.secretOptions) || c.logConfiguration.secretOptions.all(s, s.valueFrom.startsWith('/') || s.valueFrom.startsWith('arn:'))))",message="valueFrom of a secret says where its value is: arn:aws:secretsmanager:<region>:<account>:secret:<name>, arn:aws:ssm:<region>:<account>:parameter/<name>, or a parameter's name that begins with /; one that doesn't is relative to spec.template.parameterPath: add that, such as /shop/production/"
// +kubebuilder:validation:XValidation:rule="has(self.parameterPath) || self.containers.all(c, !has(c.environment) || c.environment.all(e, !has(e.valueFrom) || e.valueFrom.ssm.startsWith('/') || e.valueFrom.ssm.startsWith('arn:') || !e.valueFrom.ssm.contains('/')))",message="valueFrom.ssm with a / in it begins with one, or is relative to spec.template.parameterPath: write /<path>/<name>, or add parameterPath, such as /shop/production/"
type RevisionTemplate struct {
	// containers of the task definition.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	Containers []Container `json:"containers,omitempty"`

	// launchType is FARGATE, which is also meant if it is omitted, or EC2 for tasks on
	// container instances of the cluster. With capacityProviderStrategy it says of
	// which kind the providers are.
	// +optional
	// +kubebuilder:validation:Enum=FARGATE;EC2
	LaunchType string `json:"launchType,omitempty"`

	// cpu is the task's CPU in units of 1/1024 vCPU, one of Fargate's sizes:
	// "256", "512", "1024", "2048", "4096", "8192" or "16384". With launchType EC2 it
	// is 128 to 196608; if omitted there, the containers' cpu is reserved.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[1-9][0-9]{2,5}$')",message="spec.template.cpu is a number of CPU units in quotes, without vCPU: \"256\" (.25 vCPU), \"512\" (.5 vCPU), \"1024\" (1 vCPU), \"2048\", \"4096\", \"8192\" or \"16384\""
	CPU string `json:"cpu,omitempty"`

	// memory is the task's memory in MiB, one of Fargate's sizes for the CPU. With
	// launchType EC2 it is any number; if omitted there, each container has its own.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[1-9][0-9]{2,5}$')",message="spec.template.memory is a number of MiB in quotes, without a unit: \"512\" for 0.5 GB, \"2048\" for 2 GB"
	Memory string `json:"memory,omitempty"`

	// parameterPath is where parameters of Systems Manager are whose names, in
	// environment[].valueFrom.ssm and in valueFrom of secrets, don't begin with a
	// slash: /shop/production/. Two environments may differ in nothing else.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[a-zA-Z0-9_.-]+)+/?$')",message="spec.template.parameterPath is a path of Systems Manager that begins with /, such as /shop/production/"
	ParameterPath string `json:"parameterPath,omitempty"`

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

	// networkMode is how containers reach the network: awsvpc, which is what Fargate
	// has, by a network interface of the task's own. With launchType EC2 it is
	// awsvpc, bridge for ports of the instance, which requests reach by the port that
	// the task got there, or host for the network of the instance itself.
	// +optional
	// +kubebuilder:validation:Enum=awsvpc;bridge;host
	NetworkMode string `json:"networkMode,omitempty"`

	// network that the tasks join. With networkMode bridge or host they join none:
	// only vpcID is used, for the target group.
	// +optional
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

	// healthCheckGracePeriodSeconds is how long after a task's start ECS ignores failing
	// health checks of its containers. It is for workers; where there is a target, it
	// is among its fields.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	HealthCheckGracePeriodSeconds *int32 `json:"healthCheckGracePeriodSeconds,omitempty"`

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

	// pidMode task lets the containers of a task see each other's processes. With
	// launchType EC2 it may be host, by which they see all of the instance's.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self in ['task', 'host']",message="spec.template.pidMode is task, or host with spec.template.launchType: EC2"
	PIDMode string `json:"pidMode,omitempty"`

	// ipcMode task lets the containers of a task share memory with each other, host
	// with the instance, and none not at all. It goes with launchType EC2, where the
	// Docker daemon of the instance decides if it is omitted.
	// +optional
	// +kubebuilder:validation:Enum=none;task;host
	IPCMode string `json:"ipcMode,omitempty"`

	// platformVersion of Fargate, such as 1.4.0; LATEST if omitted.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^(LATEST|[0-9]+[.][0-9]+[.][0-9]+)$')",message="spec.template.platformVersion is LATEST or a version of Fargate's platform, such as 1.4.0"
	PlatformVersion string `json:"platformVersion,omitempty"`

	// capacityProviderStrategy divides the tasks between Fargate and Fargate Spot;
	// all run on Fargate if omitted. A cluster of the stack's own gets the
	// providers; an existing one has to have them. A task that AWS takes back
	// isn't held against its revision. With launchType EC2 it names providers of the
	// cluster that have instances; if omitted there, all of its instances may be used.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=capacityProvider
	CapacityProviderStrategy []CapacityProviderStrategyItem `json:"capacityProviderStrategy,omitempty"`

	// scaling says by what Application Auto Scaling sets the number of tasks. It
	// goes with spec.scaling, which bounds it.
	// +optional
	Scaling *AutoScaling `json:"scaling,omitempty"`

	// placementConstraints restrict on which instances tasks are placed. They go with
	// launchType EC2.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	PlacementConstraints []PlacementConstraint `json:"placementConstraints,omitempty"`

	// placementStrategy says which instances are taken first, and among equals
	// the next. It goes with launchType EC2; if omitted, ECS spreads the tasks over
	// availability zones.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +listType=atomic
	PlacementStrategy []PlacementStrategy `json:"placementStrategy,omitempty"`

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

	// patches change, one after the other, what no other field says: properties of
	// the stack's resources that docs/patches.md lists. A change of any other is
	// refused, and the message names the field to use instead.
	// +optional
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	Patches []Patch `json:"patches,omitempty"`

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
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^vpc-[0-9a-z]+$')",message="spec.template.network.vpcID is the VPC's ID, vpc-..., not its name"
	VPCID string `json:"vpcID,omitempty"`

	// subnetIDs of the tasks. Those in two or more availability zones keep the
	// application running when one zone fails.
	// +optional
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
