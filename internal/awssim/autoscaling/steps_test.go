package autoscaling

import "testing"

func step(lower, upper *float64, by int) stepAdjustment {
	return stepAdjustment{MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper, ScalingAdjustment: &by}
}

// TestSteps: which adjustment applies, with the examples of the API reference,
// StepAdjustment, for a threshold of 50.
func TestSteps(t *testing.T) {
	c := stepConfiguration{AdjustmentType: percentChangeInCapacity, StepAdjustments: []stepAdjustment{
		step(nil, new(-10.0), -30), step(new(-10.0), new(0.0), -10), step(new(0.0), new(10.0), 10), step(new(10.0), nil, 30),
	}}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[float64]int{20: -30, 40: -30, 40.1: -10, 50: 10, 59.9: 10, 60: 30, 100: 30} {
		got := c.step(value-50, true)
		if got == nil || *got != want {
			t.Errorf("at %v the adjustment is %v, want %d", value, got, want)
		}
	}
	if got := c.step(0, false); got == nil || *got != -10 {
		t.Errorf("at the threshold of an alarm below it the adjustment is %v", got)
	}
	only := stepConfiguration{AdjustmentType: changeInCapacity, StepAdjustments: []stepAdjustment{step(new(0.0), nil, 1)}}
	if got := only.step(-1, true); got != nil {
		t.Errorf("below all ranges the adjustment is %d", *got)
	}
}

// TestAdjustments: rounding as in the user guide, "Scaling adjustment types".
func TestAdjustments(t *testing.T) {
	tests := []struct {
		kind           string
		from, by, want int
		least          *int
	}{
		{changeInCapacity, 3, 2, 5, nil},
		{changeInCapacity, 3, -2, 1, nil},
		{exactCapacity, 3, 7, 7, nil},
		{percentChangeInCapacity, 10, 200, 30, nil},
		{percentChangeInCapacity, 10, 27, 12, nil},
		{percentChangeInCapacity, 3, 10, 4, nil},
		{percentChangeInCapacity, 3, -10, 2, nil},
		{percentChangeInCapacity, 10, -67, 4, nil},
		{percentChangeInCapacity, 10, 10, 13, new(3)},
		{percentChangeInCapacity, 10, -10, 7, new(3)},
	}
	for _, tc := range tests {
		c := stepConfiguration{AdjustmentType: tc.kind, MinAdjustmentMagnitude: tc.least}
		if got := c.adjusted(tc.from, tc.by); got != tc.want {
			t.Errorf("%s by %d from %d is %d, want %d", tc.kind, tc.by, tc.from, got, tc.want)
		}
	}
}

func TestBadSteps(t *testing.T) {
	tests := map[string][]stepAdjustment{
		"none":                    nil,
		"no bounds":               {step(nil, nil, 1)},
		"a gap":                   {step(new(0.0), new(10.0), 1), step(new(20.0), nil, 1)},
		"an overlap":              {step(new(0.0), new(10.0), 1), step(new(5.0), nil, 1)},
		"two without an end":      {step(new(0.0), nil, 1), step(new(10.0), nil, 1)},
		"nothing above the last":  {step(new(0.0), new(10.0), 1)},
		"nothing below the first": {step(new(-10.0), new(0.0), 1)},
		"a range without a value": {step(new(10.0), new(10.0), 1), step(new(10.0), nil, 1)},
		"no adjustment":           {{MetricIntervalLowerBound: new(0.0)}},
		"two without a beginning": {step(nil, new(0.0), 1), step(nil, new(10.0), 1), step(new(10.0), nil, 1)},
		"an end before it begins": {step(new(10.0), new(0.0), 1), step(new(0.0), nil, 1)},
	}
	for name, steps := range tests {
		c := stepConfiguration{AdjustmentType: changeInCapacity, StepAdjustments: steps}
		if c.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
