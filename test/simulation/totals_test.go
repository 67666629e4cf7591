package simulation

import "github.com/viridian-dev/viridian/api/v1alpha1"

// checkTotals checks that the write that ends a rollout counts it, that no other
// does, and that no number gets smaller.
func (o *observer) checkTotals(was, now *v1alpha1.ImmutableDeployment) {
	var a, b v1alpha1.Totals
	if was.Status.Totals != nil {
		a = *was.Status.Totals
	}
	if now.Status.Totals != nil {
		b = *now.Status.Totals
	}
	want, before := ended(a.Rollouts), was.Status.Rollout
	if r := now.Status.Rollout; r != nil && r.FinishedAt != nil && (before == nil || before.ID != r.ID || before.FinishedAt == nil) {
		want++
	}
	if got := ended(b.Rollouts); got != want {
		o.fail("totals", "%d rollouts of %s ended, and %d are counted", want, now.Name, got)
	}
	for i, pair := range [][2]v1alpha1.TimeTotal{
		{a.Provision, b.Provision}, {a.Shift, b.Shift}, {a.Finish, b.Finish}, {a.LeadTime, b.LeadTime}, {a.Recovery, b.Recovery},
		{{Count: a.Changes, Seconds: a.Failures}, {Count: b.Changes, Seconds: b.Failures}},
	} {
		if pair[1].Count < pair[0].Count || pair[1].Seconds < pair[0].Seconds {
			o.fail("totals", "total %d of %s was %+v and becomes %+v", i, now.Name, pair[0], pair[1])
		}
	}
}

// ended is how many rollouts ended.
func ended(t v1alpha1.OutcomeTotals) int64 {
	return t.Promoted + t.FastPromoted + t.FastRolledBack + t.RolledBack + t.Aborted + t.Superseded + t.Failed
}
