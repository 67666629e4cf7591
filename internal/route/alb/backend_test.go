package alb

import (
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// The remedy for conditions is not another template: they can't change.
func TestRemedyOfFailure(t *testing.T) {
	for name, c := range map[string]struct {
		resource, message, want string
	}{
		"host":           {"PreviewRule", "PreviewRule: Resource handler returned message: \"Condition value 'shop' contains a character that is not valid (Service: ElasticLoadBalancingV2, Status Code: 400)\"", otherConditions},
		"source":         {"PreviewRule", "PreviewRule: The specified value '10.0.0.1' is not a valid CIDR block", otherConditions},
		"header":         {"PreviewRule", "PreviewRule: You cannot specify 'host' as an HTTP header name", otherConditions},
		"values":         {"PreviewRule", "PreviewRule: A rule can only have '5' condition values and regex values", otherConditions},
		"quota of rules": {"PreviewRule", "PreviewRule: The maximum number of rules on load balancer 'x' has been reached", ""},
		"priority":       {"PreviewRule", "PreviewRule: Priority '7' is currently in use", ""},
		"tasks":          {"Service", "Service: Condition value of the application's own", ""},
	} {
		t.Run(name, func(t *testing.T) {
			failure := &v1alpha1.StackFailure{Resource: c.resource, Message: c.message}
			if got := (&backend{}).Remedy(failure); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
