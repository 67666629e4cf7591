package controllers

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/viridian-dev/viridian/internal/share"
)

// busyPause is after how long an object is tried again whose namespace has all
// the workers that it may have.
const busyPause = time.Second

// fairly shares the workers of a controller between namespaces: calls of AWS that
// hang, because a role or a region is out of reach, keep their workers, and
// must not keep those of others.
type fairly struct {
	next    reconcile.Reconciler
	workers *share.Shares
}

// Reconcile reconciles the object, or puts it off.
func (f *fairly) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if !f.workers.Take(req.Namespace) {
		return ctrl.Result{RequeueAfter: busyPause}, nil
	}
	defer f.workers.Give(req.Namespace)
	return f.next.Reconcile(ctx, req)
}
