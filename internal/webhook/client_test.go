package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPost(t *testing.T) {
	key := []byte("k")
	tests := map[string]struct {
		key       []byte
		userAgent string
		want      string
		signature string
	}{
		"unsigned":      {want: "viridian"},
		"signed":        {key: key, want: "viridian", signature: sign(key, idOf("shop/checkout/3/0"), "1750000000", []byte(`{"a":1}`))},
		"another agent": {userAgent: "viridian/1.2", want: "viridian/1.2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var method, uri, body string
			var header http.Header
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				method, uri, body, header = r.Method, r.RequestURI, string(b), r.Header
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, "yes")
			})
			c := local()
			if tt.userAgent != "" {
				c.userAgent = tt.userAgent
			}
			r := to(s)
			r.Key = tt.key
			answer, err := c.Post(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Answer{Status: http.StatusCreated, Body: []byte("yes")}, answer); diff != "" {
				t.Error(diff)
			}
			if method != "POST" || uri != "/hook?token="+secret || body != `{"a":1}` {
				t.Errorf("got %s %s %s", method, uri, body)
			}
			want := http.Header{
				"Content-Type": {"application/json"}, "Content-Length": {"7"}, "Connection": {"close"},
				"User-Agent": {tt.want}, "Idempotency-Key": {"shop/checkout/3/0"}, "Webhook-Id": {idOf("shop/checkout/3/0")}, "Webhook-Timestamp": {"1750000000"},
			}
			if tt.signature != "" {
				want.Set(SignatureHeader, tt.signature)
			}
			if diff := cmp.Diff(want, header); diff != "" {
				t.Error(diff)
			}
			if tt.key != nil && !Verify(key, header, []byte(body)) {
				t.Error("not verified")
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	long := strings.Repeat("a", MaxBody-1)
	tests := map[string]struct {
		status     int
		retryAfter string
		body       string
		want       Answer
	}{
		"says no":              {status: 409, body: "no", want: Answer{Status: 409, Body: []byte("no")}},
		"breaks":               {status: 500, want: Answer{Status: 500, Body: []byte{}}},
		"asks for a pause":     {status: 503, retryAfter: "30", want: Answer{Status: 503, Body: []byte{}, RetryAfter: 30 * time.Second}},
		"names a date":         {status: 503, retryAfter: sentAt.Add(time.Minute).UTC().Format(http.TimeFormat), want: Answer{Status: 503, Body: []byte{}, RetryAfter: time.Minute}},
		"names a past date":    {status: 503, retryAfter: sentAt.Add(-time.Minute).UTC().Format(http.TimeFormat), want: Answer{Status: 503, Body: []byte{}}},
		"names a far date":     {status: 503, retryAfter: "Fri, 31 Dec 9999 23:59:59 GMT", want: Answer{Status: 503, Body: []byte{}, RetryAfter: 24 * time.Hour}},
		"asks for eternity":    {status: 503, retryAfter: "18446744073709551615", want: Answer{Status: 503, Body: []byte{}, RetryAfter: 24 * time.Hour}},
		"asks for nonsense":    {status: 503, retryAfter: "-5", want: Answer{Status: 503, Body: []byte{}}},
		"as long as may be":    {status: 200, body: long + "b", want: Answer{Status: 200, Body: []byte(long + "b")}},
		"too long":             {status: 200, body: long + long, want: Answer{Status: 200, Body: []byte(long + "a")}},
		"cut in a rune":        {status: 200, body: long + "é", want: Answer{Status: 200, Body: []byte(long)}},
		"not UTF-8":            {status: 200, body: "a\xff\xfeb", want: Answer{Status: 200, Body: []byte("a\uFFFDb")}},
		"not UTF-8 and grows":  {status: 200, body: strings.Repeat("a\xff", MaxBody), want: Answer{Status: 200, Body: []byte(strings.Repeat("a\uFFFD", MaxBody/4))}},
		"compressed or not":    {status: 200, body: "\x1f\x8b", want: Answer{Status: 200, Body: []byte("\x1f\uFFFD")}},
		"a status of its own":  {status: 799, want: Answer{Status: 799, Body: []byte{}}},
		"an answer of nothing": {status: 204, want: Answer{Status: 204, Body: []byte{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.retryAfter != "" {
					w.Header().Set("Retry-After", tt.retryAfter)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			answer, err := local().Post(t.Context(), to(s))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, answer); diff != "" {
				t.Error(diff)
			}
			if !utf8.Valid(answer.Body) || len(answer.Body) > MaxBody {
				t.Errorf("%d bytes", len(answer.Body))
			}
		})
	}
}

// TestRedirect: a redirect could bypass the address check, or send the signed
// request elsewhere.
func TestRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		calls := 0
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		answer, err := local().Post(t.Context(), to(s))
		if err != nil || answer.Status != status || calls != 1 {
			t.Errorf("got %d, %v after %d calls", answer.Status, err, calls)
		}
	}
}

// TestNoProxy: a proxy from the environment would connect to any address.
func TestNoProxy(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := local()
	c.resolver = resolve(t, []string{"127.0.0.1"})
	r := to(s)
	r.URL = named(r.URL, "example.com")
	if _, err := c.Post(t.Context(), r); err != nil {
		t.Error(err)
	}
	if c.transport(&door{}, nil).Proxy != nil {
		t.Error("has a proxy")
	}
}

// TestNoHurry: whatever a server does to keep the call open, ctx ends it.
func TestNoHurry(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no end of the body": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "yes")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	}
	for name, h := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				drain(r.Body)
				h(w, r)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := local().Post(ctx, to(s))
			wantPassing(t, err, "127.0.0.1 did not answer in time")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", errors.Unwrap(err))
			}
		})
	}
}

// TestCancelled: the end of the controller is not the server's fault.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		drain(r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := local().Post(ctx, to(s))
	wantPassing(t, err, "127.0.0.1 was not waited for: the call was cancelled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", errors.Unwrap(err))
	}
}
