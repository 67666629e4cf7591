package ecr

import (
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type scanFindingsIn struct {
	RegistryID     string   `json:"registryId"`
	RepositoryName string   `json:"repositoryName"`
	ImageID        *imageID `json:"imageId"`
	MaxResults     *int     `json:"maxResults"`
	NextToken      string   `json:"nextToken"`
}

type scanStatus struct {
	Status      string `json:"status"`
	Description string `json:"description,omitempty"`
}

type attribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// basicFinding is a finding of ECR's own scan.
type basicFinding struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	URI         string      `json:"uri"`
	Severity    string      `json:"severity"`
	Attributes  []attribute `json:"attributes"`
}

type vulnerablePackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type packageVulnerability struct {
	VulnerabilityID    string              `json:"vulnerabilityId"`
	Source             string              `json:"source"`
	VulnerablePackages []vulnerablePackage `json:"vulnerablePackages"`
}

// enhancedFinding is a finding of Amazon Inspector.
type enhancedFinding struct {
	AWSAccountID                string               `json:"awsAccountId"`
	Description                 string               `json:"description"`
	FindingARN                  string               `json:"findingArn"`
	FirstObservedAt             int64                `json:"firstObservedAt"`
	LastObservedAt              int64                `json:"lastObservedAt"`
	UpdatedAt                   int64                `json:"updatedAt"`
	PackageVulnerabilityDetails packageVulnerability `json:"packageVulnerabilityDetails"`
	Score                       float64              `json:"score"`
	Severity                    string               `json:"severity"`
	Status                      string               `json:"status"`
	Title                       string               `json:"title"`
	Type                        string               `json:"type"`
}

type scanFindings struct {
	CompletedAt      int64             `json:"imageScanCompletedAt,omitempty"`
	SourceUpdatedAt  int64             `json:"vulnerabilitySourceUpdatedAt,omitempty"`
	SeverityCounts   map[string]int    `json:"findingSeverityCounts,omitzero"`
	Findings         []basicFinding    `json:"findings,omitzero"`
	EnhancedFindings []enhancedFinding `json:"enhancedFindings,omitempty"`
}

type scanFindingsOut struct {
	RegistryID     string        `json:"registryId"`
	RepositoryName string        `json:"repositoryName"`
	ImageID        imageID       `json:"imageId"`
	Status         scanStatus    `json:"imageScanStatus"`
	Findings       *scanFindings `json:"imageScanFindings,omitempty"`
	NextToken      string        `json:"nextToken,omitempty"`
}

func (s *Service) describeImageScanFindings(body []byte) (any, error) {
	var in scanFindingsIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	size, err := pageSize(in.MaxResults)
	if err != nil {
		return nil, err
	}
	start, err := position("findings", in.NextToken)
	if err != nil {
		return nil, err
	}
	s.create(in.RepositoryName, *in.ImageID)
	repo, err := s.repository(in.RegistryID, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	digest, err := repo.find(*in.ImageID, s.world.Account)
	if err != nil {
		return nil, err
	}
	found, scanned := repo.scans[digest] // an index never is: its manifests are
	if !scanned {
		return nil, core.Errorf("ScanNotFoundException", "Image scan does not exist for the image with '%s' in the repository with name '%s' in the registry with id '%s'", in.ImageID, repo.name, s.world.Account)
	}
	out := scanFindingsOut{
		RegistryID: s.world.Account, RepositoryName: repo.name,
		ImageID: imageID{digest, in.ImageID.ImageTag}, Status: found.state(s.world.Now()),
	}
	out.Findings, out.NextToken = s.findings(found, out.Status.Status, start, size)
	return out, nil
}

// findings is one page of what a scan has found, nil while there is nothing to
// tell.
func (s *Service) findings(found scan, status, position string, size int) (*scanFindings, string) {
	known := status == ScanComplete || status == ScanActive || len(found.Findings) > 0
	now := s.world.Now()
	if !known || now.Before(found.ended) {
		return nil, ""
	}
	if now.Before(found.known) {
		return &scanFindings{Findings: []basicFinding{}}, ""
	}
	start, _ := strconv.Atoi(position) // "" is the first page
	start = min(max(start, 0), len(found.Findings))
	end, next := start+size, ""
	if end < len(found.Findings) {
		next = token("findings", strconv.Itoa(end))
	}
	return s.page(found, found.Findings[start:min(end, len(found.Findings))]), next
}

// page shows some of a scan's findings. The counts are those of all.
func (s *Service) page(found scan, some []Finding) *scanFindings {
	out := &scanFindings{CompletedAt: found.ended.Unix(), SourceUpdatedAt: found.ended.Add(-time.Hour).Unix(), SeverityCounts: map[string]int{}}
	for _, finding := range found.Findings {
		out.SeverityCounts[finding.Severity]++
	}
	for _, finding := range some {
		if found.Enhanced {
			out.EnhancedFindings = append(out.EnhancedFindings, s.enhanced(finding, found.ended))
		} else {
			out.Findings = append(out.Findings, basic(finding))
		}
	}
	return out
}

func basic(f Finding) basicFinding {
	return basicFinding{
		Name: f.Name, Description: f.Name + " in " + f.Package, URI: "https://nvd.nist.gov/vuln/detail/" + f.Name, Severity: f.Severity,
		Attributes: []attribute{{"package_version", f.Version}, {"package_name", f.Package}},
	}
}

func (s *Service) enhanced(f Finding, at time.Time) enhancedFinding {
	return enhancedFinding{
		AWSAccountID: s.world.Account, Description: f.Name + " in " + f.Package,
		FindingARN:      s.world.ARN("inspector2", "finding/"+Digest(f.Name, f.Package)[len("sha256:"):][:32]),
		FirstObservedAt: at.Unix(), LastObservedAt: at.Unix(), UpdatedAt: at.Unix(),
		PackageVulnerabilityDetails: packageVulnerability{f.Name, "NVD", []vulnerablePackage{{f.Package, f.Version}}},
		Score:                       score(f.Severity), Severity: f.Severity, Status: "ACTIVE",
		Title: f.Name + " - " + f.Package, Type: "PACKAGE_VULNERABILITY",
	}
}

// score is a CVSS score that fits a severity.
func score(severity string) float64 {
	switch severity {
	case "CRITICAL":
		return 9.8
	case "HIGH":
		return 7.5
	case "MEDIUM":
		return 5.5
	case "LOW":
		return 3.1
	default:
		return 0
	}
}
