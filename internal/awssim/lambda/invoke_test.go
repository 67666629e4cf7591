package lambda_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
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

const checkARN = "arn:aws:lambda:eu-west-1:111122223333:function:check"

// register makes the function check.
func register(t *testing.T, sim *awssim.Sim, f simlambda.Function) {
	t.Helper()
	if err := sim.RegisterFunction("check", f); err != nil {
		t.Fatal(err)
	}
}

// echo returns its payload.
func echo(payload []byte) ([]byte, error) { return payload, nil }

func invoke(t *testing.T, config aws.Config, edit ...func(*lambda.InvokeInput)) (*lambda.InvokeOutput, error) {
	t.Helper()
	in := &lambda.InvokeInput{FunctionName: aws.String("check"), Payload: []byte(`{"a":1}`)}
	for _, f := range edit {
		f(in)
	}
	return lambda.NewFromConfig(config).Invoke(t.Context(), in)
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
	awstest.Run(t, awssim.Options{Speed: 10}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		register(t, sim, simlambda.Function{Handler: echo, Duration: 20 * time.Second, Timeout: time.Minute, Aliases: map[string]string{"live": "3"}})
		for name, version := range names {
			began := time.Now()
			out, err := invoke(t, config, func(in *lambda.InvokeInput) { in.FunctionName = &name })
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
		out, err := invoke(t, config, func(in *lambda.InvokeInput) {
			in.Qualifier, in.LogType, in.Payload = aws.String("live"), types.LogTypeTail, nil
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

func TestFunctionErrors(t *testing.T) {
	tests := map[string]struct {
		f    simlambda.Function
		want string
	}{
		"error":   {simlambda.Function{Handler: func([]byte) ([]byte, error) { return nil, errors.New("no database") }}, `{"errorMessage":"no database","errorType":"errorString"}`},
		"typed":   {simlambda.Function{Handler: func([]byte) ([]byte, error) { return nil, &simlambda.Error{Type: "ValueError", Message: "no"} }}, `{"errorMessage":"no","errorType":"ValueError"}`},
		"exit":    {simlambda.Function{Handler: func([]byte) ([]byte, error) { runtime.Goexit(); return nil, nil }}, `Runtime.ExitError`},
		"large":   {simlambda.Function{Handler: func([]byte) ([]byte, error) { return make([]byte, 6<<20+101), nil }}, `Function.ResponseSizeTooLarge`},
		"timeout": {simlambda.Function{Duration: time.Minute}, `Error: Task timed out after 3.00 seconds`},
		"hangs":   {simlambda.Function{Timeout: time.Minute, Handler: func([]byte) ([]byte, error) { time.Sleep(time.Hour); return nil, nil }}, `Task timed out after 60.00 seconds`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				register(t, sim, tc.f)
				out, err := invoke(t, config)
				if err != nil || out.StatusCode != http.StatusOK || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), tc.want) {
					t.Errorf("got %+v, %v", out, err)
				}
				time.Sleep(time.Hour) // until every handler has returned
			})
		})
	}
}

func TestInvokeDryRun(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		register(t, sim, simlambda.Function{})
		out, err := invoke(t, config, func(in *lambda.InvokeInput) { in.InvocationType = types.InvocationTypeDryRun })
		if err != nil || out.StatusCode != http.StatusNoContent || len(sim.Invocations("check")) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
		if out, err = invoke(t, config); err != nil || string(out.Payload) != "null" {
			t.Errorf("got %v, %v", out, err)
		}
	})
}

// TestInvokeOverHTTP invokes through a socket, and closes the account under a
// request.
func TestInvokeOverHTTP(t *testing.T) {
	sim := awssim.New(awssim.Options{Speed: 1000})
	server := httptest.NewServer(sim)
	defer server.Close()
	register(t, sim, simlambda.Function{Handler: echo, Duration: time.Second})
	config := awstest.Config(sim)
	config.HTTPClient, config.BaseEndpoint = http.DefaultClient, &server.URL
	c := lambda.NewFromConfig(config)
	for _, name := range []string{"check", checkARN} {
		out, err := c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte("[]")})
		if err != nil || string(out.Payload) != "[]" {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
	running := make(chan struct{})
	release := make(chan struct{})
	register(t, sim, simlambda.Function{Timeout: 15 * time.Minute, Handler: func([]byte) ([]byte, error) {
		close(running)
		<-release
		return nil, nil
	}})
	go func() {
		<-running
		sim.Close()
	}()
	if _, err := c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("check")}); err == nil || awstest.Code(err) != "" {
		t.Errorf("a closed account answered %v", err)
	}
	close(release)
	if !slices.ContainsFunc(sim.Calls(), func(c awssim.Call) bool { return c.Key == checkARN }) {
		t.Error("the call is not recorded")
	}
}
