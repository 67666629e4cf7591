package awssim

import (
	"fmt"
	"maps"
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

const oneLog = `{"Resources": {"L": {"Type": "AWS::Logs::LogGroup"}}}`

func TestCreateStackRefusals(t *testing.T) {
	type input = cloudformation.CreateStackInput
	elsewhere := func(address string) func(*input) {
		return func(in *input) { in.TemplateBody, in.TemplateURL = nil, &address }
	}
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"name":           {func(in *input) { in.StackName = aws.String("my_app") }, "ValidationError", "Value 'my_app' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"},
		"long name":      {func(in *input) { in.StackName = aws.String(strings.Repeat("a", 129)) }, "ValidationError", "length less than or equal to 128"},
		"no template":    {func(in *input) { in.TemplateBody = nil }, "ValidationError", "Either Template URL or Template Body must be specified."},
		"template URL":   {elsewhere("https://shop.s3.eu-west-1.amazonaws.com/t"), "ValidationError", "TemplateURL is not simulated"},
		"path-style URL": {elsewhere("https://s3.amazonaws.com/shop/t"), "ValidationError", "TemplateURL is not simulated"},
		"URL beside S3":  {elsewhere("https://example.com/dummy.yml"), "ValidationError", "TemplateURL must be a supported URL."},
		"S3 URI":         {elsewhere("s3://shop/t"), "ValidationError", "S3 error: Domain name specified in shop is not a valid S3 domain"},
		"big template":   {func(in *input) { in.TemplateBody = aws.String(oneLog + strings.Repeat(" ", 51200)) }, "ValidationError", "length less than or equal to 51200"},
		"both rollback": {func(in *input) {
			in.OnFailure, in.DisableRollback = cfntypes.OnFailureDelete, aws.Bool(false)
		}, "ValidationError", "only one of the two"},
		"capability":        {func(in *input) { in.Capabilities = []cfntypes.Capability{"CAPABILITY_ALL"} }, "ValidationError", "'capabilities'"},
		"token":             {func(in *input) { in.ClientRequestToken = aws.String("a b") }, "ValidationError", "'clientRequestToken'"},
		"role":              {func(in *input) { in.RoleARN = aws.String("arn:aws:iam::1:user/someone-else") }, "ValidationError", "is invalid or cannot be assumed"},
		"reserved tag":      {func(in *input) { in.Tags = []cfntypes.Tag{{Key: aws.String("aws:x"), Value: aws.String("y")}} }, "ValidationError", "aws: prefixed tag key names are not allowed"},
		"unknown parameter": {func(in *input) { in.Parameters = []cfntypes.Parameter{{ParameterKey: aws.String("P")}} }, "ValidationError", "Parameters: [P] do not exist in the template"},
		"unknown type":      {func(in *input) { in.TemplateBody = aws.String(`{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}`) }, "ValidationError", "Unrecognized resource types: [AWS::S3::Bucket]"},
		"taken":             {func(in *input) { in.StackName = aws.String("taken") }, "AlreadyExistsException", "Stack [taken] already exists"},
		"quota":             {func(in *input) { in.StackName = aws.String("third") }, "LimitExceededException", "Limit for stack has been exceeded"},
	}
	bubble(t, Options{CloudFormation: cfn.Limits{Stacks: 2}}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		create(t, c, "taken", oneLog)
		create(t, c, "second", oneLog)
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			in := &input{StackName: aws.String("app"), TemplateBody: aws.String(oneLog)}
			tests[name].edit(in)
			_, err := c.CreateStack(t.Context(), in)
			if err == nil || code(err) != tests[name].code || !strings.Contains(err.Error(), tests[name].want) {
				t.Errorf("%s: got %v, want %s %q", name, err, tests[name].code, tests[name].want)
			}
		}
	})
}

// A token is definite while its stack exists: the same request is answered with
// the same stack, another one with the token is refused, and so is another token
// for the name. Once the stack is gone AWS's answer isn't known: both occur.
func TestToken(t *testing.T) {
	later := map[string]bool{}
	for seed := range uint64(10) {
		bubble(t, Options{Seed: seed}, func(t *testing.T, sim *Sim) {
			c := cfnClient(sim)
			request := func(token, description string) (*cloudformation.CreateStackOutput, error) {
				return c.CreateStack(t.Context(), &cloudformation.CreateStackInput{
					StackName: aws.String("app"), ClientRequestToken: &token,
					TemplateBody: aws.String(`{"Description": "` + description + `", "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}`),
				})
			}
			first, err := request("one", "logs")
			if err != nil || aws.ToString(first.OperationId) == "" {
				t.Fatalf("%+v, %v", first, err)
			}
			if again, err := request("one", "logs"); err != nil || *again.StackId != *first.StackId || again.OperationId != nil {
				t.Errorf("the same request is answered with %+v, %v", again, err)
			}
			_, err = request("one", "other logs")
			if code(err) != "TokenAlreadyExistsException" || !strings.Contains(err.Error(), "The client request token one has already been used for this stack") {
				t.Errorf("another request with the token: %v", err)
			}
			if _, err := request("two", "logs"); code(err) != "AlreadyExistsException" {
				t.Errorf("another token for the name: %v", err)
			}
			if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: first.StackId}); err != nil {
				t.Fatal(err)
			}
			settle(t, c, *first.StackId)
			again, err := request("one", "logs")
			if err == nil && *again.StackId == *first.StackId {
				t.Error("a deleted stack is answered")
			}
			later[code(err)] = true
		})
	}
	if diff := cmp.Diff(map[string]bool{"": true, "TokenAlreadyExistsException": true}, later); diff != "" {
		t.Error(diff)
	}
}

