package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// decided is a rollout of the second revision, decided at its second step.
func decided(outcome v1alpha1.Outcome, seen Targets, since time.Duration) Observation {
	o := rolling(1, time.Minute)
	o.Progress.Rollout.Outcome, o.Progress.Rollout.Message = outcome, "for a reason"
	o.Route.Targets, o.Progress.Observed, o.Progress.Written = seen, seen, seen
	o.Progress.Since = ago(since)
	if outcome == v1alpha1.OutcomePromoted {
		o.Progress.Stable = 2
	}
	return o
}

// finished is one that is over. Its loser left the rule so long ago.
func finished(outcome v1alpha1.Outcome, since time.Duration) Observation {
	o, loser := decided(outcome, to1(), since), int64(2)
	if outcome == v1alpha1.OutcomePromoted {
		o, loser = decided(outcome, to2(), since), 1
	}
	o.Progress.Rollout.FinishedAt = ago(since)
	o.Progress.Retiring = []Retiring{{Revision: loser, Since: ago(since)}}
	return o
}

// gone makes a revision one whose stack was removed.
func gone(r *Revision) {
	r.Wanted, r.Stack, r.Backend, r.Health = false, v1alpha1.RevisionRemoved, "", Health{}
}

func TestConclude(t *testing.T) {
	says := func(outcome v1alpha1.Outcome, phase v1alpha1.Phase, reason string) verdict {
		v := verdict{Phase: phase, Reason: reason, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: outcome}
		if outcome == v1alpha1.OutcomePromoted {
			v.Stable = 2
		}
		return v
	}
	back := says(v1alpha1.OutcomeRolledBack, v1alpha1.PhaseRollingBack, v1alpha1.ReasonRollingBack)
	superseded := says(v1alpha1.OutcomeSuperseded, v1alpha1.PhaseRollingBack, v1alpha1.ReasonSuperseded)
	promoted := says(v1alpha1.OutcomePromoted, v1alpha1.PhaseCleaningUp, v1alpha1.ReasonCleaningUp)
	ends := func(v verdict, loser int64) verdict {
		v.Finished, v.Retiring = true, []int64{loser}
		return v
	}
	spreads := back
	spreads.After = 10 * time.Second
	lost := func(o *Observation) { o.Revisions[0].Stack, o.Revisions[0].Health = v1alpha1.RevisionFailed, Health{} }
	hopeless := asking(says(v1alpha1.OutcomeFailed, v1alpha1.PhaseRollingBack, v1alpha1.ReasonFailed), Action{Kind: ActionDeleteRule})
	hopeless.Stable, hopeless.Step = 0, 0
	replaced := hopeless
	replaced.Reason, replaced.Outcome = v1alpha1.ReasonSuperseded, v1alpha1.OutcomeSuperseded
	givenUp := func(since time.Duration) func(*Observation) {
		return func(o *Observation) { o.Progress.Rollout.DecidedAt = ago(since) }
	}
	decideAll(t, map[string]row{
		"bad: traffic returns":             {decided(v1alpha1.OutcomeRolledBack, at(50), time.Minute), asking(back, set(to1()))},
		"superseded: traffic returns":      {decided(v1alpha1.OutcomeSuperseded, at(50), time.Minute), asking(superseded, set(to1()))},
		"returned, not on every node yet":  {decided(v1alpha1.OutcomeRolledBack, to1(), 5*time.Second), spreads},
		"returned: over":                   {decided(v1alpha1.OutcomeRolledBack, to1(), 20*time.Second), ends(back, 2)},
		"superseded and returned: over":    {decided(v1alpha1.OutcomeSuperseded, to1(), 20*time.Second), ends(superseded, 2)},
		"promoted: over, the old one goes": {decided(v1alpha1.OutcomePromoted, to2(), 20*time.Second), ends(promoted, 1)},
		"bad with the old one unhealthy":   {with(decided(v1alpha1.OutcomeRolledBack, at(50), time.Minute), health1(short(1))), asking(back, set(to1()))},
		"bad with nothing healthy of the old one: waits": {with(decided(v1alpha1.OutcomeAborted, at(50), time.Minute), health1(short(0))),
			func() verdict { v := back; v.Outcome, v.After = v1alpha1.OutcomeAborted, poll; return v }()},
		"not for ever": {
			with(decided(v1alpha1.OutcomeRolledBack, at(50), time.Minute), health1(short(0)), func(o *Observation) { o.Progress.Rollout.ProgressedAt = ago(30 * time.Minute) }),
			asking(back, set(to1()))},
		"not if nothing of the new one is healthy": {with(decided(v1alpha1.OutcomeRolledBack, at(50), time.Minute), health1(short(0)), health2(short(0))), asking(back, set(to1()))},
		"crashed after the traffic returned": {with(decided(v1alpha1.OutcomeRolledBack, to1(), time.Minute), func(o *Observation) { o.Progress.Written, o.Progress.Observed = at(50), at(50) }),
			func() verdict { v := back; v.After = poll; return v }()},
		"given up a moment ago: the rule may have been written since it was read": {
			with(decided(v1alpha1.OutcomeSuperseded, to1(), time.Minute), givenUp(5*time.Second)),
			func() verdict { v := superseded; v.After = 10 * time.Second; return v }()},
		"a worker has no rule": {
			worker(with(decided(v1alpha1.OutcomeSuperseded, nil, time.Minute), givenUp(5*time.Second))),
			asking(ends(superseded, 2), Action{Kind: ActionRemoveStack, Revision: 2})},
		"crashed after the step's weight was written: no edit by others": {
			with(decided(v1alpha1.OutcomeSuperseded, at(50), time.Minute), givenUp(5*time.Second), func(o *Observation) { o.Progress.Written = to1() }),
			asking(superseded, set(to1()))},
		"someone deleted the old stack meanwhile: goes on": {
			with(decided(v1alpha1.OutcomeAborted, at(50), time.Minute), lost),
			verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2, Step: 1, Reached: true}},
		"and the template was changed: goes on": {
			with(decided(v1alpha1.OutcomeSuperseded, at(50), time.Minute), lost, func(o *Observation) { o.WantHash = "v3" }),
			verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2, Step: 1, Reached: true}},
		"and the new one has nothing healthy: given up": {
			with(decided(v1alpha1.OutcomeRolledBack, at(50), time.Minute), lost, func(o *Observation) { o.Revisions[1].Health = short(0) }), hopeless},
		"and the new one has no traffic any more: given up": {with(decided(v1alpha1.OutcomeRolledBack, to1(), time.Second), lost), hopeless},
		"and the template was changed before: superseded": {
			with(decided(v1alpha1.OutcomeSuperseded, to1(), time.Second), lost, func(o *Observation) { o.WantHash = "v3" }), replaced},
		"promoted, and its stack is lost: the rule stays": {
			with(decided(v1alpha1.OutcomePromoted, to2(), 20*time.Second), func(o *Observation) { o.Revisions[1].Stack, o.Revisions[1].Health = v1alpha1.RevisionFailed, Health{} }), ends(promoted, 1)},
		"first one bad after its rule was made: the rule goes": {
			with(alone(), func(o *Observation) {
				o.Route = Route{Exists: true, Owned: true, Targets: to1()}
				o.Progress.Written, o.Progress.Rollout.Outcome = to1(), v1alpha1.OutcomeFailed
			}),
			verdict{Action: Action{Kind: ActionDeleteRule}, Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonFailed,
				Rollout: 1, Outcome: v1alpha1.OutcomeFailed}},
	})
}

