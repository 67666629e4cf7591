package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// keepEvidence notes on each revision what part of the traffic it gets, and
// what was said of the one that is rolled out, when that has changed. It is
// evidence for people; nothing is decided by it.
func (r *DeploymentReconciler) keepEvidence(ctx context.Context, view *deploymentView, ro *rollout.Rollout) error {
	for i := range view.facts.Revisions {
		seen, imr := view.facts.Revisions[i], &view.records[i]
		note := func(next *v1alpha1.ImmutableRevisionStatus) {
			r.keepTimeline(next, seen, view.facts.Route.Targets.Share(seen.Backend))
			if ro == nil || ro.Revision != seen.Number {
				return
			}
			for _, v := range r.verdictsOf(ro, seen.Images) {
				next.Verdicts = keepVerdict(next.Verdicts, v, ro.StartedAt)
			}
		}
		err := r.patchStatus(ctx, imr, note)
		if apierrors.IsConflict(err) {
			// The cache is behind. What is said for the last time now would
			// be lost, for no later pass says it again. All else in this pass
			// goes on by the cache, and conflicts where that is not enough.
			live := &v1alpha1.ImmutableRevision{}
			if err = r.Live.Get(ctx, client.ObjectKeyFromObject(imr), live); err == nil {
				err = r.patchStatus(ctx, live, note)
			}
		}
		if apierrors.IsConflict(err) {
			continue // somebody writes all the time; the rollout must not wait for that
		}
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("note the evidence of %s: %w", imr.Name, err)
		}
	}
	return nil
}

// patchStatus changes a revision's status, if that makes a difference.
func (r *DeploymentReconciler) patchStatus(ctx context.Context, imr *v1alpha1.ImmutableRevision, change func(*v1alpha1.ImmutableRevisionStatus)) error {
	next := imr.Status.DeepCopy()
	change(next)
	fitRevision(next)
	if equality.Semantic.DeepEqual(&imr.Status, next) {
		return nil
	}
	patch := client.MergeFromWithOptions(imr.DeepCopy(), client.MergeFromWithOptimisticLock{})
	imr.Status = *next
	return r.Client.Status().Patch(ctx, imr, patch)
}

// keepTimeline notes a change of the traffic.
func (r *DeploymentReconciler) keepTimeline(next *v1alpha1.ImmutableRevisionStatus, seen rollout.Revision, share int32) {
	last := int32(0)
	if n := len(next.Traffic); n > 0 {
		last = next.Traffic[n-1].Weight
	}
	if seen.Backend == "" && last == 0 || share == last {
		return
	}
	next.Traffic = append(next.Traffic, v1alpha1.TrafficPoint{At: stamp(r.Now()), Weight: share})
}

// verdictsOf are all verdicts on the revision that is rolled out.
func (r *DeploymentReconciler) verdictsOf(ro *rollout.Rollout, images rollout.Images) []v1alpha1.Verdict {
	var out []v1alpha1.Verdict
	if images.Result != "" {
		out = append(out, v1alpha1.Verdict{Source: v1alpha1.SourceImages, Name: "scan", Result: images.Result,
			Message: images.Message, Since: stamp(r.Now())})
	}
	out = append(out, ro.Checks...)
	for _, g := range ro.Gates {
		v := v1alpha1.Verdict{Source: v1alpha1.SourceGate, Name: g.Name, Step: g.Step, Result: v1alpha1.ResultPending,
			Message: g.Message, Value: fmt.Sprintf("attempt %d", g.Attempt), Since: stamp(g.StartedAt)}
		switch g.State {
		case v1alpha1.GateSucceeded:
			v.Result, v.Since = v1alpha1.ResultPass, stamp(g.EndedAt)
		case v1alpha1.GateFailed:
			v.Result, v.Since = v1alpha1.ResultFail, stamp(g.EndedAt)
		case v1alpha1.GateRunning:
		}
		out = append(out, v)
	}
	return out
}
