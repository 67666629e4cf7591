package elb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type targetGroup struct {
	arn        string
	settings   createTargetGroupInput
	attributes map[string]string
	tags       []Tag
	targets    []*target
}

// createTargetGroupInput doubles as the group's settings: once completed no
// pointer in it is nil.
type createTargetGroupInput struct {
	Name                       string
	Protocol                   string
	ProtocolVersion            string
	Port                       *int
	VpcId                      string
	TargetType                 string
	IpAddressType              string
	HealthCheckEnabled         *bool
	HealthCheckPath            string
	HealthCheckPort            string
	HealthCheckProtocol        string
	HealthCheckIntervalSeconds *int
	HealthCheckTimeoutSeconds  *int
	HealthyThresholdCount      *int
	UnhealthyThresholdCount    *int
	Matcher                    *Matcher
	Tags                       []Tag
}

type targetGroupOut struct {
	TargetGroupArn             string
	TargetGroupName            string
	Protocol                   string
	ProtocolVersion            string
	Port                       int
	VpcId                      string
	TargetType                 string
	IpAddressType              string
	HealthCheckEnabled         bool
	HealthCheckPath            string
	HealthCheckPort            string
	HealthCheckProtocol        string
	HealthCheckIntervalSeconds int
	HealthCheckTimeoutSeconds  int
	HealthyThresholdCount      int
	UnhealthyThresholdCount    int
	Matcher                    Matcher
	LoadBalancerArns           []string `xml:"LoadBalancerArns>member"`
}

type targetGroupsOut struct {
	TargetGroups []targetGroupOut `xml:"TargetGroups>member"`
	NextMarker   string           `xml:",omitempty"`
}

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)
	pathOnly    = regexp.MustCompile(`^/\S*$`)
)

// checkName applies the rules for names of load balancers and target groups.
func checkName(kind, name string) error {
	switch {
	case name == "":
		return core.Errorf("ValidationError", "%s name must be specified", kind)
	case len(name) > 32:
		return core.Errorf("ValidationError", "%s name '%s' cannot be longer than '32' characters", kind, name)
	case !namePattern.MatchString(name):
		return core.Errorf("ValidationError", "%s name '%s' can only contain characters that are alphanumeric characters and hyphens(-)", kind, name)
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return core.Errorf("ValidationError", "%s name '%s' cannot begin or end with '-'", kind, name)
	}
	return nil
}

func (s *Service) createTargetGroup(in createTargetGroupInput) (any, error) {
	g, err := s.addTargetGroup(in)
	if err != nil {
		return nil, err
	}
	return targetGroupsOut{TargetGroups: []targetGroupOut{s.groupOut(g)}}, nil
}

// addTargetGroup returns the existing group when all settings are equal.
func (s *Service) addTargetGroup(in createTargetGroupInput) (*targetGroup, error) {
	if err := checkName("Target group", in.Name); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	in.complete()
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := s.checkVPC(&in); err != nil {
		return nil, err
	}
	g := &targetGroup{settings: in, tags: in.Tags, attributes: defaultAttributes()}
	if existing := s.groupNamed(in.Name); existing != nil {
		g.arn = existing.arn
		if s.groupOut(existing).comparable() != s.groupOut(g).comparable() {
			return nil, core.Errorf("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", in.Name)
		}
		return existing, nil
	}
	g.arn = s.world.ARN("elasticloadbalancing", "targetgroup/"+in.Name+"/"+s.world.HexID(16))
	s.groups = append(s.groups, g)
	return g, nil
}

// comparable leaves out what isn't a setting.
func (o targetGroupOut) comparable() any {
	type settings struct {
		text [10]string
		nums [5]int
		on   bool
	}
	return settings{
		text: [10]string{o.TargetGroupName, o.Protocol, o.ProtocolVersion, o.VpcId, o.TargetType, o.HealthCheckPath, o.HealthCheckPort, o.HealthCheckProtocol, o.Matcher.HttpCode, o.Matcher.GrpcCode},
		nums: [5]int{o.Port, o.HealthCheckIntervalSeconds, o.HealthCheckTimeoutSeconds, o.HealthyThresholdCount, o.UnhealthyThresholdCount},
		on:   o.HealthCheckEnabled,
	}
}

