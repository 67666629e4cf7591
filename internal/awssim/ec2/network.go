package ec2

import (
	"maps"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// What every account has: the VPC that AWS gives it, and one with an application
// in it.
const (
	// defaultVPC is the account's default VPC.
	defaultVPC = "vpc-0123456789abcdef0"
	// ShopVPC is the other one, in which load balancers are made unless they
	// say otherwise.
	ShopVPC = "vpc-0a1b2c3d4e5f60718"
	// ShopGroup is the security group of its load balancers.
	ShopGroup = "sg-0a1b2c3d4e5f60733"
)

// ShopSubnets are those of ShopVPC, each in a zone of its own.
func ShopSubnets() []string { return []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"} }

// given is what the account has without a stack.
type given struct {
	vpcs    map[string]bool
	subnets map[string]core.Subnet
	groups  map[string]SecurityGroup
}

func newGiven(region string) given {
	g := given{vpcs: map[string]bool{}, subnets: map[string]core.Subnet{}, groups: map[string]SecurityGroup{}}
	add := func(vpc string, subnets []string, groups map[string]string) {
		g.vpcs[vpc] = true
		for i, id := range subnets {
			g.subnets[id] = core.Subnet{ID: id, VPCID: vpc, Zone: region + string(rune('a'+i))}
		}
		for id, name := range groups {
			g.groups[id] = SecurityGroup{ID: id, Name: name, VPCID: vpc}
		}
	}
	add(defaultVPC, []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"},
		map[string]string{"sg-0123456789abcdef0": "default", "sg-0123456789abcdef1": "load-balancers", "sg-0123456789abcdef2": "tasks"})
	add(ShopVPC, ShopSubnets(), map[string]string{ShopGroup: "load-balancers"})
	return g
}

// AddSubnet makes a subnet, and its VPC if there is none. The caller holds the
// world's lock.
func (s *Service) AddSubnet(subnet core.Subnet) {
	s.given.vpcs[subnet.VPCID] = true
	s.given.subnets[subnet.ID] = subnet
}

// AddSecurityGroup makes a security group that no stack brings, and its VPC if
// there is none. The caller holds the world's lock.
func (s *Service) AddSecurityGroup(id, vpcID string) {
	s.given.vpcs[vpcID] = true
	s.given.groups[id] = SecurityGroup{ID: id, Name: id[len("sg-"):], VPCID: vpcID}
}

// HasVPC implements core.Network.
func (s *Service) HasVPC(id string) bool { return s.given.vpcs[id] }

// Subnet implements core.Network.
func (s *Service) Subnet(id string) (core.Subnet, bool) {
	subnet, found := s.given.subnets[id]
	return subnet, found
}

// GroupVPC implements core.Network.
func (s *Service) GroupVPC(id string) (string, bool) {
	group, found := s.group(id)
	return group.VPCID, found
}

// group finds a security group, whoever made it.
func (s *Service) group(id string) (SecurityGroup, bool) {
	if group, found := s.given.groups[id]; found {
		return group, true
	}
	group, found := s.groups[id]
	return group, found
}

// sorted are a map's values in the order of their keys.
func sorted[T any](in map[string]T) []T {
	out := make([]T, 0, len(in))
	for _, key := range slices.Sorted(maps.Keys(in)) {
		out = append(out, in[key])
	}
	return out
}
