package aws

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// kindsByCode knows AWS's error codes without the suffix Exception, which
// some services append.
var kindsByCode = map[string]cloud.Kind{
	// Nothing happened; ask again later.
	"Throttling":                    cloud.KindThrottled,
	"Throttled":                     cloud.KindThrottled,
	"RequestThrottled":              cloud.KindThrottled,
	"TooManyRequests":               cloud.KindThrottled,
	"RequestLimitExceeded":          cloud.KindThrottled,
	"BandwidthLimitExceeded":        cloud.KindThrottled,
	"ProvisionedThroughputExceeded": cloud.KindThrottled,
	"TransactionInProgress":         cloud.KindThrottled,
	"SlowDown":                      cloud.KindThrottled,
	"EC2Throttled":                  cloud.KindThrottled,
	"PriorRequestNotComplete":       cloud.KindThrottled,

	"InternalFailure":       cloud.KindTransient,
	"InternalError":         cloud.KindTransient,
	"InternalServerError":   cloud.KindTransient,
	"Server":                cloud.KindTransient,
	"ServiceUnavailable":    cloud.KindTransient,
	"RequestTimeout":        cloud.KindTransient,
	"IDPCommunicationError": cloud.KindTransient,

	// Names that don't end in NotFound.
	"ServiceNotActive": cloud.KindNotFound,

	"PriorityInUse":         cloud.KindConflict,
	"ResourceInUse":         cloud.KindConflict,
	"OperationNotPermitted": cloud.KindConflict,
	"OperationInProgress":   cloud.KindConflict,
	"UpdateInProgress":      cloud.KindConflict,
	"InvalidOperation":      cloud.KindConflict,
	"Conflict":              cloud.KindConflict,

	"LimitExceeded":               cloud.KindQuota,
	"TargetGroupAssociationLimit": cloud.KindQuota,

	"InvalidClientTokenId":       cloud.KindCredentials,
	"UnrecognizedClient":         cloud.KindCredentials,
	"InvalidAccessKeyId":         cloud.KindCredentials,
	"AuthFailure":                cloud.KindCredentials,
	"SignatureDoesNotMatch":      cloud.KindCredentials,
	"InvalidSignature":           cloud.KindCredentials,
	"IncompleteSignature":        cloud.KindCredentials,
	"MissingAuthenticationToken": cloud.KindCredentials,
	"RequestExpired":             cloud.KindCredentials,
	"RequestTimeTooSkewed":       cloud.KindCredentials,
	"InvalidIdentityToken":       cloud.KindCredentials,
	"RegionDisabled":             cloud.KindCredentials,

	"UnauthorizedOperation": cloud.KindDenied,
	"Unauthorized":          cloud.KindDenied,
	"NotAuthorized":         cloud.KindDenied,
	"OptInRequired":         cloud.KindDenied,
	"Blocked":               cloud.KindDenied,
}

// kindsByPattern are families of codes, looked up after kindsByCode.
var kindsByPattern = []struct {
	pattern *regexp.Regexp
	kind    cloud.Kind
}{
	{regexp.MustCompile(`NotFound$`), cloud.KindNotFound},
	{regexp.MustCompile(`AlreadyExists$|^Duplicate`), cloud.KindConflict},
	{regexp.MustCompile(`LimitExceeded$|^TooMany`), cloud.KindQuota},
	{regexp.MustCompile(`^ExpiredToken`), cloud.KindCredentials},
	{regexp.MustCompile(`^AccessDenied`), cloud.KindDenied},
}

// CloudFormation says ValidationError for more than invalid requests.
var (
	stackMissing    = regexp.MustCompile(`^Stack .*does not exist`)
	stackWrongState = regexp.MustCompile(`is in \w+ state|TerminationProtection is enabled`)
)

// servicePrefixes are the services by the SDK's ID, named as in IAM actions.
var servicePrefixes = map[string]string{
	"CloudFormation":            "cloudformation",
	"Elastic Load Balancing v2": "elasticloadbalancing",
	"ECS":                       "ecs",
	"ECR":                       "ecr",
	stsID:                       "sts",
}

const stsID = "STS"

