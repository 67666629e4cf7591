package autoscaling_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
)

// account has a cluster shop with a service app of three tasks, from a stack.
type account struct {
	t       *testing.T
	sim     *awssim.Sim
	scaling *aas.Client
	ecs     *ecs.Client
	watch   *cloudwatch.Client
	stacks  awstest.Stacks
}

// service is the stack's template, with more resources.
func service(more ...string) string {
	return `{"Resources": {` + strings.Join(append(more, `
	"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
	  "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
	  "ContainerDefinitions": [{"Name": "app", "Image": "checkout:1.0", "PortMappings": [{"ContainerPort": 8080}]}]}},
	"Service": {"Type": "AWS::ECS::Service", "Properties": {
	  "Cluster": "shop", "ServiceName": "app", "LaunchType": "FARGATE", "DesiredCount": 3, "TaskDefinition": {"Ref": "Task"},
	  "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-0a1b2c3d4e5f60711"]}}}}`), ",") + `},
	"Outputs": {"Scaling": {"Value": "none"}}}`
}

func run(t *testing.T, template string, f func(t *testing.T, a *account)) {
	t.Helper()
	awstest.Run(t, awssim.Options{ECRAutoCreate: true}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		a := &account{
			t: t, sim: sim, scaling: aas.NewFromConfig(config), ecs: ecs.NewFromConfig(config), watch: cloudwatch.NewFromConfig(config),
			stacks: awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)},
		}
		if err := sim.CreateCluster("shop"); err != nil {
			t.Fatal(err)
		}
		if made := a.stacks.Create("app", template); made.StackStatus != cfntypes.StackStatusCreateComplete {
			t.Fatalf("the stack is %s: %s", made.StackStatus, a.stacks.Cause("app"))
		}
		f(t, a)
	})
}

const id = "service/shop/app"

// wait lets virtual time pass.
func wait(d time.Duration) { time.Sleep(d) }

func (a *account) register(edit func(*aas.RegisterScalableTargetInput)) error {
	in := &aas.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(id), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
	}
	edit(in)
	_, err := a.scaling.RegisterScalableTarget(a.t.Context(), in)
	return err
}

// between registers the service with bounds, and waits until that is done.
func (a *account) between(lowest, highest int32) {
	a.t.Helper()
	if err := a.register(func(in *aas.RegisterScalableTargetInput) { in.MinCapacity, in.MaxCapacity = &lowest, &highest }); err != nil {
		a.t.Fatal(err)
	}
	wait(2 * time.Second)
}

// suspend sets what is suspended, and waits until that is done.
func (a *account) suspend(state types.SuspendedState) {
	a.t.Helper()
	if err := a.register(func(in *aas.RegisterScalableTargetInput) { in.SuspendedState = &state }); err != nil {
		a.t.Fatal(err)
	}
	wait(2 * time.Second)
}

func (a *account) desired() int {
	a.t.Helper()
	for _, s := range a.sim.Snapshot().Services {
		if s.Name == "app" {
			return s.Desired
		}
	}
	a.t.Fatal("the service is gone")
	return 0
}

// resize is someone who sets the desired count.
func (a *account) resize(count int32) {
	a.t.Helper()
	if _, err := a.ecs.UpdateService(a.t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("app"), DesiredCount: &count}); err != nil {
		a.t.Fatal(err)
	}
	wait(3 * time.Minute)
}

