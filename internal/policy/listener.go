package policy

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/wildcard"
)

// Fields of a rule's conditions that policies restrict.
const (
	fieldHost = "host-header"
	fieldPath = "path-pattern"
)

// checkListener compares the rule that is to be made on a listener. One entry has
// to allow all of it: what a rule takes is what matches all of its conditions.
func (r *Rules) checkListener(lb *v1alpha1.LoadBalancer) []Violation {
	if lb.ListenerARN == "" {
		return nil
	}
	const field = "spec.traffic.loadBalancer"
	var nearest []string
	for i := range r.selecting {
		for j := range r.selecting[i].Spec.Listeners {
			entry := &r.selecting[i].Spec.Listeners[j]
			if !wildcard.Covers(entry.ARN, lb.ListenerARN) {
				continue
			}
			excess := beyond(entry, lb)
			if len(excess) == 0 {
				return nil
			}
			if nearest == nil || len(excess) < len(nearest) {
				nearest = excess
			}
		}
	}
	if nearest == nil {
		return []Violation{{Field: field + ".listenerARN", Value: lb.ListenerARN, List: listeners, Entry: entryFor(lb)}}
	}
	return []Violation{{Field: field, Value: strings.Join(nearest, ", "), List: listeners, Entry: entryFor(lb)}}
}

// beyond says what of a rule an entry for its listener doesn't allow.
func beyond(entry *v1alpha1.AllowedListener, lb *v1alpha1.LoadBalancer) (excess []string) {
	if within, first, last := entry.Priorities, firstPriority(lb), *lb.Priority; within.Last != 0 && (first < within.First || last > within.Last) {
		excess = append(excess, fmt.Sprintf("priority %s (not within %d-%d)", span(first, last), within.First, within.Last))
	}
	for _, dimension := range []struct {
		field, word string
		allowed     []string
	}{{fieldHost, "host", entry.Hosts}, {fieldPath, "path", entry.Paths}} {
		for _, value := range valuesOf(lb, dimension.field) {
			if len(dimension.allowed) > 0 && !within(value, dimension.allowed, dimension.field == fieldHost) {
				excess = append(excess, fmt.Sprintf("%s %s (not within %s)", dimension.word, value, strings.Join(dimension.allowed, ", ")))
			}
		}
	}
	return excess
}

// valuesOf are the values that a rule matches in a field; "*" where it has no such
// condition, so that all match.
func valuesOf(lb *v1alpha1.LoadBalancer, field string) []string {
	for _, c := range lb.Conditions {
		if c.Field == field {
			return c.Values
		}
	}
	return []string{"*"}
}

// firstPriority is the smallest that the production rule, or by a band of the
// user's a preview rule, may get. Without a band, preview rules come right before
// the production rule and match no more.
func firstPriority(lb *v1alpha1.LoadBalancer) int32 {
	band := lb.PreviewPriorities
	switch {
	case band.First != nil:
		return *band.First
	case band.Last != nil:
		return 1
	}
	return *lb.Priority
}

func span(first, last int32) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// entryFor is the entry that allows this rule and nothing more.
func entryFor(lb *v1alpha1.LoadBalancer) v1alpha1.AllowedListener {
	entry := v1alpha1.AllowedListener{ARN: lb.ListenerARN, Priorities: v1alpha1.PriorityRange{First: firstPriority(lb), Last: *lb.Priority}}
	for _, c := range lb.Conditions {
		switch c.Field {
		case fieldHost:
			entry.Hosts = c.Values
		case fieldPath:
			entry.Paths = c.Values
		}
	}
	return entry
}
