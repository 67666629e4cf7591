package v1alpha1

// StrategyType is the way a new revision takes over.
type StrategyType string

// Strategies.
const (
	// StrategyBlueGreen moves all traffic at once.
	StrategyBlueGreen StrategyType = "BlueGreen"
	// StrategyCanary moves traffic step by step.
	StrategyCanary StrategyType = "Canary"
	// StrategyRolling moves tasks, and traffic with them, in batches.
	StrategyRolling StrategyType = "Rolling"
	// StrategyRecreate removes the old revision before it creates the new one.
	StrategyRecreate StrategyType = "Recreate"
)

// Strategy with which a new revision takes over.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'Canary') == has(self.canary)",message="spec.strategy.canary with its steps goes with type Canary, and only with it"
// +kubebuilder:validation:XValidation:rule="self.type == 'BlueGreen' || !has(self.blueGreen)",message="spec.strategy.blueGreen goes with type BlueGreen only"
// +kubebuilder:validation:XValidation:rule="self.type == 'Rolling' || !has(self.rolling)",message="spec.strategy.rolling goes with type Rolling only"
type Strategy struct {
	// type of the strategy. BlueGreen moves all traffic at once, Canary in
	// steps; both keep the old stack at full capacity until the new one has
	// proven itself. Rolling moves tasks in batches, so that there are never
	// many more than desiredCount. Recreate removes the old stack before it
	// creates the new one: nothing serves in between.
	// +required
	// +kubebuilder:validation:Enum=BlueGreen;Canary;Rolling;Recreate
	Type StrategyType `json:"type,omitempty"`

	// blueGreen configures the strategy BlueGreen.
	// +optional
	BlueGreen *BlueGreen `json:"blueGreen,omitempty"`

	// rolling configures the strategy Rolling.
	// +optional
	Rolling *Rolling `json:"rolling,omitempty"`

	// canary configures the steps of the strategy Canary.
	// +optional
	Canary *Canary `json:"canary,omitempty"`
}

// Approval says what ends a step.
type Approval string

// ApprovalManual ends the step when someone requests it with the annotation
// viridian.dev/promote.
const ApprovalManual Approval = "Manual"

// BlueGreen says what happens before all traffic moves at once.
type BlueGreen struct {
	// previewSeconds is how long the new revision, healthy and reachable only
	// with the header and value in status.preview, is held before the switch.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	PreviewSeconds *int32 `json:"previewSeconds,omitempty"`

	// approval Manual makes the switch wait, after the preview, until someone
	// requests it with the annotation viridian.dev/promote.
	// +optional
	// +kubebuilder:validation:Enum=Manual
	Approval Approval `json:"approval,omitempty"`
}

// Rolling says how large the batches are.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxSurgePercent) || !has(self.maxUnavailablePercent) || self.maxSurgePercent + self.maxUnavailablePercent > 0",message="spec.strategy.rolling.maxSurgePercent and maxUnavailablePercent can't both be 0: nothing could move"
type Rolling struct {
	// maxSurgePercent is how many tasks there may be above desiredCount, as a
	// percentage of it, rounded up.
	// +optional
	// +default=25
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MaxSurgePercent *int32 `json:"maxSurgePercent,omitempty"`

	// maxUnavailablePercent is how many tasks there may be below desiredCount,
	// as a percentage of it, rounded down.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MaxUnavailablePercent *int32 `json:"maxUnavailablePercent,omitempty"`

	// pauseSeconds between two batches.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	PauseSeconds *int32 `json:"pauseSeconds,omitempty"`
}

// CanaryPreset names a list of steps as ECS and CodeDeploy do.
//
// +kubebuilder:validation:Enum=AllAtOnce;Canary10Percent5Minutes;Canary10Percent10Minutes;Canary10Percent15Minutes;Canary10Percent30Minutes;Linear10PercentEvery1Minutes;Linear10PercentEvery2Minutes;Linear10PercentEvery3Minutes;Linear10PercentEvery10Minutes
type CanaryPreset string

