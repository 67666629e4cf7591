package rollout

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var walks = flag.Uint64("walks", manyWalks, "how many random walks to take")

const manyWalks = 3000

const (
	// disturbed is how many passes of a walk have disturbances; calm is how
	// many more it may take to come to rest.
	disturbed, calm = 60, 800
	// restWithin bounds the virtual time of coming to rest: a rollout that runs
	// into its deadline, one after it, and all holds and drains.
	restWithin = 4 * time.Hour
)

// walk is a world with random disturbances, and what must hold in it.
type walk struct {
	*world
	seed    uint64
	r       *rand.Rand
	log     []string
	failure string
	// left is when a revision was last seen to leave the rule.
	left map[int64]time.Time
	// edited is true until an edit of someone else was seen and remembered.
	edited bool
	// mixed is true once the strategy was changed under way: what it promises
	// isn't kept for a rollout that began with another.
	mixed bool
	// steady names the rollout under way while neither count nor strategy has
	// been changed since it began.
	steady string
	// asked and noticed count the requests by annotation, and the news of them.
	asked, noticed map[string]int
}

// TestRandomWalks disturbs rollouts at random and looks after every single
// decision for what must never happen; then it leaves them alone and expects
// them to come to rest. The states that they went through must be as the table
// says.
func TestRandomWalks(t *testing.T) {
	taken := ways{}
	for _, tell := range allStories() {
		s := &story{t: t, world: newWorld()}
		tell(s)
		taken.add(s.passed.taken)
	}
	for seed := range *walks {
		w := newWalk(seed)
		w.run()
		if w.failure != "" {
			t.Fatalf("seed %d: %s\n%s", seed, w.failure, strings.Join(w.log, "\n"))
		}
		taken.add(w.passed.taken)
	}
	taken.check(t, *walks >= manyWalks)
}

func newWalk(seed uint64) *walk {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &walk{world: newWorld(), seed: seed, r: r, left: map[int64]time.Time{},
		asked: map[string]int{}, noticed: map[string]int{}}
	switch r.IntN(6) {
	case 0, 1:
		w.adopting()
	case 2:
		w.worker()
	}
	w.strategise()
	w.policy.Enforce = r.IntN(2) == 0
	w.policy.Retain = r.IntN(4) == 0
	w.policy.BlockUnhealthy = r.IntN(4) == 0
	w.policy.KeepFailed = time.Duration(r.IntN(2)*5) * time.Minute
	w.policy.HistoryLimit = r.IntN(3)
	w.verified()
	w.failing["v3"] = "no such image"
	w.sick["v4"] = "Target.Timeout"
	if seed%2 == 1 && !w.rule.None { // as with DNS: pending for a while, and then cached
		w.spread, w.policy.Propagation = time.Duration(30+30*(seed%5))*time.Second, time.Minute
	}
	return w
}

func (w *walk) run() {
	for pass := range disturbed {
		w.disturb()
		if w.refused = w.seed%3 == 2 && pass/10%2 == 1; w.refused && pass%10 == 0 {
			w.note("a policy is taken back for ten passes")
		}
		if w.iterate(w.r.IntN(8) == 0, w.r.IntN(12) == 0); w.failure != "" || w.finished {
			return
		}
	}
	w.heal()
	w.rest()
}

// verified picks by what revisions are judged.
func (w *walk) verified() {
	w.measures = w.r.IntN(2) == 0
	w.bad["v5"] = "ErrorRate 4.2% > 1%"
	w.policy.TaskRestarts, w.policy.Inconclusive = 3, time.Duration(w.r.IntN(3)*5)*time.Minute
	w.policy.RollBackInconclusive, w.policy.ProceedInAlarm = w.r.IntN(2) == 0, w.r.IntN(3) == 0
	w.policy.ScanPending, w.policy.ProceedUnscanned = 5*time.Minute, w.r.IntN(2) == 0
	points := []v1alpha1.GatePoint{v1alpha1.AfterProvision, v1alpha1.BeforeTraffic, v1alpha1.AfterStep,
		v1alpha1.BeforePromotion, v1alpha1.AfterPromotion, v1alpha1.OnRollback}
	for i := range w.r.IntN(4) {
		g := Gate{Name: fmt.Sprintf("gate-%d", i), At: points[w.r.IntN(len(points))], Timeout: time.Minute, Retries: int32(w.r.IntN(3))}
		if g.Approval = g.At.Decisive() && w.r.IntN(3) == 0; g.Approval {
			g.Expiry, g.Lenient = time.Hour, w.r.IntN(2) == 0
		}
		w.gates = append(w.gates, g)
		w.answers[g.Name] = []Answer{{State: AnswerYes}, {State: AnswerYes}, {State: AnswerNo, Message: "no"}, {State: AnswerRunning}}[w.r.IntN(4)]
		w.answers[g.Name+"/1/0"] = Answer{State: AnswerLater, Delay: 30 * time.Second}
	}
}

