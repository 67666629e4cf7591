package awssim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	simcloudwatch "github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
)

func cwClient(sim *Sim) *cloudwatch.Client { return cloudwatch.NewFromConfig(sdkConfig(sim, 1)) }

// shop is a revision that serves behind a listener.
type shop struct {
	t                *testing.T
	sim              *Sim
	cw               *cloudwatch.Client
	listener, group  string
	cluster, service string
}

func newShop(t *testing.T, sim *Sim, image string) *shop {
	t.Helper()
	c := cfnClient(sim)
	listener, err := sim.CreateListener("shop", 80)
	if err != nil {
		t.Fatal(err)
	}
	id := create(t, c, "checkout-1", fmt.Sprintf(revisionTemplate, listener, image))
	s := &shop{t: t, sim: sim, cw: cwClient(sim), listener: listener}
	for _, o := range settle(t, c, id).Outputs {
		switch *o.OutputKey {
		case "Targets":
			s.group = *o.OutputValue
		case "Cluster":
			s.cluster = *o.OutputValue
		case "Service":
			s.service = *o.OutputValue
		}
	}
	if s.service == "" {
		t.Fatalf("the revision doesn't start: %v", history(t, c, id))
	}
	return s
}

// ask sends requests to the revision, one each millisecond.
func (s *shop) ask(times int) {
	for range times {
		req := httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart", nil)
		req.Header.Set("X-Revision", "1")
		s.sim.Route(s.listener, req)
		time.Sleep(time.Millisecond)
	}
}

// balancer and target are the values of CloudWatch's dimensions.
func (s *shop) balancer() string {
	parts := strings.Split(s.listener, "/")
	return "app/" + parts[2] + "/" + parts[3]
}

func (s *shop) target() string { return s.group[strings.LastIndex(s.group, ":")+1:] }

func dimension(name, value string) cwtypes.Dimension {
	return cwtypes.Dimension{Name: &name, Value: &value}
}

// query asks for a metric of the target group, or of the load balancer for an
// ELB metric.
func (s *shop) query(id, name, stat string, period int32) cwtypes.MetricDataQuery {
	m := &cwtypes.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &name,
		Dimensions: []cwtypes.Dimension{dimension("TargetGroup", s.target()), dimension("LoadBalancer", s.balancer())}}
	if strings.HasPrefix(name, "HTTPCode_ELB") {
		m.Dimensions = m.Dimensions[1:]
	}
	if strings.HasSuffix(name, "Utilization") {
		m.Namespace = aws.String("AWS/ECS")
		m.Dimensions = []cwtypes.Dimension{dimension("ClusterName", s.cluster), dimension("ServiceName", s.service)}
	}
	return cwtypes.MetricDataQuery{Id: &id, MetricStat: &cwtypes.MetricStat{Metric: m, Period: &period, Stat: &stat}}
}

func (s *shop) get(from, to time.Time, queries ...cwtypes.MetricDataQuery) map[string]cwtypes.MetricDataResult {
	s.t.Helper()
	out, err := s.cw.GetMetricData(s.t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: &from, EndTime: &to, MetricDataQueries: queries, ScanBy: cwtypes.ScanByTimestampAscending,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	results := map[string]cwtypes.MetricDataResult{}
	for _, r := range out.MetricDataResults {
		if len(r.Timestamps) != len(r.Values) || r.StatusCode != cwtypes.StatusCodeComplete {
			s.t.Errorf("odd result %+v", r)
		}
		results[*r.Id] = r
	}
	return results
}

func sum(r cwtypes.MetricDataResult) float64 {
	total := 0.0
	for _, v := range r.Values {
		total += v
	}
	return total
}

// nextMinute waits until the next whole minute.
func nextMinute() { time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))) }

