package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// rolling is the status of revision 2's rollout.
func rolling(step int32, name string, weight int32, reached bool, outcome v1alpha1.Outcome) *v1alpha1.ImmutableDeploymentStatus {
	status := &v1alpha1.ImmutableDeploymentStatus{
		Step:    name,
		Rollout: &v1alpha1.Rollout{Revision: 2, From: 1, Step: step, Outcome: outcome},
		Traffic: &v1alpha1.TrafficStatus{Written: []v1alpha1.WeightedTarget{
			{Revision: 1, Weight: 100 - weight}, {Revision: 2, Weight: weight},
		}},
	}
	if reached {
		status.Rollout.StepReachedAt = &metav1.Time{}
	}
	return status
}

func TestTimeline(t *testing.T) {
	start := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	line := timeline{propagation: 2 * time.Second}
	for second, status := range []*v1alpha1.ImmutableDeploymentStatus{
		{},
		rolling(0, "1/2", 0, false, ""),
		rolling(0, "1/2", 10, true, ""),
		rolling(0, "1/2", 10, true, ""),
		rolling(1, "2/2", 100, false, ""),
		rolling(1, "2/2", 100, true, ""),
		rolling(1, "2/2", 100, true, ""),
		rolling(1, "", 100, true, v1alpha1.OutcomePromoted),
		{},
	} {
		line.observe(at(second), status)
	}
	want := []stage{
		{revision: 2, step: "1/2", index: 0, weight: 10, from: at(4), to: at(4)},
		{revision: 2, step: "2/2", index: 1, weight: 100, from: at(7), to: at(7)},
	}
	if diff := cmp.Diff(want, line.of(2), cmp.AllowUnexported(stage{})); diff != "" {
		t.Error(diff)
	}
	if got := line.of(1); got != nil {
		t.Errorf("revision 1 has stages %v", got)
	}
}

func TestPercentage(t *testing.T) {
	targets := func(weights ...int32) (targets []v1alpha1.WeightedTarget) {
		for i, w := range weights {
			targets = append(targets, v1alpha1.WeightedTarget{Revision: int64(i + 1), Weight: w})
		}
		return targets
	}
	tests := map[string]struct {
		targets []v1alpha1.WeightedTarget
		want    float64
	}{
		"no rule":           {nil, 0},
		"no weight":         {targets(0, 0), 0},
		"of a hundred":      {targets(75, 25), 25},
		"of something else": {targets(3, 1), 25},
		"alone":             {targets(0, 7), 100},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := percentage(tc.targets, 2); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestJudgeShare(t *testing.T) {
	seen := func(old, fresh int) tally {
		return tally{total: old + fresh, byRevision: map[int64]int{1: old, 2: fresh}}
	}
	tests := map[string]struct {
		weight float64
		seen   tally
		want   check
	}{
		"as the rule says": {25, seen(300, 100), check{
			what: "Step 2/4 gets 25 % of the requests", want: "25 % ± 15", got: "25.0 % of 400", ok: true,
		}},
		"by chance more": {25, seen(250, 150), check{
			what: "Step 2/4 gets 25 % of the requests", want: "25 % ± 15", got: "37.5 % of 400", ok: true,
		}},
		"far too many": {25, seen(200, 200), check{
			what: "Step 2/4 gets 25 % of the requests", want: "25 % ± 15", got: "50.0 % of 400",
		}},
		"none at all": {10, seen(400, 0), check{
			what: "Step 2/4 gets 10 % of the requests", want: "10 % ± 15", got: "0.0 % of 400",
		}},
		"too few to tell": {50, seen(10, 10), check{
			what: "Step 2/4 gets 50 % of the requests", want: "50 % ± 15", got: "only 20 answers",
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := judgeShare(stage{revision: 2, step: "2/4", weight: tc.weight}, tc.seen)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(check{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
