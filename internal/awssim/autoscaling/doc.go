// Package autoscaling simulates Application Auto Scaling of ECS services: scalable
// targets, target tracking and step scaling policies with their CloudWatch alarms,
// scheduled actions, suspension, and the CloudFormation resource types of them.
//
// What it does follows the Application Auto Scaling API reference and user guide:
//
//   - RegisterScalableTarget changes what it is given and nothing else. Whatever it
//     changes, it brings the desired count of the service between the bounds ("even
//     if you don't include the MinCapacity or MaxCapacity request parameters").
//   - Policies count from the tasks that run, not from the desired count, and keep
//     within the bounds. Scale-in leaves a count below the minimum alone, scale-out
//     one above the maximum (ECS developer guide, "Automatically scale your Amazon
//     ECS service").
//   - Scale-in is off while an ECS deployment is in progress (ECS developer guide,
//     "Troubleshooting service auto scaling").
//   - Target tracking scales out after 3 minutes above its target. It scales in
//     after 15 minutes below 90 % of it, once all such policies want to.
//   - Scheduled actions that come while they are suspended are left out.
//   - A scalable target goes with its service (hashicorp/terraform-provider-aws#10432,
//     eagletmt/hako#69).
//
// What isn't known is made up: a change is in progress for up to a second. Until it
// is done, another one is refused and DescribeScalableTargets shows what was before.
//
// It imports the standard library, core, ecs and cloudwatch.
package autoscaling
