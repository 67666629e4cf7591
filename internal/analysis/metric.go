package analysis

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Step is the step of a rollout in which a revision is judged.
type Step struct {
	// Number of the step, from 1.
	Number int32
	// Weight is the revision's percentage of the requests.
	Weight int32
	// Since is when its weight took effect on every node; zero if it hasn't
	// yet.
	Since time.Time
	// RolloutStarted is when the rollout began.
	RolloutStarted time.Time
}

// Metric judges a revision by check, from the readings of its queries. before
// is the previous verdict of the same check in the same rollout; nil if there
// is none.
//
// CloudWatch is late: data that is younger than delay is ignored. What younger
// data than twice as much seems to lack doesn't fail a revision. The next
// measurement is made once its end is intervalSeconds later than that of the
// last one; until then the result is before. Fail is kept for the rest of the
// step. Too few samples count neither as a measurement nor as a bad one.
func Metric(
	check v1alpha1.MetricCheck, step Step, r Readings, delay time.Duration, before *v1alpha1.Verdict, now time.Time,
) v1alpha1.Verdict {
	v, last := frame(v1alpha1.SourceMetric, check.Name, step, before)
	if v.Result == v1alpha1.ResultFail {
		return v
	}
	b, instead, why := boundsOf(&check, step, r.Stable != nil)
	if instead != "" {
		return conclude(blank(&v), instead, why, last, now)
	}
	if step.Since.IsZero() {
		return conclude(blank(&v), v1alpha1.ResultPending, subject(&check)+": waits for the weight to be in effect"+where(step), last, now)
	}
	w := windowOf(&check, step.Since, r, delay, now)
	if v.To != nil && !v.To.After(now) && w.to.Before(v.To.Add(max(seconds(check.IntervalSeconds, 60), time.Second))) {
		return v
	}
	if w.empty() {
		due := ceil(step.Since, w.period).Add(w.period + delay)
		return conclude(blank(&v), v1alpha1.ResultPending, fmt.Sprintf("%s: waits for data until %s%s", subject(&check), clock(due, now), where(step)), last, now)
	}
	m := &measurement{check: &check, step: step, bounds: b, readings: r, window: w}
	m.measure(false)
	return m.verdict(blank(&v), last, now)
}

// frame returns the verdict to continue from: before, if it is from this step;
// then it is also last. From another step only the number of measurements is
// kept.
func frame(source v1alpha1.VerdictSource, name string, step Step, before *v1alpha1.Verdict) (v v1alpha1.Verdict, last *v1alpha1.Verdict) {
	if before != nil && before.Step == step.Number && before.Weight == step.Weight {
		return *before, before
	}
	v = v1alpha1.Verdict{Source: source, Name: name, Step: step.Number, Weight: step.Weight}
	if before != nil {
		v.Measurements = before.Measurements
	}
	return v, nil
}

// blank returns v without what was measured.
func blank(v *v1alpha1.Verdict) v1alpha1.Verdict {
	return v1alpha1.Verdict{
		Source: v.Source, Name: v.Name, Step: v.Step, Weight: v.Weight,
		Measurements: v.Measurements, Failures: v.Failures,
	}
}

// conclude returns v with its result, which is as old as last's if it is the
// same.
func conclude(v v1alpha1.Verdict, result v1alpha1.Result, message string, last *v1alpha1.Verdict, now time.Time) v1alpha1.Verdict {
	v.Result, v.Message, v.Since = result, cut(message, maxMessage), metav1.NewTime(now)
	if last != nil && last.Result == result {
		v.Since = last.Since
	}
	return v
}

// verdict returns v with the measurement.
func (m *measurement) verdict(v v1alpha1.Verdict, last *v1alpha1.Verdict, now time.Time) v1alpha1.Verdict {
	from, to := metav1.NewTime(m.window.from), metav1.NewTime(m.window.to)
	v.From, v.To = &from, &to
	v.Bound, v.Samples, v.StableSamples = m.bounds.text(m.check), m.candidate.samples, m.stable.samples
	if v.Samples > 0 {
		v.Value = m.say(m.candidate.value)
	}
	if v.StableSamples > 0 {
		v.StableValue = m.say(m.stable.value)
	}
	if m.enough(m.candidate) {
		v.Measurements++
	}
	m.number = v.Measurements
	result, text := m.judge()
	if result != v1alpha1.ResultFail {
		return conclude(v, result, text, last, now)
	}
	if !m.isSure() {
		return conclude(v, v1alpha1.ResultInconclusive, text+"; so it seems, but data may be late", last, now)
	}
	v.Failures++
	limit := or(m.check.FailureLimit, 0)
	if limit > 0 {
		text += fmt.Sprintf("; bad measurement %d, %s put up with", v.Failures, are(limit))
	}
	if v.Failures <= limit {
		result = v1alpha1.ResultInconclusive
	}
	return conclude(v, result, text, last, now)
}
