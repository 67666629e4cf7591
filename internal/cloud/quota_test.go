package cloud_test

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// A quota is told by its name in Service Quotas, and nobody is told to raise one that
// can't be raised.
func TestQuota(t *testing.T) {
	for said, want := range map[string]struct {
		name   string
		raised bool
	}{
		"TooManyRules": {"Rules per Application Load Balancer", true},
		"The maximum number of rules on load balancer 'app/shop/1' has been reached":                    {"Rules per Application Load Balancer", true},
		"TooManyUniqueTargetGroupsPerLoadBalancer":                                                      {"Target Groups per Application Load Balancer", false},
		"You've reached the limit on the number of unique target groups per load balancer":              {"Target Groups per Application Load Balancer", false},
		"TooManyTargetGroups: You've reached the limit on the number of target groups for your account": {"Target Groups per Region", true},
		"LimitExceededException: Limit for stack has been exceeded":                                     {"", true},
		"You've reached the limit on the number of rules per load balancer":                             {"Rules per Application Load Balancer", true},
		"The maximum number of rules per security group has been reached.":                              {"", true},
	} {
		q := cloud.ParseQuota(said)
		remedy := q.Remedy()
		if q.Name != want.name || !strings.Contains(remedy, want.name) || strings.Contains(remedy, "Raise the quota") != want.raised {
			t.Errorf("%s: %+v: %s", said, q, remedy)
		}
	}
}
