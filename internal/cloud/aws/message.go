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

// noise is what differs between equal failures, or what nobody must read.
var noise = []struct {
	pattern *regexp.Regexp
	with    string
}{
	// A refused signature comes with the request that AWS saw, its session
	// token included.
	{regexp.MustCompile(`(?s)\s*The Canonical String for this request.*`), ""},
	{regexp.MustCompile(`(?s)\s*The String-to-Sign should have been.*`), ""},
	{regexp.MustCompile(`\b(A[KS]IA)[A-Z0-9]{12,}\b`), "$1…"},
	{regexp.MustCompile(`(?s)\s*Encoded authorization failure message:.*`), ""},
	{regexp.MustCompile(`(Signature (?:expired|not yet current)).*`), "$1"},
	// IDs of requests, however they are told.
	{regexp.MustCompile(`\(RequestToken: [^,)]*, `), "("},
	{regexp.MustCompile(`\s*\(RequestToken: [^,)]*\)`), ""},
	{regexp.MustCompile(`\s*\(Service: [^)]*\)`), ""},
	{regexp.MustCompile(`(?i),? ?\(?Request ?ID: ?[^,;)\s]*\)?`), ""},
	{regexp.MustCompile(`https? response error StatusCode: 0,? *`), ""},
	// What net/http adds depends on which of two timers it sees first.
	{regexp.MustCompile(` \(Client\.Timeout[^)]*\)`), ""},
	// Addresses and ports of connections.
	{regexp.MustCompile(`(?:read|write) (?:tcp|udp)\S* \S+->\S+: `), ""},
	{regexp.MustCompile(`dial (?:tcp|udp)\S* (?:[0-9.]+|\[[0-9a-f:.]+\]):\d+: `), ""},
	{regexp.MustCompile(`\s+`), " "},
	// CloudFormation's wrapping of what the service said.
	{regexp.MustCompile(`^Resource handler returned message: "(.*)"\s*(?:\(HandlerErrorCode: \w+\))?$`), "$1"},
}

// clean removes what differs between equal failures and what is secret.
func clean(text string) string {
	for _, n := range noise {
		text = n.pattern.ReplaceAllString(text, n.with)
	}
	return strings.TrimSpace(text)
}

// unknownError is how the SDK fills in a code or message that isn't there.
const unknownError = "UnknownError"

// message is what a person needs to read of err. api is its answer, if any.
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

// withoutOperation is what is inside the innermost operation's error.
func withoutOperation(err error) error {
	for op, ok := errors.AsType[*smithy.OperationError](err); ok; op, ok = errors.AsType[*smithy.OperationError](err) {
		err = op.Err
	}
	return err
}
