package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const allowIt = " has no public address: have an administrator allow its network by the manager's --webhook-allowed-cidrs"

func TestRefusedURL(t *testing.T) {
	tests := map[string]struct{ url, want string }{
		"none":              {"", "the URL is not an https:// address"},
		"http":              {"http://example.com/?token=t0ken", "the URL is not an https:// address"},
		"another scheme":    {"file:///etc/t0ken", "the URL is not an https:// address"},
		"no scheme":         {"example.com/t0ken", "the URL is not an https:// address"},
		"opaque":            {"https:t0ken", "the URL has no host"},
		"no host":           {"https:///t0ken", "the URL has no host"},
		"port only":         {"https://:443/t0ken", "the URL has no host"},
		"unreadable":        {"https://example.com/%zz?t0ken", "the URL can't be read"},
		"control character": {"https://example.com/\n?t0ken", "the URL can't be read"},
		"IPv6 zone":         {"https://[2001:db8::1%25.shop.example.com]/", "the URL's host has an IPv6 zone, which means something on one machine only"},
		"user":              {"https://t0ken@example.com/", "the URL of example.com holds a user name or a password: sign the request instead"},
		"password":          {"https://a:t0ken@example.com/", "the URL of example.com holds a user name or a password: sign the request instead"},
		"empty user":        {"https://@example.com/", "the URL of example.com holds a user name or a password: sign the request instead"},
		"port 0":            {"https://example.com:0/t0ken", "the URL of example.com has a port that is not from 1 to 65535"},
		"large port":        {"https://example.com:65536/t0ken", "the URL of example.com has a port that is not from 1 to 65535"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := local().Post(t.Context(), Request{URL: tt.url})
			wantRefused(t, err, tt.want)
		})
	}
}

func TestRefusedRequest(t *testing.T) {
	tests := map[string]struct {
		request Request
		want    string
	}{
		"CA bundle": {Request{CABundle: "t0ken"}, "the CA bundle holds no certificate in PEM"},
		"empty key": {Request{Key: []byte{}}, "the key to sign with is empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.request.URL = "https://example.com/?token=" + secret
			_, err := local().Post(t.Context(), tt.request)
			wantRefused(t, err, tt.want)
		})
	}
}

// TestRefusedLiteral tests addresses in all forms that a URL can have.
func TestRefusedLiteral(t *testing.T) {
	tests := map[string]string{
		"private":       "10.0.0.5",
		"metadata":      "169.254.169.254",
		"unspecified":   "0.0.0.0",
		"IPv6 loopback": "[::1]",
		"IPv6 metadata": "[fd00:ec2::254]",
		"IPv6 any":      "[::]",
		"IPv4-mapped":   "[::ffff:10.0.0.5]",
		"NAT64":         "[64:ff9b::a00:5]",
	}
	for name, host := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{}).Post(t.Context(), Request{URL: "https://" + host + ":8443/?token=" + secret})
			wantRefused(t, err, strings.Trim(host, "[]")+allowIt)
		})
	}
}

// TestOddLiterals: a number that only some resolvers treat as an address is a
// name like any other.
func TestOddLiterals(t *testing.T) {
	const unknown = " is a name that DNS does not know"
	tests := map[string]string{
		"2130706433": unknown, "0177.0.0.1": unknown, "127.1": unknown,
		"0x7f000001": allowIt, "hooks.test": allowIt,
	}
	for host, want := range tests {
		t.Run(host, func(t *testing.T) {
			c := New(Options{})
			c.resolver = resolve(t, []string{"127.0.0.1"})
			_, err := c.Post(t.Context(), Request{URL: "https://" + host + "/?token=" + secret})
			if want == unknown {
				wantPassing(t, err, host+want)
			} else {
				wantRefused(t, err, host+want)
			}
		})
	}
}

// TestLocalhost: the system's resolver is checked like any other.
func TestLocalhost(t *testing.T) {
	_, err := New(Options{}).Post(t.Context(), Request{URL: "https://localhost/?token=" + secret})
	if _, ok := errors.AsType[*RefusedError](err); !ok || !strings.HasSuffix(err.Error(), allowIt) {
		t.Errorf("got %v", err)
	}
}

