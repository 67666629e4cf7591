// Package aws implements the ports of package cloud over the AWS SDK. It owns
// everything that depends on the SDK: clients by identity, credentials, retries
// and timeouts, the classification of errors and the metrics of calls. It
// decides nothing about rollouts.
//
// It imports package cloud, the AWS SDK, prometheus' client and logr; no other
// package imports the SDK.
//
// # IAM actions
//
// Each port's method needs:
//
//	Stacks.Create           cloudformation:CreateStack, cloudformation:TagResource
//	Stacks.Describe         cloudformation:DescribeStacks
//	Stacks.FailureEvents    cloudformation:DescribeStackEvents, DescribeEvents
//	Stacks.Resources        cloudformation:ListStackResources
//	Stacks.Undeletable      cloudformation:ListStackResources
//	Stacks.Retained         cloudformation:ListStackResources
//	Stacks.Protect          cloudformation:UpdateTerminationProtection
//	Stacks.Delete           cloudformation:DeleteStack
//	Traffic.Rules, Rule     elasticloadbalancing:DescribeRules
//	Traffic.RuleTags        elasticloadbalancing:DescribeTags
//	Traffic.CreateRule      elasticloadbalancing:CreateRule, elasticloadbalancing:AddTags
//	Traffic.SetTargets      elasticloadbalancing:ModifyRule
//	Traffic.TagRule         elasticloadbalancing:AddTags
//	Traffic.UntagRule       elasticloadbalancing:RemoveTags
//	Traffic.DeleteRule      elasticloadbalancing:DeleteRule
//	Traffic.Endpoint        elasticloadbalancing:DescribeListeners, elasticloadbalancing:DescribeLoadBalancers
//	Traffic.LoadBalancer    elasticloadbalancing:DescribeLoadBalancers
//	Traffic.TagsOf          elasticloadbalancing:DescribeTags
//	Traffic.Room            elasticloadbalancing:DescribeAccountLimits, elasticloadbalancing:DescribeListeners,
//	                        elasticloadbalancing:DescribeRules, elasticloadbalancing:DescribeTargetGroups
//	Traffic.TargetHealth    elasticloadbalancing:DescribeTargetHealth
//	Services.Service        ecs:DescribeServices
//	Services.StoppedTasks   ecs:ListTasks, ecs:DescribeTasks
//	Services.Cluster        ecs:DescribeClusters
//	Services.Scale          ecs:UpdateService
//	Images.Digest           ecr:DescribeImages
//	Images.Runs             ecr:BatchGetImage
//	Images.Repository       ecr:DescribeRepositories
//	Images.CreateRepository ecr:CreateRepository, ecr:TagResource
//	Images.Scan             ecr:DescribeImageScanFindings
//	Alarms.States           cloudwatch:DescribeAlarms
//	Metrics.Read            cloudwatch:GetMetricData
//	Scaling.Targets         application-autoscaling:DescribeScalableTargets
//	Scaling.SetTarget       application-autoscaling:DescribeScalableTargets,
//	                        application-autoscaling:RegisterScalableTarget, ecs:DescribeServices, ecs:UpdateService
//	Parameters.Get, Watch   ssm:GetParameters
//	Secrets.Describe, Watch secretsmanager:DescribeSecret
//	Functions.Invoke        lambda:InvokeFunction
//	Workflows.Start         states:StartExecution
//	Workflows.Execution     states:DescribeExecution
//	Network.Subnets         ec2:DescribeSubnets
//	Network.SecurityGroups  ec2:DescribeSecurityGroups
//	Roles.Role              iam:GetRole
//	Callers.Account         none: AWS always allows sts:GetCallerIdentity
//	Provider.For            sts:AssumeRole, for identities with a role
//
// In addition, CloudFormation creates and deletes the stacks' resources with
// the caller's permissions.
package aws
