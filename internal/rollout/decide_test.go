package rollout

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Target groups of the revisions in the tables.
const (
	group1 = "tg-shop-1"
	group2 = "tg-shop-2"
)

// verdict is what of a decision a table row looks at.
type verdict struct {
	Action   Action
	Phase    v1alpha1.Phase
	Reason   string
	After    time.Duration
	Stable   int64
	Rollout  int64
	Step     int
	Reached  bool
	Outcome  v1alpha1.Outcome
	Finished bool
	Retiring []int64
}

func judge(d Decision) verdict {
	v := verdict{Action: d.Action, Phase: d.Phase, Reason: d.Reason, After: d.After, Stable: d.Progress.Stable}
	for _, r := range d.Progress.Retiring {
		v.Retiring = append(v.Retiring, r.Revision)
	}
	if r := d.Progress.Rollout; r != nil {
		v.Rollout, v.Step, v.Reached, v.Outcome, v.Finished = r.Revision, r.Step, !r.StepReachedAt.IsZero(), r.Outcome, !r.FinishedAt.IsZero()
	}
	return v
}

func ago(d time.Duration) time.Time { return start.Add(-d) }

// all, split for short.
func to1() Targets            { return Targets{{group1, 100}} }
func to2() Targets            { return Targets{{group2, 100}} }
func at(weight int32) Targets { return split(group1, group2, weight) }
func set(t Targets) Action    { return Action{Kind: ActionSetTargets, Targets: t} }

func whole() Health { return Health{Known: true, Desired: 3, Running: 3, Healthy: 3, Steady: true} }

func short(healthy int32) Health {
	return Health{Known: true, Desired: 3, Running: 3, Healthy: healthy, Reason: "Target.Timeout"}
}

func created(number int64, hash, group string) Revision {
	name := map[int64]string{1: "shop-1", 2: "shop-2", 3: "shop-3"}[number]
	return Revision{Number: number, Name: name, Hash: hash, Wanted: true, Stack: v1alpha1.RevisionCreated,
		Backend: group, Drain: drainTime, Health: whole()}
}

// fresh is a deployment of which nothing is there yet.
func fresh() Observation {
	return Observation{Name: "shop", WantHash: "v1", DesiredCount: 3, Plan: sized(canary(), 3), Policy: policy()}
}

// serving is a deployment whose first revision serves.
func serving() Observation {
	o := fresh()
	o.Revisions = []Revision{created(1, "v1", group1)}
	o.Route = Route{Exists: true, Owned: true, Targets: to1()}
	o.Progress = Progress{Stable: 1, Reached: 3, Written: to1(), Observed: to1(), Since: ago(time.Hour)}
	return o
}

// rolling is a deployment whose second revision is rolled out, at a step whose
// weight was reached so long ago; less than zero is not yet.
func rolling(step int, reached time.Duration) Observation {
	o := serving()
	o.WantHash = "v2"
	o.Revisions = append(o.Revisions, created(2, "v2", group2))
	r := &Rollout{Revision: 2, From: 1, StartedAt: ago(time.Hour), ProgressedAt: ago(time.Minute),
		VerifiedAt: ago(30 * time.Minute), VerifiedCount: 3, Step: step}
	weight := canary()[step].Weight
	if reached >= 0 {
		r.StepReachedAt, r.ProgressedAt = ago(reached), ago(reached)
	} else if step > 0 {
		weight = canary()[step-1].Weight
	} else {
		weight = 0
	}
	o.Route.Targets = at(weight)
	o.Progress.Rollout, o.Progress.Written, o.Progress.Observed = r, at(weight), at(weight)
	return o
}

// unverified is a rollout whose second revision gets no traffic yet.
func unverified(phase v1alpha1.RevisionPhase) Observation {
	o := rolling(0, -1)
	o.Progress.Rollout.VerifiedAt, o.Progress.Rollout.VerifiedCount = time.Time{}, 0
	o.Revisions[1].Stack, o.Revisions[1].Health = phase, Health{}
	if phase != v1alpha1.RevisionCreated {
		o.Revisions[1].Backend = ""
	}
	return o
}

