package aws

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	simulated "github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// serviceTemplate is a service behind a rule. Its parameters are the listener
// and the image.
const serviceTemplate = `{
 "Resources": {
  "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
  "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {}},
  "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "tasks", "VpcId": "vpc-0a1b2c3d4e5f60718"}},
  "Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
   "Name": "checkout-1", "Port": 8080, "Protocol": "HTTP", "TargetType": "ip", "VpcId": "vpc-0a1b2c3d4e5f60718"}},
  "Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
   "ListenerArn": "%s", "Priority": 10,
   "Conditions": [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-viridian-revision", "Values": ["1"]}}],
   "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "Targets"}, "Weight": 1}]}}]}},
  "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
   "Family": "checkout", "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
   "ExecutionRoleArn": "arn:aws:iam::111122223333:role/execution",
   "ContainerDefinitions": [{"Name": "app", "Image": "%s", "PortMappings": [{"ContainerPort": 8080}],
    "LogConfiguration": {"LogDriver": "awslogs", "Options": {
     "awslogs-group": {"Ref": "Logs"}, "awslogs-region": {"Ref": "AWS::Region"}, "awslogs-stream-prefix": "app"}}}]}},
  "Service": {"Type": "AWS::ECS::Service", "DependsOn": "Rule", "Properties": {
   "Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Task"}, "DesiredCount": 2, "LaunchType": "FARGATE",
   "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": true, "Rollback": false}},
   "NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [{"Ref": "Group"}], "Subnets": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"]}},
   "LoadBalancers": [{"ContainerName": "app", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "Targets"}}]}}
 }
}`

// deploy creates a stack for an image and returns its resources once it
// settled.
func (w *world) deploy(t *testing.T, image string) map[string]string {
	t.Helper()
	id := w.create(t, "checkout-1", fmt.Sprintf(serviceTemplate, w.listener(t), image))
	w.settle(t, id)
	resources, err := w.Stacks.Resources(t.Context(), id)
	check(t, err)
	return resources
}

func TestService(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		r := w.deploy(t, "checkout:1.0")
		got, err := w.Services.Service(t.Context(), r["Cluster"], r["Service"])
		check(t, err)
		if got.DesiredCount != 2 || got.RunningCount != 2 || got.PendingCount != 0 || got.RolloutState != cloud.RolloutCompleted || got.LastEvent == "" {
			t.Errorf("service is %+v", got)
		}
		if got.TaskDefinition != r["Task"] {
			t.Errorf("task definition is %s, want %s", got.TaskDefinition, r["Task"])
		}
		health, err := w.Traffic.TargetHealth(t.Context(), r["Targets"])
		check(t, err)
		if want := (cloud.TargetHealth{Healthy: 2}); health != want {
			t.Errorf("health is %+v", health)
		}

		check(t, w.Services.Scale(t.Context(), r["Cluster"], r["Service"], 3))
		time.Sleep(10 * time.Minute)
		got, err = w.Services.Service(t.Context(), r["Cluster"], r["Service"])
		check(t, err)
		if got.DesiredCount != 3 || got.RunningCount != 3 {
			t.Errorf("scaled service is %+v", got)
		}
	})
}

// A worker's stack is created without a load balancer, and can be scaled to no
// tasks.
func TestServiceOfWorker(t *testing.T) {
	template, err := os.ReadFile("../../template/testdata/worker.golden.json")
	check(t, err)
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		check(t, w.sim.CreateCluster("shop"))
		id, err := w.Stacks.Create(t.Context(), cloud.CreateStack{
			Name: "worker-1", TemplateBody: string(template), Parameters: map[string]string{"DesiredCount": "2"},
		})
		check(t, err)
		stack := w.settle(t, id)
		if stack.Status != cloud.StackCreateComplete {
			events, err := w.Stacks.FailureEvents(t.Context(), id)
			t.Fatalf("stack is %s: %+v, %v", stack.Status, events, err)
		}
		cluster, service := stack.Outputs["ClusterName"], stack.Outputs["ServiceName"]
		for _, count := range []int32{2, 0} {
			check(t, w.Services.Scale(t.Context(), cluster, service, count))
			time.Sleep(10 * time.Minute)
			got, err := w.Services.Service(t.Context(), cluster, service)
			check(t, err)
			if got.RunningCount != count || got.PendingCount != 0 || got.RolloutState != cloud.RolloutCompleted {
				t.Errorf("service of %d is %+v", count, got)
			}
		}
		check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: id}))
		if s := w.settle(t, id); s.Status != cloud.StackDeleteComplete {
			t.Errorf("in the end the stack is %s", s.Status)
		}
	})
}

