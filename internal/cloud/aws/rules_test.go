package aws

import (
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// A rule is plain if a command that writes its targets alone takes nothing away.
func TestPlainRules(t *testing.T) {
	forward := elb.Action{Type: elb.ActionTypeEnumForward, TargetGroupArn: new("group")}
	sticky := forward
	sticky.ForwardConfig = &elb.ForwardActionConfig{TargetGroupStickinessConfig: &elb.TargetGroupStickinessConfig{Enabled: new(true)}}
	loose := forward
	loose.ForwardConfig = &elb.ForwardActionConfig{TargetGroupStickinessConfig: &elb.TargetGroupStickinessConfig{Enabled: new(false)}}
	for name, tt := range map[string]struct {
		actions []elb.Action
		want    bool
	}{
		"forward":                      {[]elb.Action{forward}, true},
		"stickiness turned off":        {[]elb.Action{loose}, true},
		"stickiness":                   {[]elb.Action{sticky}, false},
		"sign-in first":                {[]elb.Action{{Type: elb.ActionTypeEnumAuthenticateOidc, Order: new(int32(1))}, {Type: elb.ActionTypeEnumForward, Order: new(int32(2)), TargetGroupArn: new("group")}}, false},
		"no forward":                   {[]elb.Action{{Type: elb.ActionTypeEnumFixedResponse}}, false},
		"nothing that is known at all": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ruleFrom(&elb.Rule{Actions: tt.actions}).Plain; got != tt.want {
				t.Errorf("plain: %t, want %t", got, tt.want)
			}
		})
	}
}

// A forward keeps clients as it is told, whatever the action before it did.
func TestStickinessOfForwards(t *testing.T) {
	with := func(config *elb.TargetGroupStickinessConfig) *elb.Action {
		return &elb.Action{Type: elb.ActionTypeEnumForward, ForwardConfig: &elb.ForwardActionConfig{TargetGroupStickinessConfig: config}}
	}
	sticky := with(&elb.TargetGroupStickinessConfig{Enabled: new(true), DurationSeconds: new(int32(60))})
	loose := with(&elb.TargetGroupStickinessConfig{Enabled: new(false), DurationSeconds: new(int32(60))})
	for name, tt := range map[string]struct {
		before *elb.Action
		told   int32
	}{
		"new":           {nil, 60},
		"new and loose": {nil, 0},
		"as before":     {sticky, 60},
		"longer":        {sticky, 90},
		"no longer":     {sticky, 0},
		"turned on":     {loose, 60},
		"still off":     {loose, 0},
		"after a 503":   {&elb.Action{Type: elb.ActionTypeEnumFixedResponse}, 60},
	} {
		t.Run(name, func(t *testing.T) {
			forward := forwardTo(nil, tt.told, tt.before)
			if got := stickySeconds(&forward); got != tt.told {
				t.Errorf("keeps clients for %d s, want %d", got, tt.told)
			}
		})
	}
}
