package dataplane

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

func (b *bench) attributes(group string, pairs ...string) {
	b.t.Helper()
	parameters := []string{"TargetGroupArn", b.groups[group]}
	for i, text := range pairs {
		parameters = append(parameters, "Attributes.member."+string(rune('1'+i/2))+[]string{".Key", ".Value"}[i%2], text)
	}
	b.call("ModifyTargetGroupAttributes", parameters...)
}

func cookiesOf(r Response) []*http.Cookie { return (&http.Response{Header: r.Header}).Cookies() }

// twoTasks has two healthy tasks in blue.
func twoTasks(b *bench, second elb.Answer, attributes ...string) {
	b.group("blue")
	b.attributes("blue", attributes...)
	b.route(map[string]int{"blue": 1})
	b.task("blue", "10.0.0.1", ok("one"))
	wait(30 * time.Second)
	b.task("blue", "10.0.0.2", second)
	wait(30 * time.Second)
}

func TestTargetStickiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		twoTasks(b, ok("two"), "stickiness.enabled", "true", "stickiness.lb_cookie.duration_seconds", "60")
		first := b.get()
		for range 10 {
			if got := b.get(cookiesOf(first)...); string(got.Body) != string(first.Body) {
				t.Fatalf("got %q, want %q", got.Body, first.Body)
			}
		}
		if again := b.get(); string(again.Body) == string(first.Body) {
			t.Errorf("without a cookie: got %q again", again.Body)
		}
		wait(61 * time.Second)
		b.get()
		if got := b.get(cookiesOf(first)...); len(cookiesOf(got)) != 1 || cookiesOf(got)[0].Name != "AWSALB" {
			t.Errorf("after its end: cookies %v", cookiesOf(got))
		}
	})
}

func TestAppCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		withSession := elb.Answer{Status: 200, Body: []byte("two"), Header: http.Header{"Set-Cookie": {"SESSION=1"}}}
		twoTasks(b, withSession, "stickiness.enabled", "true", "stickiness.type", "app_cookie", "stickiness.app_cookie.cookie_name", "SESSION")
		for range 2 {
			got := b.get()
			if bound := len(cookiesOf(got)) == 2; bound != (string(got.Body) == "two") {
				t.Errorf("%q: cookies %v", got.Body, cookiesOf(got))
			}
			for range 3 {
				if again := b.get(cookiesOf(got)...); len(cookiesOf(got)) == 2 && string(again.Body) != "two" {
					t.Errorf("went to %q", again.Body)
				}
			}
		}
	})
}

func TestSharesInSlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		twoTasks(b, ok("two"), "slow_start.duration_seconds", "120")
		count := map[string]int{}
		for range 1000 { // some 25 of 120 seconds have passed: 1 to 5
			count[string(b.get().Body)]++
		}
		if count["two"] < 80 || count["two"] > 280 {
			t.Errorf("got %v", count)
		}
		wait(2 * time.Minute)
		count = map[string]int{}
		for range 100 {
			count[string(b.get().Body)]++
		}
		if count["two"] != 50 {
			t.Errorf("after it: %v", count)
		}
	})
}

// A target group with gRPC takes no other requests; 464 is the load balancer's
// answer (guide, "Troubleshoot your Application Load Balancers").
func TestIncompatibleProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{}, 1)
		lb := strings.Replace(b.listener[:strings.LastIndex(b.listener, "/")], ":listener/", ":loadbalancer/", 1)
		out := b.call("CreateListener", "LoadBalancerArn", lb, "Protocol", "HTTPS", "Port", "443", "Certificates.member.1.CertificateArn", "arn:c",
			"DefaultActions.member.1.Type", "fixed-response", "DefaultActions.member.1.FixedResponseConfig.StatusCode", "404")
		b.listener = find(out, "ListenerArn")
		created := b.call("CreateTargetGroup", "Name", "blue", "Port", "8080", "Protocol", "HTTP", "VpcId", "vpc-1", "TargetType", "ip", "ProtocolVersion", "GRPC")
		b.groups["blue"] = find(created, "TargetGroupArn")
		b.route(map[string]int{"blue": 1})
		b.task("blue", "10.0.0.1", ok("blue"))
		wait(30 * time.Second)
		if got := b.get(); got.Status != 464 {
			t.Errorf("HTTP/1.1: got %d", got.Status)
		}
		req := httptest.NewRequest(http.MethodPost, "http://shop.example.com/shop.Cart/Add", nil)
		req.Header.Set("Content-Type", "application/grpc")
		if got := b.plane.Route(b.listener, req); got.Status != 200 {
			t.Errorf("gRPC: got %d", got.Status)
		}
	})
}