// alone is a first rollout: nothing served before.
func alone() Observation {
	o := rolling(0, -1)
	o.Revisions, o.WantHash = []Revision{created(1, "v1", group1)}, "v1"
	o.Route = Route{}
	o.Progress.Stable, o.Progress.Written, o.Progress.Observed = 0, nil, nil
	o.Progress.Rollout.Revision, o.Progress.Rollout.From = 1, 0
	return o
}

// with edits a copy of an observation.
func with(o Observation, edits ...func(o *Observation)) Observation {
	o.Revisions, o.Progress, o.Plan = slices.Clone(o.Revisions), o.Progress.clone(), slices.Clone(o.Plan)
	for _, edit := range edits {
		edit(&o)
	}
	return o
}

type row struct {
	seen Observation
	want verdict
}

func decideAll(t *testing.T, rows map[string]row) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		t.Run(name, func(t *testing.T) {
			tt := rows[name]
			before := tt.seen.Progress.clone()
			got := Decide(tt.seen, start)
			if diff := cmp.Diff(tt.want, judge(got)); diff != "" {
				t.Errorf("decision (-want +got):\n%s\nmessage: %s", diff, got.Message)
			}
			if diff := cmp.Diff(before, tt.seen.Progress); diff != "" {
				t.Errorf("Decide changed what it was given (-before +after):\n%s", diff)
			}
		})
	}
}

// What a decision says in short.
const (
	poll   = 15 * time.Second
	resync = 10 * time.Minute

	reasonProvisioning = v1alpha1.ReasonProvisioning
	reasonShifting     = v1alpha1.ReasonShifting
)

func TestProvision(t *testing.T) {
	failed := "the stack failed"
	decideAll(t, map[string]row{
		"first deployment: make a revision": {fresh(),
			verdict{Action: Action{Kind: ActionCreateRevision}, Phase: v1alpha1.PhasePending, Reason: reasonProvisioning}},
		"revision made: remember the rollout before anything else": {
			with(fresh(), func(o *Observation) {
				o.Revisions = []Revision{{Number: 1, Name: "shop-1", Hash: "v1", Stack: v1alpha1.RevisionPending}}
			}),
			verdict{Phase: v1alpha1.PhasePending, Reason: reasonProvisioning, Rollout: 1}},
		"new template: make a revision": {with(serving(), func(o *Observation) { o.WantHash = "v2" }),
			verdict{Action: Action{Kind: ActionCreateRevision}, Phase: v1alpha1.PhasePending, Reason: reasonProvisioning, Stable: 1}},
		"stack not asked for": {with(unverified(v1alpha1.RevisionRemoved), func(o *Observation) { o.Revisions[1].Wanted = false }),
			verdict{Action: Action{Kind: ActionProvision, Revision: 2, Count: 3}, Phase: v1alpha1.PhaseProvisioning, Reason: reasonProvisioning, Stable: 1, Rollout: 2}},
		"stack on its way": {unverified(v1alpha1.RevisionCreating),
			verdict{Phase: v1alpha1.PhaseProvisioning, Reason: reasonProvisioning, After: poll, Stable: 1, Rollout: 2}},
		"looks again at the deadline, not after it": {
			with(unverified(v1alpha1.RevisionCreating), func(o *Observation) { o.Progress.Rollout.ProgressedAt = ago(30*time.Minute - 4*time.Second) }),
			verdict{Phase: v1alpha1.PhaseProvisioning, Reason: reasonProvisioning, After: 4 * time.Second, Stable: 1, Rollout: 2}},
		"stack overdue": {
			with(unverified(v1alpha1.RevisionCreating), func(o *Observation) { o.Progress.Rollout.ProgressedAt = ago(30 * time.Minute) }),
			verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Outcome: v1alpha1.OutcomeRolledBack}},
		"stack failed": {with(unverified(v1alpha1.RevisionFailed), func(o *Observation) { o.Revisions[1].Cause = failed }),
			verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Outcome: v1alpha1.OutcomeRolledBack}},
		"first stack failed: nothing to return to": {
			with(alone(), func(o *Observation) {
				o.Revisions[0].Stack, o.Revisions[0].Backend, o.Progress.Rollout.VerifiedAt = v1alpha1.RevisionFailed, "", time.Time{}
			}),
			verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonFailed, Rollout: 1, Outcome: v1alpha1.OutcomeFailed}},
		"the ImmutableRevision is deleted meanwhile": {with(unverified(v1alpha1.RevisionCreating), func(o *Observation) { o.Revisions[1].Deleting = true }),
			verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Outcome: v1alpha1.OutcomeRolledBack}},
		"blocked": {
			with(unverified(v1alpha1.RevisionCreating), func(o *Observation) {
				o.Blocked = &Blocked{Reason: v1alpha1.ReasonRouteConflict, Message: "The rule is someone else's"}
				o.Progress.Rollout.ProgressedAt = ago(time.Hour)
			}),
			verdict{Phase: v1alpha1.PhasePaused, Reason: v1alpha1.ReasonRouteConflict, After: poll, Stable: 1, Rollout: 2}},
		"time spent blocked is no lack of progress": {
			with(unverified(v1alpha1.RevisionCreating), func(o *Observation) {
				o.Progress.Rollout.ProgressedAt, o.Progress.BlockedSince = ago(time.Hour), ago(50*time.Minute)
			}),
			verdict{Phase: v1alpha1.PhaseProvisioning, Reason: reasonProvisioning, After: poll, Stable: 1, Rollout: 2}},
	})
}

