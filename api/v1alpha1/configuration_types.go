package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ValueSource says where the value of an environment variable is.
type ValueSource struct {
	// ssm is a parameter of Systems Manager with the type String or StringList:
	// its name, or its ARN if it is in another region or account. A name that
	// doesn't begin with a slash is relative to parameterPath, if there is one.
	// The value is read once, when a revision is made, and becomes a part of it:
	// whoever may read the revision, or the task definition, reads it. A
	// SecureString goes into secrets.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1100
	// +kubebuilder:validation:XValidation:rule="self.matches('^(arn:aws[a-z-]*:ssm:[^:]+:\\\\d+:parameter/|/)?[\\\\w.-]+(/[\\\\w.-]+)*$')",message="valueFrom.ssm is a parameter's name, such as /shop/production/features, or its ARN: arn:aws:ssm:<region>:<account>:parameter/<name>, without a version or a label, and with a single slash between its parts and none at the end"
	// +kubebuilder:validation:XValidation:rule="!self.contains('/aws/reference/secretsmanager/')",message="valueFrom.ssm can't refer to a secret of Secrets Manager, since what is in environment is kept in plain text: put it into secrets of the container, with the ARN of the secret in valueFrom"
	SSM string `json:"ssm,omitempty"`
}

// SecretsPolicy says whether references to secrets are pinned.
type SecretsPolicy string

// Policies of secrets.
const (
	// SecretsAuto pins the secrets that are neither rotated nor managed by a
	// service of AWS.
	SecretsAuto SecretsPolicy = "Auto"
	// SecretsPin pins all secrets.
	SecretsPin SecretsPolicy = "Pin"
	// SecretsFollow pins none.
	SecretsFollow SecretsPolicy = "Follow"
)

// ChangePolicy says what to do when configuration changes in AWS.
type ChangePolicy string

// Policies of changes.
const (
	// ChangeReport tells of it.
	ChangeReport ChangePolicy = "Report"
	// ChangeRollOut makes a new revision of the same template.
	ChangeRollOut ChangePolicy = "RollOut"
)

// Configuration says how values are treated that the template refers to.
type Configuration struct {
	// secrets says which secrets of Secrets Manager a revision pins to the version
	// that is current when it is made, so that all its tasks have the same value,
	// and a rollback brings the old one back. Auto pins those that are neither
	// rotated nor managed by a service of AWS: of those that are, an old value stops
	// working. Pin pins all, Follow none, so that each task gets the value that is
	// current when it starts. A version or staging label in valueFrom stays as
	// written.
	// +optional
	// +default="Auto"
	// +kubebuilder:validation:Enum=Auto;Pin;Follow
	Secrets SecretsPolicy `json:"secrets,omitempty"`

	// onChange says what to do when a parameter, or a secret that is pinned, has
	// another value than the revision that serves. Report tells so in
	// status.configuration and the condition ConfigurationCurrent. RollOut makes a
	// revision of the same template with the new values, and rolls it out like any
	// other; if it is given up, it isn't tried again until the values change again.
	// +optional
	// +default="Report"
	// +kubebuilder:validation:Enum=Report;RollOut
	OnChange ChangePolicy `json:"onChange,omitempty"`
}

// ReferenceKind is what a container refers to.
type ReferenceKind string

// Kinds of references.
const (
	// KindParameter is a parameter of Systems Manager that isn't encrypted.
	KindParameter ReferenceKind = "Parameter"
	// KindSecureParameter is a SecureString of Systems Manager.
	KindSecureParameter ReferenceKind = "SecureParameter"
	// KindSecret is a secret of Secrets Manager.
	KindSecret ReferenceKind = "Secret"
)

// ReferencePlace is the field of a container that has a reference.
type ReferencePlace string

// Places of references.
const (
	// InEnvironment: environment[].valueFrom.
	InEnvironment ReferencePlace = "Environment"
	// InSecrets: secrets[].valueFrom.
	InSecrets ReferencePlace = "Secrets"
	// InLogOptions: logConfiguration.secretOptions[].valueFrom.
	InLogOptions ReferencePlace = "LogOptions"
)

// ConfigurationState says whether a revision holds all that it refers to.
type ConfigurationState string

// States of a revision's configuration.
const (
	// ConfigurationFrozen: each task of the revision gets the same values.
	ConfigurationFrozen ConfigurationState = "Frozen"
	// ConfigurationPartial: some values are those that are current when a task
	// starts.
	ConfigurationPartial ConfigurationState = "Partial"
)

