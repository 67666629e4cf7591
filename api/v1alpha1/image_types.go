package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ImagePolicy says which images may run. It is checked when a revision is
// created and before its stack is.
type ImagePolicy struct {
	// foreignTags says whether an image that isn't in Amazon ECR may be named
	// by a tag, which can't be pinned to a digest: tasks of one revision may
	// then run different images. Deny requires a digest.
	// +optional
	// +default="Deny"
	// +kubebuilder:validation:Enum=Deny;Allow
	ForeignTags TagPolicy `json:"foreignTags,omitempty"`

	// foreignRegistries are the registries, or parts of one, whose images may be
	// named by tags although foreignTags is Deny: "public.ecr.aws",
	// "public.ecr.aws/datadog", "docker.io/library". An image without a
	// registry is one of docker.io.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$')",message="spec.imagePolicy.foreignRegistries are registries, or repositories or parts of them, as images name them: example.com or example.com:5000/team, without https://, a tag, * or a final /"
	// +listType=set
	ForeignRegistries []string `json:"foreignRegistries,omitempty"`

	// mutableTags says whether an image in Amazon ECR may have a tag that can
	// be moved in its repository. Deny requires a repository with immutable
	// tags, or a digest.
	// +optional
	// +default="Allow"
	// +kubebuilder:validation:Enum=Deny;Allow
	MutableTags TagPolicy `json:"mutableTags,omitempty"`

	// missingRepository says what to do when the image's repository in Amazon
	// ECR doesn't exist: Block reports it; Create creates it, with immutable
	// tags and scanning on push, and waits for the image.
	// +optional
	// +default="Block"
	// +kubebuilder:validation:Enum=Block;Create
	MissingRepository RepositoryPolicy `json:"missingRepository,omitempty"`

	// scan rejects images with known vulnerabilities.
	// +optional
	Scan *ImageScan `json:"scan,omitempty"`
}

// TagPolicy says whether a kind of tag may be used.
type TagPolicy string

// Tag policies.
const (
	TagDeny  TagPolicy = "Deny"
	TagAllow TagPolicy = "Allow"
)

// RepositoryPolicy says what to do about a missing repository.
type RepositoryPolicy string

// Repository policies.
const (
	RepositoryBlock  RepositoryPolicy = "Block"
	RepositoryCreate RepositoryPolicy = "Create"
)

// Severity of a vulnerability, in the terms of Amazon ECR.
type Severity string

// ImageScan says which vulnerabilities reject an image.
type ImageScan struct {
	// severity is the lowest severity that rejects an image; higher ones do
	// too.
	// +required
	// +kubebuilder:validation:Enum=CRITICAL;HIGH;MEDIUM;LOW;INFORMATIONAL;UNDEFINED
	Severity Severity `json:"severity,omitempty"`

	// pendingSeconds is how long to wait for a scan that isn't complete.
	// +optional
	// +default=600
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	PendingSeconds *int32 `json:"pendingSeconds,omitempty"`

	// ifUnavailable says what to do about an image without findings to
	// evaluate: its scan failed, isn't complete after pendingSeconds, was never
	// made, or the image can't be scanned or isn't in Amazon ECR. Fail rejects
	// the revision; Proceed continues and keeps that as evidence.
	// +optional
	// +default="Fail"
	// +kubebuilder:validation:Enum=Fail;Proceed
	IfUnavailable ScanPolicy `json:"ifUnavailable,omitempty"`

	// allow are vulnerabilities that are accepted.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=id
	Allow []AllowedFinding `json:"allow,omitempty"`
}

// ScanPolicy says what to do without findings.
type ScanPolicy string

// Scan policies.
const (
	ScanFail    ScanPolicy = "Fail"
	ScanProceed ScanPolicy = "Proceed"
)

// AllowedFinding is a vulnerability that is accepted.
type AllowedFinding struct {
	// id such as CVE-2026-12345.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	ID string `json:"id,omitempty"`

	// reason why it is accepted, for later readers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`

	// expires is when it is no longer accepted, such as "2027-01-31T00:00:00Z".
	// +required
	Expires metav1.Time `json:"expires,omitzero"`
}
