package rollout

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// asked is an observation of a rollout that people ask something of.
func asked(o Observation, r Requests, edits ...func(o *Observation)) Observation {
	return with(o, func(o *Observation) {
		o.Requests = r
		if o.Progress.Rollout != nil {
			o.Progress.Rollout.ID = "shop-2.4"
		}
		for _, edit := range edits {
			edit(o)
		}
	})
}

func pausedNow(o *Observation) { o.Paused = true }

// hears checks what is said about requests and that it is said once.
func hears(t *testing.T, o Observation, want ...string) Decision {
	t.Helper()
	d := Decide(o, start)
	var got []string
	for _, n := range d.Notices {
		if n.Warning != (n.Reason == v1alpha1.ReasonRequestIgnored) {
			t.Errorf("%s is a warning: %t", n.Reason, n.Warning)
		}
		said, _, _ := strings.Cut(n.Message, ". ") // what to type follows: TestWhatToTypeInstead
		got = append(got, said)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if d.Progress.Handled != o.Requests {
		t.Errorf("handled %+v, want %+v", d.Progress.Handled, o.Requests)
	}
	o.Progress = d.Progress
	if again := Decide(o, start.Add(time.Second)); len(again.Notices) > 0 {
		t.Errorf("said again: %v", again.Notices)
	}
	return d
}

func TestAbort(t *testing.T) {
	yes := func(name string) string { return "Carrying out viridian.dev/abort=" + name }
	no := func(name, why string) string { return "Ignored viridian.dev/abort=" + name + ": " + why }
	unknown := "it doesn't name the current rollout"
	tests := map[string]struct {
		seen   Observation
		name   string
		says   string
		aborts bool
	}{
		"while the stack is made":         {unverified(v1alpha1.RevisionCreating), "shop-2", yes("shop-2"), true},
		"while it is verified":            {unverified(v1alpha1.RevisionCreated), "shop-2", yes("shop-2"), true},
		"before the first weight":         {rolling(0, -1), "shop-2", yes("shop-2"), true},
		"in a hold":                       {rolling(1, time.Second), "shop-2", yes("shop-2"), true},
		"by the rollout's ID":             {rolling(1, time.Second), "shop-2.4", yes("shop-2.4"), true},
		"while the old one is kept":       {rolling(2, time.Minute), "shop-2", yes("shop-2"), true},
		"while paused":                    {with(rolling(1, time.Second), pausedNow), "shop-2", yes("shop-2"), true},
		"of another rollout of it":        {rolling(1, time.Second), "shop-2.3", no("shop-2.3", unknown), false},
		"of what serves":                  {rolling(1, time.Second), "shop-1", no("shop-1", unknown), false},
		"of nothing that is known":        {rolling(1, time.Second), "yes", no("yes", unknown), false},
		"with nothing under way":          {serving(), "shop-1", no("shop-1", unknown), false},
		"when it is over":                 {finished(v1alpha1.OutcomePromoted, time.Hour), "shop-2", no("shop-2", unknown), false},
		"when it is promoted":             {decided(v1alpha1.OutcomePromoted, to2(), time.Second), "shop-2", no("shop-2", "the rollout is decided already: Promoted"), false},
		"when it is rolled back already":  {decided(v1alpha1.OutcomeRolledBack, at(50), time.Second), "shop-2", no("shop-2", "the rollout is decided already: RolledBack"), false},
		"of the first, before it serves":  {with(alone(), func(o *Observation) { o.Progress.Rollout.VerifiedAt = time.Time{} }), "shop-1", yes("shop-1"), true},
		"of the first, when it serves":    {withRule(alone()), "shop-1", no("shop-1", "the new revision serves already and nothing could take its place"), false},
		"with nothing left to return to":  {with(rolling(2, time.Second), health1(Health{Known: true, Gone: true})), "shop-2", no("shop-2", "the new revision serves already and nothing could take its place"), false},
		"of one that others changed":      {with(rolling(1, time.Second), func(o *Observation) { o.Revisions[1].Tampered = "updated" }), "shop-2", yes("shop-2"), true},
		"of one whose template is gone":   {with(rolling(1, time.Second), func(o *Observation) { o.WantHash = "v3" }), "shop-2", yes("shop-2"), true},
		"of one that just lost its tasks": {with(rolling(1, time.Second), func(o *Observation) { o.Revisions[1].Health = short(0) }), "shop-2", yes("shop-2"), true},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			tt := tests[name]
			d := hears(t, asked(tt.seen, Requests{Abort: tt.name}), tt.says)
			if r := d.Progress.Rollout; tt.aborts != (r != nil && r.Outcome == v1alpha1.OutcomeAborted) {
				t.Errorf("aborted: %t, want %t", !tt.aborts, tt.aborts)
			}
			if tt.aborts && (d.Action.Kind != ActionNone || d.Phase != v1alpha1.PhaseRollingBack) {
				t.Errorf("an outcome must be remembered before its effects: %s, %v", d.Phase, d.Action)
			}
		})
	}
}

