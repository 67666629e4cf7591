package main

const (
	routeSticky    = "internal/route/alb/sticky.go"
	targetTemplate = "internal/template/target.go"
	cloudRules     = "internal/cloud/aws/rules.go"
)

// aboutTargets are mistakes in what the load balancer is told of a target group,
// and of clients that stay with theirs.
func aboutTargets() []mutant {
	return []mutant{
		{name: "let the load balancer reach only the port of the requests", unit: "TestPortsOfTheLoadBalancer", file: targetTemplate, old: "		ports = append(ports, int32(port))\n", new: "		_ = port\n"},
		{name: "check gRPC by the codes of HTTP", test: "TestGRPC", file: targetTemplate, old: "		m = matcher{GRPCCode: t.HealthCheck.GRPCCodes}\n", new: "		m.GRPCCode = t.HealthCheck.GRPCCodes\n"},
		{name: "check gRPC by the path of HTTP", test: "TestGRPC", file: targetTemplate, old: "if speaksGRPC(t) && t.HealthCheck.Path == \"/\" {", new: "if false {"},
		{name: "explain a check by the port of the requests", unit: "TestFailedChecksAreExplained", file: targetTemplate, old: "	if port == \"\" || port == v1alpha1.TrafficPort {\n", new: "	if port != \"-\" {\n"},
		{name: "take any listener for gRPC", unit: "TestPreflightOfProtocolVersions", file: routeSticky, old: "if !strings.HasPrefix(endpoint, \"https:\") {", new: "if endpoint == \"\" {"},
		{name: "take a rule that keeps no clients for targets that do", unit: "TestAdoptedStickiness", file: routeSticky, old: "r.adopts() && r.rule.Forwards && r.rule.StickySeconds == 0 {", new: "false {"},
		{name: "divide clients that a rule of ours is to keep", test: "TestStickyCanary", file: routeSticky, old: "		return r.spec.Stickiness.DurationSeconds\n", new: "		return 0\n"},
		{name: "divide clients of targets that keep them", unit: "TestStickyRule", file: routeSticky, old: "	case slices.ContainsFunc(o.Revisions, keeps):\n", new: "	case false && slices.ContainsFunc(o.Revisions, keeps):\n"},
		{name: "keep clients for ever", unit: "TestStickinessOfForwards", file: cloudRules, old: "case before != nil && before.ForwardConfig != nil && stickySeconds(before) == seconds:", new: "case before != nil && before.ForwardConfig != nil && (stickySeconds(before) == seconds || seconds == 0):"},
		{name: "take the stickiness of an adopted rule away", unit: "TestAdoptedStickiness", file: routeSticky, old: "	case r.adopts():\n		return r.rule.StickySeconds\n", new: "	case r.adopts():\n		return 0\n"},
		{name: "call a weight the share of all clients", unit: "TestStickyWeightIsToldOfNewClients", file: forward, old: "		if x.keepsClients() {\n", new: "		if false {\n"},
		{name: "measure the share of another weight, too", unit: "TestShare", file: "internal/analysis/share.go", old: "windowOf(&check, since, r, delay, now)", new: "windowOf(&check, since.Add(-time.Hour), r, delay, now)"},
		{name: "tell a share of requests that are still to be counted", unit: "TestShare", file: "internal/analysis/share.go", old: "windowOf(&check, since, r, delay, now)", new: "windowOf(&check, since, r, 0, now)"},
		{name: "tell the share of a step that is over", unit: "TestMeasuredShare", file: "internal/rollout/notes.go", old: "(!current || int(r.Share.Step) != r.Step+1 ||", new: "(!current ||"},
		{name: "never read the share", test: "TestStickyCanary", file: "internal/rollout/evidence.go", old: "	if x.keepsClients() && x.stable() != nil {\n", new: "	if false {\n"},
		{name: "let anybody answer by a name of Cloud Map", unit: "TestCheck", file: "internal/policy/uses.go", old: "		name(\"spec.template.serviceRegistries\", registryARNs, registry.RegistryARN)\n", new: "		_ = registry\n"},
	}
}
