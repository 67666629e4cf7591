package analysis

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

func TestImages(t *testing.T) {
	now := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	done := func(findings ...cloud.Finding) cloud.Scan {
		return cloud.Scan{Status: cloud.ScanDone, Findings: findings}
	}
	high := cloud.Finding{ID: "CVE-1", Severity: "HIGH", Package: "openssl 3.0.1"}
	critical := cloud.Finding{ID: "CVE-2", Severity: "CRITICAL"}
	low := cloud.Finding{ID: "CVE-3", Severity: "LOW"}
	odd := cloud.Finding{ID: "CVE-4", Severity: "APOCALYPTIC"}
	allow := func(id string, expires time.Time) []v1alpha1.AllowedFinding {
		return []v1alpha1.AllowedFinding{{ID: id, Reason: "not reachable", Expires: metav1.NewTime(expires)}}
	}
	tests := map[string]struct {
		allow   []v1alpha1.AllowedFinding
		scans   []cloud.Scan
		result  v1alpha1.Result
		message string
	}{
		"clean":            {nil, []cloud.Scan{done()}, v1alpha1.ResultPass, "app-0 has no vulnerability of severity HIGH or graver"},
		"not grave enough": {nil, []cloud.Scan{done(low)}, v1alpha1.ResultPass, "app-0 has no vulnerability of severity HIGH or graver"},
		"grave":            {nil, []cloud.Scan{done(low, high, critical)}, v1alpha1.ResultFail, "app-0 has 2 vulnerabilities of severity HIGH or graver: CRITICAL CVE-2, HIGH CVE-1 in openssl 3.0.1"},
		"unknown severity": {nil, []cloud.Scan{done(odd)}, v1alpha1.ResultFail, "app-0 has 1 vulnerability of severity HIGH or graver: APOCALYPTIC CVE-4"},
		"allowed":          {allow("CVE-1", now.Add(time.Hour)), []cloud.Scan{done(high)}, v1alpha1.ResultPass, "app-0 has no vulnerability of severity HIGH or graver, 1 allowed by spec.imagePolicy.scan.allow"},
		"allowed no more":  {allow("CVE-1", now), []cloud.Scan{done(high)}, v1alpha1.ResultFail, "app-0 has 1 vulnerability of severity HIGH or graver: HIGH CVE-1 in openssl 3.0.1"},
		"another allowed":  {allow("CVE-9", now.Add(time.Hour)), []cloud.Scan{done(high)}, v1alpha1.ResultFail, "app-0 has 1 vulnerability of severity HIGH or graver: HIGH CVE-1 in openssl 3.0.1"},
		"pending":          {nil, []cloud.Scan{done(), {Status: cloud.ScanPending, Description: "IN_PROGRESS"}}, v1alpha1.ResultPending, "app-1 is not scanned yet: IN_PROGRESS"},
		"bad and pending":  {nil, []cloud.Scan{{Status: cloud.ScanPending}, done(critical)}, v1alpha1.ResultFail, "app-1 has 1 vulnerability of severity HIGH or graver: CRITICAL CVE-2"},
		"never scanned":    {nil, []cloud.Scan{{Status: cloud.ScanNone}}, v1alpha1.ResultInconclusive, "app-0 was never scanned: turn on scanning for its repository, or start a scan"},
		"unsupported":      {nil, []cloud.Scan{{Status: cloud.ScanUnavailable, Description: "UNSUPPORTED_IMAGE"}}, v1alpha1.ResultInconclusive, "app-0 has no findings to judge by: UNSUPPORTED_IMAGE"},
		"many": {nil, []cloud.Scan{done(critical, critical, critical, critical, critical, high, high)}, v1alpha1.ResultFail,
			"app-0 has 7 vulnerabilities of severity HIGH or graver: CRITICAL CVE-2, CRITICAL CVE-2, CRITICAL CVE-2, CRITICAL CVE-2, CRITICAL CVE-2, 2 more"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var scans []ImageScan
			for i, scan := range tt.scans {
				scans = append(scans, ImageScan{Image: []string{"app-0", "app-1"}[i], Scan: scan})
			}
			result, message := Images(v1alpha1.ImageScan{Severity: "HIGH", Allow: tt.allow}, scans, now)
			if result != tt.result || message != tt.message {
				t.Errorf("got %s: %s", result, message)
			}
		})
	}
}