func TestVerify(t *testing.T) {
	verifying := func(h Health) Observation {
		return with(unverified(v1alpha1.RevisionCreated), func(o *Observation) { o.Revisions[1].Health = h })
	}
	waits := verdict{Phase: v1alpha1.PhaseVerifying, Reason: v1alpha1.ReasonVerifying, After: poll, Stable: 1, Rollout: 2}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Outcome: v1alpha1.OutcomeRolledBack}
	unsteady := whole()
	unsteady.Steady = false
	few := Health{Known: true, Desired: 2, Running: 2, Healthy: 2, Steady: true}
	many := Health{Known: true, Desired: 5, Running: 5, Healthy: 5, Steady: true}
	scaled := waits
	scaled.Action, scaled.After = Action{Kind: ActionScale, Revision: 2, Count: 3}, 0
	gaveUp := short(0)
	gaveUp.Failed = true
	healthy := waits
	healthy.After = 0
	decideAll(t, map[string]row{
		"healthy":                        {verifying(whole()), healthy},
		"health unknown":                 {verifying(Health{}), waits},
		"one target short":               {verifying(short(2)), waits},
		"ECS not steady":                 {verifying(unsteady), waits},
		"fewer tasks than asked for now": {verifying(few), scaled},
		"more tasks than asked for now":  {verifying(many), scaled},
		"ECS gave up":                    {verifying(gaveUp), back},
		"overdue":                        {with(verifying(short(2)), func(o *Observation) { o.Progress.Rollout.ProgressedAt = ago(30 * time.Minute) }), back},
	})
	for name, h := range map[string]Health{"whole": whole(), "short": short(2), "unsteady": unsteady, "few": few, "many": many} {
		verified := !Decide(verifying(h), start).Progress.Rollout.VerifiedAt.IsZero()
		if verified != (name == "whole") {
			t.Errorf("%s: verified: %t", name, verified)
		}
	}
}

