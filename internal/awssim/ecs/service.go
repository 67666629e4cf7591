package ecs

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// Options adjust the service.
type Options struct {
	// TagResolver finds the tags of an image that is named by its digest.
	// repository has no registry ("shop/checkout"), digest is "sha256:…". Nil
	// finds none. It is called with the world's lock held.
	TagResolver func(repository, digest string) []string
	// Network says which subnets and security groups there are. Nil has all.
	Network core.Network
	// Assumable tells whether ECS can assume a role for tasks. Nil can.
	Assumable func(roleARN string) bool
	// LogGroup tells whether there is a log group in CloudWatch Logs, which is
	// created first if create is true. Nil has all.
	LogGroup func(name string, create bool) bool
	// Clock is what the timestamps of tasks on the wire are on. Default
	// World.Now.
	Clock func() time.Time
	// Caller names who makes the call that is being handled. Default nobody.
	Caller func() string
}

// Service is the simulated ECS. All methods expect the world's lock to be held.
type Service struct {
	world *core.World
	lb    *elb.Service
	opts  Options

	clusters    []*cluster
	definitions []*taskDefinition
	revisions   map[string]int // newest revision by family
	services    []*service
	tasks       []*task
	nextIP      netip.Addr

	onOpen, onClose func(Endpoint)
	// shortage is asked whether AWS lacks what tasks run on; nil is never.
	shortage Shortage
	// cut is asked whether the network keeps tasks from what they start from; nil
	// is never.
	cut Cut
	// unmountable is asked whether a file system refuses to be mounted; nil is
	// never.
	unmountable Unmountable
}

// Endpoint is an address at which a task answers.
type Endpoint struct {
	IP   string
	Port int
	// Task is the task's ID.
	Task string
}

// New returns an ECS without clusters. Its tasks become the load balancers'
// backend.
func New(world *core.World, lb *elb.Service, opts Options) *Service {
	if opts.Clock == nil {
		opts.Clock = world.Now
	}
	if opts.Caller == nil {
		opts.Caller = func() string { return "" }
	}
	s := &Service{
		world:     world,
		lb:        lb,
		opts:      opts,
		revisions: map[string]int{},
		nextIP:    netip.AddrFrom4([4]byte{10, 0, 16, 1}),
		onOpen:    func(Endpoint) {},
		onClose:   func(Endpoint) {},
	}
	lb.SetBackend(s)
	lb.OnHealthChange(s.targetChanged)
	return s
}

// OnEndpoint has opened and closed called, with the lock held, when a task
// starts and stops answering at an address.
func (s *Service) OnEndpoint(opened, closed func(Endpoint)) { s.onOpen, s.onClose = opened, closed }

// SigningName is the service in the credential scope.
func (s *Service) SigningName() string { return "ecs" }

// TargetPrefix is what stands before the dot in X-Amz-Target.
func (s *Service) TargetPrefix() string { return "AmazonEC2ContainerServiceV20141113" }

// JSON lists the actions.
func (s *Service) JSON() map[string]core.JSONFunc {
	return map[string]core.JSONFunc{
		"CreateCluster":            action(s.createCluster),
		"DescribeClusters":         action(s.describeClusters),
		"ListClusters":             action(s.listClusters),
		"DeleteCluster":            action(s.deleteCluster),
		"RegisterTaskDefinition":   action(s.registerTaskDefinition),
		"DescribeTaskDefinition":   action(s.describeTaskDefinition),
		"DeregisterTaskDefinition": action(s.deregisterTaskDefinition),
		"CreateService":            action(s.createService),
		"DescribeServices":         action(s.describeServices),
		"ListServices":             action(s.listServices),
		"UpdateService":            action(s.updateService),
		"DeleteService":            action(s.deleteService),
		"ListTasks":                action(s.listTasks),
		"DescribeTasks":            action(s.describeTasks),
		"StopTask":                 action(s.stopTask),
		"TagResource":              action(s.tagResource),
		"UntagResource":            action(s.untagResource),
		"ListTagsForResource":      action(s.listTagsForResource),
	}
}

// action decodes an action's input. What it doesn't know is refused, so that
// the simulator never ignores what it does not understand.
func action[In any](f func(In) (any, error)) core.JSONFunc {
	return func(body []byte) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, core.Errorf("SerializationException", "%s", err.Error())
		}
		return f(in)
	}
}

// epoch is a time as the JSON protocol writes it: seconds, with fractions.
type epoch float64

func stamp(t time.Time) epoch { return epoch(float64(t.UnixMilli()) / 1000) }

// stampOrNil leaves out a time that hasn't come.
func stampOrNil(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	return new(stamp(t))
}

// jitter varies d by a quarter.
func (s *Service) jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + 0.5*s.world.Rand().Float64()))
}

func invalid(format string, args ...any) error {
	return core.Errorf("InvalidParameterException", format, args...)
}

func clientError(format string, args ...any) error {
	return core.Errorf("ClientException", format, args...)
}

// failure is an entry of a describe call's failures.
type failure struct {
	Arn    string `json:"arn"`
	Reason string `json:"reason"`
}
