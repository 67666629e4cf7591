package elb

import (
	"slices"
	"time"
)

// changed carries the listener's rules, as they are now, to the data plane
// once they have propagated. A change never overtakes a newer one.
func (s *Service) changed(l *listener) {
	l.written++
	version, rules := l.written, l.snapshot()
	apply := func() {
		if version > l.liveVersion {
			l.liveVersion, l.live = version, rules
		}
	}
	if s.opts.Propagation < 0 {
		apply()
		return
	}
	jitter := time.Duration(s.world.Rand().Float64() * 0.5 * float64(s.opts.Propagation))
	s.world.After(s.opts.Propagation+jitter, apply)
}

// snapshot copies the rules in the order in which they are matched. Actions
// and conditions are replaced, never written to, and can be shared.
func (l *listener) snapshot() []Rule {
	rules := make([]Rule, len(l.rules))
	for i, r := range l.rules {
		rules[i] = r.Rule
	}
	slices.SortStableFunc(rules, func(a, b Rule) int { return a.order() - b.order() })
	return rules
}

// LiveRules are the rules which the data plane follows now, in the order in
// which they are matched, and whether the listener exists.
func (s *Service) LiveRules(listenerARN string) ([]Rule, bool) {
	l, err := s.listener(listenerARN)
	if err != nil {
		return nil, false
	}
	return l.live, true
}

// inDataPlane tells whether requests can still reach the group, though the
// control plane may have forgotten it already.
func (s *Service) inDataPlane(groupARN string) bool {
	for _, lb := range s.balancers {
		for _, l := range lb.listeners {
			for _, r := range l.live {
				if slices.Contains(targetGroups(r.Actions), groupARN) {
					return true
				}
			}
		}
	}
	return false
}
