package dataplane

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// admit lets a request pass an action of authentication, or answers it.
// Authentication passes for clients which carry a session cookie.
func (p *Plane) admit(a elb.Action, req *http.Request) *Response {
	switch a.Type {
	case "authenticate-oidc":
		return authenticate(req, a.AuthenticateOidcConfig.OnUnauthenticatedRequest, a.AuthenticateOidcConfig.AuthorizationEndpoint)
	case "authenticate-cognito":
		domain := "https://" + a.AuthenticateCognitoConfig.UserPoolDomain + "/oauth2/authorize"
		return authenticate(req, a.AuthenticateCognitoConfig.OnUnauthenticatedRequest, domain)
	}
	if !validToken(req, a.JwtValidationConfig, p.world.Now()) {
		return new(errorPage(http.StatusUnauthorized))
	}
	return nil
}

// validToken tells whether a request bears a token of the issuer that hasn't
// expired and has the claims. There are no keys here: any signature is good.
func validToken(req *http.Request, c *elb.JwtValidationConfig, now time.Time) bool {
	token, found := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if !found || len(parts) != 3 {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return false
	}
	expires, _ := claims["exp"].(float64)
	if claims["iss"] != c.Issuer || expires <= float64(now.Unix()) {
		return false
	}
	lacks := func(claim elb.JwtClaim) bool { return !hasClaim(claims[claim.Name], claim) }
	return !slices.ContainsFunc(c.AdditionalClaims, lacks)
}

// hasClaim tells whether a token's claim has one of the values.
func hasClaim(value any, claim elb.JwtClaim) bool {
	var have []string
	switch v := value.(type) {
	case string:
		have = []string{v}
		if claim.Format == "space-separated-values" {
			have = strings.Fields(v)
		}
	case []any:
		for _, element := range v {
			text, _ := element.(string)
			have = append(have, text)
		}
	}
	return slices.ContainsFunc(claim.Values, func(want string) bool { return slices.Contains(have, want) })
}
