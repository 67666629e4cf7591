package ec2

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// SigningName is the service in the credential scope.
func (s *Service) SigningName() string { return "ec2" }

// Namespace is the xmlns of responses.
func (s *Service) Namespace() string { return "http://ec2.amazonaws.com/doc/2016-11-15/" }

// Query lists the actions. Requests and answers differ from the query protocol:
// lists have no "member", and results no wrapper.
func (s *Service) Query() map[string]core.QueryFunc {
	return map[string]core.QueryFunc{
		"DescribeVpcs":           s.describeVPCs,
		"DescribeSubnets":        s.describeSubnets,
		"DescribeSecurityGroups": s.describeSecurityGroups,
	}
}

// query is what a Describe call asks for.
type query struct {
	// ids must all exist.
	ids []string
	// filters by name, of which each must match one value.
	filters map[string][]string
}

var filterPart = regexp.MustCompile(`^Filter\.([0-9]+)\.(Name|Value\.[0-9]+)$`)

// parseQuery reads the parameters of a Describe call. What it doesn't know is
// refused, so that nothing is ignored.
func parseQuery(in url.Values, idName string, filters ...string) (query, error) {
	q := query{filters: map[string][]string{}}
	names, values := map[string]string{}, map[string][]string{}
	isID := regexp.MustCompile(`^` + idName + `\.[0-9]+$`)
	for _, key := range slices.Sorted(maps.Keys(in)) {
		value, part := in.Get(key), filterPart.FindStringSubmatch(key)
		switch {
		case key == "Action", key == "Version":
		case isID.MatchString(key):
			q.ids = append(q.ids, value)
		case part != nil && part[2] == "Name":
			names[part[1]] = value
		case part != nil:
			values[part[1]] = append(values[part[1]], value)
		default:
			return q, core.Errorf("UnknownParameter", "The parameter %s is not recognized", key)
		}
	}
	for n, name := range names {
		if !slices.Contains(filters, name) {
			return q, core.Errorf("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		q.filters[name] = append(q.filters[name], values[n]...)
	}
	return q, nil
}

// takes tells whether something with these properties is asked for.
func (q query) takes(id string, properties map[string]string) bool {
	if len(q.ids) > 0 && !slices.Contains(q.ids, id) {
		return false
	}
	for name, values := range q.filters {
		if !slices.Contains(values, properties[name]) {
			return false
		}
	}
	return true
}

// check refuses IDs that aren't there.
func (q query) check(code, format string, found func(id string) bool) error {
	for _, id := range q.ids {
		if !found(id) {
			return core.Errorf(code, format, id)
		}
	}
	return nil
}

type vpcOut struct {
	VPCID     string `xml:"vpcId"`
	OwnerID   string `xml:"ownerId"`
	State     string `xml:"state"`
	IsDefault bool   `xml:"isDefault"`
}

func (s *Service) describeVPCs(in url.Values) (any, error) {
	q, err := parseQuery(in, "VpcId", "vpc-id", "is-default")
	if err != nil {
		return nil, err
	}
	if err := q.check("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", s.HasVPC); err != nil {
		return nil, err
	}
	var out struct {
		VPCs []vpcOut `xml:"vpcSet>item"`
	}
	for _, id := range slices.Sorted(maps.Keys(s.given.vpcs)) {
		vpc := vpcOut{VPCID: id, OwnerID: s.world.Account, State: "available", IsDefault: id == defaultVPC}
		if q.takes(id, map[string]string{"vpc-id": id, "is-default": strconv.FormatBool(vpc.IsDefault)}) {
			out.VPCs = append(out.VPCs, vpc)
		}
	}
	return out, nil
}

type subnetOut struct {
	SubnetID string `xml:"subnetId"`
	ARN      string `xml:"subnetArn"`
	State    string `xml:"state"`
	OwnerID  string `xml:"ownerId"`
	VPCID    string `xml:"vpcId"`
	Zone     string `xml:"availabilityZone"`
}

func (s *Service) describeSubnets(in url.Values) (any, error) {
	q, err := parseQuery(in, "SubnetId", "subnet-id", "vpc-id", "availability-zone")
	if err != nil {
		return nil, err
	}
	exists := func(id string) bool { _, found := s.Subnet(id); return found }
	if err := q.check("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", exists); err != nil {
		return nil, err
	}
	var out struct {
		Subnets []subnetOut `xml:"subnetSet>item"`
	}
	for _, subnet := range sorted(s.given.subnets) {
		properties := map[string]string{"subnet-id": subnet.ID, "vpc-id": subnet.VPCID, "availability-zone": subnet.Zone}
		if q.takes(subnet.ID, properties) {
			out.Subnets = append(out.Subnets, subnetOut{
				SubnetID: subnet.ID, ARN: s.world.ARN("ec2", "subnet/"+subnet.ID), State: "available",
				OwnerID: s.world.Account, VPCID: subnet.VPCID, Zone: subnet.Zone,
			})
		}
	}
	return out, nil
}

type groupOut struct {
	OwnerID     string `xml:"ownerId"`
	GroupID     string `xml:"groupId"`
	Name        string `xml:"groupName"`
	Description string `xml:"groupDescription"`
	VPCID       string `xml:"vpcId"`
}

func (s *Service) describeSecurityGroups(in url.Values) (any, error) {
	q, err := parseQuery(in, "GroupId", "group-id", "group-name", "vpc-id")
	if err != nil {
		return nil, err
	}
	exists := func(id string) bool { _, found := s.group(id); return found }
	if err := q.check("InvalidGroup.NotFound", "The security group '%s' does not exist", exists); err != nil {
		return nil, err
	}
	var out struct {
		Groups []groupOut `xml:"securityGroupInfo>item"`
	}
	for _, group := range slices.Concat(sorted(s.given.groups), sorted(s.groups)) {
		properties := map[string]string{"group-id": group.ID, "group-name": group.Name, "vpc-id": group.VPCID}
		if q.takes(group.ID, properties) {
			out.Groups = append(out.Groups, groupOut{
				OwnerID: s.world.Account, GroupID: group.ID, Name: group.Name, Description: group.Name, VPCID: group.VPCID,
			})
		}
	}
	return out, nil
}
