package v1alpha1_test

import "testing"

// linking has two containers in a network: the first has links, the second is called db.
func linking(network, links string) string {
	return onInstances(", networkMode: " + network + ", containers: [{" + app + ", links: [" + links + "]}, {name: db, image: 'db:1'}]")
}

// ofWorker is a worker with fields of its template.
func ofWorker(fields string) string {
	return "spec: {traffic: null, template: {target: null, network: {loadBalancerSecurityGroupIDs: null}, " + fields + "}}"
}

const (
	waits    = "dependsOn: [{containerName: migrate, condition: SUCCESS}]"
	checked  = "healthCheck: {command: [CMD, 'true']}"
	dnsPorts = "{containerPort: 53}, {containerPort: 53, protocol: udp}"
)

// togetherRefusals are about containers and what they wait for, link to and share.
var togetherRefusals = map[string]refusal{
	"no time to start":        {twoContainers(waits, "essential: false, startTimeout: 1"), []string{"startTimeout", "greater than or equal to 2"}},
	"long start":              {twoContainers(waits, "essential: false, startTimeout: 121"), []string{"startTimeout and stopTimeout of a container are 120 seconds at most on Fargate: lower them, or set spec.template.launchType: EC2"}},
	"long stop":               {containers("stopTimeout: 121"), []string{"startTimeout and stopTimeout of a container are 120 seconds at most on Fargate"}},
	"very long start":         {onInstances(", containers: [{" + app + ", " + waits + "}, {name: migrate, image: 'm:1', essential: false, startTimeout: 10801}]"), []string{"startTimeout", "less than or equal to 10800"}},
	"very long stop":          {withContainer("stopTimeout: 3601"), []string{"stopTimeout", "less than or equal to 3600"}},
	"start of who waits":      {twoContainers(waits+", startTimeout: 60", "essential: false"), []string{"startTimeout of a container is how long others wait for it, and none does: set it on the container that dependsOn of another names"}},
	"start that is no wait":   {twoContainers("dependsOn: [{containerName: migrate, condition: START}]", "startTimeout: 60"), []string{"with condition COMPLETE, SUCCESS or HEALTHY, or leave it out"}},
	"links on Fargate":        {twoContainers("links: [migrate]", "essential: false"), []string{"links of a container go with spec.template.networkMode: bridge only: leave them out; with awsvpc and host, the containers of a task reach each other at localhost"}},
	"links in the host's":     {linking("host", "db"), []string{"links of a container go with spec.template.networkMode: bridge only"}},
	"link to nobody":          {linking("bridge", "'database:db'"), []string{"links of a container name others of spec.template.containers, as <name> or <name>:<alias>: correct the name, or add the container"}},
	"link to itself":          {linking("bridge", "'app:self'"), []string{"links of a container name others of spec.template.containers"}},
	"link to a longer name":   {linking("bridge", "d"), []string{"links of a container name others of spec.template.containers"}},
	"link by two aliases":     {linking("bridge", "'db:a:b'"), []string{"links of a container read <name> or <name>:<alias>, with letters, digits, - and _"}},
	"link twice":              {linking("bridge", "db, db"), []string{"links[1]: Duplicate value"}},
	"grace beside a target":   {template("healthCheckGracePeriodSeconds: 60, containers: [{" + app + ", " + checked + "}]"), []string{"spec.template.healthCheckGracePeriodSeconds is for workers: with spec.template.target, use spec.template.target.healthCheckGracePeriodSeconds"}},
	"grace for nothing":       {ofWorker("healthCheckGracePeriodSeconds: 60"), []string{"spec.template.healthCheckGracePeriodSeconds needs an essential container with a healthCheck, since there is nothing else that it is for: add one, or leave it out"}},
	"grace of a helper":       {ofWorker("healthCheckGracePeriodSeconds: 60, containers: [{" + app + "}, {name: b, image: 'b:1', essential: false, " + checked + "}]"), []string{"needs an essential container with a healthCheck"}},
	"much grace":              {ofWorker("healthCheckGracePeriodSeconds: 3601, containers: [{" + app + ", " + checked + "}]"), []string{"healthCheckGracePeriodSeconds", "less than or equal to 3600"}},
	"udp twice":               {containers("portMappings: [{containerPort: 8080}, {containerPort: 53, protocol: udp}, {containerPort: 53, protocol: udp}]"), []string{"a port that is reached by TCP and by UDP has one mapping with protocol: tcp and one with protocol: udp"}},
	"target by tcp and udp":   {template("containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080}, {containerPort: 8080, protocol: udp}]}]"), []string{"spec.template.target names a port that a container maps for TCP and for UDP, which ECS refuses behind a load balancer: leave out the mapping with protocol: udp"}},
	"registry by tcp and udp": {ofWorker("containers: [{name: app, image: 'app:1', portMappings: [" + dnsPorts + "]}], serviceRegistries: [{registryARN: '" + registry + "', containerName: app, containerPort: 53}]"), []string{"spec.template.serviceRegistries[].containerPort is mapped for TCP and for UDP, so that an SRV record can't tell which is meant"}},
}

func TestTogetherRefused(t *testing.T) {
	for name, c := range togetherRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

func TestTogetherAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"time to start":       twoContainers(waits, "essential: false, startTimeout: 120, stopTimeout: 2"),
		"time to get healthy": twoContainers("dependsOn: [{containerName: migrate, condition: HEALTHY}]", checked+", startTimeout: 2, stopTimeout: 120"),
		"longer on instances": onInstances(", containers: [{" + app + ", stopTimeout: 3600, " + waits + "}, {name: migrate, image: 'm:1', essential: false, startTimeout: 10800}]"),
		"links":               linking("bridge", "db, 'db:database'"),
		"no links":            containers("links: []"),
		"grace":               ofWorker("healthCheckGracePeriodSeconds: 0, containers: [{" + app + ", " + checked + "}]"),
		"more grace":          ofWorker("healthCheckGracePeriodSeconds: 3600, containers: [{" + app + ", essential: true, " + checked + "}]"),
		"DNS":                 ofWorker("containers: [{name: app, image: 'app:1', portMappings: [" + dnsPorts + "]}]"),
		"DNS beside a target": containers("portMappings: [{containerPort: 8080}, " + dnsPorts + "]"),
		"another's udp":       template("target: {containerName: app}, containers: [{" + app + "}, {name: dns, image: 'd:1', portMappings: [{containerPort: 8080, protocol: tcp}, {containerPort: 8080, protocol: udp}]}]"),
		"DNS on instances":    onInstances(", containers: [{name: app, image: 'app:1', portMappings: [{containerPort: 8080}, {containerPort: 53, hostPort: 53}, {containerPort: 53, hostPort: 53, protocol: udp}]}]"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}
