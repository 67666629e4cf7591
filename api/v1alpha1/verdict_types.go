package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// VerdictSource is where a verdict comes from.
//
// +kubebuilder:validation:Enum=Alarm;Metric;Gate;Images
type VerdictSource string

// Verdict sources.
const (
	SourceAlarm  VerdictSource = "Alarm"
	SourceMetric VerdictSource = "Metric"
	SourceGate   VerdictSource = "Gate"
	SourceImages VerdictSource = "Images"
)

// Result is what a verdict says.
//
// +kubebuilder:validation:Enum=Pending;Pass;Fail;Inconclusive;Skipped
type Result string

// Results.
const (
	// ResultPending: nothing was measured yet, or the check is still running.
	ResultPending Result = "Pending"
	// ResultPass: within the bounds.
	ResultPass Result = "Pass"
	// ResultFail: the revision is bad.
	ResultFail Result = "Fail"
	// ResultInconclusive: there is too little evidence.
	ResultInconclusive Result = "Inconclusive"
	// ResultSkipped: the check doesn't apply here, for example because the old
	// revision has no traffic to compare with.
	ResultSkipped Result = "Skipped"
)

// Verdict is a check's result for a revision in a step, with the evidence.
type Verdict struct {
	// source of the verdict.
	// +required
	Source VerdictSource `json:"source,omitempty"`

	// name of the alarm, metric or gate.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// step that it is about, counted from 1; absent outside of steps.
	// +optional
	Step int32 `json:"step,omitempty"`

	// weight is the revision's percentage of the requests in that step.
	// +optional
	Weight int32 `json:"weight,omitempty"`

	// result of the last measurement that counts.
	// +required
	Result Result `json:"result,omitempty"`

	// message is the verdict in a sentence.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`

	// value that was measured, with its unit.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Value string `json:"value,omitempty"`

	// bound that it was compared with.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Bound string `json:"bound,omitempty"`

	// stableValue is the value of the stable revision in the same time.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	StableValue string `json:"stableValue,omitempty"`

	// samples that value was measured from.
	// +optional
	Samples int64 `json:"samples,omitempty"`

	// stableSamples that stableValue was measured from.
	// +optional
	StableSamples int64 `json:"stableSamples,omitempty"`

	// from and to are the beginning and the end of what was measured.
	// +optional
	From *metav1.Time `json:"from,omitempty"`

	// to is the end of what was measured.
	// +optional
	To *metav1.Time `json:"to,omitempty"`

	// since is when the result became what it is.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// measurements is the number of measurements in the rollout.
	// +optional
	Measurements int32 `json:"measurements,omitempty"`

	// failures is the number of bad measurements in the step.
	// +optional
	Failures int32 `json:"failures,omitempty"`
}

// GateState is the state of a gate.
//
// +kubebuilder:validation:Enum=Running;Succeeded;Failed
type GateState string

// Gate states.
const (
	GateRunning   GateState = "Running"
	GateSucceeded GateState = "Succeeded"
	GateFailed    GateState = "Failed"
)

// GateRun is the run of a gate in a rollout.
type GateRun struct {
	// name of the gate.
	// +required
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name,omitempty"`

	// at is the point at which it runs.
	// +required
	At GatePoint `json:"at,omitempty"`

	// step after which it runs, counted from 1; absent at other points.
	// +optional
	Step int32 `json:"step,omitempty"`

	// state of the gate.
	// +required
	State GateState `json:"state,omitempty"`

	// attempt that is running or was made last, counted from 1.
	// +optional
	Attempt int32 `json:"attempt,omitempty"`

	// calls is how often the attempt's function was called.
	// +optional
	Calls int32 `json:"calls,omitempty"`

	// startedAt is when the attempt started.
	// +required
	StartedAt metav1.Time `json:"startedAt,omitzero"`

	// callAt is when the function is called again, or the next attempt starts.
	// +optional
	CallAt *metav1.Time `json:"callAt,omitempty"`

	// endedAt is when the gate ended.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// message says what it waits for or why it failed.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`

	// output is the beginning of what it answered.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Output string `json:"output,omitempty"`
}
