// Package alb owns routes that are a rule of an Application Load Balancer's
// listener. Each revision's stack has a target group, which is the backend, and
// a preview rule, by which the revision can be reached before it gets requests;
// the production rule lives outside all stacks.
//
// It imports the API, internal/{cloud,command,preflight,refusal,rollout,route,template,wildcard}.
package alb

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
)

// Kind is this kind of route.
type Kind struct{}

// Router works with the production rule.
func (Kind) Router(of route.Deployment) route.Router {
	return &router{of: of, spec: &of.Spec.Traffic.LoadBalancer, traffic: of.Clients.Traffic}
}

// Backend works with a revision's target group and preview rule.
func (Kind) Backend(of route.Revision) route.Backend { return &backend{of: of} }

// router works with the production rule.
type router struct {
	of      route.Deployment
	spec    *v1alpha1.LoadBalancer
	traffic cloud.Traffic
	// rules are all rules of the listener; nil when they were not read.
	rules []cloud.Rule
	// rule is the production rule, if it exists and isn't someone else's.
	rule cloud.Rule
	// seen is what was observed so far.
	seen route.Observed
}

// Receives is true: the rule has requests to divide.
func (*router) Receives() bool { return true }

// ARNs are those of the listener and of the rule.
func (r *router) ARNs() []string { return []string{r.spec.ListenerARN, r.spec.RuleARN, r.remembered()} }

// ID is the production rule's ARN.
func (r *router) ID() string { return r.rule.ARN }

// remembered is the production rule's ARN as remembered; "" if there is none yet.
func (r *router) remembered() string { return route.RememberedID(r.of.Status.Traffic) }

// adopts tells whether the user named a rule that exists.
func (r *router) adopts() bool { return r.spec.RuleARN != "" }

// listener is that of the production rule.
func (r *router) listener() string {
	if r.adopts() {
		return r.rule.ListenerARN
	}
	return r.spec.ListenerARN
}

// Tags reads the production rule's tags.
func (r *router) Tags(ctx context.Context) (map[string]string, error) {
	return r.traffic.RuleTags(ctx, r.rule.ARN)
}

// TagsBehind reads the tags of target groups.
func (r *router) TagsBehind(ctx context.Context, backends []string) (map[string]map[string]string, error) {
	return r.traffic.TargetGroupTags(ctx, backends)
}

// Apply has an effect on the production rule.
func (r *router) Apply(ctx context.Context, o *rollout.Observation, a rollout.Action) error {
	tags := r.tags(o)
	switch a.Kind { //nolint:exhaustive // the controllers know the others
	case rollout.ActionClaimRule, rollout.ActionMarkRule:
		return r.traffic.TagRule(ctx, r.rule.ARN, tags)
	case rollout.ActionCreateRule:
		return r.create(ctx, o, a, tags)
	case rollout.ActionSetTargets:
		return r.setTargets(ctx, o, a.Targets)
	case rollout.ActionReleaseRule:
		tags[v1alpha1.TagOriginal], tags[v1alpha1.TagOriginalIdle] = "", ""
		return r.traffic.UntagRule(ctx, r.rule.ARN, slices.Sorted(maps.Keys(tags)))
	case rollout.ActionDeleteRule:
		return r.traffic.DeleteRule(ctx, r.rule.ARN)
	}
	return route.UnknownAction(a)
}

// create makes the production rule.
func (r *router) create(ctx context.Context, o *rollout.Observation, a rollout.Action, tags map[string]string) error {
	rule, err := r.traffic.CreateRule(ctx, cloud.CreateRule{
		ListenerARN: r.spec.ListenerARN,
		Priority:    *r.spec.Priority,
		Conditions:  conditions(r.spec.Conditions),
		Targets:     weighted(a.Targets),
		Tags:        tags,

		StickySeconds: r.stickySeconds(o, a.Targets),
	})
	if refused, ok := errors.AsType[*cloud.Error](err); ok && refused.Kind == cloud.KindInvalid && aboutConditions(refused.Message) {
		return conditionsRefused(refused)
	}
	if err != nil {
		return err
	}
	r.rule = rule
	return nil
}

// tags mark the production rule: whose it is, who wrote it last, and what an
// adopted one goes back to.
func (r *router) tags(o *rollout.Observation) map[string]string {
	tags := r.of.Claim.Tags()
	tags[v1alpha1.TagWriter] = o.Writer
	if o.Progress.Original != "" {
		tags[v1alpha1.TagOriginal] = o.Progress.Original
	}
	if len(o.Progress.OriginalIdle) > 0 {
		tags[v1alpha1.TagOriginalIdle] = shorten(o.Progress.OriginalIdle)
	}
	return tags
}

// setTargets makes the rule forward to targets. Where an adopted rule goes back
// to what it had, it gets all of that: CodeDeploy and ECS want the target group
// of weight 0 in it, too.
func (r *router) setTargets(ctx context.Context, o *rollout.Observation, targets rollout.Targets) error {
	rule, out, idle := r.rule, weighted(targets), o.Progress.OriginalIdle
	rule.StickySeconds = r.stickySeconds(o, targets)
	if len(idle) == 0 {
		idle = r.seen.Route.OriginalIdle
	}
	back := len(targets) == 1 && o.Route.Adopted && targets[0].Backend == cmp.Or(o.Progress.Original, r.seen.Route.Original)
	if !back || len(idle) == 0 {
		return r.stickinessRefused(r.traffic.SetTargets(ctx, rule, out))
	}
	there, err := r.traffic.TargetGroupTags(ctx, idle) // of those that were deleted there are none
	if err != nil {
		return err
	}
	for _, group := range idle {
		if _, exists := there[group]; exists {
			out = append(out, cloud.WeightedTarget{TargetGroupARN: group})
		}
	}
	return r.stickinessRefused(r.traffic.SetTargets(ctx, rule, out))
}

// In a tag, which has room for 256 characters, the ARNs of target groups have no
// beginning: that is the same for all of an account and region.
const groupResource = "targetgroup/"

func shorten(groups []string) string {
	var out []string
	for _, group := range groups {
		_, resource, _ := strings.Cut(group, ":"+groupResource)
		out = append(out, groupResource+resource)
	}
	return strings.Join(out, " ")
}

// lengthen is what shorten made a tag of, with the beginning of another ARN.
func lengthen(tag, like string) []string {
	head, _, found := strings.Cut(like, groupResource)
	var out []string
	for resource := range strings.FieldsSeq(tag) {
		if found {
			out = append(out, head+resource)
		}
	}
	return out
}

// conditions translates the rule conditions of spec.
func conditions(in []v1alpha1.RuleCondition) []cloud.Condition {
	out := make([]cloud.Condition, 0, len(in))
	for _, c := range in {
		out = append(out, cloud.Condition{Field: c.Field, HTTPHeaderName: c.HTTPHeaderName, Values: c.Values})
	}
	return out
}

// weighted translates targets.
func weighted(targets rollout.Targets) []cloud.WeightedTarget {
	out := make([]cloud.WeightedTarget, 0, len(targets))
	for _, t := range targets {
		out = append(out, cloud.WeightedTarget{TargetGroupARN: t.Backend, Weight: t.Weight})
	}
	return out
}
