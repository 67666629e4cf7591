package controllers

import (
	"context"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// goneServices are services that someone deleted.
type goneServices struct{ cloud.Services }

func (goneServices) Scale(context.Context, string, string, int32) error {
	return &cloud.Error{Kind: cloud.KindNotFound, Op: "ecs:UpdateService", Message: "Service was not ACTIVE."}
}

// A service that someone deleted isn't blamed on spec.
func TestScaleOfDeletedService(t *testing.T) {
	imr := v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{Revision: 1}}
	imr.Name, imr.Status.Outputs = "web-1", &v1alpha1.StackOutputs{Cluster: "shop", ServiceName: "web"}
	view := &deploymentView{records: []v1alpha1.ImmutableRevision{imr}, clients: cloud.Clients{Services: goneServices{}}}
	trouble, ok := troubleOf(scale(t.Context(), view, rollout.Action{Revision: 1, Count: 2}), cloud.Identity{})
	const want = "The ECS service of web-1 is gone or goes: someone else deleted it. Apply a new template to replace it"
	if !ok || trouble.Reason != v1alpha1.ReasonStackChanged || trouble.sentences() != want {
		t.Errorf("%s: %s", trouble.Reason, trouble.sentences())
	}
}
