package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// namespaceAdmin makes a namespace and whoever has all rights in it, with a token
// of its own.
func namespaceAdmin(t *testing.T, g *gomega.WithT, name string) (namespace string, as client.Client) {
	t.Helper()
	ctx := t.Context()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-"}}
	g.Expect(cluster.Client.Create(ctx, ns)).To(gomega.Succeed())
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: name}}
	g.Expect(cluster.Client.Create(ctx, account)).To(gomega.Succeed())
	g.Expect(cluster.Client.Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "everything"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	})).To(gomega.Succeed())
	g.Expect(cluster.Client.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "everything"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "everything"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: ns.Name, Name: name}},
	})).To(gomega.Succeed())
	config := rest.AnonymousClientConfig(cluster.Config)
	config.BearerToken = tokenOf(t, ns.Name, name)
	as, err := client.New(config, client.Options{Scheme: cluster.Client.Scheme()})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	return ns.Name, as
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
