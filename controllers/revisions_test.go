package controllers

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// shelf lists the revisions that it has.
type shelf struct {
	client.Client
	has []v1alpha1.ImmutableRevision
}

// List implements client.Reader.
func (s *shelf) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*v1alpha1.ImmutableRevisionList).Items = s.has //nolint:forcetypeassert // of revisions only
	return nil
}

// The cache isn't believed while it lacks what this process wrote, or what status knows
// of: a second revision would be made of the same template, or a second stack.
func TestRevisionsThatTheCacheLacks(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Name: "checkout", UID: "1"}}
	imr := v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{UID: "2", Generation: 1,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(imd, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}}}
	imr.Spec.Revision, imr.Status.Phase = 1, v1alpha1.RevisionCreated
	cached := &shelf{}
	r := &DeploymentReconciler{Options: Options{Client: cached, Live: &shelf{has: []v1alpha1.ImmutableRevision{imr}}}}
	known := func() int {
		own, _, err := r.revisionsOf(t.Context(), imd)
		if err != nil {
			t.Fatal(err)
		}
		return len(own)
	}
	r.written.note(imd.UID, &imr)
	for range 2 {
		if known() != 1 {
			t.Error("what was written just now isn't known")
		}
	}
	cached.has = []v1alpha1.ImmutableRevision{imr}
	if known() != 1 {
		t.Error("what the cache shows isn't known")
	}
	cached.has = nil
	if known() != 0 {
		t.Error("the cache isn't asked once it showed what was written")
	}
	imd.Status.Stable = 1
	if known() != 1 {
		t.Error("what status says serves isn't known")
	}
}

// Before a deletion gives the rule up, the revisions to which it may forward are read
// from the API server: nothing tells that the cache lacks one that another process
// made.
func TestRevisionsOfADeletion(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Name: "checkout", UID: "1"}}
	imr := v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{UID: "2",
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(imd, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}}}
	r := &DeploymentReconciler{Options: Options{Client: &shelf{}, Live: &shelf{has: []v1alpha1.ImmutableRevision{imr}}}}
	known := func() int {
		own, _, err := r.revisionsOf(t.Context(), imd)
		if err != nil {
			t.Fatal(err)
		}
		return len(own)
	}
	if known() != 0 {
		t.Error("the cache isn't asked in an ordinary pass")
	}
	imd.DeletionTimestamp = new(metav1.Now())
	if known() != 1 {
		t.Error("a revision that the cache lacks isn't known when the rule is given up")
	}
	imd.Status.DetachedAt = new(metav1.Now())
	if known() != 0 {
		t.Error("the cache isn't asked once the rule is given up")
	}
}
