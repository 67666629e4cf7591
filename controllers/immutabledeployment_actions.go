package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/configuration"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// apply has the decision's one effect.
func (r *DeploymentReconciler) apply(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, d rollout.Decision) error {
	switch a := d.Action; a.Kind {
	case rollout.ActionNone:
		return nil
	case rollout.ActionCreateRevision:
		return r.createRevision(ctx, imd, view)
	case rollout.ActionRecall:
		return r.recall(ctx, imd, view, a)
	case rollout.ActionProvision:
		return r.provision(ctx, view, a)
	case rollout.ActionRemoveStack:
		return r.setStack(ctx, view, a.Revision, v1alpha1.StackAbsent)
	case rollout.ActionRetainStack:
		return r.setStack(ctx, view, a.Revision, v1alpha1.StackRetained)
	case rollout.ActionDeleteRevision:
		return r.deleteRevision(ctx, view, a.Revision)
	case rollout.ActionFinishDeletion:
		return r.finish(ctx, imd, view)
	case rollout.ActionScale, rollout.ActionSetScaling:
		return scale(ctx, view, a)
	case rollout.ActionStartGate:
		return r.startGate(ctx, imd, view, d.Progress.Rollout, a.Run)
	default:
		return view.router.Apply(ctx, &view.facts, a)
	}
}

// errBehind ends a pass whose cache doesn't show yet what exists. It mostly does
// in a moment, but while the watch is broken it doesn't: each pass comes later
// than the one before.
var errBehind = errors.New("the cache does not show yet which revisions exist")

// createRevision freezes the template in spec. The cluster itself is asked
// first whether that was done already, since the cache may be a moment old, and
// CloudFormation whether the number's stack exists, since the cluster may have
// forgotten: then its record is made again instead.
func (r *DeploymentReconciler) createRevision(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	present, orphans, err := listRevisions(ctx, r.Live, imd)
	if err != nil {
		return err
	}
	number := imd.Status.LatestRevision
	for _, imr := range slices.Concat(present, orphans) {
		if view.isWanted(&imr) && metav1.GetControllerOf(&imr) != nil && imr.DeletionTimestamp.IsZero() {
			return errBehind
		}
		number = max(number, imr.Spec.Revision)
	}
	number, found, err := r.nextNumber(ctx, imd, view, number)
	if err != nil {
		return err
	}
	if found != nil {
		return r.record(ctx, imd, view, number, *found, view.facts.DesiredCount)
	}
	imr, err := r.freeze(ctx, imd, view, number)
	if err != nil || imr == nil {
		return err
	}
	return r.createRecord(ctx, imd, imr)
}

// nextNumber is the first number after another whose stack doesn't exist, or
// whose stack is the deployment's own, which is then returned.
func (r *DeploymentReconciler) nextNumber(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, after int64) (int64, *cloud.Stack, error) {
	for number := after + 1; ; number++ {
		found, err := view.clients.Stacks.Describe(ctx, template.StackName(imd.Namespace, imd.Name, string(imd.UID), number))
		switch {
		case cloud.IsNotFound(err):
			return number, nil, nil
		case err != nil:
			return 0, nil, err
		case r.claimOf(imd).Owns(found.Tags) && found.Status != cloud.StackDeleteInProgress:
			return number, &found, nil
		}
	}
}

// freeze makes a revision of the template in spec: its images pinned and its
// CloudFormation template built. Its stack isn't asked for before its rollout
// begins. There is none, and no error, if the values that it refers to have changed
// again: the next pass decides anew.
func (r *DeploymentReconciler) freeze(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, number int64) (*v1alpha1.ImmutableRevision, error) {
	source, err := template.SourceOf(&imd.Spec.Template)
	if err != nil {
		return nil, cannotBuild(err)
	}
	mode, err := modeOf(imd)
	if err != nil {
		return nil, err
	}
	pinned, images, held, err := r.resolved(ctx, imd, view, source)
	if err != nil || images == nil {
		return nil, err
	}
	provenance := r.provenance(imd, view)
	in := template.Input{
		Namespace: imd.Namespace, Name: imd.Name, UID: string(imd.UID), Revision: number, Template: pinned, Images: images,
		Configuration: held, Provenance: provenance,
		StopFirst: imd.Spec.Strategy.Type == v1alpha1.StrategyRecreate,
	}
	frozen := v1alpha1.FrozenRevision{
		TemplateHash:          view.facts.WantTemplate,
		AWS:                   awsOf(imd),
		Template:              pinned,
		Images:                images,
		Configuration:         held,
		Provenance:            provenance,
		TerminationProtection: imd.Spec.Stack.TerminationProtection != nil && *imd.Spec.Stack.TerminationProtection,
		StackMode:             mode,
	}
	if view.router.Receives() {
		frozen.PreviewToken = r.NewToken()
	}
	view.router.Keep(&frozen)
	in.PreviewToken = frozen.PreviewToken
	if err := view.router.Freeze(&in); err != nil {
		return nil, err
	}
	if frozen.TemplateBody, err = source.Build(in); err != nil {
		return nil, cannotBuild(err)
	}
	return newRevision(imd, number, template.StackName(imd.Namespace, imd.Name, string(imd.UID), number), frozen), nil
}

