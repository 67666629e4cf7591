package v1alpha1

// Target is the container port behind the load balancer.
//
// +kubebuilder:validation:XValidation:rule="!has(self.healthCheck) || !has(self.healthCheck.grpcCodes) || has(self.protocolVersion) && self.protocolVersion == 'GRPC'",message="spec.template.target.healthCheck.grpcCodes goes with spec.template.target.protocolVersion: GRPC; otherwise healthCheck.successCodes says which HTTP codes are healthy"
// +kubebuilder:validation:XValidation:rule="!has(self.protocolVersion) || self.protocolVersion != 'GRPC' || !has(self.healthCheck) || !has(self.healthCheck.successCodes) || self.healthCheck.successCodes == '200'",message="spec.template.target.healthCheck.successCodes are HTTP codes, and with protocolVersion: GRPC the check reads gRPC's: set healthCheck.grpcCodes instead"
// +kubebuilder:validation:XValidation:rule="!has(self.protocolVersion) || self.protocolVersion != 'GRPC' || !has(self.healthCheck) || !has(self.healthCheck.path) || self.healthCheck.path == '/' || self.healthCheck.path.matches('^/[^/]+/[^/]+$')",message="spec.template.target.healthCheck.path is a gRPC method with protocolVersion: GRPC, /package.service/method; leave it out for the load balancer's own, /AWS.ALB/healthcheck, which a server answers with code 12"
// +kubebuilder:validation:XValidation:rule="!has(self.slowStartSeconds) || !has(self.loadBalancingAlgorithm) || self.loadBalancingAlgorithm == 'round_robin'",message="spec.template.target.slowStartSeconds needs loadBalancingAlgorithm: round_robin, which is the default: leave out one of the two"
// +kubebuilder:validation:XValidation:rule="!has(self.anomalyMitigation) || self.anomalyMitigation != 'ENABLED' || has(self.loadBalancingAlgorithm) && self.loadBalancingAlgorithm == 'weighted_random'",message="spec.template.target.anomalyMitigation: ENABLED needs loadBalancingAlgorithm: weighted_random"
// +kubebuilder:validation:XValidation:rule="!has(self.stickiness) || !has(self.loadBalancingAlgorithm) || self.loadBalancingAlgorithm != 'weighted_random'",message="spec.template.target.stickiness can't be had with loadBalancingAlgorithm: weighted_random: use another one, or leave stickiness out"
// +kubebuilder:validation:XValidation:rule="!has(self.stickiness) || !has(self.crossZone) || self.crossZone != 'DISABLED'",message="spec.template.target.stickiness can't be had with crossZone: DISABLED: leave out one of the two"
type Target struct {
	// containerName of the container; the first one that maps the port if
	// omitted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ContainerName string `json:"containerName,omitempty"`

	// containerPort that receives the requests.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	ContainerPort int32 `json:"containerPort,omitempty"`

	// protocol that the load balancer speaks with the tasks; HTTP if omitted. With
	// HTTPS it takes any certificate, self-signed and expired ones, too.
	// +optional
	// +kubebuilder:validation:Enum=HTTP;HTTPS
	Protocol string `json:"protocol,omitempty"`

	// protocolVersion that it speaks: HTTP1, which is also meant if it is
	// omitted, HTTP2 or GRPC. The last two need an HTTPS listener.
	// +optional
	// +kubebuilder:validation:Enum=HTTP1;HTTP2;GRPC
	ProtocolVersion string `json:"protocolVersion,omitempty"`

	// stickiness keeps a client with the task that answered it first. With
	// spec.traffic.loadBalancer.listenerARN it needs
	// spec.traffic.loadBalancer.stickiness besides; with ruleARN, the rule has to
	// have target group stickiness. If omitted, each request goes anywhere.
	// +optional
	Stickiness *TargetStickiness `json:"stickiness,omitempty"`

	// slowStartSeconds is how long a new task's share of the requests grows to the
	// full one, 30 to 900; if omitted, it gets that at once. The first healthy
	// task of a revision has no slow start, so it gets most of the revision's
	// requests while the others warm up.
	// +optional
	// +kubebuilder:validation:Minimum=30
	// +kubebuilder:validation:Maximum=900
	SlowStartSeconds *int32 `json:"slowStartSeconds,omitempty"`

	// loadBalancingAlgorithm by which requests are divided among the tasks of the
	// revision; round_robin if omitted.
	// +optional
	// +kubebuilder:validation:Enum=round_robin;least_outstanding_requests;weighted_random
	LoadBalancingAlgorithm string `json:"loadBalancingAlgorithm,omitempty"`

	// anomalyMitigation ENABLED sends fewer requests to tasks that fail more of
	// them than others. It goes with loadBalancingAlgorithm weighted_random;
	// DISABLED if omitted.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	AnomalyMitigation string `json:"anomalyMitigation,omitempty"`

	// crossZone DISABLED has each node of the load balancer send requests to tasks
	// of its own availability zone only. Every zone then needs enough tasks. If
	// omitted, the load balancer decides.
	// +optional
	// +kubebuilder:validation:Enum=ENABLED;DISABLED
	CrossZone string `json:"crossZone,omitempty"`

	// healthCheck that the load balancer makes.
	// +optional
	// +default={}
	HealthCheck TargetHealthCheck `json:"healthCheck,omitzero"`

	// healthCheckGracePeriodSeconds is how long after a task's start ECS ignores
	// failing health checks, the load balancer's and those of containers.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	HealthCheckGracePeriodSeconds *int32 `json:"healthCheckGracePeriodSeconds,omitempty"`

	// deregistrationDelaySeconds is how long requests in flight may continue
	// after a task leaves the load balancer. An old stack is kept that long
	// after it left the rule, and again until its tasks are gone: with more
	// than 1500, CloudFormation may give up the deletion of the service after
	// 30 minutes, and the stack is deleted by a second attempt.
	// +optional
	// +default=30
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	DeregistrationDelaySeconds *int32 `json:"deregistrationDelaySeconds,omitempty"`
}

