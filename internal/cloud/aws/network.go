package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// network implements cloud.Network.
type network struct {
	api     ec2API
	subnets kept[cloud.Subnet]
	groups  kept[cloud.SecurityGroup]
}

func (n *network) Subnets(ctx context.Context, ids []string) (map[string]cloud.Subnet, error) {
	return described(&n.subnets, ids, func(missing []string) (map[string]cloud.Subnet, error) {
		out, err := n.api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: existing("subnet-id", missing)})
		if err != nil {
			return nil, wrap(err)
		}
		found := make(map[string]cloud.Subnet, len(out.Subnets))
		for i := range out.Subnets {
			s := &out.Subnets[i]
			found[awssdk.ToString(s.SubnetId)] = cloud.Subnet{VPCID: awssdk.ToString(s.VpcId), Zone: awssdk.ToString(s.AvailabilityZone)}
		}
		return found, nil
	})
}

func (n *network) SecurityGroups(ctx context.Context, ids []string) (map[string]cloud.SecurityGroup, error) {
	return described(&n.groups, ids, func(missing []string) (map[string]cloud.SecurityGroup, error) {
		out, err := n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: existing("group-id", missing)})
		if err != nil {
			return nil, wrap(err)
		}
		found := make(map[string]cloud.SecurityGroup, len(out.SecurityGroups))
		for i := range out.SecurityGroups {
			g := &out.SecurityGroups[i]
			found[awssdk.ToString(g.GroupId)] = cloud.SecurityGroup{VPCID: awssdk.ToString(g.VpcId)}
		}
		return found, nil
	})
}

// existing filters by IDs: a filter, unlike a list of IDs, isn't refused for one
// that doesn't exist.
func existing(field string, ids []string) []types.Filter {
	return []types.Filter{{Name: &field, Values: ids}}
}

// described returns what is kept of ids, and reads the others in one call.
func described[T any](k *kept[T], ids []string, read func(missing []string) (map[string]T, error)) (map[string]T, error) {
	found := make(map[string]T, len(ids))
	var missing []string
	for _, id := range ids {
		if value, ok := k.get(id); ok {
			found[id] = value
		} else if !slices.Contains(missing, id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	fresh, err := read(missing)
	if err != nil {
		return nil, err
	}
	for id, value := range fresh {
		k.put(id, value)
		found[id] = value
	}
	return found, nil
}
