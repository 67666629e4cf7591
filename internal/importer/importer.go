package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// File is an input.
type File struct {
	// Name for messages. Its ending tells Jsonnet, and an AppSpec of others.
	Name string
	Body []byte
}

// Options say what inputs leave open.
type Options struct {
	// Name and Namespace of the ImmutableDeployment. The name is that of the
	// service or the family if it is omitted; it goes with a single service.
	Name, Namespace string
	// Region and Account, which are otherwise taken from ARNs and images of the
	// input.
	Region, Account string
	// Parameters are values for a CloudFormation template, and for environment
	// variables that ecspresso reads.
	Parameters map[string]string
	// Environment of a Copilot manifest.
	Environment string
	// DeploymentConfig is the name of CodeDeploy's deployment configuration.
	DeploymentConfig string
	// RuleARN is a listener rule to adopt.
	RuleARN string
}

// Deployment is what became of one service.
type Deployment struct {
	// Object is the manifest. It is valid for the CRD unless a finding is Refused.
	Object *v1alpha1.ImmutableDeployment
	// YAML of it, without what the API server fills in.
	YAML []byte
	// Findings in the order of the input.
	Findings []Finding
	// Class of the findings.
	Class Class
}

// Import makes an ImmutableDeployment of each service that the files describe
// together; a task definition alone is one, too. It fails if a file can't be read,
// or if nothing in them can be deployed.
func Import(files []File, options Options) ([]Deployment, error) {
	in := &inputs{options: options}
	for _, file := range files {
		if err := in.read(file); err != nil {
			return nil, err
		}
	}
	apps, err := in.apps()
	if err != nil {
		return nil, err
	}
	if options.Name != "" && len(apps) > 1 {
		return nil, fmt.Errorf("a name was given, but there are %d services: leave the name out, and rename them afterwards", len(apps))
	}
	out := make([]Deployment, 0, len(apps))
	for _, a := range apps {
		d, err := newMapper(a, in).deployment()
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// app is what one ImmutableDeployment is made from, in the terms of the ECS API.
type app struct {
	// name if service and task definition have none.
	name          string
	task, service *node
	// group is the target group, attributes are its own, rules those of listeners.
	group      *node
	attributes []*node
	rules      []*node
	// resources of the CloudFormation template by their logical IDs.
	resources map[string]*resource
	// logicalID of the service in it.
	logicalID string
	// scaling are scalable targets, scaling policies and scheduled actions.
	scaling []*node
	// roots are further inputs that have to be read in full.
	roots []*node
	// findings from before.
	findings []Finding
	// region that the input names, and whether spec.aws.region is set to it.
	region string
	sets   bool
}

// inputs are files by what they are.
type inputs struct {
	options                                     Options
	tasks, services, groups, attributes, rules  []*node
	templates, copilot, appspecs                []*node
	deploymentGroups, deploymentConfigs, config []*node
	subnets, balancers, scaling, alarms         []*node
}

// kinds tell what a file is by a key at its top, the most specific first.
var kinds = []struct {
	key string
	add func(*inputs, *node)
}{
	{"taskDefinition.containerDefinitions", func(in *inputs, n *node) {
		if tags := n.get("tags"); tags != nil {
			n.get("taskDefinition").put("tags", tags)
		}
		in.tasks = append(in.tasks, n.get("taskDefinition"))
	}},
	{"containerDefinitions", func(in *inputs, n *node) { in.tasks = append(in.tasks, n) }},
	{"Resources", (*inputs).addTemplate},
	{"services", func(in *inputs, n *node) { in.services = append(in.services, n.get("services").list()...) }},
	{"service.serviceArn", func(in *inputs, n *node) { in.services = append(in.services, n.get("service")) }},
	{"TargetGroups", func(in *inputs, n *node) { in.groups = append(in.groups, n.get("TargetGroups").list()...) }},
	{"ScalableTargets", func(in *inputs, n *node) { in.scaling = append(in.scaling, n.get("ScalableTargets").list()...) }},
	{"ScalingPolicies", func(in *inputs, n *node) { in.scaling = append(in.scaling, n.get("ScalingPolicies").list()...) }},
	{"ScheduledActions", func(in *inputs, n *node) { in.scaling = append(in.scaling, n.get("ScheduledActions").list()...) }},
	{"MetricAlarms", func(in *inputs, n *node) { in.alarms = append(in.alarms, n.get("MetricAlarms").list()...) }},
	{"Subnets", func(in *inputs, n *node) { in.subnets = append(in.subnets, n.get("Subnets").list()...) }},
	{"Rules", func(in *inputs, n *node) { in.rules = append(in.rules, n.get("Rules").list()...) }},
	{"Attributes", func(in *inputs, n *node) { in.attributes = append(in.attributes, n.get("Attributes").list()...) }},
	{"deploymentGroupInfo", func(in *inputs, n *node) {
		in.deploymentGroups = append(in.deploymentGroups, n.get("deploymentGroupInfo"))
	}},
	{"deploymentConfigInfo", func(in *inputs, n *node) {
		in.deploymentConfigs = append(in.deploymentConfigs, n.get("deploymentConfigInfo"))
	}},
	{"task_definition", func(in *inputs, n *node) { in.config = append(in.config, n) }},
	{"service_definition", func(in *inputs, n *node) { in.config = append(in.config, n) }},
}

// serviceFields tell a service's definition, as ecspresso and create-service have
// it, from other objects.
var serviceFields = []string{"deploymentConfiguration", "launchType", "capacityProviderStrategy", "networkConfiguration", "loadBalancers", "desiredCount", "schedulingStrategy", "serviceArn"}

// read sorts a file in.
func (in *inputs) read(file File) error {
	if strings.HasSuffix(file.Name, ".jsonnet") || strings.HasSuffix(file.Name, ".libsonnet") {
		return fmt.Errorf("%s is Jsonnet, which isn't evaluated here: write it as JSON first, with: ecspresso render task-definition (or service-definition, config)", file.Name)
	}
	n, err := parse(file.Name, in.expand(file.Body))
	if err != nil {
		return err
	}
	if n.kind == list {
		return in.readList(n)
	}
	for _, k := range kinds {
		if is(n, k.key) {
			k.add(in, n)
			return nil
		}
	}
	return in.readOther(n)
}

// is tells whether an object has a key, or one within one.
func is(n *node, key string) bool {
	parent, key, nested := strings.Cut(key, ".")
	switch {
	case !n.has(parent):
		return false
	case parent == "Resources":
		return n.values["resources"].kind == object // else it is an AppSpec
	}
	return !nested || n.values[strings.ToLower(parent)].has(key)
}

// readOther sorts in what isn't told by a single key.
func (in *inputs) readOther(n *node) error {
	switch {
	case isBalancers(n):
		in.balancers = append(in.balancers, n.get("LoadBalancers").list()...)
	case n.has("version") && n.has("Resources"):
		in.appspecs = append(in.appspecs, n)
	case n.has("type") && (n.has("image") || n.has("http")):
		in.copilot = append(in.copilot, n)
	case slices.ContainsFunc(serviceFields, n.has):
		in.services = append(in.services, n)
	default:
		return fmt.Errorf("%s is none of: a task definition, an ECS service, target groups and their attributes, rules, load balancers, subnets, scaling, alarms, "+
			"a CloudFormation template, an AppSpec of ECS, a CodeDeploy deployment group, a file of ecspresso, a Copilot manifest of a service", n.file)
	}
	return nil
}

// isBalancers tells load balancers from a service, which names some by the same key.
func isBalancers(n *node) bool {
	of := n.values["loadbalancers"]
	return of != nil && of.kind == list && len(of.items) > 0 && of.items[0].has("LoadBalancerArn") && of.items[0].has("VpcId")
}

// readList reads container definitions without their task definition.
func (in *inputs) readList(n *node) error {
	items := n.list()
	if len(items) == 0 || !items[0].has("image") {
		return fmt.Errorf("%s is a list, but not one of container definitions", n.file)
	}
	task := n.object()
	task.seen = true
	in.tasks = append(in.tasks, task.put("containerDefinitions", n))
	return nil
}

// apps puts together what belongs together.
func (in *inputs) apps() ([]*app, error) {
	apps, err := in.ofTemplates()
	if err != nil {
		return nil, err
	}
	for _, n := range in.copilot {
		a, err := in.ofCopilot(n)
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	in.beside(apps)
	if service := in.ofAppSpec(); service != nil && len(in.services) == 0 {
		in.services = append(in.services, service)
	}
	alone, err := in.alone(len(apps) == 0)
	if err != nil {
		return nil, err
	}
	apps = append(apps, alone...)
	if len(apps) == 0 {
		return nil, in.nothing()
	}
	for _, a := range apps {
		in.configure(a)
		in.scale(a, apps)
	}
	return apps, nil
}

// alone are services that are described beside their task definitions, and task
// definitions, if there is nothing else.
func (in *inputs) alone(nothingElse bool) ([]*app, error) {
	var apps []*app
	if len(in.services) == 0 && nothingElse {
		for _, task := range in.tasks {
			apps = append(apps, &app{task: task, attributes: in.attributes, rules: in.rules})
		}
	}
	if !nothingElse && len(in.tasks) == 0 {
		return nil, nil
	}
	for _, service := range in.services {
		a, err := in.ofService(service)
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	return apps, nil
}

// nothing says what to give.
func (in *inputs) nothing() error {
	switch {
	case len(in.config) > 0:
		return fmt.Errorf("%s names a task definition: give that file, too, and the service's", in.config[0].file)
	case len(in.appspecs) > 0:
		return fmt.Errorf("%s goes with a task definition: give its file, too", in.appspecs[0].file)
	}
	return errors.New("there is no task definition in the input: give one, as aws ecs describe-task-definition prints it")
}

// ofService finds the task definition of a service among the others, or takes the
// only one.
func (in *inputs) ofService(service *node) (*app, error) {
	a := &app{service: service, attributes: in.attributes, rules: in.rules}
	named := service.get("taskDefinition").str()
	if a.task = in.taskNamed(named); a.task == nil {
		return nil, fmt.Errorf("%s:%d: the task definition %q of the service isn't in the input: give the file, as aws ecs describe-task-definition prints it", service.file, service.line, named)
	}
	a.group = in.groupOf(service)
	return a, nil
}

// taskNamed is the task definition of a family, which is named by its ARN or by itself,
// or the only one.
func (in *inputs) taskNamed(name string) (found *node) {
	family, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	for _, task := range in.tasks {
		if task.values["family"].str() == family || len(in.tasks) == 1 {
			found = task
		}
	}
	return found
}

// groupOf is the target group that a service registers with.
func (in *inputs) groupOf(service *node) (found *node) {
	for _, lb := range service.values["loadbalancers"].list() {
		named := lb.values["targetgrouparn"]
		arn, unknown := named.str(), named == nil || named.text == "" || len(named.open) > 0
		for _, group := range in.groups {
			if group.values["targetgrouparn"].str() == arn || unknown && len(in.groups) == 1 {
				found = group
			}
		}
	}
	return found
}

// ecspresso's functions in its files.
var (
	envFunction   = regexp.MustCompile("\\{\\{-?\\s*(must_env|env)\\s+[`\"']([^`\"']+)[`\"'](?:\\s+[`\"']([^`\"']*)[`\"'])?\\s*-?\\}\\}")
	otherFunction = regexp.MustCompile("\\{\\{-?\\s*[a-z_]*(tfstate|tfstatef|ssm|secretsmanager_arn|cfn_output|cfn_export)\\s+[^{}\n]*\\}\\}")
)

// expand evaluates ecspresso's functions: env by the parameters and by the default
// that it has, the others by a placeholder.
func (in *inputs) expand(body []byte) []byte {
	if !strings.Contains(string(body), "{{") {
		return body
	}
	text := replaceAll(string(body), envFunction, func(groups []string) string {
		value, given := in.options.Parameters[groups[2]]
		switch {
		case given:
			return value
		case groups[1] == "env" && groups[3] != "":
			return groups[3]
		}
		return "<" + groups[2] + ">"
	})
	text = replaceAll(text, otherFunction, func(groups []string) string { return "<" + groups[1] + ">" })
	return []byte(text)
}

// replaceAll replaces matches; a placeholder outside of quotes gets some.
func replaceAll(text string, pattern *regexp.Regexp, by func([]string) string) string {
	var out strings.Builder
	at := 0
	for _, match := range pattern.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[at:match[0]])
		groups := make([]string, len(match)/2)
		for i := range groups {
			if match[2*i] >= 0 {
				groups[i] = text[match[2*i]:match[2*i+1]]
			}
		}
		value := by(groups)
		line := text[strings.LastIndexByte(text[:match[0]], '\n')+1 : match[0]]
		if strings.HasPrefix(value, "<") && strings.Count(line, `"`)%2 == 0 {
			value = `"` + value + `"`
		}
		out.WriteString(value)
		at = match[1]
	}
	return out.String() + text[at:]
}
