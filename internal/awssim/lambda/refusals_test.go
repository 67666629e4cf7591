package lambda_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simlambda "github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// TestInvokeRefusals: codes and their status are those of the API reference,
// Invoke.
func TestInvokeRefusals(t *testing.T) {
	type input = lambda.InvokeInput
	tests := map[string]struct {
		edit       func(*input)
		status     int
		code, want string
	}{
		"missing":         {func(in *input) { in.FunctionName = aws.String("nope") }, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:nope"},
		"missing alias":   {func(in *input) { in.Qualifier = aws.String("beta") }, 404, "ResourceNotFoundException", "Function not found: " + checkARN + ":beta"},
		"name":            {func(in *input) { in.FunctionName = aws.String("a b") }, 400, "ValidationException", "Value 'a b' at 'functionName'"},
		"long name":       {func(in *input) { in.FunctionName = aws.String(strings.Repeat("a", 65)) }, 404, "ResourceNotFoundException", "Function not found"},
		"small latest":    {func(in *input) { in.Qualifier = aws.String("$latest") }, 404, "ResourceNotFoundException", "function:check:$latest"},
		"no qualifier":    {func(in *input) { in.FunctionName = aws.String("nope") }, 404, "ResourceNotFoundException", "function:nope:$LATEST"},
		"two qualifiers":  {func(in *input) { in.FunctionName, in.Qualifier = aws.String("check:live"), aws.String("$LATEST") }, 400, "InvalidParameterValueException", "does not match the specified qualifier"},
		"qualifier":       {func(in *input) { in.Qualifier = aws.String("a b") }, 400, "ValidationException", "'qualifier'"},
		"region":          {func(in *input) { in.FunctionName = aws.String(strings.Replace(checkARN, "eu-west-1", "us-east-1", 1)) }, 404, "ResourceNotFoundException", "are not reachable in this region ('eu-west-1')"},
		"account":         {func(in *input) { in.FunctionName = aws.String("999988887777:function:check") }, 403, "AccessDeniedException", "lambda:InvokeFunction"},
		"type":            {func(in *input) { in.InvocationType = "Later" }, 400, "ValidationException", "'invocationType'"},
		"log type":        {func(in *input) { in.LogType = "Head" }, 400, "ValidationException", "'logType'"},
		"context":         {func(in *input) { in.ClientContext = aws.String("{}") }, 400, "InvalidRequestContentException", "valid Base64-encoded JSON object"},
		"context no JSON": {func(in *input) { in.ClientContext = aws.String("AAAA") }, 400, "InvalidRequestContentException", "valid Base64-encoded JSON object"},
		"long context":    {func(in *input) { in.ClientContext = aws.String(strings.Repeat("A", 3584)) }, 400, "InvalidRequestContentException", "at most 3583"},
		"payload":         {func(in *input) { in.Payload = []byte("hello") }, 400, "InvalidRequestContentException", "Could not parse request body into json"},
		"large":           {func(in *input) { in.Payload = []byte(`"` + strings.Repeat("a", 6<<20-1) + `"`) }, 413, "RequestTooLargeException", "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		"larger":          {func(in *input) { in.Payload = make([]byte, 9<<20) }, 413, "RequestTooLargeException", "too large"},
		"large event":     {func(in *input) { in.Payload, in.InvocationType = []byte(`"`+strings.Repeat("a", 1<<20)+`"`), "Event" }, 413, "RequestTooLargeException", "Event invocation type (limit 1048576 bytes)"},
		"dry run":         {func(in *input) { in.FunctionName, in.InvocationType = aws.String("nope"), "DryRun" }, 404, "ResourceNotFoundException", "Function not found"},
		"event":           {func(in *input) { in.FunctionName, in.InvocationType = aws.String("nope"), "Event" }, 404, "ResourceNotFoundException", "Function not found"},
		"durable":         {func(in *input) { in.DurableExecutionName = aws.String("x") }, 400, "InvalidParameterValueException", "is not simulated"},
		"tenant":          {func(in *input) { in.TenantId = aws.String("x") }, 400, "InvalidParameterValueException", "is not simulated"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				register(t, sim, simlambda.Function{Handler: echo, Aliases: map[string]string{"live": "3"}})
				_, err := invoke(t, config, tc.edit)
				awstest.Refused(t, err, tc.status, tc.code, tc.want)
				if n := len(sim.Invocations("check")); n != 0 {
					t.Errorf("%d invocations", n)
				}
			})
		})
	}
}

// TestRefusalMembers: refusals have a type, and the SDK finds the message.
func TestRefusalMembers(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		_, err := invoke(t, config)
		if missing, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || *missing.Type != "User" || missing.Message == nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestRegisterFunctionRefusals(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		register(t, sim, simlambda.Function{ReservedConcurrency: 500})
		for name, f := range map[string]simlambda.Function{
			"a b": {}, strings.Repeat("a", 65): {}, "long": {Timeout: time.Hour}, "past": {Timeout: -1},
			"less": {ReservedConcurrency: -1}, "more": {ReservedConcurrency: 401},
		} {
			if sim.RegisterFunction(name, f) == nil {
				t.Errorf("function %q was registered", name)
			}
		}
		if err := sim.RegisterFunction("rest", simlambda.Function{ReservedConcurrency: 400}); err != nil {
			t.Error(err)
		}
		register(t, sim, simlambda.Function{ReservedConcurrency: 450})
	})
}

// TestOnTheWire shows what the SDK doesn't send.
func TestOnTheWire(t *testing.T) {
	const path = "/2015-03-31/functions/check/invocations"
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		register(t, sim, simlambda.Function{})
		for _, tc := range []struct {
			method, path string
			status       int
			want         string
		}{
			{http.MethodPost, path + "?Version=1", 400, "InvalidParameterValueException"},
			{http.MethodGet, path, 404, "UnknownOperationException"},
			{http.MethodPost, "/2015-03-31/functions", 404, "UnknownOperationException"},
			{http.MethodPost, path, 200, ""},
		} {
			answer := awstest.Send(t, sim, awstest.Request{Service: "lambda", Method: tc.method, Path: tc.path})
			if answer.Status != tc.status || answer.Header.Get("X-Amzn-Errortype") != tc.want || answer.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("%s %s: got %+v", tc.method, tc.path, answer)
			}
		}
		_, err := lambda.NewFromConfig(config).ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
		awstest.Refused(t, err, 404, "UnknownOperationException", "GET /2015-03-31/functions")
	})
}
