package controllers

import (
	"context"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/viridian-dev/viridian/internal/share"
)

// However many objects of one namespace hang, those of another have a worker; and
// the first has its workers again when they are through.
func TestHangingNeighbour(t *testing.T) {
	const workers = 8
	hang := make(chan struct{})
	next := reconcile.Func(func(_ context.Context, req ctrl.Request) (ctrl.Result, error) {
		if req.Namespace == "hostile" {
			<-hang
		}
		return ctrl.Result{RequeueAfter: time.Hour}, nil
	})
	f := &fairly{next, share.New(workers)}
	reconcileOne := func(namespace string) time.Duration {
		result, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: "checkout"}})
		if err != nil {
			t.Error(err)
		}
		return result.RequeueAfter
	}
	var busy sync.WaitGroup
	putOff := make(chan time.Duration, workers)
	for range workers {
		busy.Go(func() {
			if after := reconcileOne("hostile"); after == busyPause {
				putOff <- after
			}
		})
	}
	for range workers - 5 { // five of eight hang: no more than were left free
		<-putOff
	}
	if after := reconcileOne("shop"); after != time.Hour {
		t.Errorf("the neighbour is tried again after %s", after)
	}
	close(hang)
	busy.Wait()
	if after := reconcileOne("hostile"); after != time.Hour {
		t.Errorf("tried again after %s", after)
	}
}
