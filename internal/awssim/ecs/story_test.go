package ecs

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// stage is a region with a listener, a target group behind a rule, and a
// cluster, in virtual time.
type stage struct {
	t     *testing.T
	world *core.World
	lb    *elb.Service
	ecs   *Service
	group string
	rule  string
}

func newStage(t *testing.T, options Options) *stage {
	t.Helper()
	w := core.NewWorld("111122223333", "eu-west-1", 1, 7)
	t.Cleanup(w.Close)
	w.Lock()
	defer w.Unlock()
	lb := elb.New(w, elb.Options{})
	st := &stage{t: t, world: w, lb: lb, ecs: New(w, lb, options)}
	listener, err := lb.NewListener("main", 80)
	if err != nil {
		t.Fatal(err)
	}
	st.group = st.provide(lb.Providers()[0], map[string]any{
		"Name": "web", "Port": 8080.0, "Protocol": "HTTP", "VpcId": "vpc-1", "TargetType": "ip",
		"HealthCheckIntervalSeconds": "10", "HealthyThresholdCount": 2.0,
		"TargetGroupAttributes": []any{map[string]any{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}},
	})
	st.rule = st.provide(lb.Providers()[1], map[string]any{
		"ListenerArn": listener, "Priority": 10.0,
		"Conditions": []any{map[string]any{"Field": "host-header", "HostHeaderConfig": map[string]any{"Values": []any{"shop.example.com"}}}},
		"Actions":    []any{map[string]any{"Type": "forward", "TargetGroupArn": st.group}},
	})
	st.provide(st.ecs.Providers()[0], map[string]any{"ClusterName": "shop"})
	return st
}

func stackRef(id string) core.StackRef {
	return core.StackRef{
		StackName: "shop-1", StackID: "arn:stack", LogicalID: id, Started: func(string) {},
		Tags: []core.Tag{{Key: "aws:cloudformation:stack-name", Value: "shop-1"}},
	}
}

// provide creates a resource that is ready at once. The lock is held.
func (st *stage) provide(p core.Provider, properties map[string]any) string {
	st.t.Helper()
	if err := p.Validate(properties); err != nil {
		st.t.Fatalf("%s: %v", p.Type(), err)
	}
	var id string
	p.Create(stackRef("Resource"), properties, func(c core.Created, err error) {
		if err != nil {
			st.t.Fatalf("%s: %v", p.Type(), err)
		}
		id = c.PhysicalID
	})
	return id
}