func TestRequestMetricsMatchTheDataPlane(t *testing.T) {
	bubble(t, Options{Seed: 4}, func(t *testing.T, sim *Sim) {
		s := newShop(t, sim, "checkout:err20-cpu95")
		nextMinute()
		start := time.Now()
		for range 3 {
			s.ask(1000)
			nextMinute()
		}
		queries := []cwtypes.MetricDataQuery{
			s.query("requests", "RequestCount", "Sum", 60), s.query("ok", "HTTPCode_Target_2XX_Count", "Sum", 60),
			s.query("failed", "HTTPCode_Target_5XX_Count", "Sum", 60), s.query("own", "HTTPCode_ELB_5XX_Count", "Sum", 60),
			s.query("refused", "TargetConnectionErrorCount", "Sum", 60), s.query("redirects", "HTTPCode_Target_3XX_Count", "Sum", 60),
			s.query("all", "RequestCount", "Sum", 300), s.query("hosts", "HealthyHostCount", "Minimum", 60),
			s.query("sick", "UnHealthyHostCount", "Maximum", 60), s.query("cpu", "CPUUtilization", "Average", 60),
			s.query("memory", "MemoryUtilization", "Average", 60),
			{Id: aws.String("rate"), Expression: aws.String("100 * failed / requests"), Label: aws.String("errors")},
		}
		time.Sleep(3 * time.Minute)
		got := s.get(start.Truncate(5*time.Minute), time.Now(), queries...)
		total := dataplane.Total(sim.TargetGroupStats(s.group))
		if total.Requests != 3000 || total.Target[5] < 480 || total.Target[5] > 720 {
			t.Fatalf("unlikely traffic: %+v", total)
		}
		want := map[string]float64{
			"requests": 3000, "ok": float64(total.Target[2]), "failed": float64(total.Target[5]), "all": 3000,
			"own": 0, "refused": 0, "redirects": 0, "sick": 0, "hosts": 2 * float64(len(got["hosts"].Values)), "cpu": 95 * float64(len(got["cpu"].Values)),
		}
		for id, n := range want {
			if sum(got[id]) != n {
				t.Errorf("%s: %v in sum, want %v", id, got[id].Values, n)
			}
		}
		if len(got["requests"].Values) != 3 || len(got["own"].Values) != 0 || len(got["hosts"].Values) < 3 || len(got["cpu"].Values) < 3 {
			t.Errorf("unexpected numbers of points in %+v", got)
		}
		for i, bucket := range sim.TargetGroupStats(s.group) {
			if !got["requests"].Timestamps[i].Equal(bucket.Start) || got["failed"].Values[i] != float64(bucket.Target[5]) ||
				got["rate"].Values[i] != 100*float64(bucket.Target[5])/float64(bucket.Requests) {
				t.Errorf("period %d isn't like the bucket of %s", i, bucket.Start)
			}
		}
		if m := got["memory"].Values[0]; m < 28 || m > 32 || *got["rate"].Label != "errors" || *got["cpu"].Label != "CPUUtilization" {
			t.Errorf("memory at %v %%, labels of %+v", m, got)
		}
	})
}

func TestMetricsArriveBitByBit(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		s := newShop(t, sim, "checkout:slow50")
		nextMinute()
		start := time.Now()
		s.ask(300)
		var seen []float64
		for range 25 {
			got := s.get(start, start.Add(time.Minute), s.query("n", "RequestCount", "Sum", 60))["n"]
			if time.Since(start) < time.Minute && len(got.Values) > 0 {
				t.Fatalf("visible after %s: %v", time.Since(start), got.Values)
			}
			if n := sum(got); len(seen) == 0 || seen[len(seen)-1] != n {
				seen = append(seen, n)
			}
			time.Sleep(10 * time.Second)
		}
		if diff := cmp.Diff([]float64{0, 100, 200, 300}, seen); diff != "" {
			t.Error(diff)
		}
		latency := s.get(start, start.Add(time.Minute), s.query("p99", "TargetResponseTime", "p99", 60),
			s.query("avg", "TargetResponseTime", "Average", 60), s.query("n", "TargetResponseTime", "SampleCount", 10))
		if p99, avg := sum(latency["p99"]), sum(latency["avg"]); p99 < 0.0499 || p99 > 0.0501 || avg < 0.0499 || avg > 0.0501 || sum(latency["n"]) != 300 {
			t.Errorf("latency is %+v", latency)
		}
	})
}

func TestOwnAnswersAndRefusedConnections(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		s := newShop(t, sim, "checkout:1")
		nextMinute()
		start := time.Now()
		s.ask(10)
		sim.Do(func() {
			_, err := sim.ecs.JSON()["UpdateService"](fmt.Appendf(nil, `{"cluster":%q,"service":%q,"desiredCount":0}`, s.cluster, s.service))
			if err != nil {
				t.Fatal(err)
			}
		})
		time.Sleep(10 * time.Minute)
		s.ask(5) // no target: 503
		time.Sleep(4 * time.Minute)
		got := s.get(start, time.Now(), s.query("n", "RequestCount", "Sum", 60), s.query("own", "HTTPCode_ELB_5XX_Count", "Sum", 60),
			s.query("cpu", "CPUUtilization", "SampleCount", 60))
		if sum(got["n"]) != 10 || sum(got["own"]) != 5 {
			t.Errorf("got %+v", got)
		}
		if n := len(got["cpu"].Values); n == 0 || time.Since(got["cpu"].Timestamps[n-1]) < 3*time.Minute {
			t.Errorf("a service without tasks has load: %+v", got["cpu"])
		}
	})
}

