package controllers

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/stack"
)

// silentStacks failed, and CloudFormation says nothing of why.
type silentStacks struct{ cloud.Stacks }

func (silentStacks) FailureEvents(context.Context, string) ([]cloud.StackEvent, error) {
	return nil, nil
}

func (silentStacks) Resources(context.Context, string) (map[string]string, error) { return nil, nil }

// A person is told to change what can be changed, which conditions can't be.
func TestRemedyOfRefusedConditions(t *testing.T) {
	imr := &v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{Frozen: v1alpha1.FrozenRevision{ListenerARN: "arn:listener"}}}
	for message, want := range map[string]struct {
		reason, remedy string
		retriable      bool
	}{
		"PreviewRule: Condition value 'shop' contains a character that is not valid": {"", "delete the ImmutableDeployment and create it with other spec.traffic.loadBalancer.conditions", false},
		"PreviewRule: One or more listeners not found":                               {"", "aws elbv2 describe-rules --listener-arn arn:listener", true},
		"PreviewRule: Priority '7' is currently in use":                              {v1alpha1.ReasonResourceConflict, "", false},
	} {
		imr.Status.Failure = &v1alpha1.StackFailure{Resource: "PreviewRule", Message: message, Reason: want.reason}
		got := recorded(imr)
		if !strings.Contains(got.Remedy, want.remedy) || (got.Remedy == "") != (want.remedy == "") || got.Retriable != want.retriable {
			t.Errorf("%s: %q, %t", message, got.Remedy, got.Retriable)
		}
	}
}

// A failure that CloudFormation gives no reason for is told all the same: the
// API server takes none without a message.
func TestFailureWithoutReason(t *testing.T) {
	view := revisionView{clients: cloud.Clients{Stacks: silentStacks{}}, backend: backendOf(&v1alpha1.ImmutableRevision{}, cloud.Clients{})}
	view.facts.Stack = &cloud.Stack{ID: "stack", Status: cloud.StackRollbackComplete}
	r := &RevisionReconciler{Options: Options{Now: time.Now}}
	var next v1alpha1.ImmutableRevisionStatus
	if err := r.diagnose(t.Context(), &v1alpha1.ImmutableRevision{}, view, &next); err != nil || next.Failure.Message != "CloudFormation gives no reason" {
		t.Errorf("%+v: %v", next.Failure, err)
	}
}

// What AWS refused once isn't told as the cause of what ended the next attempt.
func TestRefusalIsForgotten(t *testing.T) {
	r := &RevisionReconciler{Options: Options{Now: time.Now}}
	next := v1alpha1.ImmutableRevisionStatus{Failure: &v1alpha1.StackFailure{Message: "no rule is free", Reason: v1alpha1.ReasonQuotaExceeded}}
	r.note(stack.Decision{Phase: v1alpha1.RevisionFailed, Message: "Someone else deleted the stack"}, &next)
	if next.Failure.Message != "Someone else deleted the stack" || next.Failure.Reason != "" {
		t.Errorf("%+v", next.Failure)
	}
}
