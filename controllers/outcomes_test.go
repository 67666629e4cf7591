package controllers_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// past writes a history, newest first, as "revision cause outcome".
func past(status v1alpha1.ImmutableDeploymentStatus) []string {
	var out []string
	for _, entry := range status.History {
		out = append(out, fmt.Sprintf("%s %s %s", entry.ID, entry.Cause, entry.Outcome))
	}
	return out
}

// Every rollout that ended is in the history, with how long it took.
func TestHistory(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, 0) })
	w.roll(imd, "crash")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	w.roll(imd, "3")
	w.until(imd, "checkout-4", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Revision == "checkout-4" })
	w.reached(imd, "1/3")
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-4")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.obey(imd, v1alpha1.AnnotationRetry, readyMessage(now))
	w.until(imd, "another try", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Rollout.ID == "checkout-4.5" })
	w.reached(imd, "1/3")
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-4/full")
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	want := []string{
		"checkout-4.5 Retry FastPromoted",
		"checkout-4.4 Template Aborted",
		"checkout-3.3 Template Superseded",
		"checkout-2.2 Template RolledBack",
		"checkout-1.1 Template Promoted",
	}
	if diff := cmp.Diff(want, past(now.Status)); diff != "" {
		t.Errorf("History (-want +got):\n%s", diff)
	}
	for _, entry := range now.Status.History {
		w.Expect(entry.FinishedAt.Time).To(gomega.BeTemporally(">", entry.StartedAt.Time), entry.ID)
		verified := entry.Outcome != v1alpha1.OutcomeRolledBack
		w.Expect(entry.ProvisionSeconds != nil).To(gomega.Equal(verified), entry.ID)
		w.Expect(entry.ShiftSeconds != nil).To(gomega.Equal(verified), entry.ID)
		w.Expect(entry.Message).NotTo(gomega.BeEmpty(), entry.ID)
	}
	w.Expect(now.Status.History[3].Message).To(gomega.ContainSubstring("Essential container in task exited"))
	w.Expect(now.Status.History[0].From).To(gomega.Equal("checkout-1"))
	totals := now.Status.Totals
	w.Expect(totals.Rollouts).To(gomega.Equal(v1alpha1.OutcomeTotals{Promoted: 1, FastPromoted: 1, RolledBack: 1, Aborted: 1, Superseded: 1}))
	w.Expect([]int64{totals.Changes, totals.Failures}).To(gomega.Equal([]int64{4, 2}))
	w.Expect([]int64{totals.Provision.Count, totals.Shift.Count, totals.Finish.Count, totals.LeadTime.Count, totals.Recovery.Count}).To(gomega.Equal([]int64{4, 4, 5, 2, 1}))
}

// The history is bounded, and so is the number of revisions.
func TestHistoryIsBounded(t *testing.T) {
	w := running(t)
	imd := w.serving(asWorker, func(s *v1alpha1.ImmutableDeploymentSpec) { s.RevisionHistoryLimit = new(int32(1)) })
	started := int64(1)
	for started < 23 {
		w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
			s.Template.Containers[0].Environment = []v1alpha1.KeyValue{{Name: "CHANGE", Value: fmt.Sprint(started)}}
		})
		started++
		w.until(imd, "the next rollout", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RolloutCount == started })
	}
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.History).To(gomega.HaveLen(20))
	w.Expect(now.Status.History[0].ID).To(gomega.HaveSuffix(".23"))
	w.Expect(now.Status.History[0].Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.Expect(now.Status.History[19].ID).To(gomega.HaveSuffix(".4"))
	w.Expect(now.Status.History[19].Outcome).To(gomega.Equal(v1alpha1.OutcomeSuperseded))
	w.Eventually(func() int { return len(w.revisions()) }).Should(gomega.Equal(2), func() string { return w.explain() })
}
