package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// What the bad version does, and to how many requests.
const (
	// badErrors is the percentage of requests that it answers with an error,
	// according to its tag, and badWeight the percentage of requests that it
	// gets.
	badErrors = 20
	badWeight = 10
	// errorTolerance, in percentage points, is more than twice the random
	// deviation of badErrors with minBadAnswers answers, and nearly four times
	// that with the roughly 100 answers that there are.
	errorTolerance = 15
	minBadAnswers  = 40
	// lossTolerance, likewise, is nearly four times the random deviation of the
	// share of failures among roughly 1200 requests.
	lossTolerance = 1.5
	// messageWidth is how much of a message the report shows.
	messageWidth = 70
)

// badVersion rolls out a version that starts and is healthy, but fails some of
// the users' requests.
func (d *demo) badVersion(ctx context.Context) error {
	d.screen.chapter(fmt.Sprintf("3  Version %s, which is healthy, but fails %d %% of the users' requests", badTag, badErrors))
	started := time.Now()
	watch, err := d.startWatch("bad")
	if err != nil {
		return err
	}
	defer watch.stop(0)
	if err := d.apply(ctx, badTag); err != nil {
		return err
	}
	if err := d.watcher.until(ctx, "the bad version's first step", reached(badRevision, 0)); err != nil {
		return err
	}
	exposed := time.Now()
	d.screen.tell("It is healthy, the smoke test likes it, and it gets %d %% of the requests", badWeight)
	if err := d.watcher.until(ctx, "the traffic is taken from it", relieved(badRevision)); err != nil {
		return err
	}
	d.screen.print(d.screen.timed(span{fmt.Sprintf("All traffic goes to revision %d again: %s", betterRevision, d.watcher.message()), red}))
	back := time.Now().Add(propagation)
	if err := d.watcher.until(ctx, "the bad version is rolled back", rolledBack(badRevision)); err != nil {
		return err
	}
	if err := d.awaitAnswers(ctx, back); err != nil {
		return err
	}
	d.showWatch(watch)
	if err := d.kubectl(ctx, "get", "imd,imr", "-o", "wide"); err != nil {
		return err
	}
	d.addTraffic("bad version", started)
	s := d.watcher.state()
	d.report.add(judgeCatch(s.status().Rollout, d.watcher.stages(badRevision))...)
	d.report.add(judgeLoss(d.ledger.between(exposed, back), back.Sub(exposed))...)
	d.report.add(noFailures("Requests failed after the rollback", d.ledger.between(back, time.Now())))
	return d.addStacks(ctx, "Stacks left after the rollback")
}

// awaitAnswers waits until there are enough answers since a time.
func (d *demo) awaitAnswers(ctx context.Context, since time.Time) error {
	return d.watcher.until(ctx, "users go on", func(*state) (bool, error) {
		return d.ledger.between(since, time.Now()).total >= minAnswers, nil
	})
}

// addStacks adds to the report whether one stack is left.
func (d *demo) addStacks(ctx context.Context, what string) error {
	stacks, err := d.account.stacks(ctx)
	if err != nil {
		return err
	}
	d.report.add(same(what, 1, len(stacks)))
	return nil
}

// judgeCatch checks how the bad version was caught.
func judgeCatch(rollout *v1alpha1.Rollout, stages []stage) []check {
	var steps []string
	for _, s := range stages {
		steps = append(steps, fmt.Sprintf("%s with %.0f %%", s.step, s.weight))
	}
	return []check{
		same("The bad version is caught at step", fmt.Sprintf("1/4 with %d %%", badWeight), strings.Join(steps, ", ")),
		{
			what: "It is rolled back for a metric", want: string(v1alpha1.MetricErrorRate),
			got: cut(rollout.Message, messageWidth),
			ok:  rollout.Reason == v1alpha1.ReasonMetricOutOfBounds && strings.HasPrefix(rollout.Message, string(v1alpha1.MetricErrorRate)+" "),
		},
	}
}

