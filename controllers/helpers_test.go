package controllers_test

import (
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// within waits for a condition without failing the test.
func (w *world) within(d time.Duration, holds func() bool) bool {
	w.t.Helper()
	over := time.NewTimer(d)
	defer over.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-over.C:
			return holds()
		case <-again.C:
		}
	}
	return true
}

// exists tells whether an object is still there.
func (w *world) exists(o client.Object) bool {
	w.t.Helper()
	return w.client.Get(w.ctx, client.ObjectKeyFromObject(o), o.DeepCopyObject().(client.Object)) == nil
}