// TestNames tests what names may resolve to.
func TestNames(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "yes") })
	tests := map[string]struct {
		addresses []string
		refused   string
		passing   string
	}{
		"allowed":                   {addresses: []string{"127.0.0.1"}},
		"private":                   {addresses: []string{"10.0.0.5"}, refused: "example.com" + allowIt},
		"several":                   {addresses: []string{"10.0.0.6", "10.0.0.5", "10.0.0.7"}, refused: "example.com" + allowIt},
		"private and allowed":       {addresses: []string{"10.0.0.5", "127.0.0.1"}},
		"allowed but not listening": {addresses: []string{"127.0.0.2"}, passing: "example.com can't be talked to: connection refused"},
		"private and not listening": {addresses: []string{"10.0.0.5", "127.0.0.2"}, passing: "example.com can't be talked to: connection refused; an address that is not public was not tried"},
		"none":                      {passing: "example.com is a name that DNS does not know"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := local()
			c.resolver = resolve(t, tt.addresses)
			r := to(s)
			r.URL = named(r.URL, "example.com")
			answer, err := c.Post(t.Context(), r)
			switch {
			case tt.refused != "":
				wantRefused(t, err, tt.refused)
			case tt.passing != "":
				wantPassing(t, err, tt.passing)
			case err != nil || string(answer.Body) != "yes":
				t.Errorf("got %q, %v", answer.Body, err)
			}
		})
	}
}

// TestRebinding: a name that passed once is checked again.
func TestRebinding(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := local()
	c.resolver = resolve(t, []string{"127.0.0.1"}, []string{"169.254.169.254"})
	r := to(s)
	r.URL = named(r.URL, "example.com")
	if _, err := c.Post(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	_, err := c.Post(t.Context(), r)
	wantRefused(t, err, "example.com"+allowIt)
}

func TestCertificates(t *testing.T) {
	hook := func(http.ResponseWriter, *http.Request) {}
	s := serve(t, hook)
	tests := map[string]struct {
		request func() Request
		refused string
	}{
		"of another authority": {
			func() Request { r := to(s); r.CABundle = otherCA; return r },
			"127.0.0.1 has a certificate that is not trusted: certificate signed by unknown authority",
		},
		"of no authority of the system's": {
			func() Request { r := to(s); r.CABundle = ""; return r },
			"127.0.0.1 has a certificate that is not trusted: certificate signed by unknown authority",
		},
		"of another host": {
			func() Request { r := to(s); r.URL = named(r.URL, "hooks.test"); return r },
			"hooks.test has a certificate that is not trusted: certificate is valid for example.com, *.example.com, not hooks.test",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := local()
			c.resolver = resolve(t, []string{"127.0.0.1"})
			_, err := c.Post(t.Context(), tt.request())
			wantRefused(t, err, tt.refused)
		})
	}
}

// TestOldTLS: TLS 1.1 is not supported.
func TestOldTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = quiet
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	defer s.Close()
	_, err := local().Post(t.Context(), to(s))
	wantPassing(t, err, "127.0.0.1 can't be talked to by TLS: protocol version not supported")
}

// TestNoServer tests peers that aren't proper servers, and that quote what they
// were sent.
func TestNoServer(t *testing.T) {
	tests := map[string]struct{ answer, want string }{
		"nonsense":       {"t0ken t0ken t0ken\r\n\r\n", "127.0.0.1 gave no proper HTTP answer"},
		"status":         {"HTTP/1.1 t0ken OK\r\n\r\n", "127.0.0.1 gave no proper HTTP answer"},
		"header":         {"HTTP/1.1 200 OK\r\nt0ken\r\n\r\n", "127.0.0.1 gave no proper HTTP answer"},
		"large header":   {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("t0ken", maxHeader) + "\r\n\r\n", "127.0.0.1 gave no proper HTTP answer"},
		"endless header": {strings.Repeat("HTTP/1.1 103 Early\r\nA: t0ken\r\n\r\n", 10_000), "127.0.0.1 gave no proper HTTP answer"},
		"nothing":        {"", "127.0.0.1 closed the connection before its answer was complete"},
		"half a body":    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nt0ken", "127.0.0.1 closed the connection before its answer was complete"},
		"chunks":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nt0ken\r\n", "127.0.0.1 gave no proper HTTP answer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				conn := hijack(t, w, r)
				defer conn.Close() //nolint:errcheck // the end of the test
				fmt.Fprint(conn, tt.answer)
			})
			_, err := local().Post(t.Context(), to(s))
			wantPassing(t, err, tt.want)
		})
	}
}

