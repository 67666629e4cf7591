package v1alpha1

// Finalizer keeps an object until everything that it owns in AWS is gone.
const Finalizer = "viridian.dev/finalizer"

// Annotations of a namespace, set by the cluster's administrators.
const (
	// AnnotationAllowedRoleARNs lists, separated by commas, the IAM roles that
	// ImmutableDeployments of the namespace may use in spec.aws.roleARN.
	AnnotationAllowedRoleARNs = "viridian.dev/allowed-role-arns"
	// AnnotationExternalID is the external ID with which those roles are
	// assumed. Without it, it is "viridian/<namespace>".
	AnnotationExternalID = "viridian.dev/external-id"
)

// AnnotationWebhookHosts lists, separated by commas, the hosts for which the key
// of a webhook's Secret signs requests. Without it, it signs for any. It is set on
// the Secret by whoever owns that.
const AnnotationWebhookHosts = "viridian.dev/webhook-hosts"

// Annotations of an ImmutableDeployment with which people make one-time
// requests. Each value names the rollout that is meant, by status.rollout.id or
// by its revision, so that a stale request never acts on a later rollout; each
// is handled once.
const (
	// AnnotationPromote ends a step's hold and gives its approval:
	// "<rollout>/<step>", such as checkout-4/2. "<rollout>/full" goes to 100%
	// at once.
	AnnotationPromote = "viridian.dev/promote"
	// AnnotationAbort returns traffic to the stable revision: "<rollout>".
	AnnotationAbort = "viridian.dev/abort"
	// AnnotationRetry retries a revision that failed or was aborted:
	// "<rollout>". With the name of the revision that served, it has made anew
	// what others deleted.
	AnnotationRetry = "viridian.dev/retry"
)

// AnnotationAdopt lets an ImmutableDeployment take over what another one left
// in AWS: the rule and the stacks that are tagged with one of the UIDs that it
// lists, separated by commas. On the ImmutableDeployment it applies to
// resources tagged with its own namespace and name, as after the loss of a
// cluster; on its namespace, which cluster administrators control, to all
// resources. "<own UID>/<writer>" says that this cluster continues although
// another one with the same identity, or this one before it was restored, wrote
// the rule last.
const AnnotationAdopt = "viridian.dev/adopt"

// AnnotationRequestedBy says who or what asked for spec.template as it is, such as
// a commit or a pipeline's run: the next revision keeps it as evidence. Nobody
// checks it.
const AnnotationRequestedBy = "viridian.dev/requested-by"

// AnnotationsOfDeployment returns the names of all annotations that mean something
// on an ImmutableDeployment, so that a misspelled one can be reported.
func AnnotationsOfDeployment() []string {
	return []string{AnnotationAbort, AnnotationAdopt, AnnotationPromote, AnnotationRequestedBy, AnnotationRetry}
}

// AnnotationPrefix is what the names of all those begin with.
const AnnotationPrefix = "viridian.dev/"

// Labels of an ImmutableRevision.
const (
	// LabelDeployment names the ImmutableDeployment that owns the revision.
	LabelDeployment = "viridian.dev/deployment"
	// LabelTemplateHash is the beginning of the hash of the template as the
	// user wrote it.
	LabelTemplateHash = "viridian.dev/template-hash"
)

// Tags that mark what Viridian owns in AWS. Together they prove ownership:
// nothing without them is modified or deleted.
const (
	// TagCluster is the UID of the cluster's kube-system namespace, unless the
	// manager was given another ID.
	TagCluster = "viridian.dev/cluster"
	// TagNamespace is the ImmutableDeployment's namespace.
	TagNamespace = "viridian.dev/namespace"
	// TagName is the ImmutableDeployment's name.
	TagName = "viridian.dev/name"
	// TagUID is the ImmutableDeployment's UID.
	TagUID = "viridian.dev/uid"
	// TagRevision is the revision's number.
	TagRevision = "viridian.dev/revision"
	// TagTemplateHash is the hash of the revision's template.
	TagTemplateHash = "viridian.dev/template-hash"
	// TagWriter, on a production rule, identifies the process that wrote it
	// last, and the rollout: it shows a cluster whether another one wrote the
	// rule since.
	TagWriter = "viridian.dev/writer"
	// TagOriginal, on an adopted rule, is its original target group.
	TagOriginal = "viridian.dev/original"
	// TagOriginalIdle, on an adopted rule, are the target groups that it had
	// with weight 0, without the beginning of their ARNs.
	TagOriginalIdle = "viridian.dev/original-idle"
)

