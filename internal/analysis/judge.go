package analysis

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// measurement is one measurement of a revision.
type measurement struct {
	check  *v1alpha1.MetricCheck
	step   Step
	bounds bounds
	// number of the measurement in the rollout, from 1.
	number            int32
	readings          Readings
	window            window
	candidate, stable measured
}

// measure measures both revisions by all that the readings say. With sure, data
// that may be late speaks for the candidate.
func (m *measurement) measure(sure bool) {
	m.candidate = measure(m.check, m.readings.Candidate, m.window, sure)
	if m.readings.Stable != nil && m.step.Weight < 100 {
		m.stable = measure(m.check, m.readings.Stable, m.window, !sure)
	}
}

// isSure reports whether a bad measurement is also bad if data is late.
func (m *measurement) isSure() bool {
	again := *m
	again.measure(true)
	result, _ := again.judge()
	return result == v1alpha1.ResultFail
}

// judge returns whether the measurement is good, bad or neither, and why.
func (m *measurement) judge() (v1alpha1.Result, string) {
	value, b := m.candidate.value, &m.bounds
	switch {
	case !m.enough(m.candidate):
		return v1alpha1.ResultInconclusive, m.missing("", m.candidate)
	case b.max != nil && value > *b.max:
		return v1alpha1.ResultFail, m.sentence(m.against(*b.max)+" > "+m.bound(*b.max), m.stableValue())
	case b.min != nil && value < *b.min:
		return v1alpha1.ResultFail, m.sentence(m.against(*b.min)+" < "+m.bound(*b.min), m.stableValue())
	case b.ratio == nil:
		return v1alpha1.ResultPass, m.sentence(m.within(), m.stableValue())
	case !m.enough(m.stable):
		return v1alpha1.ResultInconclusive, m.missing("stable has ", m.stable)
	case m.check.Builtin == v1alpha1.MetricErrorRate:
		return m.compareErrors()
	}
	return m.compareValues()
}

// compareErrors fails a revision that is worse beyond reasonable doubt.
func (m *measurement) compareErrors() (v1alpha1.Result, string) {
	p := pValue(m.candidate, m.stable, *m.bounds.ratio)
	claim := "beyond doubt more than "
	if *m.bounds.ratio != 1 {
		claim += exact(*m.bounds.ratio) + " times "
	}
	claim += "stable's " + m.say(m.stable.value)
	if p <= alphaFor(m.number) {
		return v1alpha1.ResultFail, m.sentence(m.say(m.candidate.value)+" is "+claim+" "+chance(p), m.stableSamples())
	}
	if m.bounds.max == nil && m.bounds.min == nil {
		return v1alpha1.ResultPass, m.sentence(m.say(m.candidate.value)+" is not "+claim, m.stableSamples())
	}
	return v1alpha1.ResultPass, m.sentence(m.within("not "+claim), m.stableSamples())
}

// compareValues compares values that aren't counts of events, whose
// distribution is unknown.
func (m *measurement) compareValues() (v1alpha1.Result, string) {
	value, bound := m.candidate.value, *m.bounds.ratio*m.stable.value
	claim := exact(*m.bounds.ratio) + " × stable's " + m.say(m.stable.value)
	switch {
	case m.stable.value < 0 || m.stable.value == 0 && value > 0:
		return v1alpha1.ResultInconclusive, m.sentence(m.say(value)+" has no ratio to stable's "+m.say(m.stable.value), m.stableSamples())
	case value > bound:
		return v1alpha1.ResultFail, m.sentence(m.against(bound)+" > "+claim, m.stableSamples())
	}
	return v1alpha1.ResultPass, m.sentence(m.within("≤ "+claim), m.stableSamples())
}

// enough reports whether there are as many samples as a measurement needs.
func (m *measurement) enough(of measured) bool { return of.samples >= m.needed() }

func (m *measurement) needed() int64 {
	if byRequests(m.check) {
		return int64(or(m.check.MinSamples, 50))
	}
	return int64(or(m.check.MinSamples, 1))
}

// missing says what there is too little of.
func (m *measurement) missing(who string, of measured) string {
	if of.samples == 0 {
		return fmt.Sprintf("%s: %sno data, %s needed%s", subject(m.check), who, samples(m.check, m.needed()), where(m.step))
	}
	text := fmt.Sprintf("%s: %s%s of %s needed%s", subject(m.check), who, count(of.samples), samples(m.check, m.needed()), where(m.step))
	if m.window.to.Sub(m.window.from) >= m.window.longest(m.check) {
		text += fmt.Sprintf("; a whole window of %s has no more: lower minSamples, or raise windowSeconds", m.window.longest(m.check))
	}
	return text
}

// within is the value with everything that it was compared with.
func (m *measurement) within(comparison ...string) string {
	b, value := &m.bounds, m.say(m.candidate.value)
	var all []string
	if b.max != nil {
		all, value = append(all, "≤ "+m.bound(*b.max)), m.against(*b.max)
	}
	if b.min != nil {
		all, value = append(all, "≥ "+m.bound(*b.min)), m.against(*b.min)
	}
	return value + " " + strings.Join(append(all, comparison...), " and ")
}

// sentence says what was found, where, and from how many samples.
func (m *measurement) sentence(found, stable string) string {
	text := subject(m.check) + " " + found + where(m.step)
	if m.check.Builtin != v1alpha1.MetricRequestCount {
		text += ", " + samples(m.check, m.candidate.samples)
	}
	if m.candidate.unanswered > 0 {
		text += fmt.Sprintf(", %s of them without an answer", count(m.candidate.unanswered))
	}
	return text + stable
}

// stableValue is the end of a sentence that hasn't mentioned the stable value
// yet.
func (m *measurement) stableValue() string {
	if m.stable.samples == 0 {
		return ""
	}
	return ", stable " + m.say(m.stable.value)
}

// stableSamples is the end of one that has.
func (m *measurement) stableSamples() string { return ", stable " + count(m.stable.samples) }

// bound formats a bound as it was given.
func (m *measurement) bound(value float64) string { return exact(value) + unit(m.check) }

// say formats a value for people.
func (m *measurement) say(value float64) string { return number(value, significant) + unit(m.check) }

// against formats the measured value, exact enough to be distinguished from
// bound.
func (m *measurement) against(bound float64) string {
	return against(m.candidate.value, bound) + unit(m.check)
}

// chance formats a p-value for people.
func chance(p float64) string {
	if p < 1e-6 {
		return "(p<0.000001)"
	}
	return "(p=" + number(p, 2) + ")"
}
