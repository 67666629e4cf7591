package elb

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// UserAgent is how health checks present themselves to targets.
const UserAgent = "ELB-HealthChecker/2.0"

// GRPCStatus is the header, in truth a trailer, with the code of a gRPC answer.
const GRPCStatus = "Grpc-Status"

var (
	notInUse = TargetHealth{
		State: StateUnused, Reason: "Target.NotInUse",
		Description: "Target group is not configured to receive traffic from the load balancer",
	}
	beyond = TargetHealth{
		State: StateUnused, Reason: "Target.NotInUse",
		Description: "Target is in an Availability Zone that is not enabled for the load balancer",
	}
	registering = TargetHealth{
		State: StateInitial, Reason: "Elb.RegistrationInProgress", Description: "Target registration is in progress",
	}
	checking = TargetHealth{
		State: StateInitial, Reason: "Elb.InitialHealthChecking", Description: "Initial health checks in progress",
	}
)

// registrationTime is how long a new target waits for its first health check.
const registrationTime = 4 * time.Second

// inUse tells whether a rule uses the group or still can in the data plane.
func (s *Service) inUse(g *targetGroup) bool {
	return len(s.associated(g.arn)) > 0 || s.inDataPlane(g.arn)
}

// shownHealth is what DescribeTargetHealth tells: a group that no rule uses is
// unused at once, though the data plane may still send it requests.
func (s *Service) shownHealth(g *targetGroup, t *target) TargetHealth {
	if t.health.State != StateDraining && len(s.associated(g.arn)) == 0 {
		return notInUse
	}
	return t.health
}

// begin starts a target's life: health checks if the group is in use.
func (s *Service) begin(g *targetGroup, t *target) {
	t.timer.Stop()
	t.timer, t.streak = nil, 0
	if !s.inUse(g) {
		s.set(g, t, notInUse)
		return
	}
	if s.isBeyond(g, t) {
		s.set(g, t, beyond)
		return
	}
	s.set(g, t, registering)
	t.timer = s.world.After(s.jitter(registrationTime), func() {
		s.set(g, t, checking)
		s.check(g, t)
	})
}

// jitter varies d by a quarter.
func (s *Service) jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + 0.5*s.world.Rand().Float64()))
}

// resumeChecks begins the health checks of groups that a rule starts to use.
func (s *Service) resumeChecks(groupARNs []string) {
	for _, arn := range groupARNs {
		g, err := s.group(arn)
		if err != nil {
			continue
		}
		for _, t := range g.targets {
			if t.timer == nil {
				s.begin(g, t)
			}
		}
	}
}

// check asks the target once and again after the interval.
func (s *Service) check(g *targetGroup, t *target) {
	t.timer = nil
	if !s.inUse(g) {
		s.set(g, t, notInUse)
		return
	}
	t.timer = s.world.After(time.Duration(*g.settings.HealthCheckIntervalSeconds)*time.Second, func() { s.check(g, t) })
	if !*g.settings.HealthCheckEnabled {
		s.set(g, t, TargetHealth{State: StateHealthy})
		return
	}
	if failure := s.probe(g, t); failure != nil {
		s.failed(g, t, *failure)
		return
	}
	s.passed(g, t)
}

func (s *Service) passed(g *targetGroup, t *target) {
	t.streak = max(t.streak, 0) + 1
	// A new target is in service after a single check that passes.
	if t.health.State == StateInitial || t.streak >= *g.settings.HealthyThresholdCount {
		s.set(g, t, TargetHealth{State: StateHealthy})
	}
}

func (s *Service) failed(g *targetGroup, t *target, failure TargetHealth) {
	t.streak = min(t.streak, 0) - 1
	if -t.streak >= *g.settings.UnhealthyThresholdCount {
		s.set(g, t, failure)
	}
}

// probe returns nil if the target answers as a healthy one does.
func (s *Service) probe(g *targetGroup, t *target) *TargetHealth {
	failure := func(reason, format string, args ...any) *TargetHealth {
		return &TargetHealth{State: StateUnhealthy, Reason: reason, Description: fmt.Sprintf(format, args...)}
	}
	if s.backend == nil {
		return failure("Target.FailedHealthChecks", "Health checks failed")
	}
	port, _ := strconv.Atoi(g.checkPort(t))
	req, err := g.checkRequest(t)
	if err != nil {
		return failure("Elb.InternalError", "Health checks failed due to an internal error")
	}
	answer := s.backend.Answer(t.ip, port, req)
	switch {
	case answer.Refused:
		return failure("Target.FailedHealthChecks", "Health checks failed")
	case answer.Delay > time.Duration(*g.settings.HealthCheckTimeoutSeconds)*time.Second:
		return failure("Target.Timeout", "Request timed out")
	}
	if code, good := g.judge(answer); !good {
		return failure("Target.ResponseCodeMismatch", "Health checks failed with these codes: [%d]", code)
	}
	return nil
}

// checkRequest is what a health check asks.
func (g *targetGroup) checkRequest(t *target) (*http.Request, error) {
	method := http.MethodGet
	if g.settings.ProtocolVersion == versionGRPC {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, "http://"+t.ip+g.settings.HealthCheckPath, nil) //nolint:noctx // never sent
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", UserAgent)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/grpc")
	}
	return req, nil
}

// judge reads the code of an answer, and tells whether it is a healthy target's.
// Where nothing speaks gRPC there is no gRPC code, only HTTP's.
func (g *targetGroup) judge(answer Answer) (code int, good bool) {
	if g.settings.ProtocolVersion != versionGRPC {
		return answer.Status, matches(g.settings.Matcher.HttpCode, answer.Status)
	}
	code, err := strconv.Atoi(answer.Header.Get(GRPCStatus))
	if err != nil {
		return answer.Status, false
	}
	return code, matches(g.settings.Matcher.GrpcCode, code)
}

func (g *targetGroup) checkPort(t *target) string {
	if g.settings.HealthCheckPort == trafficPort {
		return strconv.Itoa(t.port)
	}
	return g.settings.HealthCheckPort
}

// set changes the state and tells who watches.
func (s *Service) set(g *targetGroup, t *target, health TargetHealth) {
	if t.health == health {
		return
	}
	t.health = health
	s.warmUp(g, t)
	s.onHealth(g.arn, t.ip, t.port)
}
