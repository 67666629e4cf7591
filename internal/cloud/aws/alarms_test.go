package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const window = defaultBatchWindow

// metric is an alarm that looks back n minutes.
func metric(state string, n int) map[string]any {
	return map[string]any{"StateValue": state, "Period": 60, "EvaluationPeriods": n}
}

func composite(rule string) map[string]any {
	return map[string]any{"StateValue": "OK", "AlarmRule": rule}
}

func TestAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changed, updated := time.Unix(1_800_000_000, 0).UTC(), time.Unix(1_800_000_060, 0).UTC()
		math := func(periods ...int) []any {
			var queries []any
			for _, p := range periods {
				queries = append(queries, map[string]any{"Id": "m", "MetricStat": map[string]any{
					"Metric": map[string]any{"MetricName": "x"}, "Period": p, "Stat": "Sum",
				}})
			}
			return append(queries, map[string]any{"Id": "e", "Expression": "m", "Period": 20})
		}
		w := &watch{alarms: map[string]map[string]any{
			"errors": {
				"StateValue": "ALARM", "StateReason": "Threshold  Crossed", "Period": 60, "EvaluationPeriods": 3,
				"StateTransitionedTimestamp": changed, "StateUpdatedTimestamp": updated,
			},
			"math":   {"StateValue": "OK", "EvaluationPeriods": 2, "Metrics": math(60, 300), "StateUpdatedTimestamp": updated},
			"silent": {"StateValue": "INSUFFICIENT_DATA"},
			"prom": {"StateValue": "OK", "EvaluationInterval": 60, "EvaluationCriteria": map[string]any{
				"PromQLCriteria": map[string]any{"Query": "up", "PendingPeriod": 600},
			}},
		}}
		now := time.Now()
		got, err := w.clients(t).Alarms.States(t.Context(), []string{"prom", "errors", "none", "math", "silent", "errors"})
		check(t, err)
		want := []cloud.Alarm{
			{Name: "prom", State: cloud.AlarmOK, Span: 11 * time.Minute, ReadAt: now},
			{Name: "errors", State: cloud.AlarmFiring, Reason: "Threshold Crossed", Since: changed, Span: 3 * time.Minute, ReadAt: now},
			{Name: "math", State: cloud.AlarmOK, Since: updated, Span: 10 * time.Minute, ReadAt: now},
			{Name: "silent", State: cloud.AlarmInsufficientData, Span: unknownSpan, ReadAt: now},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Alarms on logs are found like any other, and what CloudWatch says of an
// evaluation is passed on, also to the composite alarms on top of it.
func TestLogAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:logs"
		logs := func(schedule, doubt string) map[string]any {
			return map[string]any{"AlarmArn": arn, "StateValue": "OK", "EvaluationState": doubt, "QueryResultsToEvaluate": 3, "ScheduledQueryConfiguration": map[string]any{
				"AggregationExpression": "count(*)", "QueryString": "fields @message", "ScheduledQueryRoleARN": "arn:aws:iam::111122223333:role/query",
				"ScheduleConfiguration": map[string]any{"ScheduleExpression": schedule, "StartTimeOffset": 360},
			}}
		}
		w := &watch{alarms: map[string]map[string]any{
			"logs":  logs("rate(10 minutes)", ""),
			"some":  logs("rate(1 hour)", "PARTIAL_DATA"),
			"cron":  logs("cron(0 * * * ? *)", "EVALUATION_FAILURE"),
			"wrong": {"StateValue": "OK", "Period": 60, "EvaluationPeriods": 1, "EvaluationState": "EVALUATION_ERROR"},
			"all":   composite("ALARM(logs) OR ALARM(wrong)"),
		}}
		c := w.clients(t).Alarms
		names := []string{"logs", "some", "cron", "wrong", "all"}
		if _, err := c.States(t.Context(), names); err != nil && !errors.Is(err, cloud.ErrPending) {
			t.Fatal(err)
		}
		time.Sleep(window) // until the composite alarm's children are read
		got, err := c.States(t.Context(), names)
		check(t, err)
		now := time.Now()
		want := []cloud.Alarm{
			{Name: "logs", ARN: arn, State: cloud.AlarmOK, Span: 36 * time.Minute, ReadAt: now},
			{Name: "some", ARN: arn, State: cloud.AlarmOK, Doubt: "PARTIAL_DATA", Span: 3*time.Hour + 6*time.Minute, ReadAt: now},
			{Name: "cron", ARN: arn, State: cloud.AlarmOK, Doubt: "EVALUATION_FAILURE", Span: 3*unknownSpan + 6*time.Minute, ReadAt: now},
			{Name: "wrong", State: cloud.AlarmOK, Doubt: "EVALUATION_ERROR", Span: time.Minute, ReadAt: now},
			{Name: "all", State: cloud.AlarmOK, Doubt: "EVALUATION_ERROR of wrong", Span: 36 * time.Minute, ReadAt: now},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAlarmNames(t *testing.T) {
	w := &watch{}
	for _, name := range []string{"", "a\nb", "\xff", strings.Repeat("é", 256)} {
		_, err := w.clients(t).Alarms.States(t.Context(), []string{"ok", name})
		wantKind(t, err, cloud.KindInvalid)
	}
	if n := w.calls(); n > 0 {
		t.Errorf("%d calls were made", n)
	}
}

// There is one call per hundred names and window, however many callers there
// are.
func TestAlarmsAreReadInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, windows = 200, 5
		w := &watch{alarms: map[string]map[string]any{}, latency: 300 * time.Millisecond}
		for i := range callers {
			w.alarms[fmt.Sprint("alarm-", i)] = metric("OK", i+1)
		}
		c := w.clients(t)
		poll := func(i int, mayBePending bool) {
			names := []string{fmt.Sprint("alarm-", i), fmt.Sprint("alarm-", (i+1)%callers)}
			got, err := c.Alarms.States(t.Context(), names)
			switch {
			case mayBePending && errors.Is(err, cloud.ErrPending):
			case err != nil || len(got) != 2 || got[0].Name != names[0] || got[1].Name != names[1]:
				t.Errorf("caller %d got %v, %v", i, got, err)
			case time.Since(got[0].ReadAt) > window+time.Second:
				t.Errorf("caller %d got a reading from %s ago", i, time.Since(got[0].ReadAt))
			}
		}
		for n := range windows {
			var group sync.WaitGroup
			for i := range callers {
				group.Go(func() {
					for range 10 {
						poll(i, n < 2)
						time.Sleep(time.Second)
					}
				})
			}
			group.Wait()
			// The caller that reads takes longer, so ten rounds may see two
			// reads.
			if calls := w.calls(); n == 0 && calls != 1 || n > 0 && calls > 4 {
				t.Errorf("window %d: %d calls were made", n, calls)
			}
		}
	})
}

