package elb

import "slices"

// RuleTruth is the truth about one rule.
type RuleTruth struct {
	Rule
	// ListenerARN is the rule's listener.
	ListenerARN string
	Tags        map[string]string
}

// GroupTruth is the truth about one target group.
type GroupTruth struct {
	ARN     string
	Name    string
	Tags    map[string]string
	Targets []TargetTruth
	// Routable tells whether requests can still reach the group through a
	// rule, though the control plane may have forgotten it already.
	Routable bool
}

// TargetTruth is the truth about one target.
type TargetTruth struct {
	IP     string
	Port   int
	Health TargetHealth
}

// Rules returns all rules as the control plane knows them, default rules among
// them, in the order in which each listener matches them.
func (s *Service) Rules() []RuleTruth {
	var rules []RuleTruth
	for _, lb := range s.balancers {
		for _, l := range lb.listeners {
			for _, snapshot := range l.snapshot() {
				rules = append(rules, RuleTruth{Rule: snapshot, ListenerARN: l.arn, Tags: l.ruleTags(snapshot.RuleArn)})
			}
		}
	}
	return rules
}

func (l *listener) ruleTags(arn string) map[string]string {
	for _, r := range l.rules {
		if r.RuleArn == arn {
			return tagMap(r.tags)
		}
	}
	return nil
}

// TargetGroups returns all target groups in the order of their creation.
func (s *Service) TargetGroups() []GroupTruth {
	groups := make([]GroupTruth, 0, len(s.groups))
	for _, g := range s.groups {
		truth := GroupTruth{ARN: g.arn, Name: g.settings.Name, Tags: tagMap(g.tags), Routable: s.inDataPlane(g.arn)}
		for _, t := range g.targets {
			truth.Targets = append(truth.Targets, TargetTruth{IP: t.ip, Port: t.port, Health: s.shownHealth(g, t)})
		}
		groups = append(groups, truth)
	}
	return groups
}

// GroupHealth is how many of a group's targets are in which state, as each of
// the load balancers that use it sees them.
type GroupHealth struct {
	ARN           string
	LoadBalancers []string
	// Targets counts all that are registered, draining ones too.
	Targets, Healthy, Unhealthy int
}

// GroupHealth returns the health of all target groups in the order of their
// creation.
func (s *Service) GroupHealth() []GroupHealth {
	groups := make([]GroupHealth, 0, len(s.groups))
	for _, g := range s.groups {
		health := GroupHealth{ARN: g.arn, Targets: len(g.targets)}
		for _, lb := range s.associated(g.arn) {
			health.LoadBalancers = append(health.LoadBalancers, lb.arn)
		}
		for _, t := range g.targets {
			switch s.shownHealth(g, t).State {
			case StateHealthy:
				health.Healthy++
			case StateUnhealthy:
				health.Unhealthy++
			}
		}
		groups = append(groups, health)
	}
	return groups
}

func tagMap(tags []Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[tag.Key] = tag.Value
	}
	return m
}

// Attached tells whether a load balancer's network interfaces have a security
// group.
func (s *Service) Attached(securityGroup string) bool {
	return slices.ContainsFunc(s.balancers, func(lb *loadBalancer) bool { return slices.Contains(lb.securityGroups, securityGroup) })
}
