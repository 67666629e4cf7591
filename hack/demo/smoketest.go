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

// smokeTestPath is the path that the function requests from the new revision.
const smokeTestPath = "/healthz"

// question is the part of a gate's payload that the function reads.
type question struct {
	Revision struct{ Name string }
	// Preview says how to reach the revision before it has any traffic.
	Preview struct{ Host, Header, Value string }
}

// smokeTest returns the code of a Lambda function that sends one request to the
// new revision and succeeds if it is answered. In AWS it would go to the
// preview's URL, which here is the listener's port.
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
