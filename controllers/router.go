package controllers

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/route/alb"
)

// kindOfRoute chooses who works with a route.
func kindOfRoute(t route.Type) route.Kind {
	switch t {
	case route.TypeLoadBalancer:
		return alb.Kind{}
	case route.TypeNone:
		return route.None{}
	case route.TypeUnknown:
	}
	return route.Unknown{}
}

// routerOf works with a deployment's route; without clients it knows only what
// it can tell without AWS.
func (o *Options) routerOf(imd *v1alpha1.ImmutableDeployment, clients cloud.Clients) route.Router {
	return kindOfRoute(route.TypeOf(&imd.Spec)).Router(route.Deployment{
		ImmutableDeployment: imd, Claim: o.claimOf(imd), Clients: clients,
		Neighbours: func(ctx context.Context) (map[string]string, error) { return o.otherNamespaces(ctx, imd.Namespace) },
	})
}

// otherNamespaces are the deployments of all namespaces but one, as
// namespace/name, by the IDs of their routes. The cache has them, and what it
// gives isn't changed, so it needn't be copied.
func (o *Options) otherNamespaces(ctx context.Context, namespace string) (map[string]string, error) {
	var list v1alpha1.ImmutableDeploymentList
	if err := o.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	out := map[string]string{}
	for i := range list.Items {
		imd := &list.Items[i]
		if id := route.RememberedID(imd.Status.Traffic); id != "" && imd.Namespace != namespace {
			out[id] = client.ObjectKeyFromObject(imd).String()
		}
	}
	return out, nil
}

// backendOf works with what a revision's stack has for its route.
func backendOf(imr *v1alpha1.ImmutableRevision, clients cloud.Clients) route.Backend {
	return backend(route.Revision{ImmutableRevision: imr, Clients: clients})
}

// backendOf works with what a revision's stack has for its route, and can tell
// what a new stack is made with.
func (r *RevisionReconciler) backendOf(imr *v1alpha1.ImmutableRevision, view *revisionView) route.Backend {
	return backend(route.Revision{
		ImmutableRevision: imr, OwnerUID: view.ownerUID, Owner: view.owner, Clients: view.clients,
		Claimed: func(ctx context.Context) ([]int32, error) { return r.claimed(ctx, imr.Spec.Frozen.ListenerARN) },
	})
}

func backend(of route.Revision) route.Backend {
	return kindOfRoute(route.TypeOfRevision(&of.Spec.Frozen)).Backend(of)
}

// claimed are the priorities that ImmutableDeployments want for their rules on a
// listener, also before they have them.
func (r *RevisionReconciler) claimed(ctx context.Context, listenerARN string) ([]int32, error) {
	var list v1alpha1.ImmutableDeploymentList
	if err := r.Client.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	var out []int32
	for i := range list.Items {
		if lb := &list.Items[i].Spec.Traffic.LoadBalancer; lb.ListenerARN == listenerARN && lb.Priority != nil {
			out = append(out, *lb.Priority)
		}
	}
	return out, nil
}

// observeRoute reads the route and whether it is the deployment's to work with.
func (r *DeploymentReconciler) observeRoute(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	seen, err := view.router.Observe(ctx, route.Before{
		Deleting: view.facts.Deleting, Begins: view.begins(imd), WasBlocked: view.facts.WasBlocked,
		Written: view.facts.Progress.Written, Original: view.facts.Progress.Original,
	})
	if err != nil {
		return err
	}
	view.facts.Route, view.facts.Blocked, view.facts.Overrule, view.inherits = seen.Route, seen.Blocked, seen.Overrule, seen.Inherits
	view.sight = sight{seen.Place, seen.Sights}
	if view.orphaned {
		view.facts.Route.Owned = false // it keeps its tags, by which it is found again
	}
	return nil
}

// begins tells whether a rollout may begin in this pass: none is under way, and
// the stable revision doesn't have the template in spec.
func (view *deploymentView) begins(imd *v1alpha1.ImmutableDeployment) bool {
	active := imd.Status.Rollout != nil && imd.Status.Rollout.FinishedAt == nil
	return !active && !slices.ContainsFunc(view.records, func(imr v1alpha1.ImmutableRevision) bool {
		return imr.Spec.Revision == view.facts.Progress.Stable && view.hashOf(&imr) == view.facts.WantHash
	})
}

// observeOriginal reads whether what an adopted route went to before may get
// requests again.
func (r *DeploymentReconciler) observeOriginal(ctx context.Context, _ *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	if !view.facts.OriginalMatters() {
		return nil
	}
	var err error
	view.facts.Original, err = view.router.OriginalHealth(ctx, view.facts.Progress.Original)
	return err
}

// unknownBackends are the backends that the route sends requests to of which no
// record that asks for its stack is known.
func (view *deploymentView) unknownBackends() []string {
	var unknown []string
	for _, target := range view.facts.Route.Targets {
		known := func(seen rollout.Revision) bool { return seen.Wanted && seen.Backend == target.Backend }
		if !slices.ContainsFunc(view.facts.Revisions, known) && target.Backend != view.facts.Progress.Original {
			unknown = append(unknown, target.Backend)
		}
	}
	return unknown
}
