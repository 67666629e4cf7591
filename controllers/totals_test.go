package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// second is a moment so many seconds after some other.
func second(n int64) metav1.Time { return metav1.NewTime(time.Unix(1_000_000+n, 0)) }

// endedRollout is one of revision 3 that began at 100 and was over at 430.
func endedRollout(outcome v1alpha1.Outcome) *v1alpha1.Rollout {
	return &v1alpha1.Rollout{
		ID: "checkout-3-4", Revision: 3, From: 2, Cause: v1alpha1.CauseTemplate, Outcome: outcome,
		StartedAt: second(100), VerifiedAt: new(second(160)), DecidedAt: new(second(400)), FinishedAt: new(second(430)),
	}
}

// viewOf has revisions, the first of them number 1, each with the images of one
// container.
func viewOf(images ...v1alpha1.FrozenImage) *deploymentView {
	view := &deploymentView{}
	for i, image := range images {
		number, imr := int64(i+1), v1alpha1.ImmutableRevision{}
		imr.Spec.Revision, imr.Spec.Frozen.Images = number, []v1alpha1.FrozenImage{image}
		view.records = append(view.records, imr)
		view.facts.Revisions = append(view.facts.Revisions, rollout.Revision{Number: number, Name: "checkout-" + string(rune('0'+number))})
	}
	return view
}

func pushed(digest string, at int64) v1alpha1.FrozenImage {
	return v1alpha1.FrozenImage{Digest: digest, PushedAt: new(second(at))}
}

func TestReadyAt(t *testing.T) {
	const old, newer = "sha256:1", "sha256:2"
	began := endedRollout(v1alpha1.OutcomePromoted).StartedAt
	for name, c := range map[string]struct {
		images []v1alpha1.FrozenImage
		want   metav1.Time
	}{
		"a new image":                      {[]v1alpha1.FrozenImage{pushed(old, 1), pushed(old, 1), pushed(newer, 40)}, second(40)},
		"the image that serves":            {[]v1alpha1.FrozenImage{pushed("sha256:0", 0), pushed(old, 1), pushed(old, 1)}, began},
		"an image of an earlier revision":  {[]v1alpha1.FrozenImage{pushed(newer, 40), pushed(old, 1), pushed(newer, 40)}, began},
		"nobody knows":                     {[]v1alpha1.FrozenImage{pushed(old, 1), pushed(old, 1), {Digest: newer}}, began},
		"pushed after the template's time": {[]v1alpha1.FrozenImage{pushed(old, 1), pushed(old, 1), pushed(newer, 110)}, began},
		"its record is gone":               {[]v1alpha1.FrozenImage{pushed(old, 1), pushed(old, 1)}, began},
	} {
		if got := viewOf(c.images...).readyAt(endedRollout(v1alpha1.OutcomePromoted)); !got.Equal(c.want.Time) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	back := endedRollout(v1alpha1.OutcomePromoted)
	back.Revision, back.From = 2, 3
	view := viewOf(pushed(old, 1), pushed(newer, 40), pushed("sha256:3", 50))
	if got := view.readyAt(back); !got.Equal(began.Time) {
		t.Errorf("an older revision again: %s", got)
	}
}

// A rollout is counted by the write that ends it, and by no other. History, which
// is cut, has no part in it but for when what it went back from was promoted.
func TestKeepTotals(t *testing.T) {
	view := viewOf(pushed("sha256:1", 1), pushed("sha256:2", 2), pushed("sha256:3", 40))
	active := endedRollout("")
	active.DecidedAt, active.FinishedAt = nil, nil
	status := v1alpha1.ImmutableDeploymentStatus{Rollout: active}
	pass := func(r *v1alpha1.Rollout) {
		next := status.DeepCopy()
		next.Rollout = r
		keepHistory(&status, next, view)
		fitDeployment(next)
		status = *next
	}
	pass(active)
	if status.Totals != nil {
		t.Errorf("totals of a rollout under way: %+v", status.Totals)
	}
	promoted := endedRollout(v1alpha1.OutcomePromoted)
	for range 3 {
		pass(promoted)
	}
	reopened := endedRollout(v1alpha1.OutcomeRolledBack)
	reopened.FinishedAt = nil
	pass(reopened)
	for range 3 {
		pass(endedRollout(v1alpha1.OutcomeRolledBack))
	}
	want := &v1alpha1.Totals{
		Rollouts: v1alpha1.OutcomeTotals{Promoted: 1, RolledBack: 1}, Changes: 1, Failures: 1,
		Provision: v1alpha1.TimeTotal{Count: 1, Seconds: 60}, Shift: v1alpha1.TimeTotal{Count: 1, Seconds: 240}, Finish: v1alpha1.TimeTotal{Count: 2, Seconds: 60},
		LeadTime: v1alpha1.TimeTotal{Count: 1, Seconds: 390}, Recovery: v1alpha1.TimeTotal{Count: 1, Seconds: 30},
	}
	if diff := cmp.Diff(want, status.Totals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range int64(2 * historyLength) {
		again := endedRollout(v1alpha1.OutcomePromoted)
		again.ID = "checkout-3-" + second(n).String()
		pass(again)
	}
	if got := status.Totals.Rollouts.Promoted; got != 1+2*historyLength || len(status.History) != historyLength {
		t.Errorf("%d promoted, %d in the history", got, len(status.History))
	}
}

// Going back counts from the promotion of what was gone back from.
func TestRecoveryOfWhatWasPromoted(t *testing.T) {
	view := viewOf(pushed("sha256:1", 1), pushed("sha256:2", 2), pushed("sha256:3", 40))
	before := v1alpha1.ImmutableDeploymentStatus{History: []v1alpha1.HistoryEntry{
		{ID: "a", Revision: "checkout-2", Outcome: v1alpha1.OutcomeSuperseded, FinishedAt: second(90)},
		{ID: "b", Revision: "checkout-2", Outcome: v1alpha1.OutcomePromoted, FinishedAt: second(50)},
		{ID: "c", Revision: "checkout-2", Outcome: v1alpha1.OutcomePromoted, FinishedAt: second(10)},
	}}
	next := before.DeepCopy()
	next.Rollout = endedRollout(v1alpha1.OutcomeFastRolledBack)
	keepHistory(&before, next, view)
	if got, want := next.Totals.Recovery, (v1alpha1.TimeTotal{Count: 1, Seconds: 380}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// With Recreate nothing served while the new revision didn't, be it never healthy.
func TestRecoveryOfRecreate(t *testing.T) {
	for recreate, want := range map[bool]int64{true: 1, false: 0} {
		view := viewOf(pushed("sha256:1", 1), pushed("sha256:2", 2), pushed("sha256:3", 40))
		view.facts.Recreate = recreate
		next := &v1alpha1.ImmutableDeploymentStatus{Rollout: endedRollout(v1alpha1.OutcomeRolledBack)}
		next.Rollout.VerifiedAt = nil
		keepHistory(&v1alpha1.ImmutableDeploymentStatus{}, next, view)
		if got := next.Totals.Recovery.Count; got != want {
			t.Errorf("Recreate %t: %d recoveries, want %d", recreate, got, want)
		}
	}
}
