package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// What others do to what serves, while no rollout is under way.
func ruleDeleted(o *Observation) {
	o.Route.Exists, o.Route.Targets, o.Progress.Observed = false, nil, nil
}

func stackDeleted(o *Observation) {
	o.Revisions[0].Stack, o.Revisions[0].Cause, o.Revisions[0].Health = v1alpha1.RevisionFailed, "Someone else deleted the stack", Health{}
}

func serviceDeleted(o *Observation) {
	o.Revisions[0].Health = Health{Known: true, Gone: true, Reason: "the ECS service does not exist"}
}

// An outage doesn't look fine: it has a phase, isn't available, and says what
// heals it.
func TestOutageIsTold(t *testing.T) {
	failed := with(finished(v1alpha1.OutcomeRolledBack, time.Hour), func(o *Observation) { gone(&o.Revisions[1]); o.Progress.Retiring = nil })
	working := with(serving(), func(o *Observation) { o.Route, o.Revisions[0].Backend, o.Progress.Written = Route{None: true}, "", nil })
	again := "kubectl annotate imd shop -n  --overwrite --field-manager=oncall viridian.dev/retry=shop-1"
	for name, c := range map[string]struct {
		seen           Observation
		reason, remedy string
		says           string
	}{
		"the rule is deleted":           {with(serving(), ruleDeleted), v1alpha1.ReasonRouteDrifted, again, "The production rule was deleted: no requests reach shop-1"},
		"the rule is deleted, failed":   {with(failed, ruleDeleted), v1alpha1.ReasonRouteDrifted, again, "The production rule was deleted"},
		"the stack is deleted":          {with(serving(), stackDeleted), v1alpha1.ReasonStackChanged, again, "Nothing serves: the stack of shop-1"},
		"the service is deleted":        {with(serving(), serviceDeleted), v1alpha1.ReasonStackChanged, again, "the ECS service does not exist"},
		"a worker's service is deleted": {with(working, serviceDeleted), v1alpha1.ReasonStackChanged, again, "Nothing works: "},
		"the stack is deleted, failed":  {with(failed, stackDeleted), v1alpha1.ReasonStackChanged, "retry=shop-2", "Nothing serves: "},
		"no task is healthy":            {with(serving(), func(o *Observation) { o.Revisions[0].Health = short(0) }), v1alpha1.ReasonUnhealthy, "", "shop-1 has no healthy task"},
		"no task is healthy, failed":    {with(failed, func(o *Observation) { o.Revisions[0].Health = short(0) }), v1alpha1.ReasonUnhealthy, "", "shop-1 has no healthy task"},
	} {
		t.Run(name, func(t *testing.T) {
			d := twice(c.seen)
			if d.Phase != v1alpha1.PhaseUnavailable || d.Reason != c.reason || !strings.Contains(d.Message, c.says) {
				t.Errorf("%s, %s: %s", d.Phase, d.Reason, d.Message)
			}
			if d.Available == nil || *d.Available {
				t.Error("it counts as available")
			}
			remedy := ""
			if d.Blocked != nil {
				remedy = d.Blocked.Remedy
			}
			if c.remedy == "" && remedy != "" || !strings.Contains(remedy, c.remedy) {
				t.Errorf("the remedy is %q", remedy)
			}
			if d.After > poll {
				t.Errorf("nobody looks for %s", d.After)
			}
		})
	}
}

