package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"
)

// logs are the log configuration of the only container.
func logs(driver, options string) string {
	return containers("logConfiguration: {logDriver: " + driver + ", options: {" + options + "}}")
}

func capabilities(of string) string {
	return containers("linuxParameters: {capabilities: {" + of + "}}")
}

// containerFields are what task definitions have and ECS, or Fargate, refuses.
var containerFields = map[string]refusal{
	"log driver":            {logs("json-file", "mode: blocking"), []string{"logConfiguration.logDriver is awslogs, splunk or awsfirelens: Fargate has no others"}},
	"no log driver":         {containers("logConfiguration: {options: {mode: blocking}}"), []string{"logConfiguration.logDriver: Required value"}},
	"misspelled option":     {logs("awslogs", "awslogs-groop: /ecs/shop"), []string{"logConfiguration.options of the driver awslogs are awslogs-group, awslogs-region", "leave out others, ECS refuses them"}},
	"region without group":  {logs("awslogs", "awslogs-region: eu-west-1"), []string{"logConfiguration.options has an awslogs-region and no awslogs-group: leave out awslogs-region"}},
	"group by its ARN":      {logs("awslogs", "awslogs-group: 'arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/shop'"), []string{"awslogs-group of logConfiguration.options is the name of a log group, such as /ecs/shop, not its ARN"}},
	"group of no region":    {logs("awslogs", "awslogs-group: g, awslogs-region: Ireland"), []string{"awslogs-region of logConfiguration.options is a region's code, such as eu-west-1"}},
	"streams with a colon":  {logs("awslogs", "awslogs-stream-prefix: 'a:b'"), []string{"awslogs-stream-prefix of logConfiguration.options begins the names of log streams, with 1 to 256 characters"}},
	"empty group":           {logs("awslogs", "awslogs-group: ''"), []string{"leave it out for a log group of the stack"}},
	"don't create a group":  {logs("awslogs", "awslogs-group: g, awslogs-create-group: 'false'"), []string{`awslogs-create-group of logConfiguration.options is "true" or left out`}},
	"two ways of lines":     {logs("awslogs", "awslogs-datetime-format: '%Y', awslogs-multiline-pattern: '^x'"), []string{"can't have both awslogs-datetime-format and awslogs-multiline-pattern: leave one out"}},
	"log mode":              {logs("awslogs", "mode: async"), []string{"mode of logConfiguration.options is blocking or non-blocking"}},
	"buffer size":           {logs("awslogs", "max-buffer-size: large"), []string{"max-buffer-size of logConfiguration.options is a number with a unit, such as 25m"}},
	"buffer of nothing":     {logs("awslogs", "mode: blocking, max-buffer-size: 25m"), []string{"a max-buffer-size and mode: blocking, which has no buffer"}},
	"option as a number":    {logs("awslogs", "max-buffer-size: 25"), []string{"must be of type string"}},
	"splunk, no token":      {logs("splunk", "splunk-url: 'https://splunk.example.com'"), []string{"logConfiguration with the driver splunk needs splunk-url in options and splunk-token in secretOptions"}},
	"splunk alone":          {containers("logConfiguration: {logDriver: splunk}"), []string{"the driver splunk needs splunk-url"}},
	"group by a secret":     {containers("logConfiguration: {logDriver: awslogs, secretOptions: [{name: awslogs-group, valueFrom: /prod/group}]}"), []string{"logConfiguration.secretOptions are for splunk and awsfirelens: give awslogs-group and other options of awslogs in options"}},
	"secret option":         {containers("logConfiguration: {logDriver: splunk, options: {splunk-url: x}, secretOptions: [{name: splunk-token, valueFrom: hunter2}]}"), []string{"valueFrom of a secret says where its value is"}},
	"no router":             {logs("awsfirelens", "Name: datadog"), []string{"spec.template: Invalid value", "logConfiguration with the driver awsfirelens needs a log router: add a container with firelensConfiguration, such as {type: fluentbit}"}},
	"idle router":           {containers("firelensConfiguration: {type: fluentbit}"), []string{"firelensConfiguration makes a container a log router, which no container uses: give at least one a logConfiguration with logDriver: awsfirelens"}},
	"router type":           {twoContainers("logConfiguration: {logDriver: awsfirelens}", "firelensConfiguration: {type: vector}"), []string{"firelensConfiguration.type", `"fluentbit", "fluentd"`}},
	"router's file in S3":   {twoContainers("logConfiguration: {logDriver: awsfirelens}", "firelensConfiguration: {type: fluentbit, options: {config-file-type: s3}}"), []string{"config-file-type of firelensConfiguration.options can only be file on Fargate: put the file into the image"}},
	"ulimit":                {containers("ulimits: [{name: files, softLimit: 1, hardLimit: 1}]"), []string{"ulimits[0].name", "Unsupported value"}},
	"ulimit upside down":    {containers("ulimits: [{name: nofile, softLimit: 2, hardLimit: 1}]"), []string{"softLimit of a ulimit may not be more than its hardLimit"}},
	"unlimited above limit": {containers("ulimits: [{name: core, softLimit: -1, hardLimit: 1}]"), []string{"softLimit of a ulimit may not be more than its hardLimit; -1 is unlimited"}},
	"ulimit without a soft": {containers("ulimits: [{name: nofile, hardLimit: 1}]"), []string{"ulimits[0].softLimit: Required value"}},
	"ulimit twice":          {containers("ulimits: [{name: nofile, softLimit: 1, hardLimit: 1}, {name: nofile, softLimit: 1, hardLimit: 2}]"), []string{"ulimits[1]: Duplicate value"}},
	"capability":            {capabilities("add: [NET_ADMIN]"), []string{"linuxParameters.capabilities.add can only have SYS_PTRACE on Fargate: leave out the others"}},
	"capability to drop":    {capabilities("drop: [CAP_NET_RAW]"), []string{"drop[0]", "Unsupported value"}},
	"shared memory":         {containers("linuxParameters: {sharedMemorySize: 64}"), []string{"devices, sharedMemorySize, maxSwap and swappiness of linuxParameters aren't possible on Fargate: leave them out, or set spec.template.launchType: EC2"}},
	"relative tmpfs":        {containers("linuxParameters: {tmpfs: [{containerPath: tmp, size: 64}]}"), []string{"containerPath of a tmpfs is absolute: it begins with /"}},
	"tmpfs without size":    {containers("linuxParameters: {tmpfs: [{containerPath: /tmp}]}"), []string{"tmpfs[0].size"}},
	"kernel parameter":      {containers("systemControls: [{namespace: vm.max_map_count, value: '262144'}]"), []string{"namespace of systemControls begins with net. or fs.mqueue., or is one of kernel.msgmax", "leave out other parameters, ECS doesn't set them"}},
	"parameter twice":       {containers("systemControls: [{namespace: net.core.somaxconn, value: '1'}, {namespace: net.core.somaxconn, value: '2'}]"), []string{"systemControls[1]: Duplicate value"}},
	"hasty restarts":        {containers("restartPolicy: {enabled: true, restartAttemptPeriod: 30}"), []string{"restartPolicy.restartAttemptPeriod", "greater than or equal to 60"}},
	"no switch":             {containers("restartPolicy: {restartAttemptPeriod: 60}"), []string{"restartPolicy.enabled: Required value"}},
	"credentials by name":   {containers("repositoryCredentials: {credentialsParameter: registry}"), []string{"repositoryCredentials.credentialsParameter is the ARN of a secret, not its name: arn:aws:secretsmanager:<region>:<account>:secret:<name>"}},
	"environment file":      {containers("environmentFiles: [{type: s3, value: 's3://shop/app.env'}]"), []string{"value of environmentFiles is the ARN of an object in Amazon S3 that ends in .env: arn:aws:s3:::<bucket>/<key>.env"}},
	"environment in text":   {containers("environmentFiles: [{type: s3, value: 'arn:aws:s3:::shop/app.txt'}]"), []string{"ends in .env"}},
	"no type of file":       {containers("environmentFiles: [{value: 'arn:aws:s3:::shop/app.env'}]"), []string{"environmentFiles[0].type: Required value"}},
	"privileged":            {containers("privileged: true"), []string{"privileged isn't possible on Fargate: leave it out"}},
	"hosts":                 {containers("extraHosts: [{hostname: db, ipAddress: 10.0.0.1}]"), []string{"extraHosts, hostname, dnsServers, dnsSearchDomains and disableNetworking aren't possible in a task with a network interface of its own (awsvpc): leave them out"}},
	"range of ports":        {template("containers: [{" + app + "}, {name: b, image: 'b:1', portMappings: [{containerPort: 1, containerPortRange: 100-200}]}]"), []string{"containerPortRange of a port mapping can't be used: list each port"}},
	"protocol":              {containers("portMappings: [{containerPort: 8080, protocol: sctp}]"), []string{"protocol of a port mapping is tcp, which it is if left out, or udp"}},
	"target by udp":         {template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, protocol: udp}]}]"), []string{"spec.template.target names a port with protocol: udp: the load balancer sends requests and checks health by TCP, so name a port with protocol: tcp"}},
	"named target by udp":   {template("target: {containerName: quic}, containers: [{" + app + "}, {name: quic, image: 'q:1', portMappings: [{containerPort: 8080, protocol: udp}]}]"), []string{"spec.template.target names a port with protocol: udp"}},
	"name of a port":        {template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, name: Web}]}]"), []string{"name of a port mapping has lower case letters, digits, _ and -"}},
	"name of two ports":     {twoContainers("essential: true", "portMappings: [{containerPort: 1, name: a}, {containerPort: 2, name: a}]"), []string{"two port mappings of spec.template.containers have the same name: rename one, or leave its name out"}},
	"name in two":           {template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, name: web}]}, {name: b, image: 'b:1', portMappings: [{containerPort: 1, name: web}]}]"), []string{"two port mappings of spec.template.containers have the same name"}},
	"application protocol":  {template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, appProtocol: https}]}]"), []string{"appProtocol", "Unsupported value"}},
}

