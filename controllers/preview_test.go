package controllers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
)

// cognito signs users in.
func cognito() elbtypes.Action {
	return elbtypes.Action{
		Type: elbtypes.ActionTypeEnumAuthenticateCognito, Order: aws.Int32(1),
		AuthenticateCognitoConfig: &elbtypes.AuthenticateCognitoActionConfig{
			UserPoolArn:      aws.String("arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_abc"),
			UserPoolClientId: aws.String("client"), UserPoolDomain: aws.String("shop.auth.eu-west-1.amazoncognito.com"),
			AuthenticationRequestExtraParams: map[string]string{"display": "page"},
		},
	}
}

// ask sends a request to a listener.
func (w *world) ask(listener, path string, headers ...string) dataplane.Response {
	r := httptest.NewRequest(http.MethodGet, "https://host-100.example.com"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.sim.Route(listener, r)
}

// Whoever has no token gets by the preview rule to nothing that the production
// rule, or one before it, keeps from them; who has it has to sign in, too.
func TestPreviewIsNoWayAround(t *testing.T) {
	w := running(t)
	listener := w.secureListener()
	deny := elbtypes.Action{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("403")}}
	_, err := w.others.elb.CreateRule(w.ctx, &elb.CreateRuleInput{
		ListenerArn: &listener, Priority: aws.Int32(97), Actions: []elbtypes.Action{deny},
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/internal/*"}}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	rule := w.legacyBehind(listener, cognito())
	imd := w.adopting(rule)
	imd.Spec.Traffic.LoadBalancer.Preview = v1alpha1.PreviewByHeader
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	token := w.token("checkout-1")
	session := []string{"Cookie", "AWSELBAuthSessionCookie-0=1"}
	preview := append([]string{v1alpha1.PreviewHeader, token}, session...)
	w.Expect(w.ask(listener, "/", v1alpha1.PreviewHeader, token).Status).To(gomega.Equal(http.StatusFound))
	w.Expect(w.ask(listener, "/internal/admin", preview...).Status).To(gomega.Equal(http.StatusForbidden))
	w.Expect(w.ask(listener, "/", preview...).TargetGroupARN).To(gomega.Equal(w.groupOf("checkout-1")))
	for _, guess := range []string{"", "1", "0", "*", "checkout-1"} {
		w.Expect(w.ask(listener, "/", v1alpha1.PreviewHeader, guess).Status).To(gomega.Equal(http.StatusFound), guess)
		w.Expect(w.ask(listener, "/internal/admin", v1alpha1.PreviewHeader, guess).Status).To(gomega.Equal(http.StatusForbidden), guess)
	}
	// What is told of a rollout doesn't tell the token.
	for _, text := range append(w.events(imd), w.explain()) {
		status := "value: " + token
		w.Expect(strings.ReplaceAll(text, status, "")).NotTo(gomega.ContainSubstring(token))
	}
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}

// token is the value of the header by which a revision is found, as status tells
// it to whoever may read the deployment.
func (w *world) token(revision string) string {
	w.t.Helper()
	imr := w.revision(revision)
	w.Expect(imr.Spec.Frozen.PreviewToken).To(gomega.MatchRegexp("^[A-Z2-7]{26}$"))
	w.Expect(imr.Spec.Frozen.TemplateBody).To(gomega.ContainSubstring(imr.Spec.Frozen.PreviewToken))
	return imr.Spec.Frozen.PreviewToken
}

// defaultRule is that of a listener.
func (w *world) defaultRule(listener string) (arn string) {
	w.t.Helper()
	out, err := w.others.elb.DescribeRules(w.ctx, &elb.DescribeRulesInput{ListenerArn: &listener})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	for _, rule := range out.Rules {
		if aws.ToBool(rule.IsDefault) {
			arn = aws.ToString(rule.RuleArn)
		}
	}
	return arn
}

// priorityOf is that of a rule.
func (w *world) priorityOf(arn string) (priority int) {
	w.t.Helper()
	out, err := w.others.elb.DescribeRules(w.ctx, &elb.DescribeRulesInput{RuleArns: []string{arn}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	_, err = fmt.Sscan(aws.ToString(out.Rules[0].Priority), &priority)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return priority
}

// The preview rule comes right before the production rule, and never before a rule
// of others that may match the same requests, unless people allow it.
func TestPreviewComesRightBefore(t *testing.T) {
	w := running(t)
	deny := elbtypes.Action{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("403")}}
	between, err := w.others.elb.CreateRule(w.ctx, &elb.CreateRuleInput{
		ListenerArn: &w.listener, Priority: aws.Int32(99), Actions: []elbtypes.Action{deny},
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/internal/*"}}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.foreign.all = inventory(w.sim.Snapshot(), false)
	imd := w.deployment("1")
	w.create(imd)
	now := w.until(imd, "no priority", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return strings.Contains(readyMessage(&v1alpha1.ImmutableDeployment{Status: s}), "the preview rule would come before that")
	})
	w.did()
	w.Expect(readyMessage(now)).To(gomega.ContainSubstring(aws.ToString(between.Rules[0].RuleArn)))
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Traffic.LoadBalancer.PreviewPriorities.First = new(int32(1))
	})
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.priorityOf(w.revision("checkout-1").Status.Outputs.PreviewRuleARN)).To(gomega.And(gomega.BeNumerically(">=", 91), gomega.BeNumerically("<", 99)))
}

// Without previews a rule can be adopted that no other rule can repeat. Nobody
// reaches the revision by its token then, and no gate is told that it could.
func TestWithoutPreviews(t *testing.T) {
	w := running(t)
	listener := w.secureListener()
	imd := w.adopting(w.legacyBehind(listener, oidc()))
	w.function(`{"hookStatus": "SUCCEEDED"}`)
	gated(smokeAt(v1alpha1.BeforeTraffic))(&imd.Spec)
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Preview).To(gomega.BeNil())
	w.Expect(w.priorityOf(w.revision("checkout-1").Status.Outputs.PreviewRuleARN)).To(gomega.BeNumerically(">", 100))
	w.Expect(w.ask(listener, "/", v1alpha1.PreviewHeader, w.token("checkout-1")).Status).To(gomega.Equal(http.StatusFound))
	for _, q := range w.asked() {
		w.Expect(q.Preview).To(gomega.BeNil())
	}
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}

// A rule of which the authentication was changed leaves a preview rule behind that
// is a way past it. That is told, and the next revision's does as the rule does.
func TestAuthenticationAddedLater(t *testing.T) {
	w := running(t)
	listener := w.secureListener()
	rule := w.legacyBehind(listener, cognito())
	imd := w.adopting(rule)
	imd.Spec.Traffic.LoadBalancer.Preview = ""
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	stricter, out := cognito(), w.actionsOf(rule)
	stricter.AuthenticateCognitoConfig.OnUnauthenticatedRequest = elbtypes.AuthenticateCognitoActionConditionalBehaviorEnumDeny
	_, err := w.others.elb.ModifyRule(w.ctx, &elb.ModifyRuleInput{RuleArn: &rule, Actions: []elbtypes.Action{stricter, out[1]}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	drifted := func(s v1alpha1.ImmutableDeploymentStatus) bool {
		c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionDrifted)
		return c != nil && c.Status == metav1.ConditionTrue && strings.Contains(c.Message, "does not authenticate or rewrite requests as the production rule does")
	}
	w.until(imd, "Drifted", drifted)
	w.roll(imd, "2")
	now := w.until(imd, "checkout-2", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == "checkout-2"
	})
	w.Expect(drifted(now.Status)).To(gomega.BeFalse())
	w.Expect(now.Status.Preview).To(gomega.Equal(&v1alpha1.PreviewStatus{
		Revision: "checkout-2", Host: "host-100.example.com", Header: "x-viridian-revision", Value: w.token("checkout-2"),
	}))
	w.Expect(w.ask(listener, "/", now.Status.Preview.Header, now.Status.Preview.Value).Status).To(gomega.Equal(http.StatusUnauthorized))
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.foreign.all = inventory(w.sim.Snapshot(), false)
}

// actionsOf are a rule's.
func (w *world) actionsOf(rule string) []elbtypes.Action {
	w.t.Helper()
	out, err := w.others.elb.DescribeRules(w.ctx, &elb.DescribeRulesInput{RuleArns: []string{rule}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return out.Rules[0].Actions
}

// A rule as a deployment of CodeDeploy or ECS leaves it, with a target group of
// weight 0, is adopted, and given back as it was.
func TestPairIsGivenBack(t *testing.T) {
	w := running(t)
	blue, green := w.others.makeGroup(w, "blue"), w.others.makeGroup(w, "green")
	_, err := w.others.elb.RegisterTargets(w.ctx, &elb.RegisterTargetsInput{TargetGroupArn: &blue, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.200")}}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	rule := w.others.makeRule(w, w.listener, "100", forward(blue))
	w.others.setRoute(w, rule, map[string]int32{blue: 100, green: 0})
	w.foreign.all = inventory(w.sim.Snapshot(), false)
	before, _ := w.production()
	imd := w.adopting(rule)
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Traffic.OriginalTargetGroupARN).To(gomega.Equal(blue))
	w.Expect(now.Status.Traffic.OriginalIdleTargetGroupARNs).To(gomega.Equal([]string{green}))
	during, _ := w.production()
	w.Expect(targetsOf(during)).To(gomega.HaveLen(1))
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
	after, _ := w.production()
	w.Expect(targetsOf(after)).To(gomega.ConsistOf(targetsOf(before)))
	w.Expect(after.Tags).To(gomega.BeEmpty())
	w.foreign.all = inventory(w.sim.Snapshot(), false) // their order is another
}
