package alb

import (
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/cloud"
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
		if apart(values(a, field), values(b, field), field == fieldHost) {
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
func apart(a, b []string, fold bool) bool {
	meets := func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool {
			if fold {
				x, y = strings.ToLower(x), strings.ToLower(y)
			}
			return mayMeet(x, y)
		})
	}
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, meets)
}

// mayMeet tells whether a text may match both patterns: what comes before their
// first wildcards, and after their last ones, doesn't contradict.
func mayMeet(a, b string) bool {
	const wildcards = "*?"
	i, j := strings.IndexAny(a, wildcards), strings.IndexAny(b, wildcards)
	switch {
	case i < 0 && j < 0:
		return a == b
	case i < 0:
		return fits(a, b)
	case j < 0:
		return fits(b, a)
	}
	endA, endB := a[strings.LastIndexAny(a, wildcards)+1:], b[strings.LastIndexAny(b, wildcards)+1:]
	heads := strings.HasPrefix(a[:i], b[:j]) || strings.HasPrefix(b[:j], a[:i])
	return heads && (strings.HasSuffix(endA, endB) || strings.HasSuffix(endB, endA))
}

// fits tells whether a text may match a pattern, by its beginning and end.
func fits(text, pattern string) bool {
	const wildcards = "*?"
	head := pattern[:strings.IndexAny(pattern, wildcards)]
	tail := pattern[strings.LastIndexAny(pattern, wildcards)+1:]
	return len(text) >= len(head)+len(tail) && strings.HasPrefix(text, head) && strings.HasSuffix(text, tail)
}
