package policy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// The calls that are made, as IAM sees them: what each is about, and what is
// known of it. What IAM knows of an action is from AWS's service authorization
// reference, as of September 2026.

// act is a call, or the calls of an action, each about things of other kinds.
type act struct {
	kinds [][]string
	usage
}

// about are calls, each about all things of some kinds.
func about(kinds ...[]string) act { return act{kinds: kinds} }

// of is one call about things of these kinds.
func of(kinds ...string) []string { return kinds }

func (a act) tagging() act   { a.tagged = true; return a }
func (a act) inCluster() act { a.clustered = true; return a }

// scaling calls are about the desired count of an ECS service.
func (a act) scaling() act {
	return a.with("application-autoscaling:service-namespace", "ecs").with("application-autoscaling:scalable-dimension", "ecs:service:DesiredCount")
}
func (a act) with(key, value string) act {
	a.facts = a.facts.with(key, value)
	return a
}

// nowhere are actions without resource-level permissions.
var nowhere = about(of("*"))

// controllerActs are the controller's own calls.
var controllerActs = map[string]act{
	"application-autoscaling:DescribeScalableTargets": nowhere,
	"application-autoscaling:RegisterScalableTarget":  about(of("scalable target")).scaling(),
	"cloudformation:CreateStack":                      about(of("+stack")).tagging(),
	"cloudformation:DeleteStack":                      about(of("stack")),
	"cloudformation:DescribeEvents":                   about(of("stack")),
	"cloudformation:DescribeStackEvents":              about(of("stack")),
	"cloudformation:DescribeStacks":                   about(of("stack"), of("stack by name")),
	"cloudformation:GetTemplate":                      about(of("stack")),
	"cloudformation:ListStackResources":               about(of("stack")),
	"cloudformation:ListStacks":                       nowhere,
	"cloudformation:TagResource":                      about(of("+stack")).tagging(),
	"cloudformation:UpdateTerminationProtection":      about(of("stack")),
	"cloudwatch:DescribeAlarms":                       nowhere,
	"cloudwatch:GetMetricData":                        nowhere,
	"ec2:DescribeSecurityGroups":                      nowhere,
	"ec2:DescribeSubnets":                             nowhere,
	"ecr:BatchGetImage":                               about(of("repository")),
	"ecr:CreateRepository":                            about(of("repository")).tagging(),
	"ecr:DescribeImageScanFindings":                   about(of("repository")),
	"ecr:DescribeImages":                              about(of("repository")),
	"ecr:DescribeRepositories":                        about(of("repository")),
	"ecr:TagResource":                                 about(of("repository")).tagging(),
	"ecs:DescribeClusters":                            about(of("cluster"), of("own cluster")),
	"ecs:DescribeServices":                            about(of("service")).inCluster(),
	"ecs:DescribeTasks":                               about(of("task")).inCluster(),
	"ecs:ListTasks":                                   about(of("container instance")).inCluster(),
	"ecs:UpdateService":                               about(of("service"), of("own service")).inCluster(),
	"elasticloadbalancing:AddTags":                    about(of("+rule"), of("rule")).tagging(),
	"elasticloadbalancing:CreateRule":                 about(of("listener")).tagging(),
	"elasticloadbalancing:DeleteRule":                 about(of("rule")),
	"elasticloadbalancing:DescribeAccountLimits":      nowhere,
	"elasticloadbalancing:DescribeListeners":          nowhere,
	"elasticloadbalancing:DescribeLoadBalancers":      nowhere,
	"elasticloadbalancing:DescribeRules":              nowhere,
	"elasticloadbalancing:DescribeTags":               nowhere,
	"elasticloadbalancing:DescribeTargetGroups":       nowhere,
	"elasticloadbalancing:DescribeTargetHealth":       nowhere,
	"elasticloadbalancing:ModifyRule":                 about(of("rule")),
	"elasticloadbalancing:RemoveTags":                 about(of("rule")),
	"iam:GetRole":                                     about(of("role")),
	"inspector2:ListCoverage":                         nowhere,
	"inspector2:ListFindings":                         nowhere,
	"lambda:InvokeFunction":                           about(of("function")),
	"secretsmanager:DescribeSecret":                   about(of("secret")),
	"ssm:GetParameters":                               about(of("parameter")),
	"states:DescribeExecution":                        about(of("execution")),
	"states:StartExecution":                           about(of("state machine")),
}

