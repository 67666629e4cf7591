package e2e_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/policy"
	"github.com/viridian-dev/viridian/test/testcluster"
)

// TestPolicyRemedies: the commands by which administrators allow something can be
// pasted into a shell, whatever a user wrote, and are enough.
func TestPolicyRemedies(t *testing.T) {
	g := gomega.NewWithT(t)
	const listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/0123456789abcdef/fedcba9876543210"
	spec := &v1alpha1.ImmutableDeploymentSpec{
		Template: v1alpha1.RevisionTemplate{
			ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
			Network:          v1alpha1.Network{VPCID: "vpc-1", SubnetIDs: []string{"subnet-1", "subnet-2"}},
		},
		Traffic: v1alpha1.Traffic{LoadBalancer: v1alpha1.LoadBalancer{
			ListenerARN: listener, Priority: new(int32(100)),
			Conditions: []v1alpha1.RuleCondition{{Field: "path-pattern", Values: []string{`/it's"&$(touch${IFS}x);*`}}},
		}},
	}
	labels := map[string]string{corev1.LabelMetadataName: "remedies"}
	listed := func() []v1alpha1.DeploymentPolicy {
		var list v1alpha1.DeploymentPolicyList
		g.Expect(cluster.Client.List(t.Context(), &list)).To(gomega.Succeed())
		return list.Items
	}
	permit := func(remedy string) {
		_, line, found := strings.Cut(remedy, ": ")
		g.Expect(found).To(gomega.BeTrue(), remedy)
		kubectl := cluster.Command(t.Context(), "kubectl")
		shell := exec.CommandContext(t.Context(), "sh", "-c", line)
		shell.Dir, shell.Env = t.TempDir(), append(kubectl.Env, "PATH="+filepath.Dir(kubectl.Path)+":/usr/bin:/bin")
		_, err := testcluster.Output(shell)
		g.Expect(err).NotTo(gomega.HaveOccurred())
	}
	refused := func() string {
		rules := policy.For("remedies", labels, listed(), true)
		blocked := rules.Spec(spec)
		if blocked == nil {
			return ""
		}
		return blocked.Remedy
	}

	remedy := refused()
	g.Expect(remedy).To(gomega.ContainSubstring("| kubectl create"))
	permit(remedy)
	t.Cleanup(func() {
		own := &v1alpha1.DeploymentPolicy{}
		own.Name = "remedies"
		g.Expect(client.IgnoreNotFound(cluster.Client.Delete(context.WithoutCancel(t.Context()), own))).To(gomega.Succeed())
	})
	g.Expect(refused()).To(gomega.BeEmpty())

	spec.Template.TaskRoleARN, spec.Template.Cluster = "arn:aws:iam::111122223333:role/a", "shop"
	spec.Template.Network.SubnetIDs = []string{"subnet-3", "subnet-4"}
	spec.Traffic.LoadBalancer.Conditions[0].Values[0] = `/'`
	remedy = refused()
	g.Expect(remedy).To(gomega.ContainSubstring("kubectl patch dpol remedies"))
	permit(remedy)
	g.Expect(refused()).To(gomega.BeEmpty())
}
