package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// tasks is the health of a service that has n healthy tasks.
func tasks(n int32) Health {
	return Health{Known: true, Desired: n, Running: n, Healthy: n, Steady: true}
}

// batch is a rolling rollout of 4 tasks, one at a time, whose step's weight is
// in effect for so long, not at all if negative. Both revisions have the tasks
// of the step's beginning: the new one its own, the old one those before.
func batch(step int, reached time.Duration, edits ...func(o *Observation)) Observation {
	plan := compiled(rollingBy(25, 0), 4, true)
	weight := func(i int) int32 {
		if i < 0 {
			return 0
		}
		return plan[i].Weight
	}
	o := rolling(0, reached)
	o.Plan, o.DesiredCount, o.Progress.Rollout.Step = plan, 4, step
	seen := at(weight(step))
	if reached < 0 {
		seen = at(weight(step - 1))
	}
	o.Route.Targets, o.Progress.Written, o.Progress.Observed = seen, seen, seen
	o.Revisions[0].Health, o.Revisions[1].Health = tasks(4-int32(step)), tasks(plan[step].New)
	o.Progress.Rollout.VerifiedCount = plan[step].New
	for _, edit := range edits {
		edit(&o)
	}
	return o
}

func health1(h Health) func(o *Observation) {
	return func(o *Observation) { o.Revisions[0].Health = h }
}
func health2(h Health) func(o *Observation) {
	return func(o *Observation) { o.Revisions[1].Health = h }
}

// desire changes spec.desiredCount, and the plan with it.
func desire(n int32) func(o *Observation) {
	return func(o *Observation) { o.DesiredCount, o.Plan = n, compiled(rollingBy(25, 0), n, true) }
}

func scaleTo(revision int64, count int32) Action {
	return Action{Kind: ActionScale, Revision: revision, Count: count}
}

func TestRolling(t *testing.T) {
	shifts := func(step int, reached bool, after time.Duration) verdict {
		return verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2, Step: step, Reached: reached, After: after}
	}
	bakes := verdict{Phase: v1alpha1.PhaseBaking, Reason: v1alpha1.ReasonBaking, Stable: 1, Rollout: 2, Step: 3, Reached: true}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	starting := Health{Known: true, Desired: 2, Running: 2, Healthy: 1, Steady: true}
	few := Health{Known: true, Desired: 2, Running: 1, Healthy: 1, Steady: true}
	full := func(o *Observation) { o.Progress.Rollout.Full = true }
	decideAll(t, map[string]row{
		"the new one grows first":               {batch(1, -1, health2(tasks(1))), asking(shifts(1, false, 0), scaleTo(2, 2))},
		"no weight before its tasks":            {batch(1, -1, health2(starting)), shifts(1, false, poll)},
		"then its weight":                       {batch(1, -1), asking(shifts(1, false, 0), set(at(50)))},
		"the old one shrinks not before":        {batch(1, 14*time.Second), shifts(1, true, poll)},
		"the weight is on every node":           {batch(1, 15*time.Second), asking(shifts(1, true, 0), scaleTo(1, 2))},
		"not while the new one is short":        {batch(1, 15*time.Second, health2(few)), shifts(1, true, poll)},
		"not while nobody knows":                {batch(1, 15*time.Second, health2(Health{})), shifts(1, true, poll)},
		"over when the old one has shrunk":      {batch(1, time.Hour, health1(tasks(2))), asking(shifts(2, false, 0), scaleTo(2, 3))},
		"not over while it shrinks":             {batch(1, time.Hour, health1(Health{Known: true, Desired: 2, Running: 3, Healthy: 2})), shifts(1, true, poll)},
		"no tasks are left in the last one":     {batch(3, 15*time.Second), asking(bakes, scaleTo(1, 0))},
		"at once: no batch is left out":         {batch(1, time.Second, full), shifts(1, true, 14*time.Second)},
		"at once: no hold either":               {batch(1, 20*time.Second, full, health1(tasks(2))), asking(shifts(2, false, 0), scaleTo(2, 3))},
		"lost health":                           {batch(1, time.Minute, health2(Health{Known: true, Desired: 2})), asking(back, scaleTo(1, 4))},
		"scaled up: both grow":                  {batch(1, 20*time.Second, desire(8), health1(tasks(2))), asking(shifts(1, true, 0), scaleTo(1, 4))},
		"scaled up in the last: old one first":  {batch(0, time.Minute, desire(4), lastOfOne), asking(shifts(0, true, 0), scaleTo(1, 3))},
		"scaled up in the last: then its share": {batch(0, time.Minute, lastOfOne, health1(tasks(3))), asking(shifts(0, false, 0), set(at(25)))},
		"scaled down: neither keeps too many":   {batch(1, 20*time.Second, desire(2), health1(tasks(2))), asking(shifts(1, false, 0), set(to2()))},
		"the plan shrinks: the new one doesn't": {batch(1, 20*time.Second, desire(8), health1(tasks(4)), health2(tasks(5))), shifts(1, true, poll)},
		"another weight: the old one stays": {batch(2, 20*time.Second, desire(3), health1(tasks(1)), health2(Health{Known: true, Desired: 3, Running: 3, Healthy: 3})),
			shifts(2, true, poll)},
		"scaled past a batch: the old one stays": {batch(2, 20*time.Second, desire(3), health1(tasks(1)), health2(tasks(2))),
			asking(shifts(2, true, 0), scaleTo(2, 3))},
	})
}

