package controllers

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// announcement is an event to be.
type announcement struct {
	kind   string
	reason string
	// action tells events apart that have the same reason: the recorder takes
	// those that differ by their messages only for one that repeats.
	action  string
	message string
}

// announcements tells what changed between two statuses that people want to
// hear of: what is in the way, phases and steps.
func announcements(before, after *v1alpha1.ImmutableDeploymentStatus) []announcement {
	out := slices.Concat(verdicts(before.Rollout, after.Rollout), overlaps(before, after), configurations(before, after), rotated(before, after))
	switch was, is := before.BlockedBy, after.BlockedBy; {
	case is != nil && (was == nil || was.Reason != is.Reason):
		out = append(out, announcement{corev1.EventTypeWarning, is.Reason, "", is.Message + ". " + is.Remedy})
	case is == nil && was != nil:
		out = append(out, announcement{corev1.EventTypeNormal, v1alpha1.ReasonResumed, "", "No longer held up by " + was.Reason})
	}
	if after.BlockedBy != nil {
		return out
	}
	switch stepped := after.Phase == v1alpha1.PhaseShifting && before.Step != after.Step; {
	case before.Phase != after.Phase:
		out = append(out, announcement{gravity(after.Phase), string(after.Phase), "", phaseMessage(after)})
	case stepped:
		out = append(out, announcement{corev1.EventTypeNormal, v1alpha1.ReasonShifting, "", phaseMessage(after)})
	}
	return out
}

// overlaps tells that rules take each other's requests, unless that is in the way
// and told as such.
func overlaps(before, after *v1alpha1.ImmutableDeploymentStatus) []announcement {
	was, is := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionOverlapping), meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionOverlapping)
	told := after.BlockedBy != nil && is != nil && after.BlockedBy.Reason == is.Reason
	if is == nil || told || was != nil && was.Message == is.Message {
		return nil
	}
	return []announcement{{corev1.EventTypeWarning, is.Reason, v1alpha1.ConditionOverlapping, is.Message}}
}

// configurations tells that values have changed in AWS, or are gone, or are again as
// what serves has them.
func configurations(before, after *v1alpha1.ImmutableDeploymentStatus) []announcement {
	was := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionConfigurationCurrent)
	is := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionConfigurationCurrent)
	switch {
	case is == nil || was != nil && was.Reason == is.Reason || was == nil && is.Reason == v1alpha1.ReasonConfigurationCurrent:
		return nil
	case is.Reason == v1alpha1.ReasonConfigurationGone:
		return []announcement{{corev1.EventTypeWarning, is.Reason, v1alpha1.ConditionConfigurationCurrent, is.Message}}
	}
	return []announcement{{corev1.EventTypeNormal, is.Reason, v1alpha1.ConditionConfigurationCurrent, is.Message}}
}

// rotated tells once that secrets which are pinned have become rotated.
func rotated(before, after *v1alpha1.ImmutableDeploymentStatus) []announcement {
	if after.Configuration == nil {
		return nil
	}
	var known []v1alpha1.ConfigurationReference
	if was := before.Configuration; was != nil && was.Revision == after.Configuration.Revision {
		known = was.Entries
	}
	var names []string
	warning := ""
	for _, r := range after.Configuration.Entries {
		told := slices.ContainsFunc(known, func(k v1alpha1.ConfigurationReference) bool {
			return k.Container == r.Container && k.Name == r.Name && k.Warning != ""
		})
		if r.Warning != "" && !told {
			names, warning = append(names, r.Name+" of container "+r.Container), r.Warning
		}
	}
	if len(names) == 0 {
		return nil
	}
	message := fmt.Sprintf("%s in %s: %s", strings.Join(names, ", "), after.Configuration.Revision, warning)
	return []announcement{{corev1.EventTypeWarning, v1alpha1.ReasonSecretRotated, v1alpha1.ConditionConfigurationCurrent, message}}
}

// verdicts tells which checks changed their mind and which gates ended well;
// those that end a rollout are told by its phase.
func verdicts(before, after *v1alpha1.Rollout) []announcement {
	if after == nil {
		return nil
	}
	if before == nil || before.ID != after.ID {
		before = &v1alpha1.Rollout{}
	}
	var out []announcement
	for _, v := range after.Checks {
		if was := resultOf(before.Checks, v); v.Result != was && v.Result != v1alpha1.ResultPending {
			out = append(out, announceVerdict(v, was))
		}
	}
	for _, g := range after.Gates {
		if g.State == v1alpha1.GateSucceeded && !succeeded(before.Gates, g) {
			out = append(out, announcement{corev1.EventTypeNormal, v1alpha1.ReasonGateSucceeded, fmt.Sprintf("%s %d", g.Name, g.Step),
				strings.TrimSuffix(fmt.Sprintf("Gate %s (%s) succeeded: %s", g.Name, g.At, g.Message), ": ")})
		}
	}
	return out
}

// succeeded tells whether a gate had ended well before.
func succeeded(before []v1alpha1.GateRun, g v1alpha1.GateRun) bool {
	return slices.ContainsFunc(before, func(old v1alpha1.GateRun) bool {
		return old.Name == g.Name && old.At == g.At && old.Step == g.Step && old.State == v1alpha1.GateSucceeded
	})
}

// resultOf is what a check said before.
func resultOf(checks []v1alpha1.Verdict, v v1alpha1.Verdict) v1alpha1.Result {
	for _, old := range checks {
		if old.Source == v.Source && old.Name == v.Name {
			return old.Result
		}
	}
	return v1alpha1.ResultPending
}

// announceVerdict tells that a check changed its mind.
func announceVerdict(v v1alpha1.Verdict, was v1alpha1.Result) announcement {
	kind := corev1.EventTypeNormal
	if v.Result == v1alpha1.ResultFail {
		kind = corev1.EventTypeWarning
	}
	return announcement{kind, v1alpha1.ReasonVerdict, v.Name + " " + string(v.Result),
		fmt.Sprintf("%s %s, was %s: %s", v.Name, v.Result, was, v.Message)}
}

// gravity is the type of the event that announces a phase.
func gravity(phase v1alpha1.Phase) string {
	switch phase {
	case v1alpha1.PhaseUnavailable, v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return corev1.EventTypeWarning
	default:
		return corev1.EventTypeNormal
	}
}
