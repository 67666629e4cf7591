package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ImmutableDeployment runs an application on Amazon ECS as immutable
// infrastructure: each change of spec.template provisions a whole new
// CloudFormation stack beside the old one, verifies it, moves traffic to it
// step by step, and deletes the old stack. A revision that turns out bad gives
// the traffic back to the untouched old stack.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.desiredCount,statuspath=.status.runningCount
// +kubebuilder:resource:shortName=imd,categories=all;viridian
// +kubebuilder:printcolumn:name="Strategy",type=string,JSONPath=`.spec.strategy.type`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`
// +kubebuilder:printcolumn:name="Weight",type=string,JSONPath=`.status.weight`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 40 characters of a-z, 0-9 and '-', starting with a letter: the names of stacks and target groups are made from it"
type ImmutableDeployment struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +required
	Spec ImmutableDeploymentSpec `json:"spec,omitzero"`

	// status is what is observed and what goes on.
	// +optional
	Status ImmutableDeploymentStatus `json:"status,omitzero"`
}

// ImmutableDeploymentList is a list of ImmutableDeployments.
//
// +kubebuilder:object:root=true
type ImmutableDeploymentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ImmutableDeployment `json:"items"`
}

// ImmutableDeploymentSpec is what the user wants.
//
// +kubebuilder:validation:XValidation:rule="has(self.aws) == has(oldSelf.aws) && (!has(self.aws) || self.aws == oldSelf.aws)",message="spec.aws can't change, since the stacks stay where they are: delete the ImmutableDeployment and create it anew"
// +kubebuilder:validation:XValidation:rule="self.?traffic.?loadBalancer.hasValue() == oldSelf.?traffic.?loadBalancer.hasValue() && (!self.?traffic.?loadBalancer.hasValue() || self.traffic.loadBalancer == oldSelf.traffic.loadBalancer)",message="spec.traffic.loadBalancer can't be added, removed or changed, since stacks are tied to their listener: create a second ImmutableDeployment with the new one and delete this one"
// +kubebuilder:validation:XValidation:rule="!self.?traffic.?loadBalancer.hasValue() || has(self.template.target) && has(self.template.network.loadBalancerSecurityGroupIDs)",message="spec.traffic.loadBalancer needs spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs: add both, or leave spec.traffic.loadBalancer out for a worker that takes no requests"
// +kubebuilder:validation:XValidation:rule="self.?traffic.?loadBalancer.hasValue() || !has(self.template.target) && !has(self.template.network.loadBalancerSecurityGroupIDs)",message="a worker without spec.traffic.loadBalancer takes no requests: leave out spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs, or add spec.traffic.loadBalancer"
type ImmutableDeploymentSpec struct {
	// aws says where and as whom to work. Left out, it is the controller's
	// own region and credentials.
	// +optional
	AWS *AWS `json:"aws,omitempty"`

	// desiredCount is how many tasks a revision runs. Changing it scales the
	// running service; it is not a new revision.
	// +optional
	// +default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	DesiredCount *int32 `json:"desiredCount,omitempty"`

	// template of the revisions. Any change of it is a new revision.
	// +required
	Template RevisionTemplate `json:"template,omitzero"`

	// traffic says which requests the application serves. An application
	// without traffic.loadBalancer is a worker: it takes no requests, and is
	// healthy when its tasks are.
	// +optional
	Traffic Traffic `json:"traffic,omitzero"`

	// strategy by which a new revision takes over.
	// +required
	Strategy Strategy `json:"strategy,omitzero"`

	// rollback says when and how long a way back is kept.
	// +optional
	// +default={}
	Rollback Rollback `json:"rollback,omitzero"`

	// stack says how the CloudFormation stacks are treated.
	// +optional
	// +default={}
	Stack StackPolicy `json:"stack,omitzero"`

	// deletionPolicy says what happens in AWS when the ImmutableDeployment is
	// deleted. Delete removes the rule and all stacks, and gives an adopted
	// rule its target group back. Retain leaves rule and stacks as they are,
	// without the tags of ownership on the rule, so that another
	// ImmutableDeployment can adopt it by its ruleARN.
	// +optional
	// +default="Delete"
	// +kubebuilder:validation:Enum=Delete;Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// paused freezes the rollout: nothing moves and no clock runs until it is
	// false again. Requests by annotation to abort are still heard, a rollback
	// under way goes on, and a deletion isn't held up.
	// +optional
	Paused *bool `json:"paused,omitempty"`

	// progressDeadlineSeconds is how long a rollout may go without progress
	// (the new revision healthy, a traffic step in effect or over) before it
	// is rolled back. Hold and bake times don't count.
	// +optional
	// +default=3600
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=86400
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`

	// revisionHistoryLimit is how many revisions without a stack are kept as
	// history.
	// +optional
	// +default=5
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=50
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
}

// DeletionPolicy says what happens in AWS when an ImmutableDeployment is
// deleted.
type DeletionPolicy string

// Deletion policies.
const (
	// DeletionDelete removes everything.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionRetain leaves everything.
	DeletionRetain DeletionPolicy = "Retain"
)

// DeleteFailurePolicy says what to do about a stack that CloudFormation can't
// delete.
type DeleteFailurePolicy string

// Delete failure policies.
const (
	// DeleteFailureRetry tries again, with pauses, for as long as it takes.
	DeleteFailureRetry DeleteFailurePolicy = "Retry"
	// DeleteFailureRetain deletes the stack without the resources that can't
	// be deleted, and lists them.
	DeleteFailureRetain DeleteFailurePolicy = "RetainResources"
	// DeleteFailureForce has CloudFormation force the deletion, which leaves
	// what can't be deleted, and lists it.
	DeleteFailureForce DeleteFailurePolicy = "Force"
)

// StackPolicy says how the CloudFormation stacks are treated.
type StackPolicy struct {
	// terminationProtection guards new stacks against deletion by others.
	// Viridian takes it off before it deletes a stack.
	// +optional
	TerminationProtection *bool `json:"terminationProtection,omitempty"`

	// onDeleteFailure says what to do about a stack that CloudFormation can't
	// delete, after three tries. What is left behind is listed in the
	// ImmutableRevision's status.retained.
	// +optional
	// +default="Retry"
	// +kubebuilder:validation:Enum=Retry;RetainResources;Force
	OnDeleteFailure DeleteFailurePolicy `json:"onDeleteFailure,omitempty"`
}

// AWS is where and as whom to work.
type AWS struct {
	// region such as eu-west-1; the controller's own when left out.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]$`
	// +kubebuilder:validation:MaxLength=32
	Region string `json:"region,omitempty"`

	// roleARN is an IAM role to assume. The namespace must allow it by the
	// annotation viridian.dev/allowed-role-arns, or the manager by the flag
	// --allowed-role-arns.
	// +optional
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`
	// +kubebuilder:validation:MaxLength=2048
	RoleARN string `json:"roleARN,omitempty"`

	// externalID with which the role is assumed. Left out, it is the
	// namespace's annotation viridian.dev/external-id, or else
	// "viridian/<namespace>"; any other value is refused.
	// +optional
	// +kubebuilder:validation:Pattern=`^[\w+=,.@:/-]{2,}$`
	// +kubebuilder:validation:MaxLength=1224
	ExternalID string `json:"externalID,omitempty"`
}

// Traffic says which requests the application serves.
type Traffic struct {
	// loadBalancer is the Application Load Balancer in front; left out for a
	// worker.
	// +optional
	LoadBalancer LoadBalancer `json:"loadBalancer,omitzero"`

	// onDrift says what to do when someone else changed the production rule:
	// Pause leaves it as it is and stops the rollout until it is put right;
	// Enforce writes it again.
	// +optional
	// +default="Pause"
	// +kubebuilder:validation:Enum=Pause;Enforce
	OnDrift DriftPolicy `json:"onDrift,omitempty"`
}

// DriftPolicy says what to do about changes made by others.
type DriftPolicy string

// Drift policies.
const (
	// DriftPause stops the rollout and reports.
	DriftPause DriftPolicy = "Pause"
	// DriftEnforce writes the rule again.
	DriftEnforce DriftPolicy = "Enforce"
)

// LoadBalancer names the production rule whose weights are shifted: either a
// rule that Viridian creates and owns (listenerARN, priority and conditions),
// or one that exists (ruleARN).
//
// +kubebuilder:validation:XValidation:rule="has(self.ruleARN) != has(self.listenerARN)",message="spec.traffic.loadBalancer needs exactly one of ruleARN (adopt a rule) and listenerARN with priority and conditions (Viridian owns the rule)"
// +kubebuilder:validation:XValidation:rule="has(self.ruleARN) ? !has(self.priority) && !has(self.conditions) : has(self.priority) && has(self.conditions)",message="spec.traffic.loadBalancer.priority and conditions go with listenerARN, both of them, and with nothing else"
// +kubebuilder:validation:XValidation:rule="!has(self.conditions) || self.conditions.map(c, size(c.values)).sum() <= 4",message="spec.traffic.loadBalancer.conditions may hold 4 values in all: a rule takes 5 and the preview rule adds one"
// +kubebuilder:validation:XValidation:rule="!has(self.conditions) || self.conditions.all(c, c.field == 'http-header' || self.conditions.filter(d, d.field == c.field).size() == 1)",message="spec.traffic.loadBalancer.conditions may hold each field but http-header once: put the values in one condition"
// +kubebuilder:validation:XValidation:rule="!has(self.priority) || self.previewPriorities.last < self.priority",message="spec.traffic.loadBalancer.previewPriorities.last must be smaller than priority: the load balancer takes the first rule that matches"
type LoadBalancer struct {
	// ruleARN of an existing listener rule to adopt. It must forward to one
	// target group. Authentication actions on it are kept.
	// +optional
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener-rule/app/[^/]+/[0-9a-f]+/[0-9a-f]+/[0-9a-f]+$`
	// +kubebuilder:validation:MaxLength=2048
	RuleARN string `json:"ruleARN,omitempty"`

	// listenerARN of the listener on which Viridian creates the rule.
	// +optional
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/[^/]+/[0-9a-f]+/[0-9a-f]+$`
	// +kubebuilder:validation:MaxLength=2048
	ListenerARN string `json:"listenerARN,omitempty"`

	// priority of the rule; the lowest number that matches wins.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50000
	Priority *int32 `json:"priority,omitempty"`

	// conditions of the rule; all must match.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +listType=atomic
	Conditions []RuleCondition `json:"conditions,omitempty"`

	// previewPriorities is the band from which each stack's preview rule gets
	// its priority. It must lie below the production rule's priority and be
	// free of other rules' use.
	// +optional
	// +default={"first":1,"last":99}
	PreviewPriorities PriorityBand `json:"previewPriorities,omitzero"`
}

// PriorityBand is a range of listener rule priorities, both ends included.
//
// +kubebuilder:validation:XValidation:rule="!has(self.first) || !has(self.last) || self.first <= self.last",message="previewPriorities.first must not be greater than previewPriorities.last"
type PriorityBand struct {
	// first priority of the band.
	// +optional
	// +default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=49999
	First *int32 `json:"first,omitempty"`

	// last priority of the band.
	// +optional
	// +default=99
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=49999
	Last *int32 `json:"last,omitempty"`
}

// RuleCondition is a condition of a listener rule.
//
// +kubebuilder:validation:XValidation:rule="(self.field == 'http-header') == has(self.httpHeaderName)",message="httpHeaderName goes with field http-header, and only with it"
// +kubebuilder:validation:XValidation:rule="!has(self.httpHeaderName) || self.httpHeaderName.lowerAscii() != 'x-viridian-revision'",message="the header x-viridian-revision is the preview rules' own"
type RuleCondition struct {
	// field of the request.
	// +required
	// +kubebuilder:validation:Enum=host-header;path-pattern;http-header;http-request-method;source-ip
	Field string `json:"field,omitempty"`

	// httpHeaderName is the header that field http-header looks at.
	// +optional
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	// +kubebuilder:validation:MaxLength=40
	HTTPHeaderName string `json:"httpHeaderName,omitempty"`

	// values of which one must match; * and ? are wildcards where the load
	// balancer takes them.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +listType=set
	Values []string `json:"values,omitempty"`
}

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
	// StrategyRecreate takes the old revision away before the new one comes.
	StrategyRecreate StrategyType = "Recreate"
)

// Strategy by which a new revision takes over.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'Canary') == has(self.canary)",message="spec.strategy.canary with its steps goes with type Canary, and only with it"
// +kubebuilder:validation:XValidation:rule="self.type == 'BlueGreen' || !has(self.blueGreen)",message="spec.strategy.blueGreen goes with type BlueGreen only"
// +kubebuilder:validation:XValidation:rule="self.type == 'Rolling' || !has(self.rolling)",message="spec.strategy.rolling goes with type Rolling only"
type Strategy struct {
	// type of the strategy. BlueGreen moves all traffic at once, Canary in
	// steps; both keep the old stack at full capacity until the new one has
	// proven itself. Rolling moves tasks in batches, so that there are never
	// many more than desiredCount. Recreate removes the old stack before it
	// makes the new one: nothing serves in between.
	// +required
	// +kubebuilder:validation:Enum=BlueGreen;Canary;Rolling;Recreate
	Type StrategyType `json:"type,omitempty"`

	// blueGreen refines the strategy BlueGreen.
	// +optional
	BlueGreen *BlueGreen `json:"blueGreen,omitempty"`

	// rolling refines the strategy Rolling.
	// +optional
	Rolling *Rolling `json:"rolling,omitempty"`

	// canary holds the steps of the strategy Canary.
	// +optional
	Canary *Canary `json:"canary,omitempty"`
}

// Approval says who ends a step.
type Approval string

// ApprovalManual ends the step when someone asks for it by the annotation
// viridian.dev/promote.
const ApprovalManual Approval = "Manual"

// BlueGreen says what happens before all traffic moves at once.
type BlueGreen struct {
	// previewSeconds is how long the new revision, healthy and reachable by
	// the header x-viridian-revision only, is held before the switch.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	PreviewSeconds *int32 `json:"previewSeconds,omitempty"`

	// approval Manual makes the switch wait, after the preview, until someone
	// asks for it by the annotation viridian.dev/promote.
	// +optional
	// +kubebuilder:validation:Enum=Manual
	Approval Approval `json:"approval,omitempty"`
}

// Rolling says how large the batches are.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxSurgePercent) || !has(self.maxUnavailablePercent) || self.maxSurgePercent + self.maxUnavailablePercent > 0",message="spec.strategy.rolling.maxSurgePercent and maxUnavailablePercent can't both be 0: nothing could move"
type Rolling struct {
	// maxSurgePercent is how many tasks there may be beyond desiredCount, in
	// percent of it, rounded up.
	// +optional
	// +default=25
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MaxSurgePercent *int32 `json:"maxSurgePercent,omitempty"`

	// maxUnavailablePercent is how many tasks there may be too few, in percent
	// of desiredCount, rounded down.
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

// CanaryPreset is a list of steps by the name that ECS and CodeDeploy users
// know.
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

	// steps in ascending order of weight. The last step, to 100, follows by
	// itself.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	Steps []CanaryStep `json:"steps,omitempty"`
}

// CanaryStep is a share of traffic and how long it is held.
type CanaryStep struct {
	// weight is the percentage of requests that the new revision gets.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=99
	Weight int32 `json:"weight,omitempty"`

	// holdSeconds is how long the share is kept, once it is in effect, before
	// the next step. The new revision must be healthy all the while.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	HoldSeconds *int32 `json:"holdSeconds,omitempty"`

	// approval Manual makes the next step wait, after the hold, until someone
	// asks for it by the annotation viridian.dev/promote.
	// +optional
	// +kubebuilder:validation:Enum=Manual
	Approval Approval `json:"approval,omitempty"`
}

// Rollback says when and how long a way back is kept.
type Rollback struct {
	// keepOldSeconds is how long the old stack keeps running at full capacity
	// after all traffic went to the new one, so that traffic can return at
	// once.
	// +optional
	// +default=300
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	KeepOldSeconds *int32 `json:"keepOldSeconds,omitempty"`

	// unhealthySeconds is how long the new revision may be short of healthy
	// tasks, once it had them, before it is rolled back. With no healthy task
	// left it is rolled back at once.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	UnhealthySeconds *int32 `json:"unhealthySeconds,omitempty"`

	// keepFailedSeconds is how long the stack of a revision that failed is
	// kept, without traffic, for people to look into. With the strategy
	// Recreate only a stack that could not be created is kept: another one
	// has to make room for the old revision.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	KeepFailedSeconds *int32 `json:"keepFailedSeconds,omitempty"`

	// ifStableUnhealthy says whether a rollout starts while the revision that
	// serves is short of healthy tasks, so that there is no good way back:
	// Proceed starts it and notes that in status.rollout, Block waits.
	// +optional
	// +default="Proceed"
	// +kubebuilder:validation:Enum=Proceed;Block
	IfStableUnhealthy UnhealthyPolicy `json:"ifStableUnhealthy,omitempty"`
}

// UnhealthyPolicy says whether a rollout starts while what serves is unhealthy.
type UnhealthyPolicy string

// Unhealthy policies.
const (
	// UnhealthyProceed starts the rollout.
	UnhealthyProceed UnhealthyPolicy = "Proceed"
	// UnhealthyBlock waits.
	UnhealthyBlock UnhealthyPolicy = "Block"
)

// ImmutableDeploymentStatus is what is observed and what goes on.
type ImmutableDeploymentStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase sums up how it is going.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// step is the step under way out of all steps, such as 2/4.
	// +optional
	Step string `json:"step,omitempty"`

	// weight is the percentage of requests that go to status.revision, as
	// last read from the load balancer.
	// +optional
	Weight *int32 `json:"weight,omitempty"`

	// revision is the name of the ImmutableRevision that is rolled out, or
	// that serves when no rollout is under way.
	// +optional
	Revision string `json:"revision,omitempty"`

	// stableRevision is the name of the last ImmutableRevision that was
	// promoted: where traffic returns to.
	// +optional
	StableRevision string `json:"stableRevision,omitempty"`

	// stable is the number of stableRevision; 0 is none.
	// +optional
	Stable int64 `json:"stable,omitempty"`

	// latestRevision is the highest revision number given so far.
	// +optional
	LatestRevision int64 `json:"latestRevision,omitempty"`

	// runningCount is how many tasks of the stable revision run.
	// +optional
	RunningCount int32 `json:"runningCount,omitempty"`

	// blockedBy names what the rollout waits for that only someone else can
	// give, since when, and the way out; absent when it goes on by itself.
	// +optional
	BlockedBy *BlockedBy `json:"blockedBy,omitempty"`

	// frozenSince is since when nothing moves because something is in the way
	// or spec.paused is set; that time doesn't count for deadlines and holds.
	// +optional
	FrozenSince *metav1.Time `json:"frozenSince,omitempty"`

	// handled are the requests by annotation last handled, by annotation.
	// +optional
	Handled *HandledRequests `json:"handled,omitempty"`

	// rolloutCount is how many rollouts were started so far.
	// +optional
	RolloutCount int64 `json:"rolloutCount,omitempty"`

	// history holds the rollouts that ended, the newest first, at most 20.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	History []HistoryEntry `json:"history,omitempty"`

	// rollout is the rollout under way, or the last one.
	// +optional
	Rollout *Rollout `json:"rollout,omitempty"`

	// traffic is the ledger of the production rule.
	// +optional
	Traffic *TrafficStatus `json:"traffic,omitempty"`

	// retiring are revisions out of the rule whose stacks wait for requests
	// under way to end.
	// +optional
	// +listType=map
	// +listMapKey=revision
	Retiring []RetiringRevision `json:"retiring,omitempty"`

	// detachedAt is when, in a deletion, the production rule was taken from
	// all stacks.
	// +optional
	DetachedAt *metav1.Time `json:"detachedAt,omitempty"`

	// conditions are Ready, Reconciling, Stalled, Available, TrafficInSync,
	// Drifted and CleanedUp.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// BlockedBy is what a rollout waits for, since when, and the way out.
type BlockedBy struct {
	// reason in one word.
	// +required
	Reason string `json:"reason,omitempty"`

	// message for a person.
	// +required
	Message string `json:"message,omitempty"`

	// cure is what to type or to change.
	// +optional
	Cure string `json:"cure,omitempty"`

	// since when it waits.
	// +required
	Since metav1.Time `json:"since,omitzero"`
}

// HandledRequests are the requests by annotation last handled.
type HandledRequests struct {
	// promote is the last value of viridian.dev/promote.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Promote string `json:"promote,omitempty"`

	// abort is the last value of viridian.dev/abort.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Abort string `json:"abort,omitempty"`

	// retry is the last value of viridian.dev/retry.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Retry string `json:"retry,omitempty"`
}

// RolloutCause is why a rollout was started.
//
// +kubebuilder:validation:Enum=Template;Retry;Revert
type RolloutCause string

// Causes of rollouts.
const (
	// CauseTemplate: spec.template changed.
	CauseTemplate RolloutCause = "Template"
	// CauseRevert: spec.template changed back to what served before, whose
	// stack was still there.
	CauseRevert RolloutCause = "Revert"
	// CauseRetry: someone asked for it by the annotation viridian.dev/retry.
	CauseRetry RolloutCause = "Retry"
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

	// shiftSeconds is how long it took from there to the outcome.
	// +optional
	ShiftSeconds *int64 `json:"shiftSeconds,omitempty"`

	// finishedAt is when traffic was where the outcome says.
	// +required
	FinishedAt metav1.Time `json:"finishedAt,omitzero"`
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

	// note is what was remarkable at the start.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Note string `json:"note,omitempty"`

	// approvedStep is the last step, counted from 1, whose end was asked for.
	// +optional
	ApprovedStep int32 `json:"approvedStep,omitempty"`

	// retried is true once someone asked to try a bad rollout again.
	// +optional
	Retried bool `json:"retried,omitempty"`

	// full is true once someone asked to go to 100% at once.
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

	// verifiedCount is how many healthy tasks the new revision has proven to
	// have.
	// +optional
	VerifiedCount int32 `json:"verifiedCount,omitempty"`

	// step is the index of the step under way, from 0.
	// +optional
	Step int32 `json:"step,omitempty"`

	// stepReachedAt is when the step's weight was first read back.
	// +optional
	StepReachedAt *metav1.Time `json:"stepReachedAt,omitempty"`

	// unhealthySince is since when the new revision is short of healthy
	// tasks; absent while it has enough.
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

// TrafficStatus is the ledger of the production rule: what was intended, what
// was written and what is seen.
type TrafficStatus struct {
	// ruleARN of the production rule.
	// +optional
	RuleARN string `json:"ruleARN,omitempty"`

	// desired are the targets that the rule shall have now; none while nothing
	// shall get requests.
	// +optional
	// +listType=atomic
	Desired []WeightedTarget `json:"desired,omitempty"`

	// inSync tells whether observed routes as desired.
	// +optional
	InSync *bool `json:"inSync,omitempty"`

	// written are the targets last written.
	// +optional
	// +listType=atomic
	Written []WeightedTarget `json:"written,omitempty"`

	// observed are the targets last read from the load balancer.
	// +optional
	// +listType=atomic
	Observed []WeightedTarget `json:"observed,omitempty"`

	// since is since when observed is what it is.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// originalTargetGroupARN is the target group to which an adopted rule
	// forwarded before; it gets the rule back when the ImmutableDeployment is
	// deleted.
	// +optional
	OriginalTargetGroupARN string `json:"originalTargetGroupARN,omitempty"`
}

// WeightedTarget is a target group's part of the traffic.
type WeightedTarget struct {
	// revision whose target group it is; 0 when it is not one of ours.
	// +optional
	Revision int64 `json:"revision,omitempty"`

	// targetGroupARN of the target group.
	// +required
	TargetGroupARN string `json:"targetGroupARN,omitempty"`

	// weight in the rule, relative to the sum of all.
	// +required
	Weight int32 `json:"weight"`
}

// RetiringRevision is a revision out of the rule whose stack goes next.
type RetiringRevision struct {
	// revision number.
	// +required
	Revision int64 `json:"revision,omitempty"`

	// since when it is out of the rule.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// keepSeconds is how much longer it is kept for people to look into.
	// +optional
	KeepSeconds int32 `json:"keepSeconds,omitempty"`
}
