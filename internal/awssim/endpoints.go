package awssim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// queryEndpoint speaks the query protocol.
type queryEndpoint struct {
	namespace string
	actions   map[string]core.QueryFunc
}

func (queryEndpoint) shape() shape { return xmlShape }

func (e queryEndpoint) parse(r *http.Request, body []byte) (request, *core.APIError) {
	values, refused := formOf(r, body)
	if refused != nil {
		return request{}, refused
	}
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

// formOf are the parameters of a request.
func formOf(r *http.Request, body []byte) (url.Values, *core.APIError) {
	values := r.URL.Query()
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, core.Errorf("MalformedQueryString", "%v", err)
	}
	maps.Copy(values, form)
	return values, nil
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

func (jsonEndpoint) shape() shape { return jsonShape }

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
