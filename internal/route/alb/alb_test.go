package alb

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/cloud"
	awscloud "github.com/viridian-dev/viridian/internal/cloud/aws"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/template"
)

const token = "MFRGGZDFMZTWQ2LKNNWG23TPOB"

// world is a simulated account with a listener that speaks TLS.
type world struct {
	t        *testing.T
	sim      *awssim.Sim
	elb      *elb.Client
	clients  cloud.Clients
	listener string
}

// bubble runs f in virtual time.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(awssim.Options{})
		defer sim.Close()
		client := &http.Client{Transport: sim.Transport()}
		p, err := awscloud.NewProvider(t.Context(), awscloud.Options{Region: "eu-west-1", HTTPClient: client,
			StaticCredentials: &awscloud.StaticCredentials{AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "secret"}})
		check(t, err)
		clients, err := p.For(t.Context(), cloud.Identity{})
		check(t, err)
		w := &world{t: t, sim: sim, clients: clients, elb: elb.New(elb.Options{Region: "eu-west-1", HTTPClient: client,
			Credentials: credentials.NewStaticCredentialsProvider("AKIATESTTESTTESTTEST", "secret", "")})}
		w.listen()
		f(t, w)
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen makes the listener; its default rule forwards to a target group.
func (w *world) listen() {
	w.t.Helper()
	balancer, err := w.elb.CreateLoadBalancer(w.t.Context(), &elb.CreateLoadBalancerInput{Name: new("tls"), SecurityGroups: []string{"sg-0123456789abcdef0"}, Subnets: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}})
	check(w.t, err)
	listener, err := w.elb.CreateListener(w.t.Context(), &elb.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Port: new(int32(443)), Protocol: types.ProtocolEnumHttps,
		Certificates:   []types.Certificate{{CertificateArn: new("arn:aws:acm:eu-west-1:111122223333:certificate/0")}},
		DefaultActions: []types.Action{w.forward(w.group("default"))},
	})
	check(w.t, err)
	w.listener = awssdk.ToString(listener.Listeners[0].ListenerArn)
}

func (w *world) group(name string) string {
	w.t.Helper()
	out, err := w.elb.CreateTargetGroup(w.t.Context(), &elb.CreateTargetGroupInput{Name: &name, Port: new(int32(8080)),
		Protocol: types.ProtocolEnumHttp, TargetType: types.TargetTypeEnumIp, VpcId: new("vpc-0123456789abcdef0")})
	check(w.t, err)
	return awssdk.ToString(out.TargetGroups[0].TargetGroupArn)
}

func (*world) forward(group string) types.Action {
	return types.Action{Type: types.ActionTypeEnumForward, TargetGroupArn: &group, Order: new(int32(9))}
}

// rule makes one for checkout.example.com.
func (w *world) rule(priority int32, transforms []types.RuleTransform, actions ...types.Action) string {
	w.t.Helper()
	out, err := w.elb.CreateRule(w.t.Context(), &elb.CreateRuleInput{ListenerArn: &w.listener, Priority: &priority, Actions: actions, Transforms: transforms,
		Conditions: []types.RuleCondition{{Field: new("host-header"), Values: []string{"checkout.example.com"}}}})
	check(w.t, err)
	return awssdk.ToString(out.Rules[0].RuleArn)
}

// adopting is a deployment that adopts a rule.
func (w *world) adopting(rule string) *v1alpha1.ImmutableDeployment {
	imd := &v1alpha1.ImmutableDeployment{}
	imd.Namespace, imd.Name, imd.UID = "shop", "checkout", "uid"
	imd.Spec.Traffic.LoadBalancer.RuleARN = rule
	return imd
}

// router observes a deployment's rule.
func (w *world) router(imd *v1alpha1.ImmutableDeployment) (*router, route.Observed) {
	w.t.Helper()
	of := route.Deployment{ImmutableDeployment: imd, Clients: w.clients, Claim: &ownership.Claim{Namespace: imd.Namespace, Name: imd.Name, UID: string(imd.UID)}}
	r := Kind{}.Router(of).(*router)
	seen, err := r.Observe(w.t.Context(), route.Before{})
	check(w.t, err)
	return r, seen
}

