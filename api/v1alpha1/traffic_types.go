package v1alpha1

// Traffic says which requests the application serves.
type Traffic struct {
	// loadBalancer is the Application Load Balancer in front; omitted for a
	// worker.
	// +optional
	LoadBalancer LoadBalancer `json:"loadBalancer,omitzero"`

	// onDrift says what to do when someone else changed the production rule:
	// Pause leaves it as it is and stops the rollout until it is restored;
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

// LoadBalancer identifies the production rule whose weights are shifted: either
// a rule that Viridian creates and owns (listenerARN, priority and conditions),
// or an existing one (ruleARN).
//
// +kubebuilder:validation:XValidation:rule="has(self.ruleARN) != has(self.listenerARN)",message="spec.traffic.loadBalancer needs exactly one of ruleARN (adopt a rule) and listenerARN with priority and conditions (Viridian owns the rule)"
// +kubebuilder:validation:XValidation:rule="has(self.ruleARN) ? !has(self.priority) && !has(self.conditions) : has(self.priority) && has(self.conditions)",message="spec.traffic.loadBalancer.priority and conditions go with listenerARN, both of them, and with nothing else"
// +kubebuilder:validation:XValidation:rule="!has(self.conditions) || self.conditions.map(c, size(c.values)).sum() <= 4",message="spec.traffic.loadBalancer.conditions may hold 4 values in all: a rule takes 5 and the preview rule adds one"
// +kubebuilder:validation:XValidation:rule="!has(self.conditions) || self.conditions.all(c, c.field == 'http-header' || self.conditions.filter(d, d.field == c.field).size() == 1)",message="spec.traffic.loadBalancer.conditions may hold each field but http-header once: put the values in one condition"
// +kubebuilder:validation:XValidation:rule="!has(self.conditions) || self.conditions.map(c, c.values.map(v, size(v) - size(v.replace('*', \"\").replace('?', \"\"))).sum()).sum() <= 5",message="spec.traffic.loadBalancer.conditions may hold 5 wildcards (* and ?) in all"
// +kubebuilder:validation:XValidation:rule="has(self.ruleARN) == has(oldSelf.ruleARN) && (has(self.ruleARN) ? self.ruleARN == oldSelf.ruleARN : self.listenerARN == oldSelf.listenerARN && self.priority == oldSelf.priority && self.conditions == oldSelf.conditions)",message="spec.traffic.loadBalancer can't be added, removed or changed, but for preview, previewPriorities and stickiness, since stacks are tied to their listener: create a second ImmutableDeployment with the new one and delete this one"
// +kubebuilder:validation:XValidation:rule="!has(self.priority) || self.priority >= 3 || has(self.preview) && self.preview == 'None'",message="spec.traffic.loadBalancer.priority must be 3 or more, since the preview rules of two stacks need free priorities below it: choose a larger one, and move rules that it must come before: aws elbv2 set-rule-priorities --rule-priorities RuleArn=ARN,Priority=NUMBER"
// +kubebuilder:validation:XValidation:rule="!has(self.priority) || !has(self.previewPriorities) || (!has(self.previewPriorities.first) || self.previewPriorities.first < self.priority) && (!has(self.previewPriorities.last) || self.previewPriorities.last < self.priority)",message="spec.traffic.loadBalancer.previewPriorities must lie below priority, since the load balancer takes the first rule that matches: make it smaller, or leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.stickiness) || has(self.listenerARN)",message="spec.traffic.loadBalancer.stickiness goes with listenerARN: a rule that is adopted by ruleARN keeps its own, which is set with: aws elbv2 modify-rule"
type LoadBalancer struct {
	// ruleARN of an existing listener rule to adopt. It must forward to one
	// target group, besides others of weight 0, and must not be a listener's
	// default rule. Its authentication and transforms are kept, and repeated by
	// preview rules.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener-rule/app/[a-zA-Z0-9-]+/[0-9a-f]+/[0-9a-f]+/[0-9a-f]+$')",message="spec.traffic.loadBalancer.ruleARN is the ARN of a rule of an Application Load Balancer: arn:aws:elasticloadbalancing:<region>:<account>:listener-rule/app/..."
	RuleARN string `json:"ruleARN,omitempty"`

	// listenerARN of the listener on which Viridian creates the rule.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/[a-zA-Z0-9-]+/[0-9a-f]+/[0-9a-f]+$')",message="spec.traffic.loadBalancer.listenerARN is the ARN of a listener of an Application Load Balancer: arn:aws:elasticloadbalancing:<region>:<account>:listener/app/..."
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

	// previewPriorities is a band, below the production rule's priority, from
	// which each stack's preview rule gets its priority. If omitted, preview
	// rules come right before the production rule, and never before a rule of
	// others that may match the same requests. A band allows that. It may be
	// changed, for new stacks.
	// +optional
	PreviewPriorities PriorityBand `json:"previewPriorities,omitzero"`

	// preview says how a revision can be reached before it gets requests: Header,
	// which is also meant if it is omitted, by requests with the header and
	// value in status.preview; None, not at all. None lets a rule be adopted
	// whose authentication preview rules can't repeat, which is
	// authenticate-oidc. It may be changed, for new revisions.
	// +optional
	// +kubebuilder:validation:Enum=Header;None
	Preview PreviewPolicy `json:"preview,omitempty"`

	// stickiness keeps clients with their revision while the rule forwards to two.
	// Weights then share out new clients only, so that the requests of a revision
	// may be far from its weight. It is written with the targets of the rule, so
	// a change takes effect with the next step. An adopted rule keeps its own.
	// +optional
	Stickiness *RuleStickiness `json:"stickiness,omitempty"`
}

// PreviewPolicy says how a revision can be reached before it gets requests.
type PreviewPolicy string

// Preview policies.
const (
	// PreviewByHeader: by requests with a header of which the value is secret.
	PreviewByHeader PreviewPolicy = "Header"
	// PreviewNone: not at all.
	PreviewNone PreviewPolicy = "None"
)

// PriorityBand is a range of listener rule priorities, both ends included.
//
// +kubebuilder:validation:XValidation:rule="!has(self.first) || !has(self.last) || self.first <= self.last",message="previewPriorities.first must not be greater than previewPriorities.last"
type PriorityBand struct {
	// first priority of the band; 1 if omitted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=49999
	First *int32 `json:"first,omitempty"`

	// last priority of the band; the one below the production rule's if
	// omitted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=49999
	Last *int32 `json:"last,omitempty"`
}

// RuleCondition is a condition of a listener rule.
//
// +kubebuilder:validation:XValidation:rule="(self.field == 'http-header') == has(self.httpHeaderName)",message="httpHeaderName goes with field http-header, and only with it"
// +kubebuilder:validation:XValidation:rule="!has(self.httpHeaderName) || self.httpHeaderName.lowerAscii() != 'x-viridian-revision'",message="the header x-viridian-revision is the preview rules' own"
// +kubebuilder:validation:XValidation:rule="!has(self.httpHeaderName) || self.httpHeaderName.lowerAscii() != 'host'",message="the header Host is matched by a condition with field: host-header"
// +kubebuilder:validation:XValidation:rule="self.field != 'source-ip' || self.values.all(v, isCIDR(v) && v != '255.255.255.255/32')",message="the values of field source-ip are CIDR blocks: 10.0.0.1/32 for a single address"
// +kubebuilder:validation:XValidation:rule="self.field != 'http-request-method' || self.values.all(v, v.matches('^[A-Z_-]{1,40}$'))",message="the values of field http-request-method are methods in upper case, such as GET: A-Z, - and _, at most 40 characters and no wildcards"
// +kubebuilder:validation:XValidation:rule="self.field != 'host-header' || self.values.all(v, v.matches('^[a-zA-Z0-9._*?-]*[.][a-zA-Z*?][a-zA-Z0-9_*?-]*$'))",message="the values of field host-header are names such as shop.example.com or *.example.com, with a dot, and without https://, port or path; a path goes into another condition with field: path-pattern"
// +kubebuilder:validation:XValidation:rule="self.field != 'path-pattern' || self.values.all(v, v.matches('^[!-~]+$') && !v.matches('[#<>\\\\[\\\\]^`{|}\\\\\\\\]'))",message="the values of field path-pattern are paths without query or fragment: printable ASCII without spaces and # < > [ ] ^ { | } \\ `"
// +kubebuilder:validation:XValidation:rule="self.field != 'http-header' || self.values.all(v, v.matches('^[ -~]+$'))",message="the values of field http-header have printable ASCII characters only"
type RuleCondition struct {
	// field of the request.
	// +required
	// +kubebuilder:validation:Enum=host-header;path-pattern;http-header;http-request-method;source-ip
	Field string `json:"field,omitempty"`

	// httpHeaderName is the header to match if field is http-header.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9!#$%&\\'*+.^_`|~-]+$')",message="httpHeaderName is the name of a header, without colon and value"
	HTTPHeaderName string `json:"httpHeaderName,omitempty"`

	// values of which one must match. In hosts, paths and headers, * and ? are
	// wildcards. A host is a name without scheme, port and path; a source-ip is
	// a CIDR block; a method is in upper case.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +listType=set
	Values []string `json:"values,omitempty"`
}
