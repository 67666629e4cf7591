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

// A service that someone deleted isn't blamed on spec. Where it is that of what
// serves, the remedy makes its stack anew; any other has none but a new template.
func TestScaleOfDeletedService(t *testing.T) {
	imr := v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{Revision: 1}}
	imr.Name, imr.Status.Outputs = "web-1", &v1alpha1.StackOutputs{Cluster: "shop", ServiceName: "web"}
	view := &deploymentView{records: []v1alpha1.ImmutableRevision{imr}, clients: cloud.Clients{Services: goneServices{}}}
	view.facts = rollout.Observation{
		Namespace: "shop", Name: "web", WantHash: "a", Revisions: []rollout.Revision{{Number: 1, Name: "web-1", Hash: "a"}},
	}
	const gone, replace = "The ECS service of web-1 is gone or goes: someone else deleted it. ", "Apply a new template to replace it"
	const retry = replace + ", or have its stack made anew, with the same images: kubectl annotate imd web -n shop --overwrite --field-manager=oncall viridian.dev/retry=web-1"
	for name, c := range map[string]struct {
		is   func(*rollout.Observation)
		want string
	}{
		"serves":           {func(o *rollout.Observation) { o.Progress.Stable = 1 }, retry},
		"asked for before": {func(o *rollout.Observation) { o.Progress.Stable, o.Progress.Handled.Retry = 1, "web-1" }, retry + "/again"},
		"is rolled out":    {func(*rollout.Observation) {}, replace},
		"another template": {func(o *rollout.Observation) { o.Progress.Stable, o.WantHash = 1, "b" }, replace},
		"is replaced":      {func(o *rollout.Observation) { o.Progress.Stable, o.Progress.Rollout = 1, &rollout.Rollout{Revision: 2} }, replace},
	} {
		before := view.facts
		c.is(&view.facts)
		trouble, ok := troubleOf(scale(t.Context(), view, rollout.Action{Revision: 1, Count: 2}), cloud.Identity{})
		if !ok || trouble.Reason != v1alpha1.ReasonStackChanged || trouble.sentences() != gone+c.want {
			t.Errorf("%s: %s: %s", name, trouble.Reason, trouble.sentences())
		}
		view.facts = before
	}
}
