package cloud

import (
	"errors"
	"fmt"
)

// Kind is what a caller can do about an AWS error.
type Kind string

// Kinds of errors.
const (
	// KindTransient: AWS failed or did not answer. A mutation may have had
	// its effect: read before writing again.
	KindTransient Kind = "Transient"
	// KindThrottled: too many calls; nothing happened.
	KindThrottled Kind = "Throttled"
	// KindNotFound: the thing isn't there.
	KindNotFound Kind = "NotFound"
	// KindConflict: it is there already, or in use, or in the wrong state.
	KindConflict Kind = "Conflict"
	// KindQuota: a quota of the account is used up.
	KindQuota Kind = "Quota"
	// KindCredentials: no credentials, or AWS doesn't take them.
	KindCredentials Kind = "Credentials"
	// KindDenied: the credentials lack a permission.
	KindDenied Kind = "Denied"
	// KindInvalid: AWS refuses what was asked; only another request helps.
	KindInvalid Kind = "Invalid"
)

// Error is a failed AWS call.
type Error struct {
	Kind Kind
	// Op is service and operation, such as "cloudformation:CreateStack".
	Op string
	// Code is AWS's error code, "" if no answer came.
	Code string
	// Message is AWS's, without request IDs, so that equal failures read
	// equal.
	Message string
	// Err is the SDK's error.
	Err error
}

// Error tells operation, code and message.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: %s", e.Op, e.Message)
	}
	return fmt.Sprintf("%s: %s: %s", e.Op, e.Code, e.Message)
}

// Unwrap returns the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an AWS error, or "" when err is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// IsNotFound reports whether AWS said that the thing isn't there.
func IsNotFound(err error) bool { return KindOf(err) == KindNotFound }

// IsConflict reports whether AWS said that it is there already or in use.
func IsConflict(err error) bool { return KindOf(err) == KindConflict }

// IsRepositoryNotFound reports whether AWS said that there is no such ECR
// repository, as against an image that isn't in it.
func IsRepositoryNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == KindNotFound && e.Code == "RepositoryNotFoundException"
}