// strategise picks a strategy.
func (w *walk) strategise() {
	w.strategy, w.keep = nil, int32(60*w.r.IntN(3))
	switch w.r.IntN(8) {
	case 0:
		w.plan = canary()
	case 1:
		w.plan = blueGreen()
	case 2:
		w.plan = Plan{{Weight: 5}, {Weight: 20}, {Weight: 100}}
	case 3:
		w.strategy = canaryOf(20, 60)
	case 4:
		w.strategy = previewed()
	case 5:
		w.strategy = recreate()
	default:
		w.strategy = rollingBy(int32(25*w.r.IntN(3)), int32(25*(1+w.r.IntN(2))))
	}
}

// strategyName is how the plan came about, for the log.
func (w *walk) strategyName() string {
	if w.strategy == nil {
		return fmt.Sprint(w.plan)
	}
	return fmt.Sprintf("%s %v", w.strategy.Type, w.compile())
}

// rest expects the world to come to rest, and to stay there.
func (w *walk) rest() {
	since, actions := w.now, 0
	for range calm {
		d := w.iterate(false, false)
		if w.failure != "" || w.finished {
			return
		}
		if d.Blocked != nil && (d.Blocked.Reason == v1alpha1.ReasonAwaitingApproval || d.Blocked.Reason == v1alpha1.ReasonInconclusive) {
			_, told, _ := strings.Cut(d.Blocked.Remedy, v1alpha1.AnnotationPromote+"=")
			value, _, _ := strings.Cut(told, ";")
			w.request(v1alpha1.AnnotationPromote, &w.requests.Promote, value)
		}
		if d.Action.Kind != ActionNone {
			actions++
		}
		if quiet(d) && !w.busy() {
			w.rested(d)
			return
		}
		if w.now.Sub(since) > restWithin || actions > 60 {
			w.fail("no rest after %s and %d actions", w.now.Sub(since), actions)
			return
		}
	}
	w.fail("no rest after %d passes", calm)
}

// rested checks where it came to rest.
func (w *walk) rested(d Decision) {
	live := Targets{{originalGroup, 1}}
	if s := w.stack(w.progress.Stable); s != nil && !w.rule.None {
		live = Targets{{s.Backend, 1}}
	} else if !w.rule.Adopted {
		live = nil
		if w.rule.Targets.Share(foreignGroup) > 0 {
			live = w.rule.Targets // where others lead requests, they are answered
		}
	}
	if s := w.stack(w.progress.Stable); s != nil && (s.Stack != v1alpha1.RevisionCreated || s.count != w.count) {
		w.fail("at rest %s serves with %d of %d tasks, its stack is %s", s.Name, s.count, w.count, s.Stack)
	}
	if w.progress.Handled != w.requests {
		w.fail("at rest the requests %v are not heard: %v", w.requests, w.progress.Handled)
	}
	if !w.rule.Targets.Equal(live) {
		w.fail("at rest the rule routes %v, not %v", w.rule.Targets, live)
	}
	served := w.stack(w.progress.Stable) != nil && w.stack(w.progress.Stable).Hash == w.template
	if served != (d.Phase == v1alpha1.PhaseComplete) {
		w.fail("at rest the phase is %s, the template is served: %t", d.Phase, served)
	}
	for _, s := range w.stacks {
		if s.Wanted && s.Number != w.progress.Stable {
			w.fail("at rest the stack of %s is kept", s.Name)
		}
	}
	for range 3 {
		before := w.progress.clone()
		if d = w.iterate(false, false); d.Action.Kind != ActionNone || !reflect.DeepEqual(before, w.progress) {
			w.fail("something goes on after it came to rest")
		}
	}
}

// busy tells whether stacks are on their way.
func (w *walk) busy() bool {
	return slices.ContainsFunc(w.stacks, func(s *stack) bool { return s.Stack == v1alpha1.RevisionDeleting })
}

