package simulation

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var sieges = flag.Int("sieges", 1, "how many strategies, of 4, to tell TestHostileTenant's story of")

// hostileNamespace is where a tenant deploys who wants to harm others.
const hostileNamespace = "mallory"

// nowhere is a region in which nothing answers.
const nowhere = "eu-nowhere-1"

// hostility is how a tenant tries to harm others.
type hostility string

// What hostile tenants do.
const (
	// flipTemplates changes the template every few seconds.
	flipTemplates hostility = "flips templates"
	// hangGates has a webhook that never answers, and changes the template, so that
	// it is called again and again.
	hangGates hostility = "has gates that hang"
	// hangCalls names a region that is out of reach, so that each call of AWS takes
	// as long as it may.
	hangCalls hostility = "has calls that hang"
)

// newHostile is a hostile tenant's n-th application.
func newHostile(what hostility, n int) app {
	a := app{Name: fmt.Sprintf("hostile-%d", n), Namespace: hostileNamespace, Hostile: what, Rule: ruleManaged, Strategy: v1alpha1.StrategyCanary, Tag: "1",
		Desired: 1, Unhealthy: 60, Deadline: 900, History: 2, Surge: 50, OnDeleteFailure: v1alpha1.DeleteFailureRetry}
	if what == hangGates {
		a.Gate, a.GateBy = v1alpha1.AfterProvision, gateWebhook
	}
	return a
}

// besiege draws whether there is a hostile tenant. What calls do that hang is left to
// TestHostileTenant: an application that isn't reached doesn't come to rest.
func (p *plan) besiege(d dice) {
	if d.chance(0.8) {
		return
	}
	p.Apps = append(p.Apps, newHostile(pick(d, flipTemplates, flipTemplates, hangGates), 0))
	p.flip(d, len(p.Apps)-1)
}

// flip has a hostile tenant change a template all the time.
func (p *plan) flip(d dice, i int) {
	for at := time.Minute; at < p.Length; at += d.between(2*time.Second, 2*time.Minute) {
		p.Users = append(p.Users, wish{At: at, App: i, What: wishTemplate, Tag: pick(d, good...)})
	}
}

// siege is a hostile tenant who does everything at once.
func siege() []app {
	var out []app
	for i, what := range []hostility{flipTemplates, flipTemplates, flipTemplates, hangGates, hangGates, hangGates, hangCalls, hangCalls, hangCalls, hangCalls} {
		out = append(out, newHostile(what, i))
	}
	return out
}

// harass changes the hostile tenant's templates until the story ends.
func (w *world) harass() {
	for i, a := range w.plan.Apps {
		if a.Hostile == "" {
			continue
		}
		n := 0
		var flip func()
		flip = func() {
			n++
			w.users.template(i, good[n%len(good)])
			w.after(time.Duration(2+i)*time.Second, flip)
		}
		w.after(time.Minute, flip)
	}
}

// chapter is a part of a story: what it ended with, and how long it took.
type chapter struct {
	state string
	took  time.Duration
}

// chapters tells the same story of an application, beside others.
func chapters(t *testing.T, a app, beside []app) (out []chapter) {
	t.Helper()
	t.Run("", func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, 1)
		synctest.Test(t, func(*testing.T) {
			w := newWorld(plan{Seed: 1, Apps: append([]app{a}, beside...), Poll: 15 * time.Second, Resync: 10 * time.Minute}, loud)
			w.story, w.faults.over = true, true
			w.open()
			w.until(time.Now().Add(time.Millisecond))
			w.harass()
			for _, step := range []struct {
				tag     string
				reaches func(*v1alpha1.ImmutableDeployment) bool
			}{{a.Tag, complete("web-1")}, {"2", complete("web-2")}, {"crash", rolledBack}, {"3", complete("web-4")}, {"4", complete("web-5")}} {
				start := time.Now()
				w.users.template(0, step.tag)
				w.reach(step.reaches)
				out = append(out, chapter{w.observer.stateOf("web"), time.Since(start)})
			}
			if r := w.end(); r.violation != nil {
				t.Errorf("%s\n%s", r.violation, r.log)
			}
		})
	})
	return out
}

// stateOf is what state says of one deployment.
func (o *observer) stateOf(name string) string {
	var out []string
	for line := range strings.Lines(o.state()) {
		if strings.Contains(line, name+":") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// TestHostileTenant: whatever a tenant does, the rollouts of another one end as
// without him, and take hardly longer.
func TestHostileTenant(t *testing.T) {
	web := app{Name: "web", Rule: ruleManaged, Tag: "1", Desired: 2, Hold: 60, Keep: 20, Drain: 10, Unhealthy: 30, Deadline: 1800, History: 2,
		Surge: 50, OnDeleteFailure: v1alpha1.DeleteFailureRetry, Alarm: true, Metric: true, Gate: v1alpha1.AfterStep, GateBy: gateWebhook}
	strategies := []v1alpha1.StrategyType{v1alpha1.StrategyCanary, v1alpha1.StrategyRecreate, v1alpha1.StrategyRolling, v1alpha1.StrategyBlueGreen}
	for _, strategy := range strategies[:*sieges] {
		web.Strategy = strategy
		alone, beside := chapters(t, web, nil), chapters(t, web, siege())
		for i := range alone {
			if alone[i].state != beside[i].state {
				t.Errorf("%s, part %d: alone\n%s\nbeside a hostile tenant\n%s", strategy, i, alone[i].state, beside[i].state)
			}
			if limit := alone[i].took * 6 / 5; beside[i].took > limit {
				t.Errorf("%s, part %d: %s beside a hostile tenant, %s alone", strategy, i, beside[i].took, alone[i].took)
			}
		}
	}
}
