package analysis

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// The step of most tests began at three, and the clock says 15:05:30, so that
// with a delay of a minute the window is 15:00 to 15:04.
var (
	three = time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)
	now   = three.Add(5*time.Minute + 30*time.Second)
	step2 = Step{Number: 2, Weight: 25, Since: three, RolloutStarted: three.Add(-10 * time.Minute)}
	none  = math.NaN()
)

const delay = time.Minute

// series has a value for each minute since three, except for those without one.
func series(values ...float64) cloud.Series {
	s := cloud.Series{Period: time.Minute}
	for i, v := range values {
		if !math.IsNaN(v) {
			s.Points = append(s.Points, cloud.Point{Start: three.Add(time.Duration(i) * time.Minute), Value: v})
		}
	}
	return s
}

// flat has n times the value v.
func flat(v float64, n int) cloud.Series { return series(slices.Repeat([]float64{v}, n)...) }

func all(s ...cloud.Series) []cloud.Series { return s }

// answered are the readings of an error rate: requests, those that failed and
// those whose connection did. All others were answered with 2XX.
func answered(requests, failed, refused cloud.Series) []cloud.Series {
	good := cloud.Series{Period: requests.Period}
	for _, p := range requests.Points {
		for _, other := range [][]cloud.Point{failed.Points, refused.Points} {
			for _, o := range other {
				if o.Start.Equal(p.Start) {
					p.Value = max(p.Value-o.Value, 0)
				}
			}
		}
		good.Points = append(good.Points, p)
	}
	return all(requests, failed, refused, good, series(), series())
}

func stamp(t time.Time) *metav1.Time { return new(metav1.NewTime(t)) }

func builtin(metric v1alpha1.BuiltinMetric, edits ...func(*v1alpha1.MetricCheck)) v1alpha1.MetricCheck {
	check := v1alpha1.MetricCheck{Name: "check", Builtin: metric}
	for _, edit := range edits {
		edit(&check)
	}
	return check
}

func atMost(bound string) func(*v1alpha1.MetricCheck) {
	return func(c *v1alpha1.MetricCheck) { c.Max = bound }
}

func atLeast(bound string) func(*v1alpha1.MetricCheck) {
	return func(c *v1alpha1.MetricCheck) { c.Min = bound }
}

func ratio(bound string) func(*v1alpha1.MetricCheck) {
	return func(c *v1alpha1.MetricCheck) { c.MaxRatioToStable = bound }
}

func ignoring(c *v1alpha1.MetricCheck) { c.Unanswered = v1alpha1.UnansweredIgnore }

func needing(n int32) func(*v1alpha1.MetricCheck) {
	return func(c *v1alpha1.MetricCheck) { c.MinSamples = &n }
}

func tolerating(n int32) func(*v1alpha1.MetricCheck) {
	return func(c *v1alpha1.MetricCheck) { c.FailureLimit = &n }
}

// custom is a check of the user's own, called queue.
func custom(aggregate string, edits ...func(*v1alpha1.MetricCheck)) v1alpha1.MetricCheck {
	check := builtin("", edits...)
	check.Name = "queue"
	check.Query = &v1alpha1.MetricQuery{Aggregate: aggregate, Metrics: []v1alpha1.QueryMetric{{ID: "m", MetricName: "Queue"}}}
	return check
}

const (
	pass         = v1alpha1.ResultPass
	fail         = v1alpha1.ResultFail
	pending      = v1alpha1.ResultPending
	inconclusive = v1alpha1.ResultInconclusive
	skipped      = v1alpha1.ResultSkipped
)

