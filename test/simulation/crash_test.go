package simulation

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var (
	stride       = flag.Int("stride", 400, "try one of so many crash points")
	offset       = flag.Int("offset", 0, "the first crash point of the stride")
	onlyScenario = flag.String("scenario", "", "the scenario to run; all by default")
)

// scenario is a story that ends the same whatever happens to one of its calls.
type scenario struct {
	name string
	app  app
	// prepare comes before the calls that fail; play makes them.
	prepare, play func(*world)
}

// scenarios are those whose every call is tried.
func scenarios() []scenario {
	web := app{Name: "web", Rule: ruleManaged, Strategy: v1alpha1.StrategyCanary, Tag: "1", Desired: 2, Hold: 20, Keep: 20, Drain: 10,
		Unhealthy: 30, Deadline: 1800, History: 2, Surge: 50, Missing: 0, OnDeleteFailure: v1alpha1.DeleteFailureRetry}
	with := func(edit func(*app)) app { a := web; edit(&a); return a }
	as := func(s v1alpha1.StrategyType) app { return with(func(a *app) { a.Strategy = s }) }
	scaled := func(a app) app { a.Min, a.Max = 2, 4; return a }
	slow := with(func(a *app) { a.Hold = 300 })
	roll := func(w *world) { w.users.template(0, "2"); w.reach(complete("web-2")) }
	first := func(w *world) { w.reach(complete("web-1")) }
	halfway := func(w *world) { first(w); w.users.template(0, "2"); w.reach(atStep("1/3")) }
	remove := func(w *world) { w.users.remove(0); w.reach(gone) }
	return []scenario{
		{"first revision", web, nil, first},
		{"canary", web, first, roll},
		{"blue/green", as(v1alpha1.StrategyBlueGreen), first, roll},
		{"rolling", as(v1alpha1.StrategyRolling), first, roll},
		{"recreate", as(v1alpha1.StrategyRecreate), first, roll},
		{"rollback of a stack that fails", web, first, func(w *world) { w.users.template(0, "crash"); w.reach(rolledBack) }},
		{"recreate, and back", as(v1alpha1.StrategyRecreate), first, func(w *world) { w.users.template(0, "crash"); w.reach(rolledBack) }},
		{"health lost", slow, first, func(w *world) { w.users.template(0, "flap"); w.reach(rolledBack) }},
		{"an alarm goes off", with(func(a *app) { a.Hold, a.Alarm = 300, true }), halfway,
			func(w *world) { w.others.alarm(0, "ALARM"); w.reach(rolledBack) }},
		{"gates", with(func(a *app) { a.Alarm, a.Gate = true, v1alpha1.AfterStep }), first, roll},
		{"AWS away for two hours", slow, func(w *world) {
			halfway(w)
			w.faults.away = true
			w.until(time.Now().Add(2 * time.Hour))
			w.faults.away = false
			w.reach(complete("web-2"))
		}, func(*world) {}},
		{"abort", slow, halfway, func(w *world) { w.users.act(wish{What: wishAbort}); w.reach(rolledBack) }},
		{"a person takes long", with(func(a *app) { a.Approval, a.Desired, a.Deadline, a.Unhealthy = true, 3, 300, 240 }), func(w *world) {
			first(w)
			w.users.template(0, "2")
			w.reach(awaiting)
			w.until(time.Now().Add(20 * time.Minute))
		}, func(w *world) {
			w.others.stopOne(0, "2")
			w.until(time.Now().Add(10 * time.Minute))
			w.users.act(wish{What: wishPromote})
			w.reach(complete("web-2"))
		}},
		{"supersede", slow, halfway, func(w *world) {
			w.users.template(0, "3")
			w.users.act(wish{What: wishFull})
			w.reach(complete("web-3"))
		}},
		{"back to a warm stack", with(func(a *app) { a.Drain = 600 }), func(w *world) { first(w); w.users.template(0, "2"); w.reach(serves("web-2")) },
			func(w *world) { w.users.template(0, "1"); w.reach(serves("web-1")) }},
		{"scaling", web, first, func(w *world) { w.users.act(wish{What: wishScale, N: 4}); w.reach(complete("web-1")) }},
		{"switched off and on", web, first, func(w *world) {
			w.users.act(wish{What: wishScale})
			w.reach(off)
			w.users.act(wish{What: wishScale, N: 3})
			w.reach(complete("web-1"))
		}},
		{"switched off in a rollout", slow, halfway, func(w *world) {
			w.users.act(wish{What: wishScale})
			w.reach(off)
			w.users.act(wish{What: wishScale, N: 2})
			w.reach(complete("web-2"))
		}},
		{"deletion", web, first, remove},
		{"deletion in a rollout", slow, halfway, remove},
		{"adopted rule", with(func(a *app) { a.Rule = ruleAdopted }), nil, func(w *world) { first(w); remove(w) }},
		{"worker", with(func(a *app) { a.Rule = ruleNone }), first, roll},
		{"scaled canary", scaled(slow), halfway, func(w *world) { w.others.policies(0, autoscaleMaximum); w.reach(complete("web-2")) }},
		{"scaled rolling", scaled(as(v1alpha1.StrategyRolling)), first, roll},
		{"scaled worker", scaled(with(func(a *app) { a.Rule = ruleNone })), first, roll},
		{"scaled, abort", scaled(slow), halfway, func(w *world) {
			w.others.policies(0, autoscaleMinimum)
			w.users.act(wish{What: wishAbort})
			w.reach(rolledBack)
		}},
		{"scaled, switched off and on", scaled(web), first, func(w *world) {
			w.users.act(wish{What: wishScale})
			w.reach(off)
			w.users.act(wish{What: wishScale, N: 3})
			w.reach(complete("web-1"))
		}},
		{"scaled, other bounds", scaled(web), first, func(w *world) { w.users.act(wish{What: wishBounds, N: 3}); w.reach(complete("web-1")) }},
		{"restore", web, func(w *world) {
			first(w)
			w.saved = w.snapshot([]int{0})
			roll(w)
		}, restored},
		{"migration", web, first, migrated},
	}
}

