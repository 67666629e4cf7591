package elb

import (
	"encoding/xml"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The wire types serve three ends: filled from query parameters, filled from
// CloudFormation properties (both have the API's names) and marshalled into
// responses.

// Action is what a rule does with a request.
type Action struct {
	Type                      string
	Order                     *int                       `xml:",omitempty"`
	TargetGroupArn            string                     `xml:",omitempty"`
	ForwardConfig             *ForwardConfig             `xml:",omitempty"`
	RedirectConfig            *RedirectConfig            `xml:",omitempty"`
	FixedResponseConfig       *FixedResponseConfig       `xml:",omitempty"`
	AuthenticateOidcConfig    *AuthenticateOidcConfig    `xml:",omitempty"`
	AuthenticateCognitoConfig *AuthenticateCognitoConfig `xml:",omitempty"`
	JwtValidationConfig       *JwtValidationConfig       `xml:",omitempty"`
}

// ForwardConfig distributes requests among target groups.
type ForwardConfig struct {
	TargetGroups                []TargetGroupTuple `xml:"TargetGroups>member"`
	TargetGroupStickinessConfig *GroupStickiness   `xml:",omitempty"`
}

// TargetGroupTuple is a target group's share, 0 to 999.
type TargetGroupTuple struct {
	TargetGroupArn string
	Weight         *int `xml:",omitempty"`
}

// GroupStickiness keeps a client with the target group it was sent to.
type GroupStickiness struct {
	Enabled         *bool `xml:",omitempty"`
	DurationSeconds *int  `xml:",omitempty"`
}

// RedirectConfig answers with a redirect.
type RedirectConfig struct {
	Protocol   string `xml:",omitempty"`
	Port       string `xml:",omitempty"`
	Host       string `xml:",omitempty"`
	Path       string `xml:",omitempty"`
	Query      string `xml:",omitempty"`
	StatusCode string
}

// FixedResponseConfig answers by itself.
type FixedResponseConfig struct {
	MessageBody string `xml:",omitempty"`
	StatusCode  string
	ContentType string `xml:",omitempty"`
}

// AuthenticateOidcConfig asks an identity provider first.
type AuthenticateOidcConfig struct {
	Issuer                   string
	AuthorizationEndpoint    string
	TokenEndpoint            string
	UserInfoEndpoint         string
	ClientId                 string
	ClientSecret             string `xml:",omitempty"`
	SessionCookieName        string `xml:",omitempty"`
	Scope                    string `xml:",omitempty"`
	SessionTimeout           *int   `xml:",omitempty"`
	OnUnauthenticatedRequest string `xml:",omitempty"`
	UseExistingClientSecret  *bool  `xml:",omitempty"`

	AuthenticationRequestExtraParams core.Texts `xml:",omitempty"`
}

// AuthenticateCognitoConfig asks Amazon Cognito first.
type AuthenticateCognitoConfig struct {
	UserPoolArn              string
	UserPoolClientId         string
	UserPoolDomain           string
	SessionCookieName        string `xml:",omitempty"`
	Scope                    string `xml:",omitempty"`
	SessionTimeout           *int   `xml:",omitempty"`
	OnUnauthenticatedRequest string `xml:",omitempty"`

	AuthenticationRequestExtraParams core.Texts `xml:",omitempty"`
}

// JwtValidationConfig lets requests pass that bear a JSON web token of the issuer.
type JwtValidationConfig struct {
	Issuer           string
	JwksEndpoint     string
	AdditionalClaims []JwtClaim `xml:"AdditionalClaims>member,omitempty"`
}

// JwtClaim is a claim that a token must have.
type JwtClaim struct {
	Format string
	Name   string
	Values []string `xml:"Values>member"`
}

// Transform rewrites a request before the target gets it.
type Transform struct {
	Type                    string
	HostHeaderRewriteConfig *RewriteConfig `xml:",omitempty"`
	UrlRewriteConfig        *RewriteConfig `xml:",omitempty"`
}

// RewriteConfig says what is replaced by what.
type RewriteConfig struct {
	Rewrites []Rewrite `xml:"Rewrites>member"`
}

// Rewrite replaces what a regular expression matches.
type Rewrite struct {
	Regex   string
	Replace string
}

// texts is a list that is left out if it is empty, as AWS was recorded to do in
// conditions. A tag such as Values>member leaves an empty element.
type texts []string

// MarshalXML writes the list with the name of its field.
func (t texts) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(struct {
		Members []string `xml:"member"`
	}{t}, start)
}

// Condition says which requests a rule takes. Host and path can be given in
// the old form, Values, or in the new one.
type Condition struct {
	Field                   string
	Values                  texts              `xml:",omitempty"`
	HostHeaderConfig        *ValuesConfig      `xml:",omitempty"`
	PathPatternConfig       *ValuesConfig      `xml:",omitempty"`
	HttpHeaderConfig        *HTTPHeaderConfig  `xml:",omitempty"`
	HttpRequestMethodConfig *ValuesConfig      `xml:",omitempty"`
	QueryStringConfig       *QueryStringConfig `xml:",omitempty"`
	SourceIpConfig          *ValuesConfig      `xml:",omitempty"`
}

// ValuesConfig is a condition that is met by any of its values, or regular
// expressions.
type ValuesConfig struct {
	Values      texts `xml:",omitempty"`
	RegexValues texts `xml:",omitempty"`
}

// HTTPHeaderConfig is met by a header that matches any of the values.
type HTTPHeaderConfig struct {
	HttpHeaderName string
	Values         texts `xml:",omitempty"`
	RegexValues    texts `xml:",omitempty"`
}

// QueryStringConfig is met by any of the key and value pairs.
type QueryStringConfig struct {
	Values []QueryStringPair `xml:"Values>member"`
}

// QueryStringPair is a query parameter; without a key any key matches.
type QueryStringPair struct {
	Key   string `xml:",omitempty"`
	Value string
}

// Rule is a listener's rule as DescribeRules shows it.
type Rule struct {
	RuleArn    string
	Priority   string
	Conditions []Condition `xml:"Conditions>member"`
	Actions    []Action    `xml:"Actions>member"`
	Transforms []Transform `xml:"Transforms>member,omitempty"`
	IsDefault  bool
}

// Tag is a key and value on a resource.
type Tag struct {
	Key   string
	Value string
}

// Matcher says which codes a healthy target answers with, such as "200",
// "200,202" or "200-299": HTTP codes, or gRPC codes where the protocol version is
// that.
type Matcher struct {
	HttpCode string `xml:",omitempty"`
	GrpcCode string `xml:",omitempty"`
}

// targetGroups lists every target group that the actions forward to.
func targetGroups(actions []Action) []string {
	var arns []string
	for _, a := range actions {
		if a.Type != "forward" {
			continue
		}
		for _, t := range a.ForwardConfig.TargetGroups {
			arns = append(arns, t.TargetGroupArn)
		}
	}
	return arns
}
