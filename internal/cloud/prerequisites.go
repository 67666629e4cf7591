package cloud

import (
	"context"
	"slices"
)

// Network is Amazon EC2, as far as stacks refer to what is there before them.
type Network interface {
	// Subnets returns those of the subnets that exist, by ID.
	Subnets(ctx context.Context, ids []string) (map[string]Subnet, error)
	// SecurityGroups returns those of the security groups that exist, by ID.
	SecurityGroups(ctx context.Context, ids []string) (map[string]SecurityGroup, error)
}

// Subnet is a subnet of a VPC.
type Subnet struct {
	VPCID string
	// Zone is its Availability Zone, such as eu-west-1a.
	Zone string
}

// SecurityGroup is a security group of a VPC.
type SecurityGroup struct {
	VPCID string
}

// Roles is AWS Identity and Access Management.
type Roles interface {
	// Role describes a role by its ARN; KindNotFound if there is none with
	// exactly this ARN.
	Role(ctx context.Context, roleARN string) (Role, error)
}

// Role is an IAM role.
type Role struct {
	// Trusted are the principals that its trust policy lets assume it:
	// services, accounts and others; none if that can't be told. Conditions are
	// not evaluated.
	Trusted []string
}

// ClusterActive is the status of an ECS cluster in which services can be
// created.
const ClusterActive = "ACTIVE"

// Cluster is an ECS cluster.
type Cluster struct {
	Status string
	// CapacityProviders are those that services in it may name.
	CapacityProviders []string
	// DefaultStrategy is that of services that name neither a strategy nor a launch
	// type. Whoever gives the cluster other providers has to give it again.
	DefaultStrategy []CapacityShare
	// Instances is how many container instances are registered with it.
	Instances int32
}

// Capacity is what a service needs of its cluster. The zero value is Fargate, which
// any cluster has.
type Capacity struct {
	// Providers are the capacity providers that it names.
	Providers []string
	// Instances is true if its tasks run on whatever instances the cluster has.
	Instances bool
}

// CapacityShare is a part of a capacity provider strategy.
type CapacityShare struct {
	Provider     string
	Base, Weight int32
}

// Meets reports whether the cluster has all of it.
func (c *Cluster) Meets(needs Capacity) bool {
	return len(c.Lacks(needs.Providers)) == 0 && (!needs.Instances || c.Instances > 0)
}

// Lacks returns those of the capacity providers that the cluster doesn't have.
func (c *Cluster) Lacks(providers []string) (lacks []string) {
	for _, p := range providers {
		if !slices.Contains(c.CapacityProviders, p) {
			lacks = append(lacks, p)
		}
	}
	return lacks
}

// LoadBalancer is an Application Load Balancer.
type LoadBalancer struct {
	ARN   string
	VPCID string
	// Zones are the Availability Zones that it is enabled in.
	Zones []string
	// SecurityGroupIDs are those that it has.
	SecurityGroupIDs []string
}

// Room is how much of what its quotas limit a load balancer has.
type Room struct {
	// Rules without the default ones, of the listeners that were counted, and
	// target groups that rules forward to.
	Rules, TargetGroups int
	// MaxRules and MaxTargetGroups are the account's quotas, or AWS's defaults
	// if the account's can't be read.
	MaxRules, MaxTargetGroups int
}
