package v1alpha1_test

import (
	"strings"
	"testing"
)

// fromECS are patches with what people bring from task definitions, services
// and listener rules and what AWS, or this API, doesn't take: each is answered
// with a sentence that names the field and what to write instead.
var fromECS = map[string]refusal{
	"source without a mask":    {condition("source-ip", "10.0.0.1"), []string{"conditions[0]", "the values of field source-ip are CIDR blocks: 10.0.0.1/32 for a single address"}},
	"source of nobody":         {condition("source-ip", "255.255.255.255/32"), []string{"the values of field source-ip are CIDR blocks"}},
	"source with a wildcard":   {condition("source-ip", "10.0.*"), []string{"the values of field source-ip are CIDR blocks"}},
	"method in lower case":     {condition("http-request-method", "get"), []string{"conditions[0]", "the values of field http-request-method are methods in upper case, such as GET"}},
	"any method":               {condition("http-request-method", "*"), []string{"at most 40 characters and no wildcards"}},
	"long method":              {condition("http-request-method", strings.Repeat("X", 41)), []string{"the values of field http-request-method are methods in upper case"}},
	"host with a scheme":       {condition("host-header", "https://shop.example.test/"), []string{"conditions[0]", "the values of field host-header are names such as shop.example.com or *.example.com, with a dot, and without https://, port or path"}},
	"host with a port":         {condition("host-header", "shop.example.com:8443"), []string{"the values of field host-header are names"}},
	"host with a path":         {condition("host-header", "shop.example.com/cart"), []string{"a path goes into another condition with field: path-pattern"}},
	"host without a dot":       {condition("host-header", "shop"), []string{"the values of field host-header are names such as shop.example.com or *.example.com, with a dot"}},
	"any host":                 {condition("host-header", "*"), []string{"the values of field host-header are names"}},
	"address as a host":        {condition("host-header", "10.0.0.1"), []string{"the values of field host-header are names"}},
	"long host":                {condition("host-header", strings.Repeat("a", 128)+".com"), []string{"conditions[0].values[0]: Too long"}},
	"path with a fragment":     {condition("path-pattern", "/cart#top"), []string{"the values of field path-pattern are paths without query or fragment"}},
	"path with a space":        {condition("path-pattern", "/my cart"), []string{"the values of field path-pattern are paths"}},
	"path with a backslash":    {condition("path-pattern", `\\cart`), []string{"the values of field path-pattern are paths"}},
	"path with an umlaut":      {condition("path-pattern", "/körbe"), []string{"the values of field path-pattern are paths"}},
	"header with an umlaut":    {loadBalancer("conditions: [{field: http-header, httpHeaderName: x-team, values: [ö]}]"), []string{"the values of field http-header have printable ASCII characters only"}},
	"host as a header":         {loadBalancer("conditions: [{field: http-header, httpHeaderName: Host, values: [a.b]}]"), []string{"the header Host is matched by a condition with field: host-header"}},
	"header with its value":    {loadBalancer("conditions: [{field: http-header, httpHeaderName: 'x-team: a', values: [a]}]"), []string{"httpHeaderName is the name of a header, without colon and value"}},
	"six wildcards":            {loadBalancer("conditions: [{field: host-header, values: ['*.*.a', '*.*.b']}, {field: path-pattern, values: ['/*/?']}]"), []string{"spec.traffic.loadBalancer.conditions may hold 5 wildcards (* and ?) in all"}},
	"success of an essential":  {twoContainers("dependsOn: [{containerName: migrate, condition: SUCCESS}]", "command: [./migrate]"), []string{"dependsOn with condition SUCCESS or COMPLETE waits for a container that ends, so that one needs essential: false"}},
	"completion of essential":  {twoContainers("dependsOn: [{containerName: migrate, condition: COMPLETE}]", "essential: true"), []string{"so that one needs essential: false"}},
	"waits for nobody":         {containers("dependsOn: [{containerName: init, condition: START}]"), []string{"dependsOn names one of spec.template.containers: correct its containerName, or add the container"}},
	"waits for itself":         {containers("dependsOn: [{containerName: app, condition: START}]"), []string{"a container can't wait for itself: let dependsOn name another one"}},
	"healthy without a check":  {twoContainers("dependsOn: [{containerName: migrate, condition: HEALTHY}]", "essential: false"), []string{"dependsOn with condition HEALTHY needs a healthCheck of the container that is waited for: add it, or use condition START"}},
	"memory over the task's":   {containers("memory: 4096"), []string{"memory and memoryReservation of a container may not be more than spec.template.memory"}},
	"reserved over the task's": {containers("memoryReservation: 4096"), []string{"memory and memoryReservation of a container may not be more than spec.template.memory"}},
	"reserved over the limit":  {containers("memory: 256, memoryReservation: 300"), []string{"memoryReservation of a container may not be more than its memory"}},
	"cpu over the task's":      {twoContainers("cpu: 200", "cpu: 100"), []string{"the cpu of all spec.template.containers may not be more than spec.template.cpu in all"}},
	"memory in GB":             {template("cpu: '1024', memory: 2 GB"), []string{`spec.template.memory is a number of MiB in quotes, without a unit: "512" for 0.5 GB, "2048" for 2 GB`}},
	"cpu in vCPU":              {template("cpu: '.25 vCPU'"), []string{`spec.template.cpu is a number of CPU units in quotes, without vCPU: "256" (.25 vCPU), "512" (.5 vCPU)`}},
	"memory as a number":       {template("memory: 512"), []string{"spec.template.memory", "must be of type string"}},
	"parameter without slash":  {containers("secrets: [{name: DB, valueFrom: db}]"), []string{"valueFrom of a secret says where its value is: arn:aws:secretsmanager:<region>:<account>:secret:<name>, arn:aws:ssm:<region>:<account>:parameter/<name>, or a parameter's name that begins with /; one that doesn't is relative to spec.template.parameterPath: add that, such as /shop/production/"}},
	"execution role by name":   {template("executionRoleARN: ecsTaskExecutionRole"), []string{"spec.template.executionRoleARN is the role's ARN, not its name: arn:aws:iam::<account>:role/<name>"}},
	"task role by name":        {template("taskRoleARN: shop"), []string{"spec.template.taskRoleARN is the role's ARN, not its name"}},
	"cluster by its ARN":       {template("cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop'"), []string{"spec.template.cluster is the cluster's name, the part after cluster/ of its ARN"}},
	"windows":                  {template("runtimePlatform: {operatingSystemFamily: WINDOWS_SERVER_2022_CORE}"), []string{"spec.template.runtimePlatform.operatingSystemFamily can only be LINUX: leave it out"}},
	"another host port":        {containers("portMappings: [{containerPort: 8080, hostPort: 80}]"), []string{"hostPort of a port mapping is the same as containerPort, unless spec.template.networkMode is bridge, where 0 means any free port: leave it out"}},
	"dynamic host port":        {containers("portMappings: [{containerPort: 8080, hostPort: 0}]"), []string{"hostPort of a port mapping is the same as containerPort"}},
	"nothing may be replaced":  {template("deploymentConfiguration: {maximumPercent: 100}"), []string{"deploymentConfiguration with maximumPercent: 100 needs a minimumHealthyPercent below 100"}},
	"nor this way":             {template("deploymentConfiguration: {maximumPercent: 100, minimumHealthyPercent: 100}"), []string{"deploymentConfiguration with maximumPercent: 100 needs a minimumHealthyPercent below 100"}},
	"rebalanced at 100":        {template("availabilityZoneRebalancing: ENABLED, deploymentConfiguration: {maximumPercent: 100, minimumHealthyPercent: 0}"), []string{"spec.template.availabilityZoneRebalancing: ENABLED starts tasks before it stops others, so it needs a spec.template.deploymentConfiguration.maximumPercent above 100"}},
	"tag without a value":      {template("tags: [{key: team}]"), []string{"spec.template.tags[0].value: Required value"}},
	"tag with nothing in it":   {template("tags: [{key: team, value: ''}]"), []string{"spec.template.tags[0].value"}},
	"tag with a comma":         {template("tags: [{key: team, value: 'a, b'}]"), []string{"the value of a tag may have letters, digits, spaces and _ . : / = + - @: other characters are refused by AWS"}},
	"tag key with a comma":     {template("tags: [{key: 'a,b', value: c}]"), []string{"the key of a tag may have letters, digits, spaces and _ . : / = + - @: other characters are refused by AWS"}},
	"AWS's tag in upper case":  {template("tags: [{key: 'AWS:x', value: v}]"), []string{"tag keys that begin with aws: or viridian.dev/ are reserved"}},

	"mounts nothing":            {mounts("mountPoints: [{sourceVolume: data, containerPath: /data}]", "volumes: [{name: tmp}]"), []string{"sourceVolume of a mount point names one of spec.template.volumes: correct it, or add the volume"}},
	"mounts without volumes":    {containers("mountPoints: [{sourceVolume: data, containerPath: /data}]"), []string{"sourceVolume of a mount point names one of spec.template.volumes"}},
	"mounts at no path":         {mounts("mountPoints: [{sourceVolume: tmp, containerPath: data}]", "volumes: [{name: tmp}]"), []string{"containerPath of a mount point begins with /"}},
	"volumes of nobody":         {containers("volumesFrom: [{sourceContainer: side}]"), []string{"volumesFrom names one of spec.template.containers: correct its sourceContainer, or add the container"}},
	"its own volumes":           {containers("volumesFrom: [{sourceContainer: app}]"), []string{"a container can't mount its own volumes from itself: let volumesFrom name another one"}},
	"volume of a path":          {template("volumes: [{name: a/b}]"), []string{"the name of a volume has letters, digits, - and _"}},
	"directory of the host":     {template("volumes: [{name: sock, host: {sourcePath: /var/run}}]"), []string{"host.sourcePath and dockerVolumeConfiguration of a volume are for tasks on instances: leave them out, and the containers share an empty directory, or set spec.template.launchType: EC2"}},
	"file system by its name":   {efs("fileSystemID: shared"), []string{"efsVolumeConfiguration.fileSystemID is the file system's ID, fs-..., not its name, ARN or DNS name"}},
	"directory without a slash": {efs("fileSystemID: fs-0a1b2c3d, rootDirectory: data"), []string{"efsVolumeConfiguration.rootDirectory begins with /"}},
	"file system, ECS's case":   {efs("fileSystemId: fs-0a1b2c3d"), []string{`unknown field "spec.template.volumes[0].efsVolumeConfiguration.fileSystemId"`}},
	"access point, open":        {efs("fileSystemID: fs-0a1b2c3d, authorizationConfig: {accessPointID: fsap-0a1b2c3d}"), []string{"efsVolumeConfiguration with authorizationConfig.accessPointID or iam: ENABLED needs transitEncryption: ENABLED"}},
	"access point, unencrypted": {efs("fileSystemID: fs-0a1b2c3d, transitEncryption: DISABLED, authorizationConfig: {accessPointID: fsap-0a1b2c3d}"),
		[]string{"needs transitEncryption: ENABLED"}},
	"IAM in the open": {"spec: {template: {taskRoleARN: '" + taskRole + "', volumes: [{name: data, efsVolumeConfiguration: {fileSystemID: fs-0a1b2c3d, authorizationConfig: {iam: ENABLED}}}]}}",
		[]string{"needs transitEncryption: ENABLED"}},
	"IAM without a role": {efs("fileSystemID: fs-0a1b2c3d, transitEncryption: ENABLED, authorizationConfig: {iam: ENABLED}"),
		[]string{"authorizationConfig.iam: ENABLED of a volume mounts it with the task role: set spec.template.taskRoleARN to one that may elasticfilesystem:ClientMount, and ClientWrite to write"}},
	"access point and directory": {efs("fileSystemID: fs-0a1b2c3d, rootDirectory: /data, transitEncryption: ENABLED, authorizationConfig: {accessPointID: fsap-0a1b2c3d}"),
		[]string{"efsVolumeConfiguration with authorizationConfig.accessPointID gets its directory from the access point: leave out rootDirectory, or set it to /"}},
	"access point by its name": {efs("fileSystemID: fs-0a1b2c3d, transitEncryption: ENABLED, authorizationConfig: {accessPointID: data}"), []string{"authorizationConfig.accessPointID is the access point's ID, fsap-..., not its name or ARN"}},
	"usual storage":            {template("ephemeralStorage: {sizeInGiB: 20}"), []string{"spec.template.ephemeralStorage.sizeInGiB is 21 to 200; leave spec.template.ephemeralStorage out for the 20 that every task has"}},
	"too much storage":         {template("ephemeralStorage: {sizeInGiB: 201}"), []string{"spec.template.ephemeralStorage.sizeInGiB is 21 to 200"}},
	"commands without a role":  {template("enableExecuteCommand: true"), []string{"spec.template.enableExecuteCommand needs a task role: set spec.template.taskRoleARN to one that may ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel"}},
	"processes of the host":    {template("pidMode: host"), []string{"spec.template.pidMode can only be task on Fargate, where no task sees its host's processes: leave it out, or set spec.template.launchType: EC2"}},
	"platform's name":          {template("platformVersion: latest"), []string{"spec.template.platformVersion is LATEST or a version of Fargate's platform, such as 1.4.0"}},
	"storage, old platform":    {template("platformVersion: 1.3.0, ephemeralStorage: {sizeInGiB: 50}"), []string{"ephemeralStorage, pidMode, enableExecuteCommand and efsVolumeConfiguration need Fargate's platform version 1.4.0 or later: leave out spec.template.platformVersion"}},
	"EFS, old platform":        {template("platformVersion: 1.3.0, volumes: [{name: data, efsVolumeConfiguration: {fileSystemID: fs-0a1b2c3d}}]"), []string{"need Fargate's platform version 1.4.0 or later"}},
	"processes, old platform":  {template("platformVersion: 1.3.0, pidMode: task"), []string{"need Fargate's platform version 1.4.0 or later"}},
	"commands, old platform":   {template("platformVersion: 1.3.0, enableExecuteCommand: true, taskRoleARN: '" + taskRole + "'"), []string{"need Fargate's platform version 1.4.0 or later"}},
	"instances":                {template("capacityProviderStrategy: [{capacityProvider: asg, weight: 1}]"), []string{"capacityProvider in spec.template.capacityProviderStrategy is FARGATE or FARGATE_SPOT, and with spec.template.launchType: EC2 the name of a provider of instances: correct the name, or set launchType: EC2"}},
	"no weight":                {template("capacityProviderStrategy: [{capacityProvider: FARGATE, base: 1}, {capacityProvider: FARGATE_SPOT}]"), []string{"spec.template.capacityProviderStrategy needs a provider with a weight above 0: without a weight, no task is placed on it; add weight: 1"}},
	"two bases":                {template("capacityProviderStrategy: [{capacityProvider: FARGATE, base: 1}, {capacityProvider: FARGATE_SPOT, base: 1, weight: 1}]"), []string{"only one provider of spec.template.capacityProviderStrategy may have a base: leave out the other"}},
	"logs without a role":      {roleless("image: 'public.ecr.aws/shop/app:1'"), []string{"a container needs spec.template.executionRoleARN"}},
	"awslogs without a role":   {roleless("image: 'public.ecr.aws/shop/app:1', logConfiguration: {logDriver: awslogs}"), []string{"a container needs spec.template.executionRoleARN"}},
	"ECR without a role":       {roleless("image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1', " + splunk), []string{"a container needs spec.template.executionRoleARN"}},
	"secret without a role":    {roleless("image: 'public.ecr.aws/shop/app:1', secrets: [{name: DB, valueFrom: /prod/db}], " + splunk), []string{"a container needs spec.template.executionRoleARN"}},
	"secret option, no role": {roleless("image: 'public.ecr.aws/shop/app:1', logConfiguration: {logDriver: splunk, options: {splunk-url: 'https://splunk.example.com'}, secretOptions: [{name: splunk-token, valueFrom: /prod/splunk}]}"),
		[]string{"a container needs spec.template.executionRoleARN"}},
	"files without a role": {roleless("image: 'public.ecr.aws/shop/app:1', environmentFiles: [{type: s3, value: 'arn:aws:s3:::shop/app.env'}], " + splunk), []string{"a container needs spec.template.executionRoleARN"}},
	"registry without a role": {roleless("image: 'registry.example.com/app:1', repositoryCredentials: {credentialsParameter: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf'}, " + splunk),
		[]string{"a container needs spec.template.executionRoleARN"}},
	"no subnets": {template("network: {subnetIDs: []}"), []string{"spec.template.network.subnetIDs"}},

	// What task definitions and services have and this API doesn't, for now.
	"service registries":   {"spec: {serviceRegistries: []}", []string{`unknown field "spec.serviceRegistries"`}},
	"the breaker's switch": {template("deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"), []string{`unknown field "spec.template.deploymentConfiguration.deploymentCircuitBreaker.enable"`}},
}

