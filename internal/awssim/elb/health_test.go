package elb

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// answers is a backend whose targets all answer in the same way.
type answers struct{ answer Answer }

func (a *answers) Answer(string, int, *http.Request) Answer { return a.answer }

func (a *account) health(group string) TargetHealth {
	a.t.Helper()
	out := a.must("DescribeTargetHealth", "TargetGroupArn", group).(targetHealthOut)
	if len(out.TargetHealthDescriptions) == 0 {
		return TargetHealth{State: "gone"}
	}
	return out.TargetHealthDescriptions[0].TargetHealth
}

func TestTargetHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, Options{})
		backend := &answers{Answer{Status: 200}}
		a.elb.SetBackend(backend)
		group := a.group("g", "HealthCheckIntervalSeconds", "10", "HealthyThresholdCount", "3")
		a.must("ModifyTargetGroupAttributes", "TargetGroupArn", group, "Attributes.member.1.Key", deregistrationDelay, "Attributes.member.1.Value", "60")
		a.must("RegisterTargets", "TargetGroupArn", group, "Targets.member.1.Id", "10.0.0.1")
		a.expect(group, "unused", "Target.NotInUse", "not configured to receive traffic")
		arn := a.rule(10, group)
		a.expect(group, "initial", "Elb.RegistrationInProgress", "Target registration is in progress")
		wait(6 * time.Second)
		a.expect(group, "healthy", "", "") // one check is enough for a new target
		a.answer(backend, Answer{Status: 500})
		wait(10 * time.Second)
		a.expect(group, "healthy", "", "") // one failure is not
		wait(10 * time.Second)
		a.expect(group, "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]")
		a.answer(backend, Answer{Status: 200, Delay: 6 * time.Second})
		wait(10 * time.Second)
		a.expect(group, "unhealthy", "Target.Timeout", "Request timed out")
		a.answer(backend, Answer{Refused: true})
		wait(10 * time.Second)
		a.expect(group, "unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		a.answer(backend, Answer{Status: 200})
		wait(20 * time.Second)
		a.expect(group, "unhealthy", "Target.FailedHealthChecks", "")
		wait(10 * time.Second)
		a.expect(group, "healthy", "", "")
		a.must("DeregisterTargets", "TargetGroupArn", group, "Targets.member.1.Id", "10.0.0.1")
		a.expect(group, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
		wait(59 * time.Second)
		a.expect(group, "draining", "", "")
		wait(2 * time.Second)
		a.expect(group, "gone", "", "")
		a.must("DeleteRule", "RuleArn", arn)
	})
}

// expect compares the state of the group's only target; an empty reason or
// description stands for any.
func (a *account) expect(group, state, reason, description string) {
	a.t.Helper()
	got := a.health(group)
	if got.State != state || reason != "" && got.Reason != reason || !strings.Contains(got.Description, description) {
		a.t.Errorf("health: got %+v, want %s %s %q", got, state, reason, description)
	}
}

func (a *account) answer(backend *answers, answer Answer) {
	a.world.Lock()
	defer a.world.Unlock()
	backend.answer = answer
}

func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestPropagation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, Options{})
		backend := &answers{Answer{Status: 200}}
		a.elb.SetBackend(backend)
		group := a.group("g")
		arn := a.rule(10, group)
		a.must("RegisterTargets", "TargetGroupArn", group, "Targets.member.1.Id", "10.0.0.1")
		a.live(1)
		wait(9 * time.Second)
		a.live(1)
		wait(7 * time.Second)
		a.live(2)
		a.must("DeleteRule", "RuleArn", arn)
		a.live(2)
		a.expect(group, "unused", "Target.NotInUse", "")
		a.world.Lock()
		targets := a.elb.LiveTargets(group)
		a.world.Unlock()
		if len(targets) != 1 || !targets[0].Healthy {
			t.Errorf("the data plane still needs the target: %+v", targets)
		}
		wait(16 * time.Second)
		a.live(1)
	})
}

func (a *account) live(want int) {
	a.t.Helper()
	a.world.Lock()
	defer a.world.Unlock()
	if rules, found := a.elb.LiveRules(a.http); !found || len(rules) != want {
		a.t.Errorf("live rules: got %d, want %d", len(rules), want)
	}
}

func TestProvidersDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, Options{})
		group := a.group("g")
		arn := a.rule(10, group)
		var got error
		reported := make(chan struct{}, 2)
		remove := func(p core.Provider, id string) {
			a.world.Lock()
			defer a.world.Unlock()
			p.Delete(core.StackRef{}, id, func(err error) {
				got = err
				reported <- struct{}{}
			})
		}
		groups, rules := a.elb.Providers()[0], a.elb.Providers()[1]
		start := time.Now()
		remove(groups, group)
		<-reported
		want := "Target group '" + group + "' is currently in use by a listener or a rule (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: "
		if got == nil || !strings.Contains(got.Error(), want) || time.Since(start) != (deleteAttempts-1)*deletePause {
			t.Errorf("after %s: %v", time.Since(start), got)
		}
		remove(groups, group)
		wait(time.Second)
		remove(rules, arn)
		<-reported
		<-reported
		if got != nil {
			t.Errorf("once the rule is gone: %v", got)
		}
	})
}
