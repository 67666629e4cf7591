package main

const (
	importerCopilot  = "internal/importer/copilotvalues.go"
	importerTidy     = "internal/importer/tidy.go"
	importerTemplate = "internal/importer/cloudformation.go"
	importerTogether = "internal/importer/together.go"
	importerPorts    = "internal/importer/ports.go"
)

// ofInputs are mistakes that inputs of real users brought to light.
func ofInputs() []mutant {
	return []mutant{
		{name: "split a command within quotes", unit: "TestCases", file: importerCopilot, old: "		case s.escaped || s.quote != 0:\n", new: "		case s.escaped:\n"},
		{name: "invent the value of a variable", unit: "TestCases", file: importerCopilot, old: "			n.open = append(n.open, \"the variable \"+name)\n", new: ""},
		{name: "read the other environment's name", unit: "TestCases", file: importerCopilot, old: "			return c.environmentName, true\n", new: "			return c.name, true\n"},
		{name: "wait for a container by the name that it had", unit: "TestCases", file: importerTidy, old: "			follow(&c.DependsOn[j].ContainerName)\n", new: "			_ = j\n"},
		{name: "keep the first of two variables", unit: "TestCases", file: importerTidy, old: "return last[e.Name] != j", new: "return last[e.Name] == j && len(last) < len(c.Environment)"},
		{name: "name another variable than the one that is refused", unit: "TestCases", file: importerTidy, old: "environment\", i)), len(kept)})", new: "environment\", i)), 99})"},
		{name: "lose the port of an SRV record", unit: "TestCases", file: "internal/importer/service.go", old: "				t.ServiceRegistries[i].ContainerName, t.ServiceRegistries[i].ContainerPort = c.Name, int32of(port)\n", new: ""},
		{name: "forget the grace period of a container's health check", unit: "TestCases", file: "internal/importer/service.go", old: "	if !checked {\n", new: "	if checked = false; !checked {\n"},
		{name: "wait longer than can be had", unit: "TestCases", file: "internal/importer/service.go", old: "	return new(most)\n", new: "	return seconds\n"},
		{name: "link to a container by the name that it had", unit: "TestCases", file: importerTidy, old: "linkTo(cmp.Or(names[name], name), ", new: "linkTo(name, "},
		{name: "call a container by its new name only", unit: "TestCases", file: importerTidy, old: "cmp.Or(alias, name))", new: "cmp.Or(alias, names[name], name))"},
		{name: "take a default for hidden by any rule of its listener", unit: "TestCases", file: "internal/importer/rules.go", old: "len(conditions) == 1 && slices.Contains(allPaths, conditionText(conditions[0]))", new: "len(conditions) == 1 && slices.Contains(allPaths, allPaths[0])"},
		{name: "take a default for hidden by another listener's rule", unit: "TestCases", file: "internal/importer/rules.go", old: "listener.ref != m.app.idOf(rule) {", new: "m.app.idOf(rule) == \"\" {"},
		{name: "import links that go round", unit: "TestCases", file: importerTidy, old: "func(link string) bool { return circle(\"links\", linked(link)) }", new: "func(string) bool { return false }"},
		{name: "import links to nobody", unit: "TestCases", file: importerTogether, old: "named(t, linked(link)) == nil || ", new: ""},
		{name: "link containers on Fargate", unit: "TestCases", file: importerTogether, old: "	c.Links = nil\n", new: ""},
		{name: "import a wait for nobody", unit: "TestCases", file: importerTogether, old: "c.StartTimeout != nil && !awaited {", new: "c.StartTimeout != nil && !awaited && i < 0 {"},
		{name: "lose the other protocol of a port", unit: "TestCases", file: importerPorts, old: " && byUDP(k) == byUDP(p)", new: ""},
		{name: "import a port that is mapped twice", unit: "TestCases", file: importerPorts, old: "if twice && p.ContainerPort != 0 {", new: "if twice && p.ContainerPort == 0 {"},
		{name: "send requests to a port of two protocols", unit: "TestCases", file: importerPorts, old: "		second := ofTarget(p) && byUDP(p)\n", new: "		second := false\n"},
		{name: "call what isn't known lost", unit: "TestCases", file: importerEnforce, old: "(len(n.open) > 0 || isPlaceholder(n.text)) {\n		m.find(", new: "false {\n		m.find("},
		{name: "use nothing of what is beside a template", unit: "TestCases|TestUnusedBesideATemplate", file: "internal/importer/importer.go", old: "	in.beside(apps)\n", new: ""},
		{name: "forget the scaling of a manifest for files beside it", unit: "TestCases", file: importerScaled, old: "	a.scaling = append(own, a.scaling...)\n", new: ""},
		{name: "scale by the template where it was changed since", unit: "TestCases", file: importerScaled, old: "	if slices.ContainsFunc(a.scaling, isTarget) {\n", new: "	if !slices.ContainsFunc(a.scaling, isTarget) {\n"},
		{name: "don't say that a service wasn't read", unit: "TestUnusedBesideATemplate", file: "internal/importer/beside.go", old: "	if len(in.tasks) == 0 {\n", new: "	if len(in.tasks) == 0 && len(in.services) == 0 {\n"},
		{name: "don't say what a policy has to allow", unit: "TestCases", file: "internal/importer/ec2.go", old: "len(access) > 0 {", new: "len(access) > 99 {"},
		{name: "don't say that a port is free once", unit: "TestCases", file: "internal/importer/ec2.go", old: "				port = p.ContainerPort\n", new: "				port = 0\n"},
		{name: "run another template's task definition by chance", unit: "TestTaskOfService", file: importerTemplate, old: "	if found != 1 {\n", new: "	if found == 0 {\n"},
		{name: "run any task definition that is given", unit: "TestTaskOfService", file: "internal/importer/importer.go", old: "== family || len(in.tasks) == 1 {", new: "== family || len(in.tasks) > 0 {"},
		{name: "take what is exported by another name", unit: "TestCases", file: importerTemplate, old: "value == nil || value.ref != id {", new: "value == nil {"},
		{name: "take bounds that may be another's", unit: "TestCases", file: importerScaled, old: "slices.ContainsFunc(likely, contested), ", new: "slices.ContainsFunc(likely, contested) && false, "},
		{name: "lose bounds for those of another service", unit: "TestCases", file: importerScaled, old: "		case may && !slices.ContainsFunc(others, func(o *app) bool { is, _ := o.meant(n); return is }):\n", new: "		case may:\n"},
		{name: "read what Copilot doesn't", unit: "TestCases", file: "internal/importer/copilot.go", old: "c.container(c.name, n, n.get(\"image\"))", new: "c.container(c.name, n, n)"},
		{name: "take a field that Copilot knows for one that it doesn't", unit: "TestCases", file: "internal/importer/copilotservice.go", old: "\"publish\", \"subscribe\", ", new: "\"subscribe\", "},
		{name: "log to a group that is called __LOG_GROUP__", unit: "TestCases", file: importerLogging, old: "len(n.open) > 0 || isPlaceholder(n.text) || ", new: "len(n.open) > 0 || "},
		{name: "make an ARN of a placeholder", unit: "TestCases", file: "internal/importer/container.go", old: "from != placeholder && !isPlaceholder(from) {", new: "from != placeholder {"},
	}
}
