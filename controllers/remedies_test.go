package controllers

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// A remedy names what would help: the role that was used, the policy that
// denies, the quota; never a network that works.
func TestRemediesOfTrouble(t *testing.T) {
	const (
		controller = "User: arn:aws:sts::111122223333:assumed-role/viridian/1700000000 is not authorized to perform: "
		shop       = "User: arn:aws:sts::444455556666:assumed-role/viridian-shop/viridian is not authorized to perform: "
	)
	namespaces := cloud.Identity{RoleARN: "arn:aws:iam::444455556666:role/teams/viridian-shop", ExternalID: "viridian/shop"}
	for name, tt := range map[string]struct {
		err   cloud.Error
		as    cloud.Identity
		says  []string
		never string
	}{
		"denied to the controller": {cloud.Error{Kind: cloud.KindDenied, Op: "ecs:DescribeServices", Message: controller + "ecs:DescribeServices"}, cloud.Identity{},
			[]string{"Allow ecs:DescribeServices in the IAM policy of the role viridian, which is the controller's own", "aws iam put-role-policy --role-name viridian "}, "spec.aws"},
		"denied to the namespace's role": {cloud.Error{Kind: cloud.KindDenied, Op: "cloudformation:CreateStack", Message: shop + "iam:PassRole on resource: arn:aws:iam::444455556666:role/app"}, namespaces,
			[]string{"Allow iam:PassRole in the IAM policy of the role viridian-shop, which is spec.aws.roleARN", "aws iam put-role-policy --role-name viridian-shop "}, "controller"},
		"denied without a word on whom": {cloud.Error{Kind: cloud.KindDenied, Op: "ecr:DescribeImages", Message: "Access denied"}, namespaces,
			[]string{"Allow ecr:DescribeImages in the IAM policy of the role viridian-shop"}, "controller"},
		"denied without a word on the controller": {cloud.Error{Kind: cloud.KindDenied, Op: "ecr:DescribeImages", Message: "Access denied"}, cloud.Identity{},
			[]string{"the controller's own role"}, "put-role-policy"},
		"denied explicitly": {cloud.Error{Kind: cloud.KindDenied, Op: "ecs:UpdateService", Message: shop + "ecs:UpdateService with an explicit deny in a service control policy"}, namespaces,
			[]string{"A policy denies ecs:UpdateService to the role viridian-shop", "take it out there"}, "put-role-policy"},
		"role not to be assumed": {cloud.Error{Kind: cloud.KindCredentials, Op: "sts:AssumeRole", Message: controller + "sts:AssumeRole on resource: " + namespaces.RoleARN}, namespaces,
			[]string{namespaces.RoleARN, "the external ID viridian/shop", "config/aws/trust-namespace.json"}, "Give the controller credentials"},
		"expired credentials": {cloud.Error{Kind: cloud.KindCredentials, Op: "ecs:DescribeServices", Message: "expired"}, cloud.Identity{},
			[]string{"Give the controller credentials that AWS takes"}, "spec.aws"},
		"throttled": {cloud.Error{Kind: cloud.KindThrottled, Op: "elasticloadbalancing:DescribeRules", Message: "Rate exceeded"}, cloud.Identity{},
			[]string{"AWS throttles elasticloadbalancing:DescribeRules: Rate exceeded", "Nothing to do if it passes", "who else calls elasticloadbalancing"}, "network"},
		"quota that AWS names": {cloud.Error{Kind: cloud.KindQuota, Op: "elasticloadbalancing:CreateRule", Code: "TooManyRules", Message: "limit reached"}, cloud.Identity{Region: "eu-west-1"},
			[]string{`Raise the quota "Rules per Application Load Balancer" in Service Quotas`, "aws service-quotas list-service-quotas --service-code elasticloadbalancing ", "--region eu-west-1"}, "network"},
		"quota that can't be raised": {cloud.Error{Kind: cloud.KindQuota, Op: "elasticloadbalancing:ModifyRule", Code: "TooManyUniqueTargetGroupsPerLoadBalancer", Message: "limit reached"}, cloud.Identity{},
			[]string{`The quota "Target Groups per Application Load Balancer" can't be raised`, "use another load balancer"}, "Raise"},
		"quota without a name": {cloud.Error{Kind: cloud.KindQuota, Op: "cloudformation:CreateStack", Code: "LimitExceededException", Message: "Limit for stack has been exceeded"}, cloud.Identity{},
			[]string{"Limit for stack has been exceeded", "Raise the quota in Service Quotas, or delete what is not needed", "--service-code cloudformation "}, "spec.template"},
		"no answer": {cloud.Error{Kind: cloud.KindTransient, Op: "ecs:DescribeServices", Message: "timeout"}, cloud.Identity{},
			[]string{"AWS does not answer ecs:DescribeServices", "network"}, "quota"},
	} {
		t.Run(name, func(t *testing.T) {
			trouble, ok := troubleOf(&tt.err, tt.as)
			if !ok {
				t.Fatal("it isn't told")
			}
			for _, want := range tt.says {
				if !strings.Contains(trouble.sentences(), want) {
					t.Errorf("says %q, not %q", trouble.sentences(), want)
				}
			}
			if remedy := trouble.Remedy; strings.Contains(remedy, tt.never) {
				t.Errorf("the remedy %q speaks of %q", remedy, tt.never)
			}
		})
	}
}
