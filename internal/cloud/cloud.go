// Package cloud owns the ports through which the controllers use AWS: narrow
// interfaces, the types in them, and the kinds of errors that callers act on.
// The adapters over the AWS SDK are in internal/cloud/aws.
//
// It imports only the standard library.
package cloud

import (
	"context"
	"strings"
	"time"
)

// Identity is the region and the role with which AWS is called. The zero value
// is the default credential chain in its own region. It is comparable, so that
// clients can be cached by identity.
type Identity struct {
	// Region such as eu-west-1; "" is the default chain's.
	Region string
	// RoleARN is the role to assume; "" is none.
	RoleARN string
	// ExternalID with which the role is assumed.
	ExternalID string
}

// Provider returns the clients of an identity. It is safe for concurrent use
// and doesn't call AWS itself.
type Provider interface {
	For(ctx context.Context, id Identity) (Clients, error)
}

// Clients are the ports of one identity.
type Clients struct {
	Stacks   Stacks
	Traffic  Traffic
	Services Services
	Images   Images
	Network  Network
	Roles    Roles

	Alarms    Alarms
	Metrics   Metrics
	Functions Functions
	Workflows Workflows

	Scaling Scaling

	Parameters Parameters
	Secrets    Secrets

	Callers Callers
}

// Stacks is CloudFormation. All calls return immediately; progress has to be
// observed.
type Stacks interface {
	// Create starts the creation of a stack and returns its ID. If a stack of
	// that name already exists, the error is KindConflict.
	Create(ctx context.Context, in CreateStack) (stackID string, err error)
	// Describe returns a stack by name or ID; KindNotFound if there is none. A
	// deleted stack is found only by its ID.
	Describe(ctx context.Context, nameOrID string) (Stack, error)
	// List returns the stacks of the account and region that are not deleted, in
	// no particular order, as they were at most half a minute ago.
	List(ctx context.Context) ([]StackSummary, error)
	// Template returns the template that a stack was created from, as it was
	// sent.
	Template(ctx context.Context, stackID string) (string, error)
	// FailureEvents returns the stack's events with a failed status, oldest
	// first, with what validations and hooks objected before a resource was
	// made.
	FailureEvents(ctx context.Context, stackID string) ([]StackEvent, error)
	// Resources returns the physical IDs of the stack's resources by logical
	// ID.
	Resources(ctx context.Context, stackID string) (map[string]string, error)
	// Undeletable returns the resources that CloudFormation tried to delete
	// and could not, by logical ID: why a stack is in DELETE_FAILED.
	Undeletable(ctx context.Context, stackID string) ([]StackResource, error)
	// Retained returns the resources that a deletion left behind on purpose, by
	// logical ID: those retained and, after a forced deletion, those that could
	// not be deleted. It works for deleted stacks too.
	Retained(ctx context.Context, stackID string) ([]StackResource, error)
	// Protect enables or disables termination protection. If the stack is gone,
	// the error is KindNotFound; if it is being deleted, KindConflict.
	Protect(ctx context.Context, stackID string, on bool) error
	// Delete starts the deletion of a stack. It is no error if the stack is
	// gone; if it is protected, the error is KindConflict.
	Delete(ctx context.Context, in DeleteStack) error
}

// CreateStack is what a stack is created from.
type CreateStack struct {
	Name string
	// TemplateBody is the template in JSON, at most 51,200 bytes.
	TemplateBody string
	Parameters   map[string]string
	Tags         map[string]string
	// TerminationProtection protects the stack from deletion until Protect
	// disables it.
	TerminationProtection bool
	// Express has the stack complete as soon as its resources are configured,
	// without waiting until the tasks of its service run.
	Express bool
	// Token makes the call idempotent: [A-Za-z0-9-]{1,128}.
	Token string
}

