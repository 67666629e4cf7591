package controllers_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	simelb "github.com/viridian-dev/viridian/internal/awssim/elb"
)

// secureListener makes a listener that speaks TLS.
func (w *world) secureListener() (arn string) {
	w.t.Helper()
	return w.secureListenerAt(443)
}

func (w *world) secureListenerAt(port int32) (arn string) {
	w.t.Helper()
	out, err := w.others.elb.CreateListener(w.ctx, &elb.CreateListenerInput{
		LoadBalancerArn: aws.String(loadBalancerOf(w.listener)), Protocol: elbtypes.ProtocolEnumHttps, Port: &port,
		Certificates: []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111122223333:certificate/c")}},
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse,
			FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")}}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToString(out.Listeners[0].ListenerArn)
}

// legacy makes what there was before Viridian: a rule that signs users in and
// forwards to a target group.
func (w *world) legacy() (rule string) {
	w.t.Helper()
	return w.legacyBehind(w.secureListener(), oidc())
}

// legacyBehind makes a rule that forwards to a target group what another action
// lets pass.
func (w *world) legacyBehind(listener string, before elbtypes.Action) (rule string) {
	w.t.Helper()
	group := w.others.makeGroup(w, "legacy")
	_, err := w.others.elb.RegisterTargets(w.ctx, &elb.RegisterTargetsInput{TargetGroupArn: &group, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.200")}}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	forward := forward(group)
	forward.Order = aws.Int32(2)
	rule = w.others.makeRule(w, listener, "100", before, forward)
	w.foreign.all = inventory(w.sim.Snapshot(), false)
	return rule
}

// oidc signs users in with a secret that nobody can read.
func oidc() elbtypes.Action {
	return elbtypes.Action{
		Type: elbtypes.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1),
		AuthenticateOidcConfig: &elbtypes.AuthenticateOidcActionConfig{
			Issuer: aws.String("https://id.example.com"), AuthorizationEndpoint: aws.String("https://id.example.com/authorize"),
			TokenEndpoint: aws.String("https://id.example.com/token"), UserInfoEndpoint: aws.String("https://id.example.com/userinfo"),
			ClientId: aws.String("client"), ClientSecret: aws.String("secret"),
		},
	}
}

// loadBalancerOf turns a listener's ARN into its load balancer's.
func loadBalancerOf(listener string) string {
	parts := strings.Split(strings.Replace(listener, ":listener/", ":loadbalancer/", 1), "/")
	return strings.Join(parts[:len(parts)-1], "/")
}

// adopting is a deployment that adopts a rule, whatever that authenticates by.
func (w *world) adopting(rule string) *v1alpha1.ImmutableDeployment {
	imd := w.deployment("1")
	imd.Spec.Traffic.LoadBalancer = v1alpha1.LoadBalancer{RuleARN: rule, Preview: v1alpha1.PreviewNone}
	return imd
}

func TestAdoptedRule(t *testing.T) {
	w := running(t)
	rule := w.legacy()
	before, _ := w.production()
	imd := w.adopting(rule)
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.roll(imd, "2")
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Traffic.OriginalTargetGroupARN).To(gomega.Equal(targetsOf(before)[0].group))
	during, _ := w.production()
	w.Expect(during.Tags).To(gomega.HaveKeyWithValue(v1alpha1.TagUID, string(imd.UID)))
	secret := cmpopts.IgnoreFields(simelb.AuthenticateOidcConfig{}, "UseExistingClientSecret") // how the secret is kept
	if diff := cmp.Diff(before.Actions[:1], during.Actions[:1], secret); diff != "" {
		t.Errorf("Authentication (-before +after):\n%s", diff)
	}
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
	after, _ := w.production()
	if diff := cmp.Diff(before.Conditions, after.Conditions); diff != "" {
		t.Errorf("Conditions (-before +after):\n%s", diff)
	}
	w.Expect(after.Tags).To(gomega.BeEmpty())
	w.did("AddTags", "CreateStack checkout-1",
		"ModifyRule 1:10 legacy:90", "ModifyRule 1:50 legacy:50", "ModifyRule 1:100",
		"CreateStack checkout-2",
		"ModifyRule 1:90 2:10", "ModifyRule 1:50 2:50", "ModifyRule 2:100", "DeleteStack checkout-1",
		"ModifyRule legacy:100", "RemoveTags", "DeleteStack checkout-2")
}

// A bad first revision gives an adopted rule back to where it was.
func TestAdoptedRuleRolledBack(t *testing.T) {
	w := running(t)
	imd := w.adopting(w.legacy())
	imd.Spec.Strategy = canary(forever, 0)
	w.create(imd)
	w.reached(imd, "1/3")
	w.others.spoil(w, w.groupOf("checkout-1"))
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeRolledBack))
	w.removed("checkout-1")
	w.did("AddTags", "CreateStack checkout-1", "ModifyRule 1:10 legacy:90", "ModifyRule legacy:100", "DeleteStack checkout-1")
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}