// withRule is a first revision that serves.
func withRule(o Observation) Observation {
	return with(o, func(o *Observation) {
		o.Route = Route{Exists: true, Owned: true, Targets: to1()}
		o.Progress.Written, o.Progress.Observed = to1(), to1()
	})
}

func TestPromote(t *testing.T) {
	yes := func(value string) string { return "Carrying out viridian.dev/promote=" + value }
	no := func(value, why string) string { return "Ignored viridian.dev/promote=" + value + ": " + why }
	waiting := with(rolling(1, time.Hour), func(o *Observation) { o.Plan[1].Approval = true })
	tests := map[string]struct {
		seen  Observation
		value string
		says  string
		// step and full that the request leads to, from 0.
		step int
		full bool
	}{
		"step in its hold: next":                 {rolling(1, 20*time.Second), "shop-2/2", yes("shop-2/2"), 2, false},
		"step in its hold, by the ID":            {rolling(1, 20*time.Second), "shop-2.4/2", yes("shop-2.4/2"), 2, false},
		"step not on every node yet: not before": {rolling(1, 14*time.Second), "shop-2/2", yes("shop-2/2"), 1, false},
		"step before its weight is written":      {rolling(1, -1), "shop-2/2", yes("shop-2/2"), 1, false},
		"approval":                               {waiting, "shop-2/2", yes("shop-2/2"), 2, false},
		"approval, for the step before":          {waiting, "shop-2/1", no("shop-2/1", "step 1 is not under way, step 2 is"), 1, false},
		"approval, for the step after":           {waiting, "shop-2/3", no("shop-2/3", "step 3 is not under way, step 2 is"), 1, false},
		"approval, by full":                      {waiting, "shop-2/full", yes("shop-2/full"), 2, true},
		"full in step 1":                         {rolling(0, time.Second), "shop-2/full", yes("shop-2/full"), 2, true},
		"full before it is verified":             {unverified(v1alpha1.RevisionCreated), "shop-2/full", yes("shop-2/full"), 0, true},
		"full while the old one is kept":         {rolling(2, time.Second), "shop-2/full", yes("shop-2/full"), 2, true},
		"step not verified":                      {unverified(v1alpha1.RevisionCreated), "shop-2/1", no("shop-2/1", "the new revision is not verified yet"), 0, false},
		"paused":                                 {with(rolling(1, time.Second), pausedNow), "shop-2/2", no("shop-2/2", "spec.paused is true"), 1, false},
		"paused, full":                           {with(rolling(1, time.Second), pausedNow), "shop-2/full", no("shop-2/full", "spec.paused is true"), 1, false},
		"no step":                                {rolling(1, time.Second), "shop-2", no("shop-2", "it must read shop-2/<step>, shop-2/full, or shop-2/<gate> of a gate that waits for approval"), 1, false},
		"no number":                              {rolling(1, time.Second), "shop-2/all", no("shop-2/all", "it must read shop-2/<step>, shop-2/full, or shop-2/<gate> of a gate that waits for approval"), 1, false},
		"other revision":                         {rolling(1, time.Second), "shop-3/full", no("shop-3/full", "it doesn't name the current rollout"), 1, false},
		"nothing":                                {rolling(1, time.Second), "/", no("/", "it doesn't name the current rollout"), 1, false},
		"decided":                                {decided(v1alpha1.OutcomeRolledBack, at(50), time.Second), "shop-2/full", no("shop-2/full", "the rollout is decided already: RolledBack"), 1, false},
		"over":                                   {finished(v1alpha1.OutcomePromoted, time.Hour), "shop-2/full", no("shop-2/full", "it doesn't name the current rollout"), 1, false},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			tt := tests[name]
			d := hears(t, asked(tt.seen, Requests{Promote: tt.value}), tt.says)
			if r := d.Progress.Rollout; r.Step != tt.step || r.Full != tt.full {
				t.Errorf("at step %d, full: %t; want step %d, full: %t", r.Step, r.Full, tt.step, tt.full)
			}
		})
	}
}

