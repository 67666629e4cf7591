package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// RefusedError means that a request can't succeed as it is: the URL, the
// addresses that the controller allows, or the server's certificate has to
// change. Its text is a sentence without secrets.
type RefusedError struct {
	Reason string
}

// Error returns the reason.
func (e *RefusedError) Error() string { return e.Reason }

// passingError is an error that may be temporary.
type passingError struct {
	reason string
	err    error
}

// Error returns the reason, without the cause's text, in which a server may
// quote what it was sent.
func (e *passingError) Error() string { return e.reason }

// Unwrap returns the cause, so that the end of a context can be detected.
func (e *passingError) Unwrap() error { return e.err }

// explain turns an error of the HTTP client into one that a user can read and a
// caller can act on. It tells no address that isn't public: users may not be
// meant to know what names inside the network stand for.
func explain(host string, d *door, err error) error {
	some, all := d.shut()
	if all {
		return &RefusedError{Reason: host + " has no public address: have an administrator allow its network by the manager's --webhook-allowed-cidrs"}
	}
	if c, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &RefusedError{Reason: host + untrusted(c.Err)}
	}
	e := &passingError{reason: host + reasonOf(err), err: err}
	if some {
		e.reason += "; an address that is not public was not tried"
	}
	return e
}

// untrusted says what is wrong with a certificate. It omits the time, so that
// equal failures have equal messages.
func untrusted(err error) string {
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return " has a certificate that has expired or is not valid yet"
	}
	return " has a certificate that is not trusted: " + cut(strings.TrimPrefix(err.Error(), "x509: "))
}

// cut keeps a server from filling a status with the names in its certificate.
func cut(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// reasonOf says what happened, in words that follow the host name and are the
// same each time: without ports, name servers and what the server sent.
func reasonOf(err error) string {
	for _, reason := range []func(error) string{ofDNS, ofTime, ofConnection, ofTLS} {
		if r := reason(err); r != "" {
			return r
		}
	}
	return " gave no proper HTTP answer"
}

func ofDNS(err error) string {
	e, ok := errors.AsType[*net.DNSError](err)
	switch {
	case !ok:
		return ""
	case e.IsNotFound:
		return " is a name that DNS does not know"
	case e.IsTimeout:
		return " was not resolved by DNS in time"
	default:
		return " could not be resolved by DNS"
	}
}

func ofTime(err error) string {
	if errors.Is(err, context.Canceled) {
		return " was not waited for: the call was cancelled"
	}
	if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
		return ""
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return " could not be connected to in time"
	}
	return " did not answer in time"
}

func ofConnection(err error) string {
	// A dial returns the first of several errors, which may be the door's.
	if errors.Is(err, errShut) {
		return " could not be connected to"
	}
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return " can't be talked to: " + no.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return " closed the connection before its answer was complete"
	}
	return ""
}

// ofTLS handles alerts, and the errors of crypto/tls, which have no type but
// quote nothing.
func ofTLS(err error) string {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return " does not speak TLS at that port"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && strings.HasSuffix(e.Op, "error") {
		err = e.Err
	}
	if text, ok := strings.CutPrefix(err.Error(), "tls: "); ok {
		return " can't be talked to by TLS: " + cut(text)
	}
	return ""
}
