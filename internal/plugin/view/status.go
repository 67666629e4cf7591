package view

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Status draws a deployment as a tree: what is waited for, the rollout with its
// steps and verdicts, and the revisions with their stacks.
func (s *Screen) Status(d *Deployment) string {
	root := &node{text: heading(d), style: styleOf(d)}
	if d.Message != "" && d.Blocked == nil {
		root.add(plain, "%s", d.Message)
	}
	if !d.Observed {
		root.add(yellow, "The controller has not seen the last change of spec yet: what follows is about the one before.")
	}
	if d.Image != "" {
		root.add(plain, "Serves %s", d.Image)
	}
	s.blocked(root, d.Blocked)
	for _, w := range d.Warnings {
		root.add(yellow, "%s: %s", w.Type, w.Message)
	}
	if d.Rollout != nil {
		s.rollout(root, d.Rollout)
	}
	for i := range d.Revisions {
		s.revision(root, &d.Revisions[i])
	}
	return s.tree(root)
}

// heading is a deployment in a line.
func heading(d *Deployment) string {
	words := []string{d.Namespace + "/" + d.Name, orDash(string(d.Phase)), string(d.Strategy)}
	if d.Step != "" {
		words = append(words, "step "+d.Step)
	}
	if d.Paused {
		words = append(words, "spec.paused")
	}
	return strings.Join(words, "  ")
}

func styleOf(d *Deployment) string {
	switch {
	case d.State == Serving:
		return green
	case d.State == NotServing || d.Phase == v1alpha1.PhaseRollingBack:
		return red
	}
	return yellow
}

// blocked tells what is waited for, and the remedy in one piece.
func (s *Screen) blocked(parent *node, b *v1alpha1.BlockedBy) {
	if b == nil {
		return
	}
	n := parent.add(red, "Blocked by %s since %s: %s", b.Reason, s.since(&b.Since), b.Message)
	if b.Remedy != "" {
		n.add(bold, "%s", b.Remedy).whole = true
	}
}

func (s *Screen) rollout(parent *node, r *Rollout) {
	title := fmt.Sprintf("Rollout %s  %s", r.ID, r.Cause)
	switch {
	case r.FinishedAt != nil:
		title += fmt.Sprintf("  %s %s ago, after %s", r.Outcome, s.age(r.FinishedAt), duration.HumanDuration(r.FinishedAt.Sub(r.StartedAt.Time)))
	case r.Outcome != "":
		title += fmt.Sprintf("  %s, traffic is on its way", r.Outcome)
	default:
		title += "  for " + s.age(&r.StartedAt)
	}
	n := parent.add(bold, "%s", title)
	if r.Outcome != "" && !r.Outcome.Good() && r.Message != "" {
		n.add(plain, "%s: %s", r.Reason, r.Message)
	}
	if r.Note != "" {
		n.add(dim, "%s", r.Note)
	}
	for _, step := range r.Steps {
		n.add(stepStyles[step.Progress], "%s", stepText(step))
	}
	for i := range r.Checks {
		n.add(resultStyle(r.Checks[i].Result), "%s", verdictText(&r.Checks[i]))
	}
	for i := range r.Gates {
		n.add(gateStyle(r.Gates[i].State), "%s", gateText(&r.Gates[i]))
	}
}

var (
	stepStyles = map[string]string{StepDone: dim, StepCurrent: bold, StepAhead: plain}
	stepMarks  = map[string]string{StepDone: "✓", StepCurrent: "▶", StepAhead: "·"}
)

// stepText such as "▶ Step 2  25%, held for 5m, then approval".
func stepText(step Step) string {
	text := fmt.Sprintf("%s Step %d  %d%%", stepMarks[step.Progress], step.Number, step.Weight)
	if step.Hold > 0 {
		text += ", held for " + duration.HumanDuration(time.Duration(step.Hold)*time.Second)
	}
	if step.Approval {
		text += ", ends by approval"
	}
	return text
}

// verdictText such as "Metric errors  Pass: the sentence".
func verdictText(v *v1alpha1.Verdict) string {
	text := fmt.Sprintf("%s %s %s", resultMark(v.Result), v.Source, v.Name)
	if v.Step > 0 {
		text += fmt.Sprintf(" (step %d)", v.Step)
	}
	text += "  " + string(v.Result)
	if v.Message != "" {
		text += ": " + v.Message
	}
	return text
}

func gateText(g *v1alpha1.GateRun) string {
	text := fmt.Sprintf("%s Gate %s  %s at %s", gateMark(g.State), g.Name, g.State, g.At)
	if g.Step > 0 {
		text += fmt.Sprintf(" %d", g.Step)
	}
	if g.Message != "" {
		text += ": " + g.Message
	}
	return text
}

func resultMark(r v1alpha1.Result) string {
	switch r {
	case v1alpha1.ResultPass:
		return "✓"
	case v1alpha1.ResultFail:
		return "✗"
	case v1alpha1.ResultInconclusive:
		return "?"
	default:
		return "·"
	}
}

func resultStyle(r v1alpha1.Result) string {
	switch r {
	case v1alpha1.ResultPass:
		return green
	case v1alpha1.ResultFail:
		return red
	case v1alpha1.ResultInconclusive:
		return yellow
	default:
		return dim
	}
}

func gateMark(state v1alpha1.GateState) string {
	switch state {
	case v1alpha1.GateSucceeded:
		return "✓"
	case v1alpha1.GateFailed:
		return "✗"
	default:
		return "·"
	}
}

func gateStyle(state v1alpha1.GateState) string {
	switch state {
	case v1alpha1.GateSucceeded:
		return green
	case v1alpha1.GateFailed:
		return red
	default:
		return plain
	}
}

// roles in words.
var roles = map[Role]string{RoleNew: "new", RoleStable: "stable", RoleRetiring: "retiring", RoleOther: "kept"}

func (s *Screen) revision(parent *node, r *Revision) {
	title := fmt.Sprintf("%s  %s", r.Name, roles[r.Role])
	if r.Weight != nil {
		title += fmt.Sprintf("  %d%% of the requests", *r.Weight)
	}
	n := parent.add(bold, "%s", title)
	if r.Image != "" {
		n.add(plain, "Image %s", r.Image)
	}
	n.add(phaseStyle(r.Phase), "Stack %s  %s", r.Stack.Name, orDash(strings.TrimSpace(r.Stack.Status+" ("+string(r.Phase)+")")))
	if r.Service != "" {
		n.add(plain, "Service %s in cluster %s", r.Service, r.Cluster)
	}
	if r.Failure != nil {
		n.add(red, "%s", failureText(r.Failure))
	}
	s.blocked(n, r.Blocked)
}

func phaseStyle(phase v1alpha1.RevisionPhase) string {
	switch phase {
	case v1alpha1.RevisionCreated:
		return green
	case v1alpha1.RevisionFailed, v1alpha1.RevisionDeleteFailed:
		return red
	default:
		return yellow
	}
}

func failureText(f *v1alpha1.StackFailure) string {
	if f.Resource == "" {
		return f.Message
	}
	return f.Resource + ": " + f.Message
}

// Line is a deployment in one line.
func Line(d *Deployment) string {
	line := heading(d)
	if d.Blocked != nil {
		return line + "  " + d.Blocked.Reason + ": " + d.Blocked.Message
	}
	if d.Message != "" {
		line += "  " + d.Message
	}
	return line
}