// What may only be late fails nobody before it can't be late any more.
func TestMetricAwaitsLateData(t *testing.T) {
	late := func(n float64) cloud.Series { return series(100, 100, 100, n) }
	errors := func(answers cloud.Series, stable ...cloud.Series) Readings {
		r := Readings{Candidate: all(flat(100, 4), series(), series(), answers, series(), series())}
		if len(stable) > 0 {
			r.Stable = all(flat(100, 4), series(), series(), stable[0], series(), series())
		}
		return r
	}
	limit := builtin(v1alpha1.MetricErrorRate, atMost("1"))
	arrives := builtin(v1alpha1.MetricRequestCount, atLeast("90"))
	tests := map[string]struct {
		check v1alpha1.MetricCheck
		r     Readings
		want  v1alpha1.Result
	}{
		"the last minute's answers":          {limit, errors(late(none)), inconclusive},
		"some of the last minute's answers":  {limit, errors(late(50)), inconclusive},
		"an earlier minute's":                {limit, errors(series(100, 100, 50, 100)), fail},
		"so many that all are":               {limit, errors(series(100, 100, 90, none)), fail},
		"compared with stable":               {builtin(v1alpha1.MetricErrorRate, ratio("1.5")), errors(late(50), flat(100, 4)), inconclusive},
		"stable's are no excuse":             {builtin(v1alpha1.MetricErrorRate, ratio("1.5")), errors(series(50, 100, 100, 100), late(40)), inconclusive},
		"the last minute's requests":         {arrives, Readings{Candidate: all(late(none))}, inconclusive},
		"requests of the last minute, few":   {arrives, Readings{Candidate: all(late(50))}, fail},
		"requests of an earlier minute":      {arrives, Readings{Candidate: all(series(100, none, 100, 100))}, fail},
		"errors of the last minute are seen": {limit, Readings{Candidate: answered(flat(100, 4), series(none, none, none, 50), series())}, fail},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Metric(tt.check, step2, tt.r, delay, nil, now)
			if got.Result != tt.want || got.Failures > 0 != (tt.want == fail) {
				t.Errorf("got %s, %d failures, %q", got.Result, got.Failures, got.Message)
			}
			if tt.want == fail {
				return
			}
			// Nothing came a minute later either, when it would be there.
			later := Metric(tt.check, step2, tt.r, delay, &got, now.Add(time.Minute))
			if later.Result != fail && name != "stable's are no excuse" {
				t.Errorf("later %s %q", later.Result, later.Message)
			}
		})
	}
}

// A window that can't hold as many samples as are needed is told of.
func TestMetricSaysThatNoWindowIsEnough(t *testing.T) {
	long := now.Add(time.Hour)
	check := builtin(v1alpha1.MetricErrorRate, atMost("1"), needing(100_000))
	got := Metric(check, step2, Readings{answered(flat(100, 90), series(), series()), nil}, delay, nil, long)
	if want := "ErrorRate: 1,000 of 100,000 requests needed at step 2 (weight 25); a whole window of 10m0s has no more: lower minSamples, or raise windowSeconds"; got.Message != want {
		t.Errorf("got %q", got.Message)
	}
}

