package controllers

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// keepHistory notes a rollout that ended in this pass, and counts it.
func keepHistory(before, next *v1alpha1.ImmutableDeploymentStatus, view *deploymentView) {
	r := next.Rollout
	if r == nil || r.FinishedAt == nil {
		return
	}
	if was := before.Rollout; was != nil && was.ID == r.ID && was.FinishedAt != nil {
		return
	}
	keepTotals(before, next, view)
	entry := v1alpha1.HistoryEntry{
		ID:         r.ID,
		Revision:   view.nameOf(r.Revision),
		From:       view.nameOf(r.From),
		Image:      template.FullImage(view.versionOf(r.Revision)),
		Cause:      r.Cause,
		Request:    r.Request,
		Outcome:    r.Outcome,
		Reason:     r.Reason,
		Message:    r.Message,
		StartedAt:  r.StartedAt,
		FinishedAt: *r.FinishedAt,
	}
	if entry.Revision == "" {
		entry.Revision = r.ID // its ImmutableRevision was deleted meanwhile
	}
	if r.VerifiedAt != nil {
		entry.ProvisionSeconds = between(r.StartedAt.Time, r.VerifiedAt)
		entry.ShiftSeconds = between(r.VerifiedAt.Time, r.DecidedAt)
	}
	next.History = slices.Insert(next.History, 0, entry)
}

// between is the time from one moment to another in seconds; nil if the other
// never came.
func between(from time.Time, to *metav1.Time) *int64 {
	if to == nil {
		return nil
	}
	return new(int64(to.Sub(from) / time.Second))
}
