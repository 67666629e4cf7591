package ecs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	simulated "github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// stopped are the stopped tasks of the cluster.
func (r *region) stopped() []types.Task {
	r.t.Helper()
	list, err := r.ecs.ListTasks(r.t.Context(), &ecs.ListTasksInput{Cluster: aws.String("shop"), DesiredStatus: types.DesiredStatusStopped})
	check(r.t, err)
	if len(list.TaskArns) == 0 {
		return nil
	}
	out, err := r.ecs.DescribeTasks(r.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("shop"), Tasks: list.TaskArns})
	check(r.t, err)
	return out.Tasks
}

func (r *region) running() int32 {
	r.t.Helper()
	out, err := r.ecs.DescribeServices(r.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
	check(r.t, err)
	return out.Services[0].RunningCount
}

// TestCrashTasks: a task that exits is replaced, and says why it stopped.
func TestCrashTasks(t *testing.T) {
	inRegion(t, func(r *region) {
		r.balance()
		r.serve("web:1")
		if n := r.sim.CrashTasks("shop", "none", 1); n != 0 {
			r.t.Errorf("%d tasks of no service crashed", n)
		}
		if n := r.sim.CrashTasks("shop", "web", 1); n != 1 {
			r.t.Errorf("%d tasks crashed", n)
		}
		if n := r.running(); n != 1 {
			r.t.Errorf("%d run on", n)
		}
		time.Sleep(time.Minute)
		gone := r.stopped()
		if len(gone) != 1 || gone[0].StopCode != types.TaskStopCodeEssentialContainerExited || *gone[0].Containers[0].ExitCode != 1 {
			r.t.Errorf("stopped are %+v", gone)
		}
		if n := r.running(); n != 2 {
			r.t.Errorf("%d run in the end", n)
		}
		if n := r.sim.CrashTasks("shop", "web", 5); n != 2 {
			r.t.Errorf("%d tasks crashed", n)
		}
	})
}

// TestStarveTasks: a service whose tasks get nothing to run on says why, and
// goes on trying.
func TestStarveTasks(t *testing.T) {
	const reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
	inRegion(t, func(r *region) {
		r.balance()
		r.serve("web:1")
		if r.sim.StarveTasks("shop", "none", 1, reason) {
			r.t.Error("no service starves")
		}
		if !r.sim.StarveTasks("shop", "web", 2, reason) {
			r.t.Error("the service doesn't starve")
		}
		_, err := r.ecs.UpdateService(r.t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("web"), DesiredCount: aws.Int32(3)})
		check(r.t, err)
		time.Sleep(10 * time.Second)
		if n := r.running(); n != 2 {
			r.t.Errorf("%d run", n)
		}
		time.Sleep(5 * time.Minute)
		gone := r.stopped()
		if len(gone) != 2 || slices.ContainsFunc(gone, func(task types.Task) bool {
			return task.StopCode != types.TaskStopCodeTaskFailedToStart || !strings.Contains(*task.StoppedReason, reason)
		}) {
			r.t.Errorf("stopped are %+v", gone)
		}
		if n := r.running(); n != 3 {
			r.t.Errorf("%d run in the end", n)
		}
	})
}

// TestCut: tasks that the network keeps from what they start from fail as the
// revision's would, in ECS's words, which are a container's only if it is its image.
func TestCut(t *testing.T) {
	for what, reason := range simulated.Cuts {
		t.Run(what, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.balance()
				r.sim.SetCut(func(service string) string {
					if service != "web" {
						t.Errorf("asked for %s", service)
					}
					return reason
				})
				r.serve("web:1")
				time.Sleep(time.Hour)
				gone := r.stopped()
				if len(gone) == 0 || r.running() > 0 {
					t.Fatalf("%d tasks stopped, %d run", len(gone), r.running())
				}
				for _, task := range gone {
					of := aws.ToString(task.Containers[0].Reason)
					if task.StopCode != types.TaskStopCodeTaskFailedToStart || *task.StoppedReason != reason || (of != "") != (what == "registry") {
						t.Errorf("stopped by %s: %s (%s)", task.StopCode, *task.StoppedReason, of)
					}
				}
				r.sim.SetCut(nil)
				time.Sleep(30 * time.Minute)
				if n := r.running(); n != 2 {
					t.Errorf("%d run in the end", n)
				}
			})
		})
	}
}

// TestShortage: ECS goes on trying to start tasks for which AWS has nothing. Where
// it can't even place them, no task is lost, and the deployment doesn't fail.
func TestShortage(t *testing.T) {
	const reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
	for _, placed := range []bool{true, false} {
		t.Run(fmt.Sprintf("placed %t", placed), func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.balance()
				r.sim.SetShortage(func(service string) (string, bool) {
					if service != "web" {
						t.Errorf("asked for %s", service)
					}
					return reason, placed
				})
				r.serve("web:1")
				time.Sleep(time.Hour)
				out, err := r.ecs.DescribeServices(r.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
				check(t, err)
				events := out.Services[0].Events
				if n := len(r.stopped()); (n > 0) != placed || r.running() > 0 {
					t.Errorf("%d tasks stopped, %d run", n, r.running())
				}
				if told := strings.Contains(*events[0].Message, "was unable to place a task. Reason: "+reason+"."); told == placed {
					t.Errorf("the last event is %q", *events[0].Message)
				}
				if state := out.Services[0].Deployments[0].RolloutState; state != types.DeploymentRolloutStateInProgress {
					t.Errorf("the deployment is %s", state)
				}
				r.sim.SetShortage(nil)
				time.Sleep(30 * time.Minute)
				if n := r.running(); n != 2 {
					t.Errorf("%d run in the end", n)
				}
			})
		})
	}
}
