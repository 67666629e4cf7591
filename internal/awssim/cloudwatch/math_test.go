package cloudwatch

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// mathBench has a at 0, 60 and 120 s, b at 60 and 120 s, z always zero and k, a
// number.
func mathBench() *evaluator {
	series := func(points map[int64]float64) value {
		return value{points: points, period: time.Minute, step: time.Minute}
	}
	ids := map[string]value{
		"a": series(map[int64]float64{0: 1, 60: 2, 120: 6}),
		"b": series(map[int64]float64{60: 10, 120: 20}),
		"z": series(map[int64]float64{0: 0, 60: 0, 120: 0}),
		"k": number(3),
	}
	return &evaluator{
		start: time.Unix(0, 0), end: time.Unix(180, 0),
		id: func(name string) (value, error) { return ids[name], nil },
	}
}

func TestMath(t *testing.T) {
	type points = map[int64]float64
	tests := map[string]any{
		"1 + 2 * 3":                    7.0,
		"(1 + 2) * 3":                  9.0,
		"10 - 4 - 3":                   3.0,
		"2 ^ 3 ^ 2":                    512.0,
		"-2 ^ 2":                       -4.0,
		"2 ^ -1":                       0.5,
		"2 * -k":                       -6.0,
		"7 / 2 / 2":                    1.75,
		"1 < 2 AND 3 >= 3":             1.0,
		"1 == 2 || 2 != 3 && 0":        0.0,
		"1 OR 0 AND 0":                 1.0,
		"1 / 0":                        math.NaN(),
		"a + b":                        points{60: 12, 120: 26},
		"a / b * 100":                  points{60: 20, 120: 30},
		"b / z":                        points{},
		"a > 1":                        points{0: 0, 60: 1, 120: 1},
		"a + k":                        points{0: 4, 60: 5, 120: 9},
		"ABS(-a)":                      points{0: 1, 60: 2, 120: 6},
		"CEIL(a / 4)":                  points{0: 1, 60: 1, 120: 2},
		"FLOOR(a / 4)":                 points{0: 0, 60: 0, 120: 1},
		"FILL(b, 0)":                   points{0: 0, 60: 10, 120: 20},
		"FILL(b, REPEAT)":              points{60: 10, 120: 20},
		"FILL(IF(a == 2, a), REPEAT)":  points{60: 2, 120: 2},
		"IF(a > 1, b, -1)":             points{0: -1, 60: 10, 120: 20},
		"IF(a > 2, a)":                 points{120: 6},
		"IF(1, a, b)":                  points{0: 1, 60: 2, 120: 6},
		"IF(k > 1, 5, 6)":              5.0,
		"DIFF(a)":                      points{60: 1, 120: 4},
		"RATE(a)":                      points{60: 1.0 / 60, 120: 4.0 / 60},
		"a / PERIOD(a)":                points{0: 1.0 / 60, 60: 2.0 / 60, 120: 6.0 / 60},
		"SUM([a, b])":                  points{0: 1, 60: 12, 120: 26},
		"AVG([a,b,z])":                 points{0: 0.5, 60: 4, 120: 26.0 / 3},
		"MIN([a, b])":                  points{0: 1, 60: 2, 120: 6},
		"MAX([a + b, z])":              points{0: 0, 60: 12, 120: 26},
		"100 * FILL(b, 0) / (a + 0.5)": points{0: 0, 60: 400, 120: 20.0 / 6.5 * 100},
	}
	for text, want := range tests {
		e, err := parseMath(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := mathBench().eval(e)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var have any = got.points
		if got.scalar {
			have = got.number
		}
		same := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-9 })
		if diff := cmp.Diff(want, have, same); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestMathRefusals(t *testing.T) {
	tests := map[string]string{
		"":                          "ends too early",
		"a +":                       "ends too early",
		"a b":                       `unexpected "b"`,
		"a = b":                     "unexpected character",
		"(a":                        `")" is missing`,
		"[a, b":                     `"]" is missing`,
		"a @ b":                     "unexpected character",
		"METRICS()":                 "METRICS",
		"SEARCH('x', 'Sum')":        "SEARCH",
		"ANOMALY_DETECTION_BAND(a)": "ANOMALY_DETECTION_BAND",
		"SUM(METRICS())":            "METRICS",
		"AVG(a)":                    "AVG",
		"AVG([])":                   "AVG",
		"SUM([a, 1])":               "SUM",
		"FILL(a, LINEAR)":           "LINEAR",
		"FILL(a, b)":                "FILL",
		"FILL(1, 0)":                "FILL",
		"FILL(a)":                   "FILL takes 2",
		"IF(a)":                     "IF takes 2 or 3",
		"RATE(1)":                   "RATE",
		"ABS(a, b)":                 "ABS takes 1",
		"[a, b]":                    "array",
		"REPEAT":                    "REPEAT",
		"AND a":                     "unexpected",
		"Sum([a])":                  "Sum",
		strings.Repeat("1+", 2000):  "2048",
	}
	for text, want := range tests {
		e, err := parseMath(text)
		if err == nil {
			_, err = mathBench().eval(e)
		}
		refused, ok := err.(*core.APIError) //nolint:errorlint // nothing else is returned
		if !ok || refused.Code != "ValidationError" || !strings.Contains(refused.Message, want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzMath(f *testing.F) {
	for _, seed := range []string{"a+b*2^-k", "IF(a>1 && b<=2, FILL(a, REPEAT), -1)", "SUM([a,b])/PERIOD(a)", "((([", "RATE(DIFF(z))", "1/0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseMath(text)
		if err != nil {
			return
		}
		ev := mathBench()
		for _, id := range e.ids() {
			if v, _ := ev.id(id); v.points == nil && !v.scalar {
				return // unknown ids are refused before
			}
		}
		v, err := ev.eval(e)
		if err != nil {
			return
		}
		for at, n := range v.points {
			if math.IsNaN(n) || math.IsInf(n, 0) || at%60 != 0 {
				t.Errorf("%q: %v at %d", text, n, at)
			}
		}
	})
}