// resolved is the template in spec with its images pinned and the values that it
// refers to. There are no images, and no error, if no revision is to be made of it
// now.
func (r *DeploymentReconciler) resolved(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, source template.Source) (v1alpha1.RevisionTemplate, []v1alpha1.FrozenImage, *v1alpha1.FrozenConfiguration, error) {
	pinned, images, lost := view.pinnedOfLost(imd)
	if lost != nil && lost.Spec.Frozen.Configuration != nil {
		held, err := r.heldByLost(ctx, lost, &pinned)
		return pinned, images, held, err
	}
	if lost == nil {
		var err error
		if pinned, images, err = r.pin(ctx, imd, view, source); err != nil {
			return pinned, nil, nil, err
		}
	}
	held, made, err := r.hold(ctx, imd, view, &pinned)
	if err != nil || !made {
		return pinned, nil, nil, err
	}
	return pinned, images, held, nil
}

// heldByLost has a template hold the values that a lost revision of it held. The
// cache doesn't have them.
func (r *DeploymentReconciler) heldByLost(ctx context.Context, lost *v1alpha1.ImmutableRevision, t *v1alpha1.RevisionTemplate) (*v1alpha1.FrozenConfiguration, error) {
	whole, err := r.whole(ctx, lost)
	if err != nil {
		return nil, err
	}
	configuration.Again(t, &whole.Spec.Frozen)
	return whole.Spec.Frozen.Configuration, nil
}

// pinnedOfLost is the template of the revision that is to be made anew since its
// stack was lost, with the images that it ran: a tag may have been moved since. Its
// hash is that of the template in spec, so the two are the same but for that.
func (view *deploymentView) pinnedOfLost(imd *v1alpha1.ImmutableDeployment) (pinned v1alpha1.RevisionTemplate, images []v1alpha1.FrozenImage, of *v1alpha1.ImmutableRevision) {
	for i := range view.records {
		imr := &view.records[i]
		seen := &view.facts.Revisions[i]
		lost := seen.Number == view.facts.Progress.Stable && seen.Deleting && (seen.Health.Gone || seen.Stack != v1alpha1.RevisionCreated)
		if lost && view.isWanted(imr) {
			return template.PinnedAs(&imd.Spec.Template, &imr.Spec.Frozen), template.FrozenImages(&imr.Spec.Frozen), imr
		}
	}
	return pinned, nil, nil
}

// provision asks for a revision's stack with so many tasks, and bounds of their
// number if that is scaled.
func (r *DeploymentReconciler) provision(ctx context.Context, view *deploymentView, a rollout.Action) error {
	return r.patchRevision(ctx, view, a.Revision, func(spec *v1alpha1.ImmutableRevisionSpec) {
		spec.StackState, spec.DesiredCount, spec.Scaling = v1alpha1.StackPresent, &a.Count, scalingOf(a.Limits)
	})
}

// setStack has a revision's stack go, or left to others.
func (r *DeploymentReconciler) setStack(ctx context.Context, view *deploymentView, number int64, state v1alpha1.StackState) error {
	return r.patchRevision(ctx, view, number, func(spec *v1alpha1.ImmutableRevisionSpec) {
		spec.StackState, spec.DesiredCount, spec.Scaling = state, nil, nil
	})
}

// patchRevision changes what a revision's record asks for.
func (r *DeploymentReconciler) patchRevision(ctx context.Context, view *deploymentView, number int64, change func(*v1alpha1.ImmutableRevisionSpec)) error {
	imr := view.record(number)
	patch := client.MergeFromWithOptions(imr.DeepCopy(), client.MergeFromWithOptimisticLock{})
	change(&imr.Spec)
	if err := r.Client.Patch(ctx, imr, patch); err != nil {
		return fmt.Errorf("set the stack state of %s: %w", imr.Name, err)
	}
	r.written.note(metav1.GetControllerOf(imr).UID, imr)
	return nil
}

// deleteRevision deletes an ImmutableRevision; its finalizer waits for the
// stack. It is asked for by the version that was seen: a cache that doesn't
// show the deletion would have it asked for in each pass.
func (r *DeploymentReconciler) deleteRevision(ctx context.Context, view *deploymentView, number int64) error {
	imr := view.record(number)
	err := r.Client.Delete(ctx, imr, client.Preconditions{UID: &imr.UID, ResourceVersion: &imr.ResourceVersion})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return errBehind
	}
	if err != nil {
		return fmt.Errorf("delete revision %s: %w", imr.Name, err)
	}
	return nil
}

// scale sets the desired count of a revision's service, or what its autoscaler does.
func scale(ctx context.Context, view *deploymentView, a rollout.Action) error {
	if a.Kind == rollout.ActionSetScaling {
		return setScaling(ctx, view, a)
	}
	imr := view.record(a.Revision)
	out := imr.Status.Outputs
	err := view.clients.Services.Scale(ctx, out.Cluster, out.ServiceName, a.Count)
	if cloud.IsNotFound(err) {
		return serviceGone(imr.Name, view.facts.Restoring(a.Revision))
	}
	return err
}

// finish lets the ImmutableDeployment go.
func (r *DeploymentReconciler) finish(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	left, _, err := listRevisions(ctx, r.Live, imd)
	if err != nil || len(left) > 0 {
		return err // one that the cache doesn't show yet
	}
	if !view.facts.Policy.Retain {
		if err := r.audit(ctx, imd, view); err != nil {
			return err
		}
		if len(view.facts.Lost) > 0 { // nobody would look for it any more
			return r.recall(ctx, imd, view, rollout.Action{Revision: view.facts.Lost[0], Count: view.facts.DesiredCount})
		}
	}
	r.written.gone(imd.UID, nil)
	r.audited.forget(imd.UID)
	patch := client.MergeFromWithOptions(imd.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.RemoveFinalizer(imd, v1alpha1.Finalizer)
	if err := r.Client.Patch(ctx, imd, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("remove the finalizer: %w", err)
	}
	return nil
}
