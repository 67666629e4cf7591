package awssim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
)

// logTemplate makes log groups whose names come after a first one; taken makes
// it fail while others are under way.
const logTemplate = `{"Resources": {
  "First": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "first"}},
  "Kept": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"LogGroupName": "kept"}},
  "Second": {"Type": "AWS::Logs::LogGroup", "DependsOn": ["First", "Kept"], "Properties": {"LogGroupName": "%s"}}
}}`

func TestRollback(t *testing.T) {
	tests := map[string]struct {
		edit   func(*cloudformation.CreateStackInput)
		status string
		reason string
		groups []string
		last   []string
	}{
		"by default": {
			edit: func(*cloudformation.CreateStackInput) {}, status: "ROLLBACK_COMPLETE", groups: []string{"kept", "taken"},
			last: []string{
				"app ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Second]. Rollback requested by user.",
				"Second DELETE_IN_PROGRESS", "Second DELETE_COMPLETE",
				"First DELETE_IN_PROGRESS", "Kept DELETE_SKIPPED", "First DELETE_COMPLETE", "app ROLLBACK_COMPLETE",
			},
		},
		"retain except on create": {
			edit: func(in *cloudformation.CreateStackInput) {
				in.RetainExceptOnCreate, in.OnFailure = aws.Bool(true), cfntypes.OnFailureRollback
			},
			status: "ROLLBACK_COMPLETE", groups: []string{"taken"},
		},
		"nothing": {
			edit:   func(in *cloudformation.CreateStackInput) { in.OnFailure = cfntypes.OnFailureDoNothing },
			status: "CREATE_FAILED", groups: []string{"first", "kept", "taken"},
			reason: "The following resource(s) failed to create: [Second]. ",
		},
		"rollback disabled": {
			edit:   func(in *cloudformation.CreateStackInput) { in.DisableRollback = aws.Bool(true) },
			status: "CREATE_FAILED", groups: []string{"first", "kept", "taken"},
			reason: "The following resource(s) failed to create: [Second]. ",
		},
		"delete": {
			edit:   func(in *cloudformation.CreateStackInput) { in.OnFailure = cfntypes.OnFailureDelete },
			status: "DELETE_COMPLETE", groups: []string{"kept", "taken"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				create(t, c, "other", `{"Resources": {"L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}}}`)
				settle(t, c, "other")
				id := create(t, c, "app", fmt.Sprintf(logTemplate, "taken"), unvalidated, tc.edit)
				st := settle(t, c, id)
				if string(st.StackStatus) != tc.status || tc.reason != "" && aws.ToString(st.StackStatusReason) != tc.reason {
					t.Errorf("stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
				}
				lines := history(t, c, id)
				if cause := rootCause(lines); !strings.HasPrefix(cause, `Second CREATE_FAILED Resource handler returned message: "Resource of type 'AWS::Logs::LogGroup'`) || !strings.Contains(cause, "HandlerErrorCode: AlreadyExists)") {
					t.Errorf("root cause is %q", cause)
				}
				if tc.last != nil {
					if diff := cmp.Diff(tc.last, lines[len(lines)-len(tc.last):]); diff != "" {
						t.Error(diff)
					}
				}
				sim.Do(func() {
					if diff := cmp.Diff(tc.groups, sim.logs.Names()); diff != "" {
						t.Error(diff)
					}
				})
			})
		})
	}
}

// unvalidated has nothing checked before the first resource is made.
func unvalidated(in *cloudformation.CreateStackInput) { in.DisableValidation = aws.Bool(true) }

// rootCause is the oldest failure that isn't a cancellation.
func rootCause(lines []string) string {
	for _, line := range lines {
		if strings.Contains(line, " CREATE_FAILED ") && !strings.Contains(line, "Resource creation cancelled") {
			return line
		}
	}
	return ""
}

func TestPropertyRefusal(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		create(t, c, "app", `{"Resources": {
		  "Good": {"Type": "AWS::Logs::LogGroup"},
		  "Bad": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcID": {"Ref": "Good"}}}}}`, unvalidated)
		if st := settle(t, c, "app"); st.StackStatus != cfntypes.StackStatusRollbackComplete {
			t.Errorf("stack is %s", st.StackStatus)
		}
		want := "Bad CREATE_FAILED Properties validation failed for resource Bad with message:\n" +
			"#: required key [GroupDescription] not found\n#: extraneous key [VpcID] is not permitted"
		if got := rootCause(history(t, c, "app")); got != want {
			t.Errorf("root cause is %q", got)
		}
	})
}

