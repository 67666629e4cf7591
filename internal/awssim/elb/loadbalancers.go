package elb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The quotas of an account, and how many ARNs a request may name.
const (
	maxLoadBalancers = 50
	maxListeners     = 50 // of a load balancer
	maxDescribed     = 20
)

type loadBalancer struct {
	arn, name, scheme string
	created           time.Time
	vpc               string
	// zones are those of its subnets, in the same order.
	subnets, zones []string
	securityGroups []string
	tags           []Tag
	listeners      []*listener
	// active is when its nodes are there.
	active time.Time
}

// balancerProvisioning is about what a new load balancer takes.
const balancerProvisioning = 2 * time.Minute

type subnetMapping struct{ SubnetId string }

type createLoadBalancerInput struct {
	Name           string
	Subnets        []string
	SubnetMappings []subnetMapping
	SecurityGroups []string
	Scheme         string
	Type           string
	IpAddressType  string
	Tags           []Tag
}

type zoneOut struct {
	ZoneName string
	SubnetId string
}

type loadBalancerOut struct {
	LoadBalancerArn       string
	DNSName               string
	CanonicalHostedZoneId string
	CreatedTime           string
	LoadBalancerName      string
	Scheme                string
	VpcId                 string
	State                 struct{ Code string }
	Type                  string
	AvailabilityZones     []zoneOut `xml:"AvailabilityZones>member"`
	SecurityGroups        []string  `xml:"SecurityGroups>member"`
	IpAddressType         string
}

type loadBalancersOut struct {
	LoadBalancers []loadBalancerOut `xml:"LoadBalancers>member"`
	NextMarker    string            `xml:",omitempty"`
}

func (s *Service) createLoadBalancer(in createLoadBalancerInput) (any, error) {
	lb, err := s.addLoadBalancer(in)
	if err != nil {
		return nil, err
	}
	lb.active = lb.created.Add(s.world.Scale(balancerProvisioning))
	return loadBalancersOut{LoadBalancers: []loadBalancerOut{s.loadBalancerOut(lb)}}, nil
}

