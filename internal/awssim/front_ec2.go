package awssim

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// ec2Endpoint speaks EC2's own form of the query protocol: the members of a
// result are the answer's own, and errors look otherwise.
type ec2Endpoint struct{ queryEndpoint }

func (e ec2Endpoint) parse(r *http.Request, body []byte) (request, *core.APIError) {
	req, refused := e.queryEndpoint.parse(r, body)
	if refused != nil {
		return req, refused
	}
	values, err := formOf(r, body)
	if err != nil {
		return req, err
	}
	run := e.actions[req.action]
	req.run = func(requestID string) ([]byte, error) {
		result, err := run(values)
		if err != nil {
			return nil, err
		}
		return e.encode(req.action, requestID, result)
	}
	return req, nil
}

// encode writes a result as EC2 does, with the request's ID as its first member.
func (e ec2Endpoint) encode(action, requestID string, result any) ([]byte, error) {
	var out bytes.Buffer
	root := xml.StartElement{Name: xml.Name{Space: e.namespace, Local: action + "Response"}}
	if err := xml.NewEncoder(&out).EncodeElement(result, root); err != nil {
		return nil, fmt.Errorf("encoding the result of %s: %w", action, err)
	}
	start, members, _ := bytes.Cut(out.Bytes(), []byte(">"))
	return fmt.Appendf(nil, "%s><requestId>%s</requestId>%s", start, requestID, members), nil
}

// succeed implements shaper.
func (e ec2Endpoint) succeed(body []byte, requestID string) response {
	return success(body, requestID, e.shape())
}

// fail implements shaper.
func (e ec2Endpoint) fail(refused *core.APIError, requestID string) response {
	type ec2Error struct {
		XMLName   xml.Name `xml:"Response"`
		Code      string   `xml:"Errors>Error>Code"`
		Message   string   `xml:"Errors>Error>Message"`
		RequestID string   `xml:"RequestID"`
	}
	body, _ := xml.Marshal(ec2Error{Code: refused.Code, Message: refused.Message, RequestID: requestID}) //nolint:errchkjson // strings always marshal
	return response{status: refused.Status, header: e.shape().header(requestID), body: body}
}

// ec2Codes are EC2's own codes for refusals that others have, too.
var ec2Codes = map[string]core.APIError{
	"Throttling":           {Status: http.StatusServiceUnavailable, Code: "RequestLimitExceeded", Message: "Request limit exceeded."},
	"AccessDenied":         {Status: http.StatusForbidden, Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation."},
	"ExpiredToken":         {Status: http.StatusBadRequest, Code: "RequestExpired", Message: "Request has expired."},
	"InvalidClientTokenId": {Status: http.StatusUnauthorized, Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials"},
}

// rephrase is a refusal in EC2's words.
func (ec2Endpoint) rephrase(e *core.APIError) *core.APIError {
	own, ok := ec2Codes[e.Code]
	if !ok {
		return e
	}
	if e.Code == "AccessDenied" {
		own.Message += " " + e.Message
	}
	return &own
}
