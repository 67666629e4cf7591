package analysis

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func TestSummary(t *testing.T) {
	errors := v1alpha1.Verdict{Name: "errors", Result: pass, Message: "ErrorRate 0.3% ≤ 1% at step 2 (weight 25), 1,312 requests"}
	alarm := v1alpha1.Verdict{Name: "checkout-5xx", Result: pass, Message: "OK"}
	bad := v1alpha1.Verdict{Name: "slow", Result: fail, Message: "LatencyP90 812 ms > 500 ms"}
	waits := v1alpha1.Verdict{Name: "hosts", Result: pending}
	few := v1alpha1.Verdict{Name: "queue", Result: inconclusive, Message: "queue: no data"}
	skip := v1alpha1.Verdict{Name: "cpu", Result: skipped, Message: "CPUUtilization: no traffic"}
	tests := map[string]struct {
		verdicts []v1alpha1.Verdict
		want     v1alpha1.Result
		message  string
	}{
		"none": {nil, "", ""},
		"good": {[]v1alpha1.Verdict{errors, alarm}, pass,
			"errors: ErrorRate 0.3% ≤ 1% at step 2 (weight 25), 1,312 requests; checkout-5xx: OK"},
		"skipped": {[]v1alpha1.Verdict{skip}, skipped, "cpu: CPUUtilization: no traffic"},
		"all": {[]v1alpha1.Verdict{skip, alarm, waits, few, bad}, fail,
			"slow: LatencyP90 812 ms > 500 ms; queue: no data; hosts: Pending; checkout-5xx: OK; cpu: CPUUtilization: no traffic"},
		"inconclusive": {[]v1alpha1.Verdict{alarm, waits, few}, inconclusive, "queue: no data; hosts: Pending; checkout-5xx: OK"},
		"pending":      {[]v1alpha1.Verdict{alarm, waits, skip}, pending, "hosts: Pending; checkout-5xx: OK; cpu: CPUUtilization: no traffic"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if result, message := Summary(tt.verdicts); result != tt.want || message != tt.message {
				t.Errorf("got %q %q, want %q %q", result, message, tt.want, tt.message)
			}
		})
	}
}

func TestSummaryIsCut(t *testing.T) {
	long := v1alpha1.Verdict{Name: "a", Result: pass, Message: strings.Repeat("é", 400)}
	_, message := Summary([]v1alpha1.Verdict{long, long, long, {Name: "b", Result: fail}})
	if n := len([]rune(message)); n != maxSummary || !strings.HasPrefix(message, "b: Fail; a: é") {
		t.Errorf("%d characters: %s", n, message)
	}
}
