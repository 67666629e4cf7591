package controllers

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// tampered says what someone else did to a revision's stack; "" if nothing is
// known of it.
func tampered(imr *v1alpha1.ImmutableRevision, view *deploymentView) string {
	if ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.Reason == v1alpha1.ReasonStackChanged {
		return ready.Message
	}
	preview := imr.Status.Outputs.PreviewRuleARN
	present := func(x cloud.Rule) bool { return x.ARN == preview }
	if preview != "" && view.listenerRules != nil && imr.Status.Phase == v1alpha1.RevisionCreated && !slices.ContainsFunc(view.listenerRules, present) {
		return "its preview rule was deleted"
	}
	return ""
}

// readHealth asks ECS and the load balancer how a revision's service is.
func readHealth(ctx context.Context, clients cloud.Clients, out v1alpha1.StackOutputs, seen *rollout.Revision) error {
	health := &seen.Health
	service, err := clients.Services.Service(ctx, out.Cluster, out.ServiceName)
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
	if out.TargetGroupARN != "" {
		if err := readTargets(ctx, clients, out.TargetGroupARN, health); err != nil {
			return err
		}
	}
	if health.Failed {
		health.Reason = service.RolloutReason
	}
	return nil
}

// readTargets asks the load balancer how many targets are healthy.
func readTargets(ctx context.Context, clients cloud.Clients, targetGroupARN string, health *rollout.Health) error {
	targets, err := clients.Traffic.TargetHealth(ctx, targetGroupARN)
	if cloud.IsNotFound(err) {
		*health = rollout.Health{Known: true, Gone: true, Reason: "the target group does not exist"}
		return nil
	}
	if err != nil {
		return err
	}
	health.Healthy, health.Reason = targets.Healthy, targets.Reason
	return nil
}

// observeOriginal reads whether the target group that an adopted rule had before has
// targets that may take traffic again. Targets of a group that no rule uses are
// not checked by the load balancer, so that unused ones get the benefit of the
// doubt.
func (r *DeploymentReconciler) observeOriginal(ctx context.Context, _ *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	arn := view.facts.Progress.Original
	if !view.facts.Deleting || arn == "" {
		return nil
	}
	targets, err := view.clients.Traffic.TargetHealth(ctx, arn)
	switch {
	case cloud.IsNotFound(err):
		view.facts.Original = rollout.Health{Known: true, Reason: "it does not exist"}
		return nil
	case err != nil:
		return err
	}
	view.facts.Original = rollout.Health{Known: true, Healthy: targets.Healthy + targets.Initial + targets.Unused, Reason: targets.Reason}
	if view.facts.Original.Reason == "" {
		view.facts.Original.Reason = "it has no targets"
	}
	return nil
}

// drain is how long requests of a revision may take to end. A worker has none.
func drain(frozen *v1alpha1.FrozenRevision) time.Duration {
	if frozen.ListenerARN == "" {
		return 0
	}
	return seconds(frozen.Template.Target.DeregistrationDelaySeconds, 300)
}
