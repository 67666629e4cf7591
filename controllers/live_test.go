package controllers

import (
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
)

// What a pass is about is read from the API server: a stack that was asked for isn't
// asked for again because the cache doesn't show that yet.
func TestRevisionIsReadLive(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1"}}
	before := workersRevision(func(imr *v1alpha1.ImmutableRevision) {
		imr.Spec.StackState = v1alpha1.StackPresent
		imr.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(imd, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}
	})
	now := before.DeepCopy()
	now.Status.Phase, now.Status.StackID, now.Status.Attempts = v1alpha1.RevisionCreating, "id", 1
	live, aws := clusterOf(t, imd, now), &formation{}
	r := &RevisionReconciler{Options: Options{Client: clusterOf(t, imd, before), Live: live, Cloud: aws, ClusterID: "here", Recorder: unheard(), Now: time.Now}}
	if _, err := r.Reconcile(t.Context(), asReconciled(now)); err != nil {
		t.Fatal(err)
	}
	if len(aws.asked) > 0 {
		t.Errorf("asked to %q", aws.asked)
	}
}

// A deployment that is deleted, and has nothing left, doesn't get its finalizer again
// because the cache doesn't show the deletion yet.
func TestDeploymentIsReadLive(t *testing.T) {
	before := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1"}}
	before.Status.LatestRevision = 1
	now := before.DeepCopy()
	now.DeletionTimestamp, now.Finalizers = new(metav1.Now()), []string{"others"}
	cached := clusterOf(t, before)
	r := &DeploymentReconciler{Options: Options{Client: cached, Live: clusterOf(t, now), Now: time.Now}}
	if _, err := r.Reconcile(t.Context(), asReconciled(now)); err != nil {
		t.Fatal(err)
	}
	if err := cached.Get(t.Context(), client.ObjectKeyFromObject(before), before); err != nil || controllerutil.ContainsFinalizer(before, v1alpha1.Finalizer) {
		t.Errorf("finalizers %v, %v", before.Finalizers, err)
	}
}

// Status says which generation it is about, and Ready only once that is done.
func TestStatusIsOfItsGeneration(t *testing.T) {
	ready := []v1alpha1.Phase{v1alpha1.PhaseComplete, v1alpha1.PhaseSwitchedOff}
	for _, phase := range append(ready, v1alpha1.PhasePending, v1alpha1.PhaseProvisioning, v1alpha1.PhaseVerifying, v1alpha1.PhaseShifting,
		v1alpha1.PhaseBaking, v1alpha1.PhaseCleaningUp, v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack, v1alpha1.PhasePaused, v1alpha1.PhaseFailed, v1alpha1.PhaseDeleting) {
		imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", Generation: 3}}
		imd.Status.ObservedGeneration = 2
		cluster := clusterOf(t, imd)
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(imd), imd); err != nil {
			t.Fatal(err)
		}
		r, view := &DeploymentReconciler{Options: Options{Client: cluster, Recorder: unheard(), Now: time.Now}}, &deploymentView{router: route.None{}.Router(route.Deployment{})}
		view.facts.Route.None = true
		if err := r.save(t.Context(), imd, view, rollout.Decision{Phase: phase, Reason: "Reason"}); err != nil {
			t.Fatal(err)
		}
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(imd), imd); err != nil {
			t.Fatal(err)
		}
		want := slices.Contains(ready, phase)
		if s := imd.Status; s.ObservedGeneration != 3 || meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionReady) != want {
			t.Errorf("%s: of generation %d, %+v", phase, s.ObservedGeneration, s.Conditions)
		}
	}
}
