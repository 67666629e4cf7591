package elb

import (
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	hostRewrite = "Transforms.member.1.HostHeaderRewriteConfig.Rewrites.member.1."
	urlRewrite  = "Transforms.member.1.UrlRewriteConfig.Rewrites.member.1."
)

// ModifyRule leaves transforms as they are unless it is told otherwise.
func TestTransforms(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	arn := field(a.must("CreateRule", a.ruleParameters(10, append(forward(group),
		"Transforms.member.1.Type", "url-rewrite", urlRewrite+"Regex", "^/old/(.*)$", urlRewrite+"Replace", "/$1")...)...), "RuleArn")
	shown := func() []Transform {
		return a.must("DescribeRules", "RuleArns.member.1", arn).(rulesOut).Rules[0].Transforms
	}
	a.must("ModifyRule", append(forward(group), "RuleArn", arn)...)
	if got := shown(); len(got) != 1 || got[0].UrlRewriteConfig.Rewrites[0].Replace != "/$1" {
		t.Errorf("after ModifyRule of the actions: %+v", got)
	}
	a.refuse("ValidationError", "both Transforms and ResetTransforms", "ModifyRule", "RuleArn", arn, "ResetTransforms", "true",
		"Transforms.member.1.Type", "url-rewrite", urlRewrite+"Regex", "a", urlRewrite+"Replace", "b")
	a.must("ModifyRule", "RuleArn", arn, "Transforms.member.1.Type", "host-header-rewrite", hostRewrite+"Regex", "a", hostRewrite+"Replace", "b")
	if got := shown(); len(got) != 1 || got[0].Type != transformHost {
		t.Errorf("after ModifyRule of the transforms: %+v", got)
	}
	a.must("ModifyRule", "RuleArn", arn, "ResetTransforms", "true")
	if got := shown(); len(got) != 0 {
		t.Errorf("after ResetTransforms: %+v", got)
	}
}

func TestTransformRefusals(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	tests := map[string]struct {
		transforms []string
		text       string
	}{
		"unknown type":     {[]string{"Transforms.member.1.Type", "body-rewrite", urlRewrite + "Regex", "a"}, "Transform type 'body-rewrite'"},
		"another's config": {[]string{"Transforms.member.1.Type", "url-rewrite", hostRewrite + "Regex", "a"}, "configuration of its type"},
		"no rewrite":       {[]string{"Transforms.member.1.Type", "url-rewrite"}, "with one rewrite"},
		"bad expression":   {[]string{"Transforms.member.1.Type", "url-rewrite", urlRewrite + "Regex", "(?=a)"}, "is not valid"},
		"twice": {[]string{"Transforms.member.1.Type", "url-rewrite", urlRewrite + "Regex", "a", "Transforms.member.2.Type", "url-rewrite",
			strings.Replace(urlRewrite, "1", "2", 1) + "Regex", "a"}, "only have one 'url-rewrite'"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refuse("ValidationError", tests[name].text, "CreateRule", a.ruleParameters(10, append(forward(group), tests[name].transforms...)...)...)
		})
	}
}

// A rule of a secure listener may ask for a token, which its action shows.
func TestTokenAction(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	config := "Actions.member.1.JwtValidationConfig."
	actions := []string{
		"Actions.member.1.Type", "jwt-validation", "Actions.member.1.Order", "1", config + "Issuer", "https://id", config + "JwksEndpoint", "https://id/jwks",
		config + "AdditionalClaims.member.1.Format", "single-string", config + "AdditionalClaims.member.1.Name", "team", config + "AdditionalClaims.member.1.Values.member.1", "shop",
		"Actions.member.2.Type", "forward", "Actions.member.2.Order", "2", "Actions.member.2.TargetGroupArn", group,
	}
	a.refuse("InvalidLoadBalancerAction", "only on HTTPS", "CreateRule", a.ruleParameters(10, actions...)...)
	secure := a.ruleParameters(10, actions...)
	secure[1] = a.https
	raw, err := xml.Marshal(a.must("CreateRule", secure...))
	if err != nil || !strings.Contains(string(raw), "<JwksEndpoint>https://id/jwks</JwksEndpoint>") {
		t.Errorf("XML: %s, %v", raw, err)
	}
	plain := slices.Clone(secure)
	plain[3] = "11"
	plain[slices.Index(plain, "https://id/jwks")] = "http://id/jwks"
	a.refuse("InvalidLoadBalancerAction", "HTTPS JWKS endpoint", "CreateRule", plain...)
}

// Parameters for an identity provider are entries of a map.
func TestExtraParams(t *testing.T) {
	a := newAccount(t, Options{})
	config := "Actions.member.1.AuthenticateCognitoConfig."
	secure := a.ruleParameters(10, "Actions.member.1.Type", "authenticate-cognito", "Actions.member.1.Order", "1",
		config+"UserPoolArn", "arn", config+"UserPoolClientId", "c", config+"UserPoolDomain", "d",
		config+"AuthenticationRequestExtraParams.entry.1.key", "display", config+"AuthenticationRequestExtraParams.entry.1.value", "page",
		"Actions.member.2.Type", "forward", "Actions.member.2.Order", "2", "Actions.member.2.TargetGroupArn", a.group("g"))
	secure[1] = a.https
	raw, err := xml.Marshal(a.must("CreateRule", secure...))
	if err != nil || !strings.Contains(string(raw), "<AuthenticationRequestExtraParams><entry><key>display</key><value>page</value></entry></AuthenticationRequestExtraParams>") {
		t.Errorf("XML: %s, %v", raw, err)
	}
}

// Regular expressions count as values, and not as wildcards.
func TestRegexValues(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	condition := func(field, config string, expressions ...string) []string {
		out := []string{"ListenerArn", a.http, "Priority", "10", "Conditions.member.1.Field", field}
		for i, e := range expressions {
			out = append(out, "Conditions.member.1."+config+".RegexValues.member."+string(rune('1'+i)), e)
		}
		return append(out, forward(group)...)
	}
	a.refuse("ValidationError", "is not valid", "CreateRule", condition("path-pattern", "PathPatternConfig", "(")...)
	a.refuse("ValidationError", "You cannot provide RegexValues", "CreateRule", condition("http-request-method", "HttpRequestMethodConfig", "GET")...)
	a.refuse("ValidationError", "'5' condition values", "CreateRule", condition("path-pattern", "PathPatternConfig", "a", "b", "c", "d", "e", "f")...)
	out := a.must("CreateRule", condition("path-pattern", "PathPatternConfig", "^/.*.*.*.*.*.*$")...).(rulesOut)
	if c := out.Rules[0].Conditions[0]; len(c.Values) != 0 || len(c.PathPatternConfig.RegexValues) != 1 {
		t.Errorf("got %+v", c)
	}
}