// DeleteStack says which stack to delete and how.
type DeleteStack struct {
	// StackID is the stack's ARN, never its name, so that it can't be a later
	// stack of the same name.
	StackID string
	// RetainResources are logical IDs of resources to leave behind. They must
	// be Undeletable, or AWS rejects the request (KindInvalid).
	RetainResources []string
	// Force leaves behind whatever can't be deleted. It is only for stacks in
	// DELETE_FAILED; AWS rejects it for others (KindInvalid).
	Force bool
	// Standard has CloudFormation wait until the tasks have ended, whatever mode
	// the stack was created in. AWS may reject it after a creation in express mode
	// that failed (KindInvalid).
	Standard bool
	// Token makes the call idempotent: [A-Za-z0-9-]{1,128}.
	Token string
}

// Stack is a CloudFormation stack as described.
type Stack struct {
	ID           string
	Name         string
	Status       StackStatus
	StatusReason string
	// StatusKind is the kind of StatusReason, as in StackEvent.
	StatusKind Kind
	Parameters map[string]string
	Outputs    map[string]string
	Tags       map[string]string
	// TerminationProtection reports whether the stack is protected from
	// deletion.
	TerminationProtection bool
	// Express reports whether the stack was created in express mode.
	Express bool
}

// StackSummary is a stack as listed.
type StackSummary struct {
	ID     string
	Name   string
	Status StackStatus
}

// StackResource is a resource of a stack and its state.
type StackResource struct {
	LogicalID string
	// PhysicalID is an ARN, a name or another ID, depending on Type; "" when
	// the resource was never created.
	PhysicalID string
	// Type such as AWS::ECS::Service.
	Type string
	// Reason as reported by CloudFormation or the resource's service.
	Reason string
}

// StackEvent is one event of a stack.
type StackEvent struct {
	StackID      string
	LogicalID    string
	PhysicalID   string
	ResourceType string
	Status       string
	Reason       string
	// Kind is what other than the template is at fault: KindQuota,
	// KindThrottled, KindTransient, KindDenied, KindCredentials, KindCapacity,
	// or KindConflict if something with the name exists; else "". What keeps tasks
	// from starting (KindUnreachable, often KindCapacity) only ECS knows.
	Kind Kind
	// Check is the validation or, with Hook, the hook that objected before the
	// resource was made; "" if none did. Path is to what, in the stack's
	// template.
	Check string
	Hook  bool
	Path  string
}

// StackStatus is a stack's status in CloudFormation.
type StackStatus string

// Stack statuses that an owned stack can have without interference by others.
const (
	StackCreateInProgress   StackStatus = "CREATE_IN_PROGRESS"
	StackCreateComplete     StackStatus = "CREATE_COMPLETE"
	StackCreateFailed       StackStatus = "CREATE_FAILED"
	StackRollbackInProgress StackStatus = "ROLLBACK_IN_PROGRESS"
	StackRollbackComplete   StackStatus = "ROLLBACK_COMPLETE"
	StackRollbackFailed     StackStatus = "ROLLBACK_FAILED"
	StackDeleteInProgress   StackStatus = "DELETE_IN_PROGRESS"
	StackDeleteComplete     StackStatus = "DELETE_COMPLETE"
	StackDeleteFailed       StackStatus = "DELETE_FAILED"
)

// Whole reports whether a stack in this status has all its resources. A stack
// that somebody updated does too.
func (s StackStatus) Whole() bool {
	return s == StackCreateComplete || strings.HasPrefix(string(s), "UPDATE_") || strings.HasPrefix(string(s), "IMPORT_")
}

