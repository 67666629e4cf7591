package alb

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/cloud"
)

func host(values ...string) cloud.Condition {
	return cloud.Condition{Field: "host-header", Values: values}
}

func path(values ...string) cloud.Condition {
	return cloud.Condition{Field: "path-pattern", Values: values}
}

// A rule gets no requests if all that would match it match an earlier one.
func TestCovers(t *testing.T) {
	header := func(name string, values ...string) cloud.Condition {
		return cloud.Condition{Field: "http-header", HTTPHeaderName: name, Values: values}
	}
	all := func(c ...cloud.Condition) []cloud.Condition { return c }
	for name, c := range map[string]struct {
		outer, inner []cloud.Condition
		want         bool
	}{
		"the same host":               {all(host("a.com")), all(host("a.com")), true},
		"the same host, another case": {all(host("A.com")), all(host("a.COM")), true},
		"another host":                {all(host("a.com")), all(host("b.com")), false},
		"one of two hosts":            {all(host("a.com", "b.com")), all(host("b.com")), true},
		"one host of two":             {all(host("b.com")), all(host("a.com", "b.com")), false},
		"a wildcard":                  {all(host("*.a.com")), all(host("x.a.com")), true},
		"a wildcard of a wildcard":    {all(host("*.com")), all(host("*.a.com")), true},
		"a wildcard is more":          {all(host("?.a.com")), all(host("*.a.com")), false},
		"one letter":                  {all(host("?.a.com")), all(host("x.a.com")), true},
		"a path of the host":          {all(host("a.com")), all(host("a.com"), path("/x")), true},
		"the host, but for a path":    {all(host("a.com"), path("/x")), all(host("a.com")), false},
		"a path's case":               {all(path("/X*")), all(path("/x/y")), false},
		"a path below":                {all(path("/x*")), all(path("/x/y")), true},
		"a header":                    {all(header("X-A", "1")), all(header("x-a", "1")), true},
		"another header":              {all(header("X-A", "1")), all(header("X-B", "1")), false},
		"a preview rule":              {all(host("a.com"), header("x-viridian-revision", "1")), all(host("a.com")), false},
		"values that aren't known":    {all(host()), all(host("a.com")), false},
		"no condition":                {nil, all(host("a.com")), false},
		"the first star isn't enough": {all(path("/*a*b")), all(path("/a/a/b")), true},
		"the end is missing":          {all(path("/*a*b")), all(path("/a/b/c")), false},
		// With five stars, to try all ways would take hours.
		"many ways to fail": {all(path("/*a*a*a*a*b")), all(path("/" + strings.Repeat("a", 127))), false},
	} {
		if got := covers(c.outer, c.inner); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
