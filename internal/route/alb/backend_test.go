package alb

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/template"
)

// forwards are the rules that forward to target groups.
type forwards struct {
	cloud.Traffic
	cloud.Stacks
	rules map[string][]cloud.Rule
	// made are the resources of any stack.
	made map[string]string
}

func (f forwards) RulesTo(_ context.Context, group string) ([]cloud.Rule, error) {
	return f.rules[group], nil
}

func (f forwards) Resources(context.Context, string) (map[string]string, error) { return f.made, nil }

// Whether a stack is used is asked of what the stack has, whatever status knows of it.
func TestCheckUnused(t *testing.T) {
	outputs := func(group string) map[string]string {
		return map[string]string{template.OutputTargetGroup: group, template.OutputPreviewRule: "preview"}
	}
	resources := map[string]string{template.LogicalTargetGroup: "used", template.LogicalPreviewRule: "preview"}
	remembered := func(group string) *v1alpha1.StackOutputs {
		return &v1alpha1.StackOutputs{TargetGroupARN: group, PreviewRuleARN: "preview"}
	}
	for name, c := range map[string]struct {
		status *v1alpha1.StackOutputs
		stack  *cloud.Stack
		used   bool
	}{
		"used, and status lost":        {nil, &cloud.Stack{Outputs: outputs("used")}, true},
		"used, and status is of old":   {remembered("unused"), &cloud.Stack{Outputs: outputs("used")}, true},
		"used, as its resources say":   {remembered("unused"), &cloud.Stack{}, true},
		"used, and not shown":          {remembered("used"), nil, true},
		"unused, whatever status says": {remembered("used"), &cloud.Stack{Outputs: outputs("unused")}, false},
		"unused, and status lost":      {nil, nil, false},
	} {
		traffic := forwards{made: resources, rules: map[string][]cloud.Rule{"used": {{ARN: "preview"}, {ARN: "production"}}, "unused": {{ARN: "preview"}}}}
		imr := &v1alpha1.ImmutableRevision{}
		imr.Status.Outputs = c.status
		b := &backend{of: route.Revision{ImmutableRevision: imr, Clients: cloud.Clients{Traffic: traffic, Stacks: traffic}}}
		err := b.CheckUnused(t.Context(), c.stack)
		refused, ok := errors.AsType[*refusal.Error](err)
		if ok != c.used || c.used && refused.Reason != v1alpha1.ReasonStackInUse || !ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The remedy for a preview rule that failed is not another template: it is made from
// the production rule, whose conditions can't change.
func TestRemedyOfFailure(t *testing.T) {
	const listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1/2"
	imr := &v1alpha1.ImmutableRevision{}
	imr.Spec.Frozen.ListenerARN = listener
	b := &backend{of: route.Revision{ImmutableRevision: imr}}
	const look = "aws elbv2 describe-rules --listener-arn " + listener + " --region eu-west-1"
	for name, c := range map[string]struct {
		resource, message, reason, want string
		again                           bool
	}{
		"host":           {"PreviewRule", "PreviewRule: Resource handler returned message: \"Condition value 'shop' contains a character that is not valid (Service: ElasticLoadBalancingV2, Status Code: 400)\"", "", otherConditions, false},
		"source":         {"PreviewRule", "PreviewRule: The specified value '10.0.0.1' is not a valid CIDR block", "", otherConditions, false},
		"header":         {"PreviewRule", "PreviewRule: You cannot specify 'host' as an HTTP header name", "", otherConditions, false},
		"values":         {"PreviewRule", "PreviewRule: A rule can only have '5' condition values and regex values", "", otherConditions, false},
		"listener":       {"PreviewRule", "PreviewRule: One or more listeners not found", "", look, true},
		"sign-in":        {"PreviewRule", "PreviewRule: Actions of type 'authenticate-cognito' are supported only on HTTPS listeners", "", look, true},
		"transform":      {"PreviewRule", "PreviewRule: The regex pattern is not valid", "", look, true},
		"tags":           {"PreviewRule", "PreviewRule: TooManyTags: 51", "", "", false},
		"a tag's key":    {"PreviewRule", "PreviewRule: Tag keys starting with 'aws:' are reserved", "", "", false},
		"quota of rules": {"PreviewRule", "PreviewRule: The maximum number of rules on load balancer 'x' has been reached", v1alpha1.ReasonQuotaExceeded, "", false},
		"priority":       {"PreviewRule", "PreviewRule: Priority '7' is currently in use", v1alpha1.ReasonResourceConflict, "", false},
		"tasks":          {"Service", "Service: Condition value of the application's own", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			failure := &v1alpha1.StackFailure{Resource: c.resource, Message: c.message, Reason: c.reason}
			got, again := b.Remedy(failure)
			if !strings.Contains(got, c.want) || (got == "") != (c.want == "") || again != c.again {
				t.Errorf("got %q, again %t", got, again)
			}
		})
	}
}