// What was given up is to be changed, unless another template wouldn't help.
func TestRemedyOfWhatWasGivenUp(t *testing.T) {
	for remedy, want := range map[string]string{
		"":                     "Change spec.template, or try again: kubectl annotate imd shop",
		"Delete it altogether": ". Delete it altogether",
		"Mend the listener":    ". Mend the listener. Then try again: kubectl annotate imd shop",
	} {
		d := Decide(with(finished(v1alpha1.OutcomeRolledBack, time.Minute), func(o *Observation) {
			o.Revisions[1].Remedy, o.Revisions[1].Retriable = remedy, strings.HasPrefix(remedy, "Mend")
		}), start)
		hopeless := strings.HasPrefix(remedy, "Delete") && strings.Contains(d.Message, v1alpha1.AnnotationRetry)
		if !strings.Contains(d.Message, want) || hopeless || remedy != "" && strings.Contains(d.Message, "spec.template") {
			t.Errorf("with %q: %s", remedy, d.Message)
		}
	}
}

// The time of an old stack counts from when it left the rule.
func TestOldStackDrainsSinceItLeft(t *testing.T) {
	d := Decide(decided(v1alpha1.OutcomePromoted, to2(), time.Hour), start)
	if diff := cmp.Diff([]Retiring{{Revision: 1, Since: ago(time.Hour)}}, d.Progress.Retiring); diff != "" {
		t.Errorf("retiring (-want +got):\n%s", diff)
	}
}