// cognito signs users in.
func cognito() types.Action {
	return types.Action{Type: types.ActionTypeEnumAuthenticateCognito, Order: new(int32(1)), AuthenticateCognitoConfig: &types.AuthenticateCognitoActionConfig{
		UserPoolArn: new("arn:aws:cognito-idp:eu-west-1:111122223333:userpool/a"), UserPoolClientId: new("client"), UserPoolDomain: new("shop"),
		SessionTimeout: new(int64(3600)), AuthenticationRequestExtraParams: map[string]string{"display": "page"}}}
}

func jwt() types.Action {
	return types.Action{Type: types.ActionTypeEnumJwtValidation, Order: new(int32(2)), JwtValidationConfig: &types.JwtValidationActionConfig{
		Issuer: new("https://id.example.com"), JwksEndpoint: new("https://id.example.com/jwks"),
		AdditionalClaims: []types.JwtValidationActionAdditionalClaim{{Format: "single-string", Name: new("team"), Values: []string{"shop"}}}}}
}

func oidc() types.Action {
	return types.Action{Type: types.ActionTypeEnumAuthenticateOidc, Order: new(int32(1)), AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{
		Issuer: new("https://id.example.com"), AuthorizationEndpoint: new("https://id.example.com/a"), TokenEndpoint: new("https://id.example.com/t"),
		UserInfoEndpoint: new("https://id.example.com/u"), ClientId: new("client"), ClientSecret: new("secret")}}
}

// rewrites are one transform of each type.
func rewrites() []types.RuleTransform {
	return []types.RuleTransform{
		{Type: types.TransformTypeEnumHostHeaderRewrite, HostHeaderRewriteConfig: &types.HostHeaderRewriteConfig{
			Rewrites: []types.RewriteConfig{{Regex: new("^(.+)\\.example\\.com$"), Replace: new("$1.internal")}}}},
		{Type: types.TransformTypeEnumUrlRewrite, UrlRewriteConfig: &types.UrlRewriteConfig{
			Rewrites: []types.RewriteConfig{{Regex: new("^/shop/(.*)$"), Replace: new("/$1")}}}},
	}
}

// revision freezes a revision, and makes its stack.
func (w *world) revision(r *router) *v1alpha1.ImmutableRevision {
	w.t.Helper()
	in := template.Input{Namespace: "shop", Name: "checkout", UID: "uid", Revision: 1, PreviewToken: token, Template: v1alpha1.RevisionTemplate{
		CPU: "256", Memory: "512", ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
		Containers: []v1alpha1.Container{{Name: "app", Image: "checkout:1", PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}}}},
		Network:    v1alpha1.Network{VPCID: "vpc-0123456789abcdef0", SubnetIDs: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}, LoadBalancerSecurityGroupIDs: []string{"sg-0123456789abcdef0"}},
		Target:     v1alpha1.Target{ContainerPort: 8080, HealthCheck: v1alpha1.TargetHealthCheck{Path: "/"}}}}
	imr := &v1alpha1.ImmutableRevision{}
	imr.Name, imr.Spec.Revision, imr.Spec.Frozen.PreviewToken = "checkout-1", 1, token
	check(w.t, r.Freeze(&in))
	r.Keep(&imr.Spec.Frozen)
	body, err := template.Build(in)
	check(w.t, err)
	imr.Spec.Frozen.TemplateBody = body
	return imr
}

// backend works with the revision of a deployment.
func (w *world) backend(imr *v1alpha1.ImmutableRevision, imd *v1alpha1.ImmutableDeployment, claimed ...int32) *backend {
	return &backend{route.Revision{ImmutableRevision: imr, OwnerUID: "uid", Owner: imd, Clients: w.clients,
		Claimed: func(context.Context) ([]int32, error) { return claimed, nil }}}
}

