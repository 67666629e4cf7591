package controllers

import (
	"context"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// However many objects of one namespace hang, those of another have a worker; and
// the first has its workers again when they are through.
func TestHangingNeighbour(t *testing.T) {
	const workers, most = 8, 4 // no more than are left free
	hang, handled := make(chan struct{}), make(chan bool, workers)
	next := reconcile.Func(func(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
		if got := cloud.Tenant(ctx); got != req.Namespace {
			t.Errorf("AWS is called for %q", got)
		}
		if req.Namespace == "hostile" {
			handled <- true
			<-hang
		}
		return ctrl.Result{RequeueAfter: time.Hour}, nil
	})
	f := Fair(next, workers)
	pass := func(namespace string) time.Duration {
		result, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: "checkout"}})
		if err != nil {
			t.Error(err)
		}
		return result.RequeueAfter
	}
	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() {
			if pass("hostile") == busyPause {
				handled <- false
			}
		})
	}
	hanging := 0
	for range workers {
		if <-handled {
			hanging++
		}
	}
	if hanging != most {
		t.Errorf("%d workers hang, want %d", hanging, most)
	}
	if after := pass("shop"); after != time.Hour {
		t.Errorf("the neighbour is tried again after %s", after)
	}
	close(hang)
	busy.Wait()
	if after := pass("hostile"); after != time.Hour {
		t.Errorf("tried again after %s", after)
	}
}
