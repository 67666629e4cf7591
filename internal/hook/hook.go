// Package hook owns what gates are asked and how their answers are read: the
// payload that functions, workflows and webhooks get, and the shapes of answers
// of each. It is pure.
//
// It imports the standard library, the API, internal/cloud and
// internal/rollout.
package hook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Version of the payload. Fields may be added to a version, none is taken away
// or given another meaning.
const Version = "1"

// Question is what a gate is asked.
type Question struct {
	Version string `json:"version"`
	// Target is the URL to which a webhook's request is sent, without its query;
	// absent for functions and workflows.
	Target string `json:"target,omitempty"`
	// IdempotencyKey is the same whenever the same attempt is asked again: by
	// a controller that crashed, or after the answer IN_PROGRESS.
	IdempotencyKey string             `json:"idempotencyKey"`
	Gate           string             `json:"gate"`
	Point          v1alpha1.GatePoint `json:"point"`
	Attempt        int32              `json:"attempt"`
	Call           int32              `json:"call"`
	Deployment     Deployment         `json:"deployment"`
	Rollout        Rollout            `json:"rollout"`
	Revision       *Revision          `json:"revision,omitempty"`
	// Stable is the revision that serves; absent if none does.
	Stable *Revision `json:"stable,omitempty"`
	// Preview tells how to reach Revision whatever its share of the traffic;
	// absent for workers.
	Preview *Preview `json:"preview,omitempty"`
}

// Deployment is the ImmutableDeployment.
type Deployment struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

// Rollout is where the rollout is.
type Rollout struct {
	ID    string                `json:"id"`
	Cause v1alpha1.RolloutCause `json:"cause,omitempty"`
	// Step after which the gate stands, counted from 1; absent elsewhere.
	Step int32 `json:"step,omitempty"`
	// Weight is Revision's percentage of the requests.
	Weight int32 `json:"weight"`
	// Outcome and Message of a rollout that is decided.
	Outcome v1alpha1.Outcome `json:"outcome,omitempty"`
	Message string           `json:"message,omitempty"`
}

// Revision is an ImmutableRevision and what its stack made.
type Revision struct {
	Name              string            `json:"name"`
	Number            int64             `json:"number"`
	Images            map[string]string `json:"images"`
	StackName         string            `json:"stackName"`
	Cluster           string            `json:"cluster,omitempty"`
	Service           string            `json:"service,omitempty"`
	TaskDefinitionARN string            `json:"taskDefinitionARN,omitempty"`
	TargetGroupARN    string            `json:"targetGroupARN,omitempty"`
}

// ForRevision tells of a revision, but for its images.
func ForRevision(imr *v1alpha1.ImmutableRevision) *Revision {
	r := &Revision{Name: imr.Name, Number: imr.Spec.Revision, StackName: imr.Spec.StackName, Images: map[string]string{}}
	if out := imr.Status.Outputs; out != nil {
		r.TargetGroupARN, r.Cluster, r.Service, r.TaskDefinitionARN = out.TargetGroupARN, out.Cluster, out.ServiceName, out.TaskDefinitionARN
	}
	return r
}

// Preview is where and with which header a revision answers.
type Preview struct {
	URL string `json:"url"`
	// Host to send; absent if the rule has no host name of its own.
	Host   string `json:"host,omitempty"`
	Header string `json:"header"`
	Value  string `json:"value"`
}

// CodeDeploy is the payload of CodeDeploy's lifecycle hooks.
type CodeDeploy struct {
	DeploymentID                  string `json:"DeploymentId"`
	LifecycleEventHookExecutionID string `json:"LifecycleEventHookExecutionId"`
}

// ForCodeDeploy is a question in the shape of CodeDeploy's.
func ForCodeDeploy(deploymentID, attemptID string) CodeDeploy {
	return CodeDeploy{DeploymentID: deploymentID, LifecycleEventHookExecutionID: attemptID}
}

const (
	// outputMax and messageMax are what status holds, in bytes.
	outputMax  = 1000
	messageMax = 400
	// callBack is when a function is called again that doesn't say when, as
	// ECS does it, and callBackMax the longest.
	callBack    = 30 * time.Second
	callBackMax = time.Hour
)

