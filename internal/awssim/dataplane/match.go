package dataplane

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// matches tells whether the request meets all conditions of a rule; a default
// rule has none.
func matches(rule elb.Rule, req *http.Request) bool {
	return !slices.ContainsFunc(rule.Conditions, func(c elb.Condition) bool { return !meets(c, req) })
}

// meets tells whether any value of the condition matches.
func meets(c elb.Condition, req *http.Request) bool {
	switch c.Field {
	case "host-header":
		host := strings.ToLower(hostname(req.Host))
		return anyMatch(c.HostHeaderConfig.Values, host, strings.ToLower) || anyRegex(c.HostHeaderConfig.RegexValues, host)
	case "path-pattern":
		return anyMatch(c.PathPatternConfig.Values, req.URL.Path, asIs) || anyRegex(c.PathPatternConfig.RegexValues, req.URL.Path)
	case "http-request-method":
		return slices.Contains(c.HttpRequestMethodConfig.Values, req.Method)
	case "http-header":
		return meetsHeader(c.HttpHeaderConfig, req.Header)
	case "query-string":
		return meetsQuery(c.QueryStringConfig, req.URL.Query())
	case "source-ip":
		return meetsSource(c.SourceIpConfig, req.RemoteAddr)
	default:
		return false
	}
}

func asIs(s string) string { return s }

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// anyMatch tells whether one of the patterns, folded, matches the text.
func anyMatch(patterns []string, text string, fold func(string) string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(fold(p), text) })
}

// anyRegex tells whether one of the regular expressions matches the whole text.
func anyRegex(expressions []string, text string) bool {
	return slices.ContainsFunc(expressions, func(e string) bool { return regexp.MustCompile("^(?:" + e + ")$").MatchString(text) })
}

func meetsHeader(c *elb.HTTPHeaderConfig, header http.Header) bool {
	for name, values := range header {
		if !wildcard(strings.ToLower(c.HttpHeaderName), strings.ToLower(name)) {
			continue
		}
		for _, v := range values {
			if anyMatch(c.Values, strings.ToLower(v), strings.ToLower) || anyRegex(c.RegexValues, v) {
				return true
			}
		}
	}
	return false
}

func meetsQuery(c *elb.QueryStringConfig, query url.Values) bool {
	for _, pair := range c.Values {
		for key, values := range query {
			if pair.Key != "" && !wildcard(strings.ToLower(pair.Key), strings.ToLower(key)) {
				continue
			}
			if slices.ContainsFunc(values, func(v string) bool { return wildcard(strings.ToLower(pair.Value), strings.ToLower(v)) }) {
				return true
			}
		}
	}
	return false
}

func meetsSource(c *elb.ValuesConfig, remote string) bool {
	addr, err := netip.ParseAddr(hostname(remote))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.Values, func(v string) bool {
		prefix, err := netip.ParsePrefix(v)
		return err == nil && prefix.Contains(addr)
	})
}

// wildcard matches text with a pattern in which * stands for any characters
// and ? for exactly one.
func wildcard(pattern, text string) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0: // let the last * take one character more
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
