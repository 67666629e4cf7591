package awssim

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// restPrefix begins the paths of the only REST service, Lambda. The other
// protocols use the path "/".
const restPrefix = "/2015-03-31/"

// isREST tells whether a request is in the REST-JSON protocol, before its
// service is known.
func isREST(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, restPrefix) }

// tooLarge refuses a body that no service takes.
func tooLarge(r *http.Request) *core.APIError {
	code := "RequestEntityTooLarge"
	if isREST(r) {
		code = "RequestTooLargeException"
	}
	return &core.APIError{Status: http.StatusRequestEntityTooLarge, Code: code, Message: "The request is too large"}
}

// shaper is an endpoint whose answers are not shaped as those of the query
// protocol or of JSON 1.1.
type shaper interface {
	succeed(body []byte, requestID string) response
	fail(e *core.APIError, requestID string) response
}

// succeeded is a result in the shape of the endpoint's protocol.
func succeeded(target endpoint, body []byte, requestID string) response {
	if own, ok := target.(shaper); ok {
		return own.succeed(body, requestID)
	}
	return success(body, requestID, target.shape())
}

// failed is a refusal in the shape of the endpoint's protocol.
func failed(target endpoint, e *core.APIError, requestID string) response {
	if own, ok := target.(shaper); ok {
		return own.fail(e, requestID)
	}
	return errorResponse(e, requestID, target.shape())
}

// rephrased is a refusal of the fault plan in the service's own words, where
// they aren't those of its protocol.
func rephrased(target endpoint, e *core.APIError) *core.APIError {
	switch target := target.(type) {
	case restEndpoint:
		return target.service.Rephrase(e)
	case ec2Endpoint:
		return target.rephrase(e)
	}
	return e
}

// later waits for the response to a request. If it gets lost, it is when it
// would have come, so that the call has had its effect.
func later(req request, lost bool) func(context.Context) (response, error) {
	return func(ctx context.Context) (response, error) {
		answer, err := req.finish(ctx)
		if err == nil && lost {
			err = errLost
		}
		return answer, err
	}
}

// restEndpoint speaks the REST-JSON protocol.
type restEndpoint struct{ service core.RESTService }

func (restEndpoint) shape() shape { return jsonShape }

func (e restEndpoint) parse(r *http.Request, body []byte) (request, *core.APIError) {
	call, err := e.service.Route(r, body)
	if err != nil {
		return request{}, asAPIError(err)
	}
	id := ""
	return request{
		action: call.Action, params: call.Params,
		run: func(requestID string) ([]byte, error) {
			id = requestID
			return nil, call.Begin(requestID)
		},
		finish: func(ctx context.Context) (response, error) {
			result, err := call.Finish(ctx)
			if ctx.Err() != nil {
				return response{}, ctx.Err()
			}
			if err != nil {
				return response{}, errors.Join(errLost, err)
			}
			return e.answer(result, id), nil
		},
	}, nil
}

func (restEndpoint) answer(result core.RESTResult, requestID string) response {
	header := result.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("X-Amzn-Requestid", requestID)
	return response{status: result.Status, header: header, body: result.Body}
}

// succeed implements shaper. It is never used: every REST call has a finish.
func (e restEndpoint) succeed(body []byte, requestID string) response {
	return e.answer(core.RESTResult{Status: http.StatusOK, Body: body}, requestID)
}

// fail implements shaper: the code is in a header, the members in the body.
func (restEndpoint) fail(e *core.APIError, requestID string) response {
	side := "User"
	if e.Status >= http.StatusInternalServerError {
		side = "Service"
	}
	// The models disagree about the first letter of the message's name.
	members := map[string]string{"Type": side, "Message": e.Message, "message": e.Message}
	maps.Copy(members, e.Members)
	body, _ := json.Marshal(members) //nolint:errchkjson // strings always marshal
	return response{status: e.Status, header: http.Header{
		"Content-Type": {"application/json"}, "X-Amzn-Requestid": {requestID}, "X-Amzn-Errortype": {e.Code},
	}, body: body}
}

// json10Endpoint speaks the JSON 1.0 protocol, which differs by its media type.
type json10Endpoint struct{ jsonEndpoint }

const json10Type = "application/x-amz-json-1.0"

func (e json10Endpoint) succeed(body []byte, requestID string) response {
	answer := success(body, requestID, e.shape())
	answer.header.Set("Content-Type", json10Type)
	return answer
}

func (e json10Endpoint) fail(refused *core.APIError, requestID string) response {
	answer := errorResponse(refused, requestID, e.shape())
	answer.header.Set("Content-Type", json10Type)
	return answer
}