func (s *Service) addLoadBalancer(in createLoadBalancerInput) (*loadBalancer, error) {
	if in.Type != "" && in.Type != "application" {
		return nil, core.Errorf("ValidationError", "Load balancer type '%s' is not simulated, only 'application' is", in.Type)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	for _, m := range in.SubnetMappings {
		in.Subnets = append(in.Subnets, m.SubnetId)
	}
	if slices.ContainsFunc(s.balancers, func(lb *loadBalancer) bool { return lb.name == in.Name }) {
		return nil, core.Errorf("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", in.Name)
	}
	if len(s.balancers) >= maxLoadBalancers {
		return nil, core.Errorf("TooManyLoadBalancers", "The maximum number of load balancers has been reached: %d", maxLoadBalancers)
	}
	vpc, zones, err := s.place(in)
	if err != nil {
		return nil, err
	}
	lb := &loadBalancer{
		arn:            s.world.ARN("elasticloadbalancing", "loadbalancer/app/"+in.Name+"/"+s.world.HexID(16)),
		name:           in.Name,
		scheme:         in.Scheme,
		created:        s.world.Now(),
		vpc:            vpc,
		subnets:        in.Subnets,
		zones:          zones,
		securityGroups: in.SecurityGroups,
		tags:           in.Tags,
	}
	if lb.scheme == "" {
		lb.scheme = "internet-facing"
	}
	s.balancers = append(s.balancers, lb)
	return lb, nil
}

// check refuses what doesn't depend on what there is.
func (in createLoadBalancerInput) check() error {
	if err := checkName("Load balancer", in.Name); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(in.Name, "internal-"):
		return core.Errorf("ValidationError", "Load balancer name '%s' cannot begin with 'internal-'", in.Name)
	case len(in.Subnets) > 0 && len(in.SubnetMappings) > 0:
		return core.Errorf("ValidationError", "You must specify either subnets or subnet mappings, but not both")
	case len(in.Subnets)+len(in.SubnetMappings) < 2:
		return core.Errorf("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	case !slices.Contains([]string{"", "internet-facing", "internal"}, in.Scheme):
		return core.Errorf("InvalidScheme", "Scheme '%s' must be one of '[internet-facing, internal]'", in.Scheme)
	default:
		return checkTags(in.Tags)
	}
}

func (s *Service) loadBalancerOut(lb *loadBalancer) loadBalancerOut {
	out := loadBalancerOut{
		LoadBalancerArn:       lb.arn,
		DNSName:               lb.dnsName(s.world.Region),
		CanonicalHostedZoneId: "Z32O12XQLNTSW2",
		CreatedTime:           lb.created.Format(time.RFC3339),
		LoadBalancerName:      lb.name,
		Scheme:                lb.scheme,
		VpcId:                 lb.vpc,
		Type:                  "application",
		SecurityGroups:        lb.securityGroups,
		IpAddressType:         "ipv4",
	}
	out.State.Code = "active"
	if s.world.Now().Before(lb.active) {
		out.State.Code = "provisioning"
	}
	for i, subnet := range lb.subnets {
		out.AvailabilityZones = append(out.AvailabilityZones, zoneOut{ZoneName: lb.zones[i], SubnetId: subnet})
	}
	return out
}

func (lb *loadBalancer) dnsName(region string) string {
	return fmt.Sprintf("%s-1234567890.%s.elb.amazonaws.com", lb.name, region)
}

type describeLoadBalancersInput struct {
	LoadBalancerArns []string
	Names            []string
	Marker           string
	PageSize         *int
}

func (s *Service) describeLoadBalancers(in describeLoadBalancersInput) (any, error) {
	found, err := s.selectLoadBalancers(in)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(found, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := loadBalancersOut{NextMarker: next}
	for _, lb := range page {
		out.LoadBalancers = append(out.LoadBalancers, s.loadBalancerOut(lb))
	}
	return out, nil
}

func (s *Service) selectLoadBalancers(in describeLoadBalancersInput) ([]*loadBalancer, error) {
	if len(in.LoadBalancerArns) == 0 && len(in.Names) == 0 {
		return s.balancers, nil
	}
	if n := len(in.LoadBalancerArns); n > maxDescribed {
		return nil, core.Errorf("ValidationError", "At most %d load balancers can be described at once, not %d", maxDescribed, n)
	}
	var found []*loadBalancer
	for _, arn := range in.LoadBalancerArns {
		lb, err := s.loadBalancer(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, lb)
	}
	for _, name := range in.Names {
		i := slices.IndexFunc(s.balancers, func(lb *loadBalancer) bool { return lb.name == name })
		if i < 0 {
			return nil, core.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", name)
		}
		found = append(found, s.balancers[i])
	}
	return found, nil
}

// loadBalancer finds by ARN.
func (s *Service) loadBalancer(arn string) (*loadBalancer, error) {
	for _, lb := range s.balancers {
		if lb.arn == arn {
			return lb, nil
		}
	}
	return nil, core.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", arn)
}

type deleteLoadBalancerInput struct{ LoadBalancerArn string }

// deleteLoadBalancer deletes with it its listeners; a missing one is deleted.
func (s *Service) deleteLoadBalancer(in deleteLoadBalancerInput) (any, error) {
	lb, err := s.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, nil //nolint:nilerr // deleting is idempotent
	}
	for _, l := range slices.Clone(lb.listeners) {
		s.removeListener(l)
	}
	s.balancers = slices.DeleteFunc(s.balancers, func(b *loadBalancer) bool { return b == lb })
	return nil, nil
}

const maxPage = 400

// paginate returns the page that starts at marker and the marker of the next.
func paginate[T any](items []T, marker string, size *int) ([]T, string, error) {
	limit := maxPage
	if size != nil {
		if *size < 1 || *size > maxPage {
			return nil, "", core.Errorf("ValidationError", "Page size '%d' must be between 1 and %d", *size, maxPage)
		}
		limit = *size
	}
	start := 0
	if marker != "" {
		n, err := strconv.Atoi(marker)
		if err != nil || n < 0 {
			return nil, "", core.Errorf("ValidationError", "Marker '%s' is not valid", marker)
		}
		start = min(n, len(items))
	}
	end := min(start+limit, len(items))
	if end == len(items) {
		return items[start:end], "", nil
	}
	return items[start:end], strconv.Itoa(end), nil
}
