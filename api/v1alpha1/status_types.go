package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ImmutableDeploymentStatus is the observed state and progress.
type ImmutableDeploymentStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase summarises the progress.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// step is the current step out of all steps, such as 2/4.
	// +optional
	Step string `json:"step,omitempty"`

	// weight is the percentage of requests that go to status.revision, as
	// last read from the load balancer.
	// +optional
	Weight *int32 `json:"weight,omitempty"`

	// revision is the name of the ImmutableRevision being rolled out, or of the
	// one that serves when no rollout is in progress.
	// +optional
	Revision string `json:"revision,omitempty"`

	// stableRevision is the name of the last ImmutableRevision that was
	// promoted: the one that traffic returns to.
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

	// reachedCount is how many healthy tasks the stable revision has had at once,
	// of those that it needs now.
	// +optional
	ReachedCount int32 `json:"reachedCount,omitempty"`

	// scalingSince is the time since which the stable revision needs more tasks
	// than reachedCount; absent otherwise.
	// +optional
	ScalingSince *metav1.Time `json:"scalingSince,omitempty"`

	// switchedOff is true while spec.desiredCount is 0, and then until a task is
	// healthy again.
	// +optional
	SwitchedOff bool `json:"switchedOff,omitempty"`

	// scaling is what is remembered of Application Auto Scaling; absent without
	// spec.scaling.
	// +optional
	Scaling *ScalingStatus `json:"scaling,omitempty"`

	// selector is the label selector of the scale subresource, without which no
	// autoscaler works. No pods match it: the tasks run on Amazon ECS.
	// +optional
	Selector string `json:"selector,omitempty"`

	// blockedBy says what the deployment waits for if someone else has to act,
	// since when, and the remedy; absent when it continues by itself.
	// +optional
	BlockedBy *BlockedBy `json:"blockedBy,omitempty"`

	// frozenSince is the time since which nothing moves because the deployment
	// is blocked or spec.paused is set; that time doesn't count towards
	// deadlines and holds.
	// +optional
	FrozenSince *metav1.Time `json:"frozenSince,omitempty"`

	// image that the stable revision runs, by tag and digest, such as
	// checkout:2.1.0@sha256:0f3a9c6b1d2e: that of the container which gets the
	// requests, or of the first one.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// images of the stable revision, and of the one being rolled out.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	Images []RunningImage `json:"images,omitempty"`

	// handled has the last handled request of each annotation.
	// +optional
	Handled *HandledRequests `json:"handled,omitempty"`

	// waiting has the requests by annotation that were read while something was
	// in the way. They are carried out, or ignored, once that is over, even if
	// the annotation was removed meanwhile.
	// +optional
	Waiting *HandledRequests `json:"waiting,omitempty"`

	// lastRequest is the request by annotation that was answered last. It stays
	// when the annotation is removed.
	// +optional
	LastRequest *RequestAnswer `json:"lastRequest,omitempty"`

	// rolloutCount is the number of rollouts started so far.
	// +optional
	RolloutCount int64 `json:"rolloutCount,omitempty"`

	// totals are what all rollouts that ended came to; absent before the first one.
	// +optional
	Totals *Totals `json:"totals,omitempty"`

	// history has the rollouts that ended, newest first, at most 20.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	History []HistoryEntry `json:"history,omitempty"`

	// rollout is the current rollout, or the last one.
	// +optional
	Rollout *Rollout `json:"rollout,omitempty"`

	// configuration compares what the revision that serves holds of parameters and
	// secrets with what is current; absent if it refers to none.
	// +optional
	Configuration *ConfigurationStatus `json:"configuration,omitempty"`

	// traffic is the state of the production rule.
	// +optional
	Traffic *TrafficStatus `json:"traffic,omitempty"`

	// preview says how to reach status.revision whatever its share of the
	// traffic is; absent while it can't be reached so.
	// +optional
	Preview *PreviewStatus `json:"preview,omitempty"`

	// retiring are revisions that are no longer in the rule and whose stacks
	// are kept until requests in flight finish.
	// +optional
	// +listType=map
	// +listMapKey=revision
	Retiring []RetiringRevision `json:"retiring,omitempty"`

	// detachedAt is when, in a deletion, the production rule was detached from
	// all stacks.
	// +optional
	DetachedAt *metav1.Time `json:"detachedAt,omitempty"`

	// orphaned is true once a deletion with --cascade=orphan was observed: then
	// everything is left as it is.
	// +optional
	Orphaned bool `json:"orphaned,omitempty"`

	// conditions are Ready, Reconciling, Stalled, Available, Degraded,
	// TrafficInSync, Drifted, Overlapping, ConfigurationCurrent, AnalysisPassing and
	// CleanedUp.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// BlockedBy is what a deployment waits for, since when, and the remedy.