// create makes the revision's stack.
func (w *world) create(imr *v1alpha1.ImmutableRevision, imd *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	parameters, err := w.backend(imr, imd).Parameters(w.t.Context())
	check(w.t, err)
	parameters[template.ParamDesiredCount] = "1"
	id, err := w.clients.Stacks.Create(w.t.Context(), cloud.CreateStack{Name: "viridian-shop-checkout-1", TemplateBody: imr.Spec.Frozen.TemplateBody, Parameters: parameters, Token: "1"})
	check(w.t, err)
	for range 1000 {
		s, err := w.clients.Stacks.Describe(w.t.Context(), id)
		check(w.t, err)
		if s.Status == cloud.StackCreateComplete {
			source, err := template.SourceOf(&v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{}}})
			check(w.t, err)
			imr.Status.Outputs = source.Outputs(s.Outputs)
			return
		}
		if !strings.HasSuffix(string(s.Status), "_IN_PROGRESS") {
			events, _ := w.clients.Stacks.FailureEvents(w.t.Context(), id)
			w.t.Fatalf("the stack is %s: %+v", s.Status, events)
		}
		later := time.NewTimer(10 * time.Second)
		<-later.C
	}
	w.t.Fatal("the stack isn't there")
}

// The preview rule does with requests what the production rule does: it is made by
// CloudFormation as that is read, so that it is no way past it, and is told when
// that changes.
func TestPreviewRuleRepeatsTheProductionRule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		rule := w.rule(100, rewrites(), cognito(), jwt(), w.forward(w.group("legacy")))
		imd := w.adopting(rule)
		r, seen := w.router(imd)
		if seen.Blocked != nil {
			t.Fatal(seen.Blocked)
		}
		imr := w.revision(r)
		w.create(imr, imd)
		r, _ = w.router(imd)
		if got := r.Tampered(imr.Status.Outputs); got != "" {
			t.Error(got)
		}
		preview := find(r.rules, imr.Status.Outputs.PreviewRuleARN)
		if preview == nil || len(preview.Before) != 2 || len(preview.Transforms) != 2 || preview.Priority >= 100 || preview.Priority < 92 {
			t.Fatalf("the preview rule is %+v", preview)
		}
		want := v1alpha1.PreviewStatus{Revision: "checkout-1", Host: "checkout.example.com", Header: "x-viridian-revision", Value: token}
		if got := r.Preview(imr); got == nil || *got != want {
			t.Errorf("the preview is %+v, want %+v", got, want)
		}
		_, err := w.elb.ModifyRule(t.Context(), &elb.ModifyRuleInput{RuleArn: &rule, ResetTransforms: new(true)})
		check(t, err)
		r, _ = w.router(imd)
		if got := r.Tampered(imr.Status.Outputs); got != previewRuleDiffers {
			t.Errorf("after the transforms were taken away: %q", got)
		}
		// Its stack, made again, is out of reach: its rule would do something else.
		priority, err := w.backend(imr, imd).previewPriority(t.Context())
		if err != nil || priority <= 100 {
			t.Errorf("a stack made again gets the priority %d, %v", priority, err)
		}
		// So is one that the production rule comes before by now.
		_, err = w.elb.SetRulePriorities(t.Context(), &elb.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{{RuleArn: &rule, Priority: new(int32(50))}}})
		check(t, err)
		if r, _ = w.router(imd); r.Preview(imr) != nil || r.Tampered(imr.Status.Outputs) != "" {
			t.Errorf("behind the production rule: %+v, %q", r.Preview(imr), r.Tampered(imr.Status.Outputs))
		}
	})
}