// heal ends all disturbances.
func (w *walk) heal() {
	w.note("disturbances end")
	w.count = max(w.count, 1)
	w.blocked, w.paused, w.alarm, w.blind, w.unread, w.trouble, w.refused = nil, false, "", false, false, nil, false
	for _, s := range w.stacks {
		s.flap, s.Tampered = "", ""
	}
	written := w.progress.Written
	if w.deleting {
		return
	}
	if w.rule.Exists && len(written) > 0 && !w.edited && w.r.IntN(2) == 0 {
		w.rule.Targets = slices.Clone(written)
	} else {
		w.policy.Enforce = true
	}
	led := func() bool { return w.progress.Stable == 0 && w.rule.Targets.Contains(foreignGroup) }
	if led() {
		w.iterate(false, false)
	}
	if led() { // whoever led requests there takes the old ones out
		w.policy.Enforce = true
		w.rule.Targets = slices.DeleteFunc(w.rule.Targets, func(t Target) bool {
			r := w.progress.Rollout
			return t.Backend != foreignGroup && (!r.active() || w.stack(r.Revision) == nil || t.Backend != w.stack(r.Revision).Backend)
		})
	}
}

func (w *walk) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%s  # %s", w.now.Format("15:04:05"), fmt.Sprintf(format, args...)))
}

func (w *walk) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
	}
}

// disturb does one thing that users, AWS or others may do at any time.
func (w *walk) disturb() {
	switch w.r.IntN(20) {
	case 0:
		w.template = fmt.Sprintf("v%d", 1+w.r.IntN(5))
		w.note("spec.template is %s", w.template)
	case 1:
		w.count, w.steady = int32(w.r.IntN(10)), ""
		w.note("spec.desiredCount is %d", w.count)
	case 2:
		if w.r.IntN(3) == 0 {
			w.strategise()
			w.mixed, w.steady = true, ""
			w.note("the strategy is %s", w.strategyName())
		}
	case 3, 4:
		w.flap()
	case 5:
		w.edit()
	case 6:
		w.now = w.now.Add(time.Duration(w.r.IntN(600)) * time.Second)
	case 7:
		w.block()
	case 8:
		if w.r.IntN(6) == 0 {
			w.deleting = true
			w.note("deleted")
		}
	case 9:
		w.paused = !w.paused
		w.note("spec.paused is %t", w.paused)
	case 10, 11:
		w.ask()
	case 12:
		w.tamper()
	case 13:
		w.doubt()
	}
}

// doubt changes what alarms, metrics and scans say.
func (w *walk) doubt() {
	switch w.r.IntN(6) {
	case 4:
		w.unread = !w.unread
	case 5:
		if w.trouble = nil; w.r.IntN(2) == 0 {
			w.trouble = &Blocked{Reason: v1alpha1.ReasonAlarmNotFound, Message: "The alarm checkout-5xx does not exist", Remedy: "Create it"}
		}
	case 0:
		if w.alarm = "checkout-5xx is in ALARM"; w.r.IntN(2) == 0 {
			w.alarm = ""
		}
	case 1:
		w.blind = !w.blind
	case 2:
		results := []v1alpha1.Result{v1alpha1.ResultPass, v1alpha1.ResultFail, v1alpha1.ResultPending, v1alpha1.ResultInconclusive}
		w.images["v2"] = Images{Result: results[w.r.IntN(len(results))], Message: "the scan of v2"}
	case 3:
		w.restless["v2"] = int32(w.r.IntN(6))
	}
	w.note("alarm %q, unread %t, trouble %t, blind %t, images of v2 %v, %d restarts of v2",
		w.alarm, w.unread, w.trouble != nil, w.blind, w.images["v2"], w.restless["v2"])
}

// ask makes a request, which may make sense or not.
func (w *walk) ask() {
	values := []string{"", "shop-1", "shop-2", "shop-9", "nonsense", "/full"}
	if r := w.progress.Rollout; r != nil {
		values = append(values, r.ID, r.ID, fmt.Sprintf("shop-%d", r.Revision))
	}
	value := values[w.r.IntN(len(values))]
	switch w.r.IntN(4) {
	case 0:
		w.request(v1alpha1.AnnotationAbort, &w.requests.Abort, value)
	case 1:
		w.request(v1alpha1.AnnotationRetry, &w.requests.Retry, value)
	default:
		steps := []string{"/1", "/2", "/3", "/full", "/", ""}
		w.request(v1alpha1.AnnotationPromote, &w.requests.Promote, value+steps[w.r.IntN(len(steps))])
	}
}

