package cloud

import (
	"context"
	"time"
)

// Images is Amazon ECR.
type Images interface {
	// Digest returns the image's digest. ok is false if the image isn't in ECR, so that its digest is unknown; KindNotFound if the
	// repository or the tag doesn't exist (IsRepositoryNotFound distinguishes
	// them). An image with a digest needs no call.
	Digest(ctx context.Context, image string) (digest Digest, ok bool, err error)
	// Exists reports whether ECR has an image with a digest. One without, or one
	// that isn't in ECR, is taken to exist without a call.
	Exists(ctx context.Context, image string) (bool, error)
	// Runs reports whether an image with a digest can run on Linux and a CPU
	// architecture: amd64, arm64. Only image indexes tell; everything else is
	// taken to run.
	Runs(ctx context.Context, image, architecture string) (bool, error)
	// Repository describes the image's repository. ok is false if the image
	// isn't in ECR; KindNotFound if the repository doesn't exist.
	Repository(ctx context.Context, image string) (repository Repository, ok bool, err error)
	// CreateRepository creates the image's repository: private, with immutable
	// tags and scanning on push. If it already exists, the error is
	// KindConflict; if the image isn't in ECR, KindInvalid.
	CreateRepository(ctx context.Context, image string, tags map[string]string) error
	// Scan returns all pages of ECR's findings for image, which must have a
	// digest and be in ECR (else KindInvalid). Of an image index, which ECR
	// doesn't scan, it is the image for Linux on that CPU architecture: amd64,
	// arm64. An image that was never scanned has ScanNone; if it doesn't exist,
	// the error is KindNotFound.
	Scan(ctx context.Context, image, architecture string) (Scan, error)
}

// Digest is an image's digest.
type Digest struct {
	// SHA256 reads "sha256:…".
	SHA256 string
	// PushedAt is when the image was pushed; zero if ECR wasn't asked.
	PushedAt time.Time
}

// Repository is an ECR repository.
type Repository struct {
	// Immutable is true if the image's tag can't be moved to another image: the
	// repository's tags are immutable and no filter exempts this tag.
	Immutable bool
}

// ScanStatus is the status of an image's scan.
type ScanStatus string

// Scan statuses.
const (
	// ScanDone: Findings are complete.
	ScanDone ScanStatus = "Done"
	// ScanPending: the scan is in progress or queued, or its findings aren't
	// there yet.
	ScanPending ScanStatus = "Pending"
	// ScanNone: the image was never scanned, and no scan is due.
	ScanNone ScanStatus = "None"
	// ScanUnavailable: the scan failed, expired, or the image can't be
	// scanned; Description says which.
	ScanUnavailable ScanStatus = "Unavailable"
)

// Scan is what ECR knows about an image's vulnerabilities.
type Scan struct {
	Status ScanStatus
	// Description as reported by ECR, with ECR's own status.
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