func TestServiceNotFound(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		check(t, w.sim.CreateCluster("shop"))
		_, err := w.Services.Service(t.Context(), "shop", "checkout")
		e := failure(t, err, cloud.KindNotFound)
		if want := "ecs:DescribeServices: MISSING: no service checkout in cluster shop"; e.Error() != want {
			t.Errorf("got  %s\nwant %s", e, want)
		}
		_, err = w.Services.Service(t.Context(), "nowhere", "checkout")
		wantKind(t, err, cloud.KindNotFound)
		wantKind(t, w.Services.Scale(t.Context(), "shop", "checkout", 1), cloud.KindNotFound)

		id := w.create(t, "checkout-1", fmt.Sprintf(serviceTemplate, w.listener(t), "checkout:1.0"))
		w.settle(t, id)
		r, err := w.Stacks.Resources(t.Context(), id)
		check(t, err)
		check(t, w.Stacks.Delete(t.Context(), cloud.DeleteStack{StackID: id, Token: "delete-1"}))
		w.settle(t, id)
		_, err = w.Services.Service(t.Context(), r["Cluster"], r["Service"])
		wantKind(t, err, cloud.KindNotFound)
	})
}

func TestStoppedTasks(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		r := w.deploy(t, "checkout:crash")
		got, err := w.Services.Service(t.Context(), r["Cluster"], r["Service"])
		check(t, err)
		if got.RolloutState != cloud.RolloutFailed || got.FailedTasks == 0 || got.RolloutReason == "" {
			t.Errorf("service is %+v", got)
		}
		tasks, err := w.Services.StoppedTasks(t.Context(), r["Cluster"], r["Service"], 2)
		check(t, err)
		if len(tasks) != 2 {
			t.Fatalf("tasks are %+v", tasks)
		}
		for _, task := range tasks {
			if task.StopCode != "EssentialContainerExited" || !strings.Contains(task.Reason, "(app: exit code 1)") {
				t.Errorf("task is %+v", task)
			}
		}
	})
}

// Tasks that the network keeps from what they start from are told from those that
// fail.
func TestStoppedTasksCutOff(t *testing.T) {
	for what, reason := range simulated.Cuts {
		t.Run(what, func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				w.sim.SetCut(func(string) string { return reason })
				r := w.deploy(t, "checkout:1.0")
				tasks, err := w.Services.StoppedTasks(t.Context(), r["Cluster"], r["Service"], 2)
				check(t, err)
				if len(tasks) != 2 {
					t.Fatalf("tasks are %+v", tasks)
				}
				for _, task := range tasks {
					if !task.CutOff || task.Failed || task.Starved || task.Reason != clean(reason) {
						t.Errorf("task is %+v", task)
					}
				}
			})
		})
	}
}

// A task for which AWS has no capacity is shown as stopped, but not as failed.
func TestStoppedTasksWithoutRoom(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		r := w.deploy(t, "checkout:1.0")
		name := r["Service"][strings.LastIndex(r["Service"], "/")+1:]
		if !w.sim.StarveTasks(r["Cluster"], name, 1, "Capacity is unavailable at this time. Please try again later or in a different availability zone") {
			t.Fatal("there is no such service")
		}
		check(t, w.Services.Scale(t.Context(), r["Cluster"], r["Service"], 3))
		time.Sleep(10 * time.Minute)
		tasks, err := w.Services.StoppedTasks(t.Context(), r["Cluster"], r["Service"], 10)
		check(t, err)
		if len(tasks) != 1 || tasks[0].StopCode != "TaskFailedToStart" || tasks[0].Failed || !strings.HasPrefix(tasks[0].Reason, "Capacity") {
			t.Errorf("tasks are %+v", tasks)
		}
		got, err := w.Services.Service(t.Context(), r["Cluster"], r["Service"])
		check(t, err)
		if got.RunningCount != 3 || got.RolloutState != cloud.RolloutCompleted {
			t.Errorf("service is %+v", got)
		}
	})
}

func TestStopReason(t *testing.T) {
	container := func(name, reason string, code int32) types.Container {
		return types.Container{Name: &name, Reason: optional(reason), ExitCode: &code}
	}
	tests := map[string]struct {
		in   types.Task
		want string
	}{
		"nothing said": {types.Task{}, ""},
		"no container failed": {
			types.Task{StoppedReason: new("Scaling activity initiated by deployment x"), Containers: []types.Container{container("app", "", 0)}},
			"Scaling activity initiated by deployment x",
		},
		"the container that failed": {
			types.Task{StoppedReason: new("Essential container in task exited"), Containers: []types.Container{
				container("proxy", "", 0), container("app", "OutOfMemoryError: Container killed due to memory usage", 137),
			}},
			"Essential container in task exited (app: OutOfMemoryError: Container killed due to memory usage, exit code 137)",
		},
		"said twice": {
			types.Task{StoppedReason: new("CannotPullContainerError: manifest unknown"), Containers: []types.Container{
				container("app", "CannotPullContainerError: manifest unknown", 0),
			}},
			"CannotPullContainerError: manifest unknown",
		},
		"the container alone": {types.Task{Containers: []types.Container{container("app", "", 2)}}, "app: exit code 2"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := stopReason(&tc.in); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}
