package cloudwatch

import (
	"slices"
	"strings"
	"time"
)

// Action is an alarm's invocation of a scaling policy.
type Action struct {
	// Alarm is its name, and Policy the ARN of the scaling policy.
	Alarm, Policy string
	// Value is the newest one of what the alarm watches, and Threshold the alarm's.
	Value, Threshold float64
	// Above is true if the alarm is about values above the threshold.
	Above bool
}

// OnAction has f called, with the lock held, when an alarm that goes into ALARM, or
// has been in it for another minute, invokes a scaling policy (AWS Knowledge Center,
// "Why doesn't my CloudWatch alarm's state change invoke my Amazon EC2 Auto Scaling
// policy?").
func (s *Service) OnAction(f func(Action)) { s.onAction = f }

// maxActions is how many actions an alarm has at most for a state.
const maxActions = 5

func checkActions(actions []string) error {
	if len(actions) > maxActions {
		return invalid("1 validation error detected: Value at 'alarmActions' failed to satisfy constraint: Member must have length less than or equal to %d", maxActions)
	}
	for _, arn := range actions {
		if !strings.HasPrefix(arn, "arn:") {
			return invalid("Invalid arn syntax: %s", arn)
		}
		if !strings.Contains(arn, ":scalingPolicy:") {
			return invalid("The alarm action %s is not simulated, only scaling policies are", arn)
		}
	}
	return nil
}

// act invokes the actions of an alarm that is in ALARM.
func (s *Service) act(a *alarm, now time.Time) {
	if a.state != stateAlarm || !a.actionsEnabled || len(a.actions) == 0 {
		return
	}
	a.acted = now
	value, there := s.Newest(a.name)
	if !there {
		return
	}
	for _, policy := range slices.Clone(a.actions) {
		s.onAction(Action{Alarm: a.name, Policy: policy, Value: value, Threshold: a.watch.threshold, Above: strings.HasPrefix(a.watch.comparison, "Greater")})
	}
}

// Newest is the newest value of what a metric alarm watches, as far back as the
// alarm looks.
func (s *Service) Newest(name string) (value float64, there bool) {
	a := s.alarms[name]
	if a == nil || a.watch == nil {
		return 0, false
	}
	for _, r := range slices.Backward(s.readings(a.watch, s.now())) {
		if r.there {
			return r.value, true
		}
	}
	return 0, false
}

// Fires tells whether there is an alarm that is in ALARM.
func (s *Service) Fires(name string) bool {
	a := s.alarms[name]
	return a != nil && a.state == stateAlarm
}

// Invoking lists the alarms that invoke a scaling policy.
func (s *Service) Invoking(policy string) (names []string) {
	for _, name := range s.alarmNames() {
		if slices.Contains(s.alarms[name].actions, policy) {
			names = append(names, name)
		}
	}
	return names
}

// AlarmARN is the ARN of an alarm.
func (s *Service) AlarmARN(name string) string { return s.world.ARN("cloudwatch", "alarm:"+name) }

// Watch is what an alarm that a service of AWS makes watches: minutes of one metric.
type Watch struct {
	Namespace, Metric string
	Dimensions        []Dimension
	// Statistic such as Average.
	Statistic string
	// Comparison such as GreaterThanThreshold.
	Comparison string
	Threshold  float64
	// Minutes have to breach the threshold one after the other.
	Minutes int
	// Policy is the ARN of the scaling policy that the alarm invokes.
	Policy string
}

// Put makes or changes an alarm.
func (s *Service) Put(name, description string, w Watch) error {
	_, err := s.putMetricAlarm(putMetricAlarmIn{
		AlarmName: name, AlarmDescription: description, Namespace: w.Namespace, MetricName: w.Metric,
		Dimensions: w.Dimensions, Statistic: w.Statistic, Period: new(60), EvaluationPeriods: &w.Minutes,
		Threshold: &w.Threshold, ComparisonOperator: w.Comparison, AlarmActions: []string{w.Policy},
	})
	return err
}

// Delete deletes alarms; those that don't exist are no error.
func (s *Service) Delete(names ...string) {
	for _, name := range names {
		delete(s.alarms, name)
	}
}
