package elb

import (
	"net/netip"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// place finds the VPC of a new load balancer and the zones of its subnets, and
// refuses what isn't there or doesn't fit. Without a network nothing is known of
// either.
func (s *Service) place(in createLoadBalancerInput) (vpc string, zones []string, err error) {
	if s.network == nil {
		for i := range in.Subnets {
			zones = append(zones, s.world.Region+string(rune('a'+i%26)))
		}
		return "vpc-" + s.world.HexID(17), zones, nil
	}
	for _, id := range in.Subnets {
		subnet, found := s.network.Subnet(id)
		switch {
		case !found:
			return "", nil, core.Errorf("SubnetNotFound", "The subnet ID '%s' does not exist", id)
		case vpc != "" && vpc != subnet.VPCID:
			return "", nil, core.Errorf("InvalidConfigurationRequest", "All subnets must belong to the same VPC: '%s'", vpc)
		case slices.Contains(zones, subnet.Zone):
			return "", nil, core.Errorf("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
		vpc = subnet.VPCID
		zones = append(zones, subnet.Zone)
	}
	for _, id := range in.SecurityGroups {
		switch of, found := s.network.GroupVPC(id); {
		case !found:
			return "", nil, core.Errorf("InvalidSecurityGroup", "The security group '%s' does not exist", id)
		case of != vpc:
			return "", nil, core.Errorf("InvalidConfigurationRequest", "Security group '%s' does not belong to VPC '%s'", id, vpc)
		}
	}
	return vpc, zones, nil
}

// checkVPC refuses a target group in a VPC that doesn't exist.
func (s *Service) checkVPC(in *createTargetGroupInput) error {
	if s.network != nil && !s.network.HasVPC(in.VpcId) {
		return core.Errorf("ValidationError", "The VPC ID '%s' is not found", in.VpcId)
	}
	return nil
}

// checkReach refuses target groups in another VPC than the load balancer's.
func (s *Service) checkReach(lb *loadBalancer, groupARNs []string) error {
	for _, arn := range groupARNs {
		g, err := s.group(arn)
		if err != nil {
			return err
		}
		if s.network != nil && g.settings.VpcId != lb.vpc {
			return core.Errorf("InvalidConfigurationRequest", "Target group '%s' is in a different VPC than load balancer '%s'", arn, lb.arn)
		}
	}
	return nil
}

// outside tells whether an address is in no VPC.
func (s *Service) outside(ip netip.Addr) bool {
	return s.network != nil && !core.VPCBlock.Contains(ip)
}

// isBeyond tells whether a target is in a zone in which no load balancer of its
// group is enabled.
func (s *Service) isBeyond(g *targetGroup, t *target) bool {
	balancers := s.associated(g.arn)
	return s.network != nil && t.zone != "all" && len(balancers) > 0 && !slices.ContainsFunc(balancers, func(lb *loadBalancer) bool {
		return slices.Contains(lb.zones, t.zone)
	})
}
