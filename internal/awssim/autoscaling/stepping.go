package autoscaling

import (
	"cmp"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The types of adjustments.
const (
	changeInCapacity        = "ChangeInCapacity"
	percentChangeInCapacity = "PercentChangeInCapacity"
	exactCapacity           = "ExactCapacity"
)

func (c *stepConfiguration) check() error {
	switch {
	case !slices.Contains([]string{changeInCapacity, percentChangeInCapacity, exactCapacity}, c.AdjustmentType):
		return invalidMember(c.AdjustmentType, "stepScalingPolicyConfiguration.adjustmentType",
			"Member must satisfy enum value set: [PercentChangeInCapacity, ExactCapacity, ChangeInCapacity]")
	case !slices.Contains([]string{"", "Average", "Minimum", "Maximum"}, c.MetricAggregationType):
		return invalidMember(c.MetricAggregationType, "stepScalingPolicyConfiguration.metricAggregationType",
			"Member must satisfy enum value set: [Average, Minimum, Maximum]")
	case len(c.StepAdjustments) == 0:
		return invalid("At least one step adjustment must be specified")
	case len(c.StepAdjustments) > maxSteps:
		return core.Errorf("LimitExceededException", "The limit of %d step adjustments has been reached", maxSteps)
	case negative(c.Cooldown):
		return invalid("A cooldown must not be negative")
	case c.MinAdjustmentMagnitude != nil && c.AdjustmentType != percentChangeInCapacity:
		return invalid("MinAdjustmentMagnitude is only allowed with %s", percentChangeInCapacity)
	}
	return checkSteps(c.StepAdjustments)
}

// checkSteps refuses ranges that overlap or leave gaps (API reference,
// StepAdjustment).
func checkSteps(all []stepAdjustment) error {
	steps := slices.Clone(all)
	slices.SortFunc(steps, func(a, b stepAdjustment) int {
		switch {
		case a.MetricIntervalLowerBound == nil:
			return -1
		case b.MetricIntervalLowerBound == nil:
			return 1
		}
		return cmp.Compare(*a.MetricIntervalLowerBound, *b.MetricIntervalLowerBound)
	})
	for i, step := range steps {
		if err := step.check(); err != nil {
			return err
		}
		if i > 0 && !steps[i-1].meets(step) {
			return invalid("The ranges of step adjustments can't overlap or have a gap")
		}
	}
	if lowest := steps[0].MetricIntervalLowerBound; lowest != nil && *lowest < 0 {
		return invalid("If one step adjustment has a negative lower bound, there must be one with a null lower bound")
	}
	if highest := steps[len(steps)-1].MetricIntervalUpperBound; highest != nil && *highest > 0 {
		return invalid("If one step adjustment has a positive upper bound, there must be one with a null upper bound")
	}
	return nil
}

func (a stepAdjustment) check() error {
	lower, upper := a.MetricIntervalLowerBound, a.MetricIntervalUpperBound
	switch {
	case a.ScalingAdjustment == nil:
		return invalidMember("null", "stepAdjustments.scalingAdjustment", "Member must not be null")
	case lower == nil && upper == nil:
		return invalid("The upper and lower bound can't be null in the same step adjustment")
	case lower != nil && upper != nil && *lower >= *upper:
		return invalid("The lower bound of a step adjustment must be less than its upper bound")
	}
	return nil
}

// meets tells whether the next range begins where this one ends.
func (a stepAdjustment) meets(next stepAdjustment) bool {
	end, begin := a.MetricIntervalUpperBound, next.MetricIntervalLowerBound
	return end != nil && begin != nil && *end == *begin
}

// stepped scales as a step policy says.
func (s *Service) stepped(t *target, p *policy, a cloudwatch.Action) {
	c := p.StepScalingPolicyConfiguration
	step := c.step(a.Value-a.Threshold, a.Above)
	is, active := s.services.Capacity(t.cluster, t.service)
	if step == nil || !active {
		return
	}
	if c.adjusted(is.Running, *step) < is.Running {
		s.scaleIn(t, c.adjusted(is.Running, *step), cooldown(c.Cooldown), causedBy(a.Alarm, p))
		return
	}
	s.scaleOut(t, c.adjusted(s.base(t, is.Running), *step), cooldown(c.Cooldown), causedBy(a.Alarm, p))
}

// step is the adjustment whose range the breach is in, nil if none is. A range
// above the threshold has its lower bound in it, one below it its upper bound; above
// tells which the alarm is about.
func (c *stepConfiguration) step(breach float64, above bool) *int {
	above = breach > 0 || breach == 0 && above
	for _, step := range c.StepAdjustments {
		lower, upper := step.MetricIntervalLowerBound, step.MetricIntervalUpperBound
		if (lower == nil || reaches(breach, *lower, above)) && (upper == nil || !reaches(breach, *upper, above)) {
			return step.ScalingAdjustment
		}
	}
	return nil
}

// reaches tells whether a breach is on the far side of a bound, which belongs to that
// above the threshold only.
func reaches(breach, bound float64, above bool) bool {
	return breach > bound || breach == bound && above
}

// adjusted is the capacity after an adjustment. Part of a task is rounded towards
// none, but at least one is added or taken away (user guide, "Scaling adjustment
// types").
func (c *stepConfiguration) adjusted(from, by int) int {
	switch c.AdjustmentType {
	case exactCapacity:
		return by
	case percentChangeInCapacity:
		change := from * by / 100
		least := max(*or(c.MinAdjustmentMagnitude, 1), 1)
		switch {
		case by > 0:
			change = max(change, least)
		case by < 0:
			change = min(change, -least)
		}
		return from + change
	default:
		return from + by
	}
}