func (w *walk) request(annotation string, field *string, value string) {
	if *field != value {
		w.asked[annotation]++
		*field = value
		w.note("%s=%s", annotation, value)
	}
}

// tamper changes a stack as someone else would, or back.
func (w *walk) tamper() {
	if len(w.stacks) == 0 {
		return
	}
	s := w.stacks[w.r.IntN(len(w.stacks))]
	if s.Tampered == "" {
		s.Tampered = "its preview rule was deleted"
	} else {
		s.Tampered = ""
	}
	w.note("%s is tampered with: %q", s.Name, s.Tampered)
}

// flap makes a service lose some or all of its tasks, or get them back.
func (w *walk) flap() {
	if len(w.stacks) == 0 {
		return
	}
	s := w.stacks[w.r.IntN(len(w.stacks))]
	if s.flap != "" {
		s.flap = ""
		w.note("%s recovers", s.Name)
		return
	}
	s.flap, s.left = "Target.Timeout", int32(w.r.IntN(3))
	w.note("%s has %d tasks left", s.Name, s.left)
}

// block puts something in the way, or takes it away again.
func (w *walk) block() {
	if w.blocked != nil {
		w.blocked = nil
		w.note("AWS is back")
		return
	}
	w.blocked = &Blocked{Reason: v1alpha1.ReasonAWSUnavailable, Message: "AWS doesn't answer", Remedy: "Wait"}
	w.note("AWS is away")
}

// edit changes the rule as someone else would.
func (w *walk) edit() {
	if !w.rule.Exists || w.deleting || w.edited || len(w.progress.Written) == 0 {
		return
	}
	if !w.rule.Adopted && w.r.IntN(5) == 0 {
		w.rule = Route{}
		w.note("someone deletes the rule")
	} else {
		targets := Targets{{foreignGroup, int32(1 + w.r.IntN(5))}}
		for _, s := range w.stacks {
			if s.Stack == v1alpha1.RevisionCreated && s.Wanted && w.r.IntN(2) == 0 {
				targets = append(targets, Target{s.Backend, int32(w.r.IntN(3))})
			}
		}
		w.rule.Targets = targets
		w.note("someone makes the rule route %v", targets)
	}
	w.edited = true
}

// iterate is one pass of the controller. It may crash before it can remember,
// or have the effect twice, as it does when the first answer got lost.
func (w *walk) iterate(crash, twice bool) Decision {
	o := w.observe()
	d := Decide(o, w.now)
	w.log = append(w.log, w.now.Format("15:04:05")+"  "+w.line(d))
	w.checkDecision(o, d)
	if w.failure != "" {
		return d
	}
	w.apply(d.Action)
	if twice {
		w.apply(d.Action)
		w.note("had the effect twice")
	}
	if crash {
		w.note("crashed before it could remember")
	} else {
		w.remember(d)
	}
	w.see(o.Route)
	w.checkWorld()
	w.pass(d)
	return d
}

// remember saves what is to be remembered, and announces the news.
func (w *walk) remember(d Decision) {
	w.passed.note(d)
	if r, was := d.Progress.Rollout, w.progress.Rollout; r != nil && (was == nil || was.ID != r.ID) {
		w.steady = r.ID
	}
	w.progress, w.edited = stored(d.Progress), false
	for _, n := range d.Notices {
		w.note("event %s: %s", n.Reason, n.Message)
		for _, annotation := range []string{v1alpha1.AnnotationPromote, v1alpha1.AnnotationAbort, v1alpha1.AnnotationRetry} {
			if strings.HasPrefix(n.Request, annotation+"=") && n.Reason != v1alpha1.ReasonRequestWaiting {
				w.noticed[annotation]++
			}
			if w.noticed[annotation] > w.asked[annotation] {
				w.fail("%d requests by %s got %d answers", w.asked[annotation], annotation, w.noticed[annotation])
			}
		}
	}
}

// see keeps the time at which revisions leave the rule. One with weight zero
// is in it without getting requests.
func (w *walk) see(before Route) {
	for _, s := range w.stacks {
		if w.rule.None {
			continue
		}
		if before.Targets.normal().Contains(s.Backend) || w.rule.Targets.normal().Contains(s.Backend) {
			w.left[s.Number] = w.now
		}
	}
}
