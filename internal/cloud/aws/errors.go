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

// kindsByCode maps AWS's error codes, without the suffix Exception that some
// services append.
var kindsByCode = map[string]cloud.Kind{
	// Nothing happened; try again later.
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
	"KmsThrottling":                 cloud.KindThrottled,
	// Functions that are being prepared.
	"ResourceNotReady":  cloud.KindThrottled,
	"SnapStartNotReady": cloud.KindThrottled,
	"ENINotReady":       cloud.KindThrottled,

	"InternalFailure":       cloud.KindTransient,
	"InternalError":         cloud.KindTransient,
	"InternalServerError":   cloud.KindTransient,
	"Server":                cloud.KindTransient,
	"ServiceUnavailable":    cloud.KindTransient,
	"RequestTimeout":        cloud.KindTransient,
	"IDPCommunicationError": cloud.KindTransient,
	"InternalServiceError":  cloud.KindTransient,
	"InternalServiceFault":  cloud.KindTransient,
	"InternalService":       cloud.KindTransient,
	"ConcurrentUpdate":      cloud.KindTransient,

	// Names that don't end in NotFound.
	"NoSuchEntity":     cloud.KindNotFound,
	"ServiceNotActive": cloud.KindNotFound,

	"PriorityInUse":         cloud.KindConflict,
	"ResourceInUse":         cloud.KindConflict,
	"OperationNotPermitted": cloud.KindConflict,
	"OperationInProgress":   cloud.KindConflict,
	"UpdateInProgress":      cloud.KindConflict,
	"InvalidOperation":      cloud.KindConflict,
	"Conflict":              cloud.KindConflict,
	"ResourceConflict":      cloud.KindConflict,
	"StateMachineDeleting":  cloud.KindConflict,
	// A function that exists but can't run, for which Lambda returns status
	// 502.
	"InvalidRuntime":         cloud.KindConflict,
	"InvalidSecurityGroupID": cloud.KindConflict,
	"InvalidSubnetID":        cloud.KindConflict,
	"InvalidZipFile":         cloud.KindConflict,
	"KMSDisabled":            cloud.KindConflict,
	"KMSInvalidState":        cloud.KindConflict,
	"KMSNotFound":            cloud.KindConflict,
	"KmsInvalidState":        cloud.KindConflict,

	"LimitExceeded":               cloud.KindQuota,
	"LimitExceededFault":          cloud.KindQuota,
	"TargetGroupAssociationLimit": cloud.KindQuota,
	"ServiceQuotaExceeded":        cloud.KindQuota,
	"ENILimitReached":             cloud.KindQuota,
	"SubnetIPAddressLimitReached": cloud.KindQuota,

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

	"NotAuthorized":               cloud.KindDenied,
	"OptInRequired":               cloud.KindDenied,
	"Blocked":                     cloud.KindDenied,
	"BlockedByOrganizationPolicy": cloud.KindDenied,
	"UnauthorizedOperation":       cloud.KindDenied,
	"EC2AccessDenied":             cloud.KindDenied,
	"KMSAccessDenied":             cloud.KindDenied,
	"KmsAccessDenied":             cloud.KindDenied,
	"FailedResourceAccess":        cloud.KindDenied,
}

// kindsByPattern are families of codes, looked up after kindsByCode.
var kindsByPattern = []struct {
	pattern *regexp.Regexp
	kind    cloud.Kind
}{
	{regexp.MustCompile(`NotFound$|DoesNotExist$`), cloud.KindNotFound},
	{regexp.MustCompile(`AlreadyExists$|^Duplicate`), cloud.KindConflict},
	{regexp.MustCompile(`LimitExceeded$|^TooMany`), cloud.KindQuota},
	{regexp.MustCompile(`^ExpiredToken`), cloud.KindCredentials},
	{regexp.MustCompile(`^AccessDenied|^Unauthorized`), cloud.KindDenied},
}

// CloudFormation uses ValidationError not only for invalid requests.
var (
	stackMissing    = regexp.MustCompile(`^Stack .*does not exist`)
	stackWrongState = regexp.MustCompile(`is in \w+ state|TerminationProtection is enabled`)
)

// Application Auto Scaling answers ValidationException if its caller may not do with
// the service, or with alarms, what it is to do itself (user guide, "Permissions
// validation for Application Auto Scaling API calls on target resources"), and if it
// can't assume its own role (aws-samples/amazon-bedrock-samples#253).
var scalingDenied = regexp.MustCompile(`(?i)not authorized|access ?denied|permission|unable to assume`)

