package measures

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Ended is a rollout that ended.
type Ended struct {
	Outcome v1alpha1.Outcome
	// Again is true if it had ended before, with a promotion that was taken back.
	Again bool
	// Exposed is true if users may have noticed the new revision, or its lack.
	Exposed bool
	// StartedAt, VerifiedAt, DecidedAt and FinishedAt are those of the rollout;
	// VerifiedAt is zero if the new revision was never healthy.
	StartedAt, VerifiedAt, DecidedAt, FinishedAt time.Time
	// ReadyAt is since when what was rolled out could have served: the beginning of
	// its lead time.
	ReadyAt time.Time
	// PreviousAt is when the revision that served before was promoted; zero if that
	// isn't known.
	PreviousAt time.Time
}

// Count adds a rollout that ended. No total gets smaller by it.
func Count(t *v1alpha1.Totals, e *Ended) {
	if total := rollouts(&t.Rollouts, e.Outcome); total != nil {
		*total++
	}
	if e.isChange() {
		t.Changes++
	}
	if e.Outcome.Bad() || e.Outcome == v1alpha1.OutcomeFastRolledBack {
		t.Failures++
	}
	if !e.Again {
		add(&t.Provision, e.StartedAt, e.VerifiedAt)
		add(&t.Shift, e.VerifiedAt, e.DecidedAt)
	}
	add(&t.Finish, e.DecidedAt, e.FinishedAt)
	if e.Outcome == v1alpha1.OutcomePromoted || e.Outcome == v1alpha1.OutcomeFastPromoted {
		add(&t.LeadTime, e.ReadyAt, e.FinishedAt)
	}
	countRecovery(t, e)
}

// isChange tells whether somebody wanted something new, and it was seen through to
// an end. One that is promoted and then taken back is the same change.
func (e *Ended) isChange() bool {
	return !e.Again && (e.Outcome.Bad() || e.Outcome.Good() && e.Outcome != v1alpha1.OutcomeFastRolledBack)
}

// countRecovery adds how long users had something bad, once that is over.
func countRecovery(t *v1alpha1.Totals, e *Ended) {
	var since time.Time
	switch {
	case e.Outcome == v1alpha1.OutcomeFailed:
		if t.FailedSince == nil {
			t.FailedSince = &metav1.Time{Time: e.DecidedAt}
		}
		return
	case t.FailedSince != nil && e.Outcome.Good():
		since, t.FailedSince = t.FailedSince.Time, nil
	case t.FailedSince != nil:
		return
	case e.Outcome == v1alpha1.OutcomeFastRolledBack:
		since = e.PreviousAt
	case e.Outcome.Bad() && e.Exposed:
		since = e.DecidedAt
	}
	add(&t.Recovery, since, e.FinishedAt)
}

// add adds the time between two moments, in whole seconds, if both came. A clock
// that was set back makes it 0.
func add(t *v1alpha1.TimeTotal, from, to time.Time) {
	if from.IsZero() || to.IsZero() {
		return
	}
	t.Count++
	t.Seconds += int64(max(0, to.Sub(from)) / time.Second)
}

// outcomes are all outcomes, in the order of the API.
var outcomes = []v1alpha1.Outcome{
	v1alpha1.OutcomePromoted, v1alpha1.OutcomeFastPromoted, v1alpha1.OutcomeFastRolledBack, v1alpha1.OutcomeRolledBack,
	v1alpha1.OutcomeAborted, v1alpha1.OutcomeSuperseded, v1alpha1.OutcomeFailed,
}

// rollouts is the number of those with an outcome; nil if there is no such outcome.
func rollouts(t *v1alpha1.OutcomeTotals, outcome v1alpha1.Outcome) *int64 {
	switch outcome {
	case v1alpha1.OutcomePromoted:
		return &t.Promoted
	case v1alpha1.OutcomeFastPromoted:
		return &t.FastPromoted
	case v1alpha1.OutcomeFastRolledBack:
		return &t.FastRolledBack
	case v1alpha1.OutcomeRolledBack:
		return &t.RolledBack
	case v1alpha1.OutcomeAborted:
		return &t.Aborted
	case v1alpha1.OutcomeSuperseded:
		return &t.Superseded
	case v1alpha1.OutcomeFailed:
		return &t.Failed
	}
	return nil
}
