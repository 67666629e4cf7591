package e2e_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/test/testcluster"
)

// namespaceAdmin makes a namespace and whoever has all rights in it, with a token
// of its own.
func namespaceAdmin(t *testing.T, g *gomega.WithT, name string) (namespace string, as client.Client) {
	t.Helper()
	namespace, as = tenant(t, g, name)
	g.Expect(cluster.Client.Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "everything"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	})).To(gomega.Succeed())
	bind(t, g, namespace, name, "Role", "everything")
	return namespace, as
}

// tenant makes a namespace and whoever may deploy in it, with a token of its own.
func tenant(t *testing.T, g *gomega.WithT, name string) (namespace string, as client.Client) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-"}}
	g.Expect(cluster.Client.Create(t.Context(), ns)).To(gomega.Succeed())
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: name}}
	g.Expect(cluster.Client.Create(t.Context(), account)).To(gomega.Succeed())
	bind(t, g, ns.Name, name, "ClusterRole", "viridian-editor")
	config := rest.AnonymousClientConfig(cluster.Config)
	config.BearerToken = tokenOf(t, ns.Name, name)
	as, err := client.New(config, client.Options{Scheme: cluster.Client.Scheme()})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	return ns.Name, as
}

// bind gives a service account a role in its namespace.
func bind(t *testing.T, g *gomega.WithT, namespace, account, kind, role string) {
	t.Helper()
	g.Expect(cluster.Client.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: account}},
	})).To(gomega.Succeed())
}

// allow lets a namespace use a host of the account's listener, and what the sample
// needs besides.
func (w *world) allow(namespace, host string) {
	w.t.Helper()
	w.Expect(cluster.Client.Create(w.t.Context(), &v1alpha1.DeploymentPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: v1alpha1.DeploymentPolicySpec{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
			Listeners:         []v1alpha1.AllowedListener{{ARN: w.listener, Hosts: []string{host}}},
			Clusters:          []string{"shop"}, VPCIDs: []string{"*"}, SubnetIDs: []string{"*"},
			ExecutionRoleARNs: []string{"*"}, TaskRoleARNs: []string{"*"}, Secrets: []string{"*"}, WebhookHosts: []string{"*"},
		},
	})).To(gomega.Succeed())
}

// deploymentOf is the sample for a tenant's own host.
func (w *world) deploymentOf(namespace, name, host string, priority int32) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	imd := w.sample("canary.yaml")
	imd.Namespace, imd.Name, imd.Spec.Analysis = namespace, name, nil
	imd.Spec.Traffic.LoadBalancer.Priority = &priority
	imd.Spec.Traffic.LoadBalancer.Conditions[0].Values = []string{host}
	imd.Spec.Template.Target.DeregistrationDelaySeconds = new(int32(2))
	for i := range imd.Spec.Strategy.Canary.Steps {
		imd.Spec.Strategy.Canary.Steps[i].HoldSeconds = new(int32(1))
	}
	return imd
}

// TestTwoTenants: beside a tenant who tries what he can with his own token, another
// one's rollout goes through, and none of his users' requests fails.
func TestTwoTenants(t *testing.T) {
	w := newWorld(t, dataplane.Options{Sockets: true})
	w.Expect(w.sim.CreateCluster("shop")).To(gomega.Succeed())
	tags := map[string]string{}
	for _, tag := range []string{"2.1.0", "2.2.0", "2.3.0"} {
		tags[w.sim.PutImage("checkout", tag, "")] = tag
	}
	addresses, err := testcluster.FreeAddresses(1)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	m := launch(t, kubeconfigOf(t, managerNamespace, managerName), w.endpoint, "--health-probe-bind-address="+addresses[0], "--require-policy")
	m.probes = addresses[0]
	w.ready(m)
	shop, bob := tenant(t, w.WithT, "bob")
	hostile, mallory := tenant(t, w.WithT, "mallory")
	w.allow(shop, "shop.example.com")
	w.allow(hostile, "mallory.example.com")

	w.imd = w.deploymentOf(shop, "checkout", "shop.example.com", 100)
	w.Expect(bob.Create(t.Context(), w.imd)).To(gomega.Succeed())
	first := w.eventually(v1alpha1.PhaseComplete)
	visitors := w.visit("shop.example.com", "/", tags)

	w.trespasses(mallory, shop, first)
	w.disturbs(mallory, hostile)

	w.Expect(bob.Get(t.Context(), client.ObjectKeyFromObject(w.imd), w.imd)).To(gomega.Succeed())
	patch := client.MergeFrom(w.imd.DeepCopy())
	w.imd.Spec.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.2.0"
	w.Expect(bob.Patch(t.Context(), w.imd, patch)).To(gomega.Succeed())
	done := w.eventually(v1alpha1.PhaseComplete)
	w.Expect(done.Status.StableRevision).To(gomega.Equal("checkout-2"), w.explain)
	w.Expect(done.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.Expect(done.Status.Conditions).NotTo(gomega.ContainElement(gomega.HaveField("Type", v1alpha1.ConditionOverlapping)))
	visitors.leave()
	visitors.mu.Lock()
	defer visitors.mu.Unlock()
	w.Expect(visitors.latest).To(gomega.Equal("2.2.0"))
}

// trespasses has a tenant try what only others may: each is refused.
func (w *world) trespasses(mallory client.Client, shop string, victim *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	ctx, forbidden := w.t.Context(), gomega.Satisfy(apierrors.IsForbidden)
	w.Expect(mallory.Get(ctx, client.ObjectKeyFromObject(victim), victim.DeepCopy())).To(forbidden)
	w.Expect(mallory.Delete(ctx, victim.DeepCopy())).To(forbidden)
	w.Expect(mallory.List(ctx, &v1alpha1.ImmutableRevisionList{}, client.InNamespace(shop))).To(forbidden)
	w.Expect(mallory.List(ctx, &v1alpha1.DeploymentPolicyList{})).To(forbidden)
	w.Expect(mallory.Create(ctx, &v1alpha1.DeploymentPolicy{ObjectMeta: metav1.ObjectMeta{Name: "all"}})).To(forbidden)
}

// disturbs has a tenant claim another one's requests, keep gates from answering and
// change a template all the time.
func (w *world) disturbs(mallory client.Client, hostile string) {
	w.t.Helper()
	ctx := w.t.Context()
	silent := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	w.t.Cleanup(func() { close(silent); server.Close() })
	greedy := w.deploymentOf(hostile, "greedy", "*.example.com", 50)
	slow := w.deploymentOf(hostile, "slow", "mallory.example.com", 60)
	slow.Spec.Gates = []v1alpha1.Gate{{Name: "never", At: v1alpha1.AfterProvision, TimeoutSeconds: new(int32(86400)),
		Webhook: &v1alpha1.WebhookGate{URL: server.URL, CABundle: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))}}}
	for _, imd := range []*v1alpha1.ImmutableDeployment{greedy, slow} {
		w.Expect(mallory.Create(ctx, imd)).To(gomega.Succeed())
	}
	w.Eventually(func() string {
		w.Expect(mallory.Get(ctx, client.ObjectKeyFromObject(greedy), greedy)).To(gomega.Succeed())
		if greedy.Status.BlockedBy == nil {
			return ""
		}
		return greedy.Status.BlockedBy.Reason + " " + greedy.Status.BlockedBy.Message
	}).Should(gomega.And(gomega.HavePrefix(v1alpha1.ReasonNotAllowed), gomega.ContainSubstring("host *.example.com")))

	ended := make(chan struct{})
	end, stop := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		for tick := time.NewTicker(500 * time.Millisecond); ; {
			select {
			case <-end.Done():
				tick.Stop()
				return
			case at := <-tick.C:
				body := fmt.Sprintf(`[{"op":"replace","path":"/spec/template/containers/0/environment/0/value","value":%q}]`, at)
				_ = mallory.Patch(end, slow.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(body))) // more may follow
			}
		}
	}()
	w.t.Cleanup(func() { stop(); <-ended })
}

