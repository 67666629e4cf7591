package awssim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// identity is what a request's signature claims. The signature itself is not
// verified: the simulator knows no secrets.
type identity struct {
	accessKeyID string
	region      string
	service     string
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
	return identity{accessKeyID: scope[0], region: scope[2], service: scope[3]}, nil
}

// checkRegion refuses a request that was signed for another region, as each of
// AWS's regional endpoints does.
func (s *Sim) checkRegion(id identity) *core.APIError {
	if id.region == s.world.Region {
		return nil
	}
	return &core.APIError{
		Status: http.StatusForbidden, Code: "SignatureDoesNotMatch",
		Message: "Credential should be scoped to a valid region, not '" + url.QueryEscape(id.region) + "'.",
	}
}
