package template

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

const (
	// maxStackName is CloudFormation's limit, in characters.
	maxStackName = 128
	// maxTargetGroupName is Elastic Load Balancing's limit, in characters.
	maxTargetGroupName = 32
)

// StackName returns the name of a revision's stack, such as
// viridian-shop-checkout-3-1a2b3c4d. Its suffix is derived from the UID: an
// ImmutableDeployment that is recreated with the same name never collides with
// the stacks of its predecessor. If the name is too long for CloudFormation,
// namespace and name are cut.
func StackName(namespace, name, uid string, revision int64) string {
	suffix := identity(uid, revision)
	return readable("viridian-"+namespace+"-"+name, maxStackName-len(suffix)) + suffix
}

// IsStackName reports whether stack is the name of a stack of the
// ImmutableDeployment namespace/name, whatever its UID and the revision's
// number.
func IsStackName(stack, namespace, name string) bool {
	suffix := stackSuffix.FindString(stack)
	return suffix != "" && stack == readable("viridian-"+namespace+"-"+name, maxStackName-len(suffix))+suffix
}

// stackSuffix matches what identity appends.
var stackSuffix = regexp.MustCompile(`-[0-9]+-[0-9a-f]{8}$`)

// TargetGroupName returns the name of a revision's target group, such as
// checkout-3-1a2b3c4d; a long name is cut. UID and revision make it unique in
// an account, as Elastic Load Balancing requires.
func TargetGroupName(name, uid string, revision int64) string {
	suffix := identity(uid, revision)
	return readable(name, maxTargetGroupName-len(suffix)) + suffix
}

// identity is the part of a name that distinguishes revisions; at most 29
// characters long.
func identity(uid string, revision int64) string {
	sum := sha256.Sum256([]byte(uid))
	return fmt.Sprintf("-%d-%s", revision, hex.EncodeToString(sum[:4]))
}

// readable cuts text to at most limit characters of a-z, A-Z, 0-9 and single
// hyphens; the result begins with a letter and doesn't end with a hyphen.
func readable(text string, limit int) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !isAlphanumeric(r) })
	text = strings.TrimLeft(strings.Join(words, "-"), "-0123456789")
	if text == "" {
		text = "viridian"
	}
	return strings.TrimRight(text[:min(limit, len(text))], "-")
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// PinImage replaces the tag or digest of image by digest ("sha256:…"). An empty
// digest leaves image as it is.
//
// ECS documents two forms, repository:tag and repository@digest. The
// combination of both, which Docker accepts, is not among them, so the tag is
// dropped.
func PinImage(image, digest string) string {
	if digest == "" {
		return image
	}
	repository, _, _ := strings.Cut(image, "@")
	// A colon before the last slash belongs to the registry's port.
	if colon := strings.LastIndexByte(repository, ':'); colon > strings.LastIndexByte(repository, '/') {
		repository = repository[:colon]
	}
	return repository + "@" + digest
}