// The rule of a promoted revision whose stack was lost is no edit by others.
func TestLostAfterPromotion(t *testing.T) {
	o := with(decided(v1alpha1.OutcomePromoted, to2(), 20*time.Second), func(o *Observation) {
		o.Revisions[1].Stack, o.Revisions[1].Health = v1alpha1.RevisionFailed, Health{}
		o.Route.Adopted, o.Progress.Original = true, originalGroup
	})
	o.Progress = Decide(o, start).Progress
	if o.Progress.Rollout.FinishedAt.IsZero() {
		t.Fatal("the rollout isn't over")
	}
	if d := Decide(o, start); d.Drifted != "" || d.Blocked == nil || d.Blocked.Reason != v1alpha1.ReasonStackChanged {
		t.Errorf("%s: drifted %q, blocked %+v", d.Message, d.Drifted, d.Blocked)
	}
}

// People are told why an outcome is taken back, and what a new template waits for.
func TestWhatGoesOnIsTold(t *testing.T) {
	o := with(decided(v1alpha1.OutcomeSuperseded, at(50), time.Minute), func(o *Observation) {
		o.Revisions[0].Stack, o.Revisions[0].Health, o.WantHash = v1alpha1.RevisionFailed, Health{}, "v3"
	})
	d := Decide(o, start)
	if len(d.Notices) != 1 || !strings.Contains(d.Notices[0].Message, "Can't return to shop-1") || d.Progress.Rollout.Reason != "" {
		t.Errorf("notices %+v, reason %q", d.Notices, d.Progress.Rollout.Reason)
	}
	o.Progress = d.Progress
	if d = Decide(o, start); !strings.HasSuffix(d.Message, "; the new spec.template is rolled out after it, because no other revision serves") {
		t.Errorf("says %q", d.Message)
	}
}