// PreviewHeader is the HTTP request header whose value, a revision's token,
// routes a request to that revision whatever the weights are.
const PreviewHeader = "x-viridian-revision"

// Conditions of an ImmutableDeployment and an ImmutableRevision. Ready,
// Reconciling and Stalled have the meaning that kstatus gives them.
const (
	// ConditionReady is True when the template in spec serves all traffic and
	// nothing is left to do.
	ConditionReady = "Ready"
	// ConditionReconciling is True while work is in progress; absent otherwise.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when nothing continues until someone changes
	// something; absent otherwise. Its message says what to change.
	ConditionStalled = "Stalled"
	// ConditionAvailable is True while the revision that serves is healthy.
	ConditionAvailable = "Available"
	// ConditionDegraded is True while the revision that serves has too few
	// healthy tasks; absent otherwise.
	ConditionDegraded = "Degraded"
	// ConditionTrafficInSync is True when the load balancer routes as Viridian
	// last intended.
	ConditionTrafficInSync = "TrafficInSync"
	// ConditionDrifted is True when someone else changed what Viridian owns;
	// absent otherwise.
	ConditionDrifted = "Drifted"
	// ConditionOverlapping is True when a rule of the same listener takes all
	// requests of the production rule, or the production rule all of another
	// one's; between deployments of different namespaces also when it is a part
	// of them. Absent otherwise.
	ConditionOverlapping = "Overlapping"
	// ConditionAutoscalerDiffers is True while autoscaling isn't as spec says,
	// because somebody changed that by hand; absent otherwise.
	ConditionAutoscalerDiffers = "AutoscalerDiffers"
	// ConditionAnalysis is True while everything that was measured in a rollout
	// is within its bounds, False when something isn't, Unknown while there is
	// too little evidence; absent when nothing is measured. Its message
	// contains each verdict.
	ConditionAnalysis = "AnalysisPassing"
	// ConditionCleanedUp is False while a stack exists that is no longer
	// needed.
	ConditionCleanedUp = "CleanedUp"
	// ConditionConfigurationCurrent is True while the revision that serves holds the
	// values that are current in Systems Manager and Secrets Manager, and False
	// while it doesn't, or its tasks can't be replaced for want of a value; absent
	// if it refers to none. What can't be read leaves it as it is.
	ConditionConfigurationCurrent = "ConfigurationCurrent"
	// ConditionImagesMissing is on an ImmutableRevision with a stack, and True,
	// while Amazon ECR doesn't have an image of it any more: its tasks can't be
	// replaced. It is absent otherwise.
	ConditionImagesMissing = "ImagesMissing"
)

