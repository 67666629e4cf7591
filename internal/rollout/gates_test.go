package rollout

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Who promotes all at once skips what takes its time, a person's approval and
// the gates between steps, but no test of the revision. Nothing stands in the
// way back to what served just before.
func TestWhichGatesStand(t *testing.T) {
	gates := func(o Observation, g ...Gate) Observation {
		o.Gates = g
		return o
	}
	beforeTraffic := gates(rolling(0, -1), smoke)
	beforePromotion := gates(measured(2, v1alpha1.ResultPass), signOff)
	tested := gates(measured(2, v1alpha1.ResultPass), Gate{Name: "test", At: v1alpha1.BeforePromotion, Timeout: time.Minute})
	afterStep := gates(measured(0, v1alpha1.ResultPass), Gate{Name: "load", At: v1alpha1.AfterStep, Timeout: time.Minute})
	otherStep := gates(measured(0, v1alpha1.ResultPass), Gate{Name: "load", At: v1alpha1.AfterStep, Steps: []int32{2}, Timeout: time.Minute})
	tests := map[string]struct {
		seen  Observation
		full  bool
		cause v1alpha1.RolloutCause
		want  []string
	}{
		"before traffic":               {beforeTraffic, false, v1alpha1.CauseTemplate, []string{"smoke"}},
		"before traffic, all at once":  {beforeTraffic, true, v1alpha1.CauseTemplate, []string{"smoke"}},
		"before traffic, going back":   {beforeTraffic, true, v1alpha1.CauseRevert, nil},
		"approval":                     {beforePromotion, false, v1alpha1.CauseTemplate, []string{"sign-off"}},
		"approval, all at once":        {beforePromotion, true, v1alpha1.CauseTemplate, nil},
		"before promotion":             {tested, false, v1alpha1.CauseTemplate, []string{"test"}},
		"before promotion, at once":    {tested, true, v1alpha1.CauseTemplate, []string{"test"}},
		"before promotion, going back": {tested, true, v1alpha1.CauseRevert, nil},
		"after a step":                 {afterStep, false, v1alpha1.CauseTemplate, []string{"load"}},
		"after a step, all at once":    {afterStep, true, v1alpha1.CauseTemplate, nil},
		"after another step":           {otherStep, false, v1alpha1.CauseTemplate, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := tt.seen
			o.Progress = o.Progress.clone()
			o.Progress.Rollout.Full, o.Progress.Rollout.Cause = tt.full, tt.cause
			var got []string
			for _, run := range twice(o).Progress.Rollout.Gates {
				got = append(got, run.Name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("gates %q, want %q", got, tt.want)
			}
		})
	}
}

// twice decides once more by what was decided first: that steps are skipped is
// remembered before anything else is done.
func twice(o Observation) Decision {
	o.Progress = Decide(o, start).Progress
	return Decide(o, start)
}

// Nobody can say yes in the place of a function.
func TestOnlyApprovalsAreGiven(t *testing.T) {
	for _, gate := range []Gate{smoke, {Name: "smoke", At: v1alpha1.BeforeTraffic, Approval: true, Expiry: time.Hour}} {
		o := rolling(0, -1)
		o.Gates = []Gate{gate}
		o.Progress.Rollout.Gates = []GateRun{{Name: "smoke", At: v1alpha1.BeforeTraffic, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: start}}
		o.Answers = map[string]Answer{"smoke/1/0": {State: AnswerRunning}}
		o.Requests.Promote = "shop-2/smoke"
		d := Decide(o, start)
		approved := d.Progress.Rollout.Gates[0].State == v1alpha1.GateSucceeded
		if approved != gate.Approval {
			t.Errorf("approval %t: the gate is %s", gate.Approval, d.Progress.Rollout.Gates[0].State)
		}
		ignored := slices.ContainsFunc(d.Notices, func(n Notice) bool { return strings.Contains(n.Message, "waits for an answer, not for approval") })
		if ignored == gate.Approval {
			t.Errorf("approval %t: notices %+v", gate.Approval, d.Notices)
		}
	}
}

// That a gate can't be asked is told until it is heard of; nothing else that
// was in the way is.
func TestUnavailableUntilHeardOf(t *testing.T) {
	for _, c := range []struct {
		was   string
		state AnswerState
		want  bool
	}{
		{v1alpha1.ReasonGateUnavailable, AnswerNone, true},
		{v1alpha1.ReasonGateUnavailable, AnswerAsked, true},
		{v1alpha1.ReasonGateUnavailable, AnswerRunning, false},
		{v1alpha1.ReasonGateUnavailable, AnswerLater, false},
		{v1alpha1.ReasonGateUnavailable, AnswerYes, false},
		{v1alpha1.ReasonPaused, AnswerNone, false},
		{v1alpha1.ReasonPaused, AnswerAsked, false},
		{"", AnswerNone, false},
	} {
		o := rolling(0, -1)
		o.Gates, o.WasBlocked = []Gate{smoke}, c.was
		o.Progress.Rollout.Gates = []GateRun{{Name: "smoke", At: v1alpha1.BeforeTraffic, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: start}}
		o.Answers = map[string]Answer{"smoke/1/0": {State: c.state}}
		o.Told, o.Progress.BlockedSince = Blocked{Reason: c.was, Message: "It can't be asked"}, ago(time.Minute)
		if d := Decide(o, start); (d.Blocked != nil) != c.want {
			t.Errorf("after %q, answer %q: blocked by %+v", c.was, c.state, d.Blocked)
		}
	}
}