// Requests that hang and connections that are reset are requests of the target
// group, and answers of the load balancer's only.
func TestUnansweredRequests(t *testing.T) {
	for tag, status := range map[string]int{"hang100": http.StatusGatewayTimeout, "reset100": http.StatusBadGateway} {
		bubble(t, Options{}, func(t *testing.T, sim *Sim) {
			s := newShop(t, sim, "checkout:"+tag)
			nextMinute()
			start := time.Now()
			req := httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart", nil)
			req.Header.Set("X-Revision", "1")
			res := sim.Route(s.listener, req)
			if took := time.Since(start); res.Status != status || (took == time.Minute) != (tag == "hang100") {
				t.Errorf("%s: %d after %s", tag, res.Status, took)
			}
			time.Sleep(5 * time.Minute)
			got := s.get(start, time.Now(), s.query("n", "RequestCount", "Sum", 60), s.query("own", "HTTPCode_ELB_5XX_Count", "Sum", 60),
				s.query("target", "HTTPCode_Target_5XX_Count", "Sum", 60), s.query("refused", "TargetConnectionErrorCount", "Sum", 60),
				s.query("latency", "TargetResponseTime", "SampleCount", 60))
			for id, want := range map[string]float64{"n": 1, "own": 1, "target": 0, "refused": 0, "latency": 0} {
				if sum(got[id]) != want {
					t.Errorf("%s: %s is %v", tag, id, got[id].Values)
				}
			}
		})
	}
}

// Load balancers may publish much later, one metric before the other.
func TestMetricsAreLate(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		s := newShop(t, sim, "checkout:1")
		sim.SetMetricsLate(10 * time.Minute)
		nextMinute()
		start := time.Now()
		s.ask(300)
		apart := false
		for range 13 {
			time.Sleep(time.Minute)
			got := s.get(start, start.Add(time.Minute), s.query("n", "RequestCount", "Sum", 60), s.query("ok", "HTTPCode_Target_2XX_Count", "Sum", 60))
			apart = apart || sum(got["n"]) != sum(got["ok"])
		}
		time.Sleep(time.Minute)
		got := s.get(start, start.Add(time.Minute), s.query("n", "RequestCount", "Sum", 60), s.query("ok", "HTTPCode_Target_2XX_Count", "Sum", 60))
		if !apart || sum(got["n"]) != 300 || sum(got["ok"]) != 300 {
			t.Errorf("apart %t, in the end %+v", apart, got)
		}
	})
}

