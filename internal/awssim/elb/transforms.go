package elb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Types of transforms: a rule can have one of each.
const (
	transformHost = "host-header-rewrite"
	transformURL  = "url-rewrite"
)

// transforms are a rule's after the call: ModifyRule leaves them as they are
// unless it is told others, or to take them away.
func (in *modifyRuleInput) transforms(before []Transform) ([]Transform, error) {
	reset := in.ResetTransforms != nil && *in.ResetTransforms
	switch {
	case reset && len(in.Transforms) > 0:
		return nil, core.Errorf("ValidationError", "You cannot specify both Transforms and ResetTransforms")
	case reset:
		return nil, nil
	case len(in.Transforms) == 0:
		return before, nil
	}
	return in.Transforms, checkTransforms(in.Transforms)
}

func checkTransforms(in []Transform) error {
	seen := map[string]bool{}
	for i := range in {
		t := &in[i]
		if seen[t.Type] {
			return core.Errorf("ValidationError", "A rule can only have one '%s' transform", t.Type)
		}
		seen[t.Type] = true
		if err := checkTransform(t); err != nil {
			return err
		}
	}
	return nil
}

func checkTransform(t *Transform) error {
	var own, other *RewriteConfig
	switch t.Type {
	case transformHost:
		own, other = t.HostHeaderRewriteConfig, t.UrlRewriteConfig
	case transformURL:
		own, other = t.UrlRewriteConfig, t.HostHeaderRewriteConfig
	default:
		return core.Errorf("ValidationError", "Transform type '%s' must be one of '[host-header-rewrite, url-rewrite]'", t.Type)
	}
	if own == nil || other != nil || len(own.Rewrites) != 1 {
		return core.Errorf("ValidationError", "A transform of type '%s' must have a configuration of its type with one rewrite", t.Type)
	}
	if _, err := regexp.Compile(own.Rewrites[0].Regex); err != nil || own.Rewrites[0].Regex == "" {
		return core.Errorf("ValidationError", "The regular expression '%s' of a transform is not valid", own.Rewrites[0].Regex)
	}
	return nil
}

var claimFormats = []string{"single-string", "string-array", "space-separated-values"}

// checkJWT refuses what a listener can't validate tokens by.
func checkJWT(l *listener, c *JwtValidationConfig) error {
	if l.protocol != "HTTPS" {
		return core.Errorf("InvalidLoadBalancerAction", "Actions of type 'jwt-validation' are supported only on HTTPS listeners")
	}
	if c == nil || c.Issuer == "" || !strings.HasPrefix(c.JwksEndpoint, "https://") {
		return core.Errorf("InvalidLoadBalancerAction", "An issuer and an HTTPS JWKS endpoint must be specified")
	}
	for _, claim := range c.AdditionalClaims {
		if !slices.Contains(claimFormats, claim.Format) || claim.Name == "" || len(claim.Values) == 0 {
			return core.Errorf("ValidationError", "An additional claim must have a format, a name and values")
		}
	}
	return nil
}
