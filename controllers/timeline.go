package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// timelineLength is how many changes of its traffic a revision remembers.
const timelineLength = 50

// keepTimeline notes on each revision what part of the traffic it gets, when
// that has changed. It is evidence for people; nothing is decided by it.
func (r *DeploymentReconciler) keepTimeline(ctx context.Context, view *deploymentView) error {
	for i := range view.Revisions {
		seen, imr := view.Revisions[i], &view.revisions[i]
		share := view.Rule.Targets.Share(seen.TargetGroup)
		last := int32(0)
		if n := len(imr.Status.Traffic); n > 0 {
			last = imr.Status.Traffic[n-1].Weight
		}
		if seen.TargetGroup == "" && last == 0 || share == last {
			continue
		}
		patch := client.MergeFromWithOptions(imr.DeepCopy(), client.MergeFromWithOptimisticLock{})
		points := append(imr.Status.Traffic, v1alpha1.TrafficPoint{At: stamp(r.Now()), Weight: share})
		imr.Status.Traffic = points[max(0, len(points)-timelineLength):]
		if err := r.Client.Status().Patch(ctx, imr, patch); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("note the traffic of %s: %w", imr.Name, err)
		}
	}
	return nil
}
