package dataplane

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

func values(v ...string) *elb.ValuesConfig { return &elb.ValuesConfig{Values: v} }

func TestConditions(t *testing.T) {
	tests := map[string]struct {
		condition elb.Condition
		method    string
		url       string
		header    http.Header
		want      bool
	}{
		"host":                {condition: elb.Condition{Field: "host-header", HostHeaderConfig: values("Shop.example.com")}, want: true},
		"host with port":      {condition: elb.Condition{Field: "host-header", HostHeaderConfig: values("*.example.com")}, url: "http://a.example.com:8080/", want: true},
		"other host":          {condition: elb.Condition{Field: "host-header", HostHeaderConfig: values("a.example.com", "b.example.com")}},
		"path":                {condition: elb.Condition{Field: "path-pattern", PathPatternConfig: values("/ca*")}, want: true},
		"path question mark":  {condition: elb.Condition{Field: "path-pattern", PathPatternConfig: values("/c?rt")}, want: true},
		"path is exact":       {condition: elb.Condition{Field: "path-pattern", PathPatternConfig: values("/Cart", "/car", "/cart/")}},
		"method":              {condition: elb.Condition{Field: "http-request-method", HttpRequestMethodConfig: values("GET", "HEAD")}, want: true},
		"other method":        {condition: elb.Condition{Field: "http-request-method", HttpRequestMethodConfig: values("GET")}, method: "POST"},
		"header":              {condition: elb.Condition{Field: "http-header", HttpHeaderConfig: &elb.HTTPHeaderConfig{HttpHeaderName: "x-viridian-revision", Values: []string{"4"}}}, header: http.Header{"X-Viridian-Revision": {"4"}}, want: true},
		"other header value":  {condition: elb.Condition{Field: "http-header", HttpHeaderConfig: &elb.HTTPHeaderConfig{HttpHeaderName: "x-viridian-revision", Values: []string{"4"}}}, header: http.Header{"X-Viridian-Revision": {"44"}}},
		"regular expression":  {condition: elb.Condition{Field: "http-header", HttpHeaderConfig: &elb.HTTPHeaderConfig{HttpHeaderName: "x-tenant", RegexValues: []string{"t[0-9]"}}}, header: http.Header{"X-Tenant": {"t7"}}, want: true},
		"other expression":    {condition: elb.Condition{Field: "http-header", HttpHeaderConfig: &elb.HTTPHeaderConfig{HttpHeaderName: "x-tenant", RegexValues: []string{"t[0-9]"}}}, header: http.Header{"X-Tenant": {"t77"}}},
		"no header":           {condition: elb.Condition{Field: "http-header", HttpHeaderConfig: &elb.HTTPHeaderConfig{HttpHeaderName: "x-viridian-revision", Values: []string{"*"}}}},
		"query":               {condition: elb.Condition{Field: "query-string", QueryStringConfig: &elb.QueryStringConfig{Values: []elb.QueryStringPair{{Key: "v", Value: "t*"}}}}, url: "http://shop.example.com/?V=two", want: true},
		"query without key":   {condition: elb.Condition{Field: "query-string", QueryStringConfig: &elb.QueryStringConfig{Values: []elb.QueryStringPair{{Value: "two"}}}}, url: "http://shop.example.com/?x=two", want: true},
		"other query":         {condition: elb.Condition{Field: "query-string", QueryStringConfig: &elb.QueryStringConfig{Values: []elb.QueryStringPair{{Key: "v", Value: "two"}}}}, url: "http://shop.example.com/?w=two"},
		"source":              {condition: elb.Condition{Field: "source-ip", SourceIpConfig: values("192.0.2.0/24")}, want: true},
		"other source":        {condition: elb.Condition{Field: "source-ip", SourceIpConfig: values("10.0.0.0/8")}},
		"no star is no match": {condition: elb.Condition{Field: "path-pattern", PathPatternConfig: values("*x*")}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			method, target := tc.method, tc.url
			if method == "" {
				method = http.MethodGet
			}
			if target == "" {
				target = "http://shop.example.com/cart"
			}
			req := httptest.NewRequest(method, target, nil) // comes from 192.0.2.1
			maps.Copy(req.Header, tc.header)
			if got := meets(tc.condition, req); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestRedirect(t *testing.T) {
	tests := map[string]struct {
		config elb.RedirectConfig
		status int
		want   string
	}{
		"to https": {
			config: elb.RedirectConfig{Protocol: "HTTPS", Port: "443", StatusCode: "HTTP_301"}, status: http.StatusMovedPermanently,
			want: "https://shop.example.com:443/cart?a=b",
		},
		"elsewhere": {
			config: elb.RedirectConfig{Host: "www.#{host}", Path: "/old/#{path}", Query: "from=shop", StatusCode: "HTTP_302"}, status: http.StatusFound,
			want: "http://www.shop.example.com:80/old/cart?from=shop",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := redirect(&tc.config, httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart?a=b", nil))
			if got.Status != tc.status || got.Header.Get("Location") != tc.want {
				t.Errorf("got %d %s", got.Status, got.Header.Get("Location"))
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	tests := map[string]struct {
		action string
		cookie bool
		status int
	}{
		"authenticate": {status: http.StatusFound},
		"deny":         {action: "deny", status: http.StatusUnauthorized},
		"allow":        {action: "allow"},
		"session":      {action: "deny", cookie: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest(http.MethodGet, "http://shop.example.com/", nil)
			if tc.cookie {
				req.AddCookie(&http.Cookie{Name: sessionCookie + "-0", Value: "x"})
			}
			got := authenticate(req, tc.action, "https://idp.example.com/authorize")
			if (got == nil) != (tc.status == 0) || got != nil && got.Status != tc.status {
				t.Errorf("got %+v", got)
			}
		})
	}
}