// Available looks at where requests go, too.
func TestAvailableLooksAtTheRule(t *testing.T) {
	for name, c := range map[string]struct {
		seen Observation
		want bool
	}{
		"it serves":                            {serving(), true},
		"the rule is deleted":                  {with(serving(), ruleDeleted), false},
		"the rule leads elsewhere":             {with(serving(), func(o *Observation) { o.Route.Targets = Targets{{foreignGroup, 1}} }), false},
		"a part leads elsewhere":               {with(serving(), func(o *Observation) { o.Route.Targets = Targets{{foreignGroup, 1}, {group1, 1}} }), true},
		"the new one has all requests":         {rolling(2, time.Minute), true},
		"the new one has all, and is sick":     {with(rolling(2, time.Minute), func(o *Observation) { o.Revisions[1].Health = short(0) }), false},
		"the new one gets some, old is sick":   {with(rolling(1, time.Minute), func(o *Observation) { o.Revisions[0].Health = short(0) }), true},
		"another deployment has the priority":  {with(serving(), func(o *Observation) { o.Blocked, o.Route = &Blocked{Reason: v1alpha1.ReasonRouteConflict}, Route{} }), false},
		"a worker works":                       {with(serving(), func(o *Observation) { o.Route = Route{None: true} }), true},
		"a worker whose successor does it all": {with(rolling(2, time.Minute), func(o *Observation) { o.Route = Route{None: true} }), true},
	} {
		t.Run(name, func(t *testing.T) {
			if d := Decide(c.seen, start); d.Available == nil || *d.Available != c.want {
				t.Errorf("available: %v (%s)", d.Available, d.Message)
			}
		})
	}
}

// A request has what others deleted made anew, of the same template.
func TestRetryOfWhatServed(t *testing.T) {
	ask := func(o Observation, value string) Observation { return asked(o, Requests{Retry: value}) }
	create := Action{Kind: ActionCreateRule, Targets: to1()}
	anew := Action{Kind: ActionDeleteRevision, Revision: 1}
	for name, c := range map[string]struct {
		seen Observation
		want Action
	}{
		"the rule":            {ask(with(serving(), ruleDeleted), "shop-1"), create},
		"the rule, once more": {ask(with(serving(), ruleDeleted, func(o *Observation) { o.Progress.Handled.Retry = "shop-1" }), "shop-1/again"), create},
		"an adopted rule can't": {ask(with(serving(), ruleDeleted, func(o *Observation) {
			o.Route.Adopted, o.Blocked = true, &Blocked{Reason: v1alpha1.ReasonRouteNotFound}
		}), "shop-1"), Action{}},
		"the stack":                     {ask(with(serving(), stackDeleted), "shop-1"), anew},
		"the service":                   {ask(with(serving(), serviceDeleted), "shop-1"), anew},
		"the record goes already":       {ask(with(serving(), stackDeleted, func(o *Observation) { o.Revisions[0].Deleting = true }), "shop-1"), Action{Kind: ActionCreateRevision}},
		"what serves well":              {ask(serving(), "shop-1"), Action{}},
		"the template is applied again": {with(finished(v1alpha1.OutcomeRolledBack, time.Hour), stackDeleted, func(o *Observation) { o.WantHash = "v1" }), anew},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(c.seen, start)
			if d.Action.Kind != c.want.Kind || d.Action.Revision != c.want.Revision || !d.Action.Targets.Equal(c.want.Targets) {
				t.Errorf("%+v: %s", d.Action, d.Message)
			}
		})
	}
}

// The rollout that makes lost tasks anew isn't kept from it by the alarm that
// tells of their loss.
func TestAlarmDoesNotKeepAnOutage(t *testing.T) {
	o := with(serving(), stackDeleted, func(o *Observation) {
		o.WantHash, o.Analysis.Firing = "v2", "checkout-5xx"
		o.Revisions = append(o.Revisions, Revision{Number: 2, Name: "shop-2", Hash: "v2", Stack: v1alpha1.RevisionPending})
	})
	if d := Decide(o, start); d.Blocked != nil || d.Progress.Rollout == nil {
		t.Errorf("%s: %s", d.Phase, d.Message)
	}
	o = with(rolling(0, -1), stackDeleted, func(o *Observation) { o.Analysis.Firing = "checkout-5xx"; o.Route.Targets = to1() })
	if d := Decide(o, start); d.Blocked != nil || d.Action.Kind != ActionSetTargets {
		t.Errorf("%s: %s", d.Phase, d.Message)
	}
}
