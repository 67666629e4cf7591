package rollout

import (
	"slices"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// foreignRule is what someone else makes of the rule.
func foreignRule() Targets { return Targets{{group1, 1}, {foreignGroup, 1}} }

func TestDrift(t *testing.T) {
	// noticed is a rule that someone else changed, as seen before.
	noticed := func(o Observation, targets Targets, enforce bool) Observation {
		return with(o, func(o *Observation) {
			o.Policy.Enforce = enforce
			o.Route.Targets, o.Route.Exists = targets, targets != nil
			o.Progress.Observed = targets
		})
	}
	paused := verdict{Phase: v1alpha1.PhasePaused, Reason: v1alpha1.ReasonRouteDrifted, After: poll, Stable: 1}
	unavailable := paused
	unavailable.Phase = v1alpha1.PhaseUnavailable
	enforces := verdict{Phase: v1alpha1.PhaseShifting, Reason: v1alpha1.ReasonRouteDrifted, Stable: 1}
	during := func(v verdict, step int, reached bool) verdict {
		v.Rollout, v.Step, v.Reached = 2, step, reached
		return v
	}
	create := Action{Kind: ActionCreateRule, Targets: to1()}
	sick := func(o Observation) Observation {
		return with(o, func(o *Observation) { o.Revisions[1].Health = short(2) })
	}
	lost := func(o *Observation) { // someone deleted the old stack, too, and the template was changed
		o.Revisions[0].Stack, o.Revisions[0].Health, o.WantHash = v1alpha1.RevisionFailed, Health{}, "v3"
	}
	decideAll(t, map[string]row{
		"Pause: nothing is done":                 {noticed(serving(), foreignRule(), false), paused},
		"Pause in a rollout":                     {noticed(rolling(1, time.Second), foreignRule(), false), during(paused, 1, true)},
		"Pause, rule deleted":                    {noticed(serving(), nil, false), unavailable},
		"Pause: a step back by hand is a change": {noticed(rolling(1, time.Second), at(10), false), during(paused, 1, true)},
		"Pause, put back: goes on": {
			with(rolling(1, 30*time.Second), func(o *Observation) { o.Progress.BlockedSince = ago(10 * time.Second) }),
			during(verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Stable: 1}, 1, true)},
		"routed to what serves by a run that died before it could remember": {
			with(serving(), func(o *Observation) { o.Progress.Written = at(50) }), verdict{Phase: v1alpha1.PhaseComplete, Reason: v1alpha1.ReasonComplete, After: 10 * time.Minute, Stable: 1}},
		"Enforce: remembers first what it saw": {
			with(noticed(serving(), foreignRule(), true), func(o *Observation) { o.Progress.Observed = to1() }), enforces},
		"Enforce: writes it again":                 {noticed(serving(), foreignRule(), true), asking(enforces, set(to1()))},
		"Enforce, rule deleted":                    {noticed(serving(), nil, true), asking(enforces, create)},
		"Enforce in a rollout":                     {noticed(rolling(1, time.Second), foreignRule(), true), during(asking(enforces, set(at(50))), 1, true)},
		"Enforce before a step's gates are passed": {noticed(rolling(1, -1), foreignRule(), true), during(asking(enforces, set(at(10))), 1, false)},
		"Enforce: no traffic to what isn't whole": {
			sick(noticed(rolling(1, time.Second), foreignRule(), true)), during(asking(enforces, set(to1())), 1, true)},
		"Enforce: less traffic to what isn't whole": {
			sick(noticed(rolling(1, time.Second), Targets{{group2, 9}, {foreignGroup, 1}}, true)), during(asking(enforces, set(at(50))), 1, true)},
		"Enforce when there is nothing to return to: waits for health": {
			with(noticed(alone(), Targets{{foreignGroup, 1}}, true), func(o *Observation) {
				o.Progress.Written, o.Revisions[0].Health = to1(), short(2)
			}),
			verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Rollout: 1}},
		"Enforce, rule deleted, with new all that is left": {
			with(noticed(rolling(2, time.Second), nil, true), lost), during(asking(enforces, Action{Kind: ActionCreateRule, Targets: to2()}), 2, true)},
		"Pause, rule deleted, with new all that is left": {with(noticed(rolling(2, time.Second), nil, false), lost), during(unavailable, 2, true)},
		"Enforce, rule of the first deleted, and the template changed": {
			with(noticed(alone(), nil, true), func(o *Observation) { o.Progress.Written, o.WantHash = to1(), "v2" }),
			verdict{Action: create, Phase: v1alpha1.PhaseShifting, Reason: v1alpha1.ReasonRouteDrifted, Rollout: 1}},
		"not created yet is not drift": {alone(),
			verdict{Action: Action{Kind: ActionCreateRule, Targets: to1()}, Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Rollout: 1}},
	})
}

// adopted is a deployment that was given someone else's rule.
func adopted() Observation {
	o := fresh()
	o.Route = Route{Adopted: true, Exists: true, Targets: Targets{{originalGroup, 1}}}
	return o
}

