package main

const (
	ofInstances     = "internal/template/instances.go"
	policyOfHost    = "internal/policy/host.go"
	ecsServices     = "internal/cloud/aws/services.go"
	simulatedPlaces = "internal/awssim/ecs/placement.go"
	simulatedHosts  = "internal/awssim/ecs/instances.go"
)

// onInstances are mistakes about tasks that run on instances of EC2.
func onInstances() []mutant {
	return []mutant{
		{name: "give a task a network interface that has none", unit: "TestNetworkOfTasks", file: ofInstances, old: "	if !t.OwnInterface() {\n		return nil\n	}\n	return &networkConfiguration", new: "	return &networkConfiguration"},
		{name: "name tasks on instances by their address", unit: "TestNetworkOfTasks", file: ofInstances, old: "	return \"instance\"\n", new: "	return \"ip\"\n"},
		{name: "take the container's port of the instance", unit: "TestNetworkOfTasks", file: ofInstances, old: "		return new(int32(0))\n", new: "		return &m.ContainerPort\n"},
		{name: "have on Fargate what only instances have", unit: "TestFargateHasNothingOfInstances", file: ofInstances, old: "(s instanceSettings) {\n	if !t.OnInstances() {", new: "(s instanceSettings) {\n	if false {"},
		{name: "link containers outside of bridge networks", unit: "TestLinksOfBridges", file: ofInstances, old: "	if t.NetworkMode == v1alpha1.NetworkModeBridge {\n		s.Links = c.Links\n	}\n", new: "	s.Links = c.Links\n"},
		{name: "mount a directory of Fargate", unit: "TestFargateHasNothingOfInstances", file: ofInstances, old: "(out volumeOfInstances) {\n	if !t.OnInstances() {", new: "(out volumeOfInstances) {\n	if false {"},
		{name: "allow what no policy lists of an instance", unit: "TestHostAccess", file: policyOfHost, old: "		host(field+\"privileged\", \"privileged\")\n", new: "		_ = host\n"},
		{name: "let options of a driver mount anything", unit: "TestHostAccess", file: policyOfHost, old: " || len(d.DriverOpts) > 0 {", new: " {"},
		{name: "take a security option that frees for one that binds", unit: "TestHostAccess", file: policyOfHost, old: "		if option != harmless {\n", new: "		if option == \"\" {\n"},
		{name: "make a stack in a cluster without instances", unit: "TestInstances", file: preflight, old: "if needs.Instances && cluster.Instances == 0 {", new: "if needs.Instances && cluster.Instances < 0 {"},
		{name: "believe that a cluster has no instances", unit: "TestInstancesAreAskedForAnew", file: ecsServices, old: "ok && known.Meets(needs) {", new: "ok {"},
		{name: "hold a full cluster against the template", unit: "TestConsider", file: stackFailure, old: "|no container instance met all of its requirements", new: ""},
		{name: "overlook what kept the rest from being placed", unit: "TestConsider", file: stackFailure, old: "noCapacity.MatchString(lastEvent) && !slices.ContainsFunc(tasks, failed)", new: "noCapacity.MatchString(lastEvent) && len(tasks) == 0 && !slices.ContainsFunc(tasks, failed)"},
		{name: "tell Fargate's remedy to a full cluster", unit: "TestPlacementRemedies", file: stackFailure, old: "	if c.Instances {\n", new: "	if false {\n"},
		{name: "read the newest event only", unit: "TestLastEvent", file: ecsServices, old: "		if strings.Contains(message, \"was unable to place a task\") {", new: "		if i == 0 && strings.Contains(message, \"was unable to place a task\") {"},
		{name: "tell of a task that was placed since", unit: "TestLastEvent", file: ecsServices, old: "		if strings.Contains(message, \"has started \") ||", new: "		if"},
		{name: "count tasks whose instance is gone", unit: "TestStopsOfInstances", file: ecsServices, old: "		return !strings.HasPrefix(awssdk.ToString(t.StoppedReason), hostGone)\n", new: "		return true\n"},
		{name: "wait for CloudFormation without a look at ECS", test: "TestInstancesWithoutRoom", file: expressMode, old: "	case imr.Spec.Frozen.Template.OnInstances() && s.Status == cloud.StackCreateInProgress:\n", new: "	case false:\n"},
		{name: "place more than an instance has room for", unit: "TestPlacement", file: simulatedPlaces, old: "	case needs.memory > left.memory:\n", new: "	case needs.memory < 0:\n"},
		{name: "give two tasks one port", unit: "TestInstanceTargets", file: simulatedHosts, old: "	for slices.Contains(taken, portOf{i.nextPort, protocol}) {\n		i.advance()\n	}\n	port := i.nextPort\n	i.advance()\n", new: "	port := firstDynamic\n"},
		{name: "stop tasks of a draining instance first", unit: "TestDrainingInstance", file: simulatedHosts, old: "	s.stopTasks(svc, leaving[:min(max(spare, 0), len(leaving))])\n", new: "	_ = spare\n	s.stopTasks(svc, leaving)\n"},
		{name: "allow any device by another way", unit: "TestDevicesByAnotherWay", file: "internal/policy/host.go", old: "path.Clean(d.HostPath)", new: "path.Clean(\"/\")[1:]+d.HostPath"},
	}
}
