package ecs

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// onBridge is a task definition for instances with two containers.
func onBridge(mode, app, side string) string {
	return fmt.Sprintf(`{"family":"web","networkMode":%q,"requiresCompatibilities":["EC2"],"containerDefinitions":[
		{"name":"app","image":"web:1","memory":64%s},{"name":"side","image":"web:1","memory":64%s}]}`, mode, app, side)
}

// Links go with bridge networks, to other containers, and not round.
func TestLinks(t *testing.T) {
	for name, tc := range map[string]struct{ body, text string }{
		"host":     {onBridge("host", `,"links":["side"]`, ""), "Links are not supported when networkMode=host."},
		"to none":  {onBridge("bridge", `,"links":["db:side"]`, ""), "Container 'app' links to 'db', which does not exist."},
		"itself":   {onBridge("bridge", `,"links":["app:self"]`, ""), "Container links should not have a cycle"},
		"in turns": {onBridge("bridge", `,"links":["side:db"]`, `,"links":["app"]`), "Container links should not have a cycle"},
	} {
		t.Run(name, func(t *testing.T) {
			newStage(t, Options{}).refuse("ClientException", tc.text, "RegisterTaskDefinition", tc.body)
		})
	}
	st := newStage(t, Options{})
	st.must("RegisterTaskDefinition", onBridge("bridge", `,"links":["side:db"],"stopTimeout":600,"startTimeout":600`, ""), nil)
	var out struct {
		TaskDefinition struct{ ContainerDefinitions []container }
	}
	st.must("DescribeTaskDefinition", `{"taskDefinition":"web"}`, &out)
	if got := out.TaskDefinition.ContainerDefinitions[0].Links; len(got) != 1 || got[0] != "side:db" {
		t.Errorf("links are described as %v", got)
	}
}

// A port may be for TCP and for UDP, unless a load balancer or an SRV record leads to it.
func TestPortForBothProtocols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.must("RegisterTaskDefinition", definition(`{"name":"app","image":"dns:1","portMappings":[{"containerPort":53},{"containerPort":53,"protocol":"udp"}]}`), nil)
		const body = `{"cluster":"shop","serviceName":"web","taskDefinition":"web","desiredCount":1,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}}%s}`
		const words = "Container port 53 is used in more than one port mapping for container app"
		for _, to := range []string{
			`"loadBalancers":[{"containerName":"app","containerPort":53,"targetGroupArn":"` + st.group + `"}]`,
			`"serviceRegistries":[{"registryArn":"arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0a","containerName":"app","containerPort":53}]`,
		} {
			st.refuse("InvalidParameterException", words, "CreateService", fmt.Sprintf(body, ","+to))
		}
		st.must("CreateService", fmt.Sprintf(body, ""), nil)
		wait(2 * time.Minute)
		if svc := st.describe(); svc.RunningCount != 1 {
			t.Errorf("%d tasks run", svc.RunningCount)
		}
	})
}

// A worker's task whose container fails its checks is left alone in the grace period.
func TestGracePeriodOfWorkers(t *testing.T) {
	for grace, stopped := range map[string]bool{"": true, `,"healthCheckGracePeriodSeconds":600`: false} {
		t.Run(grace, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.must("RegisterTaskDefinition", definition(`{"name":"app","image":"web:unhealthy","healthCheck":{"command":["CMD","true"],"interval":10}}`), nil)
				st.must("CreateService", `{"cluster":"shop","serviceName":"web","taskDefinition":"web","desiredCount":1,
					"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}}`+grace+`}`, nil)
				failed := func() bool { return strings.Contains(fmt.Sprint(st.describe()), "failed container health checks") }
				wait(5 * time.Minute)
				if failed() != stopped {
					t.Errorf("failed after 5 minutes: %v", failed())
				}
				wait(10 * time.Minute)
				if !failed() {
					t.Error("nothing failed after the grace period")
				}
			})
		})
	}
}

// A container that ignores SIGTERM is killed after its stopTimeout.
func TestStopTimeout(t *testing.T) {
	for name, tc := range map[string]struct {
		image, timeout string
		after          time.Duration
		code           int
	}{
		"obeys":          {"web:1", `,"stopTimeout":120`, stoppingTime, 0},
		"ignores":        {"web:noterm", "", 30 * time.Second, 137},
		"ignores longer": {"web:noterm", `,"stopTimeout":120`, 2 * time.Minute, 137},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.must("RegisterTaskDefinition", definition(`{"name":"app","image":"`+tc.image+`"`+tc.timeout+`}`), nil)
				st.must("CreateService", `{"cluster":"shop","serviceName":"web","taskDefinition":"web","desiredCount":1,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}}}`, nil)
				wait(2 * time.Minute)
				st.must("UpdateService", `{"cluster":"shop","service":"web","desiredCount":0}`, nil)
				wait(5 * time.Minute)
				st.world.Lock()
				defer st.world.Unlock()
				task := st.ecs.tasks[0]
				if took := task.exited.Sub(task.stopping); took < tc.after*3/4 || took > tc.after+time.Second || *task.exitCode != tc.code {
					t.Errorf("exited with %d after %s", *task.exitCode, took)
				}
			})
		})
	}
}
