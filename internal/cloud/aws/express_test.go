package aws

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// expressly creates the stack of a service in express mode.
func (w *world) expressly(t *testing.T, image string) cloud.Stack {
	t.Helper()
	id, err := w.Stacks.Create(t.Context(), cloud.CreateStack{
		Name: "checkout-1", TemplateBody: fmt.Sprintf(serviceTemplate, w.listener(t), image), Token: "create-1", Express: true,
	})
	check(t, err)
	return w.settle(t, id)
}

// A stack in express mode is complete before its tasks run. Its deletion waits for
// them if it is told to.
func TestExpressMode(t *testing.T) {
	for _, standard := range []bool{true, false} {
		bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
			s := w.expressly(t, "checkout:1.0")
			if s.Status != cloud.StackCreateComplete || !s.Express {
				t.Errorf("the stack is %+v", s)
			}
			services := func() []ecs.ServiceTruth { return w.sim.Snapshot().Services }
			if slices.ContainsFunc(services(), func(s ecs.ServiceTruth) bool { return s.Steady }) || len(services()) != 1 {
				t.Errorf("the services are %+v", services())
			}
			time.Sleep(10 * time.Minute)
			began := time.Now()
			check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: s.ID, Token: "delete-1", Standard: standard}))
			if s := w.settle(t, s.ID); s.Status != cloud.StackDeleteComplete {
				t.Errorf("in the end the stack is %s", s.Status)
			}
			if took := time.Since(began); took > 5*time.Minute != standard { // targets drain for 5 minutes
				t.Errorf("with standard %t the deletion took %s", standard, took)
			}
		})
	}
}

// What fails in express mode stays to be looked into, too, and can be deleted.
func TestExpressModeFails(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.SetTrouble(func(_, resource string, deleting bool) (string, time.Duration) {
			if deleting || resource != "Service" {
				return "", 0
			}
			return "refused", time.Second
		})
		s := w.expressly(t, "checkout:1.0")
		if s.Status != cloud.StackCreateFailed {
			t.Fatalf("the stack is %s: it must not be rolled back", s.Status)
		}
		check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: s.ID}))
		if s := w.settle(t, s.ID); s.Status != cloud.StackDeleteComplete {
			t.Errorf("in the end the stack is %s", s.Status)
		}
	})
}
