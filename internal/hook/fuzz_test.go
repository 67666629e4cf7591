package hook

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// FuzzAnswers reads anything that a function, a webhook or a workflow may
// answer: every answer is one of the known ones and fits into status.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"hookStatus":"SUCCEEDED"}`, `{"hookStatus":"IN_PROGRESS","callBackDelay":5}`, `{"hookStatus":"IN_PROGRESS","callBackDelay":-1e300}`,
		`{"hookStatus":"FAILED","reason":"no"}`, `{"Status":"Succeeded"}`, `{"status":null}`, `[]`, `"FAILED"`, `{}`, ``, "\xff", `{"hookStatus":{"a":1}}`,
		`{"errorType":"Runtime.ExitError","errorMessage":"x"}`,
	} {
		f.Add([]byte(body), 200, false, "SUCCEEDED")
	}
	f.Add([]byte("no"), 500, true, "TIMED_OUT")
	f.Fuzz(func(t *testing.T, body []byte, status int, failed bool, state string) {
		for name, answer := range map[string]rollout.Answer{
			"function":  FromFunction(cloud.FunctionAnswer{Payload: body, Failed: failed}),
			"webhook":   FromWebhook(status, body),
			"execution": FromExecution(cloud.Execution{ARN: "arn", Status: cloud.ExecutionStatus(state), Output: body, Cause: string(body)}),
		} {
			switch answer.State {
			case rollout.AnswerYes, rollout.AnswerNo, rollout.AnswerLater, rollout.AnswerRunning:
			default:
				t.Errorf("%s: %+v is no answer", name, answer)
			}
			if len(answer.Message) > messageMax || len(answer.Output) > outputMax || !utf8.ValidString(answer.Message+answer.Output) {
				t.Errorf("%s: %+v doesn't fit into status", name, answer)
			}
			if answer.Delay < 0 || answer.Delay > time.Hour || answer.State == rollout.AnswerLater && answer.Delay < time.Second {
				t.Errorf("%s: call back after %s", name, answer.Delay)
			}
		}
		if failed && FromFunction(cloud.FunctionAnswer{Payload: body, Failed: true}).State != rollout.AnswerNo {
			t.Error("a function that raised an error lets the revision pass")
		}
	})
}
