package controllers_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	simecs "github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
)

// onSpot runs all tasks on Fargate Spot, in a cluster of the stack's own.
func onSpot(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Template.Cluster = ""
	s.Template.CapacityProviderStrategy = []v1alpha1.CapacityProviderStrategyItem{{CapacityProvider: "FARGATE_SPOT", Weight: new(int32(1))}}
}

// mounting has the application mount a file system.
func mounting(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Template.Volumes = []v1alpha1.Volume{{Name: "data", EFSVolumeConfiguration: &v1alpha1.EFSVolumeConfiguration{
		FileSystemID: "fs-0a1b2c3d", TransitEncryption: "ENABLED", AuthorizationConfig: &v1alpha1.EFSAuthorizationConfig{AccessPointID: "fsap-0a1b2c3d"},
	}}}
	s.Template.Containers[0].MountPoints = []v1alpha1.MountPoint{{SourceVolume: "data", ContainerPath: "/data", ReadOnly: new(true)}}
}

// TestRuntimeFields: what the template says of volumes and of what tasks run on is
// what the task definition and the service have, and a rollout goes through.
func TestRuntimeFields(t *testing.T) {
	w := running(t)
	w.sim.CreateRole(iam.Role{Name: "shop", Services: []string{"ecs-tasks.amazonaws.com"}})
	imd := w.serving(onSpot, mounting, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.TaskRoleARN = "arn:aws:iam::111122223333:role/shop"
		s.Template.EphemeralStorage = &v1alpha1.EphemeralStorage{SizeInGiB: 50}
		s.Template.PIDMode, s.Template.PlatformVersion, s.Template.EnableExecuteCommand = "task", "1.4.0", new(true)
		s.Template.Network.SubnetIDs = s.Template.Network.SubnetIDs[:1]
	})
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	out := w.revision("checkout-2").Status.Outputs
	described, err := w.others.ecs.DescribeTaskDefinition(w.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &out.TaskDefinitionARN})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	d := described.TaskDefinition
	w.Expect(d.Volumes).To(gomega.HaveLen(1))
	w.Expect(*d.Volumes[0].EfsVolumeConfiguration.FileSystemId).To(gomega.Equal("fs-0a1b2c3d"))
	w.Expect(*d.Volumes[0].EfsVolumeConfiguration.AuthorizationConfig.AccessPointId).To(gomega.Equal("fsap-0a1b2c3d"))
	w.Expect(*d.ContainerDefinitions[0].MountPoints[0].ContainerPath).To(gomega.Equal("/data"))
	w.Expect(d.EphemeralStorage.SizeInGiB).To(gomega.Equal(int32(50)))
	w.Expect(d.PidMode).To(gomega.Equal(ecstypes.PidModeTask))
	services, err := w.others.ecs.DescribeServices(w.ctx, &ecs.DescribeServicesInput{Cluster: &out.Cluster, Services: []string{out.ServiceName}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	svc := services.Services[0]
	w.Expect(svc.LaunchType).To(gomega.BeEmpty())
	w.Expect(aws.ToString(svc.CapacityProviderStrategy[0].CapacityProvider)).To(gomega.Equal("FARGATE_SPOT"))
	w.Expect(aws.ToString(svc.PlatformVersion)).To(gomega.Equal("1.4.0"))
	w.Expect(svc.EnableExecuteCommand).To(gomega.BeTrue())
}

// TestSpotInterruptions: a task that AWS takes back from Spot isn't held against its
// revision.
func TestSpotInterruptions(t *testing.T) {
	w := running(t)
	imd := w.serving(onSpot, restartLimit(0), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	out := w.revision("checkout-2").Status.Outputs
	for lost := 1; lost <= 2; lost++ {
		w.Expect(w.sim.InterruptTasks(out.Cluster, out.ServiceName, 1)).To(gomega.Equal(1))
		w.recovered("checkout-2", lost, 2)
	}
	w.unharmed(imd)
}

// unharmed tells that a rollout that is held at its first step isn't over, and lets it
// go on.
func (w *world) unharmed(imd *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	w.looks()
	now := w.get(imd)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.BeEmpty())
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.release(imd)
	w.alone(imd, "checkout-2")
}

// TestRuntimeRefused: what only AWS can say of these fields is told with what helps.
func TestRuntimeRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*world)
		edit    func(*v1alpha1.ImmutableDeploymentSpec)
		want    string
	}{
		"file system": {func(w *world) {
			w.sim.SetUnmountable(func(m simecs.Mount) string {
				if m != (simecs.Mount{FileSystem: "fs-0a1b2c3d", RootDirectory: "/", AccessPoint: "fsap-0a1b2c3d"}) {
					w.t.Errorf("asked for %+v", m)
				}
				return simecs.Mounts["port"]
			})
		}, mounting, `failed to invoke EFS utils commands .*\(of spec\.template\.volumes, data mounts fs-0a1b2c3d:/: let the security group of the file system's mount targets take port 2049 from the tasks`},
		"capacity provider": {func(w *world) { // or it would be missed before there is a stack
			w.sim.Faults.Add(awssim.Fault{Action: "DescribeClusters", Effect: awssim.AccessDenied})
		}, func(s *v1alpha1.ImmutableDeploymentSpec) {
			onSpot(s)
			s.Template.Cluster = "shop"
		}, `is not associated with the cluster\. .*\(add FARGATE_SPOT to cluster shop: aws ecs put-cluster-capacity-providers --cluster shop`},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			c.prepare(w)
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				c.edit(s)
				s.Template.Containers[0].Image = image("2")
			})
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.Rollout.Message).To(gomega.MatchRegexp(c.want))
			w.Expect(w.route()).To(gomega.Equal("1:100"))
		})
	}
}

// TestNoExecutionRole: a service whose tasks ECS starts without a role.
func TestNoExecutionRole(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.Template.ExecutionRoleARN = ""
	imd.Spec.Template.Containers[0].Image = "public.ecr.aws/shop/app@sha256:" + strings.Repeat("0", 64)
	imd.Spec.Template.Containers[0].LogConfiguration = &v1alpha1.LogConfiguration{
		LogDriver: "splunk", Options: map[string]v1alpha1.OptionValue{"splunk-url": "https://splunk.example.com", "splunk-token": "token"},
	}
	w.create(imd)
	w.alone(imd, "checkout-1")
}

// TestPreflightOfCapacityProviders: a provider that the cluster lacks fails no
// revision. It is missed before, and the rollout goes on once it is there.
func TestPreflightOfCapacityProviders(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		onSpot(s)
		s.Template.Cluster = "shop"
	})
	now := w.blocked(imd, v1alpha1.ReasonPreflightFailed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(`"shop" of spec.template.cluster does not have the capacity provider FARGATE_SPOT`))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(
		"aws ecs put-cluster-capacity-providers --cluster shop --capacity-providers FARGATE_SPOT --default-capacity-provider-strategy '[]'"))
	w.Expect(w.revisions()).To(gomega.HaveLen(1))
	_, err := w.others.ecs.CreateCluster(w.ctx, &ecs.CreateClusterInput{ClusterName: aws.String("spot"), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Cluster = "spot" })
	w.alone(imd, "checkout-2")
}
