package alb

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/route"
)

// Only what certainly goes to the earlier rule is told.
func TestTaken(t *testing.T) {
	and := func(c ...cloud.Condition) []cloud.Condition { return c }
	header := func(name string, values ...string) cloud.Condition {
		return cloud.Condition{Field: fieldHeader, HTTPHeaderName: name, Values: values}
	}
	source := func(values ...string) cloud.Condition { return cloud.Condition{Field: "source-ip", Values: values} }
	regex := cloud.Condition{Field: fieldPath, RegexValues: []string{"^/a"}}
	for name, c := range map[string]struct {
		outer, inner []cloud.Condition
		want         string
	}{
		"one host of two":         {and(host("b.com")), and(host("a.com", "b.com")), "host b.com"},
		"a host of a pattern":     {and(host("A.example.com")), and(host("*.example.com")), "host A.example.com"},
		"a pattern of hosts":      {and(host("*.example.com")), and(host("a.com", "a.example.com", "b.example.com")), "host a.example.com or b.example.com"},
		"patterns that cross":     {and(host("*.example.com")), and(host("shop.*")), "host *.example.com that is also shop.*"},
		"patterns apart":          {and(host("*.example.com")), and(host("*.example.org")), ""},
		"a path of the host":      {and(host("a.com"), path("/api/*")), and(host("a.com")), "host a.com and path /api/*"},
		"a path in its paths":     {and(path("/api/v1/*")), and(host("a.com"), path("/api/*", "/web/*")), "path /api/v1/*"},
		"another path":            {and(host("a.com"), path("/api/*")), and(host("a.com"), path("/web/*")), ""},
		"a path of another host":  {and(host("b.com"), path("/api/*")), and(host("a.com")), ""},
		"in another order":        {and(source("10.0.0.0/8"), path("/api/*"), host("a.com")), and(host("a.com")), "host a.com and path /api/* and source-ip 10.0.0.0/8"},
		"any host":                {and(path("/api/*")), and(host("a.com")), "path /api/*"},
		"a header":                {and(host("a.com"), header("X-Beta", "1")), and(host("a.com")), "host a.com and header X-Beta 1"},
		"the header otherwise":    {and(header("X-Beta", "1")), and(header("x-beta", "2")), ""},
		"another header":          {and(header("X-Beta", "1")), and(header("X-Gamma", "2")), "header X-Beta 1"},
		"networks aren't known":   {and(source("10.0.0.0/8")), and(source("10.1.0.0/16")), ""},
		"expressions aren't":      {and(regex), and(path("/api/*")), ""},
		"nor those of the others": {and(path("/api/*")), and(regex), ""},
	} {
		if got := taken(c.outer, c.inner); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Parts are told between namespaces, to both, and once the rule is there; what is
// all of a rule's requests is told otherwise.
func TestParts(t *testing.T) {
	at := func(priority int32, conditions ...cloud.Condition) cloud.Rule {
		return cloud.Rule{ARN: fmt.Sprint(priority), Priority: priority, Conditions: conditions}
	}
	preview := cloud.Condition{Field: fieldHeader, HTTPHeaderName: "x-viridian-revision", Values: []string{token}}
	rules := []cloud.Rule{
		at(300, host("a.com", "c.com")), at(60, host("a.com"), path("/web/*")), at(100, host("a.com"), path("/*")), at(50, host("a.com"), path("/api/*")),
		at(70, host("a.com"), path("/own/*")), at(80, host("a.com"), path("/api/*"), preview), at(200, host("a.com"), path("/all/*")), at(400, host("b.com")), at(0),
	}
	neighbours := func(context.Context) (map[string]string, error) {
		return map[string]string{"50": "x/api", "60": "x/web", "80": "x/preview", "200": "x/all", "300": "y/two", "400": "y/other"}, nil
	}
	look := func(mine cloud.Rule, of route.Deployment) (above, below string, err error) {
		r := &router{of: of, rule: mine, rules: rules}
		err = r.noteParts(t.Context())
		return r.seen.Route.PartlyShadowed, r.seen.Route.PartlyShadows, err
	}
	above, below, err := look(rules[2], route.Deployment{Neighbours: neighbours})
	check(t, err)
	want := []string{
		"Rules of other namespaces take requests of the production rule, which has priority 100: " +
			"that of x/api (priority 50): host a.com and path /api/*; that of x/web (priority 60): host a.com and path /web/*",
		"The production rule (priority 100) takes requests of other namespaces: of y/two (priority 300): host a.com and path /*",
	}
	if diff := cmp.Diff(want, []string{above, below}); diff != "" {
		t.Error(diff)
	}
	if above, below, err = look(cloud.Rule{}, route.Deployment{Neighbours: neighbours}); above+below != "" || err != nil {
		t.Errorf("of a rule that isn't there: %q, %q, %v", above, below, err)
	}
	if above, below, err = look(rules[2], route.Deployment{}); above+below != "" || err != nil {
		t.Errorf("without neighbours: %q, %q, %v", above, below, err)
	}
	failed := errors.New("no list")
	if _, _, err = look(rules[2], route.Deployment{Neighbours: func(context.Context) (map[string]string, error) { return nil, failed }}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}