// Canary is a list of steps before all traffic goes to the new revision.
//
// +kubebuilder:validation:XValidation:rule="has(self.steps) != has(self.preset)",message="spec.strategy.canary needs exactly one of steps and preset"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || self.steps.map(s, s.weight).isSorted() && self.steps.all(s, self.steps.filter(t, t.weight == s.weight).size() == 1)",message="spec.strategy.canary.steps must have ascending weights; the final step to 100 is added by itself"
type Canary struct {
	// preset names a list of steps: Canary10Percent5Minutes holds 10% for 5
	// minutes, Linear10PercentEvery1Minutes adds 10% every minute, AllAtOnce
	// has no step before 100%.
	// +optional
	Preset CanaryPreset `json:"preset,omitempty"`

	// steps in ascending order of weight. The last step, to 100, is added
	// automatically.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	Steps []CanaryStep `json:"steps,omitempty"`
}

// CanaryStep is a share of traffic and how long it is held.
type CanaryStep struct {
	// weight is the percentage of requests that the new revision gets, 99 at most.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:XValidation:rule="self <= 99",message="weight of a step in spec.strategy.canary.steps is at most 99: leave a step of 100 out, since the final step to 100 is added by itself"
	Weight int32 `json:"weight,omitempty"`

	// holdSeconds is how long the share is kept, once it is in effect, before
	// the next step. The new revision must be healthy throughout.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	HoldSeconds *int32 `json:"holdSeconds,omitempty"`

	// approval Manual makes the next step wait, after the hold, until someone
	// requests it with the annotation viridian.dev/promote.
	// +optional
	// +kubebuilder:validation:Enum=Manual
	Approval Approval `json:"approval,omitempty"`
}

// Rollback says when to roll back, and how long the old stack is kept for that.
type Rollback struct {
	// keepOldSeconds is how long the old stack keeps running at full capacity
	// after all traffic went to the new one, so that traffic can return at
	// once.
	// +optional
	// +default=300
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	KeepOldSeconds *int32 `json:"keepOldSeconds,omitempty"`

	// unhealthySeconds is how long the new revision may have too few healthy
	// tasks, once it had enough, before it is rolled back. With no healthy task
	// left it is rolled back at once.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	UnhealthySeconds *int32 `json:"unhealthySeconds,omitempty"`

	// taskRestartLimit is how many tasks of the new revision may stop on their
	// own or because of failing health checks, once it was healthy, before it
	// is rolled back: a service that loses and replaces tasks again and again
	// can look healthy at every single moment. Tasks for which AWS had no
	// capacity, address or network interface don't count, nor do those that
	// could not reach a registry or a store of secrets.
	// +optional
	// +default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	TaskRestartLimit *int32 `json:"taskRestartLimit,omitempty"`

	// keepFailedSeconds is how long the stack of a failed revision is kept,
	// without traffic, so that its logs, events and stopped tasks can be looked
	// at. Of several revisions that failed only the last one's is kept. With the
	// strategy Recreate only a stack that could not be created is kept: others
	// have to be deleted before the old revision comes back.
	// +optional
	// +default=3600
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	KeepFailedSeconds *int32 `json:"keepFailedSeconds,omitempty"`

	// keepFailedTasks lets the tasks of such a stack go on running, for example
	// for ECS Exec. Otherwise they are stopped: they would cost money, and could
	// go on with work that doesn't come by the load balancer.
	// +optional
	KeepFailedTasks *bool `json:"keepFailedTasks,omitempty"`

	// ifStableUnhealthy says whether a rollout starts while the stable revision
	// has too few healthy tasks, so that a rollback wouldn't help: Proceed
	// starts it and notes that in status.rollout, Block waits.
	// +optional
	// +default="Proceed"
	// +kubebuilder:validation:Enum=Proceed;Block
	IfStableUnhealthy UnhealthyPolicy `json:"ifStableUnhealthy,omitempty"`
}

// UnhealthyPolicy says whether a rollout starts while the stable revision is
// unhealthy.
type UnhealthyPolicy string

// Unhealthy policies.
const (
	// UnhealthyProceed starts the rollout.
	UnhealthyProceed UnhealthyPolicy = "Proceed"
	// UnhealthyBlock waits.
	UnhealthyBlock UnhealthyPolicy = "Block"
)
