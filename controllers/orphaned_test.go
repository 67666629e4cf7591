package controllers

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/template"
)

// owned is a route that is the deployment's.
type owned struct{ route.Router }

func (owned) Observe(context.Context, route.Before) (route.Observed, error) {
	return route.Observed{Route: rollout.Route{Exists: true, Owned: true}}, nil
}

// A deletion with --cascade=orphan leaves everything, the rule with its tags as well:
// by them it is found again. It is known by the finalizer of the garbage collector,
// by the records that this has been at already, or by what was seen before.
func TestOrphanedDeletion(t *testing.T) {
	record := func(state v1alpha1.StackState, uid string) []v1alpha1.ImmutableRevision {
		imr := v1alpha1.ImmutableRevision{}
		imr.Spec.Revision, imr.Spec.StackState, imr.Spec.StackName = 1, state, template.StackName("shop", "checkout", uid, 1)
		return []v1alpha1.ImmutableRevision{imr}
	}
	for name, c := range map[string]struct {
		has      []v1alpha1.ImmutableRevision
		edit     func(*v1alpha1.ImmutableDeployment)
		orphaned bool
	}{
		"a deletion":                         {nil, func(*v1alpha1.ImmutableDeployment) {}, false},
		"orphaning is asked for":             {nil, func(imd *v1alpha1.ImmutableDeployment) { imd.Finalizers = []string{metav1.FinalizerOrphanDependents} }, true},
		"orphaning was seen":                 {nil, func(imd *v1alpha1.ImmutableDeployment) { imd.Status.Orphaned = true }, true},
		"a record lost its owner":            {record(v1alpha1.StackPresent, "1"), func(*v1alpha1.ImmutableDeployment) {}, true},
		"a record of what was removed":       {record(v1alpha1.StackAbsent, "1"), func(*v1alpha1.ImmutableDeployment) {}, false},
		"a record of another, from a backup": {record(v1alpha1.StackPresent, "2"), func(*v1alpha1.ImmutableDeployment) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout", UID: "1"}}
			c.edit(imd)
			records := &shelf{has: c.has}
			r, view := &DeploymentReconciler{Options: Options{Client: records, Live: records}}, &deploymentView{router: owned{}}
			view.facts.Deleting = true
			if err := r.observeRecords(t.Context(), imd, view); err != nil {
				t.Fatal(err)
			}
			if err := r.observeRoute(t.Context(), imd, view); err != nil {
				t.Fatal(err)
			}
			if view.facts.Policy.Retain != c.orphaned || view.facts.Route.Owned == c.orphaned {
				t.Errorf("everything stays: %t; the rule is the deployment's to strip: %t", view.facts.Policy.Retain, view.facts.Route.Owned)
			}
		})
	}
}
