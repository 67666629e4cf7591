package controllers_test

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// judgements is how many rollouts of each kind are judged. One shows that it
// works; many, how often it is right.
var judgements = flag.Int("judgements", 1, "how many rollouts of each kind TestJudgement judges")

// judgedPerWorld is how many of them one account sees, one after the other.
const judgedPerWorld = 5

// trial is a kind of rollout that is judged again and again.
type trial struct {
	// check in words, and what it is.
	check string
	bound func(*v1alpha1.MetricCheck)
	// errors are the percentages of requests that each revision fails.
	stable, candidate int
}

func (c trial) good() bool { return c.candidate <= c.stable }

// trials are a plain bound for a service without errors, and the comparison
// with a revision that serves.
func trials() []trial {
	plain := func(c *v1alpha1.MetricCheck) { c.Max = "0.5" }
	ratio := func(c *v1alpha1.MetricCheck) { c.Max, c.MaxRatioToStable = "", "2" }
	return []trial{
		{"max 0.5", plain, 0, 0}, {"max 0.5", plain, 0, 1}, {"max 0.5", plain, 0, 20},
		{"ratio 2", ratio, 1, 1}, {"ratio 2", ratio, 0, 1}, {"ratio 2", ratio, 0, 20},
	}
}

// tagOf is the tag of an image that fails that percentage of its requests.
func tagOf(errors int) string {
	if errors == 0 {
		return "2"
	}
	return "err" + strconv.Itoa(errors)
}

// judgement is how one rollout went.
type judgement struct {
	rolledBack bool
	// step at which it was, and what the new revision answered until then.
	step     int32
	answered int64
	// requests of all users, and how many failed.
	requests, failed int64
}

// crowd are users who don't care who answers them.
type crowd struct {
	requests, failed atomic.Int64
	// answered counts the requests of the newest revision.
	newest, answered atomic.Int64
}

// visit has users come until the test is over.
func (w *world) visit() *crowd {
	w.t.Helper()
	w.Eventually(func() string { return answeredBy(w.send()) }).ShouldNot(gomega.Equal(strconv.Itoa(http.StatusServiceUnavailable)))
	c, stop := &crowd{}, make(chan struct{})
	var users sync.WaitGroup
	for range 6 {
		users.Go(func() {
			pause := time.NewTicker(4 * time.Millisecond)
			defer pause.Stop()
			for {
				select {
				case <-stop:
					return
				case <-pause.C:
				}
				answer := w.send()
				c.requests.Add(1)
				if answer.Status != http.StatusOK {
					c.failed.Add(1)
				}
				if m := groupName.FindStringSubmatch(answer.TargetGroupARN); m != nil && m[1] == strconv.FormatInt(c.newest.Load(), 10) {
					c.answered.Add(1)
				}
			}
		})
	}
	w.t.Cleanup(func() { close(stop); users.Wait() })
	return c
}

// threeSteps is a canary that holds each step for some minutes.
func threeSteps() v1alpha1.Strategy {
	hold := new(int32(300))
	return v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: &v1alpha1.Canary{Steps: []v1alpha1.CanaryStep{
		{Weight: 10, HoldSeconds: hold}, {Weight: 25, HoldSeconds: hold}, {Weight: 50, HoldSeconds: hold},
	}}}
}

// judge rolls a revision out under load and tells what came of it.
func (w *world) judge(imd *v1alpha1.ImmutableDeployment, users *crowd, c trial) judgement {
	w.t.Helper()
	requests, failed := users.requests.Load(), users.failed.Load()
	now := w.renew(imd, c.candidate)
	users.answered.Store(0)
	number, err := strconv.ParseInt(strings.TrimPrefix(now.Status.Revision, imd.Name+"-"), 10, 64)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	users.newest.Store(number)
	now = w.until(imd, "a verdict", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Rollout.Outcome != "" })
	answered := users.answered.Load()
	j := judgement{rolledBack: now.Status.Rollout.Outcome == v1alpha1.OutcomeRolledBack, step: 4, answered: answered}
	if j.rolledBack {
		w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonMetricOutOfBounds), now.Status.Rollout.Message)
		j.step = now.Status.Rollout.Checks[0].Step
	}
	w.until(imd, "the end", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete || s.Phase == v1alpha1.PhaseRolledBack
	})
	j.requests, j.failed = users.requests.Load()-requests, users.failed.Load()-failed
	return j
}