// judgeLoss checks what the users saw while the bad version got requests.
func judgeLoss(seen tally, took time.Duration) []check {
	answers := seen.byRevision[badRevision]
	errors, loss := 0.0, 0.0
	if answers > 0 {
		errors = 100 * float64(seen.failed) / float64(answers)
	}
	if seen.total > 0 {
		loss = 100 * float64(seen.failed) / float64(seen.total)
	}
	const expected = badWeight * badErrors / 100.0
	return []check{
		{
			what: "Its answers that were errors", want: fmt.Sprintf("%d %% ± %d", badErrors, errorTolerance),
			got: fmt.Sprintf("%.1f %% of %d", errors, answers),
			ok:  answers >= minBadAnswers && errors >= badErrors-errorTolerance && errors <= badErrors+errorTolerance,
		},
		{
			what: "All requests that failed while it had some",
			want: fmt.Sprintf("≤ %d %% × %d %% + %.1f", badWeight, badErrors, lossTolerance),
			got:  fmt.Sprintf("%.1f %% of %d in %.0f s", loss, seen.total, took.Seconds()),
			ok:   seen.failed > 0 && loss <= expected+lossTolerance,
		},
		same("They failed by", "500 Internal Server Error", strings.Join(kinds(seen), ", ")),
	}
}

// judgeGate checks whether the function was called before the first users came,
// and its response.
func judgeGate(rollout *v1alpha1.Rollout, stages []stage) check {
	c := check{what: "A Lambda function tried it before any user", want: string(v1alpha1.GateSucceeded), got: "it was not asked"}
	for i := range rollout.Gates {
		g := &rollout.Gates[i]
		if g.Name != gateName {
			continue
		}
		c.got = string(g.State) + ": " + cut(g.Message, messageWidth)
		c.ok = g.State == v1alpha1.GateSucceeded && len(stages) > 0 && g.EndedAt != nil && g.EndedAt.Time.Before(stages[0].from)
	}
	return c
}

// judgePasses checks the steps for which a revision's error rate and latency
// passed.
func judgePasses(revision *v1alpha1.ImmutableRevision) check {
	c := check{what: "It was found good at each step", want: "errors 1 2 3 4, latency 1 2 3 4"}
	passed := map[string][]string{}
	for i := range revision.Status.Verdicts {
		v := &revision.Status.Verdicts[i]
		step := fmt.Sprint(v.Step)
		if had := passed[v.Name]; v.Source == v1alpha1.SourceMetric && v.Result == v1alpha1.ResultPass && (len(had) == 0 || had[len(had)-1] != step) {
			passed[v.Name] = append(had, step)
		}
	}
	c.got = "errors " + strings.Join(passed["errors"], " ") + ", latency " + strings.Join(passed["latency"], " ")
	c.ok = c.got == c.want
	return c
}

// crashingVersion rolls out a version whose containers crash.
func (d *demo) crashingVersion(ctx context.Context) error {
	d.screen.chapter("4  Version " + crashTag + ", which doesn't even start")
	started := time.Now()
	if err := d.apply(ctx, crashTag); err != nil {
		return err
	}
	if err := d.watcher.until(ctx, "the crashing version is rolled back", rolledBack(crashRevision)); err != nil {
		return err
	}
	seen := d.addTraffic("crashing version", started)
	d.screen.tell("Rolled back: %s", d.watcher.message())
	d.report.add(
		check{
			what: "The crashing version is given up, with the cause", want: "a cause",
			got: cut(d.watcher.message(), messageWidth), ok: d.watcher.message() != "",
		},
		check{
			what: "All went on with the version before", want: "100 % ± 0",
			got: fmt.Sprintf("%.0f %% of %d", seen.share(betterRevision), seen.total),
			ok:  seen.total >= minAnswers && seen.byRevision[betterRevision] == seen.total,
		},
		noFailures("Requests failed meanwhile", seen),
	)
	return d.addStacks(ctx, "Stacks left after it")
}

// relieved is true once a revision that is given up has no weight any more.
func relieved(revision int64) func(*state) (bool, error) {
	return func(s *state) (bool, error) {
		if !current(s, revision) {
			return false, nil
		}
		if s.status().Rollout.Outcome == v1alpha1.OutcomePromoted {
			return false, fmt.Errorf("revision %d was promoted", revision)
		}
		targets := observed(s.status())
		return s.status().Rollout.Outcome.Bad() && len(targets) > 0 && percentage(targets, revision) == 0, nil
	}
}
