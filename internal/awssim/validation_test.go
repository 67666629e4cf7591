package awssim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/cfn"
)

// operationEvents are the failed events of a stack's operations, newest first.
func operationEvents(t *testing.T, c *cloudformation.Client, stack string) []string {
	t.Helper()
	var lines []string
	pages := cloudformation.NewDescribeEventsPaginator(c, &cloudformation.DescribeEventsInput{
		StackName: &stack, Filters: &cfntypes.EventFilter{FailedEvents: aws.Bool(true)},
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.OperationEvents {
			line := []string{string(e.EventType), aws.ToString(e.LogicalResourceId), string(e.OperationStatus), string(e.ResourceStatus), aws.ToString(e.ResourceStatusReason)}
			line = append(line, aws.ToString(e.ValidationName), string(e.ValidationFailureMode), aws.ToString(e.ValidationPath), aws.ToString(e.ValidationStatusReason))
			line = append(line, aws.ToString(e.HookType), string(e.HookStatus), aws.ToString(e.HookStatusReason))
			lines = append(lines, strings.Join(strings.Fields(strings.Join(line, " ")), " "))
		}
	}
	return lines
}

const takenLog = `{"Resources": {
  "First": {"Type": "AWS::Logs::LogGroup"},
  "Second": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}}}`

// Before the first resource is made, names and properties are checked. The
// stack's events say that there is something, DescribeEvents says what.
func TestValidationBeforeCreation(t *testing.T) {
	const told = "Validation failed with 1 error(s). Call DescribeEvents to retrieve the full list of issues with resource and property details, resolve each error, then retry the operation."
	for name, tc := range map[string]struct {
		template string
		edit     func(*cloudformation.CreateStackInput)
		status   cfntypes.StackStatus
		events   []string
		failed   []string
	}{
		"name": {
			takenLog, func(in *cloudformation.CreateStackInput) { in.OnFailure = cfntypes.OnFailureDoNothing }, cfntypes.StackStatusCreateFailed,
			[]string{"app CREATE_IN_PROGRESS User Initiated", "app CREATE_FAILED " + told},
			[]string{
				"STACK_EVENT FAILED", "PROVISIONING_ERROR app CREATE_FAILED " + told,
				"VALIDATION_ERROR Second NAME_CONFLICT_VALIDATION FAIL /Resources/Second Resource of type 'AWS::Logs::LogGroup' with identifier 'taken' already exists.",
			},
		},
		"property": {
			`{"Resources": {"Bad": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": "long"}}}}`,
			func(*cloudformation.CreateStackInput) {}, cfntypes.StackStatusRollbackComplete,
			[]string{
				"app CREATE_IN_PROGRESS User Initiated", "app CREATE_FAILED " + told,
				"app ROLLBACK_IN_PROGRESS Validation failure detected. See the operation's FAILED event for details.", "app ROLLBACK_COMPLETE",
			},
			[]string{
				"STACK_EVENT FAILED", "PROVISIONING_ERROR app CREATE_FAILED " + told,
				"VALIDATION_ERROR Bad PROPERTY_VALIDATION FAIL /Resources/Bad/Properties/RetentionInDays #/RetentionInDays: expected type: Integer, found: String",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				create(t, c, "other", `{"Resources": {"L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}}}`)
				settle(t, c, "other")
				id := create(t, c, "app", tc.template, tc.edit)
				if st := settle(t, c, id); st.StackStatus != tc.status {
					t.Errorf("stack is %s", st.StackStatus)
				}
				if diff := cmp.Diff(tc.events, history(t, c, id)); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tc.failed, operationEvents(t, c, id)); diff != "" {
					t.Error(diff)
				}
				out, err := c.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &id})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range out.StackEvents {
					if failed := e.ResourceStatus == cfntypes.ResourceStatusCreateFailed; failed != (e.DetailedStatus == cfntypes.DetailedStatusValidationFailed) {
						t.Errorf("%s has the detailed status %q", e.ResourceStatus, e.DetailedStatus)
					}
				}
				sim.Do(func() {
					if groups := sim.logs.Names(); len(groups) != 1 {
						t.Errorf("something was made: %v", groups)
					}
				})
			})
		})
	}
}

