package analysis

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// bounds are the bounds of a check that apply in a step; nil means none.
type bounds struct{ max, min, ratio *float64 }

// boundsOf returns the check's bounds at step. If there are none, it returns
// the result instead, and why.
func boundsOf(check *v1alpha1.MetricCheck, step Step, stable bool) (b bounds, instead v1alpha1.Result, why string) {
	for _, bound := range []struct {
		name, text string
		to         **float64
	}{{"max", check.Max, &b.max}, {"min", check.Min, &b.min}, {"maxRatioToStable", check.MaxRatioToStable, &b.ratio}} {
		if bound.text == "" {
			continue
		}
		x, err := strconv.ParseFloat(bound.text, 64)
		if err != nil || !finite(x) {
			return b, v1alpha1.ResultInconclusive, fmt.Sprintf("%s: %s %q is no number", subject(check), bound.name, bound.text)
		}
		*bound.to = &x
	}
	if step.Weight <= 0 {
		return b, v1alpha1.ResultSkipped, subject(check) + ": no traffic to measure" + where(step)
	}
	why = b.compare(step, stable)
	if b.max != nil || b.min != nil || b.ratio != nil {
		return b, "", ""
	}
	return b, v1alpha1.ResultSkipped, subject(check) + ": " + why
}

// compare drops the comparison if there is nothing to compare with, and says
// why.
func (b *bounds) compare(step Step, stable bool) string {
	switch {
	case !stable:
		b.ratio = nil
		return "there is no stable revision to compare with" + where(step)
	case step.Weight >= 100:
		b.ratio = nil
		return "the stable revision has no traffic to compare with" + where(step)
	}
	return "there is no bound"
}

// text is what a value is compared with, in the unit of check.
func (b *bounds) text(check *v1alpha1.MetricCheck) string {
	var all []string
	if b.max != nil {
		all = append(all, "≤ "+exact(*b.max)+unit(check))
	}
	if b.min != nil {
		all = append(all, "≥ "+exact(*b.min)+unit(check))
	}
	if b.ratio != nil {
		all = append(all, "≤ "+exact(*b.ratio)+" × stable")
	}
	return strings.Join(all, " and ")
}
