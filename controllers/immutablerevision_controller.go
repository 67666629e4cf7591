package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/stack"
)

// +kubebuilder:rbac:groups=deploy.viridian.dev,resources=immutablerevisions,verbs=get;list;watch;create;patch;delete;manage
// +kubebuilder:rbac:groups=deploy.viridian.dev,resources=immutablerevisions/status,verbs=update;patch

// RevisionReconciler keeps one CloudFormation stack for each
// ImmutableRevision.
type RevisionReconciler struct {
	Options

	looked looks
}

// SetupWithManager registers the reconciler.
func (r *RevisionReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ImmutableRevision{}, builder.WithPredicates(RevisionPredicate())).
		WithOptions(controller.Options{MaxConcurrentReconciles: r.MaxConcurrent, RateLimiter: r.backoff()}).
		Complete(Fair(r, r.MaxConcurrent))
}

// Reconcile brings a revision's stack one step closer to what is wanted.
func (r *RevisionReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	imr := &v1alpha1.ImmutableRevision{}
	if err := r.Live.Get(ctx, req.NamespacedName, imr); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !imr.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(imr, v1alpha1.Finalizer) {
		return ctrl.Result{}, nil
	}
	view, err := r.observe(ctx, imr)
	if err != nil {
		return r.unseen(ctx, imr, err)
	}
	decision := stack.Decide(view.facts)
	next := imr.Status.DeepCopy()
	if err := r.apply(ctx, imr, view, decision, next); err != nil {
		return r.refused(ctx, imr, view, err)
	}
	decision = reconsidered(decision, next)
	r.noteImages(ctx, imr, view, decision, next)
	if err := r.save(ctx, imr, next, decision); err != nil {
		return retry(err)
	}
	if !imr.DeletionTimestamp.IsZero() && (view.facts.Retained || decision.Gone()) {
		return retry(r.part(ctx, imr, view))
	}
	return ctrl.Result{RequeueAfter: r.pause(imr, &view, decision)}, nil
}

// reconsidered is the decision once the cause of a failure is known: a stack that
// failed by an accident is made again, and what keeps tasks from running is told.
func reconsidered(d stack.Decision, next *v1alpha1.ImmutableRevisionStatus) stack.Decision {
	if d.Action == stack.ActionAttend && next.Failure != nil {
		return stack.Starting(next.Failure.Message)
	}
	if d.Action != stack.ActionDiagnose || next.Phase != v1alpha1.RevisionDeleting {
		return d
	}
	if next.Failure == nil {
		return stack.Again("the preview rule's priority was taken by another rule")
	}
	return stack.Again(next.Failure.Message)
}

// retryAt is when a stack is made again that failed though its template isn't at
// fault; zero if none did, none is wanted, or the time of that is of a clock that is ahead.
func (r *RevisionReconciler) retryAt(imr *v1alpha1.ImmutableRevision) time.Time {
	f := imr.Status.Failure
	if f == nil || f.Reason == "" || f.At.After(r.Now()) || imr.Spec.StackState != v1alpha1.StackPresent {
		return time.Time{}
	}
	return f.At.Add(stack.Pause(imr.Status.FailedAttempts, false, stalledPollFactor*r.Timing.Poll))
}

// waiting says until when, and why, a stack isn't made again; "" if it may be.
func (r *RevisionReconciler) waiting(imr *v1alpha1.ImmutableRevision) string {
	due := r.retryAt(imr)
	if !r.Now().Before(due) {
		return ""
	}
	return fmt.Sprintf("The next attempt at the stack is at %s: %s", due.UTC().Format("15:04:05 MST"), imr.Status.Failure.Message)
}

// contested says why a deployment's stacks aren't made again while somebody else may
// be at work on its rule; "" if nobody is. That they may be made for the first time
// is the deployment's own decision, which it takes only as the rule's last writer.
func contested(owner *v1alpha1.ImmutableDeployment) string {
	if b := owner.Status.BlockedBy; b != nil && (b.Reason == v1alpha1.ReasonStatusBehind || b.Reason == v1alpha1.ReasonRouteConflict) {
		return "The stack isn't made again while the deployment is blocked by " + b.Reason
	}
	return ""
}

// pause is when to look at the stack again.
func (r *RevisionReconciler) pause(imr *v1alpha1.ImmutableRevision, view *revisionView, d stack.Decision) time.Duration {
	switch {
	case d.Phase == v1alpha1.RevisionDeleteFailed && d.Action != stack.ActionList, mayBecomeOurs(imr):
		return stalledPollFactor * r.Timing.Poll
	case imr.Spec.StackState == v1alpha1.StackPresent && (d.Phase == v1alpha1.RevisionRemoved || d.Phase == v1alpha1.RevisionPending):
		return r.untilAsked(imr, view, d)
	case !d.Settled:
		return r.Timing.Poll
	case d.Phase == v1alpha1.RevisionCreated, d.Reason == v1alpha1.ReasonStackFound:
		return r.Timing.Resync
	case d.Gone():
		return r.lookAgain(imr)
	}
	return 0
}

