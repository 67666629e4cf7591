package elb

import (
	"net/http"
	"net/url"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Backend is what answers at targets' addresses: health checks ask it, and so
// does the data plane. It is called with the world's lock held.
type Backend interface {
	Answer(ip string, port int, req *http.Request) Answer
}

// Answer is a target's reaction to one request.
type Answer struct {
	// Refused says that nothing listens there: there is no answer.
	Refused bool
	// Broken says that the connection ended before there was an answer.
	Broken bool
	// Hangs says that there is no answer within the load balancer's idle
	// timeout.
	Hangs bool
	// Status is the HTTP status of the answer.
	Status int
	// Delay is how long the answer takes, not scaled by the world's speed:
	// requests happen in real time.
	Delay time.Duration
	// Header is added to the answer.
	Header http.Header
	// Body is the answer's body.
	Body []byte
}

// Options adjust the service. Zero values mean what AWS does.
type Options struct {
	// Propagation is how long a rule change takes to reach the data plane, as
	// AWS would take it, with up to half of it in addition at random.
	// Default 10 s; negative for none.
	Propagation time.Duration
	// RulesPerLoadBalancer excludes default rules. Default 100.
	RulesPerLoadBalancer int
	// TargetGroupsPerLoadBalancer counts each group once. Default 100.
	TargetGroupsPerLoadBalancer int
	// TargetsPerGroup is the number of registered targets. Default 1000.
	TargetsPerGroup int
	// Subnets and SecurityGroups are those of load balancers that NewListener
	// makes.
	Subnets, SecurityGroups []string
}

func (o *Options) setDefaults() {
	if o.Propagation == 0 {
		o.Propagation = 10 * time.Second
	}
	if o.RulesPerLoadBalancer == 0 {
		o.RulesPerLoadBalancer = 100
	}
	if o.TargetGroupsPerLoadBalancer == 0 {
		o.TargetGroupsPerLoadBalancer = 100
	}
	if o.TargetsPerGroup == 0 {
		o.TargetsPerGroup = 1000
	}
	if len(o.Subnets) == 0 {
		o.Subnets, o.SecurityGroups = []string{"subnet-0a", "subnet-0b"}, []string{"sg-0a"}
	}
}

// Service is the simulated ELBv2. All methods expect the world's lock to be
// held, unless they say otherwise.
type Service struct {
	world *core.World
	opts  Options

	// network is nil where nobody checks what there is of VPCs.
	network core.Network
	// instances tells where an instance is that can be registered.
	instances func(id string) (zone string, found bool)
	backend   Backend
	onHealth  func(groupARN, ip string, port int)
	onListen  func(ListenerInfo)
	onHangUp  func(listenerARN string)
	balancers []*loadBalancer
	groups    []*targetGroup
}

// New returns an ELBv2 without load balancers.
func New(world *core.World, opts Options) *Service {
	opts.setDefaults()
	return &Service{
		world:    world,
		opts:     opts,
		onHealth: func(string, string, int) {},
		onListen: func(ListenerInfo) {},
		onHangUp: func(string) {},

		instances: func(string) (string, bool) { return "", false },
	}
}

// SetQuotas changes how many rules and target groups a load balancer may have; 0
// leaves a quota as it is.
func (s *Service) SetQuotas(rules, groups int) {
	if rules > 0 {
		s.opts.RulesPerLoadBalancer = rules
	}
	if groups > 0 {
		s.opts.TargetGroupsPerLoadBalancer = groups
	}
}

// SetNetwork says which VPCs, subnets and security groups there are. Without one
// all exist.
func (s *Service) SetNetwork(n core.Network) { s.network = n }

// SetBackend says what answers at the targets' addresses. Without one all
// connections are refused.
func (s *Service) SetBackend(b Backend) { s.backend = b }

// OnHealthChange has f called, with the lock held, whenever a target's state
// changes or the target goes.
func (s *Service) OnHealthChange(f func(groupARN, ip string, port int)) { s.onHealth = f }

// OnListenerChange has opened and closed called, with the lock held, when a
// listener is created and deleted.
func (s *Service) OnListenerChange(opened func(ListenerInfo), closed func(listenerARN string)) {
	s.onListen, s.onHangUp = opened, closed
}

// SigningName is the service in the credential scope.
func (s *Service) SigningName() string { return "elasticloadbalancing" }

// Namespace is the xmlns of responses.
func (s *Service) Namespace() string {
	return "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
}

// Query lists the actions.
func (s *Service) Query() map[string]core.QueryFunc {
	return map[string]core.QueryFunc{
		"CreateLoadBalancer":            action(s.createLoadBalancer),
		"DescribeLoadBalancers":         action(s.describeLoadBalancers),
		"DeleteLoadBalancer":            action(s.deleteLoadBalancer),
		"CreateListener":                action(s.createListener),
		"DescribeListeners":             action(s.describeListeners),
		"DeleteListener":                action(s.deleteListener),
		"CreateTargetGroup":             action(s.createTargetGroup),
		"DescribeTargetGroups":          action(s.describeTargetGroups),
		"ModifyTargetGroup":             action(s.modifyTargetGroup),
		"DeleteTargetGroup":             action(s.deleteTargetGroup),
		"ModifyTargetGroupAttributes":   action(s.modifyTargetGroupAttributes),
		"DescribeTargetGroupAttributes": action(s.describeTargetGroupAttributes),
		"RegisterTargets":               action(s.registerTargets),
		"DeregisterTargets":             action(s.deregisterTargets),
		"DescribeTargetHealth":          action(s.describeTargetHealth),
		"CreateRule":                    action(s.createRule),
		"DescribeRules":                 action(s.describeRules),
		"ModifyRule":                    action(s.modifyRule),
		"DeleteRule":                    action(s.deleteRule),
		"SetRulePriorities":             action(s.setRulePriorities),
		"AddTags":                       action(s.addTags),
		"RemoveTags":                    action(s.removeTags),
		"DescribeTags":                  action(s.describeTags),
		"DescribeAccountLimits":         action(s.describeAccountLimits),
	}
}

// action decodes an action's parameters into its input.
func action[In any](f func(In) (any, error)) core.QueryFunc {
	return func(values url.Values) (any, error) {
		var in In
		if err := core.DecodeQuery(values, &in); err != nil {
			return nil, err
		}
		return f(in)
	}
}
