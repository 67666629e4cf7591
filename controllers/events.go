package controllers

import (
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// announcement is an event to be.
type announcement struct {
	kind    string
	reason  string
	message string
}

// announcements tells what changed between two statuses that people want to
// hear of: phases, steps, what is in the way and what drifted.
func announcements(before, after *v1alpha1.ImmutableDeploymentStatus) []announcement {
	var out []announcement
	normal := func(reason, message string) {
		out = append(out, announcement{corev1.EventTypeNormal, reason, message})
	}
	warn := func(reason, message string) {
		out = append(out, announcement{corev1.EventTypeWarning, reason, message})
	}
	message := phaseMessage(after)
	switch blocked := after.BlockedBy; {
	case blocked != nil && (before.BlockedBy == nil || before.BlockedBy.Reason != blocked.Reason):
		warn(blocked.Reason, blocked.Message+". "+blocked.Cure)
	case blocked == nil && before.BlockedBy != nil:
		normal("Resumed", fmt.Sprintf("Goes on: %s is over", before.BlockedBy.Reason))
	}
	if after.BlockedBy == nil && before.Phase != after.Phase {
		switch after.Phase {
		case v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
			warn(string(after.Phase), message)
		default:
			normal(string(after.Phase), message)
		}
	} else if after.BlockedBy == nil && after.Phase == v1alpha1.PhaseShifting && before.Step != after.Step {
		normal(v1alpha1.ReasonShifting, message)
	}
	return out
}
