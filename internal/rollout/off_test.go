package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// off is spec.desiredCount: 0, and the plan for that.
func off(o *Observation) {
	o.DesiredCount = 0
	o.Plan = sized(o.Plan, 0)
}

// none is the health of a service without tasks.
func none() Health { return Health{Known: true, Steady: true} }

// What serves is scaled to nothing, which is no outage, and no rollout begins. Once
// tasks are wanted again, they are waited for; then what is lost is a loss.
func TestSwitchedOff(t *testing.T) {
	asleep := with(serving(), off, func(o *Observation) {
		o.Revisions[0].Health, o.Progress.Reached, o.Progress.Off = none(), 0, true
	})
	changed := func(o *Observation) { o.WantHash = "v2" }
	waking := func(since time.Duration, health Health) Observation {
		return with(asleep, func(o *Observation) {
			o.DesiredCount, o.Plan, o.Revisions[0].Health = 3, sized(canary(), 3), health
			o.Progress.ScalingSince = ago(since)
		})
	}
	starting := Health{Known: true, Desired: 3, Running: 1}
	for name, c := range map[string]struct {
		seen   Observation
		phase  v1alpha1.Phase
		action Action
		says   string
		off    bool
	}{
		"switched off": {with(serving(), off), v1alpha1.PhaseSwitchedOff, Action{Kind: ActionScale, Revision: 1}, "shop-1 is switched off (spec.desiredCount is 0), 3 tasks still run", true},
		"asleep":       {asleep, v1alpha1.PhaseSwitchedOff, Action{}, "shop-1 is switched off (spec.desiredCount is 0)", true},
		"another template": {with(asleep, changed), v1alpha1.PhaseSwitchedOff, Action{},
			"shop-1 is switched off (spec.desiredCount is 0); spec.template is rolled out once spec.desiredCount is 1 or more", true},
		"nothing made yet": {with(fresh(), off), v1alpha1.PhaseSwitchedOff, Action{},
			"The application is switched off (spec.desiredCount is 0); spec.template is rolled out once spec.desiredCount is 1 or more", true},
		"switched on": {with(asleep, func(o *Observation) { o.DesiredCount, o.Plan = 3, sized(canary(), 3) }), v1alpha1.PhaseScaling,
			Action{Kind: ActionScale, Revision: 1, Count: 3}, "shop-1 serves all traffic and is scaled to 3", true},
		"on its way":               {waking(time.Minute, starting), v1alpha1.PhaseScaling, Action{}, "shop-1 serves all traffic and is scaled to 3", true},
		"doesn't come":             {waking(time.Hour, starting), v1alpha1.PhaseUnavailable, Action{}, "has no healthy task", true},
		"one is healthy":           {waking(time.Minute, short(1)), v1alpha1.PhaseScaling, Action{}, "scaled to 3", false},
		"all are healthy":          {waking(time.Minute, whole()), v1alpha1.PhaseComplete, Action{}, "shop-1 serves all traffic", false},
		"healthy before, and died": {with(serving(), health1(short(0))), v1alpha1.PhaseUnavailable, Action{}, "has no healthy task", false},
		"the stack is deleted": {with(asleep, func(o *Observation) { o.Revisions[0].Stack, o.Revisions[0].Health = v1alpha1.RevisionFailed, Health{} }),
			v1alpha1.PhaseUnavailable, Action{}, "the stack of shop-1 is gone", true},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(c.seen, start)
			if d.Phase != c.phase || d.Action.Kind != c.action.Kind || d.Action.Revision != c.action.Revision || d.Action.Count != c.action.Count ||
				!strings.Contains(d.Message, c.says) && (d.Blocked == nil || !strings.Contains(d.Blocked.Message, c.says)) || d.Progress.Off != c.off {
				t.Errorf("%s, %+v, off %t: %s", d.Phase, d.Action, d.Progress.Off, d.Message)
			}
			if d.Degraded != "" && c.phase == v1alpha1.PhaseSwitchedOff {
				t.Errorf("degraded: %s", d.Degraded)
			}
		})
	}
	if o := with(fresh(), off); o.NeedsPreflight(start) || o.NeedsPolicy(start) {
		t.Error("looks at what nothing is made of")
	}
}

