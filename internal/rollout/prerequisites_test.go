package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// unasked is a rollout whose stack isn't asked for yet.
func unasked() Observation {
	o := unverified(v1alpha1.RevisionPending)
	o.Revisions[1].Wanted = false
	return o
}

// TestNeedsPreflight: what a stack needs is looked at right before a revision is
// made, and before its stack is asked for, and not while anything else is waited
// for.
func TestNeedsPreflight(t *testing.T) {
	changed := with(serving(), func(o *Observation) { o.WantHash = "v2" })
	recreate := func(o *Observation) { o.Recreate = true }
	for name, tt := range map[string]struct {
		seen Observation
		want bool
	}{
		"nothing yet":          {fresh(), true},
		"another template":     {changed, true},
		"the template serves":  {serving(), false},
		"before the stack":     {unasked(), true},
		"a warm stack":         {with(changed, func(o *Observation) { o.Revisions = append(o.Revisions, created(2, "v2", group2)) }), false},
		"while it is made":     {unverified(v1alpha1.RevisionCreating), false},
		"in a step":            {rolling(0, time.Minute), false},
		"given up":             {with(decided(v1alpha1.OutcomeRolledBack, to1(), time.Hour), func(o *Observation) { o.Progress.Rollout.FinishedAt = ago(time.Minute) }), false},
		"paused":               {with(changed, func(o *Observation) { o.Paused = true }), false},
		"deleted":              {with(changed, func(o *Observation) { o.Deleting = true }), false},
		"blocked":              {with(changed, func(o *Observation) { o.Blocked = &Blocked{} }), false},
		"no listener at first": {with(fresh(), func(o *Observation) { o.Blocked = &Blocked{Reason: v1alpha1.ReasonRouteNotFound} }), true},
		"no listener any more": {with(changed, func(o *Observation) { o.Blocked = &Blocked{Reason: v1alpha1.ReasonRouteNotFound} }), false},
		"no such alarm":        {with(changed, func(o *Observation) { o.Analysis.Trouble = &Blocked{Reason: v1alpha1.ReasonAlarmNotFound} }), true},
		"alarms can't be read": {with(changed, func(o *Observation) { o.Analysis.Trouble = &Blocked{Reason: v1alpha1.ReasonAccessDenied} }), false},
		"scan pending": {with(unasked(), func(o *Observation) {
			o.Revisions[1].Images.Result, o.Policy.ScanPending = v1alpha1.ResultPending, time.Hour
		}), false},
		"before room is made":    {with(unasked(), recreate), true},
		"the requests are taken": {with(unasked(), recreate, func(o *Observation) { o.Route.Targets = nil }), false},
		"the old one is going":   {with(unasked(), recreate, func(o *Observation) { o.Route.Targets, o.Revisions[0].Wanted = nil, false }), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.seen.NeedsPreflight(start); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// TestPrerequisitesBlock: nothing is made, and nothing taken away, while something
// is missing. It is looked at again at a slower pace, and time stands still.
func TestPrerequisitesBlock(t *testing.T) {
	missing := func(o *Observation) {
		o.Prerequisites.Missing = &Blocked{Reason: v1alpha1.ReasonPreflightFailed, Message: "No subnet", Remedy: "Make one"}
		o.Policy.Stalled = time.Minute
	}
	recreate := func(o *Observation) { o.Recreate = true }
	for name, o := range map[string]Observation{
		"first":    fresh(),
		"another":  with(serving(), func(o *Observation) { o.WantHash = "v2" }),
		"asking":   unasked(),
		"recreate": with(unasked(), recreate),
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(with(o, missing), start)
			if d.Action.Kind != ActionNone || d.Blocked == nil || d.Blocked.Reason != v1alpha1.ReasonPreflightFailed || d.After != time.Minute {
				t.Errorf("got %+v", d)
			}
			if d.Progress.BlockedSince != start {
				t.Errorf("blocked since %s", d.Progress.BlockedSince)
			}
			if d := Decide(o, start); d.Blocked != nil || d.Action.Kind == ActionNone {
				t.Errorf("with everything there: got %+v", d)
			}
		})
	}
}

// TestUnchecked: what the role may not look at is remembered, and blocks nothing.
func TestUnchecked(t *testing.T) {
	o := with(unasked(), func(o *Observation) { o.Prerequisites.Unchecked = "subnets (ec2:DescribeSubnets)" })
	d := Decide(o, start)
	if d.Action.Kind != ActionProvision || !strings.Contains(d.Progress.Rollout.Note, "not checked before: subnets (ec2:DescribeSubnets)") {
		t.Errorf("got %+v, note %q", d.Action, d.Progress.Rollout.Note)
	}
}
