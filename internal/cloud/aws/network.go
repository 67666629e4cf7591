package aws

import (
	"context"
	"slices"

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
		read, err := n.api.DescribeSubnets(ctx, missing)
		found := make(map[string]cloud.Subnet, len(read))
		for _, s := range read {
			found[s.ID] = cloud.Subnet{VPCID: s.VPCID, Zone: s.Zone}
		}
		return found, wrap(err)
	})
}

func (n *network) SecurityGroups(ctx context.Context, ids []string) (map[string]cloud.SecurityGroup, error) {
	return described(&n.groups, ids, func(missing []string) (map[string]cloud.SecurityGroup, error) {
		read, err := n.api.DescribeSecurityGroups(ctx, missing)
		found := make(map[string]cloud.SecurityGroup, len(read))
		for _, g := range read {
			found[g.ID] = cloud.SecurityGroup{VPCID: g.VPCID}
		}
		return found, wrap(err)
	})
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
