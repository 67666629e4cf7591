package rollout

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var (
	bounds  = Limits{Min: 3, Max: 30}
	nothing = Suspension{}
	inOnly  = Suspension{In: true}
	grows   = Suspension{In: true, Scheduled: true}
	all     = Suspension{In: true, Out: true, Scheduled: true}
)

// scaled gives all revisions autoscalers: spec bounds the tasks, and the strategy is
// compiled for as many as are needed.
func scaled(o Observation, compile func(count int32) Plan, edits ...func(o *Observation)) Observation {
	o = with(o)
	o.Scaling = &bounds
	o.Progress.Scaling = &Scaling{Count: o.DesiredCount, Limits: bounds}
	for i := range o.Revisions {
		r := &o.Revisions[i]
		r.Scales, r.Autoscaler = true, &Autoscaler{Limits: bounds}
	}
	for _, edit := range edits {
		edit(&o)
	}
	o.DesiredCount = o.LiveCount(compile)
	o.Plan = compile(o.DesiredCount)
	return o
}

func canaryFor(count int32) Plan  { return sized(canary(), count) }
func batchesFor(count int32) Plan { return compiled(rollingBy(25, 0), count, true) }

// suspended has autoscalers suspended.
func suspended(s map[int64]Suspension) func(o *Observation) {
	return func(o *Observation) {
		for i := range o.Revisions {
			r := &o.Revisions[i]
			if is, some := s[r.Number]; some {
				r.Autoscaler.Suspended = is
			}
		}
	}
}

var both = suspended(map[int64]Suspension{1: inOnly, 2: inOnly})

func suspend(number int64, s Suspension) Action {
	return Action{Kind: ActionSetScaling, Revision: number, Suspended: s}
}

// promoted is a rollout that ended well.
func promotedTo2() Observation {
	o := rolling(2, time.Hour)
	o.Revisions = o.Revisions[1:]
	o.Route.Targets, o.Progress.Written, o.Progress.Observed = to2(), to2(), to2()
	o.Progress.Stable = 2
	r := o.Progress.Rollout
	r.Outcome, r.DecidedAt, r.FinishedAt = v1alpha1.OutcomePromoted, ago(time.Minute), ago(time.Minute)
	return o
}

// rolledBackTo1 is a rollout that ended badly; the stack of the bad revision is gone.
func rolledBackTo1() Observation {
	o := rolling(0, time.Hour)
	o.Route.Targets, o.Progress.Written, o.Progress.Observed = to1(), to1(), to1()
	o.Revisions[1].Wanted, o.Revisions[1].Stack, o.Revisions[1].Backend = false, v1alpha1.RevisionRemoved, ""
	r := o.Progress.Rollout
	r.Outcome, r.DecidedAt, r.FinishedAt = v1alpha1.OutcomeRolledBack, ago(time.Minute), ago(time.Minute)
	return o
}

