package main

const (
	logging    = "internal/template/logging.go"
	policyUses = "internal/policy/uses.go"

	simulatedTogether = "internal/awssim/ecs/together.go"
)

// ofContainers are mistakes in what containers set, and in where their logs are.
func ofContainers() []mutant {
	return []mutant{
		{name: "give a stack a log group that nobody uses", unit: "TestLogConfiguration", file: "internal/template/template.go", old: "func(c v1alpha1.Container) bool { return logsToStack(&c) }", new: "func(v1alpha1.Container) bool { return true }"},
		{name: "log to the stack's group whatever is named", unit: "TestLogConfiguration", file: logging, old: "log.LogDriver == driverAWSLogs && log.Options[optionGroup] == \"\"", new: "log.LogDriver == driverAWSLogs"},
		{name: "name the streams of all revisions alike", unit: "TestLogConfiguration", file: logging, old: "	prefix := stack\n", new: "	prefix := c.Name\n"},
		{name: "show the logs of the first container", unit: "TestLogsOfTheMainContainer", file: logging, old: "		if t.Containers[i].Name == name {\n", new: "		if i == 0 || t.Containers[i].Name == name {\n"},
		{name: "don't name the log group that is missing", unit: "TestExplain", file: "internal/template/ecs_source.go", old: "		return explainGroups(t)\n", new: "		return \"\"\n"},
		{name: "map each port for tcp", unit: "TestBuildGolden", file: ecsTemplate, old: "cmp.Or(p.Protocol, \"tcp\")", new: "cmp.Or(\"tcp\", p.Protocol)"},
		{name: "send requests to a port for UDP", unit: "TestTargetIsByTCP", file: ecsTemplate, old: " && p.Protocol != \"udp\" {", new: " {"},
		{name: "leave out how long others wait for a container", unit: "TestBuildGolden", file: ecsTemplate, old: "		StartTimeout:           c.StartTimeout,\n", new: ""},
		{name: "leave out the grace period of a worker", unit: "TestBuildGolden", file: ecsTemplate, old: "	p.HealthCheckGracePeriodSeconds = t.HealthCheckGracePeriodSeconds\n", new: ""},
		{name: "let containers link to each other", unit: "TestBuildRefuses", file: "internal/template/order.go", old: "			on = append(on, v1alpha1.ContainerDependency{ContainerName: name})\n", new: "			_ = name\n"},
		{name: "take the port of a load balancer for two protocols", unit: "TestPortForBothProtocols", file: simulatedTogether, old: "	if n > 1 {\n", new: "	if n > 2 {\n"},
		{name: "kill no container that ignores its end", unit: "TestStopTimeout", file: simulatedTogether, old: "	if !t.behaves.noTerm {\n", new: "	if true {\n"},
		{name: "link containers round", unit: "TestLinks", file: simulatedTogether, old: "	if from == goal {\n		return true\n	}\n", new: "	if from == goal {\n		return false\n	}\n"},
		{name: "give containers of a worker no grace", unit: "TestGracePeriodOfWorkers", file: "internal/awssim/ecs/scheduler.go", old: "Scale(grace)).Sub(s.world.Now()); left > 0 {", new: "Scale(grace)).Sub(s.world.Now()); left > 0 && t.health != healthUnhealthy {"},
		{name: "take any time to stop on Fargate", unit: "TestContainerRefusals", file: "internal/awssim/ecs/containercheck.go", old: "*seconds > 120)", new: "*seconds > 1200)"},
		{name: "leave out the file systems in memory", unit: "TestBuildGolden", file: "internal/template/containersettings.go", old: "		out.Tmpfs = append(out.Tmpfs, tmpfs(m))\n", new: "		_ = tmpfs(t)\n"},
		{name: "let a namespace log to any group", unit: "TestCheck", file: policyUses, old: "logGroups, string(log.Options[\"awslogs-group\"]))", new: "logGroups, \"\")"},
		{name: "take the stack's log group for the logs", test: "TestLogRouter", file: revisionActions, old: "	next.LogGroup = source.Logs(&imr.Spec.Frozen.Template, imr.Spec.StackName, view.facts.Stack.Outputs[template.OutputLogGroup]).Group\n", new: "	next.LogGroup = view.facts.Stack.Outputs[template.OutputLogGroup]\n"},
		{name: "show the logs of all revisions", test: "TestContainerSettings", file: "controllers/revisions.go", old: "command.TailLogs(logs.Group, logs.Streams, ", new: "command.TailLogs(logs.Group, \"\", "},
	}
}
