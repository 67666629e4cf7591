package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// What every test's world starts with.
var start = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

const (
	foreignGroup  = "tg-foreign"
	originalGroup = "tg-original"
	drainTime     = 30 * time.Second
)

func policy() Policy {
	return Policy{
		ProgressDeadline: 30 * time.Minute,
		Unhealthy:        time.Minute,
		Propagation:      15 * time.Second,
		Poll:             15 * time.Second,
		Resync:           10 * time.Minute,
		HistoryLimit:     5,
	}
}

func canary() Plan {
	return Plan{{Weight: 10, Hold: time.Minute}, {Weight: 50, Hold: 2 * time.Minute}, {Weight: 100, Hold: 5 * time.Minute}}
}

// sized is a plan in which both revisions keep all their tasks.
func sized(plan Plan, count int32) Plan {
	out := slices.Clone(plan)
	for i := range out {
		out[i].New, out[i].Old = count, count
	}
	return out
}

func blueGreen() Plan { return Plan{{Weight: 100, Hold: 5 * time.Minute}} }

// world is a model of Kubernetes and AWS that has the effects which Decide asks
// for: stacks take their time, health follows, the rule changes at once.
type world struct {
	now      time.Time
	deleting bool
	template string
	count    int32
	plan     Plan
	// strategy is compiled to the plan where it is set.
	strategy *v1alpha1.Strategy
	keep     int32
	paused   bool
	requests Requests
	policy   Policy
	stacks   []*stack
	rule     Route
	blocked  *Blocked
	// refused is true while the namespace may not use what spec names.
	refused  bool
	progress Progress
	finished bool
	// passed are the states that it went through.
	passed trail

	// failing templates get no stack, sick ones no healthy task, bad ones fail
	// what is measured.
	failing, sick, bad map[string]string
	// restless templates have tasks that stop again and again.
	restless map[string]int32
	// alarm tells which alarm is on, unread is true while nobody knows, trouble
	// is what is wrong with the alarms themselves.
	alarm   string
	unread  bool
	trouble *Blocked
	// measures is true when there is something to measure; blind is true
	// while there are no data. Data come a while after a step is in effect.
	measures, blind bool
	// images is what scans of a template's images say.
	images map[string]Images
	gates  []Gate
	// answers are what gates will say; a call takes callTime.
	answers  map[string]Answer
	calls    map[string]time.Time
	callTime time.Duration

	createTime, healthTime, deleteTime, stopTime time.Duration

	// spread is how long a change of the route is pending; changed is when it
	// was made last.
	spread  time.Duration
	changed time.Time
}

// trail are the transitions between the states of a deployment. A decision of no
// state, as while it is blocked, leaves it in the one that it is in.
type trail struct {
	at    State
	taken map[transition]int
}

type transition struct{ from, to State }

func (t *trail) note(d Decision) {
	if t.taken == nil {
		t.taken = map[transition]int{}
	}
	if t.at != "" && d.State != "" && t.at != d.State {
		t.taken[transition{t.at, d.State}]++
	}
	t.at = cmp.Or(d.State, t.at)
}

// stack is an ImmutableRevision and its stack.
type stack struct {
	Revision
	// count is how many tasks its service shall have; before and changedAt are
	// how many it had, and until when. A new stack starts with initial.
	count, before, initial int32
	changedAt              time.Time
	readyAt                time.Time
	// flap is why a service that was healthy is short of tasks, and how many
	// it has left.
	flap string
	left int32
}

func newWorld() *world {
	return &world{
		now: start, template: "v1", count: 3, plan: canary(), policy: policy(),
		failing: map[string]string{}, sick: map[string]string{}, bad: map[string]string{}, restless: map[string]int32{},
		images: map[string]Images{}, answers: map[string]Answer{}, calls: map[string]time.Time{}, callTime: 20 * time.Second,
		createTime: 3 * time.Minute, healthTime: 20 * time.Second, deleteTime: 2 * time.Minute,
		stopTime: 10 * time.Second,
	}
}

// adopting makes the world one with a rule of someone else to take over.
func (w *world) adopting() *world {
	w.rule = Route{Adopted: true, Exists: true, Targets: Targets{{originalGroup, 1}}}
	return w
}

// worker makes the world one without a load balancer.
func (w *world) worker() *world {
	w.rule = Route{None: true}
	return w
}

