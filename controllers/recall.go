package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// recall has a record ask for a stack that was found: the record that is there,
// one that nobody owns, or one that is made again from the stack.
func (r *DeploymentReconciler) recall(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, a rollout.Action) error {
	if view.revision(a.Revision) != nil {
		return r.provision(ctx, view, rollout.Action{Revision: a.Revision, Count: a.Count, Limits: view.facts.Scaling})
	}
	for i := range view.orphans {
		if view.orphans[i].Spec.Revision == a.Revision {
			return r.claim(ctx, imd, &view.orphans[i], usable(view.lostStacks[a.Revision].Status), a.Count)
		}
	}
	return r.record(ctx, imd, view, a.Revision, view.lostStacks[a.Revision], a.Count)
}

// claim makes the deployment the owner of a record that has none.
func (r *DeploymentReconciler) claim(ctx context.Context, imd *v1alpha1.ImmutableDeployment, orphan *v1alpha1.ImmutableRevision, wanted bool, count int32) error {
	patch := client.MergeFromWithOptions(orphan.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if err := controllerutil.SetControllerReference(imd, orphan, r.Client.Scheme()); err != nil {
		return fmt.Errorf("set the owner of %s: %w", orphan.Name, err)
	}
	controllerutil.AddFinalizer(orphan, v1alpha1.Finalizer)
	if orphan.Spec.StackState, orphan.Spec.DesiredCount = v1alpha1.StackAbsent, nil; wanted {
		orphan.Spec.StackState, orphan.Spec.DesiredCount = v1alpha1.StackPresent, &count
	}
	if err := r.Client.Patch(ctx, orphan, patch); err != nil {
		return fmt.Errorf("claim revision %s: %w", orphan.Name, err)
	}
	r.written.note(imd.UID, orphan)
	return nil
}

// record makes the record of a stack again. A stack that isn't whole gets one
// that has it removed.
func (r *DeploymentReconciler) record(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, number int64, from cloud.Stack, count int32) error {
	body, err := view.clients.Stacks.Template(ctx, from.ID)
	if err != nil {
		return err
	}
	hash := from.Tags[v1alpha1.TagTemplateHash]
	frozen := v1alpha1.FrozenRevision{TemplateHash: hash, AWS: awsOf(imd), TerminationProtection: from.TerminationProtection, TemplateBody: body}
	if from.Express {
		frozen.StackMode = v1alpha1.StackModeExpress
	}
	frozen.PreviewToken = template.ReadPreviewRule(body).Token
	view.router.Keep(&frozen)
	kept, err := template.ReadRecord(body)
	switch {
	case err == nil:
		kept.Restore(&frozen)
	case hash == view.facts.WantTemplate:
		frozen.Template = imd.Spec.Template
	default:
		return recordLost(&from, err)
	}
	imr := newRevision(imd, number, from.Name, frozen)
	if usable(from.Status) {
		imr.Spec.StackState, imr.Spec.DesiredCount = v1alpha1.StackPresent, &count
	}
	return r.createRecord(ctx, imd, imr)
}

// usable tells whether a stack is whole, or on its way there.
func usable(status cloud.StackStatus) bool {
	return status == cloud.StackCreateInProgress || status.Whole()
}

// newRevision is the record of a revision whose stack isn't asked for.
func newRevision(imd *v1alpha1.ImmutableDeployment, number int64, stackName string, frozen v1alpha1.FrozenRevision) *v1alpha1.ImmutableRevision {
	return &v1alpha1.ImmutableRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:  imd.Namespace,
			Name:       fmt.Sprintf("%s-%d", imd.Name, number),
			Finalizers: []string{v1alpha1.Finalizer},
			Labels: map[string]string{
				v1alpha1.LabelDeployment:   imd.Name,
				v1alpha1.LabelTemplateHash: frozen.TemplateHash[:min(16, len(frozen.TemplateHash))],
			},
		},
		Spec: v1alpha1.ImmutableRevisionSpec{Revision: number, StackName: stackName, StackState: v1alpha1.StackAbsent, Frozen: frozen},
	}
}

// createRecord creates a record of the deployment's.
func (r *DeploymentReconciler) createRecord(ctx context.Context, imd *v1alpha1.ImmutableDeployment, imr *v1alpha1.ImmutableRevision) error {
	if err := controllerutil.SetControllerReference(imd, imr, r.Client.Scheme()); err != nil {
		return fmt.Errorf("set the owner: %w", err)
	}
	err := r.Client.Create(ctx, imr)
	if apierrors.IsAlreadyExists(err) {
		return errBehind // made a moment ago, or taken: the next look tells
	}
	if err != nil {
		return fmt.Errorf("create revision %s: %w", imr.Name, err)
	}
	r.written.note(imd.UID, imr)
	return nil
}
