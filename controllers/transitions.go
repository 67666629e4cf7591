package controllers

import (
	"context"
	"slices"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// The log has one line for each thing that happened to a deployment, after it is
// stored: what goes on in between is in status.

// Messages of the log, and the keys of their values. Alerts and searches are made
// of them.
const (
	logRolloutStarted  = "Rollout started"
	logHealthy         = "New revision is healthy"
	logStepReached     = "Step reached"
	logOutcome         = "Outcome decided"
	logRolloutFinished = "Rollout finished"
	logBlocked         = "Blocked"
	logUnblocked       = "No longer blocked"
	logDrifted         = "Changed by someone else"
	logNotDrifted      = "Change by someone else is over"
	logRequest         = "Request answered"
	logDeleting        = "Deletion started"
	logStackPhase      = "Stack changed its phase"
	logBehind          = "Trying again: someone else wrote meanwhile"
	logUnanswered      = "Trying again: AWS does not answer"

	keyRollout  = "rollout"
	keyRevision = "revision"
	keyFrom     = "from"
	keyImage    = "image"
	keyCause    = "cause"
	keyStep     = "step"
	keyWeight   = "weight"
	keyOutcome  = "outcome"
	keyReason   = "reason"
	keyMessage  = "message"
	keySeconds  = "seconds"
	keyRequest  = "request"
	keyPhase    = "phase"
	keyStack    = "stack"
)

// logLine is a line of the log.
type logLine struct {
	message string
	values  []any
}

func line(message string, values ...any) logLine { return logLine{message, values} }

// transitions tells what happened between two statuses.
func transitions(before, after *v1alpha1.ImmutableDeploymentStatus) []logLine {
	lines := slices.Concat(rolloutLines(before.Rollout, after), blockedLines(before.BlockedBy, after), driftLines(before, after))
	if before.Phase != after.Phase && after.Phase == v1alpha1.PhaseDeleting {
		lines = append(lines, line(logDeleting))
	}
	return lines
}

// blockedLines tells what is in the way now and wasn't before, or the reverse.
func blockedLines(was *v1alpha1.BlockedBy, after *v1alpha1.ImmutableDeploymentStatus) []logLine {
	switch is := after.BlockedBy; {
	case is != nil && (was == nil || was.Reason != is.Reason):
		return []logLine{line(logBlocked, keyReason, is.Reason, keyMessage, is.Message)}
	case is == nil && was != nil:
		return []logLine{line(logUnblocked, keyReason, was.Reason, keySeconds, sinceThen(was, after))}
	}
	return nil
}

// driftLines tells what someone else changed, or that it is as it was.
func driftLines(before, after *v1alpha1.ImmutableDeploymentStatus) []logLine {
	was := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionDrifted)
	is := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionDrifted)
	switch {
	case is != nil && (was == nil || was.Message != is.Message):
		return []logLine{line(logDrifted, keyMessage, is.Message)}
	case is == nil && was != nil:
		return []logLine{line(logNotDrifted, keyMessage, was.Message)}
	}
	return nil
}

// sinceThen is for how long something was in the way, as far as status tells: it
// was over when Ready changed last.
func sinceThen(was *v1alpha1.BlockedBy, after *v1alpha1.ImmutableDeploymentStatus) int64 {
	ready := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return 0
	}
	return max(0, int64(ready.LastTransitionTime.Sub(was.Since.Time).Seconds()))
}

