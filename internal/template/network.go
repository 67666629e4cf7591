package template

import (
	"fmt"
	"strconv"
)

type securityGroupProperties struct {
	GroupDescription     string
	VPCID                string    `json:"VpcId"`
	SecurityGroupIngress []ingress `json:",omitempty"`
	SecurityGroupEgress  []egress
}

type ingress struct {
	Description           string
	IPProtocol            string `json:"IpProtocol"`
	FromPort              int32
	ToPort                int32
	SourceSecurityGroupID string `json:"SourceSecurityGroupId"`
}

type egress struct {
	Description string
	IPProtocol  string `json:"IpProtocol"`
	CIDRIP      string `json:"CidrIp,omitempty"`
	CIDRIPv6    string `json:"CidrIpv6,omitempty"`
}

// securityGroup of a worker has no ingress rules.
func securityGroup(in Input) resource {
	port := in.Template.Target.ContainerPort
	p := securityGroupProperties{
		GroupDescription: fmt.Sprintf("Tasks of revision %d of %s/%s", in.Revision, in.Namespace, in.Name),
		VPCID:            in.Template.Network.VPCID,
		SecurityGroupEgress: []egress{
			{Description: "Everywhere", IPProtocol: "-1", CIDRIP: "0.0.0.0/0"},
			{Description: "Everywhere", IPProtocol: "-1", CIDRIPv6: "::/0"},
		},
	}
	for _, id := range in.Template.Network.LoadBalancerSecurityGroupIDs {
		p.SecurityGroupIngress = append(p.SecurityGroupIngress, ingress{
			Description: "The load balancer", IPProtocol: "tcp", FromPort: port, ToPort: port, SourceSecurityGroupID: id,
		})
	}
	return resource{Type: "AWS::EC2::SecurityGroup", Properties: p}
}

type targetGroupProperties struct {
	Name                       string
	TargetType                 string
	Protocol                   string
	Port                       int32
	VPCID                      string `json:"VpcId"`
	HealthCheckProtocol        string
	HealthCheckPath            string                 `json:",omitempty"`
	HealthCheckIntervalSeconds *int32                 `json:",omitempty"`
	HealthCheckTimeoutSeconds  *int32                 `json:",omitempty"`
	HealthyThresholdCount      *int32                 `json:",omitempty"`
	UnhealthyThresholdCount    *int32                 `json:",omitempty"`
	Matcher                    *matcher               `json:",omitempty"`
	TargetGroupAttributes      []targetGroupAttribute `json:",omitempty"`
}

type matcher struct {
	HTTPCode string `json:"HttpCode"`
}

type targetGroupAttribute struct {
	Key   string
	Value string
}

func targetGroup(in Input) resource {
	target := in.Template.Target
	check := target.HealthCheck
	p := targetGroupProperties{
		Name:                       TargetGroupName(in.Name, in.UID, in.Revision),
		TargetType:                 "ip",
		Protocol:                   "HTTP",
		Port:                       target.ContainerPort,
		VPCID:                      in.Template.Network.VPCID,
		HealthCheckProtocol:        "HTTP",
		HealthCheckPath:            check.Path,
		HealthCheckIntervalSeconds: check.IntervalSeconds,
		HealthCheckTimeoutSeconds:  check.TimeoutSeconds,
		HealthyThresholdCount:      check.HealthyThreshold,
		UnhealthyThresholdCount:    check.UnhealthyThreshold,
	}
	if check.SuccessCodes != "" {
		p.Matcher = &matcher{check.SuccessCodes}
	}
	if delay := target.DeregistrationDelaySeconds; delay != nil {
		p.TargetGroupAttributes = []targetGroupAttribute{
			{"deregistration_delay.timeout_seconds", strconv.Itoa(int(*delay))},
		}
	}
	return resource{Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Properties: p}
}