// compile is the plan of the strategy, or else the plan as it is.
func (w *world) compile() Plan {
	if w.strategy == nil {
		return sized(w.plan, w.count)
	}
	spec := v1alpha1.ImmutableDeploymentSpec{Strategy: *w.strategy, Rollback: v1alpha1.Rollback{KeepOldSeconds: &w.keep}}
	return Compile(&spec, w.count, !w.rule.None)
}

func (w *world) recreates() bool {
	return w.strategy != nil && w.strategy.Type == v1alpha1.StrategyRecreate
}

func (w *world) stack(number int64) *stack {
	for _, s := range w.stacks {
		if s.Number == number {
			return s
		}
	}
	return nil
}

// settle brings stacks to where they are by now.
func (w *world) settle() {
	w.stacks = slices.DeleteFunc(w.stacks, func(s *stack) bool {
		if s.Retained {
			return s.Deleting
		}
		if !w.now.Before(s.readyAt) {
			w.advance(s)
		}
		return s.Deleting && s.Stack == v1alpha1.RevisionRemoved
	})
}

// advance brings a stack from one state to the next.
func (w *world) advance(s *stack) {
	keep := s.Wanted && !s.Deleting
	switch s.Stack {
	case v1alpha1.RevisionPending, v1alpha1.RevisionRemoved:
		if !keep {
			s.Stack = v1alpha1.RevisionRemoved
			break
		}
		s.Stack, s.Cause, s.readyAt = v1alpha1.RevisionCreating, "", w.now.Add(w.createTime)
		s.count, s.before, s.changedAt = s.initial, 0, s.readyAt
	case v1alpha1.RevisionCreating:
		s.Stack = v1alpha1.RevisionCreated
		if !w.rule.None {
			s.Backend = "tg-" + s.Name
		}
		if cause := w.failing[s.Hash]; cause != "" {
			s.Stack, s.Cause, s.Backend = v1alpha1.RevisionFailed, cause, ""
		}
	case v1alpha1.RevisionDeleting:
		s.Stack, s.Backend, s.flap = v1alpha1.RevisionRemoved, "", ""
	case v1alpha1.RevisionCreated, v1alpha1.RevisionFailed, v1alpha1.RevisionDeleteFailed:
	}
	if !keep && (s.Stack == v1alpha1.RevisionCreated || s.Stack == v1alpha1.RevisionFailed) {
		s.Stack, s.readyAt = v1alpha1.RevisionDeleting, w.now.Add(w.deleteTime)
	}
}

func (w *world) observe() Observation {
	w.settle()
	o := Observation{
		Namespace: "demo", Name: "shop", Deleting: w.deleting, WantHash: w.template, DesiredCount: w.count,
		Plan: w.compile(), Recreate: w.recreates(), Policy: w.policy, Route: w.rule, Blocked: w.blocked,
		Paused: w.paused, Requests: w.requests, Progress: w.progress.clone(),
	}
	o.Route.Targets = slices.Clone(w.rule.Targets)
	o.Route.Pending = w.spread > 0 && w.now.Before(w.changed.Add(w.spread))
	for _, s := range w.stacks {
		r := s.Revision
		rolled := w.progress.Rollout.active() && w.progress.Rollout.Revision == r.Number
		if !w.deleting && r.Wanted && r.Stack == v1alpha1.RevisionCreated && (r.Number == w.progress.Stable || rolled) {
			r.Health = w.health(s)
		}
		o.Revisions = append(o.Revisions, r)
	}
	w.verify(&o)
	if w.refused && o.NeedsPolicy(w.now) {
		o.NotAllowed = &Blocked{Reason: v1alpha1.ReasonNotAllowed, Message: "Namespace demo may not use vpc-1", Remedy: "Ask"}
	}
	return o
}

