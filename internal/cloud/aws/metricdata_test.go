package aws

import (
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

// sum is a query of one metric.
func sum(name string) cloud.MetricQuery {
	return cloud.MetricQuery{Metrics: []cloud.Metric{read("", name)}}
}

func read(id, name string) cloud.Metric {
	return cloud.Metric{
		ID: id, Namespace: "AWS/ApplicationELB", Name: name, Statistic: "Sum",
		Dimensions: []cloud.Dimension{{Name: "TargetGroup", Value: "a"}, {Name: "LoadBalancer", Value: "b"}},
	}
}

// over is a query of a quotient of two metrics.
func over(a, b string) cloud.MetricQuery {
	return cloud.MetricQuery{Metrics: []cloud.Metric{read("m1", a), read("m2", b)}, Expression: "m1 / m2"}
}

func TestMetricsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := w.clients(t)
		time.Sleep(30 * time.Second) // into a minute
		now := time.Now()
		end := now.Truncate(time.Minute)
		queries := []cloud.MetricQuery{over("m6", "m2"), sum("m6"), over("m6", "m4"), over("m6", "m2")}
		got, err := c.Metrics.Read(t.Context(), queries, now.Add(-3*time.Minute))
		check(t, err)
		series := func(value float64) cloud.Series {
			s := cloud.Series{Period: time.Minute, ReadAt: now}
			for n := -3; n < 0; n++ {
				s.Points = append(s.Points, cloud.Point{Start: end.Add(time.Duration(n) * time.Minute).UTC(), Value: value})
			}
			return s
		}
		if diff := cmp.Diff([]cloud.Series{series(3), series(6), series(1.5), series(3)}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		in := w.got[0]
		if len(w.got) != 1 || in.ScanBy != "TimestampAscending" || in.MaxDatapoints != datapointsMax {
			t.Errorf("%d calls, the first %+v", len(w.got), in)
		}
		// Equal metrics are read once, and only results are returned.
		returned := map[string]bool{}
		for _, q := range in.MetricDataQueries {
			text := q.Expression
			if q.MetricStat != nil {
				text = q.MetricStat.Metric.MetricName
				if diff := cmp.Diff(read("", "").Dimensions, q.MetricStat.Metric.Dimensions); diff != "" || q.MetricStat.Period != 60 {
					t.Errorf("period %d, dimensions (-want +got):\n%s", q.MetricStat.Period, diff)
				}
			}
			returned[text] = q.ReturnData
		}
		want := map[string]bool{"m2": false, "m4": false, "m6": true, "q_0 / q_1": true, "q_0 / q_3": true}
		if diff := cmp.Diff(want, returned); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		got[1].Points[0].Value = -1
		again, err := c.Metrics.Read(t.Context(), queries[1:2], now)
		check(t, err)
		if again[0].Points[0].Value != 6 {
			t.Error("callers share their points")
		}
	})
}

func TestMetricsAreReadInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, windows = 200, 6
		w := &watch{latency: time.Second}
		c := w.clients(t)
		for n := range windows {
			var group sync.WaitGroup
			for i := range callers {
				group.Go(func() {
					queries := []cloud.MetricQuery{sum(fmt.Sprint("m", 3*i)), sum(fmt.Sprint("m", 3*i+1)), sum(fmt.Sprint("m", 3*i+2))}
					got, err := c.Metrics.Read(t.Context(), queries, time.Now().Add(-time.Duration(i)*time.Second))
					switch {
					case n < 2 && errors.Is(err, cloud.ErrPending):
					case err != nil:
						t.Errorf("caller %d in window %d: %v", i, n, err)
					case len(got) != 3 || got[2].Points[0].Value != float64(3*i+2):
						t.Errorf("caller %d in window %d got %v", i, n, got)
					}
				})
			}
			group.Wait()
			want := 2 // for 600 queries
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

func TestMetricChunks(t *testing.T) {
	var keys []string
	for i := range 400 {
		k, err := metricKey(over(fmt.Sprint("m", i), fmt.Sprint("m", i+1)))
		check(t, err)
		keys = append(keys, k)
	}
	n := 0
	for _, chunk := range metricChunks(keys, metricQueriesMax) {
		var call metricCall
		for _, k := range chunk {
			call.add(k, 60)
		}
		n += len(chunk)
		if len(call.queries) > metricQueriesMax || len(call.answers) != len(chunk) {
			t.Errorf("%d queries with %d answers for %d", len(call.queries), len(call.answers), len(chunk))
		}
	}
	if n != len(keys) {
		t.Errorf("%d queries of %d are in chunks", n, len(keys))
	}
}

// As many series are read by one call as fit into one page.
func TestMetricDatapoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := clientsOf(t, w.provider(t, Options{MetricPeriod: time.Second}), cloud.Identity{})
		var queries []cloud.MetricQuery
		for i := range 30 {
			queries = append(queries, sum(fmt.Sprint("m", i)))
		}
		_, err := c.Metrics.Read(t.Context(), queries, time.Now().Add(-cloud.MaxLookback))
		check(t, err)
		for _, in := range w.got {
			if n := len(in.MetricDataQueries) * int(in.EndTime.Sub(in.StartTime)/time.Second); n > datapointsMax {
				t.Errorf("a call reads %d points", n)
			}
		}
		if n := w.calls(); n != 4 { // nine series of 10,800 points each
			t.Errorf("%d calls were made, want 4", n)
		}
	})
}