// Reasons of conditions and events.
const (
	// ReasonPending: nothing was requested yet.
	ReasonPending = "Pending"
	// ReasonProvisioning: the revision's stack is being created.
	ReasonProvisioning = "Provisioning"
	// ReasonVerifying: the stack exists, but not all its tasks are healthy yet.
	ReasonVerifying = "Verifying"
	// ReasonShifting: traffic moves to the new revision.
	ReasonShifting = "Shifting"
	// ReasonBaking: the new revision has all traffic, the old one is kept.
	ReasonBaking = "Baking"
	// ReasonCleaningUp: the old stack is drained and deleted.
	ReasonCleaningUp = "CleaningUp"
	// ReasonScaling: tasks that spec.desiredCount asks for are still to start.
	ReasonScaling = "Scaling"
	// ReasonAutoscalerByHand: the service that serves is scaled by Application
	// Auto Scaling, which spec.scaling doesn't say.
	ReasonAutoscalerByHand = "AutoscalerByHand"
	// ReasonAutoscalerMissing: its scalable target was taken away.
	ReasonAutoscalerMissing = "AutoscalerMissing"
	// ReasonSwitchedOff: spec.desiredCount is 0, so nothing runs.
	ReasonSwitchedOff = "SwitchedOff"
	// ReasonComplete: the rollout is over and the new revision serves.
	ReasonComplete = "Complete"
	// ReasonRollingBack: traffic returns to the revision that served before.
	ReasonRollingBack = "RollingBack"
	// ReasonRolledBack: traffic is back, the template in spec is not served.
	ReasonRolledBack = "RolledBack"
	// ReasonSuperseded: the template changed before the rollout was over.
	ReasonSuperseded = "Superseded"
	// ReasonFailed: the first revision failed, nothing serves.
	ReasonFailed = "Failed"
	// ReasonDeleting: everything is being removed.
	ReasonDeleting = "Deleting"
	// ReasonStableUnhealthy: the stable revision is unhealthy, and
	// spec.rollback doesn't allow a rollout to start in that case.
	ReasonStableUnhealthy = "StableUnhealthy"
	// ReasonRetained: the stack stays after its ImmutableDeployment was
	// deleted.
	ReasonRetained = "Retained"
	// ReasonPaused: spec.paused freezes the rollout.
	ReasonPaused = "Paused"
	// ReasonAwaitingApproval: a step waits for someone's approval.
	ReasonAwaitingApproval = "AwaitingApproval"
	// ReasonAborted: someone requested to abort the rollout.
	ReasonAborted = "Aborted"
	// ReasonResumed: the deployment is no longer blocked.
	ReasonResumed = "Resumed"
	// ReasonRequestAccepted: a request by annotation is carried out.
	ReasonRequestAccepted = "RequestAccepted"
	// ReasonRequestIgnored: a request by annotation is stale or malformed.
	ReasonRequestIgnored = "RequestIgnored"
	// ReasonRequestWaiting: a request by annotation is remembered, and carried
	// out or ignored once nothing is in the way any more.
	ReasonRequestWaiting = "RequestWaiting"

	// ReasonStackFailed: CloudFormation could not create the stack.
	ReasonStackFailed = "StackFailed"
	// ReasonRecovering: lost records are being recreated from AWS.
	ReasonRecovering = "Recovering"
	// ReasonRecovered: status records again which revision serves in AWS.
	ReasonRecovered = "Recovered"
	// ReasonStatusBehind: AWS was changed by another cluster with the same
	// identity, or by this one before it was restored.
	ReasonStatusBehind = "StatusBehind"
	// ReasonRevisionConflict: an ImmutableRevision or a stack of an earlier
	// ImmutableDeployment of the same name is in the way.
	ReasonRevisionConflict = "RevisionConflict"
	// ReasonRecordLost: a stack's ImmutableRevision is lost and can't be
	// recreated from the stack.
	ReasonRecordLost = "RecordLost"
	// ReasonStackFound: a stack of the revision exists that wasn't requested.
	ReasonStackFound = "StackFound"
	// ReasonStackKept: a revision was deleted, its stack stays.
	ReasonStackKept = "StackKept"
	// ReasonForeignStack: a stack with the name belongs to someone else.
	ReasonForeignStack = "ForeignStack"
	// ReasonStackChanged: someone else updated or deleted the stack.
	ReasonStackChanged = "StackChanged"
	// ReasonStackCreated: the stack is created.
	ReasonStackCreated = "StackCreated"
	// ReasonStackRemoved: the stack is deleted.
	ReasonStackRemoved = "StackRemoved"
	// ReasonStackDeleteFailed: CloudFormation could not delete the stack.
	ReasonStackDeleteFailed = "StackDeleteFailed"
	// ReasonStackInUse: a listener rule still forwards to the stack, or it is a
	// worker's and the stack that is to replace it doesn't exist.
	ReasonStackInUse = "StackInUse"
	// ReasonProgressDeadlineExceeded: no progress within
	// spec.progressDeadlineSeconds.
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
	// ReasonUnhealthy: the revision became unhealthy.
	ReasonUnhealthy = "Unhealthy"
	// ReasonTaskRestarts: tasks of the revision stop again and again.
	ReasonTaskRestarts = "TaskRestarts"
	// ReasonAlarmFiring: a CloudWatch alarm of spec.analysis is in ALARM.
	ReasonAlarmFiring = "AlarmFiring"
	// ReasonAlarmNotFound: an alarm of spec.analysis doesn't exist.
	ReasonAlarmNotFound = "AlarmNotFound"
	// ReasonMetricOutOfBounds: a metric of spec.analysis is beyond its bound.
	ReasonMetricOutOfBounds = "MetricOutOfBounds"
	// ReasonMetricInvalid: CloudWatch rejects a query of spec.analysis.
	ReasonMetricInvalid = "MetricInvalid"
	// ReasonInconclusive: there is too little evidence to judge a step.
	ReasonInconclusive = "AnalysisInconclusive"
	// ReasonAnalysisPassing: what was measured is within its bounds.
	ReasonAnalysisPassing = "AnalysisPassing"
	// ReasonGateRunning: a gate of spec.gates is running.
	ReasonGateRunning = "GateRunning"
	// ReasonGateFailed: a gate of spec.gates rejected the revision.
	ReasonGateFailed = "GateFailed"
	// ReasonGateSucceeded: a gate of spec.gates passed.
	ReasonGateSucceeded = "GateSucceeded"
	// ReasonGateUnavailable: a gate of spec.gates can't be started.
	ReasonGateUnavailable = "GateUnavailable"
	// ReasonApprovalExpired: nobody approved in time.
	ReasonApprovalExpired = "ApprovalExpired"
	// ReasonVerdict: a check changed its verdict.
	ReasonVerdict = "Verdict"
	// ReasonRepositoryNotFound: ECR doesn't have the image's repository.
	ReasonRepositoryNotFound = "RepositoryNotFound"
	// ReasonImageNotPinned: an image has a tag, and spec.imagePolicy requires a
	// digest.
	ReasonImageNotPinned = "ImageNotPinned"
	// ReasonImageVulnerable: an image has vulnerabilities that
	// spec.imagePolicy.scan rejects.
	ReasonImageVulnerable = "ImageVulnerable"
	// ReasonImageNotScanned: an image has no findings to evaluate.
	ReasonImageNotScanned = "ImageNotScanned"
	// ReasonHealthy: the revision is healthy.
	ReasonHealthy = "Healthy"
	// ReasonNotServing: no revision serves yet.
	ReasonNotServing = "NotServing"
	// ReasonInSync: the load balancer routes as intended.
	ReasonInSync = "InSync"
	// ReasonTrafficChanging: a change of the rule was written but not read back
	// yet.
	ReasonTrafficChanging = "TrafficChanging"
	// ReasonRouteDrifted: someone else changed the production rule.
	ReasonRouteDrifted = "RouteDrifted"
	// ReasonRouteShadowed: another rule of the listener takes all requests of the
	// production rule.
	ReasonRouteShadowed = "RouteShadowed"
	// ReasonRouteShadows: the production rule takes all requests of another rule
	// of the listener.
	ReasonRouteShadows = "RouteShadows"
	// ReasonRoutePartlyShadowed: the rule of a deployment in another namespace
	// takes a part of the production rule's requests.
	ReasonRoutePartlyShadowed = "RoutePartlyShadowed"
	// ReasonRoutePartlyShadows: the production rule takes a part of the requests
	// of a deployment in another namespace.
	ReasonRoutePartlyShadows = "RoutePartlyShadows"
	// ReasonRouteConflict: the production rule belongs to someone else.
	ReasonRouteConflict = "RouteConflict"
	// ReasonRouteUnsupported: the adopted rule can't be split by weight, or this
	// version of the manager doesn't know the route.
	ReasonRouteUnsupported = "RouteUnsupported"
	// ReasonRouteNotFound: the adopted rule or the listener doesn't exist.
	ReasonRouteNotFound = "RouteNotFound"
	// ReasonPreviewPriorityUnavailable: no priority is free below the
	// production rule's for the preview rule.
	ReasonPreviewPriorityUnavailable = "PreviewPriorityUnavailable"
	// ReasonImageNotFound: ECR doesn't have the image.
	ReasonImageNotFound = "ImageNotFound"
	// ReasonPreflightFailed: something that the revision's stack needs is missing
	// in AWS, so that it isn't created yet.
	ReasonPreflightFailed = "PreflightFailed"
	// ReasonConfigurationGone: a parameter or a secret that the tasks get doesn't
	// exist, or not in the version that they shall get.
	ReasonConfigurationGone = "ConfigurationGone"
	// ReasonConfigurationChanged: parameters or secrets have other values than the
	// revision that serves.
	ReasonConfigurationChanged = "ConfigurationChanged"
	// ReasonSecretRotated: a secret that the stable revision pinned has become
	// rotated, so that the pinned version stops working.
	ReasonSecretRotated = "SecretRotated"
	// ReasonConfigurationCurrent: they have the same.
	ReasonConfigurationCurrent = "ConfigurationCurrent"
	// ReasonNotAllowed: DeploymentPolicies don't list what spec names for the
	// namespace.
	ReasonNotAllowed = "NotAllowed"
	// ReasonRoleNotAllowed: the namespace doesn't allow spec.aws.
	ReasonRoleNotAllowed = "RoleNotAllowed"
	// ReasonCredentials: AWS rejects the controller's credentials.
	ReasonCredentials = "CredentialsUnavailable"
	// ReasonWrongAccount: the resources in spec and status are in another
	// account or region than the controller's credentials.
	ReasonWrongAccount = "WrongAccount"
	// ReasonAccessDenied: the controller's role lacks a permission.
	ReasonAccessDenied = "AccessDenied"
	// ReasonQuotaExceeded: a quota of the AWS account is used up.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonCapacityUnavailable: AWS has no capacity for the tasks.
	ReasonCapacityUnavailable = "CapacityUnavailable"
	// ReasonNetworkUnavailable: the network doesn't let the tasks reach what they
	// start from, such as their registry or a store of secrets.
	ReasonNetworkUnavailable = "NetworkUnavailable"
	// ReasonResourceConflict: something with the name that the stack gives to a
	// resource exists already, or is being changed.
	ReasonResourceConflict = "ResourceConflict"
	// ReasonAWSUnavailable: AWS doesn't respond, throttles or fails.
	ReasonAWSUnavailable = "AWSUnavailable"
	// ReasonInvalidSpec: AWS rejects what spec asks for.
	ReasonInvalidSpec = "InvalidSpec"
)

