// Package ec2 simulates the one EC2 resource that a stack brings, the security
// group, and the VPCs and subnets that are there before, which can be described.
//
// It imports the standard library and internal/awssim/core only.
package ec2

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// allowedSet are the characters of names and descriptions.
const allowedSet = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"

var allowed = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}$`)

// Service holds the account's VPCs, subnets and security groups.
type Service struct {
	world *core.World
	given given
	// groups are those of stacks.
	groups map[string]SecurityGroup
	// attached tells whether a network interface has a group.
	attached func(groupID string) bool
}

// SecurityGroup is the truth about one security group.
type SecurityGroup struct {
	ID    string
	Name  string
	VPCID string
	Tags  map[string]string
	// Peers are the groups that its rules refer to.
	Peers []string
}

// New returns EC2 with the VPCs that every account has. attached tells whether a network
// interface has a group; it is called with the world's lock held.
func New(w *core.World, attached func(groupID string) bool) *Service {
	return &Service{world: w, given: newGiven(w.Region), groups: map[string]SecurityGroup{}, attached: attached}
}

// SecurityGroups returns the groups of stacks by ID. The caller holds the world's lock.
func (s *Service) SecurityGroups() map[string]SecurityGroup { return s.groups }

// Providers implements core.ProviderSet.
func (s *Service) Providers() []core.Provider { return []core.Provider{groupProvider{s}} }

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
	SecurityGroupIngress []rule
	SecurityGroupEgress  []rule
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
	inDefault := in.VpcId == ""
	if inDefault {
		in.VpcId = defaultVPC
	}
	if err := in.check(); err != nil {
		return core.Created{}, err
	}
	if err := p.service.checkPlace(in); err != nil {
		return core.Created{}, err
	}
	for _, other := range p.service.groups {
		if strings.EqualFold(other.Name, in.GroupName) && other.VPCID == in.VpcId {
			return core.Created{}, core.Errorf("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", in.GroupName, in.VpcId)
		}
	}
	group := in.group("sg-"+w.HexID(17), ref.Tags)
	p.service.groups[group.ID] = group
	// Without VpcId, Ref is the name, as it was for EC2-Classic.
	physicalID := group.ID
	if inDefault {
		physicalID = group.Name
	}
	return core.Created{
		PhysicalID: physicalID,
		Attributes: map[string]any{"GroupId": group.ID, "Id": group.ID, "VpcId": group.VPCID},
	}, nil
}

// group is what the properties make.
func (in groupProperties) group(id string, stackTags []core.Tag) SecurityGroup {
	group := SecurityGroup{ID: id, Name: in.GroupName, VPCID: in.VpcId, Tags: map[string]string{}}
	for _, tag := range slices.Concat(stackTags, in.Tags) {
		group.Tags[tag.Key] = tag.Value
	}
	for _, r := range slices.Concat(in.SecurityGroupIngress, in.SecurityGroupEgress) {
		if r.group() != "" {
			group.Peers = append(group.Peers, r.group())
		}
	}
	return group
}

// check refuses what EC2 would refuse.
func (in groupProperties) check() error {
	if !allowed.MatchString(in.GroupDescription) {
		return core.Errorf("InvalidParameterValue", "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set: %s", allowedSet)
	}
	if !allowed.MatchString(in.GroupName) {
		return core.Errorf("InvalidParameterValue", "Invalid value '%s' for groupName. Valid names are strings less than 256 characters from the following set: %s", in.GroupName, allowedSet)
	}
	if strings.HasPrefix(in.GroupName, "sg-") {
		return core.Errorf("InvalidParameterValue", "Invalid value '%s' for groupName. Group names may not be in the format sg-*.", in.GroupName)
	}
	for _, tag := range in.Tags {
		if strings.HasPrefix(strings.ToLower(tag.Key), "aws:") {
			return core.Errorf("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		}
	}
	if err := checkRules(in.SecurityGroupIngress); err != nil {
		return err
	}
	return checkRules(in.SecurityGroupEgress)
}

// checkPlace refuses a VPC that doesn't exist, and groups in rules that don't, or
// are in another one.
func (s *Service) checkPlace(in groupProperties) error {
	if !s.HasVPC(in.VpcId) {
		return core.Errorf("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", in.VpcId)
	}
	for _, r := range slices.Concat(in.SecurityGroupIngress, in.SecurityGroupEgress) {
		peer := r.group()
		vpc, found := s.GroupVPC(peer)
		switch {
		case peer == "":
		case !found:
			return core.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", peer)
		case vpc != in.VpcId:
			return core.Errorf("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
		}
	}
	return nil
}

// Deleting what is in use is tried again a few times, for tasks that are just
// ending.
const (
	deleteAttempts = 6
	deletePause    = 10 * time.Second
)

// Delete implements core.Provider.
func (p groupProvider) Delete(_ core.StackRef, physicalID string, done func(error)) {
	p.tryDelete(p.service.id(physicalID), 1, done)
}

// id is that of a group of the default VPC, which its stack knows by name.
func (s *Service) id(physicalID string) string {
	for _, group := range s.groups {
		if group.VPCID == defaultVPC && group.Name == physicalID {
			return group.ID
		}
	}
	return physicalID
}

func (p groupProvider) tryDelete(id string, attempt int, done func(error)) {
	s := p.service
	switch used := s.used(id); {
	case used && attempt < deleteAttempts:
		s.world.After(deletePause, func() { p.tryDelete(id, attempt+1, done) })
	case used:
		done(fmt.Errorf("resource %s has a dependent object (Service: Ec2, Status Code: 400, Request ID: %s)", id, s.world.UUID()))
	default:
		delete(s.groups, id)
		done(nil)
	}
}

// used tells whether a network interface, or another group of its VPC, refers
// to the group.
func (s *Service) used(id string) bool {
	group, there := s.groups[id]
	if !there {
		return false
	}
	for _, other := range s.groups {
		if other.ID != id && other.VPCID == group.VPCID && slices.Contains(other.Peers, id) {
			return true
		}
	}
	return s.attached(id)
}
