package controllers

import (
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/route"
)

// A deployment with a target whose route only a newer version knows, whose CRDs
// are installed already, isn't taken for a worker: nothing is decided about it,
// and none of its stacks is created or deleted.
func TestUnknownKindOfRoute(t *testing.T) {
	target := v1alpha1.Target{ContainerPort: 8080}
	imd, imr := &v1alpha1.ImmutableDeployment{}, &v1alpha1.ImmutableRevision{}
	imd.Spec.Template.Target, imr.Spec.Frozen.Template.Target = target, target
	router, backend := (&Options{}).routerOf(imd, cloud.Clients{}), backendOf(imr, cloud.Clients{})

	_, observed := router.Observe(t.Context(), route.Before{Deleting: true})
	_, created := backend.Parameters(t.Context())
	for what, err := range map[string]error{
		"observe": observed, "create": created, "delete": backend.CheckUnused(t.Context(), nil),
	} {
		if refused, ok := troubleOf(err, cloud.Identity{}); !ok || refused.Reason != v1alpha1.ReasonRouteUnsupported || refused.Remedy == "" {
			t.Errorf("%s: %+v", what, refused)
		}
	}
	if !router.Receives() || !backend.Receives() {
		t.Error("it is a worker")
	}
}
