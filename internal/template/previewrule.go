package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

type ruleProperties struct {
	ListenerArn string
	Priority    ref
	Conditions  []ruleCondition
	Actions     []ruleAction
	Transforms  []transform `json:",omitempty"`
}

type ruleAction struct {
	Type                      string
	Order                     int            `json:",omitempty"`
	AuthenticateCognitoConfig *cognitoConfig `json:",omitempty"`
	JWTValidationConfig       *jwtConfig     `json:"JwtValidationConfig,omitempty"`
	ForwardConfig             *forwardConfig `json:",omitempty"`
}

type cognitoConfig struct {
	UserPoolArn                      string
	UserPoolClientID                 string `json:"UserPoolClientId"`
	UserPoolDomain                   string
	SessionCookieName                string            `json:",omitempty"`
	Scope                            string            `json:",omitempty"`
	SessionTimeout                   int64             `json:",omitempty"`
	OnUnauthenticatedRequest         string            `json:",omitempty"`
	AuthenticationRequestExtraParams map[string]string `json:",omitempty"`
}

type jwtConfig struct {
	Issuer           string
	JWKSEndpoint     string     `json:"JwksEndpoint"`
	AdditionalClaims []jwtClaim `json:",omitempty"`
}

type jwtClaim struct {
	Format string
	Name   string
	Values []string
}

type forwardConfig struct {
	TargetGroups []targetGroupTuple
}

type targetGroupTuple struct {
	TargetGroupArn ref
	Weight         int
}

type transform struct {
	Type                    string
	HostHeaderRewriteConfig *rewriteConfig `json:",omitempty"`
	URLRewriteConfig        *rewriteConfig `json:"UrlRewriteConfig,omitempty"`
}

type rewriteConfig struct {
	Rewrites []rewrite
}

type rewrite struct {
	Regex   string
	Replace string
}

// previewRule routes requests with the revision's header to it. It associates
// the target group with a load balancer, which ECS requires to create a
// service, and lets people test the revision before it serves. It does with
// requests what the production rule does, so that it is no way past that, and
// what is tested is what users get.
func previewRule(in Input) (resource, error) {
	if in.PreviewToken == "" {
		return resource{}, errors.New("preview rule: the revision has no token")
	}
	conditions, err := previewConditions(in)
	if err != nil {
		return resource{}, err
	}
	actions, err := previewActions(in.Before)
	if err != nil {
		return resource{}, err
	}
	transforms, err := previewTransforms(in.Transforms)
	if err != nil {
		return resource{}, err
	}
	return resource{
		Type: "AWS::ElasticLoadBalancingV2::ListenerRule",
		Properties: ruleProperties{
			ListenerArn: in.ListenerARN,
			Priority:    ref{ParamPreviewPriority},
			Conditions:  conditions,
			Actions:     actions,
			Transforms:  transforms,
		},
	}, nil
}

// previewActions are the production rule's before its last one, and then a
// forward to the revision.
func previewActions(before []cloud.Action) ([]ruleAction, error) {
	var out []ruleAction
	for _, a := range before {
		if !Repeatable(a) {
			return nil, fmt.Errorf("preview rule: the production rule has an action %s, which can't be repeated", a.Type)
		}
		converted := ruleAction{Type: a.Type}
		if c := a.Cognito; c != nil {
			converted.AuthenticateCognitoConfig = &cognitoConfig{
				UserPoolArn: c.UserPoolARN, UserPoolClientID: c.UserPoolClientID, UserPoolDomain: c.UserPoolDomain,
				SessionCookieName: c.SessionCookieName, Scope: c.Scope, SessionTimeout: c.SessionTimeout,
				OnUnauthenticatedRequest: c.OnUnauthenticatedRequest, AuthenticationRequestExtraParams: c.ExtraParams,
			}
		}
		if c := a.JWT; c != nil {
			converted.JWTValidationConfig = &jwtConfig{Issuer: c.Issuer, JWKSEndpoint: c.JWKSEndpoint}
			for _, claim := range c.Claims {
				converted.JWTValidationConfig.AdditionalClaims = append(converted.JWTValidationConfig.AdditionalClaims, jwtClaim(claim))
			}
		}
		out = append(out, converted)
	}
	out = append(out, ruleAction{
		Type: "forward", ForwardConfig: &forwardConfig{[]targetGroupTuple{{ref{LogicalTargetGroup}, 1}}},
	})
	if len(out) > 1 { // where there is one, it has no order
		for i := range out {
			out[i].Order = i + 1
		}
	}
	return out, nil
}

