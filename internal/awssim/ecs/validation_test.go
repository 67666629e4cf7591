package ecs

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// refuse expects a refusal with the code and a message that holds the text.
func (st *stage) refuse(code, text, action, body string) {
	st.t.Helper()
	err := st.call(action, body, nil)
	var refused *core.APIError
	if !errors.As(err, &refused) || refused.Code != code || !strings.Contains(refused.Message, text) {
		st.t.Errorf("%s: got %v, want %s %q", action, err, code, text)
	}
}

func TestTaskDefinitionRefusals(t *testing.T) {
	const app = `{"name":"app","image":"web:1"}`
	fargate := func(cpu, memory, rest, containers string) string {
		return fmt.Sprintf(`{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":%q,"memory":%q%s,"containerDefinitions":[%s]}`,
			cpu, memory, rest, containers)
	}
	tests := map[string]struct{ body, text string }{
		"no containers":         {fargate("256", "512", "", ""), "Container list cannot be empty."},
		"cpu and memory":        {fargate("256", "4096", "", app), "No Fargate configuration exists for given values"},
		"cpu":                   {fargate("300", "512", "", app), "No Fargate configuration exists for given values"},
		"memory step":           {fargate("8192", "17000", "", app), "No Fargate configuration exists for given values"},
		"no memory":             {fargate("256", "", "", app), "at the task level"},
		"network mode":          {`{"family":"web","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","containerDefinitions":[` + app + `]}`, "Fargate only supports network mode ‘awsvpc’."},
		"family":                {`{"family":"a b","containerDefinitions":[` + app + `]}`, "Family"},
		"ECR role":              {fargate("256", "512", "", `{"name":"app","image":"1.dkr.ecr.eu-west-1.amazonaws.com/web:1"}`), "execution role ARN to support ECR images"},
		"logs role":             {fargate("256", "512", "", `{"name":"app","image":"web:1","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"r","awslogs-stream-prefix":"p"}}}`), "execution role ARN to support log driver awslogs"},
		"secrets role":          {fargate("256", "512", "", `{"name":"app","image":"web:1","secrets":[{"name":"P","valueFrom":"p"}]}`), "you must also specify a value for 'executionRoleArn'"},
		"secret":                {fargate("256", "512", `,"executionRoleArn":"arn:aws:iam::111122223333:role/r"`, `{"name":"app","image":"web:1","secrets":[{"name":"P","valueFrom":"arn:aws:s3:::x"}]}`), "The Systems Manager parameter name specified for secret P is invalid."},
		"version":               {fargate("256", "512", `,"executionRoleArn":"arn:aws:iam::111122223333:role/r"`, `{"name":"app","image":"web:1","secrets":[{"name":"P","valueFrom":"/shop/p:2"}]}`), "The Systems Manager parameter name specified for secret P is invalid."},
		"version of an ARN":     {fargate("256", "512", `,"executionRoleArn":"arn:aws:iam::111122223333:role/r"`, `{"name":"app","image":"web:1","secrets":[{"name":"P","valueFrom":"arn:aws:ssm:eu-west-1:111122223333:parameter/shop/p:live"}]}`), "The Systems Manager parameter name specified for secret P is invalid."},
		"role":                  {fargate("256", "512", `,"taskRoleArn":"arn:aws:s3:::r"`, app), "Role is not valid"},
		"host port":             {fargate("256", "512", "", `{"name":"app","image":"web:1","portMappings":[{"containerPort":80,"hostPort":81}]}`), "the host ports and container ports in port mappings must match"},
		"port":                  {fargate("256", "512", "", `{"name":"app","image":"web:1","portMappings":[{"containerPort":0}]}`), "between 1 and 65535"},
		"same name":             {fargate("256", "512", "", app+","+app), "not unique"},
		"none essential":        {fargate("256", "512", "", `{"name":"app","image":"web:1","essential":false}`), "essential"},
		"health check":          {fargate("256", "512", "", `{"name":"app","image":"web:1","healthCheck":{"command":["true"]}}`), "CMD"},
		"unknown dependency":    {fargate("256", "512", "", `{"name":"app","image":"web:1","dependsOn":[{"containerName":"nope","condition":"START"}]}`), "Cannot depend on container + 'nope' because it does not exist"},
		"on itself":             {fargate("256", "512", "", `{"name":"app","image":"web:1","dependsOn":[{"containerName":"app","condition":"START"}]}`), "itself"},
		"success of essential":  {fargate("256", "512", "", `{"name":"app","image":"web:1","dependsOn":[{"containerName":"job","condition":"SUCCESS"}]},{"name":"job","image":"web:1"}`), "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"},
		"complete essential":    {fargate("256", "512", "", `{"name":"app","image":"web:1","dependsOn":[{"containerName":"job","condition":"COMPLETE"}]},{"name":"job","image":"web:1","essential":true}`), "cannot be an essential container"},
		"healthy, no check":     {fargate("256", "512", "", `{"name":"app","image":"web:1","dependsOn":[{"containerName":"side","condition":"HEALTHY"}]},{"name":"side","image":"web:1"}`), "A dependency container with HEALTHY condition must have health check configured"},
		"dependency condition":  {fargate("256", "512", "", `{"name":"app","image":"web:1","dependsOn":[{"containerName":"side","condition":"READY"}]},{"name":"side","image":"web:1"}`), "READY"},
		"container memory":      {fargate("512", "1 GB", "", `{"name":"app","image":"web:1","memory":4096}`), "The 'memory' setting for container 'app' is greater than for the task."},
		"container cpu":         {fargate(".25 vCPU", "512", "", `{"name":"app","image":"web:1","cpu":200},{"name":"side","image":"web:1","cpu":100}`), "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."},
		"container reservation": {fargate("256", "512", "", `{"name":"app","image":"web:1","memory":128,"memoryReservation":256}`), "'memory' must be greater than or equal to 'memoryReservation'"},
		"health timeout":        {fargate("256", "512", "", `{"name":"app","image":"web:1","healthCheck":{"command":["CMD","true"],"timeout":61}}`), "timeout must be between 2 and 60"},

		"unknown volume":   {fargate("256", "512", "", `{"name":"app","image":"web:1","mountPoints":[{"sourceVolume":"data","containerPath":"/data"}]}`), "Unknown volume 'data'."},
		"volumes of none":  {fargate("256", "512", "", `{"name":"app","image":"web:1","volumesFrom":[{"sourceContainer":"side"}]}`), "Invalid container 'side' in volumesFrom"},
		"its own volumes":  {fargate("256", "512", "", `{"name":"app","image":"web:1","volumesFrom":[{"sourceContainer":"app"}]}`), "Invalid container 'app' in volumesFrom"},
		"volume's name":    {fargate("256", "512", `,"volumes":[{"name":"a b"}]`, app), "Volume name"},
		"file system":      {fargate("256", "512", `,"volumes":[{"name":"data","efsVolumeConfiguration":{"fileSystemId":"x"}}]`, app), "file system"},
		"open point":       {fargate("256", "512", `,"volumes":[{"name":"data","efsVolumeConfiguration":{"fileSystemId":"fs-1","authorizationConfig":{"accessPointId":"fsap-1"}}}]`, app), "Transit encryption must be enabled"},
		"open role":        {fargate("256", "512", `,"volumes":[{"name":"data","efsVolumeConfiguration":{"fileSystemId":"fs-1","authorizationConfig":{"iam":"ENABLED"}}}]`, app), "Transit encryption must be enabled"},
		"beside the point": {fargate("256", "512", `,"volumes":[{"name":"data","efsVolumeConfiguration":{"fileSystemId":"fs-1","rootDirectory":"/x","transitEncryption":"ENABLED","authorizationConfig":{"accessPointId":"fsap-1"}}}]`, app), "When using an EFS access point, the root directory must either be set to"},
		"little storage":   {fargate("256", "512", `,"ephemeralStorage":{"sizeInGiB":20}`, app), "between 21 and 200 GiB"},
		"much storage":     {fargate("256", "512", `,"ephemeralStorage":{"sizeInGiB":201}`, app), "between 21 and 200 GiB"},
		"PID mode":         {fargate("256", "512", `,"pidMode":"host"`, app), "Fargate only supports PID mode 'task'."},

		"health interval": {fargate("256", "512", "", `{"name":"app","image":"web:1","healthCheck":{"command":["CMD","true"],"interval":4}}`), "interval must be between 5 and 300"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			newStage(t, Options{}).refuse("ClientException", tc.text, "RegisterTaskDefinition", tc.body)
		})
	}
}

