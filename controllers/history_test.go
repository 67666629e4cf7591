package controllers_test

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// watching is how long a watch may be behind.
const watching = 10 * time.Second

// history is every state of every ImmutableDeployment that a watch showed.
type history struct {
	mu     sync.Mutex
	states []v1alpha1.ImmutableDeployment
	// least is the generation that was last written, by UID.
	least map[types.UID]int64
}

// expect notes what was written: what the watch showed before is history.
func (h *history) expect(imd *v1alpha1.ImmutableDeployment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.least[imd.UID] = imd.Generation
}

// latest is the newest state that knows of the last write; nil if none does.
func (h *history) latest(imd *v1alpha1.ImmutableDeployment) *v1alpha1.ImmutableDeployment {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.states) - 1; i >= 0; i-- {
		if s := &h.states[i]; s.UID == imd.UID && s.Generation >= h.least[s.UID] {
			return s.DeepCopy()
		}
	}
	return nil
}

// watch keeps the history, and checks each state as kstatus would read it.
func (w *world) watch() {
	w.t.Helper()
	changes, err := w.client.Watch(w.ctx, &v1alpha1.ImmutableDeploymentList{}, client.InNamespace(w.namespace))
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.seen = &history{least: map[types.UID]int64{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range changes.ResultChan() {
			imd, ok := event.Object.(*v1alpha1.ImmutableDeployment)
			if !ok {
				return
			}
			if problem := insane(imd); problem != "" {
				status, _ := yaml.Marshal(imd.Status) // it came as JSON
				w.t.Errorf("%s at generation %d:\n%s", problem, imd.Generation, status)
			}
			w.seen.mu.Lock()
			w.seen.states = append(w.seen.states, *imd)
			w.seen.mu.Unlock()
		}
	}()
	w.t.Cleanup(func() { changes.Stop(); <-done })
}

// insane tells what a state says that can't be true; "" if nothing.
func insane(imd *v1alpha1.ImmutableDeployment) string {
	s := imd.Status
	is := func(kind string) bool { return meta.IsStatusConditionTrue(s.Conditions, kind) }
	for _, c := range s.Conditions {
		summary := c.Type == v1alpha1.ConditionReady || c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled
		if c.ObservedGeneration > imd.Generation || summary && c.ObservedGeneration < s.ObservedGeneration {
			return fmt.Sprintf("Condition %s is about generation %d", c.Type, c.ObservedGeneration)
		}
		absent := c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled || c.Type == v1alpha1.ConditionDrifted
		if absent && c.Status != metav1.ConditionTrue {
			return "Condition " + c.Type + " is there and not True"
		}
	}
	rollout := s.Rollout
	unfinished := rollout != nil && (rollout.FinishedAt == nil || rollout.Outcome.Bad())
	current := s.ObservedGeneration == imd.Generation
	off := s.Phase == v1alpha1.PhaseSwitchedOff && (rollout == nil || rollout.FinishedAt != nil)
	switch {
	case is(v1alpha1.ConditionReconciling) && is(v1alpha1.ConditionStalled):
		return "Reconciling and Stalled"
	case is(v1alpha1.ConditionReady) && (is(v1alpha1.ConditionReconciling) || is(v1alpha1.ConditionStalled)):
		return "Ready, and Reconciling or Stalled"
	case is(v1alpha1.ConditionReady) && current && !off && (unfinished || s.Phase != v1alpha1.PhaseComplete || s.Stable == 0):
		return "Ready before the rollout is finished"
	case is(v1alpha1.ConditionReady) && s.BlockedBy != nil:
		return "Ready and blocked"
	}
	return ""
}

// went checks the phases that a deployment went through at a generation.
func (w *world) went(imd *v1alpha1.ImmutableDeployment, generation int64, want ...v1alpha1.Phase) {
	w.t.Helper()
	w.Eventually(func() []v1alpha1.Phase {
		w.seen.mu.Lock()
		defer w.seen.mu.Unlock()
		var out []v1alpha1.Phase
		for _, state := range w.seen.states {
			if state.UID == imd.UID && state.Status.Phase != "" && state.Status.ObservedGeneration == generation {
				out = append(out, state.Status.Phase)
			}
		}
		return slices.Compact(out)
	}).WithTimeout(watching).Should(gomega.Equal(want))
}
