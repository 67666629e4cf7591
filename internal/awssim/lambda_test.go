package awssim

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/viridian-dev/viridian/internal/awssim/lambda"
)

const checkARN = "arn:aws:lambda:eu-west-1:111122223333:function:check"

func lambdaClient(sim *Sim) *awslambda.Client {
	return awslambda.NewFromConfig(sdkConfig(sim, 1))
}

// register makes the function check.
func register(t *testing.T, sim *Sim, f lambda.Function) {
	t.Helper()
	if err := sim.RegisterFunction("check", f); err != nil {
		t.Fatal(err)
	}
}

// echo returns its payload.
func echo(payload []byte) ([]byte, error) { return payload, nil }

func invoke(t *testing.T, sim *Sim, edit ...func(*awslambda.InvokeInput)) (*awslambda.InvokeOutput, error) {
	t.Helper()
	in := &awslambda.InvokeInput{FunctionName: aws.String("check"), Payload: []byte(`{"a":1}`)}
	for _, f := range edit {
		f(in)
	}
	return lambdaClient(sim).Invoke(t.Context(), in)
}

func status(err error) int {
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}

func TestInvoke(t *testing.T) {
	names := map[string]string{
		"check":                                   "$LATEST",
		"check:$LATEST":                           "$LATEST",
		"check:live":                              "3",
		"function:check":                          "$LATEST",
		"111122223333:function:check":             "$LATEST",
		"111122223333:function:check:live":        "3",
		"eu-west-1:111122223333:function:check":   "$LATEST",
		checkARN:                                  "$LATEST",
		checkARN + ":live":                        "3",
		"arn:aws:lambda:eu-west-1:function:check": "$LATEST",
	}
	bubble(t, Options{Speed: 10}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{Handler: echo, Duration: 20 * time.Second, Timeout: time.Minute, Aliases: map[string]string{"live": "3"}})
		for name, version := range names {
			began := time.Now()
			out, err := invoke(t, sim, func(in *awslambda.InvokeInput) { in.FunctionName = &name })
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if string(out.Payload) != `{"a":1}` || out.StatusCode != http.StatusOK || out.FunctionError != nil || *out.ExecutedVersion != version {
				t.Errorf("%s: got %s, %d, %v, %s", name, out.Payload, out.StatusCode, out.FunctionError, *out.ExecutedVersion)
			}
			if took := time.Since(began); took != 2*time.Second {
				t.Errorf("%s: took %s", name, took)
			}
		}
		out, err := invoke(t, sim, func(in *awslambda.InvokeInput) {
			in.Qualifier, in.LogType, in.Payload = aws.String("live"), lambdatypes.LogTypeTail, nil
			in.ClientContext = aws.String(base64.StdEncoding.EncodeToString([]byte(`{"custom":{}}`)))
		})
		if err != nil || *out.ExecutedVersion != "3" || string(out.Payload) != "{}" {
			t.Fatalf("got %v, %v", out, err)
		}
		if log, err := base64.StdEncoding.DecodeString(*out.LogResult); err != nil || !strings.Contains(string(log), "Duration: 20000.00 ms") {
			t.Errorf("log is %q, %v", log, err)
		}
		all := sim.Invocations("check")
		if len(all) != len(names)+1 || string(all[0].Payload) != `{"a":1}` || all[1].At.Sub(all[0].At) != 2*time.Second {
			t.Errorf("invocations are %v", all)
		}
		if last := sim.Calls()[0]; last.Operation() != "lambda:Invoke" || last.Key == "" {
			t.Errorf("recorded %+v", last)
		}
		if sim.Invocations("other") != nil {
			t.Error("a missing function was invoked")
		}
	})
}

