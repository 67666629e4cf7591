package ecs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wanted is how many tasks of the service web are meant to run.
func (st *stage) wanted() int {
	st.world.Lock()
	defer st.world.Unlock()
	return len(st.ecs.tasksOf(st.ecs.services[0], nil))
}

// A task that loses its health is replaced before it is stopped, unless no more
// tasks may run than desired.
func TestUnhealthyTaskIsReplaced(t *testing.T) {
	breaker := map[string]any{"Enable": true, "Rollback": false}
	for name, tc := range map[string]struct {
		deployment map[string]any
		most       int
	}{
		"by default": {map[string]any{"DeploymentCircuitBreaker": breaker}, 2},
		"100 and 0":  {map[string]any{"DeploymentCircuitBreaker": breaker, "MaximumPercent": 100.0, "MinimumHealthyPercent": 0.0}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.serve(st.define("web:flap"), 1, map[string]any{"DeploymentConfiguration": tc.deployment})
				most, least := 0, 1
				wait(time.Minute)
				for range 20 * 60 {
					wait(time.Second)
					most, least = max(most, st.wanted()), min(least, st.wanted())
				}
				if most != tc.most || least > 1 {
					t.Errorf("between %d and %d tasks at once, want at most %d", least, most, tc.most)
				}
				if svc := st.describe(); !svc.has("is unhealthy in (target-group") {
					t.Errorf("no task lost its health: %+v", svc)
				}
			})
		})
	}
}

// A task that is to be replaced and recovers stays, and its replacement goes.
func TestRecoveredTaskStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.serve(st.define("web:1"), 1, nil)
		wait(2 * time.Minute)
		st.world.Lock()
		svc := st.ecs.services[0]
		first := st.ecs.tasksOf(svc, nil)[0]
		first.unfit = true
		st.ecs.wake(svc)
		st.world.Unlock()
		wait(5 * time.Minute)
		st.world.Lock()
		defer st.world.Unlock()
		if left := st.ecs.tasksOf(svc, nil); len(left) != 1 || left[0] != first || first.unfit {
			t.Errorf("%d tasks, the first unfit: %t", len(left), first.unfit)
		}
	})
}

func TestDeploymentConfigurationRefusals(t *testing.T) {
	for name, tc := range map[string]struct{ fields, text string }{
		"both 100":   {`"deploymentConfiguration":{"maximumPercent":100}`, "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments"},
		"minimum":    {`"deploymentConfiguration":{"minimumHealthyPercent":101}`, "minimumHealthyPercent"},
		"maximum":    {`"deploymentConfiguration":{"maximumPercent":99}`, "maximumPercent"},
		"rebalanced": {`"deploymentConfiguration":{"maximumPercent":100,"minimumHealthyPercent":0},"availabilityZoneRebalancing":"ENABLED"`, "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration."},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStage(t, Options{})
			st.define("web:1")
			st.refuse("InvalidParameterException", tc.text, "CreateService", `{"cluster":"shop","serviceName":"new","taskDefinition":"web","desiredCount":1,
				"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}},`+tc.fields+`}`)
		})
	}
}

// New services are rebalanced unless they can't be.
func TestRebalancingByDefault(t *testing.T) {
	for fields, want := range map[string]string{
		`"desiredCount":0`: "ENABLED",
		`"desiredCount":0,"availabilityZoneRebalancing":"DISABLED"`:                                    "DISABLED",
		`"desiredCount":0,"deploymentConfiguration":{"maximumPercent":100,"minimumHealthyPercent":50}`: "DISABLED",
	} {
		st := newStage(t, Options{})
		st.define("web:1")
		var out struct {
			Service struct{ AvailabilityZoneRebalancing string }
		}
		st.must("CreateService", `{"cluster":"shop","serviceName":"new","taskDefinition":"web",
			"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}},`+fields+`}`, &out)
		if got := out.Service.AvailabilityZoneRebalancing; got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
}

// A breaker that isn't reset counts tasks that were lost before another one got
// healthy.
func TestBreakerThatIsNotReset(t *testing.T) {
	for _, reset := range []bool{true, false} {
		t.Run(fmt.Sprint(reset), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.serve(st.define("web:1"), 2, map[string]any{"DeploymentConfiguration": map[string]any{
					"DeploymentCircuitBreaker": map[string]any{"Enable": true, "Rollback": false, "ResetOnHealthyTask": reset},
				}})
				st.world.Lock()
				svc := st.ecs.services[0]
				svc.starved, svc.shortage = 2, "no capacity"
				st.world.Unlock()
				wait(5 * time.Minute)
				if got := st.describe().Deployments[0].FailedTasks; got != map[bool]int{true: 0, false: 2}[reset] {
					t.Errorf("%d failed tasks", got)
				}
			})
		})
	}
}

// CloudFormation waits half an hour for a service to be gone; the service goes
// on draining, so that the next deletion finds it gone.
func TestServiceThatDrainsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.world.Lock()
		st.group = st.provide(st.lb.Providers()[0], map[string]any{
			"Name": "slow", "Port": 8080.0, "Protocol": "HTTP", "VpcId": "vpc-1", "TargetType": "ip",
			"TargetGroupAttributes": []any{map[string]any{"Key": "deregistration_delay.timeout_seconds", "Value": "3600"}},
		})
		st.provide(st.lb.Providers()[1], map[string]any{
			"ListenerArn": st.lb.Listeners()[0].ARN, "Priority": 11.0,
			"Conditions": []any{map[string]any{"Field": "host-header", "HostHeaderConfig": map[string]any{"Values": []any{"slow.example.com"}}}},
			"Actions":    []any{map[string]any{"Type": "forward", "TargetGroupArn": st.group}},
		})
		st.world.Unlock()
		out := st.serve(st.define("web:1"), 1, nil)
		wait(2 * time.Minute)
		var ends []error
		remove := func() {
			st.world.Lock()
			defer st.world.Unlock()
			out.provider.Delete(stackRef("Service"), out.end.created.PhysicalID, func(err error) { ends = append(ends, err) })
		}
		seen := func() []error {
			st.world.Lock()
			defer st.world.Unlock()
			return slices.Clone(ends)
		}
		remove()
		wait(29 * time.Minute)
		if got := seen(); len(got) != 0 {
			t.Fatalf("ended early: %v", got)
		}
		wait(2 * time.Minute)
		if got := seen(); len(got) != 1 || got[0] == nil || !strings.Contains(got[0].Error(), "Exceeded attempts to wait") {
			t.Fatalf("after half an hour: %v", got)
		}
		wait(35 * time.Minute)
		remove()
		if got := seen(); len(got) != 2 || got[1] != nil {
			t.Errorf("the second time: %v", got)
		}
	})
}
