package v1alpha1_test

import "testing"

// onInstances has a template that is valid on instances, with ports of the instance,
// and more fields.
func onInstances(more string) string {
	return template("launchType: EC2, networkMode: bridge, cluster: shop, network: {subnetIDs: null, loadBalancerSecurityGroupIDs: null}" + more)
}

// withContainer is the same with fields for the only container.
func withContainer(fields string) string {
	return onInstances(", containers: [{" + app + ", " + fields + "}]")
}

// withInterface has tasks on instances with network interfaces of their own.
func withInterface(more string) string {
	return template("launchType: EC2, networkMode: awsvpc, cluster: shop" + more)
}

// instanceRefusals are what ECS doesn't take on instances, or only there.
var instanceRefusals = map[string]refusal{
	"external":             {template("launchType: EXTERNAL"), []string{"spec.template.launchType", "Unsupported value"}},
	"no size on Fargate":   {template("cpu: null"), []string{"spec.template.cpu and spec.template.memory are needed on Fargate"}},
	"no memory on Fargate": {template("memory: null"), []string{"spec.template.cpu and spec.template.memory are needed on Fargate"}},
	"little cpu":           {onInstances(", cpu: '100'"), []string{"with spec.template.launchType: EC2 it is 128 to 196608"}},
	"no memory at all":     {onInstances(", memory: null"), []string{"without spec.template.memory, each of spec.template.containers needs memory, which is its limit, or memoryReservation"}},
	"one without memory": {onInstances(", memory: null, containers: [{" + app + ", memory: 64}, {name: b, image: 'b:1'}]"),
		[]string{"without spec.template.memory, each of spec.template.containers needs memory"}},
	"more than the task's": {withContainer("memoryReservation: 1024"), []string{"memory and memoryReservation of a container may not be more than spec.template.memory"}},
	"no cluster":           {onInstances(", cluster: null"), []string{"spec.template.launchType: EC2 needs spec.template.cluster, a cluster with container instances"}},
	"Fargate's provider":   {onInstances(", capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}]"), []string{"with spec.template.launchType: EC2 the name of a provider of instances"}},
	"provider by its ARN":  {onInstances(", capacityProviderStrategy: [{capacityProvider: 'arn:aws:ecs:eu-west-1:111122223333:capacity-provider/a', weight: 1}]"), []string{"is the provider's name, not its ARN"}},
	"which network":        {onInstances(", networkMode: null"), []string{"spec.template.networkMode has to be said with launchType: EC2"}},
	"bridge on Fargate":    {template("networkMode: bridge"), []string{"spec.template.networkMode can only be awsvpc on Fargate: leave it out, or set spec.template.launchType: EC2"}},
	"no network":           {template("network: null"), []string{"spec.template.network.vpcID and subnetIDs are needed by tasks with a network interface of their own"}},
	"no subnets":           {withInterface(", network: {subnetIDs: null}"), []string{"spec.template.network.vpcID and subnetIDs are needed by tasks with a network interface of their own"}},
	"subnets of nobody":    {onInstances(", network: {loadBalancerSecurityGroupIDs: null}"), []string{"tasks with spec.template.networkMode: bridge or host use the network interface of their instance: leave out subnetIDs"}},
	"groups of nobody":     {onInstances(", network: {subnetIDs: null}"), []string{"leave out subnetIDs, securityGroupIDs and loadBalancerSecurityGroupIDs of spec.template.network"}},
	"target, no VPC":       {onInstances(", network: null"), []string{"spec.template.target needs spec.template.network.vpcID, the VPC of the load balancer and of the instances"}},
	"public address":       {withInterface(", network: {assignPublicIP: ENABLED}"), []string{"spec.template.network.assignPublicIP: ENABLED is not possible with spec.template.launchType: EC2"}},
	"host, another port":   {onInstances(", networkMode: host, containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, hostPort: 80}]}]"), []string{"hostPort of a port mapping is the same as containerPort, unless"}},
	"check of another port": {onInstances(", target: {healthCheck: {port: '9090'}}, containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080}, {containerPort: 9090}]}]"),
		[]string{"spec.template.target.healthCheck.port can only be traffic-port with spec.template.networkMode: bridge"}},
	"Connect by the host": {onInstances(", networkMode: host, serviceConnectConfiguration: {enabled: true}"), []string{"spec.template.serviceConnectConfiguration can't be had with spec.template.networkMode: host"}},
	"registry without a port": {"spec: {traffic: null, template: {target: null, launchType: EC2, networkMode: bridge, cluster: shop, network: null, serviceRegistries: [{registryARN: '" + registry + "'}]}}",
		[]string{"spec.template.serviceRegistries[] needs containerName and containerPort with spec.template.networkMode: bridge or host"}},
	"placed on Fargate":    {template("placementConstraints: [{type: distinctInstance}]"), []string{"spec.template.placementConstraints, placementStrategy and ipcMode are for tasks on instances"}},
	"IPC on Fargate":       {template("ipcMode: task"), []string{"spec.template.placementConstraints, placementStrategy and ipcMode are for tasks on instances"}},
	"member of nothing":    {onInstances(", placementConstraints: [{type: memberOf}]"), []string{"expression of spec.template.placementConstraints goes with type: memberOf, and only with it"}},
	"distinct members":     {onInstances(", placementConstraints: [{type: distinctInstance, expression: 'x == y'}]"), []string{"goes with type: memberOf, and only with it"}},
	"spread over nothing":  {onInstances(", placementStrategy: [{type: spread}]"), []string{"field of spec.template.placementStrategy is cpu or memory with type: binpack"}},
	"packed by disks":      {onInstances(", placementStrategy: [{type: binpack, field: disk}]"), []string{"field of spec.template.placementStrategy is cpu or memory with type: binpack"}},
	"random field":         {onInstances(", placementStrategy: [{type: random, field: cpu}]"), []string{"left out with type: random"}},
	"storage of Fargate":   {onInstances(", ephemeralStorage: {sizeInGiB: 50}"), []string{"spec.template.ephemeralStorage and platformVersion are Fargate's: leave them out with spec.template.launchType: EC2"}},
	"platform of Fargate":  {onInstances(", platformVersion: LATEST"), []string{"spec.template.ephemeralStorage and platformVersion are Fargate's"}},
	"PID of a pod":         {onInstances(", pidMode: pod"), []string{"spec.template.pidMode is task, or host with spec.template.launchType: EC2"}},
	"docker volume":        {template("volumes: [{name: data, dockerVolumeConfiguration: {scope: task}}]"), []string{"host.sourcePath and dockerVolumeConfiguration of a volume are for tasks on instances"}},
	"two kinds of volume":  {onInstances(", volumes: [{name: data, host: {sourcePath: /srv}, dockerVolumeConfiguration: {scope: task}}]"), []string{"a volume is one of efsVolumeConfiguration, dockerVolumeConfiguration and host.sourcePath"}},
	"directory upwards":    {onInstances(", volumes: [{name: data, host: {sourcePath: /srv/../etc}}]"), []string{"host.sourcePath of a volume begins with /, and has no .. in it"}},
	"relative directory":   {onInstances(", volumes: [{name: data, host: {sourcePath: srv}}]"), []string{"host.sourcePath of a volume begins with /"}},
	"provisioned task's":   {onInstances(", volumes: [{name: data, dockerVolumeConfiguration: {scope: task, autoprovision: true}}]"), []string{"dockerVolumeConfiguration.autoprovision goes with scope: shared"}},
	"options on Fargate":   {containers("dockerSecurityOptions: [no-new-privileges]"), []string{"dockerSecurityOptions and resourceRequirements of a container aren't possible on Fargate"}},
	"GPU on Fargate":       {containers("resourceRequirements: [{type: GPU, value: '1'}]"), []string{"dockerSecurityOptions and resourceRequirements of a container aren't possible on Fargate"}},
	"no GPU":               {withContainer("resourceRequirements: [{type: GPU, value: none}]"), []string{"value of a resource requirement of type GPU is a number of GPUs in quotes"}},
	"swappiness alone":     {withContainer("linuxParameters: {swappiness: 10}"), []string{"linuxParameters.swappiness needs linuxParameters.maxSwap"}},
	"relative device":      {withContainer("linuxParameters: {devices: [{hostPath: dev}]}"), []string{"hostPath of a device begins with /"}},
	"device elsewhere":     {withContainer("linuxParameters: {devices: [{hostPath: /dev/snd/../mem}]}"), []string{"hostPath of a device begins with /, and leads nowhere by .."}},
	"device at no path":    {withContainer("linuxParameters: {devices: [{hostPath: /dev/fuse, containerPath: fuse}]}"), []string{"containerPath of a device begins with /"}},
	"name of a task":       {withInterface(", containers: [{" + app + ", hostname: shop}]"), []string{"extraHosts, hostname, dnsServers, dnsSearchDomains and disableNetworking aren't possible in a task with a network interface of its own"}},
	"log driver of nobody": {withContainer("logConfiguration: {logDriver: none}"), []string{"logConfiguration.logDriver is awslogs, splunk or awsfirelens, and with spec.template.launchType: EC2 also fluentd, gelf, journald, json-file or syslog"}},
	"secret without a role": {onInstances(", executionRoleARN: null, containers: [{" + app + ", secrets: [{name: DB, valueFrom: /prod/db}]}]"),
		[]string{"a container needs spec.template.executionRoleARN", "on instances of EC2, if each has none of the last four"}},
}