func TestMetricJudges(t *testing.T) {
	const errorRate, p90 = v1alpha1.MetricErrorRate, v1alpha1.MetricLatencyP90
	full := step2
	full.Weight = 100
	preview := step2
	preview.Weight = 0
	// 1,312 requests with n errors, and 12,800 with 38.
	errorsOf := func(n float64) []cloud.Series { return answered(flat(328, 4), series(none, n), series(none)) }
	stable := answered(flat(3200, 4), flat(9, 4), series(none, none, 2))
	slow := func(ms float64) []cloud.Series { return all(flat(25, 4), flat(ms/1000, 4)) }
	tests := map[string]struct {
		check   v1alpha1.MetricCheck
		step    Step
		r       Readings
		want    v1alpha1.Result
		message string
	}{
		"errors below max": {builtin(errorRate, atMost("1")), step2, Readings{errorsOf(4), stable},
			pass, "ErrorRate 0.305% ≤ 1% at step 2 (weight 25), 1,312 requests, stable 0.297%"},
		"errors above max": {builtin(errorRate, atMost("1")), step2, Readings{errorsOf(55), stable},
			fail, "ErrorRate 4.19% > 1% at step 2 (weight 25), 1,312 requests, stable 0.297%"},
		"errors just above max": {builtin(errorRate, atMost("0.3048")), step2, Readings{errorsOf(4), nil},
			fail, "ErrorRate 0.305% > 0.3048% at step 2 (weight 25), 1,312 requests"},
		"no errors": {builtin(errorRate, atMost("0")), step2, Readings{answered(flat(328, 4), series(), series()), nil},
			pass, "ErrorRate 0% ≤ 0% at step 2 (weight 25), 1,312 requests"},
		"failed connections are errors": {builtin(errorRate, atMost("1")), step2, Readings{answered(flat(25, 4), flat(1, 4), flat(4, 4)), nil},
			fail, "ErrorRate 20% > 1% at step 2 (weight 25), 100 requests, 16 of them without an answer"},
		"more errors than requests": {builtin(errorRate, atMost("1")), step2, Readings{answered(flat(25, 4), series(), flat(75, 4)), nil},
			fail, "ErrorRate 100% > 1% at step 2 (weight 25), 100 requests, 100 of them without an answer"},
		"too few requests": {builtin(errorRate, atMost("1")), step2, Readings{answered(flat(3, 4), flat(3, 4), series()), stable},
			inconclusive, "ErrorRate: 12 of 50 requests needed at step 2 (weight 25)"},
		"as few as it may be": {builtin(errorRate, atMost("1"), needing(12)), step2, Readings{answered(flat(3, 4), flat(3, 4), series()), nil},
			fail, "ErrorRate 100% > 1% at step 2 (weight 25), 12 requests"},
		"some hang": {builtin(errorRate, atMost("1")), step2, Readings{all(flat(100, 4), series(), series(), flat(80, 4), flat(5, 4), flat(5, 4)), nil},
			fail, "ErrorRate 10% > 1% at step 2 (weight 25), 400 requests, 40 of them without an answer"},
		"all hang": {builtin(errorRate, atMost("1")), step2, Readings{all(flat(100, 4), series(), series(), series(), series(), series()), nil},
			fail, "ErrorRate 100% > 1% at step 2 (weight 25), 400 requests, 400 of them without an answer"},
		"hanging is ignored": {builtin(errorRate, atMost("1"), ignoring), step2, Readings{all(flat(100, 4), series(), series()), nil},
			pass, "ErrorRate 0% ≤ 1% at step 2 (weight 25), 400 requests"},
		"answers come a minute later": {builtin(errorRate, atMost("1")), step2, Readings{all(flat(100, 4), series(), series(), series(80, 100, 100, 120), series(), series()), nil},
			pass, "ErrorRate 0% ≤ 1% at step 2 (weight 25), 400 requests"},
		"requests are late": {builtin(errorRate, atMost("30")), step2, Readings{all(series(100, 100), flat(25, 4), series(), flat(75, 4), series(), series()), nil},
			pass, "ErrorRate 25% ≤ 30% at step 2 (weight 25), 400 requests"},
		"no requests": {builtin(errorRate, atMost("1")), step2, Readings{answered(series(), series(), series()), stable},
			inconclusive, "ErrorRate: no data, 50 requests needed at step 2 (weight 25)"},
		"no readings": {builtin(errorRate, atMost("1")), step2, Readings{},
			inconclusive, "ErrorRate: no data, 50 requests needed at step 2 (weight 25)"},
		"errors far above stable": {builtin(errorRate, ratio("1.5")), step2, Readings{errorsOf(55), stable},
			fail, "ErrorRate 4.19% is beyond doubt more than 1.5 times stable's 0.297% (p<0.000001) at step 2 (weight 25), 1,312 requests, stable 12,800"},
		"errors above stable": {builtin(errorRate, ratio("1")), step2, Readings{errorsOf(13), stable},
			fail, "ErrorRate 0.991% is beyond doubt more than stable's 0.297% (p=0.00062) at step 2 (weight 25), 1,312 requests, stable 12,800"},
		"errors above stable by chance": {builtin(errorRate, ratio("1.5")), step2, Readings{errorsOf(10), stable},
			pass, "ErrorRate 0.762% is not beyond doubt more than 1.5 times stable's 0.297% at step 2 (weight 25), 1,312 requests, stable 12,800"},
		"errors within both": {builtin(errorRate, ratio("1.5"), atMost("2")), step2, Readings{errorsOf(4), stable},
			pass, "ErrorRate 0.305% ≤ 2% and not beyond doubt more than 1.5 times stable's 0.297% at step 2 (weight 25), 1,312 requests, stable 12,800"},
		"errors above max, stable as well": {builtin(errorRate, ratio("1.5"), atMost("0.1")), step2, Readings{errorsOf(4), stable},
			fail, "ErrorRate 0.305% > 0.1% at step 2 (weight 25), 1,312 requests, stable 0.297%"},
		"stable has too few requests": {builtin(errorRate, ratio("1.5"), atMost("2")), step2, Readings{errorsOf(4), answered(flat(10, 4), series(), series())},
			inconclusive, "ErrorRate: stable has 40 of 50 requests needed at step 2 (weight 25)"},
		"above max, stable has no requests": {builtin(errorRate, ratio("1.5"), atMost("1")), step2, Readings{errorsOf(55), answered(series(), series(), series())},
			fail, "ErrorRate 4.19% > 1% at step 2 (weight 25), 1,312 requests"},
		"nothing to compare with": {builtin(errorRate, ratio("1.5")), full, Readings{errorsOf(55), stable},
			skipped, "ErrorRate: the stable revision has no traffic to compare with at step 2 (weight 100)"},
		"nobody to compare with": {builtin(errorRate, ratio("1.5")), step2, Readings{errorsOf(55), nil},
			skipped, "ErrorRate: there is no stable revision to compare with at step 2 (weight 25)"},
		"only the comparison is skipped": {builtin(errorRate, ratio("1.5"), atMost("1")), full, Readings{errorsOf(4), stable},
			pass, "ErrorRate 0.305% ≤ 1% at step 2 (weight 100), 1,312 requests"},
		"no traffic": {builtin(errorRate, atMost("1")), preview, Readings{errorsOf(55), nil},
			skipped, "ErrorRate: no traffic to measure at step 2 (weight 0)"},
		"no bound": {builtin(errorRate), step2, Readings{errorsOf(55), stable},
			skipped, "ErrorRate: there is no bound"},
		"no number": {builtin(errorRate, atMost("1%")), step2, Readings{errorsOf(55), stable},
			inconclusive, `ErrorRate: max "1%" is no number`},

		"latency below max": {builtin(p90, atMost("1000")), step2, Readings{slow(812), nil},
			pass, "LatencyP90 812 ms ≤ 1,000 ms at step 2 (weight 25), 100 requests"},
		"latency above max": {builtin(p90, atMost("500")), step2, Readings{slow(812), slow(480)},
			fail, "LatencyP90 812 ms > 500 ms at step 2 (weight 25), 100 requests, stable 480 ms"},
		"latency is weighted": {builtin(p90, atMost("500")), step2, Readings{all(series(90, 10, none), series(0.1, 1.1, 50)), nil},
			pass, "LatencyP90 200 ms ≤ 500 ms at step 2 (weight 25), 100 requests"},
		"latency of nothing": {builtin(p90, atMost("500")), step2, Readings{all(flat(25, 4), series()), nil},
			inconclusive, "LatencyP90: no data, 50 requests needed at step 2 (weight 25)"},
		"latency above stable": {builtin(p90, ratio("1.5")), step2, Readings{slow(812), slow(480)},
			fail, "LatencyP90 812 ms > 1.5 × stable's 480 ms at step 2 (weight 25), 100 requests, stable 100"},
		"latency as stable": {builtin(p90, ratio("1.5")), step2, Readings{slow(720), slow(480)},
			pass, "LatencyP90 720 ms ≤ 1.5 × stable's 480 ms at step 2 (weight 25), 100 requests, stable 100"},

		"requests": {builtin(v1alpha1.MetricRequestCount, atLeast("10"), atMost("2000")), step2, Readings{all(series(4000, none, 938, none)), all(flat(3200, 4))},
			pass, "RequestCount 1,234/min ≤ 2,000/min and ≥ 10/min at step 2 (weight 25), stable 3,200/min"},
		"too few requests arrive": {builtin(v1alpha1.MetricRequestCount, atLeast("10")), step2, Readings{all(series(none, none, 1)), nil},
			fail, "RequestCount 0.25/min < 10/min at step 2 (weight 25)"},
		"no request arrives": {builtin(v1alpha1.MetricRequestCount, atLeast("10")), step2, Readings{all(series()), nil},
			fail, "RequestCount 0/min < 10/min at step 2 (weight 25)"},
		"requests for too short": {builtin(v1alpha1.MetricRequestCount, atLeast("10"), needing(5)), step2, Readings{all(series()), nil},
			inconclusive, "RequestCount: 4 of 5 data points needed at step 2 (weight 25)"},

		"unhealthy once": {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0")), step2, Readings{all(series(0, 0, 1, 0)), nil},
			fail, "UnhealthyHosts 1 > 0 at step 2 (weight 25), 4 data points"},
		"healthy": {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0")), step2, Readings{all(series(0)), nil},
			pass, "UnhealthyHosts 0 ≤ 0 at step 2 (weight 25), 1 data point"},
		"health unknown": {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0")), step2, Readings{all(series()), nil},
			inconclusive, "UnhealthyHosts: no data, 1 data point needed at step 2 (weight 25)"},
		"processor": {builtin(v1alpha1.MetricCPU, atMost("80"), ratio("1.5")), step2, Readings{all(series(60, 70)), all(series(50, 52))},
			pass, "CPUUtilization 65% ≤ 80% and ≤ 1.5 × stable's 51% at step 2 (weight 25), 2 data points, stable 2"},
		"memory": {builtin(v1alpha1.MetricMemory, ratio("1")), step2, Readings{all(series(95.24)), all(series(95.23))},
			fail, "MemoryUtilization 95.24% > 1 × stable's 95.2% at step 2 (weight 25), 1 data point, stable 1"},

		"average of a query": {custom("", atMost("5")), step2, Readings{all(series(3, 8)), nil},
			fail, "queue 5.5 > 5 at step 2 (weight 25), 2 data points"},
		"sum of a query": {custom("Sum", atMost("11")), step2, Readings{all(series(3, 8)), nil},
			pass, "queue 11 ≤ 11 at step 2 (weight 25), 2 data points"},
		"minimum of a query": {custom("Minimum", atLeast("-3.5")), step2, Readings{all(series(3, -4)), nil},
			fail, "queue -4 < -3.5 at step 2 (weight 25), 2 data points"},
		"maximum of a query": {custom("Maximum", atMost("1234567.5")), step2, Readings{all(series(3, 1234567)), nil},
			pass, "queue 1,234,567 ≤ 1,234,567.5 at step 2 (weight 25), 2 data points"},
		"no data of a query": {custom("Sum", atMost("5")), step2, Readings{all(series()), nil},
			inconclusive, "queue: no data, 1 data point needed at step 2 (weight 25)"},
		"infinite is no data": {custom("Sum", atMost("5")), step2, Readings{all(series(math.Inf(1))), nil},
			inconclusive, "queue: no data, 1 data point needed at step 2 (weight 25)"},
		"no ratio to zero": {custom("Sum", ratio("2")), step2, Readings{all(series(1)), all(series(0))},
			inconclusive, "queue 1 has no ratio to stable's 0 at step 2 (weight 25), 1 data point, stable 1"},
		"both zero": {custom("Sum", ratio("2")), step2, Readings{all(series(0)), all(series(0))},
			pass, "queue 0 ≤ 2 × stable's 0 at step 2 (weight 25), 1 data point, stable 1"},
		"outside of steps": {custom("Sum", atMost("5")), Step{Weight: 100, Since: three}, Readings{all(series(1)), nil},
			pass, "queue 1 ≤ 5, 1 data point"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Metric(tt.check, tt.step, tt.r, delay, nil, now)
			if got.Result != tt.want || got.Message != tt.message {
				t.Errorf("got %s %q, want %s %q", got.Result, got.Message, tt.want, tt.message)
			}
			if again := Metric(tt.check, tt.step, tt.r, delay, &got, now.Add(time.Second)); !cmp.Equal(got, again) {
				t.Errorf("judged twice (-once +twice):\n%s", cmp.Diff(got, again))
			}
		})
	}
}

