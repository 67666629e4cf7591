package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

const (
	// phase limits connecting, including the resolution of the name, and the
	// TLS handshake, separately.
	phase = 10 * time.Second
	// maxHeader limits the response's header.
	maxHeader = 64 << 10
)

// Options of a client.
type Options struct {
	// Allowed are prefixes that may be posted to although they aren't public.
	Allowed []netip.Prefix
	// Now is the time; time.Now when nil.
	Now func() time.Time
	// UserAgent is "viridian" if empty.
	UserAgent string
}

// Client posts to webhooks. It is safe for concurrent use and keeps nothing
// between calls, connections included.
type Client struct {
	policy    policy
	now       func() time.Time
	userAgent string
	// resolver is the system's when nil.
	resolver *net.Resolver
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{policy: newPolicy(o.Allowed), now: o.Now, userAgent: o.UserAgent}
	if c.now == nil {
		c.now = time.Now
	}
	if c.userAgent == "" {
		c.userAgent = "viridian"
	}
	return c
}

// Request is what to post.
type Request struct {
	// URL to post to, https:// and without user information.
	URL string
	// CABundle are the only PEM certificates to which the server's certificate
	// may chain; "" means the system's.
	CABundle string
	// Key signs the request; with nil it isn't signed.
	Key []byte
	// IdempotencyKey is the same for all calls of one attempt.
	IdempotencyKey string
	// Body in JSON.
	Body []byte
}

// Post posts the request once and returns the response, whatever its status: a
// redirect is a response like any other. ctx limits the call and should have a
// deadline.
//
// A *RefusedError means that another attempt won't help. All other errors may
// be temporary.
func (c *Client) Post(ctx context.Context, r Request) (Answer, error) {
	target, err := parseTarget(r.URL)
	if err != nil {
		return Answer{}, err
	}
	roots, err := rootsOf(r.CABundle)
	if err != nil {
		return Answer{}, err
	}
	req, err := c.request(ctx, target, r)
	if err != nil {
		return Answer{}, err
	}
	d := &door{policy: c.policy}
	// A bare round trip follows no redirects and keeps no cookies.
	res, err := c.transport(d, roots).RoundTrip(req)
	if err != nil {
		return Answer{}, explain(target.Hostname(), d, err)
	}
	defer res.Body.Close() //nolint:errcheck // all that is wanted of it was read
	answer, err := c.read(res)
	if err == nil {
		// A server that sees the connection close may give up with a 200 or
		// half a body, which can still arrive. That must not count as success.
		err = ctx.Err()
	}
	if err != nil {
		return Answer{}, explain(target.Hostname(), d, err)
	}
	return answer, nil
}

// request builds the HTTP request with its headers.
func (c *Client) request(ctx context.Context, target *url.URL, r Request) (*http.Request, error) {
	if r.Key != nil && len(r.Key) == 0 {
		return nil, &RefusedError{Reason: "the key to sign with is empty"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, &RefusedError{Reason: "the URL of " + target.Hostname() + " can't be used"}
	}
	id, timestamp := idOf(r.IdempotencyKey), strconv.FormatInt(c.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Idempotency-Key", r.IdempotencyKey)
	req.Header.Set(IDHeader, id)
	req.Header.Set(TimestampHeader, timestamp)
	if r.Key != nil {
		req.Header.Set(SignatureHeader, sign(r.Key, id, timestamp, r.Body))
	}
	return req, nil
}

// transport returns a transport for a single call: connections are shared
// neither between hosts nor between CA bundles. It uses no proxy.
func (c *Client) transport(d *door, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: phase, Resolver: c.resolver, ControlContext: d.control}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    phase,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}
