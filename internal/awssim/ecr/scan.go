package ecr

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The statuses of a scan.
const (
	ScanPending             = "PENDING"
	ScanInProgress          = "IN_PROGRESS"
	ScanComplete            = "COMPLETE"
	ScanFailed              = "FAILED"
	ScanUnsupportedImage    = "UNSUPPORTED_IMAGE"
	ScanActive              = "ACTIVE"
	ScanEligibilityExpired  = "SCAN_ELIGIBILITY_EXPIRED"
	ScanFindingsUnavailable = "FINDINGS_UNAVAILABLE"
	ScanLimitExceeded       = "LIMIT_EXCEEDED"
	ScanImageArchived       = "IMAGE_ARCHIVED"
)

// onPushTakes is how long a scan takes on average that a push has started.
const onPushTakes = 10 * time.Second

func statuses() []string {
	return []string{
		ScanPending, ScanInProgress, ScanComplete, ScanFailed, ScanUnsupportedImage, ScanActive,
		ScanEligibilityExpired, ScanFindingsUnavailable, ScanLimitExceeded, ScanImageArchived,
	}
}

func severities(enhanced bool) []string {
	all := []string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNDEFINED"}
	if enhanced {
		all = append(all, "UNTRIAGED")
	}
	return all
}

// Scan is what the scan of an image comes to.
type Scan struct {
	// Status is one of the constants. Default ScanActive for an enhanced scan,
	// else ScanComplete.
	Status string
	// Description explains the status. There is a default for some.
	Description string
	// Enhanced makes it a scan by Amazon Inspector, not ECR's own.
	Enhanced bool
	Findings []Finding
	// PendingFor is how long the scan is PENDING first, divided by the world's
	// speed.
	PendingFor time.Duration
	// EmptyFor is how long, after that, the scan has its status already, and
	// neither findings nor a time or counts of them, divided by the world's
	// speed. So does Amazon Inspector's scan of an image that was pushed just
	// now: aws/aws-sdk#289 with COMPLETE, aws/aws-cli#6759 with ACTIVE.
	EmptyFor time.Duration
}

// Finding is a vulnerability in a package of an image.
type Finding struct {
	// Name is usually a CVE number.
	Name string
	// Severity is INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL or UNDEFINED, and
	// in an enhanced scan UNTRIAGED.
	Severity string
	Package  string
	Version  string
}

// scan is a scan with its times.
type scan struct {
	Scan
	// started is when the wait was over, zero if it is never IN_PROGRESS.
	started time.Time
	// ended is when its status is the final one, known when its findings are
	// there.
	ended, known time.Time
}

// SetScan replaces the scan of an image, by its digest or tag. The caller holds
// the world's lock.
func (s *Service) SetScan(repo, digestOrTag string, in Scan) error {
	r, err := s.repository("", repo)
	if err != nil {
		return err
	}
	digest, err := r.find(idOf(digestOrTag), s.world.Account)
	if err != nil {
		return err
	}
	if r.mediaType(digest) == mediaIndex {
		return core.Errorf("UnsupportedImageTypeException", "An artifact with media type '%s' cannot be scanned. For more information, see the Amazon ECR documentation.", mediaIndex)
	}
	if in.Status == "" && in.Enhanced {
		in.Status = ScanActive
	}
	if in.Status == "" {
		in.Status = ScanComplete
	}
	if !slices.Contains(statuses(), in.Status) {
		return invalid("%q is no status of a scan", in.Status)
	}
	for _, finding := range in.Findings {
		if !slices.Contains(severities(in.Enhanced), finding.Severity) {
			return invalid("%q is no severity of a finding", finding.Severity)
		}
	}
	in.Findings = slices.Clone(in.Findings)
	ended := s.world.Now().Add(s.world.Scale(in.PendingFor))
	r.scans[digest] = scan{Scan: in, ended: ended, known: ended.Add(s.world.Scale(in.EmptyFor))}
	return nil
}

// scanOnPush scans an image for the first time, if its repository wants it. The
// scan finds nothing.
func (s *Service) scanOnPush(r *repository, digest string) {
	if _, scanned := r.scans[digest]; scanned || !r.ScanOnPush || r.mediaType(digest) == mediaIndex {
		return
	}
	now := s.world.Now()
	takes := s.world.Scale(time.Duration(float64(onPushTakes) * (0.5 + s.world.Rand().Float64())))
	r.scans[digest] = scan{Scan: Scan{Status: ScanComplete}, started: now.Add(takes / 2), ended: now.Add(takes), known: now.Add(takes)}
}

// state is the status at a time, and its description.
func (sc scan) state(now time.Time) scanStatus {
	switch {
	case !now.Before(sc.ended):
		description := sc.Description
		if description == "" {
			description = describeStatus(sc.Status)
		}
		return scanStatus{sc.Status, description}
	case !sc.started.IsZero() && !now.Before(sc.started):
		return scanStatus{ScanInProgress, describeStatus(ScanInProgress)}
	default:
		return scanStatus{ScanPending, describeStatus(ScanPending)}
	}
}

func describeStatus(status string) string {
	switch status {
	case ScanPending:
		return "The scan is pending."
	case ScanInProgress:
		return "The scan is in progress."
	case ScanComplete:
		return "The scan was completed successfully."
	case ScanActive:
		return "Continuous scan is selected for image."
	case ScanUnsupportedImage:
		return "UnsupportedImageError: The operating system and/or package manager are not supported."
	default:
		return ""
	}
}
