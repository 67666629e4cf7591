package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// smokeTestPath is what the function asks the new revision for.
const smokeTestPath = "/healthz"

// question is what the function reads of what a gate is asked.
type question struct {
	Revision struct{ Name string }
	// Preview tells how to reach the revision before it has any traffic.
	Preview struct{ Host, Header, Value string }
}

// smokeTest is the code of a Lambda function that sends one request to the new
// revision, as someone would who gets it to run: it is fine if that is answered.
// In AWS it would go to the preview's URL, which here is the listener's port.
func smokeTest(listenerURL string) func([]byte) ([]byte, error) {
	return func(payload []byte) ([]byte, error) {
		var q question
		if err := json.Unmarshal(payload, &q); err != nil {
			return nil, &lambda.Error{Type: "ValueError", Message: err.Error()}
		}
		status, err := q.try(listenerURL)
		if err != nil {
			return nil, &lambda.Error{Type: "ConnectionError", Message: err.Error()}
		}
		answer := map[string]string{"hookStatus": "SUCCEEDED", "message": fmt.Sprintf("%s answers %s with %d", q.Revision.Name, smokeTestPath, status)}
		if status != http.StatusOK {
			answer["hookStatus"] = "FAILED"
		}
		return json.Marshal(answer)
	}
}

// try sends the request.
func (q *question) try(listenerURL string) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, listenerURL+smokeTestPath, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Host = q.Preview.Host
	request.Header.Set(q.Preview.Header, q.Preview.Value)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
