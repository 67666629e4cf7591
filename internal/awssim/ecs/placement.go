package ecs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// networkAWSVPC gives each task a network interface of its own.
const (
	networkAWSVPC = "awsvpc"
	networkBridge = "bridge"
	networkHost   = "host"
)

const (
	launchEC2     = "EC2"
	launchFargate = "FARGATE"
)

type placementConstraint struct {
	Type       string `json:"type"`
	Expression string `json:"expression,omitempty"`
}

type placementStrategy struct {
	Type  string `json:"type"`
	Field string `json:"field,omitempty"`
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// onInstances tells whether a service's tasks run on container instances.
func (svc *service) onInstances() bool { return svc.serviceInput.onInstances() }

func (in *serviceInput) onInstances() bool {
	return in.LaunchType == launchEC2 || len(in.CapacityProviderStrategy) > 0 && !isFargate(in.CapacityProviderStrategy[0].CapacityProvider)
}

func isFargate(provider string) bool { return provider == providerFargate || provider == providerSpot }

// The limits of a service's placement (API reference, CreateService), and of an
// expression (PlacementConstraint).
const (
	maxConstraints = 10
	maxStrategies  = 5
	maxExpression  = 2000
)

// checkRules refuses constraints and strategies that ECS can't follow. The words about
// fields and expressions were recorded by cdk-preflight (rules/ecs/pf-ecs-svc-*, 2026-09);
// that Fargate has no placement is recorded without words.
func (in *serviceInput) checkRules() error {
	switch {
	case !in.onInstances() && len(in.PlacementConstraints) > 0:
		return invalid("Placement constraints are not supported with FARGATE launch type.")
	case !in.onInstances() && len(in.PlacementStrategies) > 0:
		return invalid("Placement strategies are not supported with FARGATE launch type.")
	case len(in.PlacementConstraints) > maxConstraints:
		return invalid("placement constraints can have at most %d items.", maxConstraints)
	case len(in.PlacementStrategies) > maxStrategies:
		return invalid("placement strategy can have at most %d items.", maxStrategies)
	}
	for _, c := range in.PlacementConstraints {
		if err := c.check(); err != nil {
			return err
		}
	}
	for _, p := range in.PlacementStrategies {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *placementConstraint) check() error {
	switch c.Type {
	case "distinctInstance":
		if c.Expression != "" {
			return invalid("distinctInstance expression should not be specified")
		}
		return nil
	case "memberOf":
	default:
		return invalid("Invalid placement constraint type '%s'", c.Type)
	}
	if c.Expression == "" || len(c.Expression) > maxExpression {
		return invalid("memberOf expression should be specified")
	}
	_, err := parseExpression(c.Expression)
	return err
}

func (p *placementStrategy) check() error {
	switch p.Type {
	case "random":
		if p.Field != "" {
			return invalid("random field should not be specified")
		}
	case "binpack":
		if field := strings.ToLower(p.Field); field != "cpu" && field != "memory" {
			return invalid("binpack field '%s' is invalid", p.Field)
		}
	case "spread":
		if p.Field != "instanceId" && p.Field != "host" && !strings.HasPrefix(p.Field, "attribute:") {
			return invalid("spread field '%s' is invalid", p.Field)
		}
	default:
		return invalid("Invalid placement strategy type '%s'", p.Type)
	}
	return nil
}

// expression is one comparison of the cluster query language; several are joined by
// "and".
type expression struct {
	attribute, operator string
	values              []string
}

// parseExpression reads what is simulated of the cluster query language: attributes
// compared by ==, !=, in and not_in, or asked for by exists and !exists, joined by and.
func parseExpression(text string) (all []expression, err error) {
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "&&", " and "), " and ") {
		words := strings.Fields(part)
		if len(words) < 2 || !strings.HasPrefix(words[0], "attribute:") {
			return nil, invalid("Invalid expression '%s': only comparisons of attributes, joined by and, are simulated", text)
		}
		e := expression{attribute: strings.TrimPrefix(words[0], "attribute:"), operator: words[1]}
		for value := range strings.SplitSeq(strings.Trim(strings.Join(words[2:], " "), "[] "), ",") {
			if value = strings.Trim(value, " '\""); value != "" {
				e.values = append(e.values, value)
			}
		}
		if !e.isWhole() {
			return nil, invalid("Invalid expression '%s'", text)
		}
		all = append(all, e)
	}
	return all, nil
}

// isWhole tells whether an operator is known and has as many values as it takes.
func (e *expression) isWhole() bool {
	switch e.operator {
	case "==", "!=":
		return len(e.values) == 1
	case "in", "not_in":
		return len(e.values) > 0
	case "exists", "!exists":
		return len(e.values) == 0
	}
	return false
}

func (e *expression) holds(i *instance) bool {
	value, has := i.attribute(e.attribute)
	switch e.operator {
	case "exists":
		return has
	case "!exists":
		return !has
	case "!=", "not_in":
		return !slices.Contains(e.values, value)
	}
	return has && slices.Contains(e.values, value)
}

// attribute is one of those that each instance has, or of its own.
func (i *instance) attribute(name string) (value string, found bool) {
	if name == "ecs.availability-zone" {
		return i.Zone, true
	}
	value, found = i.Attributes[name]
	return value, found
}

// missing is what ECS says of an instance that isn't what a task needs.
const missing = "is missing an attribute required by your task"

