package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestManifests: applying again what TestMain applied changes nothing.
func TestManifests(t *testing.T) {
	for name, args := range map[string][]string{
		"default is unchanged": {"diff", "--server-side", "-k", "config/default"},
		"crd is unchanged":     {"diff", "--server-side", "-k", "config/crd"},
		"dry run":              {"apply", "--server-side", "--dry-run=server", "-k", "config/default"},
		"samples are admitted": {"apply", "--server-side", "--dry-run=server", "-n", "default", "-k", "config/samples"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := cluster.Kubectl(t.Context(), args...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEnvironments: the environments of the sample differ in their namespace and in
// where their parameters are, and in nothing else.
func TestEnvironments(t *testing.T) {
	g := gomega.NewWithT(t)
	var rendered [2][]string
	for i, name := range []string{"staging", "production"} {
		text, err := cluster.Kubectl(t.Context(), "kustomize", "config/samples/environments/"+name)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(text).To(gomega.ContainSubstring("parameterPath: /shop/" + name + "/"))
		rendered[i] = strings.Split(strings.ReplaceAll(text, name, "ENVIRONMENT"), "\n")
	}
	g.Expect(rendered[0]).To(gomega.Equal(rendered[1]))
}

// TestReadme: the deployment that the README shows is admitted.
func TestReadme(t *testing.T) {
	g := gomega.NewWithT(t)
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	_, rest, found := strings.Cut(string(page), "```yaml\napiVersion:")
	g.Expect(found).To(gomega.BeTrue())
	block, _, _ := strings.Cut(rest, "```")
	manifest := filepath.Join(t.TempDir(), "readme.yaml")
	g.Expect(os.WriteFile(manifest, []byte("apiVersion:"+block), 0o600)).To(gomega.Succeed())
	if _, err := cluster.Kubectl(t.Context(), "apply", "--server-side", "--dry-run=server", "-n", "default", "-f", manifest); err != nil {
		t.Error(err)
	}
}

// TestRestrictedPod: the restricted pod security standard admits the manager's
// pod, and would reject one with more privileges.
func TestRestrictedPod(t *testing.T) {
	g := gomega.NewWithT(t)
	var deployment appsv1.Deployment
	key := client.ObjectKey{Namespace: managerNamespace, Name: managerName}
	g.Expect(cluster.Client.Get(t.Context(), key, &deployment)).To(gomega.Succeed())
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: managerNamespace, GenerateName: "manager-"},
		Spec:       deployment.Spec.Template.Spec,
	}
	g.Expect(cluster.Client.Create(t.Context(), pod.DeepCopy(), client.DryRunAll)).To(gomega.Succeed())

	pod.Spec.SecurityContext.RunAsNonRoot = nil
	g.Expect(cluster.Client.Create(t.Context(), pod, client.DryRunAll)).
		To(gomega.MatchError(gomega.ContainSubstring(`violates PodSecurity "restricted`)))
}
