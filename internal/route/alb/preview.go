package alb

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

// Freeze has the stack repeat what the production rule does with requests: its
// conditions, authentication and transforms. What can't be repeated is refused,
// as the preview rule would be a way past it; unless nobody is to reach the
// preview rule, which then comes after the production rule.
func (r *router) Freeze(in *template.Input) error {
	in.ListenerARN, in.Conditions = r.listener(), conditions(r.spec.Conditions)
	if r.adopts() {
		in.Conditions = r.rule.Conditions
	}
	if r.spec.Preview == v1alpha1.PreviewNone {
		return nil
	}
	if p := r.unrepeatable(&r.rule); p != nil {
		return p.refuse(r.rule.ARN)
	}
	in.Before, in.Transforms = r.rule.Before, r.rule.Transforms
	return nil
}

// Keep keeps the listener.
func (r *router) Keep(frozen *v1alpha1.FrozenRevision) { frozen.ListenerARN = r.listener() }

// Preview is the header by which the preview rule finds a revision: nil while it
// has no preview rule, or one that the production rule comes before.
func (r *router) Preview(imr *v1alpha1.ImmutableRevision) *v1alpha1.PreviewStatus {
	out := imr.Status.Outputs
	if out == nil || out.PreviewRuleARN == "" {
		return nil
	}
	rule := find(r.rules, out.PreviewRuleARN)
	if rule == nil || !r.precedes(rule) {
		return nil
	}
	return &v1alpha1.PreviewStatus{
		Revision: imr.Name, Host: r.host(), Header: v1alpha1.PreviewHeader,
		Value: cmp.Or(imr.Spec.Frozen.PreviewToken, strconv.FormatInt(imr.Spec.Revision, 10)),
	}
}

// precedes tells whether a preview rule gets requests: the production rule, if
// there is one yet, doesn't come before it.
func (r *router) precedes(preview *cloud.Rule) bool {
	return r.rule.ARN == "" || preview.Priority < r.rule.Priority
}

// Endpoint is that of the listener, with the load balancer's own name.
func (r *router) Endpoint(ctx context.Context) (string, error) {
	listener := cmp.Or(r.spec.ListenerARN, r.rule.ListenerARN)
	if listener == "" {
		return "", nil
	}
	return r.traffic.Endpoint(ctx, listener)
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
			if c.Field == fieldHost && !strings.ContainsAny(value, "*?") {
				return value
			}
		}
	}
	return ""
}

// Tampered tells whether the preview rule was deleted, or does something else
// with requests than the production rule by now: it would be a way past
// authentication that was added since.
func (r *router) Tampered(out *v1alpha1.StackOutputs) string {
	if out.PreviewRuleARN == "" || r.rules == nil {
		return ""
	}
	preview := find(r.rules, out.PreviewRuleARN)
	switch {
	case preview == nil:
		return previewRuleDeleted
	case r.rule.ARN != "" && r.precedes(preview) && !alike(preview.Before, preview.Transforms, &r.rule):
		return previewRuleDiffers
	}
	return ""
}

// alike tells whether actions before the last one and transforms are those of a
// rule.
func alike(before []cloud.Action, transforms []cloud.Transform, rule *cloud.Rule) bool {
	return len(before) == len(rule.Before) && len(transforms) == len(rule.Transforms) &&
		(len(before) == 0 || reflect.DeepEqual(before, rule.Before)) &&
		(len(transforms) == 0 || reflect.DeepEqual(transforms, rule.Transforms))
}

// find finds a rule by its ARN; nil if there is none.
func find(rules []cloud.Rule, arn string) *cloud.Rule {
	i := slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.ARN == arn })
	if i < 0 {
		return nil
	}
	return &rules[i]
}