type BlockedBy struct {
	// reason in one word.
	// +required
	Reason string `json:"reason,omitempty"`

	// message for a person.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// remedy is the remedy: the command to run or what to change.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Remedy string `json:"remedy,omitempty"`

	// since is when the wait began.
	// +required
	Since metav1.Time `json:"since,omitzero"`
}

// HandledRequests are the last handled requests by annotation.
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

	// unknown are the annotations with the prefix viridian.dev/ that mean nothing
	// here, as they were reported last.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Unknown string `json:"unknown,omitempty"`
}

// RequestAnswer is what came of a request by annotation.
type RequestAnswer struct {
	// request as annotation=value.
	// +required
	// +kubebuilder:validation:MaxLength=320
	Request string `json:"request,omitempty"`

	// reason is RequestAccepted, RequestIgnored or RequestWaiting.
	// +required
	Reason string `json:"reason,omitempty"`

	// message says what happens, or why nothing does and what to type instead.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// at is when it was answered.
	// +required
	At metav1.Time `json:"at,omitzero"`
}

// RunningImage is an image that a revision runs.
type RunningImage struct {
	// revision is the name of the ImmutableRevision.
	// +required
	Revision string `json:"revision,omitempty"`

	// container that runs it.
	// +required
	Container string `json:"container,omitempty"`

	// image as the template named it.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Image string `json:"image,omitempty"`

	// digest that it was pinned to; absent if it could not be pinned.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Digest string `json:"digest,omitempty"`
}

// TrafficStatus is the state of the production rule: what is intended, what was
// written and what is observed.
type TrafficStatus struct {
	// ruleARN of the production rule.
	// +optional
	RuleARN string `json:"ruleARN,omitempty"`

	// desired are the targets that the rule should have now; none while nothing
	// should get requests.
	// +optional
	// +listType=atomic
	Desired []WeightedTarget `json:"desired,omitempty"`

	// inSync says whether observed matches desired.
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

	// since is when observed last changed.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// writers are the last marks with which this cluster wrote the production
	// rule, or which it accepted, newest last. A rule with another mark was
	// written by another process with the same identity that this status
	// doesn't know.
	// +optional
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=atomic
	Writers []string `json:"writers,omitempty"`

	// originalTargetGroupARN is the target group to which an adopted rule
	// forwarded before; the rule forwards to it again when the
	// ImmutableDeployment is deleted.
	// +optional
	OriginalTargetGroupARN string `json:"originalTargetGroupARN,omitempty"`

	// originalIdleTargetGroupARNs are the target groups that an adopted rule
	// listed before with weight 0, as deployments of CodeDeploy and ECS leave
	// it; they are listed so again when the rule is given back.
	// +optional
	// +listType=atomic
	OriginalIdleTargetGroupARNs []string `json:"originalIdleTargetGroupARNs,omitempty"`
}

// PreviewStatus says how to reach a revision whatever its share of the traffic
// is. Whoever may read the ImmutableDeployment can do so.
type PreviewStatus struct {
	// revision is the name of the ImmutableRevision.
	// +required
	Revision string `json:"revision,omitempty"`

	// host to request, and to name in TLS (SNI); absent if the production rule
	// has none, or patterns only.
	// +optional
	Host string `json:"host,omitempty"`

	// header to send.
	// +required
	Header string `json:"header,omitempty"`

	// value of the header.
	// +required
	Value string `json:"value,omitempty"`
}

// WeightedTarget is a target group's share of the traffic.
type WeightedTarget struct {
	// revision whose target group it is; 0 if it doesn't belong to a revision.
	// +optional
	Revision int64 `json:"revision,omitempty"`

	// targetGroupARN of the target group.
	// +required
	TargetGroupARN string `json:"targetGroupARN,omitempty"`

	// weight in the rule, relative to the sum of all.
	// +required
	Weight int32 `json:"weight"`
}

// RetiringRevision is a revision that is no longer in the rule and whose stack
// will be deleted.
type RetiringRevision struct {
	// revision number.
	// +required
	Revision int64 `json:"revision,omitempty"`

	// since is when it left the rule.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// keepSeconds is how much longer it is kept for debugging.
	// +optional
	KeepSeconds int32 `json:"keepSeconds,omitempty"`
}

// ScalingStatus is what is remembered of Application Auto Scaling.
type ScalingStatus struct {
	// count is how many tasks the application needs: as many as its stable
	// revision is asked to run and, in a rollout, the most that it needed since
	// the rollout began.
	// +optional
	Count int32 `json:"count,omitempty"`

	// min is that of spec.scaling that was written last.
	// +optional
	Min int32 `json:"min,omitempty"`

	// max is that of spec.scaling that was written last.
	// +optional
	Max int32 `json:"max,omitempty"`
}
