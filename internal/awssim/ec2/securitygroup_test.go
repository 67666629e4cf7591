package ec2_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
)

const vpc = "vpc-0a1b2c3d4e5f60718"

// group is a stack's security group named Group with more properties.
func group(more string) string {
	return `{"Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "tasks", "VpcId": "` + vpc + `"` + more + `}}},
	  "Outputs": {"Ref": {"Value": {"Ref": "Group"}}, "Id": {"Value": {"Fn::GetAtt": "Group.GroupId"}}, "Vpc": {"Value": {"Fn::GetAtt": "Group.VpcId"}}}}`
}

func TestSecurityGroup(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
		stack := s.Create("app", group(`, "Tags": [{"Key": "team", "Value": "shop"}], "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIpv6": "::/0"}]`))
		if stack.StackStatus != types.StackStatusCreateComplete {
			t.Fatalf("the stack is %s: %s", stack.StackStatus, s.Cause("app"))
		}
		outputs := map[string]string{}
		for _, out := range stack.Outputs {
			outputs[*out.OutputKey] = *out.OutputValue
		}
		made := sim.Snapshot().SecurityGroups[outputs["Ref"]]
		if !strings.HasPrefix(made.ID, "sg-") || outputs["Id"] != made.ID || outputs["Vpc"] != vpc || made.VPCID != vpc {
			t.Errorf("outputs are %v, the group is %+v", outputs, made)
		}
		if made.Tags["team"] != "shop" || made.Tags["aws:cloudformation:logical-id"] != "Group" || !strings.HasPrefix(made.Name, "app-Group-") {
			t.Errorf("got %+v", made)
		}
		s.Delete("app")
		if left := sim.Snapshot().SecurityGroups; len(left) != 0 {
			t.Errorf("left are %v", left)
		}
	})
}

// TestSecurityGroupOfTheDefaultVPC: without VpcId, Ref is the group's name, and
// GroupId its ID (template reference, AWS::EC2::SecurityGroup, Return values).
func TestSecurityGroupOfTheDefaultVPC(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
		stack := s.Create("app", strings.Replace(group(`, "GroupName": "tasks"`), `, "VpcId": "`+vpc+`"`, "", 1))
		outputs := map[string]string{}
		for _, out := range stack.Outputs {
			outputs[*out.OutputKey] = *out.OutputValue
		}
		if outputs["Ref"] != "tasks" || !strings.HasPrefix(outputs["Id"], "sg-") {
			t.Errorf("the stack is %s with outputs %v", stack.StackStatus, outputs)
		}
		s.Delete("app")
		if left := sim.Snapshot().SecurityGroups; len(left) != 0 {
			t.Errorf("left are %v", left)
		}
	})
}

