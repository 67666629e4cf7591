package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/template"
)

func ruleTags(ctx context.Context, a *account, s subject) (finding, error) {
	rule, err := a.output(ctx, s.stack, template.OutputPreviewRule)
	if err != nil {
		return finding{}, err
	}
	out, err := a.balance.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{rule}})
	if err != nil {
		return finding{}, err
	}
	var keys []string
	for _, d := range out.TagDescriptions {
		for _, t := range d.Tags {
			keys = append(keys, aws.ToString(t.Key))
		}
	}
	seen := fmt.Sprintf("the preview rule has the tags %q", keys)
	if !slices.Contains(keys, "viridian.dev/uid") {
		return finding{wrong, seen}, nil
	}
	return finding{agrees, seen}, nil
}

func repeatedActions(ctx context.Context, a *account, s subject) (finding, error) {
	rules, err := a.rules(ctx, s.stack)
	switch {
	case err != nil:
		return finding{}, err
	case rules.production == nil:
		return finding{unseen, "no rule but the preview rule forwards to this stack"}, nil
	}
	want, err := repeated(rules.production)
	if err != nil {
		return finding{}, err
	}
	got, err := repeated(rules.preview)
	switch {
	case err != nil:
		return finding{}, err
	case want != got:
		return finding{wrong, "the production rule has " + want + ", the preview rule " + got}, nil
	case len(rules.production.Actions) < 2 && len(rules.production.Transforms) == 0:
		return finding{unseen, "the production rule only forwards"}, nil
	}
	return finding{agrees, "both have " + got}, nil
}

// repeated is what a preview rule repeats of the production rule: the actions
// before the last one, and the transforms.
func repeated(rule *elbtypes.Rule) (string, error) {
	actions := slices.SortedFunc(slices.Values(rule.Actions), func(a, b elbtypes.Action) int { return int(aws.ToInt32(a.Order) - aws.ToInt32(b.Order)) })
	var before []any
	for i := range actions[:max(len(actions)-1, 0)] {
		before = append(before, actions[i].Type, actions[i].AuthenticateCognitoConfig, actions[i].JwtValidationConfig)
	}
	text, err := json.Marshal(struct {
		Actions    []any
		Transforms []elbtypes.RuleTransform
	}{before, slices.Concat(rule.Transforms)})
	return string(text), err
}

func ruleBehind(ctx context.Context, a *account, s subject) (finding, error) {
	events, err := a.events(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	for i := range events {
		if reason := aws.ToString(events[i].ResourceStatusReason); strings.Contains(reason, "does not have an associated load balancer") {
			return finding{wrong, reason}, nil
		}
	}
	rules, err := a.rules(ctx, s.stack)
	switch {
	case err != nil:
		return finding{}, err
	case rules.production == nil:
		return finding{unseen, "no rule but the preview rule forwards to this stack"}, nil
	}
	own, production := aws.ToString(rules.preview.Priority), aws.ToString(rules.production.Priority)
	seen := fmt.Sprintf("the preview rule has priority %s, the production rule %s", own, production)
	if number(own) < number(production) {
		return finding{unseen, seen}, nil
	}
	return finding{agrees, seen}, nil
}

// number of a priority; the default rule, which has none, comes last.
func number(priority string) int {
	n, err := strconv.Atoi(priority)
	if err != nil {
		return 50_001
	}
	return n
}

const (
	limitRules  = "rules-per-application-load-balancer"
	limitGroups = "target-groups-per-application-load-balancer"
)

// limits are the account's limits that the product asks for.
func (a *account) limits(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	pages := elb.NewDescribeAccountLimitsPaginator(a.balance, &elb.DescribeAccountLimitsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, limit := range page.Limits {
			if name := aws.ToString(limit.Name); name == limitRules || name == limitGroups {
				found[name] = aws.ToString(limit.Max)
			}
		}
	}
	return found, nil
}

func quotas(ctx context.Context, a *account, _ subject) (finding, error) {
	found, err := a.limits(ctx)
	if err != nil {
		return finding{}, err
	}
	seen := fmt.Sprintf("%s %q, %s %q", limitRules, found[limitRules], limitGroups, found[limitGroups])
	if len(found) < 2 {
		return finding{wrong, seen}, nil
	}
	return finding{agrees, seen}, nil
}

// usual is AWS's default quota of rules.
const usual = 100

func raisedQuota(ctx context.Context, a *account, s subject) (finding, error) {
	found, err := a.limits(ctx)
	if err != nil {
		return finding{}, err
	}
	seen := fmt.Sprintf("%s is %q", limitRules, found[limitRules])
	switch {
	case found[limitRules] != strconv.Itoa(s.rulesQuota):
		return finding{wrong, seen}, nil
	case s.rulesQuota == usual:
		return finding{unseen, seen + ", which is the default"}, nil
	}
	return finding{agrees, seen}, nil
}
