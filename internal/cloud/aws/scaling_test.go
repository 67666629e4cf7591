package aws

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// aService is a service of three tasks of that name.
const aService = `{"Resources": {
 "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
  "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
  "ContainerDefinitions": [{"Name": "app", "Image": "checkout:1.0"}]}},
 "Service": {"Type": "AWS::ECS::Service", "Properties": {
  "Cluster": "shop", "ServiceName": "%s", "TaskDefinition": {"Ref": "Task"}, "DesiredCount": 3, "LaunchType": "FARGATE",
  "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-0a1b2c3d4e5f60711"]}}}}%s
}}`

// aTarget lets a service have two to eight tasks, with scale-in suspended.
const aTarget = `,
 "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
  "MinCapacity": 2, "MaxCapacity": 8, "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
  "ResourceId": {"Fn::Sub": "service/shop/${Service.Name}"}, "SuspendedState": {"DynamicScalingInSuspended": true}}}`

const describeTargets = "application-autoscaling:DescribeScalableTargets"

// scaled has a cluster shop with a service app that has a scalable target, which is
// named by the cluster's ARN, and a service plain without one.
func (w *world) scaled(t *testing.T) (app, plain cloud.ServiceID) {
	t.Helper()
	check(t, w.sim.CreateCluster("shop"))
	for name, target := range map[string]string{"app": aTarget, "plain": ""} {
		if stack := w.settle(t, w.create(t, name, fmt.Sprintf(aService, name, target))); stack.Status != cloud.StackCreateComplete {
			t.Fatalf("the stack is %s", stack.Status)
		}
	}
	return cloud.ServiceID{Cluster: "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", Name: "app"}, cloud.ServiceID{Cluster: "shop", Name: "plain"}
}

// targets waits for the next reading.
func (w *world) targets(t *testing.T, services ...cloud.ServiceID) map[cloud.ServiceID]cloud.ScalableTarget {
	t.Helper()
	time.Sleep(defaultBatchWindow)
	found, err := w.Scaling.Targets(t.Context(), services)
	check(t, err)
	return found
}

// TestScalableTargets: services without a target are left out, and a cluster may be
// named by its ARN.
func TestScalableTargets(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		app, plain := w.scaled(t)
		other := cloud.ServiceID{Cluster: "shop", Name: "other"}
		want := map[cloud.ServiceID]cloud.ScalableTarget{app: {Bounds: cloud.Bounds{Min: 2, Max: 8}, Suspended: cloud.Suspended{In: true}}}
		if diff := cmp.Diff(want, w.targets(t, app, plain, other)); diff != "" {
			t.Error(diff)
		}
		for _, service := range []cloud.ServiceID{{}, {Cluster: "shop"}, {Name: "app"}, {Cluster: "shop", Name: "a/b"}} {
			_, err := w.Scaling.Targets(t.Context(), []cloud.ServiceID{service})
			wantKind(t, err, cloud.KindInvalid)
		}
	})
}

// TestSetTarget: all kinds of suspension are written, bounds only if they are given,
// and what was written is believed at once, whatever AWS shows.
func TestSetTarget(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		app, _ := w.scaled(t)
		w.targets(t, app)
		all := cloud.Suspended{In: true, Out: true, Scheduled: true}
		check(t, w.Scaling.SetTarget(t.Context(), app, cloud.TargetChange{Suspended: all}))
		want := map[cloud.ServiceID]cloud.ScalableTarget{app: {Bounds: cloud.Bounds{Min: 2, Max: 8}, Suspended: all}}
		for range 20 {
			got, err := w.Scaling.Targets(t.Context(), []cloud.ServiceID{app})
			check(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			time.Sleep(time.Second)
		}
		check(t, w.Scaling.SetTarget(t.Context(), app, cloud.TargetChange{Bounds: &cloud.Bounds{Min: 4, Max: 5}}))
		if diff := cmp.Diff([]autoscaling.Target{{Cluster: "shop", Service: "app", Min: 4, Max: 5}}, w.sim.Snapshot().ScalableTargets); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Minute)
		if got := w.targets(t, app)[app]; got != (cloud.ScalableTarget{Bounds: cloud.Bounds{Min: 4, Max: 5}}) {
			t.Errorf("it is %+v", got)
		}
		service, err := w.Services.Service(t.Context(), "shop", "app")
		check(t, err)
		if service.DesiredCount != 4 {
			t.Errorf("AWS leaves the desired count at %d", service.DesiredCount)
		}
	})
}

// TestNoTargetIsCreated: a service that has no target doesn't get one.
func TestNoTargetIsCreated(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		app, plain := w.scaled(t)
		for name, change := range map[string]cloud.TargetChange{"suspension": {}, "bounds": {Bounds: &cloud.Bounds{Min: 1, Max: 2}}} {
			if err := w.Scaling.SetTarget(t.Context(), plain, change); !cloud.IsNotFound(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if all := w.sim.Snapshot().ScalableTargets; len(all) != 1 || all[0].Service != app.Name {
			t.Errorf("targets are %v", all)
		}
	})
}

// TestTargetsAreReadInBatches: one call for fifty services and a window.
func TestTargetsAreReadInBatches(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		const services = 120
		for range 6 {
			for i := range services {
				_, _ = w.Scaling.Targets(t.Context(), []cloud.ServiceID{{Cluster: "shop", Name: fmt.Sprint("app", i)}})
			}
			time.Sleep(defaultBatchWindow)
		}
		// The first window has but the first service, the others three calls.
		w.wantCalls(t, describeTargets, 1+5*3)
	})
}

