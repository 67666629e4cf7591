package aws

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const gateFunction = "arn:aws:lambda:us-east-2:111122223333:function:viridian-gate"

// wire answers all requests with f and records them.
type wire struct {
	f     func(r *http.Request, body string) (status int, header, answer string)
	asked []string
	// timeout of the given client.
	timeout time.Duration
}

func (w *wire) clients(t *testing.T) cloud.Clients {
	t.Helper()
	return clientsOf(t, newProvider(t, Options{HTTPClient: &http.Client{Timeout: w.timeout, Transport: w}}), cloud.Identity{})
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	operation := r.URL.Path
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target
	}
	w.asked = append(w.asked, r.URL.Host+" "+operation+" "+string(body))
	status, header, answer := w.f(r, string(body))
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h := http.Header{}
	if name, value, ok := strings.Cut(header, ": "); ok {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func TestInvoke(t *testing.T) {
	long := strings.Repeat("é", answerMax)
	tests := map[string]struct {
		status         int
		header, answer string
		want           cloud.FunctionAnswer
	}{
		"well":     {200, "", `{"pass":true}`, cloud.FunctionAnswer{Payload: []byte(`{"pass":true}`)}},
		"nothing":  {200, "", "", cloud.FunctionAnswer{}},
		"failed":   {200, "X-Amz-Function-Error: Unhandled", `{"errorMessage":"no"}`, cloud.FunctionAnswer{Payload: []byte(`{"errorMessage":"no"}`), Failed: true}},
		"too long": {200, "", `"` + long + `"`, cloud.FunctionAnswer{Payload: []byte(`"` + long[:answerMax-2]), Cut: true}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := &wire{f: func(r *http.Request, _ string) (int, string, string) {
				if r.Header.Get("X-Amz-Invocation-Type") != "RequestResponse" {
					t.Errorf("headers are %v", r.Header)
				}
				return tc.status, tc.header, tc.answer
			}}
			got, err := w.clients(t).Functions.Invoke(t.Context(), gateFunction, []byte(`{"revision":"r1"}`))
			check(t, err)
			if diff := cmp.Diff(tc.want, got); diff != "" || !utf8.Valid(got.Payload) {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// The function's region, not the identity's.
			want := []string{"lambda.us-east-2.amazonaws.com /2015-03-31/functions/" + gateFunction + `/invocations {"revision":"r1"}`}
			if diff := cmp.Diff(want, w.asked); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// counted counts what is read of a response.
type counted struct {
	io.Reader
	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

// TestInvokeReadsAPart: of an answer of several MiB, which a function may give, no
// more is read than is passed on: very many functions may answer at once.
func TestInvokeReadsAPart(t *testing.T) {
	const size = 6 << 20
	body := &counted{Reader: strings.NewReader(strings.Repeat("x", size))}
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, ContentLength: size, Body: io.NopCloser(body)}, nil
	})
	c := clientsOf(t, newProvider(t, Options{HTTPClient: &http.Client{Transport: transport}}), cloud.Identity{})
	got, err := c.Functions.Invoke(t.Context(), gateFunction, nil)
	check(t, err)
	if len(got.Payload) != answerMax || body.read > answerMax+utf8.UTFMax {
		t.Errorf("%d bytes were read, %d passed on", body.read, len(got.Payload))
	}
}

// A function is called once, whatever the result.
func TestInvokeFails(t *testing.T) {
	tests := map[string]struct {
		status int
		code   string
		want   cloud.Kind
	}{
		"none":         {404, "ResourceNotFoundException", cloud.KindNotFound},
		"throttled":    {429, "TooManyRequestsException", cloud.KindThrottled},
		"failure":      {500, "ServiceException", cloud.KindTransient},
		"denied":       {403, "AccessDeniedException", cloud.KindDenied},
		"its VPC":      {502, "ENILimitReachedException", cloud.KindQuota},
		"its key":      {502, "KMSNotFoundException", cloud.KindConflict},
		"its state":    {409, "ResourceConflictException", cloud.KindConflict},
		"not yet":      {502, "ResourceNotReadyException", cloud.KindThrottled},
		"large":        {413, "RequestTooLargeException", cloud.KindInvalid},
		"not accepted": {400, "InvalidRequestContentException", cloud.KindInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_MAX_ATTEMPTS", "5")
			w := &wire{f: func(*http.Request, string) (int, string, string) {
				return tc.status, "X-Amzn-Errortype: " + tc.code, `{"Type":"User","message":"Unrecognized token"}`
			}}
			_, err := w.clients(t).Functions.Invoke(t.Context(), gateFunction, nil)
			e := failure(t, err, tc.want)
			if e.Op != "lambda:Invoke" || e.Code != tc.code || len(w.asked) != 1 {
				t.Errorf("%d calls, error %s", len(w.asked), e)
			}
		})
	}
}

// The caller's deadline is the only one, even if the client has its own.
func TestInvokeLasts(t *testing.T) {
	tests := map[string]struct {
		lasts, deadline time.Duration
		kind            cloud.Kind
	}{
		"longest":     {15 * time.Minute, 20 * time.Minute, ""},
		"no deadline": {15 * time.Minute, 0, ""},
		"too long":    {15 * time.Minute, 10 * time.Minute, cloud.KindTransient},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{timeout: time.Minute, f: func(r *http.Request, _ string) (int, string, string) {
					select {
					case <-time.After(tc.lasts):
					case <-r.Context().Done():
					}
					return 200, "", "{}"
				}}
				ctx, cancel := t.Context(), func() {}
				if tc.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, tc.deadline)
				}
				defer cancel()
				begun := time.Now()
				_, err := w.clients(t).Functions.Invoke(ctx, gateFunction, []byte(`{"secret":"hunter2"}`))
				if cloud.KindOf(err) != tc.kind || len(w.asked) != 1 {
					t.Errorf("%d calls, error %v", len(w.asked), err)
				}
				want := tc.lasts
				if tc.kind != "" {
					want = tc.deadline
					if !strings.HasSuffix(err.Error(), "context deadline exceeded") || strings.Contains(err.Error(), "hunter2") {
						t.Errorf("error is %s", err)
					}
				}
				if took := time.Since(begun); took != want {
					t.Errorf("it took %s, want %s", took, want)
				}
			})
		})
	}
}

