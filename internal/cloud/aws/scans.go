package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	findingsPerPage = 1000
	// findingsPagesMax limits the pages of an image's findings, which take about
	// 1 MB in memory: users choose the images, ten for each rollout.
	findingsPagesMax = 10
	// unlisted is the ID of a finding that stands for those on further pages.
	unlisted          = "(not listed)"
	severityUndefined = "UNDEFINED"
)

// severities are those of both kinds of scans, the worst first.
var severities = []string{"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", severityUndefined}

// Scan waits where ECR has a final status without findings: Amazon Inspector's
// scan has it right after a push, when nothing was looked for yet.
func (i *images) Scan(ctx context.Context, image, architecture string) (cloud.Scan, error) {
	ref, err := parseReference(image)
	if err != nil {
		return cloud.Scan{}, err
	}
	api, account, err := i.registry(ref)
	switch {
	case err != nil:
		return cloud.Scan{}, err
	case api == nil:
		return cloud.Scan{}, notInECR(image)
	case ref.digest == "":
		return cloud.Scan{}, invalid(fmt.Sprintf("image %q has no digest, by which scans are told apart", image))
	}
	digest, err := i.scanned(ctx, api, account, ref, architecture)
	if err != nil {
		return cloud.Scan{}, err
	}
	if digest == "" {
		return cloud.Scan{Status: cloud.ScanUnavailable, Description: "the image index has no image for linux/" + architecture}, nil
	}
	return findings(ctx, api, &ecr.DescribeImageScanFindingsInput{
		RegistryId:     &account,
		RepositoryName: &ref.repository,
		ImageId:        &types.ImageIdentifier{ImageDigest: &digest},
		MaxResults:     new(int32(findingsPerPage)),
	})
}

// findings reads all pages.
func findings(ctx context.Context, api ecrAPI, in *ecr.DescribeImageScanFindingsInput) (cloud.Scan, error) {
	pages := ecr.NewDescribeImageScanFindingsPaginator(api, in)
	var scan cloud.Scan
	counts := map[string]int{}
	for n := 0; pages.HasMorePages() && n < findingsPagesMax; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return scanFailure(wrap(err))
		}
		addPage(&scan, counts, page)
		if scan.Status != cloud.ScanDone {
			scan.Findings = nil // they aren't complete
			return scan, nil
		}
	}
	if pages.HasMorePages() {
		addUnlisted(&scan, counts)
	}
	return scan, nil
}

// scanFailure turns ECR errors that aren't failures of the call into a scan.
func scanFailure(err error) (cloud.Scan, error) {
	switch {
	case hasCode(err, "ScanNotFoundException"):
		return cloud.Scan{Status: cloud.ScanNone}, nil
	case hasCode(err, "UnsupportedImageTypeException"), hasCode(err, "ImageArchivedException"):
		return cloud.Scan{Status: cloud.ScanUnavailable, Description: err.Error()}, nil
	}
	return cloud.Scan{}, err
}

func scanStatus(s types.ScanStatus) cloud.ScanStatus {
	switch s {
	case types.ScanStatusComplete, types.ScanStatusActive:
		return cloud.ScanDone
	case types.ScanStatusPending, types.ScanStatusInProgress:
		return cloud.ScanPending
	default:
		return cloud.ScanUnavailable
	}
}

// addPage adds a page to a scan, and to counts the number of findings that ECR
// has of each severity.
func addPage(scan *cloud.Scan, counts map[string]int, page *ecr.DescribeImageScanFindingsOutput) {
	scan.Status, scan.Description = cloud.ScanUnavailable, "no status"
	if s := page.ImageScanStatus; s != nil {
		scan.Status = scanStatus(s.Status)
		scan.Description = strings.Trim(string(s.Status)+": "+clean(awssdk.ToString(s.Description)), ": ")
	}
	found := page.ImageScanFindings
	if scan.Status == cloud.ScanDone && !looked(found) {
		scan.Status = cloud.ScanPending
		scan.Description += " (ECR has no findings yet, nor counts of them)"
	}
	if found == nil {
		return
	}
	scan.CompletedAt = latest(scan.CompletedAt, firstTime(found.ImageScanCompletedAt, found.VulnerabilitySourceUpdatedAt))
	ofPage := map[string]int{}
	for s, n := range found.FindingSeverityCounts {
		ofPage[severity(s)] += int(n)
	}
	for s, n := range ofPage {
		counts[s] = max(counts[s], n)
	}
	for i := range found.Findings {
		scan.Findings = append(scan.Findings, basicFinding(&found.Findings[i]))
	}
	for i := range found.EnhancedFindings {
		scan.Findings = append(scan.Findings, enhancedFinding(&found.EnhancedFindings[i]))
	}
}

// looked reports whether vulnerabilities were looked for: then ECR says when, or
// how many there are of each severity, be it none.
func looked(found *types.ImageScanFindings) bool {
	return found != nil && (found.ImageScanCompletedAt != nil || found.FindingSeverityCounts != nil)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// severity returns one of severities.
func severity(s string) string {
	if s = strings.ToUpper(s); slices.Contains(severities, s) {
		return s
	}
	return severityUndefined // UNTRIAGED, and future ones
}

func basicFinding(f *types.ImageScanFinding) cloud.Finding {
	var name, version string
	for _, a := range f.Attributes {
		switch awssdk.ToString(a.Key) {
		case "package_name":
			name = awssdk.ToString(a.Value)
		case "package_version":
			version = awssdk.ToString(a.Value)
		}
	}
	return cloud.Finding{
		ID:       awssdk.ToString(f.Name),
		Severity: severity(string(f.Severity)),
		Package:  strings.TrimSpace(name + " " + version),
	}
}

func enhancedFinding(f *types.EnhancedImageScanFinding) cloud.Finding {
	out := cloud.Finding{ID: awssdk.ToString(f.Title), Severity: severity(awssdk.ToString(f.Severity))}
	if d := f.PackageVulnerabilityDetails; d != nil {
		out.ID = cmp.Or(awssdk.ToString(d.VulnerabilityId), out.ID)
		if len(d.VulnerablePackages) > 0 {
			p := &d.VulnerablePackages[0]
			out.Package = strings.TrimSpace(awssdk.ToString(p.Name) + " " + awssdk.ToString(p.Version))
		}
	}
	return out
}

// addUnlisted records that there are more findings than were read, and adds one
// for each severity of which there are more: an image must not pass because
// pages weren't read. If ECR doesn't say which severity, the highest is
// assumed.
func addUnlisted(scan *cloud.Scan, counts map[string]int) {
	scan.Description += fmt.Sprintf("; only the first %d findings are listed", len(scan.Findings))
	listed := map[string]int{}
	for _, f := range scan.Findings {
		listed[f.Severity]++
	}
	added := false
	for _, s := range severities {
		if counts[s] > listed[s] {
			added = true
			scan.Findings = append(scan.Findings, cloud.Finding{ID: unlisted, Severity: s})
		}
	}
	if !added {
		scan.Findings = append(scan.Findings, cloud.Finding{ID: unlisted, Severity: severities[0]})
	}
}
