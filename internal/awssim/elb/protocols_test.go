package elb

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The matcher, path and listener of a target group follow from its protocol
// version (API reference, CreateTargetGroup and Matcher; guide, "Protocol
// version").
func TestProtocolVersions(t *testing.T) {
	tests := map[string]struct {
		extra []string
		text  string
	}{
		"gRPC":                      {extra: []string{"ProtocolVersion", "GRPC"}},
		"gRPC, a method and codes":  {extra: []string{"ProtocolVersion", "GRPC", "HealthCheckPath", "/shop.Health/Check", "Matcher.GrpcCode", "0-5,12"}},
		"gRPC, HTTP codes":          {extra: []string{"ProtocolVersion", "GRPC", "Matcher.HttpCode", "200"}, text: "needs gRPC codes"},
		"gRPC, code 100":            {extra: []string{"ProtocolVersion", "GRPC", "Matcher.GrpcCode", "100"}, text: "within '0-99'"},
		"gRPC, no method":           {extra: []string{"ProtocolVersion", "GRPC", "HealthCheckPath", "/"}, text: "'/package.service/method'"},
		"HTTP/2":                    {extra: []string{"ProtocolVersion", "HTTP2"}},
		"HTTP/1, gRPC codes":        {extra: []string{"Matcher.GrpcCode", "0"}, text: "needs the protocol version GRPC"},
		"HTTP/3":                    {extra: []string{"ProtocolVersion", "HTTP3"}, text: "Protocol version 'HTTP3'"},
		"another port":              {extra: []string{"HealthCheckPort", "9090", "HealthCheckProtocol", "HTTPS"}},
		"port that isn't":           {extra: []string{"HealthCheckPort", "65536"}, text: "Health check port '65536'"},
		"protocol of network loads": {extra: []string{"HealthCheckProtocol", "TCP"}, text: "Health check protocol 'TCP'"},
	}
	a := newAccount(t, Options{})
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			a.t = t
			if tc := tests[name]; tc.text != "" {
				a.refuse("ValidationError", tc.text, "CreateTargetGroup", groupParameters("g", tc.extra...)...)
				return
			}
			group := a.group("g", tests[name].extra...)
			a.must("DeleteTargetGroup", "TargetGroupArn", group)
		})
	}
	a.t = t
	for _, version := range []string{"GRPC", "HTTP2"} {
		group := a.group(version, "ProtocolVersion", version)
		a.refuse("InvalidLoadBalancerAction", "Listener protocol 'HTTP' is not supported with a target group with the protocol-version '"+version+"'",
			"CreateRule", a.ruleParameters(10, forward(group)...)...)
		parameters := a.ruleParameters(len(version), forward(group)...)
		parameters[1] = a.https
		a.must("CreateRule", parameters...)
	}
	shown := a.must("DescribeTargetGroups", "Names.member.1", "GRPC").(targetGroupsOut).TargetGroups[0]
	if shown.HealthCheckPath != "/AWS.ALB/healthcheck" || shown.Matcher != (Matcher{GrpcCode: "12"}) {
		t.Errorf("defaults of gRPC: %q, %+v", shown.HealthCheckPath, shown.Matcher)
	}
}

// A gRPC health check reads gRPC's code, whatever HTTP's is.
func TestHealthOfGRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, Options{})
		code := func(n string) Answer { return Answer{Status: 200, Header: http.Header{GRPCStatus: {n}}} }
		backend := &answers{code("12")}
		a.elb.SetBackend(backend)
		group := a.group("g", "HealthCheckIntervalSeconds", "10", "ProtocolVersion", "GRPC")
		parameters := a.ruleParameters(10, forward(group)...)
		parameters[1] = a.https
		a.must("CreateRule", parameters...)
		a.must("RegisterTargets", "TargetGroupArn", group, "Targets.member.1.Id", "10.0.0.1")
		wait(6 * time.Second)
		a.expect(group, "healthy", "", "")
		a.answer(backend, code("13"))
		wait(20 * time.Second)
		a.expect(group, "unhealthy", "Target.ResponseCodeMismatch", "[13]")
		a.answer(backend, Answer{Status: 200})
		wait(10 * time.Second)
		a.expect(group, "unhealthy", "Target.ResponseCodeMismatch", "[200]")
	})
}

