package controllers

import (
	"context"
	"errors"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// limitsOf translates bounds of the number of tasks; nil if there are none.
func limitsOf(scaling *v1alpha1.Scaling) *rollout.Limits {
	if scaling == nil {
		return nil
	}
	return &rollout.Limits{Min: scaling.Min, Max: scaling.Max}
}

// scalingOf writes bounds of the number of tasks; nil if there are none. Schedules
// may have set the smallest number to 0, of which a stack is never made.
func scalingOf(limits *rollout.Limits) *v1alpha1.Scaling {
	if limits == nil {
		return nil
	}
	return &v1alpha1.Scaling{Min: max(limits.Min, 1), Max: max(limits.Max, 1)}
}

// rememberedScaling reads from status what is remembered of autoscalers.
func rememberedScaling(status *v1alpha1.ScalingStatus) *rollout.Scaling {
	if status == nil {
		return nil
	}
	return &rollout.Scaling{Count: status.Count, Limits: rollout.Limits{Min: status.Min, Max: status.Max}}
}

// scalingStatus writes to status what is remembered of autoscalers.
func scalingStatus(s *rollout.Scaling) *v1alpha1.ScalingStatus {
	if s == nil {
		return nil
	}
	return &v1alpha1.ScalingStatus{Count: s.Count, Min: s.Limits.Min, Max: s.Limits.Max}
}

// readAutoscaler asks Application Auto Scaling what sets the desired count of a
// revision's service. A role that may not ask can have no autoscaler in spec, so
// others' go unnoticed.
func readAutoscaler(ctx context.Context, view *deploymentView, out *v1alpha1.StackOutputs, seen *rollout.Revision) error {
	id := cloud.ServiceID{Cluster: out.Cluster, Name: out.ServiceName}
	targets, err := view.clients.Scaling.Targets(ctx, []cloud.ServiceID{id})
	switch {
	case errors.Is(err, cloud.ErrPending):
		seen.AutoscalerPending = true
		return nil
	case cloud.KindOf(err) == cloud.KindDenied && !seen.Scales && view.facts.Scaling == nil:
		return nil
	case err != nil:
		return err
	}
	if t, found := targets[id]; found {
		seen.Autoscaler = &rollout.Autoscaler{Limits: rollout.Limits(t.Bounds), Suspended: rollout.Suspension(t.Suspended)}
	}
	return nil
}

// countTasks finds how many tasks the application needs, once the revisions are
// known, and compiles the strategy for them.
func (r *DeploymentReconciler) countTasks(_ context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	plan := func(count int32) rollout.Plan {
		return rollout.Compile(&imd.Spec, count, view.router.Receives())
	}
	view.facts.DesiredCount = view.facts.LiveCount(plan)
	view.facts.Plan = plan(view.facts.DesiredCount)
	return nil
}

// setScaling changes what a revision's autoscaler does. One that is gone needs no
// change.
func setScaling(ctx context.Context, view *deploymentView, a rollout.Action) error {
	out := view.record(a.Revision).Status.Outputs
	if out == nil {
		return nil
	}
	change := cloud.TargetChange{Suspended: cloud.Suspended(a.Suspended)}
	if a.Limits != nil {
		change.Bounds = &cloud.Bounds{Min: a.Limits.Min, Max: a.Limits.Max}
	}
	err := view.clients.Scaling.SetTarget(ctx, cloud.ServiceID{Cluster: out.Cluster, Name: out.ServiceName}, change)
	if cloud.IsNotFound(err) {
		return nil
	}
	return err
}
