package autoscaling

import (
	"slices"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// target is a scalable target.
type target struct {
	resource
	cluster, service string
	min, max         int
	suspended        suspendedState
	arn, roleARN     string
	created          time.Time
	policies         []*policy
	schedules        []*scheduled
	// changing is the end of a change that is in progress; nil without one. before
	// is what DescribeScalableTargets shows meanwhile, nil for nothing.
	changing *core.Timer
	before   *targetOut
	// outUntil is the end of the scale-out cooldown, and outFrom what the
	// scale-out that began it counted from; inUntil is that of scale-in.
	outUntil, inUntil time.Time
	outFrom           int
}

type suspendedState struct {
	DynamicScalingInSuspended  bool
	DynamicScalingOutSuspended bool
	ScheduledScalingSuspended  bool
}

// changeTime is how long a change is in progress at most.
const changeTime = time.Second

type registerIn struct {
	resource
	MinCapacity    *int
	MaxCapacity    *int
	RoleARN        string
	SuspendedState *suspendedIn
}

// suspendedIn leaves what isn't given as it is.
type suspendedIn struct {
	DynamicScalingInSuspended  *bool
	DynamicScalingOutSuspended *bool
	ScheduledScalingSuspended  *bool
}

func (in *suspendedIn) apply(to *suspendedState) {
	if in == nil {
		return
	}
	for _, each := range []struct {
		given *bool
		to    *bool
	}{
		{in.DynamicScalingInSuspended, &to.DynamicScalingInSuspended},
		{in.DynamicScalingOutSuspended, &to.DynamicScalingOutSuspended},
		{in.ScheduledScalingSuspended, &to.ScheduledScalingSuspended},
	} {
		if each.given != nil {
			*each.to = *each.given
		}
	}
}

// registerScalableTarget makes a scalable target or changes one.
func (s *Service) registerScalableTarget(in registerIn) (any, error) {
	cluster, service, err := in.parse()
	if err != nil {
		return nil, err
	}
	if t := s.find(in.ResourceId); t != nil && t.changing != nil {
		return nil, pending(t)
	}
	t, err := s.register(in, cluster, service)
	if err != nil {
		return nil, err
	}
	return map[string]string{"ScalableTargetARN": t.arn}, nil
}

func pending(t *target) error {
	return core.Errorf("ConcurrentUpdateException", "There is already a pending update to the scalable target %s", t.ResourceId)
}

func (s *Service) register(in registerIn, cluster, service string) (*target, error) {
	t := s.find(in.ResourceId)
	lowest, highest := in.MinCapacity, in.MaxCapacity
	if t == nil {
		if lowest == nil || highest == nil {
			return nil, invalid("MinCapacity and MaxCapacity are required to register the new scalable target %s", in.ResourceId)
		}
		if err := s.checkNew(in, cluster, service); err != nil {
			return nil, err
		}
	} else {
		lowest, highest = or(lowest, t.min), or(highest, t.max)
	}
	if err := checkBounds(*lowest, *highest); err != nil {
		return nil, err
	}
	var before *targetOut
	if t == nil {
		t = s.add(in, cluster, service)
	} else {
		before = new(t.out())
	}
	t.min, t.max = *lowest, *highest
	if in.RoleARN != "" {
		t.roleARN = in.RoleARN
	}
	in.SuspendedState.apply(&t.suspended)
	s.change(t, before)
	return t, nil
}

func (s *Service) checkNew(in registerIn, cluster, service string) error {
	if _, active := s.services.Capacity(cluster, service); !active {
		return invalid("ECS service doesn't exist: %s", in.ResourceId)
	}
	if len(s.targets) >= maxTargets {
		return core.Errorf("LimitExceededException", "The limit of %d scalable targets has been reached", maxTargets)
	}
	return nil
}

func or(given *int, other int) *int {
	if given != nil {
		return given
	}
	return &other
}

func checkBounds(lowest, highest int) error {
	switch {
	case lowest < 0:
		return invalid("Minimum capacity %d is less than the lowest allowed value 0", lowest)
	case highest < lowest:
		return invalid("Maximum capacity %d is less than minimum capacity %d", highest, lowest)
	}
	return nil
}

func (s *Service) add(in registerIn, cluster, service string) *target {
	t := &target{
		resource: in.resource, cluster: cluster, service: service, created: s.world.Now(),
		arn: s.world.ARN("application-autoscaling", "scalable-target/"+s.world.HexID(34)),
		roleARN: "arn:" + s.world.Partition + ":iam::" + s.world.Account +
			":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
	}
	s.targets = append(s.targets, t)
	return t
}

// change has a change of a target be in progress for a while, after which the
// service's desired count is brought between the bounds.
func (s *Service) change(t *target, before *targetOut) {
	t.before = before
	t.changing.Stop()
	t.changing = s.world.After(time.Duration(s.world.Rand().Float64()*float64(changeTime)), func() {
		t.changing, t.before = nil, nil
		s.bound(t)
	})
}

// find returns the target of a resource ID, nil if there is none.
func (s *Service) find(resourceID string) *target {
	for _, t := range s.targets {
		if t.ResourceId == resourceID {
			return t
		}
	}
	return nil
}

// registered is the target that a call is about.
func (s *Service) registered(r resource) (*target, error) {
	if _, _, err := r.parse(); err != nil {
		return nil, err
	}
	t := s.find(r.ResourceId)
	if t == nil {
		return nil, notFound("No scalable target registered for %s", r)
	}
	return t, nil
}

// deregisterScalableTarget deletes a target with its policies and schedules.
func (s *Service) deregisterScalableTarget(in resource) (any, error) {
	if _, _, err := in.parse(); err != nil {
		return nil, err
	}
	t := s.find(in.ResourceId)
	switch {
	case t == nil:
		return nil, notFound("No scalable target found for %s", in)
	case t.changing != nil:
		return nil, pending(t)
	}
	s.remove(t)
	return struct{}{}, nil
}

func (s *Service) remove(t *target) {
	t.changing.Stop()
	for _, p := range t.policies {
		s.dropAlarms(p)
	}
	for _, a := range t.schedules {
		a.timer.Stop()
	}
	s.targets = slices.DeleteFunc(s.targets, func(o *target) bool { return o == t })
}

// serviceDeleted takes the target of a service along.
func (s *Service) serviceDeleted(cluster, service string) {
	if t := s.find("service/" + cluster + "/" + service); t != nil {
		s.remove(t)
	}
}

type describeTargetsIn struct {
	listing
	ResourceIds []string
}

type targetOut struct {
	resource
	MinCapacity       int
	MaxCapacity       int
	RoleARN           string
	CreationTime      core.Epoch
	SuspendedState    suspendedState
	ScalableTargetARN string
}

func (t *target) out() targetOut {
	return targetOut{
		resource: t.resource, MinCapacity: t.min, MaxCapacity: t.max, RoleARN: t.roleARN,
		CreationTime: core.Stamp(t.created), SuspendedState: t.suspended, ScalableTargetARN: t.arn,
	}
}

// describeScalableTargets is eventually consistent.
func (s *Service) describeScalableTargets(in describeTargetsIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := checkIDs(in.ResourceIds, "resourceIds"); err != nil {
		return nil, err
	}
	var all []targetOut
	for _, t := range s.targets {
		if len(in.ResourceIds) > 0 && !slices.Contains(in.ResourceIds, t.ResourceId) {
			continue
		}
		switch {
		case t.changing == nil:
			all = append(all, t.out())
		case t.before != nil:
			all = append(all, *t.before)
		}
	}
	items, next, err := page(in.listing, all)
	if err != nil {
		return nil, err
	}
	return struct {
		ScalableTargets []targetOut
		NextToken       string `json:",omitempty"`
	}{items, next}, nil
}

// Target is the truth about a scalable target.
type Target struct {
	Cluster, Service string
	Min, Max         int
	// In, Out and Scheduled are what is suspended.
	In, Out, Scheduled bool
	// Policies and Schedules are their names.
	Policies, Schedules []string
}

// Targets returns all scalable targets, in order of their registration.
func (s *Service) Targets() []Target {
	all := make([]Target, 0, len(s.targets))
	for _, t := range s.targets {
		truth := Target{
			Cluster: t.cluster, Service: t.service, Min: t.min, Max: t.max,
			In: t.suspended.DynamicScalingInSuspended, Out: t.suspended.DynamicScalingOutSuspended, Scheduled: t.suspended.ScheduledScalingSuspended,
		}
		for _, p := range t.policies {
			truth.Policies = append(truth.Policies, p.PolicyName)
		}
		for _, a := range t.schedules {
			truth.Schedules = append(truth.Schedules, a.ScheduledActionName)
		}
		all = append(all, truth)
	}
	return all
}

func count(n int) string { return strconv.Itoa(n) }
