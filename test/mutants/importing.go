package main

const (
	importerTask     = "internal/importer/task.go"
	importerTree     = "internal/importer/tree.go"
	importerLogging  = "internal/importer/logging.go"
	importerStrategy = "internal/importer/strategy.go"
	importerMapper   = "internal/importer/mapper.go"
	importerEnforce  = "internal/importer/enforce.go"
	importerScaled   = "internal/importer/scaled.go"
	importerScaling  = "internal/importer/scaling.go"
	importerAlarm    = "internal/importer/alarm.go"
	importerTracking = "internal/importer/tracking.go"
)

// ofImports are mistakes in what becomes of task definitions and services.
func ofImports() []mutant {
	return []mutant{
		{name: "drop a field without a word", unit: "TestCases", file: importerTree, old: "	if !n.seen {\n		return []*node{n}\n	}\n", new: "	if !n.seen {\n		return nil\n	}\n"},
		{name: "call a lossy import full", unit: "TestCases", file: "internal/importer/finding.go", old: "		case Dropped, Refused:\n", new: "		case Refused:\n"},
		{name: "import what the API server refuses", unit: "TestCases", file: importerEnforce, old: "		if len(errs) == 0 {\n			break\n", new: "		if len(errs) >= 0 {\n			break\n"},
		{name: "take another element out of a list", unit: "TestCases", file: importerEnforce, old: "slices.Delete(slices.Clone(v), i, i+1)", new: "slices.Delete(slices.Clone(v), 0, 1)"},
		{name: "report another element than was taken out", unit: "TestCases", file: importerEnforce, old: "err == nil && i >= r.index {\n			path[n] = strconv.Itoa(i + 1)", new: "err == nil && i >= r.index {\n			path[n] = strconv.Itoa(i)"},
		{name: "name the line after", unit: "TestCases", file: importerTree, old: "func (r *reader) line() int { return 1 +", new: "func (r *reader) line() int { return 2 +"},
		{name: "import a task that is too small", unit: "TestCases", file: importerTask, old: "		if s.cpu < cpu || s.most < memory {\n", new: "		if s.cpu < cpu {\n"},
		{name: "read vCPU as units", unit: "TestCases", file: importerTask, old: "	case unit:\n		value *= 1024\n", new: "	case unit:\n"},
		{name: "make a role in somebody's account", unit: "TestCases", file: importerTask, old: "		if !twelveDigits.MatchString(account) {\n			account = m.accountFor(n)\n		}\n		return found[1]", new: "		return found[1]"},
		{name: "keep a log group that goes with the old stack", unit: "TestCases", file: importerLogging, old: "	case made != nil:\n", new: "	case false:\n"},
		{name: "have clients stay for the time of another cookie", unit: "TestCases", file: "internal/importer/traffic.go", old: "m.sticky[\"stickiness.\"+s.Type+\".duration_seconds\"]", new: "m.sticky[\"stickiness.lb_cookie.duration_seconds\"]"},
		{name: "adopt a listener's default rule", unit: "TestCases", file: "internal/importer/rule.go", old: "		if rule.get(\"IsDefault\").truth() {\n", new: "		if false {\n"},
		{name: "start new tasks before old ones are gone", unit: "TestCases", file: importerStrategy, old: "	if surge <= 0 && unavailable >= 100 {\n", new: "	if false {\n"},
		{name: "hold a step for seconds instead of minutes", unit: "TestCases", file: importerStrategy, old: "		return n * 60\n", new: "		return n\n"},
		{name: "let CloudFormation resolve a secret", unit: "TestCases", file: "internal/importer/container.go", old: "		if found == nil {\n			kept = append(kept, e)", new: "		if true {\n			kept = append(kept, e)"},
		{name: "take the other branch of a condition", unit: "TestCases", file: "internal/importer/intrinsics.go", old: "	if holds || !known {\n", new: "	if !holds || !known {\n"},
		{name: "take the name of the region for another's", unit: "TestCases", file: importerMapper, old: "	if len(of) != 1 {\n		return \"\"\n	}\n", new: "	if len(of) != 1 {\n		return placeholder\n	}\n"},
		{name: "import a bridge network as an interface of the task's own", unit: "TestCases", file: "internal/importer/ec2.go", old: "		t.NetworkMode = v1alpha1.NetworkModeBridge\n", new: "		t.NetworkMode = v1alpha1.NetworkModeAWSVPC\n"},
		{name: "forget a fixed port of the instance", unit: "TestCases", file: "internal/importer/ec2.go", old: "p.HostPort != nil && *p.HostPort == 0 {", new: "p.HostPort != nil {"},
		{name: "import privileges to Fargate", unit: "TestCases", file: "internal/importer/ec2.go", old: "	if c.Privileged != nil {\n", new: "	if false {\n"},
		{name: "scale down to nothing", unit: "TestCases", file: importerScaling, old: "	to.Min = int32of(max(least, 1))\n", new: "	to.Min = int32of(least)\n"},
		{name: "scale by another service's bounds", unit: "TestCases", file: importerScaled, old: "knownService && !sameService {\n", new: "knownService && false {\n"},
		{name: "scale by the bounds of another cluster's service", unit: "TestCases", file: importerScaled, old: "knownCluster && !sameCluster ||", new: "knownCluster && false ||"},
		{name: "guess whose bounds these are", unit: "TestCases", file: importerScaled, old: "a.distinct(likely) > 1, ", new: ""},
		{name: "lose another rule of the service without a word", unit: "TestCases", file: "internal/importer/rules.go", old: "		if rule == kept || m.isHidden(rule, kept) {\n", new: "		if rule != nil {\n"},
		{name: "let in who reaches another port", unit: "TestCases", file: "internal/importer/ingress.go", old: "least <= wanted && wanted <= most", new: "least <= wanted+most"},
		{name: "let in nobody to the port of the health check", unit: "TestCases", file: "internal/importer/ingress.go", old: "ports = append(ports, check)", new: "ports = ports[:1]"},
		{name: "have a part of a value resolved", unit: "TestCases", file: "internal/importer/container.go", old: "			if dynamicPart.MatchString(n.text) {\n", new: "			if false {\n"},
		{name: "switch a service off at night", unit: "TestCases", file: "internal/importer/schedule.go", old: "	if *to != nil && **to < 1 {\n", new: "	if false {\n"},
		{name: "give two schedules one name", unit: "TestCases", file: "internal/importer/schedule.go", old: "o.Name == name", new: "o.Name == \"\""},
		{name: "lose a schedule without a word", unit: "TestCases", file: importerScaling, old: "			m.schedules([]*node{n}, by)\n", new: ""},
		{name: "scale by another service's load", unit: "TestCases", file: importerAlarm, old: "return cluster && service && len(dimensions) == 2", new: "return cluster == service || len(dimensions) == 2"},
		{name: "keep the average at a maximum's value", unit: "TestCases", file: importerTracking, old: " && own.get(\"Statistic\").str() == \"Average\"", new: ""},
		{name: "count the requests of another target group", unit: "TestCases", file: importerTracking, old: "	case theirs != \"\" && ours != \"\":\n", new: "	case false:\n"},
		{name: "enable an alarm that is disabled", unit: "TestCases", file: importerScaling, old: "strings.EqualFold(enabled.str(), \"false\")", new: "false"},
		{name: "resume scaling without a word", unit: "TestCases", file: importerScaling, old: "		if n.get(key).truth() {\n", new: "		if false {\n"},
		{name: "roll back where ECS only stops", unit: "TestCases", file: importerStrategy, old: "strings.EqualFold(rollback.str(), \"false\")", new: "false"},
		{name: "take an external controller for ECS", unit: "TestCases", file: importerStrategy, old: "	case strings.EqualFold(controller.str(), \"EXTERNAL\"):\n", new: "	case false:\n"},
		{name: "lose the masks of a log group", unit: "TestCases", file: importerLogging, old: "made.properties.get(\"DataProtectionPolicy\"); !policy.empty()", new: "made.properties.get(\"DataProtectionPolicy\"); false"},
		{name: "lose the attributes of a group that isn't given", unit: "TestCases", file: "internal/importer/traffic.go", old: "	case len(m.app.attributes) > 0:\n", new: "	case len(m.app.attributes) > 0:\n		return\n"},
		{name: "take the last of two scalable targets", unit: "TestCases", file: importerScaling, old: "	if len(targets) > 1 {\n", new: "	if false {\n"},
		{name: "patch a placeholder", unit: "TestCases", file: "internal/importer/patches.go", old: "	if open || err != nil {\n", new: "	if err != nil {\n"},
		{name: "quote the numbers of a patch", unit: "TestCases", file: "internal/importer/patches.go", old: "		if n.bare {\n", new: "		if false {\n"},
	}
}
