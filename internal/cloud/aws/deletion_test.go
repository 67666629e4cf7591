package aws

import (
	"fmt"
	"strings"
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/cloud"
)

func TestTerminationProtection(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		id, err := w.Stacks.Create(t.Context(), cloud.CreateStack{
			Name: "checkout-1", TemplateBody: logsTemplate, TerminationProtection: true,
		})
		check(t, err)
		protected := func(want bool) {
			t.Helper()
			if s := w.settle(t, id); s.TerminationProtection != want {
				t.Errorf("protection is %t", s.TerminationProtection)
			}
		}
		protected(true)
		wantKind(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: id}), cloud.KindConflict)

		check(t, w.Stacks.Protect(t.Context(), id, false))
		protected(false)
		check(t, w.Stacks.Protect(t.Context(), id, true))
		protected(true)
		check(t, w.Stacks.Protect(t.Context(), id, false))

		check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: id}))
		wantKind(t, w.Stacks.Protect(t.Context(), id, true), cloud.KindConflict)
		w.settle(t, id)
		wantKind(t, w.Stacks.Protect(t.Context(), id, true), cloud.KindNotFound)
	})
}

// stuck creates a stack that can't be deleted, because somebody else's rule
// forwards to its target group, and returns its ID and resources.
func (w *world) stuck(t *testing.T) (string, map[string]string) {
	t.Helper()
	listener := w.listener(t)
	id := w.create(t, "checkout-1", fmt.Sprintf(serviceTemplate, listener, "checkout:1.0"))
	w.settle(t, id)
	resources, err := w.Stacks.Resources(t.Context(), id)
	check(t, err)
	_, err = w.elb().CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: &listener, Priority: new(int32(7)),
		Conditions: []types.RuleCondition{{Field: new("path-pattern"), Values: []string{"/theirs"}}},
		Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: new(resources["Targets"])}},
	})
	check(t, err)
	none, err := w.Stacks.Undeletable(t.Context(), id)
	check(t, err)
	if len(none) > 0 {
		t.Errorf("undeletable before any deletion: %+v", none)
	}
	for _, in := range []cloud.DeleteStack{{StackID: id, Force: true}, {StackID: id, RetainResources: []string{"Targets"}}} {
		wantKind(t, w.Stacks.Delete(t.Context(), in), cloud.KindInvalid)
	}
	check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: id}))
	if s := w.settle(t, id); s.Status != cloud.StackDeleteFailed {
		t.Fatalf("stack is %s", s.Status)
	}
	return id, resources
}

func TestUndeletable(t *testing.T) {
	tests := map[string]cloud.DeleteStack{
		"retained": {RetainResources: []string{"Targets"}},
		"forced":   {Force: true},
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, awssim.Options{CloudFormation: cfn.Limits{PageSize: 2}}, func(t *testing.T, w *world) {
				id, resources := w.stuck(t)
				want := []cloud.StackResource{{
					LogicalID: "Targets", PhysicalID: resources["Targets"], Type: "AWS::ElasticLoadBalancingV2::TargetGroup",
				}}
				ignore := cmpopts.IgnoreFields(cloud.StackResource{}, "Reason")
				failed, err := w.Stacks.Undeletable(t.Context(), id)
				check(t, err)
				if diff := cmp.Diff(want, failed, ignore); diff != "" {
					t.Fatalf("undeletable (-want +got):\n%s", diff)
				}
				if !strings.Contains(failed[0].Reason, "in use") || strings.Contains(failed[0].Reason, "RequestToken") {
					t.Errorf("the reason is %q", failed[0].Reason)
				}

				in.StackID = id
				check(t, w.Stacks.Delete(t.Context(), in))
				if s := w.settle(t, id); s.Status != cloud.StackDeleteComplete {
					t.Fatalf("stack is %s", s.Status)
				}
				retained, err := w.Stacks.Retained(t.Context(), id)
				check(t, err)
				if diff := cmp.Diff(want, retained, ignore); diff != "" {
					t.Errorf("retained (-want +got):\n%s", diff)
				}
				_, err = w.Traffic.TargetHealth(t.Context(), resources["Targets"])
				check(t, err)
			})
		})
	}
}