// A verdict contains everything that was measured.
func TestMetricKeepsTheEvidence(t *testing.T) {
	check := builtin(v1alpha1.MetricErrorRate, atMost("1"), ratio("1.5"))
	r := Readings{answered(flat(328, 9), series(none, 55), series()), answered(flat(3200, 9), flat(9, 9), series())}
	want := v1alpha1.Verdict{
		Source: v1alpha1.SourceMetric, Name: "check", Step: 2, Weight: 25, Result: fail,
		Message: "ErrorRate 4.19% > 1% at step 2 (weight 25), 1,312 requests, stable 0.281%",
		Value:   "4.19%", Bound: "≤ 1% and ≤ 1.5 × stable", StableValue: "0.281%", Samples: 1312, StableSamples: 12800,
		From: stamp(three), To: stamp(three.Add(4 * time.Minute)), Since: metav1.NewTime(now), Measurements: 1, Failures: 1,
	}
	if diff := cmp.Diff(want, Metric(check, step2, r, delay, nil, now)); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestWindow(t *testing.T) {
	tests := map[string]struct {
		since, read time.Duration
		period      time.Duration
		seconds     int32
		from, to    time.Duration
		empty       bool
	}{
		"the step so far":                 {0, 330 * time.Second, time.Minute, 600, 0, 4 * time.Minute, false},
		"the last ten minutes":            {0, 20 * time.Minute, time.Minute, 600, 9 * time.Minute, 19 * time.Minute, false},
		"a step within a minute":          {15 * time.Second, 330 * time.Second, time.Minute, 600, time.Minute, 4 * time.Minute, false},
		"rounded up to whole periods":     {0, 20 * time.Minute, time.Minute, 90, 17 * time.Minute, 19 * time.Minute, false},
		"one period at least":             {0, 22 * time.Minute, 5 * time.Minute, 60, 15 * time.Minute, 20 * time.Minute, false},
		"nothing yet":                     {15 * time.Second, 170 * time.Second, time.Minute, 600, time.Minute, time.Minute, true},
		"the first period":                {15 * time.Second, 180 * time.Second, time.Minute, 600, time.Minute, 2 * time.Minute, false},
		"before the step":                 {5 * time.Minute, 330 * time.Second, time.Minute, 600, 5 * time.Minute, 4 * time.Minute, true},
		"ten seconds":                     {15 * time.Second, 90 * time.Second, 10 * time.Second, 600, 20 * time.Second, 30 * time.Second, false},
		"no period means a minute":        {0, 330 * time.Second, 0, 600, 0, 4 * time.Minute, false},
		"a step that began on the minute": {time.Minute, 3 * time.Minute, time.Minute, 600, time.Minute, 2 * time.Minute, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			check := builtin(v1alpha1.MetricErrorRate)
			check.WindowSeconds = &tt.seconds
			r := Readings{Candidate: []cloud.Series{{Period: tt.period}}}
			w := windowOf(&check, three.Add(tt.since), r, delay, three.Add(tt.read))
			if got := []time.Duration{w.from.Sub(three), w.to.Sub(three)}; got[0] != tt.from || got[1] != tt.to || w.empty() != tt.empty {
				t.Errorf("from %v to %v, empty %v; want from %v to %v, empty %v", got[0], got[1], w.empty(), tt.from, tt.to, tt.empty)
			}
		})
	}
}

