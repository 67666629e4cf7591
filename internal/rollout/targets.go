package rollout

import (
	"cmp"
	"slices"
)

// Target is a backend's part of the requests.
type Target struct {
	Backend string
	// Weight relative to the sum of all.
	Weight int32
}

// Targets are how a route divides the requests.
type Targets []Target

// split routes weight percent to candidate and the rest to live.
func split(live, candidate string, weight int32) Targets {
	var t Targets
	if live != "" && weight < 100 {
		t = append(t, Target{live, 100 - weight})
	}
	if candidate != "" && weight > 0 {
		t = append(t, Target{candidate, weight})
	}
	return t
}

// Equal tells whether both route requests in the same shares. A backend
// of weight zero gets no requests, so it makes no difference.
func (t Targets) Equal(other Targets) bool {
	return slices.Equal(t.normal(), other.normal())
}

// Share is the backend's percentage of the requests, rounded down; 0 when
// it isn't there.
func (t Targets) Share(backend string) int32 {
	var sum, own int64
	for _, target := range t {
		sum += int64(target.Weight)
		if target.Backend == backend {
			own += int64(target.Weight)
		}
	}
	if sum == 0 {
		return 0
	}
	return int32(own * 100 / sum) //nolint:gosec // at most 100
}

// Contains tells whether the backend is there, with whatever weight.
func (t Targets) Contains(backend string) bool {
	return slices.ContainsFunc(t, func(x Target) bool { return x.Backend == backend })
}

// idle are the backends that are there and get no requests.
func (t Targets) idle() []string {
	var out []string
	for _, target := range t {
		if target.Weight == 0 {
			out = append(out, target.Backend)
		}
	}
	return out
}

// normal drops zero weights, reduces the others by their greatest common
// divisor and sorts.
func (t Targets) normal() Targets {
	out := Targets{}
	divisor := int32(0)
	for _, target := range t {
		if target.Weight > 0 {
			out = append(out, target)
			divisor = gcd(divisor, target.Weight)
		}
	}
	for i := range out {
		out[i].Weight /= divisor
	}
	slices.SortFunc(out, func(a, b Target) int { return cmp.Compare(a.Backend, b.Backend) })
	return out
}

func gcd(a, b int32) int32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