func TestFargateSizes(t *testing.T) {
	for _, size := range [][2]string{{"256", "512"}, {".25 vCPU", "0.5 GB"}, {"1024", "8192"}, {"1 vCPU", "8GB"}, {"4096", "30720"}, {"16384", "122880"}} {
		cpu, okCPU := units(size[0], "vcpu")
		memory, okMemory := units(size[1], "gb")
		if !okCPU || !okMemory || !fargateOffers(cpu, memory) {
			t.Errorf("%v: read as %d and %d", size, cpu, memory)
		}
	}
}

func TestServiceRefusals(t *testing.T) {
	tests := map[string]struct{ change, code, text string }{
		"cluster":          {`"cluster":"nowhere"`, "ClusterNotFoundException", "Cluster not found."},
		"definition":       {`"taskDefinition":"web:9"`, "ClientException", "TaskDefinition not found."},
		"no network":       {`"networkConfiguration":{"awsvpcConfiguration":null}`, "InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		"container":        {`"loadBalancers":[{"containerName":"other","containerPort":8080,"targetGroupArn":"GROUP"}]`, "InvalidParameterException", "The container other does not exist in the task definition."},
		"port":             {`"loadBalancers":[{"containerName":"app","containerPort":80,"targetGroupArn":"GROUP"}]`, "InvalidParameterException", "The container app did not have a container port 80 defined."},
		"group":            {`"loadBalancers":[{"containerName":"app","containerPort":8080,"targetGroupArn":"GROUPx"}]`, "InvalidParameterException", "does not exist"},
		"grace period":     {`"healthCheckGracePeriodSeconds":5`, "InvalidParameterException", "grace period"},
		"negative":         {`"desiredCount":-1`, "InvalidParameterException", "DesiredCount can not be lesser than 0"},
		"no count":         {`"desiredCount":null`, "InvalidParameterException", "DesiredCount is missing"},
		"scheduling":       {`"schedulingStrategy":"BOGUS"`, "InvalidParameterException", "Scheduling strategy should be one of [REPLICA,DAEMON]"},
		"maximum percent":  {`"deploymentConfiguration":{"maximumPercent":0}`, "InvalidParameterException", "maximumPercent must be at least 100"},
		"minimum percent":  {`"deploymentConfiguration":{"minimumHealthyPercent":101}`, "InvalidParameterException", "minimumHealthyPercent must be at most 100"},
		"launch type":      {`"launchType":"EXTERNAL"`, "InvalidParameterException", "EXTERNAL"},
		"unknown":          {`"colour":"blue"`, "SerializationException", "colour"},
		"exists":           {`"serviceName":"web"`, "InvalidParameterException", "Creation of service was not idempotent."},
		"name":             {`"serviceName":"a b"`, "InvalidParameterException", "Service name"},
		"public IP":        {`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"],"assignPublicIp":"YES"}}`, "InvalidParameterException", "assignPublicIp"},
		"reserved tag":     {`"tags":[{"key":"aws:x","value":"y"}]`, "InvalidParameterException", "reserved"},
		"deployer":         {`"deploymentController":{"type":"CODE_DEPLOY"}`, "InvalidParameterException", "CODE_DEPLOY"},
		"daemon":           {`"schedulingStrategy":"DAEMON"`, "InvalidParameterException", "The daemon scheduling strategy does not support the FARGATE launch type. Change the launch type and try again"},
		"no task role":     {`"enableExecuteCommand":true`, "InvalidParameterException", "a valid taskRoleArn is not being used"},
		"no such platform": {`"platformVersion":"9.9.9"`, "PlatformUnknownException", "9.9.9"},
		"type and Spot":    {`"launchType":"FARGATE","capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1}]`, "InvalidParameterException", "Specifying both a launch type and capacity provider strategy is not supported."},
		"not associated":   {`"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1}]`, "InvalidParameterException", "cannot contain a capacity provider that is not associated with the cluster"},
		"two registries":   {`"serviceRegistries":[{"registryArn":"a"},{"registryArn":"b"}]`, "InvalidParameterException", "at most 1 items"},
		"registry":         {`"serviceRegistries":[{"registryArn":"a"}]`, "InvalidParameterException", "The service registry ARN 'a' is invalid."},
		"registry, ports":  {`"serviceRegistries":[{"registryArn":"REGISTRY","port":1,"containerName":"app","containerPort":8080}]`, "InvalidParameterException", "but not both"},
		"registry, half":   {`"serviceRegistries":[{"registryArn":"REGISTRY","containerPort":8080}]`, "InvalidParameterException", "must be specified together"},
		"registry's port":  {`"serviceRegistries":[{"registryArn":"REGISTRY","containerName":"app","containerPort":81}]`, "InvalidParameterException", "did not have a container port 81 defined"},
		"too many subnets": {`"networkConfiguration":{"awsvpcConfiguration":{"subnets":[]}}`, "InvalidParameterException", "16 subnets"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.serve(st.define("web:1"), 1, nil)
				// The last of several equal keys counts.
				body := `{"cluster":"shop","serviceName":"new","taskDefinition":"web","desiredCount":1,
					"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}},` + tc.change + `}`
				body = strings.ReplaceAll(body, "REGISTRY", "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef")
				st.refuse(tc.code, tc.text, "CreateService", strings.ReplaceAll(body, "GROUP", st.group))
			})
		})
	}
}

func TestLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.serve(st.define("web:1"), 1, nil)
		st.refuse("ServiceNotFoundException", "Service not found.", "UpdateService", `{"cluster":"shop","service":"none","desiredCount":1}`)
		st.refuse("InvalidParameterException", "scaled above 0", "DeleteService", `{"cluster":"shop","service":"web"}`)
		st.refuse("ClusterContainsServicesException", "while Services are active", "DeleteCluster", `{"cluster":"shop"}`)
		st.refuse("InvalidParameterException", "at most 10", "DescribeServices", `{"cluster":"shop","services":["1","2","3","4","5","6","7","8","9","10","11"]}`)
		st.refuse("InvalidParameterException", "The referenced task was not found.", "StopTask", `{"cluster":"shop","task":"x"}`)
		var out struct{ Failures []failure }
		st.must("DescribeServices", `{"cluster":"shop","services":["none"]}`, &out)
		want := []failure{{Arn: "arn:aws:ecs:eu-west-1:111122223333:service/shop/none", Reason: "MISSING"}}
		if diff := cmp.Diff(want, out.Failures); diff != "" {
			t.Error(diff)
		}
		st.must("DeleteService", `{"cluster":"shop","service":"web","force":true}`, nil)
		wait(time.Minute)
		if svc := st.describe(); svc.Status != "INACTIVE" {
			t.Errorf("status %s", svc.Status)
		}
		st.refuse("ServiceNotActiveException", "Service was not ACTIVE.", "UpdateService", `{"cluster":"shop","service":"web","desiredCount":1}`)
		st.must("DeleteCluster", `{"cluster":"shop"}`, nil)
	})
}