// untilAsked is when to ask for a stack that is wanted.
func (r *RevisionReconciler) untilAsked(imr *v1alpha1.ImmutableRevision, view *revisionView, d stack.Decision) time.Duration {
	switch {
	case d.Phase == v1alpha1.RevisionPending && r.waiting(imr) != "":
		return max(r.retryAt(imr).Sub(r.Now()), minRequeue)
	case d.Phase == v1alpha1.RevisionPending && view.facts.Waiting != "":
		return r.Timing.Poll
	}
	return minRequeue
}

// mayBecomeOurs tells whether a revision is wanted whose stack belongs to someone
// else: people may let its deployment adopt that.
func mayBecomeOurs(imr *v1alpha1.ImmutableRevision) bool {
	return imr.Spec.StackState == v1alpha1.StackPresent && reasonOf(imr) == v1alpha1.ReasonForeignStack
}

// unseen reports that a revision couldn't be observed, unless its stack is gone:
// nothing is amiss with it only because nobody can look.
func (r *RevisionReconciler) unseen(ctx context.Context, imr *v1alpha1.ImmutableRevision, cause error) (ctrl.Result, error) {
	if over(imr) {
		return ctrl.Result{RequeueAfter: r.lookAgain(imr)}, nil
	}
	return r.report(ctx, imr, cause)
}

// over tells whether the revision's stack is gone, as it shall be.
func over(imr *v1alpha1.ImmutableRevision) bool {
	return imr.Status.Phase == v1alpha1.RevisionRemoved && imr.Spec.StackState != v1alpha1.StackPresent && imr.DeletionTimestamp.IsZero()
}

// lookout is how long it is looked, ever more rarely, whether a stack that is
// gone comes back: a process that decided by what was wanted a moment ago may
// have asked for it, and may have died before it heard the answer or wrote it
// down.
const lookout = 24 * time.Hour

// lookAgain is when to look for a stack that is gone; 0 is never.
func (r *RevisionReconciler) lookAgain(imr *v1alpha1.ImmutableRevision) time.Duration {
	if r.goneFor(imr) >= lookout {
		return 0
	}
	return max(r.Timing.Poll, r.goneFor(imr))
}

// goneFor is how long the revision has had no stack, since when it is Ready.
func (r *RevisionReconciler) goneFor(imr *v1alpha1.ImmutableRevision) time.Duration {
	ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return 0
	}
	return r.Now().Sub(ready.LastTransitionTime.Time)
}

// refused reports that a decision could not have its effect. A deleted record that
// no deployment has any more goes without its stack, if that is used.
func (r *RevisionReconciler) refused(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, cause error) (ctrl.Result, error) {
	if view.owner == nil && inUse(cause) {
		return retry(r.abandon(ctx, imr, cause))
	}
	return r.report(ctx, imr, cause)
}

// part lets a record go whose stack is gone, or isn't looked after. Nobody else
// would tell of a stack that a record without an owner leaves.
func (r *RevisionReconciler) part(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) error {
	if view.owner == nil && view.facts.Stack != nil && !view.facts.Owned {
		return r.abandon(ctx, imr, belongsTo(r.claimOfRevision(imr, view.ownerUID), view.facts.Stack.Tags))
	}
	return r.release(ctx, imr)
}

// abandon lets a deleted record go that no deployment has any more, and leaves
// its stack, which is used: it is found again by whoever adopts it.
func (r *RevisionReconciler) abandon(ctx context.Context, imr *v1alpha1.ImmutableRevision, cause error) error {
	r.emit(imr, corev1.EventTypeWarning, v1alpha1.ReasonStackKept, "Release", stackStays(imr.Spec.StackName, cause))
	return r.release(ctx, imr)
}

// release lets the ImmutableRevision go, now that its stack is gone.
func (r *RevisionReconciler) release(ctx context.Context, imr *v1alpha1.ImmutableRevision) error {
	patch := client.MergeFromWithOptions(imr.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.RemoveFinalizer(imr, v1alpha1.Finalizer)
	if err := r.Client.Patch(ctx, imr, patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("remove the finalizer: %w", err))
	}
	return nil
}

// revisionView is what a pass sees of a revision.
type revisionView struct {
	// facts are what the decision rests on.
	facts   stack.Observation
	clients cloud.Clients
	// owner of the record; nil if it has none, or that is gone.
	owner    *v1alpha1.ImmutableDeployment
	ownerUID string
	// backend works with what the stack has for the route.
	backend route.Backend
	// cluster and service are of the ECS service that facts tell of.
	cluster, service string
}

