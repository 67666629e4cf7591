package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// differing lists the checks that aren't fine.
func differing(checks []check) (what []string) {
	for _, c := range checks {
		if !c.ok {
			what = append(what, c.what+": "+c.got)
		}
	}
	return what
}

func TestJudgeLoss(t *testing.T) {
	seen := func(total, bad, failed int, how string) tally {
		return tally{
			total: total, failed: failed, byRevision: map[int64]int{betterRevision: total - bad, badRevision: bad},
			failures: map[string]int{how: failed},
		}
	}
	const internal = "500 Internal Server Error"
	tests := map[string]struct {
		seen tally
		want []string
	}{
		"as it must be":  {seen(1200, 120, 24, internal), nil},
		"by chance more": {seen(1200, 130, 35, internal), nil},
		"too many get it": {seen(1200, 600, 120, internal), []string{
			"All requests that failed while it had some: 10.0 % of 1200 in 15 s",
		}},
		"others fail, too": {seen(1200, 120, 60, internal), []string{
			"Its answers that were errors: 50.0 % of 120", "All requests that failed while it had some: 5.0 % of 1200 in 15 s",
		}},
		"something else":  {seen(1200, 120, 24, "503 Service Unavailable"), []string{"They failed by: 503 Service Unavailable"}},
		"too few to tell": {seen(300, 30, 6, internal), []string{"Its answers that were errors: 20.0 % of 30"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, differing(judgeLoss(tc.seen, 15*time.Second))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := differing(judgeLoss(tally{}, time.Second)); len(got) != 3 {
		t.Errorf("without requests it is content: %q", got)
	}
}

func TestJudgeCatch(t *testing.T) {
	first := stage{revision: badRevision, step: "1/4", weight: 10}
	second := stage{revision: badRevision, step: "2/4", index: 1, weight: 25}
	tests := map[string]struct {
		reason, message string
		stages          []stage
		want            []string
	}{
		"at once":    {v1alpha1.ReasonMetricOutOfBounds, "ErrorRate 21% > 1%", []stage{first}, nil},
		"too late":   {v1alpha1.ReasonMetricOutOfBounds, "ErrorRate 21% > 1%", []stage{first, second}, []string{"The bad version is caught at step: 1/4 with 10 %, 2/4 with 25 %"}},
		"for others": {v1alpha1.ReasonMetricOutOfBounds, "LatencyP90 2,000 ms > 800 ms", []stage{first}, []string{"It is rolled back for a metric: LatencyP90 2,000 ms > 800 ms"}},
		"by others":  {v1alpha1.ReasonAborted, "ErrorRate", []stage{first}, []string{"It is rolled back for a metric: ErrorRate"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			rollout := &v1alpha1.Rollout{Reason: tc.reason, Message: tc.message}
			if diff := cmp.Diff(tc.want, differing(judgeCatch(rollout, tc.stages))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJudgeGate(t *testing.T) {
	start := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	gate := func(state v1alpha1.GateState, ended time.Time) []v1alpha1.GateRun {
		return []v1alpha1.GateRun{{Name: gateName, State: state, EndedAt: &metav1.Time{Time: ended}, Message: "checkout-2 answers"}}
	}
	tests := map[string]struct {
		gates []v1alpha1.GateRun
		got   string
		ok    bool
	}{
		"in time":   {gate(v1alpha1.GateSucceeded, start), "Succeeded: checkout-2 answers", true},
		"too late":  {gate(v1alpha1.GateSucceeded, start.Add(time.Minute)), "Succeeded: checkout-2 answers", false},
		"failed":    {gate(v1alpha1.GateFailed, start), "Failed: checkout-2 answers", false},
		"not asked": {nil, "it was not asked", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := judgeGate(&v1alpha1.Rollout{Gates: tc.gates}, []stage{{from: start.Add(time.Second)}})
			if c.got != tc.got || c.ok != tc.ok {
				t.Errorf("got %q, %v", c.got, c.ok)
			}
		})
	}
}

func TestJudgePasses(t *testing.T) {
	revision := &v1alpha1.ImmutableRevision{}
	for step := range int32(4) {
		for _, name := range []string{"errors", "latency"} {
			for _, result := range []v1alpha1.Result{v1alpha1.ResultPending, v1alpha1.ResultPass, v1alpha1.ResultPass} {
				revision.Status.Verdicts = append(revision.Status.Verdicts, v1alpha1.Verdict{
					Source: v1alpha1.SourceMetric, Name: name, Step: step + 1, Result: result,
				})
			}
		}
	}
	if c := judgePasses(revision); !c.ok {
		t.Errorf("got %s", c.got)
	}
	revision.Status.Verdicts = revision.Status.Verdicts[6:]
	if c := judgePasses(revision); c.ok || c.got != "errors 2 3 4, latency 2 3 4" {
		t.Errorf("got %s", c.got)
	}
}

func TestRelieved(t *testing.T) {
	status := func(outcome v1alpha1.Outcome, weight int32) *state {
		s := rolling(0, "1/4", weight, true, outcome)
		s.Traffic.Observed = s.Traffic.Written
		return &state{deployment: &v1alpha1.ImmutableDeployment{Status: *s}}
	}
	tests := map[string]struct {
		state *state
		want  bool
	}{
		"nothing yet":     {&state{}, false},
		"under way":       {status("", 10), false},
		"given up":        {status(v1alpha1.OutcomeRolledBack, 10), false},
		"without traffic": {status(v1alpha1.OutcomeRolledBack, 0), true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := relieved(2)(tc.state); got != tc.want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	if _, err := relieved(2)(status(v1alpha1.OutcomePromoted, 100)); err == nil {
		t.Error("a bad version that is promoted is no news")
	}
}