// rolloutLines tells how a rollout went on.
func rolloutLines(was *v1alpha1.Rollout, after *v1alpha1.ImmutableDeploymentStatus) []logLine {
	is := after.Rollout
	if is == nil {
		return nil
	}
	var lines []logLine
	if was == nil || was.ID != is.ID {
		was = &v1alpha1.Rollout{}
		lines = append(lines, line(logRolloutStarted, keyRollout, is.ID, keyRevision, is.Revision, keyFrom, is.From, keyCause, is.Cause, keyImage, imageOf(after)))
	}
	if was.VerifiedAt == nil && is.VerifiedAt != nil {
		lines = append(lines, line(logHealthy, keyRollout, is.ID, keySeconds, int64(is.VerifiedAt.Sub(is.StartedAt.Time).Seconds())))
	}
	if reachedStep(was, is) {
		lines = append(lines, line(logStepReached, keyRollout, is.ID, keyStep, after.Step, keyWeight, weightOf(after)))
	}
	if is.Outcome != "" && was.Outcome != is.Outcome {
		lines = append(lines, line(logOutcome, keyRollout, is.ID, keyOutcome, is.Outcome, keyReason, is.Reason, keyMessage, is.Message))
	}
	if was.FinishedAt == nil && is.FinishedAt != nil {
		lines = append(lines, line(logRolloutFinished, keyRollout, is.ID, keyOutcome, is.Outcome, keySeconds, int64(is.FinishedAt.Sub(is.StartedAt.Time).Seconds())))
	}
	return lines
}

// reachedStep tells whether a rollout that isn't decided reached another step.
func reachedStep(was, is *v1alpha1.Rollout) bool {
	return is.StepReachedAt != nil && (was.StepReachedAt == nil || was.Step != is.Step) && is.Outcome == ""
}

// imageOf is the image of the revision that is rolled out; "" if it isn't known.
func imageOf(s *v1alpha1.ImmutableDeploymentStatus) string {
	for _, image := range s.Images {
		if image.Revision == s.Revision {
			return image.Image
		}
	}
	return ""
}

// weightOf is the observed weight.
func weightOf(s *v1alpha1.ImmutableDeploymentStatus) int32 {
	if s.Weight == nil {
		return 0
	}
	return *s.Weight
}

// answers tells which requests were answered.
func answers(notices []rollout.Notice) []logLine {
	var lines []logLine
	for _, notice := range notices {
		if notice.Request != "" {
			lines = append(lines, line(logRequest, keyRequest, notice.Request, keyReason, notice.Reason, keyMessage, notice.Message))
		}
	}
	return lines
}

// stackLines tells that a stack changed its phase.
func stackLines(imr *v1alpha1.ImmutableRevision, before v1alpha1.RevisionPhase) []logLine {
	if before == imr.Status.Phase {
		return nil
	}
	l := line(logStackPhase, keyPhase, imr.Status.Phase, keyStack, imr.Spec.StackName)
	if failure := imr.Status.Failure; failure != nil && imr.Status.Phase == v1alpha1.RevisionFailed {
		l.values = append(l.values, keyMessage, failure.Message)
	}
	return []logLine{l}
}

// writeLog writes lines to the log of the object that is reconciled.
func writeLog(ctx context.Context, lines []logLine) {
	log := ctrl.LoggerFrom(ctx)
	for _, l := range lines {
		log.Info(l.message, l.values...)
	}
}

// calm writes to a log what passes by itself as information: it is told in
// status, and needs neither a stack trace nor anybody's attention.
type calm struct{ logr.LogSink }

// CalmLog makes a log in which conflicts of writes and an AWS that doesn't answer
// for a while are no errors.
func CalmLog(log logr.Logger) logr.Logger { return log.WithSink(calm{log.GetSink()}) }

// Error writes an error, or what is none.
func (c calm) Error(err error, message string, values ...any) {
	switch {
	case isBehind(err):
		if c.Enabled(1) {
			c.Info(1, logBehind, append(values, keyMessage, err.Error())...)
		}
	case isPassing(err):
		c.Info(0, logUnanswered, append(values, keyMessage, err.Error())...)
	default:
		c.LogSink.Error(err, message, values...)
	}
}

// WithValues keeps it calm.
func (c calm) WithValues(values ...any) logr.LogSink { return calm{c.LogSink.WithValues(values...)} }

// WithName keeps it calm.
func (c calm) WithName(name string) logr.LogSink { return calm{c.LogSink.WithName(name)} }
