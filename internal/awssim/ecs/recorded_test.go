package ecs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The values in this file are those of calls to AWS in September 2026 that the
// repository radkawar/stackd recorded, in testdata/aws/ecs/services.json at
// 9dc356f5e5cc49d2d334178a09c1398dd1c62617.

// create calls CreateService with the changes to a service of no tasks, and
// returns the service's ARN.
func (st *stage) create(changes string) (string, error) {
	st.t.Helper()
	var out struct{ Service struct{ ServiceArn string } }
	err := st.call("CreateService", `{"cluster":"shop","serviceName":"defaults","taskDefinition":"web","desiredCount":0,"launchType":"FARGATE",
		"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-a"]}},"clientToken":"one",
		"tags":[{"key":"probe","value":"first"}]`+changes+`}`, &out)
	return out.Service.ServiceArn, err
}

func TestCreateServiceAgain(t *testing.T) {
	const taken = "Creation of service was not idempotent."
	tests := map[string]struct{ changes, refused string }{
		"the same":           {"", ""},
		"other tags":         {`,"tags":[{"key":"probe","value":"changed"}]`, ""},
		"another token":      {`,"clientToken":"two"`, taken},
		"no token":           {`,"clientToken":""`, taken},
		"another count":      {`,"desiredCount":1`, taken},
		"another definition": {`,"taskDefinition":"web:1"`, taken},
		"another platform":   {`,"platformVersion":"1.4.0"`, taken},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.define("web:1")
				st.define("web:2")
				first, err := st.create("")
				if err != nil {
					t.Fatal(err)
				}
				again, err := st.create(tc.changes)
				if tc.refused == "" && (err != nil || again != first) {
					t.Errorf("got %q, %v, want the same service", again, err)
				}
				if tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)) {
					t.Errorf("got %q, %v, want it refused", again, err)
				}
			})
		})
	}
}

func TestTokenWithAnotherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.define("web:1")
		first, err := st.create("")
		other, errOther := st.create(`,"serviceName":"token-other"`)
		if err != nil || errOther != nil || first == other {
			t.Errorf("got %q, %v and %q, %v, want two services", first, err, other, errOther)
		}
	})
}

// TestServiceWithoutTasks takes some seconds to complete, in which it has a
// deployment once the scheduler has begun with it.
func TestServiceWithoutTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.define("web:1")
		if _, err := st.create(""); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			after time.Duration
			state string
			going bool
		}{{0, "IN_PROGRESS", false}, {5 * time.Second, "IN_PROGRESS", true}, {15 * time.Second, "COMPLETED", false}} {
			wait(tc.after)
			var out struct {
				Services []struct {
					CurrentServiceDeployment string
					Deployments              []struct{ RolloutState string }
				}
			}
			st.must("DescribeServices", `{"cluster":"shop","services":["defaults"]}`, &out)
			got := out.Services[0]
			if got.Deployments[0].RolloutState != tc.state || (got.CurrentServiceDeployment != "") != tc.going {
				t.Errorf("after another %s: got %+v, want %s", tc.after, got, tc.state)
			}
		}
	})
}

// shapeOf writes a response with the values that differ from run to run
// replaced by what they are.
func shapeOf(t *testing.T, value any, names ...string) map[string]any {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i+1 < len(names); i += 2 {
		text = strings.ReplaceAll(text, names[i], names[i+1])
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestServiceAsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{Caller: func() string { return "arn:aws:iam::111122223333:user/Delegated" }})
		st.define("web:1")
		if _, err := st.create(""); err != nil {
			t.Fatal(err)
		}
		var out struct{ Services []map[string]any }
		st.must("DescribeServices", `{"cluster":"shop","services":["defaults"]}`, &out)
		svc := out.Services[0]
		if _, tagged := svc["tags"]; tagged {
			t.Error("got tags that weren't asked for")
		}
		for _, name := range []string{"createdAt", "deployments", "networkConfiguration", "currentServiceRevisions"} {
			if svc[name] == nil {
				t.Errorf("got no %s", name)
			}
			delete(svc, name)
		}
		want := parse(t, `{"availabilityZoneRebalancing":"ENABLED","clusterArn":"arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
			"createdBy":"arn:aws:iam::111122223333:user/Delegated","deploymentConfiguration":{"bakeTimeInMinutes":0,
			"deploymentCircuitBreaker":{"enable":false,"resetOnHealthyTask":true,"rollback":false,
			"thresholdConfiguration":{"type":"BOUNDED_PERCENT","value":50}},"maximumPercent":200,"minimumHealthyPercent":100,"strategy":"ROLLING"},
			"deploymentController":{"type":"ECS"},"desiredCount":0,"enableECSManagedTags":false,"enableExecuteCommand":false,"events":[],
			"healthCheckGracePeriodSeconds":0,"launchType":"FARGATE","loadBalancers":[],"pendingCount":0,"placementConstraints":[],
			"placementStrategy":[],"platformFamily":"Linux","platformVersion":"LATEST","propagateTags":"NONE",
			"resourceManagementType":"CUSTOMER","roleArn":"arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
			"runningCount":0,"schedulingStrategy":"REPLICA","serviceArn":"arn:aws:ecs:eu-west-1:111122223333:service/shop/defaults",
			"serviceName":"defaults","serviceRegistries":[],"status":"ACTIVE","taskDefinition":"arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1"}`)
		if diff := cmp.Diff(want, svc); diff != "" {
			t.Errorf("service (-recorded +got):\n%s", diff)
		}
	})
}

