package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/stack"
	"github.com/viridian-dev/viridian/internal/template"
)

// apply has the decision's effect and notes in next what it led to.
func (r *RevisionReconciler) apply(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, d stack.Decision, next *v1alpha1.ImmutableRevisionStatus) error {
	next.Phase = d.Phase
	if view.facts.Stack != nil && view.facts.Owned {
		if view.facts.Stack.ID != next.StackID {
			// By a run that crashed before it could count it.
			next.Attempts++
			next.Failure = nil
		}
		next.StackID, next.StackStatus, next.ClusterID = view.facts.Stack.ID, string(view.facts.Stack.Status), r.ClusterID
	}
	switch d.Action {
	case stack.ActionNone:
		r.note(d, next)
		return nil
	case stack.ActionCreate:
		return r.create(ctx, imr, view, next)
	case stack.ActionCollect:
		return collect(imr, view, next)
	case stack.ActionDiagnose:
		return r.diagnose(ctx, imr, view, next)
	case stack.ActionAttend:
		return r.attend(ctx, imr, view, next)
	case stack.ActionDelete, stack.ActionDeleteRetaining, stack.ActionForceDelete:
		return r.delete(ctx, imr, view, d.Action, next)
	case stack.ActionList, stack.ActionAccount:
		r.note(d, next)
		return remains(ctx, view, d.Action, next)
	}
	return fmt.Errorf("unknown stack action %q", d.Action)
}

// note keeps the cause when a stack is given up without a look into it, and
// forgets what is not true any more.
func (r *RevisionReconciler) note(d stack.Decision, next *v1alpha1.ImmutableRevisionStatus) {
	switch {
	case d.Phase == v1alpha1.RevisionFailed && (next.Failure == nil || next.Failure.Reason != ""):
		next.Failure = &v1alpha1.StackFailure{Message: d.Message, At: metav1.NewTime(r.Now())}
	case d.Phase == v1alpha1.RevisionRemoved:
		next.Outputs, next.LogGroup = nil, ""
		if next.StackID != "" {
			next.StackStatus = string(cloud.StackDeleteComplete)
		}
	case d.Phase == v1alpha1.RevisionDeleteFailed && d.Action == stack.ActionNone:
		next.Retained = nil // a deletion failed anew: others can't be deleted now
	}
}

// create starts a new attempt at the stack.
func (r *RevisionReconciler) create(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, next *v1alpha1.ImmutableRevisionStatus) error {
	parameters := map[string]string{template.ParamDesiredCount: strconv.Itoa(int(imr.Spec.Count()))}
	if imr.Spec.Frozen.Template.Scaling != nil {
		bounds := imr.Spec.Bounds()
		parameters[template.ParamMinCapacity] = strconv.Itoa(int(bounds.Min))
		parameters[template.ParamMaxCapacity] = strconv.Itoa(int(bounds.Max))
	}
	if err := r.checkValues(ctx, imr, view); err != nil {
		return err
	}
	chosen, err := view.backend.Parameters(ctx)
	if err != nil {
		return err
	}
	maps.Copy(parameters, chosen)
	id, err := view.clients.Stacks.Create(ctx, cloud.CreateStack{
		Name:         imr.Spec.StackName,
		TemplateBody: imr.Spec.Frozen.TemplateBody,
		Parameters:   parameters,
		Tags:         r.stackTags(imr, view.ownerUID),

		TerminationProtection: imr.Spec.Frozen.TerminationProtection,
		Express:               imr.Spec.Frozen.StackMode == v1alpha1.StackModeExpress,

		Token: token(imr, view, "create"),
	})
	switch {
	case cloud.KindOf(err) == cloud.KindInvalid:
		next.Phase = v1alpha1.RevisionFailed
		next.Failure = &v1alpha1.StackFailure{Message: err.Error(), At: metav1.NewTime(r.Now())}
		return nil
	case cloud.IsTokenUsed(err), err == nil && id == imr.Status.StackID:
		// By an attempt that nobody could count. The next one has another token.
		next.Phase = imr.Status.Phase
		next.Attempts++
		return nil
	case cloud.IsConflict(err):
		// Someone, perhaps we, made it just now: the next pass looks whose.
		next.Phase = imr.Status.Phase
		return nil
	case err != nil:
		return err
	}
	next.StackID, next.StackStatus, next.ClusterID = id, string(cloud.StackCreateInProgress), r.ClusterID
	next.Attempts++
	next.Failure, next.Outputs, next.Retained, next.DeleteAttempts, next.LogGroup = nil, nil, nil, 0, ""
	return nil
}

// token makes a repeated call recognisable to CloudFormation. It differs by
// attempt, since a stack may be created again after it was deleted.
func token(imr *v1alpha1.ImmutableRevision, view revisionView, call string) string {
	return fmt.Sprintf("viridian-%s-%s-%d-%d", call, view.ownerUID, imr.Spec.Revision, imr.Status.Attempts)
}

// collect keeps the outputs of a stack that is created.
func collect(imr *v1alpha1.ImmutableRevision, view revisionView, next *v1alpha1.ImmutableRevisionStatus) error {
	source, err := template.SourceOf(&imr.Spec.Frozen.Template)
	if err != nil {
		return cannotBuild(err)
	}
	if imr.Status.Phase == v1alpha1.RevisionCreating {
		next.Failure = nil // what hindered tasks at first is over
	}
	next.Outputs = source.Outputs(view.facts.Stack.Outputs)
	next.LogGroup = source.Logs(&imr.Spec.Frozen.Template, imr.Spec.StackName, view.facts.Stack.Outputs[template.OutputLogGroup]).Group
	return nil
}

