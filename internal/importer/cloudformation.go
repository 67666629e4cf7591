package importer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Types of resources that are read.
const (
	typeTaskDefinition = "AWS::ECS::TaskDefinition"
	typeService        = "AWS::ECS::Service"
	typeTaskSet        = "AWS::ECS::TaskSet"
	typeCluster        = "AWS::ECS::Cluster"
	typeTargetGroup    = "AWS::ElasticLoadBalancingV2::TargetGroup"
	typeRule           = "AWS::ElasticLoadBalancingV2::ListenerRule"
	typeListener       = "AWS::ElasticLoadBalancingV2::Listener"
	typeLogGroup       = "AWS::Logs::LogGroup"
	typeSecurityGroup  = "AWS::EC2::SecurityGroup"
	typeIngress        = "AWS::EC2::SecurityGroupIngress"
	typeAlarm          = "AWS::CloudWatch::Alarm"
	typeScalableTarget = "AWS::ApplicationAutoScaling::ScalableTarget"
	typeScalingPolicy  = "AWS::ApplicationAutoScaling::ScalingPolicy"
)

// resolved are the types whose properties are looked at.
var resolved = []string{
	typeTaskDefinition, typeService, typeTaskSet, typeCluster, typeTargetGroup, typeRule, typeListener, typeLogGroup, typeSecurityGroup, typeIngress,
	typeScalableTarget, typeScalingPolicy, typeAlarm,
}

// resource of a CloudFormation template.
type resource struct {
	kind string
	// properties with their functions evaluated; never nil.
	properties *node
	// services that are in a cluster.
	services int
}

func (in *inputs) addTemplate(n *node) { in.templates = append(in.templates, n) }

// ofTemplates are the services of all templates. A task definition alone is taken where
// a template has no service, unless a service of another template runs it.
func (in *inputs) ofTemplates() ([]*app, error) {
	var apps []*app
	builds := make([]*templateApps, 0, len(in.templates))
	for _, template := range in.templates {
		build, err := in.evaluate(template)
		if err != nil {
			return nil, err
		}
		builds = append(builds, build)
	}
	for _, build := range builds {
		build.all = builds
		found, err := build.apps()
		if err != nil {
			return nil, err
		}
		apps = append(apps, found...)
	}
	for _, build := range builds {
		apps = append(apps, build.alone(apps)...)
	}
	for _, build := range builds {
		build.notes(build.first(apps))
	}
	return apps, nil
}

// evaluate resolves what is looked at in a template.
func (in *inputs) evaluate(template *node) (*templateApps, error) {
	e := &evaluator{
		template: template, parameters: in.options.Parameters, region: in.options.Region, account: in.options.Account,
		resources: map[string]*resource{}, defaults: map[string]*node{},
	}
	all := template.get("Resources")
	for _, id := range all.keys {
		e.resources[id] = &resource{kind: all.get(id).get("Type").str(), properties: (&node{}).object()}
	}
	build := &templateApps{in: in, e: e}
	build.sort(all)
	if len(build.services)+len(build.tasks) == 0 {
		return nil, fmt.Errorf("%s has neither an %s nor an %s", template.file, typeService, typeTaskDefinition)
	}
	return build, nil
}

// templateApps puts together the services of one template.
type templateApps struct {
	in *inputs
	e  *evaluator
	// services and the others are logical IDs.
	services, tasks, scaling, rules []string
	// all templates of the input, this one among them.
	all []*templateApps
}

// sort evaluates the resources that are looked at.
func (t *templateApps) sort(all *node) {
	for _, id := range all.keys {
		r := t.e.resources[id]
		if !slices.Contains(resolved, r.kind) || !t.exists(all.get(id)) {
			continue
		}
		if properties := t.e.resolve(all.get(id).get("Properties")); properties != nil && properties.kind == object {
			r.properties = properties
		}
		r.properties.seen = true
		switch r.kind {
		case typeService:
			t.services = append(t.services, id)
		case typeTaskDefinition:
			t.tasks = append(t.tasks, id)
		case typeScalableTarget, typeScalingPolicy:
			t.scaling = append(t.scaling, id)
		case typeRule, typeListener:
			t.rules = append(t.rules, id)
		}
	}
}

