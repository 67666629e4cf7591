package awssim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// identity is what a request's signature claims. The signature itself is not
// verified, but a session's token is.
type identity struct {
	accessKeyID string
	region      string
	service     string
	token       string
}

// authenticate reads the credential scope of a Signature Version 4 header.
func authenticate(r *http.Request) (identity, *core.APIError) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return identity{}, &core.APIError{
			Status: http.StatusForbidden, Code: "MissingAuthenticationToken",
			Message: "Request is missing Authentication Token",
		}
	}
	scheme, rest, _ := strings.Cut(header, " ")
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	whole := len(scope) == 5 && fields["SignedHeaders"] != "" && fields["Signature"] != ""
	if scheme != "AWS4-HMAC-SHA256" || !whole || scope[4] != "aws4_request" || scope[0] == "" {
		return identity{}, core.Errorf("IncompleteSignature", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=%s", scheme)
	}
	return identity{accessKeyID: scope[0], region: scope[2], service: scope[3], token: r.Header.Get("X-Amz-Security-Token")}, nil
}

// checkRegion refuses a request that was signed for another region, as each of
// AWS's regional endpoints does.
func (s *Sim) checkRegion(id identity) *core.APIError {
	// IAM is global: its requests are signed for us-east-1, or for the client's
	// region if an endpoint was set.
	if id.region == s.world.Region || id.service == s.iam.SigningName() && id.region == "us-east-1" {
		return nil
	}
	return &core.APIError{
		Status: http.StatusForbidden, Code: "SignatureDoesNotMatch",
		Message: "Credential should be scoped to a valid region, not '" + url.QueryEscape(id.region) + "'.",
	}
}

// checkToken refuses the access key of a session without that session's token.
func (s *Sim) checkToken(id identity, form shape) *core.APIError {
	if s.sts.Knows(id.accessKeyID, id.token) {
		return nil
	}
	const message = "The security token included in the request is invalid"
	if form != xmlShape {
		return core.Errorf("UnrecognizedClientException", message)
	}
	return &core.APIError{Status: http.StatusForbidden, Code: "InvalidClientTokenId", Message: message}
}
