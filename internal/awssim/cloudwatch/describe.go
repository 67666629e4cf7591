package cloudwatch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

type describeAlarmsIn struct {
	AlarmNames      []string
	AlarmNamePrefix string
	AlarmTypes      []string
	StateValue      string
	MaxRecords      *int
	NextToken       string
}

// alarmOut is what all kinds of alarms show.
type alarmOut struct {
	AlarmName                          string
	AlarmArn                           string
	AlarmDescription                   string `cbor:",omitempty"`
	AlarmConfigurationUpdatedTimestamp time.Time
	ActionsEnabled                     bool
	OKActions                          []string
	AlarmActions                       []string
	InsufficientDataActions            []string
	StateValue                         string
	StateReason                        string
	StateReasonData                    string `cbor:",omitempty"`
	StateUpdatedTimestamp              time.Time
	StateTransitionedTimestamp         time.Time
}

type metricAlarmOut struct {
	alarmOut
	MetricName         string
	Namespace          string
	Statistic          string `cbor:",omitempty"`
	ExtendedStatistic  string `cbor:",omitempty"`
	Dimensions         []Dimension
	Period             int
	EvaluationPeriods  int
	DatapointsToAlarm  *int `cbor:",omitempty"`
	Threshold          float64
	ComparisonOperator string
	TreatMissingData   string `cbor:",omitempty"`
	EvaluationState    string `cbor:",omitempty"`
}

// logAlarmOut is an alarm on what a scheduled query of logs finds.
type logAlarmOut struct {
	alarmOut
	QueryResultsToEvaluate      int
	QueryResultsToAlarm         int
	Threshold                   float64
	ComparisonOperator          string
	EvaluationState             string `cbor:",omitempty"`
	ScheduledQueryConfiguration scheduledQuery
}

type scheduledQuery struct {
	AggregationExpression string
	QueryString           string
	QueryARN              string
	ScheduledQueryRoleARN string
	LogGroupIdentifiers   []string
	ScheduleConfiguration struct {
		ScheduleExpression string
		StartTimeOffset    int64
	}
}

type compositeAlarmOut struct {
	alarmOut
	AlarmRule string
}

type describeAlarmsOut struct {
	MetricAlarms    []metricAlarmOut
	CompositeAlarms []compositeAlarmOut
	LogAlarms       []logAlarmOut
	NextToken       string `cbor:",omitempty"`
}

// The kinds of alarms.
const (
	typeMetric    = "MetricAlarm"
	typeComposite = "CompositeAlarm"
	typeLog       = "LogAlarm"
)

const (
	alarmPage    = 50
	maxAlarmPage = 100
)

// describeAlarms lists alarms by name. Unknown names are left out; so are alarms
// other than those on metrics, unless they are asked for.
func (s *Service) describeAlarms(in describeAlarmsIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	size := alarmPage
	if in.MaxRecords != nil {
		size = *in.MaxRecords
	}
	out := describeAlarmsOut{MetricAlarms: []metricAlarmOut{}, CompositeAlarms: []compositeAlarmOut{}, LogAlarms: []logAlarmOut{}}
	last := ""
	for _, name := range s.alarmNames() {
		a := s.alarms[name]
		if "after:"+name <= in.NextToken || !in.wants(a) {
			continue
		}
		if len(out.MetricAlarms)+len(out.CompositeAlarms)+len(out.LogAlarms) == size {
			out.NextToken = "after:" + last
			break
		}
		last = name
		switch a.kind() {
		case typeComposite:
			out.CompositeAlarms = append(out.CompositeAlarms, compositeAlarmOut{a.common(), a.ruleText})
		case typeLog:
			out.LogAlarms = append(out.LogAlarms, s.logAlarm(a))
		default:
			out.MetricAlarms = append(out.MetricAlarms, a.metricAlarm())
		}
	}
	return out, nil
}

func (in *describeAlarmsIn) check() error {
	if err := checkNames(in.AlarmNames); err != nil {
		return err
	}
	switch {
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != "":
		return invalid("AlarmNamePrefix and AlarmNames cannot be specified together")
	case in.StateValue != "" && !slices.Contains(states(), in.StateValue):
		return invalid("1 validation error detected: Value '%s' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", in.StateValue)
	case in.NextToken != "" && !strings.HasPrefix(in.NextToken, "after:"):
		return badToken()
	case in.MaxRecords != nil && (*in.MaxRecords < 1 || *in.MaxRecords > maxAlarmPage):
		return invalid("1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and %d", *in.MaxRecords, maxAlarmPage)
	}
	return in.checkLists()
}

