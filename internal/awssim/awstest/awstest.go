// Package awstest puts the real AWS SDK in front of a simulated account, for
// tests of the simulator and of what uses AWS.
package awstest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/viridian-dev/viridian/internal/awssim"
)

// Run calls f with a simulated account in a synctest bubble, in which an hour
// takes no time, and with the configuration of SDK clients for it.
func Run(t *testing.T, o awssim.Options, f func(t *testing.T, sim *awssim.Sim, config aws.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(o)
		defer sim.Close()
		f(t, sim, Config(sim))
	})
}

// Config makes SDK clients talk to the simulator in process, in the default
// region and without retries.
func Config(sim *awssim.Sim) aws.Config {
	return aws.Config{
		Region:           "eu-west-1",
		Credentials:      credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		HTTPClient:       &http.Client{Transport: sim.Transport()},
		RetryMaxAttempts: 1,
	}
}

// Code is the error code in AWS's answer, "" if there is none.
func Code(err error) string {
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorCode()
	}
	return ""
}

// Status is the HTTP status of the answer that an error was made from, 0 if
// there was no answer.
func Status(err error) int {
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}

// Refused fails the test unless the error is AWS's refusal with this status,
// this code and a text in its message.
func Refused(t *testing.T, err error, status int, code, text string) {
	t.Helper()
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok || Status(err) != status || refused.ErrorCode() != code || !strings.Contains(refused.ErrorMessage(), text) {
		t.Errorf("got %v, want %d %s with %q", err, status, code, text)
	}
}

// Request is a signed request that the SDK wouldn't make.
type Request struct {
	// Service is the signing name.
	Service string
	// Method and Path are POST and / by default.
	Method, Path string
	// Target is the operation of a service with a JSON protocol.
	Target string
	Body   string
}

// Answer is what comes back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Send makes a request without the SDK.
func Send(t *testing.T, sim *awssim.Sim, in Request) Answer {
	t.Helper()
	if in.Method == "" {
		in.Method = http.MethodPost
	}
	if in.Path == "" {
		in.Path = "/"
	}
	r := httptest.NewRequestWithContext(t.Context(), in.Method, "http://aws.test"+in.Path, strings.NewReader(in.Body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/eu-west-1/"+in.Service+"/aws4_request, SignedHeaders=host, Signature=00")
	if in.Target != "" {
		r.Header.Set("X-Amz-Target", in.Target)
	}
	answer, err := sim.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing was written
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{Status: answer.StatusCode, Header: answer.Header, Body: string(body)}
}
