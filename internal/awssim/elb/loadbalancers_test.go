package elb_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
)

// noGroup is the ARN of a target group that doesn't exist.
const noGroup = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/none/0123456789abcdef"

type (
	lbInput       = elasticloadbalancingv2.CreateLoadBalancerInput
	listenerInput = elasticloadbalancingv2.CreateListenerInput
)

// client makes load balancers and listeners.
type client struct {
	*elasticloadbalancingv2.Client
	t *testing.T
}

func newClient(t *testing.T, config aws.Config) client {
	t.Helper()
	return client{elasticloadbalancingv2.NewFromConfig(config), t}
}

func (c client) balancer(edit ...func(*lbInput)) (types.LoadBalancer, error) {
	c.t.Helper()
	in := &lbInput{Name: aws.String("shop"), Subnets: []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"}}
	for _, f := range edit {
		f(in)
	}
	out, err := c.CreateLoadBalancer(c.t.Context(), in)
	if err != nil {
		return types.LoadBalancer{}, err
	}
	return out.LoadBalancers[0], nil
}

func (c client) listener(lb types.LoadBalancer, edit ...func(*listenerInput)) (types.Listener, error) {
	c.t.Helper()
	in := &listenerInput{LoadBalancerArn: lb.LoadBalancerArn, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), DefaultActions: []types.Action{{
		Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("204")},
	}}}
	for _, f := range edit {
		f(in)
	}
	out, err := c.CreateListener(c.t.Context(), in)
	if err != nil {
		return types.Listener{}, err
	}
	return out.Listeners[0], nil
}

func named(name string) func(*lbInput) { return func(in *lbInput) { in.Name = &name } }

// place is a load balancer of another name in these subnets.
func place(subnets ...string) func(*lbInput) {
	return func(in *lbInput) { in.Name, in.Subnets = aws.String("a"), subnets }
}

func on(port int32) func(*listenerInput) { return func(in *listenerInput) { in.Port = &port } }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestNewLoadBalancer is provisioned for some minutes, so that waiting for it
// has something to wait for (API reference, LoadBalancerState).
func TestNewLoadBalancer(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		lb, err := c.balancer(named("shop"))
		check(t, err)
		in := &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{*lb.LoadBalancerArn}}
		start := time.Now()
		check(t, elasticloadbalancingv2.NewLoadBalancerAvailableWaiter(c).Wait(t.Context(), in, time.Hour))
		if waited := time.Since(start); waited < time.Minute {
			t.Errorf("available after %s", waited)
		}
	})
}

func TestLoadBalancers(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		var arns, names []string
		for i := range 5 {
			lb, err := c.balancer(named(fmt.Sprint("shop-", i)))
			check(t, err)
			if lb.State.Code != types.LoadBalancerStateEnumProvisioning || lb.Scheme != types.LoadBalancerSchemeEnumInternetFacing || !strings.HasPrefix(*lb.DNSName, *lb.LoadBalancerName) {
				t.Errorf("made %+v", lb)
			}
			arns, names = append(arns, *lb.LoadBalancerArn), append(names, *lb.LoadBalancerName)
		}
		for _, in := range []elasticloadbalancingv2.DescribeLoadBalancersInput{{}, {PageSize: aws.Int32(2)}, {LoadBalancerArns: arns}, {Names: names}} {
			var got []string
			pages := elasticloadbalancingv2.NewDescribeLoadBalancersPaginator(c, &in)
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				check(t, err)
				for _, lb := range out.LoadBalancers {
					got = append(got, *lb.LoadBalancerName)
				}
				if in.PageSize != nil && len(out.LoadBalancers) > 2 {
					t.Errorf("a page of %d", len(out.LoadBalancers))
				}
			}
			if !slices.Equal(got, names) {
				t.Errorf("%+v: got %v", in, got)
			}
		}
		for range 2 { // also if it is gone already
			_, err := c.DeleteLoadBalancer(t.Context(), &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: &arns[0]})
			check(t, err)
		}
		_, err := c.DescribeLoadBalancers(t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: arns})
		awstest.Refused(t, err, 400, "LoadBalancerNotFound", arns[0])
	})
}