// Traffic is Elastic Load Balancing.
type Traffic interface {
	// Rules returns all rules of a listener, including the default one.
	Rules(ctx context.Context, listenerARN string) ([]Rule, error)
	// Rule returns one rule; KindNotFound if there is none.
	Rule(ctx context.Context, ruleARN string) (Rule, error)
	// RuleTags returns the tags of a rule.
	RuleTags(ctx context.Context, ruleARN string) (map[string]string, error)
	// TargetGroupTags returns the tags of target groups by ARN: those of their
	// stacks, and CloudFormation's own (TagStackID). Target groups that don't
	// exist are left out.
	TargetGroupTags(ctx context.Context, targetGroupARNs []string) (map[string]map[string]string, error)
	// RulesTo returns the rules that forward to a target group with any weight,
	// on every listener of the load balancers that use it. There are none if
	// the target group doesn't exist.
	RulesTo(ctx context.Context, targetGroupARN string) ([]Rule, error)
	// CreateRule creates a rule and returns it. If the priority is in use, the
	// error is KindConflict.
	CreateRule(ctx context.Context, in CreateRule) (Rule, error)
	// SetTargets makes the rule forward to targets and nothing else, with the
	// StickySeconds of the given rule, and keeps the actions before the forward
	// (authentication). Without targets the rule returns 503 itself and no longer
	// forwards, nor keeps clients; targets that are set later restore the forward.
	SetTargets(ctx context.Context, rule Rule, targets []WeightedTarget) error
	// TagRule adds tags to a rule.
	TagRule(ctx context.Context, ruleARN string, tags map[string]string) error
	// UntagRule removes tags from a rule.
	UntagRule(ctx context.Context, ruleARN string, keys []string) error
	// DeleteRule deletes a rule. It is no error if the rule is gone.
	DeleteRule(ctx context.Context, ruleARN string) error
	// Endpoint is the URL at which a listener accepts requests, with the load
	// balancer's own name: http(s)://name[:port].
	Endpoint(ctx context.Context, listenerARN string) (string, error)
	// LoadBalancer describes the load balancer of a listener; KindNotFound if
	// there is none. It may be some time old.
	LoadBalancer(ctx context.Context, listenerARN string) (LoadBalancer, error)
	// TagsOf returns the tags of a load balancer and a listener of it, by ARN.
	// They may be some time old.
	TagsOf(ctx context.Context, arns ...string) (map[string]map[string]string, error)
	// Room counts what a load balancer has, without the rules of one listener.
	Room(ctx context.Context, loadBalancerARN, withoutListener string) (Room, error)
	// TargetHealth counts the targets of a target group by their health.
	TargetHealth(ctx context.Context, targetGroupARN string) (TargetHealth, error)
}

// TagStackID is the tag with which CloudFormation marks a resource with the ID
// of the stack that created it.
const TagStackID = "aws:cloudformation:stack-id"

// Rule is a listener rule.
type Rule struct {
	ARN         string
	ListenerARN string
	// Priority from 1 to 50,000; 0 for the default rule.
	Priority   int32
	Conditions []Condition
	// Targets of the forward action. Empty if the rule doesn't forward.
	Targets []WeightedTarget
	// Forwards reports whether the last action is a forward action.
	Forwards bool
	// Plain reports whether that is its only action and has no options besides
	// the targets, so that writing the targets alone loses nothing.
	Plain bool
	// StickySeconds is for how long the forward keeps a client with a target group;
	// 0 if it doesn't.
	StickySeconds int32
	// Before are the actions before the last one, which let only some requests
	// pass, in their order.
	Before []Action
	// Transforms rewrite requests before the targets get them.
	Transforms []Transform
	// Native is the adapter's own copy of the rule, from which it restores what
	// these types don't contain. Callers pass it on unchanged.
	Native any
}

// Condition is a condition of a listener rule, with ELBv2's field names.
type Condition struct {
	// Field such as host-header.
	Field string
	// HTTPHeaderName is set for the field http-header.
	HTTPHeaderName string
	// Values of which one must match. For query-string they have the form
	// key=value, or value alone.
	Values []string
	// RegexValues are regular expressions, of which one may match instead.
	RegexValues []string
}

// Action lets only some requests pass to the next one.
type Action struct {
	// Type such as authenticate-cognito, with ELBv2's names.
	Type string
	// Cognito is set for the type authenticate-cognito.
	Cognito *Cognito
	// JWT is set for the type jwt-validation.
	JWT *JWT
}

