package alb

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/template"
)

// backend works with a revision's target group and preview rule.
type backend struct {
	of route.Revision
}

// Receives is true: the target group has requests to take.
func (*backend) Receives() bool { return true }

// ARNs is that of the listener.
func (b *backend) ARNs() []string { return []string{b.of.Spec.Frozen.ListenerARN} }

// ID is the target group's ARN.
func (b *backend) ID() string {
	if out := b.of.Status.Outputs; out != nil {
		return out.TargetGroupARN
	}
	return ""
}

// defaultDrain is how long requests may take to end where the API server did not
// fill that in.
const defaultDrain = 300 * time.Second

// Drain is the target group's deregistration delay.
func (b *backend) Drain() time.Duration {
	if delay := b.of.Spec.Frozen.Template.Target.DeregistrationDelaySeconds; delay != nil {
		return time.Duration(*delay) * time.Second
	}
	return defaultDrain
}

// Parameters is the preview rule's priority.
func (b *backend) Parameters(ctx context.Context) (map[string]string, error) {
	priority, err := b.previewPriority(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{template.ParamPreviewPriority: strconv.Itoa(int(priority))}, nil
}

// LostRace tells whether someone else took the preview rule's priority between
// the choice of it and its use, which isn't the template's fault. A rule has
// nothing else that could be taken.
func (*backend) LostRace(resource string, fault cloud.Kind) bool {
	return resource == template.LogicalPreviewRule && fault == cloud.KindConflict
}

// Remedy helps if the preview rule failed, which is made from the production rule:
// no other template changes it, but for its tags. Its conditions are those of
// spec.traffic, which can't change. What is the fault of neither has a remedy of its
// own already.
func (b *backend) Remedy(failure *v1alpha1.StackFailure) (remedy string, again bool) {
	switch {
	case failure.Resource != template.LogicalPreviewRule, failure.Reason != "", aboutTags.MatchString(failure.Message):
		return "", false
	case aboutConditions(failure.Message):
		return otherConditions, false
	}
	return mendRoute(b.of.Spec.Frozen.ListenerARN), true
}

// aboutTags are words of errors about the tags of a rule, which it has from the
// template: TooManyTags, and what is said of their keys and values.
var aboutTags = regexp.MustCompile(`(?i)\btags?\b|toomanytags`)

// aboutConditions tells whether the load balancer refused a rule for its
// conditions, in one of the sentences that it is known to say.
func aboutConditions(message string) bool {
	for _, part := range []string{"Condition value", "condition values", "condition wildcards", "valid CIDR block", "HTTP header name"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}

// CheckUnused refuses while a listener rule other than the stack's own forwards
// to it, on whichever listener: CloudFormation would take the service away
// before it finds that it can't delete the target group.
func (b *backend) CheckUnused(ctx context.Context, stack *cloud.Stack) error {
	group, preview, err := b.receivers(ctx, stack)
	if err != nil || group == "" {
		return err
	}
	rules, err := b.of.Clients.Traffic.RulesTo(ctx, group)
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if rule.ARN != preview {
			return inUse(rule.ARN, group)
		}
	}
	return nil
}

// receivers are the stack's target group and its preview rule: by its outputs,
// or its resources while it has none; both "" if it has neither.
func (b *backend) receivers(ctx context.Context, stack *cloud.Stack) (group, preview string, err error) {
	if stack == nil { // not shown, perhaps: what is remembered is all there is
		if out := b.of.Status.Outputs; out != nil {
			return out.TargetGroupARN, out.PreviewRuleARN, nil
		}
		return "", "", nil
	}
	if group = stack.Outputs[template.OutputTargetGroup]; group != "" {
		return group, stack.Outputs[template.OutputPreviewRule], nil
	}
	resources, err := b.of.Clients.Stacks.Resources(ctx, stack.ID)
	if cloud.IsNotFound(err) {
		return "", "", nil
	}
	return resources[template.LogicalTargetGroup], resources[template.LogicalPreviewRule], err
}
