package cloudwatch

import (
	"slices"
	"strings"
	"time"
)

// compositeTime is how long after a change a composite alarm is evaluated, as
// AWS takes it.
const compositeTime = 2 * time.Second

type putCompositeAlarmIn struct {
	AlarmName        string
	AlarmDescription string
	ActionsEnabled   *bool
	AlarmRule        string
}

// putCompositeAlarm makes or changes a composite alarm. Actions and their
// suppression aren't simulated.
func (s *Service) putCompositeAlarm(in putCompositeAlarmIn) (any, error) {
	if err := checkAlarmName(in.AlarmName); err != nil {
		return nil, err
	}
	if in.AlarmRule == "" {
		return nil, missing("AlarmRule")
	}
	r, err := parseRule(in.AlarmRule)
	if err != nil {
		return nil, err
	}
	if a := s.alarms[in.AlarmName]; a != nil && a.rule == nil {
		return nil, invalid("The alarm %s is a metric alarm", in.AlarmName)
	}
	var unknown []string
	for _, child := range r.children() {
		if s.alarms[s.nameOf(child)] == nil {
			unknown = append(unknown, child)
		}
	}
	if len(unknown) > 0 {
		return nil, invalid("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(unknown, ", "))
	}
	a := s.define(in.AlarmName, in.AlarmDescription, in.ActionsEnabled)
	a.rule, a.ruleText = r, in.AlarmRule
	s.schedule(a)
	return nil, nil
}

// nameOf is the name of an alarm that a rule names or gives the ARN of.
func (s *Service) nameOf(child string) string {
	return strings.TrimPrefix(child, s.world.ARN("cloudwatch", "alarm:"))
}

// schedule evaluates a composite alarm soon.
func (s *Service) schedule(a *alarm) {
	a.pending.Stop()
	a.pending = s.world.After(compositeTime, func() { s.decide(a) })
}

func (s *Service) decide(a *alarm) {
	if s.circular(a) {
		return // CloudWatch stops evaluating a circle
	}
	state := stateOK
	if a.rule.holds(s.stateOf) {
		state = stateAlarm
	}
	if state == a.state {
		return
	}
	var children []string
	for _, child := range a.rule.children() {
		children = append(children, s.nameOf(child)+" is "+s.stateOf(child))
	}
	s.become(a, state, "The alarm rule is evaluated to "+state+": "+strings.Join(children, ", "), "")
}

func (s *Service) stateOf(child string) string {
	if a := s.alarms[s.nameOf(child)]; a != nil {
		return a.state
	}
	return ""
}

// parents are the names of the composite alarms whose rule has the alarm.
func (s *Service) parents(name string) []string {
	var parents []string
	for _, parent := range s.alarmNames() {
		if s.refersTo(s.alarms[parent], name) {
			parents = append(parents, parent)
		}
	}
	return parents
}

func (s *Service) refersTo(a *alarm, name string) bool {
	return a.rule != nil && slices.ContainsFunc(a.rule.children(), func(child string) bool { return s.nameOf(child) == name })
}

func (s *Service) notifyParents(a *alarm) {
	for _, parent := range s.parents(a.name) {
		s.schedule(s.alarms[parent])
	}
}

// circular tells whether an alarm depends on itself.
func (s *Service) circular(a *alarm) bool {
	seen := map[string]bool{}
	open := []*alarm{a}
	for len(open) > 0 {
		next := open[0]
		open = open[1:]
		if next == nil || next.rule == nil {
			continue
		}
		for _, child := range next.rule.children() {
			name := s.nameOf(child)
			if name == a.name {
				return true
			}
			if !seen[name] {
				seen[name] = true
				open = append(open, s.alarms[name])
			}
		}
	}
	return false
}
