package awssim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	simcloudwatch "github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
)

// ordersAlarm is an alarm on the metric which putValue puts.
func ordersAlarm(name string, edit ...func(*cloudwatch.PutMetricAlarmInput)) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Shop"), MetricName: aws.String("Orders"), Statistic: cwtypes.StatisticMaximum,
		Dimensions: []cwtypes.Dimension{dimension("Place", "Ulm")}, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(5), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
	}
	for _, f := range edit {
		f(in)
	}
	return in
}

// described returns an alarm of any type.
func described(t *testing.T, c *cloudwatch.Client, name string) cwtypes.MetricAlarm {
	t.Helper()
	out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{
		AlarmNames: []string{name}, AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeCompositeAlarm, cwtypes.AlarmTypeMetricAlarm},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range out.CompositeAlarms {
		return cwtypes.MetricAlarm{AlarmName: a.AlarmName, StateValue: a.StateValue, StateReason: a.StateReason}
	}
	if len(out.MetricAlarms) != 1 {
		t.Fatalf("alarm %s: %+v", name, out)
	}
	return out.MetricAlarms[0]
}

func TestMetricAlarm(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		if _, err := c.PutMetricAlarm(t.Context(), ordersAlarm("orders")); err != nil {
			t.Fatal(err)
		}
		first := described(t, c, "orders")
		if first.StateValue != cwtypes.StateValueInsufficientData || *first.StateReason != "Unchecked: Initial alarm creation" || !first.StateUpdatedTimestamp.Equal(time.Now()) || first.DatapointsToAlarm != nil {
			t.Errorf("created %+v", first)
		}
		states := func(values ...float64) (seen []string) {
			for _, v := range values {
				putValue(t, c, "Orders", v)
				time.Sleep(time.Minute)
				seen = append(seen, string(described(t, c, "orders").StateValue))
			}
			return seen
		}
		nextMinute()
		states(1, 1)
		if got := states(1, 9, 9, 9); got[0] != "OK" || got[3] != "ALARM" {
			t.Errorf("states are %v", got)
		}
		a := described(t, c, "orders")
		if !strings.HasPrefix(*a.StateReason, "Threshold Crossed: 1 out of the last 1 datapoints [9 (") || !strings.HasSuffix(*a.StateReason, " was greater than the threshold (5) (minimum 1 datapoint for OK -> ALARM transition).") {
			t.Errorf("reason is %q", *a.StateReason)
		}
		if !a.StateTransitionedTimestamp.Equal(*a.StateUpdatedTimestamp) || !a.StateTransitionedTimestamp.After(*first.StateTransitionedTimestamp) {
			t.Errorf("times are %+v", a)
		}
		set(t, c, "orders", cwtypes.StateValueAlarm)
		if again := described(t, c, "orders"); !again.StateTransitionedTimestamp.Equal(*a.StateTransitionedTimestamp) || !again.StateUpdatedTimestamp.Equal(time.Now()) {
			t.Errorf("times are %+v", again)
		}
		set(t, c, "orders", cwtypes.StateValueOk)
		if now := described(t, c, "orders"); now.StateValue != cwtypes.StateValueOk || *now.StateReason != "a test" {
			t.Errorf("set to %+v", now)
		}
		time.Sleep(time.Minute)
		if got := described(t, c, "orders").StateValue; got != cwtypes.StateValueAlarm {
			t.Errorf("the state that was set outlives the evaluation: %s", got)
		}
		time.Sleep(5 * time.Minute)
		if got := described(t, c, "orders"); got.StateValue != cwtypes.StateValueInsufficientData || *got.StateReason != "Insufficient Data: 1 datapoint was unknown." {
			t.Errorf("without data %+v", got)
		}
	})
}

func set(t *testing.T, c *cloudwatch.Client, name string, state cwtypes.StateValue) {
	t.Helper()
	_, err := c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: aws.String("a test")})
	if err != nil {
		t.Fatal(err)
	}
}

