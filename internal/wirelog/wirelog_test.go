package wirelog_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/wirelog"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTransport: the record holds what was sent, and the next transport gets
// all of it.
func TestTransport(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(wirelog.Env, dir)
	var sent string
	next := roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		sent = string(body)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://aws.test/a%2Fb?c=d", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Target", "Service.ListTasks")
	r.Header.Set("User-Agent", "left out")
	resp, err := wirelog.Transport(next).RoundTrip(r)
	if err != nil || sent != "{}" {
		t.Fatalf("next got %q, %v", sent, err)
	}
	_ = resp.Body.Close()

	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files are %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var got wirelog.Call
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := wirelog.Call{
		Service: "ecs", Method: http.MethodPost, Path: "/a%2Fb", Query: "c=d",
		Header: map[string]string{"X-Amz-Target": "Service.ListTasks"}, Body: []byte("{}"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// TestOff: without a directory nothing is in the way.
func TestOff(t *testing.T) {
	t.Setenv(wirelog.Env, "")
	if got := wirelog.Transport(http.DefaultTransport); got != http.DefaultTransport {
		t.Errorf("transport is wrapped: %T", got)
	}
}