func TestLiveCount(t *testing.T) {
	count := func(n int32) func(o *Observation) {
		return func(o *Observation) { o.Progress.Scaling.Count = n }
	}
	askedFor := func(n int32) func(o *Observation) {
		return func(o *Observation) { o.Progress.Rollout.AskedCount = n }
	}
	removed := func(o *Observation) {
		o.Scaling, o.Revisions[1].Scales, o.Revisions[1].Autoscaler = nil, false, nil
	}
	workersFor := func(weights ...int32) func(int32) Plan {
		return func(count int32) Plan { return compiled(canaryOf(weights...), count, false) }
	}
	noAutoscaler := func(o *Observation) { o.Revisions[0].Scales, o.Revisions[0].Autoscaler = false, nil }
	for name, tt := range map[string]struct {
		seen Observation
		plan func(int32) Plan
		want int32
	}{
		"nothing serves yet":                   {scaled(fresh(), canaryFor, func(o *Observation) { o.Progress.Scaling = nil }), canaryFor, 3},
		"what serves was scaled out":           {scaled(serving(), canaryFor, health1(tasks(7))), canaryFor, 7},
		"and in again":                         {scaled(serving(), canaryFor, count(7), health1(tasks(4))), canaryFor, 4},
		"beyond what spec allows":              {scaled(serving(), canaryFor, health1(tasks(40))), canaryFor, 30},
		"a schedule allows more":               {scaled(serving(), canaryFor, health1(tasks(40)), func(o *Observation) { o.Revisions[0].Autoscaler.Max = 50 }), canaryFor, 40},
		"switched off":                         {scaled(serving(), canaryFor, health1(tasks(7)), func(o *Observation) { o.DesiredCount = 0 }), canaryFor, 0},
		"switched on again":                    {scaled(serving(), canaryFor, count(7), health1(tasks(0))), canaryFor, 7},
		"nobody looked":                        {scaled(serving(), canaryFor, count(7), health1(Health{})), canaryFor, 7},
		"in a rollout, the most that was":      {scaled(rolling(1, time.Minute), canaryFor, count(9), health1(tasks(4)), health2(tasks(9))), canaryFor, 9},
		"in a rollout, more is needed":         {scaled(rolling(1, time.Minute), canaryFor, count(4), health1(tasks(9)), health2(tasks(4))), canaryFor, 9},
		"a canary is scaled out":               {scaled(rolling(1, time.Minute), canaryFor, count(4), health1(tasks(4)), health2(tasks(11))), canaryFor, 11},
		"a batch is scaled out":                {scaled(batch(1, time.Minute), batchesFor, count(4), health1(tasks(2)), health2(tasks(3))), batchesFor, 5},
		"what serves was shrunk":               {scaled(rolledBackTo1(), batchesFor, count(9), health1(tasks(3)), suspended(map[int64]Suspension{1: all})), batchesFor, 9},
		"what serves has no autoscaler":        {scaled(serving(), canaryFor, count(9), noAutoscaler), canaryFor, 3},
		"what serves is scaled without a word": {scaled(serving(), canaryFor, health1(tasks(8)), func(o *Observation) { o.Scaling, o.Revisions[0].Scales = nil, false }), canaryFor, 8},
		"its autoscaler was taken away":        {scaled(serving(), canaryFor, health1(tasks(8)), func(o *Observation) { o.Revisions[0].Autoscaler = nil }), canaryFor, 8},
		"the first one, in batches":            {scaled(alone(), batchesFor), batchesFor, 3},
		"the first one is scaled out":          {scaled(alone(), batchesFor, func(o *Observation) { o.Revisions[0].Health = tasks(5) }), batchesFor, 5},
		"a trial is scaled out":                {scaled(worker(rolling(0, time.Second)), workersFor(0, 50), count(4), health1(tasks(4)), health2(tasks(2))), workersFor(0, 50), 4},
		"workers on both sides":                {scaled(worker(rolling(0, time.Second)), workersFor(10, 50), count(10), health1(tasks(12)), health2(tasks(3))), workersFor(10, 50), 13},
		"and what was seen of that":            {scaled(worker(rolling(0, time.Second)), workersFor(10, 50), count(13), health1(tasks(12)), health2(tasks(3)), askedFor(3)), workersFor(10, 50), 13},
		"workers whose weight is made smaller": {scaled(worker(rolling(0, time.Second)), workersFor(10), count(10), health1(tasks(5)), health2(tasks(5)), askedFor(5)), workersFor(10), 10},
		"one of a few is the double":           {scaled(batch(0, time.Second), batchesFor, count(4), health1(tasks(4)), health2(tasks(9))), batchesFor, 8},
		"scaling is removed":                   {scaled(batch(1, time.Second), batchesFor, removed, count(20), health1(tasks(10)), suspended(map[int64]Suspension{1: all})), batchesFor, 20},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.seen.DesiredCount != tt.want {
				t.Errorf("%d tasks are needed, want %d", tt.seen.DesiredCount, tt.want)
			}
		})
	}
}

