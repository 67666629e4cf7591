package background

import (
	"context"
	"sync"
	"time"
)

// keep is how long an answer waits for somebody to ask for it. A deployment
// that was deleted meanwhile never does.
const keep = time.Hour

// State is what became of a call.
type State string

// States of a call.
const (
	// Unknown: never started here, perhaps by a run that crashed, or its
	// answer is gone.
	Unknown State = "Unknown"
	// Running: it goes on.
	Running State = "Running"
	// Done: its answer is there.
	Done State = "Done"
)

// Runner runs calls whose answers are of type A. It is safe for concurrent use.
// Make one by New.
type Runner[A any] struct {
	limit int
	// ctx of all calls is the runner's own, as a call outlives the reconcile
	// that starts it.
	ctx    context.Context
	cancel context.CancelFunc
	// underWay are the calls that Run waits for.
	underWay sync.WaitGroup

	mu    sync.Mutex
	calls map[string]*call[A]
	// running counts the calls that hold a place, forgotten ones included.
	running int
	ended   bool
}

// call is one call. Its fields but cancel are guarded by the runner's mutex.
type call[A any] struct {
	cancel context.CancelFunc
	answer A
	err    error
	// doneAt is zero while it runs.
	doneAt time.Time
}

// New returns a runner of at most limit calls at once, and at least one.
func New[A any](limit int) *Runner[A] {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:gosec // Run calls it in the end
	return &Runner[A]{limit: max(limit, 1), ctx: ctx, cancel: cancel, calls: map[string]*call[A]{}}
}

// Start has fn run in the background, under a context that ends after timeout.
// When a call of that key runs already or its answer is waiting, it does
// nothing. It is false when nothing runs under the key: as many calls as may
// run already, so ask again later, or the runner has ended. A call that ignores
// the end of its context holds its place on.
func (r *Runner[A]) Start(key string, timeout time.Duration, fn func(context.Context) (A, error)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	r.sweep()
	if _, ok := r.calls[key]; ok {
		return true
	}
	if r.running >= r.limit {
		return false
	}
	ctx, cancel := context.WithTimeout(r.ctx, timeout) //nolint:gosec // run calls it
	c := &call[A]{cancel: cancel}
	r.calls[key] = c
	r.running++
	r.underWay.Go(func() { r.run(ctx, key, c, fn) })
	return true
}

// Poll tells what became of the call, with its answer and error once it is
// Done. The answer stays until Forget, or for an hour.
func (r *Runner[A]) Poll(key string) (answer A, state State, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep()
	c, ok := r.calls[key]
	switch {
	case !ok:
		return answer, Unknown, nil
	case c.doneAt.IsZero():
		return answer, Running, nil
	default:
		return c.answer, Done, c.err
	}
}

// Forget drops the call's answer. A call that still runs is cancelled, as
// nobody will ask for it; the key may be started anew at once.
func (r *Runner[A]) Forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.calls[key]; ok {
		c.cancel()
		delete(r.calls, key)
	}
}

// Run blocks until ctx ends. Then it cancels the calls under way and waits for
// them to return. Calls may be started before Run is, but not after it ended.
// It has the shape of controller-runtime's manager.RunnableFunc.
func (r *Runner[A]) Run(ctx context.Context) error {
	<-ctx.Done()
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.cancel()
	r.underWay.Wait()
	return nil
}

// run makes the call and keeps its answer, also when it ends its goroutine.
func (r *Runner[A]) run(ctx context.Context, key string, c *call[A], fn func(context.Context) (A, error)) {
	defer c.cancel()
	var answer A
	err := errNoAnswer
	defer func() { r.finish(key, c, answer, err) }()
	answer, err = safely(ctx, fn)
}

// finish keeps the answer, unless the call was forgotten. A call that failed
// after the end failed because of it: that says nothing about what it asked, so
// a reconcile under way must not take it for an answer.
func (r *Runner[A]) finish(key string, c *call[A], answer A, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	switch {
	case r.calls[key] != c:
	case r.ended && err != nil:
		delete(r.calls, key)
	default:
		c.answer, c.err, c.doneAt = answer, err, time.Now()
	}
}

// sweep drops the answers that waited too long.
func (r *Runner[A]) sweep() {
	for key, c := range r.calls {
		if !c.doneAt.IsZero() && time.Since(c.doneAt) >= keep {
			delete(r.calls, key)
		}
	}
}
