package elb_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

func (c client) group() types.TargetGroup {
	c.t.Helper()
	out, err := c.CreateTargetGroup(c.t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("web"), Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"), TargetType: types.TargetTypeEnumIp,
	})
	check(c.t, err)
	return out.TargetGroups[0]
}

// TestModifyTargetGroup: what isn't named stays; what is, is checked as at
// creation (API reference, ModifyTargetGroup).
func TestModifyTargetGroup(t *testing.T) {
	type input = elasticloadbalancingv2.ModifyTargetGroupInput
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"nothing":   {func(*input) {}, "", ""},
		"path":      {func(in *input) { in.HealthCheckPath = aws.String("/healthz") }, "", ""},
		"matcher":   {func(in *input) { in.Matcher = &types.Matcher{HttpCode: aws.String("200-299")} }, "", ""},
		"interval":  {func(in *input) { in.HealthCheckIntervalSeconds = aws.Int32(4) }, "ValidationError", "between 5 and 300"},
		"timeout":   {func(in *input) { in.HealthCheckTimeoutSeconds = aws.Int32(30) }, "ValidationError", "smaller"},
		"threshold": {func(in *input) { in.HealthyThresholdCount = aws.Int32(11) }, "ValidationError", "between 2 and 10"},
		"bad path":  {func(in *input) { in.HealthCheckPath = aws.String("healthz") }, "ValidationError", "must begin with a '/'"},
		"bad codes": {func(in *input) { in.Matcher = &types.Matcher{HttpCode: aws.String("500")} }, "ValidationError", "200-499"},
		"missing":   {func(in *input) { in.TargetGroupArn = aws.String(noGroup) }, "TargetGroupNotFound", "not found"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
				c := newClient(t, config)
				before := c.group()
				in := &input{TargetGroupArn: before.TargetGroupArn}
				tc.edit(in)
				out, err := c.ModifyTargetGroup(t.Context(), in)
				if tc.code != "" {
					awstest.Refused(t, err, 400, tc.code, tc.want)
					return
				}
				check(t, err)
				after := out.TargetGroups[0]
				path, codes := "/", "200"
				if in.HealthCheckPath != nil {
					path = *in.HealthCheckPath
				}
				if in.Matcher != nil {
					codes = *in.Matcher.HttpCode
				}
				if *after.HealthCheckPath != path || *after.Matcher.HttpCode != codes || *after.Port != 8080 || *after.HealthCheckIntervalSeconds != 30 {
					t.Errorf("got %+v", after)
				}
			})
		})
	}
}

func TestTargetGroupAttributes(t *testing.T) {
	const delay = "deregistration_delay.timeout_seconds"
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		arn := c.group().TargetGroupArn
		modify := func(key, value string) error {
			_, err := c.ModifyTargetGroupAttributes(t.Context(), &elasticloadbalancingv2.ModifyTargetGroupAttributesInput{
				TargetGroupArn: arn, Attributes: []types.TargetGroupAttribute{{Key: &key, Value: &value}},
			})
			return err
		}
		read := func() map[string]string {
			out, err := c.DescribeTargetGroupAttributes(t.Context(), &elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: arn})
			check(t, err)
			all := map[string]string{}
			for _, a := range out.Attributes {
				all[*a.Key] = *a.Value
			}
			return all
		}
		if all := read(); all[delay] != "300" || all["load_balancing.algorithm.type"] != "round_robin" {
			t.Errorf("the defaults are %v", all)
		}
		check(t, modify(delay, "0"))
		awstest.Refused(t, modify(delay, "3601"), 400, "ValidationError", "'3601' is not valid")
		awstest.Refused(t, modify("proxy_protocol_v2.enabled", "true"), 400, "ValidationError", "is not recognized")
		if all := read(); all[delay] != "0" {
			t.Errorf("got %v", all)
		}
		_, err := c.DescribeTargetGroupAttributes(t.Context(), &elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: aws.String(noGroup)})
		awstest.Refused(t, err, 400, "TargetGroupNotFound", "not found")
	})
}

// TestTargetsOutsideTheVPC: an address that is in no subnet needs a zone, in the
// words recorded in kubernetes-sigs/aws-load-balancer-controller#3714; "all" is
// every zone of the load balancer (API reference, TargetDescription).
func TestTargetsOutsideTheVPC(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		group := c.group().TargetGroupArn
		register := func(targets ...types.TargetDescription) error {
			_, err := c.RegisterTargets(t.Context(), &elasticloadbalancingv2.RegisterTargetsInput{TargetGroupArn: group, Targets: targets})
			return err
		}
		inside, outside := types.TargetDescription{Id: aws.String("10.4.46.99")}, types.TargetDescription{Id: aws.String("172.28.163.212")}
		awstest.Refused(t, register(inside, outside), 400, "ValidationError", "The Availability Zone is required for IP address '172.28.163.212' because it is not in the VPC")
		outside.AvailabilityZone = aws.String("all")
		zones := func() map[string]string {
			out, err := c.DescribeTargetHealth(t.Context(), &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: group})
			check(t, err)
			all := map[string]string{}
			for _, d := range out.TargetHealthDescriptions {
				all[*d.Target.Id] = *d.Target.AvailabilityZone
			}
			return all
		}
		if got := zones(); len(got) != 0 {
			t.Errorf("a part was registered: %v", got)
		}
		check(t, register(inside, outside))
		if got := zones(); got["10.4.46.99"] != "eu-west-1a" || got["172.28.163.212"] != "all" {
			t.Errorf("the zones are %v", got)
		}
	})
}

// TestAccountLimits: the limits that are told are those that hold.
func TestAccountLimits(t *testing.T) {
	options := awssim.Options{LoadBalancing: elb.Options{RulesPerLoadBalancer: 7}}
	awstest.Run(t, options, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := newClient(t, config)
		limits := map[string]string{}
		for marker := (*string)(nil); ; {
			out, err := c.DescribeAccountLimits(t.Context(), &elasticloadbalancingv2.DescribeAccountLimitsInput{Marker: marker, PageSize: aws.Int32(3)})
			check(t, err)
			for _, l := range out.Limits {
				limits[*l.Name] = *l.Max
			}
			if marker = out.NextMarker; marker == nil {
				break
			}
		}
		want := map[string]string{
			"rules-per-application-load-balancer": "7", "target-groups-per-application-load-balancer": "100",
			"listeners-per-application-load-balancer": "50", "application-load-balancers": "50",
		}
		for name, most := range want {
			if limits[name] != most {
				t.Errorf("%s is %q, want %s", name, limits[name], most)
			}
		}
	})
}