// The last step can be ended by hand too; a rollout that left steps out says so.
func TestPromoteEndsBaking(t *testing.T) {
	baking := rolling(2, 20*time.Second)
	tests := map[string]struct {
		seen Observation
		want v1alpha1.Outcome
	}{
		"last step ended": {asked(baking, Requests{Promote: "shop-2/3"}), v1alpha1.OutcomePromoted},
		"kept its time":   {rolling(2, time.Hour), v1alpha1.OutcomePromoted},
		"at once":         {with(rolling(2, time.Hour), func(o *Observation) { o.Progress.Rollout.Full = true }), v1alpha1.OutcomeFastPromoted},
		"full keeps the old one all the same": {
			with(baking, func(o *Observation) { o.Progress.Rollout.Full = true }), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Decide(tt.seen, start).Progress.Rollout.Outcome; got != tt.want {
				t.Errorf("outcome is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRetry(t *testing.T) {
	yes := func(name string) string { return "Carrying out viridian.dev/retry=" + name }
	no := func(name, why string) string { return "Ignored viridian.dev/retry=" + name + ": " + why }
	nothing := "it names no rollout that failed or was aborted"
	over := func(outcome v1alpha1.Outcome) Observation {
		return with(finished(outcome, time.Hour), func(o *Observation) {
			gone(&o.Revisions[1])
			o.Progress.Retiring = nil
		})
	}
	changed := with(over(v1alpha1.OutcomeRolledBack), func(o *Observation) { o.WantHash = "v3" })
	back := with(over(v1alpha1.OutcomeRolledBack), func(o *Observation) { o.WantHash = "v1" })
	ofOneTemplate := func(o *Observation) {
		other := o.Revisions[1]
		other.Number, other.Name, other.Hash = 3, "shop-3", "v3"
		o.Revisions = append(o.Revisions, other)
		for i := range o.Revisions {
			o.Revisions[i].Template = "template"
		}
	}
	otherValues, oldValues := with(changed, ofOneTemplate), with(back, ofOneTemplate)
	tests := map[string]struct {
		seen  Observation
		name  string
		says  string
		start bool
	}{
		"rolled back":               {over(v1alpha1.OutcomeRolledBack), "shop-2", yes("shop-2"), true},
		"rolled back, by the ID":    {over(v1alpha1.OutcomeRolledBack), "shop-2.4", yes("shop-2.4"), true},
		"aborted":                   {over(v1alpha1.OutcomeAborted), "shop-2", yes("shop-2"), true},
		"failed":                    {over(v1alpha1.OutcomeFailed), "shop-2", yes("shop-2"), true},
		"failed, while paused":      {with(over(v1alpha1.OutcomeFailed), pausedNow), "shop-2", yes("shop-2"), false},
		"an attempt before":         {over(v1alpha1.OutcomeRolledBack), "shop-2.3", no("shop-2.3", nothing), false},
		"promoted":                  {finished(v1alpha1.OutcomePromoted, time.Hour), "shop-2", no("shop-2", nothing), false},
		"under way":                 {rolling(1, time.Second), "shop-2", no("shop-2", nothing), false},
		"on its way back":           {decided(v1alpha1.OutcomeAborted, at(50), 0), "shop-2", no("shop-2", "traffic is still returning: try again when that is done"), false},
		"another revision":          {over(v1alpha1.OutcomeRolledBack), "shop-1", no("shop-1", nothing), false},
		"nothing ever was":          {serving(), "shop-2", no("shop-2", nothing), false},
		"the template has changed":  {changed, "shop-2", no("shop-2", "spec.template has changed since"), false},
		"the template is back":      {back, "shop-2", no("shop-2", "spec.template has changed since"), false},
		"other values are current":  {otherValues, "shop-2", yes("shop-2"), true},
		"the old values are back":   {oldValues, "shop-2", no("shop-2", "spec.template has changed since"), false},
		"its stack is still there":  {finished(v1alpha1.OutcomeRolledBack, time.Second), "shop-2", yes("shop-2"), true},
		"its record is on its way":  {with(over(v1alpha1.OutcomeRolledBack), func(o *Observation) { o.Revisions[1].Deleting = true }), "shop-2", no("shop-2", "spec.template has changed since"), false},
		"its stack has failed":      {with(finished(v1alpha1.OutcomeRolledBack, time.Second), func(o *Observation) { o.Revisions[1].Stack = v1alpha1.RevisionFailed }), "shop-2", yes("shop-2"), false},
		"it was bad as stable died": {with(over(v1alpha1.OutcomeRolledBack), func(o *Observation) { o.Policy.BlockUnhealthy = true; o.Revisions[0].Health = short(1) }), "shop-2", yes("shop-2"), false},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			tt := tests[name]
			d := hears(t, asked(tt.seen, Requests{Retry: tt.name}), tt.says)
			r := d.Progress.Rollout
			started := r != nil && r.Cause == v1alpha1.CauseRetry
			if started != tt.start {
				t.Errorf("started: %t, want %t", started, tt.start)
			}
			if request := "viridian.dev/retry=" + tt.name; started && r.Request != request {
				t.Errorf("the rollout is said to follow from %q, not %q", r.Request, request)
			}
			if accepted := strings.HasPrefix(tt.says, "Carrying"); accepted && !started && !r.Retried {
				t.Error("the request is lost")
			}
		})
	}
}

// All three requests at once: an abort wins over a promotion.
func TestRequestsTogether(t *testing.T) {
	d := hears(t, asked(rolling(1, time.Hour), Requests{Promote: "shop-2/full", Abort: "shop-2", Retry: "shop-2"}),
		"Carrying out viridian.dev/abort=shop-2",
		"Ignored viridian.dev/promote=shop-2/full: the rollout is decided already: Aborted",
		"Ignored viridian.dev/retry=shop-2: traffic is still returning: try again when that is done")
	if d.Progress.Rollout.Outcome != v1alpha1.OutcomeAborted || d.Progress.Rollout.Full {
		t.Errorf("the abort doesn't win: %+v", d.Progress.Rollout)
	}
}

// What was handled is not heard again, even if it would make sense by now; an
// annotation that is removed and set again is.
func TestRequestsAreHandledOnce(t *testing.T) {
	old := asked(rolling(1, time.Second), Requests{Promote: "shop-2/full", Abort: "shop-2", Retry: "shop-2"}, func(o *Observation) {
		o.Progress.Handled = o.Requests
	})
	d := hears(t, old)
	if r := d.Progress.Rollout; r.Outcome != "" || r.Full {
		t.Errorf("an old request acts: %+v", r)
	}
	old.Requests = Requests{}
	removed := hears(t, old)
	old.Progress, old.Requests = removed.Progress, Requests{Abort: "shop-2"}
	hears(t, old, "Carrying out viridian.dev/abort=shop-2")
}

// While something is in the way, a request waits, which is told, once. It is
// carried out afterwards, even if its annotation is gone by then: Flux removes
// what isn't in Git.
func TestRequestsWait(t *testing.T) {
	for name, edit := range map[string]func(o *Observation){
		"someone else's rule": func(o *Observation) {
			o.Blocked = &Blocked{Reason: v1alpha1.ReasonRouteConflict, Message: "The rule is taken"}
		},
		"not adopted yet":   func(o *Observation) { o.Route.Adopted, o.Route.Owned = true, false },
		"a stack not found": func(o *Observation) { o.Lost = []int64{3} },
	} {
		t.Run(name, func(t *testing.T) {
			o := asked(rolling(1, time.Second), Requests{Abort: "shop-2"}, edit)
			d := Decide(o, start)
			if len(d.Notices) != 1 || d.Notices[0].Reason != v1alpha1.ReasonRequestWaiting || d.Progress.Rollout.Outcome != "" {
				t.Fatalf("not told that it waits: %v, %+v", d.Notices, d.Progress.Rollout)
			}
			if o.Blocked != nil && !strings.HasSuffix(d.Notices[0].Message, "nothing is in the way: The rule is taken") {
				t.Errorf("doesn't say for what it waits: %s", d.Notices[0].Message)
			}
			o.Progress, o.Requests = d.Progress, Requests{}
			if d = Decide(o, start); len(d.Notices) > 0 || d.Progress.Waiting.Abort != "shop-2" {
				t.Fatalf("told again, or forgotten: %v, %+v", d.Notices, d.Progress.Waiting)
			}
			over := asked(rolling(1, time.Second), Requests{})
			over.Progress.Waiting = d.Progress.Waiting
			if d = hears(t, over, "Carrying out viridian.dev/abort=shop-2"); d.Progress.Rollout.Outcome != v1alpha1.OutcomeAborted || d.Progress.Waiting != (Requests{}) {
				t.Errorf("not carried out: %+v, waiting %+v", d.Progress.Rollout, d.Progress.Waiting)
			}
		})
	}
}

// In a deletion a request is moot.
func TestRequestsInADeletion(t *testing.T) {
	d := Decide(asked(rolling(1, time.Second), Requests{Abort: "shop-2"}, func(o *Observation) { o.Deleting = true }), start)
	if len(d.Notices) > 0 || d.Progress.Waiting != (Requests{}) || d.Progress.Rollout.Outcome != "" {
		t.Errorf("heard: %v, %+v", d.Notices, d.Progress.Rollout)
	}
}

// What waits is replaced by a new value, and isn't heard twice.
func TestRequestsKept(t *testing.T) {
	for name, tt := range map[string]struct {
		waiting, asked, handled, want string
	}{
		"asked":                   {"", "shop-2", "", "shop-2"},
		"asked another":           {"shop-1", "shop-2", "", "shop-2"},
		"removed":                 {"shop-2", "", "", "shop-2"},
		"handled":                 {"", "shop-2", "shop-2", ""},
		"handled, another waits":  {"shop-2.4", "shop-2", "shop-2", "shop-2.4"},
		"handled, then set again": {"", "shop-2", "", "shop-2"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Progress{Waiting: Requests{Retry: tt.waiting}, Handled: Requests{Retry: tt.handled}}
			got, notices := KeepRequests(p, Requests{Retry: tt.asked}, "AWS is away")
			if got.Retry != tt.want || len(notices) > 0 != (tt.want != tt.waiting) {
				t.Errorf("waiting is %q, want %q; told %v", got.Retry, tt.want, notices)
			}
		})
	}
}

// Who asks in vain is told what to type instead, and that is heard.
func TestWhatToTypeInstead(t *testing.T) {
	annotate := "kubectl annotate imd shop -n demo --overwrite --field-manager=oncall viridian.dev/"
	over := finished(v1alpha1.OutcomeRolledBack, time.Hour)
	gated := func(o *Observation) {
		o.Gates = []Gate{{Name: "sign-off", At: v1alpha1.AfterStep, Approval: true}}
		o.Progress.Rollout.Gates = []GateRun{{Name: "sign-off", At: v1alpha1.AfterStep, Step: 2, State: v1alpha1.GateRunning}}
	}
	for name, tt := range map[string]struct {
		seen Observation
		asks Requests
		says string
	}{
		"abort of another rollout":      {rolling(1, time.Second), Requests{Abort: "shop-9"}, "To abort: " + annotate + "abort=shop-2"},
		"abort of nothing":              {serving(), Requests{Abort: "shop-1"}, "No rollout is in progress"},
		"promotion of another step":     {rolling(1, time.Second), Requests{Promote: "shop-2/1"}, "To promote: " + annotate + "promote=shop-2/2"},
		"promotion without a step":      {rolling(1, time.Second), Requests{Promote: "shop-2"}, "To promote: " + annotate + "promote=shop-2/2"},
		"promotion of what isn't ready": {unverified(v1alpha1.RevisionCreated), Requests{Promote: "shop-2/1"}, "To promote: " + annotate + "promote=shop-2/full"},
		"promotion of a gate":           {with(rolling(1, time.Second), gated), Requests{Promote: "shop-2/signoff"}, "To promote: " + annotate + "promote=shop-2/sign-off/2"},
		"promotion in a pause": {with(rolling(1, time.Second), pausedNow), Requests{Promote: "shop-2/2"},
			"End the pause first: kubectl patch imd shop -n demo --field-manager=oncall --type merge -p '{\"spec\":{\"paused\":false}}'; then: " + annotate + "promote=shop-2.4/2"},
		"retry of another rollout": {over, Requests{Retry: "shop-1"}, "To try again: " + annotate + "retry=shop-2"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.seen.Namespace = "demo"
			d := Decide(asked(tt.seen, tt.asks), start)
			if len(d.Notices) != 1 || !strings.HasSuffix(d.Notices[0].Message, ". "+tt.says) || d.Notices[0].Request == "" {
				t.Errorf("says %v, want %q at the end", d.Notices, tt.says)
			}
		})
	}
}