// A reading says nothing about what came after it, and a point that isn't
// completely in the window doesn't count.
func TestWindowIsAsOldAsTheReading(t *testing.T) {
	check := builtin(v1alpha1.MetricRequestCount, atLeast("100"))
	old := flat(100, 3)
	old.ReadAt = three.Add(4 * time.Minute)
	got := Metric(check, step2, Readings{all(old), nil}, delay, nil, now)
	if got.Result != pass || !got.To.Equal(stamp(three.Add(3*time.Minute))) {
		t.Errorf("got %s to %v", got.Message, got.To)
	}
	late := step2
	late.Since = three.Add(30 * time.Second)
	got = Metric(check, late, Readings{all(series(5000, 1, 2, 3, 5000)), nil}, delay, nil, now)
	if want := "RequestCount 2/min < 100/min at step 2 (weight 25)"; got.Message != want {
		t.Errorf("got %q, want %q", got.Message, want)
	}
}

// How a verdict depends on the previous one.
func TestMetricGoesOn(t *testing.T) {
	check := builtin(v1alpha1.MetricUnhealthyHosts, atMost("0"))
	before := func(edits ...func(*v1alpha1.Verdict)) *v1alpha1.Verdict {
		v := v1alpha1.Verdict{
			Source: v1alpha1.SourceMetric, Name: "check", Step: 2, Weight: 25, Result: pass, Message: "before",
			From: stamp(three), To: stamp(three.Add(3 * time.Minute)), Since: metav1.NewTime(three), Measurements: 3, Failures: 1,
		}
		for _, edit := range edits {
			edit(&v)
		}
		return &v
	}
	recent := func(v *v1alpha1.Verdict) { v.To = stamp(three.Add(3*time.Minute + time.Second)) }
	ahead := func(v *v1alpha1.Verdict) { v.To = stamp(now.Add(8 * time.Hour)) }
	failed := func(v *v1alpha1.Verdict) { v.Result = fail }
	waiting := func(v *v1alpha1.Verdict) { v.Result, v.From, v.To = pending, nil, nil }
	another := func(v *v1alpha1.Verdict) { v.Step = 1 }
	reweighed := func(v *v1alpha1.Verdict) { v.Weight = 10 }
	good, bad := all(flat(0, 9)), all(flat(1, 9))
	type outcome struct {
		Result                 v1alpha1.Result
		Since                  time.Time
		Measurements, Failures int32
		Old                    bool
	}
	tests := map[string]struct {
		check     v1alpha1.MetricCheck
		before    *v1alpha1.Verdict
		candidate []cloud.Series
		since     time.Duration
		want      outcome
	}{
		"the same result":              {check, before(), good, 0, outcome{pass, three, 4, 1, false}},
		"another result":               {check, before(), bad, 0, outcome{fail, now, 4, 2, false}},
		"too early":                    {check, before(recent), bad, 0, outcome{pass, three, 3, 1, true}},
		"by a clock that was ahead":    {check, before(ahead), bad, 0, outcome{fail, now, 4, 2, false}},
		"too early, in another step":   {check, before(recent, another), bad, 0, outcome{fail, now, 4, 1, false}},
		"the same result, last step":   {check, before(another), good, 0, outcome{pass, now, 4, 0, false}},
		"the same step, other weight":  {check, before(reweighed), good, 0, outcome{pass, now, 4, 0, false}},
		"failed":                       {check, before(failed), good, 0, outcome{fail, three, 3, 1, true}},
		"failed in the last step":      {check, before(failed, another), good, 0, outcome{pass, now, 4, 0, false}},
		"waited":                       {check, before(waiting), good, 0, outcome{pass, now, 4, 1, false}},
		"waits":                        {check, before(waiting), good, 5 * time.Minute, outcome{pending, three, 3, 1, false}},
		"waits in a new step":          {check, before(another), good, 5 * time.Minute, outcome{pending, now, 3, 0, false}},
		"no data is no measurement":    {check, before(), all(series()), 0, outcome{inconclusive, now, 3, 1, false}},
		"bad, but put up with":         {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0"), tolerating(2)), before(), bad, 0, outcome{inconclusive, now, 4, 2, false}},
		"bad once too often":           {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0"), tolerating(1)), before(), bad, 0, outcome{fail, now, 4, 2, false}},
		"good after a few bad ones":    {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0"), tolerating(2)), before(), good, 0, outcome{pass, three, 4, 1, false}},
		"bad again, in the next step":  {builtin(v1alpha1.MetricUnhealthyHosts, atMost("0"), tolerating(1)), before(another), bad, 0, outcome{inconclusive, now, 4, 1, false}},
		"skipped keeps what it counts": {builtin(v1alpha1.MetricCPU, ratio("2")), before(), good, 0, outcome{skipped, now, 3, 1, false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			step := step2
			step.Since = three.Add(tt.since)
			v := Metric(tt.check, step, Readings{Candidate: tt.candidate}, delay, tt.before, now)
			got := outcome{v.Result, v.Since.Time, v.Measurements, v.Failures, v.Message == "before"}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verdict %q (-want +got):\n%s", v.Message, diff)
			}
		})
	}
}

func TestMetricTellsWhatItWaitsFor(t *testing.T) {
	check := builtin(v1alpha1.MetricErrorRate, atMost("1"))
	later, never := step2, step2
	later.Since, never.Since = three.Add(5*time.Minute+15*time.Second), time.Time{}
	tests := map[string]struct {
		step Step
		now  time.Time
		want string
	}{
		"data":          {later, now, "ErrorRate: waits for data until 15:08:00 UTC at step 2 (weight 25)"},
		"data, by then": {later, three.Add(8*time.Minute - 1), "ErrorRate: waits for data until 15:08:00 UTC at step 2 (weight 25)"},
		"the weight":    {never, now, "ErrorRate: waits for the weight to be in effect at step 2 (weight 25)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Metric(check, tt.step, Readings{}, delay, nil, tt.now); got.Result != pending || got.Message != tt.want {
				t.Errorf("got %s %q, want %q", got.Result, got.Message, tt.want)
			}
		})
	}
	if got := Metric(check, later, Readings{}, delay, nil, three.Add(8*time.Minute)); got.Result == pending {
		t.Errorf("still waits: %s", got.Message)
	}
}

