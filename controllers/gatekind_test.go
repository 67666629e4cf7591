package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/background"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// A gate of a kind that only a newer version knows, whose CRDs are installed
// already, holds the rollout up and says why. Where a gate decides nothing, it
// counts as a no.
func TestUnknownKindOfGate(t *testing.T) {
	for at, held := range map[v1alpha1.GatePoint]bool{v1alpha1.BeforeTraffic: true, v1alpha1.AfterPromotion: false} {
		t.Run(string(at), func(t *testing.T) {
			imd := &v1alpha1.ImmutableDeployment{}
			imd.Spec.Gates = []v1alpha1.Gate{{Name: "newer", At: at}}
			r := &DeploymentReconciler{Options: Options{Now: time.Now, Calls: background.New[rollout.Answer](1)}}
			run := rollout.GateRun{Name: "newer", At: at, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: time.Now()}
			ro := &rollout.Rollout{ID: "web-1", Gates: []rollout.GateRun{run}}
			view := &deploymentView{}
			view.facts.Progress.Rollout = ro

			refused, ok := troubleOf(r.startGate(t.Context(), imd, view, ro, run), cloud.Identity{})
			if ok != held || held && (refused.Reason != v1alpha1.ReasonGateUnavailable || refused.Remedy == "") {
				t.Errorf("started: %t, %+v", ok, refused)
			}
			if err := r.observeGates(t.Context(), imd, view); err != nil {
				t.Fatal(err)
			}
			trouble, answer := view.facts.Analysis.Trouble, view.facts.Answers[run.Key()]
			if held && (trouble == nil || trouble.Reason != v1alpha1.ReasonGateUnavailable) {
				t.Errorf("observed: %+v", trouble)
			}
			if !held && (answer.State != rollout.AnswerNo || answer.Message == "") {
				t.Errorf("answered: %+v", answer)
			}
		})
	}
}

// A gate that is asked again in an attempt is asked by the same key, so that it can
// tell a repetition; another attempt has another one, and so has another rollout of
// the same number, in a cluster that was restored.
func TestKeyOfAGate(t *testing.T) {
	at := func(started time.Time) *v1alpha1.ImmutableDeployment {
		imd := &v1alpha1.ImmutableDeployment{}
		imd.UID, imd.Status.Rollout = "1", &v1alpha1.Rollout{ID: "checkout-2.4", StartedAt: metav1.NewTime(started)}
		return imd
	}
	began := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	run := rollout.GateRun{Name: "smoke", At: v1alpha1.BeforeTraffic, Attempt: 1}
	first := attemptID(at(began), "checkout-2.4", run)
	again := run
	again.Calls = 1
	if got := attemptID(at(began), "checkout-2.4", again); got != first {
		t.Errorf("%s is asked again as %s", first, got)
	}
	another := run
	another.Attempt = 2
	if got := attemptID(at(began), "checkout-2.4", another); got == first {
		t.Errorf("two attempts are %s", got)
	}
	if got := attemptID(at(began.Add(time.Hour)), "checkout-2.4", run); got == first {
		t.Errorf("two rollouts are %s", got)
	}
}