// TestLoadBalancerRefusals: the constraints are those of the API reference,
// CreateLoadBalancer and DescribeLoadBalancers, and Quotas for your Application
// Load Balancers.
func TestLoadBalancerRefusals(t *testing.T) {
	tests := map[string]struct {
		edit       func(*lbInput)
		code, want string
	}{
		"taken":      {func(*lbInput) {}, "DuplicateLoadBalancerName", "'shop'"},
		"no name":    {named(""), "ValidationError", "must be specified"},
		"long":       {named(strings.Repeat("a", 33)), "ValidationError", "cannot be longer than '32' characters"},
		"characters": {named("a_b"), "ValidationError", "alphanumeric characters and hyphens"},
		"hyphen":     {named("a-"), "ValidationError", "cannot begin or end with '-'"},
		"reserved":   {named("internal-a"), "ValidationError", "cannot begin with 'internal-'"},
		"one subnet": {func(in *lbInput) { in.Name, in.Subnets = aws.String("a"), in.Subnets[:1] }, "ValidationError", "At least two subnets"},
		"both": {func(in *lbInput) {
			in.Name, in.SubnetMappings = aws.String("a"), []types.SubnetMapping{{SubnetId: aws.String("subnet-0123456789abcdef0")}}
		}, "ValidationError", "not both"},
		"no subnet":  {place("subnet-0a", "subnet-0b"), "SubnetNotFound", "The subnet ID 'subnet-0a' does not exist"},
		"zone twice": {place("subnet-0123456789abcdef0", "subnet-0123456789abcdef0"), "InvalidConfigurationRequest", "same Availability Zone"},
		"two VPCs":   {place("subnet-0123456789abcdef0", "subnet-0a1b2c3d4e5f60722"), "InvalidConfigurationRequest", "same VPC"},
		"no group":   {func(in *lbInput) { in.Name, in.SecurityGroups = aws.String("a"), []string{"sg-0a"} }, "InvalidSecurityGroup", "'sg-0a' does not exist"},
		"group elsewhere": {func(in *lbInput) {
			in.Name, in.SecurityGroups = aws.String("a"), []string{"sg-0123456789abcdef0"}
		}, "InvalidConfigurationRequest", "does not belong to VPC"},
		"network": {func(in *lbInput) { in.Name, in.Type = aws.String("a"), types.LoadBalancerTypeEnumNetwork }, "ValidationError", "is not simulated"},
		"scheme":  {func(in *lbInput) { in.Name, in.Scheme = aws.String("a"), "public" }, "InvalidScheme", "'public'"},
		"tag":     {func(in *lbInput) { in.Name, in.Tags = aws.String("a"), []types.Tag{{Key: aws.String("aws:a")}} }, "ValidationError", "'aws:'"},
	}
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		lb, err := c.balancer()
		check(t, err)
		for _, tc := range tests {
			_, err := c.balancer(tc.edit)
			awstest.Refused(t, err, 400, tc.code, tc.want)
		}
		type input = elasticloadbalancingv2.DescribeLoadBalancersInput
		for _, tc := range []struct {
			in         input
			code, want string
		}{
			{input{Names: []string{"nope"}}, "LoadBalancerNotFound", "nope"},
			{input{LoadBalancerArns: slices.Repeat([]string{*lb.LoadBalancerArn}, 21)}, "ValidationError", "At most 20"},
			{input{PageSize: aws.Int32(0)}, "ValidationError", "between 1 and 400"},
			{input{PageSize: aws.Int32(401)}, "ValidationError", "between 1 and 400"},
			{input{Marker: aws.String("x")}, "ValidationError", "Marker"},
		} {
			_, err := c.DescribeLoadBalancers(t.Context(), &tc.in)
			awstest.Refused(t, err, 400, tc.code, tc.want)
		}
		for i := range 49 {
			_, err := c.balancer(named(fmt.Sprint("more-", i)))
			check(t, err)
		}
		_, err = c.balancer(named("too-many"))
		awstest.Refused(t, err, 400, "TooManyLoadBalancers", "50")
	})
}

