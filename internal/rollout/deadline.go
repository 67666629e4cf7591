package rollout

import (
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// deadline is by when a rollout has to make progress.
type deadline struct {
	since time.Time
	limit time.Duration
}

// deadline is that of a rollout.
func (x *pass) deadline(r *Rollout) deadline {
	return deadline{since: r.ProgressedAt, limit: x.o.Policy.ProgressDeadline}
}

func (d deadline) end() time.Time { return d.since.Add(d.limit) }

func (d deadline) passed(now time.Time) bool { return !now.Before(d.end()) }

// progressed restarts the deadline: the rollout made progress, or what kept it
// from that was no fault of its own.
func (r *Rollout) progressed(now time.Time) { r.ProgressedAt = now }

// excuse keeps the time until t from counting: a hold, a gate or a person was
// waited for.
func (r *Rollout) excuse(t time.Time) { r.ProgressedAt = latest(r.ProgressedAt, t) }

// awaitProgress waits until the rollout makes progress, and fails it once it has
// made none for too long.
func (x *pass) awaitProgress(r Rollout, w words) *Decision {
	deadline := x.deadline(&r)
	if deadline.passed(x.now) {
		return x.fail(r, v1alpha1.ReasonProgressDeadlineExceeded,
			fmt.Sprintf("no progress within %g minutes: %s", deadline.limit.Minutes(), uncapitalised(w.message)))
	}
	return x.until(w, deadline.end()).with(r)
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
