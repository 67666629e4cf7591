package importer

import "slices"

// beside takes for a template or a Copilot manifest what is given beside it, as the AWS
// CLI prints it, and tells what isn't used.
func (in *inputs) beside(apps []*app) {
	for _, a := range apps {
		if a.group != nil || a.service.orEmpty().values["loadbalancers"].empty() {
			continue
		}
		a.group, a.attributes = in.groupOf(a.service), in.attributes
		a.rules = append(a.rules, in.rules...)
	}
	unused := func(of []*node, used func(*app) bool, why string) {
		if len(of) > 0 && len(apps) > 0 && !slices.ContainsFunc(apps, used) {
			apps[0].tell(Dropped, of[0], "%s", why)
		}
	}
	const madeElsewhere = "it isn't used, since no service here registers with a target group that is made elsewhere"
	unused(in.groups, func(a *app) bool { return slices.Contains(in.groups, a.group) }, madeElsewhere)
	unused(in.attributes, func(a *app) bool { return len(a.attributes) > 0 }, madeElsewhere)
	unused(in.rules, func(a *app) bool { return slices.ContainsFunc(a.rules, in.given) }, madeElsewhere)
	if len(in.tasks) == 0 {
		unused(in.services, func(*app) bool { return false }, "it isn't used: the services are those of the other files; give its task definition to have it, too")
		return
	}
	if len(in.services) == 0 {
		unused(in.tasks, func(a *app) bool { return slices.Contains(in.tasks, a.task) }, "it isn't used: the task definitions are those of the other files")
	}
}

// given tells whether a rule was given as the AWS CLI prints it.
func (in *inputs) given(rule *node) bool { return slices.Contains(in.rules, rule) }
