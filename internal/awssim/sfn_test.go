package awssim

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/sfn"
)

const (
	machineARN      = "arn:aws:states:eu-west-1:111122223333:stateMachine:check"
	executionPrefix = "arn:aws:states:eu-west-1:111122223333:execution:check:"
)

// machine makes the state machine check.
func machine(t *testing.T, sim *Sim, m sfn.StateMachine) *awssfn.Client {
	t.Helper()
	arn, err := sim.RegisterStateMachine("check", m)
	if err != nil || arn != machineARN {
		t.Fatalf("registered %s, %v", arn, err)
	}
	return awssfn.NewFromConfig(sdkConfig(sim, 1))
}

func start(t *testing.T, c *awssfn.Client, name, input string) string {
	t.Helper()
	out, err := c.StartExecution(t.Context(), &awssfn.StartExecutionInput{StateMachineArn: aws.String(machineARN), Name: &name, Input: &input})
	if err != nil {
		t.Fatal(err)
	}
	if !out.StartDate.Equal(time.Now()) {
		t.Errorf("started at %s, now %s", out.StartDate, time.Now())
	}
	return *out.ExecutionArn
}

func execution(t *testing.T, c *awssfn.Client, arn string) *awssfn.DescribeExecutionOutput {
	t.Helper()
	time.Sleep(time.Second) // until it is consistent
	out, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExecution(t *testing.T) {
	tests := map[string]struct {
		machine                      sfn.StateMachine
		status                       sfntypes.ExecutionStatus
		output, name, cause, redrive string
	}{
		"default":   {sfn.StateMachine{}, "SUCCEEDED", "{}", "", "", "NOT_REDRIVABLE"},
		"output":    {sfn.StateMachine{Outcome: func(input string) (string, error) { return "[" + input + "]", nil }}, "SUCCEEDED", `[{"a":1}]`, "", "", "NOT_REDRIVABLE"},
		"named":     {sfn.StateMachine{Outcome: func(string) (string, error) { return "", &sfn.Error{Name: "Bad", Cause: "too slow"} }}, "FAILED", "", "Bad", "too slow", "REDRIVABLE"},
		"error":     {sfn.StateMachine{Outcome: func(string) (string, error) { return "", errors.New("no") }}, "FAILED", "", "States.TaskFailed", "no", "REDRIVABLE"},
		"no JSON":   {sfn.StateMachine{Outcome: func(string) (string, error) { return "no", nil }}, "FAILED", "", "States.Runtime", "The output of the execution is not valid JSON.", "REDRIVABLE"},
		"large":     {sfn.StateMachine{Outcome: func(string) (string, error) { return strings.Repeat(" ", 262145), nil }}, "FAILED", "", "States.DataLimitExceeded", "The state/task returned a result with a size exceeding the maximum number of bytes service limit.", "REDRIVABLE"},
		"times out": {sfn.StateMachine{Timeout: 5 * time.Second}, "TIMED_OUT", "", "States.Timeout", "", "REDRIVABLE"},
		"held":      {sfn.StateMachine{Hold: true}, "RUNNING", "", "", "", "NOT_REDRIVABLE"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{Speed: 2}, func(t *testing.T, sim *Sim) {
				tc.machine.Duration = 20 * time.Second
				c := machine(t, sim, tc.machine)
				arn := start(t, c, "one", `{"a":1}`)
				if arn != executionPrefix+"one" {
					t.Errorf("execution %s", arn)
				}
				out := execution(t, c, arn)
				if out.Status != "RUNNING" || *out.Input != `{"a":1}` || !out.InputDetails.Included || out.StopDate != nil || *out.Name != "one" || *out.StateMachineArn != machineARN {
					t.Errorf("at first %+v", out)
				}
				time.Sleep(10 * time.Second)
				out = execution(t, c, arn)
				got := []string{string(out.Status), aws.ToString(out.Output), aws.ToString(out.Error), aws.ToString(out.Cause), string(out.RedriveStatus)}
				if diff := cmp.Diff([]string{string(tc.status), tc.output, tc.name, tc.cause, tc.redrive}, got); diff != "" {
					t.Error(diff)
				}
				if ended := out.StopDate != nil; ended != (tc.status != "RUNNING") {
					t.Errorf("stopped at %v", out.StopDate)
				}
				if tc.name == "" && tc.output != "" && out.StopDate.Sub(*out.StartDate) != 10*time.Second {
					t.Errorf("took %s", out.StopDate.Sub(*out.StartDate))
				}
				all := sim.Executions()
				if len(all) != 1 || all[0].ARN != arn || all[0].Status != string(tc.status) || all[0].Input != `{"a":1}` {
					t.Errorf("executions are %+v", all)
				}
				metadata, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: &arn, IncludedData: sfntypes.IncludedDataMetadataOnly})
				if err != nil || metadata.Input != nil || metadata.Output != nil {
					t.Errorf("metadata are %+v, %v", metadata, err)
				}
			})
		})
	}
}

