package v1alpha1_test

import "testing"

// target edits spec.template.target, beside a container that maps 8080 and 9090.
func target(fields string) string {
	return template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080}, {containerPort: 9090}]}], target: {" + fields + "}")
}

// sticky has clients stay with a task, and with their revision.
func sticky(fields string) string {
	return "spec: {traffic: {loadBalancer: {stickiness: {durationSeconds: 3600}}}, template: {target: {" + fields + "}}}"
}

// targetRefusals are what Elastic Load Balancing refuses of a target group.
var targetRefusals = map[string]refusal{
	"health port of nobody":         {target("healthCheck: {port: '7070'}"), []string{"spec.template.target.healthCheck.port must be traffic-port or a containerPort that one of spec.template.containers maps"}},
	"health port by name":           {target("healthCheck: {port: http}"), []string{`spec.template.target.healthCheck.port is traffic-port, or a port in quotes, such as "8081"`}},
	"gRPC codes of HTTP":            {target("healthCheck: {grpcCodes: '0'}"), []string{"spec.template.target.healthCheck.grpcCodes goes with spec.template.target.protocolVersion: GRPC"}},
	"gRPC codes, HTTP's":            {target("protocolVersion: GRPC, healthCheck: {grpcCodes: '200'}"), []string{"spec.template.target.healthCheck.grpcCodes are gRPC codes from 0 to 99"}},
	"HTTP codes of gRPC":            {target("protocolVersion: GRPC, healthCheck: {successCodes: '200-299'}"), []string{"with protocolVersion: GRPC the check reads gRPC's: set healthCheck.grpcCodes instead"}},
	"path of gRPC":                  {target("protocolVersion: GRPC, healthCheck: {path: /healthz}"), []string{"spec.template.target.healthCheck.path is a gRPC method with protocolVersion: GRPC"}},
	"protocol version":              {target("protocolVersion: HTTP3"), []string{"spec.template.target.protocolVersion", "Unsupported value"}},
	"slow start too short":          {target("slowStartSeconds: 29"), []string{"spec.template.target.slowStartSeconds"}},
	"slow start, least outstanding": {target("slowStartSeconds: 30, loadBalancingAlgorithm: least_outstanding_requests"), []string{"spec.template.target.slowStartSeconds needs loadBalancingAlgorithm: round_robin"}},
	"anomaly mitigation, in turn":   {target("anomalyMitigation: ENABLED"), []string{"spec.template.target.anomalyMitigation: ENABLED needs loadBalancingAlgorithm: weighted_random"}},
	"sticky at random":              {sticky("loadBalancingAlgorithm: weighted_random, stickiness: {type: lb_cookie}"), []string{"spec.template.target.stickiness can't be had with loadBalancingAlgorithm: weighted_random"}},
	"sticky in a zone":              {sticky("crossZone: DISABLED, stickiness: {type: lb_cookie}"), []string{"spec.template.target.stickiness can't be had with crossZone: DISABLED"}},
	"sticky by no cookie":           {sticky("stickiness: {type: app_cookie}"), []string{"spec.template.target.stickiness.cookieName goes with type: app_cookie, and only with it"}},
	"sticky by two cookies":         {sticky("stickiness: {type: lb_cookie, cookieName: SESSION}"), []string{"spec.template.target.stickiness.cookieName goes with type: app_cookie, and only with it"}},
	"sticky by AWS's cookie":        {sticky("stickiness: {type: app_cookie, cookieName: AWSALBAPP}"), []string{"cookieName may not begin with AWSALB"}},
	"sticky by half a cookie":       {sticky("stickiness: {type: app_cookie, cookieName: 'a;b'}"), []string{"spec.template.target.stickiness.cookieName has letters, digits"}},
	"sticky tasks alone":            {template("target: {stickiness: {type: lb_cookie}}"), []string{"spec.template.target.stickiness needs spec.traffic.loadBalancer.stickiness, such as {durationSeconds: 3600}"}},
	"sticky for ever":               {loadBalancer("stickiness: {durationSeconds: 604801}"), []string{"spec.traffic.loadBalancer.stickiness.durationSeconds"}},
	"adopted and sticky":            {loadBalancer("listenerARN: null, priority: null, conditions: null, ruleARN: '" + adopted + "', stickiness: {durationSeconds: 60}"), []string{"spec.traffic.loadBalancer.stickiness goes with listenerARN"}},
	"ErrorRate of gRPC":             {"spec: {analysis: {metrics: [{name: errors, builtin: ErrorRate, max: '1'}]}, template: {target: {protocolVersion: GRPC}}}", []string{"the builtin ErrorRate sees no errors of gRPC, which fails with HTTP status 200", "a query on a metric of the application's own"}},
}