// lastOfOne is the end of a rollout of one task, after which 4 are wanted.
func lastOfOne(o *Observation) {
	o.Revisions[0].Health, o.Revisions[1].Health = tasks(0), tasks(1)
	o.Route.Targets, o.Progress.Written, o.Progress.Observed = to2(), to2(), to2()
}

// What was made smaller is made whole again before it gets everything back,
// as long as the new one still serves.
func TestRollingBack(t *testing.T) {
	failed := func(since time.Duration, edits ...func(o *Observation)) Observation {
		return batch(2, time.Minute, append([]func(o *Observation){func(o *Observation) {
			r := o.Progress.Rollout
			r.Outcome, r.Message, r.DecidedAt, r.ProgressedAt = v1alpha1.OutcomeRolledBack, "for a reason", ago(since), ago(since)
		}}, edits...)...)
	}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 2, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	waits := back
	waits.After = poll
	starting := Health{Known: true, Desired: 4, Running: 4, Healthy: 2}
	none := Health{Known: true, Desired: 4, Running: 4}
	dead := health2(Health{Known: true, Desired: 3})
	frozen := func(o *Observation) { o.Progress.BlockedSince = ago(59 * time.Second) }
	decideAll(t, map[string]row{
		"its tasks come back first":                {failed(0), asking(back, scaleTo(1, 4))},
		"waits for them":                           {failed(59*time.Second, health1(starting)), waits},
		"not for ever":                             {failed(time.Minute, health1(starting)), asking(back, set(to1()))},
		"time blocked is no patience":              {failed(time.Minute, health1(starting), frozen), waits},
		"not when the new one has nothing left":    {failed(0, health1(starting), dead), asking(back, set(to1()))},
		"longer while it has nothing at all":       {failed(29*time.Minute, health1(none)), waits},
		"longer still has an end":                  {failed(30*time.Minute, health1(none)), asking(back, set(to1()))},
		"neither has any":                          {failed(time.Minute, health1(none), dead), waits},
		"all are back":                             {failed(0, health1(tasks(4))), asking(back, set(to1()))},
		"one that kept its tasks isn't waited for": {with(decided(v1alpha1.OutcomeRolledBack, at(50), 0), health1(short(1))), asking(func() verdict { v := back; v.Step = 1; return v }(), set(to1()))},
		"the new one isn't scaled while it goes": {failed(0, health1(tasks(4)), health2(tasks(1)), func(o *Observation) {
			o.Route.Targets, o.Progress.Written, o.Progress.Observed, o.Progress.Since = to1(), to1(), to1(), ago(time.Second)
		}), func() verdict { v := back; v.After = 15 * time.Second; return v }()},
	})
}

// replacing is a Recreate rollout whose stacks are so.
func replacing(old, successor v1alpha1.RevisionPhase, edits ...func(o *Observation)) Observation {
	o := unverified(successor)
	o.Recreate, o.Plan = true, compiled(recreate(), 3, true)
	o.Progress.Since = ago(time.Hour)
	for i, phase := range []v1alpha1.RevisionPhase{old, successor} {
		o.Revisions[i].Stack = phase
		o.Revisions[i].Wanted = phase == v1alpha1.RevisionCreated || phase == v1alpha1.RevisionCreating || phase == v1alpha1.RevisionFailed
		if phase != v1alpha1.RevisionCreated {
			o.Revisions[i].Backend, o.Revisions[i].Health = "", Health{}
		}
	}
	if old != v1alpha1.RevisionCreated {
		dark(&o)
	}
	for _, edit := range edits {
		edit(&o)
	}
	return o
}

