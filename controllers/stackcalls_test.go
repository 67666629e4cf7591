package controllers

import (
	"errors"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// workersRevision is the first revision of a worker in the cluster "here", whose
// stack is protected.
func workersRevision(edit func(*v1alpha1.ImmutableRevision)) *v1alpha1.ImmutableRevision {
	imr := &v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer-1", Labels: map[string]string{v1alpha1.LabelDeployment: "mailer"},
		Finalizers: []string{v1alpha1.Finalizer}}}
	imr.Spec.Revision, imr.Spec.StackName = 1, "viridian-shop-mailer-1"
	imr.Spec.Frozen.TemplateHash, imr.Spec.Frozen.TerminationProtection = "hash", true
	edit(imr)
	return imr
}

// asReconciled is the request to look at an object.
func asReconciled(object client.Object) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)}
}

// stackOf is the stack of a revision, in some status.
func (o *Options) stackOf(imr *v1alpha1.ImmutableRevision, status cloud.StackStatus) cloud.Stack {
	return cloud.Stack{ID: "id", Name: imr.Spec.StackName, Status: status, Tags: o.stackTags(imr, "1"), Outputs: map[string]string{"ServiceName": "mailer"}}
}

// A record that is deleted stays until its stack is gone, which is deleted by its ID,
// so that it isn't a later one of the same name, and without its protection.
func TestRecordOutlivesItsStack(t *testing.T) {
	imr := workersRevision(func(imr *v1alpha1.ImmutableRevision) {
		imr.DeletionTimestamp = new(metav1.Now())
		imr.Status.Phase, imr.Status.StackID, imr.Status.ClusterID = v1alpha1.RevisionCreated, "id", "here"
	})
	cluster, aws := clusterOf(t, imr), &formation{}
	r := &RevisionReconciler{Options: Options{Client: cluster, Live: cluster, Cloud: aws, ClusterID: "here", Recorder: unheard(), Now: time.Now}}
	for _, status := range []cloud.StackStatus{cloud.StackCreateComplete, cloud.StackDeleteInProgress, cloud.StackDeleteFailed, cloud.StackDeleteComplete} {
		aws.stacks = []cloud.Stack{r.stackOf(imr, status)}
		if _, err := r.Reconcile(t.Context(), asReconciled(imr)); err != nil {
			t.Fatal(err)
		}
		err := cluster.Get(t.Context(), client.ObjectKeyFromObject(imr), &v1alpha1.ImmutableRevision{})
		if gone := apierrors.IsNotFound(err); gone != (status == cloud.StackDeleteComplete) {
			t.Errorf("while the stack is %s the record is gone: %t, %v", status, gone, err)
		}
	}
	if want := []string{"protect id: false", "delete id"}; !slices.Equal(aws.asked, want) {
		t.Errorf("asked to %q, want %q", aws.asked, want)
	}
}

// A record that no deployment has says nothing of what is wanted: its stack stays as
// it is until the record itself is deleted.
func TestRecordThatNobodyOwns(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*v1alpha1.ImmutableRevision)
		left bool
	}{
		"restored without an owner": {func(*v1alpha1.ImmutableRevision) {}, true},
		"its owner is gone": {func(imr *v1alpha1.ImmutableRevision) {
			owner := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Name: "mailer", UID: "1"}}
			imr.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}
		}, true},
		"deleted itself": {func(imr *v1alpha1.ImmutableRevision) { imr.DeletionTimestamp = new(metav1.Now()) }, false},
		"retained":       {func(imr *v1alpha1.ImmutableRevision) { imr.Spec.StackState = v1alpha1.StackRetained }, false},
	} {
		r := &RevisionReconciler{Options: Options{Live: clusterOf(t)}}
		imr, view := workersRevision(c.edit), &revisionView{}
		view.facts.Deleting, view.facts.Retained = !imr.DeletionTimestamp.IsZero(), imr.Spec.StackState == v1alpha1.StackRetained
		err := r.observeOwner(t.Context(), imr, view)
		if _, refused := errors.AsType[*refusal.Error](err); refused != c.left || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// For a day a stack that is gone is looked for: a process that decided by what was
// wanted before may have asked for it again.
func TestStackThatIsThereAgain(t *testing.T) {
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	r := &RevisionReconciler{Options: Options{ClusterID: "here", Now: func() time.Time { return now }}}
	for since, want := range map[time.Duration]bool{time.Minute: true, 23 * time.Hour: true, 25 * time.Hour: false} {
		imr := workersRevision(func(imr *v1alpha1.ImmutableRevision) {
			imr.Spec.StackState, imr.Status.Phase, imr.Status.StackID = v1alpha1.StackAbsent, v1alpha1.RevisionRemoved, "id of the one before"
			meta.SetStatusCondition(&imr.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-since))})
		})
		view := &revisionView{}
		view.facts.Phase = imr.Status.Phase
		view.clients.Stacks = &formation{stacks: []cloud.Stack{r.stackOf(imr, cloud.StackCreateComplete)}}
		if err := r.describe(t.Context(), imr, view); err != nil || (view.facts.Stack != nil) != want || view.facts.Owned != want {
			t.Errorf("after %s: %+v, %v", since, view.facts, err)
		}
	}
}

