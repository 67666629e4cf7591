package ecs_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	simulated "github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// job makes a task definition for instances: 512 units of CPU, 1 GiB, port 8080.
func (r *region) job(edit func(*ecs.RegisterTaskDefinitionInput)) error {
	r.t.Helper()
	in := &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("job"), NetworkMode: types.NetworkModeBridge, RequiresCompatibilities: []types.Compatibility{types.CompatibilityEc2},
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("job:1"), Cpu: 512, MemoryReservation: aws.Int32(1024),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
		}},
	}
	edit(in)
	_, err := r.ecs.RegisterTaskDefinition(r.t.Context(), in)
	return err
}

// place makes the service of that definition on instances, and waits for it.
func (r *region) place(edit func(*ecs.CreateServiceInput)) error {
	r.t.Helper()
	in := &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("job"), DesiredCount: aws.Int32(3), LaunchType: types.LaunchTypeEc2,
	}
	edit(in)
	_, err := r.ecs.CreateService(r.t.Context(), in)
	time.Sleep(time.Minute)
	return err
}

// instances makes the cluster, with instances in it.
func (r *region) instances(all ...simulated.Instance) (ids []string) {
	r.t.Helper()
	_, err := r.ecs.CreateCluster(r.t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("shop"), CapacityProviders: []string{"spot", "FARGATE"}})
	check(r.t, err)
	for _, in := range all {
		in.Cluster = "shop"
		id, err := r.sim.RegisterInstance(in)
		check(r.t, err)
		ids = append(ids, id)
	}
	return ids
}

// onEach counts the tasks that run, by their instances.
func (r *region) onEach() map[string]int {
	count := map[string]int{}
	for _, t := range r.sim.Snapshot().Tasks {
		if t.Status == "RUNNING" {
			count[t.Instance]++
		}
	}
	return count
}

// events are those of the service, the newest first.
func (r *region) events() (messages []string) {
	r.t.Helper()
	out, err := r.ecs.DescribeServices(r.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
	check(r.t, err)
	for _, e := range out.Services[0].Events {
		messages = append(messages, *e.Message)
	}
	return messages
}

// TestPlacement: tasks go where there is room, spread over zones unless the service
// says otherwise; for others there is an event with the reason, once.
func TestPlacement(t *testing.T) {
	type in = *ecs.CreateServiceInput
	none := func(in) {}
	fixed := func(d *ecs.RegisterTaskDefinitionInput) {
		d.ContainerDefinitions[0].PortMappings[0].HostPort = aws.Int32(80)
	}
	large := func(d *ecs.RegisterTaskDefinitionInput) {
		d.ContainerDefinitions[0].MemoryReservation = aws.Int32(7000)
	}
	a, b := simulated.Instance{Zone: "eu-west-1a"}, simulated.Instance{Zone: "eu-west-1b", CapacityProvider: "spot", Attributes: map[string]string{"disk": "fast"}}
	for name, c := range map[string]struct {
		instances []simulated.Instance
		job       func(*ecs.RegisterTaskDefinitionInput)
		service   func(in)
		want      []int
		event     string
	}{
		"no instances": {nil, nil, none, nil, "Reason: No Container Instances were found in your cluster."},
		"spread":       {[]simulated.Instance{a, a, b}, nil, func(i in) { i.DesiredCount = aws.Int32(4) }, []int{2, 0, 2}, ""},
		"over each": {[]simulated.Instance{a, a, b}, nil, func(i in) {
			i.PlacementStrategy = []types.PlacementStrategy{{Type: "spread", Field: aws.String("instanceId")}}
		}, []int{1, 1, 1}, ""},
		"packed": {[]simulated.Instance{a, a, b}, nil, func(i in) {
			i.PlacementStrategy = []types.PlacementStrategy{{Type: "binpack", Field: aws.String("memory")}}
		}, []int{3, 0, 0}, ""},
		"distinct": {[]simulated.Instance{a, b}, nil, func(i in) { i.PlacementConstraints = []types.PlacementConstraint{{Type: "distinctInstance"}} }, []int{1, 1}, "is missing an attribute required by your task."},
		"members": {[]simulated.Instance{a, b}, nil, func(i in) {
			i.PlacementConstraints = []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("attribute:disk == fast and attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]")}}
		}, []int{0, 3}, ""},
		"no members": {[]simulated.Instance{a, b}, nil, func(i in) {
			i.PlacementConstraints = []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("attribute:disk !exists")}, {Type: "memberOf", Expression: aws.String("attribute:disk == fast")}}
		}, []int{0, 0}, "is missing an attribute required by your task."},
		"no memory": {[]simulated.Instance{a}, large, none, []int{1}, "has insufficient memory available."},
		"no CPU":    {[]simulated.Instance{{CPU: 1024}}, nil, none, []int{2}, "has insufficient CPU units available."},
		"ports":     {[]simulated.Instance{a, b}, fixed, none, []int{1, 1}, "is already using a port required by your task."},
		"a provider": {[]simulated.Instance{a, b}, nil, func(i in) {
			i.LaunchType = ""
			i.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("spot"), Weight: 1}}
		}, []int{0, 3}, ""},
		"none of it": {[]simulated.Instance{a}, nil, func(i in) {
			i.LaunchType = ""
			i.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("spot"), Weight: 1}}
		}, []int{0}, "Reason: No Container Instances were found in your capacity provider."},
	} {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				ids := r.instances(c.instances...)
				check(r.t, r.job(func(d *ecs.RegisterTaskDefinitionInput) {
					if c.job != nil {
						c.job(d)
					}
				}))
				check(r.t, r.place(c.service))
				time.Sleep(10 * time.Minute)
				for i, id := range ids {
					if got := r.onEach()[id]; got != c.want[i] {
						t.Errorf("instance %d runs %d, want %d", i, got, c.want[i])
					}
				}
				unplaced := slices.DeleteFunc(r.events(), func(m string) bool { return !strings.Contains(m, "no container instance met all of its requirements") })
				if c.event == "" && len(unplaced) > 0 || c.event != "" && (len(unplaced) != 1 || !strings.Contains(unplaced[0], c.event+" For more information, see the Troubleshooting section")) {
					t.Errorf("events: %q", unplaced)
				}
			})
		})
	}
}