// track makes a target tracking policy on CPU.
func (a *account) track(target float64, edit func(*types.TargetTrackingScalingPolicyConfiguration)) *aas.PutScalingPolicyOutput {
	a.t.Helper()
	c := &types.TargetTrackingScalingPolicyConfiguration{TargetValue: &target, PredefinedMetricSpecification: &types.PredefinedMetricSpecification{
		PredefinedMetricType: types.MetricTypeECSServiceAverageCPUUtilization}}
	if edit != nil {
		edit(c)
	}
	out, err := a.scaling.PutScalingPolicy(a.t.Context(), &aas.PutScalingPolicyInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(id), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		PolicyName: aws.String("cpu"), PolicyType: types.PolicyTypeTargetTrackingScaling, TargetTrackingScalingPolicyConfiguration: c,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// load has the service need so much CPU, in per cent of one task.
func (a *account) load(cpu float64) {
	a.sim.SetWork(func(cluster, service string) (float64, bool) { return cpu, cluster == "shop" && service == "app" })
}

// after waits until the desired count is another one, for an hour at most, and
// returns it and how long that took.
func (a *account) after() (count int, took time.Duration) {
	a.t.Helper()
	was := a.desired()
	for ; took < time.Hour; took += time.Second {
		if now := a.desired(); now != was {
			return now, took
		}
		wait(time.Second)
	}
	return was, took
}

// TestRegister: what isn't given stays, and the desired count is brought between the
// bounds whatever is changed (API reference, RegisterScalableTarget).
func TestRegister(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(5, 10)
		if got := a.desired(); got != 5 {
			t.Errorf("below the minimum it becomes %d", got)
		}
		a.suspend(types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true)})
		a.suspend(types.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)})
		want := []autoscaling.Target{{Cluster: "shop", Service: "app", Min: 5, Max: 10, In: true, Scheduled: true}}
		if diff := cmp.Diff(want, a.sim.Snapshot().ScalableTargets); diff != "" {
			t.Errorf("what isn't given doesn't stay: %s", diff)
		}
		a.resize(0)
		if got := a.desired(); got != 0 {
			t.Errorf("a count that someone sets becomes %d by itself", got)
		}
		a.suspend(types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true), DynamicScalingOutSuspended: aws.Bool(true), ScheduledScalingSuspended: aws.Bool(true)})
		if got := a.desired(); got != 5 {
			t.Errorf("a suspension leaves a count below the minimum at %d", got)
		}
		a.between(1, 2)
		if got := a.desired(); got != 2 {
			t.Errorf("above the maximum it becomes %d", got)
		}
		var causes []string
		for _, activity := range a.sim.ScalingActivities() {
			causes = append(causes, activity.Cause)
		}
		if diff := cmp.Diff([]string{"minimum capacity was set to 5", "minimum capacity was set to 5", "maximum capacity was set to 2"}, causes); diff != "" {
			t.Error(diff)
		}
	})
}

// TestChangeInProgress: while a change is in progress another one is refused, and
// what was before is described.
func TestChangeInProgress(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		bounds := func(highest int32) error {
			return a.register(func(in *aas.RegisterScalableTargetInput) { in.MinCapacity, in.MaxCapacity = aws.Int32(1), &highest })
		}
		shown := func() (highest []int32) {
			out, err := a.scaling.DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs})
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range out.ScalableTargets {
				highest = append(highest, *target.MaxCapacity)
			}
			return highest
		}
		if err := bounds(10); err != nil {
			t.Fatal(err)
		}
		if got := shown(); len(got) != 0 {
			t.Errorf("a new target is seen at once: %v", got)
		}
		awstest.Refused(t, bounds(11), 400, "ConcurrentUpdateException", "pending update")
		wait(2 * time.Second)
		if err := bounds(12); err != nil {
			t.Fatal(err)
		}
		if got := shown(); !slices.Equal(got, []int32{10}) {
			t.Errorf("a change is seen at once: %v", got)
		}
		wait(2 * time.Second)
		if got := shown(); !slices.Equal(got, []int32{12}) {
			t.Errorf("a change is never seen: %v", got)
		}
	})
}

// TestTargetTracking: out after 3 minutes, in after 15, both from the tasks that run.
func TestTargetTracking(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(2, 10)
		alarms := a.track(60, nil).Alarms
		if len(alarms) != 2 || !strings.HasPrefix(*alarms[0].AlarmName, "TargetTracking-service/shop/app-AlarmHigh-") {
			t.Errorf("alarms are %v", alarms)
		}
		a.load(270) // 90 % of three tasks, 60 % of four and a half
		count, took := a.after()
		if count != 5 || took < 2*time.Minute || took > 6*time.Minute {
			t.Errorf("it scales out to %d after %s", count, took)
		}
		wait(20 * time.Minute) // 54 % are within a tenth of the target
		if got := a.desired(); got != 5 {
			t.Errorf("it scales to %d near its target", got)
		}
		a.load(100)
		count, took = a.after()
		if count != 2 || took < 13*time.Minute || took > 18*time.Minute {
			t.Errorf("it scales in to %d after %s", count, took)
		}
		a.load(10_000)
		if count, _ = a.after(); count != 4 { // 100 % of two tasks
			t.Errorf("it scales out to %d", count)
		}
	})
}

