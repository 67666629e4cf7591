package analysis

import (
	"math"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// measured is what a check measured for one revision.
type measured struct {
	// value in the unit that people see: percent, milliseconds.
	value float64
	// samples that it was measured from; 0 means no data.
	samples int64
	// errors among the samples, for an ErrorRate.
	errors int64
}

// measure combines the points of a window into one value.
func measure(check *v1alpha1.MetricCheck, series []cloud.Series, w window) measured {
	points := func(query int) []cloud.Point {
		if query >= len(series) {
			return nil
		}
		return w.points(&series[query])
	}
	switch check.Builtin {
	case v1alpha1.MetricErrorRate:
		return errorRate(sum(points(0)), sum(points(1))+sum(points(2)))
	case v1alpha1.MetricLatencyP50, v1alpha1.MetricLatencyP90, v1alpha1.MetricLatencyP99:
		return latency(points(0), points(1))
	case v1alpha1.MetricRequestCount:
		return measured{value: sum(points(0)) / w.to.Sub(w.from).Minutes(), samples: w.periods()}
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
func errorRate(requests, errors float64) measured {
	errors = min(errors, requests)
	if requests <= 0 {
		return measured{}
	}
	return measured{value: 100 * errors / requests, samples: int64(math.Round(requests)), errors: int64(math.Round(errors))}
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