func TestMetricTellsWhatItPutsUpWith(t *testing.T) {
	check := builtin(v1alpha1.MetricUnhealthyHosts, atMost("0"), tolerating(1))
	bad := Readings{Candidate: all(flat(1, 20))}
	first := Metric(check, step2, bad, delay, nil, now)
	if want := "UnhealthyHosts 1 > 0 at step 2 (weight 25), 4 data points; bad measurement 1, 1 is put up with"; first.Message != want {
		t.Errorf("got %q, want %q", first.Message, want)
	}
	second := Metric(check, step2, bad, delay, &first, now.Add(time.Minute))
	if want := "UnhealthyHosts 1 > 0 at step 2 (weight 25), 5 data points; bad measurement 2, 1 is put up with"; second.Message != want {
		t.Errorf("got %q, want %q", second.Message, want)
	}
}

// The more measurements were made, the stronger the evidence has to be.
func TestMetricSpendsItsAlpha(t *testing.T) {
	check := builtin(v1alpha1.MetricErrorRate, ratio("1"))
	r := Readings{answered(flat(328, 4), series(13), series()), answered(flat(3200, 4), flat(9, 4), series(2))} // p=0.00062
	for measurements, want := range map[int32]v1alpha1.Result{0: fail, 2: fail, 3: pass, 29: pass} {
		before := &v1alpha1.Verdict{Step: 1, Weight: 10, Measurements: measurements}
		if got := Metric(check, step2, r, delay, before, now); got.Result != want {
			t.Errorf("measurement %d: got %s, want %s: %s", got.Measurements, got.Result, want, got.Message)
		}
	}
}