// functionResult is what of a function's answer is looked at: the shape of
// ECS's hooks, and the status in that of CodeDeploy's.
type functionResult struct {
	HookStatus    string   `json:"hookStatus"`
	CallBackDelay *float64 `json:"callBackDelay"`
	Status        string   `json:"status"`
	Message       string   `json:"message"`
	Reason        string   `json:"reason"`
	// What Lambda answers for a function that raised an error.
	ErrorType    string `json:"errorType"`
	ErrorMessage string `json:"errorMessage"`
}

// FromFunction reads what a function answered. One that returns without an
// error and without a status has let the revision pass.
func FromFunction(answer cloud.FunctionAnswer) rollout.Answer {
	var result functionResult
	_ = json.Unmarshal(answer.Payload, &result) // any other shape has no status
	out := rollout.Answer{State: rollout.AnswerYes, Output: cut(string(answer.Payload), outputMax)}
	if answer.Failed {
		out.State = rollout.AnswerNo
		out.Message = cut(strings.TrimRight("the function raised an error: "+strings.Trim(result.ErrorType+": "+result.ErrorMessage, ": "), ": "), messageMax)
		return out
	}
	if answer.Cut {
		out.State, out.Message = rollout.AnswerNo, "the function's answer has more than 64 KiB, so its status isn't known"
		return out
	}
	status := strings.ToUpper(cmp.Or(result.HookStatus, result.Status))
	why := cmp.Or(result.Message, result.Reason)
	switch status {
	case "IN_PROGRESS":
		out.State, out.Delay = rollout.AnswerLater, delay(result.CallBackDelay)
		out.Message = cut(cmp.Or(why, "the function answered IN_PROGRESS"), messageMax)
	case "FAILED":
		out.State = rollout.AnswerNo
		out.Message = cut(strings.TrimSuffix("the function answered FAILED: "+why, ": "), messageMax)
	case "", "SUCCEEDED":
		out.Message = cut(why, messageMax)
	default:
		out.State = rollout.AnswerNo
		out.Message = cut(fmt.Sprintf("the function answered the status %q, not SUCCEEDED, FAILED or IN_PROGRESS", status), messageMax)
	}
	return out
}

// delay bounds when a function wants to be called again.
func delay(seconds *float64) time.Duration {
	if seconds == nil {
		return callBack
	}
	return time.Duration(min(max(*seconds, 1), callBackMax.Seconds()) * float64(time.Second))
}

// No is the answer of a gate that could not be asked, where that is a no.
func No(why string) rollout.Answer {
	return rollout.Answer{State: rollout.AnswerNo, Message: cut(why, messageMax)}
}

// FromWebhook reads what a webhook answered: 2XX is a yes.
func FromWebhook(status int, body []byte) rollout.Answer {
	out := rollout.Answer{State: rollout.AnswerYes, Output: cut(string(body), outputMax)}
	if status < http.StatusOK || status >= http.StatusMultipleChoices {
		out.State = rollout.AnswerNo
		out.Message = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
		if status >= http.StatusMultipleChoices && status < http.StatusBadRequest {
			out.Message += " (redirects are not followed)"
		}
	}
	return out
}

// FromExecution reads how an execution of a workflow is going.
func FromExecution(e cloud.Execution) rollout.Answer {
	switch e.Status { //nolint:exhaustive // whatever else it is, it has ended without success
	case cloud.ExecutionRunning:
		return rollout.Answer{State: rollout.AnswerRunning}
	case cloud.ExecutionSucceeded:
		return rollout.Answer{State: rollout.AnswerYes, Output: cut(string(e.Output), outputMax)}
	}
	why := strings.Trim(e.Error+": "+e.Cause, ": ")
	return rollout.Answer{State: rollout.AnswerNo, Message: cut(strings.TrimSuffix(fmt.Sprintf("the execution %s ended as %s: %s", e.ARN, e.Status, why), ": "), messageMax)}
}

// Redact takes a revision's token out of an answer, also where the answer was cut
// in the middle of it.
func Redact(text, token string) string {
	const instead, least = "[token]", 4
	if token == "" {
		return text
	}
	text = strings.ReplaceAll(text, token, instead)
	whole := strings.TrimSuffix(text, "…")
	for n := len(token) - 1; n >= least && whole != text; n-- {
		if rest, found := strings.CutSuffix(whole, token[:n]); found {
			return rest + "…"
		}
	}
	return text
}

// cut bounds a text in bytes, at the end of a character.
func cut(text string, n int) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= n {
		return text
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