// TestRevisionsByHand: whoever has all rights in a namespace can't have a template
// of his own sent to CloudFormation by an ImmutableRevision, have another stack
// deleted, or say what is served, but can label and delete what is there.
func TestRevisionsByHand(t *testing.T) {
	g := gomega.NewWithT(t)
	namespace, alice := namespaceAdmin(t, g, "alice")
	imr := &v1alpha1.ImmutableRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "checkout-1"},
		Spec: v1alpha1.ImmutableRevisionSpec{
			Revision: 1, StackName: "payments", StackState: v1alpha1.StackPresent,
			Frozen: v1alpha1.FrozenRevision{
				TemplateHash: strings.Repeat("0", 64), AWS: v1alpha1.AWS{Region: "eu-west-1"}, TemplateBody: `{"Resources":{}}`,
				Template: v1alpha1.RevisionTemplate{
					Containers: []v1alpha1.Container{{Name: "app", Image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:1"}},
					CPU:        "256", Memory: "512", ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
					Network: v1alpha1.Network{VPCID: "vpc-0a1b2c3d", SubnetIDs: []string{"subnet-0a1b2c3d", "subnet-1a1b2c3d"}},
				},
			},
		},
	}
	refused := gomega.And(gomega.Satisfy(apierrors.IsForbidden), gomega.MatchError(gomega.ContainSubstring("are written by Viridian only")))
	g.Eventually(func() error { // permissions and policies are known after a moment
		return alice.Create(t.Context(), imr.DeepCopy(), client.DryRunAll)
	}).WithTimeout(time.Minute).Should(refused)

	// As the manager made it, which the tests' own client may.
	g.Expect(cluster.Client.Create(t.Context(), imr)).To(gomega.Succeed())
	for name, change := range map[string]func(*v1alpha1.ImmutableRevision){
		"stack state": func(r *v1alpha1.ImmutableRevision) { r.Spec.StackState = v1alpha1.StackAbsent },
		"count":       func(r *v1alpha1.ImmutableRevision) { r.Spec.DesiredCount = new(int32(5)) },
	} {
		changed := imr.DeepCopy()
		change(changed)
		g.Expect(alice.Update(t.Context(), changed)).To(refused, name)
	}
	stolen := imr.DeepCopy()
	stolen.Status.StackID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/payments/1"
	g.Expect(alice.Status().Update(t.Context(), stolen)).To(refused)

	imd := &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "checkout"},
		Spec: v1alpha1.ImmutableDeploymentSpec{
			Template: imr.Spec.Frozen.Template, Strategy: v1alpha1.Strategy{Type: v1alpha1.StrategyRecreate},
		},
	}
	g.Expect(alice.Create(t.Context(), imd)).To(gomega.Succeed())
	imd.Status.Stable = 1
	g.Expect(alice.Status().Update(t.Context(), imd)).To(refused)
	g.Expect(alice.Delete(t.Context(), imd)).To(gomega.Succeed())

	imr.Labels = map[string]string{"team": "alice"}
	g.Expect(alice.Update(t.Context(), imr)).To(gomega.Succeed())
	g.Expect(alice.Delete(t.Context(), imr)).To(gomega.Succeed())
}