// TestScalingTrouble: throttling, a denial and a change that nobody knows whether it
// took effect.
func TestScalingTrouble(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		app, _ := w.scaled(t)
		w.targets(t, app)
		change := cloud.TargetChange{Suspended: cloud.Suspended{Scheduled: true}}
		for effect, want := range map[awssim.Effect]cloud.Kind{
			awssim.Throttle: cloud.KindThrottled, awssim.AccessDenied: cloud.KindDenied, awssim.ServerError: cloud.KindTransient,
		} {
			remove := w.sim.Faults.Add(awssim.Fault{Service: "application-autoscaling", Effect: effect})
			wantKind(t, w.Scaling.SetTarget(t.Context(), app, change), want)
			time.Sleep(defaultBatchWindow)
			_, err := w.Scaling.Targets(t.Context(), []cloud.ServiceID{app})
			wantKind(t, err, want)
			remove()
			w.targets(t, app)
		}
		w.sim.Faults.Add(awssim.Fault{Service: "application-autoscaling", Action: "RegisterScalableTarget", Effect: awssim.TimeoutAfter, Times: 3})
		wantKind(t, w.Scaling.SetTarget(t.Context(), app, change), cloud.KindTransient)
		time.Sleep(2 * defaultBatchWindow)
		if got := w.targets(t, app)[app].Suspended; got != change.Suspended {
			t.Errorf("what took effect is read as %+v", got)
		}
	})
}

// TestLostChange: after a change whose answer was lost, what was read before isn't
// shown any more.
func TestLostChange(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		app, _ := w.scaled(t)
		w.targets(t, app)
		w.sim.Faults.Add(awssim.Fault{Service: "application-autoscaling", Action: "RegisterScalableTarget", Effect: awssim.TimeoutAfter})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Scaling.SetTarget(ctx, app, cloud.TargetChange{}); err == nil {
			t.Fatal("the answer isn't lost")
		}
		if got, err := w.Scaling.Targets(t.Context(), []cloud.ServiceID{app}); err == nil && got[app].Suspended.In {
			t.Error("what was read before the change is shown")
		}
	})
}

// TestKindOfScalingErrors: AWS has one code for requests that are invalid and for
// permissions that the caller lacks in ECS or CloudWatch.
func TestKindOfScalingErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		code, message string
		want          cloud.Kind
	}{
		"invalid":        {"ValidationException", "Maximum capacity 1 is less than minimum capacity 2", cloud.KindInvalid},
		"denied by ECS":  {"ValidationException", "User: arn:aws:sts::111122223333:assumed-role/viridian/1 is not authorized to perform: ecs:UpdateService", cloud.KindDenied},
		"no role":        {"ValidationException", "Unable to assume IAM role: arn:aws:iam::111122223333:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService", cloud.KindDenied},
		"denied":         {"AccessDeniedException", "", cloud.KindDenied},
		"at once":        {"ConcurrentUpdateException", "You already have a pending update to an Auto Scaling resource.", cloud.KindTransient},
		"failure":        {"InternalServiceException", "", cloud.KindTransient},
		"quota":          {"LimitExceededException", "", cloud.KindQuota},
		"no alarms":      {"FailedResourceAccessException", "", cloud.KindDenied},
		"throttled":      {"ThrottlingException", "Rate exceeded", cloud.KindThrottled},
		"no such target": {"ObjectNotFoundException", "", cloud.KindNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := answering(t, http.StatusBadRequest, jsonError(tc.code, tc.message))
				_, err := c.Scaling.Targets(t.Context(), []cloud.ServiceID{{Cluster: "shop", Name: "app"}})
				if e := failure(t, err, tc.want); e.Op != describeTargets {
					t.Errorf("the call is %s", e.Op)
				}
			})
		})
	}
}

// TestReadingAfterAChange: a reading that begins within a window after a change isn't
// believed, since AWS may show what was before.
func TestReadingAfterAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			shown = `{"ScalableTargets": [{"ServiceNamespace": "ecs", "ResourceId": "service/shop/app", "ScalableDimension": "ecs:service:DesiredCount",
			  "MinCapacity": 2, "MaxCapacity": 8, "RoleARN": "arn:aws:iam::111122223333:role/r", "CreationTime": 1, "SuspendedState": {"DynamicScalingInSuspended": false}}]}`
		)
		c := answering(t, http.StatusOK, shown)
		app := cloud.ServiceID{Cluster: "shop", Name: "app"}
		suspended := func() bool {
			got, err := c.Scaling.Targets(t.Context(), []cloud.ServiceID{app})
			check(t, err)
			return got[app].Suspended.In
		}
		suspended()
		time.Sleep(defaultBatchWindow - time.Second)
		check(t, c.Scaling.SetTarget(t.Context(), app, cloud.TargetChange{Suspended: cloud.Suspended{In: true}}))
		time.Sleep(2 * time.Second)
		if !suspended() {
			t.Error("a reading right after the change is believed")
		}
		time.Sleep(2 * defaultBatchWindow)
		if suspended() {
			t.Error("no reading after the change is believed")
		}
	})
}