// TargetHealthCheck is the load balancer's health check.
//
// +kubebuilder:validation:XValidation:rule="!has(self.timeoutSeconds) || !has(self.intervalSeconds) || self.timeoutSeconds < self.intervalSeconds",message="healthCheck.timeoutSeconds must be smaller than healthCheck.intervalSeconds"
type TargetHealthCheck struct {
	// port that is checked: traffic-port, which is also meant if it is omitted, for
	// containerPort; or another port that a container maps, in quotes. The stack's
	// security group lets the load balancer reach it.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self == 'traffic-port' || self.matches('^[1-9][0-9]{0,4}$')",message="spec.template.target.healthCheck.port is traffic-port, or a port in quotes, such as \"8081\""
	Port string `json:"port,omitempty"`

	// protocol of the check, HTTP or HTTPS; the target's if omitted.
	// +optional
	// +kubebuilder:validation:Enum=HTTP;HTTPS
	Protocol string `json:"protocol,omitempty"`

	// grpcCodes are the gRPC codes of a healthy target with protocolVersion GRPC,
	// 0 to 99: "0", "0,12" or "0-5". If omitted, 12, with which a server answers
	// the default path.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,2}([,-][0-9]{1,2})*$')",message="spec.template.target.healthCheck.grpcCodes are gRPC codes from 0 to 99, such as \"0\", \"0,12\" or \"0-5\""
	GRPCCodes string `json:"grpcCodes,omitempty"`

	// path that is requested. With protocolVersion GRPC it is a method,
	// /package.service/method, and / stands for /AWS.ALB/healthcheck.
	// +optional
	// +default="/"
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="spec.template.target.healthCheck.path begins with /"
	Path string `json:"path,omitempty"`

	// successCodes are the HTTP codes of a healthy target: "200",
	// "200,202" or "200-299".
	// +optional
	// +default="200"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[2-4][0-9]{2}([,-][2-4][0-9]{2})*$')",message="spec.template.target.healthCheck.successCodes are HTTP codes from 200 to 499, such as \"200\", \"200,202\" or \"200-299\""
	SuccessCodes string `json:"successCodes,omitempty"`

	// intervalSeconds between two checks of a target.
	// +optional
	// +default=10
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`

	// timeoutSeconds of one check.
	// +optional
	// +default=5
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=120
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// healthyThreshold is how many checks in a row make a target healthy.
	// +optional
	// +default=2
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	HealthyThreshold *int32 `json:"healthyThreshold,omitempty"`

	// unhealthyThreshold is how many failures in a row make it unhealthy.
	// +optional
	// +default=2
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	UnhealthyThreshold *int32 `json:"unhealthyThreshold,omitempty"`
}

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
