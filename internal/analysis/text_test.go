package analysis

import "testing"

func TestNumbers(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", 0.3: "0.3", 4.19207: "4.19", 95.24: "95.2", 99.97: "100", 812.4: "812", 1312.6: "1,313",
		1234567: "1,234,567", -1234.5: "-1,234", -0.25: "-0.25", 0.000012345: "0.0000123", 1e-30: "0", -1e-30: "0", 2.5e300: "2.5e+300",
	} {
		if got := number(x, significant); got != want {
			t.Errorf("number(%v) = %q, want %q", x, got, want)
		}
	}
	for x, want := range map[float64]string{1.5: "1.5", 0.3048: "0.3048", 1234567.125: "1,234,567.125", -3.5: "-3.5", 100: "100"} {
		if got := exact(x); got != want {
			t.Errorf("exact(%v) = %q, want %q", x, got, want)
		}
	}
}

// What is above a bound is shown as above it.
func TestAgainst(t *testing.T) {
	tests := map[string]struct {
		value, bound float64
		want         string
	}{
		"far above":  {4.19207, 1, "4.19"},
		"just above": {1.00001, 1, "1.00001"},
		"just below": {0.99999, 1, "0.99999"},
		"the same":   {1, 1, "1"},
		"thirds":     {1.0 / 3, 1.0 / 3, "0.3333333333333333"},
		"thousands":  {1234.25, 1234, "1,234.2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := against(tt.value, tt.bound); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
