// Package ask owns which requests people can make of the controller, and by which
// values: docs/control.md describes them. It is pure.
//
// It imports the API and internal/template.
package ask

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Request is a request by annotation.
type Request struct{ Annotation, Value string }

// String is how status tells of the request.
func (r Request) String() string { return r.Annotation + "=" + r.Value }

// Promotion says what of a rollout is to be promoted: the zero value is what it
// waits for.
type Promotion struct {
	// Full is the way to 100%.
	Full bool
	// Step to end, counted from 1.
	Step int
	// Gate to approve, such as sign-off, or sign-off/2 after step 2.
	Gate string
}

// Promote is the request to go on. It fails where the controller would ignore it,
// as far as that can be told from status.
func Promote(imd *v1alpha1.ImmutableDeployment, what Promotion) (Request, error) {
	r, err := underWayOf(imd)
	switch {
	case err != nil:
		return Request{}, err
	case imd.Spec.Paused != nil && *imd.Spec.Paused:
		return Request{}, fmt.Errorf("the rollout %s is paused: end that first, by kubectl viridian resume %s -n %s", r.ID, imd.Name, imd.Namespace)
	}
	suffix := what.Gate
	switch {
	case what.Full:
		suffix = "full"
	case what.Step > 0:
		suffix = fmt.Sprint(what.Step)
	case what.Gate == "":
		suffix, err = awaited(imd, r)
	}
	if err != nil {
		return Request{}, err
	}
	return fresh(imd, v1alpha1.AnnotationPromote, r.ID+"/"+suffix, nameOf(imd, r.Revision)+"/"+suffix), nil
}

// awaited is what a rollout waits for: a gate's approval, or else the end of the
// step.
func awaited(imd *v1alpha1.ImmutableDeployment, r *v1alpha1.Rollout) (string, error) {
	for _, run := range r.Gates {
		byPerson := func(g v1alpha1.Gate) bool { return g.Name == run.Name && g.Approval != nil }
		if run.State == v1alpha1.GateRunning && slices.ContainsFunc(imd.Spec.Gates, byPerson) {
			return labelOf(&run), nil
		}
	}
	if r.VerifiedAt == nil {
		return "", fmt.Errorf("%s is not healthy yet, so no step is under way: wait for that, or go to 100%% as soon as it is, by --full", nameOf(imd, r.Revision))
	}
	return fmt.Sprint(r.Step + 1), nil
}

// labelOf names the run of a gate within a rollout.
func labelOf(run *v1alpha1.GateRun) string {
	if run.Step > 0 {
		return fmt.Sprintf("%s/%d", run.Name, run.Step)
	}
	return run.Name
}

// Abort is the request to go back.
func Abort(imd *v1alpha1.ImmutableDeployment) (Request, error) {
	r, err := underWayOf(imd)
	if err != nil {
		return Request{}, err
	}
	return fresh(imd, v1alpha1.AnnotationAbort, r.ID, nameOf(imd, r.Revision)), nil
}

// advised is the value of a retry in a remedy.
var advised = regexp.MustCompile(regexp.QuoteMeta(v1alpha1.AnnotationRetry) + `=([^\s;,]+)`)

// Retry is the request to try a revision again that failed or was aborted, or to
// have made anew what others deleted. What the controller advises comes first: only
// it knows what was deleted.
func Retry(imd *v1alpha1.ImmutableDeployment) (Request, error) {
	if b := imd.Status.BlockedBy; b != nil {
		if value := advised.FindStringSubmatch(b.Remedy); value != nil {
			return Request{v1alpha1.AnnotationRetry, value[1]}, nil
		}
	}
	r := imd.Status.Rollout
	switch {
	case r == nil:
		return Request{}, errors.New("there was no rollout yet that could be tried again")
	case r.Outcome == "":
		return Request{}, fmt.Errorf("the rollout %s is still under way", r.ID)
	case !r.Outcome.Bad():
		return Request{}, fmt.Errorf("the rollout %s ended as %s: only one that failed, was rolled back or aborted can be tried again", r.ID, r.Outcome)
	case r.FinishedAt == nil:
		return Request{}, fmt.Errorf("traffic is still returning after %s: try again when that is done", r.ID)
	}
	return fresh(imd, v1alpha1.AnnotationRetry, r.ID, nameOf(imd, r.Revision)), nil
}

// underWayOf is the rollout that isn't decided yet.
func underWayOf(imd *v1alpha1.ImmutableDeployment) (*v1alpha1.Rollout, error) {
	r := imd.Status.Rollout
	switch {
	case r == nil || r.FinishedAt != nil:
		return nil, fmt.Errorf("no rollout of %s/%s is under way: its phase is %q", imd.Namespace, imd.Name, imd.Status.Phase)
	case r.Outcome != "":
		return nil, fmt.Errorf("the rollout %s is decided already: %s, traffic is on its way", r.ID, r.Outcome)
	}
	return r, nil
}

func nameOf(imd *v1alpha1.ImmutableDeployment, revision int64) string {
	return fmt.Sprintf("%s-%d", imd.Name, revision)
}

// fresh is a request by the first of some values, all of which mean the same, that
// was not handled before: the controller handles each value once, and its answer to
// an earlier request must not be taken for the answer to this one. One that waits is
// made again as it is.
func fresh(imd *v1alpha1.ImmutableDeployment, annotation string, values ...string) Request {
	s := &imd.Status
	handled, waiting := valueIn(s.Handled, annotation), valueIn(s.Waiting, annotation)
	if slices.Contains(values, waiting) {
		return Request{annotation, waiting}
	}
	for _, value := range values {
		a := Request{annotation, value}
		answered := s.LastRequest != nil && s.LastRequest.Request == a.String()
		if value != handled && !answered {
			return a
		}
	}
	return Request{annotation, values[len(values)-1]}
}

// valueIn is that of an annotation; "" if there is none.
func valueIn(requests *v1alpha1.HandledRequests, annotation string) string {
	if requests == nil {
		return ""
	}
	return map[string]string{
		v1alpha1.AnnotationPromote: requests.Promote, v1alpha1.AnnotationAbort: requests.Abort, v1alpha1.AnnotationRetry: requests.Retry,
	}[annotation]
}

// appliers are the field managers of tools that apply from Git, with their names.
var appliers = map[string]string{
	"kustomize-controller": "Flux", "helm-controller": "Flux", "argocd-controller": "Argo CD", "argocd-application-controller": "Argo CD", "helm": "Helm",
}

// ApplierOf is the tool that writes spec from somewhere else; "" if none is known.
func ApplierOf(imd *v1alpha1.ImmutableDeployment) string {
	for _, entry := range imd.ManagedFields {
		if name := appliers[entry.Manager]; name != "" && entry.Subresource == "" && entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), `"f:template"`) {
			return name
		}
	}
	return ""
}
