package controllers

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// A stack that is found without a record of its creation may serve, whatever its
// tasks are like now: they are waited for only where it is being rolled out.
func TestIsAwaited(t *testing.T) {
	then := new(metav1.Now())
	rollout := func(edit func(*v1alpha1.Rollout)) *v1alpha1.Rollout {
		r := &v1alpha1.Rollout{Revision: 2}
		edit(r)
		return r
	}
	for name, c := range map[string]struct {
		phase   v1alpha1.RevisionPhase
		rollout *v1alpha1.Rollout
		want    bool
	}{
		"being created":            {v1alpha1.RevisionCreating, nil, true},
		"created":                  {v1alpha1.RevisionCreated, rollout(func(*v1alpha1.Rollout) {}), false},
		"to be deleted":            {v1alpha1.RevisionDeleting, rollout(func(*v1alpha1.Rollout) {}), false},
		"found":                    {v1alpha1.RevisionPending, nil, false},
		"found, status lost":       {"", nil, false},
		"found, rolled out":        {v1alpha1.RevisionPending, rollout(func(*v1alpha1.Rollout) {}), true},
		"found, healthy before":    {v1alpha1.RevisionPending, rollout(func(r *v1alpha1.Rollout) { r.VerifiedAt = then }), false},
		"found, rolled out before": {v1alpha1.RevisionPending, rollout(func(r *v1alpha1.Rollout) { r.FinishedAt = then }), false},
		"found, another's rollout": {v1alpha1.RevisionPending, rollout(func(r *v1alpha1.Rollout) { r.Revision = 3 }), false},
	} {
		imr := &v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{Revision: 2}}
		view := &revisionView{owner: &v1alpha1.ImmutableDeployment{}}
		view.facts.Phase, view.owner.Status.Rollout = c.phase, c.rollout
		if got := isAwaited(imr, view); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A deletion says that it waits for the tasks where there may be some.
func TestDrains(t *testing.T) {
	outputs := map[string]string{"ServiceName": "checkout"}
	complete, failed := &cloud.Stack{Status: cloud.StackCreateComplete, Outputs: outputs}, &cloud.Stack{Status: cloud.StackCreateFailed}
	stuck, stuckAfter := &cloud.Stack{Status: cloud.StackDeleteFailed}, &cloud.Stack{Status: cloud.StackDeleteFailed, Outputs: outputs}
	for name, c := range map[string]struct {
		mode    v1alpha1.StackMode
		outputs *v1alpha1.StackOutputs
		stack   *cloud.Stack
		want    bool
	}{
		"standard":               {"", &v1alpha1.StackOutputs{}, complete, false},
		"express":                {v1alpha1.StackModeExpress, &v1alpha1.StackOutputs{}, complete, true},
		"not read yet":           {v1alpha1.StackModeExpress, nil, complete, true},
		"deleted in vain":        {v1alpha1.StackModeExpress, &v1alpha1.StackOutputs{}, stuck, true},
		"failed":                 {v1alpha1.StackModeExpress, nil, failed, false},
		"given up, then in vain": {v1alpha1.StackModeExpress, nil, stuckAfter, true},
		"failed, then in vain":   {v1alpha1.StackModeExpress, nil, stuck, false},
		"not shown by AWS yet":   {v1alpha1.StackModeExpress, nil, nil, false},
		"standard, of old":       {v1alpha1.StackModeStandard, nil, complete, false},
	} {
		imr := &v1alpha1.ImmutableRevision{}
		imr.Spec.Frozen.StackMode, imr.Status.Outputs = c.mode, c.outputs
		if got := drains(imr, c.stack); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A mode that a newer CRD has is refused, not taken for another one.
func TestModeOf(t *testing.T) {
	for mode, want := range map[v1alpha1.StackMode]v1alpha1.StackMode{"": "", v1alpha1.StackModeStandard: "", v1alpha1.StackModeExpress: v1alpha1.StackModeExpress} {
		imd := &v1alpha1.ImmutableDeployment{}
		imd.Spec.Stack.Mode = mode
		if got, err := modeOf(imd); got != want || err != nil {
			t.Errorf("%q is %q, %v", mode, got, err)
		}
	}
	imd := &v1alpha1.ImmutableDeployment{}
	imd.Spec.Stack.Mode = "Instant"
	if _, err := modeOf(imd); err == nil {
		t.Error("an unknown mode is taken")
	}
}
