package aws

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// scanning answers calls of DescribeImageScanFindings; each image is a single
// one.
func scanning(answer func() (status int, text string)) *wire {
	return &wire{f: func(r *http.Request, _ string) (int, string, string) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchGetImage") {
			return 200, "", `{"images":[{"imageManifestMediaType":"application/vnd.oci.image.manifest.v1+json","imageManifest":"{\"schemaVersion\":2}"}]}`
		}
		status, text := answer()
		return status, "", text
	}}
}

// Amazon Inspector's scan has its final status before it has looked at
// anything. These answers are those of aws/aws-sdk#289 and aws/aws-cli#6759, and
// what else may mean the same.
func TestScanRightAfterPush(t *testing.T) {
	for name, tc := range map[string]struct {
		answer string
		want   cloud.ScanStatus
	}{
		"COMPLETE, findings empty":       {`{"imageScanFindings":{"findings":[]},"imageScanStatus":{"status":"COMPLETE","description":"The scan was completed successfully."}}`, cloud.ScanPending},
		"ACTIVE, findings empty":         {`{"imageScanFindings":{"findings":[]},"imageScanStatus":{"status":"ACTIVE","description":"Continuous scan is selected for image."}}`, cloud.ScanPending},
		"ACTIVE, both empty":             {`{"imageScanFindings":{"findings":[],"enhancedFindings":[]},"imageScanStatus":{"status":"ACTIVE"}}`, cloud.ScanPending},
		"ACTIVE, no findings":            {`{"imageScanStatus":{"status":"ACTIVE"}}`, cloud.ScanPending},
		"ACTIVE, counted: none":          {`{"imageScanFindings":{"findingSeverityCounts":{}},"imageScanStatus":{"status":"ACTIVE"}}`, cloud.ScanDone},
		"COMPLETE, at a time":            {`{"imageScanFindings":{"imageScanCompletedAt":1800000000,"findings":[]},"imageScanStatus":{"status":"COMPLETE"}}`, cloud.ScanDone},
		"source updated isn't completed": {`{"imageScanFindings":{"vulnerabilitySourceUpdatedAt":1800000000},"imageScanStatus":{"status":"ACTIVE"}}`, cloud.ScanPending},
	} {
		t.Run(name, func(t *testing.T) {
			w := scanning(func() (int, string) { return 200, tc.answer })
			got, err := w.clients(t).Images.Scan(t.Context(), pinned, "amd64")
			check(t, err)
			if got.Status != tc.want || len(got.Findings) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// ECR asks Amazon Inspector on behalf of the caller, whose permission that
// needs.
func TestScanWithoutInspector(t *testing.T) {
	denied := "User: arn:aws:sts::111122223333:assumed-role/viridian/viridian is not authorized to perform: inspector2:ListFindings on resource: arn:aws:inspector2:eu-west-1:111122223333:/findings/list"
	w := scanning(func() (int, string) { return 400, jsonError("AccessDeniedException", denied) })
	_, err := w.clients(t).Images.Scan(t.Context(), pinned, "amd64")
	wantKind(t, err, cloud.KindDenied)
	if !strings.Contains(err.Error(), "inspector2:ListFindings") {
		t.Errorf("got %v", err)
	}
}

// Of an index, which ECR doesn't scan, the image that runs is looked at. Which
// one that is is asked for once.
func TestScanOfAnIndex(t *testing.T) {
	high := []ecr.Finding{{Name: "CVE-1", Severity: "HIGH"}}
	for architecture, want := range map[string]cloud.Scan{
		"amd64": {Status: cloud.ScanDone},
		"arm64": {Status: cloud.ScanDone, Findings: []cloud.Finding{{ID: "CVE-1", Severity: "HIGH"}}},
		"s390x": {Status: cloud.ScanUnavailable, Description: "the image index has no image for linux/s390x"},
	} {
		t.Run(architecture, func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				digest, children, err := w.sim.PutIndex("shop/checkout", "1.0", "linux/amd64", "linux/arm64/v8")
				check(t, err)
				check(t, w.sim.SetScan("shop/checkout", children[0], ecr.Scan{}))
				check(t, w.sim.SetScan("shop/checkout", children[1], ecr.Scan{Findings: high}))
				for range 3 {
					got, err := w.Images.Scan(t.Context(), registry+"/shop/checkout@"+digest, architecture)
					check(t, err)
					if got.Status != want.Status || !cmp.Equal(got.Findings, want.Findings) || want.Description != "" && got.Description != want.Description {
						t.Errorf("got %+v", got)
					}
				}
				if n := w.sim.CallCounts()["ecr:BatchGetImage"]; n != 1 {
					t.Errorf("%d calls of BatchGetImage", n)
				}
			})
		})
	}
}

func TestScanOfAManifestThatCannotBeHad(t *testing.T) {
	for name, tc := range map[string]struct {
		answer string
		want   cloud.Kind
	}{
		"not there":  {`{"failures":[{"failureCode":"ImageNotFound","failureReason":"Requested image not found"}]}`, cloud.KindNotFound},
		"other":      {`{"failures":[{"failureCode":"KmsError","failureReason":"no key"}]}`, cloud.KindTransient},
		"nothing":    {`{}`, cloud.KindTransient},
		"unreadable": {`{"images":[{"imageManifestMediaType":"application/vnd.oci.image.index.v1+json","imageManifest":"{"}]}`, cloud.KindTransient},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wire{f: func(*http.Request, string) (int, string, string) { return 200, "", tc.answer }}
			_, err := w.clients(t).Images.Scan(t.Context(), pinned, "amd64")
			wantKind(t, err, tc.want)
		})
	}
}

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
			`"imageScanFindings":{"imageScanCompletedAt":1800000000,"vulnerabilitySourceUpdatedAt":1700000000,"enhancedFindings":[
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
			w := scanning(func() (int, string) {
				return 200, fmt.Sprintf(`{"imageScanStatus":{"status":%q,"description":"why"},%s}`, status, tc.answer)
			})
			got, err := w.clients(t).Images.Scan(t.Context(), pinned, "amd64")
			check(t, err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := `"imageId":{"imageDigest":"` + pinned[len(checkout)+1:] + `"}`; len(w.asked) != 2 || !strings.Contains(w.asked[1], want) {
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
			w := scanning(func() (int, string) { return 400, jsonError(tc.code, "so it is") })
			got, err := w.clients(t).Images.Scan(t.Context(), tc.image, "amd64")
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
		"bound":      {findingsPagesMax, `{"LOW":10}`, nil},
		"too many":   {60, `{"LOW":58,"HIGH":1,"UNTRIAGED":1}`, []cloud.Finding{{ID: unlisted, Severity: "HIGH"}, {ID: unlisted, Severity: "LOW"}, {ID: unlisted, Severity: "UNDEFINED"}}},
		"not told":   {60, `{}`, []cloud.Finding{{ID: unlisted, Severity: "CRITICAL"}}},
		"told wrong": {60, `{"LOW":10}`, []cloud.Finding{{ID: unlisted, Severity: "CRITICAL"}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			page := 0
			w := scanning(func() (int, string) {
				page++
				next := ""
				if page < tc.pages {
					next = fmt.Sprintf(`,"nextToken":"%d"`, page)
				}
				return 200, fmt.Sprintf(`{"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"findingSeverityCounts":%s,`+
					`"findings":[{"name":"CVE-%d","severity":"LOW"}]}%s}`, tc.counts, page, next)
			})
			got, err := w.clients(t).Images.Scan(t.Context(), pinned, "amd64")
			check(t, err)
			listed := min(tc.pages, findingsPagesMax)
			if page != listed || len(got.Findings) < listed {
				t.Fatalf("%d pages, %d findings", page, len(got.Findings))
			}
			if diff := cmp.Diff(tc.want, got.Findings[listed:], cmp.Transformer("nil", func(f []cloud.Finding) string { return fmt.Sprint(f) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if told := strings.Contains(got.Description, "only the first 10 findings"); told != (tc.pages > findingsPagesMax) {
				t.Errorf("description is %s", got.Description)
			}
		})
	}
}

// TestScanIsBounded: whoever builds an image may have it full of old packages. What
// is kept of a scan must leave the manager's memory to others: ten images of each
// rollout are looked at in a pass, and half of all workers may do that.
func TestScanIsBounded(t *testing.T) {
	const most = 10_000
	pages, findings := 0, strings.TrimSuffix(strings.Repeat(`{"name":"CVE-2026-12345","severity":"HIGH"},`, findingsPerPage), ",")
	w := scanning(func() (int, string) {
		pages++
		return 200, fmt.Sprintf(`{"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"findingSeverityCounts":{"HIGH":99999},"findings":[%s]},"nextToken":"%d"}`, findings, pages)
	})
	got, err := w.clients(t).Images.Scan(t.Context(), pinned, "amd64")
	check(t, err)
	if n := len(got.Findings); n > most+len(severities) || got.Findings[n-1].ID != unlisted {
		t.Errorf("%d findings of %d pages are kept", n, pages)
	}
}