// All queries of a call reach back as far as any of them needs, as long as that
// one is requested.
func TestMetricsSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := w.clients(t)
		ask := func(want error, name string, back time.Duration) {
			t.Helper()
			got, err := c.Metrics.Read(t.Context(), []cloud.MetricQuery{sum(name)}, time.Now().Add(-back))
			if !errors.Is(err, want) {
				t.Fatalf("error is %v, want %v", err, want)
			}
			since := time.Now().Add(-min(back, cloud.MaxLookback-time.Minute))
			if err == nil && got[0].Points[0].Start.After(since) {
				t.Fatalf("begins at %s, want %s", got[0].Points[0].Start, since)
			}
		}
		span := func() time.Duration {
			in := w.got[len(w.got)-1]
			if in.StartTime.Unix()%60 != 0 || in.EndTime.Unix()%60 != 0 || in.EndTime.After(time.Now()) || in.StartTime.Before(time.Now().Add(-cloud.MaxLookback)) {
				t.Errorf("%s is read from %s to %s", time.Now(), in.StartTime, in.EndTime)
			}
			return in.EndTime.Sub(in.StartTime)
		}
		ask(nil, "m1", 0) // a period at least
		if s := span(); s != time.Minute {
			t.Errorf("%s are read", s)
		}
		ask(nil, "m1", time.Minute)
		ask(cloud.ErrPending, "m1", 10*time.Minute)
		ask(cloud.ErrPending, "m2", 0)
		time.Sleep(window)
		ask(nil, "m2", 0)
		ask(nil, "m1", 10*time.Minute)
		ask(cloud.ErrPending, "m1", 5*time.Hour)
		time.Sleep(window)
		ask(nil, "m1", 5*time.Hour)
		time.Sleep(window / 2)
		ask(nil, "m1", 5*time.Hour)
		if s := span(); s > cloud.MaxLookback || s < cloud.MaxLookback-time.Minute {
			t.Errorf("%s are read", s)
		}
		for range interestWindows + 1 {
			time.Sleep(window)
			ask(nil, "m1", 5*time.Minute)
		}
		if s := span(); s > 7*time.Minute {
			t.Errorf("%s are read for what nobody asks any more", s)
		}
	})
}

// AWS's time may differ from the machine's, and run faster.
func TestMetricsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		begun, epoch := time.Now(), time.Unix(1_900_000_000, 0)
		now := func() time.Time { return epoch.Add(200 * time.Since(begun)) }
		p := w.provider(t, Options{BatchWindow: time.Second, MetricPeriod: 30 * time.Second, Now: now})
		c := clientsOf(t, p, cloud.Identity{})
		for range 5 {
			got, err := c.Metrics.Read(t.Context(), []cloud.MetricQuery{sum("m1")}, now().Add(-5*time.Minute))
			check(t, err)
			if s := got[0]; !s.ReadAt.Equal(now()) || s.Period != 30*time.Second || now().Sub(s.Points[len(s.Points)-1].Start) >= time.Minute {
				t.Errorf("at %s read %+v", now(), s)
			}
			time.Sleep(time.Second)
		}
		if n := w.calls(); n != 5 {
			t.Errorf("%d calls were made, want 5", n)
		}
	})
}

func TestMetricPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{pageSize: 7}
		queries := []cloud.MetricQuery{sum("m1"), over("m6", "m3"), sum("m3")}
		got, err := w.clients(t).Metrics.Read(t.Context(), queries, time.Now().Add(-20*time.Minute))
		check(t, err)
		for i, s := range got {
			for n, p := range s.Points {
				if p.Value != float64(i+1) || n > 0 && p.Start.Sub(s.Points[n-1].Start) != time.Minute {
					t.Errorf("series %d has %v at %s", i, p.Value, p.Start)
				}
			}
			if len(s.Points) != 20 {
				t.Errorf("series %d has %d points", i, len(s.Points))
			}
		}
		if n := w.calls(); n != 9 {
			t.Errorf("%d pages were read, want 9", n)
		}
	})
}

// A rejected query affects only its own callers.
func TestMetricCulprit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := w.clients(t)
		var queries []cloud.MetricQuery
		for i := range 450 {
			queries = append(queries, sum(fmt.Sprint("m", i)))
		}
		ask := func(q ...cloud.MetricQuery) error {
			_, err := c.Metrics.Read(t.Context(), q, time.Now())
			return err
		}
		check(t, ask(sum("m0")))
		for _, q := range append(queries, sum("bad1"), sum("m-bad"), sum("x-bad")) {
			if err := ask(q); err != nil && !errors.Is(err, cloud.ErrPending) {
				t.Fatal(err)
			}
		}
		w.calls()
		time.Sleep(window)
		check(t, ask(queries...))
		if n := w.calls(); n > 50 {
			t.Errorf("%d calls found the culprits", n)
		}
		wantKind(t, ask(sum("bad1")), cloud.KindInvalid)
		wantKind(t, ask(sum("m1"), sum("m-bad")), cloud.KindInvalid)
		for n := range 2 * refusedWindows {
			time.Sleep(window)
			check(t, ask(queries...))
			wantKind(t, ask(sum("bad1")), cloud.KindInvalid)
			wantKind(t, ask(sum("m-bad")), cloud.KindInvalid)
			wantKind(t, ask(sum("x-bad")), cloud.KindInvalid)
			want := 1
			if (n+1)%refusedWindows == 0 {
				want += 3 // each by itself
			}
			if calls := w.calls(); calls != want {
				t.Errorf("window %d: %d calls were made, want %d", n, calls, want)
			}
		}
	})
}

// Even if most are rejected, the search ends, and the next one continues.
func TestMetricCulpritsAreMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := w.clients(t)
		check(t, readOne(t, c, "m0"))
		for i := range 100 {
			_ = readOne(t, c, fmt.Sprint("bad", i))
			_ = readOne(t, c, fmt.Sprint("m", i))
		}
		good := 0
		for range 5 {
			time.Sleep(window)
			w.calls()
			_ = readOne(t, c, "m0")
			if n := w.calls(); n > splitCalls+suspectsMax+20 {
				t.Errorf("%d calls were made", n)
			}
			good = 0
			for i := range 100 {
				if readOne(t, c, fmt.Sprint("m", i)) == nil {
					good++
				}
			}
		}
		if good != 100 {
			t.Errorf("%d of 100 are read", good)
		}
	})
}

func readOne(t *testing.T, c cloud.Clients, name string) error {
	t.Helper()
	_, err := c.Metrics.Read(t.Context(), []cloud.MetricQuery{sum(name)}, time.Now())
	return err
}

func TestMetricsFail(t *testing.T) {
	for code, want := range map[string]struct {
		kind  cloud.Kind
		calls int
	}{
		"Throttling":           {cloud.KindThrottled, 1},
		"AccessDenied":         {cloud.KindDenied, 1},
		"InternalServiceFault": {cloud.KindTransient, 2},
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &watch{code: code}
				c := w.clients(t)
				var queries []cloud.MetricQuery
				for i := range 600 {
					queries = append(queries, sum(fmt.Sprint("m", i)))
				}
				_, err := c.Metrics.Read(t.Context(), queries, time.Now())
				wantKind(t, err, want.kind)
				wantKind(t, readOne(t, c, "m7"), want.kind)
				if err := readOne(t, c, "m1000"); !errors.Is(err, cloud.ErrPending) {
					t.Errorf("error is %v", err)
				}
				if n := w.calls(); n != want.calls {
					t.Errorf("%d calls were made, want %d", n, want.calls)
				}
				w.set(func() { w.code = "" })
				time.Sleep(window)
				check(t, readOne(t, c, "m1000"))
				check(t, readOne(t, c, "m7"))
			})
		})
	}
}