// Phase is a summary of how an ImmutableDeployment is going, for people.
//
// +kubebuilder:validation:Enum=Pending;Provisioning;Verifying;Shifting;Paused;Baking;CleaningUp;Complete;SwitchedOff;Scaling;Unavailable;RollingBack;RolledBack;Failed;Deleting
type Phase string

// Phases of an ImmutableDeployment.
const (
	PhasePending      Phase = "Pending"
	PhaseProvisioning Phase = "Provisioning"
	PhaseVerifying    Phase = "Verifying"
	PhaseShifting     Phase = "Shifting"
	PhasePaused       Phase = "Paused"
	PhaseBaking       Phase = "Baking"
	PhaseCleaningUp   Phase = "CleaningUp"
	PhaseComplete     Phase = "Complete"
	PhaseSwitchedOff  Phase = "SwitchedOff"
	PhaseScaling      Phase = "Scaling"
	PhaseUnavailable  Phase = "Unavailable"
	PhaseRollingBack  Phase = "RollingBack"
	PhaseRolledBack   Phase = "RolledBack"
	PhaseFailed       Phase = "Failed"
	PhaseDeleting     Phase = "Deleting"
)

// RevisionPhase is a summary of a revision's stack, for people.
//
// +kubebuilder:validation:Enum=Pending;Creating;Created;Failed;Deleting;DeleteFailed;Removed
type RevisionPhase string