// obstacle is why an instance can't take a task, in the words of ECS's events; "" if
// it can. Those about CPU, memory and ports are documented, or in AWS's own examples;
// a want of interfaces and of GPUs has no words there, and is told as a missing
// attribute.
func (s *Service) obstacle(svc *service, d *taskDefinition, i *instance) string {
	needs, left := d.needs(), s.left(i)
	switch {
	case !s.meetsConstraints(svc, i), d.NetworkMode == networkAWSVPC && !s.coversZone(svc, i.Zone):
		return missing
	case needs.cpu > left.cpu:
		return "has insufficient CPU units available"
	case needs.memory > left.memory:
		return "has insufficient memory available"
	case slices.ContainsFunc(needs.ports, func(p portOf) bool { return slices.Contains(left.ports, p) }):
		return "is already using a port required by your task"
	case needs.interfaces > left.interfaces, needs.gpus > left.gpus:
		return missing
	}
	return ""
}

func (s *Service) meetsConstraints(svc *service, i *instance) bool {
	for _, c := range svc.PlacementConstraints {
		if c.Type == "distinctInstance" {
			if slices.ContainsFunc(s.tasksOn(i), func(t *task) bool { return t.service == svc && t.desired == taskRunning }) {
				return false
			}
			continue
		}
		all, _ := parseExpression(c.Expression) // was parsed when the service was made
		if slices.ContainsFunc(all, func(e expression) bool { return !e.holds(i) }) {
			return false
		}
	}
	return true
}

// coversZone tells whether one of a service's subnets is in a zone.
func (s *Service) coversZone(svc *service, zone string) bool {
	return slices.ContainsFunc(s.subnetsOf(svc), func(subnet core.Subnet) bool { return subnet.Zone == zone })
}

// subnetsOf are the subnets of a service of which something is known.
func (s *Service) subnetsOf(svc *service) (found []core.Subnet) {
	in := svc.NetworkConfiguration.AwsvpcConfiguration
	if in == nil {
		return nil
	}
	for _, id := range in.Subnets {
		subnet := core.Subnet{ID: id, Zone: s.world.Region + "a"}
		if s.opts.Network != nil {
			if known, ok := s.opts.Network.Subnet(id); ok {
				subnet = known
			}
		}
		found = append(found, subnet)
	}
	return found
}

// place chooses the instance of a service's next task, or says why there is none.
func (s *Service) place(svc *service, d *taskDefinition, provider string) (chosen *instance, reason string) {
	members := s.members(svc.cluster, provider)
	switch {
	case len(members) == 0 && provider != "":
		return nil, "Reason: No Container Instances were found in your capacity provider."
	case len(members) == 0:
		return nil, "Reason: No Container Instances were found in your cluster."
	}
	var able []*instance
	for _, i := range members {
		obstacle := s.obstacle(svc, d, i)
		switch {
		case obstacle == "":
			able = append(able, i)
		case reason == "" || obstacle != missing && strings.Contains(reason, missing):
			reason = fmt.Sprintf("The closest matching (container-instance %s) %s.", i.id, obstacle)
		}
	}
	if len(able) == 0 {
		return nil, reason
	}
	return s.prefer(svc, able), ""
}

// members are the instances of a cluster that take tasks, of a capacity provider if
// there is one.
func (s *Service) members(c *cluster, provider string) []*instance {
	return slices.DeleteFunc(slices.Clone(s.instances), func(i *instance) bool {
		return i.Cluster != c.name || i.status != instanceActive || provider != "" && i.CapacityProvider != provider
	})
}

// prefer takes the best instance by the strategies of a service: the first decides,
// and the next among equals. Without any, tasks are spread over zones.
func (s *Service) prefer(svc *service, able []*instance) *instance {
	strategies := svc.PlacementStrategies
	if len(strategies) == 0 {
		strategies = []placementStrategy{{Type: "spread", Field: "attribute:ecs.availability-zone"}}
	}
	for _, p := range strategies {
		if p.Type == "random" {
			return able[s.world.Rand().IntN(len(able))]
		}
		cost := map[*instance]int{}
		for _, i := range able {
			cost[i] = s.cost(svc, &p, i)
		}
		least := cost[slices.MinFunc(able, func(a, b *instance) int { return cmp.Compare(cost[a], cost[b]) })]
		able = slices.DeleteFunc(able, func(i *instance) bool { return cost[i] != least })
	}
	return able[0]
}

// cost orders instances by one strategy: by how many tasks of the service there are
// with the same value of the field, or by how much is left.
func (s *Service) cost(svc *service, p *placementStrategy, i *instance) int {
	if p.Type == "binpack" {
		if strings.EqualFold(p.Field, "cpu") {
			return s.left(i).cpu
		}
		return s.left(i).memory
	}
	n := 0
	for _, t := range s.tasksOf(svc, nil) {
		if t.instance != nil && sameField(p.Field, t.instance, i) {
			n++
		}
	}
	return n
}

func sameField(field string, a, b *instance) bool {
	name, isAttribute := strings.CutPrefix(field, "attribute:")
	if !isAttribute {
		return a == b
	}
	of, _ := a.attribute(name)
	is, _ := b.attribute(name)
	return of == is
}

// unplaced tells in an event that a task can't be placed. The same event isn't
// repeated until one can (developer guide, "Service event messages").
func (s *Service) unplaced(svc *service, reason string) {
	message := fmt.Sprintf("(service %s) was unable to place a task because no container instance met all of its requirements. %s "+
		"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.", svc.name, reason)
	if svc.complaint != message {
		svc.complaint = message
		s.event(svc, "%s", message)
	}
	s.wakeAfter(svc, placementPause)
}
