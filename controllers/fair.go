package controllers

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/share"
)

// busyPause is after how long an object is tried again whose namespace has all
// the workers that it may have.
const busyPause = time.Second

// Fair returns a reconciler that has next called by so many workers at once, which
// namespaces share.
func Fair(next reconcile.Reconciler, workers int) reconcile.Reconciler {
	return &fairly{next, share.New(workers)}
}

// fairly shares the workers of a controller between namespaces: calls of AWS that
// hang, because a role or a region is out of reach, keep their workers, and
// must not keep those of others. It also says for which namespace AWS is called, so
// that calls are shared as well.
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
	return f.next.Reconcile(cloud.WithTenant(ctx, req.Namespace), req)
}
