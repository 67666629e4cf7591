package cloud

import (
	"context"
	"errors"
	"time"
)

// ErrPending means that a reading was requested and isn't available yet: many
// are read by one call, and the next call is due within a batch window. Try
// again soon; it isn't a failure.
var ErrPending = errors.New("the reading is not there yet")

// Alarms reads CloudWatch alarms. Readings of all callers are batched: no alarm
// is read more than once per batch window, however many callers request it.
type Alarms interface {
	// States returns the alarms of those names as last read, at most a batch
	// window ago; names without an alarm are omitted. ErrPending if one of the
	// names wasn't read yet.
	States(ctx context.Context, names []string) ([]Alarm, error)
}

// AlarmState is an alarm's state in CloudWatch.
type AlarmState string

// Alarm states.
const (
	AlarmOK               AlarmState = "OK"
	AlarmFiring           AlarmState = "ALARM"
	AlarmInsufficientData AlarmState = "INSUFFICIENT_DATA"
)

// Alarm is an alarm on a metric or on logs, or a composite one.
type Alarm struct {
	Name  string
	ARN   string
	State AlarmState
	// Reason as reported by CloudWatch.
	Reason string
	// Since is when the alarm entered this state.
	Since time.Time
	// Doubt is why State may not be so, in CloudWatch's words: PARTIAL_DATA,
	// EVALUATION_ERROR, EVALUATION_FAILURE; "" if there is no doubt.
	Doubt string
	// Span is how far back the alarm looks: evaluation periods × period; for
	// a composite alarm the longest of its children's.
	Span time.Duration
	// ReadAt is when it was read.
	ReadAt time.Time
}

// Metrics reads CloudWatch metrics. Readings of all callers are batched into as
// few GetMetricData calls as possible, once per batch window.
type Metrics interface {
	// Read returns one series for each query as last read, at most a batch
	// window ago. A series reaches back to since at least, but no further
	// than MaxLookback; all callers' series have the same period. ErrPending if
	// one of the queries wasn't read yet, or not as far back. A query that
	// CloudWatch rejects is a KindInvalid error only for its callers.
	Read(ctx context.Context, queries []MetricQuery, since time.Time) ([]Series, error)
}

// MaxLookback is the maximum time that metrics are read back.
const MaxLookback = 3 * time.Hour

// MetricQuery asks for one series.
type MetricQuery struct {
	// Metrics that are read. Without an Expression there is exactly one, which
	// is the result; its ID doesn't matter then.
	Metrics []Metric
	// Expression in metric math over the IDs of Metrics; "" is none.
	Expression string
}

// Metric is a CloudWatch metric with a statistic.
type Metric struct {
	// ID in Expression: a lower-case letter, then letters, digits and _.
	ID        string
	Namespace string
	Name      string
	// Dimensions in the given order.
	Dimensions []Dimension
	// Statistic such as Sum, Average or p99.
	Statistic string
}

// Dimension of a CloudWatch metric.
type Dimension struct{ Name, Value string }

// Series is a metric over time.
type Series struct {
	// Period of the points.
	Period time.Duration
	// Points that have data, in ascending order of time.
	Points []Point
	// ReadAt is when it was read.
	ReadAt time.Time
}

// Point is the value of one period.
type Point struct {
	// Start of the period.
	Start time.Time
	Value float64
}