// More errors never turn Fail into Pass, whatever the bounds and the history.
func TestMetricIsMonotonic(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rank := map[v1alpha1.Result]int{pass: 0, inconclusive: 1, fail: 2}
	for range 300 {
		check := builtin(v1alpha1.MetricErrorRate, ratio("1.5"))
		if rng.IntN(2) == 0 {
			check.Max = "2.5"
		}
		before := &v1alpha1.Verdict{Step: 1, Measurements: rng.Int32N(30)}
		requests := float64(20 + rng.IntN(300))
		stable := answered(flat(float64(20+rng.IntN(3000)), 4), flat(float64(rng.IntN(5)), 4), series())
		last := 0
		for errors := float64(0); errors <= 60; errors++ {
			got := Metric(check, step2, Readings{answered(flat(requests, 4), series(errors), series()), stable}, delay, before, now)
			if rank[got.Result] < last {
				t.Fatalf("%v errors made it better: %s", errors, got.Message)
			}
			last = rank[got.Result]
		}
	}
}

// However a rollout goes, judging the same twice changes nothing, and texts
// aren't longer than the API allows.
func TestMetricIsIdempotent(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	checks := []v1alpha1.MetricCheck{
		builtin(v1alpha1.MetricErrorRate, ratio("1.5"), atMost("5"), tolerating(2)), builtin(v1alpha1.MetricLatencyP99, ratio("1.2")),
		builtin(v1alpha1.MetricRequestCount, atLeast("20")), custom("Sum", atMost("100"), needing(3)),
	}
	for range 200 {
		check := checks[rng.IntN(len(checks))]
		var before *v1alpha1.Verdict
		for clock, step := three, step2; clock.Before(three.Add(20 * time.Minute)); clock = clock.Add(time.Duration(rng.IntN(90)) * time.Second) {
			if rng.IntN(30) == 0 {
				step.Number, step.Since = step.Number+1, clock
			}
			random := func() cloud.Series {
				values := make([]float64, 20)
				for i := range values {
					values[i] = []float64{none, 0, rng.ExpFloat64() * 30}[rng.IntN(3)]
				}
				return series(values...)
			}
			r := Readings{all(random(), random(), random()), all(random(), random(), random())}
			once := Metric(check, step, r, delay, before, clock)
			if twice := Metric(check, step, r, delay, &once, clock); !cmp.Equal(once, twice) {
				t.Fatalf("judged twice (-once +twice):\n%s", cmp.Diff(once, twice))
			}
			if len([]rune(once.Message)) > maxMessage || len(once.Value) > 64 || len(once.Bound) > 128 {
				t.Fatalf("too long: %+v", once)
			}
			before = &once
		}
	}
}
