package hook

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

func TestFromFunction(t *testing.T) {
	later := func(d time.Duration, message string) rollout.Answer {
		return rollout.Answer{State: rollout.AnswerLater, Delay: d, Message: message}
	}
	no := func(message string) rollout.Answer { return rollout.Answer{State: rollout.AnswerNo, Message: message} }
	yes := rollout.Answer{State: rollout.AnswerYes}
	tests := map[string]struct {
		payload string
		failed  bool
		want    rollout.Answer
	}{
		"nothing":                      {"", false, yes},
		"null":                         {"null", false, yes},
		"no JSON":                      {"fine", false, yes},
		"a string":                     {`"Succeeded"`, false, yes},
		"a list":                       {`[1]`, false, yes},
		"another shape":                {`{"statusCode": 200}`, false, yes},
		"yes":                          {`{"hookStatus": "SUCCEEDED"}`, false, yes},
		"yes, as CodeDeploy":           {`{"status": "Succeeded"}`, false, yes},
		"no":                           {`{"hookStatus": "FAILED"}`, false, no("the function answered FAILED")},
		"no, and why":                  {`{"hookStatus": "FAILED", "reason": "the cart is empty"}`, false, no("the function answered FAILED: the cart is empty")},
		"no, as CodeDeploy":            {`{"status": "Failed", "message": "m"}`, false, no("the function answered FAILED: m")},
		"both":                         {`{"hookStatus": "FAILED", "status": "Succeeded"}`, false, no("the function answered FAILED")},
		"later":                        {`{"hookStatus": "IN_PROGRESS"}`, false, later(30*time.Second, "the function answered IN_PROGRESS")},
		"later, when":                  {`{"hookStatus": "IN_PROGRESS", "callBackDelay": 90, "message": "3 of 9"}`, false, later(90*time.Second, "3 of 9")},
		"later, at once":               {`{"hookStatus": "IN_PROGRESS", "callBackDelay": -5}`, false, later(time.Second, "the function answered IN_PROGRESS")},
		"later, some day":              {`{"hookStatus": "IN_PROGRESS", "callBackDelay": 1e99}`, false, later(time.Hour, "the function answered IN_PROGRESS")},
		"unknown":                      {`{"hookStatus": "maybe"}`, false, no(`the function answered the status "MAYBE", not SUCCEEDED, FAILED or IN_PROGRESS`)},
		"an error":                     {`{"errorType": "Error", "errorMessage": "boom"}`, true, no("the function raised an error: Error: boom")},
		"an error that says SUCCEEDED": {`{"hookStatus": "SUCCEEDED"}`, true, no("the function raised an error")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.want.Output = tt.payload
			got := FromFunction(cloud.FunctionAnswer{Payload: []byte(tt.payload), Failed: tt.failed})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCutAnswer: an answer that wasn't read to its end may say no.
func TestCutAnswer(t *testing.T) {
	got := FromFunction(cloud.FunctionAnswer{Payload: []byte(`{"hookStatus": "FAILED", "tests": ["`), Cut: true})
	if want := "the function's answer has more than 64 KiB, so its status isn't known"; got.State != rollout.AnswerNo || got.Message != want {
		t.Errorf("got %+v", got)
	}
}

func TestFromWebhook(t *testing.T) {
	for status, want := range map[int]string{
		200: "", 204: "", 299: "",
		302: "HTTP 302 Found (redirects are not followed)", 409: "HTTP 409 Conflict", 500: "HTTP 500 Internal Server Error", 599: "HTTP 599", 0: "HTTP 0",
	} {
		got := FromWebhook(status, []byte("body"))
		if got.Message != want || (got.State == rollout.AnswerYes) != (want == "") || got.Output != "body" {
			t.Errorf("%d: %+v", status, got)
		}
	}
}

func TestFromExecution(t *testing.T) {
	for name, tt := range map[string]struct {
		execution cloud.Execution
		want      rollout.Answer
	}{
		"running":   {cloud.Execution{Status: cloud.ExecutionRunning}, rollout.Answer{State: rollout.AnswerRunning}},
		"succeeded": {cloud.Execution{Status: cloud.ExecutionSucceeded, Output: []byte(`{"a":1}`)}, rollout.Answer{State: rollout.AnswerYes, Output: `{"a":1}`}},
		"failed":    {cloud.Execution{ARN: "arn", Status: cloud.ExecutionFailed, Error: "E", Cause: "c"}, rollout.Answer{State: rollout.AnswerNo, Message: "the execution arn ended as FAILED: E: c"}},
		"timed out": {cloud.Execution{ARN: "arn", Status: cloud.ExecutionTimedOut}, rollout.Answer{State: rollout.AnswerNo, Message: "the execution arn ended as TIMED_OUT"}},
		"something": {cloud.Execution{ARN: "arn", Status: "PENDING_REDRIVE"}, rollout.Answer{State: rollout.AnswerNo, Message: "the execution arn ended as PENDING_REDRIVE"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, FromExecution(tt.execution)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is kept of an answer fits into status, whatever it holds.
func TestAnswersAreBounded(t *testing.T) {
	for name, body := range map[string]string{
		"long":         strings.Repeat("a", 5000),
		"wide letters": strings.Repeat("ä", 5000),
		"no text":      strings.Repeat("\xff", 5000),
		"at the bound": strings.Repeat("a", outputMax),
	} {
		t.Run(name, func(t *testing.T) {
			for _, out := range []string{FromWebhook(200, []byte(body)).Output, FromFunction(cloud.FunctionAnswer{Payload: []byte(body)}).Output} {
				if len(out) > outputMax || !strings.HasPrefix(out+"…", strings.TrimSuffix(out, "…")) {
					t.Errorf("%d bytes", len(out))
				}
				if _, err := json.Marshal(out); err != nil || strings.ToValidUTF8(out, "") != out {
					t.Errorf("no text: %q", out)
				}
			}
		})
	}
}

// An answer that repeats the question doesn't tell the token, wherever it was cut.
func TestRedact(t *testing.T) {
	const token = "MFRGGZDFMZTWQ2LKNNWG23TPOB"
	for text, want := range map[string]string{
		"":                              "",
		"fine":                          "fine",
		`{"value": "` + token + `"}`:    `{"value": "[token]"}`,
		token + token:                   "[token][token]",
		`{"value": "MFRGGZDFMZTWQ2LK…`:  `{"value": "…`,
		`{"value": "MFRGGZDFMZTWQ2LK"}`: `{"value": "MFRGGZDFMZTWQ2LK"}`,
		"cut …":                         "cut …",
	} {
		if got := Redact(text, token); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := Redact("fine", ""); got != "fine" {
		t.Errorf("without a token: %q", got)
	}
}