// recordedTask is a task that was stopped by its service, without the times.
const recordedTask = `{"attachments":[{"details":[{"name":"subnetId","value":"subnet-a"},{"name":"networkInterfaceId","value":"ENI"},
	{"name":"macAddress","value":"MAC"},{"name":"privateIPv4Address","value":"IP"}],"id":"ATTACHMENT","status":"DELETED","type":"ElasticNetworkInterface"}],
	"attributes":[{"name":"ecs.cpu-architecture","value":"x86_64"}],"availabilityZone":"ZONE",
	"clusterArn":"arn:aws:ecs:eu-west-1:111122223333:cluster/shop","connectivity":"CONNECTED",
	"containers":[{"containerArn":"arn:aws:ecs:eu-west-1:111122223333:container/shop/TASK/CONTAINER","cpu":"0","exitCode":0,"healthStatus":"UNKNOWN",
	"image":"web@sha256:3abb572d57e4988765dbd78b72027d2979024a9b46db52cdf67d53b10987577f",
	"imageDigest":"sha256:3abb572d57e4988765dbd78b72027d2979024a9b46db52cdf67d53b10987577f","lastStatus":"STOPPED","name":"app","networkBindings":[],
	"networkInterfaces":[{"attachmentId":"ATTACHMENT","privateIpv4Address":"IP"}],"runtimeId":"RUNTIME",
	"taskArn":"arn:aws:ecs:eu-west-1:111122223333:task/shop/TASK"}],
	"cpu":"256","desiredStatus":"STOPPED","enableExecuteCommand":false,"ephemeralStorage":{"sizeInGiB":20},"fargateEphemeralStorage":{"sizeInGiB":20},
	"group":"service:defaults","healthStatus":"UNKNOWN","lastStatus":"STOPPED","launchType":"FARGATE","memory":"512",
	"overrides":{"containerOverrides":[{"name":"app"}],"inferenceAcceleratorOverrides":[]},"platformFamily":"Linux","platformVersion":"1.4.0",
	"startedBy":"DEPLOYMENT","stopCode":"ServiceSchedulerInitiated","stoppedReason":"Scaling activity initiated by (deployment DEPLOYMENT)",
	"taskArn":"arn:aws:ecs:eu-west-1:111122223333:task/shop/TASK","taskDefinitionArn":"arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1"}`

func TestTaskAsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.define("web@sha256:3abb572d57e4988765dbd78b72027d2979024a9b46db52cdf67d53b10987577f")
		if _, err := st.create(`,"desiredCount":1`); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		st.must("UpdateService", `{"cluster":"shop","service":"defaults","desiredCount":0}`, nil)
		wait(time.Minute)
		var listed struct{ TaskArns []string }
		st.must("ListTasks", `{"cluster":"shop","desiredStatus":"STOPPED"}`, &listed)
		var out struct{ Tasks []map[string]any }
		st.must("DescribeTasks", fmt.Sprintf(`{"cluster":"shop","tasks":[%q]}`, listed.TaskArns[0]), &out)
		task := out.Tasks[0]
		last := 0.0
		for _, name := range []string{"createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"} {
			at, _ := task[name].(float64)
			if at < last {
				t.Errorf("%s is %v, earlier than what comes before it", name, task[name])
			}
			last = at
			delete(task, name)
		}
		delete(task, "connectivityAt")
		delete(task, "version")
		ran := st.ecs.tasks[0]
		got := shapeOf(t, task, ran.runtimeID("app"), "RUNTIME", ran.id, "TASK", ran.attachmentID(), "ATTACHMENT", ran.ip, "IP",
			"eni-"+derived(ran.id, 17), "ENI", ran.attachments()[0].Details[2].Value, "MAC", ran.subnet.Zone, "ZONE",
			derivedUUID(ran.id+"/app"), "CONTAINER", ran.deployment.id, "DEPLOYMENT")
		if diff := cmp.Diff(parse(t, recordedTask), got); diff != "" {
			t.Errorf("task (-recorded +got):\n%s", diff)
		}
	})
}

func TestDefinitionAsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		var out struct{ TaskDefinition map[string]any }
		st.must("RegisterTaskDefinition", `{"family":"sleeper","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
			"containerDefinitions":[{"name":"sleeper","stopTimeout":10,
			"image":"public.ecr.aws/lambda/python@sha256:3abb572d57e4988765dbd78b72027d2979024a9b46db52cdf67d53b10987577f"}]}`, &out)
		got := out.TaskDefinition
		var needs []string
		attributes, _ := got["requiresAttributes"].([]any)
		for _, a := range attributes {
			object, _ := a.(map[string]any)
			needs = append(needs, fmt.Sprint(object["name"]))
		}
		want := "com.amazonaws.ecs.capability.docker-remote-api.1.18, com.amazonaws.ecs.capability.docker-remote-api.1.21, " +
			"ecs.capability.container-ordering, ecs.capability.task-eni"
		if text := strings.Join(slices.Sorted(slices.Values(needs)), ", "); text != want {
			t.Errorf("requires %s, recorded %s", text, want)
		}
		for name, want := range map[string]any{
			"runtimePlatform": map[string]any{"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
			"compatibilities": []any{"EC2", "FARGATE", "MANAGED_INSTANCES"}, "volumes": []any{}, "placementConstraints": []any{},
		} {
			if diff := cmp.Diff(want, got[name]); diff != "" {
				t.Errorf("%s (-recorded +got):\n%s", name, diff)
			}
		}
	})
}

// TestClusterTellsWhatIsAskedFor: neither tags nor configuration unless they are.
func TestClusterTellsWhatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.must("CreateCluster", `{"clusterName":"mine","configuration":{"managedStorageConfiguration":{"kmsKeyId":"alias/a"}}}`, nil)
		for include, want := range map[string]string{``: "<nil>", `"CONFIGURATIONS"`: "alias/a"} {
			var out struct {
				Clusters []struct{ Configuration *clusterConfiguration }
			}
			st.must("DescribeClusters", `{"clusters":["mine"],"include":[`+include+`]}`, &out)
			got := "<nil>"
			if c := out.Clusters[0].Configuration; c != nil {
				got = c.ManagedStorageConfiguration.KmsKeyId
			}
			if got != want {
				t.Errorf("include [%s]: the key is %s, want %s", include, got, want)
			}
		}
		for include, want := range map[string]int{``: 0, `"TAGS"`: 1} {
			var out struct{ Clusters []struct{ Tags []Tag } }
			st.must("DescribeClusters", `{"clusters":["shop"],"include":[`+include+`]}`, &out)
			if got := len(out.Clusters[0].Tags); got != want {
				t.Errorf("include [%s]: got %d tags, want %d", include, got, want)
			}
		}
	})
}

// TestCircuitBreakerThresholds are those of the API reference of
// DeploymentCircuitBreaker.
func TestCircuitBreakerThresholds(t *testing.T) {
	for _, tc := range []struct {
		kind                 string
		value, desired, want int
	}{
		{"", 50, 2, 3}, {"BOUNDED_PERCENT", 50, 25, 13}, {"BOUNDED_PERCENT", 50, 400, 200}, {"BOUNDED_PERCENT", 50, 800, 200},
		{"UNBOUNDED_PERCENT", 50, 800, 400}, {"UNBOUNDED_PERCENT", 50, 2, 1}, {"COUNT", 7, 100, 7},
	} {
		b := (&circuitBreaker{ThresholdConfiguration: &thresholdOfFailures{Type: tc.kind, Value: &tc.value}}).complete()
		if got := b.threshold(tc.desired); got != tc.want {
			t.Errorf("%s %d of %d tasks: got %d, want %d", tc.kind, tc.value, tc.desired, got, tc.want)
		}
	}
}

// TestFailuresAreKept: a task that gets healthy doesn't reset the count of a
// circuit breaker that says so.
func TestFailuresAreKept(t *testing.T) {
	for _, reset := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			st := newStage(t, Options{})
			st.define("web:1")
			if _, err := st.create(fmt.Sprintf(`,"desiredCount":1,"deploymentConfiguration":{"deploymentCircuitBreaker":
				{"enable":true,"rollback":false,"resetOnHealthyTask":%t}}`, reset)); err != nil {
				t.Fatal(err)
			}
			st.world.Lock()
			st.ecs.services[0].deployments[0].failed = 2
			st.world.Unlock()
			wait(time.Minute)
			st.world.Lock()
			defer st.world.Unlock()
			if got, want := st.ecs.services[0].deployments[0].failed, map[bool]int{true: 0, false: 2}[reset]; got != want {
				t.Errorf("resetOnHealthyTask %t: %d failed, want %d", reset, got, want)
			}
		})
	}
}

