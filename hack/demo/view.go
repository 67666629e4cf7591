package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Styles, as SGR parameters of a terminal.
const (
	plain  = ""
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
	cyan   = "36"
)

// span is text in one style.
type span struct{ text, style string }

// line is one line of output.
type line []span

// render cuts the line to width characters; 0 is no limit.
func (l line) render(width int, colour bool) string {
	var out strings.Builder
	left := width
	for _, s := range l {
		text := s.text
		if width > 0 {
			text = cut(text, left)
			left -= utf8.RuneCountInString(text)
		}
		if colour && s.style != plain && text != "" {
			text = "\x1b[" + s.style + "m" + text + "\x1b[0m"
		}
		out.WriteString(text)
	}
	return out.String()
}

// cut shortens text to at most n characters.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	if n < 1 {
		return ""
	}
	return string([]rune(text)[:n-1]) + "…"
}

func plainLines(texts []string) []line {
	lines := make([]line, len(texts))
	for i, text := range texts {
		lines[i] = line{{text, plain}}
	}
	return lines
}

// snapshot is what the view shows.
type snapshot struct {
	elapsed time.Duration
	// deployment is nil before it is created and after it is gone.
	deployment *v1alpha1.ImmutableDeployment
	revisions  []v1alpha1.ImmutableRevision
	// seen are the answers of the last seconds.
	seen tally
	// failed counts failures since the first version began to serve.
	failed int
	// managerDown is true while no manager is running.
	managerDown bool
}

// key changes when something happens that deserves a line.
func (s *snapshot) key() string {
	if s.deployment == nil {
		return "gone"
	}
	status := &s.deployment.Status
	return fmt.Sprint(status.Phase, status.Step, status.Revision, weights(written(status)), s.managerDown)
}

// settled reports whether nothing is in progress.
func (s *snapshot) settled() bool {
	return s.deployment == nil || !meta.IsStatusConditionTrue(s.deployment.Status.Conditions, v1alpha1.ConditionReconciling)
}

// short is the snapshot in one line.
func (s *snapshot) short() line {
	if s.deployment == nil {
		return line{{"no deployment", plain}, {"  seen " + s.seenText(), plain}}
	}
	status := &s.deployment.Status
	text := fmt.Sprintf("%-12s step %-4s written %-12s observed %-12s seen %s  failed %d",
		orDash(string(status.Phase)), orDash(status.Step), weights(written(status)), weights(observed(status)),
		s.seenText(), s.failed)
	if s.managerDown {
		text += "  (no manager)"
	}
	if message := s.message(); message != "" {
		text += "  | " + message
	}
	return line{{text, plain}}
}

// panel is the snapshot as a block of lines.
func (s *snapshot) panel() []line {
	if s.deployment == nil {
		return []line{rule(clock(s.elapsed)), {{" no deployment", dim}}, s.seenLine()}
	}
	status := &s.deployment.Status
	return []line{
		rule(clock(s.elapsed) + "  " + s.deployment.Name + "  " + string(s.deployment.Spec.Strategy.Type)),
		{
			{" phase    ", dim}, {fmt.Sprintf("%-13s", orDash(string(status.Phase))), phaseStyle(status.Phase)},
			{"step ", dim}, {fmt.Sprintf("%-6s", orDash(status.Step)), bold},
			{"revision ", dim}, {orDash(status.Revision), bold}, s.managerSpan(),
		},
		{
			{" weights  ", dim}, {"written ", dim}, {fmt.Sprintf("%-14s", weights(written(status))), plain},
			{"observed ", dim}, {weights(observed(status)), plain},
		},
		s.seenLine(),
		{{" checks   ", dim}, {s.checks(), plain}},
		{{" stacks   ", dim}, {s.stacks(), plain}},
		{{" message  ", dim}, {s.message(), plain}},
	}
}

func (s *snapshot) managerSpan() span {
	if s.managerDown {
		return span{"   NO MANAGER RUNS", red}
	}
	return span{}
}

// barWidth is how many characters stand for all answers.
const barWidth = 40

func (s *snapshot) seenLine() line {
	l := line{{" answers  ", dim}}
	for i, revision := range s.seen.revisions() {
		share := s.seen.share(revision)
		bar := strings.Repeat("█", int(math.Round(share/100*barWidth)))
		l = append(l, span{fmt.Sprintf("%d:", revision), plain}, span{bar, barStyle(i)}, span{fmt.Sprintf(" %.0f%%  ", share), plain})
	}
	if len(s.seen.revisions()) == 0 {
		l = append(l, span{"no revision answers  ", dim})
	}
	style := green
	if s.failed > 0 {
		style = red
	}
	return append(l, span{fmt.Sprintf("of %d  ", s.seen.total), dim}, span{fmt.Sprintf("%d failed", s.failed), style})
}

func (s *snapshot) seenText() string {
	var parts []string
	for _, revision := range s.seen.revisions() {
		parts = append(parts, fmt.Sprintf("%d:%.0f%%", revision, s.seen.share(revision)))
	}
	if len(parts) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s of %d", strings.Join(parts, " "), s.seen.total)
}

func (s *snapshot) stacks() string {
	var parts []string
	for i := range s.revisions {
		r := &s.revisions[i]
		state := r.Status.StackStatus
		if state == "" {
			state = string(r.Status.Phase)
		}
		parts = append(parts, fmt.Sprintf("%d:%s", r.Spec.Revision, orDash(state)))
	}
	return orDash(strings.Join(parts, "  "))
}

// checks lists the verdicts of the rollout, such as "errors Pass 0%".
func (s *snapshot) checks() string {
	rollout := s.deployment.Status.Rollout
	if rollout == nil {
		return orDash("")
	}
	var parts []string
	for i := range rollout.Checks {
		v := &rollout.Checks[i]
		parts = append(parts, strings.TrimRight(fmt.Sprintf("%s %s %s", v.Name, v.Result, v.Value), " "))
	}
	return orDash(strings.Join(parts, "  "))
}

func (s *snapshot) message() string {
	status := &s.deployment.Status
	if status.BlockedBy != nil {
		return status.BlockedBy.Message
	}
	for _, c := range status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Message
		}
	}
	return ""
}

func written(status *v1alpha1.ImmutableDeploymentStatus) []v1alpha1.WeightedTarget {
	if status.Traffic == nil {
		return nil
	}
	return status.Traffic.Written
}

func observed(status *v1alpha1.ImmutableDeploymentStatus) []v1alpha1.WeightedTarget {
	if status.Traffic == nil {
		return nil
	}
	return status.Traffic.Observed
}

// weights of a rule, such as "1:75 2:25".
func weights(targets []v1alpha1.WeightedTarget) string {
	targets = slices.Clone(targets)
	slices.SortFunc(targets, func(a, b v1alpha1.WeightedTarget) int { return int(a.Revision - b.Revision) })
	var parts []string
	for _, t := range targets {
		parts = append(parts, fmt.Sprintf("%d:%d", t.Revision, t.Weight))
	}
	return orDash(strings.Join(parts, " "))
}

// rule is a horizontal line with a title.
func rule(title string) line {
	return line{{"── " + title + " " + strings.Repeat("─", max(0, 74-utf8.RuneCountInString(title))), cyan}}
}

func phaseStyle(phase v1alpha1.Phase) string {
	switch phase {
	case v1alpha1.PhaseComplete:
		return green
	case v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return red
	default:
		return yellow
	}
}

func barStyle(i int) string {
	styles := []string{blue, green, red}
	return styles[i%len(styles)]
}

// clock formats a duration as minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
