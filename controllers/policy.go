package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/policy"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// observePolicy reads whether the namespace may use what spec names, where this
// pass may make something new.
func (r *DeploymentReconciler) observePolicy(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	if !view.facts.NeedsPolicy(r.Now()) {
		return nil
	}
	var err error
	if view.rules, err = r.rulesOf(ctx, imd.Namespace); err != nil {
		return err
	}
	view.facts.NotAllowed = view.rules.Spec(&imd.Spec)
	return nil
}

// rulesOf reads what a namespace may use. Where there are no policies, its labels
// say nothing.
func (o *Options) rulesOf(ctx context.Context, namespace string) (policy.Rules, error) {
	var list v1alpha1.DeploymentPolicyList
	if o.NoPolicies {
		return policy.For(namespace, nil, nil, o.RequirePolicy), nil
	}
	if err := o.Client.List(ctx, &list); err != nil {
		return policy.Rules{}, fmt.Errorf("list policies: %w", err)
	}
	var ns corev1.Namespace
	if len(list.Items) > 0 {
		if err := o.Live.Get(ctx, client.ObjectKey{Name: namespace}, &ns); err != nil {
			return policy.Rules{}, fmt.Errorf("get namespace %s: %w", namespace, err)
		}
	}
	return policy.For(namespace, ns.Labels, list.Items, o.RequirePolicy), nil
}

// allowGate refuses a call of a gate that the namespace may not have made, also in
// a rollout that began when it might.
func (o *Options) allowGate(ctx context.Context, namespace string, gate *v1alpha1.Gate) error {
	rules, err := o.rulesOf(ctx, namespace)
	if err != nil {
		return err
	}
	return refused(rules.Gate(gate))
}

// allowRepository refuses to have the repository of an image created that the
// namespace may not have created.
func (view *deploymentView) allowRepository(image template.Image) error {
	return refused(view.rules.Repository(image.Of, *image.Ref))
}

// refused is what is in the way as an error; nil if nothing is.
func refused(b *rollout.Blocked) error {
	if b == nil {
		return nil
	}
	return &refusal.Error{Blocked: *b}
}

// awaiting are the deployments that a change of what namespaces may use concerns:
// all with something left to do. What serves and needs nothing isn't looked at.
func (r *DeploymentReconciler) awaiting(ctx context.Context, _ client.Object) []reconcile.Request {
	var list v1alpha1.ImmutableDeploymentList
	if err := r.Client.List(ctx, &list); err != nil {
		log.FromContext(ctx).Error(err, "Can't list deployments after a change of a policy; each looks when its time comes")
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		if imd := &list.Items[i]; hasWork(imd) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(imd)})
		}
	}
	return out
}

// hasWork tells whether something is left to do, or may be.
func hasWork(imd *v1alpha1.ImmutableDeployment) bool {
	s := &imd.Status
	return s.Phase != v1alpha1.PhaseComplete || s.BlockedBy != nil || s.ObservedGeneration != imd.Generation
}
