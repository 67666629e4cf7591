package autoscaling

import (
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// scheduled is a scheduled action.
type scheduled struct {
	scheduleIn
	arn     string
	created time.Time
	when    schedule
	timer   *core.Timer
}

type scheduleIn struct {
	resource
	ScheduledActionName  string
	Schedule             string
	Timezone             string        `json:",omitempty"`
	StartTime            *core.Epoch   `json:",omitempty"`
	EndTime              *core.Epoch   `json:",omitempty"`
	ScalableTargetAction *targetAction `json:",omitempty"`
}

type targetAction struct {
	MinCapacity *int `json:",omitempty"`
	MaxCapacity *int `json:",omitempty"`
}

// putScheduledAction makes a scheduled action or changes one.
func (s *Service) putScheduledAction(in scheduleIn) (any, error) {
	t, err := s.registered(in.resource)
	if err != nil {
		return nil, err
	}
	if t.changing != nil {
		return nil, pending(t)
	}
	if err := s.putSchedule(t, in); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

func (s *Service) putSchedule(t *target, in scheduleIn) error {
	a := t.schedule(in.ScheduledActionName)
	if a != nil && in.Schedule == "" {
		in.Schedule, in.Timezone = a.Schedule, a.Timezone
	}
	if a != nil && in.ScalableTargetAction == nil {
		in.ScalableTargetAction = a.ScalableTargetAction
	}
	when, err := in.check()
	if err != nil {
		return err
	}
	if a == nil {
		if len(t.schedules) >= maxSchedules {
			return core.Errorf("LimitExceededException", "The limit of %d scheduled actions has been reached for %s", maxSchedules, t.ResourceId)
		}
		a = &scheduled{created: s.world.Now(), arn: s.world.ARN("autoscaling",
			"scheduledAction:"+s.world.UUID()+":resource/ecs/"+t.ResourceId+":scheduledActionName/"+in.ScheduledActionName)}
		t.schedules = append(t.schedules, a)
	}
	a.scheduleIn, a.when = in, when
	s.arm(t, a, s.world.Now())
	return nil
}

func (t *target) schedule(name string) *scheduled {
	for _, a := range t.schedules {
		if a.ScheduledActionName == name {
			return a
		}
	}
	return nil
}

func (in scheduleIn) check() (schedule, error) {
	if name := in.ScheduledActionName; name == "" || len(name) > 256 || strings.ContainsAny(name, ":/|") {
		return nil, invalidMember(name, "scheduledActionName", "Member must satisfy regular expression pattern")
	}
	if err := in.ScalableTargetAction.check(); err != nil {
		return nil, err
	}
	zone := time.UTC
	if in.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(in.Timezone); err != nil {
			return nil, invalid("The time zone %s is not known", in.Timezone)
		}
	}
	return parseSchedule(in.Schedule, zone)
}

func (a *targetAction) check() error {
	switch {
	case a == nil || a.MinCapacity == nil && a.MaxCapacity == nil:
		return invalid("ScalableTargetAction must have a MinCapacity or a MaxCapacity")
	case negative(a.MinCapacity), negative(a.MaxCapacity):
		return invalid("A capacity must not be negative")
	case a.MinCapacity != nil && a.MaxCapacity != nil:
		return checkBounds(*a.MinCapacity, *a.MaxCapacity)
	}
	return nil
}

// arm waits for the next time of a scheduled action that is after a time.
func (s *Service) arm(t *target, a *scheduled, after time.Time) {
	a.timer.Stop()
	if start := a.StartTime.Time(); start.After(after) {
		after = start.Add(-time.Second)
	}
	next := a.when.next(after, a.created)
	if end := a.EndTime.Time(); next.IsZero() || !end.IsZero() && next.After(end) {
		return
	}
	a.timer = s.world.After(s.unscaled(next.Sub(s.world.Now())), func() {
		s.arm(t, a, next)
		s.due(t, a)
	})
}

// unscaled is a duration that takes as long as it says: the times of a schedule are
// on the account's clock, however fast AWS is.
func (s *Service) unscaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(time.Hour) / float64(s.world.Scale(time.Hour)))
}

// due does what an action is scheduled for.
func (s *Service) due(t *target, a *scheduled) {
	if t.suspended.ScheduledScalingSuspended {
		return
	}
	lowest, highest := *or(a.ScalableTargetAction.MinCapacity, t.min), *or(a.ScalableTargetAction.MaxCapacity, t.max)
	is, _ := s.services.Capacity(t.cluster, t.service)
	done := Activity{
		From: is.Desired, To: is.Desired, Cause: "scheduled action name " + a.ScheduledActionName + " was triggered",
		Description: "Setting min capacity to " + count(lowest) + " and max capacity to " + count(highest),
	}
	if err := checkBounds(lowest, highest); err != nil {
		done.status, done.message = failed, err.Error()
		s.note(t, done)
		return
	}
	t.min, t.max = lowest, highest
	done.status, done.message = successful, "Successfully set min capacity to "+count(lowest)+" and max capacity to "+count(highest)
	s.note(t, done)
	s.bound(t)
}

type deleteScheduleIn struct {
	resource
	ScheduledActionName string
}

func (s *Service) deleteScheduledAction(in deleteScheduleIn) (any, error) {
	if _, _, err := in.parse(); err != nil {
		return nil, err
	}
	t := s.find(in.ResourceId)
	if t == nil || t.schedule(in.ScheduledActionName) == nil {
		return nil, notFound("No scheduled action found for %s, scheduled action name: %s", in.resource, in.ScheduledActionName)
	}
	if t.changing != nil {
		return nil, pending(t)
	}
	a := t.schedule(in.ScheduledActionName)
	a.timer.Stop()
	t.schedules = slices.DeleteFunc(t.schedules, func(o *scheduled) bool { return o == a })
	return struct{}{}, nil
}

type describeSchedulesIn struct {
	listing
	ResourceId           string
	ScheduledActionNames []string
}

type scheduleOut struct {
	resource
	ScheduledActionName  string
	ScheduledActionARN   string
	Schedule             string
	Timezone             string      `json:",omitempty"`
	StartTime            *core.Epoch `json:",omitempty"`
	EndTime              *core.Epoch `json:",omitempty"`
	ScalableTargetAction *targetAction
	CreationTime         core.Epoch
}

func (s *Service) describeScheduledActions(in describeSchedulesIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := checkIDs(in.ScheduledActionNames, "scheduledActionNames"); err != nil {
		return nil, err
	}
	var all []scheduleOut
	for _, t := range s.targets {
		for _, a := range t.schedules {
			if in.ResourceId != "" && in.ResourceId != t.ResourceId || len(in.ScheduledActionNames) > 0 && !slices.Contains(in.ScheduledActionNames, a.ScheduledActionName) {
				continue
			}
			all = append(all, scheduleOut{
				resource: t.resource, ScheduledActionName: a.ScheduledActionName, ScheduledActionARN: a.arn, Schedule: a.Schedule, Timezone: a.Timezone,
				StartTime: a.StartTime, EndTime: a.EndTime, ScalableTargetAction: a.ScalableTargetAction, CreationTime: core.Stamp(a.created),
			})
		}
	}
	items, next, err := page(in.listing, all)
	if err != nil {
		return nil, err
	}
	return struct {
		ScheduledActions []scheduleOut
		NextToken        string `json:",omitempty"`
	}{items, next}, nil
}
