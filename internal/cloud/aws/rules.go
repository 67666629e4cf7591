package aws

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// nativeRule is what cloud.Rule.Native holds: the actions in their order.
type nativeRule struct{ actions []types.Action }

func ruleFrom(r *types.Rule) cloud.Rule {
	native := nativeRule{actions: slices.Clone(r.Actions)}
	slices.SortStableFunc(native.actions, func(a, b types.Action) int {
		return cmp.Compare(awssdk.ToInt32(a.Order), awssdk.ToInt32(b.Order))
	})
	out := cloud.Rule{
		ARN:         awssdk.ToString(r.RuleArn),
		ListenerARN: listenerOf(awssdk.ToString(r.RuleArn)),
		Native:      native,
	}
	if n, err := strconv.ParseInt(awssdk.ToString(r.Priority), 10, 32); err == nil {
		out.Priority = int32(n) // that of the default rule reads "default"
	}
	for i := range r.Conditions {
		out.Conditions = append(out.Conditions, conditionFrom(&r.Conditions[i]))
	}
	for i := range len(native.actions) - 1 {
		out.Before = append(out.Before, actionFrom(&native.actions[i]))
	}
	for i := range r.Transforms {
		out.Transforms = append(out.Transforms, transformFrom(&r.Transforms[i]))
	}
	if forward := native.forward(); forward != nil {
		out.Forwards, out.Targets = true, targetsOf(forward)
		out.StickySeconds = stickySeconds(forward)
		out.Plain = len(native.actions) == 1 && !isSticky(forward)
	}
	return out
}

// actionFrom reads an action that lets only some requests pass. Of one that can't
// be repeated there is the type only.
func actionFrom(a *types.Action) cloud.Action {
	out := cloud.Action{Type: string(a.Type)}
	if c := a.AuthenticateCognitoConfig; c != nil {
		out.Cognito = &cloud.Cognito{
			UserPoolARN: awssdk.ToString(c.UserPoolArn), UserPoolClientID: awssdk.ToString(c.UserPoolClientId), UserPoolDomain: awssdk.ToString(c.UserPoolDomain),
			SessionCookieName: awssdk.ToString(c.SessionCookieName), Scope: awssdk.ToString(c.Scope), OnUnauthenticatedRequest: string(c.OnUnauthenticatedRequest),
			SessionTimeout: awssdk.ToInt64(c.SessionTimeout),
		}
		if len(c.AuthenticationRequestExtraParams) > 0 {
			out.Cognito.ExtraParams = c.AuthenticationRequestExtraParams
		}
	}
	if c := a.JwtValidationConfig; c != nil {
		out.JWT = &cloud.JWT{Issuer: awssdk.ToString(c.Issuer), JWKSEndpoint: awssdk.ToString(c.JwksEndpoint)}
		for _, claim := range c.AdditionalClaims {
			out.JWT.Claims = append(out.JWT.Claims, cloud.Claim{Format: string(claim.Format), Name: awssdk.ToString(claim.Name), Values: claim.Values})
		}
	}
	return out
}

func transformFrom(t *types.RuleTransform) cloud.Transform {
	out := cloud.Transform{Type: string(t.Type)}
	var rewrites []types.RewriteConfig
	if t.HostHeaderRewriteConfig != nil {
		rewrites = append(rewrites, t.HostHeaderRewriteConfig.Rewrites...)
	}
	if t.UrlRewriteConfig != nil {
		rewrites = append(rewrites, t.UrlRewriteConfig.Rewrites...)
	}
	for _, r := range rewrites {
		out.Rewrites = append(out.Rewrites, cloud.Rewrite{Regex: awssdk.ToString(r.Regex), Replace: awssdk.ToString(r.Replace)})
	}
	return out
}

// listenerOf returns the listener's ARN for that of its rule:
// …:listener-rule/app/name/lb/listener/rule is of
// …:listener/app/name/lb/listener.
func listenerOf(ruleARN string) string {
	head, tail, found := strings.Cut(ruleARN, ":listener-rule/")
	end := strings.LastIndexByte(tail, '/')
	if !found || end < 0 {
		return ""
	}
	return head + ":listener/" + tail[:end]
}

