package analysis

import (
	"math"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// measured is what a check measured for one revision.
type measured struct {
	// value in the unit that people see: percent, milliseconds.
	value float64
	// samples that it was measured from; 0 means no data.
	samples int64
	// errors among the samples, for an ErrorRate, and how many of these are
	// requests that have no answer.
	errors, unanswered int64
}

// measure combines the points of a window into one value. With sure, it leaves
// out what may only look like it because data is late: the requests of the
// newest periods that have no answer, or that there are none.
func measure(check *v1alpha1.MetricCheck, series []cloud.Series, w window, sure bool) measured {
	points := func(query int) []cloud.Point {
		if query >= len(series) {
			return nil
		}
		return w.points(&series[query])
	}
	switch check.Builtin {
	case v1alpha1.MetricErrorRate:
		if check.Unanswered == v1alpha1.UnansweredIgnore {
			return errorRate(sum(points(0)), sum(points(1))+sum(points(2)), 0)
		}
		return w.answered(points, sure)
	case v1alpha1.MetricLatencyP50, v1alpha1.MetricLatencyP90, v1alpha1.MetricLatencyP99:
		return latency(points(0), points(1))
	case v1alpha1.MetricRequestCount:
		return w.rate(points(0), sure)
	case v1alpha1.MetricUnhealthyHosts:
		return aggregated(points(0), "Maximum")
	case v1alpha1.MetricCPU, v1alpha1.MetricMemory:
		return aggregated(points(0), "Average")
	}
	if check.Query == nil {
		return measured{}
	}
	return aggregated(points(0), check.Query.Aggregate)
}

// errorRate is the percentage of requests that failed. There may be more errors
// than requests, as a failed connection is retried; the rate is at most 100 %.
func errorRate(requests, errors, unanswered float64) measured {
	errors = min(errors, requests)
	if requests <= 0 {
		return measured{}
	}
	return measured{
		value: 100 * errors / requests, samples: int64(math.Round(requests)),
		errors: int64(math.Round(errors)), unanswered: int64(math.Round(unanswered)),
	}
}

// answered is the percentage of requests that failed or have no answer: the load
// balancer counts a request once it has chosen a target for it, and an answer
// only if it is the target's own. It answers itself, with 502 or 504, for a
// target that resets the connection or hangs, and counts that nowhere by target
// group. The points are those of Queries.
//
// An answer may come in the period after its request's, so only the sums of the
// window are compared. CloudWatch may have a period's requests before their
// answers, too: with sure, requests of periods that aren't settled don't count
// before they are answered.
func (w window) answered(points func(query int) []cloud.Point, sure bool) measured {
	failed, refused := sum(points(1)), sum(points(2))
	answers, known := failed, map[int64]float64{}
	for query := 1; query < 6; query++ {
		for _, p := range points(query) {
			known[p.Start.Unix()] += p.Value
			if query > 2 {
				answers += p.Value
			}
		}
	}
	var requests float64
	for _, p := range points(0) {
		if sure && w.unsettled(p.Start) {
			requests += min(p.Value, known[p.Start.Unix()])
		} else {
			requests += p.Value
		}
	}
	requests = max(requests, answers)
	missing := requests - answers
	return errorRate(requests, failed+max(refused, missing), missing)
}

// rate is the number of requests per minute. A period without data had none;
// with sure, only if it is settled.
func (w window) rate(points []cloud.Point, sure bool) measured {
	seen := map[int64]bool{}
	for _, p := range points {
		seen[p.Start.Unix()] = true
	}
	var known int64
	for start := w.from; start.Before(w.to); start = start.Add(w.period) {
		if seen[start.Unix()] || !sure || !w.unsettled(start) {
			known++
		}
	}
	if known == 0 {
		return measured{}
	}
	return measured{value: sum(points) / (time.Duration(known) * w.period).Minutes(), samples: known}
}

// latency is the mean of the periods' percentiles, each weighted by its
// requests. The percentile of the whole window can't be computed from those of
// its periods; the mean is the same if they are alike, and a period with few
// requests, whose percentile is a matter of chance, hardly counts.
func latency(requests, secs []cloud.Point) measured {
	count := map[int64]float64{}
	for _, p := range requests {
		count[p.Start.Unix()] += p.Value
	}
	var weighted, total float64
	for _, p := range secs {
		n := count[p.Start.Unix()]
		weighted += n * p.Value * 1000
		total += n
	}
	if total <= 0 {
		return measured{}
	}
	return measured{value: weighted / total, samples: int64(math.Round(total))}
}

// aggregated combines the points into one value.
func aggregated(points []cloud.Point, how string) measured {
	if len(points) == 0 {
		return measured{}
	}
	m := measured{value: points[0].Value, samples: int64(len(points))}
	switch how {
	case "Minimum":
		for _, p := range points {
			m.value = min(m.value, p.Value)
		}
	case "Maximum":
		for _, p := range points {
			m.value = max(m.value, p.Value)
		}
	case "Sum":
		m.value = sum(points)
	default:
		m.value = sum(points) / float64(len(points))
	}
	return m
}

// sum of the points. A count has no point for a period without events, which
// counts as 0.
func sum(points []cloud.Point) float64 {
	var total float64
	for _, p := range points {
		total += p.Value
	}
	return total
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
