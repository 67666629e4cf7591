package dataplane

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// decision is where a request goes: to a target, or the load balancer's own
// answer.
type decision struct {
	own           *Response
	balancer      string
	group, target string
	// transforms rewrite the request for the target.
	transforms []elb.Transform
	// cookie binds the client to the target group.
	cookie *http.Cookie
}

// stickyCookie is the name of the cookie for target group stickiness;
// sessionCookie's beginning marks a client that has authenticated.
const (
	stickyCookie  = "AWSALBTG"
	sessionCookie = "AWSELBAuthSessionCookie"
)

// decide applies the first rule that matches.
func (p *Plane) decide(listenerARN string, req *http.Request) decision {
	p.world.Lock()
	defer p.world.Unlock()
	rules, found := p.lb.LiveRules(listenerARN)
	if !found {
		return decision{own: new(errorPage(http.StatusServiceUnavailable))}
	}
	balancer := loadBalancerOf(listenerARN)
	for _, rule := range rules {
		if matches(rule, req) {
			way := p.follow(rule.Actions, req)
			way.balancer, way.transforms = balancer, rule.Transforms
			return way
		}
	}
	return decision{balancer: balancer, own: new(errorPage(http.StatusInternalServerError))}
}

// loadBalancerOf derives the load balancer's ARN from its listener's.
func loadBalancerOf(listenerARN string) string {
	arn := strings.Replace(listenerARN, ":listener/", ":loadbalancer/", 1)
	return arn[:max(strings.LastIndex(arn, "/"), 0)]
}

// follow runs the actions in order.
func (p *Plane) follow(actions []elb.Action, req *http.Request) decision {
	for _, a := range actions {
		if elb.IsAuth(a.Type) {
			if own := p.admit(a, req); own != nil {
				return decision{own: own}
			}
			continue
		}
		switch a.Type {
		case "forward":
			return p.pick(a.ForwardConfig, req)
		case "redirect":
			return decision{own: new(redirect(a.RedirectConfig, req))}
		case "fixed-response":
			return decision{own: new(fixedResponse(a.FixedResponseConfig))}
		}
	}
	return decision{own: new(errorPage(http.StatusInternalServerError))}
}

// pick chooses target group and target. A group without targets, or weights
// that are all zero, leave nobody to answer.
func (p *Plane) pick(c *elb.ForwardConfig, req *http.Request) decision {
	group, cookie := p.pickGroup(c, req)
	if group == "" {
		return decision{own: new(errorPage(http.StatusServiceUnavailable))}
	}
	target, found := p.pickTarget(group)
	if !found {
		own := errorPage(http.StatusServiceUnavailable)
		own.TargetGroupARN = group
		return decision{own: &own, group: group}
	}
	return decision{group: group, target: address(target.IP, target.Port), cookie: cookie}
}

// pickGroup shares requests by weight; a client's cookie wins over weights as
// long as its group is in the action.
func (p *Plane) pickGroup(c *elb.ForwardConfig, req *http.Request) (string, *http.Cookie) {
	sticky := c.TargetGroupStickinessConfig
	enabled := sticky != nil && sticky.Enabled != nil && *sticky.Enabled
	if enabled {
		if group := p.stuckTo(c, req); group != "" {
			return group, nil
		}
	}
	group := p.draw(c.TargetGroups)
	if !enabled || group == "" {
		return group, nil
	}
	return group, p.bind(group, *sticky.DurationSeconds)
}

// draw chooses a group at random by weight.
func (p *Plane) draw(groups []elb.TargetGroupTuple) string {
	total := 0
	for _, g := range groups {
		total += *g.Weight
	}
	if total == 0 {
		return ""
	}
	n := p.world.Rand().IntN(total)
	for _, g := range groups {
		if n -= *g.Weight; n < 0 {
			return g.TargetGroupArn
		}
	}
	return ""
}

// bind makes the cookie that keeps a client with the group.
func (p *Plane) bind(group string, seconds int) *http.Cookie {
	life := p.world.Scale(time.Duration(seconds) * time.Second)
	expires := p.world.Now().Add(life)
	value := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", expires.UnixNano(), group))
	return &http.Cookie{Name: stickyCookie, Value: value, Path: "/", Expires: expires} //nolint:gosec // as AWS sets it
}

// stuckTo is the group in the client's cookie, if it is still one of the
// action's.
func (p *Plane) stuckTo(c *elb.ForwardConfig, req *http.Request) string {
	cookie, err := req.Cookie(stickyCookie)
	if err != nil {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	deadline, group, _ := strings.Cut(string(raw), "|")
	nanos, err := strconv.ParseInt(deadline, 10, 64)
	if err != nil || p.world.Now().UnixNano() >= nanos {
		return ""
	}
	for _, g := range c.TargetGroups {
		if g.TargetGroupArn == group {
			return group
		}
	}
	return ""
}

// pickTarget takes the healthy targets in turn, or all when none is healthy.
func (p *Plane) pickTarget(group string) (elb.LiveTarget, bool) {
	all := p.lb.LiveTargets(group)
	var candidates []elb.LiveTarget
	for _, t := range all {
		if t.Healthy {
			candidates = append(candidates, t)
		}
	}
	if len(candidates) == 0 {
		candidates = all
	}
	if len(candidates) == 0 {
		return elb.LiveTarget{}, false
	}
	turn := p.turns[group]
	p.turns[group] = turn + 1
	return candidates[turn%len(candidates)], true
}
