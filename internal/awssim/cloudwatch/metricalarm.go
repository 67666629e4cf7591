package cloudwatch

import (
	"slices"
	"time"
)

type putMetricAlarmIn struct {
	AlarmName          string
	AlarmDescription   string
	ActionsEnabled     *bool
	Namespace          string
	MetricName         string
	Dimensions         []Dimension
	Statistic          string
	ExtendedStatistic  string
	Period             *int
	EvaluationPeriods  *int
	DatapointsToAlarm  *int
	Threshold          *float64
	ComparisonOperator string
	TreatMissingData   string
	AlarmActions       []string
}

// The ways to treat missing data.
const (
	treatMissing      = "missing"
	treatIgnore       = "ignore"
	treatBreaching    = "breaching"
	treatNotBreaching = "notBreaching"
)

// putMetricAlarm makes or changes an alarm on a single metric. Math, anomaly
// detection and actions other than scaling policies aren't simulated.
func (s *Service) putMetricAlarm(in putMetricAlarmIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	w, err := in.watch()
	if err != nil {
		return nil, err
	}
	if a := s.alarms[in.AlarmName]; a != nil && a.kind() != typeMetric {
		return nil, invalid("The alarm %s is a %s", in.AlarmName, a.kind())
	}
	a := s.define(in.AlarmName, in.AlarmDescription, in.ActionsEnabled)
	a.watch, a.driven, a.actions = w, false, in.AlarmActions
	s.arm() // its period may be a shorter one
	return nil, nil
}

func (in *putMetricAlarmIn) check() error {
	if err := checkAlarmName(in.AlarmName); err != nil {
		return err
	}
	if err := in.checkPresent(); err != nil {
		return err
	}
	if err := checkDimensions("Alarm", in.Dimensions); err != nil {
		return err
	}
	if err := checkActions(in.AlarmActions); err != nil {
		return err
	}
	return in.checkValues()
}

// The longest time that an alarm looks back over, in seconds: a day, or a week
// if its period is an hour or longer.
const (
	maxLookBack     = 24 * 60 * 60
	maxLongLookBack = 7 * maxLookBack
)

func (in *putMetricAlarmIn) checkValues() error {
	if err := in.checkPeriods(*in.Period, *in.EvaluationPeriods); err != nil {
		return err
	}
	switch {
	case !oneOf(in.ComparisonOperator, "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"):
		return invalid("The value %s for parameter ComparisonOperator is not known or not simulated.", in.ComparisonOperator)
	case !oneOf(in.TreatMissingData, "", treatMissing, treatIgnore, treatBreaching, treatNotBreaching):
		return invalid("Value '%s' at 'treatMissingData' is not one of breaching, notBreaching, ignore and missing", in.TreatMissingData)
	case !fits(*in.Threshold):
		return badValue("The value %v for parameter Threshold is invalid.", *in.Threshold)
	}
	return nil
}

func (in *putMetricAlarmIn) checkPeriods(period, n int) error {
	lookBack := maxLookBack
	if period >= 3600 {
		lookBack = maxLongLookBack
	}
	switch m := in.DatapointsToAlarm; {
	case n < 1 || n > maxLookBack:
		return badValue("The parameter EvaluationPeriods must be at least 1, and not %d.", n)
	case m != nil && (*m < 1 || *m > n):
		return invalid("DatapointsToAlarm must be at least 1 and at most EvaluationPeriods.")
	case !alarmPeriod(period):
		return invalid("Period must be 10, 20, 30 or a multiple of 60, not %d.", period)
	case period*n > lookBack:
		return invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or a week if the period is an hour or longer.")
	}
	return nil
}

func alarmPeriod(seconds int) bool {
	return slices.Contains([]int{10, 20, 30}, seconds) || seconds >= 60 && seconds%60 == 0 && seconds <= maxLongLookBack
}

func (in *putMetricAlarmIn) checkPresent() error {
	switch {
	case in.MetricName == "":
		return missing("MetricName")
	case in.Namespace == "":
		return missing("Namespace")
	case in.Period == nil:
		return missing("Period")
	case in.EvaluationPeriods == nil:
		return missing("EvaluationPeriods")
	case in.Threshold == nil:
		return missing("Threshold")
	case in.ComparisonOperator == "":
		return missing("ComparisonOperator")
	case (in.Statistic == "") == (in.ExtendedStatistic == ""):
		return badCombination("Exactly one of Statistic and ExtendedStatistic must be specified.")
	}
	return nil
}

func (in *putMetricAlarmIn) watch() (*watch, error) {
	st, err := parseStatistic(in.Statistic + in.ExtendedStatistic)
	if err != nil {
		return nil, err
	}
	if st.isPercentile() == (in.ExtendedStatistic == "") {
		return nil, badValue("The value %s is invalid for its parameter: percentiles are extended statistics.", st.name)
	}
	w := &watch{
		metric: newIdentity(in.Namespace, in.MetricName, in.Dimensions), statistic: st,
		period: time.Duration(*in.Period) * time.Second, evaluationPeriods: *in.EvaluationPeriods,
		datapoints: *in.EvaluationPeriods, explicitM: in.DatapointsToAlarm != nil,
		threshold: *in.Threshold, comparison: in.ComparisonOperator,
		missing: treatMissing, explicitMissing: in.TreatMissingData != "",
	}
	if w.explicitM {
		w.datapoints = *in.DatapointsToAlarm
	}
	if w.explicitMissing {
		w.missing = in.TreatMissingData
	}
	return w, nil
}