func TestInvokeRefusals(t *testing.T) {
	type input = awslambda.InvokeInput
	tests := map[string]struct {
		edit       func(*input)
		status     int
		code, want string
	}{
		"missing":         {func(in *input) { in.FunctionName = aws.String("nope") }, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:nope"},
		"missing alias":   {func(in *input) { in.Qualifier = aws.String("beta") }, 404, "ResourceNotFoundException", "Function not found: " + checkARN + ":beta"},
		"name":            {func(in *input) { in.FunctionName = aws.String("a b") }, 400, "ValidationException", "Value 'a b' at 'functionName'"},
		"long name":       {func(in *input) { in.FunctionName = aws.String(strings.Repeat("a", 65)) }, 400, "ValidationException", "less than or equal to 64"},
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
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{Handler: echo, Aliases: map[string]string{"live": "3"}})
		for name, tc := range tests {
			_, err := invoke(t, sim, tc.edit)
			if err == nil || code(err) != tc.code || !strings.Contains(err.Error(), tc.want) || status(err) != tc.status {
				t.Errorf("%s: got %v, want %d %s %q", name, err, tc.status, tc.code, tc.want)
			}
		}
		if _, err := lambdaClient(sim).ListFunctions(t.Context(), &awslambda.ListFunctionsInput{}); code(err) != "UnknownOperationException" {
			t.Errorf("listing functions: %v", err)
		}
		if n := len(sim.Invocations("check")); n != 0 {
			t.Errorf("%d invocations", n)
		}
		for name, f := range map[string]lambda.Function{"a b": {}, "long": {Timeout: time.Hour}, "less": {ReservedConcurrency: -1}} {
			if sim.RegisterFunction(name, f) == nil {
				t.Errorf("function %q was registered", name)
			}
		}
	})
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{})
		_, err := invoke(t, sim, func(in *input) { in.FunctionName = aws.String("nope") })
		if missing, ok := errors.AsType[*lambdatypes.ResourceNotFoundException](err); !ok || *missing.Type != "User" || missing.Message == nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestFunctionErrors(t *testing.T) {
	tests := map[string]struct {
		f    lambda.Function
		want string
	}{
		"error":   {lambda.Function{Handler: func([]byte) ([]byte, error) { return nil, errors.New("no database") }}, `{"errorMessage":"no database","errorType":"errorString"}`},
		"typed":   {lambda.Function{Handler: func([]byte) ([]byte, error) { return nil, &lambda.Error{Type: "ValueError", Message: "no"} }}, `{"errorMessage":"no","errorType":"ValueError"}`},
		"exit":    {lambda.Function{Handler: func([]byte) ([]byte, error) { runtime.Goexit(); return nil, nil }}, `Runtime.ExitError`},
		"large":   {lambda.Function{Handler: func([]byte) ([]byte, error) { return make([]byte, 6<<20+101), nil }}, `Function.ResponseSizeTooLarge`},
		"timeout": {lambda.Function{Duration: time.Minute}, `Error: Task timed out after 3.00 seconds`},
		"hangs":   {lambda.Function{Timeout: time.Minute, Handler: func([]byte) ([]byte, error) { time.Sleep(time.Hour); return nil, nil }}, `Task timed out after 60.00 seconds`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				register(t, sim, tc.f)
				out, err := invoke(t, sim)
				if err != nil || out.StatusCode != http.StatusOK || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), tc.want) {
					t.Errorf("got %+v, %v", out, err)
				}
				time.Sleep(time.Hour) // until every handler has returned
			})
		})
	}
}

func TestInvokeDryRun(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{})
		out, err := invoke(t, sim, func(in *awslambda.InvokeInput) { in.InvocationType = lambdatypes.InvocationTypeDryRun })
		if err != nil || out.StatusCode != http.StatusNoContent || len(sim.Invocations("check")) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
		if out, err = invoke(t, sim); err != nil || string(out.Payload) != "null" {
			t.Errorf("got %v, %v", out, err)
		}
	})
}

// TestInvokeEvent shows that nobody waits for an event, that one which fails
// runs again twice and that one which is throttled stays in the queue.
func TestInvokeEvent(t *testing.T) {
	asEvent := func(in *awslambda.InvokeInput) { in.InvocationType = lambdatypes.InvocationTypeEvent }
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{Handler: func([]byte) ([]byte, error) { return nil, errors.New("no") }})
		began := time.Now()
		out, err := invoke(t, sim, asEvent)
		if err != nil || out.StatusCode != http.StatusAccepted || len(out.Payload) != 0 || !time.Now().Equal(began) {
			t.Errorf("got %v, %v", out, err)
		}
		time.Sleep(time.Hour)
		all := sim.Invocations("check")
		if len(all) != 3 || all[1].At.Sub(all[0].At) != time.Minute || all[2].At.Sub(all[1].At) != 2*time.Minute || !all[0].Event {
			t.Errorf("invocations are %v", all)
		}
	})
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{Duration: time.Minute, Timeout: time.Hour / 4, ReservedConcurrency: 1})
		for range 3 {
			if _, err := invoke(t, sim, asEvent); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Second)
		if n := len(sim.Invocations("check")); n != 1 {
			t.Errorf("%d run at once", n)
		}
		time.Sleep(time.Hour)
		if n := len(sim.Invocations("check")); n != 3 {
			t.Errorf("%d have run", n)
		}
	})
}

func TestReservedConcurrency(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		register(t, sim, lambda.Function{Duration: 2 * time.Second, ReservedConcurrency: 1})
		first := make(chan error, 1)
		go func() {
			_, err := invoke(t, sim)
			first <- err
		}()
		synctest.Wait()
		_, err := invoke(t, sim)
		limit, ok := errors.AsType[*lambdatypes.TooManyRequestsException](err)
		if !ok || limit.Reason != lambdatypes.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || status(err) != http.StatusTooManyRequests {
			t.Errorf("got %v", err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if _, err := invoke(t, sim); err != nil {
			t.Error(err)
		}
	})
}