// diagnose finds why the stack failed. ECS's own words are there only as long
// as the service and its stopped tasks are, so they are read first of all. A
// stack for whose failure the template isn't at fault is made again.
func (r *RevisionReconciler) diagnose(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, next *v1alpha1.ImmutableRevisionStatus) error {
	found, err := failureOf(ctx, imr, view)
	if err != nil {
		return err
	}
	resources, err := view.clients.Stacks.Resources(ctx, view.facts.Stack.ID)
	if ifPassing(err) != nil {
		return err
	}
	if source, err := template.SourceOf(&imr.Spec.Frozen.Template); err == nil {
		if found.Resource == source.ServiceID() {
			if err := askECS(ctx, view, resources[found.Resource], &found); err != nil {
				return err
			}
		}
		found.Message += source.Explain(&imr.Spec.Frozen.Template, found.Resource, found.Message)
		next.LogGroup = source.Logs(&imr.Spec.Frozen.Template, imr.Spec.StackName, resources[template.LogicalLogGroup]).Group
	}
	next.Failure = &v1alpha1.StackFailure{Resource: found.Resource, Message: found.Message, At: metav1.NewTime(r.Now())}
	next.Failure.Reason, next.Failure.Remedy = found.Blocked(contextOf(imr, imr.Spec.Frozen.ListenerARN, false))
	if next.Failure.Reason == "" {
		next.FailedAttempts = 0
		return nil
	}
	next.Phase = v1alpha1.RevisionDeleting
	next.FailedAttempts++
	if view.backend.LostRace(found.Resource, found.Kind) && stack.Pause(next.FailedAttempts, true, r.Timing.Poll) == 0 {
		next.Failure = nil // another priority is chosen at once
	}
	return nil
}

// contextOf is what remedies name of a revision. A stack whose tasks ECS goes on
// trying to start has its rules already.
func contextOf(imr *v1alpha1.ImmutableRevision, listenerARN string, trying bool) stack.Context {
	onSpot := func(p v1alpha1.CapacityProviderStrategyItem) bool { return p.CapacityProvider == "FARGATE_SPOT" }
	return stack.Context{
		ListenerARN: listenerARN, RoleARN: imr.Spec.Frozen.AWS.RoleARN, Trying: trying,
		Spot: slices.ContainsFunc(imr.Spec.Frozen.Template.CapacityProviderStrategy, onSpot), Instances: imr.Spec.Frozen.Template.OnInstances(),
	}
}

// askECS adds in ECS's words why tasks of the stack's service stopped, and
// whether that was for want of capacity. What ECS doesn't know must not hide
// what CloudFormation said.
func askECS(ctx context.Context, view revisionView, service string, found *stack.Failure) error {
	if service == "" {
		return nil
	}
	cluster, name := template.ServiceOf(service)
	tasks, err := view.clients.Services.StoppedTasks(ctx, cluster, name, stoppedTasksMax)
	if err != nil {
		return ifPassing(err)
	}
	seen, err := view.clients.Services.Service(ctx, cluster, name)
	if ifPassing(err) != nil {
		return err
	}
	found.Consider(tasks, seen.LastEvent)
	return nil
}

// stoppedTasksMax is how many stopped tasks are asked why they stopped.
const stoppedTasksMax = 10

// ifPassing is an error of AWS that goes by, so that it is better to ask again.
func ifPassing(err error) error {
	if kind := cloud.KindOf(err); kind == cloud.KindTransient || kind == cloud.KindThrottled {
		return err
	}
	return nil
}

// remains remembers what CloudFormation can't delete, before it is left behind,
// or what it did leave.
func remains(ctx context.Context, view revisionView, which stack.Action, next *v1alpha1.ImmutableRevisionStatus) error {
	read := view.clients.Stacks.Retained
	if which == stack.ActionList {
		read = view.clients.Stacks.Undeletable
	}
	resources, err := read(ctx, view.facts.Stack.ID)
	if err != nil {
		return err
	}
	if which == stack.ActionList && len(resources) == 0 {
		return nothingUndeletable(view.facts.Stack.StatusReason)
	}
	next.Retained = left(resources)
	return nil
}

// left is what a deletion can't take along, or didn't.
func left(resources []cloud.StackResource) []v1alpha1.RetainedResource {
	var out []v1alpha1.RetainedResource
	for _, resource := range resources {
		out = append(out, v1alpha1.RetainedResource{
			LogicalID: resource.LogicalID, Type: resource.Type, PhysicalID: resource.PhysicalID,
			Reason: resource.Reason,
		})
	}
	return out
}

// delete starts the deletion of the stack, unless a rule still forwards to it:
// CloudFormation would take the service away before it finds that it can't
// delete the target group.
func (r *RevisionReconciler) delete(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, how stack.Action, next *v1alpha1.ImmutableRevisionStatus) error {
	if err := r.checkUnused(ctx, imr, view); err != nil {
		return err
	}
	in := cloud.DeleteStack{StackID: imr.Status.StackID, Standard: drains(imr, view.facts.Stack), Force: how == stack.ActionForceDelete, Token: token(imr, view, "delete") + fmt.Sprintf("-%d", imr.Status.DeleteAttempts)}
	if view.facts.Stack != nil {
		in.StackID = view.facts.Stack.ID
	}
	if how == stack.ActionDeleteRetaining {
		for _, resource := range imr.Status.Retained {
			in.RetainResources = append(in.RetainResources, resource.LogicalID)
		}
	}
	if imr.Spec.Frozen.TerminationProtection {
		if err := view.clients.Stacks.Protect(ctx, in.StackID, false); err != nil && !cloud.IsNotFound(err) {
			return err
		}
	}
	next.DeleteAttempts++
	err := view.clients.Stacks.Delete(ctx, in)
	if cloud.IsConflict(err) {
		return stackProtected(in.StackID, err)
	}
	return err
}
