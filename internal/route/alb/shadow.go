package alb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/wildcard"
)

// The load balancer takes the first rule that matches, in the order of their
// priorities. A rule whose requests all match an earlier one gets none, and
// nothing in AWS says so.

// noteShadows notes which rules of the listener take all requests of the production
// rule, and which get none because of it.
func (r *router) noteShadows() {
	mine := r.production()
	if mine.Priority == 0 {
		return // the default rule, or none
	}
	above, below := overlapping(&mine, r.rules)
	if len(above) > 0 {
		r.seen.Route.Shadowed = takesAll(above[0], mine.Priority)
	}
	if len(below) > 0 {
		r.seen.Route.Shadows = getsNone(below, mine.Priority)
	}
}

// overlapping names the rules that take all requests of one, and those that get
// none because of it. Preview rules go with the production rule of their own
// deployment.
func overlapping(mine *cloud.Rule, rules []cloud.Rule) (above, below []string) {
	for _, rule := range rules {
		name := fmt.Sprintf("%s (priority %d)", rule.ARN, rule.Priority)
		switch {
		case rule.Priority == 0 || rule.Priority == mine.Priority || isPreview(&rule):
		case rule.Priority < mine.Priority && covers(rule.Conditions, mine.Conditions):
			above = append(above, name)
		case rule.Priority > mine.Priority && covers(mine.Conditions, rule.Conditions):
			below = append(below, name)
		}
	}
	return above, below
}

// production is the production rule. One that isn't there yet is as it will be.
func (r *router) production() cloud.Rule {
	if r.rule.ARN != "" || r.adopts() {
		return r.rule
	}
	return cloud.Rule{Priority: *r.spec.Priority, Conditions: conditions(r.spec.Conditions)}
}

// covers tells whether whatever matches all of the inner conditions matches all of
// the outer ones, as far as the values show it.
func covers(outer, inner []cloud.Condition) bool {
	for _, o := range outer {
		matches := func(i cloud.Condition) bool { return sameField(o, i) && coversValues(o, i) }
		if !slices.ContainsFunc(inner, matches) {
			return false
		}
	}
	return len(outer) > 0
}

// sameField tells whether two conditions look at the same.
func sameField(a, b cloud.Condition) bool {
	return a.Field == b.Field && strings.EqualFold(a.HTTPHeaderName, b.HTTPHeaderName)
}

// coversValues tells whether each value of the inner condition is one of the outer
// condition's. A condition whose values aren't known covers nothing.
func coversValues(outer, inner cloud.Condition) bool {
	for _, value := range inner.Values {
		covered := func(pattern string) bool { return coversValue(outer.Field, pattern, value) }
		if !slices.ContainsFunc(outer.Values, covered) {
			return false
		}
	}
	return len(inner.Values) > 0
}

// coversValue tells whether a pattern matches whatever a value, which may be a
// pattern itself, matches. Host names and headers are compared without regard to
// case, paths with it; * and ? are wildcards in those.
func coversValue(field, pattern, value string) bool {
	switch field {
	case fieldHost, fieldHeader:
		return wildcard.Covers(strings.ToLower(pattern), strings.ToLower(value))
	case fieldPath:
		return wildcard.Covers(pattern, value)
	}
	return pattern == value
}