// dark makes the rule one that routes nowhere.
func dark(o *Observation) {
	o.Route.Targets, o.Progress.Written, o.Progress.Observed = nil, nil, nil
}

// given up, a moment ago.
func givenUp(outcome v1alpha1.Outcome) func(o *Observation) {
	return func(o *Observation) {
		r := o.Progress.Rollout
		r.Outcome, r.Message, r.DecidedAt, r.ProgressedAt = outcome, "for a reason", start, start
	}
}

func TestRecreate(t *testing.T) {
	const (
		pending, creating, created = v1alpha1.RevisionPending, v1alpha1.RevisionCreating, v1alpha1.RevisionCreated
		failed, deleting, removed  = v1alpha1.RevisionFailed, v1alpha1.RevisionDeleting, v1alpha1.RevisionRemoved
	)
	goes := verdict{Phase: v1alpha1.PhaseProvisioning, Reason: reasonProvisioning, Stable: 1, Rollout: 2}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Outcome: v1alpha1.OutcomeRolledBack}
	after := func(v verdict, d time.Duration) verdict {
		v.After = d
		return v
	}
	remove := func(n int64) Action { return Action{Kind: ActionRemoveStack, Revision: n} }
	provision := func(n int64) Action { return Action{Kind: ActionProvision, Revision: n, Count: 3} }
	lit := func(since time.Duration) func(o *Observation) {
		return func(o *Observation) { dark(o); o.Progress.Since = ago(since) }
	}
	rolledBack := givenUp(v1alpha1.OutcomeRolledBack)
	third := func(o *Observation) { // which was given up before
		o.Revisions = append(o.Revisions, Revision{Number: 3, Name: "shop-3", Hash: "v3", Stack: deleting})
	}
	kept := func(o *Observation) {
		o.Revisions = append(o.Revisions, created3(failed))
		o.Progress.Retiring = []Retiring{{Revision: 3, Since: start, Keep: time.Hour}}
	}
	overdue := func(o *Observation) { o.Progress.Rollout.ProgressedAt = ago(time.Hour) }
	healthy := func(o *Observation) { o.Revisions[1].Health = whole() }
	verified := func(o *Observation) { healthy(o); o.Progress.Rollout.VerifiedAt = ago(time.Second) }
	ended := back
	ended.Finished = true
	surrendered := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonFailed, Action: Action{Kind: ActionDeleteRule}, Rollout: 2, Outcome: v1alpha1.OutcomeFailed}
	replaced := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonSuperseded, Action: Action{Kind: ActionDeleteRule}, Rollout: 2, Outcome: v1alpha1.OutcomeSuperseded}
	decideAll(t, map[string]row{
		"traffic goes first": {replacing(created, pending), asking(goes, Action{Kind: ActionSetTargets})},
		"traffic goes first, to who knows what": {replacing(v1alpha1.RevisionDeleteFailed, pending, func(o *Observation) {
			o.Revisions[0].Wanted, o.Revisions[0].Backend = false, ""
			o.Route.Targets, o.Progress.Written = Targets{{foreignGroup, 1}}, Targets{{foreignGroup, 1}}
		}), asking(goes, Action{Kind: ActionSetTargets})},
		"not that of the original target group": {replacing(v1alpha1.RevisionDeleteFailed, pending, func(o *Observation) {
			o.Revisions[0].Wanted, o.Revisions[0].Backend = false, ""
			o.Route.Targets, o.Progress.Written, o.Progress.Original = Targets{{originalGroup, 1}}, Targets{{originalGroup, 1}}, originalGroup
		}), after(goes, poll)},
		"requests may end":                  {replacing(created, pending, lit(40*time.Second)), after(goes, 5*time.Second)},
		"then the old stack goes":           {replacing(created, pending, lit(45*time.Second)), asking(goes, remove(1))},
		"is waited for":                     {replacing(deleting, pending), after(goes, poll)},
		"not for ever":                      {replacing(deleting, pending, overdue), back},
		"then the new one comes":            {replacing(removed, pending), asking(goes, provision(2))},
		"another one is in the way":         {replacing(removed, pending, third), after(goes, poll)},
		"a failed one that is kept isn't":   {replacing(removed, pending, kept), asking(retires(goes, 3), provision(2))},
		"no traffic before it is healthy":   {replacing(removed, created), after(verdict{Phase: v1alpha1.PhaseVerifying, Reason: v1alpha1.ReasonVerifying, Stable: 1, Rollout: 2}, poll)},
		"then all":                          {replacing(removed, created, verified), asking(verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2}, set(to2()))},
		"failed: the old one is made again": {replacing(removed, failed, rolledBack), asking(back, provision(1))},
		"unhealthy: the new one goes first": {replacing(removed, created, rolledBack), asking(back, remove(2))},
		"on its way: it goes first":         {replacing(removed, creating, rolledBack), asking(back, remove(2))},
		"going: is waited for":              {replacing(removed, deleting, rolledBack), after(back, poll)},
		"another strategy now: all tasks, too": {replacing(removed, created, verified, func(o *Observation) {
			o.Recreate, o.Plan = false, compiled(rollingBy(0, 50), 3, true)
			o.Revisions[1].Health = Health{Known: true, Desired: 1, Running: 1, Healthy: 1, Steady: true}
		}), asking(verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2}, scaleTo(2, 3))},
		"then all requests": {replacing(removed, created, verified, func(o *Observation) {
			o.Recreate, o.Plan = false, compiled(rollingBy(0, 50), 3, true)
		}), asking(verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2}, set(to2()))},
		"serving: loses its traffic first": {replacing(removed, created, rolledBack, func(o *Observation) { o.Route.Targets = to2(); o.Progress.Written = to2() }), asking(back, Action{Kind: ActionSetTargets})},
		"gone: the old one is made again":  {replacing(removed, removed, rolledBack), asking(back, provision(1))},
		"the old one is not gone yet":      {replacing(deleting, pending, rolledBack), after(back, poll)},
		"failed before the old one went":   {replacing(created, pending, rolledBack), ended},
		"the old one comes":                {replacing(creating, removed, rolledBack), after(back, poll)},
		"the old one isn't healthy yet":    {replacing(created, removed, rolledBack, dark, health1(Health{Known: true, Desired: 3})), after(back, poll)},
		"the old one is there":             {replacing(created, removed, rolledBack, dark), asking(back, set(to1()))},
		"the old one can't be made again": {replacing(failed, removed, rolledBack, func(o *Observation) {
			o.Route.Targets, o.Progress.Written, o.Revisions[1].Backend = to2(), to2(), group2
		}), surrendered},
		"superseded when the old one is gone": {replacing(removed, created, givenUp(v1alpha1.OutcomeSuperseded), func(o *Observation) { o.Route.Targets = to2(); o.Progress.Written = to2() }), replaced},
		"first of all: nothing is taken away": {with(alone(), func(o *Observation) { o.Recreate = true; o.Revisions[0].Wanted = false; o.Revisions[0].Stack = pending }), asking(verdict{Phase: v1alpha1.PhaseProvisioning, Reason: reasonProvisioning, Rollout: 1}, provision(1))},
	})
	d := Decide(replacing(deleting, pending, func(o *Observation) { o.Revisions[0].Cause = "Backend is in use" }), start)
	if want := "Removing shop-1 before shop-2 is made; nothing serves meanwhile: Backend is in use"; d.Message != want {
		t.Errorf("says %q, want %q", d.Message, want)
	}
	if d.Available == nil || *d.Available || !strings.Contains(d.Degraded, "shop-1 is not there") {
		t.Errorf("the downtime isn't told: available %v, degraded %q", d.Available, d.Degraded)
	}
}

