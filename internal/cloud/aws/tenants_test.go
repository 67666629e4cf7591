package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// TestPoisonedQueriesOfAnother: however many queries of a tenant CloudWatch rejects,
// those of another one are read in the next window.
func TestPoisonedQueriesOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := w.clients(t)
		ask := func(tenant, name string) error {
			_, err := c.Metrics.Read(cloud.WithTenant(t.Context(), tenant), []cloud.MetricQuery{sum(name)}, time.Now())
			return err
		}
		for n := range 10 {
			for i := range 200 { // other ones each time
				if err := ask("a", fmt.Sprintf("bad%d-%d", n, i)); err == nil {
					t.Error("CloudWatch accepted a bad query")
				}
			}
			check(t, ask("b", fmt.Sprint("m", n)))
			time.Sleep(window)
		}
	})
}

// TestAlarmsOfAnother: alarms of one tenant are read without those of another.
func TestAlarmsOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		c := w.clients(t)
		for i := range 2000 {
			_, _ = c.Alarms.States(cloud.WithTenant(t.Context(), "a"), []string{fmt.Sprint("alarm", i)})
		}
		w.calls()
		_, err := c.Alarms.States(cloud.WithTenant(t.Context(), "b"), []string{"mine"})
		check(t, err)
		if n := w.calls(); n != 1 {
			t.Errorf("%d calls were made", n)
		}
	})
}

// TestReadersAreForgotten: what was read for a tenant who doesn't ask any more isn't
// kept, and that of those who do is, however many there are.
func TestReadersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		created := 0
		readers := newByTenant(func() int { created++; return created })
		const tenants = 3000
		for range 3 {
			for i := range tenants {
				readers.of(cloud.WithTenant(t.Context(), fmt.Sprint(i)))
			}
			time.Sleep(window)
		}
		if created != tenants {
			t.Errorf("%d readers were made for %d tenants", created, tenants)
		}
		time.Sleep(readerIdle)
		readers.of(cloud.WithTenant(t.Context(), "0"))
		if n := len(readers.kept); n != 1 {
			t.Errorf("%d readers are kept", n)
		}
	})
}

// flood has a tenant make many calls at once, and returns a function that waits
// until all have ended, and returns their errors.
func flood(ctx context.Context, calls int, call func(context.Context) error) func() []error {
	var mu sync.Mutex
	var errs []error
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			err := call(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	return func() []error { all.Wait(); return errs }
}

// TestCallsOfAnother: a tenant that makes all the calls that AWS allows an account
// delays another one by a call, and gets what is left.
func TestCallsOfAnother(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		const flooding = 400
		unused := func(ctx context.Context) error { _, err := w.Traffic.RulesTo(ctx, "arn:none"); return err }
		start := time.Now()
		ended := flood(cloud.WithTenant(t.Context(), "a"), flooding, unused)
		synctest.Wait()
		for range 5 {
			began := time.Now()
			if err := unused(cloud.WithTenant(t.Context(), "b")); cloud.KindOf(err) == cloud.KindThrottled {
				t.Error(err)
			}
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("a call of b took %s", took)
			}
		}
		throttled := 0
		for _, err := range ended() {
			if cloud.KindOf(err) == cloud.KindThrottled {
				throttled++
				if !errors.Is(err, errNoTurn) || !strings.Contains(err.Error(), "not sent: too many calls") {
					t.Error(err)
				}
			}
		}
		if took := time.Since(start); took > budgetPatience+time.Second {
			t.Errorf("calls waited for %s", took)
		}
		sent := w.sim.CallCounts()["elasticloadbalancing:DescribeLoadBalancers"] + w.sim.CallCounts()["elasticloadbalancing:DescribeListeners"] +
			w.sim.CallCounts()["elasticloadbalancing:DescribeRules"] + w.sim.CallCounts()["elasticloadbalancing:DescribeTargetGroups"]
		if least, most := 120, 40+10*11; sent < least || sent > most {
			t.Errorf("%d calls were sent, want from %d to %d: %v", sent, least, most, w.sim.CallCounts())
		}
		if throttled < flooding-150 {
			t.Errorf("%d calls gave up", throttled)
		}
	})
}

