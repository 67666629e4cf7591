package alb

import (
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// A rule that is found at the priority of a deployment's own is that only by its
// tags: it may be anybody's.
func TestRuleOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		uid   string
		owned bool
	}{
		"its own":          {"uid", true},
		"without an owner": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				arn := w.rule(100, nil, w.forward(w.group("theirs")))
				if c.uid != "" {
					_, err := w.elb.AddTags(t.Context(), &elb.AddTagsInput{ResourceArns: []string{arn}, Tags: []types.Tag{{Key: new(v1alpha1.TagUID), Value: &c.uid}}})
					check(t, err)
				}
				_, seen := w.router(w.managed(0))
				if route := seen.Route; route.Owned != c.owned || route.Exists != c.owned || (seen.Blocked == nil) != c.owned {
					t.Errorf("%+v, blocked by %+v", route, seen.Blocked)
				}
			})
		})
	}
}

// Where an adopted rule goes back to is read from the rule itself, so that a lost
// status doesn't lose it.
func TestOriginalOfAnAdoptedRule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		legacy := w.group("legacy")
		imd := w.adopting(w.rule(100, nil, w.forward(legacy)))
		r, seen := w.router(imd)
		if seen.Route.Original != "" {
			t.Errorf("before it is claimed: %q", seen.Route.Original)
		}
		o := &rollout.Observation{Writer: "me.1.0", Progress: rollout.Progress{Original: legacy}}
		check(t, r.Apply(t.Context(), o, rollout.Action{Kind: rollout.ActionClaimRule}))
		if _, seen = w.router(imd); seen.Route.Original != legacy || seen.Route.Writer != "me.1.0" {
			t.Errorf("%+v", seen.Route)
		}
	})
}
