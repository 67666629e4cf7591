package webhook

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// secret is in every URL's query and must be in no error.
const secret = "t0ken"

// quiet is the log of servers: the client reports what is wrong.
var quiet = log.New(io.Discard, "", 0)

var sentAt = time.Unix(1_750_000_000, 0)

// serve starts an HTTPS server on 127.0.0.1.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// bundle is the server's self-signed certificate.
func bundle(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// local returns a client that may post to 127.0.0.1.
func local() *Client {
	return New(Options{Allowed: prefixes("127.0.0.0/8"), Now: func() time.Time { return sentAt }})
}

// to returns a request to the server.
func to(s *httptest.Server) Request {
	return Request{URL: s.URL + "/hook?token=" + secret, CABundle: bundle(s), IdempotencyKey: "shop/checkout/3/0", Body: []byte(`{"a":1}`)}
}

// named is the URL with another host.
func named(rawURL, host string) string { return strings.Replace(rawURL, "127.0.0.1", host, 1) }

// wantRefused also looks for secrets.
func wantRefused(t *testing.T, err error, want string) {
	t.Helper()
	if e, ok := errors.AsType[*RefusedError](err); !ok || e.Error() != want {
		t.Errorf("got %T: %v, want it refused: %s", err, err, want)
	}
	wantNoSecret(t, err)
}

// wantPassing also looks for secrets.
func wantPassing(t *testing.T, err error, want string) {
	t.Helper()
	if _, ok := errors.AsType[*RefusedError](err); ok || err == nil || err.Error() != want {
		t.Errorf("got %T: %v, want %s", err, err, want)
	}
	wantNoSecret(t, err)
}

func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("%q has the secret", err)
	}
}

// resolve returns a resolver that knows one name: it answers each query for
// IPv4 addresses with the next of answers, and repeats the last one.
func resolve(t *testing.T, answers ...[]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) //nolint:errcheck // the end of the test
	go func() {
		for b := make([]byte, 1500); ; {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			reply, v4 := dnsReply(b[:n], answers[0])
			if v4 && len(answers) > 1 {
				answers = answers[1:]
			}
			conn.WriteTo(reply, from) //nolint:errcheck // DNS over UDP retries
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// dnsReply answers a query for IPv4 addresses, and others with no address.
func dnsReply(question []byte, addresses []string) (reply []byte, v4 bool) {
	end := 12 + slices.Index(question[12:], 0) + 1 + 4
	v4 = question[end-3] == 1
	if !v4 {
		addresses = nil
	}
	reply = append(reply, question[:2]...)
	reply = append(reply, 0x81, 0x80, 0, 1, 0, byte(len(addresses)), 0, 0, 0, 0)
	reply = append(reply, question[12:end]...)
	for _, a := range addresses {
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, netip.MustParseAddr(a).AsSlice()...)
	}
	return reply, v4
}

// drain reads to the end, or until it fails.
func drain(r io.Reader) {
	_, _ = io.Copy(io.Discard, r)
}

// hijack returns the connection to a handler that writes its own response,
// after reading the request.
func hijack(t *testing.T, w http.ResponseWriter, r *http.Request) net.Conn {
	t.Helper()
	drain(r.Body)
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
	}
	return conn
}

// otherCA signed none of the tests' certificates.
const otherCA = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUEcFMo3x1SuQQlZ/6qufKqZkDz7swCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTI1MDIyNjE0WhgPMjEyNjExMDEwMjI2
MTRaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
JPjSzujyy9MZhrWH7lAYDI/uHNFEVs7rJVloC+jDWUsJ9v921wVVd3z+4LrT2Rll
/XXQsiilzMlIinw+mduGl6NTMFEwHQYDVR0OBBYEFLdrAO8Fjho21PzMpqsRIlxl
+v8OMB8GA1UdIwQYMBaAFLdrAO8Fjho21PzMpqsRIlxl+v8OMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJzPfg2JmMq0nrVk4NRUdo8zPmAD8+5g
/HgPFs/jv6ThAiB7nWX2mNtDDkrBb8vDRMQCxDTs/5KpUmUJCRR8/eCX1w==
-----END CERTIFICATE-----
`
