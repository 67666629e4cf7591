package ecs_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/awssim"
)

// region is a simulated account behind the real SDK.
type region struct {
	t        *testing.T
	sim      *awssim.Sim
	ecs      *ecs.Client
	elb      *elasticloadbalancingv2.Client
	listener string
	group    string
}

// inRegion runs f in virtual time.
func inRegion(t *testing.T, f func(r *region)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(awssim.Options{Seed: 5})
		defer sim.Close()
		config := aws.Config{
			Region:           "eu-west-1",
			Credentials:      credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
			HTTPClient:       &http.Client{Transport: sim.Transport()},
			RetryMaxAttempts: 1,
		}
		listener, err := sim.CreateListener("main", 80)
		check(t, err)
		f(&region{
			t: t, sim: sim, listener: listener,
			ecs: ecs.NewFromConfig(config), elb: elasticloadbalancingv2.NewFromConfig(config),
		})
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// balance makes a target group and a rule for shop.example.com.
func (r *region) balance() {
	r.t.Helper()
	ctx := r.t.Context()
	group, err := r.elb.CreateTargetGroup(ctx, &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("web"), Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"),
		TargetType: elbtypes.TargetTypeEnumIp, HealthCheckIntervalSeconds: aws.Int32(10), HealthCheckPath: aws.String("/healthz"),
	})
	check(r.t, err)
	r.group = *group.TargetGroups[0].TargetGroupArn
	_, err = r.elb.CreateRule(ctx, &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &r.listener, Priority: aws.Int32(10),
		Conditions: []elbtypes.RuleCondition{{
			Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{"shop.example.com"}},
		}},
		Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: &r.group, Weight: aws.Int32(100)}},
		}}},
	})
	check(r.t, err)
}

func (r *region) serve(image string, change ...func(*ecs.RegisterTaskDefinitionInput)) {
	r.t.Helper()
	ctx := r.t.Context()
	_, err := r.ecs.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("shop")})
	check(r.t, err)
	definition := &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("web"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: &image, PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
			Environment: []types.KeyValuePair{{Name: aws.String("VIRIDIAN_REVISION"), Value: aws.String("7")}},
		}},
	}
	for _, c := range change {
		c(definition)
	}
	_, err = r.ecs.RegisterTaskDefinition(ctx, definition)
	check(r.t, err)
	_, err = r.ecs.CreateService(ctx, &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(2),
		LaunchType: types.LaunchTypeFargate,
		LoadBalancers: []types.LoadBalancer{{
			ContainerName: aws.String("app"), ContainerPort: aws.Int32(8080), TargetGroupArn: &r.group,
		}},
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-0a1b2c3d4e5f60711"}}},
	})
	check(r.t, err)
	time.Sleep(2 * time.Minute)
	synctest.Wait()
}

func TestSDKSeesAService(t *testing.T) {
	inRegion(t, func(r *region) {
		ctx := r.t.Context()
		r.balance()
		r.serve("web:1")
		services, err := r.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web", "none"}})
		check(r.t, err)
		if len(services.Services) != 1 || len(services.Failures) != 1 || *services.Failures[0].Reason != "MISSING" {
			r.t.Fatalf("got %+v", services)
		}
		svc := services.Services[0]
		deployment := svc.Deployments[0]
		if svc.RunningCount != 2 || deployment.RolloutState != types.DeploymentRolloutStateCompleted || *deployment.Status != "PRIMARY" {
			r.t.Errorf("service: %d running, rollout %s", svc.RunningCount, deployment.RolloutState)
		}
		if got := *svc.Events[0].Message; got != "(service web) has reached a steady state." {
			r.t.Errorf("newest event: %s", got)
		}
		if age := time.Since(*svc.CreatedAt); age < 119*time.Second || age > 121*time.Second {
			r.t.Errorf("created %s ago", age)
		}
		r.checkTasks()
		health, err := r.elb.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &r.group})
		check(r.t, err)
		if len(health.TargetHealthDescriptions) != 2 || health.TargetHealthDescriptions[0].TargetHealth.State != elbtypes.TargetHealthStateEnumHealthy {
			r.t.Errorf("health: %+v", health.TargetHealthDescriptions)
		}
		response := r.sim.Route(r.listener, httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart", nil))
		if response.Status != http.StatusOK || !strings.Contains(string(response.Body), `"revision":"7"`) || response.TargetGroupARN != r.group {
			r.t.Errorf("request: %d %s", response.Status, response.Body)
		}
	})
}

func (r *region) checkTasks() {
	r.t.Helper()
	ctx := r.t.Context()
	list, err := r.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String("shop"), ServiceName: aws.String("web")})
	check(r.t, err)
	tasks, err := r.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String("shop"), Tasks: list.TaskArns})
	check(r.t, err)
	if len(tasks.Tasks) != 2 {
		r.t.Fatalf("got %d tasks", len(tasks.Tasks))
	}
	task := tasks.Tasks[0]
	if *task.LastStatus != "RUNNING" || task.StartedAt == nil || task.StoppedAt != nil || *task.Containers[0].LastStatus != "RUNNING" {
		r.t.Errorf("task: %+v", task)
	}
}

