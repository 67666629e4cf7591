package template_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// speakingGRPC has what the API fills in for HTTP, and what is of no use to gRPC.
func speakingGRPC(t *v1alpha1.RevisionTemplate) {
	t.Target.ProtocolVersion = "GRPC"
	t.Target.HealthCheck = v1alpha1.TargetHealthCheck{Path: "/", SuccessCodes: "200"}
	t.Target.LoadBalancingAlgorithm, t.Target.AnomalyMitigation, t.Target.CrossZone = "weighted_random", "ENABLED", "DISABLED"
}

// The load balancer has to reach the port that it checks, too.
func TestPortsOfTheLoadBalancer(t *testing.T) {
	for port, want := range map[string][]int{"": {8080}, "traffic-port": {8080}, "8080": {8080}, "9090": {8080, 9090}} {
		t.Run(port, func(t *testing.T) {
			body := build(t, input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.Target.HealthCheck.Port = port })))
			var doc struct {
				Resources struct {
					SecurityGroup struct {
						Properties struct {
							SecurityGroupIngress []struct{ FromPort, ToPort int }
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(body), &doc); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, in := range doc.Resources.SecurityGroup.Properties.SecurityGroupIngress {
				if got = append(got, in.FromPort); in.FromPort != in.ToPort {
					t.Errorf("ports %d to %d", in.FromPort, in.ToPort)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A check that fails is told as it is made.
func TestFailedChecksAreExplained(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*v1alpha1.Target)
		want string
	}{
		"by default":    {func(*v1alpha1.Target) {}, " (the check is GET / on port 8080, which has to answer 200)"},
		"another port":  {func(t *v1alpha1.Target) { t.HealthCheck.Port = "9090" }, " (the check is GET / on port 9090, which has to answer 200)"},
		"HTTPS":         {func(t *v1alpha1.Target) { t.Protocol = "HTTPS" }, " (the check is GET / on port 8080 by HTTPS, which has to answer 200)"},
		"HTTP of HTTPS": {func(t *v1alpha1.Target) { t.Protocol, t.HealthCheck.Protocol = "HTTPS", "HTTP" }, " (the check is GET / on port 8080, which has to answer 200)"},
		"gRPC": {
			func(t *v1alpha1.Target) { t.ProtocolVersion, t.HealthCheck.Path = "GRPC", "/" },
			" (the check calls the gRPC method /AWS.ALB/healthcheck on port 8080, which has to answer with code 12)",
		},
		"gRPC of its own": {
			func(t *v1alpha1.Target) {
				t.ProtocolVersion, t.HealthCheck.Path, t.HealthCheck.GRPCCodes = "GRPC", "/shop.Health/Check", "0"
			},
			" (the check calls the gRPC method /shop.Health/Check on port 8080, which has to answer with code 0)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			of := minimalTemplate()
			tc.edit(&of.Target)
			source, err := template.SourceOf(&of)
			if err != nil {
				t.Fatal(err)
			}
			if got := source.Explain(&of, template.LogicalService, "Task failed ELB health checks"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