func TestGetMetricDataRefusals(t *testing.T) {
	type input = cloudwatch.GetMetricDataInput
	expression := func(id, text string) cwtypes.MetricDataQuery {
		return cwtypes.MetricDataQuery{Id: &id, Expression: &text}
	}
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"empty range":  {func(in *input) { in.EndTime = in.StartTime }, "ValidationError", "must be less than the parameter EndTime"},
		"many":         {func(in *input) { in.MetricDataQueries = make([]cwtypes.MetricDataQuery, 501); fillQueries(in) }, "ValidationError", "500"},
		"id":           {func(in *input) { in.MetricDataQueries[0].Id = aws.String("M1") }, "ValidationError", "pattern"},
		"same id":      {func(in *input) { in.MetricDataQueries = append(in.MetricDataQueries, in.MetricDataQueries[0]) }, "ValidationError", "not unique"},
		"both":         {func(in *input) { in.MetricDataQueries[0].Expression = aws.String("1") }, "ValidationError", "either MetricStat or Expression"},
		"period":       {func(in *input) { in.MetricDataQueries[0].MetricStat.Period = aws.Int32(90) }, "ValidationError", "multiple of 60"},
		"statistic":    {func(in *input) { in.MetricDataQueries[0].MetricStat.Stat = aws.String("tm99") }, "ValidationError", "tm99 is not simulated"},
		"no such stat": {func(in *input) { in.MetricDataQueries[0].MetricStat.Stat = aws.String("Median") }, "ValidationError", "Median"},
		"unit":         {func(in *input) { in.MetricDataQueries[0].MetricStat.Unit = "Apples" }, "ValidationError", "The value Apples for parameter Unit"},
		"nothing back": {func(in *input) { in.MetricDataQueries[0].ReturnData = aws.Bool(false) }, "ValidationError", "ReturnData"},
		"unknown id":   {func(in *input) { in.MetricDataQueries = append(in.MetricDataQueries, expression("e", "m2 + 1")) }, "ValidationError", "Error in expression 'e': Undefined variable 'm2'"},
		"circle": {func(in *input) {
			in.MetricDataQueries = append(in.MetricDataQueries, expression("e", "f"), expression("f", "e"))
		}, "ValidationError", "depends on itself"},
		"unknown name": {func(in *input) {
			in.MetricDataQueries = append(in.MetricDataQueries, expression("e", "SEARCH('x', 'Sum')"))
		}, "ValidationError", "SEARCH"},
		"number":        {func(in *input) { in.MetricDataQueries = append(in.MetricDataQueries, expression("e", "1 + 1")) }, "ValidationError", "time series"},
		"made-up token": {func(in *input) { in.NextToken = aws.String("nonsense") }, "InvalidNextToken", ""},
		"data points":   {func(in *input) { in.MaxDatapoints = aws.Int32(100_801) }, "ValidationError", "MaxDatapoints"},
		"label options": {func(in *input) { in.LabelOptions = &cwtypes.LabelOptions{Timezone: aws.String("+0100")} }, "ValidationError", "LabelOptions"},
		"order":         {func(in *input) { in.ScanBy = "Up" }, "ValidationError", "ScanBy"},
		"another period": {func(in *input) {
			q := expression("e", "m1")
			q.Period = aws.Int32(120)
			in.MetricDataQueries = append(in.MetricDataQueries, q)
		}, "ValidationError", "Period"},
		"too much filled": {func(in *input) {
			in.StartTime = aws.Time(time.Unix(0, 0))
			in.MetricDataQueries = append(in.MetricDataQueries, expression("e", "FILL(m1, 0)"))
		}, "ValidationError", "FILL"},
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		for name, tc := range tests {
			in := &input{StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()), MetricDataQueries: []cwtypes.MetricDataQuery{{
				Id: aws.String("m1"), MetricStat: &cwtypes.MetricStat{
					Metric: &cwtypes.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Orders")}, Period: aws.Int32(60), Stat: aws.String("Sum"),
				},
			}}}
			tc.edit(in)
			_, err := c.GetMetricData(t.Context(), in)
			if err == nil || code(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: got %v, want %s %q", name, err, tc.code, tc.want)
			}
		}
	})
}

func fillQueries(in *cloudwatch.GetMetricDataInput) {
	for i := range in.MetricDataQueries {
		in.MetricDataQueries[i] = cwtypes.MetricDataQuery{Id: aws.String(fmt.Sprintf("e%d", i)), Expression: aws.String("1")}
	}
}

func putValue(t *testing.T, c *cloudwatch.Client, name string, values ...float64) {
	t.Helper()
	_, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []cwtypes.MetricDatum{{
		MetricName: &name, Values: values, Dimensions: []cwtypes.Dimension{dimension("Place", "Ulm")}, Unit: cwtypes.StandardUnitCount,
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCustomMetricsAndPages(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		start := time.Now()
		for i := range 10 {
			putValue(t, c, "Orders", float64(i), float64(i))
			nextMinute()
		}
		time.Sleep(time.Minute)
		in := &cloudwatch.GetMetricDataInput{StartTime: &start, EndTime: aws.Time(time.Now()), MaxDatapoints: aws.Int32(4), MetricDataQueries: []cwtypes.MetricDataQuery{
			{Id: aws.String("m1"), MetricStat: &cwtypes.MetricStat{Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &cwtypes.Metric{
				Namespace: aws.String("Shop"), MetricName: aws.String("Orders"), Dimensions: []cwtypes.Dimension{dimension("Place", "Ulm")}}}},
			{Id: aws.String("half"), Expression: aws.String("m1 / 4")},
		}}
		values, partial := map[string][]float64{}, 0
		pages := cloudwatch.NewGetMetricDataPaginator(c, in)
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.MetricDataResults {
				values[*r.Id] = append(values[*r.Id], r.Values...)
				if r.StatusCode == cwtypes.StatusCodePartialData {
					partial++
				}
			}
		}
		want := map[string][]float64{"m1": {18, 16, 14, 12, 10, 8, 6, 4, 2, 0}, "half": {4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0}}
		if diff := cmp.Diff(want, values); diff != "" || partial != 6 {
			t.Errorf("%d results to be continued, %s", partial, diff)
		}
		listed, err := c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: aws.String("Shop"), Dimensions: []cwtypes.DimensionFilter{{Name: aws.String("Place")}}})
		if err != nil || len(listed.Metrics) != 1 || *listed.Metrics[0].MetricName != "Orders" || *listed.Metrics[0].Dimensions[0].Value != "Ulm" {
			t.Errorf("listed %+v, %v", listed, err)
		}
		_, err = c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/ECS"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("x"), Value: aws.Float64(1)}}})
		if code(err) != "InvalidParameterValue" {
			t.Errorf("a namespace of AWS's is answered with %v", err)
		}
	})
}

