package elb

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Providers lists the CloudFormation resource types.
func (s *Service) Providers() []core.Provider {
	return []core.Provider{
		&provider{
			s: s, kind: "AWS::ElasticLoadBalancingV2::TargetGroup", schema: targetGroupSchema(),
			create: s.createGroupResource, remove: func(arn string) error {
				_, err := s.deleteTargetGroup(deleteTargetGroupInput{arn})
				return err
			},
		},
		&provider{
			s: s, kind: "AWS::ElasticLoadBalancingV2::ListenerRule", schema: ruleSchema(),
			create: s.createRuleResource, remove: func(arn string) error {
				_, err := s.deleteRule(deleteRuleInput{arn})
				return err
			},
		},
	}
}

// provider is a resource type that is created and deleted in a single call.
type provider struct {
	s      *Service
	kind   string
	schema core.Schema
	create func(core.StackRef, map[string]any) (core.Created, error)
	remove func(arn string) error
}

func (p *provider) Type() string { return p.kind }

func (p *provider) Validate(properties map[string]any) error { return p.schema.Validate(properties) }

func (p *provider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	if err := checkTagText(stackTags(ref)); err != nil {
		done(core.Created{}, p.s.handlerError(err))
		return
	}
	if err := p.schema.CheckSimulated(properties); err != nil {
		done(core.Created{}, err)
		return
	}
	created, err := p.create(ref, properties)
	done(created, p.s.handlerError(err))
}

// Deleting what is in use is tried again a few times, for a rule that the same
// stack or somebody else is just deleting.
const (
	deleteAttempts = 5
	deletePause    = 15 * time.Second
)

func (p *provider) Delete(_ core.StackRef, physicalID string, done func(error)) {
	p.tryDelete(physicalID, 1, done)
}

func (p *provider) tryDelete(arn string, attempt int, done func(error)) {
	if arn == "" {
		done(nil)
		return
	}
	err := p.remove(arn)
	switch code := errorCode(err); {
	case strings.HasSuffix(code, "NotFound"):
		done(nil)
	case code == "ResourceInUse" && attempt < deleteAttempts:
		p.s.world.After(deletePause, func() { p.tryDelete(arn, attempt+1, done) })
	default:
		done(p.s.handlerError(err))
	}
}