// Whether a stack was made is known only of an answer: one that didn't come is no
// failure of the template's, but the refusal of it is.
func TestAnswersToCreation(t *testing.T) {
	for kind, c := range map[cloud.Kind]struct {
		phase  v1alpha1.RevisionPhase
		failed bool
	}{
		"":                  {v1alpha1.RevisionCreating, false},
		cloud.KindInvalid:   {v1alpha1.RevisionFailed, false},
		cloud.KindConflict:  {v1alpha1.RevisionPending, false}, // the next look tells whose it is
		cloud.KindTransient: {v1alpha1.RevisionCreating, true},
		cloud.KindThrottled: {v1alpha1.RevisionCreating, true},
		cloud.KindDenied:    {v1alpha1.RevisionCreating, true},
	} {
		aws := &formation{}
		if kind != "" {
			aws.refusal = &cloud.Error{Kind: kind}
		}
		imr := workersRevision(func(imr *v1alpha1.ImmutableRevision) { imr.Status.Phase = v1alpha1.RevisionPending })
		r, next := &RevisionReconciler{Options: Options{Now: time.Now}}, &v1alpha1.ImmutableRevisionStatus{Phase: v1alpha1.RevisionCreating}
		err := r.create(t.Context(), imr, revisionView{clients: aws.clients(), backend: backendOf(imr, cloud.Clients{})}, next)
		if next.Phase != c.phase || (err != nil) != c.failed || (next.Failure != nil) != (c.phase == v1alpha1.RevisionFailed) {
			t.Errorf("%q: %s, %+v, %v", kind, next.Phase, next.Failure, err)
		}
	}
}

// A stack that failed by an accident isn't made again while another cluster may be at
// work on the deployment's rule, and it is looked again without haste.
func TestContestedStackIsNotMadeAgain(t *testing.T) {
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	for reason, want := range map[string][]string{
		v1alpha1.ReasonStatusBehind:  nil,
		v1alpha1.ReasonRouteConflict: nil,
		v1alpha1.ReasonMetricInvalid: {"create viridian-shop-mailer-1"},
		"":                           {"create viridian-shop-mailer-1"},
	} {
		owner := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1"}}
		if reason != "" {
			owner.Status.BlockedBy = &v1alpha1.BlockedBy{Reason: reason, Since: metav1.NewTime(now)}
		}
		imr := workersRevision(func(imr *v1alpha1.ImmutableRevision) {
			imr.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}
			imr.Spec.StackState, imr.Status.Phase = v1alpha1.StackPresent, v1alpha1.RevisionPending
			imr.Status.Attempts, imr.Status.FailedAttempts = 1, 1
			imr.Status.Failure = &v1alpha1.StackFailure{Message: "no capacity", Reason: v1alpha1.ReasonCapacityUnavailable, At: metav1.NewTime(now.Add(-time.Hour))}
		})
		cluster, aws := clusterOf(t, owner, imr), &formation{}
		r := &RevisionReconciler{Options: Options{Client: cluster, Live: cluster, Cloud: aws, ClusterID: "here", Recorder: unheard(),
			Timing: Timing{Poll: time.Minute}, Now: func() time.Time { return now }}}
		result, err := r.Reconcile(t.Context(), asReconciled(imr))
		if err != nil || !slices.Equal(aws.asked, want) || result.RequeueAfter != time.Minute {
			t.Errorf("%s: asked to %q, looks again after %s, %v", reason, aws.asked, result.RequeueAfter, err)
		}
	}
}