func TestContainerFieldsRefused(t *testing.T) {
	for name, c := range containerFields {
		t.Run(name, func(t *testing.T) {
			err := create(t, base(t, "deployment.yaml", c.patch))
			refused(t, err, c.want...)
			if err != nil && (strings.Contains(err.Error(), "should match") || strings.Contains(err.Error(), "evaluating rule")) {
				t.Errorf("no person's words: %v", err)
			}
		})
	}
}

func TestContainerFieldsAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"a group of others":  logs("awslogs", "awslogs-group: /ecs/shop, awslogs-region: us-east-1, awslogs-stream-prefix: ecs, awslogs-create-group: 'true', mode: non-blocking, max-buffer-size: 25m, awslogs-datetime-format: '%Y-%m-%d'"),
		"buffer in MB":       logs("awslogs", "max-buffer-size: 1.5 MiB"),
		"the stack's group":  logs("awslogs", "mode: blocking, awslogs-multiline-pattern: '^(INFO|WARN)'"),
		"driver alone":       containers("logConfiguration: {logDriver: awslogs}"),
		"splunk":             containers("logConfiguration: {logDriver: splunk, options: {splunk-url: 'https://splunk.example.com:8088'}, secretOptions: [{name: splunk-token, valueFrom: /prod/splunk}]}"),
		"FireLens":           twoContainers("logConfiguration: {logDriver: awsfirelens, options: {Name: datadog, Host: intake.example.com, TLS: 'on', provider: ecs}, secretOptions: [{name: apikey, valueFrom: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:datadog-AbCdEf'}]}", "firelensConfiguration: {type: fluentbit, options: {enable-ecs-log-metadata: 'true', config-file-type: file, config-file-value: /fluent-bit/configs/parse-json.conf}}"),
		"limits":             containers("ulimits: [{name: nofile, softLimit: 65536, hardLimit: 65536}, {name: memlock, softLimit: -1, hardLimit: -1}, {name: core, softLimit: 0, hardLimit: 0}]"),
		"linux":              containers("linuxParameters: {initProcessEnabled: true, capabilities: {add: [SYS_PTRACE], drop: [ALL]}, tmpfs: [{containerPath: /tmp, size: 64, mountOptions: [noexec, nosuid]}]}"),
		"labels":             containers("dockerLabels: {com.datadoghq.tags.service: shop, empty: ''}"),
		"kernel parameters":  containers("systemControls: [{namespace: net.core.somaxconn, value: '1024'}, {namespace: kernel.shmmax, value: '1'}, {namespace: fs.mqueue.msg_max, value: '1'}]"),
		"restarts":           containers("restartPolicy: {enabled: true, ignoredExitCodes: [0, 143], restartAttemptPeriod: 180}"),
		"private registry":   containers("repositoryCredentials: {credentialsParameter: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf'}"),
		"environment files":  containers("environmentFiles: [{type: s3, value: 'arn:aws:s3:::shop.config/prod/app.env'}, {type: s3, value: 'arn:aws-cn:s3:::Shop_1/.env'}]"),
		"terminal":           containers("interactive: true, pseudoTerminal: true"),
		"what says nothing":  containers("privileged: false, extraHosts: [], systemControls: [], interactive: false, pseudoTerminal: false"),
		"ports":              template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080, name: web-8080-tcp, appProtocol: http2}, {containerPort: 8125, protocol: udp, name: statsd}]}]"),
		"one port, two ways": template("containers: [{name: quic, image: 'q:1', portMappings: [{containerPort: 8080, protocol: udp}]}, {" + app + "}]"),
		"udp of the sidecar": template("containers: [{" + app + "}, {name: statsd, image: 'statsd:1', portMappings: [{containerPort: 8125, hostPort: 8125, protocol: udp}]}]"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What these fields hold counts for the size of a template: without that, the
// labels of one container alone could have 200 kB.
func TestSizeOfContainerFields(t *testing.T) {
	chunk := strings.Repeat("x", 4000)
	list := func(format string, n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(format, i, chunk))
		}
		return strings.Join(out, ", ")
	}
	sidecar := "logConfiguration: {logDriver: awsfirelens, options: {%s}}"
	for name, patch := range map[string]string{
		"dockerLabels":          containers("dockerLabels: {" + list("l%d: %s", 13) + "}"),
		"logConfiguration":      twoContainers(fmt.Sprintf(sidecar, list("o%d: %s", 13)), "firelensConfiguration: {type: fluentbit}"),
		"firelensConfiguration": twoContainers(fmt.Sprintf(sidecar, "a: b"), "firelensConfiguration: {type: fluentbit, options: {"+list("o%d: %s", 13)+"}}"),
	} {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", patch)), templateTooLarge) })
	}
	if err := create(t, base(t, "deployment.yaml", containers("dockerLabels: {"+list("l%d: %s", 12)+"}"))); err != nil {
		t.Error(err)
	}
}
