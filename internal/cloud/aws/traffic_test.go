package aws

import (
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// elb is for calls that the port doesn't make.
func (w *world) elb() *elb.Client { return elb.NewFromConfig(w.provider.base) }

func (w *world) targetGroup(t *testing.T, name string) string {
	t.Helper()
	out, err := w.elb().CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: &name, Port: new(int32(8080)), Protocol: types.ProtocolEnumHttp,
		TargetType: types.TargetTypeEnumIp, VpcId: new("vpc-0a1b2c3d4e5f60718"),
	})
	check(t, err)
	return *out.TargetGroups[0].TargetGroupArn
}

func (w *world) listener(t *testing.T) string {
	t.Helper()
	arn, err := w.sim.CreateListener("shop", 80)
	check(t, err)
	return arn
}

var ignoreNative = cmpopts.IgnoreFields(cloud.Rule{}, "Native")

func TestRuleLifecycle(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		listener, old, young := w.listener(t), w.targetGroup(t, "old"), w.targetGroup(t, "new")
		in := cloud.CreateRule{
			ListenerARN: listener, Priority: 100, Tags: map[string]string{"viridian.dev/uid": "u"},
			Conditions: []cloud.Condition{{Field: "host-header", Values: []string{"checkout.example.com"}}},
			Targets:    []cloud.WeightedTarget{{TargetGroupARN: old, Weight: 100}, {TargetGroupARN: young, Weight: 0}},
		}
		rule, err := w.Traffic.CreateRule(t.Context(), in)
		check(t, err)
		want := cloud.Rule{
			ARN: rule.ARN, ListenerARN: listener, Priority: 100,
			Conditions: in.Conditions, Targets: in.Targets, Forwards: true, Plain: true,
		}
		if diff := cmp.Diff(want, rule, ignoreNative); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}

		want.Targets = []cloud.WeightedTarget{{TargetGroupARN: old, Weight: 0}, {TargetGroupARN: young, Weight: 999}}
		check(t, w.Traffic.SetTargets(t.Context(), rule, want.Targets))
		rule, err = w.Traffic.Rule(t.Context(), rule.ARN)
		check(t, err)
		if diff := cmp.Diff(want, rule, ignoreNative); diff != "" {
			t.Errorf("set (-want +got):\n%s", diff)
		}

		check(t, w.Traffic.TagRule(t.Context(), rule.ARN, map[string]string{"step": "2"}))
		check(t, w.Traffic.UntagRule(t.Context(), rule.ARN, []string{"viridian.dev/uid"}))
		check(t, w.Traffic.TagRule(t.Context(), rule.ARN, nil))
		check(t, w.Traffic.UntagRule(t.Context(), rule.ARN, nil))
		tags, err := w.Traffic.RuleTags(t.Context(), rule.ARN)
		check(t, err)
		if diff := cmp.Diff(map[string]string{"step": "2"}, tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}

		check(t, w.Traffic.DeleteRule(t.Context(), rule.ARN))
		check(t, w.Traffic.DeleteRule(t.Context(), rule.ARN))
		_, err = w.Traffic.Rule(t.Context(), rule.ARN)
		wantKind(t, err, cloud.KindNotFound)
	})
}

func TestRulesOfListener(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		listener, group := w.listener(t), w.targetGroup(t, "old")
		created, err := w.Traffic.CreateRule(t.Context(), cloud.CreateRule{
			ListenerARN: listener, Priority: 100,
			Conditions: []cloud.Condition{{Field: "path-pattern", Values: []string{"/a"}}},
			Targets:    []cloud.WeightedTarget{{TargetGroupARN: group, Weight: 1}},
		})
		check(t, err)
		rules, err := w.Traffic.Rules(t.Context(), listener)
		check(t, err)
		if len(rules) != 2 {
			t.Fatalf("rules are %+v", rules)
		}
		byPriority := map[int32]cloud.Rule{rules[0].Priority: rules[0], rules[1].Priority: rules[1]}
		if diff := cmp.Diff(created, byPriority[100], ignoreNative); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if d := byPriority[0]; d.Forwards || d.Targets != nil || d.ListenerARN != listener {
			t.Errorf("the default rule is %+v", d)
		}
		_, err = w.Traffic.Rules(t.Context(), listener+"0")
		wantKind(t, err, cloud.KindNotFound)
	})
}

