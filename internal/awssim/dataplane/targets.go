package dataplane

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// The cookies by which a client stays with a target group, and with a target.
const (
	groupCookie  = "AWSALBTG"
	targetCookie = "AWSALB"
	appCookie    = "AWSALBAPP-0"
)

// bind makes a cookie that keeps a client with a group or target.
func (p *Plane) bind(name, to string, d time.Duration) *http.Cookie {
	expires := p.world.Now().Add(p.world.Scale(d))
	value := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", expires.UnixNano(), to))
	return &http.Cookie{Name: name, Value: value, Path: "/", Expires: expires} //nolint:gosec // as AWS sets it
}

// boundTo is what the client's cookie binds it to; "" if it doesn't, or no longer.
func (p *Plane) boundTo(req *http.Request, name string) string {
	cookie, err := req.Cookie(name)
	if err != nil {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	deadline, to, _ := strings.Cut(string(raw), "|")
	nanos, err := strconv.ParseInt(deadline, 10, 64)
	if err != nil || p.world.Now().UnixNano() >= nanos {
		return ""
	}
	return to
}

// pickTarget chooses among the healthy targets, or all when none is healthy, and
// tells whether there is one. A client stays with a target while that is among
// them.
func (p *Plane) pickTarget(way *decision, req *http.Request) bool {
	candidates := p.candidates(way.group)
	if len(candidates) == 0 {
		return false
	}
	sticky, cookie := p.lb.StickinessOf(way.group), targetCookie
	if sticky != nil && sticky.AppCookie != "" {
		cookie = appCookie
	}
	i := -1
	if sticky != nil {
		to := p.boundTo(req, cookie)
		i = slices.IndexFunc(candidates, func(t elb.LiveTarget) bool { return address(t.IP, t.Port) == to })
	}
	if i < 0 {
		i = p.next(way.group, candidates)
	}
	way.target = address(candidates[i].IP, candidates[i].Port)
	switch {
	case sticky == nil:
	case sticky.AppCookie == "":
		way.cookies = append(way.cookies, p.bind(cookie, way.target, sticky.Duration))
	default:
		way.appCookieName, way.appCookie = sticky.AppCookie, p.bind(cookie, way.target, sticky.Duration)
	}
	return true
}

func (p *Plane) candidates(group string) []elb.LiveTarget {
	all := p.lb.LiveTargets(group)
	healthy := slices.DeleteFunc(slices.Clone(all), func(t elb.LiveTarget) bool { return !t.Healthy })
	if len(healthy) > 0 {
		return healthy
	}
	return all
}

// next takes targets in turn, or at random by their shares while one of them is in
// slow start.
func (p *Plane) next(group string, candidates []elb.LiveTarget) int {
	total := 0.0
	for _, t := range candidates {
		total += t.Share
	}
	if total < float64(len(candidates)) && total > 0 {
		n := p.world.Rand().Float64() * total
		for i, t := range candidates {
			if n -= t.Share; n < 0 {
				return i
			}
		}
	}
	turn := p.turns[group]
	p.turns[group] = turn + 1
	return turn % len(candidates)
}

// setCookies adds those that bind a client to a response.
func (d *decision) setCookies(response *Response) {
	cookies := d.cookies
	if d.appCookie != nil {
		theirs := (&http.Response{Header: response.Header}).Cookies()
		if slices.ContainsFunc(theirs, func(c *http.Cookie) bool { return c.Name == d.appCookieName }) {
			cookies = append(slices.Clone(cookies), d.appCookie)
		}
	}
	for _, c := range cookies {
		response.Header.Add("Set-Cookie", c.String())
	}
}