// renew rolls a new revision out that fails that percentage of its requests.
func (w *world) renew(imd *v1alpha1.ImmutableDeployment, errors int) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	before := w.get(imd).Status.RolloutCount
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].Image = image(tagOf(errors))
		s.Template.Containers[0].Environment = []v1alpha1.KeyValue{{Name: "ROLLOUT", Value: fmt.Sprint(before + 1)}}
	})
	return w.until(imd, "the rollout to begin", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RolloutCount == before+1 })
}

// restore has an old revision serve again after a bad one was taken for good,
// so that the next one is compared with what the trial says.
func (w *world) restore(imd *v1alpha1.ImmutableDeployment, c trial) {
	w.t.Helper()
	now := w.renew(imd, c.stable)
	w.request(imd, v1alpha1.AnnotationPromote, now.Status.Revision+"/full")
	w.until(imd, "the old one again", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == now.Status.Revision
	})
}

// Real counts of requests that concurrent users send decide about good and bad
// revisions, as often as was asked for.
func TestJudgement(t *testing.T) {
	t.Parallel()
	all := trials()
	results := make([][]judgement, len(all))
	t.Run("rollouts", func(t *testing.T) {
		var mu sync.Mutex
		for i, c := range all {
			for first := 0; first < *judgements; first += judgedPerWorld {
				t.Run(fmt.Sprintf("%s, %d after %d", c.check, c.candidate, c.stable), func(t *testing.T) {
					w := running(t)
					a := errorRate(c.bound)
					a.Metrics[0].MinSamples = nil
					a.InconclusiveSeconds = new(int32(86400)) // a busy machine has few requests per minute
					imd := w.serving(judgedBy(a), func(s *v1alpha1.ImmutableDeploymentSpec) {
						s.Strategy = threeSteps()
						s.Template.Containers[0].Image = image(tagOf(c.stable))
					})
					users := w.visit()
					for range min(judgedPerWorld, *judgements-first) {
						j := w.judge(imd, users, c)
						if !c.good() && !j.rolledBack {
							w.restore(imd, c)
						}
						mu.Lock()
						results[i] = append(results[i], j)
						mu.Unlock()
					}
				})
			}
		}
	})
	t.Log("\n" + judgementTable(all, results))
	for i, c := range all {
		checkJudgements(t, c, results[i])
	}
}

// checkJudgements fails on more wrong verdicts than are promised.
func checkJudgements(t *testing.T, c trial, results []judgement) {
	t.Helper()
	found, late := 0, 0
	for _, j := range results {
		if j.rolledBack {
			found++
			if j.step > 1 {
				late++
			}
		}
	}
	n := len(results)
	switch {
	case n != *judgements:
		t.Errorf("%v: %d rollouts came to an end", c, n)
	case c.good() && found > n/50: // at most one in a hundred is promised; chance has it that it's twice that
		t.Errorf("%v: %d of %d good revisions were rolled back", c, found, n)
	case c.candidate == 20 && (found < n || late > 0):
		t.Errorf("%v: %d of %d were found, %d of them after step 1", c, found, n, late)
	case c.candidate == 1 && !c.good() && c.stable == 0 && c.check == "max 0.5" && n >= 10 && found <= n/2:
		t.Errorf("%v: only %d of %d were found", c, found, n)
	}
}

// judgementTable is what is learned, for people.
func judgementTable(all []trial, results [][]judgement) string {
	var b strings.Builder
	b.WriteString("| Check | Old fails | New fails | Rollouts | Right | Rolled back | At step 1, 2, 3, 4 | Requests to the new one until then: median, most | Requests of all users | Failed |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for i, c := range all {
		var steps [4]int
		var answered []int64
		var requests, failed int64
		found := 0
		for _, j := range results[i] {
			requests, failed = requests+j.requests, failed+j.failed
			if j.rolledBack {
				found++
				steps[j.step-1]++
				answered = append(answered, j.answered)
			}
		}
		n := len(results[i])
		right, at, until := found, "–", "–"
		if c.good() {
			right = n - found
		}
		if found > 0 {
			slices.Sort(answered)
			at = fmt.Sprintf("%d, %d, %d, %d", steps[0], steps[1], steps[2], steps[3])
			until = fmt.Sprintf("%d, %d", answered[found/2], answered[found-1])
		}
		fmt.Fprintf(&b, "| %s | %d %% | %d %% | %d | %d | %d | %s | %s | %d | %d |\n",
			c.check, c.stable, c.candidate, n, right, found, at, until, requests, failed)
	}
	return b.String()
}
