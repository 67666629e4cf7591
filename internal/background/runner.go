package background

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/internal/share"
)

// keep is how long an answer is kept until it is polled. If the deployment was
// deleted meanwhile, it never is.
const keep = time.Hour

// State is the state of a call.
type State string

// States of a call.
const (
	// Unknown: not started by this process, perhaps by one that crashed, or its
	// answer was dropped.
	Unknown State = "Unknown"
	// Waiting: there was no place for it, and there is none yet.
	Waiting State = "Waiting"
	// Admitted: there was no place for it, and there is one now.
	Admitted State = "Admitted"
	// Running: it is in progress.
	Running State = "Running"
	// Done: its answer is available.
	Done State = "Done"
)

// Owner is whose call it is.
type Owner struct {
	// Tenant shares places with the others, and Name is one of its own that has
	// calls.
	Tenant, Name string
}

// Runner runs calls whose answers are of type A. It is safe for concurrent use.
// Create one with New.
//
// Its places are shared between tenants, of which each always has one.
type Runner[A any] struct {
	places *share.Shares
	// ctx of all calls belongs to the runner, as a call outlives the reconcile
	// that starts it.
	ctx    context.Context
	cancel context.CancelFunc
	// underWay are the calls that Run waits for.
	underWay sync.WaitGroup

	mu    sync.Mutex
	calls map[string]*call[A]
	// waiting are those for which there was no place, and when they last asked.
	waiting map[string]waiter
	ended   bool
}

// waiter is a call that waits for a place.
type waiter struct {
	owner Owner
	asked time.Time
}

// call is one call. Its fields, except cancel, are guarded by the runner's
// mutex.
type call[A any] struct {
	owner  Owner
	cancel context.CancelFunc
	answer A
	err    error
	// doneAt is zero while it runs.
	doneAt time.Time
}

// New returns a runner of at most limit concurrent calls, besides one of each
// tenant.
func New[A any](limit int) *Runner[A] {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:gosec // Run calls it in the end
	return &Runner[A]{places: share.NewGuaranteed(limit), ctx: ctx, cancel: cancel, calls: map[string]*call[A]{}, waiting: map[string]waiter{}}
}

// Start runs fn in the background, with a context that ends after timeout. If a
// call with that key is already running or its answer is waiting, it does
// nothing. It returns false if no call has the key: there is no place, so try
// again later, or the runner has ended. A call that ignores the end of its
// context keeps its place.
func (r *Runner[A]) Start(key string, owner Owner, timeout time.Duration, fn func(context.Context) (A, error)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	r.sweep()
	if _, ok := r.calls[key]; ok {
		return true
	}
	if !r.places.Take(owner.Tenant) {
		r.waiting[key] = waiter{owner, time.Now()}
		return false
	}
	delete(r.waiting, key)
	ctx, cancel := context.WithTimeout(r.ctx, timeout) //nolint:gosec // run calls it
	c := &call[A]{owner: owner, cancel: cancel}
	r.calls[key] = c
	r.underWay.Go(func() { r.run(ctx, key, c, fn) })
	return true
}

// Poll returns the state of the call, with its answer and error once it is
// Done. The answer is kept until Forget, or for an hour.
func (r *Runner[A]) Poll(key string) (answer A, state State, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep()
	c, ok := r.calls[key]
	w, waits := r.waiting[key]
	if waits {
		w.asked = time.Now() // whoever polls still wants it
		r.waiting[key] = w
	}
	switch {
	case !ok && waits && r.places.Has(w.owner.Tenant):
		return answer, Admitted, nil
	case !ok && waits:
		return answer, Waiting, nil
	case !ok:
		return answer, Unknown, nil
	case c.doneAt.IsZero():
		return answer, Running, nil
	default:
		return c.answer, Done, c.err
	}
}

// Keep forgets all calls of the owner but those with the keys: nobody polls them
// any more.
func (r *Runner[A]) Keep(owner Owner, keys ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, c := range r.calls {
		if c.owner == owner && !slices.Contains(keys, key) {
			r.forget(key)
		}
	}
	for key, w := range r.waiting {
		if w.owner == owner && !slices.Contains(keys, key) {
			r.forget(key)
		}
	}
}

// Forget drops the call's answer. A call that is still running is cancelled, as
// nobody will poll it; the key can be used again at once.
func (r *Runner[A]) Forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(key)
}

func (r *Runner[A]) forget(key string) {
	delete(r.waiting, key)
	if c, ok := r.calls[key]; ok {
		c.cancel()
		delete(r.calls, key)
	}
}

// Run blocks until ctx ends. Then it cancels the running calls and waits for
// them to return. Calls may be started before Run is called, but not after it
// returned. It is a manager.RunnableFunc of controller-runtime.
func (r *Runner[A]) Run(ctx context.Context) error {
	<-ctx.Done()
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.cancel()
	r.underWay.Wait()
	return nil
}

// run makes the call and keeps its answer, even if the call ends its goroutine.
func (r *Runner[A]) run(ctx context.Context, key string, c *call[A], fn func(context.Context) (A, error)) {
	defer c.cancel()
	var answer A
	err := errNoAnswer
	defer func() { r.finish(key, c, answer, err) }()
	answer, err = safely(ctx, fn)
}

// finish keeps the answer, unless the call was forgotten. A call that failed
// after the runner ended failed because of that: the failure says nothing about
// what was called, so a running reconcile must not treat it as an answer.
func (r *Runner[A]) finish(key string, c *call[A], answer A, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.places.Give(c.owner.Tenant)
	switch {
	case r.calls[key] != c:
	case r.ended && err != nil:
		delete(r.calls, key)
	default:
		c.answer, c.err, c.doneAt = answer, err, time.Now()
	}
}

// sweep drops answers that were kept too long, and whoever stopped asking.
func (r *Runner[A]) sweep() {
	for key, c := range r.calls {
		if !c.doneAt.IsZero() && time.Since(c.doneAt) >= keep {
			delete(r.calls, key)
		}
	}
	for key, w := range r.waiting {
		if time.Since(w.asked) >= keep {
			delete(r.waiting, key)
		}
	}
}
