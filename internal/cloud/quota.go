package cloud

import (
	"fmt"
	"regexp"
)

// Quota is one that is used up, as far as AWS says which.
type Quota struct {
	// Name is that in Service Quotas; "" if AWS doesn't say.
	Name string
	// Fixed is true if AWS doesn't raise it.
	Fixed bool
}

// quotas by the codes and words of errors, as the ELB API reference has them for
// CreateRule and CreateTargetGroup. Names, and which can be raised, are those of the
// Application Load Balancer guide, "Quotas for your Application Load Balancers".
var quotas = []struct {
	pattern *regexp.Regexp
	quota   Quota
}{
	{regexp.MustCompile(`(?i)TooManyUniqueTargetGroupsPerLoadBalancer|unique target groups`), Quota{"Target Groups per Application Load Balancer", true}},
	{regexp.MustCompile(`(?i)TooManyRules|number of rules (?:on|per) load balancer`), Quota{"Rules per Application Load Balancer", false}},
	{regexp.MustCompile(`(?i)TooManyTargetGroups|number of target groups for your`), Quota{"Target Groups per Region", false}},
}

// ParseQuota reads an error of AWS: its code, its message or both.
func ParseQuota(said string) Quota {
	for _, q := range quotas {
		if q.pattern.MatchString(said) {
			return q.quota
		}
	}
	return Quota{}
}

// Remedy is what makes room, without a final period.
func (q Quota) Remedy() string {
	switch {
	case q.Fixed:
		return fmt.Sprintf("The quota %q can't be raised: delete what is not needed, or use another load balancer", q.Name)
	case q.Name != "":
		return fmt.Sprintf("Raise the quota %q in Service Quotas, or delete what is not needed", q.Name)
	}
	return "Raise the quota in Service Quotas, or delete what is not needed"
}
