package analysis

import (
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// defaultPeriod is the period of the points if no series has one.
const defaultPeriod = time.Minute

// window is the time range of a measurement: whole periods, each of which ended
// long enough ago that CloudWatch has all its data.
type window struct {
	from, to time.Time
	period   time.Duration
	// settled is when periods ended of which nothing is late any more: twice as
	// long ago as CloudWatch usually takes.
	settled time.Time
}

// windowOf returns the window of check as far as it was read. It lies within
// the step, as a point that is partly older mixes two weights. Its length is
// rounded up to whole periods, at least one.
func windowOf(check *v1alpha1.MetricCheck, since time.Time, r Readings, delay time.Duration, now time.Time) window {
	period := r.period()
	at := r.readAt(now)
	w := window{from: ceil(since, period), to: at.Add(-delay).Truncate(period), period: period, settled: at.Add(-2 * delay)}
	if back := w.to.Add(-w.longest(check)); back.After(w.from) {
		w.from = back
	}
	return w
}

// longest is how long the window of check can be.
func (w window) longest(check *v1alpha1.MetricCheck) time.Duration {
	return max((seconds(check.WindowSeconds, 600) + w.period - 1).Truncate(w.period), w.period)
}

// unsettled reports whether data of the period that starts then may be late.
func (w window) unsettled(start time.Time) bool { return start.Add(w.period).After(w.settled) }

func (w window) empty() bool { return !w.from.Before(w.to) }

// points returns the points in the window.
func (w window) points(s *cloud.Series) []cloud.Point {
	var points []cloud.Point
	for _, p := range s.Points {
		if !p.Start.Before(w.from) && !p.Start.Add(w.period).After(w.to) && finite(p.Value) {
			points = append(points, p)
		}
	}
	return points
}

// Readings are the series of a check's queries for both revisions, in the
// order of Queries.
type Readings struct {
	Candidate []cloud.Series
	// Stable is nil if there is no stable revision.
	Stable []cloud.Series
}

func (r Readings) period() time.Duration {
	for i := range r.Candidate {
		if p := r.Candidate[i].Period; p > 0 {
			return p
		}
	}
	return defaultPeriod
}

// readAt returns when the oldest of them was read, now at the latest. A reading
// says nothing about the time after it: missing data would count as zero.
func (r Readings) readAt(now time.Time) time.Time {
	at := now
	for _, all := range [][]cloud.Series{r.Candidate, r.Stable} {
		for i := range all {
			if t := all[i].ReadAt; !t.IsZero() && t.Before(at) {
				at = t
			}
		}
	}
	return at
}

// ceil rounds t up to a multiple of the period.
func ceil(t time.Time, period time.Duration) time.Time {
	if down := t.Truncate(period); !down.Equal(t) {
		return down.Add(period)
	}
	return t
}

func seconds(n *int32, otherwise int32) time.Duration {
	return time.Duration(or(n, otherwise)) * time.Second
}

// or returns what n points to, or otherwise the default of the API server.
func or(n *int32, otherwise int32) int32 {
	if n == nil {
		return otherwise
	}
	return *n
}
