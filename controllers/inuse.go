package controllers

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// Before a stack is deleted AWS itself is asked whether it is used. What status
// remembers is no answer: it may be lost, or older than the stack.

// checkUnused refuses while requests are sent to the stack, or, of a worker,
// while it is the last that works.
func (r *RevisionReconciler) checkUnused(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) error {
	if !view.backend.Receives() {
		return r.checkIdle(ctx, imr, view)
	}
	return view.backend.CheckUnused(ctx, view.facts.Stack)
}

// inUse tells whether a stack can't be deleted since it is used.
func inUse(err error) bool {
	refusal, ok := errors.AsType[*refusal.Error](err)
	return ok && refusal.Reason == v1alpha1.ReasonStackInUse
}

// checkIdle refuses to delete the complete stack of a worker while the one that
// its deployment takes for what works isn't there: nothing else may be working.
func (r *RevisionReconciler) checkIdle(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) error {
	// A stack in express mode is complete before its tasks run, and has outputs
	// here once they did.
	works := view.facts.Stack != nil && view.facts.Stack.Status.Whole() && (!isExpress(imr) || imr.Status.Outputs != nil)
	if !works || !relies(view.owner, imr.Spec.Revision) {
		return nil
	}
	name := fmt.Sprintf("%s-%d", view.owner.Name, view.owner.Status.Stable)
	stable := &v1alpha1.ImmutableRevision{}
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: imr.Namespace, Name: name}, stable); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("get revision %s: %w", name, err)
	}
	if there, err := isThere(ctx, view.clients.Stacks, stable.Status.StackID); err != nil || there {
		return err
	}
	return lastWorker(view.owner.Name, name)
}

// relies tells whether a deployment relies on another revision than this one to
// do its work. Recreate takes that away before the new one comes.
func relies(owner *v1alpha1.ImmutableDeployment, revision int64) bool {
	return owner != nil && owner.DeletionTimestamp.IsZero() && owner.Spec.Strategy.Type != v1alpha1.StrategyRecreate &&
		owner.Status.Stable != 0 && owner.Status.Stable != revision
}

// isThere tells whether a stack exists; "" doesn't.
func isThere(ctx context.Context, stacks cloud.Stacks, stackID string) (bool, error) {
	if stackID == "" {
		return false, nil
	}
	there, _, err := describeLive(ctx, stacks, stackID)
	return there, err
}

// describeLive describes a stack that isn't deleted.
func describeLive(ctx context.Context, stacks cloud.Stacks, stackID string) (there bool, found cloud.Stack, err error) {
	found, err = stacks.Describe(ctx, stackID)
	if cloud.IsNotFound(err) {
		return false, found, nil
	}
	return err == nil && found.Status != cloud.StackDeleteComplete, found, err
}
