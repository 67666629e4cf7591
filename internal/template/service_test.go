package template

import (
	"strings"
	"testing"
)

// Whatever CloudFormation returns as a service's ID, it is split or kept whole,
// and no part of the names is lost.
func FuzzServiceOf(f *testing.F) {
	for _, arn := range []string{
		"arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout", "arn:aws:ecs:eu-west-1:111122223333:service/checkout",
		"checkout", "", "/", "///", "arn:aws:ecs:eu-west-1:111122223333:service/a/b/c",
	} {
		f.Add(arn)
	}
	f.Fuzz(func(t *testing.T, arn string) {
		cluster, service := ServiceOf(arn)
		switch {
		case strings.Count(arn, "/") < 2:
			if cluster != "" || service != arn {
				t.Errorf("%q: cluster %q, service %q", arn, cluster, service)
			}
		case !strings.HasSuffix(arn, "/"+cluster+"/"+service) || strings.Contains(cluster+service, "/"):
			t.Errorf("%q: cluster %q, service %q", arn, cluster, service)
		}
	})
}
