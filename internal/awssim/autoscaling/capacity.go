package autoscaling

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Activity is the truth about one change that Application Auto Scaling made.
type Activity struct {
	Cluster, Service string
	// From and To are desired counts; the same for a scheduled action that
	// changed only the bounds.
	From, To int
	// Description and Cause are AWS's words.
	Description, Cause string
	At                 time.Time

	id, resourceID, status, message string
}

// The status codes of activities.
const (
	successful = "Successful"
	failed     = "Failed"
)

// Activities returns all changes so far, the oldest first.
func (s *Service) Activities() []Activity { return slices.Clone(s.activities) }

func (s *Service) note(t *target, a Activity) {
	a.Cluster, a.Service, a.resourceID = t.cluster, t.service, t.ResourceId
	a.id, a.At = s.world.UUID(), s.world.Now()
	s.activities = append(s.activities, a)
}

// set sets the desired count of a target's service.
func (s *Service) set(t *target, from, to int, cause string) {
	s.services.SetDesired(t.cluster, t.service, to)
	s.note(t, Activity{
		From: from, To: to, Description: "Setting desired count to " + count(to) + ".", Cause: cause, status: successful,
		message: "Successfully set desired count to " + count(to) + ". Change successfully fulfilled by ecs.",
	})
}

// bound brings the desired count of a target's service between the bounds.
func (s *Service) bound(t *target) {
	is, active := s.services.Capacity(t.cluster, t.service)
	switch {
	case !active:
	case is.Desired < t.min:
		s.set(t, is.Desired, t.min, "minimum capacity was set to "+count(t.min))
	case is.Desired > t.max:
		s.set(t, is.Desired, t.max, "maximum capacity was set to "+count(t.max))
	}
}

// scaleOut has a policy add tasks, unless something keeps it from that. It tells
// whether it did.
func (s *Service) scaleOut(t *target, want int, cooldown time.Duration, cause string) bool {
	is, active := s.services.Capacity(t.cluster, t.service)
	want = min(max(want, t.min), t.max)
	if !active || want <= is.Desired || t.suspended.DynamicScalingOutSuspended {
		return false
	}
	now := s.world.Now()
	if !now.Before(t.outUntil) {
		t.outFrom = is.Running
	}
	t.outUntil, t.inUntil = now.Add(s.world.Scale(cooldown)), time.Time{}
	s.set(t, is.Desired, want, cause)
	return true
}

// scaleIn has a policy take tasks away, unless something keeps it from that. It
// tells whether it did.
func (s *Service) scaleIn(t *target, want int, cooldown time.Duration, cause string) bool {
	is, active := s.services.Capacity(t.cluster, t.service)
	now := s.world.Now()
	want = min(max(want, t.min), t.max)
	switch {
	case !active, want >= is.Desired, t.suspended.DynamicScalingInSuspended, is.Deploying, now.Before(t.inUntil):
		return false
	}
	t.inUntil = now.Add(s.world.Scale(cooldown))
	s.set(t, is.Desired, want, cause)
	return true
}

// base is the count from which a policy scales out: that of the tasks that run or,
// during a cooldown, of those that ran when it began.
func (s *Service) base(t *target, running int) int {
	if s.world.Now().Before(t.outUntil) {
		return t.outFrom
	}
	return running
}

// Autoscale has a policy ask for a desired count at this moment, and tells whether
// the count changed: the bounds, suspension and a deployment in progress are kept,
// cooldowns are not.
func (s *Service) Autoscale(cluster, service string, want int) bool {
	t := s.find("service/" + cluster + "/" + service)
	if t == nil {
		return false
	}
	is, active := s.services.Capacity(cluster, service)
	if !active {
		return false
	}
	const cause = "monitor alarm load in state ALARM triggered policy load"
	t.outUntil, t.inUntil = time.Time{}, time.Time{}
	if want > is.Desired {
		return s.scaleOut(t, want, 0, cause)
	}
	return s.scaleIn(t, want, 0, cause)
}

type describeActivitiesIn struct {
	listing
	ResourceId                 string
	IncludeNotScaledActivities bool
}

type activityOut struct {
	resource
	ActivityId    string
	Description   string
	Cause         string
	StartTime     core.Epoch
	EndTime       core.Epoch
	StatusCode    string
	StatusMessage string
}

// remembered is how long activities are described.
const remembered = 6 * 7 * 24 * time.Hour

// describeScalingActivities lists activities, the newest first.
func (s *Service) describeScalingActivities(in describeActivitiesIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.IncludeNotScaledActivities {
		return nil, core.Errorf("ValidationException", "IncludeNotScaledActivities is not simulated")
	}
	var all []activityOut
	for _, a := range slices.Backward(s.activities) {
		if in.ResourceId != "" && in.ResourceId != a.resourceID || s.world.Now().Sub(a.At) > s.world.Scale(remembered) {
			continue
		}
		all = append(all, activityOut{
			resource: resource{namespace, a.resourceID, dimension}, ActivityId: a.id, Description: a.Description, Cause: a.Cause,
			StartTime: core.Stamp(a.At), EndTime: core.Stamp(a.At), StatusCode: a.status, StatusMessage: a.message,
		})
	}
	items, next, err := page(in.listing, all)
	if err != nil {
		return nil, err
	}
	return struct {
		ScalingActivities []activityOut
		NextToken         string `json:",omitempty"`
	}{items, next}, nil
}