func TestInstancesRefused(t *testing.T) {
	for name, c := range instanceRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

func TestInstancesAdmitted(t *testing.T) {
	const memory = "memoryReservation: 128"
	for name, patch := range map[string]string{
		"bridge":                onInstances(""),
		"host":                  onInstances(", networkMode: host"),
		"interfaces":            withInterface(""),
		"sizes of containers":   onInstances(", cpu: null, memory: null, containers: [{" + app + ", cpu: 100, memory: 300, " + memory + "}]"),
		"sizes of its own":      onInstances(", cpu: '300', memory: '700'"),
		"most cpu":              onInstances(", cpu: '196608', memory: '100000'"),
		"ports":                 onInstances(", containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, hostPort: 0}, {containerPort: 9090, hostPort: 9000}]}]"),
		"provider":              onInstances(", capacityProviderStrategy: [{capacityProvider: asg-1, weight: 1}, {capacityProvider: asg_2, base: 1}]"),
		"Fargate, said":         template("launchType: FARGATE, networkMode: awsvpc, capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}]"),
		"placement":             onInstances(", placementConstraints: [{type: distinctInstance}, {type: memberOf, expression: 'attribute:ecs.instance-type =~ m7.*'}], placementStrategy: [{type: spread, field: 'attribute:ecs.availability-zone'}, {type: binpack, field: memory}, {type: random}]"),
		"worker":                "spec: {traffic: null, template: {target: null, launchType: EC2, networkMode: bridge, cluster: shop, network: null}}",
		"no roles":              onInstances(", executionRoleARN: null, containers: [{name: app, image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1', portMappings: [{containerPort: 8080}]}]"),
		"of the host":           onInstances(", networkMode: host, pidMode: host, ipcMode: host, volumes: [{name: sock, host: {sourcePath: /var/run/docker.sock}}]"),
		"docker volumes":        onInstances(", volumes: [{name: a, dockerVolumeConfiguration: {scope: shared, autoprovision: true, driver: local, driverOpts: {type: tmpfs}, labels: {a: b}}}, {name: b, dockerVolumeConfiguration: {}}]"),
		"privileged":            withContainer("privileged: true, dockerSecurityOptions: [no-new-privileges], disableNetworking: false"),
		"names":                 withContainer("hostname: shop, dnsServers: [10.0.0.2], dnsSearchDomains: [shop.internal], extraHosts: [{hostname: db, ipAddress: 10.0.0.1}]"),
		"linux":                 withContainer("linuxParameters: {devices: [{hostPath: /dev/fuse, containerPath: /dev/fuse, permissions: [read, write]}], sharedMemorySize: 128, maxSwap: 0, swappiness: 60, capabilities: {add: [NET_ADMIN, SYS_ADMIN]}}"),
		"GPU":                   withContainer("resourceRequirements: [{type: GPU, value: '2'}]"),
		"logs":                  withContainer("logConfiguration: {logDriver: json-file, options: {max-size: 10m}}"),
		"router's file in S3":   onInstances(", containers: [{" + app + ", logConfiguration: {logDriver: awsfirelens}}, {name: r, image: 'r:1', firelensConfiguration: {type: fluentbit, options: {config-file-type: s3}}}]"),
		"Connect":               onInstances(", serviceConnectConfiguration: {enabled: true, namespace: shop}"),
		"Connect, switched off": onInstances(", networkMode: host, serviceConnectConfiguration: {enabled: false}"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}
