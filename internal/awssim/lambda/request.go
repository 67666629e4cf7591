package lambda

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The quotas of an invocation.
const (
	maxPayload       = 6 << 20
	maxEvent         = 1 << 20
	maxClientContext = 3583
)

// The types of invocations.
const (
	requestResponse = "RequestResponse"
	event           = "Event"
	dryRun          = "DryRun"
)

// invokeIn is a request to invoke a function.
type invokeIn struct {
	ref        reference
	invocation string
	tail       bool
	payload    []byte
}

const (
	pathPrefix = "/2015-03-31/functions/"
	pathSuffix = "/invocations"
)

// Route implements core.RESTService. Invoke is the only operation.
func (s *Service) Route(r *http.Request, body []byte) (core.RESTCall, error) {
	rest, isFunction := strings.CutPrefix(r.URL.Path, pathPrefix)
	name, isInvoke := strings.CutSuffix(rest, pathSuffix)
	if r.Method != http.MethodPost || !isFunction || !isInvoke {
		return core.RESTCall{}, &core.APIError{
			Status: http.StatusNotFound, Code: "UnknownOperationException",
			Message: "The operation " + r.Method + " " + r.URL.Path + " is not simulated",
		}
	}
	in, err := s.parse(r, name, body)
	if err != nil {
		return core.RESTCall{}, err
	}
	run := &invoke{service: s, in: in}
	return core.RESTCall{
		Action: "Invoke",
		Params: map[string]string{"FunctionName": name, "Qualifier": in.ref.qualifier, "InvocationType": in.invocation},
		Begin:  run.begin, Finish: run.finish,
	}, nil
}

// parse reads a request and refuses what Lambda would refuse, or what isn't
// simulated.
func (s *Service) parse(r *http.Request, name string, body []byte) (invokeIn, error) {
	query := r.URL.Query()
	if err := refuseUnknown(r.Header, query); err != nil {
		return invokeIn{}, err
	}
	in := invokeIn{invocation: r.Header.Get("X-Amz-Invocation-Type"), payload: body}
	if in.invocation == "" {
		in.invocation = requestResponse
	}
	if !slices.Contains([]string{requestResponse, event, dryRun}, in.invocation) {
		return in, invalidMember("invocationType", in.invocation, "Member must satisfy enum value set: [Event, RequestResponse, DryRun]")
	}
	logType := r.Header.Get("X-Amz-Log-Type")
	if !slices.Contains([]string{"", "None", "Tail"}, logType) {
		return in, invalidMember("logType", logType, "Member must satisfy enum value set: [None, Tail]")
	}
	in.tail = logType == "Tail"
	var err error
	if in.ref, err = s.refer(name, query.Get("Qualifier")); err != nil {
		return in, err
	}
	if err := checkClientContext(r.Header.Get("X-Amz-Client-Context")); err != nil {
		return in, err
	}
	if err := checkPayload(in.invocation, body); err != nil {
		return in, err
	}
	if len(body) == 0 {
		in.payload = []byte("{}") // what a function gets if nothing is sent
	}
	return in, nil
}

// refuseUnknown refuses the parts of the API that are not simulated.
func refuseUnknown(header http.Header, query map[string][]string) error {
	for _, name := range []string{"X-Amz-Durable-Execution-Name", "X-Amz-Tenant-Id"} {
		if header.Get(name) != "" {
			return core.Errorf("InvalidParameterValueException", "%s is not simulated", name)
		}
	}
	for name := range query {
		if name != "Qualifier" {
			return core.Errorf("InvalidParameterValueException", "Unknown parameter: %s", name)
		}
	}
	return nil
}

// checkClientContext accepts nothing or a JSON object in base64.
func checkClientContext(text string) error {
	if text == "" {
		return nil
	}
	if len(text) > maxClientContext {
		return core.Errorf("InvalidRequestContentException", "Client context must be at most %d bytes long.", maxClientContext)
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	var object map[string]any
	if err != nil || json.Unmarshal(decoded, &object) != nil || object == nil {
		return core.Errorf("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	return nil
}

func checkPayload(invocation string, body []byte) error {
	limit := maxPayload
	if invocation == event {
		limit = maxEvent
	}
	if len(body) > limit {
		e := core.Errorf("RequestTooLargeException", "%d byte payload is too large for the %s invocation type (limit %d bytes)", len(body), invocation, limit)
		e.Status = http.StatusRequestEntityTooLarge
		return e
	}
	var parsed any
	if err := json.Unmarshal(body, &parsed); err != nil && len(body) > 0 {
		return core.Errorf("InvalidRequestContentException", "Could not parse request body into json: %v", err)
	}
	return nil
}
