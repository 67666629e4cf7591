package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// increase is the latest increase of a revision's requests.
type increase struct {
	at    time.Time
	share int
}

// checkPace checks that a new revision gets more requests only if its step was
// held, somebody approved it if required, and nobody paused it.
func (o *observer) checkPace(at *pass, g groupTruth, share int) {
	spec, r := at.imd().Spec, at.imd().Status.Rollout
	last := o.increases[g.arn]
	o.increases[g.arn] = increase{time.Now(), share}
	if spec.Paused != nil && *spec.Paused && share > last.share { // more than before others edited the rule
		o.fail("pace", "%s gives more to revision %s although it is paused", at.about(), g.revision)
	}
	if spec.Strategy.Type != v1alpha1.StrategyCanary || o.various[g.uid] || o.changed[g.uid] || o.asked[r.ID] || at.imd().Status.Stable == 0 || last.at.IsZero() || share <= last.share {
		return
	}
	for _, step := range spec.Strategy.Canary.Steps {
		hold := time.Duration(*step.HoldSeconds) * time.Second
		if int(step.Weight) != last.share || share == last.share {
			continue
		}
		if step.Approval == v1alpha1.ApprovalManual {
			o.fail("pace", "%s goes on from %d%% of revision %s though nobody approved it", at.about(), last.share, g.revision)
		}
		if held := time.Since(last.at); held < hold && o.clock.IsZero() {
			o.fail("pace", "%s goes on from %d%% of revision %s after %s, not %s", at.about(), last.share, g.revision, held, hold)
		}
	}
}

// noticed counts the answers to requests by annotation: each gets one.
func (o *observer) noticed(name, reason, text string) {
	if reason != v1alpha1.ReasonRequestAccepted && reason != v1alpha1.ReasonRequestIgnored {
		return
	}
	for _, annotation := range []string{v1alpha1.AnnotationPromote, v1alpha1.AnnotationAbort, v1alpha1.AnnotationRetry} {
		if !strings.Contains(text, " "+annotation+"=") {
			continue
		}
		key := name + " " + annotation
		if o.answers[key]++; o.answers[key] > o.requests[key] {
			o.fail("requests", "%d requests by %s got %d answers: %s", o.requests[key], annotation, o.answers[key], text)
		}
	}
}

// requested notes a request by annotation.
func (o *observer) requested(imd *v1alpha1.ImmutableDeployment, annotation string) {
	o.requests[imd.Name+" "+annotation]++
	if annotation == v1alpha1.AnnotationPromote && imd.Status.Rollout != nil {
		o.asked[imd.Status.Rollout.ID] = true
	}
}

// checkRetained checks that a deletion with Retain leaves everything.
func (o *observer) checkRetained(at *pass, q request) {
	imd := at.imd()
	if imd == nil || imd.DeletionTimestamp.IsZero() {
		return
	}
	if imd.Spec.DeletionPolicy == v1alpha1.DeletionRetain || slices.Contains(imd.Finalizers, orphanFinalizer) {
		o.fail("retain", "%s: %s although everything shall stay", at.about(), fmt.Sprint(q.callID))
	}
}
