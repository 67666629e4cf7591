package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ImmutableDeployment runs an application on Amazon ECS as immutable
// infrastructure: each change of spec.template provisions a whole new
// CloudFormation stack beside the old one, verifies it, moves traffic to it
// step by step, and deletes the old stack. If a revision turns out to be bad,
// the traffic returns to the untouched old stack.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.desiredCount,statuspath=.status.runningCount,selectorpath=.status.selector
// +kubebuilder:resource:shortName=imd,categories=all;viridian
// +kubebuilder:printcolumn:name="Strategy",type=string,JSONPath=`.spec.strategy.type`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`
// +kubebuilder:printcolumn:name="Weight",type=string,JSONPath=`.status.weight`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Image",type=string,priority=1,JSONPath=`.status.image`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 40 characters of a-z, 0-9 and '-': the names of stacks and target groups are made from it"
// +kubebuilder:validation:XValidation:rule="has(self.spec.aws) == has(oldSelf.spec.aws) && (!has(self.spec.aws) || self.spec.aws == oldSelf.spec.aws) || !(self.?status.?latestRevision.hasValue() || self.?status.?rolloutCount.hasValue() || self.?status.?traffic.?writers.hasValue() || self.?status.?traffic.?originalTargetGroupARN.hasValue())",message="spec.aws can't change any more, since the ImmutableDeployment has made something in AWS and its stacks stay where they are: delete it and create it anew"
type ImmutableDeployment struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +required
	Spec ImmutableDeploymentSpec `json:"spec,omitzero"`

	// status is the observed state and progress. Its observedGeneration is -1
	// until the object was first reconciled: without it, kstatus would consider
	// a new object to be current.
	// +optional
	// +default={"observedGeneration": -1}
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
// +kubebuilder:validation:XValidation:rule="self.?traffic.?loadBalancer.hasValue() == oldSelf.?traffic.?loadBalancer.hasValue()",message="spec.traffic.loadBalancer can't be added, removed or changed, but for preview, previewPriorities and stickiness, since stacks are tied to their listener: create a second ImmutableDeployment with the new one and delete this one"
// +kubebuilder:validation:XValidation:rule="!self.?traffic.?loadBalancer.hasValue() || has(self.template.target) && (self.template.?network.?loadBalancerSecurityGroupIDs.hasValue() || has(self.template.networkMode) && self.template.networkMode in ['bridge', 'host'])",message="spec.traffic.loadBalancer needs spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs: add both (with spec.template.networkMode: bridge or host only the target), or leave spec.traffic.loadBalancer out for a worker that takes no requests"
// +kubebuilder:validation:XValidation:rule="self.?traffic.?loadBalancer.hasValue() || !has(self.analysis) || !has(self.analysis.metrics) || self.analysis.metrics.all(m, !has(m.builtin) || m.builtin in ['CPUUtilization', 'MemoryUtilization'])",message="a worker without spec.traffic.loadBalancer has no requests to measure: of the builtin metrics, spec.analysis.metrics may hold CPUUtilization and MemoryUtilization"
// +kubebuilder:validation:XValidation:rule="self.?traffic.?loadBalancer.hasValue() || !has(self.template.target) && !self.template.?network.?loadBalancerSecurityGroupIDs.hasValue()",message="a worker without spec.traffic.loadBalancer takes no requests: leave out spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs, or add spec.traffic.loadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.template.target) || !has(self.template.target.protocolVersion) || self.template.target.protocolVersion != 'GRPC' || !has(self.analysis) || !has(self.analysis.metrics) || self.analysis.metrics.all(m, !has(m.builtin) || m.builtin != 'ErrorRate')",message="the builtin ErrorRate sees no errors of gRPC, which fails with HTTP status 200: with spec.template.target.protocolVersion: GRPC, replace it in spec.analysis.metrics by a query on a metric of the application's own"
// +kubebuilder:validation:XValidation:rule="!has(self.template.target) || !has(self.template.target.stickiness) || !self.?traffic.?loadBalancer.?listenerARN.hasValue() || has(self.traffic.loadBalancer.stickiness)",message="spec.template.target.stickiness needs spec.traffic.loadBalancer.stickiness, such as {durationSeconds: 3600}: Elastic Load Balancing takes weights between target groups that keep their clients only in a rule that keeps them with their target group"
// +kubebuilder:validation:XValidation:rule="!self.?traffic.?loadBalancer.hasValue() || !has(self.template.serviceRegistries)",message="spec.template.serviceRegistries is for workers: AWS Cloud Map leads to the tasks of both revisions, whatever share spec.strategy gives the new one; leave it out, and have others use the load balancer's name"
// +kubebuilder:validation:XValidation:rule="has(self.scaling) == has(self.template.scaling)",message="spec.scaling, which bounds the number of tasks, and spec.template.scaling, which says what they are scaled by, go together: add the other one, or leave both out"
// +kubebuilder:validation:XValidation:rule="self.?traffic.?loadBalancer.hasValue() || !has(self.template.scaling) || !has(self.template.scaling.targets) || self.template.scaling.targets.all(t, t.metric != 'RequestsPerTarget')",message="a worker without spec.traffic.loadBalancer has no requests to scale by: spec.template.scaling.targets may hold CPU and Memory"
type ImmutableDeploymentSpec struct {
	// aws says which region and role to use. If omitted, the controller's own
	// region and credentials are used.
	// +optional
	AWS *AWS `json:"aws,omitempty"`

	// desiredCount is how many tasks a revision runs, 0 to 5000. Changing it
	// scales the running service; it is not a new revision. 0 switches the
	// application off: what serves stays, without tasks, and no rollout begins;
	// one under way is given up, and starts anew afterwards.
	// +optional
	// +default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=5000
	DesiredCount *int32 `json:"desiredCount,omitempty"`

	// scaling bounds the number of tasks that Application Auto Scaling sets by
	// template.scaling, and goes with it. Changing it is not a new revision. With
	// it, desiredCount is only how many tasks the first revision starts with,
	// unless it is 0: a new revision starts with as many as run, and no tasks are
	// removed while a rollout isn't over. If omitted, there are desiredCount tasks.
	// +optional
	Scaling *Scaling `json:"scaling,omitempty"`

	// template of the revisions. Any change to it creates a new revision.
	// +required
	Template RevisionTemplate `json:"template,omitzero"`

	// configuration says how values are treated that the template refers to:
	// parameters of Systems Manager and secrets of Secrets Manager. Changing it
	// is not a new revision.
	// +optional
	// +default={}
	Configuration Configuration `json:"configuration,omitzero"`

	// traffic says which requests the application serves. An application
	// without traffic.loadBalancer is a worker: it takes no requests, and is
	// healthy when its tasks are.
	// +optional
	Traffic Traffic `json:"traffic,omitzero"`

	// strategy with which a new revision takes over.
	// +required
	Strategy Strategy `json:"strategy,omitzero"`

	// analysis says what a new revision is judged by while it gets traffic. A
	// first revision isn't judged: there is nothing to return to.
	// +optional
	Analysis *Analysis `json:"analysis,omitempty"`

	// gates are what a rollout waits for at named points, and what can reject a
	// revision there.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:XValidation:rule="self.map(g, has(g.webhook) && has(g.webhook.caBundle) ? size(g.webhook.caBundle) : 0).sum() <= 65536",message="the caBundle of all webhooks in spec.gates may have 65536 characters in all: keep the certificates of the authorities that issue the servers' own"
	Gates []Gate `json:"gates,omitempty"`

	// imagePolicy says which images may run.
	// +optional
	// +default={}
	ImagePolicy ImagePolicy `json:"imagePolicy,omitzero"`

	// rollback says when to roll back, and how long the old stack is kept for
	// that.
	// +optional
	// +default={}
	Rollback Rollback `json:"rollback,omitzero"`

	// stack says how the CloudFormation stacks are treated.
	// +optional
	// +default={}
	Stack StackPolicy `json:"stack,omitzero"`

	// deletionPolicy says what happens in AWS when the ImmutableDeployment is
	// deleted. Delete removes the rule and all stacks, and gives an adopted
	// rule its target group back. Retain leaves the rule and the stacks as they
	// are, without the ownership tags on the rule, so that another
	// ImmutableDeployment can adopt it by its ruleARN.
	// +optional
	// +default="Delete"
	// +kubebuilder:validation:Enum=Delete;Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// paused freezes the rollout: nothing moves and no clock runs until it is
	// false again. Requests by annotation to abort are still handled, a
	// rollback in progress continues, and a deletion isn't delayed.
	// +optional
	Paused *bool `json:"paused,omitempty"`

	// progressDeadlineSeconds is how long a rollout may go without progress
	// (its stack requested, the new revision healthy, a traffic step in effect
	// or over) before it is rolled back. Holds don't count, nor does the time
	// of waiting for a scan, a gate or a person.
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
	// DeletionRetain leaves everything as it is.
	DeletionRetain DeletionPolicy = "Retain"
)