// An alarm on logs is told to those who ask for its type only.
func TestLogAlarm(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		if err := sim.SetAlarm("logs", "OK", "a test", simcloudwatch.AlarmShape{Log: true, Period: 300, EvaluationPeriods: 3}); err != nil {
			t.Fatal(err)
		}
		if err := sim.SetAlarmEvaluation("logs", simcloudwatch.EvaluationPartialData); err != nil {
			t.Fatal(err)
		}
		ask := func(types ...cwtypes.AlarmType) *cloudwatch.DescribeAlarmsOutput {
			out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"logs"}, AlarmTypes: types})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if out := ask(cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm); len(out.MetricAlarms)+len(out.CompositeAlarms)+len(out.LogAlarms) > 0 {
			t.Errorf("without its type: %+v", out)
		}
		out := ask(cwtypes.AlarmTypeLogAlarm)
		if len(out.LogAlarms) != 1 {
			t.Fatalf("by its type: %+v", out)
		}
		a := out.LogAlarms[0]
		if a.StateValue != cwtypes.StateValueOk || a.EvaluationState != cwtypes.EvaluationStatePartialData || *a.QueryResultsToEvaluate != 3 ||
			*a.ScheduledQueryConfiguration.ScheduleConfiguration.ScheduleExpression != "rate(5 minutes)" {
			t.Errorf("got %+v", a)
		}
		if _, err := c.PutMetricAlarm(t.Context(), ordersAlarm("logs")); err == nil {
			t.Error("it became a metric alarm")
		}
		if sim.SetAlarmEvaluation("none", "") == nil || sim.SetAlarmEvaluation("logs", "ODD") == nil {
			t.Error("odd evaluations are taken")
		}
	})
}

func TestCompositeAlarm(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		drive := func(name, state string) {
			if err := sim.SetAlarm(name, state, "a test"); err != nil {
				t.Fatal(err)
			}
		}
		put := func(name, rule string) error {
			_, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule})
			return err
		}
		drive("a", "OK")
		drive("b c", "ALARM")
		if err := put("both", `ALARM(a) AND ALARM("b c")`); err != nil {
			t.Fatal(err)
		}
		if err := put("above", `ALARM("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:both")`); err != nil {
			t.Fatal(err)
		}
		if got := described(t, c, "both").StateValue; got != cwtypes.StateValueInsufficientData {
			t.Errorf("a new composite alarm is %s", got)
		}
		time.Sleep(10 * time.Second)
		states := func() string {
			return string(described(t, c, "both").StateValue + " " + described(t, c, "above").StateValue)
		}
		if got := states(); got != "OK OK" {
			t.Errorf("got %s", got)
		}
		drive("a", "ALARM")
		time.Sleep(10 * time.Second)
		if got := states(); got != "ALARM ALARM" {
			t.Errorf("got %s", got)
		}
		if err := put("x", "ALARM(nope) OR ALARM(a)"); code(err) != "ValidationError" || !strings.Contains(err.Error(), "alarms [nope] in the alarm rule do not exist") {
			t.Errorf("got %v", err)
		}
		if err := put("a", "TRUE"); code(err) != "ValidationError" {
			t.Errorf("a metric alarm became a composite one: %v", err)
		}
		if err := put("x", "ALARM(a"); code(err) != "ValidationError" {
			t.Errorf("got %v", err)
		}
		remove := func(names ...string) error {
			_, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
			return err
		}
		if err := remove("a"); code(err) != "ValidationError" || !strings.Contains(err.Error(), "both") {
			t.Errorf("got %v", err)
		}
		for _, names := range [][]string{{"above"}, {"nope", "both"}, {"a", "b c"}} {
			if err := remove(names...); err != nil {
				t.Error(err)
			}
		}
		out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
		if err != nil || len(out.MetricAlarms) != 0 {
			t.Errorf("left %+v, %v", out, err)
		}
	})
}