// complete fills in AWS's defaults.
func (in *createTargetGroupInput) complete() {
	orText := func(p *string, text string) {
		if *p == "" {
			*p = text
		}
	}
	orInt := func(p **int, n int) {
		if *p == nil {
			*p = &n
		}
	}
	orText(&in.TargetType, "instance")
	orText(&in.ProtocolVersion, "HTTP1")
	path, matcher := "/", Matcher{HttpCode: "200"}
	if in.ProtocolVersion == versionGRPC {
		path, matcher = "/AWS.ALB/healthcheck", Matcher{GrpcCode: "12"}
	}
	orText(&in.IpAddressType, "ipv4")
	orText(&in.HealthCheckPath, path)
	orText(&in.HealthCheckPort, "traffic-port")
	orText(&in.HealthCheckProtocol, "HTTP")
	orInt(&in.HealthCheckIntervalSeconds, 30)
	orInt(&in.HealthCheckTimeoutSeconds, 5)
	orInt(&in.HealthyThresholdCount, 5)
	orInt(&in.UnhealthyThresholdCount, 2)
	if in.HealthCheckEnabled == nil {
		in.HealthCheckEnabled = new(true)
	}
	if in.Matcher == nil {
		in.Matcher = &matcher
	}
}

// check validates completed settings.
func (in *createTargetGroupInput) check() error {
	if in.Protocol != "HTTP" && in.Protocol != "HTTPS" {
		return core.Errorf("ValidationError", "Protocol '%s' must be one of '[HTTP, HTTPS]': only application load balancers are simulated", in.Protocol)
	}
	if !slices.Contains(protocolVersions, in.ProtocolVersion) {
		return core.Errorf("ValidationError", "Protocol version '%s' must be one of '%s'", in.ProtocolVersion, protocolVersions)
	}
	if in.Port == nil || *in.Port < 1 || *in.Port > 65535 {
		return core.Errorf("ValidationError", "A target group port between 1 and 65535 must be specified")
	}
	if in.VpcId == "" {
		return core.Errorf("ValidationError", "A VPC ID must be specified")
	}
	if in.TargetType != "ip" && in.TargetType != "instance" {
		return core.Errorf("ValidationError", "Target type '%s' must be one of '[instance, ip]'", in.TargetType)
	}
	return in.checkHealthCheck()
}

func (in *createTargetGroupInput) checkHealthCheck() error {
	ranges := []struct {
		name      string
		value     int
		low, high int
	}{
		{"Health check interval", *in.HealthCheckIntervalSeconds, 5, 300},
		{"Health check timeout", *in.HealthCheckTimeoutSeconds, 2, 120},
		{"Healthy threshold count", *in.HealthyThresholdCount, 2, 10},
		{"Unhealthy threshold count", *in.UnhealthyThresholdCount, 2, 10},
	}
	for _, r := range ranges {
		if r.value < r.low || r.value > r.high {
			return core.Errorf("ValidationError", "%s '%d' must be between %d and %d", r.name, r.value, r.low, r.high)
		}
	}
	if *in.HealthCheckTimeoutSeconds >= *in.HealthCheckIntervalSeconds {
		return core.Errorf("ValidationError", "Health check timeout '%d' must be smaller than or equal to the interval '%d'",
			*in.HealthCheckTimeoutSeconds, *in.HealthCheckIntervalSeconds)
	}
	if len(in.HealthCheckPath) > 1024 || !pathOnly.MatchString(in.HealthCheckPath) {
		return core.Errorf("ValidationError", "Health check path '%s' must begin with a '/' character, and can contain up to 1024 characters", in.HealthCheckPath)
	}
	if err := in.checkProbe(); err != nil {
		return err
	}
	return in.checkMatcher()
}

func (s *Service) groupOut(g *targetGroup) targetGroupOut {
	in := g.settings
	out := targetGroupOut{
		TargetGroupArn: g.arn, TargetGroupName: in.Name, Protocol: in.Protocol, ProtocolVersion: in.ProtocolVersion,
		Port: *in.Port, VpcId: in.VpcId, TargetType: in.TargetType, IpAddressType: in.IpAddressType,
		HealthCheckEnabled: *in.HealthCheckEnabled, HealthCheckPath: in.HealthCheckPath, HealthCheckPort: in.HealthCheckPort,
		HealthCheckProtocol: in.HealthCheckProtocol, HealthCheckIntervalSeconds: *in.HealthCheckIntervalSeconds,
		HealthCheckTimeoutSeconds: *in.HealthCheckTimeoutSeconds, HealthyThresholdCount: *in.HealthyThresholdCount,
		UnhealthyThresholdCount: *in.UnhealthyThresholdCount, Matcher: *in.Matcher,
	}
	for _, lb := range s.associated(g.arn) {
		out.LoadBalancerArns = append(out.LoadBalancerArns, lb.arn)
	}
	return out
}

// group finds by ARN.
func (s *Service) group(arn string) (*targetGroup, error) {
	for _, g := range s.groups {
		if g.arn == arn {
			return g, nil
		}
	}
	if !strings.Contains(arn, ":targetgroup/") {
		return nil, core.Errorf("ValidationError", "'%s' is not a valid target group ARN", arn)
	}
	return nil, core.Errorf("TargetGroupNotFound", "One or more target groups not found")
}

