package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"unicode/utf8"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// answerMax is how many bytes of an answer are passed on.
const answerMax = 64 << 10

// functionARN is partition, region, account and function, perhaps with a
// version or an alias.
var functionARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9_-]{1,140}(?::(?:\$LATEST(?:\.PUBLISHED)?|[A-Za-z0-9_-]{1,128}))?$`)

// functions implements cloud.Functions.
type functions struct {
	// client returns a client of the function's region, which makes one attempt
	// and sets no timeout.
	client func(region string) lambdaAPI
}

func (f *functions) Invoke(ctx context.Context, arn string, payload []byte) (cloud.FunctionAnswer, error) {
	parts := functionARN.FindStringSubmatch(arn)
	if parts == nil {
		return cloud.FunctionAnswer{}, invalid(fmt.Sprintf("%q is no function: its ARN reads arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION or ALIAS]", arn))
	}
	if err := checkRegion(parts[1]); err != nil {
		return cloud.FunctionAnswer{}, err
	}
	if len(payload) > 0 && !json.Valid(payload) {
		return cloud.FunctionAnswer{}, invalid("the payload of function " + arn + " is no JSON")
	}
	out, err := f.client(parts[1]).Invoke(ctx, &lambda.InvokeInput{
		FunctionName:   &arn,
		InvocationType: types.InvocationTypeRequestResponse,
		Payload:        payload,
	})
	if err != nil {
		return cloud.FunctionAnswer{}, withoutInput(wrap(err))
	}
	return cloud.FunctionAnswer{Payload: cut(out.Payload), Cut: len(out.Payload) > answerMax, Failed: out.FunctionError != nil}, nil
}

// brief is an HTTP client for functions. Of an answer, which may have 6 MiB and is
// read into memory as a whole, it reads no more than is passed on, and the rest of
// the last character: as many functions may answer at once as are called.
type brief struct{ awssdk.HTTPClient }

// Do sends the request.
func (b brief) Do(r *http.Request) (*http.Response, error) {
	res, err := b.HTTPClient.Do(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, answerMax+utf8.UTFMax), res.Body}
	}
	return res, err
}

// withoutInput removes from an error what AWS quotes of an input that it can't
// parse.
func withoutInput(err error) error {
	if hasCode(err, "InvalidRequestContentException") || hasCode(err, "InvalidExecutionInput") {
		e, _ := errors.AsType[*cloud.Error](err)
		return answerError(e.Kind, e.Op, e.Code, "the input is not accepted")
	}
	return err
}

// cut returns the part of an answer that is passed on, without half a character
// at its end.
func cut(answer []byte) []byte {
	if len(answer) <= answerMax {
		return answer
	}
	end := answerMax
	for end > answerMax-utf8.UTFMax && !utf8.RuneStart(answer[end]) {
		end--
	}
	return answer[:end:end]
}
