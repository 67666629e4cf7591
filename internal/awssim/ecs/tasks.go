package ecs

import (
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The states of a task, in the order in which it goes through them.
const (
	taskProvisioning   = "PROVISIONING"
	taskPending        = "PENDING"
	taskActivating     = "ACTIVATING"
	taskRunning        = "RUNNING"
	taskDeactivating   = "DEACTIVATING"
	taskStopping       = "STOPPING"
	taskDeprovisioning = "DEPROVISIONING"
	taskStopped        = "STOPPED"
)

// How long the states take, as AWS would take them.
const (
	provisioningTime   = 6 * time.Second
	pendingTime        = 8 * time.Second
	activatingTime     = 3 * time.Second
	stoppingTime       = 2 * time.Second
	deprovisioningTime = 4 * time.Second
	stoppedVisible     = time.Hour
)

// The reasons why a task stops, as stopCode.
const (
	stopFailedToStart = "TaskFailedToStart"
	stopContainerExit = "EssentialContainerExited"
	stopUser          = "UserInitiated"
	stopScheduler     = "ServiceSchedulerInitiated"
	stopSpot          = "SpotInterruption"
)

const (
	healthUnknown   = "UNKNOWN"
	healthHealthy   = "HEALTHY"
	healthUnhealthy = "UNHEALTHY"
)

type task struct {
	id, arn    string
	cluster    *cluster
	service    *service
	deployment *deployment
	definition *taskDefinition
	behaves    behaviour
	ip         string
	// host is what target groups name it by: its address, or the EC2 ID of its
	// instance, where bindings are its ports.
	host     string
	instance *instance
	bindings []binding
	subnet   core.Subnet
	tags     []Tag
	// secrets are the values that it got when it started, by container and name.
	secrets map[string]map[string]string
	// provider is the capacity provider that it runs on; "" for the launch type.
	provider string

	status   string
	version  int
	desired  string
	health   string
	exitCode *int
	// failure is why the containers failed, such as a pull error.
	failure                 string
	stopCode, stoppedReason string
	// started is on the world's clock, the others on that of the wire.
	started                     time.Time
	created, startedAt, stopped time.Time
	// connected, pulling, pulled, stopping and exited are when the task got its
	// network, its images and its end.
	connected, pulling, pulled, stopping, exited time.Time
	// serving is true while the containers answer.
	serving bool
	// proven is set once the task was running and healthy.
	proven bool
	// unfit is set while a task that was healthy fails its checks and waits for
	// its replacement.
	unfit bool
	// leaving is set while its instance is draining.
	leaving bool
	// healthFailures counts container health checks that failed in a row.
	healthFailures int

	// step is the next state's timer, checks the container health check's.
	step, checks *core.Timer
}

// launch starts a task of a deployment, on an instance if it runs on one.
func (s *Service) launch(svc *service, dep *deployment, on *instance) *task {
	t := &task{
		id:         s.world.HexID(32),
		cluster:    svc.cluster,
		service:    svc,
		deployment: dep,
		definition: dep.definition,
		behaves:    s.behaviourOf(dep.definition),
		ip:         s.nextIP.String(),
		subnet:     s.subnetOf(svc),
		status:     taskProvisioning,
		desired:    taskRunning,
		health:     healthUnknown,
		created:    s.opts.Clock(),
		tags:       svc.propagatedTags(dep.definition),
		provider:   s.providerOf(svc),
	}
	s.nextIP = s.nextIP.Next()
	t.host = t.ip
	if on != nil {
		s.settle(t, on)
	}
	svc.launched++
	t.arn = s.world.ARN("ecs", "task/"+svc.cluster.name+"/"+t.id)
	s.tasks = append(s.tasks, t)
	s.in(t, provisioningTime, func() {
		if svc.starved > 0 {
			svc.starved--
			s.end(t, stopFailedToStart, svc.shortage)
			return
		}
		if reason, _ := s.lack(svc); reason != "" {
			s.end(t, stopFailedToStart, reason)
			return
		}
		t.connected, t.pulling = s.opts.Clock(), s.opts.Clock()
		s.enter(t, taskPending)
		s.in(t, pendingTime, func() { s.startContainers(t) })
	})
	return t
}

// in goes on with the task's life after d.
func (s *Service) in(t *task, d time.Duration, f func()) {
	t.step = s.world.After(s.jitter(d), f)
}

func (s *Service) enter(t *task, status string) {
	t.status = status
	t.version++
	s.wake(t.service)
}

func (s *Service) startContainers(t *task) {
	if reason := s.pull(t); reason != "" {
		s.end(t, stopFailedToStart, reason)
		return
	}
	if reason := s.unmounted(t.definition); reason != "" {
		s.end(t, stopFailedToStart, reason)
		return
	}
	t.pulled = s.opts.Clock()
	if reason := s.severed(t.service); reason != "" {
		if strings.HasPrefix(reason, "CannotPull") {
			t.failure = reason // what happens before a pull is the task's, not a container's
		}
		s.end(t, stopFailedToStart, reason)
		return
	}
	if t.behaves.noPull {
		image := t.definition.ContainerDefinitions[0].Image
		t.failure = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref " + image + ": " + image + ": not found"
		s.end(t, stopFailedToStart, t.failure)
		return
	}
	if reason := s.unlogged(t.definition); reason != "" {
		s.end(t, stopFailedToStart, reason)
		return
	}
	t.started, t.startedAt = s.world.Now(), s.opts.Clock()
	if t.behaves.crash {
		t.exitCode = new(1)
		s.end(t, stopContainerExit, "Essential container in task exited")
		return
	}
	t.serving = true
	for _, e := range t.endpoints() {
		s.onOpen(e)
	}
	s.enter(t, taskActivating)
	s.in(t, activatingTime, func() { s.run(t) })
}

func (s *Service) run(t *task) {
	s.registerTargets(t)
	s.enter(t, taskRunning)
	if h := t.definition.healthCheck(); h != nil {
		t.checks = s.world.After(h.period(), func() { s.checkContainer(t, h) })
	}
}

// endpoints are the addresses of a task at which it answers.
func (t *task) endpoints() []Endpoint {
	var endpoints []Endpoint
	for _, b := range t.bindings {
		if b.protocol != "udp" {
			endpoints = append(endpoints, Endpoint{IP: t.host, Port: b.hostPort, Task: t.id})
		}
	}
	if len(t.bindings) > 0 {
		return endpoints
	}
	for i := range t.definition.ContainerDefinitions {
		for _, m := range t.definition.ContainerDefinitions[i].PortMappings {
			if m.Protocol != "udp" {
				endpoints = append(endpoints, Endpoint{IP: t.ip, Port: m.ContainerPort, Task: t.id})
			}
		}
	}
	return endpoints
}

// healthCheck is the first essential container's.
func (d *taskDefinition) healthCheck() *healthCheck {
	for i := range d.ContainerDefinitions {
		if c := &d.ContainerDefinitions[i]; c.essential() && c.HealthCheck != nil {
			return c.HealthCheck
		}
	}
	return nil
}

func (h *healthCheck) period() time.Duration {
	return time.Duration(intOr(h.Interval, 30)) * time.Second
}

func intOr(p *int, otherwise int) int {
	if p == nil {
		return otherwise
	}
	return *p
}

// checkContainer runs the container's health check, again and again. Failures
// in the start period don't count.
func (s *Service) checkContainer(t *task, h *healthCheck) {
	t.checks = s.world.After(h.period(), func() { s.checkContainer(t, h) })
	if s.passes(t) {
		t.healthFailures = 0
		s.setContainerHealth(t, healthHealthy)
		return
	}
	grace := s.world.Scale(time.Duration(intOr(h.StartPeriod, 0)) * time.Second)
	if s.world.Now().Sub(t.started) < grace {
		return
	}
	t.healthFailures++
	if t.healthFailures >= intOr(h.Retries, 3) {
		s.setContainerHealth(t, healthUnhealthy)
	}
}

func (s *Service) setContainerHealth(t *task, health string) {
	if t.health != health {
		t.health = health
		s.wake(t.service)
	}
}

// stop ends a task in order: out of the load balancer, then its containers.
func (s *Service) stop(t *task, code, reason string) {
	if t.desired == taskStopped {
		return
	}
	t.desired, t.stopCode, t.stoppedReason, t.stopping = taskStopped, code, reason, s.opts.Clock()
	s.lost(t)
	t.step.Stop()
	t.checks.Stop()
	switch t.status {
	case taskRunning, taskActivating:
		s.enter(t, taskDeactivating)
		s.deregisterTargets(t)
		s.leaveWhenDrained(t)
	default:
		s.tearDown(t)
	}
}

// leaveWhenDrained stops the containers once no load balancer holds the task.
func (s *Service) leaveWhenDrained(t *task) {
	if t.status != taskDeactivating {
		return
	}
	for _, lb := range t.service.loadBalancers {
		if _, registered := s.lb.Health(lb.TargetGroupArn, t.host, t.portOf(lb)); registered {
			return
		}
	}
	s.enter(t, taskStopping)
	after, code := s.exitOf(t)
	t.step = s.world.After(after, func() {
		t.exitCode = new(code)
		s.tearDown(t)
	})
}

// end stops a task whose containers are gone already.
func (s *Service) end(t *task, code, reason string) {
	t.desired, t.stopCode, t.stoppedReason, t.stopping = taskStopped, code, reason, s.opts.Clock()
	s.lost(t)
	s.tearDown(t)
}

// Crash has the containers of up to n running tasks of a service exit with code 1,
// the oldest first, and tells how many did. The tasks stop unless the containers
// are restarted.
func (s *Service) Crash(cluster, service string, n int) (crashed int) {
	for _, t := range s.tasks {
		if crashed == n {
			break
		}
		if t.cluster.name != cluster || t.service.name != service || t.status != taskRunning || t.desired != taskRunning {
			continue
		}
		crashed++
		t.step.Stop()
		if s.restart(t, 1) {
			continue
		}
		t.checks.Stop()
		s.deregisterTargets(t)
		t.exitCode = new(1)
		s.end(t, stopContainerExit, "Essential container in task exited")
	}
	return crashed
}

// Starve has the next n tasks of a service stop before they start, as for want of
// capacity or addresses, for a reason in ECS's words. It tells whether there is
// such a service.
func (s *Service) Starve(cluster, name string, n int, reason string) bool {
	for _, svc := range s.services {
		if svc.cluster.name == cluster && svc.name == name && svc.status == serviceActive {
			svc.starved, svc.shortage = n, reason
			return true
		}
	}
	return false
}

// tearDown takes the task's resources away.
func (s *Service) tearDown(t *task) {
	t.exited = s.opts.Clock()
	if t.serving {
		t.serving = false
		for _, e := range t.endpoints() {
			s.onClose(e)
		}
	}
	s.enter(t, taskDeprovisioning)
	s.in(t, deprovisioningTime, func() {
		t.stopped = s.opts.Clock()
		s.enter(t, taskStopped)
		t.step = s.world.After(stoppedVisible, func() {
			s.tasks = slices.DeleteFunc(s.tasks, func(o *task) bool { return o == t })
		})
	})
}

func (s *Service) registerTargets(t *task) {
	for _, lb := range t.service.loadBalancers {
		if err := s.lb.RegisterIn(t.subnet.Zone, lb.TargetGroupArn, t.host, t.portOf(lb)); err != nil {
			s.event(t.service, "(service %s) failed to register targets in (target-group %s) with (error %s)", t.service.name, lb.TargetGroupArn, err)
			continue
		}
		s.event(t.service, "(service %s) registered 1 targets in (target-group %s)", t.service.name, lb.TargetGroupArn)
	}
}

func (s *Service) deregisterTargets(t *task) {
	for _, lb := range t.service.loadBalancers {
		if err := s.lb.Deregister(lb.TargetGroupArn, t.host, t.portOf(lb)); err != nil {
			s.event(t.service, "(service %s) failed to deregister targets in (target-group %s) with (error %s)", t.service.name, lb.TargetGroupArn, err)
			continue
		}
		s.event(t.service, "(service %s) deregistered 1 targets in (target-group %s)", t.service.name, lb.TargetGroupArn)
	}
}

// targetChanged hears of every change of a target's health.
func (s *Service) targetChanged(_, id string, port int) {
	for _, t := range s.tasks {
		if t.isTarget(id, port) && t.status != taskStopped {
			s.leaveWhenDrained(t)
			s.wake(t.service)
			return
		}
	}
}

// task finds by ID or ARN within a cluster.
func (s *Service) task(c *cluster, id string) *task {
	short := id[strings.LastIndex(id, "/")+1:]
	for _, t := range s.tasks {
		if t.cluster == c && t.id == short {
			return t
		}
	}
	return nil
}
