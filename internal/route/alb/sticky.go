package alb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/preflight"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// stickySeconds is for how long the production rule is to keep clients with a
// target group; 0 if it isn't to. A rule that was adopted keeps what it has. One of
// ours keeps it, though spec doesn't say so any more, while it forwards to a
// revision whose targets keep their clients: the load balancer would refuse the
// next share otherwise.
func (r *router) stickySeconds(o *rollout.Observation, targets rollout.Targets) int32 {
	keeps := func(revision rollout.Revision) bool {
		return revision.Sticky && slices.ContainsFunc(targets, func(t rollout.Target) bool { return t.Backend == revision.Backend })
	}
	switch {
	case r.adopts():
		return r.rule.StickySeconds
	case r.spec.Stickiness != nil:
		return r.spec.Stickiness.DurationSeconds
	case slices.ContainsFunc(o.Revisions, keeps):
		return r.rule.StickySeconds
	}
	return 0
}

// stickinessRefused tells whether the load balancer refused shares because targets
// keep their clients and the rule doesn't. It makes a refusal of that which says
// how to go on.
func (r *router) stickinessRefused(err error) error {
	refused, ok := errors.AsType[*cloud.Error](err)
	if !ok || refused.Kind != cloud.KindInvalid || !strings.Contains(strings.ToLower(refused.Message), "group stickiness") {
		return err
	}
	remedy := "Set spec.traffic.loadBalancer.stickiness, such as {durationSeconds: 3600}"
	if r.adopts() {
		remedy = makeSticky(r.rule.ARN)
	}
	return refusal.New(v1alpha1.ReasonInvalidSpec, "AWS refused "+refused.Op+": "+strings.TrimSuffix(refused.Message, "."), remedy)
}

// makeSticky is how to have an adopted rule keep clients with a target group. A
// command would have to repeat all actions of the rule.
func makeSticky(arn string) string {
	return "Turn on target group stickiness in the forward action of the rule " + arn + ", and leave its other actions as they are, in the console (Edit rule) or with: aws elbv2 modify-rule"
}

// preflightTarget looks at what the target of the template needs of the listener
// and of an adopted rule.
func (r *router) preflightTarget(ctx context.Context, listener string, report *preflight.Report) error {
	target := &r.of.Spec.Template.Target
	if target.Stickiness != nil && r.adopts() && r.rule.Forwards && r.rule.StickySeconds == 0 {
		report.Find(fmt.Sprintf("The rule %s keeps no clients with their target group, which spec.template.target.stickiness needs", r.rule.ARN), makeSticky(r.rule.ARN))
	}
	if version := target.ProtocolVersion; version == "" || version == "HTTP1" {
		return nil
	}
	endpoint, err := r.traffic.Endpoint(ctx, listener)
	if err != nil {
		return report.Skip("the listener's protocol (elasticloadbalancing:DescribeListeners)", err)
	}
	if !strings.HasPrefix(endpoint, "https:") {
		report.Find(fmt.Sprintf("The listener %s speaks HTTP, and spec.template.target.protocolVersion: %s needs one that speaks HTTPS", listener, target.ProtocolVersion),
			"Create the ImmutableDeployment anew with an HTTPS listener, or leave out spec.template.target.protocolVersion")
	}
	return nil
}