// What autoscalers are told, and that tasks are only added but for what a strategy
// takes.
func TestScaling(t *testing.T) {
	scheduled := func(o *Observation) { o.Revisions[0].Scheduled = true }
	off := func(o *Observation) { o.DesiredCount = 0 }
	wider := func(o *Observation) { o.Scaling = &Limits{Min: 3, Max: 60} }
	last := func(o *Observation) { o.Progress.Scaling.Limits = *o.Scaling }
	count := func(n int32) func(o *Observation) {
		return func(o *Observation) { o.Progress.Scaling.Count = n }
	}
	others := func(o *Observation) { o.Revisions[0].Autoscaler.Suspended = inOnly }
	lowered := func(o *Observation) { o.Revisions[1].Autoscaler.Min = 1 }
	shrunk := suspended(map[int64]Suspension{1: all, 2: grows})
	removed := func(o *Observation) {
		o.Scaling, o.Revisions[1].Scales, o.Revisions[1].Autoscaler = nil, false, nil
	}
	for name, tt := range map[string]struct {
		seen   Observation
		action Action
	}{
		"idle":                          {scaled(serving(), canaryFor), Action{}},
		"idle, scaled out":              {scaled(serving(), canaryFor, health1(tasks(7))), Action{}},
		"idle, beyond what spec allows": {scaled(serving(), canaryFor, health1(tasks(40))), Action{}},
		"idle, below what spec allows":  {scaled(serving(), canaryFor, health1(tasks(2))), scaleTo(1, 3)},
		"idle, suspended by others":     {scaled(serving(), canaryFor, others), suspend(1, nothing)},
		"idle, suspended by us":         {scaled(serving(), canaryFor, suspended(map[int64]Suspension{1: inOnly})), suspend(1, nothing)},
		"idle, nothing known":           {scaled(serving(), canaryFor, health1(tasks(7)), func(o *Observation) { o.Revisions[0].Autoscaler, o.Revisions[0].AutoscalerPending = nil, true }), Action{}},
		"other bounds":                  {scaled(serving(), canaryFor, wider), Action{Kind: ActionSetScaling, Revision: 1, Limits: &Limits{Min: 3, Max: 60}}},
		"other bounds, suspended":       {scaled(serving(), canaryFor, others, wider), Action{Kind: ActionSetScaling, Revision: 1, Limits: &Limits{Min: 3, Max: 60}}},
		"bounds of a schedule":          {scaled(serving(), canaryFor, wider, last, scheduled), Action{}},
		"other bounds, scheduled":       {scaled(serving(), canaryFor, wider, scheduled), Action{Kind: ActionSetScaling, Revision: 1, Limits: &Limits{Min: 3, Max: 60}}},
		"bounds by hand":                {scaled(serving(), canaryFor, wider, last), Action{Kind: ActionSetScaling, Revision: 1, Limits: &Limits{Min: 3, Max: 60}}},
		"both sides, one by one":        {scaled(rolling(1, time.Second), canaryFor), suspend(1, inOnly)},
		"on both sides":                 {scaled(rolling(1, time.Second), canaryFor, suspended(map[int64]Suspension{1: inOnly, 2: nothing})), suspend(2, inOnly)},
		"once":                          {scaled(rolling(1, time.Second), canaryFor, both), Action{}},
		"what others suspended as well": {scaled(rolling(1, time.Second), canaryFor, suspended(map[int64]Suspension{1: all, 2: inOnly})), suspend(1, inOnly)},
		"the old one got more":          {scaled(rolling(1, time.Second), canaryFor, both, health1(tasks(7))), scaleTo(2, 7)},
		"the new one got more":          {scaled(rolling(1, time.Second), canaryFor, both, health2(tasks(7))), scaleTo(1, 7)},
		"no less while it isn't over":   {scaled(rolling(1, time.Second), canaryFor, both, count(7), health1(tasks(7))), scaleTo(2, 7)},
		"a batch: suspended first":      {scaled(batch(1, 15*time.Second), batchesFor, suspended(map[int64]Suspension{1: inOnly, 2: grows})), suspend(1, all)},
		"a batch: no schedule fills it": {scaled(batch(1, time.Second), batchesFor, suspended(map[int64]Suspension{1: all, 2: inOnly})), suspend(2, grows)},
		"a batch of what isn't scaled":  {scaled(batch(1, 15*time.Second, health1(tasks(20))), batchesFor, removed, count(20), suspended(map[int64]Suspension{1: all})), scaleTo(2, 10)},
		"a batch: then shrunk":          {scaled(batch(1, 15*time.Second), batchesFor, shrunk), scaleTo(1, 2)},
		"a batch: not shrunk blindly": {scaled(batch(1, 15*time.Second), batchesFor, shrunk, func(o *Observation) {
			o.Revisions[0].Autoscaler, o.Revisions[0].AutoscalerPending = nil, true
		}), Action{}},
		"a batch: the load rises":        {scaled(batch(1, 15*time.Second), batchesFor, shrunk, health1(tasks(2)), health2(tasks(4))), set(at(80))},
		"a batch: all of them":           {scaled(batch(3, 15*time.Second), batchesFor, shrunk, health1(tasks(0)), lowered), Action{Kind: ActionSetScaling, Revision: 2, Suspended: inOnly, Limits: &bounds}},
		"a batch: a smaller minimum":     {scaled(batch(1, time.Second), batchesFor, shrunk, lowered), Action{}},
		"a batch: remembered first":      {scaled(batch(1, time.Hour, health1(tasks(2))), batchesFor, shrunk, lowered), Action{}},
		"a batch: not all of them":       {scaled(batch(2, -1, health1(tasks(2)), health2(tasks(2))), batchesFor, shrunk, lowered), scaleTo(2, 3)},
		"promoted: resumed":              {scaled(promotedTo2(), canaryFor, suspended(map[int64]Suspension{2: inOnly})), suspend(2, nothing)},
		"rolled back: tasks first":       {scaled(rolledBackTo1(), batchesFor, count(9), health1(tasks(3)), suspended(map[int64]Suspension{1: all})), scaleTo(1, 9)},
		"rolled back: resumed then":      {scaled(rolledBackTo1(), batchesFor, count(9), health1(tasks(9)), suspended(map[int64]Suspension{1: all})), suspend(1, nothing)},
		"rolled back: what is gone":      {scaled(rolledBackTo1(), canaryFor, suspended(map[int64]Suspension{2: inOnly})), Action{}},
		"switched off: suspended first":  {scaled(serving(), canaryFor, off, suspended(map[int64]Suspension{1: nothing})), suspend(1, all)},
		"switched off: then no tasks":    {scaled(serving(), canaryFor, off, suspended(map[int64]Suspension{1: all})), scaleTo(1, 0)},
		"switched off":                   {scaled(serving(), canaryFor, off, health1(tasks(0)), suspended(map[int64]Suspension{1: all})), Action{}},
		"switched on: as many as it had": {scaled(serving(), canaryFor, count(7), health1(tasks(0)), suspended(map[int64]Suspension{1: all})), scaleTo(1, 7)},
		"by hand":                        {scaled(serving(), canaryFor, health1(tasks(8)), func(o *Observation) { o.Scaling, o.Progress.Scaling, o.Revisions[0].Scales = nil, nil, false }), Action{}},
		"by hand, perhaps": {scaled(serving(), canaryFor, health1(tasks(8)), func(o *Observation) {
			o.Scaling, o.Progress.Scaling, o.Revisions[0].Scales, o.Revisions[0].Autoscaler, o.Revisions[0].AutoscalerPending = nil, nil, false, nil, true
		}), Action{}},
		"its autoscaler was taken away":   {scaled(serving(), canaryFor, health1(tasks(8)), func(o *Observation) { o.Revisions[0].Autoscaler = nil }), Action{}},
		"spec has no scaling any more":    {scaled(serving(), canaryFor, suspended(map[int64]Suspension{1: inOnly}), func(o *Observation) { o.Scaling = nil }), suspend(1, nothing)},
		"deleted and kept, forgotten":     {scaled(serving(), canaryFor, both, func(o *Observation) { o.Deleting, o.Policy.Retain, o.Progress.Scaling = true, true, nil }), suspend(1, nothing)},
		"deleted, but everything is kept": {scaled(serving(), canaryFor, both, func(o *Observation) { o.Deleting, o.Policy.Retain = true, true }), suspend(1, nothing)},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(tt.seen, start)
			if diff := cmp.Diff(tt.action, d.Action); diff != "" {
				t.Errorf("action (-want +got):\n%s%s", diff, d.Message)
			}
		})
	}
}

