package rollout

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Requests are what people ask for by annotation; "" is nothing.
type Requests struct {
	Promote, Abort, Retry string
}

// Notice is news for people that isn't state.
type Notice struct {
	Warning bool
	Reason  string
	// Action that was asked for. Events that differ by their messages only
	// would be taken for one that repeats.
	Action  string
	Message string
}

// requests hears what people ask for, even in drift or a pause. Each value is
// handled once, whatever comes of it: it names the rollout that it means, so that
// one left over never acts on another. It tells whether the pass is over.
func (x *decider) requests() bool {
	asked, handled := x.o.Requests, &x.d.Progress.Handled
	if asked.Abort != handled.Abort {
		handled.Abort = asked.Abort
		if asked.Abort != "" {
			x.abort(asked.Abort)
		}
	}
	if asked.Promote != handled.Promote {
		handled.Promote = asked.Promote
		if asked.Promote != "" {
			x.promote(asked.Promote)
		}
	}
	if asked.Retry != handled.Retry {
		handled.Retry = asked.Retry
		if asked.Retry != "" {
			x.retry(asked.Retry)
		}
	}
	return len(x.d.Notices) > 0 && x.decided()
}

// decided tells whether this very pass decided the rollout's outcome.
func (x *decider) decided() bool {
	r, before := x.d.Progress.Rollout, x.o.Progress.Rollout
	return r.active() && r.Outcome != "" && before != nil && before.Outcome == ""
}

// abort returns traffic to where it was.
func (x *decider) abort(value string) {
	r := x.d.Progress.Rollout
	switch {
	case !x.means(r, value):
		x.ignore(v1alpha1.AnnotationAbort, value, "it names no rollout under way")
	case r.Outcome != "":
		x.ignore(v1alpha1.AnnotationAbort, value, "the rollout is decided already: "+string(r.Outcome))
	case x.alone():
		x.ignore(v1alpha1.AnnotationAbort, value, "the first revision serves already and nothing could take its place")
	default:
		x.accept(v1alpha1.AnnotationAbort, value)
		x.decide(r, v1alpha1.OutcomeAborted, v1alpha1.ReasonAborted, "aborted by request")
	}
}

// promote ends the step under way, or all of them.
func (x *decider) promote(value string) {
	r := x.d.Progress.Rollout
	name, what, _ := strings.Cut(value, "/")
	step, err := strconv.Atoi(what)
	switch {
	case !x.means(r, name):
		x.ignore(v1alpha1.AnnotationPromote, value, "it names no rollout under way")
	case r.Outcome != "":
		x.ignore(v1alpha1.AnnotationPromote, value, "the rollout is decided already: "+string(r.Outcome))
	case x.o.Paused:
		x.ignore(v1alpha1.AnnotationPromote, value, "spec.paused is true")
	case what == "full":
		x.accept(v1alpha1.AnnotationPromote, value)
		r.Full = true
	case err != nil:
		x.approve(r, value, what)
	case r.VerifiedAt.IsZero():
		x.ignore(v1alpha1.AnnotationPromote, value, "the new revision is not verified yet")
	case step != r.Step+1:
		x.ignore(v1alpha1.AnnotationPromote, value, fmt.Sprintf("step %d is not under way, step %d is", step, r.Step+1))
	default:
		x.accept(v1alpha1.AnnotationPromote, value)
		r.ApprovedStep = step
	}
}

// retry forgets a bad outcome, so that the same template is tried again.
func (x *decider) retry(value string) {
	r, want := x.d.Progress.Rollout, x.o.wanted()
	switch {
	case x.means(r, value) && r.Outcome.Bad():
		x.ignore(v1alpha1.AnnotationRetry, value, x.load()+" is still on its way back: ask again once it is")
	case r == nil || r.active() || !r.Outcome.Bad() || !x.named(r, value):
		x.ignore(v1alpha1.AnnotationRetry, value, "it names no rollout that failed or was aborted")
	case want == nil || want.Number != r.Revision:
		x.ignore(v1alpha1.AnnotationRetry, value, "spec.template has changed since")
	default:
		x.accept(v1alpha1.AnnotationRetry, value)
		r.Retried = true
	}
}

// means tells whether name is the rollout under way.
func (x *decider) means(r *Rollout, name string) bool { return r.active() && x.named(r, name) }

// named tells whether name is the rollout's ID or its revision's name.
func (x *decider) named(r *Rollout, name string) bool {
	return name == r.ID || name == fmt.Sprintf("%s-%d", x.o.Name, r.Revision)
}