// TestSwitchingProtocols: reading from a connection that no longer speaks HTTP
// might never end.
func TestSwitchingProtocols(t *testing.T) {
	gone := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn := hijack(t, w, r)
		defer conn.Close() //nolint:errcheck // the end of the test
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nt0ken")
		drain(conn)
		close(gone)
	})
	answer, err := local().Post(t.Context(), to(s))
	if err != nil || answer.Status != http.StatusSwitchingProtocols || len(answer.Body) > 0 {
		t.Errorf("got %d, %q, %v", answer.Status, answer.Body, err)
	}
	<-gone
}

// TestPlainHTTP: the port may be the wrong one, or not ready.
func TestPlainHTTP(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, err := local().Post(t.Context(), Request{URL: strings.Replace(s.URL, "http:", "https:", 1) + "/?token=" + secret})
	wantPassing(t, err, "127.0.0.1 does not speak TLS at that port")
}

// TestDNSTrouble: DNS that doesn't respond doesn't mean that the name doesn't
// exist.
func TestDNSTrouble(t *testing.T) {
	c := local()
	c.resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, io.ErrClosedPipe
	}}
	_, err := c.Post(t.Context(), Request{URL: "https://hooks.test/?token=" + secret})
	wantPassing(t, err, "hooks.test could not be resolved by DNS")
}

// TestReasons tests errors that take long to cause.
func TestReasons(t *testing.T) {
	late := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	many := x509.HostnameError{Host: "hooks.test", Certificate: &x509.Certificate{DNSNames: slices.Repeat([]string{"a.example.com"}, 99)}}
	tests := map[string]struct {
		err     error
		want    string
		refused bool
	}{
		"slow to connect":   {err: late, want: "hooks.test could not be connected to in time"},
		"slow handshake":    {err: &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, want: "hooks.test did not answer in time"},
		"slow DNS":          {err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "i/o timeout", Name: "hooks.test", Server: "10.96.0.10:53", IsTimeout: true}}, want: "hooks.test was not resolved by DNS in time"},
		"reset":             {err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, want: "hooks.test can't be talked to: connection reset by peer"},
		"the door first":    {err: &net.OpError{Op: "dial", Err: errShut}, want: "hooks.test could not be connected to"},
		"unknown":           {err: errors.New("quotes t0ken"), want: "hooks.test gave no proper HTTP answer"},
		"old certificate":   {err: &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time"}}, want: "hooks.test has a certificate that has expired or is not valid yet", refused: true},
		"wrong certificate": {err: &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}}, want: "hooks.test has a certificate that is not trusted: certificate is not authorized to sign other certificates", refused: true},
		"wordy certificate": {err: &tls.CertificateVerificationError{Err: many}, want: "hooks.test has a certificate that is not trusted: " + many.Error()[len("x509: "):][:300] + "…", refused: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := explain("hooks.test", &door{}, tt.err)
			if tt.refused {
				wantRefused(t, err, tt.want)
			} else {
				wantPassing(t, err, tt.want)
			}
		})
	}
}

// TestCut: no rune is cut in half.
func TestCut(t *testing.T) {
	a := strings.Repeat("a", 299)
	tests := map[string]struct{ text, want string }{
		"as long as may be": {a + "b", a + "b"},
		"too long":          {a + "bc", a + "b…"},
		"in a rune":         {a + "é", a + "…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cut(tt.text); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// FuzzTarget: whatever passes is an address that can be checked.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"https://example.com:443/a?b#c", "https://a:b@c", "https://[::1%25lo]:1/", "https://[::ffff:1.2.3.4]", "https:a", "https://%41/", "https://a\\@b/", "HTTPS://a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseTarget(raw)
		if err != nil {
			wantRefused(t, err, err.Error())
			return
		}
		again, err := parseTarget(u.String())
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || again.Host != u.Host {
			t.Errorf("%q passes as %v", raw, u)
		}
	})
}