// Hooks object to a resource that is about to be made, warnings to nothing.
func TestObjections(t *testing.T) {
	for name, tc := range map[string]struct {
		objection cfn.Objection
		want      []string
	}{
		"hook": {cfn.Objection{Hook: "Corp::Guard::Hook", Path: "/Resources/Logs/Properties/KmsKeyId", Reason: "Encrypt logs"}, []string{
			"STACK_EVENT FAILED", "PROVISIONING_ERROR app CREATE_FAILED The following resource(s) failed to create: [L].",
			"PROVISIONING_ERROR L CREATE_FAILED The following hook(s) failed: [Corp::Guard::Hook]",
			"HOOK_INVOCATION_ERROR L /Resources/Logs/Properties/KmsKeyId Corp::Guard::Hook HOOK_COMPLETE_FAILED Encrypt logs",
		}},
		"broken hook": {cfn.Objection{Hook: "Corp::Guard::Hook", Broken: true, Reason: "timed out"}, []string{
			"STACK_EVENT FAILED", "PROVISIONING_ERROR app CREATE_FAILED The following resource(s) failed to create: [L].",
			"PROVISIONING_ERROR L CREATE_FAILED The following hook(s) failed: [Corp::Guard::Hook]",
			"HOOK_INVOCATION_ERROR L Corp::Guard::Hook HOOK_FAILED timed out",
		}},
		"warning": {cfn.Objection{Validation: "SERVICE_QUOTA_VALIDATION", Reason: "nearly used up", Warn: true}, []string{
			"VALIDATION_ERROR L SERVICE_QUOTA_VALIDATION WARN nearly used up",
		}},
		"hook that warns": {cfn.Objection{Hook: "Corp::Guard::Hook", Reason: "Encrypt logs", Warn: true}, []string{
			"HOOK_INVOCATION_ERROR L Corp::Guard::Hook HOOK_COMPLETE_FAILED Encrypt logs",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				sim.SetObjections(func(_, _ string) []cfn.Objection { return []cfn.Objection{tc.objection} })
				c := cfnClient(sim)
				id := create(t, c, "app", oneLog, func(in *cloudformation.CreateStackInput) { in.OnFailure = cfntypes.OnFailureDoNothing })
				st := settle(t, c, id)
				if complete := st.StackStatus == cfntypes.StackStatusCreateComplete; complete != tc.objection.Warn {
					t.Errorf("stack is %s", st.StackStatus)
				}
				if diff := cmp.Diff(tc.want, operationEvents(t, c, id)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// What AWS always tells of a stack, and when.
func TestStackShape(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		id := create(t, c, "app", oneLog)
		st := settle(t, c, id)
		if st.RollbackConfiguration == nil || st.NotificationARNs == nil || st.Outputs != nil || st.Parameters != nil || st.DeletionTime != nil ||
			st.DeploymentConfig == nil || st.DeploymentConfig.Mode != cfntypes.DeploymentConfigModeStandard || st.RetainExceptOnCreate != nil ||
			len(st.LastOperations) != 1 || st.LastOperations[0].OperationType != cfntypes.OperationTypeCreateStack {
			t.Errorf("unexpected stack %+v", st)
		}
		out, err := c.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &id})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.StackEvents {
			if *e.OperationId != *st.LastOperations[0].OperationId {
				t.Errorf("%s is part of operation %s", *e.EventId, *e.OperationId)
			}
			if own := *e.LogicalResourceId == "L"; own && *e.EventId != "L-"+string(e.ResourceStatus)+"-"+e.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z") {
				t.Errorf("event ID is %s", *e.EventId)
			}
		}
		begun := time.Now()
		if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
			t.Fatal(err)
		}
		told, err := c.DescribeEvents(t.Context(), &cloudformation.DescribeEventsInput{OperationId: st.LastOperations[0].OperationId})
		if err != nil || len(told.OperationEvents) == 0 || slices.ContainsFunc(told.OperationEvents, func(e cfntypes.OperationEvent) bool { return *e.OperationId != *st.LastOperations[0].OperationId }) {
			t.Errorf("of the creation alone: %+v, %v", told, err)
		}
		if st := describe(t, c, id); st.StackStatus != cfntypes.StackStatusDeleteInProgress || st.DeletionTime == nil || st.DeletionTime.After(begun.Add(time.Second)) {
			t.Errorf("a stack that is being deleted is %+v", st)
		}
	})
}
