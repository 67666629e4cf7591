package e2e_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
)

// team is a manager of chosen namespaces.
type team struct {
	*world
	// home is where it runs, second a namespace that it looks after, too, and
	// foreign one that it doesn't.
	home, second, foreign string
	// flags are those of its Deployment.
	flags []string
	// config is a kubeconfig with its token.
	config string
}

// TestNamespaced: a team with all rights in its namespace, and none beyond it,
// installs config/namespaced. The manager rolls out in the namespaces whose Role
// it has, and leaves the others alone.
func TestNamespaced(t *testing.T) {
	team := installTeam(t)
	team.refuses()
	team.admit()
	m := launch(t, team.config, team.endpoint, slices.Concat(team.flags, []string{"--cluster-id=" + t.Name(), "--leader-election-namespace=" + team.home})...)
	foreign := team.deploy(team.foreign)
	team.imd = team.deploy(team.second)
	team.eventually(v1alpha1.PhaseComplete)
	team.update(func(imd *v1alpha1.ImmutableDeployment) {
		imd.Spec.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.2.0"
	})
	team.Expect(team.eventually(v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
	team.delete()
	team.Expect(m.end(syscall.SIGTERM)).To(gomega.Equal(0))

	now := &v1alpha1.ImmutableDeployment{}
	team.Expect(cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(foreign), now)).To(gomega.Succeed())
	team.Expect(now.ResourceVersion).To(gomega.Equal(foreign.ResourceVersion), "a deployment of another namespace was touched")
	team.staysWithin()
	log := m.log.String()
	for _, what := range []string{"Looking after chosen namespaces only", "Not available: DeploymentPolicies"} {
		team.Expect(log).To(gomega.ContainSubstring(what))
	}
	team.Expect(log).NotTo(gomega.ContainSubstring("forbidden"))
}

// installTeam applies config/namespaced as the admin of a namespace, in two
// namespaces, as its comments say.
func installTeam(t *testing.T) *team {
	t.Helper()
	team := &team{world: newWorld(t, dataplane.Options{})}
	names := []*string{&team.home, &team.second, &team.foreign}
	admins := make([]string, len(names))
	for i, name := range names {
		*name, _ = namespaceAdmin(t, team.WithT, "team")
		admins[i] = kubeconfigOf(t, *name, "team")
	}
	team.apply(admins[0], "", team.rendered("config/namespaced"))
	role, err := os.ReadFile(filepath.Join(root, "config", "namespaced", "role.yaml"))
	team.Expect(err).NotTo(gomega.HaveOccurred())
	team.apply(admins[1], team.second, string(role))

	var deployment appsv1.Deployment
	team.Expect(cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: team.home, Name: managerName}, &deployment)).To(gomega.Succeed())
	for _, flag := range deployment.Spec.Template.Spec.Containers[0].Args {
		if flag, watches := strings.CutPrefix(flag, "--watch-namespaces="); watches {
			team.Expect(flag).To(gomega.Equal(team.home))
			team.flags = append(team.flags, "--watch-namespaces="+team.home+","+team.second)
			continue
		}
		team.flags = append(team.flags, flag)
	}
	team.flags = slices.DeleteFunc(team.flags, func(flag string) bool { return strings.HasPrefix(flag, "--health-probe-bind-address=") })
	team.flags = append(team.flags, "--health-probe-bind-address=0")
	team.config = kubeconfigOf(t, team.home, managerName)
	return team
}

// rendered is what kustomize makes of a directory.
func (w *team) rendered(dir string) string {
	w.t.Helper()
	out, err := cluster.Kubectl(w.t.Context(), "kustomize", dir)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return out
}

// apply applies manifests for the namespace shop, for the team's instead, as
// whoever a kubeconfig is of; namespace is for what names none.
func (w *team) apply(kubeconfig, namespace, manifests string) {
	w.t.Helper()
	manifests = strings.NewReplacer("namespace: shop\n", "namespace: "+w.home+"\n", "--watch-namespaces=shop\n", "--watch-namespaces="+w.home+"\n",
		"viridian-revisions-writer-shop\n", "viridian-revisions-writer-"+w.home+"\n").Replace(manifests)
	path := filepath.Join(w.t.TempDir(), "manifests.yaml")
	w.Expect(os.WriteFile(path, []byte(manifests), 0o600)).To(gomega.Succeed())
	args := []string{"apply", "--server-side", "--kubeconfig=" + kubeconfig, "-f", path}
	if namespace != "" {
		args = append(args, "--namespace="+namespace)
	}
	w.Eventually(func() error { // permissions are known after a moment
		_, err := cluster.Kubectl(w.t.Context(), args...)
		return err
	}).Should(gomega.Succeed())
}

// refuses starts the manager where it can't work, and reads why it ended.
func (w *team) refuses() {
	w.t.Helper()
	const id = "--cluster-id=id"
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"without an ID":         {w.flags, "--cluster-id is needed"},
		"policies required":     {append(slices.Clone(w.flags), id, "--require-policy"), "--require-policy: the manager may not list and watch deploymentpolicies"},
		"a namespace of others": {append(slices.Clone(w.flags), id, "--watch-namespaces="+w.foreign), "may not list and watch immutabledeployments.deploy.viridian.dev in namespace " + w.foreign},
	} {
		m := launch(w.t, w.config, w.endpoint, append(c.flags, "--leader-election-namespace="+w.home)...)
		<-m.exited
		w.Expect(m.cmd.ProcessState.ExitCode()).To(gomega.Equal(1), name)
		w.Expect(m.log.String()).To(gomega.ContainSubstring(c.says), name)
	}
}

// admit is the administrator of the cluster, who lets the manager pass the
// admission policy that config/default has installed.
func (w *team) admit() {
	w.t.Helper()
	w.apply(cluster.Kubeconfig, "", w.rendered("config/namespaced/cluster"))
}

// deploy creates a deployment in a namespace.
func (w *team) deploy(namespace string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	if w.imd == nil {
		w.imd = w.canary()
	}
	imd := w.imd.DeepCopy()
	imd.ObjectMeta = metav1.ObjectMeta{Namespace: namespace, Name: imd.Name}
	imd.Spec.Analysis = nil
	imd.Spec.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	w.Expect(cluster.Client.Create(w.t.Context(), imd)).To(gomega.Succeed())
	w.t.Cleanup(func() { // managers of other tests look after all namespaces
		_ = client.IgnoreNotFound(cluster.Client.Delete(context.WithoutCancel(w.t.Context()), imd))
	})
	return imd
}

// staysWithin reads in the API server's records that the manager had to do with its
// own namespaces only, and asked for nothing that it may not have.
func (w *team) staysWithin() {
	w.t.Helper()
	asked, refused, namespaces := w.requests("system:serviceaccount:" + w.home + ":" + managerName)
	w.Expect(refused).To(gomega.BeEmpty(), "what the manager was refused")
	w.Expect(asked).NotTo(gomega.BeEmpty())
	delete(namespaces, "") // questions about its own permissions
	w.Expect(slices.Sorted(maps.Keys(namespaces))).To(gomega.ConsistOf(w.home, w.second))
}
