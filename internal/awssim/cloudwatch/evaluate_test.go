package cloudwatch

import (
	"testing"
	"time"
)

// TestJudge follows the tables in "Configuring how CloudWatch alarms treat
// missing data": x breaches, 0 doesn't, - is missing, the newest is last. The
// states are those for missing, ignore, breaching and notBreaching; "" keeps
// the one the alarm has.
func TestJudge(t *testing.T) {
	const insufficient = stateInsufficient
	tests := []struct {
		readings string
		m        int
		want     [4]string
	}{
		{"0-x-x", 3, [4]string{"OK", "OK", "OK", "OK"}},
		{"----0", 3, [4]string{"OK", "OK", "OK", "OK"}},
		{"-----", 3, [4]string{insufficient, "", "ALARM", "OK"}},
		{"0xx-x", 3, [4]string{"ALARM", "ALARM", "ALARM", "ALARM"}},
		{"--x--", 3, [4]string{"ALARM", "", "ALARM", "OK"}},
		{"----x", 3, [4]string{"", "", "ALARM", "OK"}},
		{"0-x-x", 2, [4]string{"ALARM", "ALARM", "ALARM", "ALARM"}},
		{"00x0x", 2, [4]string{"ALARM", "ALARM", "ALARM", "ALARM"}},
		{"0-x--", 2, [4]string{"OK", "OK", "ALARM", "OK"}},
		{"----0", 2, [4]string{"OK", "OK", "ALARM", "OK"}},
		{"---x-", 2, [4]string{"ALARM", "", "ALARM", "OK"}},
		{"00000", 2, [4]string{"OK", "OK", "OK", "OK"}},
	}
	for _, tc := range tests {
		for i, treat := range []string{treatMissing, treatIgnore, treatBreaching, treatNotBreaching} {
			w := &watch{evaluationPeriods: 3, datapoints: tc.m, missing: treat}
			var readings []reading
			for _, c := range tc.readings {
				readings = append(readings, reading{time.Time{}, 0, c != '-', c == 'x'})
			}
			if got := w.judge(readings); got != tc.want[i] {
				t.Errorf("%s, %d of 3, %s: got %q, want %q", tc.readings, tc.m, treat, got, tc.want[i])
			}
		}
	}
}

func TestDataset(t *testing.T) {
	var d dataset
	for n := range 1000 {
		d.add(float64(n+1)/1000, 1)
	}
	for text, want := range map[string]float64{"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "p100": 1, "p0": 0.001, "Average": 0.5005, "Maximum": 1, "Minimum": 0.001, "SampleCount": 1000} {
		st, err := parseStatistic(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, there := st.of(&d); !there || got < want*0.999 || got > want*1.011 {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
	d.merge(dataset{count: 1, sum: 1, min: 1, max: 1, opaque: true})
	if _, there := d.quantile(0.5); there {
		t.Error("a percentile of values that aren't known")
	}
}
