package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

const (
	vpc      = "vpc-0123456789abcdef0"
	subnet   = "subnet-0123456789abcdef"
	sg       = "sg-0123456789abcdef0"
	stack    = "viridian-shop-checkout-1"
	registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout"
	host     = "checkout.example.com"
	// productionPriority is that of the rule that everybody comes by.
	productionPriority = 100
)

// world is a simulated account, and what was made in it.
type world struct {
	t        *testing.T
	sim      *awssim.Sim
	config   aws.Config
	elb      *elb.Client
	listener string
	rule     string
	subject  subject
	// express creates the stack in express mode, hasty deletes it without saying
	// how.
	express, hasty bool
	// before are the actions of the production rule before the last one.
	before []elbtypes.Action
}

// observe runs f in a bubble, and then looks as aws-check does, through a client
// that may change what goes over the wire. To look must only read.
func observe(t *testing.T, wire func(http.RoundTripper) http.RoundTripper, f func(w *world)) (verdicts map[string]verdict, code int, out string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(awssim.Options{})
		defer sim.Close()
		w := &world{t: t, sim: sim, config: awstest.Config(sim)}
		w.elb = elb.NewFromConfig(w.config)
		f(w)
		if wire != nil {
			w.config.HTTPClient = &http.Client{Transport: wire(sim.Transport())}
		}
		sim.ResetCalls()
		var b strings.Builder
		var err error
		code, err = look(t.Context(), &b, w.config, w.subject)
		w.check(err)
		out = b.String()
		for call := range sim.CallCounts() {
			if !strings.Contains(call, ":Describe") && !strings.Contains(call, ":Get") {
				t.Errorf("%s may change something", call)
			}
		}
	})
	verdicts = map[string]verdict{}
	for _, m := range regexp.MustCompile(`(?m)^(agrees|WRONG|unseen) +([a-z-]+): `).FindAllStringSubmatch(out, -1) {
		verdicts[m[2]] = verdict(m[1])
	}
	return verdicts, code, out
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// listen makes a listener with the production rule, which leads nowhere yet.
func (w *world) listen() {
	w.t.Helper()
	w.check(w.sim.CreateCluster("shop"))
	balancer, err := w.elb.CreateLoadBalancer(w.t.Context(), &elb.CreateLoadBalancerInput{
		Name: aws.String("shop"), SecurityGroups: []string{sg}, Subnets: []string{subnet + "0", subnet + "1"},
	})
	w.check(err)
	nowhere := elbtypes.Action{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")}}
	listener, err := w.elb.CreateListener(w.t.Context(), &elb.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(443), Protocol: elbtypes.ProtocolEnumHttps,
		Certificates:   []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111122223333:certificate/0")}},
		DefaultActions: []elbtypes.Action{nowhere},
	})
	w.check(err)
	w.listener = *listener.Listeners[0].ListenerArn
	rule, err := w.elb.CreateRule(w.t.Context(), &elb.CreateRuleInput{
		ListenerArn: &w.listener, Priority: aws.Int32(productionPriority), Actions: w.then(nowhere),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{host}}},
	})
	w.check(err)
	w.rule = *rule.Rules[0].RuleArn
}

// then are the actions of the production rule with its last one.
func (w *world) then(last elbtypes.Action) []elbtypes.Action {
	last.Order = aws.Int32(9)
	return append(slices.Clip(w.before), last)
}

// revision makes the stack of a revision, and has the production rule lead to it.
func (w *world) revision(tag string, priority int, edit ...func(*template.Input)) {
	w.t.Helper()
	w.listen()
	in := template.Input{
		Namespace: "shop", Name: "checkout", UID: "uid", Revision: 1, ListenerARN: w.listener, PreviewToken: "MFRGGZDFMZTWQ2LKNNWG23TPOB",
		Conditions: []cloud.Condition{{Field: "host-header", Values: []string{host}}},
		Template: v1alpha1.RevisionTemplate{
			Containers: []v1alpha1.Container{{
				Name: "app", Image: registry + "@" + w.sim.PutImage("checkout", tag, ""), PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
			}},
			CPU: "256", Memory: "512", ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution", Cluster: "shop",
			Network: v1alpha1.Network{VPCID: vpc, SubnetIDs: []string{subnet + "0", subnet + "1"}, LoadBalancerSecurityGroupIDs: []string{sg}},
			Target:  v1alpha1.Target{ContainerPort: 8080},
		},
	}
	for _, f := range edit {
		f(&in)
	}
	body, err := template.Build(in)
	w.check(err)
	client := cfn.NewFromConfig(w.config)
	request := &cfn.CreateStackInput{
		StackName: aws.String(stack), TemplateBody: &body, OnFailure: cfntypes.OnFailureDoNothing,
		Tags: []cfntypes.Tag{{Key: aws.String("viridian.dev/uid"), Value: aws.String("uid")}},
		Parameters: []cfntypes.Parameter{
			{ParameterKey: aws.String(template.ParamDesiredCount), ParameterValue: aws.String("2")},
			{ParameterKey: aws.String(template.ParamPreviewPriority), ParameterValue: aws.String(strconv.Itoa(priority))},
		},
	}
	if w.express {
		request.OnFailure, request.DeploymentConfig = "", &cfntypes.DeploymentConfig{Mode: cfntypes.DeploymentConfigModeExpress}
	}
	_, err = client.CreateStack(w.t.Context(), request)
	w.check(err)
	time.Sleep(20 * time.Minute)
	w.subject.stack = stack
	w.lead(client)
}

