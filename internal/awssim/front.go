package awssim

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

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
	// json tells that errors are in the JSON protocol's shape.
	json() bool
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
		return errorResponse(tooLarge(r), "", isJSON(r)), nil
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
		return errorResponse(refused, requestID, isJSON(r)), nil
	}
	target, known := s.endpoints[id.service]
	if !known {
		return errorResponse(core.Errorf("InvalidAction", "The service %s is not simulated", id.service), requestID, isJSON(r)), nil
	}
	if refused := s.checkRegion(id); refused != nil {
		return failed(target, refused, requestID), nil
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
	refused := s.refusal(effect, call, target.json())
	if refused == nil && s.sts.Expired(call.AccessKeyID) {
		refused = expiredToken(target.json())
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

func isJSON(r *http.Request) bool { return r.Header.Get("X-Amz-Target") != "" || isREST(r) }

const (
	xmlType  = "text/xml"
	jsonType = "application/x-amz-json-1.1"
)

func success(body []byte, requestID string, json bool) response {
	contentType := xmlType
	if json {
		contentType = jsonType
	}
	return response{status: http.StatusOK, header: http.Header{
		"Content-Type": {contentType}, "X-Amzn-Requestid": {requestID},
	}, body: body}
}

type xmlError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// errorResponse is a refusal in the shape of the service's protocol.
func errorResponse(e *core.APIError, requestID string, isJSON bool) response {
	header := http.Header{"X-Amzn-Requestid": {requestID}, "Content-Type": {xmlType}}
	if isJSON {
		header.Set("Content-Type", jsonType)
		header.Set("X-Amzn-Errortype", e.Code)
		body, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) //nolint:errchkjson // strings always marshal
		return response{status: e.Status, header: header, body: body}
	}
	side := "Sender"
	if e.Status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	body, _ := xml.Marshal(xmlError{Type: side, Code: e.Code, Message: e.Message, RequestID: requestID}) //nolint:errchkjson // strings always marshal
	return response{status: e.Status, header: header, body: body}
}

// queryEndpoint speaks the query protocol.
type queryEndpoint struct {
	namespace string
	actions   map[string]core.QueryFunc
}

func (queryEndpoint) json() bool { return false }

func (e queryEndpoint) parse(r *http.Request, body []byte) (request, *core.APIError) {
	values := r.URL.Query()
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return request{}, core.Errorf("MalformedQueryString", "%v", err)
	}
	maps.Copy(values, form)
	action := values.Get("Action")
	if action == "" {
		return request{}, core.Errorf("MissingAction", "The request is missing an action or a required parameter.")
	}
	run, known := e.actions[action]
	if !known {
		return request{}, core.Errorf("InvalidAction", "Could not find operation %s for version %s", action, values.Get("Version"))
	}
	params := map[string]string{}
	for name := range values {
		if value := values.Get(name); len(value) < maxParam {
			params[name] = value
		}
	}
	return request{action: action, params: params, run: func(requestID string) ([]byte, error) {
		result, err := run(values)
		if err != nil {
			return nil, err
		}
		return encodeXML(e.namespace, action, requestID, result)
	}}, nil
}

// encodeXML wraps a result as the query protocol does.
func encodeXML(namespace, action, requestID string, result any) ([]byte, error) {
	if result == nil {
		result = struct{}{}
	}
	var out bytes.Buffer
	enc := xml.NewEncoder(&out)
	name := func(local string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: local}} }
	root := xml.StartElement{Name: xml.Name{Space: namespace, Local: action + "Response"}}
	metadata := struct {
		RequestID string `xml:"RequestId"`
	}{requestID}
	err := errors.Join(
		enc.EncodeToken(root),
		enc.EncodeElement(result, name(action+"Result")),
		enc.EncodeElement(metadata, name("ResponseMetadata")),
		enc.EncodeToken(root.End()),
		enc.Flush(),
	)
	if err != nil {
		return nil, fmt.Errorf("encoding the result of %s: %w", action, err)
	}
	return out.Bytes(), nil
}

// jsonEndpoint speaks the JSON 1.1 protocol.
type jsonEndpoint struct {
	prefix  string
	actions map[string]core.JSONFunc
}

func (jsonEndpoint) json() bool { return true }

func (e jsonEndpoint) parse(r *http.Request, body []byte) (request, *core.APIError) {
	action, found := strings.CutPrefix(r.Header.Get("X-Amz-Target"), e.prefix+".")
	run, known := e.actions[action]
	if !found || !known {
		return request{}, core.Errorf("UnknownOperationException", "The operation %s is not known", r.Header.Get("X-Amz-Target"))
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return request{}, core.Errorf("SerializationException", "%v", err)
	}
	params := map[string]string{}
	for name, value := range members {
		if text, ok := core.ScalarText(value); ok && len(text) < maxParam {
			params[name] = text
		}
	}
	return request{action: action, params: params, run: func(string) ([]byte, error) {
		result, err := run(body)
		if err != nil {
			return nil, err
		}
		if result == nil {
			return []byte("{}"), nil
		}
		out, err := json.Marshal(result)
		if err != nil {
			return nil, fmt.Errorf("encoding the result of %s: %w", action, err)
		}
		return out, nil
	}}, nil
}
