package ec2

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxRules is how many rules a group may have in each direction.
const maxRules = 60

var groupID = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)

// rule is an ingress or an egress rule.
type rule struct {
	IpProtocol                 string
	FromPort, ToPort           *int
	CidrIp, CidrIpv6           string
	Description                string
	SourcePrefixListId         string
	SourceSecurityGroupId      string
	SourceSecurityGroupName    string
	SourceSecurityGroupOwnerId string
	DestinationPrefixListId    string
	DestinationSecurityGroupId string
}

// ruleFields are the properties that ingress and egress rules share.
func ruleFields() map[string]core.Schema {
	return map[string]core.Schema{
		"IpProtocol": core.Must(core.String()), "FromPort": core.Int(), "ToPort": core.Int(),
		"CidrIp": core.String(), "CidrIpv6": core.String(), "Description": core.String(),
	}
}

// checkRules refuses rules that EC2 would refuse.
func checkRules(rules []rule) error {
	if len(rules) > maxRules {
		return core.Errorf("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	known := map[string]bool{}
	for _, r := range rules {
		for _, check := range []func() error{r.checkPeer, r.checkPorts, r.checkDescription} {
			if err := check(); err != nil {
				return err
			}
		}
		if known[r.key()] {
			return core.Errorf("InvalidPermission.Duplicate", `the specified rule "peer: %s, %s, ALLOW" already exists`, r.peer(), r.IpProtocol)
		}
		known[r.key()] = true
	}
	return nil
}

// peers are who the rule may be about.
func (r rule) peers() []string {
	return []string{
		r.CidrIp, r.CidrIpv6, r.SourcePrefixListId, r.SourceSecurityGroupId, r.SourceSecurityGroupName,
		r.DestinationPrefixListId, r.DestinationSecurityGroupId,
	}
}

func (r rule) peer() string { return cmp.Or(r.peers()...) }

// group is the security group that the rule refers to, if it does.
func (r rule) group() string { return cmp.Or(r.SourceSecurityGroupId, r.DestinationSecurityGroupId) }

// key is equal for rules that are the same but for their description. An
// address range counts without the bits that its mask hides.
func (r rule) key() string {
	peer := r.peer()
	if prefix, err := netip.ParsePrefix(peer); err == nil {
		peer = prefix.Masked().String()
	}
	from, to := -1, -1
	if r.FromPort != nil {
		from = *r.FromPort
	}
	if r.ToPort != nil {
		to = *r.ToPort
	}
	return fmt.Sprint(protocolNumber(r.IpProtocol), from, to, peer)
}

func (r rule) checkPeer() error {
	n := 0
	for _, peer := range r.peers() {
		if peer != "" {
			n++
		}
	}
	if n != 1 {
		return core.Errorf("InvalidParameterCombination", "Each rule must specify exactly one address range, prefix list or security group, not %d.", n)
	}
	for _, text := range []string{r.CidrIp, r.CidrIpv6} {
		prefix, err := netip.ParsePrefix(text)
		if text != "" && (err != nil || prefix.Addr().Is4() != (text == r.CidrIp)) {
			return core.Errorf("InvalidParameterValue", "CIDR block %s is malformed", text)
		}
	}
	if id := r.group(); id != "" && !groupID.MatchString(id) {
		return core.Errorf("InvalidGroupId.Malformed", `Invalid id: %q (expecting "sg-...")`, id)
	}
	return nil
}

// The protocols that have ports, or types and codes of messages instead.
const (
	icmp   = 1
	tcp    = 6
	udp    = 17
	icmpv6 = 58
)

// protocolNumber is a protocol's number, -1 for all and -2 for none that
// exists.
func protocolNumber(name string) int {
	switch name {
	case "tcp":
		return tcp
	case "udp":
		return udp
	case "icmp":
		return icmp
	case "icmpv6":
		return icmpv6
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < -1 || n > 255 {
		return -2
	}
	return n
}

func (r rule) checkPorts() error {
	both := r.FromPort != nil && r.ToPort != nil
	switch protocolNumber(r.IpProtocol) {
	case -2:
		return core.Errorf("InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", r.IpProtocol)
	case tcp, udp:
		if !both {
			return core.Errorf("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		}
		if *r.FromPort < 0 || *r.ToPort > 65535 || *r.FromPort > *r.ToPort {
			return core.Errorf("InvalidParameterValue", "Invalid value '%d-%d' for portRange.", *r.FromPort, *r.ToPort)
		}
	case icmp:
		if !both {
			return core.Errorf("InvalidParameterValue", "Invalid value 'Must specify both type and code with ICMP.' for portRange.")
		}
	}
	return nil
}

func (r rule) checkDescription() error {
	if !allowed.MatchString(r.Description) {
		return core.Errorf("InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: %s", allowedSet)
	}
	return nil
}
