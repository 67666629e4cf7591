package awssim

import (
	"bytes"
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

// maxBody is more than any request that AWS accepts.
const maxBody = 4 << 20

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
	// run makes the call and encodes its result.
	run func(requestID string) ([]byte, error)
}

// response is an answer ready to be sent.
type response struct {
	status int
	header http.Header
	body   []byte
}

// serve answers a request; the error is errLost.
func (s *Sim) serve(r *http.Request) (response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
			return response{}, errLost
		}
	}
	if len(body) > maxBody {
		tooLarge := &core.APIError{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request is too large"}
		return errorResponse(tooLarge, "", isJSON(r)), nil
	}
	return s.dispatch(r, body)
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
		return errorResponse(refused, requestID, target.json()), nil
	}
	req, refused := target.parse(r, body)
	if refused != nil {
		return errorResponse(refused, requestID, target.json()), nil
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
	refused := s.refusal(effect, call, target.json())
	if refused == nil && s.sts.Expired(call.AccessKeyID) {
		refused = expiredToken(target.json())
	}
	var body []byte
	if refused == nil && effect != TimeoutBefore {
		s.world.Caller = call.AccessKeyID
		var err error
		body, err = req.run(call.RequestID)
		refused = asAPIError(err)
	}
	if refused != nil {
		call.ErrorCode = refused.Code
	}
	lost := effect == TimeoutBefore || effect == TimeoutAfter
	if lost {
		call.ErrorCode = "Timeout"
	}
	s.calls.add(call)
	if lost {
		return response{}, errLost
	}
	if refused != nil {
		return errorResponse(refused, call.RequestID, target.json()), nil
	}
	return success(body, call.RequestID, target.json()), nil
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

func isJSON(r *http.Request) bool { return r.Header.Get("X-Amz-Target") != "" }

const (
	xmlType  = "text/xml"
	jsonType = "application/x-amz-json-1.1"
)

func success(body []byte, requestID string, json bool) response {
	contentType := xmlType
	if json {
		contentType = jsonType
	}
	return response{http.StatusOK, http.Header{
		"Content-Type": {contentType}, "X-Amzn-Requestid": {requestID},
	}, body}
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
		return response{e.Status, header, body}
	}
	side := "Sender"
	if e.Status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	body, _ := xml.Marshal(xmlError{Type: side, Code: e.Code, Message: e.Message, RequestID: requestID}) //nolint:errchkjson // strings always marshal
	return response{e.Status, header, body}
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
	return request{action, params, func(requestID string) ([]byte, error) {
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
	return request{action, params, func(string) ([]byte, error) {
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