// Phases of an ImmutableRevision.
const (
	// RevisionPending: no stack was requested yet.
	RevisionPending RevisionPhase = "Pending"
	// RevisionCreating: CloudFormation creates the stack.
	RevisionCreating RevisionPhase = "Creating"
	// RevisionCreated: the stack exists.
	RevisionCreated RevisionPhase = "Created"
	// RevisionFailed: the stack could not be created; status.failure says why.
	RevisionFailed RevisionPhase = "Failed"
	// RevisionDeleting: CloudFormation deletes the stack.
	RevisionDeleting RevisionPhase = "Deleting"
	// RevisionDeleteFailed: CloudFormation could not delete the stack.
	RevisionDeleteFailed RevisionPhase = "DeleteFailed"
	// RevisionRemoved: the stack is gone; the record stays as history.
	RevisionRemoved RevisionPhase = "Removed"
)

// Outcome is how a rollout ended.
//
// +kubebuilder:validation:Enum=Promoted;FastPromoted;FastRolledBack;RolledBack;Aborted;Superseded;Failed
type Outcome string

// Outcomes of a rollout.
const (
	// OutcomePromoted: the revision serves all traffic.
	OutcomePromoted Outcome = "Promoted"
	// OutcomeFastPromoted: the same, after someone requested to skip steps.
	OutcomeFastPromoted Outcome = "FastPromoted"
	// OutcomeFastRolledBack: the same, for a revision that served before and
	// whose stack still existed: traffic went back to it at once.
	OutcomeFastRolledBack Outcome = "FastRolledBack"
	// OutcomeAborted: someone requested that traffic return to where it was.
	OutcomeAborted Outcome = "Aborted"
	// OutcomeRolledBack: the revision was bad, traffic is where it was before.
	OutcomeRolledBack Outcome = "RolledBack"
	// OutcomeSuperseded: the template changed before the rollout was over.
	OutcomeSuperseded Outcome = "Superseded"
	// OutcomeFailed: the first revision was bad, and there was nothing to
	// return to.
	OutcomeFailed Outcome = "Failed"
)

// Bad reports whether the rollout ended without the requested revision serving.
func (o Outcome) Bad() bool {
	return o == OutcomeRolledBack || o == OutcomeAborted || o == OutcomeFailed
}

// Good reports whether the revision serves all traffic.
func (o Outcome) Good() bool {
	return o == OutcomePromoted || o == OutcomeFastPromoted || o == OutcomeFastRolledBack
}
