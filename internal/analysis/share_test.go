package analysis

import (
	"testing"
	"time"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// The share is of what both revisions got in whole minutes of the step of which
// CloudWatch has the data.
func TestShare(t *testing.T) {
	const delay = 3 * time.Minute
	since := time.Date(2026, 12, 1, 10, 0, 30, 0, time.UTC)
	at := func(minute int) time.Time { return since.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute) }
	counts := func(from int, values ...float64) cloud.Series {
		s := cloud.Series{Period: time.Minute}
		for i, v := range values {
			s.Points = append(s.Points, cloud.Point{Start: at(from + i), Value: v})
		}
		return s
	}
	for _, c := range []struct {
		name              string
		candidate, stable cloud.Series
		now               time.Time
		percent           int32
		requests          int64
		from, to          int
	}{
		{"nothing of the step is complete", counts(0, 5), counts(0, 5), at(4), 0, 0, 0, 0},
		{"the minute in which it began is left out", counts(0, 900, 10), counts(0, 0, 90), at(5), 10, 100, 1, 2},
		{"what may be late is left out", counts(1, 10, 900), counts(1, 90), at(5), 10, 100, 1, 2},
		{"all that is complete", counts(1, 10, 30), counts(1, 90, 70), at(6), 20, 200, 1, 3},
		{"the last ten minutes at most", counts(1, 900, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), counts(1, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9), at(15), 10, 100, 2, 12},
		{"what came before was read", func() cloud.Series { s := counts(1, 10, 30); s.ReadAt = at(5); return s }(), counts(1, 90, 70), at(6), 10, 100, 1, 2},
		{"nobody came to the new one", counts(1), counts(1, 7), at(5), 0, 7, 1, 2},
		{"nobody came", counts(1), counts(1), at(5), 0, 0, 0, 0},
		{"half a percent", counts(1, 1), counts(1, 199), at(5), 1, 200, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Share(Readings{Candidate: []cloud.Series{c.candidate}, Stable: []cloud.Series{c.stable}}, since, delay, c.now)
			if ok != (c.requests > 0) || got.Percent != c.percent || got.Requests != c.requests {
				t.Fatalf("%+v, %t", got, ok)
			}
			if ok && (!got.From.Time.Equal(at(c.from)) || !got.To.Time.Equal(at(c.to))) {
				t.Errorf("from %s to %s", got.From, got.To)
			}
		})
	}
	if _, ok := Share(Readings{Candidate: []cloud.Series{counts(1, 10)}}, since, delay, at(9)); ok {
		t.Error("a share of one revision's requests")
	}
}
