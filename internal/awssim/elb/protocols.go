package elb

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Protocol versions of target groups.
const (
	versionHTTP1 = "HTTP1"
	versionHTTP2 = "HTTP2"
	versionGRPC  = "GRPC"
)

var protocolVersions = []string{versionHTTP1, versionHTTP2, versionGRPC}

const trafficPort = "traffic-port"

var (
	httpCodes = regexp.MustCompile(`^[2-4][0-9]{2}(-[2-4][0-9]{2})?(,[2-4][0-9]{2}(-[2-4][0-9]{2})?)*$`)
	grpcCodes = regexp.MustCompile(`^[0-9]{1,2}(-[0-9]{1,2})?(,[0-9]{1,2}(-[0-9]{1,2})?)*$`)
	grpcPath  = regexp.MustCompile(`^/[^/]+/[^/]+$`)
)

// checkProbe refuses a health check that can't be made.
func (in *createTargetGroupInput) checkProbe() error {
	if in.HealthCheckProtocol != "HTTP" && in.HealthCheckProtocol != "HTTPS" {
		return core.Errorf("ValidationError", "Health check protocol '%s' must be one of '[HTTP, HTTPS]'", in.HealthCheckProtocol)
	}
	if port, err := strconv.Atoi(in.HealthCheckPort); in.HealthCheckPort != trafficPort && (err != nil || port < 1 || port > 65535) {
		return core.Errorf("ValidationError", "Health check port '%s' must be between '1-65535' inclusive, or '%s'", in.HealthCheckPort, trafficPort)
	}
	if in.ProtocolVersion == versionGRPC && !grpcPath.MatchString(in.HealthCheckPath) {
		return core.Errorf("ValidationError", "Health check path '%s' must have the format '/package.service/method'", in.HealthCheckPath)
	}
	return nil
}

// checkMatcher takes the codes of the protocol version only (API reference,
// Matcher).
func (in *createTargetGroupInput) checkMatcher() error {
	m := in.Matcher
	if in.ProtocolVersion == versionGRPC {
		if m.HttpCode != "" || !grpcCodes.MatchString(m.GrpcCode) {
			return core.Errorf("ValidationError", "Health check matcher of a gRPC target group needs gRPC codes within '0-99' inclusive, not HTTP code '%s', gRPC code '%s'", m.HttpCode, m.GrpcCode)
		}
		return nil
	}
	if m.GrpcCode != "" {
		return core.Errorf("ValidationError", "Health check matcher gRPC code '%s' needs the protocol version GRPC", m.GrpcCode)
	}
	if !httpCodes.MatchString(m.HttpCode) {
		return core.Errorf("ValidationError", "Health check matcher HTTP code '%s' must be within '200-499' inclusive", m.HttpCode)
	}
	return nil
}

// checkVersions refuses target groups that the listener can't send requests to.
// The words were recorded in an account, for GRPC and for HTTP2.
func (s *Service) checkVersions(l *listener, arns []string) error {
	for _, arn := range arns {
		g, err := s.group(arn)
		if err != nil {
			return err
		}
		if version := g.settings.ProtocolVersion; l.protocol == "HTTP" && version != versionHTTP1 {
			return core.Errorf("InvalidLoadBalancerAction", "Listener protocol 'HTTP' is not supported with a target group with the protocol-version '%s'", version)
		}
	}
	return nil
}

// checkSticky checks and completes the stickiness of a forward.
func (s *Service) checkSticky(config *ForwardConfig) error {
	if err := checkStickiness(config); err != nil {
		return err
	}
	return s.checkBothSticky(config)
}

// checkBothSticky refuses weights between groups whose targets keep their clients,
// if the rule doesn't (the words: argoproj/argo-rollouts#1577).
func (s *Service) checkBothSticky(config *ForwardConfig) error {
	if len(config.TargetGroups) < 2 || *config.TargetGroupStickinessConfig.Enabled {
		return nil
	}
	for _, tuple := range config.TargetGroups {
		g, err := s.group(tuple.TargetGroupArn)
		if err != nil {
			return err
		}
		if g.attributes[stickinessEnabled] == attributeTrue {
			return core.Errorf("InvalidLoadBalancerAction", "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups")
		}
	}
	return nil
}

// matches tells whether a code is one of a matcher's, which were checked.
func matches(codes string, code int) bool {
	for part := range strings.SplitSeq(codes, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, _ := strconv.Atoi(low)
		to, _ := strconv.Atoi(high)
		if code >= from && code <= to {
			return true
		}
	}
	return false
}

// IsGRPC tells whether the content type of a request, or of an answer, is gRPC's.
func IsGRPC(contentType string) bool { return strings.HasPrefix(contentType, "application/grpc") }

// Takes tells whether requests of an HTTP version (1 or 2) and a content type fit
// the protocol version of a target group (guide, "Protocol version").
func (s *Service) Takes(groupARN string, major int, contentType string) bool {
	g, err := s.group(groupARN)
	return err != nil || g.settings.ProtocolVersion == versionHTTP1 || major >= 2 || IsGRPC(contentType)
}