// Cognito signs users in with Amazon Cognito.
type Cognito struct {
	UserPoolARN, UserPoolClientID, UserPoolDomain string
	// The others are "", 0 or nil where they are not set.
	SessionCookieName, Scope, OnUnauthenticatedRequest string
	SessionTimeout                                     int64
	ExtraParams                                        map[string]string
}

// JWT lets requests pass that bear a JSON web token.
type JWT struct {
	Issuer, JWKSEndpoint string
	Claims               []Claim
}

// Claim that a JSON web token must have, in one of the values.
type Claim struct {
	Format, Name string
	Values       []string
}

// Transform rewrites a request.
type Transform struct {
	// Type is host-header-rewrite or url-rewrite.
	Type     string
	Rewrites []Rewrite
}

// Rewrite replaces what a regular expression matches.
type Rewrite struct{ Regex, Replace string }

// WeightedTarget is a target group in a forward action.
type WeightedTarget struct {
	TargetGroupARN string
	// Weight from 0 to 999, relative to the sum of all.
	Weight int32
}

// CreateRule is what a rule is created from.
type CreateRule struct {
	ListenerARN string
	Priority    int32
	Conditions  []Condition
	Targets     []WeightedTarget
	Tags        map[string]string
	// StickySeconds is for how long the rule keeps a client with a target group; 0
	// if it doesn't.
	StickySeconds int32
}

// TargetHealth is the health of a target group's targets.
type TargetHealth struct {
	Healthy   int32
	Initial   int32
	Unhealthy int32
	Draining  int32
	Unused    int32
	// Reason is one of ELBv2's reasons why targets aren't healthy, with its
	// description; "" if there is none.
	Reason string
}

// Services is Amazon ECS.
type Services interface {
	// Service describes a service; KindNotFound if there is no active one.
	Service(ctx context.Context, cluster, name string) (Service, error)
	// StoppedTasks returns why tasks of the service stopped, newest first, at
	// most limit.
	StoppedTasks(ctx context.Context, cluster, service string, limit int) ([]StoppedTask, error)
	// Cluster describes a cluster, by name or ARN; KindNotFound if there is none.
	// What it says may be some time old, unless the cluster lacked some of the
	// capacity then.
	Cluster(ctx context.Context, cluster string, needs Capacity) (Cluster, error)
	// Scale sets the service's desired count.
	Scale(ctx context.Context, cluster, service string, desiredCount int32) error
}

// Service is an ECS service.
type Service struct {
	DesiredCount int32
	RunningCount int32
	PendingCount int32
	// RolloutState of the primary deployment: IN_PROGRESS, COMPLETED, FAILED.
	RolloutState string
	// RolloutReason as reported by ECS.
	RolloutReason string
	FailedTasks   int32
	// LastEvent is the newest event's message, or an older one that says why no task
	// could be placed, if none was since. ECS doesn't repeat it.
	LastEvent string
	// TaskDefinition is the ARN of the task definition that the service runs.
	TaskDefinition string
}

// Rollout states of an ECS deployment.
const (
	RolloutInProgress = "IN_PROGRESS"
	RolloutCompleted  = "COMPLETED"
	RolloutFailed     = "FAILED"
)

// StoppedTask is why a task stopped.
type StoppedTask struct {
	// StopCode such as EssentialContainerExited.
	StopCode string
	// Reason as reported by ECS, with the container's exit code or reason if it
	// has one.
	Reason string
	// StoppedAt is when it stopped, or began to stop.
	StoppedAt time.Time
	// Starved is true if AWS lacked resources to start it, such as capacity.
	Starved bool
	// CutOff is true if the network didn't let it reach what it needs before it
	// starts, such as its registry or a store of secrets.
	CutOff bool
	// Failed is true if it stopped on its own, could not start, or was stopped
	// for failing health checks; false if someone, a deployment or a smaller
	// desired count stopped it, or its capacity was taken away.
	Failed bool
}
