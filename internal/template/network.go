package template

import "fmt"

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
	p := securityGroupProperties{
		GroupDescription: fmt.Sprintf("Tasks of revision %d of %s/%s", in.Revision, in.Namespace, in.Name),
		VPCID:            in.Template.Network.VPCID,
		SecurityGroupEgress: []egress{
			{Description: "Everywhere", IPProtocol: "-1", CIDRIP: "0.0.0.0/0"},
			{Description: "Everywhere", IPProtocol: "-1", CIDRIPv6: "::/0"},
		},
	}
	for _, port := range checkPorts(&in.Template.Target) {
		for _, id := range in.Template.Network.LoadBalancerSecurityGroupIDs {
			p.SecurityGroupIngress = append(p.SecurityGroupIngress, ingress{
				Description: "The load balancer", IPProtocol: "tcp", FromPort: port, ToPort: port, SourceSecurityGroupID: id,
			})
		}
	}
	return resource{Type: "AWS::EC2::SecurityGroup", Properties: p}
}