// TestLaterInstance: a task that couldn't be placed is, once there is an instance.
func TestLaterInstance(t *testing.T) {
	inRegion(t, func(r *region) {
		r.instances()
		check(r.t, r.job(func(*ecs.RegisterTaskDefinitionInput) {}))
		check(r.t, r.place(func(*ecs.CreateServiceInput) {}))
		id, err := r.sim.RegisterInstance(simulated.Instance{Cluster: "shop"})
		check(r.t, err)
		time.Sleep(time.Minute)
		if got := r.onEach()[id]; got != 3 {
			t.Errorf("%d tasks run", got)
		}
	})
}

// behind puts the service behind a load balancer, by a target group of a type.
func (r *region) behind(kind elbtypes.TargetTypeEnum) func(*ecs.CreateServiceInput) {
	r.t.Helper()
	ctx := r.t.Context()
	group, err := r.elb.CreateTargetGroup(ctx, &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("web"), Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"),
		TargetType: kind, HealthCheckIntervalSeconds: aws.Int32(10),
	})
	check(r.t, err)
	r.group = *group.TargetGroups[0].TargetGroupArn
	_, err = r.elb.CreateRule(ctx, &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &r.listener, Priority: aws.Int32(1), Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/*"}}},
		Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &r.group}},
	})
	check(r.t, err)
	return func(in *ecs.CreateServiceInput) {
		in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &r.group, ContainerName: aws.String("app"), ContainerPort: aws.Int32(8080)}}
	}
}

// targets are those of the group, by their state.
func (r *region) targets() map[string][]elbtypes.TargetDescription {
	r.t.Helper()
	out, err := r.elb.DescribeTargetHealth(r.t.Context(), &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &r.group})
	check(r.t, err)
	found := map[string][]elbtypes.TargetDescription{}
	for _, d := range out.TargetHealthDescriptions {
		found[string(d.TargetHealth.State)] = append(found[string(d.TargetHealth.State)], *d.Target)
	}
	return found
}

// TestInstanceTargets: tasks on an instance are targets by its ID, at dynamic ports of
// their own; requests reach each of them, and draining one leaves the others.
func TestInstanceTargets(t *testing.T) {
	inRegion(t, func(r *region) {
		id := r.instances(simulated.Instance{})[0]
		check(r.t, r.job(func(*ecs.RegisterTaskDefinitionInput) {}))
		check(r.t, r.place(r.behind(elbtypes.TargetTypeEnumInstance)))
		healthy := r.targets()["healthy"]
		if len(healthy) != 3 {
			r.t.Fatalf("targets: %+v", r.targets())
		}
		ports := map[int32]bool{}
		for _, target := range healthy {
			if ports[*target.Port] = true; *target.Id != id || *target.Port < 32768 || *target.Port > 60999 || target.AvailabilityZone != nil {
				t.Errorf("target %s at %d, zone %v", *target.Id, *target.Port, target.AvailabilityZone)
			}
		}
		answered := map[string]bool{}
		for range 6 {
			req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://shop.example.com/", nil)
			check(r.t, err)
			response := r.sim.Route(r.listener, req)
			if answered[response.Header.Get("X-Task")] = true; response.Status != http.StatusOK {
				t.Errorf("answered %d", response.Status)
			}
		}
		if len(ports) != 3 || len(answered) != 3 {
			t.Errorf("%d ports, and answers of %d tasks", len(ports), len(answered))
		}
		_, err := r.ecs.UpdateService(r.t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("web"), DesiredCount: aws.Int32(1)})
		check(r.t, err)
		time.Sleep(20 * time.Second)
		if now := r.targets(); len(now["healthy"]) != 1 || len(now["draining"]) != 2 {
			t.Errorf("targets: %+v", now)
		}
		time.Sleep(10 * time.Minute)
		if got := r.onEach()[id]; got != 1 {
			t.Errorf("%d tasks run", got)
		}
	})
}

// described is the first task that DescribeTasks tells of with a status.
func (r *region) described(desired types.DesiredStatus) types.Task {
	r.t.Helper()
	list, err := r.ecs.ListTasks(r.t.Context(), &ecs.ListTasksInput{Cluster: aws.String("shop"), DesiredStatus: desired})
	check(r.t, err)
	if len(list.TaskArns) == 0 {
		r.t.Fatal("there is no such task")
	}
	out, err := r.ecs.DescribeTasks(r.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("shop"), Tasks: list.TaskArns[:1]})
	check(r.t, err)
	return out.Tasks[0]
}

// TestTaskOnAnInstance: what ECS tells of one has its instance and its ports, and
// nothing of Fargate.
func TestTaskOnAnInstance(t *testing.T) {
	inRegion(t, func(r *region) {
		r.instances(simulated.Instance{})
		check(r.t, r.job(func(*ecs.RegisterTaskDefinitionInput) {}))
		check(r.t, r.place(func(*ecs.CreateServiceInput) {}))
		task := r.described(types.DesiredStatusRunning)
		bindings := task.Containers[0].NetworkBindings
		if task.LaunchType != types.LaunchTypeEc2 || task.ContainerInstanceArn == nil || task.PlatformVersion != nil || task.EphemeralStorage != nil ||
			len(task.Attachments) != 0 || len(task.Containers[0].NetworkInterfaces) != 0 || len(bindings) != 1 || *bindings[0].HostPort < 32768 || *task.Memory != "1024" {
			t.Errorf("%+v", task)
		}
		out, err := r.ecs.DescribeContainerInstances(r.t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String("shop"), ContainerInstances: []string{*task.ContainerInstanceArn, "gone"}})
		check(r.t, err)
		if len(out.ContainerInstances) != 1 || len(out.Failures) != 1 || out.ContainerInstances[0].RunningTasksCount != 3 || out.ContainerInstances[0].RemainingResources[0].IntegerValue != 512 {
			t.Errorf("%+v", out)
		}
		clusters, err := r.ecs.DescribeClusters(r.t.Context(), &ecs.DescribeClustersInput{Clusters: []string{"shop"}})
		check(r.t, err)
		if got := clusters.Clusters[0].RegisteredContainerInstancesCount; got != 1 {
			t.Errorf("the cluster has %d instances", got)
		}
	})
}

// TestTerminatedInstance: its tasks stop, which is no failure of theirs, and are
// replaced on others.
func TestTerminatedInstance(t *testing.T) {
	inRegion(t, func(r *region) {
		ids := r.instances(simulated.Instance{}, simulated.Instance{Zone: "eu-west-1b"})
		check(r.t, r.job(func(*ecs.RegisterTaskDefinitionInput) {}))
		check(r.t, r.place(r.behind(elbtypes.TargetTypeEnumInstance)))
		if !r.sim.TerminateInstance(ids[0]) || r.sim.TerminateInstance(ids[0]) {
			t.Error("the instance isn't terminated once")
		}
		task := r.described(types.DesiredStatusStopped)
		if task.StopCode != types.TaskStopCodeTerminationNotice || *task.StoppedReason != "Host EC2 (instance "+ids[0]+") terminated." {
			t.Errorf("%s: %s", task.StopCode, *task.StoppedReason)
		}
		time.Sleep(10 * time.Minute)
		if got := r.onEach(); got[ids[1]] != 3 || len(r.targets()["healthy"]) != 3 || len(r.targets()) != 1 {
			t.Errorf("run %v, targets %v", got, r.targets())
		}
		out, err := r.ecs.DescribeServices(r.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
		check(r.t, err)
		if failed := out.Services[0].Deployments[0].FailedTasks; failed != 0 {
			t.Errorf("%d tasks failed", failed)
		}
	})
}

// TestDrainingInstance: its tasks are replaced before they stop, as far as the
// minimum percent says, and there is room elsewhere.
func TestDrainingInstance(t *testing.T) {
	inRegion(t, func(r *region) {
		ids := r.instances(simulated.Instance{CPU: 1536})
		check(r.t, r.job(func(*ecs.RegisterTaskDefinitionInput) {}))
		check(r.t, r.place(r.behind(elbtypes.TargetTypeEnumInstance)))
		drain := func(status types.ContainerInstanceStatus) {
			list, err := r.ecs.ListContainerInstances(r.t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String("shop")})
			check(r.t, err)
			_, err = r.ecs.UpdateContainerInstancesState(r.t.Context(), &ecs.UpdateContainerInstancesStateInput{Cluster: aws.String("shop"), ContainerInstances: list.ContainerInstanceArns[:1], Status: status})
			check(r.t, err)
		}
		drain(types.ContainerInstanceStatusDraining)
		time.Sleep(10 * time.Minute)
		if got := r.onEach()[ids[0]]; got != 3 {
			t.Errorf("%d tasks are left on the only instance", got)
		}
		other, err := r.sim.RegisterInstance(simulated.Instance{Cluster: "shop"})
		check(r.t, err)
		least := 3
		for range 60 {
			time.Sleep(10 * time.Second)
			least = min(least, len(r.targets()["healthy"]))
		}
		if got := r.onEach(); got[ids[0]] != 0 || got[other] != 3 || least < 3 {
			t.Errorf("run %v, at least %d were healthy", got, least)
		}
	})
}

// TestRefusedOnInstances: what AWS refuses of definitions and services on instances.
func TestRefusedOnInstances(t *testing.T) {
	type definition = *ecs.RegisterTaskDefinitionInput
	type svc = *ecs.CreateServiceInput
	vpc := &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-0a1b2c3d4e5f60711"}}}
	public := &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: vpc.AwsvpcConfiguration.Subnets, AssignPublicIp: types.AssignPublicIpEnabled}}
	awsvpc := func(d definition) { d.NetworkMode = types.NetworkModeAwsvpc }
	fargate := func(d definition) {
		d.NetworkMode, d.RequiresCompatibilities = types.NetworkModeAwsvpc, []types.Compatibility{types.CompatibilityFargate}
		d.Cpu, d.Memory = aws.String("1024"), aws.String("2048")
	}
	app := func(d definition) *types.ContainerDefinition { return &d.ContainerDefinitions[0] }
	for name, c := range map[string]struct {
		job     func(definition)
		service func(svc)
		want    string
	}{
		"no memory":        {func(d definition) { app(d).MemoryReservation = nil }, nil, "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified."},
		"host, other port": {func(d definition) { d.NetworkMode = "host"; app(d).PortMappings[0].HostPort = aws.Int32(80) }, nil, "When networkMode=host, the host ports and container ports in port mappings must match."},
		"storage":          {func(d definition) { d.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 21} }, nil, "Tasks using the EC2 launch type do not support EphemeralStorage"},
		"hostname":         {func(d definition) { awsvpc(d); app(d).Hostname = aws.String("a") }, nil, "hostname is not supported on container when networkMode=awsvpc"},
		"DNS":              {func(d definition) { awsvpc(d); app(d).DnsServers = []string{"10.0.0.2"} }, nil, "DNS servers are not supported on container when networkMode=awsvpc"},
		"no network":       {func(d definition) { awsvpc(d); app(d).DisableNetworking = aws.Bool(true) }, nil, "Disable Networking is not supported on container when networkMode=awsvpc"},
		"IPC on Fargate":   {func(d definition) { fargate(d); d.IpcMode = types.IpcModeTask }, nil, "Fargate compatible task definitions do not support ipcMode"},
		"path on Fargate": {func(d definition) {
			fargate(d)
			d.Volumes = []types.Volume{{Name: aws.String("a"), Host: &types.HostVolumeProperties{SourcePath: aws.String("/a")}}}
		}, nil, "Fargate compatible task definitions do not support sourcePath"},
		"Docker on Fargate": {func(d definition) {
			fargate(d)
			d.Volumes = []types.Volume{{Name: aws.String("a"), DockerVolumeConfiguration: &types.DockerVolumeConfiguration{}}}
		}, nil, "Fargate compatible task definitions do not support dockerVolumeConfiguration"},
		"GPU on Fargate": {func(d definition) {
			fargate(d)
			app(d).ResourceRequirements = []types.ResourceRequirement{{Type: "GPU", Value: aws.String("1")}}
		}, nil, "Tasks using the Fargate launch type do not support GPU resource requirements"},
		"swap on Fargate": {func(d definition) { fargate(d); app(d).LinuxParameters = &types.LinuxParameters{MaxSwap: aws.Int32(1)} }, nil, "Fargate compatible task definitions do not support maxSwap"},

		"network of bridge":     {func(definition) {}, func(s svc) { s.NetworkConfiguration = vpc }, "Network Configuration is not valid for the given networkMode of this task definition."},
		"no network of its own": {awsvpc, func(svc) {}, "Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		"public address":        {awsvpc, func(s svc) { s.NetworkConfiguration = public }, "Assign public IP is not supported for this launch type."},
		"platform":              {func(definition) {}, func(s svc) { s.PlatformVersion = aws.String("LATEST") }, "The platform version must be null when specifying an EC2 launch type."},
		"addresses":             {func(definition) {}, nil, "has target type ip, which is incompatible with the bridge network mode specified in the task definition."},
		"Fargate and instances": {func(definition) {}, func(s svc) {
			s.LaunchType = ""
			s.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("spot"), Weight: 1}, {CapacityProvider: aws.String("FARGATE"), Weight: 1}}
		}, "cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers"},
		"expression of none": {func(definition) {}, func(s svc) {
			s.PlacementConstraints = []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("disk is fast")}}
		}, "Invalid expression"},
		"distinct member": {func(definition) {}, func(s svc) {
			s.PlacementConstraints = []types.PlacementConstraint{{Type: "distinctInstance", Expression: aws.String("attribute:a exists")}}
		}, "distinctInstance expression should not be specified"},
		"packed by disks": {func(definition) {}, func(s svc) {
			s.PlacementStrategy = []types.PlacementStrategy{{Type: "binpack", Field: aws.String("disk")}}
		}, "binpack field 'disk' is invalid"},
		"random field": {func(definition) {}, func(s svc) {
			s.PlacementStrategy = []types.PlacementStrategy{{Type: "random", Field: aws.String("cpu")}}
		}, "random field should not be specified"},
		"placed on Fargate": {fargate, func(s svc) {
			s.LaunchType, s.NetworkConfiguration, s.PlacementStrategy = "FARGATE", vpc, []types.PlacementStrategy{{Type: "random"}}
		}, "Placement strategies are not supported with FARGATE launch type."},
	} {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.instances(simulated.Instance{})
				err := r.job(c.job)
				service := c.service
				if name == "addresses" {
					service = r.behind(elbtypes.TargetTypeEnumIp)
				}
				if service != nil {
					check(r.t, err)
					err = r.place(service)
				}
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}
