// Package alb owns routes that are a rule of an Application Load Balancer's
// listener. Each revision's stack has a target group, which is the backend, and
// a preview rule, by which the revision can be reached before it gets requests;
// the production rule lives outside all stacks.
//
// It imports the API, internal/{cloud,hook,preflight,refusal,rollout,route,template}.
package alb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/template"
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

// Tampered tells whether the preview rule was deleted.
func (r *router) Tampered(out *v1alpha1.StackOutputs) string {
	present := func(x cloud.Rule) bool { return x.ARN == out.PreviewRuleARN }
	if out.PreviewRuleARN != "" && r.rules != nil && !slices.ContainsFunc(r.rules, present) {
		return previewRuleDeleted
	}
	return ""
}

// Preview is where and with which header the preview rule finds a revision.
func (r *router) Preview(ctx context.Context, revision int64) (*hook.Preview, error) {
	listener := cmp.Or(r.spec.ListenerARN, r.rule.ListenerARN)
	if listener == "" {
		return nil, nil
	}
	endpoint, err := r.traffic.Endpoint(ctx, listener)
	if err != nil {
		return nil, err
	}
	return &hook.Preview{URL: endpoint, Host: r.host(), Header: v1alpha1.PreviewHeader, Value: fmt.Sprint(revision)}, nil
}

// host is the first host name of the production rule that isn't a pattern; ""
// if there is none.
func (r *router) host() string {
	matches := r.rule.Conditions
	if len(matches) == 0 {
		matches = conditions(r.spec.Conditions)
	}
	for _, c := range matches {
		for _, value := range c.Values {
			if c.Field == "host-header" && !strings.ContainsAny(value, "*?") {
				return value
			}
		}
	}
	return ""
}

// Freeze has the stack repeat the production rule's conditions on its listener.
func (r *router) Freeze(in *template.Input, frozen *v1alpha1.FrozenRevision) {
	in.ListenerARN, in.Conditions = r.listener(), conditions(r.spec.Conditions)
	if r.adopts() {
		in.Conditions = r.rule.Conditions
	}
	frozen.ListenerARN, frozen.PreviewPriorities = r.listener(), r.spec.PreviewPriorities
}

// Apply has an effect on the production rule.
func (r *router) Apply(ctx context.Context, o *rollout.Observation, a rollout.Action) error {
	tags := r.tags(o)
	switch a.Kind { //nolint:exhaustive // the controllers know the others
	case rollout.ActionClaimRule, rollout.ActionMarkRule:
		return r.traffic.TagRule(ctx, r.rule.ARN, tags)
	case rollout.ActionCreateRule:
		return r.create(ctx, a, tags)
	case rollout.ActionSetTargets:
		return r.traffic.SetTargets(ctx, r.rule, weighted(a.Targets))
	case rollout.ActionReleaseRule:
		tags[v1alpha1.TagOriginal] = ""
		return r.traffic.UntagRule(ctx, r.rule.ARN, slices.Sorted(maps.Keys(tags)))
	case rollout.ActionDeleteRule:
		return r.traffic.DeleteRule(ctx, r.rule.ARN)
	}
	return route.UnknownAction(a)
}

// create makes the production rule.
func (r *router) create(ctx context.Context, a rollout.Action, tags map[string]string) error {
	rule, err := r.traffic.CreateRule(ctx, cloud.CreateRule{
		ListenerARN: r.spec.ListenerARN,
		Priority:    *r.spec.Priority,
		Conditions:  conditions(r.spec.Conditions),
		Targets:     weighted(a.Targets),
		Tags:        tags,
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
	return tags
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