// What can't be adopted is refused before anything is made, with a way out.
func TestUnsuitable(t *testing.T) {
	for name, c := range map[string]struct {
		make         func(w *world) string
		says, remedy string
		without      bool // previews
	}{
		"a default rule": {func(w *world) string {
			w.rule(41_000, nil, w.forward(w.group("a")))
			rules, _ := w.clients.Traffic.Rules(w.t.Context(), w.listener)
			return rules[len(rules)-1].ARN
		}, "is the default rule of its listener", "--priority 41001 --conditions Field=path-pattern,Values='/*' --actions \"$(aws elbv2 describe-rules --rule-arns arn:", true},
		"a secret that nobody can read": {func(w *world) string { return w.rule(100, nil, oidc(), w.forward(w.group("a"))) },
			"authenticate-oidc, which preview rules can't repeat, since nobody can read its client secret", `"preview":"None"`, false},
		"the same without previews": {func(w *world) string { return w.rule(100, nil, oidc(), w.forward(w.group("a"))) }, "", "", true},
		"priority 2":                {func(w *world) string { return w.rule(2, nil, w.forward(w.group("a"))) }, "has priority 2", "set-rule-priorities", false},
		"priority 2, no previews":   {func(w *world) string { return w.rule(2, nil, w.forward(w.group("a"))) }, "", "", true},
		"in the middle of a shift":  {func(w *world) string { return w.rule(100, nil, w.pair(90, 10)) }, "forwards to 2 target groups", "wait until that is over", false},
		"after a shift":             {func(w *world) string { return w.rule(100, nil, w.pair(100, 0)) }, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				imd := w.adopting(c.make(w))
				if c.without {
					imd.Spec.Traffic.LoadBalancer.Preview = v1alpha1.PreviewNone
				}
				switch _, seen := w.router(imd); {
				case c.says == "" && seen.Blocked != nil:
					t.Errorf("blocked by %+v", seen.Blocked)
				case c.says == "":
				case seen.Blocked == nil || !strings.Contains(seen.Blocked.Message, c.says) || !strings.Contains(seen.Blocked.Remedy, c.remedy):
					t.Errorf("blocked by %+v", seen.Blocked)
				}
			})
		})
	}
}

// pair forwards as deployments of CodeDeploy and ECS do.
func (w *world) pair(blue, green int32) types.Action {
	a := w.forward("")
	a.TargetGroupArn = nil
	a.ForwardConfig = &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{
		{TargetGroupArn: new(w.group("blue")), Weight: &blue}, {TargetGroupArn: new(w.group("green")), Weight: &green}}}
	return a
}

// An adopted rule gets back the target groups that it listed with weight 0, if they
// are still there, whatever is remembered in status: the rule is marked with them.
func TestIdleTargetGroupsComeBack(t *testing.T) {
	for name, deleted := range map[string]bool{"both there": false, "one deleted": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				rule, mine := w.rule(100, nil, w.pair(100, 0)), w.group("mine")
				r, seen := w.router(w.adopting(rule))
				blue, green := seen.Route.Targets[0].Backend, seen.Route.Targets[1].Backend
				o := &rollout.Observation{Route: seen.Route, Progress: rollout.Progress{Original: blue, OriginalIdle: []string{green}}}
				check(t, r.Apply(t.Context(), o, rollout.Action{Kind: rollout.ActionClaimRule}))
				check(t, r.Apply(t.Context(), o, rollout.Action{Kind: rollout.ActionSetTargets, Targets: rollout.Targets{{Backend: blue, Weight: 90}, {Backend: mine, Weight: 10}}}))
				if r, seen = w.router(w.adopting(rule)); len(seen.Route.Targets) != 2 || len(seen.Route.OriginalIdle) != 1 || seen.Route.OriginalIdle[0] != green {
					t.Fatalf("the rule is %+v", seen.Route)
				}
				if deleted {
					_, err := w.elb.DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &green})
					check(t, err)
				}
				forgot := &rollout.Observation{Route: seen.Route}
				check(t, r.Apply(t.Context(), forgot, rollout.Action{Kind: rollout.ActionSetTargets, Targets: rollout.Targets{{Backend: blue, Weight: 100}}}))
				_, seen = w.router(w.adopting(rule))
				if got := seen.Route.Targets; len(got) != 2 != deleted || got[0] != (rollout.Target{Backend: blue, Weight: 100}) {
					t.Errorf("the rule is %+v", got)
				}
			})
		})
	}
}

// Four long names fit into a tag.
func TestShorten(t *testing.T) {
	const head = "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:111122223333:targetgroup/"
	var groups []string
	for _, letter := range []string{"a", "b", "c", "d"} {
		groups = append(groups, head+strings.Repeat(letter, 32)+"/0123456789abcdef")
	}
	tag := shorten(groups)
	if back := lengthen(tag, head+"blue/0"); len(tag) > 256 || strings.Join(back, " ") != strings.Join(groups, " ") {
		t.Errorf("%d characters: %q", len(tag), back)
	}
	if back := lengthen(tag, ""); back != nil {
		t.Errorf("without an original: %q", back)
	}
}
