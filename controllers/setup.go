package controllers

import (
	"fmt"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// backoff is the pause after a failed pass: short at first, and never so long
// that nobody notices that AWS or the cluster is back.
func (o *Options) backoff() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](200*time.Millisecond, stalledPollFactor*o.Timing.Poll)
}

// Setup registers both reconcilers.
func Setup(mgr ctrl.Manager, o Options) error {
	if len(o.Unread) > 0 && !o.NoPolicies {
		return fmt.Errorf("policies select by labels, but the namespaces %q can't be read", o.Unread)
	}
	o.Live = silent{o.Live, o.Unread}
	if err := (&DeploymentReconciler{Options: o}).SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the ImmutableDeployment controller: %w", err)
	}
	if err := (&RevisionReconciler{Options: o}).SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the ImmutableRevision controller: %w", err)
	}
	if err := o.measure(mgr); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}
