package kubernetes_test

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// other acts in the account as someone who isn't Viridian.
type other struct {
	elb *elb.Client
	ecs *ecs.Client
}

func others() other {
	config := aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: cluster.sim.Transport()},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDOTHERS", "secret", ""),
	}
	return other{elb.NewFromConfig(config), ecs.NewFromConfig(config)}
}

// route manually changes where a rule forwards to.
func (o other) route(ctx context.Context, rule string, weights map[string]int32) error {
	var groups []elbtypes.TargetGroupTuple
	for arn, weight := range weights {
		groups = append(groups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)})
	}
	_, err := o.elb.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String(rule), Actions: []elbtypes.Action{forward(groups)}})
	return err
}

// rule creates a rule for a host that forwards to a target group.
func (o other) rule(ctx context.Context, listener, name string, priority int32, host string) (string, error) {
	group, err := o.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String(name), Port: aws.Int32(8443), Protocol: elbtypes.ProtocolEnumHttp,
		TargetType: elbtypes.TargetTypeEnumIp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"),
	})
	if err != nil {
		return "", err
	}
	rule, err := o.elb.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: aws.String(listener), Priority: aws.Int32(priority),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{host}}},
		Actions:    []elbtypes.Action{forward([]elbtypes.TargetGroupTuple{{TargetGroupArn: group.TargetGroups[0].TargetGroupArn, Weight: aws.Int32(1)}})},
	})
	if err != nil {
		return "", err
	}
	return *rule.Rules[0].RuleArn, nil
}

// deleteRule deletes a rule.
func (o other) deleteRule(ctx context.Context, rule string) error {
	_, err := o.elb.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: aws.String(rule)})
	return err
}

// deleteService deletes the service of a stack.
func (o other) deleteService(ctx context.Context, stack *v1alpha1.StackOutputs) error {
	_, err := o.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{
		Cluster: aws.String(stack.Cluster), Service: aws.String(stack.ServiceName), Force: aws.Bool(true),
	})
	return err
}

func forward(groups []elbtypes.TargetGroupTuple) elbtypes.Action {
	return elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups}}
}
