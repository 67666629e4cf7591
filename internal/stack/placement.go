package stack

import (
	"slices"
	"strings"
)

// noInstance is why ECS places no task on an instance, by words of its event, and
// what helps.
var noInstance = []struct{ words, remedy string }{
	{"No Container Instances were found", "Register instances with the cluster, or raise the maximum of the Auto Scaling group of its capacity provider"},
	{"using a port required", "A fixed hostPort, as every port with networkMode: host, is free once on each instance: add instances, or use networkMode: bridge without hostPort, " +
		"or spec.strategy.type: Recreate, which stops the old tasks first"},
	{"missing an attribute", "The instances lack something that the task needs: with networkMode: awsvpc there have to be some in the Availability Zones of spec.template.network.subnetIDs; " +
		"look at logDriver, resourceRequirements, runtimePlatform and placementConstraints of spec.template, too"},
	{`"AGENT"`, "Restart the ECS agent of the instance that the message names, or replace the instance"},
}

// noRoom is what helps against all else. ECS doesn't tell an instance that is full
// from one that is too small.
const noRoom = "Add instances to the cluster, larger ones if none has as much cpu, memory, network interfaces or GPUs as the task needs; or lower cpu and memory of spec.template and its containers"

// placementRemedy tells what helps where ECS finds no container instance for a task.
func placementRemedy(message string) string {
	i := slices.IndexFunc(noInstance, func(r struct{ words, remedy string }) bool { return strings.Contains(message, r.words) })
	if i < 0 {
		return noRoom
	}
	return noInstance[i].remedy
}