// A promotion under a rule that others changed is heard, and says for what it
// waits.
func TestPromoteInDrift(t *testing.T) {
	d := Decide(asked(rolling(1, time.Hour), Requests{Promote: "shop-2/2"}, func(o *Observation) { o.Route.Targets = to1() }), start)
	if len(d.Notices) != 1 || d.Notices[0].Message != "Carrying out viridian.dev/promote=shop-2/2, once the production rule routes as it should again" || d.Progress.Rollout.ApprovedStep != 2 {
		t.Errorf("says %v, and approved is step %d", d.Notices, d.Progress.Rollout.ApprovedStep)
	}
}

func TestPaused(t *testing.T) {
	hold := func(o Observation) Observation { return with(o, pausedNow) }
	says := func(o Observation) verdict {
		v := judge(Decision{Progress: o.Progress, Phase: v1alpha1.PhasePaused, Reason: v1alpha1.ReasonPaused, After: poll})
		return v
	}
	failed := finished(v1alpha1.OutcomeRolledBack, time.Hour)
	unmade := with(serving(), func(o *Observation) { o.WantHash = "v2" })
	back := decided(v1alpha1.OutcomeRolledBack, at(50), time.Minute)
	scaled := with(serving(), func(o *Observation) { o.DesiredCount = 5 })
	complete := verdict{Phase: v1alpha1.PhaseComplete, Reason: v1alpha1.ReasonComplete, After: resync, Stable: 1}
	scaling := verdict{Phase: v1alpha1.PhaseScaling, Reason: v1alpha1.ReasonScaling, After: poll, Stable: 1}
	first := says(fresh())
	first.Phase = v1alpha1.PhasePending
	lost := with(rolling(1, time.Second), func(o *Observation) { o.Revisions[1].Health = short(0) })
	overdue := with(unverified(v1alpha1.RevisionCreating), func(o *Observation) { o.Progress.Rollout.ProgressedAt = ago(time.Hour) })
	decideAll(t, map[string]row{
		"nothing is made yet":              {hold(fresh()), first},
		"a new template waits":             {hold(unmade), says(unmade)},
		"a stack that isn't asked for":     {hold(unverified(v1alpha1.RevisionRemoved)), says(unverified(v1alpha1.RevisionRemoved))},
		"the deadline does not count":      {hold(overdue), says(overdue)},
		"a verified one gets no traffic":   {hold(rolling(0, -1)), says(rolling(0, -1))},
		"a hold that is over stays":        {hold(rolling(0, time.Hour)), says(rolling(0, time.Hour))},
		"all traffic, not promoted":        {hold(rolling(2, time.Hour)), says(rolling(2, time.Hour))},
		"lost health waits for people":     {hold(lost), says(lost)},
		"a rollback goes on":               {hold(back), asking(verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}, set(to1()))},
		"a promotion goes on":              {hold(finished(v1alpha1.OutcomePromoted, time.Hour)), judge(Decide(finished(v1alpha1.OutcomePromoted, time.Hour), start))},
		"a failure is told, not the pause": {hold(failed), judge(Decide(failed, start))},
		"what serves is scaled":            {hold(scaled), asking(with0(scaling), Action{Kind: ActionScale, Revision: 1, Count: 5})},
		"nothing to do: nothing to pause":  {hold(serving()), complete},
		"a deletion isn't held up":         {with(hold(rolling(1, time.Second)), func(o *Observation) { o.Deleting = true }), asking(verdict{Phase: v1alpha1.PhaseDeleting, Reason: v1alpha1.ReasonDeleting, Stable: 1, Rollout: 2, Step: 1, Reached: true}, Action{Kind: ActionDeleteRule})},
		"time frozen is no time of a hold": {with(rolling(0, time.Hour), func(o *Observation) { o.Progress.BlockedSince = ago(59*time.Minute + 30*time.Second) }), verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Stable: 1, Rollout: 2, Reached: true}},
		"time frozen is no time to be whole": {with(with(rolling(1, time.Hour), func(o *Observation) {
			o.Progress.Rollout.StepReachedAt = ago(50 * time.Minute)
			o.Revisions[1].Health = short(2)
			o.Progress.Rollout.UnhealthySince = ago(49 * time.Minute)
		}), func(o *Observation) { o.Progress.BlockedSince = ago(49 * time.Minute) }), verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Stable: 1, Rollout: 2, Step: 1, Reached: true}},
	})
	d := Decide(hold(rolling(1, time.Second)), start)
	if d.Blocked == nil || !d.Blocked.Awaited || !strings.Contains(d.Blocked.Remedy, `kubectl patch imd shop`) {
		t.Errorf("people aren't told how to go on: %+v", d.Blocked)
	}
}

