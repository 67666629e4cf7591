package controllers

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// announcement is an event to be.
type announcement struct {
	kind    string
	reason  string
	message string
}

// announcements tells what changed between two statuses that people want to
// hear of: what is in the way, phases and steps.
func announcements(before, after *v1alpha1.ImmutableDeploymentStatus) []announcement {
	var out []announcement
	switch was, is := before.BlockedBy, after.BlockedBy; {
	case is != nil && (was == nil || was.Reason != is.Reason):
		out = append(out, announcement{corev1.EventTypeWarning, is.Reason, is.Message + ". " + is.Cure})
	case is == nil && was != nil:
		out = append(out, announcement{corev1.EventTypeNormal, v1alpha1.ReasonResumed, fmt.Sprintf("Goes on: %s is over", was.Reason)})
	}
	if after.BlockedBy != nil {
		return out
	}
	switch stepped := after.Phase == v1alpha1.PhaseShifting && before.Step != after.Step; {
	case before.Phase != after.Phase:
		out = append(out, announcement{gravity(after.Phase), string(after.Phase), phaseMessage(after)})
	case stepped:
		out = append(out, announcement{corev1.EventTypeNormal, v1alpha1.ReasonShifting, phaseMessage(after)})
	}
	return out
}

// gravity is the type of the event that announces a phase.
func gravity(phase v1alpha1.Phase) string {
	switch phase {
	case v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return corev1.EventTypeWarning
	default:
		return corev1.EventTypeNormal
	}
}