func TestContainerHealthCheck(t *testing.T) {
	tests := map[string]struct{ tag, rollout string }{
		"passes": {"1", "COMPLETED"},
		"fails":  {"unhealthy", "FAILED"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.must("RegisterTaskDefinition", `{"family":"worker","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
					"containerDefinitions":[{"name":"app","image":"worker:`+tc.tag+`","healthCheck":{"command":["CMD","true"],"interval":10,"startPeriod":30}}]}`, nil)
				st.must("CreateService", `{"cluster":"shop","serviceName":"web","taskDefinition":"worker","desiredCount":1,
					"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}},
					"deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":false}}}`, nil)
				wait(10 * time.Minute)
				if got := st.describe().Deployments[0].RolloutState; got != tc.rollout {
					t.Errorf("rollout %s, want %s", got, tc.rollout)
				}
			})
		})
	}
}

func TestCircuitBreakerRollsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.serve(st.define("web:1"), 1, map[string]any{"DeploymentConfiguration": map[string]any{
			"DeploymentCircuitBreaker": map[string]any{"Enable": true, "Rollback": true},
		}})
		wait(2 * time.Minute)
		bad := st.define("web:crash")
		st.must("UpdateService", fmt.Sprintf(`{"cluster":"shop","service":"web","taskDefinition":%q}`, bad), nil)
		wait(20 * time.Minute)
		svc := st.describe()
		if len(svc.Deployments) != 1 || svc.Deployments[0].RolloutState != "COMPLETED" || !svc.has("rolling back to (deployment ") {
			t.Errorf("got %+v", svc)
		}
	})
}

