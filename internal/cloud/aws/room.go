package aws

import (
	"context"
	"slices"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	// Default quotas of an Application Load Balancer, from its user guide.
	defaultMaxRules, defaultMaxTargetGroups = 100, 100
	// The names of the quotas in DescribeAccountLimits.
	limitRules        = "rules-per-application-load-balancer"
	limitTargetGroups = "target-groups-per-application-load-balancer"
	// listenersMax is how many other listeners have their rules counted: more of
	// them would make a pass too long, and few load balancers have as many.
	listenersMax = 4
)

// balancerOf returns the load balancer's ARN for that of its listener:
// …:listener/app/name/lb/listener is of …:loadbalancer/app/name/lb.
func balancerOf(listenerARN string) string {
	head, tail, found := strings.Cut(listenerARN, ":listener/")
	end := strings.LastIndexByte(tail, '/')
	if !found || end < 0 {
		return ""
	}
	return head + ":loadbalancer/" + tail[:end]
}

func (t *traffic) LoadBalancer(ctx context.Context, listenerARN string) (cloud.LoadBalancer, error) {
	arn := balancerOf(listenerARN)
	return t.balancers.or(arn, func() (cloud.LoadBalancer, error) {
		out, err := t.api.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
		if err != nil {
			return cloud.LoadBalancer{}, wrap(err)
		}
		if len(out.LoadBalancers) == 0 {
			return cloud.LoadBalancer{}, notFound("elasticloadbalancing:DescribeLoadBalancers", "LoadBalancerNotFound", "Load balancer "+arn+" not found")
		}
		lb := &out.LoadBalancers[0]
		found := cloud.LoadBalancer{ARN: arn, VPCID: awssdk.ToString(lb.VpcId), SecurityGroupIDs: lb.SecurityGroups}
		for _, zone := range lb.AvailabilityZones {
			found.Zones = append(found.Zones, awssdk.ToString(zone.ZoneName))
		}
		return found, nil
	})
}

func (t *traffic) TagsOf(ctx context.Context, arns ...string) (map[string]map[string]string, error) {
	return t.owners.or(strings.Join(arns, " "), func() (map[string]map[string]string, error) { return t.tags(ctx, arns) })
}

// Room reads what is used now, and the quotas as they were a while ago.
func (t *traffic) Room(ctx context.Context, loadBalancerARN, withoutListener string) (cloud.Room, error) {
	room, err := t.quotas(ctx)
	if err != nil {
		return room, err
	}
	listeners, err := t.listeners(ctx, loadBalancerARN)
	if err != nil {
		return room, err
	}
	listeners = slices.DeleteFunc(listeners, func(arn string) bool { return arn == withoutListener })
	for _, listener := range listeners[:min(listenersMax, len(listeners))] {
		rules, err := t.Rules(ctx, listener)
		if err != nil && !cloud.IsNotFound(err) {
			return room, err
		}
		room.Rules += max(len(rules)-1, 0) // the default rule doesn't count
	}
	pages := elb.NewDescribeTargetGroupsPaginator(t.api, &elb.DescribeTargetGroupsInput{LoadBalancerArn: &loadBalancerARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(wrap(err)) {
			return room, nil // it has none
		}
		if err != nil {
			return room, wrap(err)
		}
		room.TargetGroups += len(page.TargetGroups)
	}
	return room, nil
}

// listeners returns the ARNs of the listeners on the first page, which has as
// many as a load balancer may have by default.
func (t *traffic) listeners(ctx context.Context, loadBalancerARN string) ([]string, error) {
	out, err := t.api.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &loadBalancerARN})
	if err != nil {
		return nil, wrap(err)
	}
	arns := make([]string, 0, len(out.Listeners))
	for i := range out.Listeners {
		arns = append(arns, awssdk.ToString(out.Listeners[i].ListenerArn))
	}
	return arns, nil
}

// quotas returns the account's quotas. Without the permission to read them they
// are AWS's defaults.
func (t *traffic) quotas(ctx context.Context) (cloud.Room, error) {
	return t.limits.or("", func() (cloud.Room, error) {
		room := cloud.Room{MaxRules: defaultMaxRules, MaxTargetGroups: defaultMaxTargetGroups}
		pages := elb.NewDescribeAccountLimitsPaginator(t.api, &elb.DescribeAccountLimitsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err := wrap(err); cloud.KindOf(err) == cloud.KindDenied {
				return room, nil
			} else if err != nil {
				return room, err
			}
			for _, limit := range page.Limits {
				most, err := strconv.Atoi(awssdk.ToString(limit.Max))
				switch {
				case err != nil:
				case awssdk.ToString(limit.Name) == limitRules:
					room.MaxRules = most
				case awssdk.ToString(limit.Name) == limitTargetGroups:
					room.MaxTargetGroups = most
				}
			}
		}
		return room, nil
	})
}
