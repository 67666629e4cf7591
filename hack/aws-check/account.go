package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/viridian-dev/viridian/internal/template"
)

// account is a client of each service.
type account struct {
	stacks  *cfn.Client
	tasks   *ecs.Client
	balance *elb.Client
	watch   *cloudwatch.Client
	images  *ecr.Client
}

func newAccount(c aws.Config) *account {
	return &account{
		stacks: cfn.NewFromConfig(c), tasks: ecs.NewFromConfig(c), balance: elb.NewFromConfig(c),
		watch: cloudwatch.NewFromConfig(c), images: ecr.NewFromConfig(c),
	}
}

// refusal is AWS's code for the error, "" if AWS didn't answer.
func refusal(err error) string {
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorCode()
	}
	return ""
}

// isInvalid reports whether AWS takes the request itself for wrong. Whoever asks
// may lack a permission, and a region the operation: neither says anything.
func isInvalid(err error) bool {
	code := refusal(err)
	return strings.HasPrefix(code, "Validation") || strings.HasPrefix(code, "InvalidParameter") || code == "SerializationException"
}

// stack describes a stack by its name or ID.
func (a *account) stack(ctx context.Context, name string) (*cfntypes.Stack, error) {
	out, err := a.stacks.DescribeStacks(ctx, &cfn.DescribeStacksInput{StackName: &name})
	switch {
	case err != nil:
		return nil, err
	case len(out.Stacks) != 1:
		return nil, errors.New("no stack " + name)
	}
	return &out.Stacks[0], nil
}

// events are all events of a stack, oldest first.
func (a *account) events(ctx context.Context, name string) ([]cfntypes.StackEvent, error) {
	var all []cfntypes.StackEvent
	pages := cfn.NewDescribeStackEventsPaginator(a.stacks, &cfn.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.StackEvents...)
	}
	slices.Reverse(all)
	return all, nil
}

// output is an output of a stack.
func (a *account) output(ctx context.Context, name, key string) (string, error) {
	s, err := a.stack(ctx, name)
	if err != nil {
		return "", err
	}
	for _, o := range s.Outputs {
		if aws.ToString(o.OutputKey) == key {
			return aws.ToString(o.OutputValue), nil
		}
	}
	return "", fmt.Errorf("stack %s has no output %s: is it that of a revision behind a load balancer?", name, key)
}

// group is a target group as CloudWatch's dimensions name it, with its load
// balancer.
type group struct {
	name, balancer string
}

func (a *account) group(ctx context.Context, stack string) (group, error) {
	arn, err := a.output(ctx, stack, template.OutputTargetGroup)
	if err != nil {
		return group{}, err
	}
	out, err := a.balance.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	switch {
	case err != nil:
		return group{}, err
	case len(out.TargetGroups) != 1 || len(out.TargetGroups[0].LoadBalancerArns) == 0:
		return group{}, fmt.Errorf("target group %s has no load balancer", arn)
	}
	_, balancer, _ := strings.Cut(out.TargetGroups[0].LoadBalancerArns[0], ":loadbalancer/")
	return group{name: arn[strings.LastIndex(arn, ":")+1:], balancer: balancer}, nil
}

// pair are the two rules that lead to a stack.
type pair struct {
	preview *elbtypes.Rule
	// production is nil if no other rule forwards to the stack.
	production *elbtypes.Rule
}

func (a *account) rules(ctx context.Context, stack string) (pair, error) {
	preview, err := a.output(ctx, stack, template.OutputPreviewRule)
	if err != nil {
		return pair{}, err
	}
	target, err := a.output(ctx, stack, template.OutputTargetGroup)
	if err != nil {
		return pair{}, err
	}
	listener := strings.Replace(preview[:strings.LastIndex(preview, "/")], ":listener-rule/", ":listener/", 1)
	var found pair
	pages := elb.NewDescribeRulesPaginator(a.balance, &elb.DescribeRulesInput{ListenerArn: &listener})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return pair{}, err
		}
		for i := range page.Rules {
			switch rule := &page.Rules[i]; {
			case aws.ToString(rule.RuleArn) == preview:
				found.preview = rule
			case forwardsTo(rule, target):
				found.production = rule
			}
		}
	}
	if found.preview == nil {
		return pair{}, errors.New("no rule " + preview)
	}
	return found, nil
}

func forwardsTo(rule *elbtypes.Rule, target string) bool {
	return slices.ContainsFunc(rule.Actions, func(a elbtypes.Action) bool {
		return aws.ToString(a.TargetGroupArn) == target || a.ForwardConfig != nil &&
			slices.ContainsFunc(a.ForwardConfig.TargetGroups, func(g elbtypes.TargetGroupTuple) bool { return aws.ToString(g.TargetGroupArn) == target })
	})
}

var imageName = regexp.MustCompile(`^(\d{12})\.dkr[.-]ecr[^/]*/([^@:]+)(?::[^@]+)?@(sha256:[0-9a-f]{64})$`)

// parseImage splits an image into account, repository and digest.
func parseImage(image string) (registry, repository, digest string, err error) {
	m := imageName.FindStringSubmatch(image)
	if m == nil {
		return "", "", "", fmt.Errorf("%q is no image in a private registry of Amazon ECR with a digest", image)
	}
	return m[1], m[2], m[3], nil
}
