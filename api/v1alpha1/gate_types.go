package v1alpha1

// GatePoint is where in a rollout a gate stands.
type GatePoint string

// Gate points.
const (
	// AfterProvision: the stack is created, its health not verified yet.
	AfterProvision GatePoint = "AfterProvision"
	// BeforeTraffic: the new revision is healthy and gets no traffic yet.
	BeforeTraffic GatePoint = "BeforeTraffic"
	// AfterStep: a step before the last one was held.
	AfterStep GatePoint = "AfterStep"
	// BeforePromotion: the new revision has had all traffic for the bake time.
	BeforePromotion GatePoint = "BeforePromotion"
	// AfterPromotion: the new revision is promoted; the old stack is there.
	AfterPromotion GatePoint = "AfterPromotion"
	// OnRollback: traffic is back after a rollback or an abort; the stack that
	// was given up is there.
	OnRollback GatePoint = "OnRollback"
)

// Decisive tells whether a gate there can stop a rollout.
func (p GatePoint) Decisive() bool { return p != AfterPromotion && p != OnRollback }

// Gate is something that a rollout waits for at one point, and that can turn a
// revision down: a Lambda function, a Step Functions execution, an HTTP webhook
// or a person. Gates of a point run one after the other, in their order. Each
// is started once for each rollout and point; what is sent holds an idempotency
// key, so that a repetition after a crash can be told from a new run.
//
// +kubebuilder:validation:XValidation:rule="[has(self.lambda), has(self.stepFunctions), has(self.webhook), has(self.approval)].filter(x, x).size() == 1",message="a gate of spec.gates needs exactly one of lambda, stepFunctions, webhook and approval"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || self.at == 'AfterStep'",message="steps goes with at: AfterStep"
// +kubebuilder:validation:XValidation:rule="!has(self.approval) || !(self.at in ['AfterPromotion', 'OnRollback'])",message="nobody can approve what has happened already: an approval can't be at AfterPromotion or OnRollback"
// +kubebuilder:validation:XValidation:rule="!has(self.approval) || !has(self.timeoutSeconds) && !has(self.retries)",message="timeoutSeconds and retries don't go with approval: use approval.expirySeconds"
type Gate struct {
	// name of the gate, unique in the deployment.
	// +required
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self != 'full'",message="'full' is what the annotation viridian.dev/promote calls the way to 100%: choose another name"
	Name string `json:"name,omitempty"`

	// at is where in a rollout the gate stands: AfterProvision (the stack is
	// created), BeforeTraffic (healthy, before the first request of a user),
	// AfterStep (a step before the last was held), BeforePromotion (after the
	// bake time), AfterPromotion and OnRollback (to tell others; they decide
	// nothing).
	// +required
	// +kubebuilder:validation:Enum=AfterProvision;BeforeTraffic;AfterStep;BeforePromotion;AfterPromotion;OnRollback
	At GatePoint `json:"at,omitempty"`

	// steps after which it stands, counted from 1; after each when left out.
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

	// webhook posts to an HTTPS address; a 2XX answer is a yes.
	// +optional
	Webhook *WebhookGate `json:"webhook,omitempty"`

	// approval waits for a person, who gives it by the annotation
	// viridian.dev/promote.
	// +optional
	Approval *ApprovalGate `json:"approval,omitempty"`

	// timeoutSeconds is how long one attempt may take; 300 when left out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// retries is how many more attempts follow one that failed or took too
	// long, 10 seconds apart; none when left out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	Retries *int32 `json:"retries,omitempty"`
}

// LambdaGate is a Lambda function. It says no by failing, or by an answer with
// "hookStatus": "FAILED"; "IN_PROGRESS" has it called again, after the answer's
// "callBackDelay" in seconds (30 when left out), as ECS does with its hooks.
type LambdaGate struct {
	// functionARN of the function, perhaps with a version or an alias.
	// +required
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9-_]+(:[a-zA-Z0-9$_-]+)?$`
	// +kubebuilder:validation:MaxLength=512
	FunctionARN string `json:"functionARN,omitempty"`

	// payload is the shape of what the function gets: Viridian's own, or that
	// of CodeDeploy's lifecycle hooks (DeploymentId and
	// LifecycleEventHookExecutionId).
	// +optional
	// +default="Viridian"
	// +kubebuilder:validation:Enum=Viridian;CodeDeploy
	Payload PayloadShape `json:"payload,omitempty"`
}

// PayloadShape is the shape of what a function gets.
type PayloadShape string

// Payload shapes.
const (
	PayloadViridian   PayloadShape = "Viridian"
	PayloadCodeDeploy PayloadShape = "CodeDeploy"
)

// StepFunctionsGate is a standard state machine. It says no by failing.
type StepFunctionsGate struct {
	// stateMachineARN of the state machine, perhaps with a version or an alias.
	// +required
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[a-zA-Z0-9-_]+(:[a-zA-Z0-9_-]+)?$`
	// +kubebuilder:validation:MaxLength=512
	StateMachineARN string `json:"stateMachineARN,omitempty"`
}

// WebhookGate is an HTTPS address. Redirects are not followed. Addresses that
// aren't public are refused unless the manager's --webhook-allowed-cidrs has
// them.
type WebhookGate struct {
	// url to post to.
	// +required
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https'",message="webhook.url must be an https:// address"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`

	// secretName is a Secret in the deployment's namespace whose key
	// "hmac-key" signs the request: the header X-Viridian-Signature holds
	// "sha256=" and the HMAC-SHA256, in hex, of the header
	// X-Viridian-Timestamp, a dot and the body.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// caBundle are the certificates, in PEM, that the server's must chain to;
	// the system's when left out.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	CABundle string `json:"caBundle,omitempty"`
}

// ApprovalGate is a person.
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
