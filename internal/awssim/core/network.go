package core

import "net/netip"

// VPCBlock is the CIDR block of every VPC. Its subnets have no blocks of their
// own, and the tasks' addresses are in it.
var VPCBlock = netip.MustParsePrefix("10.0.0.0/8")

// Subnet is a subnet of a VPC.
type Subnet struct {
	ID, VPCID string
	// Zone is its Availability Zone, such as eu-west-1a.
	Zone string
}

// Network tells the other services which VPCs, subnets and security groups the
// account has. It is asked with the world's lock held.
type Network interface {
	// HasVPC tells whether there is such a VPC.
	HasVPC(id string) bool
	// Subnet finds a subnet.
	Subnet(id string) (subnet Subnet, found bool)
	// GroupVPC finds the VPC of a security group.
	GroupVPC(id string) (vpcID string, found bool)
}