func TestAdopt(t *testing.T) {
	claimed := with(adopted(), func(o *Observation) {
		o.Route.Owned = true
		o.Progress = Progress{Original: originalGroup, Written: o.Route.Targets, Observed: o.Route.Targets, Since: ago(time.Hour)}
	})
	first := with(claimed, func(o *Observation) {
		o.Revisions = []Revision{created(1, "v1", group1)}
		o.Progress.Rollout = &Rollout{Revision: 1, StartedAt: ago(time.Minute), ProgressedAt: ago(time.Minute), VerifiedAt: ago(time.Second), VerifiedCount: 3}
	})
	pending := verdict{Phase: v1alpha1.PhasePending, Reason: reasonShifting}
	lost := with(first, func(o *Observation) {
		o.Route.Targets = Targets{{originalGroup, 90}, {group1, 10}}
		o.Progress.Written, o.Progress.Observed = o.Route.Targets, o.Route.Targets
		o.Progress.Rollout.StepReachedAt, o.Revisions[0].Health = ago(time.Second), short(0)
	})
	decideAll(t, map[string]row{
		"remembers the original before anything else": {adopted(), pending},
		"then claims it": {with(claimed, func(o *Observation) { o.Route.Owned = false }), asking(pending, Action{Kind: ActionClaimRule})},
		"then goes on":   {claimed, asking(verdict{Phase: v1alpha1.PhasePending, Reason: reasonProvisioning}, Action{Kind: ActionCreateRevision})},
		"the first revision takes over step by step": {first,
			asking(verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Rollout: 1}, set(Targets{{originalGroup, 90}, {group1, 10}}))},
		"the first revision can be rolled back": {lost,
			verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Rollout: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}},
	})
	if got := Decide(adopted(), start).Progress.Original; got != originalGroup {
		t.Errorf("remembered %q as the original target group, want %q", got, originalGroup)
	}
	// As a deployment of CodeDeploy or ECS leaves it, and as the rule is marked then.
	pair := with(adopted(), func(o *Observation) { o.Route.Targets = append(o.Route.Targets, Target{"idle", 0}) })
	marked := with(pair, func(o *Observation) {
		o.Route.Targets, o.Route.Original, o.Route.OriginalIdle = Targets{{group1, 1}}, originalGroup, []string{"idle"}
	})
	for name, o := range map[string]Observation{"a pair": pair, "a mark": marked} {
		if got := Decide(o, start).Progress; got.Original != originalGroup || !slices.Equal(got.OriginalIdle, []string{"idle"}) {
			t.Errorf("of %s remembered %q and %q", name, got.Original, got.OriginalIdle)
		}
	}
	deleting := with(marked, func(o *Observation) { o.Deleting, o.Route.Owned = true, true })
	if got := Decide(deleting, start).Progress; got.Original != originalGroup || !slices.Equal(got.OriginalIdle, []string{"idle"}) {
		t.Errorf("in a deletion remembered %q and %q", got.Original, got.OriginalIdle)
	}
}

