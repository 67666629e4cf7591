package cfn

import (
	"strings"
	"testing"
)

func TestDynamicReferences(t *testing.T) {
	tests := map[string]struct {
		in   any
		want string
	}{
		"none":    {map[string]any{"Name": "{{x}}", "Size": 1}, ""},
		"one":     {map[string]any{"Value": "a {{resolve:ssm:/shop/x:1}} b"}, "{{resolve:ssm:/shop/x:1}} is not simulated"},
		"in list": {map[string]any{"Values": []any{map[string]any{"V": "{{resolve:secretsmanager:x}}"}}}, "{{resolve:secretsmanager:x}}"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkDynamic(tc.in)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