// TestChangesOfAnother: a tenant that changes rules all the time, or reads them,
// delays another one's change, such as the way back of its requests, by a call.
func TestChangesOfAnother(t *testing.T) {
	for name, flooding := range map[string]func(w *world, ctx context.Context) error{
		"changes": func(w *world, ctx context.Context) error { return w.Traffic.DeleteRule(ctx, "arn:none") },
		"reads":   func(w *world, ctx context.Context) error { _, err := w.Traffic.RulesTo(ctx, "arn:none"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				ended := flood(cloud.WithTenant(t.Context(), "a"), 200, func(ctx context.Context) error { return flooding(w, ctx) })
				synctest.Wait()
				for range 5 {
					began := time.Now()
					if err := w.Traffic.DeleteRule(cloud.WithTenant(t.Context(), "b"), "arn:none"); cloud.KindOf(err) == cloud.KindThrottled {
						t.Error(err)
					}
					if took := time.Since(began); took > time.Second {
						t.Errorf("a change of b took %s", took)
					}
				}
				ended()
				sent, changes := 0, w.sim.CallCounts()["elasticloadbalancing:DeleteRule"]
				for call, n := range w.sim.CallCounts() {
					if strings.HasPrefix(call, "elasticloadbalancing:") {
						sent += n
					}
				}
				if changes > 20+3*11 || sent > 40+10*11 {
					t.Errorf("%d calls were sent, %d of them changes: AWS refuses some of them, whosever", sent, changes)
				}
			})
		})
	}
}

// TestLimits: what the calls of an account share.
func TestLimits(t *testing.T) {
	for call, want := range map[string][]string{
		"elasticloadbalancing:DescribeRules": {"elasticloadbalancing"}, "elasticloadbalancing:ModifyRule": {"elasticloadbalancing changes", "elasticloadbalancing"},
		"elasticloadbalancing:AddTags": {"elasticloadbalancing changes", "elasticloadbalancing"}, "ecs:DescribeServices": {"ecs:Describe"},
		"cloudformation:CreateStack": {"cloudformation:CreateStack"}, "sts:AssumeRole": nil,
	} {
		service, operation, _ := strings.Cut(call, ":")
		var got []string
		for _, c := range classesOf(service, operation) {
			got = append(got, c.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", call, got, want)
		}
	}
	b, err := newBudgets(0.5, nil)
	check(t, err)
	rules := b.of("1", region, "elasticloadbalancing", "DescribeRules")
	if !slices.Equal(rules, b.of("1", region, "elasticloadbalancing", "DescribeTargetHealth")) {
		t.Error("two calls of a class don't share a budget")
	}
	if slices.Equal(rules, b.of("2", region, "elasticloadbalancing", "DescribeRules")) || slices.Equal(rules, b.of("1", "us-east-1", "elasticloadbalancing", "DescribeRules")) {
		t.Error("two accounts, or two regions, share a budget")
	}
	unlimited, err := newBudgets(NoCallLimit, nil)
	check(t, err)
	if len(unlimited.of("1", region, "elasticloadbalancing", "DescribeRules")) > 0 {
		t.Error("there is a limit")
	}
	for account := range 3 * budgetsMax {
		b.of(fmt.Sprint(account), region, "ecs", "ListTasks")
	}
	if len(b.kept) > budgetsMax {
		t.Errorf("%d budgets are kept", len(b.kept))
	}
	if got := []string{accountOf("arn:aws:iam::111122223333:role/shop"), accountOf("")}; !slices.Equal(got, []string{"111122223333", ""}) {
		t.Errorf("accounts %q", got)
	}
}

// TestRoleInOwnAccount: a role in the controller's own account shares what AWS
// allows that with what uses no role.
func TestRoleInOwnAccount(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		here, err := w.Callers.Account(t.Context())
		check(t, err)
		b := w.provider.budgets
		if !slices.Equal(b.of("", region, "ecs", "ListTasks"), b.of(here.ID, region, "ecs", "ListTasks")) {
			t.Error("they have budgets of their own")
		}
		if other := "444455556666"; slices.Equal(b.of("", region, "ecs", "ListTasks"), b.of(other, region, "ecs", "ListTasks")) {
			t.Error("another account shares it")
		}
	})
}

// TestWaitsAreCounted: metrics tell how long calls waited for their turn, from the
// first call on, which didn't.
func TestWaitsAreCounted(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		registry := prometheus.NewRegistry()
		c := clientsOf(t, newProvider(t, Options{Metrics: registry, CallRate: 0.05, HTTPClient: &http.Client{Transport: w.sim.Transport()}}), cloud.Identity{})
		const waited = `viridian_aws_waited_seconds_total{operation="DescribeStacks",service="cloudformation"}`
		_, _ = c.Stacks.Describe(t.Context(), "checkout-1")
		if got, there := gather(t, registry)[waited]; got != 0 || !there {
			t.Errorf("waited %.2f s, there: %t", got, there)
		}
		for range 3 { // two calls are allowed at once, and another one every two seconds
			_, _ = c.Stacks.Describe(t.Context(), "checkout-1")
		}
		if got := gather(t, registry)[waited]; got < 3.9 || got > 4.1 {
			t.Errorf("waited %.2f s, want 4 s", got)
		}
	})
}
