package controllers

import (
	"context"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/policy"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
)

// deploymentView is what a pass sees of a deployment.
type deploymentView struct {
	// facts are what the decision rests on. The other fields are what facts
	// were read from, and what effects need besides.
	facts   rollout.Observation
	clients cloud.Clients
	// identity as whom AWS is called.
	identity cloud.Identity
	// records are the ImmutableRevisions of facts.Revisions, in the same order.
	records []v1alpha1.ImmutableRevision
	// orphans are ImmutableRevisions with the deployment's label that nobody
	// controls.
	orphans []v1alpha1.ImmutableRevision
	// orphaned is true in a deletion with --cascade=orphan.
	orphaned bool
	// router works with the route.
	router route.Router
	// sight is what was read of the place where the route is.
	sight sight
	// inherits is the UID of another deployment whose route is taken over, and
	// whose stacks come with it.
	inherits string
	// lostStacks are stacks of ours that no record asks for, by revision.
	lostStacks map[int64]cloud.Stack
	// rules are what the namespace may use; read as facts.NeedsPolicy says.
	rules policy.Rules
	// values that the template refers to.
	values values
	// pinned are the images that were resolved, by reference.
	pinned map[string]pinnedImage
	// remark is what people should hear of stacks that others left.
	remark string
}

// observe reads the revisions, the route and the health of the
// revisions that matter. What isn't found is believed only of the account that
// everything is in, before and afterwards.
func (r *DeploymentReconciler) observe(ctx context.Context, imd *v1alpha1.ImmutableDeployment) (deploymentView, error) {
	view := deploymentView{facts: r.fromSpec(imd)}
	type look func(context.Context, *v1alpha1.ImmutableDeployment, *deploymentView) error
	all := func(looks ...look) error {
		for _, look := range looks {
			if err := look(ctx, imd, &view); err != nil {
				return err
			}
		}
		return nil
	}
	if err := all(r.observeRecords, r.connect); err != nil {
		return view, err
	}
	err := inAccount(
		func() error { return r.rightAccount(ctx, imd, &view) },
		func() error {
			return all(r.observeRoute, r.observeOriginal, r.observeRevisions, r.countTasks, r.observeLost, r.observeConfiguration, r.observeEvidence, r.observePolicy, r.observePreflight)
		})
	return view, err
}

// connect gets access to the deployment's AWS account.
func (r *DeploymentReconciler) connect(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	for _, imr := range view.records {
		if imr.Spec.Frozen.AWS != awsOf(imd) && !view.facts.Deleting {
			return awsChanged(imr.Name, imr.Spec.Frozen.AWS)
		}
	}
	var err error
	if view.identity, err = r.identify(ctx, imd.Namespace, awsOf(imd)); err != nil {
		return err
	}
	view.clients, err = r.Cloud.For(ctx, view.identity)
	view.router = r.routerOf(imd, view.clients)
	return err
}