// AWS doesn't keep the order of conditions.
func TestConditions(t *testing.T) {
	anyOrder := cmpopts.SortSlices(func(a, b cloud.Condition) bool {
		return a.Field+a.HTTPHeaderName < b.Field+b.HTTPHeaderName
	})
	tests := map[string][]cloud.Condition{
		"path and method": {
			{Field: "path-pattern", Values: []string{"/a", "/b*"}},
			{Field: "http-request-method", Values: []string{"GET"}},
		},
		"header twice": {
			{Field: "http-header", HTTPHeaderName: "x-viridian-revision", Values: []string{"2"}},
			{Field: "http-header", HTTPHeaderName: "x-tenant", Values: []string{"a", "b"}},
		},
		"query string": {{Field: "query-string", Values: []string{"version=2", "beta", "expr=a=b"}}},
		"source":       {{Field: "source-ip", Values: []string{"10.0.0.0/8"}}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				rule, err := w.Traffic.CreateRule(t.Context(), cloud.CreateRule{
					ListenerARN: w.listener(t), Priority: 1, Conditions: want,
					Targets: []cloud.WeightedTarget{{TargetGroupARN: w.targetGroup(t, "g"), Weight: 1}},
				})
				check(t, err)
				if diff := cmp.Diff(want, rule.Conditions, anyOrder); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// ELB may return only the older form.
func TestConditionFromValues(t *testing.T) {
	got := conditionFrom(&types.RuleCondition{Field: new("host-header"), Values: []string{"a.example.com"}})
	if diff := cmp.Diff(cloud.Condition{Field: "host-header", Values: []string{"a.example.com"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRuleRefusals(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		in := cloud.CreateRule{
			ListenerARN: w.listener(t), Priority: 7,
			Conditions: []cloud.Condition{{Field: "path-pattern", Values: []string{"/"}}},
			Targets:    []cloud.WeightedTarget{{TargetGroupARN: w.targetGroup(t, "g"), Weight: 1}},
		}
		// The response is lost, and the SDK's second attempt conflicts with the
		// rule of the first.
		w.sim.Faults.Add(awssim.Fault{Action: "CreateRule", Effect: awssim.TimeoutAfter, Times: 1})
		_, err := w.Traffic.CreateRule(t.Context(), in)
		if e := failure(t, err, cloud.KindConflict); e.Code != "PriorityInUse" {
			t.Errorf("error is %s", e)
		}
		in.Priority, in.Conditions = 8, []cloud.Condition{{Field: "cookie"}}
		_, err = w.Traffic.CreateRule(t.Context(), in)
		wantKind(t, err, cloud.KindInvalid)
		err = w.Traffic.SetTargets(t.Context(), cloud.Rule{ARN: "arn:x"}, in.Targets)
		wantKind(t, err, cloud.KindInvalid)
	})
}

// A rule that somebody else created, with authentication and stickiness, keeps
// both, and the client secret that can't be read.
func TestSetTargetsKeepsTheRest(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		old, young := w.targetGroup(t, "old"), w.targetGroup(t, "new")
		ruleARN := w.authenticatedRule(t, old)
		before, err := w.Traffic.Rule(t.Context(), ruleARN)
		check(t, err)
		targets := []cloud.WeightedTarget{{TargetGroupARN: old, Weight: 90}, {TargetGroupARN: young, Weight: 10}}
		for range 2 { // the secret is kept by more than one write
			check(t, w.Traffic.SetTargets(t.Context(), before, targets))
		}
		after, err := w.Traffic.Rule(t.Context(), ruleARN)
		check(t, err)
		if diff := cmp.Diff(targets, after.Targets); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
		was, is := before.Native.(nativeRule).actions, after.Native.(nativeRule).actions
		ignore := cmpopts.IgnoreUnexported(types.Action{}, types.AuthenticateOidcActionConfig{}, types.ForwardActionConfig{}, types.TargetGroupStickinessConfig{})
		if diff := cmp.Diff(was[0], is[0], ignore); diff != "" {
			t.Errorf("authentication (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(was[1].ForwardConfig.TargetGroupStickinessConfig, is[1].ForwardConfig.TargetGroupStickinessConfig, ignore); diff != "" {
			t.Errorf("stickiness (-want +got):\n%s", diff)
		}
		if *is[0].Order != 10 || *is[1].Order != 20 {
			t.Errorf("orders are %d, %d", *is[0].Order, *is[1].Order)
		}
	})
}

// Without targets the rule returns 503 behind the same authentication, its
// target groups can be deleted, and traffic can be restored.
func TestSetTargetsOffAndOn(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		old, young := w.targetGroup(t, "old"), w.targetGroup(t, "new")
		ruleARN := w.authenticatedRule(t, old)
		set := func(targets ...cloud.WeightedTarget) []types.Action {
			t.Helper()
			rule, err := w.Traffic.Rule(t.Context(), ruleARN)
			check(t, err)
			check(t, w.Traffic.SetTargets(t.Context(), rule, targets))
			rule, err = w.Traffic.Rule(t.Context(), ruleARN)
			check(t, err)
			if diff := cmp.Diff(targets, rule.Targets); diff != "" || rule.Forwards != (len(targets) > 0) {
				t.Errorf("forwards is %t, targets (-want +got):\n%s", rule.Forwards, diff)
			}
			actions := rule.Native.(nativeRule).actions
			if len(actions) != 2 || actions[0].AuthenticateOidcConfig == nil || *actions[1].Order != 20 {
				t.Fatalf("actions are %+v", actions)
			}
			return actions
		}
		for range 2 { // the second time changes nothing
			off := set()[1].FixedResponseConfig
			if off == nil || *off.StatusCode != "503" || *off.ContentType != "text/plain" || *off.MessageBody != "Service is being replaced" {
				t.Errorf("the answer is %+v", off)
			}
		}
		_, err := w.elb().DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &old})
		check(t, err)
		if on := set(cloud.WeightedTarget{TargetGroupARN: young, Weight: 100})[1]; on.FixedResponseConfig != nil {
			t.Errorf("the answer is still %+v", on.FixedResponseConfig)
		}
	})
}

