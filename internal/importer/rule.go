package importer

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var ruleForm = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener-rule/app/[a-zA-Z0-9-]+/[0-9a-f]+/[0-9a-f]+/[0-9a-f]+$`)

var listenerForm = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/[a-zA-Z0-9-]+/[0-9a-f]+/[0-9a-f]+$`)

// rule finds the listener rule that forwards to the target group. An existing one is
// adopted; one that a template describes is described here, too.
func (m *mapper) rule(lb *node) {
	balancer := &m.object.Spec.Traffic.LoadBalancer
	rule := m.forwarding(lb.get("targetGroupArn"))
	m.origins["spec.traffic.loadBalancer"] = cmp.Or(rule, lb)
	m.otherRules(lb.get("targetGroupArn"), rule)
	switch {
	case m.options.RuleARN != "":
		balancer.RuleARN = m.options.RuleARN
		rule.see()
		return
	case rule != nil && ruleForm.MatchString(rule.get("RuleArn").str()):
		balancer.RuleARN = rule.get("RuleArn").str()
		if rule.get("IsDefault").truth() {
			m.find(Missing, rule, "the rule is the listener's default, which can't be adopted: create one with the same target group, "+
				"aws elbv2 create-rule --listener-arn LISTENER --priority 40000 --conditions Field=path-pattern,Values='/*' --actions Type=forward,TargetGroupArn=GROUP, "+
				"and give its ARN by --rule-arn")
			balancer.RuleARN = m.placeholderRule()
		}
		rule.see()
	case rule != nil && len(rule.get("Conditions").list()) > 0:
		m.described(rule)
	default:
		m.missing(cmp.Or(lb.get("targetGroupArn"), lb), "the listener rule isn't in the input: give its ARN by --rule-arn, "+
			"or write listenerARN, priority and conditions in the place of spec.traffic.loadBalancer.ruleARN")
		balancer.RuleARN = m.placeholderRule()
	}
}

func (m *mapper) place() string {
	return cmp.Or(m.region, placeholder) + ":" + cmp.Or(m.account, placeholderAccount)
}

func (m *mapper) placeholderRule() string {
	return "arn:aws:elasticloadbalancing:" + m.place() + ":listener-rule/app/" + placeholder + "/0/0/0"
}

// forwarding is the first rule that forwards to a target group; one that is no
// listener's default, if there is one. A rule that was given is preferred.
func (m *mapper) forwarding(group *node) *node {
	var found *node
	for _, rule := range m.app.rules {
		if !forwardsTo(rule, group) {
			continue
		}
		if arn := m.options.RuleARN; arn != "" && rule.values["rulearn"].str() == arn {
			found = rule
			break
		}
		if found == nil || found.values["isdefault"].truth() {
			found = rule
		}
	}
	if found != nil {
		found.seen = true
	}
	return found
}

// forwardsTo tells whether an action of a rule names a target group.
func forwardsTo(rule, group *node) bool {
	if group == nil {
		return false
	}
	var named []*node
	for _, action := range rule.values["actions"].list() {
		named = append(named, action.values["targetgrouparn"])
		if forward := action.values["forwardconfig"]; forward != nil {
			for _, tuple := range forward.values["targetgroups"].list() {
				named = append(named, tuple.values["targetgrouparn"])
			}
		}
	}
	return slices.ContainsFunc(named, group.same)
}

// same tells whether two values name the same: by the resource that makes it, or by
// their text.
func (n *node) same(other *node) bool {
	if other == nil || n.ref != "" {
		return other != nil && n.ref == other.ref
	}
	return len(n.open) == 0 && n.text == other.text
}

// described writes a rule of Viridian's own.
func (m *mapper) described(rule *node) {
	balancer := &m.object.Spec.Traffic.LoadBalancer
	listener := rule.get("ListenerArn")
	balancer.ListenerARN = listener.str()
	if !listenerForm.MatchString(balancer.ListenerARN) || len(listener.orEmpty().open) > 0 {
		m.missing(cmp.Or(listener, rule), "spec.traffic.loadBalancer.listenerARN: the ARN of the listener isn't in the input")
		balancer.ListenerARN = "arn:aws:elasticloadbalancing:" + m.place() + ":listener/app/" + placeholder + "/0/0"
	}
	priority, ok := rule.get("Priority").number()
	if !ok {
		priority = 100
		m.missing(cmp.Or(rule.get("Priority"), rule), "spec.traffic.loadBalancer.priority isn't in the input; 100 stands there")
	}
	balancer.Priority = new(int32(priority))
	if priority < 3 {
		balancer.Priority = new(int32(100))
		m.assumed(rule.get("Priority"), "priority 100 in the place of %d, since preview rules need free priorities below it", priority)
	}
	for _, condition := range rule.get("Conditions").list() {
		m.condition(condition)
	}
	if len(balancer.Conditions) == 0 {
		balancer.Conditions = []v1alpha1.RuleCondition{{Field: "path-pattern", Values: []string{"/*"}}}
		m.missing(rule, "spec.traffic.loadBalancer.conditions: none can be told from the input; all paths stand there")
	}
	for _, action := range rule.get("Actions").list() {
		m.action(action)
	}
	m.assumed(rule, "Viridian makes this rule: give it another priority than the existing rule has, or adopt that by --rule-arn")
	rule.see()
}

// configs hold the values of conditions.
var configs = []string{"HostHeaderConfig", "PathPatternConfig", "HttpHeaderConfig", "HttpRequestMethodConfig", "SourceIpConfig", "QueryStringConfig"}

func (m *mapper) condition(n *node) {
	c := v1alpha1.RuleCondition{Field: n.get("Field").str(), HTTPHeaderName: n.get("HttpHeaderConfig", "HttpHeaderName").str()}
	if strings.EqualFold(c.HTTPHeaderName, v1alpha1.PreviewHeader) {
		return
	}
	values := n.get("Values").list()
	for _, config := range configs {
		values = append(values, n.get(config, "Values").list()...)
		if regexes := n.get(config, "RegexValues"); !regexes.empty() {
			m.dropped(regexes, "regular expressions in a condition are for rules that are adopted")
			return
		}
	}
	if c.Field == "query-string" {
		m.dropped(n, "conditions on the query string are for rules that are adopted")
		return
	}
	for _, value := range values {
		text := m.value(value)
		if len(value.open) > 0 && c.Field == "host-header" {
			text = placeholder + ".example.com"
		}
		c.Values = append(c.Values, text)
	}
	balancer := &m.object.Spec.Traffic.LoadBalancer
	balancer.Conditions = append(balancer.Conditions, c)
}

// action of a rule that Viridian makes can only be a forward.
func (m *mapper) action(n *node) {
	if kind := n.get("Type").str(); kind != "forward" {
		m.dropped(n, "%s is kept in a rule that is adopted by its ARN; Viridian's own rules only forward", kind)
		return
	}
	if seconds, ok := n.get("ForwardConfig", "TargetGroupStickinessConfig", "DurationSeconds").number(); ok && n.get("ForwardConfig", "TargetGroupStickinessConfig", "Enabled").truth() {
		m.object.Spec.Traffic.LoadBalancer.Stickiness = &v1alpha1.RuleStickiness{DurationSeconds: int32of(seconds)}
	}
}
