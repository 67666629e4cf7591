package cloudwatch

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The states of an alarm.
const (
	stateOK           = "OK"
	stateAlarm        = "ALARM"
	stateInsufficient = "INSUFFICIENT_DATA"
)

func states() []string { return []string{stateOK, stateAlarm, stateInsufficient} }

// alarm is a metric alarm or, with a rule, a composite one, or one on what a
// scheduled query of logs finds, which only a test changes.
type alarm struct {
	name, arn, description    string
	actionsEnabled            bool
	configured                time.Time
	state, reason, reasonData string
	// updated is when the state was last set, transitioned when it last became
	// another one.
	updated, transitioned time.Time

	// watch is what a metric alarm watches.
	watch *watch
	// driven marks a metric alarm which only a test changes, and log one on
	// logs.
	driven, log bool
	// evaluation tells what is wrong with how the state came about; "" if
	// nothing is.
	evaluation string

	// actions are the scaling policies that a metric alarm invokes, and acted when
	// it did so last.
	actions []string
	acted   time.Time

	// rule is a composite alarm's.
	rule     *rule
	ruleText string
	// pending is the composite alarm's next evaluation.
	pending *core.Timer
}

// watch is a metric alarm's configuration.
type watch struct {
	metric            identity
	statistic         statistic
	period            time.Duration
	evaluationPeriods int
	datapoints        int
	explicitM         bool
	threshold         float64
	comparison        string
	missing           string
	explicitMissing   bool
}

// evaluates tells whether the alarm evaluates a metric by itself.
func (a *alarm) evaluates() bool { return a.watch != nil && !a.driven }

func (a *alarm) period() time.Duration { return a.watch.period }

func (s *Service) alarmNames() []string { return slices.Sorted(maps.Keys(s.alarms)) }

const maxAlarmName = 255

func checkAlarmName(name string) error {
	switch {
	case name == "":
		return missing("AlarmName")
	case len(name) > maxAlarmName:
		return invalid("1 validation error detected: Value '%s' at 'alarmName' failed to satisfy constraint: Member must have length less than or equal to %d", name, maxAlarmName)
	}
	return nil
}

// define makes an alarm or finds the one to change; an existing alarm keeps its
// state.
func (s *Service) define(name, description string, actionsEnabled *bool) *alarm {
	now := s.now()
	a := s.alarms[name]
	if a == nil {
		a = &alarm{
			name: name, arn: s.world.ARN("cloudwatch", "alarm:"+name),
			state: stateInsufficient, reason: "Unchecked: Initial alarm creation", updated: now, transitioned: now,
		}
		s.alarms[name] = a
	}
	a.description, a.configured = description, now
	a.actionsEnabled = actionsEnabled == nil || *actionsEnabled
	return a
}

// become sets an alarm's state and tells the composite alarms that look at it.
func (s *Service) become(a *alarm, state, reason, data string) {
	now := s.now()
	changed := a.state != state
	a.state, a.reason, a.reasonData, a.updated = state, reason, data, now
	if changed {
		a.transitioned = now
		s.act(a, now)
		s.notifyParents(a)
	}
}

type setAlarmStateIn struct {
	AlarmName       string
	StateValue      string
	StateReason     string
	StateReasonData string
}

// setAlarmState sets a state that lasts until the next evaluation.
func (s *Service) setAlarmState(in setAlarmStateIn) (any, error) {
	switch {
	case in.AlarmName == "":
		return nil, missing("AlarmName")
	case in.StateReason == "":
		return nil, missing("StateReason")
	case !slices.Contains(states(), in.StateValue):
		return nil, invalid("1 validation error detected: Value '%s' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", in.StateValue)
	case len(in.StateReason) > 1023:
		return nil, invalid("1 validation error detected: Value at 'stateReason' failed to satisfy constraint: Member must have length less than or equal to 1023")
	}
	a := s.alarms[in.AlarmName]
	if a == nil {
		// CloudWatch doesn't say more.
		return nil, &core.APIError{Status: http.StatusNotFound, Code: "ResourceNotFound"}
	}
	s.become(a, in.StateValue, in.StateReason, in.StateReasonData)
	return nil, nil
}

type deleteAlarmsIn struct{ AlarmNames []string }

const maxNames = 100

// deleteAlarms deletes what exists. An alarm that a composite one refers to
// can't be deleted.
func (s *Service) deleteAlarms(in deleteAlarmsIn) (any, error) {
	if len(in.AlarmNames) == 0 {
		return nil, missing("AlarmNames")
	}
	if err := checkNames(in.AlarmNames); err != nil {
		return nil, err
	}
	composites := 0
	for _, name := range in.AlarmNames {
		a := s.alarms[name]
		if a == nil {
			continue
		}
		if a.rule != nil {
			composites++
		}
		if parents := s.parents(name); len(parents) > 0 {
			return nil, invalid("The alarm %s cannot be deleted as composite alarms depend on it: %s", name, strings.Join(parents, ", "))
		}
	}
	if composites > 1 {
		return nil, invalid("At most one composite alarm can be deleted with one operation")
	}
	for _, name := range in.AlarmNames {
		if a := s.alarms[name]; a != nil {
			a.pending.Stop()
			delete(s.alarms, name)
		}
	}
	return nil, nil
}

func checkNames(names []string) error {
	if len(names) <= maxNames {
		return nil
	}
	return invalid("1 validation error detected: Value '[%s]' at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to %d", strings.Join(names, ", "), maxNames)
}

// AlarmShape is the configuration of an alarm that only a test changes.
type AlarmShape struct {
	// Period is in seconds. Default 60.
	Period int
	// EvaluationPeriods is how many periods it looks at. Default 1.
	EvaluationPeriods int
	// Log makes it an alarm on logs instead of a metric alarm: Period is how
	// often its query runs.
	Log bool
}

// The evaluation states of an alarm.
const (
	EvaluationPartialData = "PARTIAL_DATA"
	EvaluationFailure     = "EVALUATION_FAILURE"
	EvaluationError       = "EVALUATION_ERROR"
)

// SetEvaluation says what is wrong with how an alarm's state came about, until
// it is set anew; "" if nothing is.
func (s *Service) SetEvaluation(name, evaluation string) error {
	a := s.alarms[name]
	switch {
	case a == nil || a.rule != nil:
		return invalid("There is no metric or log alarm %s", name)
	case !oneOf(evaluation, "", EvaluationPartialData, EvaluationFailure, EvaluationError):
		return invalid("There is no evaluation state %s", evaluation)
	}
	a.evaluation, a.updated = evaluation, s.now()
	return nil
}

// SetAlarm sets an alarm's state. A name that doesn't exist becomes a metric
// alarm, or one on logs, which is never evaluated by itself.
func (s *Service) SetAlarm(name, state, reason string, shape AlarmShape) error {
	if err := checkAlarmName(name); err != nil {
		return err
	}
	if !slices.Contains(states(), state) {
		return invalid("There is no state %s", state)
	}
	a := s.alarms[name]
	if a == nil {
		a = s.define(name, "", nil)
		periods := max(shape.EvaluationPeriods, 1)
		if shape.Period == 0 {
			shape.Period = 60
		}
		a.driven, a.log = true, shape.Log
		a.watch = &watch{
			metric: newIdentity("Test", name, nil), statistic: statistic{name: "Maximum"},
			period: time.Duration(shape.Period) * time.Second, evaluationPeriods: periods, datapoints: periods,
			comparison: "GreaterThanThreshold", missing: "missing",
		}
	}
	s.become(a, state, reason, "")
	return nil
}
