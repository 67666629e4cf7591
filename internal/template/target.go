package template

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

type targetGroupProperties struct {
	Name                       string
	TargetType                 string
	Protocol                   string
	ProtocolVersion            string `json:",omitempty"`
	Port                       int32
	VPCID                      string `json:"VpcId"`
	HealthCheckProtocol        string
	HealthCheckPort            string                 `json:",omitempty"`
	HealthCheckPath            string                 `json:",omitempty"`
	HealthCheckIntervalSeconds *int32                 `json:",omitempty"`
	HealthCheckTimeoutSeconds  *int32                 `json:",omitempty"`
	HealthyThresholdCount      *int32                 `json:",omitempty"`
	UnhealthyThresholdCount    *int32                 `json:",omitempty"`
	Matcher                    *matcher               `json:",omitempty"`
	TargetGroupAttributes      []targetGroupAttribute `json:",omitempty"`
}

// matcher holds codes of HTTP or of gRPC, never both.
type matcher struct {
	HTTPCode string `json:"HttpCode,omitempty"`
	GRPCCode string `json:"GrpcCode,omitempty"`
}

type targetGroupAttribute struct {
	Key   string
	Value string
}

const protocolHTTP = "HTTP"

// speaksGRPC tells whether the load balancer speaks gRPC with the tasks, and so in
// its health checks.
func speaksGRPC(t *v1alpha1.Target) bool { return t.ProtocolVersion == v1alpha1.ProtocolVersionGRPC }

func targetGroup(in Input) resource {
	target := &in.Template.Target
	check := &target.HealthCheck
	p := targetGroupProperties{
		Name:                       TargetGroupName(in.Name, in.UID, in.Revision),
		TargetType:                 targetType(&in.Template),
		Protocol:                   cmp.Or(target.Protocol, protocolHTTP),
		ProtocolVersion:            target.ProtocolVersion,
		Port:                       target.ContainerPort,
		VPCID:                      in.Template.Network.VPCID,
		HealthCheckProtocol:        cmp.Or(check.Protocol, target.Protocol, protocolHTTP),
		HealthCheckPort:            checkPort(&in.Template),
		HealthCheckPath:            checkPath(target),
		HealthCheckIntervalSeconds: check.IntervalSeconds,
		HealthCheckTimeoutSeconds:  check.TimeoutSeconds,
		HealthyThresholdCount:      check.HealthyThreshold,
		UnhealthyThresholdCount:    check.UnhealthyThreshold,
		Matcher:                    checkMatcher(target),
		TargetGroupAttributes:      attributes(target),
	}
	return resource{Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Properties: p}
}

// checkPort is said where it can be no other: the port that a task gets on its
// instance.
func checkPort(t *v1alpha1.RevisionTemplate) string {
	if t.NetworkMode == v1alpha1.NetworkModeBridge {
		return v1alpha1.TrafficPort
	}
	return t.Target.HealthCheck.Port
}

// checkPath is "" where gRPC's own default is meant: the API fills in that of
// HTTP, which is no method.
func checkPath(t *v1alpha1.Target) string {
	if speaksGRPC(t) && t.HealthCheck.Path == "/" {
		return ""
	}
	return t.HealthCheck.Path
}

// checkMatcher holds the codes that fit the protocol: the API fills in one of HTTP
// for gRPC, too.
func checkMatcher(t *v1alpha1.Target) *matcher {
	m := matcher{HTTPCode: t.HealthCheck.SuccessCodes}
	if speaksGRPC(t) {
		m = matcher{GRPCCode: t.HealthCheck.GRPCCodes}
	}
	if m == (matcher{}) {
		return nil
	}
	return &m
}

// checkPorts are those that the load balancer has to reach: that of the requests,
// and that of the health check if it is another one.
func checkPorts(t *v1alpha1.Target) []int32 {
	ports := []int32{t.ContainerPort}
	if port, err := strconv.ParseInt(t.HealthCheck.Port, 10, 32); err == nil && int32(port) != t.ContainerPort {
		ports = append(ports, int32(port))
	}
	return ports
}

// attributes are those that differ from what the load balancer has by itself.
func attributes(t *v1alpha1.Target) (out []targetGroupAttribute) {
	set := func(key, value string) {
		if value != "" {
			out = append(out, targetGroupAttribute{key, value})
		}
	}
	set("deregistration_delay.timeout_seconds", number(t.DeregistrationDelaySeconds))
	if s := t.Stickiness; s != nil {
		set("stickiness.enabled", "true")
		set("stickiness.type", s.Type)
		set("stickiness.app_cookie.cookie_name", s.CookieName)
		set("stickiness."+s.Type+".duration_seconds", number(s.DurationSeconds))
	}
	set("slow_start.duration_seconds", number(t.SlowStartSeconds))
	set("load_balancing.algorithm.type", t.LoadBalancingAlgorithm)
	set("load_balancing.algorithm.anomaly_mitigation", either(t.AnomalyMitigation, "on", "off"))
	set("load_balancing.cross_zone.enabled", either(t.CrossZone, "true", "false"))
	return out
}

// number is "" for nothing.
func number(n *int32) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(int(*n))
}

// either translates ENABLED and DISABLED; "" stays.
func either(value, on, off string) string {
	switch value {
	case v1alpha1.Enabled:
		return on
	case v1alpha1.Disabled:
		return off
	}
	return ""
}

// explainCheck says what the load balancer's health check asks, and wants to hear;
// and, where the tasks have no security group, whose has to let it through.
func explainCheck(of *v1alpha1.RevisionTemplate) string {
	t, check, through := &of.Target, &of.Target.HealthCheck, ""
	if !of.OwnInterface() {
		through = "; the security group of the instances has to let the load balancer reach the tasks' ports"
	}
	port := check.Port
	if port == "" || port == v1alpha1.TrafficPort {
		port = strconv.Itoa(int(t.ContainerPort))
	}
	if speaksGRPC(t) {
		return fmt.Sprintf(" (the check calls the gRPC method %s on port %s, which has to answer with code %s%s)",
			cmp.Or(checkPath(t), "/AWS.ALB/healthcheck"), port, cmp.Or(check.GRPCCodes, "12"), through)
	}
	scheme := ""
	if cmp.Or(check.Protocol, t.Protocol, protocolHTTP) != protocolHTTP {
		scheme = " by HTTPS"
	}
	return fmt.Sprintf(" (the check is GET %s on port %s%s, which has to answer %s%s)",
		cmp.Or(check.Path, "/"), port, scheme, cmp.Or(check.SuccessCodes, "200"), through)
}
