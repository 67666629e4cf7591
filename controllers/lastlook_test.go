package controllers

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// unlisted is an account with one stack, which nobody remembers.
type unlisted struct {
	cloud.Stacks
	stack cloud.Stack
}

func (u unlisted) List(context.Context) ([]cloud.StackSummary, error) {
	return []cloud.StackSummary{{ID: u.stack.ID, Name: u.stack.Name, Status: u.stack.Status}}, nil
}

func (u unlisted) Describe(context.Context, string) (cloud.Stack, error) { return u.stack, nil }

func (u unlisted) Template(context.Context, string) (string, error) {
	return `{"Metadata":{"Viridian::Revision":{"template":{"containers":[{"name":"app"}]}}}}`, nil
}

// A deletion isn't over while a stack of the deployment's is there that has no
// record: nobody would look for it any more. One that leaves everything leaves it.
func TestLastLook(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for name, retain := range map[string]bool{"deleted": false, "retained": true} {
		t.Run(name, func(t *testing.T) {
			imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1",
				Finalizers: []string{v1alpha1.Finalizer, "others"}, DeletionTimestamp: &metav1.Time{Time: time.Now()}}}
			cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(imd).Build()
			if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(imd), imd); err != nil {
				t.Fatal(err)
			}
			r := &DeploymentReconciler{Options: Options{Client: cluster, Live: cluster, ClusterID: "here", Now: time.Now}}
			tags := r.claimOf(imd).Tags()
			tags[v1alpha1.TagRevision], tags[v1alpha1.TagTemplateHash] = "7", "hash"
			view := &deploymentView{router: r.routerOf(imd, cloud.Clients{}), lostStacks: map[int64]cloud.Stack{}, clients: cloud.Clients{Stacks: unlisted{stack: cloud.Stack{
				ID: "id", Name: template.StackName("shop", "mailer", "1", 7), Status: cloud.StackCreateComplete, Tags: tags}}}}
			view.facts.Route, view.facts.Deleting, view.facts.Policy.Retain = rollout.Route{None: true}, true, retain
			if err := r.finish(t.Context(), imd, view); err != nil {
				t.Fatal(err)
			}
			left, _, err := listRevisions(t.Context(), cluster, imd)
			if err != nil || len(left) > 0 == retain || controllerutil.ContainsFinalizer(imd, v1alpha1.Finalizer) == retain {
				t.Errorf("records %d, finalizers %v, %v", len(left), imd.Finalizers, err)
			}
		})
	}
}

// A deployment stays while a revision of its is there, as the API server knows it:
// nobody would have that one's stack removed any more.
func TestDeploymentOutlivesItsRevisions(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1",
		Finalizers: []string{v1alpha1.Finalizer, "others"}, DeletionTimestamp: &metav1.Time{Time: time.Now()}}}
	imr := &v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer-1", Labels: map[string]string{v1alpha1.LabelDeployment: "mailer"},
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(imd, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}}}
	cluster := clusterOf(t, imd, imr)
	r := &DeploymentReconciler{Options: Options{Client: cluster, Live: cluster, Now: time.Now}}
	view := &deploymentView{clients: (&formation{}).clients(), lostStacks: map[int64]cloud.Stack{}}
	for _, there := range []bool{true, false} {
		if !there {
			if err := cluster.Delete(t.Context(), imr); err != nil {
				t.Fatal(err)
			}
		}
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(imd), imd); err != nil {
			t.Fatal(err)
		}
		if err := r.finish(t.Context(), imd, view); err != nil || controllerutil.ContainsFinalizer(imd, v1alpha1.Finalizer) != there {
			t.Errorf("a revision is there: %t; finalizers %v, %v", there, imd.Finalizers, err)
		}
	}
}
