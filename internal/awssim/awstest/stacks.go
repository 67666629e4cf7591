package awstest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Stacks makes and deletes stacks for a test in a bubble, and waits until that is
// done.
type Stacks struct {
	T      *testing.T
	Client *cloudformation.Client
}

// Create makes a stack, which CloudFormation takes away again if it fails, and
// returns it as it is in the end.
func (s Stacks) Create(name, template string) types.Stack {
	s.T.Helper()
	if _, err := s.Client.CreateStack(s.T.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template}); err != nil {
		s.T.Fatal(err)
	}
	return s.settle(name)
}

// Delete deletes a stack and returns it as it is in the end.
func (s Stacks) Delete(name string) types.Stack {
	s.T.Helper()
	id := *s.describe(name).StackId // the name is gone with the stack
	if _, err := s.Client.DeleteStack(s.T.Context(), &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
		s.T.Fatal(err)
	}
	return s.settle(id)
}

// settle waits until nothing is in progress, for a day at most.
func (s Stacks) settle(stack string) types.Stack {
	s.T.Helper()
	for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); {
		if found := s.describe(stack); !strings.HasSuffix(string(found.StackStatus), "_IN_PROGRESS") {
			return found
		}
		time.Sleep(time.Second) //nolint:forbidigo // time is virtual, nobody waits
	}
	s.T.Fatalf("stack %s is in progress for ever", stack)
	return types.Stack{}
}

func (s Stacks) describe(stack string) types.Stack {
	s.T.Helper()
	out, err := s.Client.DescribeStacks(s.T.Context(), &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		s.T.Fatal(err)
	}
	return out.Stacks[0]
}

// Events are a stack's events, newest first, as "LogicalID STATUS reason".
func (s Stacks) Events(stack string) []string {
	s.T.Helper()
	var lines []string
	pages := cloudformation.NewDescribeStackEventsPaginator(s.Client, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		out, err := pages.NextPage(s.T.Context())
		if err != nil {
			s.T.Fatal(err)
		}
		for _, e := range out.StackEvents {
			lines = append(lines, strings.TrimSpace(*e.LogicalResourceId+" "+string(e.ResourceStatus)+" "+aws.ToString(e.ResourceStatusReason)))
		}
	}
	return lines
}

// Cause is the first event of a resource that couldn't be created, "" if there
// is none: what validation found before the first was made, or the event itself.
func (s Stacks) Cause(stack string) string {
	s.T.Helper()
	out, err := s.Client.DescribeEvents(s.T.Context(), &cloudformation.DescribeEventsInput{
		StackName: &stack, Filters: &types.EventFilter{FailedEvents: aws.Bool(true)},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	for i := range out.OperationEvents {
		if e := &out.OperationEvents[i]; e.EventType == types.EventTypeValidationError {
			return *e.LogicalResourceId + " " + aws.ToString(e.ValidationStatusReason)
		}
	}
	for _, line := range slices.Backward(s.Events(stack)) {
		if strings.Contains(line, " CREATE_FAILED ") && !strings.Contains(line, "Resource creation cancelled") {
			return line
		}
	}
	return ""
}
