package aws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/cloud"
)

const logsTemplate = `{
 "Parameters": {"Days": {"Type": "Number", "Default": 7}},
 "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}},
 "Outputs": {"Name": {"Value": {"Ref": "Logs"}}}
}`

// create starts a stack and returns its ID.
func (w *world) create(t *testing.T, name, template string) string {
	t.Helper()
	id, err := w.Stacks.Create(t.Context(), cloud.CreateStack{Name: name, TemplateBody: template, Token: "create-" + name})
	check(t, err)
	return id
}

func TestStackLifecycle(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		id, err := w.Stacks.Create(t.Context(), cloud.CreateStack{
			Name: "checkout-1", TemplateBody: logsTemplate, Token: "create-1",
			Parameters: map[string]string{"Days": "14"},
			Tags:       map[string]string{"viridian.dev/uid": "u", "team": "shop"},
		})
		check(t, err)
		if s, err := w.Stacks.Describe(t.Context(), id); err != nil || s.Status != cloud.StackCreateInProgress {
			t.Errorf("at first the stack is %+v, %v", s, err)
		}
		stack := w.settle(t, id)
		want := cloud.Stack{
			ID: id, Name: "checkout-1", Status: cloud.StackCreateComplete,
			Parameters: map[string]string{"Days": "14"},
			Tags:       map[string]string{"viridian.dev/uid": "u", "team": "shop"},
		}
		if diff := cmp.Diff(want, stack, cmpopts.IgnoreFields(cloud.Stack{}, "Outputs")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		resources, err := w.Stacks.Resources(t.Context(), id)
		check(t, err)
		if diff := cmp.Diff(map[string]string{"Logs": stack.Outputs["Name"]}, resources); diff != "" {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
		if events, err := w.Stacks.FailureEvents(t.Context(), id); err != nil || len(events) > 0 {
			t.Errorf("failures are %v, %v", events, err)
		}
		for range 2 { // the second deletes what is gone
			check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: id, Token: "delete-1"}))
			if s := w.settle(t, id); s.Status != cloud.StackDeleteComplete {
				t.Errorf("in the end the stack is %s", s.Status)
			}
		}
		if left, err := w.Stacks.Resources(t.Context(), id); err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		_, err = w.Stacks.Describe(t.Context(), "checkout-1")
		wantKind(t, err, cloud.KindNotFound)
	})
}

func TestStackRefusals(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.create(t, "checkout-1", logsTemplate)
		_, err := w.Stacks.Create(t.Context(), cloud.CreateStack{Name: "checkout-1", TemplateBody: logsTemplate, Token: "other"})
		wantKind(t, err, cloud.KindConflict)
		_, err = w.Stacks.Create(t.Context(), cloud.CreateStack{Name: "checkout-2", TemplateBody: "{"})
		wantKind(t, err, cloud.KindInvalid)
		err = w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: "checkout-1"})
		wantKind(t, err, cloud.KindInvalid)
		if n := w.sim.CallCounts()["cloudformation:DeleteStack"]; n > 0 {
			t.Error("a stack was deleted by name")
		}
	})
}

// If the response is lost, the caller finds out by reading whether the call
// took effect.
func TestLostAnswerOfCreateStack(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.Faults.Add(awssim.Fault{Action: "CreateStack", Effect: awssim.TimeoutAfter})
		_, err := w.Stacks.Create(t.Context(), cloud.CreateStack{Name: "checkout-1", TemplateBody: logsTemplate, Token: "create-1"})
		wantKind(t, err, cloud.KindTransient)
		_, err = w.Stacks.Describe(t.Context(), "checkout-1")
		check(t, err)
		if n := len(w.sim.Stacks()); n != 1 {
			t.Errorf("%d stacks were created", n)
		}
	})
}

// With pages of two events, the failure's cause is on a later page than the
// stack's own failure.
func TestFailureEvents(t *testing.T) {
	bubble(t, awssim.Options{CloudFormation: cfn.Limits{PageSize: 2}}, func(t *testing.T, w *world) {
		listener, err := w.sim.CreateListener("shop", 80)
		check(t, err)
		id := w.create(t, "checkout-1", fmt.Sprintf(serviceTemplate, listener, "checkout:crash"))
		if s := w.settle(t, id); s.Status != cloud.StackCreateFailed {
			t.Fatalf("stack is %s: it must not be rolled back", s.Status)
		}
		events, err := w.Stacks.FailureEvents(t.Context(), id)
		check(t, err)
		if len(events) < 2 {
			t.Fatalf("events are %+v", events)
		}
		first, last := events[0], events[len(events)-1]
		if first.LogicalID != "Service" || first.ResourceType != "AWS::ECS::Service" || first.Status != "CREATE_FAILED" ||
			!strings.Contains(first.Reason, "Circuit Breaker") || strings.Contains(first.Reason, "RequestToken") {
			t.Errorf("the cause is %+v", first)
		}
		if last.PhysicalID != id {
			t.Errorf("the last failure is %+v, want the stack's own", last)
		}
		resources, err := w.Stacks.Resources(t.Context(), id)
		check(t, err)
		if resources["Service"] == "" || resources["Targets"] == "" {
			t.Errorf("the evidence is gone: %v", resources)
		}
	})
}