// FrozenConfiguration is what a revision holds of the values that its template
// refers to.
type FrozenConfiguration struct {
	// state is Frozen if each task of the revision gets the same values, and
	// Partial if some are those that are current when a task starts.
	// +required
	// +kubebuilder:validation:Enum=Frozen;Partial
	State ConfigurationState `json:"state,omitempty"`

	// sha256 of what is held, in hex: it tells revisions of one template with
	// other values apart.
	// +required
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`

	// entries are the values that the containers refer to, in the order of the
	// template.
	// +optional
	// +kubebuilder:validation:MaxItems=600
	// +listType=atomic
	Entries []FrozenReference `json:"entries,omitempty"`
}

// FrozenReference is a value that a container refers to, and what is held of it.
// It never has the value of a secret.
type FrozenReference struct {
	// container that gets the value.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Container string `json:"container,omitempty"`

	// name of the environment variable, or of the option of the log driver.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// in is the field of the container.
	// +required
	// +kubebuilder:validation:Enum=Environment;Secrets;LogOptions
	In ReferencePlace `json:"in,omitempty"`

	// source is the parameter's full name or ARN, or the secret as valueFrom named
	// it.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	Source string `json:"source,omitempty"`

	// kind of the source; absent if nobody could look.
	// +optional
	// +kubebuilder:validation:Enum=Parameter;SecureParameter;Secret
	Kind ReferenceKind `json:"kind,omitempty"`

	// version that was current when the revision was made: the number of a
	// parameter's version, or the ID of a secret's. Of a secret that names a
	// version, it is that one.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Version string `json:"version,omitempty"`

	// modifiedAt is when that version of a parameter was written: one that is deleted
	// and created again has its old versions' numbers.
	// +optional
	ModifiedAt *metav1.Time `json:"modifiedAt,omitempty"`

	// valueSHA256 is the SHA-256, in hex, of the value of a variable in environment.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ValueSHA256 string `json:"valueSHA256,omitempty"`

	// rotated is true if the secret was rotated when the revision was made.
	// +optional
	Rotated bool `json:"rotated,omitempty"`

	// pinned is true if each task gets this version.
	// +required
	Pinned bool `json:"pinned"`

	// reason why it isn't pinned.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
}

// Provenance is where a revision comes from.
type Provenance struct {
	// cause is Template if spec.template asked for the revision, and Configuration
	// if values that it refers to changed.
	// +optional
	Cause RolloutCause `json:"cause,omitempty"`

	// requestedBy is the annotation viridian.dev/requested-by of the
	// ImmutableDeployment, such as a commit or a pipeline's run: whoever wrote it
	// claims so, and nobody checks it.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	RequestedBy string `json:"requestedBy,omitempty"`

	// manager is the field manager that wrote spec.template last, as the API server
	// noted it: kubectl-client-side-apply, argocd-controller, helm.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Manager string `json:"manager,omitempty"`

	// requestedAt is when it wrote.
	// +optional
	RequestedAt *metav1.Time `json:"requestedAt,omitempty"`

	// generation of the ImmutableDeployment that the revision was made of.
	// +optional
	Generation int64 `json:"generation,omitempty"`

	// frozenAt is when the images were pinned, and the values read.
	// +optional
	FrozenAt *metav1.Time `json:"frozenAt,omitempty"`
}

// ConfigurationStatus compares what a revision holds with what is current.
type ConfigurationStatus struct {
	// revision is the name of the ImmutableRevision that is compared.
	// +required
	Revision string `json:"revision,omitempty"`

	// changed is the SHA-256 of what a revision of the same template would hold
	// now, where that isn't what this one holds.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Changed string `json:"changed,omitempty"`

	// entries are the values that the revision refers to, those that changed first;
	// the first 40.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	// +listType=atomic
	Entries []ConfigurationReference `json:"entries,omitempty"`

	// omitted is how many there are besides.
	// +optional
	Omitted int32 `json:"omitted,omitempty"`
}

// ConfigurationReference is a value that a container refers to: what the revision
// holds of it, and what is current.
type ConfigurationReference struct {
	// container that gets the value.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Container string `json:"container,omitempty"`

	// name of the environment variable, or of the option of the log driver.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// source is the parameter's full name or ARN, or the secret.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	Source string `json:"source,omitempty"`

	// kind of the source.
	// +optional
	Kind ReferenceKind `json:"kind,omitempty"`

	// held is the version that the revision was made with. If nobody could look then,
	// it is the one that was read first afterwards; absent until one was.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Held string `json:"held,omitempty"`

	// heldLater is true if held was read first after the revision was made. Its tasks
	// may have started with another one.
	// +optional
	HeldLater bool `json:"heldLater,omitempty"`

	// heldModifiedAt is when that version of a parameter was written, if heldLater.
	// +optional
	HeldModifiedAt *metav1.Time `json:"heldModifiedAt,omitempty"`

	// current is the version that is current in AWS.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Current string `json:"current,omitempty"`

	// pinned is true if each task of the revision gets the version that is held.
	// +required
	Pinned bool `json:"pinned"`

	// changed is true if a new revision would hold another value.
	// +optional
	Changed bool `json:"changed,omitempty"`

	// problem says what keeps a task, or a new revision, from getting the value.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Problem string `json:"problem,omitempty"`

	// remedy says what to do about the problem, with the command to type where there
	// is one.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Remedy string `json:"remedy,omitempty"`

	// warning says what may become a problem: a secret that was pinned has become
	// rotated.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Warning string `json:"warning,omitempty"`

	// since is when the change, or the problem, was first seen.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}
