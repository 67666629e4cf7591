package awssim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// multilingual is a service that speaks several protocols.
type multilingual interface {
	// speaking is the service in the protocol of a request.
	speaking(r *http.Request) endpoint
}

// speaking implements multilingual: the SDK for Go and others call CloudWatch
// with CBOR, that for Python and the AWS CLI with JSON.
func (e cborEndpoint) speaking(r *http.Request) endpoint {
	if r.Header.Get("X-Amz-Target") == "" {
		return e
	}
	actions := map[string]core.JSONFunc{}
	for name, run := range e.service.RPC() {
		actions[name] = e.inJSON(run)
	}
	return queryCompatible{json10Endpoint{jsonEndpoint{e.service.Shape(), actions}}}
}

// inJSON makes an operation read and write JSON, whose times are numbers. Both
// go by way of CBOR, so that one set of rules decides what is understood.
func (e cborEndpoint) inJSON(run core.RPCFunc) core.JSONFunc {
	return func(body []byte) (any, error) {
		result, err := run(func(in any) error { return e.decodeJSON(body, in) })
		if err != nil || result == nil {
			return nil, err
		}
		out, err := e.codec.enc.Marshal(result)
		if err != nil {
			return nil, fmt.Errorf("encoding the result: %w", err)
		}
		var members any
		if err := e.codec.dec.Unmarshal(out, &members); err != nil {
			return nil, fmt.Errorf("encoding the result: %w", err)
		}
		return withoutTimes(members), nil
	}
}

func (e cborEndpoint) decodeJSON(body []byte, in any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var read any
	if err := dec.Decode(&read); err != nil {
		return core.Errorf("SerializationException", "%v", err)
	}
	members, ok := withTimes(reflect.TypeOf(in), read).(map[string]any)
	if !ok {
		return core.Errorf("SerializationException", "The request is no object")
	}
	out, err := e.codec.enc.Marshal(members)
	if err != nil {
		return core.Errorf("SerializationException", "%v", err)
	}
	return e.decode(out, members, in)
}

// withTimes makes numbers what CBOR has for them: times where the type has
// times, else integers if they are.
func withTimes(t reflect.Type, value any) any {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = withTimes(memberType(t, name), member)
		}
	case []any:
		for i, elem := range value {
			value[i] = withTimes(elemType(t), elem)
		}
	case json.Number:
		return number(t, value)
	}
	return value
}

func memberType(t reflect.Type, name string) reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	field, known := t.FieldByName(name)
	if !known {
		return nil
	}
	return field.Type
}

func elemType(t reflect.Type) reflect.Type {
	if t == nil || t.Kind() != reflect.Slice {
		return nil
	}
	return t.Elem()
}

func number(t reflect.Type, n json.Number) any {
	if t == reflect.TypeFor[time.Time]() {
		seconds, err := n.Float64()
		if err != nil {
			return n.String()
		}
		return time.UnixMilli(int64(seconds * 1000)).UTC()
	}
	if whole, err := n.Int64(); err == nil {
		return whole
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}

// withoutTimes makes times the seconds since 1970.
func withoutTimes(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = withoutTimes(member)
		}
	case []any:
		for i, elem := range value {
			value[i] = withoutTimes(elem)
		}
	case time.Time:
		return float64(value.UnixMilli()) / 1000
	}
	return value
}

// queryCompatible tells errors also by the code that they have in the query
// protocol, which the service spoke first.
type queryCompatible struct{ json10Endpoint }

func (e queryCompatible) fail(refused *core.APIError, requestID string) response {
	answer := e.json10Endpoint.fail(refused, requestID)
	answer.header.Set(queryErrorHeader, queryError(refused))
	return answer
}