// TestListeners: a listener answers until it or its load balancer is deleted.
func TestListeners(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		lb, err := c.balancer()
		check(t, err)
		var arns []string
		for port := range int32(3) {
			l, err := c.listener(lb, on(80+port))
			check(t, err)
			arns = append(arns, *l.ListenerArn)
		}
		for _, in := range []elasticloadbalancingv2.DescribeListenersInput{{LoadBalancerArn: lb.LoadBalancerArn}, {LoadBalancerArn: lb.LoadBalancerArn, PageSize: aws.Int32(2)}, {ListenerArns: arns}} {
			var got []string
			pages := elasticloadbalancingv2.NewDescribeListenersPaginator(c, &in)
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				check(t, err)
				for _, l := range out.Listeners {
					got = append(got, *l.ListenerArn)
				}
			}
			if !slices.Equal(got, arns) {
				t.Errorf("%+v: got %v", in, got)
			}
		}
		answers := func(want ...int) {
			t.Helper()
			var got []int
			for _, arn := range arns {
				got = append(got, sim.Route(arn, httptest.NewRequest(http.MethodGet, "http://shop.example.com/", nil)).Status)
			}
			if !slices.Equal(got, want) {
				t.Errorf("the listeners answer %v, want %v", got, want)
			}
		}
		answers(204, 204, 204)
		_, err = c.DeleteListener(t.Context(), &elasticloadbalancingv2.DeleteListenerInput{ListenerArn: &arns[0]})
		check(t, err)
		answers(503, 204, 204)
		_, err = c.DeleteListener(t.Context(), &elasticloadbalancingv2.DeleteListenerInput{ListenerArn: &arns[0]})
		awstest.Refused(t, err, 400, "ListenerNotFound", "not found")
		_, err = c.DeleteLoadBalancer(t.Context(), &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
		check(t, err)
		answers(503, 503, 503)
	})
}

// TestListenerRefusals: the constraints are those of the API reference,
// CreateListener and DescribeListeners, and Quotas for your Application Load
// Balancers.
func TestListenerRefusals(t *testing.T) {
	tests := map[string]struct {
		edit       func(*listenerInput)
		code, want string
	}{
		"taken":          {func(*listenerInput) {}, "DuplicateListener", "already exists on this port"},
		"no balancer":    {func(in *listenerInput) { in.LoadBalancerArn = aws.String("arn:none") }, "LoadBalancerNotFound", "arn:none"},
		"port 0":         {on(0), "ValidationError", "between 1 and 65535"},
		"large port":     {on(65536), "ValidationError", "between 1 and 65535"},
		"protocol":       {func(in *listenerInput) { in.Port, in.Protocol = aws.Int32(81), types.ProtocolEnumTcp }, "UnsupportedProtocol", "'TCP'"},
		"no certificate": {func(in *listenerInput) { in.Port, in.Protocol = aws.Int32(443), types.ProtocolEnumHttps }, "ValidationError", "certificate"},
		"no group": {func(in *listenerInput) {
			in.Port, in.DefaultActions = aws.Int32(81), []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(noGroup)}}
		}, "TargetGroupNotFound", "not found"},
	}
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		lb, err := c.balancer()
		check(t, err)
		_, err = c.listener(lb)
		check(t, err)
		for _, tc := range tests {
			_, err := c.listener(lb, tc.edit)
			awstest.Refused(t, err, 400, tc.code, tc.want)
		}
		type input = elasticloadbalancingv2.DescribeListenersInput
		for _, tc := range []struct {
			in         input
			code, want string
		}{
			{input{}, "ValidationError", "either listener ARNs or a load balancer ARN"},
			{input{LoadBalancerArn: aws.String("arn:none")}, "LoadBalancerNotFound", "arn:none"},
			{input{ListenerArns: []string{"arn:none"}}, "ListenerNotFound", "not found"},
		} {
			_, err := c.DescribeListeners(t.Context(), &tc.in)
			awstest.Refused(t, err, 400, tc.code, tc.want)
		}
		for port := range int32(49) {
			_, err := c.listener(lb, on(1000+port))
			check(t, err)
		}
		_, err = c.listener(lb, on(2000))
		awstest.Refused(t, err, 400, "TooManyListeners", "50")
	})
}
