package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// text renders lines without colours.
func text(lines ...line) string {
	var out strings.Builder
	for _, l := range lines {
		out.WriteString(strings.TrimRight(l.render(0, false), " ") + "\n")
	}
	return out.String()
}

func shifting() *snapshot {
	targets := []v1alpha1.WeightedTarget{{Revision: 2, Weight: 25}, {Revision: 1, Weight: 75}}
	return &snapshot{
		elapsed: 83 * time.Second,
		deployment: &v1alpha1.ImmutableDeployment{
			ObjectMeta: metav1.ObjectMeta{Name: "checkout"},
			Spec: v1alpha1.ImmutableDeploymentSpec{
				Strategy: v1alpha1.Strategy{Type: v1alpha1.StrategyCanary},
			},
			Status: v1alpha1.ImmutableDeploymentStatus{
				Phase: v1alpha1.PhaseShifting, Step: "2/4", Revision: "checkout-2",
				Traffic: &v1alpha1.TrafficStatus{Written: targets, Observed: targets},
				Rollout: &v1alpha1.Rollout{Revision: 2, Checks: []v1alpha1.Verdict{
					{Name: "errors", Result: v1alpha1.ResultPass, Value: "0%"}, {Name: "latency", Result: v1alpha1.ResultPending},
				}},
				Conditions: []metav1.Condition{
					{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue},
					{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Message: "Step 2/4: 25% to checkout-2"},
				},
			},
		},
		revisions: []v1alpha1.ImmutableRevision{
			{
				Spec:   v1alpha1.ImmutableRevisionSpec{Revision: 1},
				Status: v1alpha1.ImmutableRevisionStatus{StackStatus: "CREATE_COMPLETE"},
			},
			{Spec: v1alpha1.ImmutableRevisionSpec{Revision: 2}},
		},
		seen: tally{total: 200, byRevision: map[int64]int{1: 150, 2: 50}},
	}
}

func TestPanel(t *testing.T) {
	blocked := shifting()
	blocked.deployment.Status.BlockedBy = &v1alpha1.BlockedBy{Message: "The rule was changed by someone else"}
	blocked.managerDown, blocked.failed = true, 3
	tests := map[string]struct {
		snap *snapshot
		want string
	}{
		"a canary": {shifting(), `
── 1:23  checkout  Canary ────────────────────────────────────────────────────
 phase    Shifting     step 2/4   revision checkout-2
 weights  written 1:75 2:25     observed 1:75 2:25
 answers  1:██████████████████████████████ 75%  2:██████████ 25%  of 200  0 failed
 checks   errors Pass 0%  latency Pending
 stacks   1:CREATE_COMPLETE  2:-
 message  Step 2/4: 25% to checkout-2
`},
		"without a manager": {blocked, `
── 1:23  checkout  Canary ────────────────────────────────────────────────────
 phase    Shifting     step 2/4   revision checkout-2   NO MANAGER RUNS
 weights  written 1:75 2:25     observed 1:75 2:25
 answers  1:██████████████████████████████ 75%  2:██████████ 25%  of 200  3 failed
 checks   errors Pass 0%  latency Pending
 stacks   1:CREATE_COMPLETE  2:-
 message  The rule was changed by someone else
`},
		"before there is anything": {&snapshot{elapsed: time.Second}, `
── 0:01 ──────────────────────────────────────────────────────────────────────
 no deployment
 answers  no revision answers  of 0  0 failed
`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), text(tc.snap.panel()...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShort(t *testing.T) {
	const want = "Shifting     step 2/4  written 1:75 2:25    observed 1:75 2:25    " +
		"seen 1:75% 2:25% of 200  failed 0  | Step 2/4: 25% to checkout-2\n"
	if diff := cmp.Diff(want, text(shifting().short())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("no deployment  seen -\n", text((&snapshot{}).short())); diff != "" {
		t.Error(diff)
	}
}

func TestKeyChangesWithWhatMatters(t *testing.T) {
	base := shifting().key()
	tests := map[string]struct {
		change func(*snapshot)
		other  bool
	}{
		"time":    {func(s *snapshot) { s.elapsed++ }, false},
		"answers": {func(s *snapshot) { s.seen.total++ }, false},
		"phase":   {func(s *snapshot) { s.deployment.Status.Phase = v1alpha1.PhaseBaking }, true},
		"step":    {func(s *snapshot) { s.deployment.Status.Step = "3/4" }, true},
		"weights": {func(s *snapshot) { s.deployment.Status.Traffic.Written[0].Weight = 50 }, true},
		"manager": {func(s *snapshot) { s.managerDown = true }, true},
		"gone":    {func(s *snapshot) { s.deployment = nil }, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := shifting()
			tc.change(s)
			if got := s.key() != base; got != tc.other {
				t.Errorf("a change of it is worth a line: %v, want %v", got, tc.other)
			}
		})
	}
}

func TestRender(t *testing.T) {
	l := line{{"answers ", dim}, {"äöü", green}, {" of 200", plain}}
	tests := map[string]struct {
		width  int
		colour bool
		want   string
	}{
		"whole":         {0, false, "answers äöü of 200"},
		"cut":           {10, false, "answers ä…"},
		"in colours":    {0, true, "\x1b[2manswers \x1b[0m\x1b[32mäöü\x1b[0m of 200"},
		"cut in colour": {10, true, "\x1b[2manswers \x1b[0m\x1b[32mä…\x1b[0m"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := l.render(tc.width, tc.colour); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// A terminal's panel stays below the log: each output erases and redraws it.
func TestScreenDrawsThePanelBelowTheLog(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, started: time.Now(), width: func() int { return 20 }}
	s.show(&snapshot{})
	out.Reset()
	s.print(line{{"something happens", plain}})
	lines := strings.Split(out.String(), "\n")
	if got := "\x1b[3A\r\x1b[Jsomething happens"; lines[0] != got {
		t.Errorf("the panel is not erased first: %q", lines[0])
	}
	if len(lines) != 5 || lines[4] != "" || !strings.HasPrefix(lines[1], "── 0:00") {
		t.Errorf("the panel is not drawn after it: %q", lines)
	}
	out.Reset()
	s.close()
	if got := out.String(); got != "\x1b[3A\r\x1b[J" {
		t.Errorf("the panel is not removed in the end: %q", got)
	}
}

// If the output isn't a terminal, the same news is printed once.
func TestScreenTellsNewsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &screen{out: &out, started: time.Now()}
		for range 3 {
			s.show(shifting())
		}
		if got := strings.Count(out.String(), "\n"); got != 1 {
			t.Errorf("%d lines: %s", got, out.String())
		}
		time.Sleep(lineEvery)
		s.show(shifting())
		if got := strings.Count(out.String(), "\n"); got != 2 {
			t.Errorf("%d lines after a while: %s", got, out.String())
		}
		time.Sleep(lineEvery)
		settled := shifting()
		settled.deployment.Status.Conditions = nil
		s.show(settled)
		if got := strings.Count(out.String(), "\n"); got != 2 {
			t.Errorf("%d lines though nothing goes on: %s", got, out.String())
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("escape sequences in %q", out.String())
		}
	})
}
