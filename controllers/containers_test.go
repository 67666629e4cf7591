package controllers_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
)

// keepLogs has others make a log group.
func (w *world) keepLogs(name string) {
	w.t.Helper()
	_, err := w.others.cfn.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("logs"), TemplateBody: aws.String(`{"Resources":{"Logs":{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"` + name + `"}}}}`),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Eventually(func() string { return w.sim.Stacks()[1].Status }).Should(gomega.Equal("CREATE_COMPLETE"))
	w.foreign.all = inventory(w.sim.Snapshot(), false)
}

// definitionOf is the task definition of a revision.
func (w *world) definitionOf(revision string) []ecstypes.ContainerDefinition {
	w.t.Helper()
	out, err := w.others.ecs.DescribeTaskDefinition(w.ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String(w.revision(revision).Status.Outputs.TaskDefinitionARN),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return out.TaskDefinition.ContainerDefinitions
}

// logsTo has the application log to a group, by streams that begin with ecs.
func logsTo(group v1alpha1.OptionValue) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].LogConfiguration = &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{
			"awslogs-group": group, "awslogs-stream-prefix": "ecs", "mode": "blocking",
		}}
	}
}

// What a container says reaches AWS. Its stack has no log group if no container
// logs to it; the group of others is named for its logs, and outlives it.
func TestContainerSettings(t *testing.T) {
	w := newWorld(t)
	w.keepLogs("/ecs/shop")
	_, err := w.sim.CreateSecret(secrets.Secret{Name: "registry", Suffix: "AbCdEf", Value: `{"username":"shop","password":"hush"}`})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.start()
	imd := w.serving(logsTo("/ecs/shop"), func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Rollback.KeepFailedSeconds = nil
		c := &s.Template.Containers[0]
		c.Ulimits = []v1alpha1.Ulimit{{Name: "nofile", SoftLimit: new(int32(0)), HardLimit: new(int32(65536))}}
		c.LinuxParameters = &v1alpha1.LinuxParameters{InitProcessEnabled: new(true), Tmpfs: []v1alpha1.Tmpfs{{ContainerPath: "/tmp", Size: 64}}}
		c.DockerLabels = map[string]v1alpha1.OptionValue{"team": "shop"}
		c.SystemControls = []v1alpha1.SystemControl{{Namespace: "net.core.somaxconn", Value: "1024"}}
		c.RestartPolicy = &v1alpha1.ContainerRestartPolicy{Enabled: new(true), IgnoredExitCodes: []int32{0}}
		c.RepositoryCredentials = &v1alpha1.RepositoryCredentials{CredentialsParameter: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf"}
		c.EnvironmentFiles = []v1alpha1.EnvironmentFile{{Type: "s3", Value: "arn:aws:s3:::shop/app.env"}}
		c.Privileged, c.PortMappings[0].Name = new(false), "web"
		c.PortMappings = append(c.PortMappings, v1alpha1.PortMapping{ContainerPort: 8125, Protocol: "udp"})
	})
	app := w.definitionOf("checkout-1")[0]
	w.Expect(app.LogConfiguration.Options).To(gomega.Equal(map[string]string{
		"awslogs-group": "/ecs/shop", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs", "mode": "blocking",
	}))
	w.Expect(app.Ulimits).To(gomega.Equal([]ecstypes.Ulimit{{Name: ecstypes.UlimitNameNofile, SoftLimit: 0, HardLimit: 65536}}))
	w.Expect(aws.ToBool(app.LinuxParameters.InitProcessEnabled)).To(gomega.BeTrue())
	w.Expect(app.LinuxParameters.Tmpfs[0].Size).To(gomega.BeEquivalentTo(64))
	w.Expect(app.DockerLabels).To(gomega.Equal(map[string]string{"team": "shop"}))
	w.Expect(aws.ToString(app.SystemControls[0].Value)).To(gomega.Equal("1024"))
	w.Expect(app.RestartPolicy.IgnoredExitCodes).To(gomega.Equal([]int32{0}))
	w.Expect(aws.ToString(app.RepositoryCredentials.CredentialsParameter)).To(gomega.HaveSuffix("registry-AbCdEf"))
	w.Expect(aws.ToString(app.EnvironmentFiles[0].Value)).To(gomega.Equal("arn:aws:s3:::shop/app.env"))
	w.Expect(aws.ToString(app.PortMappings[0].Name)).To(gomega.Equal("web"))
	w.Expect(app.PortMappings[1].Protocol).To(gomega.Equal(ecstypes.TransportProtocolUdp))
	w.Expect(w.revision("checkout-1").Status.LogGroup).To(gomega.Equal("/ecs/shop"))
	w.Expect(w.sim.Snapshot().LogGroups).NotTo(gomega.ContainElement(gomega.ContainSubstring("checkout-1")))

	w.roll(imd, "crash")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(readyMessage(now)).To(gomega.ContainSubstring("its logs: aws logs tail /ecs/shop --log-stream-name-prefix ecs/app/ --since 3h --region eu-west-1"))
	w.Expect(w.revision("checkout-2").Status.LogGroup).To(gomega.Equal("/ecs/shop"))
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
	w.Expect(w.sim.Snapshot().LogGroups).To(gomega.ContainElement("/ecs/shop"))
}

// A log router sends what the application writes; its own output goes to the log
// group of the stack, which isn't where the application's logs are.
func TestLogRouter(t *testing.T) {
	w := running(t)
	w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].LogConfiguration = &v1alpha1.LogConfiguration{LogDriver: "awsfirelens", Options: map[string]v1alpha1.OptionValue{"Name": "datadog"}}
		s.Template.Containers = append(s.Template.Containers, v1alpha1.Container{
			Name: "router", Image: image("2"), FirelensConfiguration: &v1alpha1.FirelensConfiguration{Type: "fluentbit"},
		})
	})
	definition := w.definitionOf("checkout-1")
	w.Expect(definition[0].LogConfiguration.LogDriver).To(gomega.Equal(ecstypes.LogDriverAwsfirelens))
	w.Expect(definition[0].LogConfiguration.Options).To(gomega.Equal(map[string]string{"Name": "datadog"}))
	w.Expect(definition[1].FirelensConfiguration.Type).To(gomega.Equal(ecstypes.FirelensConfigurationTypeFluentbit))
	w.Expect(w.sim.Snapshot().LogGroups).To(gomega.ContainElement(definition[1].LogConfiguration.Options["awslogs-group"]))
	w.Expect(w.revision("checkout-1").Status.LogGroup).To(gomega.BeEmpty())
}

// Tasks don't start without their log group. ECS doesn't say which is missing.
func TestLogGroupIsMissing(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	logsTo("/ecs/gone")(&imd.Spec)
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseFailed)
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("The specified log group does not exist"))
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("(awslogs-group is /ecs/gone: create it"))
}