// exists tells whether a resource's condition holds, as far as that is known.
func (t *templateApps) exists(n *node) bool {
	name := n.get("Condition")
	if name == nil {
		return true
	}
	holds, known := t.e.condition(name.str())
	return holds || !known
}

// apps are the services of the template.
func (t *templateApps) apps() ([]*app, error) {
	var apps []*app
	for _, id := range t.services {
		service := t.e.resources[id].properties
		if cluster := service.get("Cluster"); cluster != nil && t.e.resources[cluster.ref] != nil {
			t.e.resources[cluster.ref].services++
		}
	}
	for _, id := range t.services {
		service := t.e.resources[id].properties
		t.taskSet(id, service)
		a, err := t.service(id, service)
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	return apps, nil
}

// service finds the task definition of a service: in the template, in another one, or in
// a file of its own.
func (t *templateApps) service(id string, service *node) (*app, error) {
	named := service.get("TaskDefinition")
	if r := t.e.resources[named.orEmpty().ref]; r != nil && r.kind == typeTaskDefinition {
		return t.app(id, r.properties, service), nil
	}
	if other, task := t.elsewhere(named); task != nil {
		a := t.app(id, task, service)
		a.resources = maps.Clone(a.resources)
		for name, r := range other.e.resources {
			if a.resources[name] == nil {
				a.resources[name] = r
			}
		}
		a.tell(Assumed, named, "the task definition is that of %s:%d", task.file, task.line)
		return a, nil
	}
	if task := t.in.taskNamed(named.str()); task != nil {
		return t.app(id, task, service), nil
	}
	return nil, fmt.Errorf("%s:%d: the task definition of the service %s isn't in the template: give its file, too", service.file, service.line, id)
}

// elsewhere finds the task definition that another template exports by the name that is
// imported here, or the only one of the others.
func (t *templateApps) elsewhere(named *node) (from *templateApps, task *node) {
	if named == nil {
		return nil, nil
	}
	found, exported := 0, false
	for _, other := range t.all {
		for _, id := range other.tasks {
			matches := other.exports(id, named)
			if other == t || exported && !matches {
				continue
			}
			if matches && !exported {
				found, exported = 0, true
			}
			from, task = other, other.e.resources[id].properties
			found++
		}
	}
	if found != 1 {
		return nil, nil
	}
	return from, task
}

// exports tells whether an output exports a resource by the name that is imported
// elsewhere, as far as both are known.
func (t *templateApps) exports(id string, imported *node) bool {
	if len(imported.open) != 1 {
		return false
	}
	outputs := t.e.template.get("Outputs").orEmpty()
	for _, key := range outputs.keys {
		name, value := t.e.resolve(outputs.get(key, "Export", "Name")), t.e.resolve(outputs.get(key, "Value"))
		if name == nil || value == nil || value.ref != id {
			continue
		}
		form := strings.ReplaceAll(regexp.QuoteMeta("the export "+name.str()), regexp.QuoteMeta(placeholder), ".*")
		if is, err := regexp.MatchString("^"+form+"$", imported.open[0]); err == nil && is {
			return true
		}
	}
	return false
}

// alone are the task definitions of a template without services that no service runs.
func (t *templateApps) alone(of []*app) []*app {
	if len(t.services) > 0 {
		return nil
	}
	var apps []*app
	for _, id := range t.tasks {
		task := t.e.resources[id].properties
		if !slices.ContainsFunc(of, func(a *app) bool { return a.task == task }) {
			apps = append(apps, t.app(id, task, nil))
		}
	}
	return apps
}

// first is the first app that has something of the template.
func (t *templateApps) first(apps []*app) *app {
	ours := func(n *node) bool { return n != nil && n.file == t.e.template.file }
	i := slices.IndexFunc(apps, func(a *app) bool { return ours(a.service) || ours(a.task) })
	return apps[max(0, i)]
}

// taskSet puts what a set of tasks says into a service that has an external
// deployment controller, and so doesn't say it.
func (t *templateApps) taskSet(id string, service *node) {
	for _, name := range slices.Sorted(maps.Keys(t.e.resources)) {
		r := t.e.resources[name]
		if of := r.properties.values["service"]; r.kind != typeTaskSet || of == nil || of.ref != id {
			continue
		}
		for _, key := range []string{"TaskDefinition", "LaunchType", "NetworkConfiguration", "LoadBalancers", "PlatformVersion", "CapacityProviderStrategy", "ServiceRegistries"} {
			if value := r.properties.get(key); value != nil && !service.has(key) {
				service.put(key, value)
			}
		}
		return
	}
}

func (t *templateApps) app(id string, task, service *node) *app {
	a := &app{name: id, task: task, service: service, resources: t.e.resources, region: t.e.region}
	if service == nil {
		return a
	}
	for _, lb := range service.values["loadbalancers"].list() {
		arn := lb.values["targetgrouparn"]
		if arn == nil {
			continue
		}
		if r := t.e.resources[arn.ref]; r != nil && r.kind == typeTargetGroup && a.group == nil {
			a.group = r.properties
		}
	}
	for _, rule := range t.rules {
		r := t.e.resources[rule]
		if r.kind == typeListener {
			t.ofListener(rule, r.properties)
		}
		a.rules = append(a.rules, r.properties)
	}
	a.logicalID = id
	t.scale(a)
	return a
}

// scale finds what scales a service of the template.
func (t *templateApps) scale(a *app) {
	var others []*app
	for _, id := range t.services {
		if id != a.logicalID {
			others = append(others, &app{service: t.e.resources[id].properties, resources: t.e.resources, logicalID: id})
		}
	}
	scaling := make([]*node, 0, len(t.scaling))
	for _, s := range t.scaling {
		scaling = append(scaling, t.e.resources[s].properties)
	}
	a.scale(scaling, others)
}

// ofListener makes a rule of a listener's default actions, which can't be adopted.
func (t *templateApps) ofListener(id string, n *node) {
	n.put("Actions", n.get("DefaultActions")).put("IsDefault", n.leaf("true")).
		put("Conditions", n.listOf(t.allPaths(n))).
		put("ListenerArn", t.e.unknown(n, "the ARN of the listener "+id))
}

// allPaths is the condition of a rule that takes the place of a listener's default.
func (*templateApps) allPaths(at *node) *node {
	return at.object().put("Field", at.leaf("path-pattern")).put("Values", at.listOf(at.leaf("/*")))
}

// notes say what of the template stays where it is, and whose defaults were taken.
func (t *templateApps) notes(a *app) {
	kinds := map[string]bool{}
	read := []string{typeTaskDefinition, typeService, typeTargetGroup, typeRule, typeLogGroup, typeScalableTarget, typeScalingPolicy}
	for _, r := range t.e.resources {
		if !slices.Contains(read, r.kind) && r.kind != "" {
			kinds[r.kind] = true
		}
	}
	if len(kinds) > 0 {
		names := make([]string, 0, len(kinds))
		for kind := range kinds {
			names = append(names, kind)
		}
		slices.Sort(names)
		a.findings = append(a.findings, Finding{Kind: Note, File: t.e.template.file,
			Text: "these resources stay in a stack of your own: " + strings.Join(names, ", ")})
	}
	for name, n := range t.e.defaults {
		a.findings = append(a.findings, Finding{Kind: Assumed, File: n.file, Line: n.line, Path: n.path,
			Text: fmt.Sprintf("the parameter %s has its default; --parameter %[1]s=VALUE gives another", name)})
	}
}