// TestPropertiesThatAWSTakes are those of AWS's resource schemas. What isn't
// simulated is taken by the validation and refused by name afterwards.
func TestPropertiesThatAWSTakes(t *testing.T) {
	container := func(more map[string]any) map[string]any {
		c := map[string]any{"Name": "app", "Image": "web:1"}
		maps.Copy(c, more)
		return map[string]any{"ContainerDefinitions": []any{c}}
	}
	tests := map[string]struct {
		schema     core.Schema
		properties map[string]any
		invalid    string
		missing    string
	}{
		"capacity providers": {serviceSchema, map[string]any{"CapacityProviderStrategy": []any{map[string]any{"CapacityProvider": "FARGATE_SPOT", "Weight": "x"}}}, "Integer", ""},
		"service connect":    {serviceSchema, map[string]any{"ServiceConnectConfiguration": map[string]any{"Enabled": true, "Services": []any{}}}, "", "ServiceConnectConfiguration/Services"},
		"canary": {serviceSchema, map[string]any{"DeploymentConfiguration": map[string]any{"CanaryConfiguration": map[string]any{}}}, "",
			"DeploymentConfiguration/CanaryConfiguration"},
		"circuit breaker": {serviceSchema, map[string]any{"DeploymentConfiguration": map[string]any{"BakeTimeInMinutes": 1.0, "DeploymentCircuitBreaker": map[string]any{
			"Enable": true, "Rollback": false, "ResetOnHealthyTask": false, "ThresholdConfiguration": map[string]any{"Type": "COUNT", "Value": 5.0},
		}}}, "", ""},
		"threshold": {serviceSchema, map[string]any{"DeploymentConfiguration": map[string]any{"DeploymentCircuitBreaker": map[string]any{
			"Enable": true, "Rollback": false, "ThresholdConfiguration": map[string]any{"Type": "HALF"},
		}}}, "HALF", ""},
		"restart policy":  {definitionSchema, container(map[string]any{"RestartPolicy": map[string]any{"Enabled": true}}), "", ""},
		"hostname":        {definitionSchema, container(map[string]any{"Hostname": "app"}), "", ""},
		"links":           {definitionSchema, container(map[string]any{"Links": []any{"db"}}), "", ""},
		"domains":         {definitionSchema, container(map[string]any{"CredentialSpecs": []any{"a"}}), "", "ContainerDefinitions/0/CredentialSpecs"},
		"EFS":             {definitionSchema, map[string]any{"Volumes": []any{map[string]any{"Name": "data", "EFSVolumeConfiguration": map[string]any{"FilesystemId": "fs-1", "TransitEncryption": "YES"}}}}, "YES", ""},
		"Docker volume":   {definitionSchema, map[string]any{"Volumes": []any{map[string]any{"Name": "data", "DockerVolumeConfiguration": map[string]any{"Scope": "task"}}}}, "", ""},
		"FSx volume":      {definitionSchema, map[string]any{"Volumes": []any{map[string]any{"Name": "data", "FSxWindowsFileServerVolumeConfiguration": map[string]any{}}}}, "", "Volumes/0/FSxWindowsFileServerVolumeConfiguration"},
		"exec's logs":     {clusterSchema, map[string]any{"Configuration": map[string]any{"ExecuteCommandConfiguration": map[string]any{"LogConfiguration": map[string]any{}}}}, "", "Configuration/ExecuteCommandConfiguration/LogConfiguration"},
		"storage's key":   {clusterSchema, map[string]any{"Configuration": map[string]any{"ManagedStorageConfiguration": map[string]any{"FargateEphemeralStorageKmsKeyId": "alias/a"}}}, "", ""},
		"faults":          {definitionSchema, map[string]any{"EnableFaultInjection": "maybe"}, "Boolean", ""},
		"network mode":    {definitionSchema, map[string]any{"NetworkMode": "vpc"}, "vpc", ""},
		"compatibilities": {definitionSchema, map[string]any{"RequiresCompatibilities": []any{"LAMBDA"}}, "LAMBDA", ""},
		"condition":       {definitionSchema, container(map[string]any{"DependsOn": []any{map[string]any{"ContainerName": "x", "Condition": "READY"}}}), "READY", ""},
		"ulimit":          {definitionSchema, container(map[string]any{"Ulimits": []any{map[string]any{"Name": "nofile"}}}), "HardLimit", ""},
		"no such":         {serviceSchema, map[string]any{"Colour": "blue"}, "Colour", ""},
	}
	for name, tc := range tests {
		if err := tc.schema.Validate(tc.properties); (err == nil) != (tc.invalid == "") || err != nil && !strings.Contains(err.Error(), tc.invalid) {
			t.Errorf("%s: Validate: got %v, want %q", name, err, tc.invalid)
		}
		want := ""
		if tc.missing != "" {
			want = "The property " + tc.missing + " is not simulated"
		}
		if err := tc.schema.CheckSimulated(tc.properties); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: CheckSimulated: got %v, want %q", name, err, want)
		}
	}
}