// restored is the story of a cluster that is restored to a time before the last
// rollout. Git has what is running, and continues from there.
func restored(w *world) {
	newest := w.users.get(0)
	w.restore(w.saved, fault{Kind: faultRestore, All: true})
	w.users.apply(0, newest)
	w.reach(complete("web-2"))
	w.users.template(0, "3")
	w.reach(complete("web-3"))
}

// migrated is the story of a cluster that is lost. Git applies the same in a
// new one, and somebody has it adopt what the old one left.
func migrated(w *world) {
	uid := w.users.uid(0)
	w.migrate([]int{0}, fault{Kind: faultAnew, All: true})
	w.reach(func(imd *v1alpha1.ImmutableDeployment) bool {
		return imd != nil && string(imd.UID) != uid && imd.Status.BlockedBy != nil
	})
	w.users.obey(0)
	w.reach(complete("web-1"))
	w.users.template(0, "2")
	w.reach(complete("web-2"))
}

// reach lets time pass until a deployment is as expected.
func (w *world) reach(holds func(*v1alpha1.ImmutableDeployment) bool) {
	deadline := time.Now().Add(6 * time.Hour)
	for w.observer.violation == nil {
		imd := w.users.get(0)
		current := imd == nil || imd.Status.ObservedGeneration == imd.Generation
		if current && holds(imd) {
			return
		}
		if time.Now().After(deadline) {
			w.observer.fail("I4", "the story doesn't go on: %s", w.statuses())
			return
		}
		w.until(time.Now().Add(5 * time.Second))
	}
}

func complete(revision string) func(*v1alpha1.ImmutableDeployment) bool {
	return func(imd *v1alpha1.ImmutableDeployment) bool {
		return imd != nil && imd.Status.Phase == v1alpha1.PhaseComplete && imd.Status.StableRevision == revision && tidy(imd)
	}
}

func serves(revision string) func(*v1alpha1.ImmutableDeployment) bool {
	return func(imd *v1alpha1.ImmutableDeployment) bool {
		return imd != nil && imd.Status.StableRevision == revision && imd.Status.Rollout.FinishedAt != nil
	}
}

func atStep(step string) func(*v1alpha1.ImmutableDeployment) bool {
	return func(imd *v1alpha1.ImmutableDeployment) bool {
		return imd != nil && imd.Status.Step == step && imd.Status.Rollout.StepReachedAt != nil
	}
}

func awaiting(imd *v1alpha1.ImmutableDeployment) bool {
	return imd != nil && imd.Status.BlockedBy != nil && imd.Status.BlockedBy.Reason == v1alpha1.ReasonAwaitingApproval
}

func rolledBack(imd *v1alpha1.ImmutableDeployment) bool {
	return imd != nil && imd.Status.Phase == v1alpha1.PhaseRolledBack && tidy(imd)
}

