package simulation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shrink removes from a plan what its violation doesn't need: faults, what
// users do, unused applications. It runs the plan repeatedly, at most that many
// times.
func shrink(t *testing.T, p plan, invariant string, runs int) report {
	t.Helper()
	best := runPlan(t, p)
	try := func(shorter plan) bool {
		if runs--; runs < 0 {
			return false
		}
		r := runPlan(t, shorter)
		if r.violation == nil || r.violation.Invariant != invariant {
			return false
		}
		best = r
		return true
	}
	for smaller := true; smaller && runs > 0; {
		smaller = shorten(&best, try)
	}
	return best
}

// shorten tries to remove each thing once.
func shorten(best *report, try func(plan) bool) (smaller bool) {
	for i := range slices.Backward(best.plan.Faults) {
		shorter := best.plan
		shorter.Faults = slices.Delete(slices.Clone(shorter.Faults), i, i+1)
		smaller = try(shorter) || smaller
	}
	for i := range slices.Backward(best.plan.Users) {
		shorter := best.plan
		shorter.Users = slices.Delete(slices.Clone(shorter.Users), i, i+1)
		smaller = try(shorter) || smaller
	}
	if last := len(best.plan.Apps) - 1; last > 0 {
		smaller = try(best.plan.without(last)) || smaller
	}
	return smaller
}

// without is a plan without its last application.
func (p plan) without(app int) plan {
	p.Apps = p.Apps[:app]
	p.Users = slices.DeleteFunc(slices.Clone(p.Users), func(u wish) bool { return u.App == app })
	p.Faults = slices.Clone(p.Faults)
	for i := range p.Faults {
		p.Faults[i].App = min(p.Faults[i].App, app-1)
	}
	return p
}

// TestRegressions runs the plans in testdata, each of which once violated an
// invariant.
func TestRegressions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no plans", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var p plan
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatal(file, err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			if r := runPlan(t, p); r.violation != nil {
				t.Errorf("%s\n%s\n%s", r.violation, r.plan.String(), r.log)
			}
		})
	}
}