// Incomplete data isn't a reading.
func TestMetricAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{
			status: map[string]string{"m1": "PartialData", "m2": "InternalError", "m3": "Forbidden"},
			twice:  map[string]bool{"m4": true},
		}
		c := w.clients(t)
		check(t, readOne(t, c, "m9"))
		for i := range 6 {
			_ = readOne(t, c, fmt.Sprint("m", i))
		}
		time.Sleep(window)
		for i, want := range []cloud.Kind{"", cloud.KindTransient, cloud.KindTransient, cloud.KindDenied, cloud.KindInvalid, ""} {
			if err := readOne(t, c, fmt.Sprint("m", i)); cloud.KindOf(err) != want {
				t.Errorf("m%d: %v", i, err)
			}
		}
	})
}

func TestMetricQueryRefused(t *testing.T) {
	with := func(change func(m *cloud.Metric)) cloud.MetricQuery {
		q := over("a", "b")
		change(&q.Metrics[0])
		return q
	}
	expression := func(e string) cloud.MetricQuery {
		return cloud.MetricQuery{Metrics: over("a", "b").Metrics, Expression: e}
	}
	tests := map[string]cloud.MetricQuery{
		"nothing":       {},
		"two metrics":   {Metrics: over("a", "b").Metrics},
		"too many":      {Metrics: make([]cloud.Metric, 500), Expression: "m1"},
		"no namespace":  with(func(m *cloud.Metric) { m.Namespace = "" }),
		"no name":       with(func(m *cloud.Metric) { m.Name = "" }),
		"no statistic":  with(func(m *cloud.Metric) { m.Statistic = "" }),
		"no ID":         with(func(m *cloud.Metric) { m.ID = "" }),
		"same ID":       with(func(m *cloud.Metric) { m.ID = "m2" }),
		"no such ID":    with(func(m *cloud.Metric) { m.ID = "M1" }),
		"dimension":     with(func(m *cloud.Metric) { m.Dimensions[0].Value = "" }),
		"dimensions":    with(func(m *cloud.Metric) { m.Dimensions = make([]cloud.Dimension, 31) }),
		"all of a call": expression("SUM(METRICS ())"),
		"insights":      expression(" select AVG(x) FROM y"),
		"another's":     expression("m1 + q_3"),
	}
	w := &watch{}
	c := w.clients(t)
	for name, q := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := c.Metrics.Read(t.Context(), []cloud.MetricQuery{q}, time.Now())
			wantKind(t, err, cloud.KindInvalid)
		})
	}
	if n := w.calls(); n > 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestRename(t *testing.T) {
	ids := map[string]string{"m1": "q_1", "m10": "q_2", "e": "q_3", "sum": "q_4", "a_b": "q_5"}
	tests := map[string]struct{ in, want string }{
		"plain":       {"m1/m10*100", "q_1/q_2*100"},
		"whole names": {"m1+m100+xm1+a_b+a_b2", "q_1+m100+xm1+q_5+a_b2"},
		"functions":   {"SUM([m1, m10]) + sum(m1) + sum (sum) + IF(m1>0,e,0)", "SUM([q_1, q_2]) + sum(q_1) + sum (q_4) + IF(q_1>0,q_3,0)"},
		"numbers":     {"1e3*e + 0.5e*1.m1", "1e3*q_3 + 0.5e*1.m1"},
		"texts":       {`SEARCH('{AWS/X,m1} "m1"', 'Sum') + m1 + "m1 'm1" + e`, `SEARCH('{AWS/X,m1} "m1"', 'Sum') + q_1 + "m1 'm1" + q_3`},
		"escapes":     {`'it\'s m1' m1`, `'it\'s m1' q_1`},
		"open text":   {`m1 'm1`, `q_1 'q_1`},
		"lines":       {"m1\n+ m10", "q_1\n+ q_2"},
		"accents":     {"é+m1", "é+q_1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := rename(tc.in, ids); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, p := range []time.Duration{1, time.Millisecond, 2 * time.Second, 90 * time.Second, -time.Minute, 1500 * time.Millisecond} {
		if _, err := NewProvider(t.Context(), Options{MetricPeriod: p}); err == nil || !strings.Contains(err.Error(), "multiple of 60 seconds") {
			t.Errorf("period %s: %v", p, err)
		}
	}
	for _, p := range []time.Duration{0, time.Second, 30 * time.Second, time.Minute, time.Hour} {
		if _, err := NewProvider(t.Context(), Options{MetricPeriod: p}); err != nil {
			t.Errorf("period %s: %v", p, err)
		}
	}
	if _, err := NewProvider(t.Context(), Options{BatchWindow: -1}); err == nil {
		t.Error("a negative window is taken")
	}
}
