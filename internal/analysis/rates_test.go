package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// A simulated rollout is measured in each minute of its three steps of ten
// minutes, with a window as long as a step.
const (
	simulated    = 2000
	looksPerStep = 10
	stableRate   = 0.005
)

var weights = []int32{10, 25, 50}

// scenario is a service with a new revision.
type scenario struct {
	name string
	// perMinute are the requests of both revisions.
	perMinute int64
	// rate is the new revision's share of errors, and factor what both
	// revisions' rates are multiplied by in a minute of the rollout.
	rate   float64
	factor func(minute int) float64
	// burst is how many requests fail together.
	burst int64
	ratio float64
}

// rule decides at the k-th measurement whether the new revision is bad.
type rule func(candidate, stable measured, ratio float64, k int32) bool

// rules are ours and those that it is compared with.
var rules = []rule{
	func(c, s measured, ratio float64, k int32) bool { return pValue(c, s, ratio) <= alphaFor(k) },
	func(c, s measured, ratio float64, _ int32) bool { return pValue(c, s, ratio) <= falseAlarms },
	func(c, s measured, ratio float64, _ int32) bool { return c.value > ratio*s.value },
}

// errorsOf draws at random how many of n requests fail.
func errorsOf(rng *rand.Rand, n int64, rate float64, burst int64) int64 {
	rate /= float64(burst)
	var errors int64
	for i := gap(rng, rate); i < n; i += 1 + gap(rng, rate) {
		errors += burst
	}
	return min(errors, n)
}

// gap is how many requests are good before the next one that fails.
func gap(rng *rand.Rand, rate float64) int64 {
	return int64(math.Min(1e12, math.Log(1-rng.Float64())/math.Log1p(-rate)))
}

// minute is what happened to both revisions in one minute.
type minute struct{ candidate, stable measured }

// draw is a rollout, minute by minute.
func (s *scenario) draw(rng *rand.Rand) []minute {
	var minutes []minute
	for _, weight := range weights {
		n := s.perMinute * int64(weight) / 100
		m := minute{measured{samples: n}, measured{samples: s.perMinute - n}}
		for range looksPerStep {
			factor := 1.0
			if s.factor != nil {
				factor = s.factor(len(minutes))
			}
			m.candidate.errors = errorsOf(rng, m.candidate.samples, s.rate*factor, s.burst)
			m.stable.errors = errorsOf(rng, m.stable.samples, stableRate*factor, s.burst)
			minutes = append(minutes, m)
		}
	}
	return minutes
}

// plus is both together.
func (m measured) plus(n measured) measured {
	m.samples, m.errors = m.samples+n.samples, m.errors+n.errors
	m.value = 100 * float64(m.errors) / float64(m.samples)
	return m
}

// flaggedAt returns the measurement at which each rule flags the rollout; 0 if
// never.
func (s *scenario) flaggedAt(minutes []minute) []int {
	at := make([]int, len(rules))
	var k int32
	var c, o measured
	for i, m := range minutes {
		if i%looksPerStep == 0 {
			c, o = measured{}, measured{}
		}
		c, o = c.plus(m.candidate), o.plus(m.stable)
		if min(c.samples, o.samples) < 50 {
			continue
		}
		k++
		for r, bad := range rules {
			if at[r] == 0 && bad(c, o, s.ratio, k) {
				at[r] = i + 1
			}
		}
	}
	return at
}

// flagged returns the shares of rollouts that the rules flag, in percent, and
// the measurement by which ours has flagged half of those.
func (s *scenario) flagged() (shares []float64, look int) {
	rng := rand.New(rand.NewPCG(1940, 29))
	shares = make([]float64, len(rules))
	var looks []int
	for range simulated {
		for i, at := range s.flaggedAt(s.draw(rng)) {
			if at == 0 {
				continue
			}
			shares[i] += 100.0 / simulated
			if i == 0 {
				looks = append(looks, at)
			}
		}
	}
	if slices.Sort(looks); len(looks) > 0 {
		look = looks[len(looks)/2]
	}
	return shares, look
}

// outage multiplies both revisions' errors in some minutes.
func outage(minute int) float64 { return []float64{1, 1, 10, 2, 1}[minute%5] }