// splunk logs to nothing for which ECS needs a role.
const splunk = "logConfiguration: {logDriver: splunk, options: {splunk-url: 'https://splunk.example.com', splunk-token: token}}"

// roleless has one container, and no execution role.
func roleless(container string) string {
	return template("executionRoleARN: null, containers: [{name: app, portMappings: [{containerPort: 8080}], " + container + "}]")
}

const taskRole = "arn:aws:iam::111122223333:role/shop"

// mounts has fields for the only container, and for the template.
func mounts(ofApp, ofTemplate string) string {
	return template(ofTemplate + ", containers: [{" + app + ", " + ofApp + "}]")
}

// efs has a volume of a file system.
func efs(fields string) string {
	return template("volumes: [{name: data, efsVolumeConfiguration: {" + fields + "}}]")
}

// condition replaces the conditions by one with one value.
func condition(field, value string) string {
	return loadBalancer("conditions: [{field: " + field + ", values: ['" + value + "']}]")
}

// twoContainers has fields for the containers app and migrate.
func twoContainers(ofApp, ofMigrate string) string {
	return template("containers: [{" + app + ", " + ofApp + "}, {name: migrate, image: 'app:1', " + ofMigrate + "}]")
}

func TestFromECSRefused(t *testing.T) {
	for name, c := range fromECS {
		t.Run(name, func(t *testing.T) {
			err := create(t, base(t, "deployment.yaml", c.patch))
			refused(t, err, c.want...)
			// A person can't do anything with a regular expression, nor with an
			// error within a rule.
			for _, no := range []string{"should match", "type conversion", "evaluating rule"} {
				if err != nil && strings.Contains(err.Error(), no) {
					t.Errorf("says %q: %v", no, err)
				}
			}
		})
	}
}

