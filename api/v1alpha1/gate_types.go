package v1alpha1

// GatePoint is the point in a rollout at which a gate runs.
type GatePoint string

// Gate points.
const (
	// AfterProvision: the stack is created, but its health isn't verified yet.
	AfterProvision GatePoint = "AfterProvision"
	// BeforeTraffic: the new revision is healthy and gets no traffic yet.
	BeforeTraffic GatePoint = "BeforeTraffic"
	// AfterStep: the hold of a step before the last one is over.
	AfterStep GatePoint = "AfterStep"
	// BeforePromotion: the new revision has had all traffic for the bake time.
	BeforePromotion GatePoint = "BeforePromotion"
	// AfterPromotion: the new revision is promoted; the old stack still exists.
	AfterPromotion GatePoint = "AfterPromotion"
	// OnRollback: traffic is back after a rollback or an abort; the rejected
	// stack still exists.
	OnRollback GatePoint = "OnRollback"
)

// Decisive reports whether a gate at this point can stop a rollout.
func (p GatePoint) Decisive() bool { return p != AfterPromotion && p != OnRollback }

// Gate is something that a rollout waits for at a given point, and that can
// reject a revision: a Lambda function, a Step Functions execution, an HTTP
// webhook or a person. Gates at the same point run one after the other, in
// their order. Each is started once for each rollout and point; its payload
// contains an idempotency key, so that a repetition after a crash can be
// distinguished from a new run.
//
// +kubebuilder:validation:XValidation:rule="[has(self.lambda), has(self.stepFunctions), has(self.webhook), has(self.approval)].filter(x, x).size() == 1",message="a gate of spec.gates needs exactly one of lambda, stepFunctions, webhook and approval"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || self.at == 'AfterStep'",message="steps goes with at: AfterStep"
// +kubebuilder:validation:XValidation:rule="!has(self.approval) || !(self.at in ['AfterPromotion', 'OnRollback'])",message="nobody can approve what has happened already: an approval can't be at AfterPromotion or OnRollback"
// +kubebuilder:validation:XValidation:rule="!has(self.approval) || !has(self.timeoutSeconds) && !has(self.retries)",message="timeoutSeconds and retries don't go with approval: use approval.expirySeconds"
type Gate struct {
	// name of the gate, unique in the deployment.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of a gate has a-z, 0-9 and '-', and begins with a letter"
	// +kubebuilder:validation:XValidation:rule="self != 'full'",message="'full' is what the annotation viridian.dev/promote calls the way to 100%: choose another name"
	Name string `json:"name,omitempty"`

	// at is the point in a rollout at which the gate runs: AfterProvision (the
	// stack is created), BeforeTraffic (healthy, before the first request of a
	// user), AfterStep (after the hold of a step before the last one),
	// BeforePromotion (after the bake time), AfterPromotion and OnRollback (for
	// notifications; they decide nothing).
	// +required
	// +kubebuilder:validation:Enum=AfterProvision;BeforeTraffic;AfterStep;BeforePromotion;AfterPromotion;OnRollback
	At GatePoint `json:"at,omitempty"`

	// steps after which it runs, counted from 1; after each step if omitted.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=100
	// +listType=set
	Steps []int32 `json:"steps,omitempty"`

	// lambda invokes a function.
	// +optional
	Lambda *LambdaGate `json:"lambda,omitempty"`

	// stepFunctions starts an execution of a standard state machine and waits
	// for its end.
	// +optional
	StepFunctions *StepFunctionsGate `json:"stepFunctions,omitempty"`

	// webhook posts to an HTTPS address; a 2XX response is success.
	// +optional
	Webhook *WebhookGate `json:"webhook,omitempty"`

	// approval waits for a person to approve with the annotation
	// viridian.dev/promote.
	// +optional
	Approval *ApprovalGate `json:"approval,omitempty"`

	// timeoutSeconds is how long one attempt may take; the default is 300.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// retries is how many more attempts follow one that failed or took too
	// long, 10 seconds apart; the default is none.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	Retries *int32 `json:"retries,omitempty"`
}

// LambdaGate is a Lambda function. The gate fails if the function fails or
// returns "hookStatus": "FAILED"; after "IN_PROGRESS" the function is called
// again, after "callBackDelay" seconds (default 30), as ECS does with its
// hooks.
type LambdaGate struct {
	// functionARN of the function, perhaps with a version or an alias.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9-_]+(:[a-zA-Z0-9$_-]+)?$')",message="lambda.functionARN is the function's ARN, not its name: arn:aws:lambda:<region>:<account>:function:<name>"
	FunctionARN string `json:"functionARN,omitempty"`

	// payload is the format of the function's input: Viridian's own, or that of
	// CodeDeploy's lifecycle hooks (DeploymentId and
	// LifecycleEventHookExecutionId).
	// +optional
	// +default="Viridian"
	// +kubebuilder:validation:Enum=Viridian;CodeDeploy
	Payload PayloadShape `json:"payload,omitempty"`
}

// PayloadShape is the format of a function's input.
type PayloadShape string

// Payload formats.
const (
	PayloadViridian   PayloadShape = "Viridian"
	PayloadCodeDeploy PayloadShape = "CodeDeploy"
)

// StepFunctionsGate is a standard state machine. The gate fails if the
// execution fails.
type StepFunctionsGate struct {
	// stateMachineARN of the state machine, perhaps with a version or an alias.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[a-zA-Z0-9-_]+(:[a-zA-Z0-9_-]+)?$')",message="stepFunctions.stateMachineARN is the state machine's ARN, not its name: arn:aws:states:<region>:<account>:stateMachine:<name>"
	StateMachineARN string `json:"stateMachineARN,omitempty"`
}

// WebhookGate is an HTTPS address. Redirects are not followed. Addresses that
// aren't public are rejected unless the manager's --webhook-allowed-cidrs
// allows them.
type WebhookGate struct {
	// url to post to.
	// +required
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https'",message="webhook.url must be an https:// address"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-zA-Z]+://[^/?#]*[*;$&()<>!,=+]')",message="webhook.url names one host, such as hooks.example.com, in which * and other special characters mean nothing"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`

	// secretName is a Secret in the deployment's namespace whose key
	// "hmac-key" signs the request as Standard Webhooks 1.0 has it, by the
	// headers webhook-id, webhook-timestamp and webhook-signature. The key is
	// base64 after "whsec_", or the bytes as they are. The Secret's annotation
	// viridian.dev/webhook-hosts lists the hosts for which it signs.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')",message="webhook.secretName is the name of a Secret in the namespace of the ImmutableDeployment: a-z, 0-9, '-' and '.'"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// caBundle are the PEM certificates to which the server's certificate must
	// chain; the system's if omitted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	CABundle string `json:"caBundle,omitempty"`
}

// ApprovalGate waits for a person.
type ApprovalGate struct {
	// expirySeconds is how long it waits.
	// +optional
	// +default=86400
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	ExpirySeconds *int32 `json:"expirySeconds,omitempty"`

	// ifExpired says what happens then.
	// +optional
	// +default="RollBack"
	// +kubebuilder:validation:Enum=RollBack;Proceed
	IfExpired ExpiryPolicy `json:"ifExpired,omitempty"`
}

// ExpiryPolicy says what happens when nobody approved in time.
type ExpiryPolicy string

// Expiry policies.
const (
	ExpiryRollBack ExpiryPolicy = "RollBack"
	ExpiryProceed  ExpiryPolicy = "Proceed"
)
