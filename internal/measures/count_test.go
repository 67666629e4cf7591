package measures_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/measures"
)

// at is a moment so many seconds after some other.
func at(seconds int) time.Time { return time.Unix(1_000_000+int64(seconds), 0).UTC() }

// ended is a rollout that began at 100, was healthy at 160, decided at 400 and over
// at 430.
func ended(outcome v1alpha1.Outcome) *measures.Ended {
	return &measures.Ended{
		Outcome: outcome, Exposed: true, StartedAt: at(100), VerifiedAt: at(160), DecidedAt: at(400), FinishedAt: at(430), ReadyAt: at(30), PreviousAt: at(-70),
	}
}

func times(seconds int64) v1alpha1.TimeTotal { return v1alpha1.TimeTotal{Count: 1, Seconds: seconds} }

func TestCount(t *testing.T) {
	unseen := func(e *measures.Ended) { e.VerifiedAt, e.Exposed = time.Time{}, false }
	phases := v1alpha1.Totals{Provision: times(60), Shift: times(240), Finish: times(30)}
	with := func(change func(*v1alpha1.Totals)) v1alpha1.Totals {
		totals := phases
		change(&totals)
		return totals
	}
	for name, c := range map[string]struct {
		outcome v1alpha1.Outcome
		but     func(*measures.Ended)
		want    v1alpha1.Totals
	}{
		"promoted": {outcome: v1alpha1.OutcomePromoted, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.Promoted, t.Changes, t.LeadTime = 1, 1, times(400)
		})},
		"promoted, steps skipped": {outcome: v1alpha1.OutcomeFastPromoted, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.FastPromoted, t.Changes, t.LeadTime = 1, 1, times(400)
		})},
		"rolled back": {outcome: v1alpha1.OutcomeRolledBack, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.RolledBack, t.Changes, t.Failures, t.Recovery = 1, 1, 1, times(30)
		})},
		"rolled back before anybody noticed": {outcome: v1alpha1.OutcomeRolledBack, but: unseen, want: v1alpha1.Totals{
			Rollouts: v1alpha1.OutcomeTotals{RolledBack: 1}, Changes: 1, Failures: 1, Finish: times(30),
		}},
		"rolled back after its promotion": {outcome: v1alpha1.OutcomeRolledBack, but: func(e *measures.Ended) { e.Again = true }, want: v1alpha1.Totals{
			Rollouts: v1alpha1.OutcomeTotals{RolledBack: 1}, Failures: 1, Finish: times(30), Recovery: times(30),
		}},
		"aborted": {outcome: v1alpha1.OutcomeAborted, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.Aborted, t.Changes, t.Failures, t.Recovery = 1, 1, 1, times(30)
		})},
		"gone back": {outcome: v1alpha1.OutcomeFastRolledBack, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.FastRolledBack, t.Failures, t.Recovery = 1, 1, times(500)
		})},
		"gone back, nobody knows since when": {outcome: v1alpha1.OutcomeFastRolledBack, but: func(e *measures.Ended) { e.PreviousAt = time.Time{} }, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.FastRolledBack, t.Failures = 1, 1
		})},
		"superseded": {outcome: v1alpha1.OutcomeSuperseded, want: with(func(t *v1alpha1.Totals) { t.Rollouts.Superseded = 1 })},
		"failed": {outcome: v1alpha1.OutcomeFailed, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.Failed, t.Changes, t.Failures, t.FailedSince = 1, 1, 1, &metav1.Time{Time: at(400)}
		})},
		"a clock that was set back": {outcome: v1alpha1.OutcomeSuperseded, but: func(e *measures.Ended) { e.FinishedAt = at(0) }, want: with(func(t *v1alpha1.Totals) {
			t.Rollouts.Superseded, t.Finish = 1, times(0)
		})},
	} {
		t.Run(name, func(t *testing.T) {
			e, got := ended(c.outcome), v1alpha1.Totals{}
			if c.but != nil {
				c.but(e)
			}
			measures.Count(&got, e)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Two rollouts of a new application fail, a third one is superseded, the fourth
// serves: that is one recovery, from the first decision on.
func TestRecoveryFromNothing(t *testing.T) {
	var totals v1alpha1.Totals
	for i, outcome := range []v1alpha1.Outcome{v1alpha1.OutcomeFailed, v1alpha1.OutcomeFailed, v1alpha1.OutcomeSuperseded, v1alpha1.OutcomePromoted} {
		e := ended(outcome)
		e.DecidedAt, e.FinishedAt = at(1000*(i+1)), at(1000*(i+1)+10)
		measures.Count(&totals, e)
	}
	if want := times(3010); totals.Recovery != want || totals.FailedSince != nil {
		t.Errorf("recovery %+v, failed since %v, want %+v", totals.Recovery, totals.FailedSince, want)
	}
}
