package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/stack"
)

// A revision that is wanted and whose stack is someone else's is looked at again:
// people may let its deployment adopt that. No other failure is.
func TestForeignStackIsLookedAtAgain(t *testing.T) {
	r := &RevisionReconciler{Options: Options{Timing: Timing{Poll: time.Second, Resync: time.Hour}}}
	for name, tt := range map[string]struct {
		state  v1alpha1.StackState
		reason string
		want   time.Duration
	}{
		"wanted":          {v1alpha1.StackPresent, v1alpha1.ReasonForeignStack, stalledPollFactor * time.Second},
		"not wanted":      {v1alpha1.StackAbsent, v1alpha1.ReasonForeignStack, 0},
		"another failure": {v1alpha1.StackPresent, v1alpha1.ReasonStackFailed, 0},
	} {
		imr := &v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{StackState: tt.state}}
		imr.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: tt.reason}}
		given := stack.Decide(stack.Observation{Wanted: true, Phase: v1alpha1.RevisionFailed})
		if got := r.pause(imr, &revisionView{}, given); got != tt.want {
			t.Errorf("%s: looks again after %s, want %s", name, got, tt.want)
		}
	}
}