func (st *stage) call(action, body string, out any) error {
	st.t.Helper()
	st.world.Lock()
	defer st.world.Unlock()
	result, err := st.ecs.JSON()[action]([]byte(body))
	if err != nil {
		return err
	}
	raw, err := json.Marshal(result)
	if err != nil {
		st.t.Fatal(err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (st *stage) must(action, body string, out any) {
	st.t.Helper()
	if err := st.call(action, body, out); err != nil {
		st.t.Fatalf("%s: %v", action, err)
	}
}

// define registers a task definition of one container with the image.
func (st *stage) define(image string) string {
	st.t.Helper()
	var out struct {
		TaskDefinition struct{ TaskDefinitionArn string }
	}
	st.must("RegisterTaskDefinition", fmt.Sprintf(`{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],
		"cpu":"256","memory":"512","containerDefinitions":[{"name":"app","image":%q,"portMappings":[{"containerPort":8080}],
		"environment":[{"name":"VIRIDIAN_REVISION","value":"4"}]}]}`, image), &out)
	return out.TaskDefinition.TaskDefinitionArn
}

// serve creates the service web by its CloudFormation provider and returns
// where the outcome appears.
func (st *stage) serve(definition string, desired int, extra map[string]any) *outcome {
	st.t.Helper()
	properties := map[string]any{
		"Cluster": "shop", "ServiceName": "web", "TaskDefinition": definition, "DesiredCount": float64(desired), "LaunchType": "FARGATE",
		"LoadBalancers":        []any{map[string]any{"ContainerName": "app", "ContainerPort": 8080.0, "TargetGroupArn": st.group}},
		"NetworkConfiguration": map[string]any{"AwsvpcConfiguration": map[string]any{"Subnets": []any{"subnet-a", "subnet-b"}}},
		"DeploymentConfiguration": map[string]any{
			"DeploymentCircuitBreaker": map[string]any{"Enable": true, "Rollback": false},
		},
	}
	maps.Copy(properties, extra)
	out := &outcome{provider: st.ecs.Providers()[2], world: st.world}
	st.world.Lock()
	defer st.world.Unlock()
	if err := out.provider.Validate(properties); err != nil {
		st.t.Fatal(err)
	}
	start := time.Now()
	out.provider.Create(stackRef("Service"), properties, func(c core.Created, err error) {
		out.end = end{done: true, created: c, err: err, took: time.Since(start)}
	})
	return out
}

// outcome is where the end of a creation appears; now reads it.
type outcome struct {
	provider core.Provider
	world    *core.World
	end      end
}

type end struct {
	done    bool
	created core.Created
	err     error
	took    time.Duration
}

func (o *outcome) now() end {
	o.world.Lock()
	defer o.world.Unlock()
	return o.end
}

type described struct {
	Status                     string
	RunningCount, DesiredCount int
	PendingCount               int
	Deployments                []struct {
		RolloutState, RolloutStateReason string
		FailedTasks                      int
	}
	Events []struct{ Message string }
}

func (st *stage) describe() described {
	st.t.Helper()
	var out struct{ Services []described }
	st.must("DescribeServices", `{"cluster":"shop","services":["web"]}`, &out)
	if len(out.Services) != 1 {
		st.t.Fatalf("service web: got %d services", len(out.Services))
	}
	return out.Services[0]
}

// wait lets virtual time pass.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (d described) has(text string) bool {
	for _, e := range d.Events {
		if strings.Contains(e.Message, text) {
			return true
		}
	}
	return false
}

func TestServiceReachesSteadyState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		out := st.serve(st.define("shop/checkout:2.1.0"), 3, nil)
		wait(3 * time.Minute)
		got := out.now()
		if !got.done || got.err != nil {
			t.Fatalf("create: done %v, %v", got.done, got.err)
		}
		if got.took < 15*time.Second || got.took > time.Minute {
			t.Errorf("took %s, want about half a minute", got.took)
		}
		svc := st.describe()
		if svc.RunningCount != 3 || svc.Deployments[0].RolloutState != "COMPLETED" {
			t.Errorf("got %d running, rollout %s", svc.RunningCount, svc.Deployments[0].RolloutState)
		}
		for _, text := range []string{"has started 3 tasks: (task ", "registered 1 targets in (target-group arn:", "deployment completed.", "has reached a steady state."} {
			if !svc.has(text) {
				t.Errorf("no event %q in %v", text, svc.Events)
			}
		}
		if name := got.created.Attributes["Name"]; name != "web" {
			t.Errorf("Name attribute: got %v", name)
		}
	})
}

func TestBadImageTripsTheCircuitBreaker(t *testing.T) {
	tests := map[string]struct {
		image, digestTag    string
		value               string
		stopCode, stopped   string
		exitCode            int
		within, atLeast     time.Duration
		gracePeriod, events string
	}{
		"crash": {
			image: "checkout:2-crash", stopCode: "EssentialContainerExited", stopped: "Essential container in task exited", exitCode: 1,
			within: 10 * time.Minute, atLeast: 30 * time.Second, events: "is unable to consistently start tasks successfully",
		},
		"value": {
			image: "checkout:2", value: "crash", stopCode: "EssentialContainerExited", stopped: "Essential container in task exited", exitCode: 1,
			within: 10 * time.Minute,
		},
		"no pull": {
			image: "checkout:2-nopull", stopCode: "TaskFailedToStart",
			stopped: "CannotPullContainerError: pull image manifest has been retried 5 time(s)", within: 10 * time.Minute,
		},
		"unhealthy": {
			image: "checkout:2-unhealthy", stopCode: "ServiceSchedulerInitiated", stopped: "Task failed ELB health checks in (target-group arn:",
			within: 15 * time.Minute, events: "is unhealthy in (target-group ",
		},
		"grace period": {
			image: "checkout:2-unhealthy", gracePeriod: "300", stopCode: "ServiceSchedulerInitiated", stopped: "Task failed ELB health checks",
			within: 40 * time.Minute, atLeast: 15 * time.Minute,
		},
		"pinned digest": {
			image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:9@sha256:abc", digestTag: "9-crash",
			stopCode: "EssentialContainerExited", stopped: "Essential", exitCode: 1, within: 10 * time.Minute,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{TagResolver: func(repository, digest string) []string {
					if repository != "checkout" || digest != "sha256:abc" {
						t.Errorf("resolve %s %s", repository, digest)
					}
					return []string{tc.digestTag}
				}})
				extra := map[string]any{}
				if tc.gracePeriod != "" {
					extra["HealthCheckGracePeriodSeconds"] = tc.gracePeriod
				}
				definition := st.defineWithRole(tc.image, tc.value)
				out := st.serve(definition, 1, extra)
				wait(tc.within)
				got := out.now()
				if got.err == nil || !strings.Contains(got.err.Error(), "ECS Deployment Circuit Breaker was triggered") {
					t.Fatalf("create: done %v, %v", got.done, got.err)
				}
				if got.took < tc.atLeast {
					t.Errorf("failed after %s, want at least %s", got.took, tc.atLeast)
				}
				st.checkFailure(tc.stopCode, tc.stopped, tc.exitCode, tc.events)
			})
		})
	}
}