// TestRates: a good revision is flagged in at most one of a hundred rollouts, a
// bad one is found. With -v it prints the table of docs/analysis.md.
func TestRates(t *testing.T) {
	const good, limit, bursts = "as good, 0.5 %", "at the limit, 0.75 %", "as good, errors by tens"
	table := []struct {
		scenario
		// atLeast and atMost are the percentages that ours flags, half of them
		// by byLook.
		atLeast, atMost float64
		byLook          int
	}{
		{scenario{name: good, perMinute: 600, rate: 0.005, burst: 1, ratio: 1}, 0, 1, 30},
		{scenario{name: good, perMinute: 6000, rate: 0.005, burst: 1, ratio: 1}, 0, 1, 30},
		{scenario{name: "as good, outages of both", perMinute: 600, rate: 0.005, burst: 1, ratio: 1, factor: outage}, 0, 1, 30},
		{scenario{name: good, perMinute: 600, rate: 0.005, burst: 1, ratio: 1.5}, 0, 1, 30},
		{scenario{name: limit, perMinute: 6000, rate: 0.0075, burst: 1, ratio: 1.5}, 0, 1, 30},
		{scenario{name: "bad, 1 %", perMinute: 600, rate: 0.01, burst: 1, ratio: 1.5}, 0, 5, 30},
		{scenario{name: "bad, 1 %", perMinute: 6000, rate: 0.01, burst: 1, ratio: 1.5}, 35, 100, 30},
		{scenario{name: "bad, 2 %", perMinute: 60, rate: 0.02, burst: 1, ratio: 1.5}, 0, 5, 30},
		{scenario{name: "bad, 2 %", perMinute: 600, rate: 0.02, burst: 1, ratio: 1.5}, 70, 100, 20},
		{scenario{name: "bad, 2 %", perMinute: 6000, rate: 0.02, burst: 1, ratio: 1.5}, 99.9, 100, 4},
		{scenario{name: "bad, 5 %", perMinute: 60, rate: 0.05, burst: 1, ratio: 1.5}, 25, 100, 20},
		{scenario{name: "bad, 5 %", perMinute: 600, rate: 0.05, burst: 1, ratio: 1.5}, 99.9, 100, 4},
		{scenario{name: "bad, 20 %", perMinute: 60, rate: 0.2, burst: 1, ratio: 1.5}, 99, 100, 10},
		// This violates the test's assumptions: it is a warning, not a
		// guarantee.
		{scenario{name: bursts, perMinute: 600, rate: 0.005, burst: 10, ratio: 1.5}, 0, 100, 30},
	}
	var rows []string
	for _, tt := range table {
		shares, look := tt.flagged()
		when := "–"
		if shares[0] >= 5 {
			when = fmt.Sprint(look)
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %.1f %% | %s | %.1f %% | %.1f %% |",
			tt.name, count(tt.perMinute), exact(tt.ratio), shares[0], when, shares[1], shares[2]))
		if shares[0] < tt.atLeast || shares[0] > tt.atMost || look > tt.byLook {
			t.Errorf("%s, %d requests/min: flagged %.2f %% at look %d, want %v to %v %% by look %d",
				tt.name, tt.perMinute, shares[0], look, tt.atLeast, tt.atMost, tt.byLook)
		}
	}
	t.Logf("\n%s", strings.Join(rows, "\n"))
}

// Metric flags the same rollouts as the simulation, at the same measurement.
func TestMetricFlagsAsSimulated(t *testing.T) {
	s := scenario{perMinute: 600, rate: 0.02, burst: 1, ratio: 1.5}
	check := builtin(v1alpha1.MetricErrorRate, ratio("1.5"))
	rng := rand.New(rand.NewPCG(9, 10))
	for range 50 {
		minutes := s.draw(rng)
		var r [2][3][]float64
		for _, m := range minutes {
			for i, of := range []measured{m.candidate, m.stable} {
				r[i][0] = append(r[i][0], float64(of.samples))
				r[i][1] = append(r[i][1], float64(of.errors))
			}
		}
		readings := func(i int) []cloud.Series { return answered(series(r[i][0]...), series(r[i][1]...), series()) }
		got, before := 0, (*v1alpha1.Verdict)(nil)
		for i := 0; i < len(minutes) && got == 0; i++ {
			number := i / looksPerStep
			step := Step{Number: int32(number + 1), Weight: weights[number], Since: three.Add(time.Duration(number*looksPerStep) * time.Minute)}
			v := Metric(check, step, Readings{readings(0), readings(1)}, 0, before, three.Add(time.Duration(i+1)*time.Minute))
			if before = &v; v.Result == fail {
				got = i + 1
			}
		}
		if want := s.flaggedAt(minutes)[0]; got != want {
			t.Errorf("flagged at %d, want %d", got, want)
		}
	}
}
