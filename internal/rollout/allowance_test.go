package rollout

import (
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// nobodys is a deployment that adopts a rule of nobody's.
func nobodys() Observation {
	o := fresh()
	o.Route = Route{Adopted: true, Exists: true, Targets: Targets{{originalGroup, 1}}}
	return o
}

// unrouted is a first revision that is healthy and has no rule yet.
func unrouted() Observation {
	o := fresh()
	o.Revisions = []Revision{created(1, "v1", group1)}
	o.Progress = Progress{Rollouts: 1, Rollout: &Rollout{ID: "shop-1.1", Revision: 1, StartedAt: ago(time.Hour), ProgressedAt: ago(time.Minute), VerifiedAt: ago(time.Minute)}}
	return o
}

// TestNeedsPolicy: what the namespace may use is asked before something new is
// made, and at no other time.
func TestNeedsPolicy(t *testing.T) {
	changed := with(serving(), func(o *Observation) { o.WantHash = "v2" })
	back := with(changed, func(o *Observation) {
		o.Revisions = []Revision{created(2, "v2", group2), created(3, "v3", "tg-shop-3")}
		o.Progress.Stable = 3
		o.Progress.Rollout = &Rollout{Revision: 3, From: 2, Outcome: v1alpha1.OutcomePromoted, FinishedAt: ago(time.Minute)}
	})
	for name, tt := range map[string]struct {
		seen Observation
		want bool
	}{
		"nothing yet":                  {fresh(), true},
		"another template":             {changed, true},
		"its stack is still there":     {with(changed, func(o *Observation) { o.Revisions = append(o.Revisions, created(2, "v2", group2)) }), true},
		"back to what served before":   {back, false},
		"before the stack":             {unasked(), true},
		"Recreate took the old one":    {with(unasked(), func(o *Observation) { o.Recreate, o.Route.Targets = true, nil }), false},
		"while it is made":             {unverified(v1alpha1.RevisionCreating), false},
		"before the first rule":        {unrouted(), true},
		"a worker has none":            {with(unrouted(), func(o *Observation) { o.Route.None = true }), false},
		"in a step":                    {rolling(0, time.Minute), false},
		"given up":                     {decided(v1alpha1.OutcomeRolledBack, to1(), time.Hour), false},
		"given up, tried again":        {with(finished(v1alpha1.OutcomeRolledBack, time.Hour), func(o *Observation) { o.Requests.Retry = "shop-2" }), true},
		"the template serves":          {serving(), false},
		"a rule of nobody's":           {nobodys(), true},
		"the same, paused":             {with(nobodys(), func(o *Observation) { o.Paused = true }), true},
		"its tags were taken off":      {with(serving(), func(o *Observation) { o.Route.Adopted, o.Route.Owned = true, false }), false},
		"paused":                       {with(changed, func(o *Observation) { o.Paused = true }), false},
		"deleted":                      {with(changed, func(o *Observation) { o.Deleting = true }), false},
		"something else is in the way": {with(changed, func(o *Observation) { o.Blocked = &Blocked{} }), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.seen.NeedsPolicy(start); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// TestNotAllowed: nothing new is made of what the namespace may not use. Where
// something isn't new, it would not have been asked.
func TestNotAllowed(t *testing.T) {
	refused := func(o *Observation) {
		o.NotAllowed = &Blocked{Reason: v1alpha1.ReasonNotAllowed, Message: "No", Remedy: "Ask"}
		o.Prerequisites.Missing = &Blocked{Reason: v1alpha1.ReasonPreflightFailed}
		o.Policy.Stalled = time.Minute
	}
	for name, o := range map[string]Observation{
		"first":              fresh(),
		"another":            with(serving(), func(o *Observation) { o.WantHash = "v2" }),
		"asking":             unasked(),
		"before a rule":      unrouted(),
		"a rule of nobody's": nobodys(),
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(with(o, refused), start)
			if d.Action.Kind != ActionNone || d.Blocked == nil || d.Blocked.Reason != v1alpha1.ReasonNotAllowed || d.After != time.Minute {
				t.Errorf("got %+v", d)
			}
			if d.Progress.Original != "" || d.Progress.BlockedSince != start {
				t.Errorf("remembers %+v", d.Progress)
			}
			if d := Decide(o, start); d.Blocked != nil {
				t.Errorf("if it is allowed: got %+v", d)
			}
		})
	}
}

// TestAbortOfWhatIsNotAllowed: nobody is kept from aborting a rollout by a policy
// that was taken back.
func TestAbortOfWhatIsNotAllowed(t *testing.T) {
	for name, o := range map[string]Observation{"shop-2": unasked(), "shop-1": unrouted()} {
		o.NotAllowed = &Blocked{Reason: v1alpha1.ReasonNotAllowed}
		o.Requests.Abort = name
		if d := Decide(o, start); !d.Progress.Rollout.Outcome.Bad() {
			t.Errorf("%s: got %+v", name, d)
		}
	}
}

// TestTakingOverWhatIsNotAllowed: a rule that the deployment had before the cluster
// forgot, or that another one left to it, is nothing new.
func TestTakingOverWhatIsNotAllowed(t *testing.T) {
	inherited := with(serving(), func(o *Observation) {
		o.Route.Owned, o.Route.Inherited, o.Progress = false, true, Progress{}
	})
	stripped := with(serving(), func(o *Observation) { o.Route.Adopted, o.Route.Owned, o.Progress.Original = true, false, originalGroup })
	for name, o := range map[string]Observation{"inherited": inherited, "stripped": stripped} {
		o.NotAllowed = &Blocked{Reason: v1alpha1.ReasonNotAllowed}
		if d := Decide(o, start); d.Blocked != nil {
			t.Errorf("%s: got %+v", name, d)
		}
	}
}
