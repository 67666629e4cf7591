package v1alpha1

import "time"

// Bounds are, for desired tasks, how many there may be in excess and too few,
// and the pause between two batches. At least one of the counts is positive.
func (r *Rolling) Bounds(desired int32) (surge, unavailable int32, pause time.Duration) {
	surgePercent, unavailablePercent := int32(25), int32(0)
	if r != nil && r.MaxSurgePercent != nil {
		surgePercent = *r.MaxSurgePercent
	}
	if r != nil && r.MaxUnavailablePercent != nil {
		unavailablePercent = *r.MaxUnavailablePercent
	}
	if r != nil && r.PauseSeconds != nil {
		pause = time.Duration(*r.PauseSeconds) * time.Second
	}
	surge = (desired*surgePercent + 99) / 100
	unavailable = desired * unavailablePercent / 100
	if surge+unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable, pause
}

// Exists tells whether there is a load balancer at all.
func (lb *LoadBalancer) Exists() bool { return lb.ListenerARN != "" || lb.RuleARN != "" }

// Count is how many tasks a new stack starts with.
func (s *ImmutableRevisionSpec) Count() int32 {
	if s.DesiredCount == nil {
		return 1
	}
	return *s.DesiredCount
}
