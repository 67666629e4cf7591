package controllers

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/template"
)

// Before a stack is deleted AWS itself is asked whether it is used. What status
// remembers is no answer: it may be lost, or older than the stack.

// checkUnused refuses while a listener rule other than the stack's own forwards
// to it, on whichever listener: CloudFormation would take the service away
// before it finds that it can't delete the target group. A worker's stack is
// kept while it is the last that works.
func (r *RevisionReconciler) checkUnused(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) error {
	group, preview, err := receivers(ctx, imr, view)
	if err != nil {
		return err
	}
	if group == "" {
		return r.checkIdle(ctx, imr, view)
	}
	rules, err := view.clients.Traffic.RulesTo(ctx, group)
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if rule.ARN != preview {
			return refusal.New(v1alpha1.ReasonStackInUse, "The listener rule "+rule.ARN+" still forwards to this revision",
				"Take the target group "+group+" out of that rule")
		}
	}
	return nil
}

// inUse tells whether a stack can't be deleted since it is used.
func inUse(err error) bool {
	refusal, ok := errors.AsType[*refusal.Error](err)
	return ok && refusal.Reason == v1alpha1.ReasonStackInUse
}

// receivers are the stack's target group and its preview rule: by its outputs,
// or its resources while it has none; both "" if it has neither.
func receivers(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) (group, preview string, err error) {
	if view.facts.Stack == nil { // not shown, perhaps: what is remembered is all there is
		if out := imr.Status.Outputs; out != nil {
			return out.TargetGroupARN, out.PreviewRuleARN, nil
		}
		return "", "", nil
	}
	if group = view.facts.Stack.Outputs[template.OutputTargetGroup]; group != "" {
		return group, view.facts.Stack.Outputs[template.OutputPreviewRule], nil
	}
	if imr.Spec.Frozen.ListenerARN == "" {
		return "", "", nil
	}
	resources, err := view.clients.Stacks.Resources(ctx, view.facts.Stack.ID)
	if cloud.IsNotFound(err) {
		return "", "", nil
	}
	return resources[template.LogicalTargetGroup], resources[template.LogicalPreviewRule], err
}

// checkIdle refuses to delete the complete stack of a worker while the one that
// its deployment takes for what works isn't there: nothing else may be working.
func (r *RevisionReconciler) checkIdle(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) error {
	works := view.facts.Stack != nil && view.facts.Stack.Status.Whole() && imr.Spec.Frozen.ListenerARN == ""
	if !works || !relies(view.owner, imr.Spec.Revision) {
		return nil
	}
	name := fmt.Sprintf("%s-%d", view.owner.Name, view.owner.Status.Stable)
	stable := &v1alpha1.ImmutableRevision{}
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: imr.Namespace, Name: name}, stable); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("get revision %s: %w", name, err)
	}
	if there, err := isThere(ctx, view.clients.Stacks, stable.Status.StackID); err != nil || there {
		return err
	}
	return refusal.New(v1alpha1.ReasonStackInUse, "The stack of "+name+", which is to do the work, isn't there, so this one is kept",
		"It goes once another revision of "+view.owner.Name+" is promoted")
}

// relies tells whether a deployment relies on another revision than this one to
// do its work. Recreate takes that away before the new one comes.
func relies(owner *v1alpha1.ImmutableDeployment, revision int64) bool {
	return owner != nil && owner.DeletionTimestamp.IsZero() && owner.Spec.Strategy.Type != v1alpha1.StrategyRecreate &&
		owner.Status.Stable != 0 && owner.Status.Stable != revision
}

// isThere tells whether a stack exists; "" doesn't.
func isThere(ctx context.Context, stacks cloud.Stacks, stackID string) (bool, error) {
	if stackID == "" {
		return false, nil
	}
	there, _, err := describeLive(ctx, stacks, stackID)
	return there, err
}

// describeLive describes a stack that isn't deleted.
func describeLive(ctx context.Context, stacks cloud.Stacks, stackID string) (there bool, found cloud.Stack, err error) {
	found, err = stacks.Describe(ctx, stackID)
	if cloud.IsNotFound(err) {
		return false, found, nil
	}
	return err == nil && found.Status != cloud.StackDeleteComplete, found, err
}
