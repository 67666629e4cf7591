package alb

import (
	"cmp"
	"context"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Health asks the load balancer how many targets are healthy.
func (r *router) Health(ctx context.Context, backend string, health *rollout.Health) error {
	if backend == "" {
		return nil
	}
	targets, err := r.traffic.TargetHealth(ctx, backend)
	if cloud.IsNotFound(err) {
		*health = rollout.Health{Known: true, Gone: true, Reason: targetGroupGone}
		return nil
	}
	if err != nil {
		return err
	}
	health.Healthy, health.Reason = targets.Healthy, targets.Reason
	return nil
}

// OriginalHealth asks whether the target group that an adopted rule had before
// has targets that may take traffic again. Targets of a group that no rule uses
// are not checked by the load balancer, so that unused ones get the benefit of
// the doubt.
func (r *router) OriginalHealth(ctx context.Context, backend string) (rollout.Health, error) {
	targets, err := r.traffic.TargetHealth(ctx, backend)
	if cloud.IsNotFound(err) {
		return rollout.Health{Known: true, Reason: originalGone}, nil
	}
	if err != nil {
		return rollout.Health{}, err
	}
	return rollout.Health{Known: true, Healthy: targets.Healthy + targets.Initial + targets.Unused, Reason: cmp.Or(targets.Reason, originalHasNothing)}, nil
}