func (in *describeAlarmsIn) checkLists() error {
	for _, kind := range in.AlarmTypes {
		if !oneOf(kind, typeMetric, typeComposite, typeLog) {
			return invalid("The value %s for parameter AlarmTypes is not known or not simulated.", kind)
		}
	}
	for _, name := range in.AlarmNames {
		if err := checkAlarmName(name); err != nil {
			return err
		}
	}
	return nil
}

func (in *describeAlarmsIn) wants(a *alarm) bool {
	types := in.AlarmTypes
	if len(types) == 0 {
		types = []string{typeMetric}
	}
	return slices.Contains(types, a.kind()) &&
		(len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, a.name)) &&
		strings.HasPrefix(a.name, in.AlarmNamePrefix) &&
		(in.StateValue == "" || in.StateValue == a.state)
}

// kind is the alarm's type in AWS.
func (a *alarm) kind() string {
	switch {
	case a.rule != nil:
		return typeComposite
	case a.log:
		return typeLog
	default:
		return typeMetric
	}
}

func (a *alarm) common() alarmOut {
	return alarmOut{
		AlarmName: a.name, AlarmArn: a.arn, AlarmDescription: a.description,
		AlarmConfigurationUpdatedTimestamp: a.configured, ActionsEnabled: a.actionsEnabled,
		OKActions: []string{}, AlarmActions: append([]string{}, a.actions...), InsufficientDataActions: []string{},
		StateValue: a.state, StateReason: a.reason, StateReasonData: a.reasonData,
		StateUpdatedTimestamp: a.updated, StateTransitionedTimestamp: a.transitioned,
	}
}

func (a *alarm) metricAlarm() metricAlarmOut {
	w := a.watch
	out := metricAlarmOut{
		alarmOut: a.common(), MetricName: w.metric.name, Namespace: w.metric.namespace, Dimensions: listed(w.metric.dimensions),
		Period: int(w.period / time.Second), EvaluationPeriods: w.evaluationPeriods,
		Threshold: w.threshold, ComparisonOperator: w.comparison, EvaluationState: a.evaluation,
	}
	if w.statistic.isPercentile() {
		out.ExtendedStatistic = w.statistic.name
	} else {
		out.Statistic = w.statistic.name
	}
	if w.explicitM {
		out.DatapointsToAlarm = new(w.datapoints)
	}
	if w.explicitMissing {
		out.TreatMissingData = w.missing
	}
	return out
}

// logAlarm shows an alarm on logs. Its query is made up: nothing runs it.
func (s *Service) logAlarm(a *alarm) logAlarmOut {
	w := a.watch
	out := logAlarmOut{
		alarmOut: a.common(), QueryResultsToEvaluate: w.evaluationPeriods, QueryResultsToAlarm: w.datapoints,
		Threshold: w.threshold, ComparisonOperator: w.comparison, EvaluationState: a.evaluation,
		ScheduledQueryConfiguration: scheduledQuery{
			AggregationExpression: "count(*)", QueryString: "fields @message", QueryARN: s.world.ARN("logs", "scheduled-query:"+a.name),
			ScheduledQueryRoleARN: "arn:aws:iam::" + s.world.Account + ":role/scheduled-query", LogGroupIdentifiers: []string{a.name},
		},
	}
	schedule := &out.ScheduledQueryConfiguration.ScheduleConfiguration
	schedule.ScheduleExpression, schedule.StartTimeOffset = rate(w.period), int64(w.period/time.Second)
	return out
}

// rate writes how often a query runs as AWS does.
func rate(every time.Duration) string {
	minutes := max(int(every/time.Minute), 1)
	if minutes == 1 {
		return "rate(1 minute)"
	}
	return fmt.Sprintf("rate(%d minutes)", minutes)
}

// listed is a list of dimensions as AWS writes it: one without any is there,
// too.
func listed(in []Dimension) []Dimension { return append([]Dimension{}, in...) }