// TestSuspension: each kind of scaling can be suspended by itself, and is made up for
// once it is lifted.
func TestSuspension(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(1, 10)
		a.track(60, nil)
		a.suspend(types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true)})
		a.load(30)
		if count, took := a.after(); took < time.Hour {
			t.Errorf("it scales in to %d although that is suspended", count)
		}
		a.load(270)
		if count, _ := a.after(); count != 5 {
			t.Errorf("it scales out to %d while scale-in is suspended", count)
		}
		a.suspend(types.SuspendedState{DynamicScalingInSuspended: aws.Bool(false), DynamicScalingOutSuspended: aws.Bool(true)})
		a.load(1000)
		if count, took := a.after(); took < time.Hour {
			t.Errorf("it scales out to %d although that is suspended", count)
		}
		a.suspend(types.SuspendedState{DynamicScalingOutSuspended: aws.Bool(false)})
		if count, took := a.after(); count != 9 || took > 2*time.Minute {
			t.Errorf("once it is lifted, it scales out to %d after %s", count, took)
		}
	})
}

// TestCooldowns: while a scale-out cools down, only a larger one is done; a scale-in
// waits until the last one has cooled down.
func TestCooldowns(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(1, 20)
		a.track(50, func(c *types.TargetTrackingScalingPolicyConfiguration) {
			c.ScaleOutCooldown, c.ScaleInCooldown = aws.Int32(1800), aws.Int32(2400)
		})
		a.load(300)
		if count, _ := a.after(); count != 6 { // 100 % of three tasks
			t.Errorf("it scales out to %d", count)
		}
		a.load(600) // 100 % of six tasks: six from the three of the beginning
		if count, took := a.after(); count != 12 || took < 20*time.Minute {
			t.Errorf("during the cooldown it scales out to %d after %s", count, took)
		}
		a.load(300)
		if count, _ := a.after(); count != 6 {
			t.Errorf("it scales in to %d", count)
		}
		a.load(100)
		if count, took := a.after(); count != 2 || took < 35*time.Minute {
			t.Errorf("it scales in to %d again after %s", count, took)
		}
	})
}

// TestDeploymentInProgress: scale-in is off while ECS deploys, scale-out isn't.
func TestDeploymentInProgress(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(1, 10)
		if _, err := a.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("app"), ForceNewDeployment: true}); err != nil {
			t.Fatal(err)
		}
		if a.sim.Autoscale("shop", "app", 1) || a.desired() != 3 {
			t.Errorf("it scales in to %d while ECS deploys", a.desired())
		}
		if !a.sim.Autoscale("shop", "app", 4) || a.desired() != 4 {
			t.Errorf("it doesn't scale out while ECS deploys: %d", a.desired())
		}
		wait(10 * time.Minute)
		if !a.sim.Autoscale("shop", "app", 1) || a.desired() != 1 {
			t.Errorf("it doesn't scale in after the deployment: %d", a.desired())
		}
	})
}

// TestOutsideOfTheBounds: a policy leaves a count below the minimum alone if it would
// scale in, one above the maximum if it would scale out.
func TestOutsideOfTheBounds(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(3, 6)
		a.resize(1)
		if a.sim.Autoscale("shop", "app", 0) || a.desired() != 1 {
			t.Errorf("scale-in makes %d of a count below the minimum", a.desired())
		}
		if !a.sim.Autoscale("shop", "app", 2) || a.desired() != 3 {
			t.Errorf("scale-out makes %d of a count below the minimum", a.desired())
		}
		a.resize(9)
		if a.sim.Autoscale("shop", "app", 12) || a.desired() != 9 {
			t.Errorf("scale-out makes %d of a count above the maximum", a.desired())
		}
		if !a.sim.Autoscale("shop", "app", 8) || a.desired() != 6 {
			t.Errorf("scale-in makes %d of a count above the maximum", a.desired())
		}
	})
}

// TestServiceDeletedFirst: the target goes with its service.
func TestServiceDeletedFirst(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(1, 10)
		a.track(60, nil)
		if _, err := a.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String("shop"), Service: aws.String("app"), Force: aws.Bool(true)}); err != nil {
			t.Fatal(err)
		}
		_, err := a.scaling.DeregisterScalableTarget(t.Context(), &aas.DeregisterScalableTargetInput{
			ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(id), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		})
		awstest.Refused(t, err, 400, "ObjectNotFoundException", "No scalable target found for service namespace: ecs, resource ID: service/shop/app")
		if alarms, err := a.watch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}); err != nil || len(alarms.MetricAlarms) != 0 {
			t.Errorf("left are %v, %v", alarms.MetricAlarms, err)
		}
	})
}