// TestSecurityGroupRefusals: the constraints are those of the EC2 API
// reference, CreateSecurityGroup, and the template reference,
// AWS::EC2::SecurityGroup with its Ingress and Egress.
func TestSecurityGroupRefusals(t *testing.T) {
	ingress := func(rules ...string) string {
		return group(`, "SecurityGroupIngress": [{` + strings.Join(rules, "}, {") + `}]`)
	}
	const web = `"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80`
	many := make([]string, 61)
	for i := range many {
		many[i] = fmt.Sprintf(`"IpProtocol": "tcp", "FromPort": %d, "ToPort": %d, "CidrIp": "10.0.0.0/8"`, i, i)
	}
	tests := map[string]struct{ template, want string }{
		"all good":        {ingress(many[1:]...), ""},
		"kinds":           {ingress(`"IpProtocol": "17", "FromPort": 0, "ToPort": 65535, "CidrIp": "10.1.2.3/8"`, `"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "CidrIp": "0.0.0.0/0"`, `"IpProtocol": "icmpv6", "CidrIpv6": "::/0"`, `"IpProtocol": "50", "SourcePrefixListId": "pl-0123abcd"`, web+`, "SourceSecurityGroupId": "sg-0a1b2c3d4e5f60733"`), ""},
		"no description":  {strings.Replace(group(""), "GroupDescription", "GroupName", 1), "required key [GroupDescription] not found"},
		"unknown":         {group(`, "Rules": []`), "extraneous key [Rules] is not permitted"},
		"description":     {strings.Replace(group(""), `"tasks"`, `"the shop's tasks"`, 1), "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set"},
		"long":            {strings.Replace(group(""), `"tasks"`, `"`+strings.Repeat("a", 256)+`"`, 1), "less than 256 characters"},
		"name":            {group(`, "GroupName": "shop?"`), "Invalid value 'shop?' for groupName"},
		"reserved name":   {group(`, "GroupName": "sg-shop"`), "sg-*"},
		"VPC":             {strings.Replace(group(""), vpc, "vpc-x", 1), "The vpc ID 'vpc-x' does not exist"},
		"tag":             {group(`, "Tags": [{"Key": "aws:x", "Value": "y"}]`), "are reserved"},
		"protocol":        {ingress(`"IpProtocol": "http", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"`), "'http'"},
		"number":          {ingress(`"IpProtocol": "256", "CidrIp": "10.0.0.0/8"`), "'256'"},
		"no port":         {ingress(`"IpProtocol": "tcp", "CidrIp": "10.0.0.0/8"`), "Must specify both from and to ports with TCP/UDP"},
		"ports":           {ingress(`"IpProtocol": "tcp", "FromPort": 443, "ToPort": 80, "CidrIp": "10.0.0.0/8"`), "portRange"},
		"large port":      {ingress(`"IpProtocol": "udp", "FromPort": 80, "ToPort": 65536, "CidrIp": "10.0.0.0/8"`), "portRange"},
		"no type":         {ingress(`"IpProtocol": "icmp", "CidrIp": "10.0.0.0/8"`), "ICMP"},
		"address":         {ingress(web + `, "CidrIp": "10.0.0.1"`), "CIDR block 10.0.0.1 is malformed"},
		"other version":   {ingress(web + `, "CidrIpv6": "10.0.0.0/8"`), "CIDR block 10.0.0.0/8 is malformed"},
		"group ID":        {ingress(web + `, "SourceSecurityGroupId": "shop"`), `Invalid id: \"shop\"`},
		"no group":        {ingress(web + `, "SourceSecurityGroupId": "sg-0a1b2c3d"`), "The security group 'sg-0a1b2c3d' does not exist"},
		"group elsewhere": {ingress(web + `, "SourceSecurityGroupId": "sg-0123456789abcdef0"`), "two resources that belong to different networks"},
		"no source":       {ingress(web), "exactly one"},
		"two sources":     {ingress(web + `, "CidrIp": "10.0.0.0/8", "CidrIpv6": "::/0"`), "exactly one"},
		"no destination":  {group(`, "SecurityGroupEgress": [{` + web + `}]`), "exactly one"},
		"rule's words":    {ingress(web + `, "CidrIp": "10.0.0.0/8", "Description": "it's"`), "Invalid rule description"},
		"twice":           {ingress(web+`, "CidrIp": "10.0.0.0/8"`, web+`, "CidrIp": "10.1.0.0/8", "Description": "again"`), "already exists"},
		"many":            {ingress(many...), "The maximum number of rules per security group has been reached"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
				stack := s.Create("app", tc.template)
				if tc.want == "" {
					if stack.StackStatus != types.StackStatusCreateComplete {
						t.Errorf("the stack is %s: %s", stack.StackStatus, s.Cause("app"))
					}
					return
				}
				if cause := s.Cause("app"); stack.StackStatus != types.StackStatusRollbackComplete || !strings.Contains(cause, tc.want) {
					t.Errorf("the stack is %s: %s, want %s", stack.StackStatus, cause, tc.want)
				}
				if left := sim.Snapshot().SecurityGroups; len(left) != 0 {
					t.Errorf("left are %v", left)
				}
			})
		})
	}
}