func TestChangeOfMind(t *testing.T) {
	changed := func(o Observation, hash string) Observation {
		return with(o, func(o *Observation) { o.WantHash = hash })
	}
	superseded := func(step int) verdict {
		return verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonSuperseded, Stable: 1, Rollout: 2, Step: step,
			Outcome: v1alpha1.OutcomeSuperseded}
	}
	reached := func(v verdict) verdict {
		v.Reached = true
		return v
	}
	starts := func(stable, revision int64, retiring ...int64) verdict {
		return verdict{Phase: v1alpha1.PhasePending, Reason: reasonProvisioning, Stable: stable, Rollout: revision, Retiring: retiring}
	}
	failed := with(finished(v1alpha1.OutcomeRolledBack, time.Hour), func(o *Observation) {
		gone(&o.Revisions[1])
		o.Progress.Retiring = nil
	})
	stays := verdict{Phase: v1alpha1.PhaseRolledBack, Reason: v1alpha1.ReasonRolledBack, After: resync, Stable: 1, Rollout: 2, Step: 1,
		Reached: true, Outcome: v1alpha1.OutcomeRolledBack, Finished: true}
	complete := verdict{Phase: v1alpha1.PhaseComplete, Reason: v1alpha1.ReasonComplete, After: resync, Stable: 1}
	decideAll(t, map[string]row{
		"changed while the stack is made":      {changed(unverified(v1alpha1.RevisionCreating), "v3"), superseded(0)},
		"changed back while the stack is made": {changed(unverified(v1alpha1.RevisionCreating), "v1"), superseded(0)},
		"changed with traffic":                 {changed(rolling(1, time.Second), "v3"), reached(superseded(1))},
		"changed with all traffic":             {changed(rolling(2, time.Second), "v3"), reached(superseded(2))},
		"changed and failed at once":           {changed(unverified(v1alpha1.RevisionFailed), "v3"), superseded(0)},
		"changed when nothing else serves: goes on": {
			with(alone(), func(o *Observation) {
				o.WantHash, o.Route = "v2", Route{Exists: true, Owned: true, Targets: to1()}
				o.Progress.Written, o.Progress.Observed = to1(), to1()
			}),
			verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Rollout: 1, Reached: true}},
		"changed while new serves and someone deleted the old stack: goes on": {
			with(changed(rolling(2, time.Second), "v3"), func(o *Observation) {
				o.Revisions[0].Stack, o.Revisions[0].Health = v1alpha1.RevisionFailed, Health{}
			}),
			verdict{Phase: v1alpha1.PhaseBaking, Reason: v1alpha1.ReasonBaking, After: poll, Stable: 1, Rollout: 2, Step: 2, Reached: true}},
		"changed while new serves and nothing of old is healthy: goes on": {
			with(changed(rolling(2, time.Second), "v3"), health1(short(0))),
			verdict{Phase: v1alpha1.PhaseBaking, Reason: v1alpha1.ReasonBaking, After: poll, Stable: 1, Rollout: 2, Step: 2, Reached: true}},
		"changed while nothing at all is healthy":                {with(changed(rolling(1, time.Second), "v3"), health1(short(0)), health2(short(0))), reached(superseded(1))},
		"changed before new serves, with nothing of old healthy": {with(changed(unverified(v1alpha1.RevisionCreating), "v3"), health1(short(0))), superseded(0)},
		"changed right after the revision was made: its stack goes": {
			with(serving(), func(o *Observation) {
				o.WantHash = "v3"
				o.Revisions = append(o.Revisions, created(2, "v2", ""), created(3, "v3", ""))
			}),
			starts(1, 3, 2)},
		"back to the old one while it is warm": {changed(finished(v1alpha1.OutcomePromoted, time.Second), "v1"), starts(2, 1)},
		"back to the old one when it is gone": {
			with(changed(finished(v1alpha1.OutcomePromoted, time.Hour), "v1"), func(o *Observation) {
				gone(&o.Revisions[0])
				o.Progress.Retiring = nil
			}), starts(2, 1)},
		"back to the old one while it is deleted: waits": {
			with(changed(finished(v1alpha1.OutcomePromoted, time.Hour), "v1"), func(o *Observation) {
				gone(&o.Revisions[0])
				o.Revisions[0].Stack, o.Progress.Retiring = v1alpha1.RevisionDeleting, nil
			}),
			verdict{Phase: v1alpha1.PhasePending, Reason: reasonProvisioning, After: poll, Stable: 2, Rollout: 2, Step: 1, Reached: true,
				Outcome: v1alpha1.OutcomePromoted, Finished: true}},
		"the template failed: stays as it is":   {failed, stays},
		"the template failed, and paused":       {with(failed, func(o *Observation) { o.Paused = true }), stays},
		"the failed template is taken back":     {changed(failed, "v1"), complete},
		"applied again after it was taken back": {with(failed, func(o *Observation) { o.Progress.Rollout = nil }), starts(1, 2)},
		"a third template after a failure":      {with(failed, func(o *Observation) { o.WantHash = "v3"; o.Revisions = append(o.Revisions, created(3, "v3", "")) }), starts(1, 3)},
		"the record of the failure is deleted: new": {with(failed, func(o *Observation) { o.Revisions[1].Deleting = true }), asking(func() verdict {
			v := stays
			v.Phase, v.Reason, v.After = v1alpha1.PhasePending, reasonProvisioning, 0
			return v
		}(), Action{Kind: ActionCreateRevision})},
	})
}

