package elb

import (
	"slices"
	"strconv"
	"time"
)

// seconds reads an attribute, which was checked when it was written.
func (g *targetGroup) seconds(key string) time.Duration {
	n, _ := strconv.Atoi(g.attributes[key])
	return time.Duration(n) * time.Second
}

// warmUp begins the slow start of a target that got healthy. One that no other
// target could stand in for has none (guide, "Slow start mode").
func (s *Service) warmUp(g *targetGroup, t *target) {
	t.warmingSince = time.Time{}
	if g.seconds(slowStartSeconds) == 0 || t.health.State != StateHealthy {
		return
	}
	warm := func(o *target) bool { return o != t && o.health.State == StateHealthy && s.share(g, o) == 1 }
	if slices.ContainsFunc(g.targets, warm) {
		t.warmingSince = s.world.Now()
	}
}

// share grows in a line from 0 to 1 while a target is in slow start.
func (s *Service) share(g *targetGroup, t *target) float64 {
	if t.warmingSince.IsZero() {
		return 1
	}
	passed := s.world.Now().Sub(t.warmingSince)
	return min(1, float64(passed)/float64(s.world.Scale(g.seconds(slowStartSeconds))))
}

// Stickiness says how a group keeps clients with a target.
type Stickiness struct {
	// AppCookie is the application's cookie whose clients are kept; "" if all are.
	AppCookie string
	// Duration for which they are, as AWS would take it.
	Duration time.Duration
}

// StickinessOf is how a group keeps clients with a target; nil if it doesn't.
func (s *Service) StickinessOf(groupARN string) *Stickiness {
	g, err := s.group(groupARN)
	if err != nil || g.attributes[stickinessEnabled] != attributeTrue {
		return nil
	}
	if g.attributes[stickinessType] == appCookie {
		return &Stickiness{AppCookie: g.attributes[appCookieName], Duration: g.seconds(appCookieSeconds)}
	}
	return &Stickiness{Duration: g.seconds(lbCookieSeconds)}
}