func servicePrefix(id string) string {
	if p, ok := servicePrefixes[id]; ok {
		return p
	}
	return strings.ToLower(strings.ReplaceAll(id, " ", "-"))
}

// wrap makes a *cloud.Error of an SDK's error; nil stays nil.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	e := &cloud.Error{Kind: kindOf(err), Op: operation(err), Err: err}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code = api.ErrorCode()
	}
	e.Message = message(err, api)
	return e
}

// invalid is the error of a request that needn't be sent to be refused.
func invalid(text string) error {
	return &cloud.Error{Kind: cloud.KindInvalid, Op: "aws", Message: text, Err: errors.New(text)}
}

// notFound is the error of an answer that lacks what was asked for.
func notFound(op, code, text string) error {
	return &cloud.Error{Kind: cloud.KindNotFound, Op: op, Code: code, Message: text, Err: errors.New(text)}
}

// operation names the failed call as IAM does: the STS call when that is why
// there are no credentials, else the call that was wanted.
func operation(err error) string {
	var outer *smithy.OperationError
	if !errors.As(err, &outer) {
		return "aws"
	}
	op := outer
	for inner := outer; errors.As(inner.Err, &inner); {
		if inner.ServiceID == stsID {
			op = inner
		}
	}
	return servicePrefix(op.ServiceID) + ":" + op.OperationName
}

// kindOf is what a caller can do about an SDK's error.
func kindOf(err error) cloud.Kind {
	kind := kindOfAnswer(err)
	var c *credentialsError
	if !errors.As(err, &c) {
		return kind
	}
	if errors.Is(err, context.Canceled) || asksSTS(c) && (kind == cloud.KindTransient || kind == cloud.KindThrottled) {
		return kind
	}
	// Whatever else stands between us and credentials, such as AccessDenied
	// for AssumeRole or a chain that ends at a metadata service that isn't
	// there, is a matter of credentials.
	return cloud.KindCredentials
}

func asksSTS(err error) bool {
	for op := (*smithy.OperationError)(nil); errors.As(err, &op); err = op.Err {
		if op.ServiceID == stsID {
			return true
		}
	}
	return false
}

// kindOfAnswer decides by code, else by HTTP status. Without an answer nobody
// knows what happened.
func kindOfAnswer(err error) cloud.Kind {
	var api smithy.APIError
	if errors.As(err, &api) {
		if kind := kindOfCode(api.ErrorCode(), api.ErrorMessage()); kind != "" {
			return kind
		}
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.HTTPStatusCode() >= 400 {
		return kindOfStatus(answer.HTTPStatusCode())
	}
	if api != nil {
		return kindOfFault(api.ErrorFault())
	}
	var params *smithy.InvalidParamsError
	if errors.As(err, &params) {
		return cloud.KindInvalid
	}
	return cloud.KindTransient
}

// kindOfCode is "" for a code that says nothing special.
func kindOfCode(code, text string) cloud.Kind {
	switch {
	case code == "ValidationError" && stackMissing.MatchString(text):
		return cloud.KindNotFound
	case code == "ValidationError" && stackWrongState.MatchString(text):
		return cloud.KindConflict
	}
	code = strings.TrimSuffix(code, "Exception")
	if kind, ok := kindsByCode[code]; ok {
		return kind
	}
	for _, p := range kindsByPattern {
		if p.pattern.MatchString(code) {
			return p.kind
		}
	}
	return ""
}

func kindOfStatus(status int) cloud.Kind {
	switch {
	case status >= 500, status == http.StatusRequestTimeout:
		return cloud.KindTransient
	case status == http.StatusTooManyRequests:
		return cloud.KindThrottled
	case status == http.StatusUnauthorized:
		return cloud.KindCredentials
	case status == http.StatusForbidden:
		return cloud.KindDenied
	case status == http.StatusNotFound:
		return cloud.KindNotFound
	case status == http.StatusConflict:
		return cloud.KindConflict
	default:
		return cloud.KindInvalid
	}
}

func kindOfFault(f smithy.ErrorFault) cloud.Kind {
	if f == smithy.FaultClient {
		return cloud.KindInvalid
	}
	return cloud.KindTransient
}
