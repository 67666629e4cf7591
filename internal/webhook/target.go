package webhook

import (
	"crypto/x509"
	"net/url"
	"strconv"
	"strings"
)

// parseTarget returns the address to post to. Its errors omit those of
// url.Parse, which quote the URL.
func parseTarget(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, &RefusedError{Reason: "the URL can't be read"}
	case u.Scheme != "https":
		return nil, &RefusedError{Reason: "the URL is not an https:// address"}
	case u.Hostname() == "":
		return nil, &RefusedError{Reason: "the URL has no host"}
	case strings.Contains(u.Hostname(), "%"):
		return nil, &RefusedError{Reason: "the URL's host has an IPv6 zone, which means something on one machine only"}
	case u.User != nil:
		return nil, &RefusedError{Reason: "the URL of " + u.Hostname() + " holds a user name or a password: sign the request instead"}
	case !validPort(u.Port()):
		return nil, &RefusedError{Reason: "the URL of " + u.Hostname() + " has a port that is not from 1 to 65535"}
	}
	return u, nil
}

// validPort accepts an empty port, which means 443.
func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// rootsOf returns the certificates of a PEM bundle, or nil, which means the
// system's, if there is none.
func rootsOf(bundle string) (*x509.CertPool, error) {
	if bundle == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(bundle)) {
		return nil, &RefusedError{Reason: "the CA bundle holds no certificate in PEM"}
	}
	return pool, nil
}
