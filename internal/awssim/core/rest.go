package core

import (
	"context"
	"net/http"
)

// RESTService is a service that speaks the AWS REST-JSON protocol, in which
// method, path and headers say what is wanted.
type RESTService interface {
	// SigningName is the service in the request's credential scope.
	SigningName() string
	// Route finds the operation that a request wants and refuses what isn't
	// known. It runs with the world's lock held and changes nothing.
	Route(r *http.Request, body []byte) (RESTCall, error)
	// Rephrase turns a refusal of the fault plan into the service's own words.
	Rephrase(e *APIError) *APIError
}

// RESTCall is one operation, ready to be made.
type RESTCall struct {
	Action string
	// Params tell the record of calls and the fault plan what it is about.
	Params map[string]string
	// Begin makes the call or starts what takes time. It runs with the world's
	// lock held.
	Begin func(requestID string) error
	// Finish returns the result, after Begin has succeeded. It runs without
	// the world's lock, waits as long as the operation takes, and gives up
	// when ctx ends; what Begin has started goes on.
	Finish func(ctx context.Context) (RESTResult, error)
}

// RESTResult is an answer on the wire.
type RESTResult struct {
	Status int
	Header http.Header
	Body   []byte
}