// forward returns the last action if it forwards, else nil.
func (n nativeRule) forward() *types.Action {
	if len(n.actions) == 0 {
		return nil
	}
	last := &n.actions[len(n.actions)-1]
	if last.Type != types.ActionTypeEnumForward {
		return nil
	}
	return last
}

// isSticky reports whether clients stay with a target group.
func isSticky(forward *types.Action) bool {
	config := forward.ForwardConfig
	return config != nil && config.TargetGroupStickinessConfig != nil && awssdk.ToBool(config.TargetGroupStickinessConfig.Enabled)
}

// stickySeconds is for how long clients stay with a target group; 0 if they don't.
func stickySeconds(forward *types.Action) int32 {
	if !isSticky(forward) {
		return 0
	}
	return max(1, awssdk.ToInt32(forward.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds))
}

func targetsOf(forward *types.Action) []cloud.WeightedTarget {
	if forward.ForwardConfig == nil || len(forward.ForwardConfig.TargetGroups) == 0 {
		return []cloud.WeightedTarget{{TargetGroupARN: awssdk.ToString(forward.TargetGroupArn), Weight: 1}}
	}
	var out []cloud.WeightedTarget
	for _, g := range forward.ForwardConfig.TargetGroups {
		out = append(out, cloud.WeightedTarget{
			TargetGroupARN: awssdk.ToString(g.TargetGroupArn),
			Weight:         *cmp.Or(g.Weight, new(int32(1))),
		})
	}
	return out
}

// answering returns the rule's actions with the last one, which handles the
// request, replaced by a forward to targets, or by a 503 if there are none.
// ModifyRule replaces all actions, so the preceding ones (authentication) are
// sent unchanged.
func (n nativeRule) answering(targets []cloud.WeightedTarget, sticky int32) []types.Action {
	if len(n.actions) == 0 {
		return []types.Action{answerWith(targets, sticky, nil)}
	}
	actions := slices.Clone(n.actions)
	last := len(actions) - 1
	for i := range actions[:last] {
		keepClientSecret(&actions[i])
	}
	actions[last] = answerWith(targets, sticky, &actions[last])
	return actions
}

func answerWith(targets []cloud.WeightedTarget, sticky int32, instead *types.Action) types.Action {
	if len(targets) == 0 {
		return unavailable(instead)
	}
	return forwardTo(targets, sticky, instead)
}

// unavailable returns a 503 that replaces another action, if there is one. A
// forward whose weights are all zero would return 503 too, but would keep
// target groups in the rule that are about to be deleted.
func unavailable(instead *types.Action) types.Action {
	action := types.Action{
		Type: types.ActionTypeEnumFixedResponse,
		FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode:  new("503"),
			ContentType: new("text/plain"),
			MessageBody: new("Service is being replaced"),
		},
	}
	if instead != nil {
		action.Order = instead.Order
	}
	return action
}

// keepClientSecret tells ELB to keep its secret, which it doesn't return.
func keepClientSecret(a *types.Action) {
	if a.AuthenticateOidcConfig == nil {
		return
	}
	config := *a.AuthenticateOidcConfig
	config.ClientSecret, config.UseExistingClientSecret = nil, new(true)
	a.AuthenticateOidcConfig = &config
}

// forwardTo returns a forward action that keeps clients with a target group for so
// many seconds, in place of another action, if there is one. Weights are explicit:
// ELB treats a missing one as 1.
func forwardTo(targets []cloud.WeightedTarget, sticky int32, instead *types.Action) types.Action {
	config := &types.ForwardActionConfig{TargetGroupStickinessConfig: stickiness(sticky, instead)}
	for _, t := range targets {
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{
			TargetGroupArn: new(t.TargetGroupARN), Weight: new(t.Weight),
		})
	}
	action := types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: config}
	if instead != nil {
		action.Order = instead.Order
	}
	return action
}

// stickiness is that of the action before, as it is, if it keeps clients for as
// long.
func stickiness(seconds int32, before *types.Action) *types.TargetGroupStickinessConfig {
	switch {
	case before != nil && before.ForwardConfig != nil && stickySeconds(before) == seconds:
		return before.ForwardConfig.TargetGroupStickinessConfig
	case seconds > 0:
		return &types.TargetGroupStickinessConfig{Enabled: new(true), DurationSeconds: new(seconds)}
	}
	return nil
}
