package controllers

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/measures"
	"github.com/viridian-dev/viridian/internal/template"
)

// keepTotals counts a rollout that ended in this pass. The write that stores its
// end stores the totals, too, so each is counted once, whatever crashes.
func keepTotals(before, next *v1alpha1.ImmutableDeploymentStatus, view *deploymentView) {
	r := next.Rollout
	totals := &v1alpha1.Totals{}
	if next.Totals != nil {
		totals = next.Totals.DeepCopy()
	}
	ended := func(h v1alpha1.HistoryEntry) bool { return h.ID == r.ID }
	measures.Count(totals, &measures.Ended{
		Outcome: r.Outcome,
		Again:   slices.ContainsFunc(before.History, ended),
		Exposed: r.VerifiedAt != nil || view.facts.Recreate && r.From != 0,

		StartedAt: r.StartedAt.Time, VerifiedAt: timeOf(r.VerifiedAt), DecidedAt: timeOf(r.DecidedAt), FinishedAt: r.FinishedAt.Time,
		ReadyAt:    view.readyAt(r),
		PreviousAt: promotedAt(before.History, view.nameOf(r.From)),
	})
	next.Totals = totals
}

// promotedAt is when a revision was promoted last; zero if no history tells.
func promotedAt(history []v1alpha1.HistoryEntry, name string) time.Time {
	for i := range history { // the newest come first
		if h := &history[i]; h.Revision == name && h.Outcome.Good() {
			return h.FinishedAt.Time
		}
	}
	return time.Time{}
}

// readyAt is when the newest image was pushed that a rollout brings. If it brings
// none, or nobody knows when that was, it is when the template was first seen: what
// another revision ran has waited for no rollout, and nor has an older revision.
func (view *deploymentView) readyAt(r *v1alpha1.Rollout) time.Time {
	var own []v1alpha1.FrozenImage
	ran := map[string]bool{}
	for i := range view.records {
		spec := &view.records[i].Spec
		if spec.Revision == r.Revision {
			own = spec.Frozen.Images
			continue
		}
		for _, image := range template.FrozenImages(&spec.Frozen) {
			ran[image.Digest] = true
		}
	}
	var newest time.Time
	if r.Revision > r.From {
		newest = pushedLast(own, ran)
	}
	if newest.IsZero() || newest.After(r.StartedAt.Time) {
		return r.StartedAt.Time
	}
	return newest
}

// pushedLast is when the newest of those images was pushed that didn't run before;
// zero if there is none, or nobody knows.
func pushedLast(images []v1alpha1.FrozenImage, ran map[string]bool) (newest time.Time) {
	for _, image := range images {
		if pushed := timeOf(image.PushedAt); !ran[image.Digest] && pushed.After(newest) {
			newest = pushed
		}
	}
	return newest
}
