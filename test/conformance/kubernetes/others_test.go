package kubernetes_test

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// other acts in the account as someone who isn't Viridian.
type other struct{ elb *elb.Client }

func others() other {
	return other{elb.NewFromConfig(aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: cluster.sim.Transport()},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDOTHERS", "secret", ""),
	})}
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

// rule creates a rule that forwards to a target group.
func (o other) rule(ctx context.Context, listener, name string) (string, error) {
	group, err := o.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String(name), Port: aws.Int32(8443), Protocol: elbtypes.ProtocolEnumHttp,
		TargetType: elbtypes.TargetTypeEnumIp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"),
	})
	if err != nil {
		return "", err
	}
	rule, err := o.elb.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: aws.String(listener), Priority: aws.Int32(100),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{"payments.example.com"}}},
		Actions:    []elbtypes.Action{forward([]elbtypes.TargetGroupTuple{{TargetGroupArn: group.TargetGroups[0].TargetGroupArn, Weight: aws.Int32(1)}})},
	})
	if err != nil {
		return "", err
	}
	return *rule.Rules[0].RuleArn, nil
}

func forward(groups []elbtypes.TargetGroupTuple) elbtypes.Action {
	return elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups}}
}