// A rollout that would lose an autoscaler which somebody put there doesn't start.
func TestAutoscalerByHand(t *testing.T) {
	o := scaled(serving(), canaryFor, func(o *Observation) {
		o.WantHash, o.Scaling, o.Progress.Scaling, o.Revisions[0].Scales = "v2", nil, nil, false
		o.Revisions = append(o.Revisions, Revision{Number: 2, Name: "shop-2", Hash: "v2", Stack: v1alpha1.RevisionPending})
	})
	d := Decide(o, start)
	if d.Blocked == nil || d.Blocked.Reason != v1alpha1.ReasonAutoscalerByHand || d.Progress.Rollout != nil {
		t.Errorf("not blocked: %+v", d)
	}
	if d.ScalingReason != v1alpha1.ReasonAutoscalerByHand {
		t.Errorf("not told: %q", d.ScalingReason)
	}
	o.Revisions[0].Autoscaler = nil
	if d := Decide(o, start); d.Blocked != nil || d.Progress.Rollout == nil {
		t.Errorf("blocked without an autoscaler: %+v", d)
	}
}

func TestScalingIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(o *Observation)
		want string
	}{
		"as spec says": {func(*Observation) {}, ""},
		"suspended":    {suspended(map[int64]Suspension{1: inOnly}), ""},
		"taken away":   {func(o *Observation) { o.Revisions[0].Autoscaler = nil }, v1alpha1.ReasonAutoscalerMissing},
		"not known":    {func(o *Observation) { o.Revisions[0].Autoscaler, o.Revisions[0].AutoscalerPending = nil, true }, ""},
	} {
		if d := Decide(scaled(serving(), canaryFor, tt.edit), start); d.ScalingReason != tt.want || (d.ScalingMessage != "") != (tt.want != "") {
			t.Errorf("%s: %q (%s), want %q", name, d.ScalingReason, d.ScalingMessage, tt.want)
		}
	}
}

