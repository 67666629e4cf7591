package cloud

import (
	"errors"
	"fmt"
)

// Kind classifies an AWS error by what a caller can do about it.
type Kind string

// Kinds of errors.
const (
	// KindTransient: AWS failed or did not respond. A mutation may have taken
	// effect: read before writing again.
	KindTransient Kind = "Transient"
	// KindThrottled: too many calls; nothing happened.
	KindThrottled Kind = "Throttled"
	// KindNotFound: the resource doesn't exist.
	KindNotFound Kind = "NotFound"
	// KindConflict: it already exists, or is in use, or is in the wrong state.
	KindConflict Kind = "Conflict"
	// KindQuota: a quota of the account is used up.
	KindQuota Kind = "Quota"
	// KindCapacity: AWS has no capacity for what is to run.
	KindCapacity Kind = "Capacity"
	// KindUnreachable: the network doesn't let tasks reach what they start from,
	// such as their registry. No call has it.
	KindUnreachable Kind = "Unreachable"
	// KindCredentials: there are no credentials, or AWS doesn't accept them.
	KindCredentials Kind = "Credentials"
	// KindDenied: the credentials lack a permission.
	KindDenied Kind = "Denied"
	// KindInvalid: AWS rejects the request; only a different request can
	// succeed.
	KindInvalid Kind = "Invalid"
)

// Error is a failed AWS call.
type Error struct {
	Kind Kind
	// Op is service and operation, such as "cloudformation:CreateStack".
	Op string
	// Code is AWS's error code, "" if there was no response.
	Code string
	// Message is AWS's, without request IDs, so that equal failures have equal
	// messages.
	Message string
	// Err is the SDK's error.
	Err error
}

// Error returns operation, code and message.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: %s", e.Op, e.Message)
	}
	return fmt.Sprintf("%s: %s: %s", e.Op, e.Code, e.Message)
}

// Unwrap returns the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an AWS error, or "" if err isn't one.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// IsNotFound reports whether AWS said that the resource doesn't exist.
func IsNotFound(err error) bool { return KindOf(err) == KindNotFound }

// IsConflict reports whether AWS said that it already exists or is in use.
func IsConflict(err error) bool { return KindOf(err) == KindConflict }

// IsTokenUsed reports whether AWS said that a request's token was used for
// another one before.
func IsTokenUsed(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == "TokenAlreadyExistsException"
}

// IsRepositoryNotFound reports whether AWS said that the ECR repository doesn't
// exist, as opposed to an image in it.
func IsRepositoryNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == KindNotFound && e.Code == "RepositoryNotFoundException"
}
