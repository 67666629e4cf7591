package awssim

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxBody is more than any request that AWS accepts: Lambda takes 6 MB.
const maxBody = 8 << 20

// errLost says that the connection breaks without an answer.
var errLost = errors.New("awssim: the answer is lost")

// endpoint is one service on the wire.
type endpoint interface {
	// parse finds the action and its parameters in a request.
	parse(r *http.Request, body []byte) (request, *core.APIError)
	// shape is that of its errors.
	shape() shape
}

// request is a call ready to be made.
type request struct {
	action string
	params map[string]string
	// run makes the call and encodes its result. It has the world's lock.
	run func(requestID string) ([]byte, error)
	// finish, if any, waits for what run has begun and makes the response. It
	// doesn't have the world's lock and gives up when ctx ends.
	finish func(ctx context.Context) (response, error)
}

// response is an answer ready to be sent.
type response struct {
	status int
	header http.Header
	body   []byte
	// later, if any, waits for the response, without the world's lock.
	later func(ctx context.Context) (response, error)
}

// serve answers a request; the error is errLost or that of the request's
// context.
func (s *Sim) serve(r *http.Request) (response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
			return response{}, errLost
		}
	}
	if len(body) > maxBody {
		return errorResponse(tooLarge(r), "", shapeOf(r)), nil
	}
	answer, err := s.dispatch(r, body)
	if err != nil || answer.later == nil {
		return answer, err
	}
	return answer.later(r.Context())
}

// dispatch finds out what a request wants and does it.
func (s *Sim) dispatch(r *http.Request, body []byte) (response, error) {
	s.world.Lock()
	defer s.world.Unlock()
	requestID := s.world.UUID()
	id, refused := authenticate(r)
	if refused != nil {
		return errorResponse(refused, requestID, shapeOf(r)), nil
	}
	target, known := s.endpoints[id.service]
	if !known {
		return errorResponse(core.Errorf("InvalidAction", "The service %s is not simulated", id.service), requestID, shapeOf(r)), nil
	}
	if m, ok := target.(multilingual); ok {
		target = m.speaking(r)
	}
	if refused := s.checkRegion(id); refused != nil {
		return failed(target, refused, requestID), nil
	}
	if refused := s.checkToken(id, target.shape()); refused != nil {
		return failed(target, rephrased(target, refused), requestID), nil
	}
	req, refused := target.parse(r, body)
	if refused != nil {
		return failed(target, refused, requestID), nil
	}
	call := Call{
		At: s.world.Now(), Service: id.service, Action: req.action, Key: keyOf(req.params),
		AccessKeyID: id.accessKeyID, RequestID: requestID, Params: req.params,
	}
	return s.run(call, req, target)
}

// run makes a call under the fault plan and records it.
func (s *Sim) run(call Call, req request, target endpoint) (response, error) {
	effect := s.Faults.decide(call)
	body, refused := s.attempt(effect, call, req, target)
	if refused != nil {
		call.ErrorCode = refused.Code
	}
	lost := effect == TimeoutBefore || effect == TimeoutAfter
	if lost {
		call.ErrorCode = "Timeout"
	}
	s.calls.add(call)
	switch {
	case req.finish != nil && refused == nil && effect != TimeoutBefore:
		return response{later: later(req, lost)}, nil
	case lost:
		return response{}, errLost
	case refused != nil:
		return failed(target, refused, call.RequestID), nil
	default:
		return succeeded(target, body, call.RequestID), nil
	}
}

// attempt makes a call unless the fault plan or the caller's credentials
// prevent it.
func (s *Sim) attempt(effect Effect, call Call, req request, target endpoint) ([]byte, *core.APIError) {
	refused := s.refusal(effect, call, target.shape())
	if refused == nil && s.sts.Expired(call.AccessKeyID) {
		refused = expiredToken(target.shape())
	}
	if refused != nil {
		return nil, rephrased(target, refused)
	}
	if effect == TimeoutBefore {
		return nil, nil
	}
	s.world.Caller = call.AccessKeyID
	body, err := req.run(call.RequestID)
	return body, asAPIError(err)
}

// asAPIError is nil for nil; an error of another kind is the simulator's own
// fault and says so.
func asAPIError(err error) *core.APIError {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*core.APIError](err); ok {
		return refused
	}
	return &core.APIError{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: err.Error()}
}