// The default client's limits are removed too.
func TestPatientHTTPClient(t *testing.T) {
	c, ok := patientHTTPClient(defaultHTTPClient()).(*http.Client)
	if !ok || c.Timeout != 0 {
		t.Errorf("client is %+v", c)
	}
	given := &http.Client{Timeout: time.Minute}
	if c := patientHTTPClient(given).(*http.Client); c.Timeout != 0 || given.Timeout != time.Minute {
		t.Errorf("timeouts are %s and %s", c.Timeout, given.Timeout)
	}
}

func TestFunctionARN(t *testing.T) {
	tests := map[string]cloud.Kind{
		gateFunction:              "",
		gateFunction + ":live":    "",
		gateFunction + ":$LATEST": "",
		"arn:aws-cn:lambda:cn-north-1:111122223333:function:viridian-gate": "",
		"viridian-gate":                                                  cloud.KindInvalid,
		gateFunction + ":a:b":                                            cloud.KindInvalid,
		gateFunction + "/../x":                                           cloud.KindInvalid,
		"arn:aws:lambda:evil:111122223333:function:a":                    cloud.KindInvalid,
		"arn:aws:lambda:us-east-2:111122223333:layer:a":                  cloud.KindInvalid,
		"arn:aws:states:us-east-2:111122223333:stateMachine:viridian-it": cloud.KindInvalid,
	}
	for arn, want := range tests {
		t.Run(arn, func(t *testing.T) {
			w := &wire{f: func(*http.Request, string) (int, string, string) { return 200, "", "{}" }}
			_, err := w.clients(t).Functions.Invoke(t.Context(), arn, nil)
			if cloud.KindOf(err) != want || (len(w.asked) == 0) != (want != "") {
				t.Errorf("%d calls, error %v", len(w.asked), err)
			}
		})
	}
}

// The input of functions and state machines isn't disclosed to anybody else.
func TestInputIsNotTold(t *testing.T) {
	quoting := &wire{f: func(r *http.Request, body string) (int, string, string) {
		code := "InvalidRequestContentException"
		if strings.HasPrefix(r.URL.Host, "states.") {
			code = "InvalidExecutionInput"
		}
		text := strings.NewReplacer(`"`, "", `{`, "").Replace(body)
		return 400, "X-Amzn-Errortype: " + code, `{"message":"Could not parse ` + text + `"}`
	}}
	c := quoting.clients(t)
	for _, input := range []string{`{"token":"hunter2"}`, `hunter2`} {
		_, err := c.Functions.Invoke(t.Context(), gateFunction, []byte(input))
		e := failure(t, err, cloud.KindInvalid)
		started := failure(t, c.Workflows.Start(t.Context(), gateMachine, "r1", []byte(input)), cloud.KindInvalid)
		for _, text := range []string{e.Error(), e.Err.Error(), started.Error(), started.Err.Error()} {
			if strings.Contains(text, "hunter2") {
				t.Errorf("error is %s", text)
			}
		}
	}
	if n := len(quoting.asked); n != 2 {
		t.Errorf("%d calls were made, want 2", n)
	}
}

func TestCut(t *testing.T) {
	for _, tail := range []string{"a", "é", "€", "𝄞"} {
		for n := answerMax - 5; n <= answerMax+1; n++ {
			text := bytes.Repeat([]byte("x"), n)
			text = append(text, strings.Repeat(tail, 4)...)
			got := cut(text)
			if !utf8.Valid(got) || len(got) > answerMax || len(text) <= answerMax && len(got) != len(text) || len(text) > answerMax && len(got) <= answerMax-utf8.UTFMax {
				t.Errorf("%q after %d is cut to %d of %d", tail, n, len(got), len(text))
			}
		}
	}
	// Bytes that aren't text are cut anywhere.
	if got := cut(bytes.Repeat([]byte{0x80}, 2*answerMax)); len(got) > answerMax || len(got) < answerMax-utf8.UTFMax {
		t.Errorf("cut to %d", len(got))
	}
}