func TestShift(t *testing.T) {
	shifts := func(step int) verdict {
		return verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2, Step: step}
	}
	writes := func(step int, t Targets) verdict {
		v := shifts(step)
		v.Action = set(t)
		return v
	}
	holds := func(step int, after time.Duration) verdict {
		v := shifts(step)
		v.Reached, v.After = true, after
		return v
	}
	hesitates := shifts(1)
	hesitates.After = poll
	first, back := shifts(0), verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1,
		Outcome: v1alpha1.OutcomeRolledBack}
	first.After = poll
	readBack := func(step int) Observation { // written, not yet seen to be
		return with(rolling(step, 0), func(o *Observation) { o.Progress.Rollout.StepReachedAt = time.Time{} })
	}
	promoted := verdict{Phase: v1alpha1.PhaseCleaningUp, Reason: v1alpha1.ReasonCleaningUp, Stable: 2, Rollout: 2,
		Step: 2, Reached: true, Outcome: v1alpha1.OutcomePromoted}
	baking := verdict{Phase: v1alpha1.PhaseBaking, Reason: v1alpha1.ReasonBaking, After: poll, Stable: 1, Rollout: 2, Step: 2, Reached: true}
	decideAll(t, map[string]row{
		"first step is written":  {rolling(0, -1), writes(0, at(10))},
		"second step is written": {rolling(1, -1), writes(1, at(50))},
		"last step is written":   {rolling(2, -1), writes(2, to2())},
		"weight is read back":    {readBack(1), holds(1, 0)},
		"crashed after the write: carries on, though Written is old": {
			with(readBack(1), func(o *Observation) { o.Progress.Written, o.Progress.Observed = at(10), at(10) }), holds(1, 0)},
		"the same shares by other weights are the same": {
			with(readBack(1), func(o *Observation) { o.Route.Targets = Targets{{group2, 7}, {group1, 7}, {foreignGroup, 0}} }), holds(1, 0)},
		"held":                          {rolling(0, 30*time.Second), holds(0, poll)},
		"looks again when held":         {rolling(0, 70*time.Second), holds(0, 5*time.Second)},
		"held long enough: next":        {rolling(0, 75*time.Second), shifts(1)},
		"hold counts after propagation": {rolling(0, 74*time.Second), holds(0, time.Second)},
		"a hold that nobody watched counts not": {
			with(rolling(0, time.Hour), func(o *Observation) { o.Progress.BlockedSince = ago(59 * time.Minute) }), holds(0, poll)},
		"one target short before an increase: waits": {with(rolling(1, -1), func(o *Observation) { o.Revisions[1].Health = short(2) }), hesitates},
		"unknown health before an increase: waits":   {with(rolling(1, -1), func(o *Observation) { o.Revisions[1].Health = Health{} }), hesitates},
		"scaled up before an increase: scales first": {
			with(rolling(1, -1), func(o *Observation) {
				o.DesiredCount, o.Plan, o.Revisions[0].Health.Desired = 5, sized(o.Plan, 5), 5
			}),
			asking(shifts(1), Action{Kind: ActionScale, Revision: 2, Count: 5})},
		"one target short after hours of a gate: waits": {
			with(rolling(0, -1), func(o *Observation) {
				o.Revisions[1].Health = short(2)
				o.Progress.Rollout.ProgressedAt, o.Progress.Rollout.UnhealthySince = ago(3*time.Hour), ago(10*time.Second)
			}), first},
		"scaled up after hours of a gate: scales first": {
			with(rolling(0, -1), func(o *Observation) {
				o.DesiredCount, o.Plan, o.Revisions[0].Health.Desired = 5, sized(o.Plan, 5), 5
				o.Progress.Rollout.ProgressedAt = ago(3 * time.Hour)
			}),
			asking(shifts(0), Action{Kind: ActionScale, Revision: 2, Count: 5})},
		"short for too long before an increase: rolled back": {
			with(rolling(1, -1), func(o *Observation) {
				o.Revisions[1].Health = short(2)
				o.Progress.Rollout.ProgressedAt, o.Progress.Rollout.VerifiedCount = ago(time.Hour), 2
			}), back},
		"nothing to return to, however long: waits": {
			with(rolling(1, -1), func(o *Observation) {
				o.Revisions[0].Stack, o.Revisions[0].Health, o.Revisions[1].Health = v1alpha1.RevisionFailed, Health{}, short(2)
				o.Route.Targets, o.Progress.Written, o.Progress.Observed = to2(), to2(), to2()
				o.Progress.Rollout.ProgressedAt, o.Progress.Rollout.UnhealthySince = ago(2*time.Hour), ago(time.Hour)
			}), hesitates},
		"fewer steps meanwhile: goes on at the last": {
			with(rolling(1, time.Second), func(o *Observation) { o.Plan = sized(blueGreen(), 3) }), writes(0, to2())},
		"smaller weight meanwhile: less traffic needs no health": {
			with(rolling(1, time.Second), func(o *Observation) {
				o.Plan = sized(Plan{{Weight: 10}, {Weight: 20}, {Weight: 100}}, 3)
				o.Revisions[1].Health = short(1)
			}),
			writes(1, at(20))},
		"all traffic: the old stack is kept": {rolling(2, time.Minute), baking},
		"kept long enough: promoted":         {rolling(2, 5*time.Minute+15*time.Second), promoted},
	})
}

