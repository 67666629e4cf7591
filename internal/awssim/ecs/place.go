package ecs

import (
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// checkNetwork refuses subnets and security groups that don't exist or aren't of
// one VPC.
func (s *Service) checkNetwork(in *awsvpcConfiguration) error {
	if s.opts.Network == nil {
		return nil
	}
	vpc := ""
	for _, id := range in.Subnets {
		subnet, found := s.opts.Network.Subnet(id)
		switch {
		case !found:
			return invalid("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
				strings.Join(in.Subnets, ", "), id)
		case vpc != "" && vpc != subnet.VPCID:
			return invalid("All specified subnets must be from the same VPC.")
		}
		vpc = subnet.VPCID
	}
	for _, id := range in.SecurityGroups {
		switch of, found := s.opts.Network.GroupVPC(id); {
		case !found:
			return invalid("Error retrieving security group information for [%s]: The security group '%s' does not exist (ErrorCode: InvalidGroup.NotFound)",
				strings.Join(in.SecurityGroups, ", "), id)
		case of != vpc:
			return invalid("Security group %s does not appear to belong to the same VPC as the input subnets.", id)
		}
	}
	return nil
}

// subnetOf is the subnet of a service's next task: they take turns. One of which
// nothing is known is in the region's first zone.
func (s *Service) subnetOf(svc *service) core.Subnet {
	subnet := core.Subnet{Zone: s.world.Region + "a"}
	in := svc.NetworkConfiguration.AwsvpcConfiguration
	if in == nil || len(in.Subnets) == 0 {
		return subnet
	}
	subnet.ID = in.Subnets[svc.launched%len(in.Subnets)]
	if s.opts.Network == nil {
		return subnet
	}
	if known, found := s.opts.Network.Subnet(subnet.ID); found {
		return known
	}
	return subnet
}

// unassumable is a role of a task definition that ECS can't assume; "" if there
// is none.
func (s *Service) unassumable(d *taskDefinition) string {
	for _, role := range []string{d.TaskRoleArn, d.ExecutionRoleArn} {
		if role != "" && s.opts.Assumable != nil && !s.opts.Assumable(role) {
			return role
		}
	}
	return ""
}

// refuse counts a task that the scheduler can't launch as a failed one.
func (s *Service) refuse(svc *service, dep *deployment, role string) {
	s.event(svc, "(service %s) failed to launch a task with (error ECS was unable to assume the role '%s' that was provided for this task. "+
		"Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.).",
		svc.name, role)
	s.failed(svc, dep)
	s.wakeAfter(svc, s.unscale(svc.notBefore.Sub(s.world.Now())))
}
