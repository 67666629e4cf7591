package lambda_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simlambda "github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// TestInvokeEvent shows that nobody waits for an event, that one which fails
// runs again twice and that one which is throttled stays in the queue.
func TestInvokeEvent(t *testing.T) {
	asEvent := func(in *lambda.InvokeInput) { in.InvocationType = types.InvocationTypeEvent }
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		register(t, sim, simlambda.Function{Handler: func([]byte) ([]byte, error) { return nil, errors.New("no") }})
		began := time.Now()
		out, err := invoke(t, config, asEvent)
		if err != nil || out.StatusCode != http.StatusAccepted || len(out.Payload) != 0 || !time.Now().Equal(began) {
			t.Errorf("got %v, %v", out, err)
		}
		time.Sleep(time.Hour)
		all := sim.Invocations("check")
		if len(all) != 3 || all[1].At.Sub(all[0].At) != time.Minute || all[2].At.Sub(all[1].At) != 2*time.Minute || !all[0].Event {
			t.Errorf("invocations are %v", all)
		}
	})
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		register(t, sim, simlambda.Function{Duration: time.Minute, Timeout: time.Hour / 4, ReservedConcurrency: 1})
		for range 3 {
			if _, err := invoke(t, config, asEvent); err != nil {
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
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		register(t, sim, simlambda.Function{Duration: 2 * time.Second, ReservedConcurrency: 1})
		first := make(chan error, 1)
		go func() {
			_, err := invoke(t, config)
			first <- err
		}()
		synctest.Wait()
		_, err := invoke(t, config)
		limit, ok := errors.AsType[*types.TooManyRequestsException](err)
		if !ok || limit.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || awstest.Status(err) != http.StatusTooManyRequests {
			t.Errorf("got %v", err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if _, err := invoke(t, config); err != nil {
			t.Error(err)
		}
	})
}

// TestAccountConcurrency: functions without a reservation share what others
// haven't reserved of the account's 1,000 (Lambda quotas, Concurrent
// executions).
func TestAccountConcurrency(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		if err := sim.RegisterFunction("reserved", simlambda.Function{ReservedConcurrency: 900}); err != nil {
			t.Fatal(err)
		}
		if err := sim.RegisterFunction("other", simlambda.Function{}); err != nil {
			t.Fatal(err)
		}
		register(t, sim, simlambda.Function{Duration: 2 * time.Second})
		answers := make(chan error, 100)
		for range cap(answers) {
			go func() {
				_, err := invoke(t, config)
				answers <- err
			}()
		}
		synctest.Wait()
		for name, want := range map[string]string{"check": "TooManyRequestsException", "other": "TooManyRequestsException", "reserved": ""} {
			_, err := invoke(t, config, func(in *lambda.InvokeInput) { in.FunctionName = &name })
			if awstest.Code(err) != want {
				t.Errorf("%s: got %v", name, err)
			}
			if limit, ok := errors.AsType[*types.TooManyRequestsException](err); ok && limit.Reason != types.ThrottleReasonConcurrentInvocationLimitExceeded {
				t.Errorf("%s: the reason is %s", name, limit.Reason)
			}
		}
		for range cap(answers) {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		if _, err := invoke(t, config); err != nil {
			t.Error(err)
		}
	})
}

// TestInvokeGivenUp shows that an invocation doesn't end with the client's
// patience, and that others are answered meanwhile.
func TestInvokeGivenUp(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		ended := false
		register(t, sim, simlambda.Function{Duration: time.Minute, Timeout: 2 * time.Minute, ReservedConcurrency: 1, Handler: func([]byte) ([]byte, error) {
			time.Sleep(40 * time.Second)
			sim.Do(func() { ended = true })
			return nil, nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := lambda.NewFromConfig(config).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("check")})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		if _, err := invoke(t, config); awstest.Code(err) != "TooManyRequestsException" {
			t.Errorf("got %v", err)
		}
		time.Sleep(45 * time.Second)
		if _, err := invoke(t, config); awstest.Code(err) != "TooManyRequestsException" {
			t.Errorf("got %v", err)
		}
		time.Sleep(6 * time.Second)
		if !ended {
			t.Error("the invocation ended with the request")
		}
		if _, err := invoke(t, config); err != nil {
			t.Error(err)
		}
	})
}

func TestInvokeFaults(t *testing.T) {
	tests := map[string]struct {
		effect awssim.Effect
		status int
		code   string
		runs   int
	}{
		"throttle":       {awssim.Throttle, 429, "TooManyRequestsException", 0},
		"server error":   {awssim.ServerError, 500, "ServiceException", 0},
		"timeout before": {awssim.TimeoutBefore, 0, "", 0},
		"timeout after":  {awssim.TimeoutAfter, 0, "", 1},
		"access denied":  {awssim.AccessDenied, 403, "AccessDeniedException", 0},
		"expired token":  {awssim.ExpiredToken, 403, "ExpiredTokenException", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				register(t, sim, simlambda.Function{Duration: time.Second})
				sim.Faults.Add(awssim.Fault{Service: "lambda", Action: "Invoke", Effect: tc.effect, Match: func(c awssim.Call) bool { return c.Key == "check" }})
				_, err := invoke(t, config)
				if err == nil || awstest.Code(err) != tc.code || awstest.Status(err) != tc.status {
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
