package logs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
)

// group is a stack's log group named Logs.
func group(properties string) string {
	return `{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {` + properties + `}}},
	  "Outputs": {"Arn": {"Value": {"Fn::GetAtt": "Logs.Arn"}}, "Ref": {"Value": {"Ref": "Logs"}}}}`
}

func TestLogGroup(t *testing.T) {
	tests := map[string]struct{ properties, name string }{
		"named":     {`"LogGroupName": "/ecs/shop#1", "RetentionInDays": 30, "LogGroupClass": "INFREQUENT_ACCESS", "Tags": [{"Key": "a", "Value": "b"}]`, "/ecs/shop#1"},
		"longest":   {`"LogGroupName": "` + strings.Repeat("a", 512) + `"`, strings.Repeat("a", 512)},
		"generated": {``, "app-Logs-"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
				stack := s.Create("app", group(tc.properties))
				if stack.StackStatus != types.StackStatusCreateComplete {
					t.Fatalf("the stack is %s: %s", stack.StackStatus, s.Cause("app"))
				}
				names := sim.Snapshot().LogGroups
				if len(names) != 1 || !strings.HasPrefix(names[0], tc.name) || tc.properties != "" && names[0] != tc.name {
					t.Fatalf("log groups are %v", names)
				}
				for _, out := range stack.Outputs {
					want := map[string]string{"Ref": names[0], "Arn": "arn:aws:logs:eu-west-1:111122223333:log-group:" + names[0] + ":*"}[*out.OutputKey]
					if *out.OutputValue != want {
						t.Errorf("%s is %s", *out.OutputKey, *out.OutputValue)
					}
				}
				s.Delete("app")
				if left := sim.Snapshot().LogGroups; len(left) != 0 {
					t.Errorf("left are %v", left)
				}
			})
		})
	}
}

// TestLogGroupRefusals: the constraints are those of the CloudWatch Logs API
// reference, CreateLogGroup and PutRetentionPolicy.
func TestLogGroupRefusals(t *testing.T) {
	tags := make([]string, 51)
	for i := range tags {
		tags[i] = `{"Key": "` + strings.Repeat("a", i+1) + `", "Value": ""}`
	}
	tests := map[string]struct{ properties, want string }{
		"taken":        {`"LogGroupName": "taken"`, `already exists`},
		"name":         {`"LogGroupName": "a b"`, "'logGroupName'"},
		"long name":    {`"LogGroupName": "` + strings.Repeat("a", 513) + `"`, "'logGroupName'"},
		"reserved":     {`"LogGroupName": "aws/shop"`, "can't start with aws/"},
		"retention":    {`"RetentionInDays": 2`, "#/RetentionInDays: 2 is not a valid enum value"},
		"class":        {`"LogGroupClass": "COLD"`, "#/LogGroupClass: COLD is not a valid enum value"},
		"long key":     {`"KmsKeyId": "` + strings.Repeat("a", 257) + `"`, "'kmsKeyId'"},
		"many tags":    {`"Tags": [` + strings.Join(tags, ",") + `]`, "'tags'"},
		"protection":   {`"DeletionProtectionEnabled": "perhaps"`, "#/DeletionProtectionEnabled: expected type: Boolean, found: String"},
		"reserved tag": {`"Tags": [{"Key": "aws:x", "Value": ""}]`, "aws:"},
		"unknown":      {`"Retention": 7`, "extraneous key [Retention] is not permitted"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
				s.Create("other", group(`"LogGroupName": "taken"`))
				stack := s.Create("app", group(tc.properties))
				if cause := s.Cause("app"); stack.StackStatus != types.StackStatusRollbackComplete || !strings.Contains(cause, tc.want) {
					t.Errorf("the stack is %s: %s, want %s", stack.StackStatus, cause, tc.want)
				}
				if left := sim.Snapshot().LogGroups; !slices.Equal(left, []string{"taken"}) {
					t.Errorf("log groups are %v", left)
				}
			})
		})
	}
}

// TestProtectedLogGroup: a stack can't be deleted while its log group is protected.
func TestProtectedLogGroup(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
		stack := s.Create("app", group(`"DeletionProtectionEnabled": true, "ResourcePolicyDocument": {"Statement": []}`))
		if stack.StackStatus != types.StackStatusCreateComplete {
			t.Fatalf("the stack is %s: %s", stack.StackStatus, s.Cause("app"))
		}
		if gone := s.Delete("app"); gone.StackStatus != types.StackStatusDeleteFailed || len(sim.Snapshot().LogGroups) != 1 {
			t.Errorf("the stack is %s, and left are %v", gone.StackStatus, sim.Snapshot().LogGroups)
		}
	})
}

// TestNoAPI: log groups come with stacks only.
func TestNoAPI(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		answer := awstest.Send(t, sim, awstest.Request{Service: "logs", Target: "Logs_20140328.DescribeLogGroups", Body: "{}"})
		if answer.Status != 400 || !strings.Contains(answer.Body, "The service logs is not simulated") {
			t.Errorf("got %+v", answer)
		}
	})
}
