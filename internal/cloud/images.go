package cloud

import (
	"context"
	"time"
)

// Images is Amazon ECR.
type Images interface {
	// Digest returns the image's digest, "sha256:…". ok is false when image
	// isn't in ECR, so that nobody can tell; KindNotFound if the repository
	// or the tag doesn't exist (IsRepositoryNotFound tells which). An image
	// with a digest is answered without a call.
	Digest(ctx context.Context, image string) (digest string, ok bool, err error)
	// Repository describes the image's repository. ok is false when image
	// isn't in ECR; KindNotFound if there is no such repository.
	Repository(ctx context.Context, image string) (repository Repository, ok bool, err error)
	// CreateRepository makes the image's repository, private, with immutable
	// tags and a scan of each image that is pushed. One that is there already
	// is a KindConflict error. An image that isn't in ECR is KindInvalid.
	CreateRepository(ctx context.Context, image string, tags map[string]string) error
	// Scan returns what ECR knows of the vulnerabilities of image, which must
	// have a digest and be in ECR (else KindInvalid), of all pages. An image
	// that was never scanned has ScanNone; one that isn't there is
	// KindNotFound.
	Scan(ctx context.Context, image string) (Scan, error)
}

// Repository is an ECR repository.
type Repository struct {
	// Immutable is true when the image's tag can't be moved to another image:
	// the repository's tags are immutable and no filter makes an exception of
	// this tag.
	Immutable bool
}

// ScanStatus is how far the scan of an image is.
type ScanStatus string

// Scan statuses.
const (
	// ScanDone: Findings are complete.
	ScanDone ScanStatus = "Done"
	// ScanPending: the scan goes on or waits.
	ScanPending ScanStatus = "Pending"
	// ScanNone: the image was never scanned, and no scan is due.
	ScanNone ScanStatus = "None"
	// ScanUnavailable: the scan failed, expired, or the image can't be
	// scanned; Description says which.
	ScanUnavailable ScanStatus = "Unavailable"
)

// Scan is what ECR knows of an image's vulnerabilities.
type Scan struct {
	Status ScanStatus
	// Description in ECR's words, with its own status.
	Description string
	// CompletedAt is when the scan ended, or when its findings changed last;
	// zero if ECR doesn't say.
	CompletedAt time.Time
	// Findings of the basic or the enhanced scan.
	Findings []Finding
}

// Finding is one vulnerability of an image.
type Finding struct {
	// ID such as CVE-2026-12345.
	ID string
	// Severity is CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL or UNDEFINED
	// (enhanced scanning's UNTRIAGED is UNDEFINED).
	Severity string
	// Package that has it, with its version; "" if ECR doesn't say.
	Package string
}
