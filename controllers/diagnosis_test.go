package controllers

import (
	"context"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// silentStacks failed, and CloudFormation says nothing of why.
type silentStacks struct{ cloud.Stacks }

func (silentStacks) FailureEvents(context.Context, string) ([]cloud.StackEvent, error) {
	return nil, nil
}

// A failure that CloudFormation gives no reason for is told all the same: the
// API server takes none without a message.
func TestFailureWithoutReason(t *testing.T) {
	view := revisionView{clients: cloud.Clients{Stacks: silentStacks{}}, backend: backendOf(&v1alpha1.ImmutableRevision{}, "", cloud.Clients{})}
	view.facts.Stack = &cloud.Stack{ID: "stack", Status: cloud.StackRollbackComplete}
	r := &RevisionReconciler{Options: Options{Now: time.Now}}
	var next v1alpha1.ImmutableRevisionStatus
	if err := r.diagnose(t.Context(), &v1alpha1.ImmutableRevision{}, view, &next); err != nil || next.Failure.Message != "CloudFormation gives no reason" {
		t.Errorf("%+v: %v", next.Failure, err)
	}
}