// retires is a verdict with a revision that is to go.
func retires(v verdict, revision int64) verdict {
	v.Retiring = []int64{revision}
	return v
}

// created3 is a third revision in a phase of its stack.
func created3(phase v1alpha1.RevisionPhase) Revision {
	r := created(3, "v3", "")
	r.Stack, r.Health = phase, Health{}
	return r
}

// worker makes an observation one of a deployment without a load balancer.
func worker(o Observation, edits ...func(o *Observation)) Observation {
	return with(o, func(o *Observation) {
		o.Route = Route{None: true}
		o.Progress.Written, o.Progress.Observed = nil, nil
		for i := range o.Revisions {
			o.Revisions[i].Backend = ""
		}
		for _, edit := range edits {
			edit(o)
		}
	})
}

func TestWorkers(t *testing.T) {
	plan := func(o *Observation) { o.Plan, o.DesiredCount = compiled(canaryOf(25, 50), 4, false), 4 }
	shifts := func(step int, reached bool, after time.Duration) verdict {
		return verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2, Step: step, Reached: reached, After: after}
	}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	over := back
	over.Finished, over.Retiring, over.Action = true, []int64{2}, Action{Kind: ActionRemoveStack, Revision: 2}
	promoted := verdict{Phase: v1alpha1.PhaseCleaningUp, Reason: v1alpha1.ReasonCleaningUp, Stable: 2, Rollout: 2, Step: 2, Reached: true, Outcome: v1alpha1.OutcomePromoted}
	lost := func(o *Observation) { o.Revisions[0].Stack, o.Revisions[0].Health = v1alpha1.RevisionFailed, Health{} }
	changed := func(o *Observation) { o.WantHash = "v3" }
	decideAll(t, map[string]row{
		"someone deleted the old stack, then the template is changed: goes on": {
			worker(rolling(1, time.Second), plan, lost, changed, health2(tasks(2))), shifts(1, true, poll)},
		"the template is changed while the first one works: goes on": {worker(alone(), changed), verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Rollout: 1, Reached: true}},
		"and new isn't verified yet: superseded": {
			worker(unverified(v1alpha1.RevisionCreated), plan, lost, changed, health2(tasks(2))),
			verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonSuperseded, Stable: 1, Rollout: 2, Outcome: v1alpha1.OutcomeSuperseded}},
		"someone deleted the old stack after an abort: goes on": {
			worker(decided(v1alpha1.OutcomeAborted, nil, time.Minute), plan, lost, health2(tasks(2))), shifts(1, true, 0)},
		"no rule is written":             {worker(rolling(0, -1), plan, health1(tasks(4)), health2(tasks(1))), shifts(0, true, 0)},
		"the new one grows":              {worker(rolling(1, -1), plan, health1(tasks(3)), health2(tasks(1))), asking(shifts(1, false, 0), scaleTo(2, 2))},
		"the old one shrinks":            {worker(rolling(1, 15*time.Second), plan, health1(tasks(3)), health2(tasks(2))), asking(shifts(1, true, 0), scaleTo(1, 2))},
		"all tasks lost":                 {worker(rolling(1, 15*time.Second), plan, health1(tasks(2)), health2(Health{Known: true, Desired: 2})), asking(back, scaleTo(1, 4))},
		"back when the old one is whole": {worker(decided(v1alpha1.OutcomeRolledBack, nil, time.Hour), plan, health1(tasks(4))), over},
		"kept long enough":               {worker(rolling(2, time.Hour), plan, health1(tasks(0)), health2(tasks(4))), promoted},
		"the first one has no rule":      {worker(alone()), verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Rollout: 1, Reached: true}},
		"nothing drifts":                 {worker(serving()), verdict{Phase: v1alpha1.PhaseComplete, Reason: v1alpha1.ReasonComplete, After: resync, Stable: 1}},
	})
	weights := map[string]struct {
		seen Observation
		want int32
	}{
		"by tasks":    {worker(rolling(1, time.Second), plan, health1(tasks(3)), health2(tasks(1))), 25},
		"none":        {worker(rolling(1, time.Second), plan, health1(tasks(3)), health2(tasks(0))), 0},
		"nothing":     {worker(unverified(v1alpha1.RevisionCreating), plan, health1(tasks(0))), 0},
		"what serves": {worker(serving()), 100},
		"first":       {worker(alone()), 100},
	}
	for name, tt := range weights {
		if got := Decide(tt.seen, start).Weight; got != tt.want {
			t.Errorf("weight %s is %d, want %d", name, got, tt.want)
		}
	}
	if got := Decide(worker(serving()), start).Message; got != "shop-1 serves all work" {
		t.Errorf("says %q of a worker", got)
	}
}

