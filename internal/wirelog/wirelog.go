// Package wirelog records AWS calls as they go over the wire, so that judges
// outside Go can read what the controller sends: botocore's models whether AWS
// would take it, and the IAM policy whether it allows all of it and nothing
// else. It is for tests and does nothing unless Env is set.
//
// It imports the standard library only.
package wirelog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Env names the directory that gets the records, one file a process. Unset,
// nothing is recorded.
const Env = "VIRIDIAN_WIRELOG"

// Call is one request, a line of JSON in the record.
type Call struct {
	// Service is the signing name, such as "ecs".
	Service string
	Method  string
	Path    string
	Query   string
	Header  map[string]string
	Body    []byte
}

// headers are those that an operation may be named or configured by.
func headers() []string {
	return []string{
		"Content-Type", "Smithy-Protocol", "X-Amz-Target",
		"X-Amz-Invocation-Type", "X-Amz-Log-Type", "X-Amz-Client-Context",
	}
}

// Transport records what goes through next.
func Transport(next http.RoundTripper) http.RoundTripper {
	if os.Getenv(Env) == "" {
		return next
	}
	return transport{next}
}

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close() // it was read to its end
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	Record(r, body)
	return t.next.RoundTrip(r)
}

// Record adds a request to the record. It panics if that can't be written: a
// record with holes would have the policy judged by half of the calls.
func Record(r *http.Request, body []byte) {
	call := Call{
		Service: service(r), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Header: map[string]string{}, Body: body,
	}
	for _, name := range headers() {
		if value := r.Header.Get(name); value != "" {
			call.Header[name] = value
		}
	}
	line, err := json.Marshal(call)
	if err == nil {
		err = appendLine(line)
	}
	if err != nil {
		panic(fmt.Sprintf("wirelog: %v", err))
	}
}

// service is the service in the credential scope of the request's signature.
func service(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	scope := strings.Split(credential, "/")
	if len(scope) != 5 {
		return ""
	}
	return scope[3]
}

var mu sync.Mutex

// appendLine opens the file anew each time, for there is nobody to close it.
func appendLine(line []byte) error {
	dir := os.Getenv(Env)
	if dir == "" {
		return nil
	}
	mu.Lock()
	defer mu.Unlock()
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.jsonl", filepath.Base(os.Args[0]), os.Getpid()))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // whoever runs the tests chose the directory
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