// servicePrefixes are the services' names in IAM actions, by the SDK's ID.
var servicePrefixes = map[string]string{
	"CloudFormation":            "cloudformation",
	"Elastic Load Balancing v2": "elasticloadbalancing",
	"ECS":                       "ecs",
	"ECR":                       "ecr",
	"CloudWatch":                "cloudwatch",
	"Application Auto Scaling":  "application-autoscaling",
	"Lambda":                    "lambda",
	"SFN":                       "states",
	"SSM":                       "ssm",
	"Secrets Manager":           "secretsmanager",
	"EC2":                       "ec2",
	"IAM":                       "iam",
	stsID:                       "sts",
}

const stsID = "STS"

func servicePrefix(id string) string {
	if p, ok := servicePrefixes[id]; ok {
		return p
	}
	return strings.ToLower(strings.ReplaceAll(id, " ", "-"))
}

// wrap turns an SDK error into a *cloud.Error; nil stays nil.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	e := &cloud.Error{Kind: kindOf(err), Op: operation(err), Err: err}
	api, answered := errors.AsType[smithy.APIError](err)
	if answered {
		e.Code = api.ErrorCode()
	}
	e.Message = message(err, api)
	return e
}

// hasCode reports whether err has exactly this code.
func hasCode(err error, code string) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.Code == code
}

// invalid is the error of a request that is rejected without being sent.
func invalid(text string) error {
	return answerError(cloud.KindInvalid, "aws", "", text)
}

// notFound is the error of a response that lacks what was requested.
func notFound(op, code, text string) error {
	return answerError(cloud.KindNotFound, op, code, text)
}

// answerError is the error of a response that AWS returned as success.
func answerError(kind cloud.Kind, op, code, text string) error {
	return &cloud.Error{Kind: kind, Op: op, Code: code, Message: text, Err: errors.New(text)}
}

// operation names the failed call as IAM does: the STS call if that is why
// there are no credentials, else the intended call.
func operation(err error) string {
	op, found := errors.AsType[*smithy.OperationError](err)
	if !found {
		return "aws"
	}
	if inner := stsOperation(op.Err); inner != nil {
		op = inner
	}
	return servicePrefix(op.ServiceID) + ":" + op.OperationName
}

// kindOf returns the kind of an SDK error.
func kindOf(err error) cloud.Kind {
	kind := kindOfAnswer(err)
	c, found := errors.AsType[*credentialsError](err)
	if !found || errors.Is(err, context.Canceled) {
		return kind
	}
	if stsOperation(c) != nil && (kind == cloud.KindTransient || kind == cloud.KindThrottled) {
		return kind
	}
	// Everything else that prevents us from getting credentials, such as
	// AccessDenied for AssumeRole or a chain that ends at a missing metadata
	// service, is an error of credentials.
	return cloud.KindCredentials
}

// stsOperation returns the STS call inside err, nil if there is none.
func stsOperation(err error) *smithy.OperationError {
	for op, ok := errors.AsType[*smithy.OperationError](err); ok; op, ok = errors.AsType[*smithy.OperationError](op.Err) {
		if op.ServiceID == stsID {
			return op
		}
	}
	return nil
}

// kindOfAnswer decides by code, else by HTTP status. Without a response it is
// unknown what happened.
func kindOfAnswer(err error) cloud.Kind {
	if api, answered := errors.AsType[smithy.APIError](err); answered {
		if kind := kindOfCode(api.ErrorCode(), api.ErrorMessage()); kind != "" {
			return kind
		}
	}
	if status := statusOf(err); status >= http.StatusBadRequest {
		return kindOfStatus(status)
	}
	if _, unsent := errors.AsType[smithy.InvalidParamsError](err); unsent {
		return cloud.KindInvalid
	}
	if errors.Is(err, errNoTurn) {
		return cloud.KindThrottled
	}
	return cloud.KindTransient
}

// kindOfCode returns "" for a code without a special meaning.
func kindOfCode(code, text string) cloud.Kind {
	switch {
	case code == "ValidationError" && stackMissing.MatchString(text):
		return cloud.KindNotFound
	case code == "ValidationError" && stackWrongState.MatchString(text):
		return cloud.KindConflict
	case code == "ValidationException" && scalingDenied.MatchString(text):
		return cloud.KindDenied
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

// statusOf returns the HTTP status of the response, 0 if there was none.
func statusOf(err error) int {
	answer, found := errors.AsType[*smithyhttp.ResponseError](err)
	if !found || answer.Response == nil {
		return 0
	}
	return answer.HTTPStatusCode()
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
