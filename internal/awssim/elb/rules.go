package elb

import (
	"slices"
	"strconv"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// rule is a listener's rule as the control plane knows it.
type rule struct {
	Rule
	listener *listener
	tags     []Tag
}

// order sorts rules as they are matched: by priority, the default rule last.
func (r *Rule) order() int {
	if r.IsDefault {
		return maxPriority + 1
	}
	n, _ := strconv.Atoi(r.Priority)
	return n
}

const maxPriority = 50000

type createRuleInput struct {
	ListenerArn string
	Priority    *int
	Conditions  []Condition
	Actions     []Action
	Transforms  []Transform
	Tags        []Tag
}

type rulesOut struct {
	Rules      []Rule `xml:"Rules>member"`
	NextMarker string `xml:",omitempty"`
}

func (s *Service) createRule(in createRuleInput) (any, error) {
	r, err := s.addRule(in)
	if err != nil {
		return nil, err
	}
	return rulesOut{Rules: []Rule{r.out()}}, nil
}

func (s *Service) addRule(in createRuleInput) (*rule, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if err := checkPriority(l, in.Priority, nil); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	conditions, err := checkConditions(in.Conditions)
	if err != nil {
		return nil, err
	}
	actions, err := s.checkActions(l, in.Actions, nil)
	if err != nil {
		return nil, err
	}
	if err := checkTransforms(in.Transforms); err != nil {
		return nil, err
	}
	if l.lb.ruleCount() >= s.opts.RulesPerLoadBalancer {
		return nil, core.Errorf("TooManyRules", "The maximum number of rules on load balancer '%s' has been reached", l.lb.arn)
	}
	r := &rule{listener: l, tags: in.Tags, Rule: Rule{
		RuleArn: l.ruleARN(s.world), Priority: strconv.Itoa(*in.Priority), Conditions: conditions, Actions: actions,
		Transforms: in.Transforms,
	}}
	l.rules = append(l.rules, r)
	s.changed(l)
	s.resumeChecks(targetGroups(actions))
	return r, nil
}

// ruleCount counts the rules without the default ones.
func (lb *loadBalancer) ruleCount() int {
	n := 0
	for _, l := range lb.listeners {
		n += len(l.rules) - 1
	}
	return n
}

// out is the rule as responses show it.
func (r *rule) out() Rule {
	out := r.Rule
	out.Actions = shown(out.Actions)
	return out
}

// shown leaves out client secrets: they can be written and not read.
func shown(actions []Action) []Action {
	actions = slices.Clone(actions)
	for i, a := range actions {
		if a.AuthenticateOidcConfig == nil {
			continue
		}
		oidc := *a.AuthenticateOidcConfig
		oidc.ClientSecret = ""
		oidc.UseExistingClientSecret = nil
		actions[i].AuthenticateOidcConfig = &oidc
	}
	return actions
}

type describeRulesInput struct {
	ListenerArn string
	RuleArns    []string
	Marker      string
	PageSize    *int
}

func (s *Service) describeRules(in describeRulesInput) (any, error) {
	found, err := s.selectRules(in)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(found, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := rulesOut{NextMarker: next}
	for _, r := range page {
		out.Rules = append(out.Rules, r.out())
	}
	return out, nil
}

func (s *Service) selectRules(in describeRulesInput) ([]*rule, error) {
	if (in.ListenerArn == "") == (len(in.RuleArns) == 0) {
		return nil, core.Errorf("ValidationError", "You must specify either listener rule ARNs or a listener ARN")
	}
	if in.ListenerArn != "" {
		l, err := s.listener(in.ListenerArn)
		if err != nil {
			return nil, err
		}
		rules := slices.Clone(l.rules)
		slices.SortStableFunc(rules, func(a, b *rule) int { return a.order() - b.order() })
		return rules, nil
	}
	var found []*rule
	for _, arn := range in.RuleArns {
		r, err := s.rule(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, nil
}

// rule finds by ARN.
func (s *Service) rule(arn string) (*rule, error) {
	for _, lb := range s.balancers {
		for _, l := range lb.listeners {
			for _, r := range l.rules {
				if r.RuleArn == arn {
					return r, nil
				}
			}
		}
	}
	return nil, core.Errorf("RuleNotFound", "One or more rules not found")
}

type modifyRuleInput struct {
	RuleArn         string
	Conditions      []Condition
	Actions         []Action
	Transforms      []Transform
	ResetTransforms *bool
}

// modifyRule replaces all conditions, all actions, all transforms, as given.
func (s *Service) modifyRule(in modifyRuleInput) (any, error) {
	r, err := s.rule(in.RuleArn)
	if err != nil {
		return nil, err
	}
	if r.IsDefault {
		return nil, core.Errorf("OperationNotPermitted", "Default rule '%s' cannot be modified", r.RuleArn)
	}
	conditions, actions := r.Conditions, r.Actions
	transforms, err := in.transforms(r.Transforms)
	if err != nil {
		return nil, err
	}
	if len(in.Conditions) > 0 {
		if conditions, err = checkConditions(in.Conditions); err != nil {
			return nil, err
		}
	}
	if len(in.Actions) > 0 {
		if actions, err = s.checkActions(r.listener, in.Actions, r); err != nil {
			return nil, err
		}
	}
	r.Conditions, r.Actions, r.Transforms = conditions, actions, transforms
	s.changed(r.listener)
	s.resumeChecks(targetGroups(actions))
	return rulesOut{Rules: []Rule{r.out()}}, nil
}

type deleteRuleInput struct{ RuleArn string }

func (s *Service) deleteRule(in deleteRuleInput) (any, error) {
	r, err := s.rule(in.RuleArn)
	if err != nil {
		return nil, err
	}
	if r.IsDefault {
		return nil, core.Errorf("OperationNotPermitted", "Default rule '%s' cannot be deleted", r.RuleArn)
	}
	l := r.listener
	l.rules = slices.DeleteFunc(l.rules, func(o *rule) bool { return o == r })
	s.changed(l)
	return nil, nil
}

type rulePriority struct {
	RuleArn  string
	Priority *int
}

type setRulePrioritiesInput struct{ RulePriorities []rulePriority }

// setRulePriorities changes all priorities at once, so that rules can swap.
func (s *Service) setRulePriorities(in setRulePrioritiesInput) (any, error) {
	if len(in.RulePriorities) == 0 {
		return nil, core.Errorf("ValidationError", "At least one rule priority must be specified")
	}
	moving := map[*rule]bool{}
	for _, p := range in.RulePriorities {
		r, err := s.rule(p.RuleArn)
		if err != nil {
			return nil, err
		}
		if r.IsDefault {
			return nil, core.Errorf("OperationNotPermitted", "The priority of default rule '%s' cannot be changed", r.RuleArn)
		}
		moving[r] = true
	}
	taken := map[int]bool{}
	for _, p := range in.RulePriorities {
		r, _ := s.rule(p.RuleArn)
		if err := checkPriority(r.listener, p.Priority, moving); err != nil {
			return nil, err
		}
		if taken[*p.Priority] {
			return nil, core.Errorf("PriorityInUse", "Priority '%d' is currently in use", *p.Priority)
		}
		taken[*p.Priority] = true
	}
	var out rulesOut
	for _, p := range in.RulePriorities {
		r, _ := s.rule(p.RuleArn)
		r.Priority = strconv.Itoa(*p.Priority)
		s.changed(r.listener)
		out.Rules = append(out.Rules, r.out())
	}
	return out, nil
}

// checkPriority refuses one out of range or taken by a rule that doesn't move.
func checkPriority(l *listener, priority *int, moving map[*rule]bool) error {
	if priority == nil || *priority < 1 || *priority > maxPriority {
		return core.Errorf("ValidationError", "Priority must be between 1 and %d", maxPriority)
	}
	for _, r := range l.rules {
		if !moving[r] && r.Priority == strconv.Itoa(*priority) {
			return core.Errorf("PriorityInUse", "Priority '%d' is currently in use", *priority)
		}
	}
	return nil
}
