package alb

import (
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/wildcard"
)

// Fields of conditions by which rules are compared.
const (
	fieldHost   = "host-header"
	fieldHeader = "http-header"
	fieldPath   = "path-pattern"
	fieldMethod = "http-request-method"
)

// overlap tells whether a request may match the conditions of both rules. It is
// true where that isn't known: other fields aren't looked at, nor are regular
// expressions.
func overlap(a, b []cloud.Condition) bool {
	for _, field := range []string{fieldHost, fieldPath, fieldMethod} {
		if apart(values(a, field), values(b, field), field) {
			return false
		}
	}
	return true
}

// values are what a field must match one of; none if anything may.
func values(conditions []cloud.Condition, field string) []string {
	for _, c := range conditions {
		if c.Field == field && len(c.RegexValues) == 0 {
			return c.Values
		}
	}
	return nil
}

// apart tells whether nothing matches a pattern of both lists.
func apart(a, b []string, field string) bool {
	meets := func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return intersects(field, x, y) })
	}
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, meets)
}

// intersects tells whether a text matches both values.
func intersects(field, x, y string) bool {
	switch field {
	case fieldHost, fieldHeader:
		return wildcard.Intersects(strings.ToLower(x), strings.ToLower(y))
	case fieldPath:
		return wildcard.Intersects(x, y)
	}
	return x == y
}