// asking is a verdict with an action.
func asking(v verdict, a Action) verdict {
	v.Action = a
	return v
}

func TestLosingHealth(t *testing.T) {
	lost := func(step int, h Health, since time.Duration) Observation {
		return with(rolling(step, 30*time.Second), func(o *Observation) {
			o.Revisions[1].Health = h
			if since > 0 {
				o.Progress.Rollout.UnhealthySince = ago(since)
			}
		})
	}
	holds := verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Stable: 1, Rollout: 2, Step: 1, Reached: true}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1,
		Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	baking := back
	baking.Step = 2
	flapped := func(hold time.Duration) Observation { // at the end of a long hold
		return with(lost(1, short(2), 10*time.Second), func(o *Observation) {
			o.Plan = sized(Plan{{Weight: 10}, {Weight: 50, Hold: hold}, {Weight: 100}}, 3)
			o.Progress.Rollout.StepReachedAt = ago(hold + 20*time.Second)
			o.Progress.Rollout.ProgressedAt = o.Progress.Rollout.StepReachedAt
		})
	}
	decideAll(t, map[string]row{
		"just now: tolerated":                   {lost(1, short(2), 0), holds},
		"for less than tolerated":               {lost(1, short(2), 59*time.Second), holds},
		"for longer than tolerated":             {lost(1, short(2), time.Minute), back},
		"no target left: at once":               {lost(1, short(0), 0), back},
		"while the old stack is kept":           {lost(2, short(0), 0), baking},
		"regained":                              {lost(1, whole(), 59*time.Second), holds},
		"short at the end of a hold: waits":     {flapped(time.Minute), holds},
		"a hold beyond the deadline is no lack": {flapped(2 * time.Hour), holds},
		"waiting for a person is no lack": {with(lost(1, short(2), 10*time.Second), func(o *Observation) {
			o.Plan[1].Approval = true
			o.Progress.Rollout.StepReachedAt, o.Progress.Rollout.ProgressedAt = ago(3*time.Hour), ago(3*time.Hour)
		}), holds},
		"short in a long hold, which is over": {with(flapped(2*time.Hour), func(o *Observation) {
			o.Policy.Unhealthy, o.Progress.Rollout.UnhealthySince = 2*time.Hour, ago(time.Hour)
		}), holds},
		"short for long, since others put up with it": {with(lost(1, short(2), 40*time.Minute), func(o *Observation) {
			o.Policy.Unhealthy = 2 * time.Hour
			o.Progress.Rollout.StepReachedAt, o.Progress.Rollout.ProgressedAt = ago(3*time.Hour), ago(3*time.Hour)
		}), back},
		"fewer tasks are wanted: not short": {with(lost(1, short(1), time.Hour), func(o *Observation) {
			o.DesiredCount, o.Plan, o.Revisions[0].Health.Desired, o.Revisions[1].Health.Desired = 1, sized(o.Plan, 1), 1, 1
			o.Revisions[1].Health.Steady = true
		}), holds},
		"nothing to return to, past the deadline: waits": {
			with(alone(), func(o *Observation) {
				o.Revisions[0].Health = short(2)
				o.Route = Route{Exists: true, Owned: true, Targets: to1()}
				o.Progress.Written, o.Progress.Observed = to1(), to1()
				o.Progress.Rollout.StepReachedAt, o.Progress.Rollout.UnhealthySince = ago(2*time.Hour), ago(time.Hour)
				o.Progress.Rollout.ProgressedAt = o.Progress.Rollout.StepReachedAt
			}),
			verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Rollout: 1, Reached: true}},
		"nothing to return to: goes on": {
			with(alone(), func(o *Observation) {
				o.Revisions[0].Health = short(0)
				o.Route = Route{Exists: true, Owned: true, Targets: to1()}
				o.Progress.Written, o.Progress.Observed = to1(), to1()
				o.Progress.Rollout.StepReachedAt, o.Progress.Rollout.UnhealthySince = ago(time.Second), ago(time.Hour)
			}),
			verdict{Phase: v1alpha1.PhaseBaking, Reason: v1alpha1.ReasonBaking, After: 14 * time.Second, Rollout: 1, Reached: true}},
	})
}