// A revision that was promoted just now and is switched off hasn't died: nothing goes
// back to what served before.
func TestSwitchedOffAfterPromotion(t *testing.T) {
	o := with(rolling(2, time.Hour), off, func(o *Observation) {
		r := o.Progress.Rollout
		r.Outcome, r.DecidedAt, r.FinishedAt = v1alpha1.OutcomePromoted, ago(time.Minute), ago(time.Minute)
		o.Progress.Stable, o.Route.Targets, o.Progress.Written, o.Progress.Observed = 2, to2(), to2(), to2()
		o.Revisions[1].Health = none()
		o.Progress.Retiring = []Retiring{{Revision: 1, Since: ago(time.Second)}}
	})
	if d := Decide(o, start); d.Progress.Stable != 2 || d.Progress.Rollout.Outcome != v1alpha1.OutcomePromoted {
		t.Errorf("%s: %s", d.Progress.Rollout.Outcome, d.Message)
	}
}

// A rollout that is under way is given up, wherever it is: nothing is promoted of
// which no task was looked at. It isn't a bad one.
func TestSwitchedOffInARollout(t *testing.T) {
	for name, seen := range map[string]Observation{
		"provisioning": unverified(v1alpha1.RevisionCreating),
		"verifying":    unverified(v1alpha1.RevisionCreated),
		"at a step":    rolling(1, time.Minute),
		"in the end":   rolling(2, time.Minute),
		"a first one": with(unverified(v1alpha1.RevisionCreated), func(o *Observation) {
			o.Progress.Stable, o.Progress.Rollout.From, o.Route = 0, 0, Route{}
			o.Progress.Written, o.Progress.Observed = nil, nil
			o.Revisions = o.Revisions[1:]
		}),
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(with(seen, off), start)
			r := d.Progress.Rollout
			if r == nil || r.Outcome != v1alpha1.OutcomeSuperseded || r.Message != "spec.desiredCount was set to 0 before shop-2 was promoted" {
				t.Errorf("%+v: %s", r, d.Message)
			}
		})
	}
}

// With Recreate the old revision is gone by then: it is made again, without tasks,
// so that there is something to go back to.
func TestSwitchedOffInRecreate(t *testing.T) {
	o := with(unverified(v1alpha1.RevisionRemoved), off, func(o *Observation) {
		o.Recreate = true
		o.Progress.Rollout.Outcome, o.Progress.Rollout.DecidedAt = v1alpha1.OutcomeSuperseded, ago(time.Minute)
		o.Revisions[0].Wanted, o.Revisions[0].Stack, o.Revisions[0].Health, o.Revisions[0].Backend = false, v1alpha1.RevisionRemoved, Health{}, ""
		o.Revisions[1].Wanted = false
		o.Route.Targets, o.Progress.Written, o.Progress.Observed = nil, nil, nil
	})
	if d := Decide(o, start); d.Action.Kind != ActionProvision || d.Action.Revision != 1 || d.Action.Count != 0 {
		t.Errorf("%+v: %s", d.Action, d.Message)
	}
}

// The plan for no tasks has steps without tasks, whatever the strategy.
func TestPlanOfNoTasks(t *testing.T) {
	for name, s := range map[string]*v1alpha1.Strategy{
		"Canary": canaryOf(10, 50), "Rolling": rollingBy(25, 0), "BlueGreen": {Type: v1alpha1.StrategyBlueGreen}, "Recreate": {Type: v1alpha1.StrategyRecreate},
	} {
		for _, balanced := range []bool{true, false} {
			plan := compiled(s, 0, balanced)
			if len(plan) == 0 || plan[len(plan)-1].Weight != 100 {
				t.Errorf("%s, balanced %t: %+v", name, balanced, plan)
			}
			for _, step := range plan {
				if step.New != 0 || step.Old != 0 {
					t.Errorf("%s, balanced %t: %+v", name, balanced, plan)
				}
			}
		}
	}
}