// The number of calls in each window is exact if all callers come at once.
func TestAlarmCallsPerWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, windows = 200, 6
		w := &watch{latency: time.Second}
		c := w.clients(t)
		for n := range windows {
			var group sync.WaitGroup
			for i := range callers {
				group.Go(func() {
					_, err := c.Alarms.States(t.Context(), []string{fmt.Sprint("alarm-", i), "shared"})
					if err != nil && (n > 1 || !errors.Is(err, cloud.ErrPending)) {
						t.Errorf("caller %d in window %d: %v", i, n, err)
					}
				})
			}
			group.Wait()
			want := 3 // for 201 names
			if n == 0 {
				want = 1 // for those of the first caller
			}
			if calls := w.calls(); calls != want {
				t.Errorf("window %d: %d calls were made, want %d", n, calls, want)
			}
			time.Sleep(window)
		}
	})
}

func TestAlarmsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{alarms: map[string]map[string]any{"a": metric("OK", 1), "b": metric("ALARM", 1)}}
		c := w.clients(t)
		ask := func(want error, names ...string) {
			t.Helper()
			if got, err := c.Alarms.States(t.Context(), names); !errors.Is(err, want) || err == nil && len(got) != len(names) {
				t.Fatalf("%v, %s: %v, %v", names, time.Now(), got, err)
			}
		}
		ask(nil, "a")
		ask(cloud.ErrPending, "b")
		ask(cloud.ErrPending, "a", "b")
		ask(nil, "a")
		time.Sleep(window - time.Millisecond)
		ask(cloud.ErrPending, "b")
		time.Sleep(time.Millisecond)
		ask(nil, "a") // which reads b, too
		ask(nil, "b")
		if n := w.calls(); n != 2 {
			t.Errorf("%d calls were made, want 2", n)
		}
	})
}

func TestAlarmsFailAndRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{alarms: map[string]map[string]any{"a": metric("OK", 1)}}
		c := w.clients(t)
		ask := func() error {
			_, err := c.Alarms.States(t.Context(), []string{"a"})
			return err
		}
		check(t, ask())
		w.set(func() { w.code = "InternalServiceFault" })
		for range staleWindows {
			time.Sleep(window)
			wantKind(t, ask(), cloud.KindTransient) // the one who reads
			check(t, ask())                         // the others
		}
		time.Sleep(time.Millisecond)
		wantKind(t, ask(), cloud.KindTransient) // now it is too old
		if n := w.calls(); n != 1+staleWindows {
			t.Errorf("%d calls were made, want %d", n, 1+staleWindows)
		}
		w.set(func() { w.code = "" })
		wantKind(t, ask(), cloud.KindTransient)
		time.Sleep(window - time.Millisecond)
		check(t, ask())
		check(t, ask())
		if n := w.calls(); n != 1 {
			t.Errorf("%d calls were made, want 1", n)
		}
	})
}

