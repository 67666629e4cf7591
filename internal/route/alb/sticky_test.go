package alb

import (
	"errors"
	"strings"
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// managed is a deployment that owns its rule.
func (w *world) managed(sticky int32) *v1alpha1.ImmutableDeployment {
	imd := w.adopting("")
	lb := &imd.Spec.Traffic.LoadBalancer
	lb.ListenerARN, lb.Priority = w.listener, new(int32(100))
	lb.Conditions = []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{"checkout.example.com"}}}
	if sticky > 0 {
		lb.Stickiness = &v1alpha1.RuleStickiness{DurationSeconds: sticky}
	}
	return imd
}

// stickyGroup makes a target group whose targets keep their clients.
func (w *world) stickyGroup(name string) string {
	w.t.Helper()
	group := w.group(name)
	_, err := w.elb.ModifyTargetGroupAttributes(w.t.Context(), &elb.ModifyTargetGroupAttributesInput{
		TargetGroupArn: &group, Attributes: []types.TargetGroupAttribute{{Key: new("stickiness.enabled"), Value: new("true")}}})
	check(w.t, err)
	return group
}

func all(group string) rollout.Targets { return rollout.Targets{{Backend: group, Weight: 100}} }

func divided(a, b string) rollout.Targets {
	return rollout.Targets{{Backend: a, Weight: 90}, {Backend: b, Weight: 10}}
}

// A rule of ours keeps clients as spec says, and as long as the load balancer wants
// it to.
func TestStickyRule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		old, young := w.stickyGroup("old"), w.group("new")
		o := &rollout.Observation{Revisions: []rollout.Revision{{Backend: old, Sticky: true}, {Backend: young}}}
		apply := func(spec int32, kind rollout.ActionKind, targets rollout.Targets, want int32) {
			t.Helper()
			r, _ := w.router(w.managed(spec))
			check(t, r.Apply(t.Context(), o, rollout.Action{Kind: kind, Targets: targets}))
			r, seen := w.router(w.managed(spec))
			if r.rule.StickySeconds != want || seen.Route.Sticky != (want > 0) {
				t.Errorf("keeps clients for %d s (%t), want %d", r.rule.StickySeconds, seen.Route.Sticky, want)
			}
		}
		apply(60, rollout.ActionCreateRule, all(old), 60)
		apply(90, rollout.ActionSetTargets, divided(old, young), 90)
		apply(0, rollout.ActionSetTargets, divided(old, young), 90) // or it would be refused
		apply(0, rollout.ActionSetTargets, all(old), 90)            // so that the next share isn't
		apply(0, rollout.ActionSetTargets, all(young), 0)
		apply(60, rollout.ActionSetTargets, nil, 0) // the rule answers 503
		apply(60, rollout.ActionSetTargets, all(old), 60)
	})
}

// An adopted rule keeps what it has; if its target group needs more, what to do is
// told.
func TestAdoptedStickiness(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		legacy, young := w.stickyGroup("legacy"), w.group("new")
		arn := w.rule(100, nil, w.forward(legacy))
		imd := w.adopting(arn)
		imd.Spec.Template.Target.Stickiness = &v1alpha1.TargetStickiness{Type: "lb_cookie"}
		r, _ := w.router(imd)
		set := rollout.Action{Kind: rollout.ActionSetTargets, Targets: divided(legacy, young)}
		o := &rollout.Observation{Route: rollout.Route{Adopted: true}}
		err := r.Apply(t.Context(), o, set)
		if refused, ok := errors.AsType[*refusal.Error](err); !ok || !strings.Contains(refused.Message, "You must enable group stickiness") || !strings.Contains(refused.Remedy, "Turn on target group stickiness in the forward action of the rule "+arn) {
			t.Errorf("got %#v", err)
		}
		report, _, err := r.Preflight(t.Context(), 0)
		check(t, err)
		if len(report.Findings) != 1 || !strings.Contains(report.Findings[0].Message, arn+" keeps no clients with their target group") {
			t.Errorf("found %+v", report.Findings)
		}
		forward := w.forward("")
		forward.TargetGroupArn, forward.ForwardConfig = nil, &types.ForwardActionConfig{
			TargetGroups:                []types.TargetGroupTuple{{TargetGroupArn: &legacy, Weight: new(int32(1))}},
			TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: new(true), DurationSeconds: new(int32(600))},
		}
		_, err = w.elb.ModifyRule(t.Context(), &elb.ModifyRuleInput{RuleArn: &arn, Actions: []types.Action{forward}})
		check(t, err)
		r, _ = w.router(imd)
		if report, _, err = r.Preflight(t.Context(), 0); err != nil || len(report.Findings) > 0 {
			t.Errorf("found %+v, %v", report.Findings, err)
		}
		check(t, r.Apply(t.Context(), o, set))
		if r, _ = w.router(imd); r.rule.StickySeconds != 600 {
			t.Errorf("keeps clients for %d s", r.rule.StickySeconds)
		}
	})
}

// The load balancer speaks gRPC and HTTP/2 with targets of HTTPS listeners only.
func TestPreflightOfProtocolVersions(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		balancer := strings.Replace(w.listener, ":listener/", ":loadbalancer/", 1)
		plain, err := w.elb.CreateListener(t.Context(), &elb.CreateListenerInput{
			LoadBalancerArn: new(balancer[:strings.LastIndex(balancer, "/")]), Port: new(int32(80)), Protocol: types.ProtocolEnumHttp, DefaultActions: []types.Action{w.forward(w.group("plain"))},
		})
		check(t, err)
		for version, wants := range map[string]bool{"": false, "HTTP1": false, "HTTP2": true, "GRPC": true} {
			for listener, speaks := range map[string]string{w.listener: "HTTPS", *plain.Listeners[0].ListenerArn: "HTTP"} {
				imd := w.managed(0)
				imd.Spec.Traffic.LoadBalancer.ListenerARN, imd.Spec.Template.Target.ProtocolVersion = listener, version
				r, _ := w.router(imd)
				report, _, err := r.Preflight(t.Context(), 0)
				check(t, err)
				if found := len(report.Findings) == 1 && strings.Contains(report.Findings[0].Message, "speaks HTTP, and spec.template.target.protocolVersion: "+version+" needs one that speaks HTTPS"); found != (wants && speaks == "HTTP") {
					t.Errorf("%q by %s: found %+v", version, speaks, report.Findings)
				}
			}
		}
	})
}