func TestRuleTakenTwice(t *testing.T) {
	w := running(t)
	rule := w.legacy()
	first := w.adopting(rule)
	w.create(first)
	w.eventually(first, v1alpha1.PhaseComplete)
	effects := w.log.all()
	second := w.adopting(rule)
	second.Name = "intruder"
	w.create(second)
	now := w.blocked(second, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("the ImmutableDeployment " + w.namespace + "/checkout"))
	w.Expect(now.Status.BlockedBy.Remedy).NotTo(gomega.BeEmpty())
	w.Expect(w.client.Delete(w.ctx, second)).To(gomega.Succeed())
	w.gone(second)
	w.did(effects...)
	w.Expect(w.client.Delete(w.ctx, first)).To(gomega.Succeed())
	w.gone(first)
	w.nothingLeft()
}

// What makes a rule unfit to adopt, and the priority of a rule of others.
func TestUnfitRule(t *testing.T) {
	w := running(t)
	for name, c := range map[string]struct {
		make   func(*world, *v1alpha1.LoadBalancer)
		reason string
		says   string
		remedy string
	}{
		"priority of others": {func(_ *world, lb *v1alpha1.LoadBalancer) { lb.Priority = new(int32(200)) }, v1alpha1.ReasonRouteConflict, "belongs to someone else", "ruleARN"},
		"no such listener": {func(_ *world, lb *v1alpha1.LoadBalancer) {
			lb.ListenerARN = strings.Replace(lb.ListenerARN, "/shop/", "/nowhere/", 1)
		}, v1alpha1.ReasonRouteNotFound, "does not exist", "listenerARN"},
		"no such rule": {func(w *world, lb *v1alpha1.LoadBalancer) {
			*lb = v1alpha1.LoadBalancer{RuleARN: strings.Replace(w.listener, ":listener/", ":listener-rule/", 1) + "/0123456789abcdef"}
		}, v1alpha1.ReasonRouteNotFound, "does not exist", "ruleARN"},
		"two target groups": {func(w *world, lb *v1alpha1.LoadBalancer) {
			rule := w.others.makeRule(w, w.listener, "300", forward(w.foreign.group))
			w.others.setRoute(w, rule, map[string]int32{w.foreign.group: 1, w.others.makeGroup(w, "second"): 1})
			*lb = v1alpha1.LoadBalancer{RuleARN: rule}
		}, v1alpha1.ReasonRouteUnsupported, "forwards to 2 target groups", "for others"},
		"a default rule": {func(w *world, lb *v1alpha1.LoadBalancer) {
			*lb = v1alpha1.LoadBalancer{RuleARN: w.defaultRule(w.secureListener())}
		}, v1alpha1.ReasonRouteUnsupported, "is the default rule of its listener", "aws elbv2 create-rule --listener-arn arn:"},
		"a secret that can't be repeated": {func(w *world, lb *v1alpha1.LoadBalancer) {
			forward := forward(w.foreign.group)
			forward.Order = aws.Int32(2)
			*lb = v1alpha1.LoadBalancer{RuleARN: w.others.makeRule(w, w.secureListenerAt(444), "300", oidc(), forward)}
		}, v1alpha1.ReasonRouteUnsupported, "an action authenticate-oidc, which preview rules can't repeat", `-p '{"spec":{"traffic":{"loadBalancer":{"preview":"None"}}}}'`},
		"no target group": {func(w *world, lb *v1alpha1.LoadBalancer) {
			*lb = v1alpha1.LoadBalancer{RuleARN: w.others.makeRule(w, w.listener, "301", elbtypes.Action{
				Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("503")},
			})}
		}, v1alpha1.ReasonRouteUnsupported, "does not forward", "another ruleARN"},
		"no room for previews": {func(w *world, lb *v1alpha1.LoadBalancer) {
			*lb = v1alpha1.LoadBalancer{RuleARN: w.others.makeRule(w, w.listener, "2", forward(w.foreign.group))}
		}, v1alpha1.ReasonRouteUnsupported, "has priority 2", "aws elbv2 set-rule-priorities"},
	} {
		imd := w.deployment("1")
		imd.Name = strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), "'", "")
		c.make(w, &imd.Spec.Traffic.LoadBalancer)
		w.foreign.all = inventory(w.sim.Snapshot(), false)
		w.create(imd)
		now := w.blocked(imd, c.reason)
		w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(c.says))
		w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(c.remedy))
		w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
		w.gone(imd)
	}
	w.did()
}
