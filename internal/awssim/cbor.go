package awssim

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// codec writes and reads CBOR as Smithy's RPC protocol wants it: times are tag
// 1, members have their exact names.
type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newCodec() codec {
	enc, err := cbor.EncOptions{Time: cbor.TimeUnixDynamic, TimeTag: cbor.EncTagRequired}.EncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	dec, err := cbor.DecOptions{
		TimeTag: cbor.DecTagRequired, DupMapKey: cbor.DupMapKeyEnforcedAPF,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		DefaultMapType: reflect.TypeFor[map[string]any](),
	}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return codec{enc, dec}
}

// cborEndpoint speaks Smithy's RPC v2 protocol with CBOR bodies.
type cborEndpoint struct {
	codec   codec
	service core.RPCService
}

func (cborEndpoint) shape() shape { return cborShape }

func (e cborEndpoint) parse(r *http.Request, body []byte) (request, *core.APIError) {
	if r.Header.Get(protocolHeader) != cborProtocol {
		return request{}, core.Errorf("UnknownOperationException", "The service is simulated with the protocols %s and JSON only", cborProtocol)
	}
	action, found := strings.CutPrefix(r.URL.Path, "/service/"+e.service.Shape()+"/operation/")
	run, known := e.service.RPC()[action]
	if r.Method != http.MethodPost || !found || !known {
		return request{}, core.Errorf("UnknownOperationException", "The operation %s is not known", r.URL.Path)
	}
	body, err := unpack(r, body)
	if err != nil {
		return request{}, core.Errorf("SerializationException", "%v", err)
	}
	if len(body) == 0 {
		body = []byte{0xa0} // an empty map
	}
	var members map[string]any
	if err := e.codec.dec.Unmarshal(body, &members); err != nil {
		return request{}, core.Errorf("SerializationException", "%v", err)
	}
	decode := func(in any) error { return e.decode(body, members, in) }
	return request{action: action, params: shortParams(members), run: func(string) ([]byte, error) {
		result, err := run(decode)
		if err != nil {
			return nil, err
		}
		if result == nil {
			result = struct{}{}
		}
		out, err := e.codec.enc.Marshal(result)
		if err != nil {
			return nil, fmt.Errorf("encoding the result of %s: %w", action, err)
		}
		return out, nil
	}}, nil
}

// unpack reads a compressed body: SDKs compress what PutMetricData sends.
func unpack(r *http.Request, body []byte) ([]byte, error) {
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
		return body, nil
	case "gzip":
		zipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		plain, err := io.ReadAll(io.LimitReader(zipped, maxBody+1))
		if err == nil && len(plain) > maxBody {
			err = errors.New("the request is too large")
		}
		return plain, err
	default:
		return nil, fmt.Errorf("the content encoding %s is not known", encoding)
	}
}

// decode fills in from a body whose members are known already, to name the one
// that in has no field for.
func (e cborEndpoint) decode(body []byte, members map[string]any, in any) error {
	err := e.codec.dec.Unmarshal(body, in)
	if err == nil {
		return nil
	}
	if _, unknown := errors.AsType[*cbor.UnknownFieldError](err); unknown {
		if path := stranger(reflect.TypeOf(in), members); path != "" {
			return core.Errorf("ValidationError", "The member %s is not known or not simulated", path)
		}
	}
	return core.Errorf("SerializationException", "%v", err)
}

// stranger finds the first member, in order of its name, that has no field in
// the type; "" if there is none.
func stranger(t reflect.Type, value any) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch value := value.(type) {
	case map[string]any:
		if t.Kind() == reflect.Struct {
			return strangerIn(t, value)
		}
	case []any:
		if t.Kind() != reflect.Slice {
			return ""
		}
		for i, elem := range value {
			if path := stranger(t.Elem(), elem); path != "" {
				return "[" + strconv.Itoa(i) + "]." + path
			}
		}
	}
	return ""
}

func strangerIn(t reflect.Type, members map[string]any) string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field, known := t.FieldByName(name)
		if !known {
			return name
		}
		if path := stranger(field.Type, members[name]); path != "" {
			return strings.Replace(name+"."+path, ".[", "[", 1)
		}
	}
	return ""
}

// shortParams are the scalar members, for the record of calls.
func shortParams(members map[string]any) map[string]string {
	params := map[string]string{}
	for name, value := range members {
		text, ok := core.ScalarText(value)
		switch value := value.(type) {
		case uint64:
			text, ok = strconv.FormatUint(value, 10), true
		case int64:
			text, ok = strconv.FormatInt(value, 10), true
		case time.Time:
			text, ok = value.UTC().Format(time.RFC3339Nano), true
		}
		if ok && len(text) < maxParam {
			params[name] = text
		}
	}
	return params
}

// queryErrorHeader tells an error's code as the query protocol has it.
const queryErrorHeader = "X-Amzn-Query-Error"

// queryError is an error's code as the query protocol has it, which SDKs
// prefer: without the suffix of the exception.
func queryError(e *core.APIError) string {
	query, isParameter := strings.CutSuffix(e.Code, "Exception")
	if !isParameter || !strings.Contains(query, "Parameter") {
		query = e.Code
	}
	if query == "MissingRequiredParameter" {
		query = "MissingParameter"
	}
	return query + ";" + side(e)
}

func encodeCBORError(e *core.APIError, header http.Header) []byte {
	header.Set(queryErrorHeader, queryError(e))
	body, _ := cbor.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) // strings always marshal
	return body
}