// stackActs are the calls that CloudFormation makes on behalf of the controller.
var stackActs = map[string]act{
	"application-autoscaling:DeleteScalingPolicy":        about(of("scalable target")).scaling(),
	"application-autoscaling:DeregisterScalableTarget":   about(of("scalable target")).scaling(),
	"application-autoscaling:DescribeScalableTargets":    nowhere,
	"application-autoscaling:DescribeScalingPolicies":    nowhere,
	"application-autoscaling:DescribeScheduledActions":   nowhere,
	"application-autoscaling:PutScalingPolicy":           about(of("scalable target")).scaling(),
	"application-autoscaling:PutScheduledAction":         about(of("scalable target")).scaling(),
	"application-autoscaling:RegisterScalableTarget":     about(of("scalable target")).scaling(),
	"cloudwatch:DeleteAlarms":                            about(of("alarm"), of("tracking alarm")),
	"cloudwatch:DescribeAlarms":                          nowhere,
	"cloudwatch:ListTagsForResource":                     about(of("alarm")),
	"cloudwatch:PutMetricAlarm":                          about(of("+alarm"), of("tracking alarm")),
	"cloudwatch:TagResource":                             about(of("+alarm")).tagging(),
	"ec2:AuthorizeSecurityGroupEgress":                   about(of("security group")),
	"ec2:AuthorizeSecurityGroupIngress":                  about(of("security group")),
	"ec2:CreateSecurityGroup":                            about(of("+security group", "vpc")).tagging(),
	"ec2:CreateTags":                                     about(of("+security group"), of("security group")).tagging(),
	"ec2:DeleteSecurityGroup":                            about(of("security group")),
	"ec2:DescribeInstances":                              nowhere,
	"ec2:DescribeSecurityGroups":                         nowhere,
	"ec2:RevokeSecurityGroupEgress":                      about(of("security group")),
	"ec2:RevokeSecurityGroupIngress":                     about(of("security group")),
	"ecs:CreateCluster":                                  about(of("+own cluster")).tagging(),
	"ecs:CreateService":                                  about(of("+service"), of("+own service")).tagging().inCluster(),
	"ecs:DeleteCluster":                                  about(of("own cluster")),
	"ecs:DeleteService":                                  about(of("service"), of("own service")).inCluster(),
	"ecs:DeregisterTaskDefinition":                       nowhere,
	"ecs:DescribeClusters":                               about(of("own cluster")),
	"ecs:DescribeServiceDeployments":                     about(of("service", "service deployment")).inCluster(),
	"ecs:DescribeServices":                               about(of("service")).inCluster(),
	"ecs:DescribeTaskDefinition":                         nowhere,
	"ecs:ListServiceDeployments":                         about(of("service")).inCluster(),
	"ecs:RegisterTaskDefinition":                         about(of("+task definition")).tagging(),
	"ecs:TagResource":                                    about(of("+own cluster"), of("+service"), of("+task definition")).tagging(),
	"elasticloadbalancing:AddTags":                       about(of("+rule"), of("+target group")).tagging(),
	"elasticloadbalancing:CreateRule":                    about(of("listener")).tagging(),
	"elasticloadbalancing:CreateTargetGroup":             about(of("+target group")).tagging(),
	"elasticloadbalancing:DeleteRule":                    about(of("rule")),
	"elasticloadbalancing:DeleteTargetGroup":             about(of("target group")),
	"elasticloadbalancing:DescribeRules":                 nowhere,
	"elasticloadbalancing:DescribeTags":                  nowhere,
	"elasticloadbalancing:DescribeTargetGroupAttributes": nowhere,
	"elasticloadbalancing:DescribeTargetGroups":          nowhere,
	"elasticloadbalancing:ModifyTargetGroupAttributes":   about(of("target group")),
	"iam:CreateServiceLinkedRole":                        about(of("service-linked role"), of("service-linked role of scaling")),
	"iam:GetRole":                                        about(of("role")),
	"iam:PassRole":                                       about(of("role")).with("iam:PassedToService", "ecs-tasks.amazonaws.com"),
	"logs:CreateLogGroup":                                about(of("+log group")).tagging(),
	"logs:DeleteLogGroup":                                about(of("log group")),
	"logs:DescribeIndexPolicies":                         nowhere,
	"logs:DescribeLogGroups":                             nowhere,
	"logs:DescribeResourcePolicies":                      nowhere,
	"logs:GetDataProtectionPolicy":                       about(of("log group")),
	"logs:ListTagsForResource":                           about(of("log group")),
	"logs:PutRetentionPolicy":                            about(of("log group")),
	"logs:TagResource":                                   about(of("+log group")).tagging(),
}

// TestActs: the calls above are all that are made.
func TestActs(t *testing.T) {
	compare(t, names(controllerActs), calls(t))
	want := map[string]bool{}
	for _, actions := range resourceActions {
		add(want, actions)
	}
	compare(t, names(stackActs), want)
}

// names are the actions of calls.
func names(acts map[string]act) map[string]bool {
	set := map[string]bool{}
	add(set, slices.Collect(maps.Keys(acts)))
	return set
}

// requests are all calls that are made for an estate, by name: the action, what
// it is about, and whether CloudFormation makes it.
func (e estate) requests() map[string]request {
	all := map[string]request{}
	for action, a := range controllerActs {
		for _, kinds := range a.kinds {
			all[label(action, kinds, "")] = e.call(action, a.usage, kinds...)
		}
	}
	for action, a := range stackActs {
		a.throughCloudFormation = true
		for _, kinds := range a.kinds {
			all[label(action, kinds, " by CloudFormation")] = e.call(action, a.usage, kinds...)
		}
	}
	return all
}

func label(action string, kinds []string, by string) string {
	if slices.Equal(kinds, []string{"*"}) {
		return action + by
	}
	return action + " on " + strings.Join(kinds, ", ") + by
}
