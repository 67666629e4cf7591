package aws

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// traffic implements cloud.Traffic.
type traffic struct {
	api elbAPI
	// balancers by ARN, owners by ARNs, and the account's limits.
	balancers kept[cloud.LoadBalancer]
	owners    kept[map[string]map[string]string]
	limits    kept[cloud.Room]
}

func (t *traffic) Rules(ctx context.Context, listenerARN string) ([]cloud.Rule, error) {
	var rules []cloud.Rule
	pages := elb.NewDescribeRulesPaginator(t.api, &elb.DescribeRulesInput{ListenerArn: &listenerARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for i := range page.Rules {
			rules = append(rules, ruleFrom(&page.Rules[i]))
		}
	}
	return rules, nil
}

func (t *traffic) Rule(ctx context.Context, ruleARN string) (cloud.Rule, error) {
	out, err := t.api.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{ruleARN}})
	if err != nil {
		return cloud.Rule{}, wrap(err)
	}
	if len(out.Rules) == 0 {
		return cloud.Rule{}, notFound("elasticloadbalancing:DescribeRules", "RuleNotFound", "Rule "+ruleARN+" not found")
	}
	return ruleFrom(&out.Rules[0]), nil
}

func (t *traffic) RuleTags(ctx context.Context, ruleARN string) (map[string]string, error) {
	tags, err := t.tags(ctx, []string{ruleARN})
	if err != nil {
		return nil, err
	}
	return tags[ruleARN], nil
}

// TargetGroupTags requests all at once, and each separately only if one of them
// doesn't exist, in which case AWS rejects the whole call.
func (t *traffic) TargetGroupTags(ctx context.Context, targetGroupARNs []string) (map[string]map[string]string, error) {
	if len(targetGroupARNs) == 0 {
		return nil, nil
	}
	all, err := t.tags(ctx, targetGroupARNs)
	if err == nil || !cloud.IsNotFound(err) {
		return all, err
	}
	all = map[string]map[string]string{}
	for _, arn := range targetGroupARNs {
		one, err := t.tags(ctx, []string{arn})
		switch {
		case cloud.IsNotFound(err):
		case err != nil:
			return nil, err
		default:
			maps.Copy(all, one)
		}
	}
	return all, nil
}

// tags of at most 20 resources by ARN.
func (t *traffic) tags(ctx context.Context, arns []string) (map[string]map[string]string, error) {
	out, err := t.api.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: arns})
	if err != nil {
		return nil, wrap(err)
	}
	tags := make(map[string]map[string]string, len(arns))
	for _, d := range out.TagDescriptions {
		of := map[string]string{}
		for _, tag := range d.Tags {
			of[awssdk.ToString(tag.Key)] = awssdk.ToString(tag.Value)
		}
		tags[awssdk.ToString(d.ResourceArn)] = of
	}
	return tags, nil
}

func (t *traffic) RulesTo(ctx context.Context, targetGroupARN string) ([]cloud.Rule, error) {
	out, err := t.api.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{targetGroupARN}})
	if err != nil {
		return nil, unlessGone(wrap(err))
	}
	var rules []cloud.Rule
	for _, group := range out.TargetGroups {
		for _, balancer := range group.LoadBalancerArns {
			of, err := t.rulesOf(ctx, balancer)
			if err != nil && !cloud.IsNotFound(err) { // deleted a moment ago
				return nil, err
			}
			rules = append(rules, of...)
		}
	}
	return slices.DeleteFunc(rules, func(rule cloud.Rule) bool {
		return !slices.ContainsFunc(rule.Targets, func(x cloud.WeightedTarget) bool { return x.TargetGroupARN == targetGroupARN })
	}), nil
}

// rulesOf returns the rules of all listeners of a load balancer.
func (t *traffic) rulesOf(ctx context.Context, loadBalancerARN string) ([]cloud.Rule, error) {
	var rules []cloud.Rule
	pages := elb.NewDescribeListenersPaginator(t.api, &elb.DescribeListenersInput{LoadBalancerArn: &loadBalancerARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for i := range page.Listeners {
			of, err := t.Rules(ctx, awssdk.ToString(page.Listeners[i].ListenerArn))
			if err != nil && !cloud.IsNotFound(err) {
				return nil, err
			}
			rules = append(rules, of...)
		}
	}
	return rules, nil
}

func (t *traffic) CreateRule(ctx context.Context, in cloud.CreateRule) (cloud.Rule, error) {
	conditions, err := conditionsTo(in.Conditions)
	if err != nil {
		return cloud.Rule{}, err
	}
	out, err := t.api.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: &in.ListenerARN,
		Priority:    &in.Priority,
		Conditions:  conditions,
		Actions:     []types.Action{forwardTo(in.Targets, in.StickySeconds, nil)},
		Tags:        ruleTags(in.Tags),
	})
	if err != nil {
		return cloud.Rule{}, wrap(err)
	}
	if len(out.Rules) == 0 {
		return cloud.Rule{}, answerError(cloud.KindTransient, "elasticloadbalancing:CreateRule", "", "the answer lacks the rule")
	}
	return ruleFrom(&out.Rules[0]), nil
}