// Repeatable tells whether an action can be repeated in another rule: all that it
// consists of can be read, and is known here. The client secret of
// authenticate-oidc can't be read.
func Repeatable(a cloud.Action) bool {
	switch a.Type {
	case "authenticate-cognito":
		return a.Cognito != nil
	case "jwt-validation":
		return a.JWT != nil
	}
	return false
}

// Types of transforms.
const (
	transformHost = "host-header-rewrite"
	transformURL  = "url-rewrite"
)

// RepeatableTransform tells whether a transform is one that is known here.
func RepeatableTransform(t cloud.Transform) bool {
	return len(t.Rewrites) > 0 && (t.Type == transformHost || t.Type == transformURL)
}

func previewTransforms(in []cloud.Transform) ([]transform, error) {
	var out []transform
	for _, t := range in {
		if !RepeatableTransform(t) {
			return nil, fmt.Errorf("preview rule: the production rule has a transform %s, which is not known", t.Type)
		}
		config := &rewriteConfig{}
		for _, r := range t.Rewrites {
			config.Rewrites = append(config.Rewrites, rewrite(r))
		}
		if t.Type == transformHost {
			out = append(out, transform{Type: t.Type, HostHeaderRewriteConfig: config})
		} else {
			out = append(out, transform{Type: t.Type, URLRewriteConfig: config})
		}
	}
	return out, nil
}

// PreviewRule is what a stack's template says of its preview rule.
type PreviewRule struct {
	// Token of the header; "" in a template from before there were tokens,
	// which has the revision's number.
	Token string
	// Conditions, actions before the last one and transforms are those that the
	// production rule had.
	Conditions []cloud.Condition
	Before     []cloud.Action
	Transforms []cloud.Transform
}

// ReadPreviewRule reads the preview rule in the body of a stack's template; it is
// empty if there is none.
func ReadPreviewRule(body string) PreviewRule {
	var doc struct {
		Resources struct {
			PreviewRule struct{ Properties ruleProperties }
		}
	}
	if json.Unmarshal([]byte(body), &doc) != nil {
		return PreviewRule{}
	}
	var out PreviewRule
	in := doc.Resources.PreviewRule.Properties
	for _, c := range in.Conditions {
		h := c.HTTPHeaderConfig
		if h == nil || !strings.EqualFold(h.HTTPHeaderName, v1alpha1.PreviewHeader) || len(h.Values) != 1 {
			out.Conditions = append(out.Conditions, c.plain())
			continue
		}
		if _, err := strconv.ParseInt(h.Values[0], 10, 64); err != nil {
			out.Token = h.Values[0]
		}
	}
	for i := range max(len(in.Actions)-1, 0) {
		out.Before = append(out.Before, in.Actions[i].plain())
	}
	for _, t := range in.Transforms {
		out.Transforms = append(out.Transforms, t.plain())
	}
	return out
}

// plain is the action that it was made from.
func (a *ruleAction) plain() cloud.Action {
	out := cloud.Action{Type: a.Type}
	if c := a.AuthenticateCognitoConfig; c != nil {
		out.Cognito = &cloud.Cognito{
			UserPoolARN: c.UserPoolArn, UserPoolClientID: c.UserPoolClientID, UserPoolDomain: c.UserPoolDomain,
			SessionCookieName: c.SessionCookieName, Scope: c.Scope, SessionTimeout: c.SessionTimeout,
			OnUnauthenticatedRequest: c.OnUnauthenticatedRequest, ExtraParams: c.AuthenticationRequestExtraParams,
		}
	}
	if c := a.JWTValidationConfig; c != nil {
		out.JWT = &cloud.JWT{Issuer: c.Issuer, JWKSEndpoint: c.JWKSEndpoint}
		for _, claim := range c.AdditionalClaims {
			out.JWT.Claims = append(out.JWT.Claims, cloud.Claim(claim))
		}
	}
	return out
}

// plain is the transform that it was made from.
func (t transform) plain() cloud.Transform {
	out := cloud.Transform{Type: t.Type}
	for _, config := range []*rewriteConfig{t.HostHeaderRewriteConfig, t.URLRewriteConfig} {
		if config == nil {
			continue
		}
		for _, r := range config.Rewrites {
			out.Rewrites = append(out.Rewrites, cloud.Rewrite(r))
		}
	}
	return out
}
