package sfn_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simsfn "github.com/viridian-dev/viridian/internal/awssim/sfn"
)

const (
	machineARN      = "arn:aws:states:eu-west-1:111122223333:stateMachine:check"
	executionPrefix = "arn:aws:states:eu-west-1:111122223333:execution:check:"
)

// machine makes the state machine check.
func machine(t *testing.T, sim *awssim.Sim, m simsfn.StateMachine) *sfn.Client {
	t.Helper()
	arn, err := sim.RegisterStateMachine("check", m)
	if err != nil || arn != machineARN {
		t.Fatalf("registered %s, %v", arn, err)
	}
	return sfn.NewFromConfig(awstest.Config(sim))
}

func start(t *testing.T, c *sfn.Client, name, input string) string {
	t.Helper()
	out, err := c.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(machineARN), Name: &name, Input: &input})
	if err != nil {
		t.Fatal(err)
	}
	if !out.StartDate.Equal(time.Now()) {
		t.Errorf("started at %s, now %s", out.StartDate, time.Now())
	}
	return *out.ExecutionArn
}

func execution(t *testing.T, c *sfn.Client, arn string) *sfn.DescribeExecutionOutput {
	t.Helper()
	time.Sleep(time.Second) // until it is consistent
	out, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExecution(t *testing.T) {
	tests := map[string]struct {
		machine                      simsfn.StateMachine
		status                       types.ExecutionStatus
		output, name, cause, redrive string
	}{
		"default":   {simsfn.StateMachine{}, "SUCCEEDED", "{}", "", "", "NOT_REDRIVABLE"},
		"output":    {simsfn.StateMachine{Outcome: func(input string) (string, error) { return "[" + input + "]", nil }}, "SUCCEEDED", `[{"a":1}]`, "", "", "NOT_REDRIVABLE"},
		"named":     {simsfn.StateMachine{Outcome: func(string) (string, error) { return "", &simsfn.Error{Name: "Bad", Cause: "too slow"} }}, "FAILED", "", "Bad", "too slow", "REDRIVABLE"},
		"error":     {simsfn.StateMachine{Outcome: func(string) (string, error) { return "", errors.New("no") }}, "FAILED", "", "States.TaskFailed", "no", "REDRIVABLE"},
		"no JSON":   {simsfn.StateMachine{Outcome: func(string) (string, error) { return "no", nil }}, "FAILED", "", "States.Runtime", "The output of the execution is not valid JSON.", "REDRIVABLE"},
		"large":     {simsfn.StateMachine{Outcome: func(string) (string, error) { return strings.Repeat(" ", 262145), nil }}, "FAILED", "", "States.DataLimitExceeded", "The state/task returned a result with a size exceeding the maximum number of bytes service limit.", "REDRIVABLE"},
		"times out": {simsfn.StateMachine{Timeout: 5 * time.Second}, "TIMED_OUT", "", "States.Timeout", "", "REDRIVABLE"},
		"held":      {simsfn.StateMachine{Hold: true}, "RUNNING", "", "", "", "NOT_REDRIVABLE"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{Speed: 2}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
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
				metadata, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn, IncludedData: types.IncludedDataMetadataOnly})
				if err != nil || metadata.Input != nil || metadata.Output != nil {
					t.Errorf("metadata are %+v, %v", metadata, err)
				}
			})
		})
	}
}

func TestExecutionNames(t *testing.T) {
	awstest.Run(t, awssim.Options{Speed: kept}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		c := machine(t, sim, simsfn.StateMachine{Hold: true})
		arn := start(t, c, "one", "{}")
		again := func(input string) (*sfn.StartExecutionOutput, error) {
			return c.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(machineARN), Name: aws.String("one"), Input: &input})
		}
		began := time.Now()
		time.Sleep(time.Minute)
		if out, err := again("{}"); err != nil || *out.ExecutionArn != arn || !out.StartDate.Equal(began) {
			t.Errorf("a replay is %v, %v", out, err)
		}
		if _, err := again("[]"); awstest.Code(err) != "ExecutionAlreadyExists" || !strings.Contains(err.Error(), "Execution Already Exists: '"+arn+"'") {
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
		if _, err := again("{}"); awstest.Code(err) != "ExecutionAlreadyExists" {
			t.Errorf("a closed execution: %v", err)
		}
		time.Sleep(time.Minute)
		if out, err := again("[]"); err != nil || *out.ExecutionArn != arn {
			t.Errorf("after 90 days: %v, %v", out, err)
		}
		if err := sim.FinishExecution(arn, "", &simsfn.Error{Name: "Bad", Cause: "no"}); err != nil {
			t.Fatal(err)
		}
		if out := execution(t, c, arn); out.Status != "FAILED" || *out.Error != "Bad" || *out.Input != "[]" {
			t.Errorf("finished as %+v", out)
		}
	})
}

func TestStopExecution(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		c := machine(t, sim, simsfn.StateMachine{Duration: time.Hour})
		arn := start(t, c, "one", "{}")
		stop := func(arn, name, cause string) (*sfn.StopExecutionOutput, error) {
			return c.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn, Error: &name, Cause: &cause})
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
	})
}

// TestDescribeExecutionLag shows that DescribeExecution sometimes doesn't know
// yet what has started or ended, and always does in the end.
func TestDescribeExecutionLag(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		awstest.Run(t, awssim.Options{Seed: seed}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
			c := machine(t, sim, simsfn.StateMachine{Hold: true})
			arn := start(t, c, "one", "{}")
			_, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
			seen["start "+awstest.Code(err)] = true
			execution(t, c, arn)
			if err := sim.FinishExecution(arn, "{}", nil); err != nil {
				t.Fatal(err)
			}
			out, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
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

// TestLongestExecution: an execution runs for a year at most (Step Functions
// quotas, Maximum execution time).
func TestLongestExecution(t *testing.T) {
	const year, minute = 365 * 24 * time.Hour, 365 * 24 * 60 // a year takes a minute
	awstest.Run(t, awssim.Options{Speed: minute}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		c := machine(t, sim, simsfn.StateMachine{Hold: true, Timeout: 2 * year})
		arn := start(t, c, "one", "{}")
		time.Sleep(58 * time.Second)
		if out := execution(t, c, arn); out.Status != "RUNNING" {
			t.Errorf("it is %s", out.Status)
		}
		time.Sleep(time.Second)
		if out := execution(t, c, arn); out.Status != "TIMED_OUT" || *out.Error != "States.Timeout" {
			t.Errorf("it is %+v", out)
		}
	})
}

// kept is the speed at which 90 days take a minute.
const kept = 90 * 24 * 60

// TestHistoryIsKept for 90 days after an execution is over (Step Functions
// quotas, Execution history retention time).
func TestHistoryIsKept(t *testing.T) {
	awstest.Run(t, awssim.Options{Speed: kept}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		c := machine(t, sim, simsfn.StateMachine{})
		arn := start(t, c, "one", "{}")
		time.Sleep(58 * time.Second)
		if out := execution(t, c, arn); out.Status != "SUCCEEDED" {
			t.Errorf("it is %s", out.Status)
		}
		time.Sleep(time.Second)
		_, described := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		_, stopped := c.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn})
		for _, err := range []error{described, stopped} {
			awstest.Refused(t, err, 400, "ExecutionDoesNotExist", arn)
		}
	})
}
