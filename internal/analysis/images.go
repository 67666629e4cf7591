package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// ImageScan is the result of an image's scan by ECR.
type ImageScan struct {
	Image string
	Scan  cloud.Scan
}

// severities of ECR from the highest to the lowest.
var severities = []string{"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"}

// Images judges the vulnerabilities of a revision's images: Fail if one has too
// severe ones, Pending while a scan is in progress, Inconclusive if one has no
// findings to evaluate, else Pass. The message says why.
func Images(policy v1alpha1.ImageScan, scans []ImageScan, now time.Time) (v1alpha1.Result, string) {
	messages := map[v1alpha1.Result][]string{}
	for _, s := range scans {
		result, message := image(policy, s.Scan, now)
		messages[result] = append(messages[result], s.Image+" "+message)
	}
	for _, result := range []v1alpha1.Result{v1alpha1.ResultFail, v1alpha1.ResultPending, v1alpha1.ResultInconclusive} {
		if len(messages[result]) > 0 {
			return result, strings.Join(messages[result], "; ")
		}
	}
	return v1alpha1.ResultPass, strings.Join(messages[v1alpha1.ResultPass], "; ")
}

// image judges one image.
func image(policy v1alpha1.ImageScan, scan cloud.Scan, now time.Time) (v1alpha1.Result, string) {
	switch scan.Status {
	case cloud.ScanPending:
		return v1alpha1.ResultPending, "is not scanned yet: " + scan.Description
	case cloud.ScanNone:
		return v1alpha1.ResultInconclusive, "was never scanned: turn on scanning for its repository, or start a scan"
	case cloud.ScanUnavailable:
		return v1alpha1.ResultInconclusive, "has no findings to judge by: " + scan.Description
	case cloud.ScanDone:
	}
	var bad []cloud.Finding
	allowed := 0
	for _, finding := range scan.Findings {
		switch {
		case !graveEnough(finding.Severity, policy.Severity):
		case tolerated(policy.Allow, finding.ID, now):
			allowed++
		default:
			bad = append(bad, finding)
		}
	}
	note := ""
	if allowed > 0 {
		note = fmt.Sprintf(", %d allowed by spec.imagePolicy.scan.allow", allowed)
	}
	if len(bad) == 0 {
		return v1alpha1.ResultPass, fmt.Sprintf("has no vulnerability of severity %s or graver%s", policy.Severity, note)
	}
	return v1alpha1.ResultFail, fmt.Sprintf("has %s of severity %s or graver%s: %s", vulnerabilities(len(bad)), policy.Severity, note, describe(bad))
}

// graveEnough reports whether a severity is at least the threshold. An unknown
// one counts as the highest.
func graveEnough(severity string, threshold v1alpha1.Severity) bool {
	return slices.Index(severities, severity) <= slices.Index(severities, string(threshold))
}

// tolerated reports whether a vulnerability is currently accepted.
func tolerated(allow []v1alpha1.AllowedFinding, id string, now time.Time) bool {
	return slices.ContainsFunc(allow, func(a v1alpha1.AllowedFinding) bool {
		return a.ID == id && now.Before(a.Expires.Time)
	})
}

// listed is how many vulnerabilities a message names.
const listed = 5

// describe lists the most severe vulnerabilities.
func describe(bad []cloud.Finding) string {
	slices.SortStableFunc(bad, func(a, b cloud.Finding) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	var parts []string
	for _, finding := range bad[:min(len(bad), listed)] {
		part := finding.Severity + " " + finding.ID
		if finding.Package != "" {
			part += " in " + finding.Package
		}
		parts = append(parts, part)
	}
	if more := len(bad) - listed; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

func vulnerabilities(n int) string {
	if n == 1 {
		return "1 vulnerability"
	}
	return fmt.Sprintf("%d vulnerabilities", n)
}
