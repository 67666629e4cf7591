package analysis

import (
	"math"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// RequestCounts is the check that reads the requests of both revisions.
func RequestCounts() v1alpha1.MetricCheck {
	return v1alpha1.MetricCheck{Name: "requests", Builtin: v1alpha1.MetricRequestCount}
}

// Share is the part of the requests that the candidate got in a step, in percent,
// from readings of RequestCounts. It is about complete minutes of the step that
// ended at least delay ago, when CloudWatch has their data: of the last ten at
// most, since clients that stay come over little by little. False if there is
// no such minute yet, or nobody asked in them.
func Share(r Readings, since time.Time, delay time.Duration, now time.Time) (v1alpha1.MeasuredShare, bool) {
	if len(r.Candidate) == 0 || len(r.Stable) == 0 {
		return v1alpha1.MeasuredShare{}, false
	}
	check := RequestCounts()
	w := windowOf(&check, since, r, delay, now)
	if w.empty() {
		return v1alpha1.MeasuredShare{}, false
	}
	got, others := sum(w.points(&r.Candidate[0])), sum(w.points(&r.Stable[0]))
	all := math.Round(got + others)
	if all <= 0 {
		return v1alpha1.MeasuredShare{}, false
	}
	share := v1alpha1.MeasuredShare{Percent: int32(math.Round(100 * got / all)), Requests: int64(all)}
	share.From.Time, share.To.Time = w.from, w.to
	return share, true
}
