package ecs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

const (
	schedulerPause  = time.Second
	firstBackoff    = 10 * time.Second
	placementPause  = time.Minute
	maxBackoff      = 15 * time.Minute
	unreliableAfter = 3
	inactiveVisible = time.Hour
	// settlingTime is the least that a deployment takes: one without tasks, too,
	// is in progress for some seconds.
	settlingTime = 8 * time.Second
)

// wake has the scheduler look at the service soon.
func (s *Service) wake(svc *service) { s.wakeAfter(svc, s.jitter(schedulerPause)) }

// wakeAfter has it look after d, unless it will look earlier anyway.
func (s *Service) wakeAfter(svc *service, d time.Duration) {
	at := s.world.Now().Add(s.world.Scale(d))
	if svc.status == serviceInactive || svc.loop != nil && !at.Before(svc.loopAt) {
		return
	}
	svc.loop.Stop()
	svc.loopAt = at
	svc.loop = s.world.After(d, func() { s.schedule(svc) })
}

// schedule is one step of the service's scheduler.
func (s *Service) schedule(svc *service) {
	svc.loop = nil
	svc.deployments[0].noticed = true
	s.proveTasks(svc)
	s.replaceUnhealthy(svc)
	s.leaveDraining(svc)
	s.judge(svc)
	s.scaleIn(svc)
	s.scaleOut(svc)
	s.conclude(svc)
	if svc.changed != nil {
		svc.changed()
	}
}

// healthy tells whether the task is running and passes all its checks.
func (s *Service) healthy(t *task) bool {
	if t.status != taskRunning || t.desired != taskRunning {
		return false
	}
	if t.definition.healthCheck() != nil && t.health != healthHealthy {
		return false
	}
	for _, lb := range t.service.loadBalancers {
		if h, _ := s.lb.Health(lb.TargetGroupArn, t.host, t.portOf(lb)); h.State != elb.StateHealthy {
			return false
		}
	}
	return true
}

// proveTasks notices tasks which got healthy: they end the count of failures.
func (s *Service) proveTasks(svc *service) {
	for _, t := range s.tasksOf(svc, nil) {
		if t.proven || !s.healthy(t) {
			continue
		}
		t.proven = true
		svc.failures, svc.notBefore = 0, time.Time{}
		if *svc.DeploymentConfiguration.DeploymentCircuitBreaker.ResetOnHealthyTask {
			t.deployment.failed = 0
		}
	}
}

// replaceUnhealthy replaces the tasks which fail their checks, after the grace
// period. One that was healthy before stays until as many as desired are healthy
// again, where the maximum percent leaves room for its replacement; otherwise,
// and if it never was healthy, it is stopped first.
func (s *Service) replaceUnhealthy(svc *service) {
	for _, t := range s.tasksOf(svc, nil) {
		if t.status != taskRunning {
			continue
		}
		message, reason, failing := s.complaint(t)
		if !failing {
			t.unfit = false
			continue
		}
		if !t.unfit {
			s.event(svc, "%s", message)
		}
		t.unfit = t.proven
		if !t.unfit || s.room(svc) <= 0 && !s.replacing(svc) || s.healthyTasks(svc) >= svc.desired {
			s.stop(t, stopScheduler, reason)
		}
	}
}

// complaint is what is said of a task that fails its checks, in an event and when
// it is stopped.
func (s *Service) complaint(t *task) (message, reason string, failing bool) {
	svc := t.service
	lb, why, failing := s.failingTarget(t)
	if !failing && t.health != healthUnhealthy {
		return "", "", false
	}
	grace := time.Duration(intOr(svc.HealthCheckGracePeriodSeconds, 0)) * time.Second
	if left := t.started.Add(s.world.Scale(grace)).Sub(s.world.Now()); left > 0 {
		s.wakeAfter(svc, s.unscale(left))
		return "", "", false
	}
	if t.health == healthUnhealthy {
		return fmt.Sprintf("(service %s) (task %s) failed container health checks.", svc.name, t.id), "Task failed container health checks", true
	}
	message = fmt.Sprintf("(service %s) (task %s) (port %d) is unhealthy in (target-group %s) due to (reason %s)",
		svc.name, t.id, lb.ContainerPort, lb.TargetGroupArn, why)
	return message, fmt.Sprintf("Task failed ELB health checks in (target-group %s)", lb.TargetGroupArn), true
}

// room is how many more tasks the maximum percent allows.
func (s *Service) room(svc *service) int {
	return svc.desired**svc.DeploymentConfiguration.MaximumPercent/100 - len(s.tasksOf(svc, nil))
}

// replacing tells whether a task is on its way to replace one that is unfit.
func (s *Service) replacing(svc *service) bool {
	return slices.ContainsFunc(s.tasksOf(svc, nil), func(t *task) bool { return !t.unfit && !s.healthy(t) })
}

func (s *Service) healthyTasks(svc *service) int {
	n := 0
	for _, t := range s.tasksOf(svc, nil) {
		if s.healthy(t) {
			n++
		}
	}
	return n
}

