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
	// Unknown are annotations that mean nothing, though they look like requests.
	Unknown string
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

// hearRequests hears what people ask for, even in drift or a pause. Each value is
// handled once, whatever comes of it: it names the rollout that it means, so that
// one left over never acts on another.
func (x *pass) hearRequests() {
	asked, handled := x.o.Requests, &x.p.Handled
	if asked.Abort != handled.Abort {
		handled.Abort = asked.Abort
		if asked.Abort != "" {
			x.hearAbort(asked.Abort)
		}
	}
	if asked.Promote != handled.Promote {
		handled.Promote = asked.Promote
		if asked.Promote != "" {
			x.hearPromote(asked.Promote)
		}
	}
	if asked.Retry != handled.Retry {
		handled.Retry = asked.Retry
		if asked.Retry != "" {
			x.hearRetry(asked.Retry)
		}
	}
	if asked.Unknown != handled.Unknown {
		handled.Unknown = asked.Unknown
		x.tellUnknown(asked.Unknown)
	}
}

// tellUnknown tells of annotations that are misspelled: a request by one of them
// would never be heard.
func (x *pass) tellUnknown(names string) {
	if names == "" {
		return
	}
	x.notices = append(x.notices, Notice{
		Warning: true, Reason: v1alpha1.ReasonRequestIgnored, Action: names,
		Message: fmt.Sprintf("Ignored %s: an ImmutableDeployment has no such annotation, but %s",
			names, list(v1alpha1.AnnotationsOfDeployment())),
	})
}

// concludeAborted ends the pass in which someone's abort was heard.
func (x *pass) concludeAborted() *Decision {
	r, before := x.p.Rollout, x.o.Progress.Rollout
	if !r.active() || r.Outcome == "" || before == nil || before.Outcome != "" {
		return nil
	}
	return x.again(x.outcomeOf(r))
}

// hearAbort returns traffic to where it was.
func (x *pass) hearAbort(value string) {
	r := x.p.Rollout
	switch {
	case !x.isUnderWay(r, value):
		x.ignore(v1alpha1.AnnotationAbort, value, "it doesn't name the current rollout")
	case r.Outcome != "":
		x.ignore(v1alpha1.AnnotationAbort, value, "the rollout is decided already: "+string(r.Outcome))
	case x.hasNoWayBack():
		x.ignore(v1alpha1.AnnotationAbort, value, "the new revision serves already and nothing could take its place")
	default:
		x.accept(v1alpha1.AnnotationAbort, value)
		r.conclude(x.now, v1alpha1.OutcomeAborted, v1alpha1.ReasonAborted, "aborted by request")
	}
}

// hearPromote ends the step under way, or all of them.
func (x *pass) hearPromote(value string) {
	r := x.p.Rollout
	name, what, _ := strings.Cut(value, "/")
	step, err := strconv.Atoi(what)
	switch {
	case !x.isUnderWay(r, name):
		x.ignore(v1alpha1.AnnotationPromote, value, "it doesn't name the current rollout")
	case r.Outcome != "":
		x.ignore(v1alpha1.AnnotationPromote, value, "the rollout is decided already: "+string(r.Outcome))
	case x.o.Paused:
		x.ignore(v1alpha1.AnnotationPromote, value, "spec.paused is true")
	case what == "full":
		x.accept(v1alpha1.AnnotationPromote, value)
		r.Full = true
	case err != nil:
		x.approveGate(value, what)
	case r.VerifiedAt.IsZero():
		x.ignore(v1alpha1.AnnotationPromote, value, "the new revision is not verified yet")
	case step != r.Step+1:
		x.ignore(v1alpha1.AnnotationPromote, value, fmt.Sprintf("step %d is not under way, step %d is", step, r.Step+1))
	default:
		x.accept(v1alpha1.AnnotationPromote, value)
		r.ApprovedStep = step
	}
}