// defineWithRole registers a task definition in which the variable SIMULATE has a value.
func (st *stage) defineWithRole(image, simulate string) string {
	st.t.Helper()
	var out struct {
		TaskDefinition struct{ TaskDefinitionArn string }
	}
	st.must("RegisterTaskDefinition", fmt.Sprintf(`{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],
		"cpu":"256","memory":"512","executionRoleArn":"arn:aws:iam::111122223333:role/exec",
		"containerDefinitions":[{"name":"app","image":%q,"environment":[{"name":"SIMULATE","value":%q}],"portMappings":[{"containerPort":8080}]}]}`, image, simulate), &out)
	return out.TaskDefinition.TaskDefinitionArn
}

func (st *stage) checkFailure(stopCode, stopped string, exitCode int, event string) {
	st.t.Helper()
	svc := st.describe()
	if d := svc.Deployments[0]; d.RolloutState != "FAILED" || d.FailedTasks != 3 ||
		d.RolloutStateReason != "ECS deployment circuit breaker: tasks failed to start." {
		st.t.Errorf("deployment: %+v", d)
	}
	if event != "" && !svc.has(event) {
		st.t.Errorf("no event %q", event)
	}
	var list struct{ TaskArns []string }
	st.must("ListTasks", `{"cluster":"shop","serviceName":"web","desiredStatus":"STOPPED"}`, &list)
	if len(list.TaskArns) != 3 {
		st.t.Fatalf("got %d stopped tasks, want 3", len(list.TaskArns))
	}
	var out struct {
		Tasks []struct {
			StopCode, StoppedReason string
			Containers              []struct{ ExitCode *int }
		}
	}
	st.must("DescribeTasks", fmt.Sprintf(`{"cluster":"shop","tasks":[%q]}`, list.TaskArns[0]), &out)
	got := out.Tasks[0]
	if got.StopCode != stopCode || !strings.Contains(got.StoppedReason, stopped) {
		st.t.Errorf("stopped with %s, %q", got.StopCode, got.StoppedReason)
	}
	if exitCode != 0 && (got.Containers[0].ExitCode == nil || *got.Containers[0].ExitCode != exitCode) {
		st.t.Errorf("exit code %v, want %d", got.Containers[0].ExitCode, exitCode)
	}
}

func TestServiceWithoutCircuitBreakerTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		out := st.serve(st.define("checkout:crash"), 1, map[string]any{"DeploymentConfiguration": map[string]any{}})
		wait(stabilizeTimeout - time.Second)
		if got := out.now(); got.done {
			t.Fatalf("reported early: %v", got.err)
		}
		wait(2 * time.Second)
		if got := out.now(); got.err == nil || !strings.Contains(got.err.Error(), "did not stabilize") {
			t.Errorf("got %v", got.err)
		}
	})
}

func TestScaleStopAndDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		out := st.serve(st.define("checkout:1"), 2, nil)
		wait(2 * time.Minute)
		st.must("UpdateService", `{"cluster":"shop","service":"web","desiredCount":4}`, nil)
		wait(2 * time.Minute)
		if svc := st.describe(); svc.RunningCount != 4 || len(svc.Deployments) != 1 {
			t.Fatalf("after scaling out: %+v", svc)
		}
		st.must("UpdateService", `{"cluster":"shop","service":"web","desiredCount":1}`, nil)
		wait(30 * time.Second)
		if svc := st.describe(); svc.RunningCount != 4 { // three are draining for 60 s
			t.Errorf("while draining: %d running", svc.RunningCount)
		}
		wait(2 * time.Minute)
		if svc := st.describe(); svc.RunningCount != 1 || !svc.has("has stopped 3 running tasks") {
			t.Errorf("after scaling in: %+v", svc)
		}
		var list struct{ TaskArns []string }
		st.must("ListTasks", `{"cluster":"shop","serviceName":"web"}`, &list)
		st.must("StopTask", fmt.Sprintf(`{"cluster":"shop","task":%q}`, list.TaskArns[0]), nil)
		wait(3 * time.Minute)
		if svc := st.describe(); svc.RunningCount != 1 || !svc.has("has reached a steady state") {
			t.Errorf("after StopTask: %+v", svc)
		}
		st.deleteAll(out)
	})
}

// deleteAll deletes service and cluster by their providers.
func (st *stage) deleteAll(out *outcome) {
	st.t.Helper()
	start, serviceGone, clusterGone := time.Now(), time.Duration(0), false
	st.world.Lock()
	out.provider.Delete(stackRef("Service"), out.end.created.PhysicalID, func(err error) {
		if err != nil {
			st.t.Errorf("delete service: %v", err)
		}
		serviceGone = time.Since(start)
		st.ecs.Providers()[0].Delete(stackRef("Cluster"), "shop", func(err error) {
			clusterGone = err == nil
		})
	})
	st.world.Unlock()
	wait(3 * time.Minute)
	if serviceGone < time.Minute {
		st.t.Errorf("service gone after %s, want its targets to drain first", serviceGone)
	}
	if !clusterGone {
		st.t.Error("cluster not deleted")
	}
}

func TestCreateServiceNeedsLoadBalancer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.world.Lock()
		st.lb.Providers()[1].Delete(stackRef("Rule"), st.rule, func(error) {})
		st.world.Unlock()
		out := st.serve(st.define("checkout:1"), 1, nil)
		want := "The target group with targetGroupArn " + st.group + " does not have an associated load balancer."
		if got := out.now(); got.err == nil || !strings.Contains(got.err.Error(), want) {
			t.Errorf("got %v", got.err)
		}
	})
}

func TestDeleteBeforeSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		out := st.serve(st.define("checkout:1"), 1, nil)
		wait(5 * time.Second)
		gone := false
		st.world.Lock()
		out.provider.Delete(stackRef("Service"), st.world.ARN("ecs", "service/shop/web"), func(err error) { gone = err == nil })
		st.world.Unlock()
		wait(time.Minute)
		if got := out.now(); !gone || got.done {
			t.Errorf("gone %v, creation reported %v", gone, got.done)
		}
		if svc := st.describe(); svc.Status != "INACTIVE" {
			t.Errorf("status %s", svc.Status)
		}
	})
}

func TestFlappingTaskIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		out := st.serve(st.define("checkout:flap"), 1, nil)
		wait(10 * time.Minute)
		if got := out.now(); !got.done || got.err != nil {
			t.Fatalf("create: %v, %v", got.done, got.err)
		}
		if svc := st.describe(); !svc.has("is unhealthy in (target-group") || svc.Deployments[0].RolloutState != "COMPLETED" {
			t.Errorf("got %+v", svc)
		}
	})
}

func TestForcedDeploymentReplacesTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.serve(st.define("checkout:1"), 2, nil)
		wait(2 * time.Minute)
		st.must("UpdateService", `{"cluster":"shop","service":"web","forceNewDeployment":true}`, nil)
		wait(5 * time.Minute)
		svc := st.describe()
		if svc.RunningCount != 2 || len(svc.Deployments) != 1 || !svc.has("has stopped 1 running tasks") {
			t.Errorf("got %+v", svc)
		}
	})
}