func TestCreationTimeLimitAndCancellation(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		var chain []string
		for i := range 60 {
			dep := ""
			if i > 0 {
				dep = fmt.Sprintf(`"DependsOn": "L%d",`, i-1)
			}
			chain = append(chain, fmt.Sprintf(`"L%d": {%s "Type": "AWS::Logs::LogGroup"}`, i, dep))
		}
		template := `{"Resources": {` + strings.Join(chain, ",") + `}}`
		create(t, c, "slow", template, func(in *cloudformation.CreateStackInput) { in.TimeoutInMinutes = aws.Int32(1) })
		settle(t, c, "slow")
		lines := strings.Join(history(t, c, "slow"), "\n")
		if !strings.Contains(lines, "slow ROLLBACK_IN_PROGRESS Stack creation time exceeded the specified timeout. Rollback requested by user.") {
			t.Errorf("no time limit in\n%s", lines)
		}

		id := create(t, c, "gone", template)
		time.Sleep(20 * time.Second)
		if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
			t.Fatal(err)
		}
		if st := settle(t, c, id); st.StackStatus != cfntypes.StackStatusDeleteComplete {
			t.Errorf("stack is %s", st.StackStatus)
		}
		if lines := strings.Join(history(t, c, id), "\n"); !strings.Contains(lines, "CREATE_FAILED Resource creation cancelled") {
			t.Errorf("no cancellation in\n%s", lines)
		}
		sim.Do(func() {
			if names := sim.logs.Names(); len(names) > 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	})
}

const targetTemplate = `{"Resources": {
  "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x"}},
  "Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "DependsOn": "Group", "Properties": {
    "Name": "app-1", "Port": 80, "Protocol": "HTTP", "TargetType": "ip", "VpcId": "vpc-0a1b2c3d4e5f60718"}},
  "Logs": {"Type": "AWS::Logs::LogGroup", "DependsOn": "Targets"}
}, "Outputs": {"Arn": {"Value": {"Ref": "Targets"}}}}`

// referencedStack is a stack whose target group a rule outside of it uses.
func referencedStack(t *testing.T, sim *Sim, c *cloudformation.Client) (stackID, ruleARN string, lb *elasticloadbalancingv2.Client) {
	t.Helper()
	listener, err := sim.CreateListener("shop", 80)
	if err != nil {
		t.Fatal(err)
	}
	stackID = create(t, c, "app", targetTemplate)
	st := settle(t, c, stackID)
	if st.StackStatus != cfntypes.StackStatusCreateComplete {
		t.Fatalf("stack is %s: %v", st.StackStatus, history(t, c, stackID))
	}
	lb = elasticloadbalancingv2.NewFromConfig(sdkConfig(sim, 1))
	rule, err := lb.CreateRule(t.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &listener, Priority: aws.Int32(1),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/*"}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: st.Outputs[0].OutputValue}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return stackID, *rule.Rules[0].RuleArn, lb
}

func TestDeleteFailed(t *testing.T) {
	tests := map[string]struct {
		retry func(t *testing.T, in *cloudformation.DeleteStackInput, rule string, lb *elasticloadbalancingv2.Client)
		left  int
	}{
		"retried after the cure": {func(t *testing.T, _ *cloudformation.DeleteStackInput, rule string, lb *elasticloadbalancingv2.Client) {
			t.Helper()
			if _, err := lb.DeleteRule(t.Context(), &elasticloadbalancingv2.DeleteRuleInput{RuleArn: &rule}); err != nil {
				t.Fatal(err)
			}
		}, 0},
		"retained": {func(_ *testing.T, in *cloudformation.DeleteStackInput, _ string, _ *elasticloadbalancingv2.Client) {
			in.RetainResources = []string{"Targets"}
		}, 1},
		"forced": {func(_ *testing.T, in *cloudformation.DeleteStackInput, _ string, _ *elasticloadbalancingv2.Client) {
			in.DeletionMode = cfntypes.DeletionModeForceDeleteStack
		}, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				id, rule, lb := referencedStack(t, sim, c)
				in := &cloudformation.DeleteStackInput{StackName: &id, RetainResources: []string{"Targets"}}
				if _, err := c.DeleteStack(t.Context(), in); code(err) != "ValidationError" {
					t.Errorf("RetainResources was accepted in CREATE_COMPLETE: %v", err)
				}
				in.RetainResources = nil
				if _, err := c.DeleteStack(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				st := settle(t, c, id)
				if st.StackStatus != cfntypes.StackStatusDeleteFailed || *st.StackStatusReason != "The following resource(s) failed to delete: [Targets]. " {
					t.Errorf("stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
				}
				if lines := strings.Join(history(t, c, id), "\n"); !strings.Contains(lines, "Targets DELETE_FAILED ") || !strings.Contains(lines, "is currently in use by a listener or a rule") || strings.Contains(lines, "Group DELETE") {
					t.Errorf("unexpected events\n%s", lines)
				}
				tc.retry(t, in, rule, lb)
				if _, err := c.DeleteStack(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				if st := settle(t, c, id); st.StackStatus != cfntypes.StackStatusDeleteComplete {
					t.Errorf("after the retry the stack is %s", st.StackStatus)
				}
				groups, err := lb.DescribeTargetGroups(t.Context(), &elasticloadbalancingv2.DescribeTargetGroupsInput{})
				if err != nil || len(groups.TargetGroups) != tc.left {
					t.Errorf("target groups left: %v, %v", groups, err)
				}
			})
		})
	}
}