// hearRetry forgets a bad outcome, so that the same template is tried again, or has
// what others deleted made anew.
func (x *pass) hearRetry(value string) {
	r, want := x.p.Rollout, x.o.wanted()
	switch {
	case x.hearRestore(value):
	case x.isUnderWay(r, value) && r.Outcome.Bad():
		x.ignore(v1alpha1.AnnotationRetry, value, x.load()+" is still returning: try again when that is done")
	case r == nil || r.active() || !r.Outcome.Bad() || !x.isNamed(r, value):
		x.ignore(v1alpha1.AnnotationRetry, value, "it names no rollout that failed or was aborted")
	case want == nil || want.Number != r.Revision:
		x.ignore(v1alpha1.AnnotationRetry, value, "spec.template has changed since")
	default:
		r.Retried = true
		x.accept(v1alpha1.AnnotationRetry, value)
	}
}

// isUnderWay tells whether name is the rollout under way.
func (x *pass) isUnderWay(r *Rollout, name string) bool { return r.active() && x.isNamed(r, name) }

// isNamed tells whether name is the rollout's ID or its revision's name.
func (x *pass) isNamed(r *Rollout, name string) bool {
	return name == r.ID || name == fmt.Sprintf("%s-%d", x.o.Name, r.Revision)
}

// accept tells that a request is carried out.
func (x *pass) accept(annotation, value string) {
	if r := x.p.Rollout; r != nil && (r.active() || r.Retried) { // else it isn't about the last one
		r.Request = annotation + "=" + value
	}
	x.notices = append(x.notices, Notice{
		Reason: v1alpha1.ReasonRequestAccepted, Action: annotation, Message: fmt.Sprintf("Carrying out %s=%s", annotation, value),
	})
}

// ignore tells why a request is not.
func (x *pass) ignore(annotation, value, why string) {
	x.notices = append(x.notices, Notice{
		Warning: true, Reason: v1alpha1.ReasonRequestIgnored, Action: annotation, Message: fmt.Sprintf("Ignored %s=%s: %s", annotation, value, why),
	})
}

// command is what to type for a request about the rollout. A value that was
// handled before would be no change, so then the rollout is named in full.
func (x *pass) command(annotation, handled string, r *Rollout, suffix string) string {
	value := fmt.Sprintf("%s-%d%s", x.o.Name, r.Revision, suffix)
	if value == handled {
		value = r.ID + suffix
	}
	return annotating(x.o, annotation, value)
}

// annotating is what to type to set an annotation.
func annotating(o *Observation, annotation, value string) string {
	return fmt.Sprintf("kubectl annotate imd %s -n %s --overwrite %s=%s", o.Name, o.Namespace, annotation, value)
}

// pause freezes a rollout that isn't decided yet, and the start of another. What
// speaks against the new revision is told all the same.
func (x *pass) pause() *Decision {
	r := x.p.Rollout
	if !x.isStill() || !r.active() && (x.isServed() || x.isStuck()) {
		return nil
	}
	message := "spec.paused is true"
	if x.changed != "" {
		message += ". " + x.changed
	}
	if complaint := x.complaint(); complaint != "" {
		message += ". " + complaint + ", and is not rolled back before spec.paused is false. To give it up now: " +
			x.command(v1alpha1.AnnotationAbort, x.p.Handled.Abort, r, "")
	}
	return x.block(Blocked{
		Reason:  v1alpha1.ReasonPaused,
		Message: message,
		Remedy:  fmt.Sprintf(`To go on: kubectl patch imd %s -n %s --type merge -p '{"spec":{"paused":false}}'`, x.o.Name, x.o.Namespace),
		Awaited: true,
	})
}

// complaint says what speaks against the revision that is rolled out; "" if
// nothing does.
func (x *pass) complaint() string {
	r, candidate := x.p.Rollout, x.candidate()
	if !r.undecided() || r.VerifiedAt.IsZero() || candidate == nil {
		return ""
	}
	switch h, failing := candidate.Health, x.failingCheck(); {
	case candidate.Stack == v1alpha1.RevisionFailed:
		return fmt.Sprintf("%s has lost its stack: %s", candidate.Name, candidate.Cause)
	case !r.UnhealthySince.IsZero():
		return fmt.Sprintf("%s is short of healthy tasks since %s: %s", candidate.Name, clock(r.UnhealthySince), h)
	case h.Known && h.Restarts > x.o.Policy.TaskRestarts:
		return fmt.Sprintf("%d tasks of %s stopped on their own: %s", h.Restarts, candidate.Name, h.RestartCause)
	case failing != nil:
		return fmt.Sprintf("%s is out of bounds: %s", candidate.Name, failing.Message)
	}
	return ""
}
