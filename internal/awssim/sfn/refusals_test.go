package sfn_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simsfn "github.com/viridian-dev/viridian/internal/awssim/sfn"
)

// TestStartExecutionRefusals: the constraints are those of the API reference,
// StartExecution.
func TestStartExecutionRefusals(t *testing.T) {
	type input = sfn.StartExecutionInput
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"no ARN":       {func(in *input) { in.StateMachineArn = aws.String("check") }, "InvalidArn", "Invalid Arn: 'check'"},
		"other ARN":    {func(in *input) { in.StateMachineArn = aws.String(executionPrefix + "one") }, "InvalidArn", "Resource type not valid in this context: execution"},
		"empty ARN":    {func(in *input) { in.StateMachineArn = aws.String("") }, "ValidationException", "'stateMachineArn'"},
		"bad ARN":      {func(in *input) { in.StateMachineArn = aws.String(machineARN + "#") }, "InvalidArn", "Invalid Arn"},
		"missing":      {func(in *input) { in.StateMachineArn = aws.String(machineARN + "2") }, "StateMachineDoesNotExist", "State Machine Does Not Exist: '" + machineARN + "2'"},
		"alias":        {func(in *input) { in.StateMachineArn = aws.String(machineARN + ":live") }, "StateMachineDoesNotExist", ":live'"},
		"region":       {func(in *input) { in.StateMachineArn = aws.String(strings.Replace(machineARN, "eu", "us", 1)) }, "StateMachineDoesNotExist", "us-west-1"},
		"express":      {func(in *input) { in.StateMachineArn = aws.String(strings.Replace(machineARN, "check", "fast", 1)) }, "ValidationException", "EXPRESS are not simulated"},
		"name":         {func(in *input) { in.Name = aws.String("a b") }, "InvalidName", "Invalid Name: 'a b'"},
		"slash":        {func(in *input) { in.Name = aws.String("a/b") }, "InvalidName", "Invalid Name"},
		"control":      {func(in *input) { in.Name = aws.String("a\u0085") }, "InvalidName", "Invalid Name"},
		"long name":    {func(in *input) { in.Name = aws.String(strings.Repeat("a", 81)) }, "InvalidName", "Invalid Name"},
		"empty input":  {func(in *input) { in.Input = aws.String("") }, "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'"},
		"empty name":   {func(in *input) { in.Name = aws.String("") }, "InvalidName", "Invalid Name"},
		"input":        {func(in *input) { in.Input = aws.String("hello") }, "InvalidExecutionInput", "Invalid State Machine Execution Input"},
		"long input":   {func(in *input) { in.Input = aws.String(`"` + strings.Repeat("a", 262143) + `"`) }, "InvalidExecutionInput", "262144"},
		"trace header": {func(in *input) { in.TraceHeader = aws.String("Root=1") }, "SerializationException", "traceHeader"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
				c := machine(t, sim, simsfn.StateMachine{Hold: true})
				if _, err := sim.RegisterStateMachine("fast", simsfn.StateMachine{Type: simsfn.Express}); err != nil {
					t.Fatal(err)
				}
				in := &input{StateMachineArn: aws.String(machineARN)}
				tc.edit(in)
				_, err := c.StartExecution(t.Context(), in)
				awstest.Refused(t, err, 400, tc.code, tc.want)
				if n := len(sim.Executions()); n != 0 {
					t.Errorf("%d executions", n)
				}
			})
		})
	}
}

// TestLargestInput: what lies on the bounds is taken.
func TestLargestInput(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		arn := start(t, machine(t, sim, simsfn.StateMachine{}), strings.Repeat("ä", 80), `"`+strings.Repeat("a", 262142)+`"`)
		if !strings.HasSuffix(arn, ":"+strings.Repeat("ä", 80)) {
			t.Errorf("started %s", arn)
		}
	})
}

func TestRegisterRefusals(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		for name, m := range map[string]simsfn.StateMachine{"a b": {}, "a\uffff": {}, "a\xff": {}, "type": {Type: "SLOW"}, "less": {Duration: -1}, "past": {Timeout: -1}} {
			if _, err := sim.RegisterStateMachine(name, m); err == nil {
				t.Errorf("state machine %q was registered", name)
			}
		}
	})
}

