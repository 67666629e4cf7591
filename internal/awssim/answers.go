package awssim

import (
	"encoding/json"
	"encoding/xml"
	"net/http"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// shape is a protocol's way to write answers and errors.
type shape int

const (
	xmlShape shape = iota
	jsonShape
	cborShape
)

const (
	xmlType  = "text/xml"
	jsonType = "application/x-amz-json-1.1"
	cborType = "application/cbor"
)

// The header that tells Smithy's RPC protocol, in requests and answers.
const (
	protocolHeader = "Smithy-Protocol"
	cborProtocol   = "rpc-v2-cbor"
)

// shapeOf guesses the protocol of a request that reaches no endpoint.
func shapeOf(r *http.Request) shape {
	switch {
	case r.Header.Get(protocolHeader) == cborProtocol:
		return cborShape
	case r.Header.Get("X-Amz-Target") != "" || isREST(r):
		return jsonShape
	default:
		return xmlShape
	}
}

func (s shape) header(requestID string) http.Header {
	header := http.Header{"X-Amzn-Requestid": {requestID}}
	switch s {
	case jsonShape:
		header.Set("Content-Type", jsonType)
	case cborShape:
		header.Set("Content-Type", cborType)
		header.Set(protocolHeader, cborProtocol)
	default:
		header.Set("Content-Type", xmlType)
	}
	return header
}

func success(body []byte, requestID string, s shape) response {
	return response{status: http.StatusOK, header: s.header(requestID), body: body}
}

type xmlError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// errorResponse is a refusal in the shape of the service's protocol.
func errorResponse(e *core.APIError, requestID string, s shape) response {
	header := s.header(requestID)
	var body []byte
	switch s {
	case jsonShape:
		header.Set("X-Amzn-Errortype", e.Code)
		body, _ = json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) //nolint:errchkjson // strings always marshal
	case cborShape:
		body = encodeCBORError(e, header)
	default:
		body, _ = xml.Marshal(xmlError{Type: side(e), Code: e.Code, Message: e.Message, RequestID: requestID}) //nolint:errchkjson // strings always marshal
	}
	return response{status: e.Status, header: header, body: body}
}

// side tells whose fault an error is.
func side(e *core.APIError) string {
	if e.Status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