// with0 is a verdict that looks again at once.
func with0(v verdict) verdict {
	v.After = 0
	return v
}

func TestApproval(t *testing.T) {
	waiting := func(reached time.Duration, edits ...func(o *Observation)) Observation {
		return asked(rolling(1, reached), Requests{}, append([]func(o *Observation){func(o *Observation) {
			o.Plan = slices.Clone(o.Plan)
			o.Plan[1].Approval = true
		}}, edits...)...)
	}
	holds := verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Stable: 1, Rollout: 2, Step: 1, Reached: true}
	waits := verdict{Phase: v1alpha1.PhasePaused, Reason: v1alpha1.ReasonAwaitingApproval, After: poll, Stable: 1, Rollout: 2, Step: 1, Reached: true}
	next := verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, Stable: 1, Rollout: 2, Step: 2}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	decideAll(t, map[string]row{
		"not before the hold is over":   {waiting(time.Minute), holds},
		"then it waits":                 {waiting(time.Hour), waits},
		"for longer than the deadline":  {waiting(48 * time.Hour), waits},
		"approved":                      {waiting(time.Hour, func(o *Observation) { o.Progress.Rollout.ApprovedStep = 2 }), next},
		"approved before the hold ends": {waiting(20*time.Second, func(o *Observation) { o.Progress.Rollout.ApprovedStep = 2 }), next},
		"the step before was approved":  {waiting(time.Hour, func(o *Observation) { o.Progress.Rollout.ApprovedStep = 1 }), waits},
		"health lost while it waits":    {waiting(time.Hour, func(o *Observation) { o.Revisions[1].Health = short(0) }), back},
	})
	d := Decide(waiting(time.Hour, func(o *Observation) {
		o.Requests = Requests{Promote: "shop-2/2", Abort: "shop-2"}
		o.Progress.Handled = o.Requests
	}), start)
	for _, value := range []string{v1alpha1.AnnotationPromote + "=shop-2.4/2", v1alpha1.AnnotationAbort + "=shop-2.4"} {
		if !strings.Contains(d.Message, value) {
			t.Errorf("says %q, want it to name a value that wasn't handled before: %s", d.Message, value)
		}
	}
}

