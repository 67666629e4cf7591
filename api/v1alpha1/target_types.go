package v1alpha1

// TargetStickiness keeps a client with the task that answered it first, by a
// cookie. A client that accepts no cookies isn't kept.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'app_cookie') == has(self.cookieName)",message="spec.template.target.stickiness.cookieName goes with type: app_cookie, and only with it: it is the name of the application's own cookie"
type TargetStickiness struct {
	// type of the cookie: lb_cookie is the load balancer's own, AWSALB;
	// app_cookie is one of the application, which decides by it whom to keep.
	// +required
	// +kubebuilder:validation:Enum=lb_cookie;app_cookie
	Type string `json:"type,omitempty"`

	// durationSeconds for which a client is kept, 1 to 604800; a day if omitted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=604800
	DurationSeconds *int32 `json:"durationSeconds,omitempty"`

	// cookieName of the application's cookie, with app_cookie.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('AWSALB')",message="spec.template.target.stickiness.cookieName may not begin with AWSALB: those are the load balancer's own cookies"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9!#$%&*+.^_|~-]+$')",message="spec.template.target.stickiness.cookieName has letters, digits and ! # $ % & * + - . ^ _ | ~"
	CookieName string `json:"cookieName,omitempty"`
}

// What fields of a target may say.
const (
	// Enabled and Disabled are how ECS says whether something is on.
	Enabled  = "ENABLED"
	Disabled = "DISABLED"
	// ProtocolVersionGRPC has the load balancer speak gRPC with its targets.
	ProtocolVersionGRPC = "GRPC"
	// TrafficPort as the port of a health check is the one that gets the requests.
	TrafficPort = "traffic-port"
)

// RuleStickiness keeps a client with the revision that answered it first, by a
// cookie of the load balancer, AWSALBTG.
type RuleStickiness struct {
	// durationSeconds for which a client is kept, 1 to 604800, but never beyond
	// the end of the rollout: a revision that leaves the rule loses its clients
	// at once.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=604800
	DurationSeconds int32 `json:"durationSeconds,omitempty"`
}