func TestStartExecutionRefusals(t *testing.T) {
	type input = awssfn.StartExecutionInput
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
		"empty name":   {func(in *input) { in.Name = aws.String("") }, "InvalidName", "Invalid Name"},
		"input":        {func(in *input) { in.Input = aws.String("hello") }, "InvalidExecutionInput", "Invalid State Machine Execution Input"},
		"long input":   {func(in *input) { in.Input = aws.String(`"` + strings.Repeat("a", 262143) + `"`) }, "InvalidExecutionInput", "262144"},
		"trace header": {func(in *input) { in.TraceHeader = aws.String("Root=1") }, "SerializationException", "traceHeader"},
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := machine(t, sim, sfn.StateMachine{Hold: true})
		if _, err := sim.RegisterStateMachine("fast", sfn.StateMachine{Type: sfn.Express}); err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			in := &input{StateMachineArn: aws.String(machineARN)}
			tests[name].edit(in)
			_, err := c.StartExecution(t.Context(), in)
			if err == nil || code(err) != tests[name].code || !strings.Contains(err.Error(), tests[name].want) {
				t.Errorf("%s: got %v, want %s %q", name, err, tests[name].code, tests[name].want)
			}
		}
		if n := len(sim.Executions()); n != 0 {
			t.Errorf("%d executions", n)
		}
		if _, err := c.StartExecution(t.Context(), &input{StateMachineArn: aws.String(machineARN), Input: aws.String(`"` + strings.Repeat("a", 262142) + `"`)}); err != nil {
			t.Error(err)
		}
		if _, err := c.ListStateMachines(t.Context(), &awssfn.ListStateMachinesInput{}); code(err) != "UnknownOperationException" {
			t.Errorf("listing state machines: %v", err)
		}
		for name, m := range map[string]sfn.StateMachine{"a b": {}, "type": {Type: "SLOW"}, "less": {Duration: -1}} {
			if _, err := sim.RegisterStateMachine(name, m); err == nil {
				t.Errorf("state machine %q was registered", name)
			}
		}
		if last := sim.Calls(); last[len(last)-1].Service != "states" {
			t.Errorf("recorded %+v", last)
		}
	})
}

func TestExecutionNames(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := machine(t, sim, sfn.StateMachine{Hold: true})
		arn := start(t, c, "one", "{}")
		again := func(input string) (*awssfn.StartExecutionOutput, error) {
			return c.StartExecution(t.Context(), &awssfn.StartExecutionInput{StateMachineArn: aws.String(machineARN), Name: aws.String("one"), Input: &input})
		}
		began := time.Now()
		time.Sleep(time.Minute)
		if out, err := again("{}"); err != nil || *out.ExecutionArn != arn || !out.StartDate.Equal(began) {
			t.Errorf("a replay is %v, %v", out, err)
		}
		if _, err := again("[]"); code(err) != "ExecutionAlreadyExists" || !strings.Contains(err.Error(), "Execution Already Exists: '"+arn+"'") {
			t.Errorf("other input: %v", err)
		}
		if err := sim.FinishExecution(arn, `{"ok":true}`, nil); err != nil {
			t.Fatal(err)
		}
		if out := execution(t, c, arn); out.Status != "SUCCEEDED" || *out.Output != `{"ok":true}` {
			t.Errorf("finished as %+v", out)
		}
		if sim.FinishExecution(arn, "{}", nil) == nil || sim.FinishExecution(arn+"2", "{}", nil) == nil {
			t.Error("what doesn't run was finished")
		}
		if _, err := again("{}"); code(err) != "ExecutionAlreadyExists" {
			t.Errorf("a closed execution: %v", err)
		}
		time.Sleep(90 * 24 * time.Hour)
		if out, err := again("[]"); err != nil || *out.ExecutionArn != arn {
			t.Errorf("after 90 days: %v, %v", out, err)
		}
		if err := sim.FinishExecution(arn, "", &sfn.Error{Name: "Bad", Cause: "no"}); err != nil {
			t.Fatal(err)
		}
		if out := execution(t, c, arn); out.Status != "FAILED" || *out.Error != "Bad" || *out.Input != "[]" {
			t.Errorf("finished as %+v", out)
		}
	})
}

