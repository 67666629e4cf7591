package lambda

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// errClosed says that the account is gone.
var errClosed = errors.New("lambda: the simulation has ended")

// invoke is one call of Invoke.
type invoke struct {
	service *Service
	in      invokeIn
	version string
	// run is what the caller waits for, nil for an event and a dry run.
	run *run
}

// begin starts the invocation. The caller holds the world's lock.
func (i *invoke) begin(requestID string) error {
	f, version, err := i.service.resolve(i.in.ref)
	if err != nil {
		return err
	}
	i.version = version
	reason := i.service.throttled(f)
	invocation := Invocation{Payload: i.in.payload, Version: version, RequestID: requestID}
	switch {
	case i.in.invocation == dryRun:
	case i.in.invocation == event:
		invocation.Event = true
		i.service.enqueue(f, invocation)
	case reason != "":
		return tooMany(reason)
	default:
		i.run = i.service.start(f, invocation, func(outcome) {})
	}
	return nil
}

// finish waits for the invocation, without the world's lock.
func (i *invoke) finish(ctx context.Context) (core.RESTResult, error) {
	switch i.in.invocation {
	case dryRun:
		return core.RESTResult{Status: http.StatusNoContent}, nil
	case event:
		return core.RESTResult{Status: http.StatusAccepted}, nil
	}
	select {
	case <-i.run.ended:
		return i.answer(), nil
	case <-ctx.Done():
		return core.RESTResult{}, ctx.Err()
	case <-i.service.closed:
		return core.RESTResult{}, errClosed
	}
}

// answer is the response to an invocation that has ended. A function that
// failed was invoked successfully.
func (i *invoke) answer() core.RESTResult {
	header := http.Header{"Content-Type": {"application/json"}, "X-Amz-Executed-Version": {i.version}}
	if i.run.result.failed {
		header.Set("X-Amz-Function-Error", "Unhandled")
	}
	if i.in.tail {
		header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte(i.run.log())))
	}
	return core.RESTResult{Status: http.StatusOK, Header: header, Body: i.run.result.body}
}