func TestDeletion(t *testing.T) {
	deleted := func(o Observation) Observation {
		return with(o, func(o *Observation) {
			o.Deleting = true
			for i := range o.Revisions {
				o.Revisions[i].Health = Health{}
			}
		})
	}
	detached := func(since time.Duration) Observation {
		return with(deleted(serving()), func(o *Observation) { o.Route, o.Progress.DetachedAt = Route{}, ago(since) })
	}
	says := verdict{Phase: v1alpha1.PhaseDeleting, Reason: v1alpha1.ReasonDeleting}
	of := func(o Observation, a Action, after time.Duration) verdict {
		v := judge(Decision{Progress: o.Progress, Phase: says.Phase, Reason: says.Reason, Action: a, After: after})
		return v
	}
	deleteRule := Action{Kind: ActionDeleteRule}
	ours := with(deleted(serving()), func(o *Observation) { o.Route.Adopted, o.Progress.Original = true, originalGroup })
	given := with(ours, func(o *Observation) { o.Route.Targets = Targets{{originalGroup, 100}} })
	foreign := with(deleted(serving()), func(o *Observation) { o.Route.Owned = false })
	unprovisioned := with(deleted(fresh()), func(o *Observation) {
		o.Revisions = []Revision{{Number: 1, Name: "shop-1", Stack: v1alpha1.RevisionPending}}
	})
	neverServed := with(deleted(unverified(v1alpha1.RevisionCreating)), func(o *Observation) {
		o.Revisions, o.Route, o.Progress.Stable, o.Progress.Written = o.Revisions[1:], Route{}, 0, nil
		o.Progress.DetachedAt = ago(0)
	})
	unnoticed := with(deleted(alone()), func(o *Observation) { o.Progress.DetachedAt = ago(0) })
	stackless := with(detached(time.Minute), func(o *Observation) { gone(&o.Revisions[0]) })
	going := with(stackless, func(o *Observation) { o.Revisions[0].Stack, o.Revisions[0].Deleting = v1alpha1.RevisionDeleting, true })
	nothing := with(detached(time.Minute), func(o *Observation) { o.Revisions = nil })
	again := with(detached(time.Minute), func(o *Observation) { o.Route = Route{Exists: true, Owned: true, Targets: to1()} })
	blocked := with(deleted(rolling(1, time.Second)), func(o *Observation) { o.Blocked = &Blocked{Reason: v1alpha1.ReasonRouteConflict} })
	pausing := with(deleted(serving()), func(o *Observation) { o.Route.Targets = foreignRule() })

	unseen := with(given, func(o *Observation) {
		o.DeletedAt = ago(time.Second)
		o.Progress.Rollout = &Rollout{Revision: 1, VerifiedAt: ago(2 * time.Second), StartedAt: ago(time.Minute), ProgressedAt: ago(time.Minute)}
	})
	shown := with(unseen, func(o *Observation) { o.DeletedAt = ago(15 * time.Second) })

	decideAll(t, map[string]row{
		"adopted: a weight may have been written unseen": {unseen, of(unseen, Action{}, 14*time.Second)},
		"adopted: it would be seen by now":               {shown, of(shown, Action{Kind: ActionReleaseRule}, 0)},
		"serving: the rule first":                        {deleted(serving()), of(serving(), deleteRule, 0)},
		"with a stack on its way":                        {deleted(unverified(v1alpha1.RevisionCreating)), of(unverified(v1alpha1.RevisionCreating), deleteRule, 0)},
		"mid-rollout":                                    {deleted(rolling(1, time.Second)), of(rolling(1, time.Second), deleteRule, 0)},
		"while rolling back":                             {deleted(decided(v1alpha1.OutcomeRolledBack, at(50), 0)), of(decided(v1alpha1.OutcomeRolledBack, at(50), 0), deleteRule, 0)},
		"something in the way doesn't count":             {blocked, of(blocked, deleteRule, 0)},
		"drift doesn't count":                            {pausing, of(pausing, deleteRule, 0)},
		"adopted: the original gets it back":             {ours, of(ours, set(Targets{{originalGroup, 100}}), 0)},
		"adopted: then it is let go":                     {given, of(given, Action{Kind: ActionReleaseRule}, 0)},
		"the rule isn't ours: it stays":                  {foreign, of(foreign, Action{}, 0)},
		"nothing there yet":                              {unprovisioned, of(unprovisioned, Action{}, 0)},
		"requests may end":                               {detached(time.Second), of(detached(0), Action{}, poll)},
		"looks again when they have":                     {detached(40 * time.Second), of(detached(0), Action{}, 5*time.Second)},
		"requests have ended":                            {detached(45 * time.Second), of(detached(0), Action{Kind: ActionRemoveStack, Revision: 1}, 0)},
		"never served: no waiting":                       {neverServed, of(neverServed, Action{Kind: ActionRemoveStack, Revision: 2}, 0)},
		"served unnoticed, by a run that crashed: waits": {unnoticed, of(unnoticed, Action{}, poll)},
		"the rule is there again: it goes again":         {again, of(again, deleteRule, 0)},
		"stacks asked to go: then the records":           {stackless, of(stackless, Action{Kind: ActionDeleteRevision, Revision: 1}, 0)},
		"stacks on their way: waits":                     {going, of(going, Action{}, poll)},
		"nothing left: done":                             {nothing, of(nothing, Action{Kind: ActionFinishDeletion}, 0)},
	})
}

// A process that writes the rule again in a deletion is overruled once. Whoever writes
// it after that is one of another cluster, and no longer known.
func TestDeletionOverrulesOnce(t *testing.T) {
	o := serving()
	o.Deleting, o.Writer, o.Progress.Writers = true, "me.1.0", []string{"another.1.0", "me.1.0"}
	o.Route.Writer = o.Writer
	for _, c := range []struct {
		detached time.Time
		known    []string
	}{{time.Time{}, []string{"another.1.0", "me.1.0"}}, {ago(time.Minute), []string{"me.1.0"}}} {
		o.Progress.DetachedAt = c.detached
		d := Decide(o, start)
		if d.Action.Kind != ActionDeleteRule || !slices.Equal(d.Progress.Writers, c.known) {
			t.Errorf("detached at %s: %s, and %q are known", c.detached, d.Action.Kind, d.Progress.Writers)
		}
	}
}

// A deletion says which stacks it waits for, and why.
func TestDeletionSaysWhatItWaitsFor(t *testing.T) {
	o := serving()
	o.Deleting, o.Route, o.Progress.DetachedAt = true, Route{}, ago(time.Hour)
	o.Revisions = []Revision{
		{Number: 1, Name: "shop-1", Deleting: true, Stack: v1alpha1.RevisionDeleteFailed, Cause: "Backend is in use"},
		{Number: 2, Name: "shop-2", Deleting: true, Stack: v1alpha1.RevisionDeleting},
	}
	want := "Waiting for stacks to be deleted: shop-1 (DeleteFailed: Backend is in use) and shop-2 (Deleting)"
	if got := Decide(o, start).Message; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}