// A revision that someone else laid hands on stops its rollout, not what
// serves.
func TestTampered(t *testing.T) {
	tampered := func(o Observation, number int) Observation {
		return with(o, func(o *Observation) { o.Revisions[number-1].Tampered = "its preview rule was deleted" })
	}
	stops := verdict{Phase: v1alpha1.PhasePaused, Reason: v1alpha1.ReasonStackChanged, After: poll, Stable: 1, Rollout: 2, Step: 1, Reached: true}
	holds := verdict{Phase: v1alpha1.PhaseShifting, Reason: reasonShifting, After: poll, Stable: 1, Rollout: 2, Step: 1, Reached: true}
	superseded := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonSuperseded, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeSuperseded}
	back := verdict{Phase: v1alpha1.PhaseRollingBack, Reason: v1alpha1.ReasonRollingBack, Stable: 1, Rollout: 2, Step: 1, Reached: true, Outcome: v1alpha1.OutcomeRolledBack}
	both := tampered(tampered(rolling(1, time.Second), 1), 2)
	decideAll(t, map[string]row{
		"the new one":                             {tampered(rolling(1, time.Second), 2), stops},
		"the new one, though its hold is over":    {tampered(rolling(1, time.Hour), 2), stops},
		"the new one, with a request for another": {asked(tampered(rolling(1, time.Hour), 2), Requests{Abort: "shop-9"}), stops},
		"both":                                   {both, stops},
		"the old one":                            {tampered(rolling(1, 30*time.Second), 1), holds},
		"the new one, but the template changed":  {with(tampered(rolling(1, time.Second), 2), func(o *Observation) { o.WantHash = "v3" }), superseded},
		"the new one, which died of it":          {with(tampered(rolling(1, time.Second), 2), func(o *Observation) { o.Revisions[1].Health = short(0) }), back},
		"the new one, whose stack is gone of it": {with(tampered(rolling(1, time.Second), 2), func(o *Observation) { o.Revisions[1].Stack = v1alpha1.RevisionFailed }), back},
		"the new one, but it is on its way back": {tampered(decided(v1alpha1.OutcomeRolledBack, at(50), 0), 2), judge(Decide(decided(v1alpha1.OutcomeRolledBack, at(50), 0), start))},
	})
	first := withRule(alone())
	if got := Decide(tampered(first, 1), start); got.Phase != Decide(first, start).Phase || got.Drifted != "shop-1: its preview rule was deleted" {
		t.Errorf("the first one, which serves: %s, drifted %q", got.Phase, got.Drifted)
	}
	if got := Decide(tampered(serving(), 1), start).Drifted; got != "shop-1: its preview rule was deleted" {
		t.Errorf("what serves was tampered with, which is reported as %q", got)
	}
	if d := Decide(both, start); !strings.Contains(d.Message, "rolled out: shop-2:") {
		t.Errorf("says %q, want it to name the revision that is rolled out", d.Message)
	}
}
