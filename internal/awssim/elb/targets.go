package elb

import (
	"net/netip"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The states of a target.
const (
	StateInitial   = "initial"
	StateHealthy   = "healthy"
	StateUnhealthy = "unhealthy"
	StateDraining  = "draining"
	StateUnused    = "unused"
)

// TargetHealth is a target's state, with reason and description as AWS gives
// them.
type TargetHealth struct {
	State       string
	Reason      string `xml:",omitempty"`
	Description string `xml:",omitempty"`
}

type target struct {
	// ip is the target's address, or the ID of its instance.
	ip     string
	port   int
	zone   string
	health TargetHealth
	// streak counts checks in a row that passed (positive) or failed.
	streak int
	// warmingSince is when its slow start began; zero if it isn't in one.
	warmingSince time.Time
	// timer is the next health check or the end of draining; nil if there is
	// nothing to wait for.
	timer *core.Timer
}

type targetID struct {
	Id               string
	Port             *int   `xml:",omitempty"`
	AvailabilityZone string `xml:",omitempty"`
}

type targetsInput struct {
	TargetGroupArn string
	Targets        []targetID
}

// Register adds a target to a group; a draining one comes back.
func (s *Service) Register(groupARN, ip string, port int) error {
	return s.RegisterIn(s.world.Region+"a", groupARN, ip, port)
}

// RegisterIn does so for a target in an Availability Zone.
func (s *Service) RegisterIn(zone, groupARN, ip string, port int) error {
	g, err := s.group(groupARN)
	if err != nil {
		return err
	}
	if t := g.find(ip, port); t != nil {
		if t.health.State == StateDraining {
			s.begin(g, t)
		}
		return nil
	}
	if len(g.targets) >= s.opts.TargetsPerGroup {
		return core.Errorf("TooManyTargets", "You've reached the limit on the number of targets")
	}
	t := &target{ip: ip, port: port, zone: zone}
	g.targets = append(g.targets, t)
	s.begin(g, t)
	return nil
}

// Deregister starts draining a target. It is gone, and OnHealthChange called,
// once the group's deregistration delay has passed. Unknown targets are gone.
func (s *Service) Deregister(groupARN, ip string, port int) error {
	g, err := s.group(groupARN)
	if err != nil {
		return err
	}
	t := g.find(ip, port)
	if t == nil || t.health.State == StateDraining {
		return nil
	}
	t.timer.Stop()
	if !s.inUse(g) || g.deregistrationDelay() == 0 {
		s.forget(g, t)
		return nil
	}
	s.set(g, t, TargetHealth{
		State: StateDraining, Reason: "Target.DeregistrationInProgress", Description: "Target deregistration is in progress",
	})
	t.timer = s.world.After(g.deregistrationDelay(), func() { s.forget(g, t) })
	return nil
}

func (s *Service) forget(g *targetGroup, t *target) {
	t.timer = nil
	g.targets = slices.DeleteFunc(g.targets, func(o *target) bool { return o == t })
	s.onHealth(g.arn, t.ip, t.port)
}

func (g *targetGroup) find(ip string, port int) *target {
	for _, t := range g.targets {
		if t.ip == ip && t.port == port {
			return t
		}
	}
	return nil
}

// Health is a target's state; found is false when it isn't registered (any
// more) or the group doesn't exist.
func (s *Service) Health(groupARN, ip string, port int) (health TargetHealth, found bool) {
	g, err := s.group(groupARN)
	if err != nil {
		return TargetHealth{}, false
	}
	t := g.find(ip, port)
	if t == nil {
		return TargetHealth{}, false
	}
	return s.shownHealth(g, t), true
}

// SetInstances tells where instances are, which can be registered if they are found.
func (s *Service) SetInstances(zoneOf func(id string) (zone string, found bool)) {
	s.instances = zoneOf
}

// TargetType of a group: ip or instance; "" if there is no such group.
func (s *Service) TargetType(groupARN string) string {
	g, err := s.group(groupARN)
	if err != nil {
		return ""
	}
	return g.settings.TargetType
}

// HasLoadBalancer tells whether a rule uses the group. The error says that it
// doesn't exist.
func (s *Service) HasLoadBalancer(groupARN string) (bool, error) {
	if _, err := s.group(groupARN); err != nil {
		return false, err
	}
	return len(s.associated(groupARN)) > 0, nil
}

// DeregistrationDelay is how long the group's targets drain, as AWS would take
// it.
func (s *Service) DeregistrationDelay(groupARN string) time.Duration {
	g, err := s.group(groupARN)
	if err != nil {
		return 0
	}
	return g.deregistrationDelay()
}

// LiveTarget is a target which requests can be sent to.
type LiveTarget struct {
	IP      string
	Port    int
	Healthy bool
	// Share of what a target gets otherwise: below 1 in slow start.
	Share float64
}

// LiveTargets are the group's targets that take new requests: all but the
// draining ones. When none is healthy a load balancer uses them all.
func (s *Service) LiveTargets(groupARN string) []LiveTarget {
	g, err := s.group(groupARN)
	if err != nil {
		return nil
	}
	var live []LiveTarget
	for _, t := range g.targets {
		if t.health.State != StateDraining && t.health != beyond {
			live = append(live, LiveTarget{IP: t.ip, Port: t.port, Healthy: t.health.State == StateHealthy, Share: s.share(g, t)})
		}
	}
	return live
}

func (s *Service) registerTargets(in targetsInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, core.Errorf("ValidationError", "At least one target must be specified")
	}
	for _, t := range in.Targets {
		if g.settings.TargetType != "ip" {
			if _, runs := s.instances(t.Id); !runs {
				return nil, core.Errorf("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", t.Id)
			}
			continue
		}
		ip, err := netip.ParseAddr(t.Id)
		if err != nil {
			return nil, core.Errorf("ValidationError", "The IP address '%s' is not a valid IPv4 address", t.Id)
		}
		if s.outside(ip) && t.AvailabilityZone == "" {
			return nil, core.Errorf("ValidationError", "The Availability Zone is required for IP address '%s' because it is not in the VPC", t.Id)
		}
	}
	for _, t := range in.Targets {
		if err := s.RegisterIn(s.zoneOf(t), g.arn, t.Id, g.portOf(t)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// zoneOf is where a target is: what it is registered with counts only outside of
// the VPC.
func (s *Service) zoneOf(t targetID) string {
	if ip, err := netip.ParseAddr(t.Id); err == nil && s.outside(ip) {
		return t.AvailabilityZone
	}
	if zone, found := s.instances(t.Id); found {
		return zone
	}
	return s.world.Region + "a"
}

func (g *targetGroup) portOf(t targetID) int {
	if t.Port != nil {
		return *t.Port
	}
	return *g.settings.Port
}

func (s *Service) deregisterTargets(in targetsInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Targets {
		if err := s.Deregister(g.arn, t.Id, g.portOf(t)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

type describeTargetHealthInput struct {
	TargetGroupArn string
	Targets        []targetID
	Include        []string
}

type targetHealthDescription struct {
	Target          targetID
	HealthCheckPort string
	TargetHealth    TargetHealth
}

type targetHealthOut struct {
	TargetHealthDescriptions []targetHealthDescription `xml:"TargetHealthDescriptions>member"`
}

func (s *Service) describeTargetHealth(in describeTargetHealthInput) (any, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if len(in.Include) > 0 {
		return nil, core.Errorf("ValidationError", "Include is not simulated")
	}
	var out targetHealthOut
	if len(in.Targets) == 0 {
		for _, t := range g.targets {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, s.describe(g, t))
		}
		return out, nil
	}
	for _, id := range in.Targets {
		t := g.find(id.Id, g.portOf(id))
		if t == nil {
			t = &target{ip: id.Id, port: g.portOf(id), health: TargetHealth{
				State: StateUnused, Reason: "Target.NotRegistered", Description: "Target is not registered to the target group",
			}}
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, t.out(g, t.health))
			continue
		}
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, s.describe(g, t))
	}
	return out, nil
}

func (s *Service) describe(g *targetGroup, t *target) targetHealthDescription {
	return t.out(g, s.shownHealth(g, t))
}

func (t *target) out(g *targetGroup, health TargetHealth) targetHealthDescription {
	id := targetID{Id: t.ip, Port: &t.port, AvailabilityZone: t.zone}
	if g.settings.TargetType == "instance" {
		id.AvailabilityZone = ""
	}
	return targetHealthDescription{Target: id, HealthCheckPort: g.checkPort(t), TargetHealth: health}
}
