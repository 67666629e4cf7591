package dataplane

import (
	"net/http"
	"net/url"
	"regexp"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// captured are the references to groups in a replacement, such as $1.
var captured = regexp.MustCompile(`\$([0-9])`)

// transformed is the request as the target gets it; ok is false if the rewritten
// URL isn't one. What doesn't match stays as it is.
func transformed(req *http.Request, transforms []elb.Transform) (out *http.Request, ok bool) {
	for _, t := range transforms {
		out := req.Clone(req.Context())
		if t.HostHeaderRewriteConfig != nil {
			out.Host = rewritten(req.Host, t.HostHeaderRewriteConfig)
		}
		if t.UrlRewriteConfig != nil {
			to, err := url.ParseRequestURI(rewritten(req.URL.RequestURI(), t.UrlRewriteConfig))
			if err != nil {
				return nil, false
			}
			out.URL.Path, out.URL.RawPath, out.URL.RawQuery = to.Path, to.RawPath, to.RawQuery
		}
		req = out
	}
	return req, true
}

// rewritten is a text after the rewrites of a transform.
func rewritten(text string, c *elb.RewriteConfig) string {
	for _, r := range c.Rewrites {
		text = regexp.MustCompile(r.Regex).ReplaceAllString(text, captured.ReplaceAllString(r.Replace, "$${$1}"))
	}
	return text
}
