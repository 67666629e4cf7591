package kubernetes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// TestSamples rolls out two versions of each sample, applied in two ways, and
// checks afterwards that the real kubectl shows no difference.
func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "config", "samples", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	verifiable(t)
	count := 0
	compared(t, "kubectl diff after rollouts of config/samples", &count, "applied by the client and by the server, two versions each")
	for _, path := range files {
		file := filepath.Base(path)
		if file == "kustomization.yaml" || file == "policy.yaml" { // which are no deployments
			continue
		}
		for way, flags := range map[string][]string{"client": nil, "server": {"--server-side"}} {
			count += 2
			t.Run(file+" by "+way, func(t *testing.T) {
				t.Parallel()
				name := strings.TrimSuffix(file, ".yaml")
				s := newStory(t, "sample-"+name+"-"+way)
				imd := s.sample(file)
				s.name = imd.Name
				quicken(s, imd)
				s.version(imd, "1", flags)
				s.version(imd, "2", flags)
			})
		}
	}
}

// verifiable prepares the account for the gates sample, and for that on instances of
// EC2.
func verifiable(t *testing.T) {
	t.Helper()
	g := gomega.NewWithT(t)
	g.Expect(cluster.sim.CreateCluster("shop-ec2")).To(gomega.Succeed())
	for _, zone := range []string{"eu-west-1a", "eu-west-1b", "eu-west-1b"} {
		_, err := cluster.sim.RegisterInstance(ecs.Instance{Cluster: "shop-ec2", Zone: zone})
		g.Expect(err).NotTo(gomega.HaveOccurred())
	}
	g.Expect(cluster.sim.RegisterFunction("viridian-invoices-smoke-test", lambda.Function{})).To(gomega.Succeed())
	g.Expect(cluster.sim.SetAlarm("invoices-5xx", "OK", "")).To(gomega.Succeed())
	g.Expect(cluster.sim.CreateRepository("invoices", ecr.RepositoryOptions{TagMutability: ecr.Immutable, ScanOnPush: true})).To(gomega.Succeed())
}

// version applies a version, waits for it and checks that there is no
// difference.
func (s *story) version(imd *v1alpha1.ImmutableDeployment, tag string, flags []string) {
	s.t.Helper()
	cluster.sim.PutImage(imd.Name, tag, "")
	imd.Spec.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/" + imd.Name + ":" + tag
	path := s.write(imd)
	kubectl(s.t, append([]string{"apply", "-f", path}, flags...)...)
	s.until("the rollout of version "+tag, func(status v1alpha1.ImmutableDeploymentStatus) bool {
		if waits(status) {
			s.merge(`{"metadata":{"annotations":{"viridian.dev/promote":"` + status.Rollout.ID + `/full"}}}`)
		}
		return status.Phase == v1alpha1.PhaseComplete
	})
	kubectl(s.t, "wait", "--for=condition=Ready", "--timeout=60s", "-n", s.namespace, "imd/"+s.name)
	// With server-side apply, the annotation of an approval belongs to another
	// manager.
	kubectl(s.t, append([]string{"diff", "-f", path}, flags...)...)
}

// waits reports whether a rollout waits for a person, or for metrics, of which
// there are none without requests.
func waits(status v1alpha1.ImmutableDeploymentStatus) bool {
	if status.BlockedBy != nil && status.BlockedBy.Reason == v1alpha1.ReasonAwaitingApproval {
		return true
	}
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonInconclusive && status.Step != ""
}

// write writes the manifest as a person would, without a status.
func (s *story) write(imd *v1alpha1.ImmutableDeployment) string {
	s.t.Helper()
	body, err := yaml.Marshal(imd)
	s.Expect(err).NotTo(gomega.HaveOccurred())
	var object map[string]any
	s.Expect(yaml.Unmarshal(body, &object)).To(gomega.Succeed())
	delete(object, "status")
	body, err = yaml.Marshal(object)
	s.Expect(err).NotTo(gomega.HaveOccurred())
	path := filepath.Join(s.t.TempDir(), s.name+".yaml")
	s.Expect(os.WriteFile(path, body, 0o600)).To(gomega.Succeed())
	return path
}

// quicken puts a sample on the story's listener and removes its waits.
func quicken(s *story, imd *v1alpha1.ImmutableDeployment) {
	s.t.Helper()
	none := new(int32(0))
	imd.Spec.Rollback.KeepOldSeconds = none
	if imd.Spec.DesiredCount != nil && *imd.Spec.DesiredCount == 0 {
		imd.Spec.DesiredCount = new(int32(1)) // nothing is rolled out of what is switched off
	}
	if imd.Spec.Template.Target.ContainerPort != 0 {
		imd.Spec.Template.Target.DeregistrationDelaySeconds = none
	}
	if imd.Spec.Traffic.LoadBalancer.ListenerARN != "" {
		imd.Spec.Traffic.LoadBalancer.ListenerARN = s.listener
	}
	if imd.Spec.Traffic.LoadBalancer.RuleARN != "" {
		imd.Spec.Traffic.LoadBalancer.RuleARN = s.adoptable()
	}
	if c := imd.Spec.Strategy.Canary; c != nil {
		for i := range c.Steps {
			c.Steps[i].HoldSeconds = none
		}
	}
	if r := imd.Spec.Strategy.Rolling; r != nil {
		r.PauseSeconds = none
	}
	// A webhook needs a server with a publicly trusted certificate.
	imd.Spec.Gates = slices.DeleteFunc(imd.Spec.Gates, func(g v1alpha1.Gate) bool { return g.Webhook != nil })
	for i := range imd.Spec.Template.Containers {
		image := imd.Spec.Template.Containers[i].Image
		repository, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		cluster.sim.PutImage(repository, tag, "")
	}
}

// adoptable creates a rule that forwards to a target group of someone else.
func (s *story) adoptable() string {
	s.t.Helper()
	arn, err := others().rule(s.t.Context(), s.listener, "adopt-"+fmt.Sprint(len(s.namespace)), 100, "payments.example.com")
	s.Expect(err).NotTo(gomega.HaveOccurred())
	return arn
}
