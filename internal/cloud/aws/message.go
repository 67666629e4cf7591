package aws

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// noise is what differs between equal failures, or what must not be shown.
var noise = []struct {
	pattern *regexp.Regexp
	with    string
}{
	// The error of a rejected signature contains the request that AWS saw,
	// including its session token.
	{regexp.MustCompile(`(?s)\s*The Canonical String for this request.*`), ""},
	{regexp.MustCompile(`(?s)\s*The String-to-Sign should have been.*`), ""},
	{regexp.MustCompile(`\b(A[KS]IA)[A-Z0-9]{12,}\b`), "$1…"},
	{regexp.MustCompile(`(?s)\s*Encoded authorization failure message:.*`), ""},
	{regexp.MustCompile(`(Signature (?:expired|not yet current)).*`), "$1"},
	// Request IDs, in all their forms.
	{regexp.MustCompile(`\(RequestToken: [^,)]*, `), "("},
	{regexp.MustCompile(`\s*\(RequestToken: [^,)]*\)`), ""},
	{regexp.MustCompile(`\s*\(Service: [^)]*\)`), ""},
	{regexp.MustCompile(`(?i),? ?\(?Request ?ID: ?[^,;)\s]*\)?`), ""},
	{regexp.MustCompile(`https? response error StatusCode: 0,? *`), ""},
	// What net/http adds depends on which of two timers fires first.
	{regexp.MustCompile(` \(Client\.Timeout[^)]*\)`), ""},
	// Addresses and ports of connections.
	{regexp.MustCompile(`(?:read|write) (?:tcp|udp)\S* \S+->\S+: `), ""},
	{regexp.MustCompile(`dial (?:tcp|udp)\S* (?:[0-9.]+|\[[0-9a-f:.]+\]):\d+: `), ""},
	{regexp.MustCompile(`\s+`), " "},
	// CloudFormation's wrapper around the service's message.
	{regexp.MustCompile(`^Resource handler returned message: "(.*)"\s*(?:\(HandlerErrorCode: \w+\))?$`), "$1"},
}

// clean removes what differs between equal failures and what is secret.
func clean(text string) string {
	for _, n := range noise {
		text = n.pattern.ReplaceAllString(text, n.with)
	}
	return strings.TrimSpace(text)
}

// unknownError is what the SDK fills in for a missing code or message.
const unknownError = "UnknownError"

// message returns the part of err that people need. api is its response, if
// any.
func message(err error, api smithy.APIError) string {
	if api != nil {
		if text := clean(api.ErrorMessage()); text != "" && text != unknownError {
			return text
		}
		return fmt.Sprintf("no message, HTTP status %d", statusOf(err))
	}
	if c, found := errors.AsType[*credentialsError](err); found && kindOf(err) == cloud.KindCredentials {
		return clean("no credentials: " + strings.TrimPrefix(c.Error(), "failed to refresh cached credentials, "))
	}
	if sent, found := errors.AsType[*url.Error](err); found {
		return clean(sent.Error())
	}
	for _, known := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return clean(withoutOperation(err).Error())
}

// withoutOperation returns what is inside the innermost operation error.
func withoutOperation(err error) error {
	for op, ok := errors.AsType[*smithy.OperationError](err); ok; op, ok = errors.AsType[*smithy.OperationError](err) {
		err = op.Err
	}
	return err
}
