package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RolloutCause is why a rollout was started.
//
// +kubebuilder:validation:Enum=Template;Retry;Revert;Configuration
type RolloutCause string

// Causes of rollouts.
const (
	// CauseTemplate: spec.template changed.
	CauseTemplate RolloutCause = "Template"
	// CauseRevert: spec.template changed back to that of the previous revision,
	// whose stack still existed.
	CauseRevert RolloutCause = "Revert"
	// CauseRetry: someone requested it with the annotation viridian.dev/retry.
	CauseRetry RolloutCause = "Retry"
	// CauseConfiguration: values that spec.template refers to changed, and
	// spec.configuration.onChange is RollOut.
	CauseConfiguration RolloutCause = "Configuration"
)

// HistoryEntry is a rollout that ended.
type HistoryEntry struct {
	// id of the rollout.
	// +required
	ID string `json:"id,omitempty"`

	// revision is the name of the new revision.
	// +required
	Revision string `json:"revision,omitempty"`

	// from is the name of the revision that served before.
	// +optional
	From string `json:"from,omitempty"`

	// image of the new revision, as the template named it and with its digest.
	// +optional
	// +kubebuilder:validation:MaxLength=1152
	Image string `json:"image,omitempty"`

	// cause of the rollout.
	// +optional
	Cause RolloutCause `json:"cause,omitempty"`

	// request that was carried out last, as annotation=value.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Request string `json:"request,omitempty"`

	// outcome of the rollout.
	// +required
	Outcome Outcome `json:"outcome,omitempty"`

	// reason of the outcome in one word.
	// +optional
	Reason string `json:"reason,omitempty"`

	// message tells the cause of the outcome.
	// +optional
	// +kubebuilder:validation:MaxLength=300
	Message string `json:"message,omitempty"`

	// startedAt is when the rollout started.
	// +required
	StartedAt metav1.Time `json:"startedAt,omitzero"`

	// provisionSeconds is how long it took until the new revision was
	// healthy; absent if it never was.
	// +optional
	ProvisionSeconds *int64 `json:"provisionSeconds,omitempty"`

	// shiftSeconds is how long it took from then to the outcome.
	// +optional
	ShiftSeconds *int64 `json:"shiftSeconds,omitempty"`

	// finishedAt is when traffic was where the outcome says.
	// +required
	FinishedAt metav1.Time `json:"finishedAt,omitzero"`
}

// MeasuredShare is what part of the requests the new revision really got.
type MeasuredShare struct {
	// step that was measured, counted from 1.
	// +required
	Step int32 `json:"step,omitempty"`

	// percent of the requests of both revisions that the new one got.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent int32 `json:"percent"`

	// requests of both revisions, of which it is the percentage.
	// +required
	Requests int64 `json:"requests,omitempty"`

	// from is the beginning of what was measured.
	// +required
	From metav1.Time `json:"from,omitzero"`

	// to is the end of what was measured.
	// +required
	To metav1.Time `json:"to,omitzero"`
}

// Rollout is one attempt to make a revision serve.
type Rollout struct {
	// id names this rollout in requests by annotation: the new revision's
	// name and the number of the rollout.
	// +required
	ID string `json:"id,omitempty"`

	// cause of the rollout.
	// +optional
	Cause RolloutCause `json:"cause,omitempty"`

	// request that was carried out last, as annotation=value.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Request string `json:"request,omitempty"`

	// note has observations from the start of the rollout.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Note string `json:"note,omitempty"`

	// approvedStep is the last step, counted from 1, whose end was requested.
	// +optional
	ApprovedStep int32 `json:"approvedStep,omitempty"`

	// provenStep is the last step, counted from 1, for which all checks had
	// passed at its end.
	// +optional
	ProvenStep int32 `json:"provenStep,omitempty"`

	// retried is true once someone requested a retry of a bad rollout.
	// +optional
	Retried bool `json:"retried,omitempty"`

	// full is true once someone requested to go to 100% at once.
	// +optional
	Full bool `json:"full,omitempty"`

	// revision is the number of the new revision.
	// +required
	Revision int64 `json:"revision,omitempty"`

	// from is the number of the revision that served before; 0 is none.
	// +optional
	From int64 `json:"from,omitempty"`

	// startedAt is when the template was first seen.
	// +required
	StartedAt metav1.Time `json:"startedAt,omitzero"`

	// progressedAt is when it last made progress.
	// +optional
	ProgressedAt metav1.Time `json:"progressedAt,omitzero"`

	// verifiedAt is when the new revision was first seen healthy.
	// +optional
	VerifiedAt *metav1.Time `json:"verifiedAt,omitempty"`

	// verifiedCount is how many healthy tasks the new revision was verified
	// with.
	// +optional
	VerifiedCount int32 `json:"verifiedCount,omitempty"`

	// askedCount is the most tasks that the new revision was seen asked to run.
	// +optional
	AskedCount int32 `json:"askedCount,omitempty"`

	// step is the index of the current step, from 0.
	// +optional
	Step int32 `json:"step,omitempty"`

	// stepReachedAt is when the step's weight was first read back.
	// +optional
	StepReachedAt *metav1.Time `json:"stepReachedAt,omitempty"`

	// checks are the newest verdicts on the new revision, one for each alarm
	// and metric.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Checks []Verdict `json:"checks,omitempty"`

	// measured is the share that the new revision really got in the step under
	// way, where the route keeps clients with their revision, so that weights
	// divide new clients only.
	// +optional
	Measured *MeasuredShare `json:"measured,omitempty"`

	// gates that were started.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Gates []GateRun `json:"gates,omitempty"`

	// unhealthySince is the time since which the new revision has too few
	// healthy tasks; absent while it has enough.
	// +optional
	UnhealthySince *metav1.Time `json:"unhealthySince,omitempty"`

	// outcome once it is decided. Until finishedAt is set, traffic is on its
	// way to where the outcome says.
	// +optional
	Outcome Outcome `json:"outcome,omitempty"`

	// reason of the outcome in one word.
	// +optional
	Reason string `json:"reason,omitempty"`

	// message tells the cause of the outcome.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`

	// decidedAt is when the outcome was decided.
	// +optional
	DecidedAt *metav1.Time `json:"decidedAt,omitempty"`

	// finishedAt is when traffic was where the outcome says.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
}
