package controllers_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	simecs "github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// A worker that waits for another container, answers at a port by TCP and UDP, and has
// time until its health counts.
func TestWorkerWithGrace(t *testing.T) {
	w := running(t)
	w.serving(asWorker, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.HealthCheckGracePeriodSeconds = new(int32(90))
		app := &s.Template.Containers[0]
		app.PortMappings = []v1alpha1.PortMapping{{ContainerPort: 53}, {ContainerPort: 53, Protocol: "udp"}}
		app.HealthCheck = &v1alpha1.ContainerHealthCheck{Command: []string{"CMD", "true"}}
		app.DependsOn = []v1alpha1.ContainerDependency{{ContainerName: "migrate", Condition: "SUCCESS"}}
		s.Template.Containers = append(s.Template.Containers, v1alpha1.Container{
			Name: "migrate", Image: image("2"), Essential: new(false), StartTimeout: new(int32(60)), StopTimeout: new(int32(10)),
		})
	})
	definition := w.definitionOf("checkout-1")
	w.Expect(definition[0].PortMappings[0].Protocol).To(gomega.Equal(ecstypes.TransportProtocolTcp))
	w.Expect(definition[0].PortMappings[1].Protocol).To(gomega.Equal(ecstypes.TransportProtocolUdp))
	w.Expect(aws.ToInt32(definition[1].StartTimeout)).To(gomega.BeEquivalentTo(60))
	w.Expect(aws.ToInt32(definition[1].StopTimeout)).To(gomega.BeEquivalentTo(10))
	out := w.revision("checkout-1").Status.Outputs
	services, err := w.others.ecs.DescribeServices(w.ctx, &ecs.DescribeServicesInput{Cluster: &out.Cluster, Services: []string{out.ServiceName}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(aws.ToInt32(services.Services[0].HealthCheckGracePeriodSeconds)).To(gomega.BeEquivalentTo(90))
}

// Links reach ECS in bridge networks.
func TestLinkedContainers(t *testing.T) {
	w := running(t)
	w.instances(simecs.Instance{}, simecs.Instance{Zone: "eu-west-1b"})
	w.serving(onInstances("bridge"), func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].Links, s.Template.Containers[0].StopTimeout = []string{"cache:redis"}, new(int32(600))
		s.Template.Containers = append(s.Template.Containers, v1alpha1.Container{Name: "cache", Image: image("2"), MemoryReservation: new(int32(64))})
	})
	app := w.definitionOf("checkout-1")[0]
	w.Expect(app.Links).To(gomega.Equal([]string{"cache:redis"}))
	w.Expect(aws.ToInt32(app.StopTimeout)).To(gomega.BeEquivalentTo(600))
	w.Expect(w.send().Status).To(gomega.Equal(200))
}
