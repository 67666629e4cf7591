package controllers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// speakingGRPC has the load balancer speak gRPC with the tasks, and check them at
// another port.
func speakingGRPC(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Template.Containers[0].PortMappings = []v1alpha1.PortMapping{{ContainerPort: 8080}, {ContainerPort: 9090}}
	s.Template.Target.ProtocolVersion = v1alpha1.ProtocolVersionGRPC
	s.Template.Target.HealthCheck.Port = "9090"
	s.Template.Target.SlowStartSeconds = new(int32(30))
	s.Template.Target.CrossZone = v1alpha1.Disabled
}

// TestGRPC: a listener that speaks HTTP is told before anything is made; behind
// HTTPS, the tasks are checked and asked by gRPC.
func TestGRPC(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	speakingGRPC(&imd.Spec)
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("speaks HTTP, and spec.template.target.protocolVersion: GRPC needs one that speaks HTTPS"))
	w.nothingLeft()

	other := w.deployment("1")
	other.Name = "basket"
	speakingGRPC(&other.Spec)
	other.Spec.Traffic.LoadBalancer.ListenerARN = w.secureListener()
	w.foreign.all = inventory(w.sim.Snapshot(), false)
	w.create(other)
	w.eventually(other, v1alpha1.PhaseComplete)
	out, err := w.others.elb.DescribeTargetGroups(w.ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{w.revision("basket-1").Status.Outputs.TargetGroupARN}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	group := out.TargetGroups[0]
	w.Expect(aws.ToString(group.ProtocolVersion)).To(gomega.Equal("GRPC"))
	w.Expect(aws.ToString(group.HealthCheckPort)).To(gomega.Equal("9090"))
	w.Expect(*group.Matcher).To(gomega.Equal(elbtypes.Matcher{GrpcCode: aws.String("12")}))
	call := httptest.NewRequest(http.MethodPost, "http://checkout.example.com/shop.Basket/Add", nil)
	call.Header.Set("Content-Type", "application/grpc")
	w.Eventually(func() string {
		return w.sim.Route(other.Spec.Traffic.LoadBalancer.ListenerARN, call).Header.Get("Grpc-Status")
	}).Should(gomega.Equal("0"), w.explain)
}

// TestStickyCanary: a client stays with his revision, whatever the weights are,
// until the other one is gone from the rule.
func TestStickyCanary(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3", func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Traffic.LoadBalancer.Stickiness = &v1alpha1.RuleStickiness{DurationSeconds: forever}
		s.Template.Target.Stickiness = &v1alpha1.TargetStickiness{Type: "lb_cookie"}
	})
	w.until(imd, "word of it", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return strings.Contains(sentenceOf(s), "the weight is the share of new clients")
	})
	var cookies []string
	revision := func() string {
		return w.send("Cookie", strings.Join(cookies, "; ")).Header.Get("X-Revision")
	}
	w.Eventually(func() []string {
		first := w.send()
		if cookies = nil; first.Header.Get("X-Revision") != "1" {
			return nil
		}
		for _, c := range (&http.Response{Header: first.Header}).Cookies() {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		return cookies
	}).Should(gomega.HaveLen(2), "cookies for the revision and for its task")
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(0, forever) })
	now := w.reached(imd, "2/3")
	w.Eventually(func() *v1alpha1.MeasuredShare {
		w.Expect(revision()).To(gomega.Equal("1"))
		now = w.seen.latest(imd)
		return now.Status.Rollout.Measured
	}).ShouldNot(gomega.BeNil(), w.explain)
	share := now.Status.Rollout.Measured
	w.Expect(*now.Status.Weight).To(gomega.Equal(int32(50)))
	w.Expect(share.Percent).To(gomega.BeZero(), "all are the one client's, who stays")
	w.Expect(share.Requests).To(gomega.BeNumerically(">", 0))
	w.Expect(share.Step).To(gomega.Equal(int32(2)))
	w.Expect(readyMessage(now)).To(gomega.ContainSubstring("0% of "))
	w.release(imd)
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Measured).To(gomega.BeNil())
	w.Expect(revision()).To(gomega.Equal("2"))
}

// TestWorkerWithNames: a worker reaches others by their names, and is found by one
// of Cloud Map.
func TestWorkerWithNames(t *testing.T) {
	const registry = "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef"
	w := running(t)
	w.serving(asWorker, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.ServiceConnectConfiguration = &v1alpha1.ServiceConnectConfiguration{Enabled: new(true), Namespace: "shop"}
		s.Template.ServiceRegistries = []v1alpha1.ServiceRegistry{{RegistryARN: registry, ContainerName: "app", ContainerPort: 8080}}
	})
	made := w.revision("checkout-1").Status.Outputs
	out, err := w.others.ecs.DescribeServices(w.ctx, &ecs.DescribeServicesInput{Cluster: &made.Cluster, Services: []string{made.ServiceName}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	service := out.Services[0]
	w.Expect(service.ServiceRegistries).To(gomega.HaveLen(1))
	w.Expect(aws.ToString(service.ServiceRegistries[0].RegistryArn)).To(gomega.Equal(registry))
	w.Expect(aws.ToInt32(service.ServiceRegistries[0].ContainerPort)).To(gomega.Equal(int32(8080)))
	w.Expect(aws.ToString(service.Deployments[0].ServiceConnectConfiguration.Namespace)).To(gomega.Equal("shop"))
}
