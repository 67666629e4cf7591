package lambda

import (
	"net/http"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Rephrase implements core.RESTService: Lambda has errors of its own for what
// other services share, and refuses callers with 403.
func (s *Service) Rephrase(e *core.APIError) *core.APIError {
	switch e.Code {
	case "ThrottlingException":
		return tooMany("CallerRateLimitExceeded")
	case "InternalFailure":
		return &core.APIError{Status: http.StatusInternalServerError, Code: "ServiceException", Message: "An error occurred and the request cannot be processed."}
	case "AccessDeniedException":
		// The permission's name isn't the operation's.
		message := strings.Replace(e.Message, "lambda:Invoke", "lambda:InvokeFunction", 1)
		return &core.APIError{Status: http.StatusForbidden, Code: e.Code, Message: message}
	case "ExpiredTokenException", "UnrecognizedClientException":
		return &core.APIError{Status: http.StatusForbidden, Code: e.Code, Message: e.Message}
	default:
		return e
	}
}

func tooMany(reason string) *core.APIError {
	return &core.APIError{
		Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate Exceeded.",
		Members: map[string]string{"Reason": reason},
	}
}

func notFound(message string) *core.APIError {
	return &core.APIError{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: message}
}

// invalidMember is a value that the API's model refuses.
func invalidMember(member, value, constraint string) *core.APIError {
	return core.Errorf("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}
