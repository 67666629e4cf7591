package mainjob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// job is one deployment that a manager runs through its life.
type job struct {
	*gomega.WithT
	t       *testing.T
	account *account
	imd     *v1alpha1.ImmutableDeployment
	// priority of the production rule.
	priority string
}

// TestCanary: the second version gets its traffic by steps.
func TestCanary(t *testing.T) {
	j := newJob(t, "canary", "checkout:2.1.0", "checkout:2.2.0")
	j.create()
	j.eventually(v1alpha1.PhaseComplete)
	j.Expect(j.account.weights(t, j.priority)).To(gomega.Equal("checkout-1=100"))
	j.roll("checkout:2.2.0", []string{
		"checkout-1=100", "checkout-1=90 checkout-2=10", "checkout-1=75 checkout-2=25", "checkout-1=50 checkout-2=50", "checkout-2=100",
	})
	j.delete(2)
}

// TestBlueGreen: the second version gets all traffic at once. Each stack has
// its own cluster.
func TestBlueGreen(t *testing.T) {
	j := newJob(t, "blue-green", "catalog:5.0.2", "catalog:5.1.0")
	j.create()
	j.eventually(v1alpha1.PhaseComplete)
	j.Expect(j.account.weights(t, j.priority)).To(gomega.Equal("catalog-1=100"))
	j.roll("catalog:5.1.0", []string{"catalog-1=100", "catalog-2=100"})
	j.delete(2)
}

// newJob opens an account, starts a manager there and reads a sample.
func newJob(t *testing.T, sample string, images ...string) *job {
	t.Helper()
	j := &job{WithT: gomega.NewWithT(t), t: t, account: openAccount(t, images...)}
	j.SetDefaultEventuallyTimeout(2 * time.Minute)
	j.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	j.account.actAsECS(t)
	j.read(sample)
	env := append(awsEnvironment(j.account.endpoint), "HOME="+t.TempDir())
	startProcess(t, env, filepath.Join(root, "bin", "manager"),
		"--kubeconfig="+cluster.Kubeconfig, "--health-probe-bind-address="+freeAddress(t),
		"--poll-interval=200ms", "--resync-interval=1s", "--traffic-propagation=500ms", "--aws-call-rate=0")
	return j
}

// read reads a sample, with the account's network and without long waits.
func (j *job) read(sample string) {
	j.t.Helper()
	manifest, err := os.ReadFile(filepath.Join(root, "config", "samples", sample+".yaml"))
	j.Expect(err).NotTo(gomega.HaveOccurred())
	j.imd = &v1alpha1.ImmutableDeployment{}
	j.Expect(yaml.UnmarshalStrict(manifest, j.imd)).To(gomega.Succeed())
	spec := &j.imd.Spec
	j.imd.Namespace = sample
	spec.DesiredCount = new(int32(tasks))
	spec.Template.Network.VPCID, spec.Template.Network.SubnetIDs = j.account.VPC, j.account.Subnets
	spec.Template.Network.LoadBalancerSecurityGroupIDs = []string{j.account.Group}
	spec.Template.Target.DeregistrationDelaySeconds = new(int32(0))
	spec.Traffic.LoadBalancer.ListenerARN = j.account.Listener
	spec.Rollback.KeepOldSeconds = new(int32(0))
	spec.Analysis = nil
	for i := range spec.Template.Containers {
		for k := range spec.Template.Containers[i].Secrets {
			spec.Template.Containers[i].Secrets[k].ValueFrom = j.account.Secret + ":password::"
		}
	}
	if spec.Strategy.Canary != nil {
		for i := range spec.Strategy.Canary.Steps {
			spec.Strategy.Canary.Steps[i].HoldSeconds = new(int32(1))
		}
	}
	j.priority = "100"
	if sample == "blue-green" {
		j.priority = "110"
	}
}

func (j *job) create() {
	j.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: j.imd.Namespace}}
	j.Expect(cluster.Client.Create(j.t.Context(), ns)).To(gomega.Succeed())
	j.Expect(cluster.Client.Create(j.t.Context(), j.imd)).To(gomega.Succeed())
}

func (j *job) get() *v1alpha1.ImmutableDeployment {
	j.t.Helper()
	now := &v1alpha1.ImmutableDeployment{}
	j.Expect(cluster.Client.Get(j.t.Context(), client.ObjectKeyFromObject(j.imd), now)).To(gomega.Succeed())
	return now
}

// eventually waits for a phase of the current generation.
func (j *job) eventually(phase v1alpha1.Phase) {
	j.t.Helper()
	j.Eventually(func() v1alpha1.Phase {
		now := j.get()
		if now.Status.ObservedGeneration != now.Generation {
			return ""
		}
		return now.Status.Phase
	}).Should(gomega.Equal(phase), j.explain)
}

// roll gives the deployment another image and watches the rule until the
// rollout is complete: it must have had these weights, and the old stack must
// be gone.
func (j *job) roll(image string, want []string) {
	j.t.Helper()
	j.Eventually(func() error {
		now := j.get()
		now.Spec.Template.Containers[0].Image = awsAccount + ".dkr.ecr." + awsRegion + ".amazonaws.com/" + image
		return cluster.Client.Update(j.t.Context(), now)
	}).Should(gomega.Succeed())
	var seen []string
	j.Eventually(func() bool {
		if w := j.account.weights(j.t, j.priority); len(seen) == 0 || seen[len(seen)-1] != w {
			seen = append(seen, w)
		}
		now := j.get()
		return now.Status.ObservedGeneration == now.Generation && now.Status.Phase == v1alpha1.PhaseComplete
	}).Should(gomega.BeTrue(), j.explain)
	if diff := cmp.Diff(want, seen); diff != "" {
		j.t.Errorf("weights in time (-want +got):\n%s", diff)
	}
	j.Expect(j.account.stacks(j.t)).To(gomega.Equal(map[cfntypes.StackStatus]int{
		cfntypes.StackStatusCreateComplete: 1, cfntypes.StackStatusDeleteComplete: 1,
	}))
}

// delete deletes the deployment: nothing that the controller itself created is
// left in the account.
func (j *job) delete(stacks int) {
	j.t.Helper()
	j.Expect(cluster.Client.Delete(j.t.Context(), j.imd)).To(gomega.Succeed())
	j.Eventually(func() bool {
		err := cluster.Client.Get(j.t.Context(), client.ObjectKeyFromObject(j.imd), &v1alpha1.ImmutableDeployment{})
		return apierrors.IsNotFound(err)
	}).Should(gomega.BeTrue(), j.explain)
	j.Expect(j.account.stacks(j.t)).To(gomega.Equal(map[cfntypes.StackStatus]int{cfntypes.StackStatusDeleteComplete: stacks}))
	j.Expect(j.account.rules(j.t, j.priority)).To(gomega.BeEmpty())
}

// explain returns what helps to understand a failed test.
func (j *job) explain() string {
	now := &v1alpha1.ImmutableDeployment{}
	if err := cluster.Client.Get(j.t.Context(), client.ObjectKeyFromObject(j.imd), now); err != nil {
		return err.Error()
	}
	status, err := yaml.Marshal(now.Status)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(status))
}
