package aws

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	// describeAlarmsMax is the maximum that DescribeAlarms accepts.
	describeAlarmsMax = 100
	// alarmPagesMax limits the pages of a response. Names that fit into one
	// page get one page.
	alarmPagesMax = 10
	// unknownSpan is the span of an alarm that doesn't say.
	unknownSpan = 5 * time.Minute
	// alarmDepth is how deeply composite alarms are followed.
	alarmDepth = 5
	// alarmNameMax is in characters.
	alarmNameMax = 255
)

// alarms implements cloud.Alarms.
type alarms struct {
	api   cloudWatchAPI
	now   func() time.Time
	batch batch[alarm]
}

// alarm is what is known about a name.
type alarm struct {
	// exists is false for a name without an alarm.
	exists bool
	cloud.Alarm
	// children of a composite alarm; its Span is resolved when it is returned.
	children []string
}

func newAlarms(api cloudWatchAPI, window time.Duration, now func() time.Time) *alarms {
	a := &alarms{api: api, now: now}
	a.batch = batch[alarm]{
		window:  window,
		related: descendants,
		begin: func() round[alarm] {
			return round[alarm]{chunks: alarmChunks, read: a.read}
		},
	}
	return a
}

func (a *alarms) States(ctx context.Context, names []string) ([]cloud.Alarm, error) {
	for _, name := range names {
		if !isAlarmName(name) {
			return nil, invalid(fmt.Sprintf("%q is no name of an alarm: one has 1 to %d characters, none of them a control character", name, alarmNameMax))
		}
	}
	var out []cloud.Alarm
	err := a.batch.get(ctx, names, func(known map[string]*want[alarm]) error {
		for _, name := range unseen(map[string]bool{}, names) {
			if found := known[name].value; found.exists {
				found.Span = span(name, known)
				found.Doubt = cmp.Or(found.Doubt, doubtOfChildren(name, known))
				out = append(out, found.Alarm)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func alarmChunks(names []string) [][]string {
	return slices.Collect(slices.Chunk(names, describeAlarmsMax))
}

func isAlarmName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= alarmNameMax && !strings.ContainsFunc(name, unicode.IsControl)
}

// read describes at most describeAlarmsMax alarms.
func (a *alarms) read(ctx context.Context, names []string) (map[string]result[alarm], error) {
	now := a.now()
	results := map[string]result[alarm]{}
	for _, name := range names {
		results[name] = result[alarm]{}
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(a.api, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		// Without types, only metric alarms are returned.
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm},
		MaxRecords: new(int32(describeAlarmsMax)),
	}, func(o *cloudwatch.DescribeAlarmsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for n := 0; pages.HasMorePages(); n++ {
		if n == alarmPagesMax {
			return nil, answerError(cloud.KindTransient, "cloudwatch:DescribeAlarms", "", "the answer has no end")
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for i := range page.MetricAlarms {
			found := metricAlarm(&page.MetricAlarms[i], now)
			results[found.Name] = result[alarm]{value: found}
		}
		for i := range page.CompositeAlarms {
			found := compositeAlarm(&page.CompositeAlarms[i], now)
			results[found.Name] = result[alarm]{value: found}
		}
		for i := range page.LogAlarms {
			found := logAlarm(&page.LogAlarms[i], now)
			results[found.Name] = result[alarm]{value: found}
		}
	}
	return results, nil
}

func metricAlarm(m *types.MetricAlarm, now time.Time) alarm {
	period := awssdk.ToInt32(m.Period)
	for i := range m.Metrics {
		q := &m.Metrics[i]
		period = max(period, awssdk.ToInt32(q.Period))
		if q.MetricStat != nil {
			period = max(period, awssdk.ToInt32(q.MetricStat.Period))
		}
	}
	looks := seconds(awssdk.ToInt32(m.EvaluationPeriods)) * time.Duration(period)
	if q, ok := m.EvaluationCriteria.(*types.EvaluationCriteriaMemberPromQLCriteria); ok {
		looks = seconds(awssdk.ToInt32(q.Value.PendingPeriod)) + seconds(awssdk.ToInt32(m.EvaluationInterval))
	}
	if looks <= 0 {
		looks = unknownSpan
	}
	return alarm{exists: true, Alarm: cloud.Alarm{
		Name:   awssdk.ToString(m.AlarmName),
		ARN:    awssdk.ToString(m.AlarmArn),
		State:  cloud.AlarmState(m.StateValue),
		Reason: clean(awssdk.ToString(m.StateReason)),
		Since:  firstTime(m.StateTransitionedTimestamp, m.StateUpdatedTimestamp),
		Doubt:  string(m.EvaluationState),
		Span:   looks,
		ReadAt: now,
	}}
}

// logAlarm is an alarm on the last results of a scheduled query of logs.
func logAlarm(l *types.LogAlarm, now time.Time) alarm {
	looks := unknownSpan
	if q := l.ScheduledQueryConfiguration; q != nil && q.ScheduleConfiguration != nil {
		s := q.ScheduleConfiguration
		looks = max(looks, time.Duration(max(awssdk.ToInt32(l.QueryResultsToEvaluate), 1))*rate(awssdk.ToString(s.ScheduleExpression))+
			time.Duration(awssdk.ToInt64(s.StartTimeOffset))*time.Second)
	}
	return alarm{exists: true, Alarm: cloud.Alarm{
		Name:   awssdk.ToString(l.AlarmName),
		ARN:    awssdk.ToString(l.AlarmArn),
		State:  cloud.AlarmState(l.StateValue),
		Reason: clean(awssdk.ToString(l.StateReason)),
		Since:  firstTime(l.StateTransitionedTimestamp, l.StateUpdatedTimestamp),
		Doubt:  string(l.EvaluationState),
		Span:   looks,
		ReadAt: now,
	}}
}

var rateShape = regexp.MustCompile(`^rate\(([0-9]{1,6}) (minute|hour|day)s?\)$`)

// rate reads how often a query runs, such as rate(5 minutes); unknownSpan if it
// can't.
func rate(expression string) time.Duration {
	m := rateShape.FindStringSubmatch(expression)
	if m == nil {
		return unknownSpan
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return unknownSpan
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	return time.Duration(n) * unit
}

func compositeAlarm(c *types.CompositeAlarm, now time.Time) alarm {
	return alarm{exists: true, children: childrenOf(awssdk.ToString(c.AlarmRule)), Alarm: cloud.Alarm{
		Name:   awssdk.ToString(c.AlarmName),
		ARN:    awssdk.ToString(c.AlarmArn),
		State:  cloud.AlarmState(c.StateValue),
		Reason: clean(awssdk.ToString(c.StateReason)),
		Since:  firstTime(c.StateTransitionedTimestamp, c.StateUpdatedTimestamp),
		Span:   unknownSpan,
		ReadAt: now,
	}}
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// firstTime returns the first time that is set, else zero.
func firstTime(times ...*time.Time) time.Time {
	for _, t := range times {
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// span of a composite alarm is the longest span of the alarms on which it
// depends, as far as these are known.
func span(name string, known map[string]*want[alarm]) time.Duration {
	seen, level := map[string]bool{name: true}, []string{name}
	var longest time.Duration
	for depth := 0; len(level) > 0; depth++ {
		var next []string
		for _, n := range level {
			w := known[n]
			switch {
			case w == nil || w.readAt.IsZero() || depth == alarmDepth && len(w.value.children) > 0:
				longest = max(longest, unknownSpan)
			case len(w.value.children) == 0:
				longest = max(longest, w.value.Span)
			default:
				next = append(next, unseen(seen, w.value.children)...)
			}
		}
		level = next
	}
	if longest == 0 {
		return unknownSpan
	}
	return longest
}

// doubtOfChildren is why the state of an alarm on which a composite one depends
// may not be so; "" if there is no doubt.
func doubtOfChildren(name string, known map[string]*want[alarm]) string {
	for _, child := range descendants([]string{name}, known) {
		if w := known[child]; w != nil && w.value.Doubt != "" {
			return w.value.Doubt + " of " + child
		}
	}
	return ""
}

// unseen returns the names that aren't in seen, and adds them to it.
func unseen(seen map[string]bool, names []string) []string {
	var out []string
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// descendants returns the alarms on which composite ones among names depend, as
// far as these have been read.
func descendants(names []string, known map[string]*want[alarm]) []string {
	seen := map[string]bool{}
	for _, name := range names {
		seen[name] = true
	}
	var all []string
	level := names
	for range alarmDepth {
		var next []string
		for _, name := range level {
			if w := known[name]; w != nil {
				next = append(next, unseen(seen, w.value.children)...)
			}
		}
		all = append(all, next...)
		level = next
	}
	return all
}

// The rule of a composite alarm names other alarms one by one, ALARM("a"), or
// several at once, AT_LEAST(2, ALARM, (a, "b")).
var (
	ruleState = regexp.MustCompile(`\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*("(?:[^"\\]|\\.)*"|[^()"]+)\s*\)`)
	ruleCount = regexp.MustCompile(`\bAT_LEAST\s*\(\s*[^,()"]+,\s*[^,()"]+,\s*\(((?:"(?:[^"\\]|\\.)*"|[^()"])*)\)`)
	ruleNames = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^,"]+`)
	ruleQuote = regexp.MustCompile(`\\(.)`)
)

// childrenOf returns the names of the alarms in a composite alarm's rule.
func childrenOf(rule string) []string {
	var found []string
	add := func(name string) {
		name = strings.TrimSpace(name)
		if strings.HasPrefix(name, `"`) {
			name = ruleQuote.ReplaceAllString(name[1:len(name)-1], "$1")
		}
		if strings.HasPrefix(name, "arn:") {
			_, name, _ = strings.Cut(name, ":alarm:")
		}
		if isAlarmName(name) && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	for _, m := range ruleState.FindAllStringSubmatch(rule, -1) {
		add(m[1])
	}
	for _, m := range ruleCount.FindAllStringSubmatch(rule, -1) {
		for _, name := range ruleNames.FindAllString(m[1], -1) {
			add(name)
		}
	}
	return found
}