// TestScheduledActions: they change the bounds at their time, and what came while
// they were suspended isn't made up for.
func TestScheduledActions(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		a.between(1, 10)
		for name, schedule := range map[string]string{"morning": "cron(0 7 ? * MON-FRI *)", "evening": "cron(0 19 * * ? *)"} {
			lowest := map[string]int32{"morning": 6, "evening": 2}[name]
			if _, err := a.scaling.PutScheduledAction(t.Context(), &aas.PutScheduledActionInput{
				ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(id), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
				ScheduledActionName: &name, Schedule: &schedule, Timezone: aws.String("Europe/Berlin"),
				ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: &lowest, MaxCapacity: aws.Int32(lowest + 2)},
			}); err != nil {
				t.Fatal(err)
			}
		}
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		until := func(day, hour int) {
			wait(time.Until(time.Date(2000, 1, day, hour, 0, 1, 0, berlin)))
		}
		until(3, 7) // the first Monday of the bubble
		if got := a.desired(); got != 6 {
			t.Errorf("in the morning there are %d", got)
		}
		until(3, 19)
		if got := a.desired(); got != 4 {
			t.Errorf("in the evening there are %d", got)
		}
		a.suspend(types.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)})
		until(4, 8)
		a.suspend(types.SuspendedState{ScheduledScalingSuspended: aws.Bool(false)})
		until(4, 12)
		if got := a.desired(); got != 4 {
			t.Errorf("what came while it was suspended is made up for: %d", got)
		}
		out, err := a.scaling.DescribeScalingActivities(t.Context(), &aas.DescribeScalingActivitiesInput{ServiceNamespace: types.ServiceNamespaceEcs})
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, activity := range out.ScalingActivities {
			said = append(said, *activity.Cause)
		}
		if want := "maximum capacity was set to 4"; len(said) == 0 || said[0] != want || !slices.Contains(said, "scheduled action name morning was triggered") {
			t.Errorf("activities are %q", said)
		}
	})
}

// TestRefusals: what the API refuses, with AWS's code.
func TestRefusals(t *testing.T) {
	run(t, service(), func(t *testing.T, a *account) {
		bounds := func(lowest, highest int32) func(*aas.RegisterScalableTargetInput) {
			return func(in *aas.RegisterScalableTargetInput) { in.MinCapacity, in.MaxCapacity = &lowest, &highest }
		}
		for name, tc := range map[string]struct {
			edit func(*aas.RegisterScalableTargetInput)
			text string
		}{
			"no bounds":     {func(*aas.RegisterScalableTargetInput) {}, "MinCapacity and MaxCapacity are required"},
			"wrong bounds":  {bounds(3, 2), "less than minimum capacity"},
			"below nothing": {bounds(-1, 2), "less than the lowest allowed value"},
			"no service": {func(in *aas.RegisterScalableTargetInput) {
				bounds(1, 2)(in)
				in.ResourceId = aws.String("service/shop/other")
			}, "ECS service doesn't exist: service/shop/other"},
			"no cluster": {func(in *aas.RegisterScalableTargetInput) { in.ResourceId = aws.String("service/app") }, "Unsupported service namespace"},
			"a table": {func(in *aas.RegisterScalableTargetInput) {
				in.ScalableDimension = types.ScalableDimensionDynamoDBTableReadCapacityUnits
			},
				"Unsupported service namespace"},
			"another service": {func(in *aas.RegisterScalableTargetInput) { in.ServiceNamespace = types.ServiceNamespaceRds }, "not simulated"},
			"no namespace":    {func(in *aas.RegisterScalableTargetInput) { in.ServiceNamespace = "ecz" }, "enum value set"},
		} {
			t.Log(name)
			awstest.Refused(t, a.register(tc.edit), 400, "ValidationException", tc.text)
		}
		policy := &aas.PutScalingPolicyInput{
			ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(id), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
			PolicyName: aws.String("cpu"), PolicyType: types.PolicyTypeTargetTrackingScaling,
			TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(60),
				PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeALBRequestCountPerTarget}},
		}
		_, err := a.scaling.PutScalingPolicy(t.Context(), policy)
		awstest.Refused(t, err, 400, "ObjectNotFoundException", "No scalable target registered for service namespace: ecs, resource ID: service/shop/app, scalable dimension: ecs:service:DesiredCount")
		a.between(1, 2)
		_, err = a.scaling.PutScalingPolicy(t.Context(), policy)
		awstest.Refused(t, err, 400, "ValidationException", "resource label")
		ids := make([]string, 51)
		for i := range ids {
			ids[i] = fmt.Sprintf("service/shop/app%d", i)
		}
		_, err = a.scaling.DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceIds: ids})
		awstest.Refused(t, err, 400, "ValidationException", "less than or equal to 50")
		_, err = a.scaling.DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs, NextToken: aws.String("x")})
		awstest.Refused(t, err, 400, "InvalidNextTokenException", "")
	})
}
