// Package ec2 simulates the one EC2 resource that a stack brings: the security
// group. VPCs and subnets are opaque IDs of the right shape.
//
// It imports the standard library and internal/awssim/core only.
package ec2

import (
	"regexp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// defaultVPC is the account's default VPC.
const defaultVPC = "vpc-0123456789abcdef0"

var vpcID = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)

// Service holds the account's security groups.
type Service struct {
	world  *core.World
	groups map[string]SecurityGroup
}

// SecurityGroup is the truth about one security group.
type SecurityGroup struct {
	ID    string
	Name  string
	VPCID string
	Tags  map[string]string
}

// New returns EC2 without security groups.
func New(w *core.World) *Service {
	return &Service{world: w, groups: map[string]SecurityGroup{}}
}

// SecurityGroups returns all groups by ID. The caller holds the world's lock.
func (s *Service) SecurityGroups() map[string]SecurityGroup { return s.groups }

// Providers implements core.ProviderSet.
func (s *Service) Providers() []core.Provider { return []core.Provider{groupProvider{s}} }

// ruleFields are the properties that ingress and egress rules share.
func ruleFields() map[string]core.Schema {
	return map[string]core.Schema{
		"IpProtocol": core.Must(core.String()), "FromPort": core.Int(), "ToPort": core.Int(),
		"CidrIp": core.String(), "CidrIpv6": core.String(), "Description": core.String(),
	}
}

func groupSchema() core.Schema {
	ingress, egress := ruleFields(), ruleFields()
	for _, name := range []string{
		"SourcePrefixListId", "SourceSecurityGroupId", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId",
	} {
		ingress[name] = core.String()
	}
	for _, name := range []string{"DestinationPrefixListId", "DestinationSecurityGroupId"} {
		egress[name] = core.String()
	}
	return core.Object(map[string]core.Schema{
		"GroupDescription":     core.Must(core.String()),
		"GroupName":            core.String(),
		"VpcId":                core.String(),
		"SecurityGroupIngress": core.ListOf(core.Object(ingress)),
		"SecurityGroupEgress":  core.ListOf(core.Object(egress)),
		"Tags":                 core.TagList(),
	})
}

type groupProvider struct{ service *Service }

// Type implements core.Provider.
func (p groupProvider) Type() string { return "AWS::EC2::SecurityGroup" }

// Validate implements core.Provider.
func (p groupProvider) Validate(properties map[string]any) error {
	return groupSchema().Validate(properties)
}

type groupProperties struct {
	GroupDescription     string
	GroupName            string
	VpcId                string
	SecurityGroupIngress []any
	SecurityGroupEgress  []any
	Tags                 []core.Tag
}

// Create implements core.Provider.
func (p groupProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	created, err := p.create(ref, properties)
	done(created, err)
}

func (p groupProvider) create(ref core.StackRef, properties map[string]any) (core.Created, error) {
	var in groupProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	w := p.service.world
	if in.GroupName == "" {
		in.GroupName = ref.StackName + "-" + ref.LogicalID + "-" + w.HexID(12)
	}
	if in.VpcId == "" {
		in.VpcId = defaultVPC
	}
	if !vpcID.MatchString(in.VpcId) {
		return core.Created{}, core.Errorf("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", in.VpcId)
	}
	if len(in.GroupDescription) > 255 || len(in.GroupName) > 255 {
		return core.Created{}, core.Errorf("InvalidParameterValue", "Value exceeds the maximum length of 255 characters")
	}
	for _, other := range p.service.groups {
		if other.Name == in.GroupName && other.VPCID == in.VpcId {
			return core.Created{}, core.Errorf("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", in.GroupName, in.VpcId)
		}
	}
	group := SecurityGroup{ID: "sg-" + w.HexID(17), Name: in.GroupName, VPCID: in.VpcId, Tags: map[string]string{}}
	for _, tag := range append(ref.Tags, in.Tags...) {
		group.Tags[tag.Key] = tag.Value
	}
	p.service.groups[group.ID] = group
	return core.Created{
		PhysicalID: group.ID,
		Attributes: map[string]any{"GroupId": group.ID, "Id": group.ID, "VpcId": group.VPCID},
	}, nil
}

// Delete implements core.Provider.
func (p groupProvider) Delete(_ core.StackRef, physicalID string, done func(error)) {
	delete(p.service.groups, physicalID)
	done(nil)
}