func TestHousekeeping(t *testing.T) {
	over := verdict{Phase: v1alpha1.PhaseCleaningUp, Reason: v1alpha1.ReasonCleaningUp, Stable: 2, Rollout: 2, Step: 1, Reached: true,
		Outcome: v1alpha1.OutcomePromoted, Finished: true, Retiring: []int64{1}}
	waits := func(after time.Duration) verdict {
		v := over
		v.After = after
		return v
	}
	complete := verdict{Phase: v1alpha1.PhaseComplete, Reason: v1alpha1.ReasonComplete, After: resync, Stable: 1}
	remove := Action{Kind: ActionRemoveStack, Revision: 1}
	limited := func(limit int) Observation {
		return with(serving(), func(o *Observation) {
			o.Policy.HistoryLimit = limit
			o.Revisions = []Revision{created(1, "v1", group1), {Number: 2, Hash: "v2", Stack: v1alpha1.RevisionRemoved},
				{Number: 3, Hash: "v3", Stack: v1alpha1.RevisionRemoved}}
		})
	}
	promotedAgo := func(d time.Duration) Observation { return finished(v1alpha1.OutcomePromoted, d) }
	decideAll(t, map[string]row{
		"requests may end":           {promotedAgo(time.Second), waits(poll)},
		"looks again when they have": {promotedAgo(40 * time.Second), waits(5 * time.Second)},
		"requests have ended":        {promotedAgo(45 * time.Second), asking(over, remove)},
		"still in the rule: never":   {with(promotedAgo(time.Hour), func(o *Observation) { o.Route.Targets = Targets{{group2, 100}, {group1, 0}} }), waits(poll)},
		"still in the rule, no time to wait for: never": {
			with(promotedAgo(time.Hour), func(o *Observation) {
				o.Route.Targets = Targets{{group2, 100}, {group1, 0}}
				o.Policy.Propagation, o.Revisions[0].Drain = 0, 0
			}), waits(poll)},
		"just out of the rule again":  {with(promotedAgo(time.Hour), func(o *Observation) { o.Progress.Observed = Targets{{group2, 1}, {group1, 1}} }), waits(poll)},
		"its stack is wanted no more": {with(promotedAgo(time.Hour), func(o *Observation) { gone(&o.Revisions[0]); o.Revisions[0].Stack = v1alpha1.RevisionDeleting }), func() verdict { v := over; v.Retiring = nil; return v }()},
		"never what serves":           {with(promotedAgo(time.Hour), func(o *Observation) { o.Progress.Retiring[0].Revision = 2; gone(&o.Revisions[0]) }), verdict{Phase: v1alpha1.PhaseComplete, Reason: v1alpha1.ReasonComplete, Stable: 2, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomePromoted, Finished: true}},
		"another stack of the template that serves": {with(serving(), func(o *Observation) { o.Revisions = append(o.Revisions, created(2, "v1", group2)) }),
			retires(func() verdict { v := complete; v.After = 45 * time.Second; return v }(), 2)},
		"scale what serves":               {with(serving(), func(o *Observation) { o.DesiredCount = 5 }), asking(verdict{Phase: v1alpha1.PhaseScaling, Reason: v1alpha1.ReasonScaling, Stable: 1}, Action{Kind: ActionScale, Revision: 1, Count: 5})},
		"looks often until all are there": {with(serving(), func(o *Observation) { o.Revisions[0].Health.Running-- }), func() verdict { v := complete; v.After = poll; return v }()},
		"scale not what goes":             {with(promotedAgo(time.Second), func(o *Observation) { o.Revisions[0].Health.Desired = 1 }), waits(poll)},
		"scale not without knowing":       {with(serving(), func(o *Observation) { o.DesiredCount, o.Revisions[0].Health = 5, Health{} }), complete},
		"history within the limit":        {limited(2), complete},
		"history beyond: the oldest":      {limited(1), asking(func() verdict { v := complete; v.After = 0; return v }(), Action{Kind: ActionDeleteRevision, Revision: 2})},
		"no history at all":               {limited(0), asking(func() verdict { v := complete; v.After = 0; return v }(), Action{Kind: ActionDeleteRevision, Revision: 2})},
		"history: not what is wanted now": {with(decided(v1alpha1.OutcomeSuperseded, to1(), 5*time.Second), func(o *Observation) {
			o.Policy.HistoryLimit, o.WantHash = 0, "v3"
			o.Revisions = append(o.Revisions, Revision{Number: 3, Name: "shop-3", Hash: "v3", Stack: v1alpha1.RevisionRemoved})
		}), verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonSuperseded, After: 10 * time.Second, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeSuperseded}},
	})
}