// TestFastClock has a clock of its own that runs 200 times as fast as the
// world's.
func TestFastClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		clock := func() time.Time { return begun.Add(200 * time.Since(begun)) }
		sim := New(Options{Speed: 200, CloudWatch: simcloudwatch.Options{Clock: clock, Resolution: time.Minute}})
		defer sim.Close()
		s := newShop(t, sim, "checkout:1")
		start := clock()
		s.ask(900) // 180 s on the clock
		time.Sleep(1200 * time.Millisecond)
		got := s.get(start, clock(), s.query("n", "RequestCount", "Sum", 60), s.query("hosts", "HealthyHostCount", "Average", 60))
		if sum(got["n"]) != 900 || len(got["n"].Values) < 3 || len(got["n"].Values) > 4 || len(got["hosts"].Values) < 3 || got["hosts"].Values[2] != 2 {
			t.Errorf("got %+v", got)
		}
		for _, at := range got["n"].Timestamps {
			if at.Unix()%60 != 0 {
				t.Errorf("a period starts at %s", at)
			}
		}
	})
}

// TestClockOfUnknownSpeed shows that the periods of a clock that runs 200 times
// as fast as the world takes it for are noticed in time.
func TestClockOfUnknownSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		clock := func() time.Time { return begun.Add(200 * time.Since(begun)) }
		sim := New(Options{CloudWatch: simcloudwatch.Options{Clock: clock, Resolution: time.Minute, Delay: -1}})
		defer sim.Close()
		c := cwClient(sim)
		if _, err := c.PutMetricAlarm(t.Context(), ordersAlarm("orders")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(310 * time.Millisecond) // into the second minute
		putValue(t, c, "Orders", 7)
		time.Sleep(600 * time.Millisecond)
		a := described(t, c, "orders")
		if since := clock().Sub(*a.StateTransitionedTimestamp); a.StateValue != cwtypes.StateValueAlarm || since < time.Second || since > 2*time.Minute {
			t.Errorf("%s after it should be an alarm: %+v", since, a)
		}
	})
}

func TestCloudWatchFaults(t *testing.T) {
	tests := map[Effect]string{
		Throttle: "ThrottlingException", ServerError: "InternalFailure", AccessDenied: "AccessDeniedException", ExpiredToken: "ExpiredTokenException",
		TimeoutBefore: "", TimeoutAfter: "",
	}
	for effect, want := range tests {
		bubble(t, Options{}, func(t *testing.T, sim *Sim) {
			sim.Faults.Add(Fault{Service: "monitoring", Action: "SetAlarmState", Effect: effect, Match: func(c Call) bool {
				return c.Params["StateValue"] == "OK" && c.Key == "a"
			}})
			if err := sim.SetAlarm("a", "ALARM", "a test"); err != nil {
				t.Fatal(err)
			}
			_, err := cwClient(sim).SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: "OK", StateReason: aws.String("so")})
			if err == nil || code(err) != want {
				t.Errorf("effect %d: got %v, want %s", effect, err, want)
			}
			if calls := sim.Calls(); len(calls) != 1 || calls[0].Operation() != "monitoring:SetAlarmState" || calls[0].ErrorCode == "" {
				t.Errorf("recorded %+v", calls)
			}
		})
	}
}
