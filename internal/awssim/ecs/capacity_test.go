package ecs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	simulated "github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// register makes a task definition for Fargate with one container.
func (r *region) register(edit func(*ecs.RegisterTaskDefinitionInput)) {
	r.t.Helper()
	in := &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("job"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("job:1")}},
	}
	edit(in)
	_, err := r.ecs.RegisterTaskDefinition(r.t.Context(), in)
	check(r.t, err)
}

// work makes a service of that definition in a cluster of its own.
func (r *region) work(providers []string, edit func(*ecs.CreateServiceInput)) error {
	r.t.Helper()
	_, err := r.ecs.CreateCluster(r.t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("shop"), CapacityProviders: providers})
	check(r.t, err)
	in := &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("job"), DesiredCount: aws.Int32(6),
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-0a1b2c3d4e5f60711"}}},
	}
	edit(in)
	_, err = r.ecs.CreateService(r.t.Context(), in)
	return err
}

// strategy is one of Fargate's providers.
func strategy(base, weight, spotBase, spotWeight int32) []types.CapacityProviderStrategyItem {
	return []types.CapacityProviderStrategyItem{
		{CapacityProvider: aws.String("FARGATE"), Base: base, Weight: weight}, {CapacityProvider: aws.String("FARGATE_SPOT"), Base: spotBase, Weight: spotWeight},
	}
}

var fargateProviders = []string{"FARGATE", "FARGATE_SPOT"}

// TestCapacityProviders: a service has no launch type, and its tasks are divided by
// base and weight. Those on Spot may be interrupted, which is no failure, and are
// replaced by others on Spot.
func TestCapacityProviders(t *testing.T) {
	inRegion(t, func(r *region) {
		r.register(func(*ecs.RegisterTaskDefinitionInput) {})
		check(t, r.work(fargateProviders, func(in *ecs.CreateServiceInput) { in.CapacityProviderStrategy = strategy(2, 1, 0, 3) }))
		time.Sleep(time.Minute)
		on := func() map[string]int {
			count := map[string]int{}
			for _, task := range r.sim.Snapshot().Tasks {
				if task.Status == "RUNNING" {
					count[task.CapacityProvider]++
				}
			}
			return count
		}
		if got := on(); got["FARGATE"] != 3 || got["FARGATE_SPOT"] != 3 {
			t.Errorf("tasks run on %v", got)
		}
		out, err := r.ecs.DescribeServices(r.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
		check(t, err)
		if svc := out.Services[0]; svc.LaunchType != "" || len(svc.CapacityProviderStrategy) != 2 {
			t.Errorf("the service has launch type %q and strategy %v", svc.LaunchType, svc.CapacityProviderStrategy)
		}
		if n := r.sim.InterruptTasks("shop", "web", 5); n != 3 {
			t.Errorf("%d tasks were interrupted", n)
		}
		time.Sleep(time.Minute)
		gone := r.stopped()
		if len(gone) != 3 || slices.ContainsFunc(gone, func(task types.Task) bool { return task.StopCode != types.TaskStopCodeSpotInterruption }) {
			t.Errorf("stopped are %+v", gone)
		}
		if got := on(); got["FARGATE"] != 3 || got["FARGATE_SPOT"] != 3 {
			t.Errorf("in the end tasks run on %v", got)
		}
	})
}

// TestStrategiesRefused: what AWS's references exclude.
func TestStrategiesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		strategy []types.CapacityProviderStrategyItem
		want     string
	}{
		"two bases":    {strategy(1, 1, 1, 1), "Only one capacity provider in a capacity provider strategy can have a base defined."},
		"no weight":    {strategy(1, 0, 0, 0), "At least one capacity provider must have a weight greater than zero."},
		"large weight": {strategy(0, 1001, 0, 0), "its weight between 0 and 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.register(func(*ecs.RegisterTaskDefinitionInput) {})
				err := r.work(fargateProviders, func(in *ecs.CreateServiceInput) { in.CapacityProviderStrategy = c.strategy })
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

// TestOldPlatform: version 1.3.0 of Fargate's platform knows neither EFS nor what
// else came with 1.4.0.
func TestOldPlatform(t *testing.T) {
	for name, c := range map[string]struct {
		definition func(*ecs.RegisterTaskDefinitionInput)
		refused    bool
	}{
		"nothing new": {func(*ecs.RegisterTaskDefinitionInput) {}, false},
		"storage": {func(in *ecs.RegisterTaskDefinitionInput) {
			in.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 50}
		}, true},
		"PID mode": {func(in *ecs.RegisterTaskDefinitionInput) { in.PidMode = types.PidModeTask }, true},
		"EFS":      {mounting, true},
	} {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.register(c.definition)
				err := r.work(nil, func(in *ecs.CreateServiceInput) { in.PlatformVersion = aws.String("1.3.0") })
				if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "PlatformTaskDefinitionIncompatibilityException") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// mounting mounts a file system.
func mounting(in *ecs.RegisterTaskDefinitionInput) {
	in.Volumes = []types.Volume{{Name: aws.String("data"), EfsVolumeConfiguration: &types.EFSVolumeConfiguration{FileSystemId: aws.String("fs-0a1b2c3d")}}}
	in.ContainerDefinitions[0].MountPoints = []types.MountPoint{{SourceVolume: aws.String("data"), ContainerPath: aws.String("/data")}}
}

// TestUnmountable: a task whose file system can't be mounted doesn't start, in
// ECS's words, and runs once it can.
func TestUnmountable(t *testing.T) {
	for what, reason := range simulated.Mounts {
		t.Run(what, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.sim.SetUnmountable(func(m simulated.Mount) string {
					if m.FileSystem != "fs-0a1b2c3d" || m.RootDirectory != "/" {
						t.Errorf("asked for %+v", m)
					}
					return reason
				})
				r.register(mounting)
				check(t, r.work(nil, func(*ecs.CreateServiceInput) {}))
				time.Sleep(time.Minute)
				gone := r.stopped()
				if len(gone) == 0 || r.running() > 0 {
					t.Fatalf("%d tasks stopped, %d run", len(gone), r.running())
				}
				for _, task := range gone {
					if said := *task.StoppedReason; task.StopCode != types.TaskStopCodeTaskFailedToStart ||
						!strings.HasPrefix(said, "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: ") || !strings.Contains(said, reason) {
						t.Errorf("stopped by %s: %s", task.StopCode, said)
					}
				}
				r.sim.SetUnmountable(nil)
				time.Sleep(30 * time.Minute)
				if n := r.running(); n != 6 {
					t.Errorf("%d run in the end", n)
				}
			})
		})
	}
}