func TestBehaviour(t *testing.T) {
	tests := map[string]struct {
		image string
		want  behaviour
	}{
		"good":          {"web:2.1.0", behaviour{errorStatus: 500}},
		"no tag":        {"web", behaviour{errorStatus: 500}},
		"host and port": {"registry:5000/crash/web", behaviour{errorStatus: 500}},
		"part of word":  {"web:crashproof", behaviour{errorStatus: 500}},
		"crash":         {"web:2.1.0-crash", behaviour{errorStatus: 500, crash: true}},
		"some errors":   {"web:err20", behaviour{errorStatus: 500, errorShare: 20}},
		"all errors":    {"web:err503", behaviour{errorStatus: 503, errorShare: 100}},
		"slow":          {"web:1_slow", behaviour{errorStatus: 500, delay: slowDelay}},
		"slow exactly":  {"web:1-slow750-err5", behaviour{errorStatus: 500, errorShare: 5, delay: 750 * time.Millisecond}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := &Service{}
			d := &taskDefinition{registerInput: registerInput{ContainerDefinitions: []container{{Image: tc.image}}}}
			if got := s.behaviourOf(d); got != tc.want {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTaskAnswers(t *testing.T) {
	tests := map[string]struct {
		tag, path string
		checker   bool
		status    int
		delay     time.Duration
	}{
		"good":                  {tag: "1", path: "/cart", status: 200},
		"errors":                {tag: "err500", path: "/cart", status: 500},
		"errors but healthy":    {tag: "err500", path: "/cart", checker: true, status: 200},
		"health path":           {tag: "err500", path: "/healthz", status: 200},
		"slow":                  {tag: "slow", path: "/", status: 200, delay: slowDelay},
		"slow but healthy":      {tag: "slow", path: "/", checker: true, status: 200},
		"unhealthy":             {tag: "unhealthy", path: "/", checker: true, status: 500},
		"unhealthy but answers": {tag: "unhealthy", path: "/", status: 200},
		"late":                  {tag: "late", path: "/", checker: true, status: 503},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.serve(st.define("web:"+tc.tag), 1, nil)
				wait(40 * time.Second)
				req := httptest.NewRequest(http.MethodGet, tc.path, nil)
				if tc.checker {
					req.Header.Set("User-Agent", elb.UserAgent)
				}
				st.world.Lock()
				got := st.ecs.Answer("10.0.16.1", 8080, req)
				refused := st.ecs.Answer("10.0.16.1", 9090, req)
				st.world.Unlock()
				if got.Status != tc.status || got.Delay != tc.delay || !refused.Refused {
					t.Errorf("got %d after %s; other port refused: %v", got.Status, got.Delay, refused.Refused)
				}
				if body := string(got.Body); !strings.Contains(body, `"revision":"4"`) || !strings.Contains(body, `"image":"web:`+tc.tag) {
					t.Errorf("body %s", body)
				}
			})
		})
	}
}