// What people bring from task definitions and services and may keep.
func TestFromECSAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"no cpu reserved":       containers("cpu: 0"),
		"all cpu and memory":    twoContainers("cpu: 156, memory: 512, memoryReservation: 512", "cpu: 100, memory: 512"),
		"port mapping in full":  containers("portMappings: [{containerPort: 8080, hostPort: 8080, protocol: tcp}]"),
		"platform in full":      template("runtimePlatform: {cpuArchitecture: ARM64, operatingSystemFamily: LINUX}"),
		"parameter by name":     containers("secrets: [{name: DB, valueFrom: /prod/db}]"),
		"cluster with a digit":  template("cluster: 2048-cluster"),
		"name with a digit":     "metadata: {name: 2048-game}",
		"success of a helper":   twoContainers("dependsOn: [{containerName: migrate, condition: SUCCESS}]", "essential: false"),
		"health of a helper":    twoContainers("dependsOn: [{containerName: migrate, condition: HEALTHY}]", "healthCheck: {command: [CMD, 'true']}"),
		"start of an essential": twoContainers("dependsOn: [{containerName: migrate, condition: START}]", "essential: true"),
		"never twice":           template("deploymentConfiguration: {maximumPercent: 100, minimumHealthyPercent: 0}, availabilityZoneRebalancing: DISABLED"),
		"rebalanced":            template("deploymentConfiguration: {maximumPercent: 150}, availabilityZoneRebalancing: ENABLED"),
		"switched off":          "spec: {desiredCount: 0}",
		"no execution role":     roleless("image: 'public.ecr.aws/shop/app:1', secrets: [], environmentFiles: [], " + splunk),
		"one subnet":            template("network: {subnetIDs: [subnet-0a1b2c3d]}"),
		"volumes":               mounts("mountPoints: [{sourceVolume: tmp, containerPath: /tmp, readOnly: false}], volumesFrom: []", "volumes: [{name: tmp, host: {}}, {name: cache, host: {sourcePath: ''}}]"),
		"volumes of a helper":   twoContainers("volumesFrom: [{sourceContainer: migrate, readOnly: true}]", "mountPoints: []"),
		"file system":           efs("fileSystemID: fs-0a1b2c3d, rootDirectory: /data"),
		"access point":          efs("fileSystemID: fs-0a1b2c3d, rootDirectory: /, transitEncryption: ENABLED, transitEncryptionPort: 2999, authorizationConfig: {accessPointID: fsap-0a1b2c3d, iam: DISABLED}"),
		"file system by role":   template("taskRoleARN: '" + taskRole + "', volumes: [{name: data, efsVolumeConfiguration: {fileSystemID: fs-0a1b2c3d, transitEncryption: ENABLED, authorizationConfig: {iam: ENABLED}}}]"),
		"storage":               template("ephemeralStorage: {sizeInGiB: 21}, platformVersion: LATEST"),
		"commands":              template("taskRoleARN: '" + taskRole + "', enableExecuteCommand: true, platformVersion: 1.4.0"),
		"no commands":           template("enableExecuteCommand: false, platformVersion: 1.3.0"),
		"one PID namespace":     template("pidMode: task"),
		"Spot":                  template("capacityProviderStrategy: [{capacityProvider: FARGATE, base: 1, weight: 0}, {capacityProvider: FARGATE_SPOT, base: 0, weight: 3}]"),
		"no strategy":           template("capacityProviderStrategy: []"),
		"strict breaker":        template("deploymentConfiguration: {deploymentCircuitBreaker: {resetOnHealthyTask: false}}"),
		"tag in other letters":  template("tags: [{key: 'équipe_1', value: 'Ünïcode 1.2:/=+-@ x'}]"),
		"sources":               loadBalancer("conditions: [{field: source-ip, values: [10.0.0.1/32, '2001:db8::/32']}]"),
		"methods":               loadBalancer("conditions: [{field: http-request-method, values: [GET, M-SEARCH, MY_OWN]}]"),
		"hosts":                 loadBalancer("conditions: [{field: host-header, values: ['*.example.com', 'a_b.Example.xn--p1ai', 'shop?.example.*']}]"),
		"paths":                 loadBalancer(`conditions: [{field: path-pattern, values: ['/a~b/$x/"c"/@:+;&', '*.png', '/a%20b,(c)=!']}]`),
		"headers":               loadBalancer("conditions: [{field: http-header, httpHeaderName: User-Agent, values: ['*Mozilla/5.0 (X11)*']}]"),
		"five wildcards":        loadBalancer("conditions: [{field: host-header, values: ['*.*.a', '*.*.b']}, {field: path-pattern, values: ['/*']}]"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}
