package main

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// functionTakes is how long a function runs, divided by the speed.
const functionTakes = time.Second

// functionFlag is a Lambda function and how it responds.
type functionFlag struct{ name, behaviour string }

func (f functionFlag) function() lambda.Function {
	answer := behaviours()[f.behaviour]()
	return lambda.Function{
		Duration: functionTakes,
		Handler:  func([]byte) ([]byte, error) { return []byte(`{"hookStatus":"` + answer() + `"}`), nil },
	}
}

// behaviours are the ways in which a function responds to a lifecycle hook of
// ECS. Each call returns a function with its own counter.
func behaviours() map[string]func() func() string {
	always := func(status string) func() func() string {
		return func() func() string { return func() string { return status } }
	}
	return map[string]func() func() string{
		"succeed": always("SUCCEEDED"),
		"fail":    always("FAILED"),
		// Payloads don't reliably show which invocations belong together, so
		// this counts all of them: each hook that polls succeeds before long.
		"in-progress-then-succeed": func() func() string {
			var invocations atomic.Int64
			return func() string {
				if invocations.Add(1)%2 == 1 {
					return "IN_PROGRESS"
				}
				return "SUCCEEDED"
			}
		},
	}
}

func behaviourNames() string {
	return strings.Join(slices.Sorted(maps.Keys(behaviours())), ", ")
}