// TestInvokeGivenUp shows that an invocation doesn't end with the client's
// patience, and that others are answered meanwhile.
func TestInvokeGivenUp(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		ended := false
		register(t, sim, lambda.Function{Duration: time.Minute, Timeout: 2 * time.Minute, ReservedConcurrency: 1, Handler: func([]byte) ([]byte, error) {
			time.Sleep(40 * time.Second)
			sim.Do(func() { ended = true })
			return nil, nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := lambdaClient(sim).Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("check")})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		if _, err := invoke(t, sim); code(err) != "TooManyRequestsException" {
			t.Errorf("got %v", err)
		}
		time.Sleep(45 * time.Second)
		if _, err := invoke(t, sim); code(err) != "TooManyRequestsException" {
			t.Errorf("got %v", err)
		}
		time.Sleep(6 * time.Second)
		if !ended {
			t.Error("the invocation ended with the request")
		}
		if _, err := invoke(t, sim); err != nil {
			t.Error(err)
		}
	})
}

func TestInvokeFaults(t *testing.T) {
	tests := map[string]struct {
		effect Effect
		status int
		code   string
		runs   int
	}{
		"throttle":       {Throttle, 429, "TooManyRequestsException", 0},
		"server error":   {ServerError, 500, "ServiceException", 0},
		"timeout before": {TimeoutBefore, 0, "", 0},
		"timeout after":  {TimeoutAfter, 0, "", 1},
		"access denied":  {AccessDenied, 403, "AccessDeniedException", 0},
		"expired token":  {ExpiredToken, 403, "ExpiredTokenException", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				register(t, sim, lambda.Function{Duration: time.Second})
				sim.Faults.Add(Fault{Service: "lambda", Action: "Invoke", Effect: tc.effect, Match: func(c Call) bool { return c.Key == "check" }})
				_, err := invoke(t, sim)
				if err == nil || code(err) != tc.code || status(err) != tc.status {
					t.Errorf("got %v", err)
				}
				var timeout interface{ Timeout() bool }
				if tc.code == "" && (!errors.As(err, &timeout) || !timeout.Timeout()) {
					t.Errorf("a lost answer is no timeout: %v", err)
				}
				if n := len(sim.Invocations("check")); n != tc.runs {
					t.Errorf("%d invocations", n)
				}
				if calls := sim.Calls(); len(calls) != 1 || calls[0].ErrorCode == "" || tc.code != "" && calls[0].ErrorCode != tc.code {
					t.Errorf("recorded %+v", calls)
				}
				if refused, ok := errors.AsType[smithy.APIError](err); ok && refused.ErrorMessage() == "" {
					t.Error("the message is missing")
				}
			})
		})
	}
}

// TestInvokeOverHTTP invokes through a socket, and closes the account under a
// request.
func TestInvokeOverHTTP(t *testing.T) {
	sim := New(Options{Speed: 1000})
	server := httptest.NewServer(sim)
	defer server.Close()
	register(t, sim, lambda.Function{Handler: echo, Duration: time.Second})
	config := sdkConfig(sim, 1)
	config.HTTPClient, config.BaseEndpoint = http.DefaultClient, &server.URL
	c := awslambda.NewFromConfig(config)
	for _, name := range []string{"check", checkARN} {
		out, err := c.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name, Payload: []byte("[]")})
		if err != nil || string(out.Payload) != "[]" {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
	running := make(chan struct{})
	release := make(chan struct{})
	register(t, sim, lambda.Function{Timeout: 15 * time.Minute, Handler: func([]byte) ([]byte, error) {
		close(running)
		<-release
		return nil, nil
	}})
	go func() {
		<-running
		sim.Close()
	}()
	if _, err := c.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("check")}); err == nil || code(err) != "" {
		t.Errorf("a closed account answered %v", err)
	}
	close(release)
	if !slices.ContainsFunc(sim.Calls(), func(c Call) bool { return c.Key == checkARN }) {
		t.Error("the call is not recorded")
	}
}

// TestLambdaOnTheWire shows what the SDK doesn't send.
func TestLambdaOnTheWire(t *testing.T) {
	sim := New(Options{})
	defer sim.Close()
	register(t, sim, lambda.Function{})
	const path = "/2015-03-31/functions/check/invocations"
	for _, tc := range []struct{ method, path, want string }{
		{http.MethodPost, path + "?Version=1", "InvalidParameterValueException"},
		{http.MethodGet, path, "UnknownOperationException"},
		{http.MethodPost, "/2015-03-31/functions", "UnknownOperationException"},
		{http.MethodPost, path, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tc.method, "http://aws.test"+tc.path, nil)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
		answer, err := sim.serve(r)
		if err != nil || answer.header.Get("X-Amzn-Errortype") != tc.want || answer.header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: got %+v, %v", tc.method, tc.path, answer, err)
		}
	}
}
