package view

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// Why is the reason that a deployment isn't as its spec asks for.
type Why struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	State     State  `json:"state"`
	// Reason in one word, "" if nothing is in the way.
	Reason string       `json:"reason,omitempty"`
	What   string       `json:"what"`
	Since  *metav1.Time `json:"since,omitempty"`
	// Evidence are sentences.
	Evidence []string `json:"evidence,omitempty"`
	Remedies []string `json:"remedies,omitempty"`
	// Logs are commands that show what the tasks wrote.
	Logs []string `json:"logs,omitempty"`
}

// WhyOf finds the reason, and what speaks for it.
func WhyOf(d *Deployment) Why {
	w := Why{Namespace: d.Namespace, Name: d.Name, State: d.State, What: d.Message}
	if !d.Observed {
		w.What = strings.TrimSpace("The controller has not seen the last change of spec yet. " + w.What)
	}
	w.reason(d)
	for _, warning := range d.Warnings {
		w.Evidence = append(w.Evidence, warning.Type+": "+warning.Message)
	}
	if d.Rollout != nil {
		w.judged(d.Rollout)
	}
	for i := range d.Revisions {
		w.stack(d, &d.Revisions[i])
	}
	return w
}

// reason fills in what is in the way and the remedy: what is waited for comes
// before how the last rollout ended.
func (w *Why) reason(d *Deployment) {
	r, b := d.Rollout, d.inTheWay()
	switch {
	case b != nil:
		w.Reason, w.What, w.Since = b.Reason, b.Message, &b.Since
		w.remedy(b.Remedy)
	case d.State == NotServing && r != nil && r.Outcome != "" && !r.Outcome.Good():
		w.Reason, w.Since = r.Reason, r.FinishedAt
		if w.What == "" {
			w.What = r.Message
		}
		w.remedy("Change spec.template, or try the same again: kubectl viridian retry " + d.Name + " -n " + d.Namespace)
	case d.State == NotServing:
		w.Reason = string(d.Phase)
	}
}

// inTheWay is what a deployment waits for, or else the stack of a revision that
// matters; nil if nothing is in the way.
func (d *Deployment) inTheWay() *v1alpha1.BlockedBy {
	if d.Blocked != nil {
		return d.Blocked
	}
	for i := range d.Revisions {
		if r := &d.Revisions[i]; r.Role == RoleNew || r.Role == RoleStable {
			if r.Blocked != nil {
				return r.Blocked
			}
		}
	}
	return nil
}

func (w *Why) remedy(text string) {
	if text != "" {
		w.Remedies = append(w.Remedies, text)
	}
}

// judged adds what speaks against the revision that is rolled out, or isn't known.
func (w *Why) judged(r *Rollout) {
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Result == v1alpha1.ResultFail || c.Result == v1alpha1.ResultInconclusive {
			w.Evidence = append(w.Evidence, verdictText(c)+measuredIn(c))
		}
	}
	for i := range r.Gates {
		if g := &r.Gates[i]; g.State == v1alpha1.GateFailed || g.State == v1alpha1.GateRunning && r.FinishedAt == nil {
			w.Evidence = append(w.Evidence, gateText(g))
		}
	}
}

// measuredIn is the time that a verdict is about; "" if it has none.
func measuredIn(v *v1alpha1.Verdict) string {
	if v.From == nil || v.To == nil {
		return ""
	}
	return fmt.Sprintf(" (measured %s to %s)", v.From.UTC().Format("15:04:05"), v.To.UTC().Format("15:04:05Z"))
}

// stack adds what is wrong with a revision's stack, and where its logs are if they
// may tell more: those of a revision that serves well say nothing about it.
func (w *Why) stack(d *Deployment, r *Revision) {
	if r.Failure != nil {
		w.Evidence = append(w.Evidence, fmt.Sprintf("Stack of %s: %s", r.Name, failureText(r.Failure)))
		w.remedy(r.Failure.Remedy)
	}
	if r.Blocked != nil && r.Blocked != d.inTheWay() {
		w.Evidence = append(w.Evidence, fmt.Sprintf("Stack of %s: %s: %s", r.Name, r.Blocked.Reason, r.Blocked.Message))
		w.remedy(r.Blocked.Remedy)
	}
	subject := r.Role == RoleNew || r.Role == RoleStable && d.Phase == v1alpha1.PhaseUnavailable || d.Rollout != nil && d.Rollout.isOf(r)
	if w.Reason != "" && subject && r.LogGroup != "" {
		w.Logs = append(w.Logs, command.TailLogs(r.LogGroup, "", r.region, r.Stack.ID))
	}
}

// isOf tells whether a rollout that ended badly was one of the revision.
func (r *Rollout) isOf(revision *Revision) bool {
	return strings.HasPrefix(r.ID, revision.Name+".") && r.Outcome.Bad()
}

// Why shows a reason on one screen.
func (s *Screen) Why(w *Why) string {
	var out strings.Builder
	out.WriteString(s.paint(bold, w.Namespace+"/"+w.Name) + "\n")
	if w.Reason == "" {
		s.section(&out, "Nothing is in the way", false, orDash(w.What))
	} else {
		what := w.Reason + ": " + w.What
		if w.Since != nil {
			what = w.Reason + " since " + s.since(w.Since) + ": " + w.What
		}
		s.section(&out, "What", false, what)
	}
	s.section(&out, "Evidence", false, w.Evidence...)
	s.section(&out, "Remedy", true, w.Remedies...)
	s.section(&out, "Logs", true, w.Logs...)
	return out.String()
}

// section shows texts under a title, whole if they hold commands to paste.
func (s *Screen) section(out *strings.Builder, title string, whole bool, texts ...string) {
	if len(texts) == 0 {
		return
	}
	out.WriteString("\n" + s.paint(bold, title) + "\n")
	for _, text := range texts {
		lines := []string{text}
		if !whole {
			lines = s.wrap(text, 4)
		}
		for i, line := range lines {
			if i > 0 {
				line = "  " + line
			}
			out.WriteString("  " + line + "\n")
		}
	}
}
