package mainjob_test

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/viridian-dev/viridian/internal/wirelog"
)

// newBridge is a proxy in front of moto. It records what the manager sends and
// changes neither that nor the answers: what moto lacks is made up for by its
// own configuration and API.
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
