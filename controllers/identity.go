package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/ownership"
)

// identify tells as whom AWS is called for a namespace. Whoever may create an
// ImmutableDeployment must not thereby gain every role that the controller can
// assume, so the namespace, which belongs to the cluster's administrators, or
// the manager has to allow the role. The external ID is the namespace's, so
// that a role can trust one namespace and not another.
func (o *Options) identify(ctx context.Context, namespace string, aws v1alpha1.AWS) (cloud.Identity, error) {
	id := cloud.Identity{Region: aws.Region}
	if aws.RoleARN == "" {
		if aws.ExternalID != "" {
			return id, externalIDWithoutRole()
		}
		return id, nil
	}
	var ns corev1.Namespace
	if err := o.Live.Get(ctx, client.ObjectKey{Name: namespace}, &ns); err != nil {
		return id, fmt.Errorf("get namespace %s: %w", namespace, err)
	}
	allowed := append(ownership.SplitList(ns.Annotations[v1alpha1.AnnotationAllowedRoleARNs]), o.AllowedRoleARNs...)
	if !slices.Contains(allowed, aws.RoleARN) && !slices.Contains(o.AllowedRoleARNs, "*") {
		return id, roleNotAllowed(namespace, aws.RoleARN, slices.Contains(o.Unread, namespace))
	}
	external := ns.Annotations[v1alpha1.AnnotationExternalID]
	if external == "" {
		external = "viridian/" + namespace
	}
	if aws.ExternalID != "" && aws.ExternalID != external {
		return id, externalIDNotAllowed(namespace, external)
	}
	id.RoleARN, id.ExternalID = aws.RoleARN, external
	return id, nil
}