// Who promotes before there was any traffic is held back by an alarm that is on
// as everybody else is.
func TestAlarmHoldsAllAtOnce(t *testing.T) {
	o := rolling(0, -1)
	o.Progress.Rollout.Full = true
	o.Analysis.Firing = "checkout-5xx"
	d := twice(o)
	if d.Blocked == nil || d.Blocked.Reason != v1alpha1.ReasonAlarmFiring || d.Action.Kind != ActionNone {
		t.Errorf("blocked by %+v, action %+v", d.Blocked, d.Action)
	}
}

// While a gate can't be asked, what people are told doesn't change between two
// attempts, and no clock runs.
func TestUnavailableDoesNotFlap(t *testing.T) {
	trouble := &Blocked{Reason: v1alpha1.ReasonGateUnavailable, Message: "Gate smoke can't be asked", Remedy: "Put that right"}
	o := rolling(0, -1)
	o.Gates = []Gate{smoke}
	o.Progress.Rollout.Gates = []GateRun{{Name: "smoke", At: v1alpha1.BeforeTraffic, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: start}}
	now, last := start, Decision{}
	for i := range 40 {
		o.Answers, o.Analysis.Trouble = map[string]Answer{"smoke/1/0": {}}, nil // not asked, or forgotten
		if i%2 == 1 {
			o.Answers["smoke/1/0"], o.Analysis.Trouble = Answer{State: AnswerAsked}, trouble
		}
		d := Decide(o, now)
		if asks := d.Action.Kind == ActionStartGate; asks != (i%2 == 0) {
			t.Fatalf("pass %d: %+v", i, d.Action)
		}
		if i > 1 && (d.Phase != last.Phase || d.Reason != last.Reason || d.Message != last.Message || d.Blocked == nil || !d.Progress.BlockedSince.Equal(last.Progress.BlockedSince)) {
			t.Fatalf("pass %d: %s, %s: %s, blocked since %s; before: %s, %s", i, d.Phase, d.Reason, d.Message, d.Progress.BlockedSince, last.Phase, last.Reason)
		}
		if last, o.Progress = d, stored(d.Progress); d.Blocked != nil {
			o.WasBlocked, o.Told = d.Blocked.Reason, *d.Blocked
		}
		now = now.Add(max(d.After, time.Second))
	}
	if got := o.Progress.Rollout.Gates[0]; got.Attempt != 1 || got.State != v1alpha1.GateRunning {
		t.Errorf("the gate: %+v", got)
	}
	// Once it is heard of, the rollout goes on.
	o.Answers, o.Analysis.Trouble = map[string]Answer{"smoke/1/0": {State: AnswerRunning}}, nil
	if d := Decide(o, now); d.Blocked != nil || d.Reason != v1alpha1.ReasonGateRunning {
		t.Errorf("%s, %s", d.Phase, d.Reason)
	}
	// One that takes its time counts as heard at the second look.
	o.Answers = map[string]Answer{"smoke/1/0": {State: AnswerAsked}}
	first := Decide(o, now)
	o.Progress = first.Progress
	if second := Decide(o, now.Add(poll)); first.Blocked == nil || second.Blocked != nil || second.Reason != v1alpha1.ReasonGateRunning {
		t.Errorf("first %s, then %s", first.Reason, second.Reason)
	}
}

// The time for which a gate waits for a place among the calls isn't its own: it
// begins when there is one, whatever is forgotten meanwhile.
func TestWaitingForAPlace(t *testing.T) {
	for name, c := range map[string]struct {
		state   AnswerState
		since   time.Duration
		started time.Duration // ago
		starts  bool
	}{
		"waits":                  {AnswerWaiting, 10 * time.Second, 10 * time.Second, false},
		"waits longer than may":  {AnswerWaiting, time.Hour, 0, false},
		"has a place":            {AnswerAdmitted, 10 * time.Second, 0, true},
		"has a place after long": {AnswerAdmitted, time.Hour, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := rolling(0, -1)
			o.Gates = []Gate{smoke}
			o.Progress.Rollout.Gates = []GateRun{{Name: "smoke", At: v1alpha1.BeforeTraffic, State: v1alpha1.GateRunning, Attempt: 1, StartedAt: ago(c.since)}}
			o.Answers = map[string]Answer{"smoke/1/0": {State: c.state}}
			d := Decide(o, start)
			run := d.Progress.Rollout.Gates[0]
			if run.State != v1alpha1.GateRunning || run.Attempt != 1 || !run.StartedAt.Equal(ago(c.started)) {
				t.Errorf("the run is %+v", run)
			}
			if starts := d.Action.Kind == ActionStartGate; starts != c.starts || starts && !d.Action.Run.StartedAt.Equal(start) {
				t.Errorf("does %+v", d.Action)
			}
		})
	}
}
