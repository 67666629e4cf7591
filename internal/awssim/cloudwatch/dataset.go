package cloudwatch

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// dataset is what is kept of the values of one period: not the values but their
// statistics and, for percentiles, how many were in which class.
type dataset struct {
	count, sum, min, max float64
	// classes counts the values by class as long as they differ; nil while all
	// are the same.
	classes map[int]float64
	// opaque is set once values came as a statistic set, which has no
	// percentiles.
	opaque bool
}

// growth is how much wider each class of values is than the one before: an
// error of a percent is below what CloudWatch promises.
const growth = 1.01

// zeroClass holds what isn't positive.
const zeroClass = math.MinInt

func classOf(value float64) int {
	if value <= 0 {
		return zeroClass
	}
	return int(math.Ceil(math.Log(value) / math.Log(growth)))
}

// add counts a value n times.
func (d *dataset) add(value, n float64) {
	d.merge(dataset{count: n, sum: value * n, min: value, max: value})
}

func (d *dataset) merge(other dataset) {
	if other.count == 0 {
		return
	}
	if d.count == 0 {
		*d = other
		d.classes = maps.Clone(other.classes)
		return
	}
	if d.classes != nil || other.classes != nil || d.min != other.min || d.max != other.max {
		mine := d.spread()
		for class, n := range other.spread() {
			mine[class] += n
		}
		d.classes = mine
	}
	d.count += other.count
	d.sum += other.sum
	d.min, d.max = min(d.min, other.min), max(d.max, other.max)
	d.opaque = d.opaque || other.opaque
}

// spread is the values by class, even if all are the same.
func (d *dataset) spread() map[int]float64 {
	if d.classes != nil {
		return d.classes
	}
	return map[int]float64{classOf(d.min): d.count}
}

// quantile is a value that the share q of the values does not exceed. There is
// none if a value was negative or the values aren't known.
func (d *dataset) quantile(q float64) (float64, bool) {
	if d.count == 0 || d.opaque || d.min < 0 {
		return 0, false
	}
	if d.classes == nil {
		return d.min, true
	}
	rank, seen := q*d.count, 0.0
	for _, class := range slices.Sorted(maps.Keys(d.classes)) {
		if seen += d.classes[class]; seen >= rank {
			bound := 0.0
			if class != zeroClass {
				bound = math.Pow(growth, float64(class))
			}
			return min(max(bound, d.min), d.max), true
		}
	}
	return d.max, true
}

// statistic is a way to sum up a period: a name or a percentile.
type statistic struct {
	name string
	// share is the percentile's, 0.99 for p99.
	share float64
}

var (
	percentile = regexp.MustCompile(`^p([0-9]{1,2}(\.[0-9]{1,10})?|100)$`)
	// trimmed are the statistics that AWS knows besides.
	trimmed = regexp.MustCompile(`^(tm|wm|tc|ts|pr|TM|WM|TC|TS|PR)[0-9(]|^(IQM|iqm)$`)
)

// parseStatistic reads what GetMetricData calls Stat.
func parseStatistic(text string) (statistic, error) {
	if oneOf(text, "Average", "Sum", "Minimum", "Maximum", "SampleCount") {
		return statistic{name: text}, nil
	}
	if percentile.MatchString(text) {
		percent, _ := strconv.ParseFloat(text[1:], 64) // the pattern was checked
		return statistic{name: text, share: percent / 100}, nil
	}
	if trimmed.MatchString(text) {
		return statistic{}, invalid("The statistic %s is not simulated", text)
	}
	return statistic{}, invalid("The value %s for parameter Stat is not supported.", text)
}

func (st statistic) isPercentile() bool { return st.name[0] == 'p' }

// of is the statistic of a period; false if it has none.
func (st statistic) of(d *dataset) (float64, bool) {
	if d.count == 0 {
		return 0, false
	}
	switch st.name {
	case "Average":
		return d.sum / d.count, true
	case "Sum":
		return d.sum, true
	case "Minimum":
		return d.min, true
	case "Maximum":
		return d.max, true
	case "SampleCount":
		return d.count, true
	default:
		return d.quantile(st.share)
	}
}
