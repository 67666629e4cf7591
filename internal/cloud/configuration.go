package cloud

import (
	"context"
	"slices"
	"time"
)

// Parameters is the Parameter Store of AWS Systems Manager. Nothing is ever
// decrypted.
type Parameters interface {
	// Get reads parameters by their names or ARNs, now. An ARN is read in its own
	// region.
	Get(ctx context.Context, names []string) map[string]Reading[Parameter]
	// Watch returns what Get does, as it was at most some minutes ago: it is read
	// for all callers together. ErrPending if one wasn't read yet.
	Watch(ctx context.Context, names []string) map[string]Reading[Parameter]
}

// Reading is what was read of a parameter or a secret. Each name that was asked for
// has one, so that what can't be read hides nothing else.
type Reading[T any] struct {
	Value T
	// Err is why it couldn't be read; KindNotFound if it doesn't exist.
	Err error
}

// Parameter is a parameter in its newest version.
type Parameter struct {
	// Secure is true for a SecureString.
	Secure bool
	// Value of a String or a StringList; "" for a SecureString.
	Value string
	// Version counts from 1, and again from 1 once it was deleted and created again.
	Version int64
	// ModifiedAt is when the version was written.
	ModifiedAt time.Time
}

// Secrets is AWS Secrets Manager. Values of secrets are never read.
type Secrets interface {
	// Describe describes secrets by their ARNs, now.
	Describe(ctx context.Context, secretARNs []string) map[string]Reading[Secret]
	// Watch returns what Describe does, as it was at most some minutes ago: it is
	// read for all callers together. ErrPending if one wasn't read yet.
	Watch(ctx context.Context, secretARNs []string) map[string]Reading[Secret]
}

// StageCurrent is the staging label of the version of a secret that is current.
const StageCurrent = "AWSCURRENT"

// Secret is a secret without its value.
type Secret struct {
	// Rotated is true if it is rotated automatically.
	Rotated bool
	// OwningService is the service of AWS that manages it; "" if none does.
	OwningService string
	// DeletedAt is set if it is scheduled for deletion: its value can't be read any
	// more.
	DeletedAt time.Time
	// Stages are the staging labels of its versions, by version ID. A version without
	// any isn't listed: Secrets Manager may delete it.
	Stages map[string][]string
}

// Staged is the version with a staging label; "" if there is none.
func (s *Secret) Staged(label string) string {
	for version, labels := range s.Stages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}