// lead has the production rule forward to the stack, if it could be made.
func (w *world) lead(client *cfn.Client) {
	w.t.Helper()
	made, err := client.DescribeStacks(w.t.Context(), &cfn.DescribeStacksInput{StackName: aws.String(stack)})
	w.check(err)
	for _, o := range made.Stacks[0].Outputs {
		if *o.OutputKey == template.OutputTargetGroup {
			_, err := w.elb.ModifyRule(w.t.Context(), &elb.ModifyRuleInput{
				RuleArn: &w.rule, Actions: w.then(elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: o.OutputValue}),
			})
			w.check(err)
		}
	}
	time.Sleep(time.Minute)
}

// remove deletes the stack, again if that fails at first, and what led to it.
func (w *world) remove() {
	w.t.Helper()
	_, err := w.elb.DeleteRule(w.t.Context(), &elb.DeleteRuleInput{RuleArn: &w.rule})
	w.check(err)
	client := cfn.NewFromConfig(w.config)
	made, err := client.DescribeStacks(w.t.Context(), &cfn.DescribeStacksInput{StackName: aws.String(stack)})
	w.check(err)
	w.subject = subject{deleted: *made.Stacks[0].StackId}
	how := &cfntypes.DeploymentConfig{Mode: cfntypes.DeploymentConfigModeStandard}
	if w.hasty {
		how = nil
	}
	for range 3 {
		_, err := client.DeleteStack(w.t.Context(), &cfn.DeleteStackInput{StackName: &w.subject.deleted, DeploymentConfig: how})
		w.check(err)
		time.Sleep(time.Hour)
	}
}

// use sends a request a second for some minutes.
func (w *world) use(minutes int) {
	w.t.Helper()
	for range minutes * 60 {
		r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "https://"+host+"/", http.NoBody)
		w.sim.Route(w.listener, r)
		time.Sleep(time.Second)
	}
}

// other has half of the requests go to a target that isn't there, of somebody else.
func (w *world) other() {
	w.t.Helper()
	group, err := w.elb.CreateTargetGroup(w.t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("other"), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, TargetType: elbtypes.TargetTypeEnumIp, VpcId: aws.String(vpc),
	})
	w.check(err)
	arn := group.TargetGroups[0].TargetGroupArn
	_, err = w.elb.RegisterTargets(w.t.Context(), &elb.RegisterTargetsInput{
		TargetGroupArn: arn, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.99"), Port: aws.Int32(80)}},
	})
	w.check(err)
	rules, err := w.elb.DescribeRules(w.t.Context(), &elb.DescribeRulesInput{RuleArns: []string{w.rule}})
	w.check(err)
	own := rules.Rules[0].Actions[0].ForwardConfig.TargetGroups[0].TargetGroupArn
	_, err = w.elb.ModifyRule(w.t.Context(), &elb.ModifyRuleInput{RuleArn: &w.rule, Actions: []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
			{TargetGroupArn: own, Weight: aws.Int32(1)}, {TargetGroupArn: arn, Weight: aws.Int32(1)},
		}},
	}}})
	w.check(err)
	time.Sleep(time.Minute)
}

// cognito signs users in: the action of a rule, and of its preview rule.
func cognito() ([]elbtypes.Action, func(*template.Input)) {
	config := cloud.Cognito{
		UserPoolARN: "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_abc", UserPoolClientID: "client", UserPoolDomain: "shop",
		SessionTimeout: 3600,
	}
	action := elbtypes.Action{Type: elbtypes.ActionTypeEnumAuthenticateCognito, Order: aws.Int32(1), AuthenticateCognitoConfig: &elbtypes.AuthenticateCognitoActionConfig{
		UserPoolArn: &config.UserPoolARN, UserPoolClientId: &config.UserPoolClientID, UserPoolDomain: &config.UserPoolDomain,
		SessionTimeout: &config.SessionTimeout,
	}}
	return []elbtypes.Action{action}, func(in *template.Input) { in.Before = []cloud.Action{{Type: "authenticate-cognito", Cognito: &config}} }
}

// otherwise is an account that asks or answers otherwise where a request has a
// text in it: that of an operation, for example.
type otherwise struct {
	next    http.RoundTripper
	request string
	// ask and answer are old and new texts; the first place only is changed in an
	// answer if once is true.
	ask, answer [2]string
	once        bool
	// refuse is the code of an error instead of an answer in XML.
	refuse string
}

func (o otherwise) over(next http.RoundTripper) http.RoundTripper {
	o.next = next
	return o
}

func (o otherwise) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	concerned := strings.Contains(r.URL.Path+r.Header.Get("X-Amz-Target")+string(body), o.request)
	if concerned && o.ask[0] != "" {
		body = bytes.ReplaceAll(body, []byte(o.ask[0]), []byte(o.ask[1]))
	}
	sent := r.Clone(r.Context())
	sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer, err := o.next.RoundTrip(sent)
	if err != nil || !concerned {
		return answer, err
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	switch {
	case o.refuse != "":
		answer.StatusCode = http.StatusBadRequest
		text = []byte(`<ErrorResponse><Error><Type>Sender</Type><Code>` + o.refuse + `</Code><Message>no</Message></Error></ErrorResponse>`)
	case o.once:
		text = bytes.Replace(text, []byte(o.answer[0]), []byte(o.answer[1]), 1)
	case o.answer[0] != "":
		text = bytes.ReplaceAll(text, []byte(o.answer[0]), []byte(o.answer[1]))
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return answer, nil
}

// unreachable has no AWS at its other end.
type unreachable struct{}

func (unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: io.ErrUnexpectedEOF}
}