// accept tells that a request is carried out.
func (x *decider) accept(annotation, value string) {
	x.d.Progress.Rollout.Request = annotation + "=" + value
	x.d.Notices = append(x.d.Notices, Notice{
		Reason: v1alpha1.ReasonRequestAccepted, Action: annotation, Message: fmt.Sprintf("Carrying out %s=%s", annotation, value),
	})
}

// ignore tells why a request is not.
func (x *decider) ignore(annotation, value, why string) {
	x.d.Notices = append(x.d.Notices, Notice{
		Warning: true, Reason: v1alpha1.ReasonRequestIgnored, Action: annotation, Message: fmt.Sprintf("Ignored %s=%s: %s", annotation, value, why),
	})
}

// command is what to type for a request about the rollout. A value that was
// handled before would be no change, so then the rollout is named in full.
func (x *decider) command(annotation, handled string, r *Rollout, suffix string) string {
	value := fmt.Sprintf("%s-%d%s", x.o.Name, r.Revision, suffix)
	if value == handled {
		value = r.ID + suffix
	}
	return fmt.Sprintf("kubectl annotate imd %s -n %s --overwrite %s=%s", x.o.Name, x.o.Namespace, annotation, value)
}

// paused freezes a rollout that isn't decided yet, and the start of another.
// What speaks against the new revision is told all the same.
func (x *decider) paused() bool {
	r := x.d.Progress.Rollout
	if !x.still() || !r.active() && (x.served() || x.stuck()) {
		return false
	}
	message := "spec.paused is true"
	if x.d.Drifted = x.drift(); x.d.Drifted != "" {
		message += ". " + x.d.Drifted
	}
	if complaint := x.complaint(); complaint != "" {
		message += ". " + complaint + ", and is not rolled back before spec.paused is false. To give it up now: " +
			x.command(v1alpha1.AnnotationAbort, x.d.Progress.Handled.Abort, r, "")
	}
	x.block(Blocked{
		Reason:  v1alpha1.ReasonPaused,
		Message: message,
		Cure:    fmt.Sprintf(`To go on: kubectl patch imd %s -n %s --type merge -p '{"spec":{"paused":false}}'`, x.o.Name, x.o.Namespace),
		Awaited: true,
	})
	return true
}

// complaint says what speaks against the revision that is rolled out, and notes
// since when; "" if nothing does.
func (x *decider) complaint() string {
	r := x.d.Progress.Rollout
	if !r.active() || r.Outcome != "" || r.VerifiedAt.IsZero() {
		return ""
	}
	candidate := x.o.revision(r.Revision)
	if candidate == nil {
		return ""
	}
	if len(x.o.Analysis.Checks) > 0 {
		r.Checks = x.o.Analysis.Checks
	}
	x.noteHealth(r, candidate)
	switch h, failing := candidate.Health, x.failing(); {
	case candidate.Stack == v1alpha1.RevisionFailed:
		return fmt.Sprintf("%s has lost its stack: %s", candidate.Name, candidate.Cause)
	case !r.UnhealthySince.IsZero():
		return fmt.Sprintf("%s is short of healthy tasks since %s: %s", candidate.Name, clock(r.UnhealthySince), h)
	case h.Known && h.Restarts > x.o.Policy.TaskRestarts:
		return fmt.Sprintf("%d tasks of %s stopped by themselves: %s", h.Restarts, candidate.Name, h.RestartCause)
	case failing != nil:
		return fmt.Sprintf("%s is out of bounds: %s", candidate.Name, failing.Message)
	}
	return ""
}

// approval waits for someone to end the step under way. It tells whether
// nobody has done so yet.
func (x *decider) approval(r *Rollout, step Step, position string) bool {
	if !step.Approval || r.Full || r.ApprovedStep > r.Step {
		return false
	}
	cure := "To go on: " + x.command(v1alpha1.AnnotationPromote, x.d.Progress.Handled.Promote, r, fmt.Sprintf("/%d", r.Step+1)) +
		"; to go back: " + x.command(v1alpha1.AnnotationAbort, x.d.Progress.Handled.Abort, r, "")
	x.d.Blocked = &Blocked{Reason: v1alpha1.ReasonAwaitingApproval, Message: position + " waits for approval", Cure: cure, Awaited: true}
	x.tell(v1alpha1.PhasePaused, v1alpha1.ReasonAwaitingApproval, x.d.Blocked.Message+". "+cure)
	x.wait(x.o.Policy.Poll)
	return true
}
