package view

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// History shows rollouts that ended, the newest first.
func (s *Screen) History(entries []v1alpha1.HistoryEntry) string {
	if len(entries) == 0 {
		return "No rollout has ended yet.\n"
	}
	rows := [][]string{{"ROLLOUT", "OUTCOME", "CAUSE", "ENDED", "PROVISION", "SHIFT"}}
	for i := range entries {
		e := &entries[i]
		rows = append(rows, []string{
			e.ID, string(e.Outcome), orDash(string(e.Cause)), s.age(&e.FinishedAt), seconds(e.ProvisionSeconds), seconds(e.ShiftSeconds),
		})
	}
	lines := table(rows)
	var out strings.Builder
	out.WriteString(s.paint(bold, lines[0]) + "\n")
	for i := range entries {
		e := &entries[i]
		out.WriteString(s.paint(outcomeStyle(e.Outcome), lines[i+1]) + "\n")
		for _, text := range besides(e) {
			for _, line := range s.wrap(text, 4) {
				out.WriteString("    " + line + "\n")
			}
		}
	}
	return out.String()
}

// besides are the image of a rollout, and why it didn't end well.
func besides(e *v1alpha1.HistoryEntry) (out []string) {
	if e.Image != "" {
		out = append(out, shortImage(e.Image))
	}
	if e.Message != "" && !e.Outcome.Good() {
		out = append(out, e.Reason+": "+e.Message)
	}
	return out
}

// shortImage is an image without its registry, and with the beginning of its
// digest.
func shortImage(image string) string {
	if registry, rest, found := strings.Cut(image, "/"); found && strings.ContainsAny(registry, ".:") {
		image = rest
	}
	named, digest, pinned := strings.Cut(image, "@")
	if !pinned || len(digest) <= len("sha256:")+12 {
		return image
	}
	return named + "@" + digest[:len("sha256:")+12]
}

func outcomeStyle(o v1alpha1.Outcome) string {
	switch {
	case o.Good():
		return green
	case o.Bad():
		return red
	}
	return yellow
}