// A revision that dies after its promotion gives everything back, as long as
// the old one is still there.
func TestRevert(t *testing.T) {
	dead := func(o *Observation) { o.Revisions[1].Health = short(0) }
	promoted := finished(v1alpha1.OutcomePromoted, time.Second)
	reverts := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	same := func(o Observation) verdict {
		v := judge(Decide(with(o, health2(whole())), start))
		return v
	}
	down := func(o Observation) verdict {
		v := same(o)
		v.Phase, v.Reason, v.After = v1alpha1.PhaseUnavailable, v1alpha1.ReasonUnhealthy, poll
		return v
	}
	gone1 := with(promoted, dead, func(o *Observation) { gone(&o.Revisions[0]); o.Progress.Retiring = nil })
	asked := with(promoted, dead, func(o *Observation) { o.Revisions[0].Wanted, o.Progress.Retiring = false, nil })
	weak := with(promoted, func(o *Observation) { o.Revisions[1].Health = short(1) })
	first := with(promoted, dead, func(o *Observation) {
		o.Progress.Rollout.From, o.Progress.Retiring = 0, nil
	})
	unknown := with(promoted, health2(Health{}))
	decideAll(t, map[string]row{
		"no task left":               {with(promoted, dead), reverts},
		"one task left":              {weak, same(weak)},
		"nobody knows":               {unknown, same(unknown)},
		"the old one is gone":        {gone1, down(gone1)},
		"the old one is on its way":  {asked, down(asked)},
		"the first one: no way back": {first, down(first)},
		"another template is wanted": {with(promoted, dead, func(o *Observation) { o.WantHash = "v1" }), verdict{Phase: v1alpha1.PhasePending, Reason: reasonProvisioning, Stable: 2, Rollout: 1}},
		"a record, not a stack": {with(promoted, dead, func(o *Observation) { o.Revisions[0].Stack = v1alpha1.RevisionFailed }),
			down(with(promoted, func(o *Observation) { o.Revisions[0].Stack = v1alpha1.RevisionFailed }))},
	})
	for name, o := range map[string]Observation{"short": weak, "dead": gone1} {
		if got := Decide(o, start).Degraded; !strings.Contains(got, "shop-2 is short of healthy tasks") {
			t.Errorf("%s: degraded is %q", name, got)
		}
	}
}

