package lambda

import "time"

const (
	// queueDelay is how long an event is in the queue at least.
	queueDelay = 20 * time.Millisecond
	// maxEventAge is how long Lambda tries to run an event.
	maxEventAge = 6 * time.Hour
	// maxBackoff is the longest wait for a throttled event.
	maxBackoff = 5 * time.Minute
)

// retryDelay is the wait before an event which has failed so many times runs
// again, and whether it does.
func retryDelay(failures int) (time.Duration, bool) {
	switch failures {
	case 1:
		return time.Minute, true
	case 2:
		return 2 * time.Minute, true
	default:
		return 0, false
	}
}

// queued is an event in the queue of asynchronous invocations.
type queued struct {
	service    *Service
	function   *function
	invocation Invocation
	failures   int
	// age is how long it has waited for the function to be free.
	age     time.Duration
	backoff time.Duration
}

// enqueue runs an event soon.
func (s *Service) enqueue(f *function, invocation Invocation) {
	q := &queued{service: s, function: f, invocation: invocation, backoff: time.Second}
	s.world.After(queueDelay, q.attempt)
}

// attempt runs an event, or puts it back while the function is throttled.
func (q *queued) attempt() {
	if q.service.throttled(q.function) == "" {
		q.service.start(q.function, q.invocation, q.done)
		return
	}
	if q.age >= maxEventAge {
		return // discarded: there is no dead-letter queue
	}
	q.service.world.After(q.backoff, q.attempt)
	q.age += q.backoff
	q.backoff = min(2*q.backoff, maxBackoff)
}

// done repeats an event whose function failed, twice at most.
func (q *queued) done(result outcome) {
	if !result.failed {
		return
	}
	q.failures++
	if wait, again := retryDelay(q.failures); again {
		q.service.world.After(wait, q.attempt)
	}
}