// DeleteFailurePolicy says what to do about a stack that CloudFormation can't
// delete.
type DeleteFailurePolicy string

// Delete failure policies.
const (
	// DeleteFailureRetry retries, with pauses, without a limit.
	DeleteFailureRetry DeleteFailurePolicy = "Retry"
	// DeleteFailureRetain deletes the stack without the resources that can't
	// be deleted, and lists them.
	DeleteFailureRetain DeleteFailurePolicy = "RetainResources"
	// DeleteFailureForce has CloudFormation force the deletion, which leaves
	// resources that can't be deleted, and lists them.
	DeleteFailureForce DeleteFailurePolicy = "Force"
)

// StackMode is the mode in which a CloudFormation stack is created.
type StackMode string

// Stack modes.
const (
	// StackModeStandard has CloudFormation wait until the tasks of the stack's
	// service run and are healthy.
	StackModeStandard StackMode = "Standard"
	// StackModeExpress uses CloudFormation's express mode: the stack is complete
	// once its resources are configured, and Viridian itself waits for the tasks.
	StackModeExpress StackMode = "Express"
)

// StackPolicy says how the CloudFormation stacks are treated.
type StackPolicy struct {
	// mode in which new stacks are created. Express saves the time that
	// CloudFormation takes to notice that the tasks run; what has to be healthy
	// before requests get there is the same. Changing it is not a new revision.
	// +optional
	// +default="Standard"
	// +kubebuilder:validation:Enum=Standard;Express
	Mode StackMode `json:"mode,omitempty"`

	// terminationProtection protects new stacks from deletion by others.
	// Viridian disables it before it deletes a stack.
	// +optional
	TerminationProtection *bool `json:"terminationProtection,omitempty"`

	// onDeleteFailure says what to do about a stack that CloudFormation can't
	// delete, after three attempts. What is left behind is listed in the
	// ImmutableRevision's status.retained.
	// +optional
	// +default="Retry"
	// +kubebuilder:validation:Enum=Retry;RetainResources;Force
	OnDeleteFailure DeleteFailurePolicy `json:"onDeleteFailure,omitempty"`
}

// AWS says which region and role to use.
type AWS struct {
	// region such as eu-west-1; the controller's own if omitted.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]$')",message="spec.aws.region is a region's code, such as eu-west-1"
	Region string `json:"region,omitempty"`

	// roleARN is an IAM role to assume. The namespace must allow it with the
	// annotation viridian.dev/allowed-role-arns, or the manager with the flag
	// --allowed-role-arns.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\\\w+=,.@/-]+$')",message="spec.aws.roleARN is the role's ARN, not its name: arn:aws:iam::<account>:role/<name>"
	RoleARN string `json:"roleARN,omitempty"`

	// externalID with which the role is assumed. If omitted, it is the
	// namespace's annotation viridian.dev/external-id, or else
	// "viridian/<namespace>"; any other value is rejected.
	// +optional
	// +kubebuilder:validation:MaxLength=1224
	// +kubebuilder:validation:XValidation:rule="self.matches('^[\\\\w+=,.@:/-]{2,}$')",message="spec.aws.externalID has at least 2 letters, digits and + = , . @ : / - _"
	ExternalID string `json:"externalID,omitempty"`
}