// A new stack begins with the bounds that schedules gave the old one, if it has
// schedules itself.
func TestNewLimits(t *testing.T) {
	today := Limits{Min: 10, Max: 50}
	for name, tt := range map[string]struct {
		old, new bool
		written  Limits
		want     Limits
	}{
		"no schedules":             {false, false, bounds, bounds},
		"both have schedules":      {true, true, bounds, today},
		"the new one hasn't":       {true, false, bounds, bounds},
		"the old one hadn't":       {false, true, bounds, bounds},
		"spec was changed as well": {true, true, Limits{Min: 1, Max: 2}, bounds},
	} {
		o := scaled(unverified(v1alpha1.RevisionPending), canaryFor, func(o *Observation) {
			o.Revisions[0].Scheduled, o.Revisions[0].Autoscaler.Limits = tt.old, today
			o.Revisions[0].Health = tasks(12)
			o.Revisions[1].Scheduled, o.Revisions[1].Autoscaler, o.Revisions[1].Wanted = tt.new, nil, false
			o.Progress.Scaling.Limits = tt.written
		})
		d := Decide(o, start)
		if d.Action.Kind != ActionProvision || d.Action.Limits == nil || *d.Action.Limits != tt.want || d.Action.Count != 12 {
			t.Errorf("%s: %+v, want %+v", name, d.Action, tt.want)
		}
	}
}

// TestScalingIsRemoved: while the last scaled revision gives its tasks up in batches, its
// count is remembered, so that nothing goes back and forth.
func TestScalingIsRemoved(t *testing.T) {
	o := batch(0, -1)
	o.Progress.Rollout.VerifiedCount = 5
	o.Revisions[0].Scales, o.Revisions[0].Autoscaler = true, &Autoscaler{Limits: bounds, Suspended: inOnly}
	o.Revisions[0].Health, o.Revisions[1].Health = tasks(20), tasks(5)
	now, suspensions := start, 0
	for range 200 {
		if o.Progress.Stable == 2 {
			break
		}
		o.DesiredCount = 10
		o.DesiredCount = o.LiveCount(batchesFor)
		o.Plan = batchesFor(o.DesiredCount)
		if o.DesiredCount != 20 {
			t.Fatalf("%d tasks are needed", o.DesiredCount)
		}
		d := Decide(o, now)
		o.Progress = d.Progress
		switch a := d.Action; a.Kind { //nolint:exhaustive // of others nothing is asked
		case ActionScale:
			for j := range o.Revisions {
				if o.Revisions[j].Number == a.Revision {
					o.Revisions[j].Health = tasks(a.Count)
				}
			}
		case ActionSetScaling:
			suspensions++
			o.Revisions[0].Autoscaler.Suspended = a.Suspended
		case ActionSetTargets:
			o.Route.Targets = a.Targets
		}
		now = now.Add(max(d.After, time.Second))
	}
	if o.Progress.Stable != 2 || suspensions != 1 {
		t.Errorf("revision %d is promoted after %d changes of what is suspended", o.Progress.Stable, suspensions)
	}
}