const registry = "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef"

// registered are workers that others find by Cloud Map.
func registered(fields string) string {
	return "spec: {traffic: null, template: {target: null, network: {loadBalancerSecurityGroupIDs: null}, serviceRegistries: [{" + fields + "}]}}"
}

// discoveryRefusals are what can't be had of Service Connect and Cloud Map.
var discoveryRefusals = map[string]refusal{
	"a name in Service Connect": {template("serviceConnectConfiguration: {enabled: true, services: [{portName: http, discoveryName: checkout}]}"), []string{"spec.template.serviceConnectConfiguration.services can't be had: a name in a namespace belongs to one ECS service"}},
	"Service Connect, perhaps":  {template("serviceConnectConfiguration: {namespace: shop}"), []string{"spec.template.serviceConnectConfiguration.enabled"}},
	"registered application":    {template("serviceRegistries: [{registryARN: '" + registry + "'}]"), []string{"spec.template.serviceRegistries is for workers: AWS Cloud Map leads to the tasks of both revisions"}},
	"registry by name":          {registered("registryARN: checkout"), []string{"spec.template.serviceRegistries[].registryARN is the ARN of a service of AWS Cloud Map"}},
	"registry, half a port":     {registered("registryARN: '" + registry + "', containerPort: 8080"), []string{"containerName and containerPort go together"}},
	"registry, no such port":    {registered("registryARN: '" + registry + "', containerName: app, containerPort: 81"), []string{"spec.template.serviceRegistries[].containerName must name one of spec.template.containers that maps containerPort"}},
}

func TestDiscoveryRefused(t *testing.T) {
	for name, c := range discoveryRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

func TestTargetsRefused(t *testing.T) {
	for name, c := range targetRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

func TestTargetsAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"health port":        target("healthCheck: {port: '9090', protocol: HTTPS}"),
		"traffic port":       target("healthCheck: {port: traffic-port}"),
		"HTTPS":              target("protocol: HTTPS, protocolVersion: HTTP2"),
		"gRPC":               "spec: {analysis: {metrics: [{name: slow, builtin: LatencyP90, max: '800'}]}, template: {target: {protocolVersion: GRPC}}}",
		"gRPC and a method":  target("protocolVersion: GRPC, healthCheck: {path: /shop.Health/Check, grpcCodes: '0,12'}"),
		"sticky":             sticky("stickiness: {type: lb_cookie, durationSeconds: 1}"),
		"sticky by a cookie": sticky("loadBalancingAlgorithm: least_outstanding_requests, stickiness: {type: app_cookie, cookieName: JSESSION-ID_1}"),
		"sticky revisions":   loadBalancer("stickiness: {durationSeconds: 604800}"),
		"adopted, sticky tasks": "spec: {traffic: {loadBalancer: {listenerARN: null, priority: null, conditions: null, ruleARN: '" + adopted +
			"'}}, template: {target: {stickiness: {type: lb_cookie}}}}",
		"Service Connect":    template("serviceConnectConfiguration: {enabled: true, namespace: shop, services: []}"),
		"registry, A":        registered("registryARN: '" + registry + "'"),
		"registry, SRV":      registered("registryARN: '" + registry + "', containerName: app, containerPort: 8080"),
		"slow start":         target("slowStartSeconds: 900, loadBalancingAlgorithm: round_robin, crossZone: DISABLED"),
		"anomaly mitigation": target("anomalyMitigation: ENABLED, loadBalancingAlgorithm: weighted_random"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}