// A stack that was given up is kept from then on, whenever the rule changed: the
// write that put it there may not have been remembered.
func TestKeepFailed(t *testing.T) {
	keep := func(o *Observation) { o.Policy.KeepFailed = time.Hour }
	for name, tt := range map[string]struct {
		outcome v1alpha1.Outcome
		edit    func(o *Observation)
		want    Retiring
	}{
		"rolled back": {v1alpha1.OutcomeRolledBack, keep, Retiring{Revision: 2, Since: start, Keep: time.Hour}},
		"aborted":     {v1alpha1.OutcomeAborted, keep, Retiring{Revision: 2, Since: start}},
		"superseded":  {v1alpha1.OutcomeSuperseded, keep, Retiring{Revision: 2, Since: start}},
		"not asked":   {v1alpha1.OutcomeRolledBack, func(*Observation) {}, Retiring{Revision: 2, Since: start}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(with(decided(tt.outcome, to1(), 48*time.Hour), tt.edit), start)
			if diff := cmp.Diff([]Retiring{tt.want}, d.Progress.Retiring); diff != "" {
				t.Errorf("retiring (-want +got):\n%s", diff)
			}
		})
	}
	kept := with(finished(v1alpha1.OutcomeRolledBack, 0), keep, func(o *Observation) {
		o.Progress.Retiring = []Retiring{{Revision: 2, Since: ago(time.Minute), Keep: time.Hour}}
		o.Revisions[1].Health.Desired = 0
	})
	if d := Decide(kept, start); d.Action.Kind != ActionNone || !strings.Contains(d.Message, "Its stack is kept until 2026-03-01 03:59:45 UTC") {
		t.Errorf("it isn't kept, or not told: %v, %s", d.Action, d.Message)
	}
	if d := Decide(kept, start.Add(time.Hour)); d.Action.Kind != ActionRemoveStack {
		t.Errorf("it is kept for ever: %v", d.Action)
	}
}

// The tasks of a stack that is kept are stopped once its requests have ended,
// unless they are to be kept, too. They come back if it is tried again.
func TestKeptFailedIsIdle(t *testing.T) {
	kept := with(finished(v1alpha1.OutcomeRolledBack, 0), func(o *Observation) {
		o.Policy.KeepFailed = time.Hour
		o.Revisions[1].Health, o.Revisions[1].Logs = whole(), "aws logs tail shop-2"
		o.Progress.Retiring = []Retiring{{Revision: 2, Since: start, Keep: time.Hour}}
	})
	stop := Action{Kind: ActionScale, Revision: 2}
	drained := start.Add(kept.Policy.Propagation + kept.Revisions[1].Drain)
	for name, tt := range map[string]struct {
		edit func(o *Observation)
		at   time.Time
		want Action
	}{
		"requests under way":  {func(*Observation) {}, drained.Add(-time.Second), Action{}},
		"requests have ended": {func(*Observation) {}, drained, stop},
		"stopped already":     {func(o *Observation) { o.Revisions[1].Health.Desired = 0 }, drained, Action{}},
		"nobody looked":       {func(o *Observation) { o.Revisions[1].Health = Health{} }, drained, Action{}},
		"to be kept, too":     {func(o *Observation) { o.Policy.KeepFailedTasks = true }, drained, Action{}},
		"not kept":            {func(o *Observation) { o.Progress.Retiring[0].Keep = 0 }, drained, Action{Kind: ActionRemoveStack, Revision: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(with(kept, tt.edit), tt.at)
			if diff := cmp.Diff(tt.want, d.Action); diff != "" {
				t.Errorf("action (-want +got):\n%s", diff)
			}
		})
	}
	d := Decide(kept, drained.Add(-time.Second))
	if d.After != time.Second || !strings.Contains(d.Message, ", and with it its logs: aws logs tail shop-2. Change spec.template") {
		t.Errorf("looks again after %s, says %s", d.After, d.Message)
	}
	again := with(kept, func(o *Observation) {
		o.Requests.Retry = "shop-2"
		o.Revisions[1].Health = Health{Known: true, Steady: true}
	})
	for range 3 { // heard, started, scaled
		again.Progress = Decide(again, drained).Progress
	}
	if got := Decide(again, drained).Action; got.Kind != ActionScale || got.Revision != 2 || got.Count != 3 {
		t.Errorf("tried again: %v", got)
	}
}

