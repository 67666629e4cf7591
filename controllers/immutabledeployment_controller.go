package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/gate"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// The finalizers subresource is what API servers ask for that enforce
// permissions on owner references, as OpenShift's do.
//
// +kubebuilder:rbac:groups=deploy.viridian.dev,resources=immutabledeployments,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=deploy.viridian.dev,resources=immutabledeployments/status,verbs=update
// +kubebuilder:rbac:groups=deploy.viridian.dev,resources=immutabledeployments/finalizers,verbs=update
// +kubebuilder:rbac:groups=deploy.viridian.dev,resources=deploymentpolicies,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get

// DeploymentReconciler rolls out revisions of an ImmutableDeployment.
type DeploymentReconciler struct {
	Options
	written    written
	audited    audits
	neighbours neighbours
}

// SetupWithManager registers the reconciler. It looks again when one of the
// revisions changes, too, when a neighbour saw that a rule isn't as it was, and
// when administrators change what namespaces may use.
func (r *DeploymentReconciler) SetupWithManager(mgr ctrl.Manager) error {
	woken := make(chan event.GenericEvent, 1024)
	r.Wake = func(key client.ObjectKey) {
		imd := &v1alpha1.ImmutableDeployment{}
		imd.Namespace, imd.Name = key.Namespace, key.Name
		select {
		case woken <- event.GenericEvent{Object: imd}:
		default: // its own time comes
		}
	}
	b := ctrl.NewControllerManagedBy(mgr)
	if !r.NoPolicies {
		b = b.Watches(&v1alpha1.DeploymentPolicy{}, handler.EnqueueRequestsFromMapFunc(r.awaiting), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
	}
	return b.
		For(&v1alpha1.ImmutableDeployment{}, builder.WithPredicates(DeploymentPredicate())).
		Owns(&v1alpha1.ImmutableRevision{}).
		WatchesRawSource(source.Channel(woken, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: r.MaxConcurrent, RateLimiter: r.backoff()}).
		Complete(Fair(r, r.MaxConcurrent))
}

// Reconcile brings a deployment one step further: observe, decide, at most one
// effect, status.
func (r *DeploymentReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	imd := &v1alpha1.ImmutableDeployment{}
	if err := r.Live.Get(ctx, req.NamespacedName, imd); err != nil {
		if apierrors.IsNotFound(err) {
			r.Calls.Keep(gate.Owner(req.Namespace, req.Name))
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	bound := controllerutil.ContainsFinalizer(imd, v1alpha1.Finalizer)
	if !bound && (!imd.DeletionTimestamp.IsZero() || hasBegun(&imd.Status)) {
		return r.begin(ctx, imd)
	}
	view, err := r.observe(ctx, imd)
	if !bound && (err == nil || len(view.records) > 0) {
		return r.begin(ctx, imd)
	}
	if err != nil {
		return r.report(ctx, imd, err)
	}
	decision, err := r.authorise(ctx, imd, &view, rollout.Decide(view.facts, r.Now()))
	if err != nil {
		return r.report(ctx, imd, err)
	}
	return r.carryOut(ctx, imd, &view, decision)
}

// carryOut has the effect that was decided on, and stores what is known then.
func (r *DeploymentReconciler) carryOut(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, decision rollout.Decision) (ctrl.Result, error) {
	if decision.Action.Kind == rollout.ActionProvision {
		// Once the stack is asked for, nobody reads the scan again.
		if err := r.keepEvidence(ctx, view, decision.Progress.Rollout); err != nil {
			return retry(err)
		}
	}
	if err := r.apply(ctx, imd, view, decision); err != nil {
		return r.report(ctx, imd, err)
	}
	if decision.Action.Kind == rollout.ActionFinishDeletion {
		return ctrl.Result{}, nil
	}
	if err := r.keepEvidence(ctx, view, decision.Progress.Rollout); err != nil {
		return retry(err)
	}
	if err := r.save(ctx, imd, view, decision); err != nil {
		return retry(err)
	}
	r.tellNeighbours(client.ObjectKeyFromObject(imd), view, decision)
	return ctrl.Result{RequeueAfter: r.again(view, decision)}, nil
}

// again is when to look again.
func (r *DeploymentReconciler) again(view *deploymentView, decision rollout.Decision) time.Duration {
	switch {
	case view.values.hurry:
		return minRequeue
	case view.values.unread: // others had something read a moment ago: at half time it is read
		return max(min(decision.After, r.Timing.Resync/2), minRequeue)
	}
	return max(decision.After, minRequeue)
}

// hasBegun tells whether something may have been made in AWS, as far as status
// knows. spec.aws can't change from then on.
func hasBegun(s *v1alpha1.ImmutableDeploymentStatus) bool {
	marked := s.Traffic != nil && (len(s.Traffic.Writers) > 0 || s.Traffic.OriginalTargetGroupARN != "")
	return s.LatestRevision > 0 || s.RolloutCount > 0 || marked
}

// begin adds the finalizer before anything is made that it must outlive, but not
// before AWS lets the controller in: where nothing can be made there is nothing to
// delete.
func (r *DeploymentReconciler) begin(ctx context.Context, imd *v1alpha1.ImmutableDeployment) (ctrl.Result, error) {
	if !imd.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	patch := client.MergeFromWithOptions(imd.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.AddFinalizer(imd, v1alpha1.Finalizer)
	if err := r.Client.Patch(ctx, imd, patch); err != nil {
		return retry(fmt.Errorf("add the finalizer: %w", err))
	}
	return ctrl.Result{RequeueAfter: minRequeue}, nil
}