// What the guide, "Edit target group attributes", excludes.
func TestAttributesThatExclude(t *testing.T) {
	tests := map[string]struct {
		attributes []string
		text       string
	}{
		"slow start":                          {[]string{slowStartSeconds, "30"}, ""},
		"slow start, weighted random":         {[]string{slowStartSeconds, "30", algorithmType, weightedRandom}, "slow start"},
		"slow start, least outstanding":       {[]string{slowStartSeconds, "30", algorithmType, "least_outstanding_requests"}, "slow start"},
		"anomaly mitigation":                  {[]string{algorithmType, weightedRandom, anomalyMitigation, "on"}, ""},
		"anomaly mitigation, in turn":         {[]string{anomalyMitigation, "on"}, "anomaly mitigation"},
		"stickiness":                          {[]string{stickinessEnabled, "true", lbCookieSeconds, "60"}, ""},
		"stickiness, weighted random":         {[]string{stickinessEnabled, "true", algorithmType, weightedRandom}, "stickiness"},
		"stickiness, zones apart":             {[]string{stickinessEnabled, "true", crossZoneEnabled, "false"}, "stickiness"},
		"stickiness of an unnamed app cookie": {[]string{stickinessEnabled, "true", stickinessType, appCookie}, "You must set an application cookie name"},
		"stickiness of an app cookie":         {[]string{stickinessEnabled, "true", stickinessType, appCookie, appCookieName, "SESSION"}, ""},
	}
	a := newAccount(t, Options{})
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			a.t = t
			group := a.group("g")
			defer a.must("DeleteTargetGroup", "TargetGroupArn", group)
			parameters := []string{"TargetGroupArn", group}
			for i, text := range tests[name].attributes {
				parameters = append(parameters, "Attributes.member."+string(rune('1'+i/2))+[]string{".Key", ".Value"}[i%2], text)
			}
			if text := tests[name].text; text != "" {
				a.refuse("InvalidConfigurationRequest", text, "ModifyTargetGroupAttributes", parameters...)
				return
			}
			a.must("ModifyTargetGroupAttributes", parameters...)
		})
	}
	a.t = t
	group := a.group("short")
	for key, value := range map[string]string{slowStartSeconds: "29", appCookieName: "AWSALBAPP"} {
		a.refuse("ValidationError", "is not valid for key", "ModifyTargetGroupAttributes", "TargetGroupArn", group, "Attributes.member.1.Key", key, "Attributes.member.1.Value", value)
	}
}

// Weights between groups that keep their clients need a rule that does, too.
func TestBothSticky(t *testing.T) {
	a := newAccount(t, Options{})
	plain, sticky := a.group("plain"), a.group("sticky")
	a.must("ModifyTargetGroupAttributes", "TargetGroupArn", sticky, "Attributes.member.1.Key", stickinessEnabled, "Attributes.member.1.Value", "true")
	a.must("CreateRule", a.ruleParameters(10, forward(sticky)...)...)
	both := weighted(plain, "90", sticky, "10")
	a.refuse("InvalidLoadBalancerAction", "You must enable group stickiness on a rule", "CreateRule", a.ruleParameters(11, both...)...)
	a.must("CreateRule", a.ruleParameters(11, append(both, "Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.Enabled", "true",
		"Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds", "60")...)...)
}

// A target in slow start gets a growing share, but only beside one that isn't.
func TestSlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, Options{})
		a.elb.SetBackend(&answers{Answer{Status: 200}})
		group := a.group("g")
		a.rule(10, group)
		a.must("ModifyTargetGroupAttributes", "TargetGroupArn", group, "Attributes.member.1.Key", slowStartSeconds, "Attributes.member.1.Value", "100")
		shares := func() (all []float64) {
			a.world.Lock()
			defer a.world.Unlock()
			for _, live := range a.elb.LiveTargets(group) {
				all = append(all, live.Share)
			}
			return all
		}
		for _, ip := range []string{"10.0.0.1", "10.0.0.2"} {
			a.must("RegisterTargets", "TargetGroupArn", group, "Targets.member.1.Id", ip)
			wait(6 * time.Second)
		}
		wait(48 * time.Second)
		if got := shares(); got[0] != 1 || got[1] < 0.4 || got[1] > 0.55 {
			t.Errorf("half-way: %v", got)
		}
		wait(60 * time.Second)
		if got := shares(); got[1] != 1 {
			t.Errorf("at the end: %v", got)
		}
	})
}