func (t *traffic) SetTargets(ctx context.Context, rule cloud.Rule, targets []cloud.WeightedTarget) error {
	before, ok := rule.Native.(nativeRule)
	if !ok {
		return invalid("rule " + rule.ARN + " was not read from AWS")
	}
	_, err := t.api.ModifyRule(ctx, &elb.ModifyRuleInput{
		RuleArn: &rule.ARN,
		Actions: before.answering(targets, rule.StickySeconds),
	})
	return wrap(err)
}

func (t *traffic) TagRule(ctx context.Context, ruleARN string, tags map[string]string) error {
	if len(tags) == 0 {
		return nil
	}
	_, err := t.api.AddTags(ctx, &elb.AddTagsInput{ResourceArns: []string{ruleARN}, Tags: ruleTags(tags)})
	return wrap(err)
}

func (t *traffic) UntagRule(ctx context.Context, ruleARN string, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := t.api.RemoveTags(ctx, &elb.RemoveTagsInput{ResourceArns: []string{ruleARN}, TagKeys: keys})
	return wrap(err)
}

func (t *traffic) DeleteRule(ctx context.Context, ruleARN string) error {
	_, err := t.api.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: &ruleARN})
	return unlessGone(wrap(err))
}

func (t *traffic) Endpoint(ctx context.Context, listenerARN string) (string, error) {
	listeners, err := t.api.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{listenerARN}})
	if err != nil {
		return "", wrap(err)
	}
	if len(listeners.Listeners) == 0 {
		return "", notFound("elasticloadbalancing:DescribeListeners", "ListenerNotFound", "Listener "+listenerARN+" not found")
	}
	listener := listeners.Listeners[0]
	balancers, err := t.api.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{
		LoadBalancerArns: []string{awssdk.ToString(listener.LoadBalancerArn)},
	})
	if err != nil {
		return "", wrap(err)
	}
	if len(balancers.LoadBalancers) == 0 {
		return "", notFound("elasticloadbalancing:DescribeLoadBalancers", "LoadBalancerNotFound",
			"Load balancer "+awssdk.ToString(listener.LoadBalancerArn)+" not found")
	}
	scheme, usual := "http", int32(80)
	if listener.Protocol == types.ProtocolEnumHttps {
		scheme, usual = "https", 443
	}
	url := scheme + "://" + awssdk.ToString(balancers.LoadBalancers[0].DNSName)
	if port := awssdk.ToInt32(listener.Port); port != usual {
		url += fmt.Sprintf(":%d", port)
	}
	return url, nil
}

func (t *traffic) TargetHealth(ctx context.Context, targetGroupARN string) (cloud.TargetHealth, error) {
	out, err := t.api.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &targetGroupARN})
	if err != nil {
		return cloud.TargetHealth{}, wrap(err)
	}
	return healthFrom(out.TargetHealthDescriptions), nil
}

// healthFrom counts targets; those of unknown health count as unhealthy.
func healthFrom(targets []types.TargetHealthDescription) cloud.TargetHealth {
	var sum cloud.TargetHealth
	var reasons []*types.TargetHealth
	for _, t := range targets {
		h := cmp.Or(t.TargetHealth, &types.TargetHealth{})
		switch h.State {
		case types.TargetHealthStateEnumHealthy:
			sum.Healthy++
			continue
		case types.TargetHealthStateEnumInitial:
			sum.Initial++
		case types.TargetHealthStateEnumDraining, types.TargetHealthStateEnumUnhealthyDraining:
			sum.Draining++
		case types.TargetHealthStateEnumUnused:
			sum.Unused++
		default:
			sum.Unhealthy++
		}
		reasons = append(reasons, h)
	}
	if len(reasons) > 0 {
		sum.Reason = healthReason(slices.MinFunc(reasons, compareReasons))
	}
	return sum
}

// gravity orders states by how much they tell a person who waits for healthy
// targets; states that aren't listed come first.
var gravity = map[types.TargetHealthStateEnum]int{
	types.TargetHealthStateEnumUnused:            1,
	types.TargetHealthStateEnumInitial:           2,
	types.TargetHealthStateEnumUnhealthyDraining: 3,
	types.TargetHealthStateEnumDraining:          3,
}

// compareReasons puts the most severe first, and equally severe ones in a
// stable order.
func compareReasons(a, b *types.TargetHealth) int {
	return cmp.Or(cmp.Compare(gravity[a.State], gravity[b.State]), cmp.Compare(healthReason(a), healthReason(b)))
}

func healthReason(h *types.TargetHealth) string {
	reason, text := string(h.Reason), clean(awssdk.ToString(h.Description))
	if reason == "" || text == "" {
		return reason + text
	}
	return reason + ": " + text
}

func ruleTags(in map[string]string) []types.Tag {
	var out []types.Tag
	for _, key := range slices.Sorted(maps.Keys(in)) {
		out = append(out, types.Tag{Key: new(key), Value: new(in[key])})
	}
	return out
}
