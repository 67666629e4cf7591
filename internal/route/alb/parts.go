package alb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// A rule can also take a part of another one's requests. Within a namespace that
// is how paths of a host are divided. Between namespaces it is news: the one that
// loses requests may not know of the other at all.

// part is a part of requests that goes to one rule, although another one matches
// it, too.
type part struct {
	// rule is the other one of the two.
	rule *cloud.Rule
	// what the part is, such as "host a.example.com and path /api/*".
	what string
}

// noteParts notes which rules of other namespaces' deployments take a part of the
// production rule's requests, and of which ones it takes a part. It does so once
// the production rule is there, so that the namespace was allowed to have it: what
// others have isn't told before.
func (r *router) noteParts(ctx context.Context) error {
	if r.rule.Priority == 0 || r.seen.Route.Shadowed != "" || r.of.Neighbours == nil {
		return nil
	}
	above, below := parts(&r.rule, r.rules)
	if len(above)+len(below) == 0 {
		return nil
	}
	neighbours, err := r.of.Neighbours(ctx)
	if err != nil {
		return err
	}
	r.seen.Route.PartlyShadowed = losesParts(namedBy(neighbours, above), r.rule.Priority)
	r.seen.Route.PartlyShadows = takesParts(namedBy(neighbours, below), r.rule.Priority)
	return nil
}

// parts are what earlier rules take of a rule's requests, and what it takes of
// those of later ones, in the order of priorities, without what is all of them.
func parts(mine *cloud.Rule, rules []cloud.Rule) (above, below []part) {
	for i := range rules {
		rule := &rules[i]
		switch {
		case rule.Priority == 0 || rule.Priority == mine.Priority || isPreview(rule):
		case rule.Priority < mine.Priority && !covers(rule.Conditions, mine.Conditions):
			above = append(above, part{rule, taken(rule.Conditions, mine.Conditions)})
		case rule.Priority > mine.Priority && !covers(mine.Conditions, rule.Conditions):
			below = append(below, part{rule, taken(mine.Conditions, rule.Conditions)})
		}
	}
	for _, list := range []*[]part{&above, &below} {
		*list = slices.DeleteFunc(*list, func(p part) bool { return p.what == "" })
		slices.SortFunc(*list, func(a, b part) int { return cmp.Compare(a.rule.Priority, b.rule.Priority) })
	}
	return above, below
}

// namedBy are the parts that deployments of other namespaces take or lose, in
// words.
func namedBy(neighbours map[string]string, list []part) []string {
	var out []string
	for _, p := range list {
		if name, ok := neighbours[p.rule.ARN]; ok {
			out = append(out, fmt.Sprintf("%s (priority %d): %s", name, p.rule.Priority, p.what))
		}
	}
	return out
}

// told is the order of conditions in a sentence: AWS keeps none.
var told = []string{fieldHost, fieldPath, fieldMethod, fieldHeader}

// taken says which requests that match the inner conditions match the outer ones,
// too; "" if none do, or if the values don't show it.
func taken(outer, inner []cloud.Condition) string {
	outer = slices.SortedFunc(slices.Values(outer), func(a, b cloud.Condition) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(label(a), label(b)))
	})
	all := make([]string, 0, len(outer))
	for _, o := range outer {
		values := common(o, inner)
		if len(values) == 0 {
			return ""
		}
		all = append(all, label(o)+" "+strings.Join(values, " or "))
	}
	return strings.Join(all, " and ")
}

// place is where in a sentence a condition stands: what isn't listed comes last.
func place(c cloud.Condition) int {
	if i := slices.Index(told, c.Field); i >= 0 {
		return i
	}
	return len(told)
}

// common are the values of an outer condition, as far as the inner ones let
// requests match them. Of regular expressions nothing is known.
func common(o cloud.Condition, inner []cloud.Condition) []string {
	values := o.Values
	for _, i := range inner {
		if sameField(o, i) {
			values = both(o.Field, values, i.Values)
		}
	}
	return values
}

// both are what matches a value of each list.
func both(field string, a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			if value := narrower(field, x, y); value != "" && !slices.Contains(out, value) {
				out = append(out, value)
			}
		}
	}
	return out
}

// narrower is what matches both values, which may be patterns; "" if nothing does.
func narrower(field, x, y string) string {
	switch {
	case coversValue(field, x, y):
		return y
	case coversValue(field, y, x):
		return x
	case intersects(field, x, y):
		return x + " that is also " + y
	}
	return ""
}

// label names what a condition looks at.
func label(c cloud.Condition) string {
	switch c.Field {
	case fieldHost:
		return "host"
	case fieldPath:
		return "path"
	case fieldMethod:
		return "method"
	case fieldHeader:
		return "header " + c.HTTPHeaderName
	}
	return c.Field
}
