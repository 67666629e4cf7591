package alb

import (
	"slices"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

func onHost(names ...string) []cloud.Condition {
	return []cloud.Condition{{Field: fieldHost, Values: names}}
}

func onPath(host string, paths ...string) []cloud.Condition {
	return append(onHost(host), cloud.Condition{Field: fieldPath, Values: paths})
}

// The preview rule may have the priorities right before the production rule's, up to
// a rule that may take the same requests; in a band that people chose, any.
func TestFreeBefore(t *testing.T) {
	at := func(priority int32, conditions []cloud.Condition) cloud.Rule {
		return cloud.Rule{ARN: "rule", Priority: priority, Conditions: conditions}
	}
	header := cloud.Condition{Field: "http-header", HTTPHeaderName: "X-Viridian-Revision", Values: []string{token}}
	shop := onHost("shop.example.com")
	for name, c := range map[string]struct {
		rules    []cloud.Rule
		first    int32
		last     int32
		given    bool
		want     []int32
		obstacle int32
	}{
		"all free":                {nil, 7, 9, false, []int32{9, 8, 7}, 0},
		"another host's":          {[]cloud.Rule{at(9, onHost("other.example.com"))}, 7, 9, false, []int32{8, 7}, 0},
		"a preview rule":          {[]cloud.Rule{at(9, append(slices.Clone(shop), header))}, 7, 9, false, []int32{8, 7}, 0},
		"a rule that denies":      {[]cloud.Rule{at(8, onPath("shop.example.com", "/internal/*"))}, 1, 9, false, []int32{9}, 8},
		"one right before":        {[]cloud.Rule{at(9, []cloud.Condition{{Field: fieldPath, Values: []string{"/internal/*"}}})}, 1, 9, false, nil, 9},
		"one in a band":           {[]cloud.Rule{at(9, shop), at(7, shop)}, 6, 9, true, []int32{8, 6}, 0},
		"all taken":               {[]cloud.Rule{at(9, onHost("a")), at(8, onHost("b"))}, 8, 9, false, nil, 0},
		"the default rule is out": {[]cloud.Rule{at(0, nil)}, 1, 2, false, []int32{2, 1}, 0},
		"no room":                 {nil, 1, 0, false, nil, 0},
	} {
		free, obstacle := freeBefore(c.rules, c.first, c.last, shop, c.given)
		if !slices.Equal(free, c.want) || (obstacle == nil) != (c.obstacle == 0) || obstacle != nil && obstacle.Priority != c.obstacle {
			t.Errorf("%s: got %v, %+v", name, free, obstacle)
		}
	}
}

func TestOverlap(t *testing.T) {
	regex := []cloud.Condition{{Field: fieldHost, RegexValues: []string{"^a$"}}}
	method := func(m string) []cloud.Condition { return []cloud.Condition{{Field: fieldMethod, Values: []string{m}}} }
	for name, c := range map[string]struct {
		a, b []cloud.Condition
		want bool
	}{
		"the same host":         {onHost("a.example.com"), onHost("A.example.COM"), true},
		"two hosts":             {onHost("a.example.com"), onHost("b.example.com"), false},
		"one of several":        {onHost("a.example.com", "c.example.com"), onHost("b.example.com", "c.example.com"), true},
		"a pattern":             {onHost("a.example.com"), onHost("*.example.com"), true},
		"another pattern":       {onHost("a.example.com"), onHost("*.example.org"), false},
		"two patterns":          {onHost("*.example.com"), onHost("a.*"), true},
		"two patterns apart":    {onHost("*.example.com"), onHost("*.example.org"), false},
		"one character":         {onHost("a.example.com"), onHost("?.example.com"), true},
		"too short":             {onPath("a", "/ab"), onPath("a", "/ab?b"), false},
		"paths apart":           {onPath("a", "/cart/*"), onPath("a", "/checkout/*"), false},
		"a path in a path":      {onPath("a", "/cart/*"), onPath("a", "/cart/internal/*"), true},
		"paths have cases":      {onPath("a", "/Cart"), onPath("a", "/cart"), false},
		"any path":              {onPath("a", "/cart"), onHost("a"), true},
		"regular expression":    {regex, onHost("b"), true},
		"methods apart":         {method("GET"), method("POST"), false},
		"fields not looked at":  {[]cloud.Condition{{Field: "source-ip", Values: []string{"10.0.0.0/8"}}}, onHost("a"), true},
		"hosts decide the rest": {onPath("a", "/x"), onPath("b", "/x"), false},
	} {
		if got := overlap(c.a, c.b); got != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// Each attempt chooses among more, others' wishes are left to them, and the spread
// is near the production rule.
func TestPreviewPriority(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		imd := w.adopting("")
		imd.Spec.Traffic.LoadBalancer = v1alpha1.LoadBalancer{ListenerARN: w.listener, Priority: new(int32(100)),
			Conditions: []v1alpha1.RuleCondition{{Field: fieldHost, Values: []string{"checkout.example.com"}}}}
		r, _ := w.router(imd)
		imr := w.revision(r)
		farthest := int32(100)
		for attempt := range int32(12) {
			imr.Status.Attempts = attempt
			got, err := w.backend(imr, imd, 99, 98).previewPriority(t.Context())
			check(t, err)
			if lowest := max(1, 98-int32(spread)<<min(attempt, 8)); got > 97 || got < lowest {
				t.Errorf("attempt %d: %d isn't from %d to 97", attempt, got, lowest)
			}
			farthest = min(farthest, got)
		}
		if farthest > 89 {
			t.Errorf("no attempt went farther than %d", farthest)
		}
		imd.Spec.Traffic.LoadBalancer.PreviewPriorities = v1alpha1.PriorityBand{First: new(int32(10)), Last: new(int32(10))}
		if got, err := w.backend(imr, imd).previewPriority(t.Context()); err != nil || got != 10 {
			t.Errorf("in a band of one: %d, %v", got, err)
		}
		if got, err := w.backend(imr, imd, 10).previewPriority(t.Context()); err == nil {
			t.Errorf("where another wants it: %d", got)
		}
	})
}
