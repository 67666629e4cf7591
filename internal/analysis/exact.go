package analysis

import "math"

// falseAlarms is the maximum probability that one check's comparison of error
// rates flags a good revision, over all measurements of a rollout.
const falseAlarms = 0.01

// alphaFor is how much of falseAlarms the k-th measurement of a rollout may use,
// counted from 1. A test that is repeated often enough fails by chance: tested
// at 1 % each minute, a good revision is flagged far more often than once in a
// hundred rollouts. The first n of 10/((k+9)(k+10)) add up to n/(n+10), all of
// them to 1, and the probability that any of the measurements flags a good
// revision is no larger than the sum of what they spend, however their windows
// overlap and however many there are. The first measurements, which have few
// requests, get little more than those that follow. With the better known
// 6/(π²k²) the very first gets 61 % of the total, and fewer of the moderately
// bad revisions are found, down to half as many.
func alphaFor(k int32) float64 {
	n := float64(max(k, 1))
	return falseAlarms * 10 / ((n + 9) * (n + 10))
}

// pValue is the p-value of the hypothesis that the candidate's error rate is at
// most ratio times the stable one's: the probability of at least as many errors
// of the candidate as there were, if it were exactly ratio times.
//
// It is the conditional test of two Poisson rates (Przyborowski and Wilenski,
// 1940). Of all errors, those of the candidate are binomially distributed; at
// the boundary the probability that an error is the candidate's is the share of
// its requests, counted ratio times, among all. Nothing is approximated, which
// matters with only a handful of errors: a z test assumes the normal
// distribution and is off by orders of magnitude in the tail that decides here,
// and a plain comparison of the two rates flags one in two good revisions at
// ratio 1. Errors are binomial rather than Poisson, whose variance is smaller,
// so the test errs on the side of the candidate.
//
// It assumes that requests fail independently of each other, and that both
// revisions get the same mix of requests at constant shares within a step. The
// error rate itself may change with time, if it does for both.
func pValue(candidate, stable measured, ratio float64) float64 {
	share := ratio * float64(candidate.samples)
	return binomialTail(candidate.errors, candidate.errors+stable.errors, share/(share+float64(stable.samples)))
}

// binomialTail is P(X ≥ k) for X binomially distributed with n trials of
// probability p. It is summed outwards from k, away from the mean, where each
// term is smaller than the one before: all of them are positive, so nothing
// cancels out, and a few multiples of √n terms are enough.
func binomialTail(k, n int64, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	case float64(k) > float64(n)*p:
		return min(1, sumTail(k, n, p))
	}
	// X ≥ k unless there are at least n−k+1 of the others.
	return max(0, 1-sumTail(n-k+1, n, 1-p))
}

// sumTail is P(X ≥ k) for k above the mean, or at it.
func sumTail(k, n int64, p float64) float64 {
	term := math.Exp(logBinomial(k, n, p))
	total, odds := term, p/(1-p)
	for ; k < n && term > total*1e-17; k++ {
		term *= float64(n-k) / float64(k+1) * odds
		total += term
	}
	return total
}

// logBinomial is the logarithm of P(X = k).
func logBinomial(k, n int64, p float64) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
}

func logFactorial(n int64) float64 {
	l, _ := math.Lgamma(float64(n) + 1)
	return l
}
