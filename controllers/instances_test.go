package controllers_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	simecs "github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// onInstances runs the application on container instances.
func onInstances(mode string) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		t := &s.Template
		t.LaunchType, t.NetworkMode, t.CPU, t.Memory = v1alpha1.LaunchTypeEC2, mode, "", ""
		t.Containers[0].CPU, t.Containers[0].MemoryReservation = new(int32(512)), new(int32(1024))
		if !t.OwnInterface() {
			t.Network = v1alpha1.Network{VPCID: t.Network.VPCID}
		}
	}
}

// instances registers container instances with the cluster of the tests.
func (w *world) instances(all ...simecs.Instance) (ids []string) {
	w.t.Helper()
	for _, in := range all {
		in.Cluster = "shop"
		id, err := w.sim.RegisterInstance(in)
		w.Expect(err).NotTo(gomega.HaveOccurred())
		ids = append(ids, id)
	}
	return ids
}

// TestInstances: a rollout between two stacks on the same instances, by whatever
// network, sends requests to both and ends with the new one alone.
func TestInstances(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"awsvpc", "bridge", "host"} {
		t.Run(mode, func(t *testing.T) {
			w := running(t)
			ids := w.instances(simecs.Instance{Interfaces: 8}, simecs.Instance{Zone: "eu-west-1b", Interfaces: 8})
			if mode == "host" { // each port is free once on each of them
				ids = append(ids, w.instances(simecs.Instance{}, simecs.Instance{Zone: "eu-west-1b"})...)
			}
			imd := w.serving(onInstances(mode))
			w.Expect(w.send().Status).To(gomega.Equal(200))
			w.roll(imd, "2")
			w.alone(imd, "checkout-2")
			w.Expect(w.send().Header.Get("X-Revision")).To(gomega.Equal("2"))
			out := w.revision("checkout-2").Status.Outputs
			described, err := w.others.ecs.DescribeTaskDefinition(w.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &out.TaskDefinitionARN})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			w.Expect(string(described.TaskDefinition.NetworkMode)).To(gomega.Equal(mode))
			w.Expect(described.TaskDefinition.RequiresCompatibilities).To(gomega.Equal([]ecstypes.Compatibility{ecstypes.CompatibilityEc2}))
			services, err := w.others.ecs.DescribeServices(w.ctx, &ecs.DescribeServicesInput{Cluster: &out.Cluster, Services: []string{out.ServiceName}})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			w.Expect(services.Services[0].LaunchType).To(gomega.Equal(ecstypes.LaunchTypeEc2))
			w.Expect(services.Services[0].NetworkConfiguration != nil).To(gomega.Equal(mode == "awsvpc"))
			for _, group := range w.sim.Snapshot().TargetGroups {
				for _, target := range group.Targets {
					w.Expect(slices.Contains(ids, target.IP)).To(gomega.Equal(mode != "awsvpc"))
				}
			}
		})
	}
}

// TestInstancesWithoutRoom: where no instance has room, the rollout waits for as long as
// that takes, in either mode, and goes on by itself.
func TestInstancesWithoutRoom(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*v1alpha1.ImmutableDeploymentSpec){
		"standard": func(*v1alpha1.ImmutableDeploymentSpec) {}, "express": expressly,
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			w.instances(simecs.Instance{CPU: 1024})
			imd := w.serving(onInstances("bridge"), edit)
			w.roll(imd, "2")
			told := w.outlasts(imd, v1alpha1.ReasonCapacityUnavailable)
			w.Expect(told.Message).To(gomega.ContainSubstring("has insufficient CPU units available"))
			w.Expect(told.Remedy).To(gomega.And(gomega.HavePrefix("Add instances to the cluster"), gomega.HaveSuffix("ECS goes on trying by itself")))
			w.instances(simecs.Instance{})
			w.alone(imd, "checkout-2")
			w.Expect(w.revision("checkout-2").Status.Failure).To(gomega.BeNil())
		})
	}
}

// TestInstanceTerminated: tasks whose instance is gone aren't held against their
// revision.
func TestInstanceTerminated(t *testing.T) {
	w := running(t)
	ids := w.instances(simecs.Instance{}, simecs.Instance{Zone: "eu-west-1b"}, simecs.Instance{Zone: "eu-west-1b"})
	imd := w.serving(onInstances("bridge"), restartLimit(0), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	lost := 0
	for _, task := range w.sim.Snapshot().Tasks {
		if task.Instance == ids[0] && task.Service == w.revision("checkout-2").Status.Outputs.ServiceName {
			lost++
		}
	}
	w.Expect(lost).To(gomega.BeNumerically(">", 0))
	w.Expect(w.sim.TerminateInstance(ids[0])).To(gomega.BeTrue())
	w.recovered("checkout-2", lost, 2)
	w.unharmed(imd)
}

// TestPreflightOfInstances: a cluster without instances is told before anything is
// made.
func TestPreflightOfInstances(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	onInstances("bridge")(&imd.Spec)
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(`The ECS cluster "shop" of spec.template.cluster has no container instances`))
	w.nothingLeft()
	w.instances(simecs.Instance{})
	w.alone(imd, "checkout-1")
}
