package analysis

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bruteTail is P(X ≥ k) with rational coefficients and 200 bits.
func bruteTail(k, n int64, p float64) float64 {
	const bits = 200
	num := func(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }
	power := func(x *big.Float, e int64) *big.Float {
		result := num(1)
		for range e {
			result.Mul(result, x)
		}
		return result
	}
	q := new(big.Float).SetPrec(bits).Sub(num(1), num(p))
	total := num(0)
	for i := max(k, 0); i <= n; i++ {
		term := new(big.Float).SetPrec(bits).SetInt(new(big.Int).Binomial(n, i))
		total.Add(total, term.Mul(term, power(num(p), i)).Mul(term, power(q, n-i)))
	}
	result, _ := total.Float64()
	return result
}

// near is true if both are the same but for rounding.
func near(a, b, tolerance float64) bool {
	return a == b || math.Abs(a-b) <= tolerance*math.Max(math.Abs(a), math.Abs(b))
}

func TestBinomialTailIsTheSum(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 5, 17, 60} {
		for _, p := range []float64{1e-6, 0.01, 0.1, 0.25, 0.5, 0.75, 0.999} {
			for k := int64(-1); k <= n+1; k++ {
				if got, want := binomialTail(k, n, p), bruteTail(k, n, p); !near(got, want, 1e-11) {
					t.Errorf("P(X ≥ %d), n=%d, p=%v: got %v, want %v", k, n, p, got, want)
				}
			}
		}
	}
}

func TestBinomialTailOfLargeNumbers(t *testing.T) {
	tests := map[string]struct {
		k, n int64
		p    float64
		want float64
	}{
		// Closed forms.
		"all of them":         {1000, 1000, 0.5, math.Exp2(-1000)},
		"at least one":        {1, 1_000_000, 1e-6, -math.Expm1(1e6 * math.Log1p(-1e-6))},
		"certain":             {10, 10, 1, 1},
		"impossible":          {1, 10, 0, 0},
		"half of an odd many": {500_001, 1_000_001, 0.5, 0.5},
		"half of very many":   {50_000_001, 100_000_001, 0.5, 0.5},
		// The central limit theorem with its continuity correction.
		"3 sigma": {501_500, 1_000_000, 0.5, 0.5 * math.Erfc(1499.5/500/math.Sqrt2)},
		"5 sigma": {502_500, 1_000_000, 0.5, 0.5 * math.Erfc(2499.5/500/math.Sqrt2)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := binomialTail(tt.k, tt.n, tt.p); !near(got, tt.want, 1e-4) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// The tail and its complement are computed differently, and add up to 1; and
// the tail falls with k.
func TestBinomialTailIsADistribution(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + rng.Int64N(1_000_000)
		p := rng.Float64()
		sigma := math.Sqrt(float64(n) * p * (1 - p))
		k := int64(float64(n)*p + sigma*4*rng.NormFloat64())
		if total := binomialTail(k, n, p) + binomialTail(n-k+1, n, 1-p); !near(total, 1, 1e-7) {
			t.Fatalf("P(X ≥ %d) + P(X < %[1]d), n=%d, p=%v: %v", k, n, p, total)
		}
		if less, more := binomialTail(k+1, n, p), binomialTail(k, n, p); less > more*(1+1e-7) {
			t.Fatalf("P(X ≥ %d) > P(X ≥ %d), n=%d, p=%v: %v, %v", k+1, k, n, p, less, more)
		}
	}
}

func TestPValue(t *testing.T) {
	tests := map[string]struct {
		candidate, stable measured
		ratio             float64
		want              float64
	}{
		"no errors":            {measured{samples: 100}, measured{samples: 900}, 1, 1},
		"one error":            {measured{samples: 100, errors: 1}, measured{samples: 900}, 1, 0.1},
		"three errors":         {measured{samples: 100, errors: 3}, measured{samples: 900}, 1, 0.001},
		"ratio of shares":      {measured{samples: 300, errors: 2}, measured{samples: 900}, 3, 0.25},
		"8 of 10, even shares": {measured{samples: 500, errors: 8}, measured{samples: 500, errors: 2}, 1, 56.0 / 1024},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := pValue(tt.candidate, tt.stable, tt.ratio); !near(got, tt.want, 1e-12) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// One more error of the candidate never makes it look better, nor does one less
// of the stable revision make it look worse at the same total of the latter.
func TestPValueFallsWithErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		c := measured{samples: 100 + rng.Int64N(10_000), errors: rng.Int64N(100)}
		s := measured{samples: 100 + rng.Int64N(100_000), errors: rng.Int64N(500)}
		ratio := 1 + 3*rng.Float64()
		p := pValue(c, s, ratio)
		c.errors++
		if worse := pValue(c, s, ratio); worse > p {
			t.Fatalf("%+v to %+v at ratio %v: one more error raises %v to %v", c, s, ratio, p, worse)
		}
		s.errors++
		if better := pValue(c, s, ratio); better < pValue(c, measured{samples: s.samples, errors: s.errors - 1}, ratio) {
			t.Fatalf("%+v to %+v at ratio %v: one more error of stable lowers it", c, s, ratio)
		}
	}
}

func TestAlphasSumUpToFalseAlarms(t *testing.T) {
	var total float64
	for k := int32(1); k <= 1_000_000; k++ {
		total += alphaFor(k)
	}
	if total > falseAlarms || total < falseAlarms*0.9999 {
		t.Errorf("spent %v of %v", total, falseAlarms)
	}
}

func BenchmarkBinomialTail(b *testing.B) {
	for b.Loop() {
		binomialTail(502_500, 1_000_000, 0.5)
	}
}
