package controllers

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/stack"
)

// It is looked ever more rarely, and for a day, whether a stack that is gone comes
// back.
func TestLooksAgainForWhatIsGone(t *testing.T) {
	began := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	imr := &v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{StackState: v1alpha1.StackAbsent}}
	meta.SetStatusCondition(&imr.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(began)})
	removed := stack.Decide(stack.Observation{Phase: v1alpha1.RevisionRemoved})
	for since, want := range map[time.Duration]time.Duration{time.Second: 10 * time.Second, time.Hour: time.Hour, 23 * time.Hour: 23 * time.Hour, 24 * time.Hour: 0} {
		r := &RevisionReconciler{Options: Options{Timing: Timing{Poll: 10 * time.Second}, Now: func() time.Time { return began.Add(since) }}}
		if got := r.pause(imr, &revisionView{}, removed); got != want {
			t.Errorf("after %s it is looked again after %s", since, got)
		}
	}
}

// What couldn't be deleted in one attempt says nothing of the next.
func TestWhatCannotBeDeletedIsListedAnew(t *testing.T) {
	r := &RevisionReconciler{}
	for _, c := range []struct {
		phase v1alpha1.RevisionPhase
		kept  bool
	}{{v1alpha1.RevisionDeleteFailed, false}, {v1alpha1.RevisionDeleting, true}} {
		next := &v1alpha1.ImmutableRevisionStatus{Retained: []v1alpha1.RetainedResource{{LogicalID: "Cluster"}}}
		r.note(stack.Decision{Phase: c.phase, Action: stack.ActionNone}, next)
		if kept := next.Retained != nil; kept != c.kept {
			t.Errorf("%s: kept: %t", c.phase, kept)
		}
	}
}