// TestDuplicateGroup: names are unique in their VPC, whatever their case
// (CreateSecurityGroup, GroupName).
func TestDuplicateGroup(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
		named := group(`, "GroupName": "Shop"`)
		s.Create("first", named)
		s.Create("other", strings.Replace(named, vpc, "vpc-0123456789abcdef0", 1))
		s.Create("second", strings.Replace(named, "Shop", "shop", 1))
		for name, want := range map[string]string{"first": "", "other": "", "second": "already exists for VPC '" + vpc + "'"} {
			if cause := s.Cause(name); !strings.Contains(cause, want) || want == "" && cause != "" {
				t.Errorf("%s: %s", name, cause)
			}
		}
	})
}

// TestGroupInUse: a group that a network interface or another group refers to
// can't be deleted (DeleteSecurityGroup).
func TestGroupInUse(t *testing.T) {
	tests := map[string]struct {
		use  func(t *testing.T, id string, s awstest.Stacks, config aws.Config)
		free func(t *testing.T, id string, s awstest.Stacks, config aws.Config)
	}{
		"a task":          {useByTask, freeTask},
		"a load balancer": {useByLoadBalancer, freeLoadBalancer},
		"another group": {func(_ *testing.T, id string, s awstest.Stacks, _ aws.Config) {
			s.Create("user", group(`, "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "SourceSecurityGroupId": "`+id+`"}]`))
		}, func(_ *testing.T, _ string, s awstest.Stacks, _ aws.Config) { s.Delete("user") }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
				s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
				id := *s.Create("app", group("")).Outputs[0].OutputValue
				tc.use(t, id, s, config)
				if stack := s.Delete("app"); stack.StackStatus != types.StackStatusDeleteFailed || !strings.Contains(s.Events("app")[0], "DELETE_FAILED") {
					t.Errorf("the stack is %s", stack.StackStatus)
				}
				if reasons := strings.Join(s.Events("app"), "\n"); !strings.Contains(reasons, "Group DELETE_FAILED resource "+id+" has a dependent object (Service: Ec2, Status Code: 400, Request ID: ") {
					t.Errorf("events are\n%s", reasons)
				}
				tc.free(t, id, s, config)
				if stack := s.Delete("app"); stack.StackStatus != types.StackStatusDeleteComplete {
					t.Errorf("in the end the stack is %s", stack.StackStatus)
				}
			})
		})
	}
}

func useByTask(t *testing.T, id string, _ awstest.Stacks, config aws.Config) {
	t.Helper()
	c := ecs.NewFromConfig(config)
	_, err := c.CreateCluster(t.Context(), &ecs.CreateClusterInput{})
	check(t, err)
	_, err = c.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("web"), NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		ContainerDefinitions:    []ecstypes.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("web:1")}},
	})
	check(t, err)
	_, err = c.CreateService(t.Context(), &ecs.CreateServiceInput{
		ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: []string{"subnet-0a1b2c3d4e5f60711"}, SecurityGroups: []string{id},
		}},
	})
	check(t, err)
	time.Sleep(time.Minute)
}

func freeTask(t *testing.T, _ string, _ awstest.Stacks, config aws.Config) {
	t.Helper()
	_, err := ecs.NewFromConfig(config).DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: aws.String("web"), Force: aws.Bool(true)})
	check(t, err)
	time.Sleep(time.Minute)
}

func useByLoadBalancer(t *testing.T, id string, _ awstest.Stacks, config aws.Config) {
	t.Helper()
	_, err := elasticloadbalancingv2.NewFromConfig(config).CreateLoadBalancer(t.Context(), &elasticloadbalancingv2.CreateLoadBalancerInput{
		Name: aws.String("shop"), Subnets: []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"}, SecurityGroups: []string{id},
	})
	check(t, err)
}

func freeLoadBalancer(t *testing.T, _ string, _ awstest.Stacks, config aws.Config) {
	t.Helper()
	c := elasticloadbalancingv2.NewFromConfig(config)
	found, err := c.DescribeLoadBalancers(t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	check(t, err)
	_, err = c.DeleteLoadBalancer(t.Context(), &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: found.LoadBalancers[0].LoadBalancerArn})
	check(t, err)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
