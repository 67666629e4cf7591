package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ImmutableRevision is one frozen template and the one CloudFormation stack
// that materialises it. Viridian creates it; people read it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=imr,categories=viridian
// +kubebuilder:printcolumn:name="Deployment",type=string,JSONPath=`.metadata.labels.viridian\.dev/deployment`
// +kubebuilder:printcolumn:name="Revision",type=integer,JSONPath=`.spec.revision`
// +kubebuilder:printcolumn:name="Stack",type=string,JSONPath=`.spec.stackState`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.status.image`
// +kubebuilder:printcolumn:name="Stack-Status",type=string,priority=1,JSONPath=`.status.stackStatus`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Stack-Name",type=string,priority=1,JSONPath=`.spec.stackName`
// +kubebuilder:printcolumn:name="Configuration",type=string,priority=1,JSONPath=`.spec.frozen.configuration.state`
// +kubebuilder:printcolumn:name="Log-Group",type=string,priority=1,JSONPath=`.status.logGroup`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ImmutableRevision struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the frozen template.
	// +required
	Spec ImmutableRevisionSpec `json:"spec,omitzero"`

	// status is the state of the stack. Its observedGeneration is -1 until the
	// object was first reconciled: without it, kstatus would consider a new
	// object to be current.
	// +optional
	// +default={"observedGeneration": -1}
	Status ImmutableRevisionStatus `json:"status,omitzero"`
}

// ImmutableRevisionList is a list of ImmutableRevisions.
//
// +kubebuilder:object:root=true
type ImmutableRevisionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ImmutableRevision `json:"items"`
}

// ImmutableRevisionSpec is a frozen template. Only whether its stack should
// exist, and with how many tasks a new one starts, may change.
//
// +kubebuilder:validation:XValidation:rule="self.frozen == oldSelf.frozen && self.stackName == oldSelf.stackName && self.revision == oldSelf.revision",message="an ImmutableRevision can't change: edit spec.template of its ImmutableDeployment to get a new one (only spec.stackState, spec.desiredCount and spec.scaling may change)"
type ImmutableRevisionSpec struct {
	// revision is the number of the revision, counted from 1 in each
	// ImmutableDeployment.
	// +required
	// +kubebuilder:validation:Minimum=1
	Revision int64 `json:"revision,omitempty"`

	// stackName of the CloudFormation stack.
	// +required
	// +kubebuilder:validation:Pattern=`^[a-zA-Z][-a-zA-Z0-9]*$`
	// +kubebuilder:validation:MaxLength=128
	StackName string `json:"stackName,omitempty"`

	// stackState says whether the stack should exist. The ImmutableDeployment
	// sets it.
	// +required
	// +kubebuilder:validation:Enum=Present;Absent;Retained
	StackState StackState `json:"stackState,omitempty"`

	// desiredCount is how many tasks a new stack starts with. The
	// ImmutableDeployment sets it with stackState; it isn't used to scale an
	// existing stack.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=5000
	DesiredCount *int32 `json:"desiredCount,omitempty"`

	// scaling bounds the number of tasks of a new stack that is scaled. The
	// ImmutableDeployment sets it with stackState; it isn't used to change an
	// existing stack.
	// +optional
	Scaling *Scaling `json:"scaling,omitempty"`

	// frozen is everything that the stack is created from.
	// +required
	Frozen FrozenRevision `json:"frozen,omitzero"`
}

// StackState says whether a revision's stack should exist.
type StackState string

// Stack states.
const (
	// StackPresent: the stack should exist.
	StackPresent StackState = "Present"
	// StackAbsent: the stack should be deleted.
	StackAbsent StackState = "Absent"
	// StackRetained: the stack stays, and is no longer managed.
	StackRetained StackState = "Retained"
)

// FrozenRevision is everything that a stack is created from.
type FrozenRevision struct {
	// templateHash is the SHA-256, in hex, of the template as the user wrote it.
	// +required
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +kubebuilder:validation:MaxLength=64
	TemplateHash string `json:"templateHash,omitempty"`

	// aws is the region and the role with which the stack is created.
	// +required
	AWS AWS `json:"aws"`

	// template as the user wrote it, its images pinned to digests, with the values
	// of parameters in environment, and secrets by the version that they are pinned
	// to.
	// +required
	Template RevisionTemplate `json:"template,omitzero"`

	// images as the user named them, and what each was pinned to.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	Images []FrozenImage `json:"images,omitempty"`

	// configuration is what the revision holds of the values that the template
	// refers to; absent if it refers to none.
	// +optional
	Configuration *FrozenConfiguration `json:"configuration,omitempty"`

	// provenance says where the revision comes from.
	// +optional
	Provenance *Provenance `json:"provenance,omitempty"`

	// listenerARN of the listener that holds the preview rule; absent for a
	// worker.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	ListenerARN string `json:"listenerARN,omitempty"`

	// previewToken is the value of the header x-viridian-revision by which the
	// preview rule finds the revision: whoever has it reaches the revision
	// whatever its weight is. It is absent for a worker, and for a revision that
	// was frozen before there were tokens, of which the value is its number.
	// +optional
	// +kubebuilder:validation:MinLength=20
	// +kubebuilder:validation:MaxLength=128
	PreviewToken string `json:"previewToken,omitempty"`

	// terminationProtection says whether the stack is created with it.
	// +optional
	TerminationProtection bool `json:"terminationProtection,omitempty"`

	// stackMode is the mode in which the stack is created; Standard if omitted.
	// +optional
	// +kubebuilder:validation:Enum=Standard;Express
	StackMode StackMode `json:"stackMode,omitempty"`

	// templateBody is the CloudFormation template.
	// +required
	// +kubebuilder:validation:MaxLength=51200
	TemplateBody string `json:"templateBody,omitempty"`
}

