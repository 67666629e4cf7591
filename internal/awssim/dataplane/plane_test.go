package dataplane

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// fakeTasks answers at addresses as it is told.
type fakeTasks struct {
	answers        map[string]elb.Answer
	opened, closed func(ecs.Endpoint)
}

func (f *fakeTasks) OnEndpoint(opened, closed func(ecs.Endpoint)) {
	f.opened, f.closed = opened, closed
}

func (f *fakeTasks) Answer(ip string, _ int, req *http.Request) elb.Answer {
	answer, found := f.answers[ip]
	if !found {
		return elb.Answer{Refused: true}
	}
	if req.UserAgent() == elb.UserAgent { // health checks tell only whether it is there
		return elb.Answer{Status: answer.Status}
	}
	return answer
}

// bench is a listener with a rule for shop.example.com that forwards to
// target groups.
type bench struct {
	t        *testing.T
	world    *core.World
	lb       *elb.Service
	tasks    *fakeTasks
	plane    *Plane
	listener string
	rule     string
	groups   map[string]string
}

func newBench(t *testing.T, options Options, speed float64) *bench {
	t.Helper()
	w := core.NewWorld("111122223333", "eu-west-1", speed, 3)
	b := &bench{t: t, world: w, lb: elb.New(w, elb.Options{}), tasks: &fakeTasks{answers: map[string]elb.Answer{}}, groups: map[string]string{}}
	b.lb.SetBackend(b.tasks)
	w.Lock()
	b.plane = New(w, b.lb, b.tasks, options)
	var err error
	b.listener, err = b.lb.NewListener("main", 80)
	w.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.plane.Close()
		w.Close()
	})
	return b
}

func (b *bench) call(action string, parameters ...string) any {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	b.world.Lock()
	defer b.world.Unlock()
	out, err := b.lb.Query()[action](values)
	if err != nil {
		b.t.Fatalf("%s: %v", action, err)
	}
	return out
}

// find reads the first value of an ARN-like field out of a result.
func find(out any, field string) string {
	raw, _ := json.Marshal(out)
	_, rest, _ := strings.Cut(string(raw), `"`+field+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func (b *bench) group(name string) {
	b.t.Helper()
	out := b.call("CreateTargetGroup", "Name", name, "Port", "8080", "Protocol", "HTTP", "VpcId", "vpc-1", "TargetType", "ip",
		"HealthCheckIntervalSeconds", "10")
	b.groups[name] = find(out, "TargetGroupArn")
}

func (b *bench) task(group, ip string, answer elb.Answer) {
	b.t.Helper()
	b.world.Lock()
	b.tasks.answers[ip] = answer
	b.tasks.opened(ecs.Endpoint{IP: ip, Port: 8080, Task: ip})
	b.world.Unlock()
	b.call("RegisterTargets", "TargetGroupArn", b.groups[group], "Targets.member.1.Id", ip)
}

func (b *bench) stopTask(ip string) {
	b.world.Lock()
	defer b.world.Unlock()
	delete(b.tasks.answers, ip)
	b.tasks.closed(ecs.Endpoint{IP: ip, Port: 8080, Task: ip})
}

func forwardTo(b *bench, weights map[string]int) []string {
	parameters := []string{"Actions.member.1.Type", "forward"}
	n := 0
	for _, name := range []string{"blue", "green"} {
		weight, found := weights[name]
		if !found {
			continue
		}
		n++
		prefix := fmt.Sprintf("Actions.member.1.ForwardConfig.TargetGroups.member.%d.", n)
		parameters = append(parameters, prefix+"TargetGroupArn", b.groups[name], prefix+"Weight", strconv.Itoa(weight))
	}
	return parameters
}

func (b *bench) route(weights map[string]int, extra ...string) {
	b.t.Helper()
	parameters := append(forwardTo(b, weights), extra...)
	if b.rule == "" {
		parameters = append(parameters, "ListenerArn", b.listener, "Priority", "10",
			"Conditions.member.1.Field", "host-header", "Conditions.member.1.Values.member.1", "shop.example.com")
		b.rule = find(b.call("CreateRule", parameters...), "RuleArn")
		return
	}
	b.call("ModifyRule", append(parameters, "RuleArn", b.rule)...)
}

func (b *bench) get(cookies ...*http.Cookie) Response {
	req := httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart", nil)
	for _, c := range cookies {
		req.AddCookie(c)
	}
	return b.plane.Route(b.listener, req)
}

func ok(name string) elb.Answer { return elb.Answer{Status: http.StatusOK, Body: []byte(name)} }

func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// twoGroups has a healthy task in blue and one in green.
func twoGroups(b *bench, weights map[string]int, extra ...string) {
	b.group("blue")
	b.group("green")
	b.route(weights, extra...)
	b.task("blue", "10.0.0.1", ok("blue"))
	b.task("green", "10.0.0.2", ok("green"))
	wait(30 * time.Second)
}

func TestWeights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		twoGroups(b, map[string]int{"blue": 90, "green": 10})
		got := map[string]int{}
		for range 2000 {
			got[string(b.get().Body)]++
		}
		if got["green"] < 140 || got["green"] > 260 || got["blue"]+got["green"] != 2000 {
			t.Errorf("shares of 2000: %v, want about 200 green", got)
		}
		total := Total(b.plane.Stats(b.groups["green"]))
		if total.Requests != got["green"] || total.Target[2] != got["green"] || total.Latency.Count != got["green"] {
			t.Errorf("stats: %+v", total)
		}
	})
}

