package main

import (
	"fmt"
	"math"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// stage is the time during which one step of a rollout was in effect.
type stage struct {
	// revision that is rolled out, and the step out of all steps, such as 2/4.
	revision int64
	step     string
	index    int32
	// weight is the revision's percentage by the rule.
	weight float64
	// from and to limit the stage; to is zero while it is in progress.
	from, to time.Time
}

// timeline gathers the stages of a rollout from its status.
type timeline struct {
	// propagation is how long it may take after a rule was read back until all
	// requests follow it.
	propagation time.Duration
	stages      []stage
}

// observe records a status that was seen at a time.
func (t *timeline) observe(at time.Time, status *v1alpha1.ImmutableDeploymentStatus) {
	rollout := status.Rollout
	reached := rollout != nil && rollout.StepReachedAt != nil && rollout.Outcome == ""
	if last := t.last(); last != nil && last.to.IsZero() {
		if reached && rollout.Revision == last.revision && rollout.Step == last.index {
			return
		}
		last.to = at
	}
	if !reached || status.Traffic == nil {
		return
	}
	t.stages = append(t.stages, stage{
		revision: rollout.Revision, step: status.Step, index: rollout.Step,
		weight: percentage(status.Traffic.Written, rollout.Revision),
		from:   at.Add(t.propagation),
	})
}

func (t *timeline) last() *stage {
	if len(t.stages) == 0 {
		return nil
	}
	return &t.stages[len(t.stages)-1]
}

// of lists the stages of a revision.
func (t *timeline) of(revision int64) []stage {
	var stages []stage
	for _, s := range t.stages {
		if s.revision == revision {
			stages = append(stages, s)
		}
	}
	return stages
}

// percentage is a revision's share of the weights.
func percentage(targets []v1alpha1.WeightedTarget, revision int64) float64 {
	var part, sum int32
	for _, t := range targets {
		sum += t.Weight
		if t.Revision == revision {
			part += t.Weight
		}
	}
	if sum == 0 {
		return 0
	}
	return 100 * float64(part) / float64(sum)
}

const (
	// shareTolerance, in percentage points, is three times the random deviation
	// of one half with minAnswers answers, and more than nine times that with
	// the roughly 1000 answers of a step.
	shareTolerance = 15
	// minAnswers is how many answers a share needs to be meaningful.
	minAnswers = 100
)

// judgeShare compares the share of answers seen in a stage with its weight.
func judgeShare(s stage, seen tally) check {
	share := seen.share(s.revision)
	c := check{
		what: fmt.Sprintf("Step %s gets %.0f %% of the requests", s.step, s.weight),
		want: fmt.Sprintf("%.0f %% ± %d", s.weight, shareTolerance),
		got:  fmt.Sprintf("%.1f %% of %d", share, seen.total),
		ok:   math.Abs(share-s.weight) <= shareTolerance && share > 0,
	}
	if seen.total < minAnswers {
		c.ok, c.got = false, fmt.Sprintf("only %d answers", seen.total)
	}
	return c
}
