package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// compiled is the plan of a strategy that keeps the old stack for 5 minutes.
func compiled(strategy *v1alpha1.Strategy, desired int32, balanced bool) Plan {
	spec := v1alpha1.ImmutableDeploymentSpec{Strategy: *strategy, Rollback: v1alpha1.Rollback{KeepOldSeconds: new(int32(300))}}
	return Compile(&spec, desired, balanced)
}

func TestCompileTasks(t *testing.T) {
	const keep, pause = 5 * time.Minute, 30 * time.Second
	rollingDefault := &v1alpha1.Strategy{Type: v1alpha1.StrategyRolling}
	tests := map[string]struct {
		strategy *v1alpha1.Strategy
		desired  int32
		worker   bool
		want     Plan
	}{
		"rolling with surge": {rollingBy(25, 0), 4, false, Plan{
			{Weight: 25, New: 1, Old: 3, Hold: pause}, {Weight: 50, New: 2, Old: 2, Hold: pause},
			{Weight: 75, New: 3, Old: 1, Hold: pause}, {Weight: 100, New: 4, Hold: keep}}},
		"rolling by default": {rollingDefault, 3, false, Plan{
			{Weight: 33, New: 1, Old: 2}, {Weight: 66, New: 2, Old: 1}, {Weight: 100, New: 3, Hold: keep}}},
		"rolling without surge": {rollingBy(0, 50), 4, false, Plan{
			{Old: 2, Hold: pause}, {Weight: 100, New: 2, Hold: pause}, {Weight: 100, New: 4, Hold: keep}}},
		"rolling with both": {rollingBy(25, 25), 4, false, Plan{
			{Weight: 33, New: 1, Old: 2, Hold: pause}, {Weight: 100, New: 3, Hold: pause}, {Weight: 100, New: 4, Hold: keep}}},
		"rolling all at once": {rollingBy(100, 0), 3, false, Plan{{Weight: 100, New: 3, Hold: keep}}},
		"rolling one task":    {rollingBy(0, 25), 1, false, Plan{{Hold: pause}, {Weight: 100, New: 1, Hold: keep}}},
		"rolling workers": {rollingBy(50, 0), 2, true, Plan{
			{Weight: 50, New: 1, Old: 1, Hold: pause}, {Weight: 100, New: 2, Hold: keep}}},
		"recreate":           {recreate(), 3, false, Plan{{Weight: 100, New: 3}}},
		"recreate, a worker": {recreate(), 3, true, Plan{{Weight: 100, New: 3}}},
		"canary of workers": {canaryOf(1, 50), 10, true, Plan{
			{Weight: 1, New: 1, Old: 9, Hold: time.Minute}, {Weight: 50, New: 5, Old: 5, Hold: time.Minute, Approval: true},
			{Weight: 100, New: 10, Hold: keep}}},
		"canary of one worker": {canaryOf(10, 90), 1, true, Plan{
			{Weight: 10, New: 1, Old: 1, Hold: time.Minute}, {Weight: 90, New: 1, Old: 1, Hold: time.Minute, Approval: true},
			{Weight: 100, New: 1, Hold: keep}}},
		"canary with approval": {canaryOf(10), 3, false, Plan{
			{Weight: 10, New: 3, Old: 3, Hold: time.Minute, Approval: true}, {Weight: 100, New: 3, Old: 3, Hold: keep}}},
		"blue/green with preview": {previewed(), 3, false, Plan{
			{New: 3, Old: 3, Hold: 2 * time.Minute, Approval: true}, {Weight: 100, New: 3, Old: 3, Hold: keep}}},
		"blue/green of workers": {&v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}, 3, true, Plan{{Weight: 100, New: 3, Hold: keep}}},
		"blue/green of workers with trial": {previewed(), 3, true, Plan{
			{New: 1, Old: 3, Hold: 2 * time.Minute, Approval: true}, {Weight: 100, New: 3, Hold: keep}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, compiled(tt.strategy, tt.desired, !tt.worker)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompilePresets(t *testing.T) {
	tests := map[v1alpha1.CanaryPreset]struct {
		weights []int32
		hold    time.Duration
	}{
		"Canary10Percent5Minutes":       {[]int32{10}, 5 * time.Minute},
		"Canary10Percent30Minutes":      {[]int32{10}, 30 * time.Minute},
		"Linear10PercentEvery1Minutes":  {[]int32{10, 20, 30, 40, 50, 60, 70, 80, 90}, time.Minute},
		"Linear10PercentEvery10Minutes": {[]int32{10, 20, 30, 40, 50, 60, 70, 80, 90}, 10 * time.Minute},
		"AllAtOnce":                     {},
	}
	for preset, tt := range tests {
		t.Run(string(preset), func(t *testing.T) {
			want := Plan{}
			for _, w := range tt.weights {
				want = append(want, Step{Weight: w, New: 4, Old: 4, Hold: tt.hold})
			}
			want = append(want, Step{Weight: 100, New: 4, Old: 4, Hold: 5 * time.Minute})
			got := compiled(&v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: &v1alpha1.Canary{Preset: preset}}, 4, true)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the bounds, a rolling plan keeps them at every moment: the new
// revision grows, then gets its weight, then the old one shrinks.
func TestRollingPlanKeepsItsBounds(t *testing.T) {
	percents := []int32{0, 1, 10, 25, 33, 50, 75, 100}
	for _, desired := range []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 5000} {
		for _, surgePercent := range percents {
			for _, unavailablePercent := range percents {
				if surgePercent+unavailablePercent == 0 {
					continue // admission refuses it
				}
				strategy := rollingBy(surgePercent, unavailablePercent)
				surge, unavailable, _ := strategy.Rolling.Bounds(desired)
				if problem := wrong(compiled(strategy, desired, true), desired, surge, unavailable); problem != "" {
					t.Errorf("%d tasks, surge %d%%, unavailable %d%%: %s", desired, surgePercent, unavailablePercent, problem)
				}
			}
		}
	}
}

// wrong says what is wrong with a rolling plan; "" if nothing is.
func wrong(plan Plan, desired, surge, unavailable int32) string {
	before := Step{Old: desired}
	for i, step := range plan {
		switch {
		case step.New < before.New || step.Old > before.Old || step.Weight < before.Weight:
			return fmt.Sprintf("step %d goes back: %v", i+1, plan)
		case step.New == before.New && step.Old == before.Old:
			return fmt.Sprintf("step %d changes nothing", i+1)
		case step.New+before.Old > desired+surge:
			return fmt.Sprintf("step %d has %d tasks", i+1, step.New+before.Old)
		case step.New+step.Old < desired-unavailable:
			return fmt.Sprintf("step %d leaves %d tasks", i+1, step.New+step.Old)
		case step.Old > 0 && step.Weight == 100, step.New > 0 && step.Weight == 0:
			return fmt.Sprintf("step %d leaves tasks without requests: %v", i+1, step)
		case step.New == 0 && step.Weight > 0:
			return fmt.Sprintf("step %d has requests without tasks: %v", i+1, step)
		}
		before = step
	}
	if before.Weight != 100 || before.New != desired || before.Old != 0 {
		return fmt.Sprintf("it ends at %v", before)
	}
	return ""
}

// Workers share work by tasks: there are never fewer than desired, and no more
// than the last step's besides them.
func TestWorkersPlanKeepsCapacity(t *testing.T) {
	for desired := range int32(30) {
		for _, plan := range []Plan{
			compiled(canaryOf(1, 10, 33, 50, 90, 99), desired+1, false), compiled(previewed(), desired+1, false),
		} {
			grows := slices.IsSortedFunc(plan, func(a, b Step) int { return int(a.New - b.New) })
			for i, step := range plan {
				if step.New+step.Old < desired+1 || step.New < 1 || step.Old == 0 && i < len(plan)-1 || !grows {
					t.Errorf("%d tasks: step %d of %v", desired+1, i+1, plan)
				}
			}
		}
	}
}

// A rolling rollout keeps its bounds in the simulated account too, where tasks
// take their time to start and to stop, and is over in the end.
func TestRollingKeepsItsBounds(t *testing.T) {
	for desired := range int32(10) {
		for _, percent := range [][2]int32{{25, 0}, {0, 25}, {50, 50}, {100, 0}, {0, 100}, {10, 30}} {
			for _, full := range []bool{false, true} {
				w := newWorld()
				w.count, w.strategy, w.keep = desired+1, rollingBy(percent[0], percent[1]), 60
				if problem := w.rollWithin(full); problem != "" {
					t.Errorf("%d tasks, surge %d%%, unavailable %d%%, full %t: %s", desired+1, percent[0], percent[1], full, problem)
				}
			}
		}
	}
}

// rollWithin rolls a second version out and says when the bounds were crossed.
func (w *world) rollWithin(full bool) string {
	w.until(quiet)
	w.template = "v2"
	surge, unavailable, _ := w.strategy.Rolling.Bounds(w.count)
	problem := ""
	_, over := w.until(func(d Decision) bool {
		if full && d.Progress.Rollout.active() {
			w.requests.Promote = "shop-2/full"
		}
		running, healthy := int32(0), int32(0)
		for _, s := range w.stacks {
			if s.Stack == v1alpha1.RevisionCreated {
				h := w.health(s)
				running, healthy = running+h.Running, healthy+h.Healthy
			}
		}
		if running > w.count+surge || healthy < w.count-unavailable {
			problem = fmt.Sprintf("%d tasks run, %d are healthy: %s", running, healthy, d.Message)
		}
		return problem != "" || quiet(d) && d.Progress.Stable == 2
	})
	if !over {
		return "it is never over"
	}
	return problem
}