func TestStopExecution(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := machine(t, sim, sfn.StateMachine{Duration: time.Hour})
		arn := start(t, c, "one", "{}")
		stop := func(arn, name, cause string) (*awssfn.StopExecutionOutput, error) {
			return c.StopExecution(t.Context(), &awssfn.StopExecutionInput{ExecutionArn: &arn, Error: &name, Cause: &cause})
		}
		first, err := stop(arn, "Unwanted", "by hand")
		if err != nil || !first.StopDate.Equal(time.Now()) {
			t.Errorf("stopped: %v, %v", first, err)
		}
		out := execution(t, c, arn)
		if out.Status != "ABORTED" || *out.Error != "Unwanted" || *out.Cause != "by hand" || !out.StopDate.Equal(*first.StopDate) {
			t.Errorf("got %+v", out)
		}
		time.Sleep(2 * time.Hour)
		again, err := stop(arn, "Other", "other")
		if err != nil || !again.StopDate.Equal(*first.StopDate) || sim.Executions()[0].Error != "Unwanted" {
			t.Errorf("stopped again: %v, %v", again, err)
		}
		refusals := map[string]struct{ arn, name, cause, code string }{
			"missing": {arn + "2", "", "", "ExecutionDoesNotExist"},
			"ARN":     {machineARN, "", "", "InvalidArn"},
			"short":   {"arn:aws:states:eu-west-1:111122223333:execution:check", "", "", "InvalidArn"},
			"error":   {arn, strings.Repeat("a", 257), "", "ValidationException"},
			"cause":   {arn, "", strings.Repeat("a", 32769), "ValidationException"},
		}
		for name, tc := range refusals {
			if _, err := stop(tc.arn, tc.name, tc.cause); code(err) != tc.code {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

// TestDescribeExecutionLag shows that DescribeExecution sometimes doesn't know
// yet what has started or ended, and always does in the end.
func TestDescribeExecutionLag(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		bubble(t, Options{Seed: seed}, func(t *testing.T, sim *Sim) {
			c := machine(t, sim, sfn.StateMachine{Hold: true})
			arn := start(t, c, "one", "{}")
			_, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: &arn})
			seen["start "+code(err)] = true
			execution(t, c, arn)
			if err := sim.FinishExecution(arn, "{}", nil); err != nil {
				t.Fatal(err)
			}
			out, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: &arn})
			if err != nil {
				t.Fatal(err)
			}
			seen["end "+string(out.Status)] = true
			if out := execution(t, c, arn); out.Status != "SUCCEEDED" {
				t.Errorf("in the end %s", out.Status)
			}
		})
	}
	if diff := cmp.Diff(map[string]bool{"start ": true, "start ExecutionDoesNotExist": true, "end RUNNING": true, "end SUCCEEDED": true}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestDescribeExecutionRefusals(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := machine(t, sim, sfn.StateMachine{})
		for arn, want := range map[string]string{
			executionPrefix + "one": "ExecutionDoesNotExist", machineARN: "InvalidArn", "one": "InvalidArn",
			executionPrefix + "one:two": "InvalidArn", executionPrefix + strings.Repeat("a", 256): "ValidationException",
		} {
			if _, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: &arn}); code(err) != want {
				t.Errorf("%s: got %v", arn, err)
			}
		}
		if _, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: aws.String(executionPrefix + "one"), IncludedData: "SOME"}); code(err) != "ValidationException" {
			t.Errorf("got %v", err)
		}
		sim.Faults.Add(Fault{Service: "states", Effect: Throttle})
		_, err := c.DescribeExecution(t.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: aws.String(executionPrefix + "one")})
		if code(err) != "ThrottlingException" {
			t.Errorf("got %v", err)
		}
	})
}

// TestStepFunctionsMediaType looks at the wire: JSON 1.0 and times in seconds.
func TestStepFunctionsMediaType(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		machine(t, sim, sfn.StateMachine{})
		for arn, status := range map[string]int{machineARN: 200, "x": 400} {
			answer := post(t, sim, "states", "AWSStepFunctions.StartExecution", `{"stateMachineArn":"`+arn+`"}`)
			if answer.status != status || answer.header.Get("Content-Type") != "application/x-amz-json-1.0" {
				t.Errorf("got %d %v", answer.status, answer.header)
			}
			var members map[string]any
			if err := json.Unmarshal(answer.body, &members); err != nil {
				t.Fatal(err)
			}
			if _, number := members["startDate"].(float64); status == 200 && !number {
				t.Errorf("got %s", answer.body)
			}
		}
	})
}
