package dataplane

import (
	"net/http"
	"slices"
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
	// cookies bind the client to the target group and to the target.
	cookies []*http.Cookie
	// appCookie binds it to the target if the application sets appCookieName.
	appCookie     *http.Cookie
	appCookieName string
}

// sessionCookie begins the name of the cookie of a client that has authenticated.
const sessionCookie = "AWSELBAuthSessionCookie"

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
	if !p.lb.Takes(group, req.ProtoMajor, req.Header.Get("Content-Type")) {
		return decision{own: new(errorPage(statusIncompatible))}
	}
	way := decision{group: group}
	if cookie != nil {
		way.cookies = append(way.cookies, cookie)
	}
	if !p.pickTarget(&way, req) {
		own := errorPage(http.StatusServiceUnavailable)
		own.TargetGroupARN = group
		return decision{own: &own, group: group}
	}
	return way
}

// statusIncompatible answers a request of a protocol that the target group doesn't
// take.
const statusIncompatible = 464

// pickGroup shares requests by weight; a client's cookie wins over weights as
// long as its group is in the action.
func (p *Plane) pickGroup(c *elb.ForwardConfig, req *http.Request) (string, *http.Cookie) {
	sticky := c.TargetGroupStickinessConfig
	enabled := sticky != nil && sticky.Enabled != nil && *sticky.Enabled
	if enabled {
		group := p.boundTo(req, groupCookie)
		if slices.ContainsFunc(c.TargetGroups, func(g elb.TargetGroupTuple) bool { return g.TargetGroupArn == group }) {
			return group, nil
		}
	}
	group := p.draw(c.TargetGroups)
	if !enabled || group == "" {
		return group, nil
	}
	return group, p.bind(groupCookie, group, time.Duration(*sticky.DurationSeconds)*time.Second)
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
