package importer

import (
	"fmt"
	"slices"
	"strings"
)

// otherRules says which rules forward to the target group beside the one that is kept:
// they go on to forward to it, when nothing is registered with it any more.
func (m *mapper) otherRules(group, kept *node) {
	adopted := m.options.RuleARN
	forwarding := slices.DeleteFunc(slices.Clone(m.app.rules), func(rule *node) bool { return !forwardsTo(rule, group) })
	if adopted != "" && len(forwarding) > 1 && kept.values["rulearn"].str() != adopted {
		kept = nil // It may be any of them.
	}
	for _, rule := range forwarding {
		if rule == kept || m.isHidden(rule, kept) {
			continue
		}
		unless := ""
		if adopted != "" && rule.values["rulearn"] == nil {
			unless = ", unless it is the one that is adopted"
		}
		m.dropped(rule, "the rule %s forwards to the target group, too, and only one rule is kept: requests that match it get no answer when the old service is gone%s",
			m.ruleText(rule), unless)
	}
}

// isHidden tells whether a rule is the default of the listener whose rule is kept, and
// that one takes all paths: then no request gets to the default.
func (m *mapper) isHidden(rule, kept *node) bool {
	if kept == nil || !rule.values["isdefault"].truth() || kept.values["isdefault"].truth() {
		return false
	}
	listener := kept.values["listenerarn"]
	if listener == nil || listener.ref == "" || listener.ref != m.app.idOf(rule) {
		return false
	}
	conditions := kept.values["conditions"].list()
	return len(conditions) == 1 && slices.Contains(allPaths, conditionText(conditions[0]))
}

// allPaths are the texts of conditions that are true for every request.
var allPaths = []string{"path-pattern *", "path-pattern /*"}

// ruleText is a rule's name, its listener and what it matches.
func (m *mapper) ruleText(rule *node) string {
	name := rule.values["rulearn"].str()
	if name == "" {
		name = m.app.idOf(rule)
	}
	var about []string
	if listener := rule.values["listenerarn"]; listener != nil && !rule.values["isdefault"].truth() {
		about = append(about, "listener "+short(listener))
	}
	if rule.values["isdefault"].truth() {
		about = append(about, "the listener's default")
	} else {
		for _, condition := range rule.values["conditions"].list() {
			about = append(about, conditionText(condition))
		}
	}
	if len(about) == 0 {
		return name
	}
	return fmt.Sprintf("%s (%s)", name, strings.Join(about, ", "))
}

// conditionText is a condition in short, such as path-pattern /a/*.
func conditionText(condition *node) string {
	var texts []string
	for _, key := range condition.keys {
		if strings.EqualFold(key, "Field") {
			continue
		}
		condition.values[strings.ToLower(key)].each(func(n *node) { texts = append(texts, short(n)) })
	}
	field := condition.values["field"].str()
	if field == "" {
		field = "condition"
	}
	if len(texts) > 3 {
		texts = append(texts[:3], "…")
	}
	return strings.TrimSpace(field + " " + strings.Join(texts, " "))
}

// short is a value, or what makes it.
func short(n *node) string {
	if len(n.open) > 0 {
		return strings.TrimPrefix(maker(strings.Join(n.open, " ")), "resource ")
	}
	return n.str()
}