func TestTargets(t *testing.T) {
	tests := map[string]struct {
		a, b  Targets
		equal bool
		share int32
	}{
		"the same":        {at(10), at(10), true, 10},
		"other order":     {at(10), Targets{{group2, 10}, {group1, 90}}, true, 10},
		"other base":      {at(10), Targets{{group1, 900}, {group2, 100}}, true, 10},
		"zero is nothing": {to1(), Targets{{group1, 1}, {group2, 0}}, true, 0},
		"other shares":    {at(10), at(11), false, 10},
		"other group":     {to1(), to2(), false, 0},
		"nothing":         {nil, Targets{}, true, 0},
		"all zero":        {Targets{{group2, 0}}, nil, true, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.a.Equal(tt.b); got != tt.equal {
				t.Errorf("%v equals %v: %t", tt.a, tt.b, got)
			}
			if got := tt.a.Share(group2); got != tt.share {
				t.Errorf("share of %v: %d, want %d", tt.a, got, tt.share)
			}
		})
	}
}

// Going back to what served just before skips the steps, once it is verified.
func TestGoingBackIsFast(t *testing.T) {
	back := finished(v1alpha1.OutcomePromoted, time.Second)
	back.WantHash = "v1"
	r := Decide(back, start).Progress.Rollout
	if r.Cause != v1alpha1.CauseRevert || !r.Full {
		t.Errorf("back to the last one: cause %s, full %v", r.Cause, r.Full)
	}
	older := finished(v1alpha1.OutcomePromoted, time.Second)
	older.WantHash = "v1"
	older.Progress.Rollout.From = 0 // another one was in between
	r = Decide(older, start).Progress.Rollout
	if r.Cause != v1alpha1.CauseTemplate || r.Full {
		t.Errorf("back to an older one: cause %s, full %v", r.Cause, r.Full)
	}
}

func TestCompile(t *testing.T) {
	n := func(i int32) *int32 { return &i }
	steps := &v1alpha1.Canary{Steps: []v1alpha1.CanaryStep{{Weight: 10, HoldSeconds: n(60)}, {Weight: 50}}}
	tests := map[string]struct {
		strategy v1alpha1.Strategy
		keep     *int32
		want     Plan
	}{
		"blue/green":          {v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}, n(300), Plan{{Weight: 100, New: 3, Old: 3, Hold: 5 * time.Minute}}},
		"canary":              {v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: steps}, n(300), Plan{{Weight: 10, New: 3, Old: 3, Hold: time.Minute}, {Weight: 50, New: 3, Old: 3}, {Weight: 100, New: 3, Old: 3, Hold: 5 * time.Minute}}},
		"nothing is kept":     {v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}, nil, Plan{{Weight: 100, New: 3, Old: 3}}},
		"steps of no account": {v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen, Canary: steps}, nil, Plan{{Weight: 100, New: 3, Old: 3}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Compile(&v1alpha1.ImmutableDeploymentSpec{Strategy: tt.strategy, Rollback: v1alpha1.Rollback{KeepOldSeconds: tt.keep}}, 3, true)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}
