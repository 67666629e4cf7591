package alb

import (
	"context"
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/preflight"
	"github.com/viridian-dev/viridian/internal/route"
)

// tagController is the tag by which the AWS Load Balancer Controller marks the
// load balancers and listeners that it made. Its value is the cluster's name.
const tagController = "elbv2.k8s.aws/cluster"

// Preflight looks at the listener's load balancer: whose it is, where it is, and
// whether it has room for one more rule and target group.
func (r *router) Preflight(ctx context.Context, gone int) (report preflight.Report, from preflight.Entry, err error) {
	listener := r.listener()
	lb, err := r.traffic.LoadBalancer(ctx, listener)
	if cloud.IsNotFound(err) {
		report.Find(balancerNotFound(listener))
		return report, from, nil
	}
	if err != nil {
		return report, from, report.Skip("the load balancer (elasticloadbalancing:DescribeLoadBalancers)", err)
	}
	tags, err := r.traffic.TagsOf(ctx, lb.ARN, listener)
	if err := report.Skip("the load balancer's owner (elasticloadbalancing:DescribeTags)", err); err != nil {
		return report, from, err
	}
	for _, arn := range []string{lb.ARN, listener} {
		if cluster, ok := tags[arn][tagController]; ok {
			report.Find(controllersOwn(arn, cluster))
			break
		}
	}
	if err := r.checkRoom(ctx, lb.ARN, gone, &report); err != nil {
		return report, from, err
	}
	if err := r.preflightTarget(ctx, listener, &report); err != nil {
		return report, from, err
	}
	return report, preflight.Entry{
		Name: "the load balancer " + nameOf(lb.ARN), VPCID: lb.VPCID, Zones: lb.Zones, SecurityGroupIDs: lb.SecurityGroupIDs,
		EnableZone: enableZone(lb.ARN),
	}, nil
}

// checkRoom counts the rules and target groups. Of the listener itself all rules
// were read already.
func (r *router) checkRoom(ctx context.Context, balancer string, gone int, report *preflight.Report) error {
	room, err := r.traffic.Room(ctx, balancer, r.listener())
	if err != nil {
		return report.Skip("free listener rules and target groups (elasticloadbalancing:DescribeListeners, DescribeTargetGroups)", err)
	}
	for _, rule := range r.rules {
		if rule.Priority > 0 {
			room.Rules++
		}
	}
	rules, groups := 1-gone, 1-gone // the stack's own, less those of stacks that go before
	if r.rule.ARN == "" {
		rules++ // the production rule
	}
	name := nameOf(balancer)
	if free := room.MaxRules - room.Rules; rules > free {
		report.Find(noRoom(name, "listener rules", rules, free, room.MaxRules),
			"Delete rules that are not needed, or have the quota \"Rules per Application Load Balancer\" raised in Service Quotas")
	}
	if free := room.MaxTargetGroups - room.TargetGroups; groups > free {
		report.Find(noRoom(name, "target groups", groups, free, room.MaxTargetGroups),
			"Delete rules whose target groups are not needed; the quota can't be raised, so move deployments to another load balancer")
	}
	return nil
}

// nameOf is a load balancer's name: …:loadbalancer/app/name/ID.
func nameOf(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) == 4 {
		return parts[2]
	}
	return arn
}

// balancerNotFound says that a listener has no load balancer any more.
func balancerNotFound(listener string) (problem, remedy string) {
	return "The load balancer of the listener " + listener + " does not exist",
		"Create the ImmutableDeployment anew with a listener that exists"
}

// controllersOwn says that somebody else deletes the rules that we make.
func controllersOwn(arn, cluster string) (problem, remedy string) {
	return fmt.Sprintf("%s belongs to the AWS Load Balancer Controller of the cluster %s (tag %s), which deletes every listener rule that it didn't make", arn, cluster, tagController),
		"Create the ImmutableDeployment anew with a listener of a load balancer that no Ingress made. " +
			"If no controller looks after this one any more, take the tag off: " + command.RemoveTags(arn, tagController)
}

// noRoom says that a quota would be exceeded.
func noRoom(name, what string, needed, free, most int) string {
	return fmt.Sprintf("The load balancer %s has room for %d more %s of at most %d, the rollout needs %d", name, max(free, 0), what, most, needed)
}

// enableZone is the command that has a load balancer reach targets in another
// zone.
func enableZone(arn string) string {
	return "aws elbv2 set-subnets --load-balancer-arn " + arn + " --subnets <one of each zone>"
}

var _ route.Router = (*router)(nil)
