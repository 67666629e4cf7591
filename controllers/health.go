package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// tampered says what someone else did to a revision's stack; "" if nothing is
// known of it.
func tampered(imr *v1alpha1.ImmutableRevision, view *deploymentView) string {
	if ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.Reason == v1alpha1.ReasonStackChanged {
		return ready.Message
	}
	if imr.Status.Phase != v1alpha1.RevisionCreated {
		return ""
	}
	return view.router.Tampered(imr.Status.Outputs)
}

// readHealth asks ECS and the router how a revision's service is.
func readHealth(ctx context.Context, view *deploymentView, imr *v1alpha1.ImmutableRevision, seen *rollout.Revision) error {
	health, out := &seen.Health, imr.Status.Outputs
	service, err := view.clients.Services.Service(ctx, out.Cluster, out.ServiceName)
	if cloud.IsNotFound(err) {
		*health = rollout.Health{Known: true, Gone: true, Reason: "the ECS service does not exist"}
		return nil
	}
	if err != nil {
		return err
	}
	if out.TaskDefinitionARN != "" && service.TaskDefinition != out.TaskDefinitionARN {
		seen.Tampered = "its ECS service was given the task definition " + service.TaskDefinition
	}
	*health = rollout.Health{
		Known:   true,
		Desired: service.DesiredCount,
		Running: service.RunningCount,
		Healthy: service.RunningCount, // a worker is as healthy as ECS says
		Steady:  service.RolloutState == cloud.RolloutCompleted,
		Failed:  service.RolloutState == cloud.RolloutFailed,
	}
	if err := view.router.Health(ctx, seen.Backend, health); err != nil {
		return err
	}
	if err := readAutoscaler(ctx, view, out, seen); err != nil {
		return err
	}
	if health.Failed {
		health.Reason = service.RolloutReason
	}
	if source, err := template.SourceOf(&imr.Spec.Frozen.Template); err == nil {
		health.Reason += source.Explain(&imr.Spec.Frozen.Template, source.ServiceID(), health.Reason)
	}
	return nil
}