// fit leaves out the tasks that are to be replaced.
func fit(tasks []*task) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.unfit || t.leaving })
}

// unscale turns a difference of timestamps into the duration as AWS would take
// it.
func (s *Service) unscale(d time.Duration) time.Duration {
	return time.Duration(float64(d) / (float64(s.world.Scale(time.Hour)) / float64(time.Hour)))
}

func (s *Service) failingTarget(t *task) (lb loadBalancer, why string, failing bool) {
	for _, lb := range t.service.loadBalancers {
		if h, _ := s.lb.Health(lb.TargetGroupArn, t.host, t.portOf(lb)); h.State == elb.StateUnhealthy {
			return lb, h.Description, true
		}
	}
	return loadBalancer{}, "", false
}

// lost counts a task that ends before it ever got healthy and delays its
// replacement, the longer the more were lost in a row.
func (s *Service) lost(t *task) {
	svc := t.service
	if t.proven || svc.status != serviceActive || t.stopCode == stopUser || t.stopCode == stopSpot || t.stopCode == stopTermination || t.stoppedReason == scaledIn(t) {
		return
	}
	s.failed(svc, t.deployment)
}

// failed counts a task that failed, and delays the next one.
func (s *Service) failed(svc *service, dep *deployment) {
	dep.failed++
	svc.failures++
	backoff := min(firstBackoff<<min(svc.failures-1, 10), maxBackoff)
	svc.notBefore = s.world.Now().Add(s.world.Scale(backoff))
	if svc.failures == unreliableAfter {
		s.event(svc, "(service %s) is unable to consistently start tasks successfully. "+
			"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.", svc.name)
	}
}

// The kinds of thresholds, and the default: half the desired count.
const (
	boundedPercent   = "BOUNDED_PERCENT"
	unboundedPercent = "UNBOUNDED_PERCENT"
	halfOfTasks      = 50
)

// threshold is how many tasks a deployment may lose before the circuit breaker
// trips: a number, or a percentage of the desired count which, if it is bounded,
// is at least 3 and at most 200.
func (b *circuitBreaker) threshold(desired int) int {
	value := *b.ThresholdConfiguration.Value
	share := (desired*value + 99) / 100
	switch b.ThresholdConfiguration.Type {
	case boundedPercent:
		return min(max(share, 3), 200)
	case unboundedPercent:
		return max(share, 1)
	default:
		return value
	}
}

// judge trips the circuit breaker.
func (s *Service) judge(svc *service) {
	primary, breaker := svc.deployments[0], svc.DeploymentConfiguration.DeploymentCircuitBreaker
	if primary.state != rolloutInProgress || !breaker.Enable || primary.failed < breaker.threshold(svc.desired) {
		return
	}
	primary.state, primary.updated = rolloutFailed, s.world.Now()
	primary.reason = "ECS deployment circuit breaker: tasks failed to start."
	s.event(svc, "(service %s) (deployment %s) deployment failed: tasks failed to start.", svc.name, primary.id)
	if !breaker.Rollback || len(svc.deployments) == 1 {
		return
	}
	back := s.newDeployment(svc, svc.deployments[1].definition)
	back.reason = fmt.Sprintf("ECS deployment circuit breaker: rolling back to deploymentId %s.", svc.deployments[2].id)
	svc.failures, svc.notBefore = 0, time.Time{}
	s.event(svc, "(service %s) rolling back to (deployment %s)", svc.name, back.id)
}

// scaledIn is why the scheduler stops a task that isn't needed.
func scaledIn(t *task) string {
	return fmt.Sprintf("Scaling activity initiated by (deployment %s)", t.deployment.id)
}

// scaleIn stops tasks of the primary above the desired count, and those of
// older deployments as far as enough healthy ones are left.
func (s *Service) scaleIn(svc *service) {
	primary := svc.deployments[0]
	current := fit(s.tasksOf(svc, primary))
	if excess := len(current) - svc.desired; excess > 0 {
		s.stopTasks(svc, s.leastUseful(current)[:excess])
	}
	var old []*task
	for _, t := range s.tasksOf(svc, nil) {
		if t.deployment != primary {
			old = append(old, t)
		}
	}
	if len(old) == 0 {
		return
	}
	healthy := s.healthyTasks(svc)
	minimum := (svc.desired**svc.DeploymentConfiguration.MinimumHealthyPercent + 99) / 100
	var going []*task
	for _, t := range s.leastUseful(old) {
		if !s.healthy(t) {
			going = append(going, t)
			continue
		}
		if healthy > minimum {
			healthy--
			going = append(going, t)
		}
	}
	s.stopTasks(svc, going)
}

// leastUseful sorts tasks that aren't healthy first, newer before older.
func (s *Service) leastUseful(tasks []*task) []*task {
	sorted := slices.Clone(tasks)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, func(a, b *task) int {
		switch ha, hb := s.healthy(a), s.healthy(b); {
		case ha == hb:
			return 0
		case ha:
			return 1
		default:
			return -1
		}
	})
	return sorted
}

