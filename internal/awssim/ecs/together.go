package ecs

import (
	"strings"
	"time"
)

// How the containers of a task are tied to each other, to its ports and to its end.

// Of a container that says nothing else, and of one that is killed (developer guide,
// "Amazon ECS task lifecycle"; API reference, ContainerDefinition).
const (
	usualStopTimeout = 30
	exitKilled       = 137
)

// exitOf is how long a task's containers take to exit after SIGTERM, and with which code.
// Those that ignore it get SIGKILL.
func (s *Service) exitOf(t *task) (after time.Duration, code int) {
	if !t.behaves.noTerm {
		return s.jitter(stoppingTime), 0
	}
	for i := range t.definition.ContainerDefinitions {
		timeout := intOr(t.definition.ContainerDefinitions[i].StopTimeout, usualStopTimeout)
		after = max(after, time.Duration(timeout)*time.Second)
	}
	return after, exitKilled
}

// checkLinks refuses links outside of bridge networks, to containers that aren't there,
// and in a circle. AWS's words about awsvpc and circles were recorded
// (aws-observability/aws-otel-collector#1359, scpwiki/wikijump#869), others aren't known.
func (in *registerInput) checkLinks() error {
	to := map[string][]string{}
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		if len(c.Links) > 0 && in.NetworkMode != "" && in.NetworkMode != networkBridge {
			return clientError("Links are not supported when networkMode=%s.", in.NetworkMode)
		}
		to[c.Name] = nil
		for _, link := range c.Links {
			name, _, _ := strings.Cut(link, ":")
			to[c.Name] = append(to[c.Name], name)
		}
	}
	for i := range in.ContainerDefinitions {
		from := in.ContainerDefinitions[i].Name
		for _, name := range to[from] {
			if _, there := to[name]; !there {
				return clientError("Container '%s' links to '%s', which does not exist.", from, name)
			}
			if leads(to, name, from, map[string]bool{}) {
				return clientError("Container links should not have a cycle")
			}
		}
	}
	return nil
}

// leads tells whether links lead from one container to another, or to itself.
func leads(to map[string][]string, from, goal string, seen map[string]bool) bool {
	if from == goal {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, name := range to[from] {
		if leads(to, name, goal, seen) {
			return true
		}
	}
	return false
}

// checkOnce refuses a port that is mapped for TCP and for UDP where one of them is meant
// (terraform-aws-modules/terraform-aws-ecs#89, aws/amazon-ecs-agent#3428).
func (c *container) checkOnce(port int) error {
	n := 0
	for _, m := range c.PortMappings {
		if m.ContainerPort == port {
			n++
		}
	}
	if n > 1 {
		return invalid("Container port %d is used in more than one port mapping for container %s", port, c.Name)
	}
	return nil
}