func (s *Service) groupNamed(name string) *targetGroup {
	for _, g := range s.groups {
		if g.settings.Name == name {
			return g
		}
	}
	return nil
}

type describeTargetGroupsInput struct {
	LoadBalancerArn string
	TargetGroupArns []string
	Names           []string
	Marker          string
	PageSize        *int
}

func (s *Service) describeTargetGroups(in describeTargetGroupsInput) (any, error) {
	found, err := s.selectGroups(in)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(found, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := targetGroupsOut{NextMarker: next}
	for _, g := range page {
		out.TargetGroups = append(out.TargetGroups, s.groupOut(g))
	}
	return out, nil
}

func (s *Service) selectGroups(in describeTargetGroupsInput) ([]*targetGroup, error) {
	if in.LoadBalancerArn != "" {
		lb, err := s.loadBalancer(in.LoadBalancerArn)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(slices.Clone(s.groups), func(g *targetGroup) bool {
			return !slices.Contains(s.associated(g.arn), lb)
		}), nil
	}
	if len(in.TargetGroupArns) == 0 && len(in.Names) == 0 {
		return s.groups, nil
	}
	var found []*targetGroup
	for _, arn := range in.TargetGroupArns {
		g, err := s.group(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, g)
	}
	for _, name := range in.Names {
		g := s.groupNamed(name)
		if g == nil {
			return nil, core.Errorf("TargetGroupNotFound", "One or more target groups not found")
		}
		found = append(found, g)
	}
	return found, nil
}

type modifyTargetGroupInput struct {
	TargetGroupArn             string
	HealthCheckEnabled         *bool
	HealthCheckPath            string
	HealthCheckPort            string
	HealthCheckProtocol        string
	HealthCheckIntervalSeconds *int
	HealthCheckTimeoutSeconds  *int
	HealthyThresholdCount      *int
	UnhealthyThresholdCount    *int
	Matcher                    *Matcher
}

func (s *Service) modifyTargetGroup(in modifyTargetGroupInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	next := createTargetGroupInput{
		HealthCheckEnabled: in.HealthCheckEnabled, HealthCheckPath: in.HealthCheckPath, HealthCheckPort: in.HealthCheckPort,
		HealthCheckProtocol: in.HealthCheckProtocol, HealthCheckIntervalSeconds: in.HealthCheckIntervalSeconds,
		HealthCheckTimeoutSeconds: in.HealthCheckTimeoutSeconds, HealthyThresholdCount: in.HealthyThresholdCount,
		UnhealthyThresholdCount: in.UnhealthyThresholdCount, Matcher: in.Matcher,
	}
	next.inherit(g.settings)
	if err := next.check(); err != nil {
		return nil, err
	}
	g.settings = next
	return targetGroupsOut{TargetGroups: []targetGroupOut{s.groupOut(g)}}, nil
}

// inherit takes what isn't given from the settings before, and what can't be
// changed.
func (in *createTargetGroupInput) inherit(old createTargetGroupInput) {
	merged := old
	if in.HealthCheckEnabled != nil {
		merged.HealthCheckEnabled = in.HealthCheckEnabled
	}
	for _, text := range []struct{ to, from *string }{
		{&merged.HealthCheckPath, &in.HealthCheckPath},
		{&merged.HealthCheckPort, &in.HealthCheckPort},
		{&merged.HealthCheckProtocol, &in.HealthCheckProtocol},
	} {
		if *text.from != "" {
			*text.to = *text.from
		}
	}
	for _, number := range []struct{ to, from **int }{
		{&merged.HealthCheckIntervalSeconds, &in.HealthCheckIntervalSeconds},
		{&merged.HealthCheckTimeoutSeconds, &in.HealthCheckTimeoutSeconds},
		{&merged.HealthyThresholdCount, &in.HealthyThresholdCount},
		{&merged.UnhealthyThresholdCount, &in.UnhealthyThresholdCount},
	} {
		if *number.from != nil {
			*number.to = *number.from
		}
	}
	if in.Matcher != nil {
		merged.Matcher = in.Matcher
	}
	*in = merged
}

type deleteTargetGroupInput struct{ TargetGroupArn string }

// deleteTargetGroup refuses a group that a rule uses; a missing one is deleted.
func (s *Service) deleteTargetGroup(in deleteTargetGroupInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, nil //nolint:nilerr // deleting is idempotent
	}
	if len(s.associated(g.arn)) > 0 {
		return nil, core.Errorf("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", g.arn)
	}
	for _, t := range g.targets {
		t.timer.Stop()
	}
	s.groups = slices.DeleteFunc(s.groups, func(o *targetGroup) bool { return o == g })
	for _, t := range g.targets { // tasks that wait until they have drained
		s.onHealth(g.arn, t.ip, t.port)
	}
	return nil, nil
}