func TestWeightZeroAndPropagation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		twoGroups(b, map[string]int{"blue": 1, "green": 0})
		b.expect("blue", 50)
		b.route(map[string]int{"blue": 0, "green": 1})
		wait(9 * time.Second)
		b.expect("blue", 50) // not propagated yet
		wait(7 * time.Second)
		b.expect("green", 50)
		b.route(map[string]int{"blue": 0, "green": 0})
		wait(16 * time.Second)
		if got := b.get(); got.Status != http.StatusServiceUnavailable {
			t.Errorf("all weights zero: got %d", got.Status)
		}
	})
}

func (b *bench) expect(body string, times int) {
	b.t.Helper()
	for range times {
		if got := b.get(); string(got.Body) != body {
			b.t.Fatalf("got %d %q, want %q", got.Status, got.Body, body)
		}
	}
}

func TestNewestChangeWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		twoGroups(b, map[string]int{"blue": 1, "green": 0})
		for range 20 {
			b.route(map[string]int{"blue": 1, "green": 0})
			b.route(map[string]int{"blue": 0, "green": 1})
			wait(16 * time.Second)
			b.expect("green", 5)
		}
	})
}

func TestStickiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		sticky := []string{
			"Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.Enabled", "true",
			"Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds", "60",
		}
		twoGroups(b, map[string]int{"blue": 1, "green": 0}, sticky...)
		res := http.Response{Header: b.get().Header}
		cookies := res.Cookies()
		if len(cookies) != 1 || cookies[0].Name != groupCookie {
			t.Fatalf("cookies: %v", cookies)
		}
		b.route(map[string]int{"blue": 0, "green": 1}, sticky...)
		wait(20 * time.Second)
		if got := b.get(cookies...); string(got.Body) != "blue" {
			t.Errorf("with cookie: got %q", got.Body)
		}
		b.expect("green", 3)
		wait(time.Minute)
		if got := b.get(cookies...); string(got.Body) != "green" {
			t.Errorf("with expired cookie: got %q", got.Body)
		}
	})
}

func TestTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		b.group("blue")
		b.route(map[string]int{"blue": 1})
		wait(20 * time.Second)
		if got := b.get(); got.Status != http.StatusServiceUnavailable {
			t.Errorf("no targets: got %d", got.Status)
		}
		b.task("blue", "10.0.0.1", elb.Answer{Status: http.StatusInternalServerError, Body: []byte("sick")})
		wait(time.Minute)
		b.expect("sick", 3) // fails open
		b.task("blue", "10.0.0.2", ok("well"))
		wait(time.Minute)
		b.expect("well", 10)
		b.stopTask("10.0.0.2")
		if got := b.get(); got.Status != http.StatusBadGateway || !strings.Contains(string(got.Body), "502 Bad Gateway") {
			t.Errorf("stopped task: got %d %s", got.Status, got.Body)
		}
		b.call("DeregisterTargets", "TargetGroupArn", b.groups["blue"], "Targets.member.1.Id", "10.0.0.2")
		b.expect("sick", 3) // draining: no new requests
		total := Total(b.plane.Stats(b.groups["blue"]))
		if total.ELB[5] != 2 || total.Target[5] != 6 || total.Failed() != 8 {
			t.Errorf("stats: %+v", total)
		}
	})
}

func TestSlowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		b.group("blue")
		b.route(map[string]int{"blue": 1})
		b.task("blue", "10.0.0.1", elb.Answer{Status: http.StatusOK, Delay: 2 * time.Second})
		wait(time.Minute)
		start := time.Now()
		if got := b.get(); got.Status != http.StatusOK || time.Since(start) != 2*time.Second {
			t.Errorf("got %d after %s", got.Status, time.Since(start))
		}
		if p99 := new(Total(b.plane.Stats(b.groups["blue"]))).Latency.Quantile(0.99); p99 != 2*time.Second {
			t.Errorf("p99: %s", p99)
		}
		ended := make(chan Response)
		go func() { ended <- b.get() }()
		wait(time.Second)
		b.stopTask("10.0.0.1") // while it is answering
		if got := <-ended; got.Status != http.StatusBadGateway {
			t.Errorf("cut off: got %d", got.Status)
		}
		b.task("blue", "10.0.0.1", elb.Answer{Status: http.StatusOK, Delay: 2 * time.Minute})
		start = time.Now()
		if got := b.get(); got.Status != http.StatusGatewayTimeout || time.Since(start) != gatewayTimeout {
			t.Errorf("got %d after %s", got.Status, time.Since(start))
		}
	})
}

// TestOutcomes tells a connection that is refused from one that breaks.
func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		b.group("blue")
		b.route(map[string]int{"blue": 1})
		wait(20 * time.Second)
		var got []Outcome
		b.world.Lock()
		b.plane.OnOutcome(func(o Outcome) { got = append(got, o) })
		b.world.Unlock()
		b.get() // nobody there
		b.task("blue", "10.0.0.1", elb.Answer{Status: http.StatusNotFound, Delay: 2 * time.Second})
		wait(time.Minute)
		b.get()
		ended := make(chan Response)
		go func() { ended <- b.get() }()
		wait(time.Second)
		b.stopTask("10.0.0.1")
		<-ended
		b.get() // still registered
		balancer, group := loadBalancerOf(b.listener), b.groups["blue"]
		want := []Outcome{
			{LoadBalancer: balancer, TargetGroup: group, Status: 503},
			{LoadBalancer: balancer, TargetGroup: group, Status: 404, Chosen: true, FromTarget: true, Took: 2 * time.Second},
			{LoadBalancer: balancer, TargetGroup: group, Status: 502, Chosen: true, Took: time.Second},
			{LoadBalancer: balancer, TargetGroup: group, Status: 502, Chosen: true, Refused: true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSockets(t *testing.T) {
	b := newBench(t, Options{Sockets: true}, 10000)
	b.group("blue")
	healthy := make(chan struct{}, 10)
	b.world.Lock()
	b.lb.OnHealthChange(func(group, ip string, port int) {
		if h, _ := b.lb.Health(group, ip, port); h.State == elb.StateHealthy {
			healthy <- struct{}{}
		}
	})
	b.world.Unlock()
	b.route(map[string]int{"blue": 1})
	b.task("blue", "10.0.0.1", ok("over a socket"))
	<-healthy
	addr, err := b.plane.Addr(b.listener)
	if err != nil {
		t.Fatal(err)
	}
	// The rule reaches the data plane in a millisecond or two: ask until then.
	status, body := 0, ""
	for status != http.StatusOK {
		status, body = fetch(t, addr, "shop.example.com")
	}
	if body != "over a socket" {
		t.Errorf("got %q", body)
	}
	if status, _ := fetch(t, addr, "other.example.com"); status != http.StatusNotFound {
		t.Errorf("default rule: got %d", status)
	}
	b.stopTask("10.0.0.1")
	if status, _ := fetch(t, addr, "shop.example.com"); status != http.StatusBadGateway {
		t.Errorf("stopped task: got %d", status)
	}
	b.plane.Close()
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr); err == nil {
		_ = conn.Close()
		t.Error("still listening after Close")
	}
}

func fetch(t *testing.T, addr, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