func errorCode(err error) string {
	var refused *core.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// handlerError adds to a refusal what the resource handlers tell of the call.
func (s *Service) handlerError(err error) error {
	var refused *core.APIError
	if !errors.As(err, &refused) {
		return err
	}
	return &core.APIError{Status: refused.Status, Code: refused.Code, Message: fmt.Sprintf(
		"%s (Service: ElasticLoadBalancingV2, Status Code: %d, Request ID: %s)", refused.Message, refused.Status, s.world.UUID())}
}

// stackTags are the stack's tags in this service's type.
func stackTags(ref core.StackRef) []Tag {
	tags := make([]Tag, len(ref.Tags))
	for i, t := range ref.Tags {
		tags[i] = Tag(t)
	}
	return tags
}

type targetGroupProperties struct {
	createTargetGroupInput
	TargetGroupAttributes []Tag
	Targets               []targetID
}

func (s *Service) createGroupResource(ref core.StackRef, properties map[string]any) (core.Created, error) {
	var in targetGroupProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	if in.Name == "" {
		in.Name = s.generatedName(ref)
	}
	if s.groupNamed(in.Name) != nil {
		return core.Created{}, core.Errorf("AlreadyExists",
			"Resource of type 'AWS::ElasticLoadBalancingV2::TargetGroup' with identifier '%s' already exists.", in.Name)
	}
	attributes, err := withAttributes(defaultAttributes(), in.TargetGroupAttributes)
	if err != nil {
		return core.Created{}, err
	}
	g, err := s.addTargetGroup(in.createTargetGroupInput)
	if err != nil {
		return core.Created{}, err
	}
	g.tags = mergeTags(stackTags(ref), g.tags)
	g.attributes = attributes
	created := core.Created{PhysicalID: g.arn, Attributes: map[string]any{
		"TargetGroupArn":      g.arn,
		"TargetGroupName":     g.settings.Name,
		"TargetGroupFullName": g.arn[strings.Index(g.arn, "targetgroup/"):],
		"LoadBalancerArns":    []any{},
	}}
	if len(in.Targets) > 0 {
		_, err = s.registerTargets(targetsInput{TargetGroupArn: g.arn, Targets: in.Targets})
	}
	return created, err
}

// generatedName is like CloudFormation's: beginnings of the stack's and the
// resource's name and something unique, 32 characters at most.
func (s *Service) generatedName(ref core.StackRef) string {
	head := func(text string, n int) string { return text[:min(len(text), n)] }
	return head(strings.Trim(ref.StackName, "-"), 7) + "-" + head(ref.LogicalID, 5) + "-" + strings.ToUpper(s.world.HexID(12))
}

func (s *Service) createRuleResource(ref core.StackRef, properties map[string]any) (core.Created, error) {
	var in createRuleInput
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	r, err := s.addRule(in)
	if err != nil {
		return core.Created{}, err
	}
	r.tags = mergeTags(stackTags(ref), r.tags)
	return core.Created{PhysicalID: r.RuleArn, Attributes: map[string]any{"RuleArn": r.RuleArn, "IsDefault": false}}, nil
}

func targetGroupSchema() core.Schema {
	text, number := core.String(), core.Int()
	return core.Object(map[string]core.Schema{
		"Name": text, "Protocol": core.String("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"),
		"ProtocolVersion": text, "Port": number, "VpcId": text,
		"TargetType": core.String("instance", "ip", "lambda", "alb"), "IpAddressType": core.String("ipv4", "ipv6"),
		"HealthCheckEnabled": core.Bool(), "HealthCheckPath": text, "HealthCheckPort": text,
		"HealthCheckProtocol":        core.String("HTTP", "HTTPS", "TCP", "TCP_UDP", "TLS", "UDP"),
		"HealthCheckIntervalSeconds": number, "HealthCheckTimeoutSeconds": number,
		"HealthyThresholdCount": number, "UnhealthyThresholdCount": number,
		"Matcher":               core.Object(map[string]core.Schema{"HttpCode": text, "GrpcCode": text}),
		"TargetGroupAttributes": core.ListOf(core.Object(map[string]core.Schema{"Key": text, "Value": text})),
		"Targets": core.ListOf(core.Object(map[string]core.Schema{
			"Id": core.Must(text), "Port": number, "AvailabilityZone": text,
		}).With("QuicServerId")),
		"Tags": core.TagList(),
	}).With("TargetControlPort")
}

func ruleSchema() core.Schema {
	text, number := core.String(), core.Int()
	values := core.Object(map[string]core.Schema{"Values": core.ListOf(text)})
	patterns := core.Object(map[string]core.Schema{"Values": core.ListOf(text), "RegexValues": core.ListOf(text)})
	condition := core.Object(map[string]core.Schema{
		"Field": text, "Values": core.ListOf(text),
		"HostHeaderConfig": patterns, "PathPatternConfig": patterns, "HttpRequestMethodConfig": values, "SourceIpConfig": values,
		"HttpHeaderConfig": core.Object(map[string]core.Schema{"HttpHeaderName": text, "Values": core.ListOf(text), "RegexValues": core.ListOf(text)}),
		"QueryStringConfig": core.Object(map[string]core.Schema{
			"Values": core.ListOf(core.Object(map[string]core.Schema{"Key": text, "Value": text})),
		}),
	})
	return core.Object(map[string]core.Schema{
		"ListenerArn": text, "Priority": core.Must(number), "Tags": core.TagList(),
		"Conditions": core.Must(core.ListOf(condition)), "Actions": core.Must(core.ListOf(actionSchema())),
		"Transforms": core.ListOf(transformSchema()),
	})
}

func transformSchema() core.Schema {
	rewrites := core.Object(map[string]core.Schema{"Rewrites": core.Must(core.ListOf(core.Object(map[string]core.Schema{
		"Regex": core.Must(core.String()), "Replace": core.Must(core.String()),
	})))})
	return core.Object(map[string]core.Schema{
		"Type": core.Must(core.String()), "HostHeaderRewriteConfig": rewrites, "UrlRewriteConfig": rewrites,
	})
}

func actionSchema() core.Schema {
	text, number, flag := core.String(), core.Int(), core.Bool()
	// The first ones are required, as in the API.
	fields := func(required int, names ...string) map[string]core.Schema {
		m := map[string]core.Schema{}
		for i, name := range names {
			m[name] = text
			if i < required {
				m[name] = core.Must(text)
			}
		}
		return m
	}
	oidc := fields(5, "Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId", "ClientSecret",
		"SessionCookieName", "Scope", "OnUnauthenticatedRequest")
	oidc["SessionTimeout"], oidc["UseExistingClientSecret"] = number, flag
	oidc["AuthenticationRequestExtraParams"] = core.MapOf(text)
	cognito := fields(3, "UserPoolArn", "UserPoolClientId", "UserPoolDomain", "SessionCookieName", "Scope", "OnUnauthenticatedRequest")
	cognito["SessionTimeout"], cognito["AuthenticationRequestExtraParams"] = number, core.MapOf(text)
	claim := core.Object(map[string]core.Schema{
		"Format": core.Must(core.String(claimFormats...)), "Name": core.Must(text), "Values": core.Must(core.ListOf(text)),
	})
	return core.Object(map[string]core.Schema{
		"Type": core.Must(text), "Order": number, "TargetGroupArn": text,
		"ForwardConfig": core.Object(map[string]core.Schema{
			"TargetGroups": core.ListOf(core.Object(map[string]core.Schema{"TargetGroupArn": text, "Weight": number})),
			"TargetGroupStickinessConfig": core.Object(map[string]core.Schema{
				"Enabled": flag, "DurationSeconds": number,
			}),
		}),
		"RedirectConfig":            core.Object(fields(1, "StatusCode", "Protocol", "Port", "Host", "Path", "Query")),
		"FixedResponseConfig":       core.Object(fields(1, "StatusCode", "MessageBody", "ContentType")),
		"AuthenticateOidcConfig":    core.Object(oidc),
		"AuthenticateCognitoConfig": core.Object(cognito),
		"JwtValidationConfig": core.Object(map[string]core.Schema{
			"Issuer": core.Must(text), "JwksEndpoint": core.Must(text), "AdditionalClaims": core.ListOf(claim),
		}),
	})
}