func TestPagination(t *testing.T) {
	bubble(t, Options{CloudFormation: cfn.Limits{PageSize: 3}}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		var want []string
		for i := range 8 {
			name := fmt.Sprintf("app-%d", i)
			create(t, c, name, oneLog)
			want = append(want, name)
		}
		slices.Reverse(want)
		time.Sleep(time.Minute)
		var got []string
		described := cloudformation.NewDescribeStacksPaginator(c, &cloudformation.DescribeStacksInput{})
		for described.HasMorePages() {
			out, err := described.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, st := range out.Stacks {
				got = append(got, *st.StackName)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := len(history(t, c, "app-0")); n != 5 {
			t.Errorf("%d events over two pages, want 5", n)
		}
		if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("app-4")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := listed(t, c, cfntypes.StackStatusDeleteComplete); !slices.Equal(got, []string{"app-4"}) {
			t.Errorf("deleted: %v", got)
		}
		if got := listed(t, c, cfntypes.StackStatusCreateComplete); len(got) != 7 || slices.Contains(got, "app-4") {
			t.Errorf("complete: %v", got)
		}
		_, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{NextToken: aws.String("nonsense")})
		if code(err) != "ValidationError" {
			t.Errorf("a made-up token was answered with %v", err)
		}
	})
}

func listed(t *testing.T, c *cloudformation.Client, status cfntypes.StackStatus) []string {
	t.Helper()
	var names []string
	pages := cloudformation.NewListStacksPaginator(c, &cloudformation.ListStacksInput{StackStatusFilter: []cfntypes.StackStatus{status}})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range out.StackSummaries {
			names = append(names, *st.StackName)
		}
	}
	return names
}

func TestTerminationProtection(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		id := create(t, c, "app", oneLog, func(in *cloudformation.CreateStackInput) { in.EnableTerminationProtection = aws.Bool(true) })
		settle(t, c, id)
		_, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &id})
		if code(err) != "ValidationError" || !strings.Contains(err.Error(), "Stack [app] cannot be deleted while TerminationProtection is enabled") {
			t.Errorf("got %v", err)
		}
		if _, err := c.UpdateTerminationProtection(t.Context(), &cloudformation.UpdateTerminationProtectionInput{
			StackName: &id, EnableTerminationProtection: aws.Bool(false),
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
			t.Fatal(err)
		}
		settle(t, c, id)
		if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("never-was")}); err != nil {
			t.Errorf("deleting a missing stack: %v", err)
		}
	})
}

func TestUpdateStack(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		create(t, c, "app", groupTemplate)
		settle(t, c, "app")
		update := func(body string, tags ...cfntypes.Tag) error {
			_, err := c.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: aws.String("app"), TemplateBody: &body, Tags: tags})
			return err
		}
		if err := update(groupTemplate); err == nil || !strings.Contains(err.Error(), "No updates are to be performed.") {
			t.Errorf("got %v", err)
		}
		if err := update(strings.Replace(groupTemplate, "of the tasks", "of others", 1)); code(err) != "ValidationError" {
			t.Errorf("a property change was not refused: %v", err)
		}
		if err := update(groupTemplate, cfntypes.Tag{Key: aws.String("by"), Value: aws.String("hand")}); err != nil {
			t.Fatal(err)
		}
		_, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("app")})
		if err == nil || !strings.Contains(err.Error(), "cannot be deleted while in status UPDATE_IN_PROGRESS") {
			t.Errorf("got %v", err)
		}
		if st := settle(t, c, "app"); st.StackStatus != cfntypes.StackStatusUpdateComplete || len(st.Tags) != 1 || st.LastUpdatedTime == nil {
			t.Errorf("unexpected stack %+v", st)
		}
	})
}

func TestTemplateActions(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		create(t, c, "app", groupTemplate)
		got, err := c.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String("app")})
		if err != nil || *got.TemplateBody != groupTemplate {
			t.Errorf("template is %v, %v", got, err)
		}
		valid, err := c.ValidateTemplate(t.Context(), &cloudformation.ValidateTemplateInput{TemplateBody: aws.String(groupTemplate)})
		if err != nil || len(valid.Parameters) != 1 || *valid.Parameters[0].DefaultValue != "7" {
			t.Errorf("validation is %v, %v", valid, err)
		}
		settle(t, c, "app")
		list, err := c.ListStackResources(t.Context(), &cloudformation.ListStackResourcesInput{StackName: aws.String("app")})
		if err != nil || len(list.StackResourceSummaries) != 2 || !strings.HasPrefix(*list.StackResourceSummaries[0].PhysicalResourceId, "sg-") {
			t.Errorf("resources are %v, %v", list, err)
		}
		one, err := c.DescribeStackResources(t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: aws.String("app"), LogicalResourceId: aws.String("Logs")})
		if err != nil || len(one.StackResources) != 1 || one.StackResources[0].Timestamp == nil {
			t.Errorf("resource is %v, %v", one, err)
		}
		_, err = c.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String("nope")})
		if err == nil || !strings.Contains(err.Error(), "Stack [nope] does not exist") {
			t.Errorf("got %v", err)
		}
	})
}