// A stack that is kept keeps what serves from nothing: neither from being
// complete, nor does a second one stay beside it.
func TestKeptFailedIsAlone(t *testing.T) {
	promoted := with(finished(v1alpha1.OutcomePromoted, time.Hour), func(o *Observation) {
		o.Revisions[0].Stack, o.Revisions[0].Wanted = v1alpha1.RevisionCreated, true
		o.Progress.Retiring = []Retiring{{Revision: 1, Since: start, Keep: time.Hour}}
	})
	if d := Decide(promoted, start); d.Phase != v1alpha1.PhaseComplete || len(d.CleaningUp) != 1 {
		t.Errorf("%s, cleaning up %v", d.Phase, d.CleaningUp)
	}
	failed := with(decided(v1alpha1.OutcomeRolledBack, to1(), 48*time.Hour), func(o *Observation) {
		o.Policy.KeepFailed = time.Hour
		o.Revisions = append(o.Revisions, Revision{Number: 3, Name: "shop-3", Wanted: true, Stack: v1alpha1.RevisionCreated})
		o.Progress.Retiring = []Retiring{{Revision: 3, Since: start, Keep: time.Hour}}
	})
	want := []Retiring{{Revision: 3, Since: start}, {Revision: 2, Since: start, Keep: time.Hour}}
	if diff := cmp.Diff(want, Decide(failed, start).Progress.Retiring); diff != "" {
		t.Errorf("retiring (-want +got):\n%s", diff)
	}
}

func TestStableUnhealthy(t *testing.T) {
	wants := func(block bool, edits ...func(o *Observation)) Observation {
		return with(serving(), func(o *Observation) {
			o.WantHash, o.Policy.BlockUnhealthy = "v2", block
			o.Revisions = append(o.Revisions, Revision{Number: 2, Name: "shop-2", Hash: "v2", Stack: v1alpha1.RevisionPending})
			for _, edit := range edits {
				edit(o)
			}
		})
	}
	weak := health1(short(2))
	blocks := verdict{Phase: v1alpha1.PhasePaused, Reason: v1alpha1.ReasonStableUnhealthy, After: poll, Stable: 1}
	starts := verdict{Phase: v1alpha1.PhasePending, Reason: reasonProvisioning, Stable: 1, Rollout: 2}
	decideAll(t, map[string]row{
		"Block: whole":            {wants(true), starts},
		"Block: short":            {wants(true, weak), blocks},
		"Block: its stack failed": {wants(true, func(o *Observation) { o.Revisions[0].Stack = v1alpha1.RevisionFailed }), blocks},
		"Block: nobody knows":     {wants(true, health1(Health{})), starts},
		"Proceed: short":          {wants(false, weak), starts},
	})
	for name, tt := range map[string]struct {
		seen Observation
		want string
	}{
		"whole": {wants(false), ""},
		"short": {wants(false, weak), "shop-1 is short of healthy tasks: 3 of 3 tasks running, 2 healthy: Target.Timeout"},
	} {
		if got := Decide(tt.seen, start).Progress.Rollout.Note; got != tt.want {
			t.Errorf("%s: the note is %q, want %q", name, got, tt.want)
		}
	}
}

