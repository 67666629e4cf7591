package dataplane

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

func TestTransformed(t *testing.T) {
	rewrites := func(regex, replace string) *elb.RewriteConfig {
		return &elb.RewriteConfig{Rewrites: []elb.Rewrite{{Regex: regex, Replace: replace}}}
	}
	host := func(regex, replace string) elb.Transform {
		return elb.Transform{Type: "host-header-rewrite", HostHeaderRewriteConfig: rewrites(regex, replace)}
	}
	path := func(regex, replace string) elb.Transform {
		return elb.Transform{Type: "url-rewrite", UrlRewriteConfig: rewrites(regex, replace)}
	}
	for name, c := range map[string]struct {
		transforms []elb.Transform
		want       string
	}{
		"none":     {nil, "shop.example.com /old/cart?a=b"},
		"path":     {[]elb.Transform{path("^/old/(.*)$", "/$1")}, "shop.example.com /cart?a=b"},
		"query":    {[]elb.Transform{path(`^(.*)\?a=(.*)$`, "$1?z=$2")}, "shop.example.com /old/cart?z=b"},
		"host":     {[]elb.Transform{host(`^(.+)\.example\.com$`, "$1x.internal")}, "shopx.internal /old/cart?a=b"},
		"both":     {[]elb.Transform{host("shop", "till"), path("old", "new")}, "till.example.com /new/cart?a=b"},
		"no match": {[]elb.Transform{path("^/new/", "/")}, "shop.example.com /old/cart?a=b"},
		"no URL":   {[]elb.Transform{path("^/", "no path ")}, ""},
	} {
		got := ""
		if req, ok := transformed(httptest.NewRequest(http.MethodGet, "http://shop.example.com/old/cart?a=b", nil), c.transforms); ok {
			got = req.Host + " " + req.URL.RequestURI()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestValidToken(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	claims := func(more string) string {
		return "Bearer h." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iss": "me", "exp": 1000060%s}`, more)) + ".s"
	}
	team := func(format string) elb.JwtClaim {
		return elb.JwtClaim{Format: format, Name: "team", Values: []string{"shop"}}
	}
	for name, c := range map[string]struct {
		header string
		claims []elb.JwtClaim
		want   bool
	}{
		"none":          {"", nil, false},
		"not a token":   {"Bearer x", nil, false},
		"valid":         {claims(""), nil, true},
		"expired":       {claims(`, "exp": 999999`), nil, false},
		"another's":     {claims(`, "iss": "you"`), nil, false},
		"lacks a claim": {claims(""), []elb.JwtClaim{team("single-string")}, false},
		"has it":        {claims(`, "team": "shop"`), []elb.JwtClaim{team("single-string")}, true},
		"among others":  {claims(`, "team": "till shop"`), []elb.JwtClaim{team("space-separated-values")}, true},
		"in a list":     {claims(`, "team": ["till", "shop"]`), []elb.JwtClaim{team("string-array")}, true},
	} {
		req := httptest.NewRequest(http.MethodGet, "http://shop.example.com/", nil)
		req.Header.Set("Authorization", c.header)
		if got := validToken(req, &elb.JwtValidationConfig{Issuer: "me", AdditionalClaims: c.claims}, now); got != c.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