// observe reads the owner and the stack.
func (r *RevisionReconciler) observe(ctx context.Context, imr *v1alpha1.ImmutableRevision) (revisionView, error) {
	view := revisionView{facts: stack.Observation{
		Phase: imr.Status.Phase, Deleting: !imr.DeletionTimestamp.IsZero(), Retained: imr.Spec.StackState == v1alpha1.StackRetained,
		Foreign:   reasonOf(imr) == v1alpha1.ReasonForeignStack,
		Attempted: imr.Status.Attempts > 0, DeleteAttempts: imr.Status.DeleteAttempts, Listed: len(imr.Status.Retained) > 0, Waiting: r.waiting(imr),
	}}
	if err := r.observeOwner(ctx, imr, &view); err != nil || view.facts.Retained {
		return view, err
	}
	identity, err := r.identify(ctx, imr.Namespace, imr.Spec.Frozen.AWS)
	if err != nil {
		return view, err
	}
	if view.clients, err = r.Cloud.For(ctx, identity); err != nil {
		return view, err
	}
	view.backend = r.backendOf(imr, &view)
	err = inAccount(
		func() error { return r.rightAccount(ctx, imr, view.clients) },
		func() error { return r.describe(ctx, imr, &view) })
	return view, err
}

// observeOwner reads the owner. A record that has none, or whose owner is gone,
// asks for nothing; it is left alone until it is deleted itself.
func (r *RevisionReconciler) observeOwner(ctx context.Context, imr *v1alpha1.ImmutableRevision, view *revisionView) error {
	if ref := metav1.GetControllerOf(imr); ref != nil {
		owner := &v1alpha1.ImmutableDeployment{}
		err := r.Live.Get(ctx, client.ObjectKey{Namespace: imr.Namespace, Name: ref.Name}, owner)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("get the owner: %w", err)
		}
		view.ownerUID = string(ref.UID)
		if err == nil && owner.UID == ref.UID {
			view.owner, view.facts.OnDeleteFailure = owner, owner.Spec.Stack.OnDeleteFailure
			// Deleting the ImmutableRevision doesn't take a stack away that
			// serves: its owner says when it isn't needed any more.
			view.facts.Wanted = imr.Spec.StackState == v1alpha1.StackPresent
			view.facts.Waiting = cmp.Or(view.facts.Waiting, contested(owner))
		}
	}
	if view.owner == nil && !view.facts.Deleting && !view.facts.Retained {
		return ownerGone(imr)
	}
	return nil
}

// describe reads the stack: by its ID while an attempt is under way or done,
// so that a later stack of the same name is not taken for it, and by its name
// before, so that one whose creation went unnoticed is found.
func (r *RevisionReconciler) describe(ctx context.Context, imr *v1alpha1.ImmutableRevision, view *revisionView) error {
	if over(imr) && r.goneFor(imr) >= lookout {
		return nil // it is looked for once more before nobody can
	}
	key, unasked := imr.Status.StackID, []v1alpha1.RevisionPhase{"", v1alpha1.RevisionPending, v1alpha1.RevisionRemoved}
	if key == "" || slices.Contains(unasked, view.facts.Phase) {
		key = imr.Spec.StackName
	}
	found, err := view.clients.Stacks.Describe(ctx, key)
	if cloud.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	view.facts.Stack = &found
	if view.facts.Owned, err = r.isRevisions(ctx, imr, view); err != nil || !view.facts.Wanted {
		return err
	}
	if found.Status == cloud.StackDeleteComplete {
		if err := r.describeSuccessor(ctx, imr, view); err != nil {
			return err
		}
	}
	return observeService(ctx, imr, view)
}

// describeSuccessor looks for a later stack of a revision whose stack is gone: it
// is the record that is behind then, and what it says is about the one before.
func (r *RevisionReconciler) describeSuccessor(ctx context.Context, imr *v1alpha1.ImmutableRevision, view *revisionView) error {
	there, found, err := describeLive(ctx, view.clients.Stacks, imr.Spec.StackName)
	if err != nil || !there {
		return err
	}
	later := *view
	later.facts.Stack = &found
	if later.facts.Owned, err = r.isRevisions(ctx, imr, &later); err != nil || !later.facts.Owned {
		return err
	}
	later.facts.Phase = v1alpha1.RevisionPending
	*view = later
	return nil
}

// isRevisions tells whether the stack that was found is the revision's: by its
// ID, if this cluster took it for that before, or by tags that name the owner, or
// one whose belongings that may take over. Of two deployments of the same name in
// one cluster the other is gone. A record without an owner is named itself.
func (r *RevisionReconciler) isRevisions(ctx context.Context, imr *v1alpha1.ImmutableRevision, view *revisionView) (bool, error) {
	tags := view.facts.Stack.Tags
	here := r.claimOfRevision(imr, view.ownerUID).IsLocalNamesake(tags)
	switch {
	case view.facts.Stack.ID == imr.Status.StackID && (here || imr.Status.ClusterID == r.ClusterID):
		return true, nil
	case tags[v1alpha1.TagTemplateHash] != imr.Spec.Frozen.TemplateHash:
		return false, nil
	case view.owner == nil:
		return here && (view.ownerUID == "" || tags[v1alpha1.TagUID] == view.ownerUID), nil
	case here:
		return true, nil
	}
	return r.claimOf(view.owner).MayAdopt(ctx, tags)
}