// authenticatedRule creates a rule of an HTTPS listener that uses an identity
// provider and then forwards to the group with stickiness.
func (w *world) authenticatedRule(t *testing.T, group string) string {
	t.Helper()
	client := w.elb()
	balancer, err := client.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: new("tls"), Subnets: []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"}})
	check(t, err)
	listener, err := client.CreateListener(t.Context(), &elb.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Port: new(int32(443)), Protocol: types.ProtocolEnumHttps,
		Certificates: []types.Certificate{{CertificateArn: new("arn:aws:acm:eu-west-1:111122223333:certificate/0")}},
		DefaultActions: []types.Action{{
			Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: new("404")},
		}},
	})
	check(t, err)
	rule, err := client.CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: listener.Listeners[0].ListenerArn, Priority: new(int32(5)),
		Conditions: []types.RuleCondition{{Field: new("path-pattern"), Values: []string{"/admin*"}}},
		Actions: []types.Action{
			{
				Order: new(int32(20)), Type: types.ActionTypeEnumForward,
				ForwardConfig: &types.ForwardActionConfig{
					TargetGroups:                []types.TargetGroupTuple{{TargetGroupArn: &group, Weight: new(int32(1))}},
					TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: new(true), DurationSeconds: new(int32(60))},
				},
			},
			{
				Order: new(int32(10)), Type: types.ActionTypeEnumAuthenticateOidc,
				AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{
					Issuer: new("https://id.example.com"), AuthorizationEndpoint: new("https://id.example.com/a"),
					TokenEndpoint: new("https://id.example.com/t"), UserInfoEndpoint: new("https://id.example.com/u"),
					ClientId: new("viridian"), ClientSecret: new("secret"),
				},
			},
		},
	})
	check(t, err)
	return awssdk.ToString(rule.Rules[0].RuleArn)
}

func TestListenerOf(t *testing.T) {
	tests := map[string]struct{ rule, want string }{
		"rule": {
			"arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:listener-rule/app/shop/0a/1b/2c",
			"arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:listener/app/shop/0a/1b",
		},
		"no rule": {"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/g/0a", ""},
		"nothing": {"", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := listenerOf(tc.rule); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestHealthFrom(t *testing.T) {
	target := func(state types.TargetHealthStateEnum, reason types.TargetHealthReasonEnum, text string) types.TargetHealthDescription {
		return types.TargetHealthDescription{TargetHealth: &types.TargetHealth{State: state, Reason: reason, Description: optional(text)}}
	}
	initial := target("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
	timeout := target("unhealthy", "Target.Timeout", "Request timed out")
	mismatch := target("unhealthy", "Target.ResponseCodeMismatch", "")
	tests := map[string]struct {
		in   []types.TargetHealthDescription
		want cloud.TargetHealth
	}{
		"none":    {nil, cloud.TargetHealth{}},
		"healthy": {[]types.TargetHealthDescription{target("healthy", "", "")}, cloud.TargetHealth{Healthy: 1}},
		"the gravest reason, whatever the order": {
			[]types.TargetHealthDescription{initial, timeout, mismatch},
			cloud.TargetHealth{Initial: 1, Unhealthy: 2, Reason: "Target.ResponseCodeMismatch"},
		},
		"draining": {
			[]types.TargetHealthDescription{target("draining", "Target.DeregistrationInProgress", ""), target("unhealthy.draining", "", ""), initial},
			cloud.TargetHealth{Draining: 2, Initial: 1, Reason: "Elb.InitialHealthChecking: Initial health checks in progress"},
		},
		"unknown is not healthy": {
			[]types.TargetHealthDescription{target("unavailable", "Elb.InternalError", ""), target("unused", "Target.NotInUse", ""), {}},
			cloud.TargetHealth{Unhealthy: 2, Unused: 1},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, healthFrom(tc.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTargetHealth(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		group := w.targetGroup(t, "g")
		_, err := w.Traffic.TargetHealth(t.Context(), group+"0")
		wantKind(t, err, cloud.KindNotFound)
		_, err = w.elb().RegisterTargets(t.Context(), &elb.RegisterTargetsInput{
			TargetGroupArn: &group, Targets: []types.TargetDescription{{Id: new("10.0.0.7"), Port: new(int32(8080))}},
		})
		check(t, err)
		time.Sleep(time.Minute)
		got, err := w.Traffic.TargetHealth(t.Context(), group)
		check(t, err)
		if got.Unused != 1 || got.Healthy != 0 || got.Reason == "" {
			t.Errorf("health is %+v", got)
		}
	})
}