func TestSDKSeesRules(t *testing.T) {
	inRegion(t, func(r *region) {
		r.balance()
		rules, err := r.elb.DescribeRules(r.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &r.listener})
		check(r.t, err)
		if len(rules.Rules) != 2 || !*rules.Rules[1].IsDefault || *rules.Rules[1].Priority != "default" {
			r.t.Fatalf("got %+v", rules.Rules)
		}
		action := rules.Rules[0].Actions[0]
		if *action.TargetGroupArn != r.group || *action.ForwardConfig.TargetGroups[0].Weight != 100 || *action.ForwardConfig.TargetGroupStickinessConfig.Enabled {
			r.t.Errorf("action: %+v", action)
		}
		condition := rules.Rules[0].Conditions[0]
		if condition.Values[0] != "shop.example.com" || condition.HostHeaderConfig.Values[0] != "shop.example.com" {
			r.t.Errorf("condition: %+v", condition)
		}
		balancers, err := r.elb.DescribeLoadBalancers(r.t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{Names: []string{"main"}})
		check(r.t, err)
		if lb := balancers.LoadBalancers[0]; lb.State.Code != elbtypes.LoadBalancerStateEnumActive || lb.CreatedTime == nil || len(lb.AvailabilityZones) != 2 {
			r.t.Errorf("load balancer: %+v", lb)
		}
	})
}

// TestDrainedServiceFailsNoRequest shows that a service can go while requests
// keep coming, if its target group leaves the rule first and the change has
// propagated, and that requests fail if nobody waits for that.
func TestDrainedServiceFailsNoRequest(t *testing.T) {
	tests := map[string]struct {
		pause    time.Duration
		failures bool
	}{
		"after propagation": {pause: 16 * time.Second},
		"at once":           {failures: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.balance()
				r.serve("web:1")
				ctx := r.t.Context()
				rules, err := r.elb.DescribeRules(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &r.listener})
				check(t, err)
				_, err = r.elb.ModifyRule(ctx, &elasticloadbalancingv2.ModifyRuleInput{
					RuleArn: rules.Rules[0].RuleArn, Actions: []elbtypes.Action{{
						Type:                elbtypes.ActionTypeEnumFixedResponse,
						FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")},
					}},
				})
				check(t, err)
				time.Sleep(tc.pause)
				_, err = r.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{Cluster: aws.String("shop"), Service: aws.String("web"), Force: aws.Bool(true)})
				check(t, err)
				if failed := r.load(time.Minute); (failed > 0) != tc.failures {
					t.Errorf("%d requests failed", failed)
				}
			})
		})
	}
}

// load sends ten requests a second and counts those that fail.
func (r *region) load(d time.Duration) int {
	failed := 0
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		req := httptest.NewRequest(http.MethodGet, "http://shop.example.com/", nil)
		if r.sim.Route(r.listener, req).Status != http.StatusOK {
			failed++
		}
	}
	return failed
}

// refusedAs tells whether the error has the SDK's type T.
func refusedAs[T error](err error) bool {
	var as T
	return errors.As(err, &as)
}

func TestSDKKnowsRefusals(t *testing.T) {
	inRegion(t, func(r *region) {
		ctx := r.t.Context()
		r.balance()
		_, inUse := r.elb.DeleteTargetGroup(ctx, &elasticloadbalancingv2.DeleteTargetGroupInput{TargetGroupArn: &r.group})
		_, noGroup := r.elb.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(r.group + "0")})
		_, noRule := r.elb.DeleteRule(ctx, &elasticloadbalancingv2.DeleteRuleInput{RuleArn: aws.String("arn:none")})
		_, noListener := r.elb.DescribeRules(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: aws.String("arn:none")})
		_, noCluster := r.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("none"), Services: []string{"web"}})
		_, noService := r.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("none")})
		_, noDefinition := r.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("none")})
		for name, known := range map[string]bool{
			"ResourceInUse":            refusedAs[*elbtypes.ResourceInUseException](inUse),
			"TargetGroupNotFound":      refusedAs[*elbtypes.TargetGroupNotFoundException](noGroup),
			"RuleNotFound":             refusedAs[*elbtypes.RuleNotFoundException](noRule),
			"ListenerNotFound":         refusedAs[*elbtypes.ListenerNotFoundException](noListener),
			"ClusterNotFoundException": refusedAs[*types.ClusterNotFoundException](noCluster),
			"ClusterNotFound (update)": refusedAs[*types.ClusterNotFoundException](noService),
			"ClientException":          refusedAs[*types.ClientException](noDefinition),
		} {
			if !known {
				r.t.Errorf("%s isn't recognised", name)
			}
		}
	})
}
