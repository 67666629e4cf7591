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
)

const groupTemplate = `{
  "Description": "A group and its log",
  "Parameters": {"Retention": {"Type": "Number", "Default": 7, "AllowedValues": [7, 30]}},
  "Resources": {
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {
      "LogGroupName": {"Fn::Sub": "/app/${AWS::StackName}/${Group}"}, "RetentionInDays": {"Ref": "Retention"}}},
    "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
      "GroupDescription": "of the tasks", "VpcId": "vpc-0a1b2c3d4e5f60718"}}
  },
  "Outputs": {
    "LogArn": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}, "Description": "where it logs"},
    "GroupId": {"Value": {"Fn::GetAtt": "Group.GroupId"}}
  }
}`

// history is a stack's events, oldest first, as "LogicalID STATUS reason".
func history(t *testing.T, c *cloudformation.Client, stack string) []string {
	t.Helper()
	var lines []string
	pages := cloudformation.NewDescribeStackEventsPaginator(c, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.StackEvents {
			lines = append(lines, strings.TrimSpace(*e.LogicalResourceId+" "+string(e.ResourceStatus)+" "+aws.ToString(e.ResourceStatusReason)))
		}
	}
	slices.Reverse(lines)
	return lines
}

func TestStackLifecycle(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		id := create(t, c, "app", groupTemplate, func(in *cloudformation.CreateStackInput) {
			in.Tags = []cfntypes.Tag{{Key: aws.String("team"), Value: aws.String("shop")}}
			in.Parameters = []cfntypes.Parameter{{ParameterKey: aws.String("Retention"), ParameterValue: aws.String("30")}}
		})
		if got := describe(t, c, "app").StackStatus; got != cfntypes.StackStatusCreateInProgress {
			t.Errorf("right after CreateStack the status is %s", got)
		}
		st := settle(t, c, "app")
		if st.StackStatus != cfntypes.StackStatusCreateComplete || *st.Description != "A group and its log" || len(st.Tags) != 1 {
			t.Errorf("unexpected stack %+v", st)
		}
		if len(st.Outputs) != 2 || !strings.HasPrefix(*st.Outputs[0].OutputValue, "sg-") || !strings.Contains(*st.Outputs[1].OutputValue, ":log-group:/app/app/sg-") {
			t.Errorf("unexpected outputs %v", st.Outputs)
		}
		want := []string{
			"app CREATE_IN_PROGRESS User Initiated",
			"Group CREATE_IN_PROGRESS", "Group CREATE_IN_PROGRESS Resource creation Initiated", "Group CREATE_COMPLETE",
			"Logs CREATE_IN_PROGRESS", "Logs CREATE_IN_PROGRESS Resource creation Initiated", "Logs CREATE_COMPLETE",
			"app CREATE_COMPLETE",
		}
		if diff := cmp.Diff(want, history(t, c, "app")); diff != "" {
			t.Error(diff)
		}
		if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
			t.Fatal(err)
		}
		if st := settle(t, c, id); st.StackStatus != cfntypes.StackStatusDeleteComplete || st.DeletionTime == nil {
			t.Errorf("unexpected deleted stack %+v", st)
		}
		want = append(want, "app DELETE_IN_PROGRESS User Initiated",
			"Logs DELETE_IN_PROGRESS", "Logs DELETE_COMPLETE", "Group DELETE_IN_PROGRESS", "Group DELETE_COMPLETE", "app DELETE_COMPLETE")
		if diff := cmp.Diff(want, history(t, c, id)); diff != "" {
			t.Error(diff)
		}
		_, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("app")})
		if err == nil || code(err) != "ValidationError" || !strings.Contains(err.Error(), "Stack with id app does not exist") {
			t.Errorf("a deleted stack is found by name: %v", err)
		}
		if again := create(t, c, "app", groupTemplate); again == id {
			t.Error("a stack ID was used twice")
		}
		time.Sleep(time.Minute)
	})
}