// TestStopExecutionRefusals: the constraints are those of the API reference,
// StopExecution.
func TestStopExecutionRefusals(t *testing.T) {
	const one = executionPrefix + "one"
	tests := map[string]struct{ arn, name, cause, code, want string }{
		"missing": {one + "2", "", "", "ExecutionDoesNotExist", "Execution Does Not Exist: '" + one + "2'"},
		"ARN":     {machineARN, "", "", "InvalidArn", "Resource type not valid in this context: stateMachine"},
		"short":   {strings.TrimSuffix(executionPrefix, ":"), "", "", "InvalidArn", "Invalid Arn"},
		"error":   {one, strings.Repeat("a", 257), "", "ValidationException", "'error'"},
		"cause":   {one, "", strings.Repeat("a", 32769), "ValidationException", "'cause'"},
	}
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		c := machine(t, sim, simsfn.StateMachine{Hold: true})
		start(t, c, "one", "{}")
		for _, tc := range tests {
			_, err := c.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &tc.arn, Error: &tc.name, Cause: &tc.cause})
			awstest.Refused(t, err, 400, tc.code, tc.want)
		}
		if status := sim.Executions()[0].Status; status != simsfn.Running {
			t.Errorf("the execution is %s", status)
		}
	})
}

// TestDescribeExecutionRefusals: the constraints are those of the API
// reference, DescribeExecution.
func TestDescribeExecutionRefusals(t *testing.T) {
	tests := map[string]struct {
		arn, include, code, want string
	}{
		"missing":  {executionPrefix + "one", "", "ExecutionDoesNotExist", "Execution Does Not Exist"},
		"machine":  {machineARN, "", "InvalidArn", "Resource type not valid in this context"},
		"no ARN":   {"one", "", "InvalidArn", "Invalid Arn: 'one'"},
		"empty":    {"", "", "ValidationException", "'executionArn'"},
		"too much": {executionPrefix + "one:two", "", "InvalidArn", "Invalid Arn"},
		"long":     {executionPrefix + strings.Repeat("a", 256), "", "ValidationException", "'executionArn'"},
		"data":     {executionPrefix + "one", "SOME", "ValidationException", "'includedData'"},
	}
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		c := machine(t, sim, simsfn.StateMachine{})
		for _, tc := range tests {
			_, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &tc.arn, IncludedData: types.IncludedData(tc.include)})
			awstest.Refused(t, err, 400, tc.code, tc.want)
		}
	})
}

// TestUnknownActions: state machines can't be made or listed by the API.
func TestUnknownActions(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		_, err := sfn.NewFromConfig(config).ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{})
		awstest.Refused(t, err, 400, "UnknownOperationException", "ListStateMachines")
	})
}

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		effect awssim.Effect
		status int
		code   string
	}{
		"throttle":      {awssim.Throttle, 400, "ThrottlingException"},
		"server error":  {awssim.ServerError, 500, "InternalFailure"},
		"access denied": {awssim.AccessDenied, 400, "AccessDeniedException"},
		"expired token": {awssim.ExpiredToken, 400, "ExpiredTokenException"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
				sim.Faults.Add(awssim.Fault{Service: "states", Action: "StartExecution", Effect: tc.effect})
				_, err := machine(t, sim, simsfn.StateMachine{}).StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(machineARN)})
				awstest.Refused(t, err, tc.status, tc.code, "")
				if calls := sim.Calls(); len(calls) != 1 || calls[0].Key != machineARN || calls[0].ErrorCode != tc.code {
					t.Errorf("recorded %+v", calls)
				}
			})
		})
	}
}

// TestMediaType looks at the wire: JSON 1.0 and times in seconds.
func TestMediaType(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		machine(t, sim, simsfn.StateMachine{})
		for arn, status := range map[string]int{machineARN: 200, "x": 400} {
			answer := awstest.Send(t, sim, awstest.Request{Service: "states", Target: "AWSStepFunctions.StartExecution", Body: `{"stateMachineArn":"` + arn + `"}`})
			if answer.Status != status || answer.Header.Get("Content-Type") != "application/x-amz-json-1.0" {
				t.Errorf("got %d %v", answer.Status, answer.Header)
			}
			var members map[string]any
			if err := json.Unmarshal([]byte(answer.Body), &members); err != nil {
				t.Fatal(err)
			}
			if _, number := members["startDate"].(float64); status == 200 && !number {
				t.Errorf("got %s", answer.Body)
			}
		}
	})
}
