package aws

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	gateMachine   = "arn:aws:states:us-east-2:111122223333:stateMachine:viridian-gate"
	gateExecution = "arn:aws:states:us-east-2:111122223333:execution:viridian-gate:r1"
)

func TestStart(t *testing.T) {
	tests := map[string]struct {
		status int
		code   string
		want   cloud.Kind
	}{
		"well":           {200, "", ""},
		"there already":  {400, "ExecutionAlreadyExists", ""},
		"none":           {400, "StateMachineDoesNotExist", cloud.KindNotFound},
		"being deleted":  {400, "StateMachineDeleting", cloud.KindConflict},
		"used up":        {400, "ExecutionLimitExceeded", cloud.KindQuota},
		"its key":        {400, "KmsAccessDeniedException", cloud.KindDenied},
		"its key's pace": {400, "KmsThrottlingException", cloud.KindThrottled},
		"name":           {400, "InvalidName", cloud.KindInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := &wire{f: func(*http.Request, string) (int, string, string) {
				if tc.code != "" {
					return tc.status, "", jsonError(tc.code, "so it is")
				}
				return 200, "", `{"executionArn":"` + gateExecution + `","startDate":1800000000}`
			}}
			err := w.clients(t).Workflows.Start(t.Context(), gateMachine+":live", "r1", []byte(`{"revision":1}`))
			if cloud.KindOf(err) != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("error is %v", err)
			}
			if host := "states.us-east-2.amazonaws.com AWSStepFunctions.StartExecution "; !strings.HasPrefix(w.asked[0], host) ||
				!strings.Contains(w.asked[0], `"input":"{\"revision\":1}"`) || !strings.Contains(w.asked[0], `"stateMachineArn":"`+gateMachine+`:live"`) {
				t.Errorf("asked %s", w.asked[0])
			}
		})
	}
}

func TestExecution(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   cloud.Execution
	}{
		"runs": {`{"status":"RUNNING","startDate":1800000000}`, cloud.Execution{Status: cloud.ExecutionRunning}},
		"done": {
			`{"status":"SUCCEEDED","output":"{\"pass\":true}","stopDate":1800000060}`,
			cloud.Execution{Status: cloud.ExecutionSucceeded, Output: []byte(`{"pass":true}`), EndedAt: time.Unix(1_800_000_060, 0).UTC()},
		},
		"failed": {
			`{"status":"FAILED","error":"States.TaskFailed","cause":"no","stopDate":1800000060}`,
			cloud.Execution{Status: cloud.ExecutionFailed, Error: "States.TaskFailed", Cause: "no", EndedAt: time.Unix(1_800_000_060, 0).UTC()},
		},
		"long": {
			`{"status":"SUCCEEDED","output":"` + strings.Repeat("x", 2*answerMax) + `"}`,
			cloud.Execution{Status: cloud.ExecutionSucceeded, Output: []byte(strings.Repeat("x", answerMax))},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := &wire{f: func(*http.Request, string) (int, string, string) { return 200, "", tc.answer }}
			got, err := w.clients(t).Workflows.Execution(t.Context(), gateMachine, "r1")
			check(t, err)
			tc.want.ARN = gateExecution
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !strings.Contains(w.asked[0], `{"executionArn":"`+gateExecution+`"}`) {
				t.Errorf("asked %s", w.asked[0])
			}
		})
	}
	w := &wire{f: func(*http.Request, string) (int, string, string) {
		return 400, "", jsonError("ExecutionDoesNotExist", "so it is")
	}}
	_, err := w.clients(t).Workflows.Execution(t.Context(), gateMachine, "r1")
	wantKind(t, err, cloud.KindNotFound)
}

func TestExecutionARN(t *testing.T) {
	tests := map[string]struct{ machine, name, want string }{
		"plain":        {gateMachine, "r1", gateExecution},
		"version":      {gateMachine + ":7", "r1", gateExecution},
		"alias":        {gateMachine + ":live.1", "r1", gateExecution},
		"China":        {"arn:aws-cn:states:cn-north-1:111122223333:stateMachine:a", "b", "arn:aws-cn:states:cn-north-1:111122223333:execution:a:b"},
		"express":      {"arn:aws:states:us-east-2:111122223333:express:a", "b", ""},
		"execution":    {gateExecution, "r1", ""},
		"name":         {"viridian-gate", "r1", ""},
		"region":       {"arn:aws:states:evil.example/:111122223333:stateMachine:a", "b", ""},
		"name apart":   {gateMachine, "a:b", ""},
		"long name":    {gateMachine, strings.Repeat("a", 81), ""},
		"no name":      {gateMachine, "", ""},
		"two versions": {gateMachine + ":7:8", "r1", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, got, err := execution(tc.machine, tc.name)
			if got != tc.want || (err == nil) != (tc.want != "") || err != nil && cloud.KindOf(err) != cloud.KindInvalid {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}