// Available is about what serves: in the end of a rolling rollout that is the
// new revision, and the old one has no tasks on purpose.
func TestAvailable(t *testing.T) {
	yes, no := new(true), new(false)
	for name, tt := range map[string]struct {
		seen     Observation
		want     *bool
		degraded bool
	}{
		"serving":                         {serving(), yes, false},
		"short":                           {with(serving(), health1(short(1))), yes, true},
		"no task":                         {with(serving(), health1(short(0))), no, true},
		"nobody knows":                    {with(serving(), health1(Health{})), nil, false},
		"nothing serves":                  {fresh(), nil, false},
		"all taken over":                  {batch(3, time.Minute, health1(tasks(0))), yes, false},
		"all taken over, then lost":       {batch(3, time.Minute, health1(tasks(0)), health2(short(0))), no, true},
		"half taken over, the old one is": {batch(1, time.Minute, health1(tasks(2))), yes, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(tt.seen, start)
			if diff := cmp.Diff(tt.want, d.Available); diff != "" || tt.degraded != (d.Degraded != "") {
				t.Errorf("available (-want +got):\n%s\ndegraded: %q", diff, d.Degraded)
			}
		})
	}
}

// A deletion that retains touches no stack and no target, and forgets
// everything.
func TestRetain(t *testing.T) {
	retain := func(o Observation, edits ...func(o *Observation)) Observation {
		return with(o, func(o *Observation) {
			o.Deleting, o.Policy.Retain = true, true
			for _, edit := range edits {
				edit(o)
			}
		})
	}
	released := func(o *Observation) { o.Route.Owned = false }
	left := func(o *Observation) {
		released(o)
		for i := range o.Revisions {
			o.Revisions[i].Retained = true
		}
	}
	stuck := func(o *Observation) {
		released(o)
		o.Revisions[0].Wanted, o.Revisions[0].Stack = false, v1alpha1.RevisionDeleteFailed
	}
	forgotten := func(o *Observation) { left(o); o.Revisions[0].Deleting, o.Revisions[1].Deleting = true, true }
	mid := rolling(1, time.Second)
	leaves := func(a Action, reason string) verdict {
		return judge(Decision{Progress: mid.Progress, Phase: v1alpha1.PhaseDeleting, Reason: reason, Action: a})
	}
	waits := leaves(Action{}, v1alpha1.ReasonDeleting)
	waits.After = poll
	decideAll(t, map[string]row{
		"the rule is let go first":  {retain(mid), leaves(Action{Kind: ActionReleaseRule}, v1alpha1.ReasonRetained)},
		"then the first stack":      {retain(mid, released), leaves(Action{Kind: ActionRetainStack, Revision: 1}, v1alpha1.ReasonRetained)},
		"even one that was to go":   {retain(mid, stuck), leaves(Action{Kind: ActionRetainStack, Revision: 1}, v1alpha1.ReasonRetained)},
		"paused or not":             {retain(mid, released, pausedNow), leaves(Action{Kind: ActionRetainStack, Revision: 1}, v1alpha1.ReasonRetained)},
		"then the records":          {retain(mid, left), leaves(Action{Kind: ActionDeleteRevision, Revision: 1}, v1alpha1.ReasonDeleting)},
		"are waited for":            {retain(mid, forgotten), waits},
		"nothing is left to forget": {retain(serving(), released, func(o *Observation) { o.Revisions = nil }), verdict{Action: Action{Kind: ActionFinishDeletion}, Phase: v1alpha1.PhaseDeleting, Reason: v1alpha1.ReasonDeleting, Stable: 1}},
		"a worker has no rule":      {retain(worker(mid)), judge(Decision{Progress: worker(mid).Progress, Phase: v1alpha1.PhaseDeleting, Reason: v1alpha1.ReasonRetained, Action: Action{Kind: ActionRetainStack, Revision: 1}})},
	})
	if got := Decide(retain(mid, left), start).Message; got != "Deleting the record of shop-1; its stack stays and is no longer managed" {
		t.Errorf("says %q of a stack that stays", got)
	}
}

// An adopted rule isn't given back to what can't take requests.
func TestGiveBack(t *testing.T) {
	ours := func(original Health) Observation {
		return with(serving(), func(o *Observation) {
			o.Deleting, o.Route.Adopted, o.Progress.Original, o.Original = true, true, originalGroup, original
		})
	}
	gives := set(Targets{{originalGroup, 100}})
	for name, tt := range map[string]struct {
		original Health
		want     Action
	}{
		"healthy":      {Health{Known: true, Healthy: 1}, gives},
		"nobody knows": {Health{}, gives},
		"no target":    {Health{Known: true, Reason: "Target.Timeout"}, Action{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(ours(tt.original), start)
			if diff := cmp.Diff(tt.want, d.Action); diff != "" || (d.Blocked != nil) != (tt.want.Kind == ActionNone) {
				t.Errorf("action (-want +got):\n%s\nblocked: %+v", diff, d.Blocked)
			}
		})
	}
}
