package alb

import (
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

// unsuitable tells why traffic can't be shifted by an adopted rule; nil if it can.
// A fresh one wasn't adopted before.
func (r *router) unsuitable(rule *cloud.Rule, fresh bool) *problem {
	count, serving := countValues(rule), countServing(rule)
	switch {
	case rule.Priority == 0:
		return r.isDefault(rule)
	case fresh && !rule.Forwards: // later on, Recreate has it answer 503 for a while
		return forwardsNowhere()
	case fresh && serving != 1:
		return forwardsToMany(serving)
	case count > 4:
		return hasManyValues(count)
	case !fresh || r.spec.Preview == v1alpha1.PreviewNone:
		return nil
	case rule.Priority < 3:
		return r.hasNoRoomBefore(rule)
	}
	return r.unrepeatable(rule)
}

// countValues counts the values in the conditions of a rule, which are limited.
func countValues(rule *cloud.Rule) (n int) {
	for _, c := range rule.Conditions {
		n += len(c.Values) + len(c.RegexValues)
	}
	return n
}

// countServing counts the target groups that get requests by a rule.
func countServing(rule *cloud.Rule) (n int) {
	for _, target := range rule.Targets {
		if target.Weight > 0 {
			n++
		}
	}
	return n
}

// unrepeatable tells what of a rule preview rules can't repeat; nil if they can
// repeat all.
func (r *router) unrepeatable(rule *cloud.Rule) *problem {
	for _, a := range rule.Before {
		switch {
		case template.Repeatable(a):
		case a.Type == "authenticate-oidc":
			return r.cannotRepeat("an action authenticate-oidc", ", since nobody can read its client secret")
		default:
			return r.cannotRepeat(fmt.Sprintf("an action %s", a.Type), "")
		}
	}
	for _, t := range rule.Transforms {
		if !template.RepeatableTransform(t) {
			return r.cannotRepeat(fmt.Sprintf("a transform %s", t.Type), "")
		}
	}
	return nil
}