func TestDescribeAlarms(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		for i := range 7 {
			if err := sim.SetAlarm(fmt.Sprintf("a-%d", i), []string{"OK", "ALARM"}[i%2], "a test", simcloudwatch.AlarmShape{Period: 30, EvaluationPeriods: 2}); err != nil {
				t.Fatal(err)
			}
		}
		if err := sim.SetAlarm("b", "BROKEN", "a test"); err == nil {
			t.Error("an unknown state was accepted")
		}
		_, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("a-all"), AlarmRule: aws.String("TRUE")})
		if err != nil {
			t.Fatal(err)
		}
		names := func(in *cloudwatch.DescribeAlarmsInput) (got []string) {
			pages := cloudwatch.NewDescribeAlarmsPaginator(c, in)
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				if err != nil {
					return []string{code(err)}
				}
				for _, a := range out.MetricAlarms {
					got = append(got, *a.AlarmName)
				}
				for _, a := range out.CompositeAlarms {
					got = append(got, "composite "+*a.AlarmName)
				}
			}
			return got
		}
		composite := []cwtypes.AlarmType{cwtypes.AlarmTypeCompositeAlarm}
		tests := map[string]struct {
			in   cloudwatch.DescribeAlarmsInput
			want []string
		}{
			"all":              {cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(3)}, []string{"a-0", "a-1", "a-2", "a-3", "a-4", "a-5", "a-6"}},
			"names":            {cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a-1", "nope", "a-all", "a-4"}}, []string{"a-1", "a-4"}},
			"prefix":           {cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("a-"), AlarmTypes: composite}, []string{"composite a-all"}},
			"state":            {cloudwatch.DescribeAlarmsInput{StateValue: cwtypes.StateValueAlarm}, []string{"a-1", "a-3", "a-5"}},
			"too many":         {cloudwatch.DescribeAlarmsInput{AlarmNames: make([]string, 101)}, []string{"ValidationError"}},
			"names and prefix": {cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("a")}, []string{"ValidationError"}},
			"big page":         {cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(101)}, []string{"ValidationError"}},
			"type":             {cloudwatch.DescribeAlarmsInput{AlarmTypes: []cwtypes.AlarmType{"EventAlarm"}}, []string{"ValidationError"}},
			"no log alarms":    {cloudwatch.DescribeAlarmsInput{AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeLogAlarm}}, nil},
			"token":            {cloudwatch.DescribeAlarmsInput{NextToken: aws.String("x")}, []string{"InvalidNextToken"}},
			"actions":          {cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("arn:")}, []string{"ValidationError"}},
		}
		for name, tc := range tests {
			if diff := cmp.Diff(tc.want, names(&tc.in)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if a := described(t, c, "a-0"); *a.Period != 30 || *a.EvaluationPeriods != 2 || a.StateValue != cwtypes.StateValueOk {
			t.Errorf("got %+v", a)
		}
		time.Sleep(time.Hour)
		if a := described(t, c, "a-1"); a.StateValue != cwtypes.StateValueAlarm {
			t.Errorf("an alarm that a test drives changed by itself: %+v", a)
		}
	})
}

func TestPutMetricAlarmRefusals(t *testing.T) {
	type input = cloudwatch.PutMetricAlarmInput
	tests := map[string]struct {
		edit func(*input)
		code string
	}{
		"no statistic":   {func(in *input) { in.Statistic = "" }, "InvalidParameterCombination"},
		"both":           {func(in *input) { in.ExtendedStatistic = aws.String("p99") }, "InvalidParameterCombination"},
		"not a name":     {func(in *input) { in.Statistic = "p99" }, "InvalidParameterValue"},
		"period":         {func(in *input) { in.Period = aws.Int32(45) }, "ValidationError"},
		"no period":      {func(in *input) { in.Period = nil }, "MissingParameter"},
		"M of N":         {func(in *input) { in.DatapointsToAlarm = aws.Int32(2) }, "ValidationError"},
		"missing data":   {func(in *input) { in.TreatMissingData = aws.String("zero") }, "ValidationError"},
		"operator":       {func(in *input) { in.ComparisonOperator = cwtypes.ComparisonOperatorGreaterThanUpperThreshold }, "ValidationError"},
		"actions":        {func(in *input) { in.AlarmActions = []string{"arn:aws:sns:eu-west-1:111122223333:x"} }, "ValidationError"},
		"more than days": {func(in *input) { in.EvaluationPeriods = aws.Int32(1441) }, "ValidationError"},
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		for name, tc := range tests {
			if _, err := cwClient(sim).PutMetricAlarm(t.Context(), ordersAlarm("orders", tc.edit)); code(err) != tc.code {
				t.Errorf("%s: got %v, want %s", name, err, tc.code)
			}
		}
	})
}
