package controllers

import (
	"context"
	"errors"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/preflight"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// observePreflight looks at what the stack of the template in spec needs, while
// that matters: what is missing is told all at once, and nothing is made before
// it is there. A check whose permission is missing is left out, as is one whose
// service doesn't answer and is needed for nothing else.
func (r *DeploymentReconciler) observePreflight(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	if view.facts.NotAllowed != nil || !view.facts.NeedsPreflight(r.Now()) {
		return nil // of what the namespace may not use, nothing is looked at
	}
	report, from, err := view.lookAtRoute(ctx)
	if err != nil {
		return err
	}
	t := &imd.Spec.Template
	for _, look := range []func() error{
		func() error { return lookAtNetwork(ctx, view.clients.Network, &t.Network, &from, &report) },
		func() error { return lookAtRoles(ctx, view.clients, t, &report) },
		func() error { return lookAtCluster(ctx, view.clients.Services, t, &report) },
		func() error { return view.lookAtImages(ctx, imd, &report) },
		func() error { return r.lookAtConfiguration(ctx, imd, view, &report) },
	} {
		if err := look(); err != nil {
			return err
		}
	}
	view.tellMissing(&report)
	return nil
}

// lookAtRoute looks at what the route has to have. One that doesn't exist has
// nothing, and is what is missing.
func (view *deploymentView) lookAtRoute(ctx context.Context) (report preflight.Report, from preflight.Entry, err error) {
	if absent := view.facts.Blocked; absent != nil {
		return preflight.Report{Findings: []rollout.Blocked{*absent}}, preflight.Entry{}, nil
	}
	return view.router.Preflight(ctx, view.facts.Evicted())
}

// tellMissing has all that is missing told as one thing that is in the way. Alarms
// that don't exist belong to it: they were found before, and would be told alone.
func (view *deploymentView) tellMissing(report *preflight.Report) {
	if alarms := view.facts.Analysis.Trouble; alarms != nil {
		report.Findings = append(report.Findings, *alarms)
		view.facts.Analysis.Trouble = nil
	}
	found := report.Prerequisites()
	if view.facts.Blocked != nil {
		view.facts.Blocked = found.Missing
		return
	}
	view.facts.Prerequisites = found
}

func lookAtNetwork(ctx context.Context, network cloud.Network, n *v1alpha1.Network, from *preflight.Entry, report *preflight.Report) error {
	var subnets map[string]cloud.Subnet
	var err error
	if len(n.SubnetIDs) > 0 {
		subnets, err = network.Subnets(ctx, n.SubnetIDs)
	}
	if err == nil {
		report.Add(preflight.Subnets(n, subnets, from))
	} else if err := report.SkipOptional("subnets (ec2:DescribeSubnets)", err); err != nil {
		return err
	}
	if ids := preflight.Groups(n); len(ids) > 0 {
		groups, err := network.SecurityGroups(ctx, ids)
		if err == nil {
			report.Add(preflight.SecurityGroups(n, groups))
		} else if err := report.SkipOptional("security groups (ec2:DescribeSecurityGroups)", err); err != nil {
			return err
		}
	}
	report.Add(preflight.Reach(n, from))
	return nil
}

// lookAtRoles looks at the roles that are passed to the tasks. Whether they may
// be passed isn't asked: IAM's simulation of the controller's policies refuses what
// IAM allows (docs/aws.md), and a wrong refusal is worse than none.
func lookAtRoles(ctx context.Context, clients cloud.Clients, t *v1alpha1.RevisionTemplate, report *preflight.Report) error {
	here, err := clients.Callers.Account(ctx)
	if err != nil {
		return err
	}
	for _, named := range []struct{ field, arn string }{
		{"spec.template.executionRoleARN", t.ExecutionRoleARN},
		{"spec.template.taskRoleARN", t.TaskRoleARN},
	} {
		account := placeOf(named.arn).ID
		switch {
		case account == "":
			continue
		case account != here.ID:
			report.Add(preflight.ForeignRole(named.field, named.arn, here.ID))
			continue
		}
		role, err := clients.Roles.Role(ctx, named.arn)
		if err == nil || cloud.IsNotFound(err) {
			report.Add(preflight.Role(named.field, named.arn, role, err == nil))
		} else if err := report.SkipOptional("the role "+named.arn+" (iam:GetRole)", err); err != nil {
			return err
		}
	}
	return nil
}

func lookAtCluster(ctx context.Context, services cloud.Services, t *v1alpha1.RevisionTemplate, report *preflight.Report) error {
	if t.Cluster == "" {
		return nil
	}
	needs := cloud.Capacity{Instances: t.OnInstances() && len(t.CapacityProviderStrategy) == 0}
	for _, item := range t.CapacityProviderStrategy {
		needs.Providers = append(needs.Providers, item.CapacityProvider)
	}
	cluster, err := services.Cluster(ctx, t.Cluster, needs)
	if err != nil && !cloud.IsNotFound(err) {
		return report.Skip("the ECS cluster (ecs:DescribeClusters)", err)
	}
	report.Add(preflight.Cluster(t.Cluster, cluster, needs))
	return nil
}

// lookAtImages resolves the images of a template of which no revision was made
// yet, and keeps what they are for the revision.
func (view *deploymentView) lookAtImages(ctx context.Context, imd *v1alpha1.ImmutableDeployment, report *preflight.Report) error {
	t := imd.Spec.Template.DeepCopy()
	source, err := template.SourceOf(t)
	if err != nil || view.hasRevisionOf(view.facts.WantHash) {
		return nil //nolint:nilerr // creating the revision says it
	}
	view.pinned = map[string]pinnedImage{}
	for _, image := range source.Images(t) {
		if _, known := view.pinned[*image.Ref]; known {
			continue
		}
		found, err := resolve(ctx, imd.Spec.ImagePolicy, view.clients.Images, image)
		if err == nil {
			view.pinned[*image.Ref] = found
			err = lookAtPlatform(ctx, view.clients.Images, image, found.ref, source.Architecture(t), report)
		} else {
			err = view.imageProblem(imd, image, err, report)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// imageProblem tells in a report why an image can't be resolved. A repository
// that is to be made is made when the image is pinned.
func (view *deploymentView) imageProblem(imd *v1alpha1.ImmutableDeployment, image template.Image, err error, report *preflight.Report) error {
	if createsRepository(imd, err) {
		if err = view.allowRepository(image); err == nil {
			return nil
		}
	} else if cloud.IsNotFound(err) {
		err = imageMissing(image, err)
	}
	if failed, refused := errors.AsType[*refusal.Error](err); refused {
		report.Findings = append(report.Findings, failed.Blocked)
		return nil
	}
	return report.Skip("the image "+*image.Ref, err)
}

// lookAtPlatform looks whether an image that was resolved is for the CPU
// architecture of the tasks.
func lookAtPlatform(ctx context.Context, images cloud.Images, image template.Image, ref, architecture string, report *preflight.Report) error {
	runs, err := images.Runs(ctx, ref, architecture)
	switch {
	case cloud.IsNotFound(err):
		return nil // pushed anew a moment ago: the revision is made of what is there then
	case err != nil:
		return report.Skip("the platform of "+*image.Ref+" (ecr:BatchGetImage)", err)
	case !runs:
		report.Add(preflight.Platform(image.Of, *image.Ref, architecture))
	}
	return nil
}

// hasRevisionOf tells whether there is a revision of a template.
func (view *deploymentView) hasRevisionOf(hash string) bool {
	for i := range view.facts.Revisions {
		if view.facts.Revisions[i].Hash == hash && !view.facts.Revisions[i].Deleting {
			return true
		}
	}
	return false
}
