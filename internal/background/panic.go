package background

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// errNoAnswer is the error of a call that ended its goroutine (runtime.Goexit).
var errNoAnswer = errors.New("the call ended without an answer")

// PanicError is the error of a call that panicked. Its text omits the stack,
// which is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns what it panicked with.
func (e *PanicError) Error() string { return fmt.Sprintf("the call panicked: %v", e.Value) }

// safely calls fn so that whatever it does results in an answer or an error: a
// bug in one call must not crash the controller, nor count as success.
func safely[A any](ctx context.Context, fn func(context.Context) (A, error)) (answer A, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn(ctx)
}
