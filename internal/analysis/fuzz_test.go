package analysis

import (
	"strings"
	"testing"
)

// FuzzDimensions reads anything as an ARN: a dimension is a part of it.
func FuzzDimensions(f *testing.F) {
	for _, arn := range []string{
		"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web-1/73e2d6bc24d8a067",
		"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2",
		"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/", "arn:::::", ":::::/", "", "a/b/c/d/e",
	} {
		f.Add(arn)
	}
	f.Fuzz(func(t *testing.T, arn string) {
		for _, dimension := range []string{TargetGroupDimension(arn), LoadBalancerDimension(arn)} {
			if !strings.Contains(arn, dimension) {
				t.Errorf("%q is no part of %q", dimension, arn)
			}
		}
	})
}
