package ecs

import (
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
	// Parameter is the decrypted value of a parameter in Systems Manager, by its name
	// or ARN. Nil has all, and their values aren't known.
	Parameter func(reference string) (value string, found bool)
	// Secret is the value of a secret in Secrets Manager, by its name or ARN, and by a
	// staging label and the ID of a version, if they aren't empty. An error is AWS's
	// refusal. Nil has all, and their values aren't known.
	Secret func(id, stage, version string) (value string, err error)
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
	instances   []*instance
	nextIP      netip.Addr

	onOpen, onClose func(Endpoint)
	onDelete        func(cluster, service string)
	// work says how much work services have; nil is what images say.
	work Work
	// shortage is asked whether AWS lacks what tasks run on; nil is never.
	shortage Shortage
	// cut is asked whether the network keeps tasks from what they start from; nil
	// is never.
	cut Cut
	// unmountable is asked whether a file system refuses to be mounted; nil is
	// never.
	unmountable Unmountable
	// refusal is asked whether AWS refuses execution roles; nil is never.
	refusal Refusal
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
		onDelete:  func(string, string) {},
	}
	lb.SetBackend(s)
	lb.OnHealthChange(s.targetChanged)
	lb.SetInstances(s.zoneOfInstance)
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
		"CreateCluster":            core.Action(s.createCluster),
		"DescribeClusters":         core.Action(s.describeClusters),
		"ListClusters":             core.Action(s.listClusters),
		"DeleteCluster":            core.Action(s.deleteCluster),
		"RegisterTaskDefinition":   core.Action(s.registerTaskDefinition),
		"DescribeTaskDefinition":   core.Action(s.describeTaskDefinition),
		"DeregisterTaskDefinition": core.Action(s.deregisterTaskDefinition),
		"CreateService":            core.Action(s.createService),
		"DescribeServices":         core.Action(s.describeServices),
		"ListServices":             core.Action(s.listServices),
		"UpdateService":            core.Action(s.updateService),
		"DeleteService":            core.Action(s.deleteService),
		"ListTasks":                core.Action(s.listTasks),
		"DescribeTasks":            core.Action(s.describeTasks),
		"StopTask":                 core.Action(s.stopTask),

		"ListContainerInstances":        core.Action(s.listInstances),
		"DescribeContainerInstances":    core.Action(s.describeInstances),
		"UpdateContainerInstancesState": core.Action(s.updateInstances),

		"TagResource":         core.Action(s.tagResource),
		"UntagResource":       core.Action(s.untagResource),
		"ListTagsForResource": core.Action(s.listTagsForResource),
	}
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
