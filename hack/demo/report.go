package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// check is something that was expected and what was seen.
type check struct {
	what, want, got string
	ok              bool
}

// same checks that two values are the same.
func same[T comparable](what string, want, got T) check {
	return check{what: what, want: fmt.Sprint(want), got: fmt.Sprint(got), ok: want == got}
}

// chapterTraffic is what users saw in one chapter.
type chapterTraffic struct {
	chapter string
	tally   tally
}

// report is the result of the whole story.
type report struct {
	checks  []check
	traffic []chapterTraffic
	// calls to AWS by operation, during the canary rollout.
	calls map[string]int
	// totals are those of the deployment at its end; nil if it had none.
	totals *v1alpha1.Totals
	took   time.Duration
}

func (r *report) add(c ...check) { r.checks = append(r.checks, c...) }

// differing lists what wasn't as expected.
func (r *report) differing() []check {
	return slices.DeleteFunc(slices.Clone(r.checks), func(c check) bool { return c.ok })
}

// lines is the report as printed.
func (r *report) lines() []line {
	lines := []line{{}, {{"Summary", bold}}}
	lines = append(lines, r.checkLines()...)
	if len(r.traffic) > 0 {
		lines = append(lines, line{}, line{{"Requests, by the revision that answered", bold}})
		lines = append(lines, plainLines(r.trafficTable())...)
	}
	if len(r.calls) > 0 {
		lines = append(lines, line{}, line{{fmt.Sprintf("AWS calls of the canary rollout: %d", sum(r.calls)), bold}})
		lines = append(lines, plainLines(callTable(r.calls))...)
	}
	if r.totals != nil {
		lines = append(lines, line{}, line{{"Figures of status.totals, of which metrics are made", bold}})
		lines = append(lines, plainLines(figures(r.totals, r.took))...)
	}
	return append(lines, line{}, r.verdict())
}

func (r *report) verdict() line {
	took := r.took.Round(time.Second)
	differing := r.differing()
	if len(differing) == 0 {
		return line{{fmt.Sprintf("All %d checks are as expected, after %s.", len(r.checks), took), green}}
	}
	return line{{fmt.Sprintf("%d of %d checks differ, after %s.", len(differing), len(r.checks), took), red}}
}

func (r *report) checkLines() []line {
	rows := [][]string{{"", "", "expected", "seen"}}
	for _, c := range r.checks {
		mark := "ok"
		if !c.ok {
			mark = "NO"
		}
		rows = append(rows, []string{mark, c.what, c.want, c.got})
	}
	lines := plainLines(table(rows))
	for i, c := range r.checks {
		if !c.ok {
			lines[i+1][0].style = red
		}
	}
	return lines
}

func (r *report) trafficTable() []string {
	total := tally{byRevision: map[int64]int{}}
	for _, t := range r.traffic {
		for revision, n := range t.tally.byRevision {
			total.byRevision[revision] += n
		}
	}
	head := []string{"chapter", "requests", "failed"}
	for _, revision := range total.revisions() {
		head = append(head, fmt.Sprintf("revision %d", revision))
	}
	rows := [][]string{head}
	for _, t := range r.traffic {
		row := []string{t.chapter, strconv.Itoa(t.tally.total), strconv.Itoa(t.tally.failed)}
		for _, revision := range total.revisions() {
			row = append(row, strconv.Itoa(t.tally.byRevision[revision]))
		}
		rows = append(rows, row)
	}
	return table(rows)
}

func callTable(calls map[string]int) []string {
	var rows [][]string
	for _, operation := range slices.Sorted(maps.Keys(calls)) {
		rows = append(rows, []string{operation, strconv.Itoa(calls[operation])})
	}
	return table(rows)
}

// figures are how often and how well was deployed in some time.
func figures(t *v1alpha1.Totals, took time.Duration) []string {
	return table([][]string{
		{"changes", fmt.Sprintf("%d in %s", t.Changes, took.Round(time.Second))},
		{"change failure rate", fmt.Sprintf("%d of %d", t.Failures, t.Changes)},
		{"lead time", average(t.LeadTime)},
		{"time to recovery", average(t.Recovery)},
	})
}

func average(t v1alpha1.TimeTotal) string {
	if t.Count == 0 {
		return "none"
	}
	mean := time.Duration(t.Seconds) * time.Second / time.Duration(t.Count)
	return fmt.Sprintf("%s on average of %d", mean.Round(time.Second), t.Count)
}

// table aligns columns, two blanks apart and two from the margin.
func table(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range rows {
		var out strings.Builder
		for i, cell := range row {
			out.WriteString("  " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		lines[n] = strings.TrimRight(out.String(), " ")
	}
	return lines
}

func sum(counts map[string]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}