// FrozenImage is an image as it was named and as it was pinned.
type FrozenImage struct {
	// container that runs it.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Container string `json:"container,omitempty"`

	// image as spec.template named it, often by a tag.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Image string `json:"image,omitempty"`

	// digest that it was pinned to; absent if it could not be pinned.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Digest string `json:"digest,omitempty"`

	// pushedAt is when it was pushed to Amazon ECR; absent if ECR wasn't asked, as
	// for an image that spec.template names by its digest.
	// +optional
	PushedAt *metav1.Time `json:"pushedAt,omitempty"`
}

// ImmutableRevisionStatus is the state of the stack.
type ImmutableRevisionStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase summarises the state of the stack.
	// +optional
	Phase RevisionPhase `json:"phase,omitempty"`

	// stackID is the ARN of the stack; it is kept when the stack is gone.
	// +optional
	StackID string `json:"stackID,omitempty"`

	// stackStatus as reported by CloudFormation.
	// +optional
	StackStatus string `json:"stackStatus,omitempty"`

	// clusterID is the cluster in which the stack was identified as this
	// revision's. In a copy of the cluster with its own ID, the stack belongs
	// to the original.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	ClusterID string `json:"clusterID,omitempty"`

	// image by tag and digest, such as checkout:2.1.0@sha256:0f3a9c6b1d2e: that
	// of the container which gets the requests, or of the first one.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// logGroup in CloudWatch Logs that the container which gets the requests, or
	// the first one, logs to: the stack's own, which is deleted with it, or the one
	// that logConfiguration names. There is none if it logs elsewhere.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	LogGroup string `json:"logGroup,omitempty"`

	// attempts is how often creating the stack was attempted.
	// +optional
	Attempts int32 `json:"attempts,omitempty"`

	// outputs of the stack.
	// +optional
	Outputs *StackOutputs `json:"outputs,omitempty"`

	// deleteAttempts is how often deleting the stack was attempted.
	// +optional
	DeleteAttempts int32 `json:"deleteAttempts,omitempty"`

	// retained are resources that a deletion left behind.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	Retained []RetainedResource `json:"retained,omitempty"`

	// traffic is the revision's share of the traffic over time; the last 50
	// changes.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	Traffic []TrafficPoint `json:"traffic,omitempty"`

	// verdicts are the evidence of its rollouts: what each alarm, metric, gate
	// and image scan said, newest last; the last 100 changes.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Verdicts []Verdict `json:"verdicts,omitempty"`

	// failure is the root cause of the last attempt's failure. In the stack mode
	// Express it is also there while the tasks start: why some did not.
	// +optional
	Failure *StackFailure `json:"failure,omitempty"`

	// failedAttempts is how often in a row creating the stack failed because of
	// something other than the template. The more often, the longer is the time
	// until the next attempt.
	// +optional
	FailedAttempts int32 `json:"failedAttempts,omitempty"`

	// blockedBy is what the stack waits for that isn't the template's fault:
	// AWS, or something that only someone else can put right.
	// +optional
	BlockedBy *BlockedBy `json:"blockedBy,omitempty"`

	// conditions are Ready, Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// StackOutputs are what the stack created.
type StackOutputs struct {
	// targetGroupARN of the revision's target group; absent for a worker.
	// +optional
	TargetGroupARN string `json:"targetGroupARN,omitempty"`

	// previewRuleARN of the revision's preview rule; absent for a worker.
	// +optional
	PreviewRuleARN string `json:"previewRuleARN,omitempty"`

	// cluster that the service runs in.
	// +required
	Cluster string `json:"cluster,omitempty"`

	// serviceName of the ECS service.
	// +required
	ServiceName string `json:"serviceName,omitempty"`

	// taskDefinitionARN of the ECS task definition.
	// +optional
	TaskDefinitionARN string `json:"taskDefinitionARN,omitempty"`
}

// TrafficPoint is a revision's share of the traffic from a moment on.
type TrafficPoint struct {
	// at is when the share was first read from the load balancer.
	// +required
	At metav1.Time `json:"at,omitzero"`

	// weight is the share in percent.
	// +required
	Weight int32 `json:"weight"`
}

// RetainedResource is a resource that a deletion left behind.
type RetainedResource struct {
	// logicalID in the stack's template.
	// +required
	LogicalID string `json:"logicalID,omitempty"`

	// type of the resource, such as AWS::EC2::SecurityGroup.
	// +required
	Type string `json:"type,omitempty"`

	// physicalID of the resource, in many cases an ARN.
	// +optional
	PhysicalID string `json:"physicalID,omitempty"`

	// reason why CloudFormation could not delete it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
}

// StackFailure is why a stack could not be created.
type StackFailure struct {
	// resource is the logical ID of the resource that failed first.
	// +optional
	Resource string `json:"resource,omitempty"`

	// message says the cause, with ECS's own message if there is one.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`

	// at is when the failure was seen.
	// +required
	At metav1.Time `json:"at,omitzero"`

	// reason is set if the template is not at fault, such as QuotaExceeded: the
	// stack is then created again.
	// +optional
	Reason string `json:"reason,omitempty"`

	// remedy is what helps against reason.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Remedy string `json:"remedy,omitempty"`
}