func (s *Service) stopTasks(svc *service, tasks []*task) {
	var serving []*task
	pending := 0
	for _, t := range tasks {
		if t.status == taskRunning {
			serving = append(serving, t)
			continue
		}
		pending++
		s.stop(t, stopScheduler, scaledIn(t))
	}
	if pending > 0 {
		s.event(svc, "(service %s) stopped %d pending tasks.", svc.name, pending)
	}
	if len(serving) == 0 {
		return
	}
	if len(svc.loadBalancers) > 0 {
		s.event(svc, "(service %s) has begun draining connections on %d tasks.", svc.name, len(serving))
	}
	for _, t := range serving {
		s.stop(t, stopScheduler, scaledIn(t))
	}
	s.event(svc, "(service %s) has stopped %d running tasks: %s.", svc.name, len(serving), names(serving))
}

func names(tasks []*task) string {
	parts := make([]string, len(tasks))
	for i, t := range tasks {
		parts[i] = "(task " + t.id + ")"
	}
	return strings.Join(parts, " ")
}

// scaleOut starts the primary's missing tasks, as many as the maximum percent
// allows beside older ones, unless it failed or has to wait after losses.
func (s *Service) scaleOut(svc *service) {
	primary := svc.deployments[0]
	missing := svc.desired - len(fit(s.tasksOf(svc, primary)))
	missing = min(missing, max(s.room(svc), 0))
	if missing <= 0 || primary.state == rolloutFailed || svc.status != serviceActive {
		return
	}
	if left := svc.notBefore.Sub(s.world.Now()); left > 0 {
		s.wakeAfter(svc, s.unscale(left))
		return
	}
	if role := s.unassumable(primary.definition); role != "" {
		s.refuse(svc, primary, role)
		return
	}
	if reason, placed := s.lack(svc); reason != "" && !placed {
		s.event(svc, "(service %s) was unable to place a task. Reason: %s.", svc.name, reason)
		s.wakeAfter(svc, placementPause)
		return
	}
	started, obstacle := s.launchAll(svc, primary, missing)
	if len(started) > 0 {
		svc.steady, svc.complaint = false, ""
		s.event(svc, "(service %s) has started %d tasks: %s.", svc.name, len(started), names(started))
	}
	if obstacle != "" {
		s.unplaced(svc, obstacle)
	}
}

// launchAll starts tasks, as many as there are instances for, and says what the next
// one lacks.
func (s *Service) launchAll(svc *service, dep *deployment, count int) (started []*task, obstacle string) {
	for range count {
		var on *instance
		if svc.onInstances() {
			if on, obstacle = s.place(svc, dep.definition, s.providerOf(svc)); on == nil {
				return started, obstacle
			}
		}
		started = append(started, s.launch(svc, dep, on))
	}
	return started, ""
}

// isSteady tells whether the service is what it should be: as many tasks as
// desired, all healthy, and none of older deployments left.
func (s *Service) isSteady(svc *service) bool {
	primary := svc.deployments[0]
	current := s.tasksOf(svc, primary)
	if primary.state == rolloutFailed || len(current) != svc.desired || len(s.tasksOf(svc, nil)) != len(current) {
		return false
	}
	return !slices.ContainsFunc(current, func(t *task) bool { return !s.healthy(t) })
}

// conclude completes a deployment or the deletion of the service.
func (s *Service) conclude(svc *service) {
	if svc.status == serviceDraining {
		if running, pending := s.counts(svc, nil); running+pending == 0 && !s.stopping(svc) {
			s.retire(svc)
		}
		return
	}
	if !s.isSteady(svc) {
		svc.steady = false
		return
	}
	primary := svc.deployments[0]
	if left := primary.created.Add(s.world.Scale(settlingTime)).Sub(s.world.Now()); left > 0 {
		s.wakeAfter(svc, s.unscale(left))
		return
	}
	if primary.state == rolloutInProgress {
		primary.state, primary.updated = rolloutCompleted, s.world.Now()
		primary.reason = fmt.Sprintf("ECS deployment %s completed.", primary.id)
		svc.deployments = svc.deployments[:1]
		s.event(svc, "(service %s) (deployment %s) deployment completed.", svc.name, primary.id)
	}
	if !svc.steady {
		svc.steady = true
		s.event(svc, "(service %s) has reached a steady state.", svc.name)
	}
}

func (s *Service) stopping(svc *service) bool {
	return slices.ContainsFunc(s.tasks, func(t *task) bool { return t.service == svc && t.status == taskStopping })
}

// retire ends a service. It can still be described for a while.
func (s *Service) retire(svc *service) {
	svc.status = serviceInactive
	s.world.After(inactiveVisible, func() {
		s.services = slices.DeleteFunc(s.services, func(o *service) bool { return o == svc })
	})
}
