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
