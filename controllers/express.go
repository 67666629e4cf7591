package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/stack"
	"github.com/viridian-dev/viridian/internal/template"
)

// In express mode CloudFormation calls a stack complete before the tasks of its
// service run. A revision waits for them itself, and is Created no sooner than it
// would be in standard mode: all that relies on a stack to be created relies on its
// service to have been steady once, and what tells why it isn't has one place.

// isExpress tells whether the revision's stack is created in express mode.
func isExpress(imr *v1alpha1.ImmutableRevision) bool {
	return imr.Spec.Frozen.StackMode == v1alpha1.StackModeExpress
}

// modeOf is the mode in which a new revision's stack is to be created; "" is
// Standard. One that isn't known here is refused.
func modeOf(imd *v1alpha1.ImmutableDeployment) (v1alpha1.StackMode, error) {
	switch mode := imd.Spec.Stack.Mode; mode {
	case "", v1alpha1.StackModeStandard:
		return "", nil
	case v1alpha1.StackModeExpress:
		return mode, nil
	default:
		return "", unknownValue("spec.stack.mode", string(mode))
	}
}

// observeService reads the service of a stack that nobody waited for yet, or of which
// only ECS tells while it is waited for.
func observeService(ctx context.Context, imr *v1alpha1.ImmutableRevision, view *revisionView) error {
	f := &view.facts
	if !f.Owned || !isAwaited(imr, view) {
		return nil
	}
	if found, err := findService(ctx, imr, view); err != nil || !found {
		return err
	}
	service, err := view.clients.Services.Service(ctx, view.cluster, view.service)
	switch {
	case cloud.IsNotFound(err) && f.Stack.Status == cloud.StackCreateInProgress:
		return nil // ECS doesn't show it yet
	case err != nil && !cloud.IsNotFound(err):
		return err
	}
	f.Service = &service
	return nil
}

// asksECS tells whether ECS is asked why tasks don't start while the stack is created.
func asksECS(imr *v1alpha1.ImmutableRevision) bool {
	return isExpress(imr) || imr.Spec.Frozen.Template.OnInstances()
}

// findService names the service that is to be asked about. In express mode that is the
// one of a complete stack. On instances of EC2 it is also one that CloudFormation
// waits for: where no instance has room, no task starts, so that none fails, and
// CloudFormation says nothing for hours.
func findService(ctx context.Context, imr *v1alpha1.ImmutableRevision, view *revisionView) (found bool, err error) {
	source, err := template.SourceOf(&imr.Spec.Frozen.Template)
	if err != nil {
		return false, cannotBuild(err)
	}
	switch s := view.facts.Stack; {
	case isExpress(imr) && s.Status == cloud.StackCreateComplete:
		out := source.Outputs(s.Outputs)
		view.cluster, view.service = out.Cluster, out.ServiceName
		return true, nil
	case imr.Spec.Frozen.Template.OnInstances() && s.Status == cloud.StackCreateInProgress:
		resources, err := view.clients.Stacks.Resources(ctx, s.ID)
		if err != nil {
			return false, ifPassing(err)
		}
		view.cluster, view.service = template.ServiceOf(resources[source.ServiceID()])
		return view.service != "", nil
	}
	return false, nil
}

// isAwaited tells whether the tasks of a stack are to be waited for: while the
// record knows that it is being created, or, where its creation went unnoticed,
// while its deployment rolls it out and never saw it healthy. Any other stack that
// is found may serve, whatever its service is like now.
func isAwaited(imr *v1alpha1.ImmutableRevision, view *revisionView) bool {
	switch view.facts.Phase { //nolint:exhaustive // in the others the stack was created, or has to go
	case v1alpha1.RevisionCreating:
		return true
	case "", v1alpha1.RevisionPending:
		r := view.owner.Status.Rollout
		return r != nil && r.Revision == imr.Spec.Revision && r.FinishedAt == nil && r.VerifiedAt == nil
	}
	return false
}

// failureOf finds why a stack failed: ECS knows that of one that CloudFormation
// calls complete.
func failureOf(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) (stack.Failure, error) {
	if view.facts.Service != nil {
		source, err := template.SourceOf(&imr.Spec.Frozen.Template)
		if err != nil {
			return stack.Failure{}, cannotBuild(err)
		}
		return stack.GivenUp(source.ServiceID(), view.facts.Service), nil
	}
	events, err := view.clients.Stacks.FailureEvents(ctx, view.facts.Stack.ID)
	if err != nil {
		return stack.Failure{}, err
	}
	return stack.Diagnose(view.facts.Stack, events), nil
}

// attend notes why tasks of a service stopped that doesn't run all of them yet.
// That decides nothing: ECS gives the service up, or the deployment's deadline
// passes. But for want of capacity the deployment waits as long as it takes.
func (r *RevisionReconciler) attend(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, next *v1alpha1.ImmutableRevisionStatus) error {
	source, err := template.SourceOf(&imr.Spec.Frozen.Template)
	if err != nil {
		return cannotBuild(err)
	}
	service, was := view.facts.Service, next.Failure
	next.Failure = nil
	if service.RunningCount >= service.DesiredCount {
		return nil
	}
	found := stack.Unsteady(source.ServiceID(), service)
	starting := found.Message
	tasks, err := view.clients.Services.StoppedTasks(ctx, view.cluster, view.service, stoppedTasksMax)
	if ifPassing(err) != nil {
		return err
	}
	if found.Consider(tasks, service.LastEvent); found.Message == starting {
		return nil
	}
	message := truncate(found.Message+source.Explain(&imr.Spec.Frozen.Template, found.Resource, found.Message), failureLength)
	next.Failure = &v1alpha1.StackFailure{Resource: found.Resource, Message: message, At: metav1.NewTime(r.Now())}
	next.Failure.Reason, next.Failure.Remedy = found.Blocked(contextOf(imr, "", true))
	if was != nil && was.Message == message {
		next.Failure.At = was.At
	}
	return nil
}

// starting says how far the tasks are of a stack that is complete but for them; ""
// of any other.
func starting(imr *v1alpha1.ImmutableRevision) string {
	ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || !isExpress(imr) || imr.Status.Phase != v1alpha1.RevisionCreating || imr.Status.StackStatus != string(cloud.StackCreateComplete) {
		return ""
	}
	return ready.Message
}

// drains tells whether the deletion of a stack has to say that it waits for the
// tasks: in express mode it may not, and what comes after it, such as the new
// revision of Recreate, must not come before they have ended. A stack that never
// was complete has no tasks that matter, and AWS may refuse it that.
func drains(imr *v1alpha1.ImmutableRevision, found *cloud.Stack) bool {
	return isExpress(imr) && (imr.Status.Outputs != nil || found != nil && len(found.Outputs) > 0)
}
