package controllers

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/refusal"
)

const unreadRole = "arn:aws:iam::444455556666:role/viridian-shop"

// inNamespaces are options of a manager that may read the namespace "read", but
// not "shop", although both have the same annotations.
func inNamespaces() *Options {
	annotations := map[string]string{
		v1alpha1.AnnotationAllowedRoleARNs: unreadRole, v1alpha1.AnnotationExternalID: "secret", v1alpha1.AnnotationAdopt: "uid-of-another",
	}
	return &Options{NoPolicies: true, Unread: []string{"shop"}, Live: silent{fake.NewClientBuilder().WithObjects(
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Annotations: annotations}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "read", Annotations: annotations}},
	).Build(), []string{"shop"}}}
}

// TestUnreadAnnotations: annotations of a namespace that the manager may not read
// allow nothing. What its flags allow is allowed, with the namespace's own external
// ID; and the remedy names what would help.
func TestUnreadAnnotations(t *testing.T) {
	o := inNamespaces()
	as := func(namespace string) (cloud.Identity, error) {
		return o.identify(t.Context(), namespace, v1alpha1.AWS{RoleARN: unreadRole})
	}
	if id, err := as("read"); err != nil || id.ExternalID != "secret" {
		t.Errorf("in a namespace that may be read: %+v, %v", id, err)
	}
	_, err := as("shop")
	refused, ok := errors.AsType[*refusal.Error](err)
	if !ok || refused.Reason != v1alpha1.ReasonRoleNotAllowed || !strings.Contains(refused.Remedy, "--allowed-role-arns") || strings.Contains(refused.Remedy, "kubectl annotate") {
		t.Errorf("refusal: %+v", refused)
	}
	o.AllowedRoleARNs = []string{unreadRole}
	if id, err := as("shop"); err != nil || id.ExternalID != "viridian/shop" {
		t.Errorf("with the flag: %+v, %v", id, err)
	}
	for namespace, want := range map[string]bool{"read": true, "shop": false} {
		claim := ownership.Claim{Namespace: namespace, Name: "checkout", UID: "own", Namespaces: o.Live}
		if may, err := claim.MayAdopt(t.Context(), map[string]string{v1alpha1.TagUID: "uid-of-another"}); may != want || err != nil {
			t.Errorf("%s may adopt: %t, %v", namespace, may, err)
		}
	}
}

// TestNoPolicies: without policies a namespace may use everything, or nothing if
// they are required; and they aren't asked for.
func TestNoPolicies(t *testing.T) {
	o := inNamespaces() // its nil Client would panic
	spec := &v1alpha1.ImmutableDeploymentSpec{Template: v1alpha1.RevisionTemplate{Cluster: "shop"}}
	for _, required := range []bool{false, true} {
		o.RequirePolicy = required
		rules, err := o.rulesOf(t.Context(), "shop")
		if err != nil || (rules.Spec(spec) != nil) != required {
			t.Errorf("required %t: %+v, %v", required, rules.Spec(spec), err)
		}
	}
	o.NoPolicies = false
	if err := Setup(nil, *o); err == nil || !strings.Contains(err.Error(), "policies select by labels") {
		t.Errorf("policies, without the labels that they select by: %v", err)
	}
}