// verify reads what EvidenceNeeded says.
func (w *world) verify(o *Observation) {
	o.Gates, o.Answers = w.gates, w.answered()
	needed := o.EvidenceNeeded()
	if needed.Alarms {
		o.Analysis.Unread, o.Analysis.Trouble = w.unread, w.trouble
		if !w.unread {
			o.Analysis.Firing = w.alarm
			if name, _, found := strings.Cut(w.alarm, ":"); found {
				o.Analysis.FiringARNs = []string{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:" + name}
			}
		}
	}
	for i := range o.Revisions {
		r := &o.Revisions[i]
		if r.Number == needed.Vetted {
			r.Images = w.images[r.Hash]
		}
		if r.Number == needed.Rolled && r.Health.Known {
			r.Health.Restarts, r.Health.RestartCause = w.restless[r.Hash], "exit code 1"
		}
		if m := needed.Measured; m != nil && w.measures && r.Number == m.Revision {
			o.Analysis.Checks = []v1alpha1.Verdict{w.check(m, r)}
		}
	}
}

// check is what is measured of a revision.
func (w *world) check(m *Measured, r *Revision) v1alpha1.Verdict {
	v := v1alpha1.Verdict{Source: v1alpha1.SourceMetric, Name: "errors", Step: m.Step, Weight: m.Weight, Result: v1alpha1.ResultPass, Message: "ErrorRate 0.1% <= 1%"}
	bad := w.bad[r.Hash]
	switch {
	case w.now.Before(m.Since.Add(90 * time.Second)):
		v.Result, v.Message = v1alpha1.ResultPending, "no complete minute yet"
	case w.blind:
		v.Result, v.Message = v1alpha1.ResultInconclusive, "ErrorRate: 12 of 50 requests needed"
	case bad != "":
		v.Result, v.Message = v1alpha1.ResultFail, bad
	}
	return v
}

// answered is what the calls of gates have led to by now.
func (w *world) answered() map[string]Answer {
	out := map[string]Answer{}
	for made, at := range w.calls {
		id, key, _ := strings.Cut(made, "|")
		if r := w.progress.Rollout; r == nil || r.ID != id {
			continue
		}
		out[key] = Answer{State: AnswerAsked}
		if !w.now.Before(at.Add(w.callTime)) {
			name, _, _ := strings.Cut(key, "/")
			answer, known := w.answers[key]
			if !known {
				answer, known = w.answers[name]
			}
			if !known {
				answer = Answer{State: AnswerYes, Output: "fine"}
			}
			out[key] = answer
		}
	}
	return out
}

// health is what ECS and the load balancer tell of a stack's service. Tasks
// take their time to be healthy, and a little to stop.
func (w *world) health(s *stack) Health {
	h := Health{Known: true, Desired: s.count, Running: s.count, Healthy: s.count, Steady: true}
	switch {
	case s.count > s.before && w.now.Before(s.changedAt.Add(w.healthTime)):
		h.Healthy, h.Steady, h.Reason = s.before, s.before > 0, "Elb.InitialHealthChecking"
	case s.count < s.before && w.now.Before(s.changedAt.Add(w.stopTime)):
		h.Running = s.before
	}
	if sick := w.sick[s.Hash]; sick != "" && s.count > 0 {
		h.Healthy, h.Steady, h.Reason = 0, false, sick
	} else if s.flap != "" {
		h.Running, h.Healthy, h.Reason = min(s.left, h.Running), min(s.left, h.Healthy), s.flap
	}
	return h
}

// apply has the effect.
func (w *world) apply(a Action) {
	s := w.stack(a.Revision)
	switch a.Kind {
	case ActionNone:
	case ActionCreateRevision:
		w.create()
	case ActionProvision:
		s.Wanted, s.initial = true, a.Count
	case ActionRemoveStack:
		s.Wanted = false
	case ActionDeleteRevision:
		if s != nil { // or gone, when it is done again
			s.Wanted, s.Deleting = false, true
		}
	case ActionRetainStack:
		s.Retained, s.Wanted = true, false
	case ActionScale:
		if s.count != a.Count {
			s.before, s.count, s.changedAt = w.health(s).Healthy, a.Count, w.now
		}
	case ActionClaimRule:
		w.rule.Owned = true
	case ActionCreateRule:
		w.rule.ID, w.rule.Exists, w.rule.Owned, w.rule.Plain, w.rule.Targets = "arn:rule", true, true, true, a.Targets
		w.changed = w.now
	case ActionSetTargets:
		w.rule.Targets, w.changed = a.Targets, w.now
	case ActionReleaseRule:
		w.rule.Owned = false
	case ActionDeleteRule:
		w.rule, w.changed = Route{None: w.rule.None}, w.now
	case ActionFinishDeletion:
		w.finished = true
	case ActionStartGate:
		key := w.progress.Rollout.ID + "|" + a.Run.Key()
		if _, made := w.calls[key]; !made {
			w.calls[key] = w.now
		}
	default:
		panic("unknown action " + a.Kind)
	}
	w.settle()
}

// create makes a revision of the template, unless there is one: a second
// creation of the same name finds the first.
func (w *world) create() {
	next := int64(1)
	for _, s := range w.stacks {
		if s.Hash == w.template && !s.Deleting {
			return
		}
		next = max(next, s.Number+1)
	}
	w.stacks = append(w.stacks, &stack{Revision: Revision{
		Number: next, Name: fmt.Sprintf("shop-%d", next), StackName: fmt.Sprintf("stack-%d", next), Hash: w.template,
		Stack: v1alpha1.RevisionPending, Drain: drainTime,
	}})
}

// step is one reconciliation: observe, decide, have the effect, remember.
func (w *world) step() Decision {
	d := Decide(w.observe(), w.now)
	w.apply(d.Action)
	w.progress = stored(d.Progress)
	w.passed.note(d)
	w.pass(d)
	return d
}

// pass lets time go on until the next reconciliation.
func (w *world) pass(d Decision) { w.now = w.now.Add(max(d.After, time.Second)) }

// stored is what is left of progress in the status of an object, where times
// have no fractions.
func stored(p Progress) Progress {
	p = p.clone()
	times := []*time.Time{&p.Since, &p.DetachedAt, &p.BlockedSince, &p.ScalingSince}
	for i := range p.Retiring {
		times = append(times, &p.Retiring[i].Since)
	}
	if r := p.Rollout; r != nil {
		times = append(times, &r.StartedAt, &r.ProgressedAt, &r.VerifiedAt, &r.StepReachedAt,
			&r.UnhealthySince, &r.DecidedAt, &r.FinishedAt)
		for i := range r.Gates {
			times = append(times, &r.Gates[i].StartedAt, &r.Gates[i].CallAt, &r.Gates[i].EndedAt)
		}
	}
	for _, t := range times {
		*t = t.Truncate(time.Second)
	}
	return p
}

// until runs the world until a decision satisfies done, and tells whether one
// did.
func (w *world) until(done func(Decision) bool) (Decision, bool) {
	for range 2000 {
		if d := w.step(); done(d) {
			return d, true
		}
	}
	return Decision{}, false
}

// quiet tells whether nothing goes on and nothing is left to do.
func quiet(d Decision) bool {
	over := d.Phase == v1alpha1.PhaseComplete || d.Phase == v1alpha1.PhaseRolledBack || d.Phase == v1alpha1.PhaseFailed
	return over && d.Action.Kind == ActionNone && d.After >= policy().Resync && len(d.CleaningUp) == 0
}

// describe writes an action as a person would say it.
func (w *world) describe(a Action) string {
	var s strings.Builder
	s.WriteString(string(a.Kind))
	if a.Revision != 0 {
		fmt.Fprintf(&s, " shop-%d", a.Revision)
	}
	if a.Kind == ActionScale {
		fmt.Fprintf(&s, " to %d", a.Count)
	}
	if a.Kind == ActionProvision {
		fmt.Fprintf(&s, " with %d", a.Count)
	}
	if a.Kind == ActionSetTargets && len(a.Targets) == 0 {
		s.WriteString(": none")
	}
	for i, t := range a.Targets {
		separator := ","
		if i == 0 {
			separator = ":"
		}
		fmt.Fprintf(&s, "%s %d %s", separator, t.Weight, t.Backend)
	}
	return s.String()
}

// line writes a decision as a line of a log.
func (w *world) line(d Decision) string {
	step, weight := "-", "-"
	if d.Steps > 0 {
		step = fmt.Sprintf("%d/%d", d.Step, d.Steps)
	}
	if d.Subject != 0 {
		weight = fmt.Sprintf("%d%%", d.Weight)
	}
	s := fmt.Sprintf("%-12s %-4s %4s  %s", d.Phase, step, weight, d.Message)
	if d.Action.Kind != ActionNone {
		s += "\n" + strings.Repeat(" ", 17) + "=> " + w.describe(d.Action)
	}
	return s
}
