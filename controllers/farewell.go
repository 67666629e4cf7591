package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// A deletion with deletionPolicy: Retain has nothing to do in AWS but to take
// its tags off a rule. It doesn't wait for ever for an account that perhaps
// nobody will open again, since people would then take off the finalizer: it
// goes, and says what stays.

// farewell is how long a deletion that retains everything waits to be let into
// the account.
const farewell = 10 * time.Minute

// shut tells whether the account is closed to the controller until someone opens
// it, and perhaps nobody can any more.
func (t trouble) shut() bool {
	switch t.Reason {
	case v1alpha1.ReasonCredentials, v1alpha1.ReasonRoleNotAllowed, v1alpha1.ReasonAccessDenied, v1alpha1.ReasonWrongAccount:
		return true
	}
	return false
}

// wayOut is what to do besides opening the account; "" if that is all.
func (r *DeploymentReconciler) wayOut(imd *v1alpha1.ImmutableDeployment, t trouble) string {
	switch o := r.fromSpec(imd); {
	case !o.Deleting || !t.shut():
		return ""
	case o.Policy.Retain:
		return goesAt(r.farewellAt(imd, t).UTC().Format(time.RFC3339))
	}
	return orRetain(r.claimOf(imd))
}

// wayOut is the same for a revision that is deleted by itself.
func (r *RevisionReconciler) wayOut(imr *v1alpha1.ImmutableRevision, t trouble) string {
	if imr.DeletionTimestamp.IsZero() || !t.shut() {
		return ""
	}
	return orRetainStack(imr)
}

// farewellAt is when a deletion doesn't wait any longer for an end of the
// trouble. It counts from when that was first told: what was in the way before
// was another matter.
func (r *DeploymentReconciler) farewellAt(imd *v1alpha1.ImmutableDeployment, t trouble) time.Time {
	since := r.blockedBy(imd.Status.BlockedBy, &t.Blocked).Since.Time
	return since.Add(farewell)
}

// goes tells whether the record goes without AWS.
func (r *DeploymentReconciler) goes(imd *v1alpha1.ImmutableDeployment, t trouble) bool {
	o := r.fromSpec(imd)
	return o.Deleting && o.Policy.Retain && t.shut() && !r.Now().Before(r.farewellAt(imd, t))
}

// leave takes a deletion that retains everything one step further without AWS:
// as if there were no rule to take tags off. What is in the way stays in
// status, so that the next pass knows since when.
func (r *DeploymentReconciler) leave(ctx context.Context, imd *v1alpha1.ImmutableDeployment, t trouble) (ctrl.Result, error) {
	view := deploymentView{facts: r.fromSpec(imd), router: r.routerOf(imd, cloud.Clients{})}
	var err error
	if view.records, view.orphans, err = r.revisionsOf(ctx, imd); err != nil {
		return retry(err)
	}
	for i := range view.records {
		view.facts.Revisions = append(view.facts.Revisions, recorded(&view.records[i]))
	}
	decision := rollout.Decide(view.facts, r.Now())
	decision.StillBlocked = true
	last := decision.Action.Kind == rollout.ActionFinishDeletion
	if stays := view.router.Remainder(t.Message); last && stays != "" {
		r.emit(imd, corev1.EventTypeWarning, v1alpha1.ReasonRetained, "Leave the tags", stays)
	}
	if err := r.apply(ctx, imd, &view, decision); err != nil {
		return retry(err)
	}
	if last {
		return ctrl.Result{}, nil
	}
	if err := r.save(ctx, imd, &view, decision); err != nil {
		return retry(err)
	}
	return ctrl.Result{RequeueAfter: max(decision.After, minRequeue)}, nil
}
