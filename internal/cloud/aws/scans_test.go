package aws

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
)

func TestScanStatus(t *testing.T) {
	done := time.Unix(1_800_000_000, 0).UTC()
	tests := map[string]struct {
		answer string
		want   cloud.Scan
	}{
		"COMPLETE": {
			`"imageScanFindings":{"imageScanCompletedAt":1800000000,"vulnerabilitySourceUpdatedAt":1700000000,"findings":[
				{"name":"CVE-1","severity":"HIGH","attributes":[{"key":"package_version","value":"1.2"},{"key":"package_name","value":"openssl"}]},
				{"name":"CVE-2","severity":"UNDEFINED"}]}`,
			cloud.Scan{Status: cloud.ScanDone, Description: "COMPLETE: why", CompletedAt: done, Findings: []cloud.Finding{
				{ID: "CVE-1", Severity: "HIGH", Package: "openssl 1.2"}, {ID: "CVE-2", Severity: "UNDEFINED"},
			}},
		},
		"ACTIVE": {
			`"imageScanFindings":{"vulnerabilitySourceUpdatedAt":1800000000,"enhancedFindings":[
				{"title":"CVE-1 - openssl","severity":"CRITICAL","packageVulnerabilityDetails":{"vulnerabilityId":"CVE-1","vulnerablePackages":[{"name":"openssl","version":"1.2"},{"name":"x"}]}},
				{"title":"Reverse shell","severity":"UNTRIAGED"}]}`,
			cloud.Scan{Status: cloud.ScanDone, Description: "ACTIVE: why", CompletedAt: done, Findings: []cloud.Finding{
				{ID: "CVE-1", Severity: "CRITICAL", Package: "openssl 1.2"}, {ID: "Reverse shell", Severity: "UNDEFINED"},
			}},
		},
		"IN_PROGRESS": {
			`"imageScanFindings":{"findings":[{"name":"CVE-1","severity":"HIGH"}]}`,
			cloud.Scan{Status: cloud.ScanPending, Description: "IN_PROGRESS: why"},
		},
		"PENDING":                  {`"nextToken":"more"`, cloud.Scan{Status: cloud.ScanPending, Description: "PENDING: why"}},
		"FAILED":                   {`"nextToken":"more"`, cloud.Scan{Status: cloud.ScanUnavailable, Description: "FAILED: why"}},
		"UNSUPPORTED_IMAGE":        {`"nextToken":"more"`, cloud.Scan{Status: cloud.ScanUnavailable, Description: "UNSUPPORTED_IMAGE: why"}},
		"SCAN_ELIGIBILITY_EXPIRED": {`"nextToken":"more"`, cloud.Scan{Status: cloud.ScanUnavailable, Description: "SCAN_ELIGIBILITY_EXPIRED: why"}},
		"FINDINGS_UNAVAILABLE":     {`"nextToken":"more"`, cloud.Scan{Status: cloud.ScanUnavailable, Description: "FINDINGS_UNAVAILABLE: why"}},
		"WHATEVER":                 {`"nextToken":"more"`, cloud.Scan{Status: cloud.ScanUnavailable, Description: "WHATEVER: why"}},
	}
	for status, tc := range tests {
		t.Run(status, func(t *testing.T) {
			w := &wire{f: func(*http.Request, string) (int, string, string) {
				return 200, "", fmt.Sprintf(`{"imageScanStatus":{"status":%q,"description":"why"},%s}`, status, tc.answer)
			}}
			got, err := w.clients(t).Images.Scan(t.Context(), pinned)
			check(t, err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := `"imageId":{"imageDigest":"` + pinned[len(checkout)+1:] + `"}`; len(w.asked) != 1 || !strings.Contains(w.asked[0], want) {
				t.Errorf("asked %q", w.asked)
			}
		})
	}
}

func TestScanErrors(t *testing.T) {
	tests := map[string]struct {
		image, code string
		want        cloud.ScanStatus
		kind        cloud.Kind
	}{
		"never scanned": {pinned, "ScanNotFoundException", cloud.ScanNone, ""},
		"no image":      {pinned, "ImageNotFoundException", "", cloud.KindNotFound},
		"no repository": {pinned, "RepositoryNotFoundException", "", cloud.KindNotFound},
		"no such kind":  {pinned, "UnsupportedImageTypeException", cloud.ScanUnavailable, ""},
		"denied":        {pinned, "AccessDeniedException", "", cloud.KindDenied},
		"no digest":     {checkout + ":1", "", "", cloud.KindInvalid},
		"elsewhere":     {"nginx@" + pinned[len(checkout)+1:], "", "", cloud.KindInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := &wire{f: func(*http.Request, string) (int, string, string) { return 400, "", jsonError(tc.code, "so it is") }}
			got, err := w.clients(t).Images.Scan(t.Context(), tc.image)
			if cloud.KindOf(err) != tc.kind || got.Status != tc.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// Findings of all pages count, and those on further pages aren't forgotten.
func TestScanPages(t *testing.T) {
	tests := map[string]struct {
		pages  int
		counts string
		want   []cloud.Finding // after those that are listed
	}{
		"all":        {3, `{"LOW":9}`, nil},
		"bound":      {findingsPagesMax, `{"LOW":50}`, nil},
		"too many":   {60, `{"LOW":58,"HIGH":1,"UNTRIAGED":1}`, []cloud.Finding{{ID: unlisted, Severity: "HIGH"}, {ID: unlisted, Severity: "LOW"}, {ID: unlisted, Severity: "UNDEFINED"}}},
		"not told":   {60, `{}`, []cloud.Finding{{ID: unlisted, Severity: "CRITICAL"}}},
		"told wrong": {60, `{"LOW":50}`, []cloud.Finding{{ID: unlisted, Severity: "CRITICAL"}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			page := 0
			w := &wire{f: func(*http.Request, string) (int, string, string) {
				page++
				next := ""
				if page < tc.pages {
					next = fmt.Sprintf(`,"nextToken":"%d"`, page)
				}
				return 200, "", fmt.Sprintf(`{"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"findingSeverityCounts":%s,`+
					`"findings":[{"name":"CVE-%d","severity":"LOW"}]}%s}`, tc.counts, page, next)
			}}
			got, err := w.clients(t).Images.Scan(t.Context(), pinned)
			check(t, err)
			listed := min(tc.pages, findingsPagesMax)
			if page != listed || len(got.Findings) < listed {
				t.Fatalf("%d pages, %d findings", page, len(got.Findings))
			}
			if diff := cmp.Diff(tc.want, got.Findings[listed:], cmp.Transformer("nil", func(f []cloud.Finding) string { return fmt.Sprint(f) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if told := strings.Contains(got.Description, "only the first 50 findings"); told != (tc.pages > findingsPagesMax) {
				t.Errorf("description is %s", got.Description)
			}
		})
	}
}
