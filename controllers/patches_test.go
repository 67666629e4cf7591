package controllers_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// patched adds properties to the stack's resources: paths and JSON in turn.
func patched(pairs ...string) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Patches = nil
		for i := 0; i < len(pairs); i += 2 {
			s.Template.Patches = append(s.Template.Patches, v1alpha1.Patch{
				Op: v1alpha1.PatchAdd, Path: "/Resources/" + pairs[i], Value: json.RawMessage(pairs[i+1]),
			})
		}
	}
}

// What patches say reaches AWS, in a cluster and a service that work as others do.
// A patch that may not be is told, and what serves goes on.
func TestPatches(t *testing.T) {
	w := running(t)
	ownCluster := func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Cluster = "" }
	imd := w.serving(ownCluster, patched(
		"Cluster/Properties/ClusterSettings", `[{"Name": "containerInsights", "Value": "enhanced"}]`,
		"Cluster/Properties/Configuration", `{"ManagedStorageConfiguration": {"FargateEphemeralStorageKmsKeyId": "alias/storage"}}`,
		"LogGroup/Properties/LogGroupClass", `"INFREQUENT_ACCESS"`,
		"SecurityGroup/Properties/SecurityGroupEgress/-", `{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}`,
		"Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/ThresholdConfiguration", `{"Type": "COUNT", "Value": 5}`,
		"TaskDefinition/Properties/EnableFaultInjection", `true`,
	))
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	out := w.revision("checkout-2").Status.Outputs
	clusters, err := w.others.ecs.DescribeClusters(w.ctx, &ecs.DescribeClustersInput{
		Clusters: []string{out.Cluster}, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldSettings, ecstypes.ClusterFieldConfigurations},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(aws.ToString(clusters.Clusters[0].Settings[0].Value)).To(gomega.Equal("enhanced"))
	w.Expect(aws.ToString(clusters.Clusters[0].Configuration.ManagedStorageConfiguration.FargateEphemeralStorageKmsKeyId)).To(gomega.Equal("alias/storage"))
	services, err := w.others.ecs.DescribeServices(w.ctx, &ecs.DescribeServicesInput{Cluster: &out.Cluster, Services: []string{out.ServiceName}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	breaker := services.Services[0].DeploymentConfiguration.DeploymentCircuitBreaker
	w.Expect(breaker.Enable).To(gomega.BeTrue())
	w.Expect(breaker.ThresholdConfiguration.Value).To(gomega.Equal(int32(5)))
	definition, err := w.others.ecs.DescribeTaskDefinition(w.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &out.TaskDefinitionARN})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(aws.ToBool(definition.TaskDefinition.EnableFaultInjection)).To(gomega.BeTrue())

	w.update(imd, patched("TaskDefinition/Properties/TaskRoleArn", `"arn:aws:iam::111122223333:role/admin"`))
	now := w.blocked(imd, v1alpha1.ReasonInvalidSpec)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(
		"spec.template.patches[0] (add /Resources/TaskDefinition/Properties/TaskRoleArn): patches may not change it: use spec.template.taskRoleARN"))
	for _, imr := range w.revisions() {
		w.Expect(imr.Name).NotTo(gomega.Equal("checkout-3"))
	}
	w.update(imd, patched())
	w.alone(imd, "checkout-3")
}

// What only AWS can say of a patch is told with the patch.
func TestPatchIsRefusedByAWS(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	patched("TaskDefinition/Properties/EnableFaultInjection", `true`, "LogGroup/Properties/LogGroupClass", `"COLD"`)(&imd.Spec)
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseFailed)
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("LogGroup: "))
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("COLD is not a valid enum value"))
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("(changed by spec.template.patches[1])"))
}
