package background

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// errNoAnswer is the error of a call that ended its goroutine.
var errNoAnswer = errors.New("the call ended without an answer")

// PanicError is the error of a call that panicked. Its text leaves the stack
// out, which is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

// Error tells what it panicked with.
func (e *PanicError) Error() string { return fmt.Sprintf("the call panicked: %v", e.Value) }

// safely calls fn so that whatever it does gives an answer or an error: a
// mistake in one call must not take down the controller, nor pass for a yes.
func safely[A any](ctx context.Context, fn func(context.Context) (A, error)) (answer A, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn(ctx)
}
