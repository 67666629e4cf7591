package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
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
	// Request that it answers, as annotation=value; "" if it answers none.
	Request string
}

// keepRequests remembers what people ask for until it is heard. Whoever manages
// the manifest may remove the annotation before that: Flux does.
func (x *pass) keepRequests() {
	if !x.o.Deleting {
		x.p.Waiting = x.p.Waiting.with(x.o.Requests, x.p.Handled)
	}
}

// with adds what is asked for and wasn't handled. A new value replaces one that
// waits.
func (r Requests) with(asked, handled Requests) Requests {
	join := func(waiting *string, asked, handled string) {
		if asked != "" && asked != handled {
			*waiting = asked
		}
	}
	join(&r.Promote, asked.Promote, handled.Promote)
	join(&r.Abort, asked.Abort, handled.Abort)
	join(&r.Retry, asked.Retry, handled.Retry)
	return r
}

// byAnnotation are the requests with their annotations, in the order in which
// they are heard: an abort wins over a promotion.
func (r Requests) byAnnotation() [3][2]string {
	return [3][2]string{
		{v1alpha1.AnnotationAbort, r.Abort}, {v1alpha1.AnnotationPromote, r.Promote}, {v1alpha1.AnnotationRetry, r.Retry},
	}
}

// KeepRequests is what waits, and what to tell of it, where no decision can be
// made: AWS doesn't answer, or refuses.
func KeepRequests(p Progress, asked Requests, why string) (Requests, []Notice) {
	waiting := p.Waiting.with(asked, p.Handled)
	return waiting, answerWaiting(p.Waiting, waiting, why)
}

// answerWaiting tells which requests wait that didn't before, and for what.
func answerWaiting(before, waiting Requests, why string) []Notice {
	var notices []Notice
	told := before.byAnnotation()
	for i, r := range waiting.byAnnotation() {
		if annotation, value := r[0], r[1]; value != "" && r != told[i] {
			notices = append(notices, Notice{
				Reason: v1alpha1.ReasonRequestWaiting, Action: annotation, Request: annotation + "=" + value,
				Message: fmt.Sprintf("Heard %s=%s, even if the annotation is removed now. It waits until nothing is in the way: %s", annotation, value, why),
			})
		}
	}
	return notices
}

// hearRequests hears what people ask for, even in drift or a pause. Each value is
// handled once, whatever comes of it: it names the rollout that it means, so that
// one left over never acts on another.
func (x *pass) hearRequests() {
	waiting, told := x.p.Waiting, x.p.Handled.Unknown
	x.p.Waiting, x.p.Handled = Requests{}, x.o.Requests
	hear := map[string]func(string){
		v1alpha1.AnnotationAbort: x.hearAbort, v1alpha1.AnnotationPromote: x.hearPromote, v1alpha1.AnnotationRetry: x.hearRetry,
	}
	for _, r := range waiting.byAnnotation() {
		if r[1] != "" {
			hear[r[0]](r[1])
		}
	}
	if unknown := x.o.Requests.Unknown; unknown != told {
		x.tellUnknown(unknown)
	}
}

// tellUnknown tells of annotations that are misspelled: a request by one of them
// would never be heard.
func (x *pass) tellUnknown(names string) {
	if names == "" {
		return
	}
	x.notices = append(x.notices, Notice{
		Warning: true, Reason: v1alpha1.ReasonRequestIgnored, Action: names, Request: names,
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
	case want == nil || want.Number != r.Revision && !x.isOtherTry(want):
		x.ignore(v1alpha1.AnnotationRetry, value, "spec.template has changed since")
	default:
		r.Retried = true
		x.accept(v1alpha1.AnnotationRetry, value)
	}
}

// isOtherTry tells whether what is wanted has the template that was given up last, and
// other values, which are current: then those are tried.
func (x *pass) isOtherTry(want *Revision) bool {
	return want.Number != x.p.Stable && x.isOfTemplate(x.o.revision(x.p.Rollout.Revision), want)
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
		Reason: v1alpha1.ReasonRequestAccepted, Action: annotation, Request: annotation + "=" + value,
		Message: fmt.Sprintf("Carrying out %s=%s%s", annotation, value, x.delay(annotation)),
	})
}

// delay tells what a request that is carried out has to wait for; "" if nothing.
func (x *pass) delay(annotation string) string {
	if annotation == v1alpha1.AnnotationPromote && x.drift() != "" {
		return ", once the production rule routes as it should again"
	}
	return ""
}

// ignore tells why a request is not, and what to type instead.
func (x *pass) ignore(annotation, value, why string) {
	message := fmt.Sprintf("Ignored %s=%s: %s", annotation, value, why)
	if instead := x.instead(annotation); instead != "" {
		message += ". " + instead
	}
	x.notices = append(x.notices, Notice{
		Warning: true, Reason: v1alpha1.ReasonRequestIgnored, Action: annotation, Request: annotation + "=" + value, Message: message,
	})
}

// instead is what to type in place of a request that is ignored; "" if nothing
// would be heard now.
func (x *pass) instead(annotation string) string {
	r := x.p.Rollout
	switch {
	case annotation == v1alpha1.AnnotationRetry:
		if !r.active() && x.isStuck() {
			return "To try again: " + x.command(annotation, x.p.Handled.Retry, r, "")
		}
		return ""
	case !r.active():
		return "No rollout is in progress"
	case r.Outcome != "":
		return ""
	case annotation == v1alpha1.AnnotationAbort:
		if x.hasNoWayBack() {
			return ""
		}
		return "To abort: " + x.command(annotation, x.p.Handled.Abort, r, "")
	}
	promote := x.command(annotation, x.p.Handled.Promote, r, x.promotable())
	if x.o.Paused {
		return "End the pause first: " + command.Patch(x.o.Namespace, x.o.Name, `{"paused":false}`) + "; then: " + promote
	}
	return "To promote: " + promote
}

// promotable is the end of a promotion that would be heard now: a gate that waits
// for approval, the step under way, or all of them.
func (x *pass) promotable() string {
	r := x.p.Rollout
	for i := range r.Gates {
		run := &r.Gates[i]
		if run.State == v1alpha1.GateRunning && slices.ContainsFunc(x.o.Gates, func(g Gate) bool { return g.Name == run.Name && g.Approval }) {
			return "/" + run.label()
		}
	}
	if r.VerifiedAt.IsZero() {
		return "/full"
	}
	return fmt.Sprintf("/%d", r.Step+1)
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
	return command.Annotate(o.Namespace, o.Name, annotation, value)
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
		Remedy:  "To go on: " + command.Patch(x.o.Namespace, x.o.Name, `{"paused":false}`),
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