// Names that weren't requested lately are neither read nor returned.
func TestAlarmInterestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{alarms: map[string]map[string]any{"a": metric("OK", 1), "b": metric("OK", 1)}}
		c := w.clients(t)
		_, err := c.Alarms.States(t.Context(), []string{"a", "b"})
		check(t, err)
		for n := range 8 {
			time.Sleep(window)
			_, err := c.Alarms.States(t.Context(), []string{"a"})
			check(t, err)
			want := []string{"a", "b"}
			if n+1 >= interestWindows {
				want = []string{"a"}
			}
			if diff := cmp.Diff(want, w.described[len(w.described)-1].AlarmNames); diff != "" {
				t.Errorf("window %d (-want +got):\n%s", n, diff)
			}
		}
		if _, err := c.Alarms.States(t.Context(), []string{"b"}); !errors.Is(err, cloud.ErrPending) {
			t.Errorf("error is %v", err)
		}
	})
}

// If the caller that reads for others gives up, the others still get the
// result.
func TestAlarmsOfACallerWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{alarms: map[string]map[string]any{"a": metric("OK", 1)}, latency: 5 * time.Second}
		c := w.clients(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Alarms.States(ctx, []string{"a"})
		wantKind(t, err, cloud.KindTransient)
		_, err = c.Alarms.States(t.Context(), []string{"a"})
		check(t, err)
		time.Sleep(window)
		_, err = c.Alarms.States(ctx, []string{"a"})
		wantKind(t, err, cloud.KindTransient)
		if n := w.calls(); n != 1 {
			t.Errorf("%d calls were made, want 1", n)
		}
	})
}

func TestAlarmPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{alarms: map[string]map[string]any{}, pageSize: 10}
		var names []string
		for i := range 35 {
			names = append(names, fmt.Sprint("alarm-", i))
			w.alarms[names[i]] = metric("OK", 1)
		}
		got, err := w.clients(t).Alarms.States(t.Context(), names)
		check(t, err)
		if len(got) != len(names) || len(w.described) != 4 || w.described[0].MaxRecords != 100 {
			t.Errorf("%d alarms from %d pages of %d", len(got), len(w.described), w.described[0].MaxRecords)
		}
	})
}

func TestCompositeSpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{alarms: map[string]map[string]any{
			"short": metric("OK", 2), "long": metric("OK", 30), "always": composite("TRUE"),
			"both":   composite(`ALARM("short") OR NOT OK(long)`),
			"small":  composite("ALARM(short) AND ALARM(gone)"),
			"outer":  composite("INSUFFICIENT_DATA(both)"),
			"circle": composite("ALARM(circle2) OR ALARM(short)"), "circle2": composite("ALARM(circle)"),
		}}
		for i := range 9 {
			w.alarms[fmt.Sprint("deep-", i)] = composite(fmt.Sprintf("ALARM(deep-%d)", i+1))
		}
		w.alarms["deep-9"] = metric("OK", 60)
		names := []string{"both", "small", "outer", "circle", "always", "deep-0", "deep-5"}
		c := w.clients(t)
		spans := func() map[string]time.Duration {
			got, err := c.Alarms.States(t.Context(), names)
			check(t, err)
			out := map[string]time.Duration{}
			for _, a := range got {
				out[a.Name] = a.Span
			}
			return out
		}
		for _, s := range spans() {
			if s < unknownSpan {
				t.Errorf("a span is %s before the children are read", s)
			}
		}
		for range 8 {
			time.Sleep(window)
			spans()
		}
		want := map[string]time.Duration{
			"both": 30 * time.Minute, "small": 2 * time.Minute, "outer": 30 * time.Minute, "circle": 2 * time.Minute,
			"always": unknownSpan, "deep-0": unknownSpan, "deep-5": 60 * time.Minute,
		}
		if diff := cmp.Diff(want, spans()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// Children are dropped with their parents.
		names = []string{"short"}
		for range 8 {
			time.Sleep(window)
			spans()
		}
		if diff := cmp.Diff(names, w.described[len(w.described)-1].AlarmNames); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestChildrenOf(t *testing.T) {
	tests := map[string]struct {
		rule string
		want []string
	}{
		"none":     {"TRUE OR FALSE", nil},
		"plain":    {"ALARM(a) AND NOT OK( b-1 ) OR INSUFFICIENT_DATA(c d)", []string{"a", "b-1", "c d"}},
		"quoted":   {`(ALARM("a (1)") OR ALARM ( "OK(x)" ))`, []string{"a (1)", "OK(x)"}},
		"escaped":  {`ALARM("say \"a\"")`, []string{`say "a"`}},
		"repeated": {"ALARM(a) OR OK(a)", []string{"a"}},
		"ARN":      {"ALARM(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a:b)", []string{"a:b"}},
		"at least": {`AT_LEAST(2, ALARM, (a, "b, c", d)) AND OK(e)`, []string{"e", "a", "b, c", "d"}},
		"of all":   {`AT_LEAST(50%, NOT OK, (a,b))`, []string{"a", "b"}},
		"broken":   {`ALARM() OR ALARM("") OR ALARM("a OR OK(`, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, childrenOf(tc.rule)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
