package mainjob_test

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/viridian-dev/viridian/internal/wirelog"
)

// newBridge returns a proxy in front of moto. It records what the manager sends
// and changes neither requests nor responses: what moto lacks is made up for
// with its own configuration and API.
func newBridge(t *testing.T, moto string) http.Handler {
	t.Helper()
	target, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: wirelog.Transport(http.DefaultTransport),
	}
}
