package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxResponse is the most that a function may return: 6 MB and 100 bytes.
const maxResponse = 6<<20 + 100

// outcome is what an invocation comes to.
type outcome struct {
	body   []byte
	failed bool
}

// run is an invocation under way. It ends when the handler has returned and the
// function's duration is over, or at the timeout.
type run struct {
	service  *Service
	function *function
	Invocation
	slept    bool
	returned *outcome
	timers   []*core.Timer
	// took is how long it ran, as AWS would count.
	took  time.Duration
	limit time.Duration
	done  func(outcome)

	// ended is closed once result is there.
	ended  chan struct{}
	result outcome
}

// start runs a function; whether anybody waits makes no difference to it. The
// caller holds the world's lock, and so does whoever calls done.
func (s *Service) start(f *function, invocation Invocation, done func(outcome)) *run {
	invocation.At = s.world.Now()
	f.running++
	f.invocations = append(f.invocations, invocation)
	r := &run{service: s, function: f, Invocation: invocation, took: f.Duration, limit: f.Timeout, done: done, ended: make(chan struct{})}
	if f.Duration > 0 {
		r.timers = append(r.timers, s.world.After(f.Duration, func() {
			r.slept = true
			r.settle()
		}))
	}
	r.slept = f.Duration <= 0
	r.timers = append(r.timers, s.world.After(f.Timeout, r.timeOut))
	go r.handle(f.Handler)
	return r
}

// handle runs the function's code, without the world's lock. Code that ends its
// goroutine instead of returning (as a failed test does) has exited.
func (r *run) handle(handler func([]byte) ([]byte, error)) {
	result := failure("Runtime.ExitError", "RequestId: "+r.RequestID+" Error: Runtime exited without providing a reason")
	defer func() {
		r.service.world.Lock()
		defer r.service.world.Unlock()
		r.returned = &result
		r.settle()
	}()
	body, err := handler(bytes.Clone(r.Payload))
	result = outcomeOf(body, err)
}

// settle ends the run if nothing is missing.
func (r *run) settle() {
	if r.returned != nil && r.slept {
		r.end(*r.returned)
	}
}

func (r *run) timeOut() {
	r.took = r.limit
	r.end(failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", r.RequestID, r.limit.Seconds())))
}

// end is done with the run; what comes later is without effect.
func (r *run) end(result outcome) {
	select {
	case <-r.ended:
		return
	default:
	}
	for _, timer := range r.timers {
		timer.Stop()
	}
	r.function.running--
	r.result = result
	close(r.ended)
	r.done(result)
}

// log is what the execution log ends with.
func (r *run) log() string {
	ms := float64(r.took) / float64(time.Millisecond)
	return fmt.Sprintf("START RequestId: %[1]s Version: %[2]s\nEND RequestId: %[1]s\nREPORT RequestId: %[1]s\tDuration: %.2[3]f ms\tBilled Duration: %.0[3]f ms\tMemory Size: 128 MB\tMax Memory Used: 32 MB\t\n", r.RequestID, r.Version, ms)
}

// outcomeOf turns what a handler returned into what the caller gets.
func outcomeOf(body []byte, err error) outcome {
	if own, ok := errors.AsType[*Error](err); ok {
		return failure(own.Type, own.Message)
	}
	switch {
	case err != nil:
		return failure("errorString", err.Error())
	case len(body) > maxResponse:
		return failure("Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse))
	case body == nil:
		return outcome{body: []byte("null")}
	default:
		return outcome{body: body}
	}
}

// failure is the payload of a function that failed.
func failure(errorType, message string) outcome {
	body, _ := json.Marshal(map[string]string{"errorMessage": message, "errorType": errorType}) //nolint:errchkjson // strings always marshal
	return outcome{body: body, failed: true}
}