func off(imd *v1alpha1.ImmutableDeployment) bool {
	return imd != nil && imd.Status.Phase == v1alpha1.PhaseSwitchedOff && imd.Status.RunningCount == 0 && tidy(imd)
}

func gone(imd *v1alpha1.ImmutableDeployment) bool { return imd == nil }

func tidy(imd *v1alpha1.ImmutableDeployment) bool {
	return meta.IsStatusConditionTrue(imd.Status.Conditions, v1alpha1.ConditionCleanedUp)
}

// tale is a scenario's run.
type tale struct {
	report
	// first and last are the first and last call of the relevant part.
	first, last int
	writes      map[int]bool
	befell      string
}

// tell runs a scenario; at one call something happens to the process.
func tell(t *testing.T, s scenario, at *point) (out tale) {
	t.Helper()
	t.Run("", func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, 1)
		synctest.Test(t, func(*testing.T) {
			w := newWorld(plan{Seed: 1, Apps: []app{s.app}, Poll: 30 * time.Second, Resync: 10 * time.Minute}, loud)
			w.story, w.faults.over, w.faults.point = true, true, at
			w.open()
			w.until(time.Now().Add(time.Millisecond))
			if s.prepare != nil {
				s.prepare(w)
			}
			out.first = w.faults.calls + 1
			s.play(w)
			out.last = w.faults.calls
			if w.observer.violation == nil && w.settles("the end") {
				w.until(time.Now().Add(2 * w.plan.Poll)) // what was asked for is seen to be there
				w.observer.settledState()
				w.observer.stands()
			}
			out.writes = w.faults.wrote
			out.report = w.end()
			// Which of two causes is seen first depends on the time of the
			// poll.
			out.state = strings.ReplaceAll(out.state, v1alpha1.ReasonTaskRestarts, v1alpha1.ReasonUnhealthy)
			if at != nil {
				out.befell = at.was
			}
		})
	})
	return out
}

// TestEveryCallFails has the process die before each call, die after its
// effect, and continue without its response. The result is always the same.
func TestEveryCallFails(t *testing.T) {
	total := 0
	for _, s := range scenarios() {
		if *onlyScenario != "" && *onlyScenario != s.name {
			continue
		}
		began := time.Now()
		points := tryAll(t, s)
		total += points
		t.Logf("%-32s %5d points in %s", s.name, points, time.Since(began).Round(time.Millisecond))
	}
	t.Logf("%-32s %5d points", "all", total)
}

// tryAll tries all points of a scenario. For a read that dies there is no
// difference whether it was made.
func tryAll(t *testing.T, s scenario) (points int) {
	t.Helper()
	calm := tell(t, s, nil)
	if calm.violation != nil {
		t.Fatalf("%s, undisturbed: %s\n%s", s.name, calm.violation, calm.log)
	}
	number := 0
	for call := calm.first; call <= calm.last; call++ {
		verdicts := []verdict{dieBefore, loseAnswer}
		if calm.writes[call] {
			verdicts = append(verdicts, dieAfter)
		}
		for _, v := range verdicts {
			if number++; number%*stride != *offset%*stride {
				continue
			}
			points++
			after := tell(t, s, &point{call: call, verdict: v})
			if problem := differs(calm, after); problem != "" {
				t.Errorf("%s, call %d, %s (%s): %s", s.name, call, v, after.befell, problem)
				if !*all {
					t.Fatal(after.log)
				}
			}
		}
	}
	return points
}

// differs says how the end of a run differs from that of the undisturbed one.
func differs(calm, after tale) string {
	switch {
	case after.violation != nil:
		return after.violation.String()
	case after.befell == "":
		return "nothing befell it"
	case after.state != calm.state:
		return fmt.Sprintf("the end is\n%s\nnot\n%s", indent(after.state), indent(calm.state))
	}
	return ""
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// TestHistoryStaysBounded has more rollouts than status keeps.
func TestHistoryStaysBounded(t *testing.T) {
	a := scenarios()[0].app
	a.Rule, a.Strategy, a.Keep = ruleNone, v1alpha1.StrategyBlueGreen, 0
	r := tell(t, scenario{"history", a, nil, func(w *world) {
		for i := range 23 {
			w.reach(func(imd *v1alpha1.ImmutableDeployment) bool {
				return imd != nil && imd.Status.Phase == v1alpha1.PhaseComplete && imd.Status.RolloutCount == int64(i+1) && tidy(imd)
			})
			w.users.template(0, good[(i+1)%2])
		}
	}}, nil)
	if r.violation != nil {
		t.Errorf("%s\n%s", r.violation, r.log)
	}
}
