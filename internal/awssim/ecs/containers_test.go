package ecs

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

const taskRole = `,"executionRoleArn":"arn:aws:iam::111122223333:role/r"`

// definition is a task definition for Fargate with these containers.
func definition(containers string) string {
	return `{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512"` + taskRole +
		`,"containerDefinitions":[` + containers + `]}`
}

func TestContainerRefusals(t *testing.T) {
	one := func(more string) string { return definition(`{"name":"app","image":"web:1",` + more + `}`) }
	logs := func(options string) string {
		return one(`"logConfiguration":{"logDriver":"awslogs","options":{` + options + `}}`)
	}
	const group = `"awslogs-group":"g","awslogs-region":"eu-west-1","awslogs-stream-prefix":"p"`
	for name, tc := range map[string]struct{ body, text string }{
		"driver":           {one(`"logConfiguration":{"logDriver":"json-file"}`), "json-file is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]"},
		"option":           {logs(group + `,"log_key":"log"`), "Log driver awslogs disallows options: log_key"},
		"no group":         {logs(`"awslogs-region":"eu-west-1"`), "Log driver awslogs requires options: awslogs-group"},
		"no prefix":        {logs(`"awslogs-group":"g","awslogs-region":"eu-west-1"`), "Fargate requires log configuration options to include awslogs-stream-prefix"},
		"create no group":  {logs(group + `,"awslogs-create-group":"false"`), "should only be set to 'true', else omit option."},
		"no router":        {one(`"logConfiguration":{"logDriver":"awsfirelens"}`), "a firelens configuration object must be configured in one of the containers."},
		"idle router":      {one(`"firelensConfiguration":{"type":"fluentbit"}`), "at least one container has to be configured with the awsfirelens log driver."},
		"hosts":            {one(`"extraHosts":[{"hostname":"db","ipAddress":"10.0.0.1"}]`), "Extra hosts are not supported on container when networkMode=awsvpc."},
		"privileged":       {one(`"privileged":true`), "Fargate requires that the ‘privileged’ setting be ‘false’ at the container level."},
		"capability":       {one(`"linuxParameters":{"capabilities":{"add":["NET_ADMIN"]}}`), "NET_ADMIN is not allowed on Fargate."},
		"ulimit":           {one(`"ulimits":[{"name":"nofile","softLimit":2,"hardLimit":1}]`), "Soft limit exceeds hard limit for ulimit nofile"},
		"parameter":        {one(`"systemControls":[{"namespace":"vm.overcommit_memory","value":"1"}]`), "vm.overcommit_memory"},
		"restart period":   {one(`"restartPolicy":{"enabled":true,"restartAttemptPeriod":30}`), "The 'restartAttemptPeriod' setting for container 'app' must be between 60 and 1800."},
		"environment file": {one(`"environmentFiles":[{"type":"s3","value":"arn:aws:s3:::shop/app.txt"}]`), "Invalid arn syntax."},
		"port twice":       {one(`"portMappings":[{"containerPort":53},{"containerPort":53,"protocol":"tcp"}]`), "mapped more than once"},
		"long stop":        {one(`"stopTimeout":121`), "The 'stopTimeout' setting for container 'app' must be between 2 and 120"},
		"short start":      {one(`"startTimeout":1`), "The 'startTimeout' setting for container 'app' must be between 2 and 120"},
		"links":            {one(`"links":["app"]`), "Links are not supported when networkMode=awsvpc."},
		"protocol":         {one(`"portMappings":[{"containerPort":53,"protocol":"sctp"}]`), "sctp"},
		"name twice": {definition(`{"name":"app","image":"web:1","portMappings":[{"containerPort":80,"name":"web"}]},
			{"name":"side","image":"web:1","portMappings":[{"containerPort":81,"name":"web"}]}`), "When networkMode=awsvpc, port mapping name is already used"},
		"name of a port": {one(`"portMappings":[{"containerPort":53,"name":"DNS"}]`), "DNS"},
		"configuration in S3": {definition(`{"name":"app","image":"web:1","logConfiguration":{"logDriver":"awsfirelens"}},
			{"name":"r","image":"r:1","firelensConfiguration":{"type":"fluentbit","options":{"config-file-type":"s3"}}}`), "Invalid arn syntax."},
	} {
		t.Run(name, func(t *testing.T) {
			newStage(t, Options{}).refuse("ClientException", tc.text, "RegisterTaskDefinition", tc.body)
		})
	}
}

// What is registered is described in the same words.
func TestContainerSettingsAreDescribed(t *testing.T) {
	st := newStage(t, Options{})
	st.must("RegisterTaskDefinition", definition(`{"name":"app","image":"web:1","logConfiguration":{"logDriver":"awsfirelens"},
		"systemControls":[{"namespace":"net.core.somaxconn","value":"1"}],"restartPolicy":{"enabled":true,"ignoredExitCodes":[0]},"interactive":true},
		{"name":"router","image":"r:1","firelensConfiguration":{"type":"fluentbit"},"linuxParameters":{"tmpfs":[{"containerPath":"/tmp","size":64}]}}`), nil)
	var out struct {
		TaskDefinition struct{ ContainerDefinitions []container }
	}
	st.must("DescribeTaskDefinition", `{"taskDefinition":"web"}`, &out)
	app, router := out.TaskDefinition.ContainerDefinitions[0], out.TaskDefinition.ContainerDefinitions[1]
	if app.SystemControls[0].Namespace != "net.core.somaxconn" || !app.RestartPolicy.Enabled || app.RestartPolicy.IgnoredExitCodes[0] != 0 || !app.Interactive {
		t.Errorf("app: %+v", app)
	}
	if router.FirelensConfiguration.Type != "fluentbit" || router.LinuxParameters.Tmpfs[0].Size != 64 || len(router.SystemControls) != 0 {
		t.Errorf("router: %+v", router)
	}
}

// Tasks don't start without their log group, unless it is created or in another
// region.
func TestLogGroupOfTasks(t *testing.T) {
	for name, tc := range map[string]struct {
		options string
		running int
		made    bool
	}{
		"there":          {`"awslogs-group":"there","awslogs-region":"eu-west-1"`, 1, false},
		"missing":        {`"awslogs-group":"gone","awslogs-region":"eu-west-1"`, 0, false},
		"created":        {`"awslogs-group":"gone","awslogs-region":"eu-west-1","awslogs-create-group":"true"`, 1, true},
		"another region": {`"awslogs-group":"gone","awslogs-region":"us-east-1"`, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				groups := []string{"there"}
				st := newStage(t, Options{LogGroup: func(name string, create bool) bool {
					if create {
						groups = append(groups, name)
					}
					return slices.Contains(groups, name)
				}})
				st.must("RegisterTaskDefinition", definition(fmt.Sprintf(`{"name":"app","image":"web:1","portMappings":[{"containerPort":8080}],
					"logConfiguration":{"logDriver":"awslogs","options":{%s,"awslogs-stream-prefix":"p"}}}`, tc.options)), nil)
				st.serve("web", 1, nil)
				wait(10 * time.Minute)
				if tc.running == 0 {
					st.checkFailure("TaskFailedToStart", "ResourceInitializationError: failed to validate logger args", 0, "")
				}
				if svc := st.describe(); svc.RunningCount != tc.running || slices.Contains(groups, "gone") != tc.made {
					t.Errorf("%d tasks run, groups %v", svc.RunningCount, groups)
				}
			})
		})
	}
}

// A container that is restarted in place stops no task; one that exits too early,
// or with a code that is ignored, does.
func TestRestartPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		policy   string
		after    time.Duration
		replaced bool
	}{
		"no policy":    {`null`, 10 * time.Minute, true},
		"restarted":    {`{"enabled":true}`, 10 * time.Minute, false},
		"off":          {`{"enabled":false}`, 10 * time.Minute, true},
		"ignored":      {`{"enabled":true,"ignoredExitCodes":[1]}`, 10 * time.Minute, true},
		"early":        {`{"enabled":true}`, 2 * time.Minute, true},
		"early enough": {`{"enabled":true,"restartAttemptPeriod":60}`, 2 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t, Options{})
				st.must("RegisterTaskDefinition", definition(`{"name":"app","image":"web:1","portMappings":[{"containerPort":8080}],"restartPolicy":`+tc.policy+`}`), nil)
				st.serve("web", 1, nil)
				wait(tc.after)
				st.world.Lock()
				before, crashed := st.ecs.tasks[0].id, st.ecs.Crash("shop", "web", 1)
				st.world.Unlock()
				wait(2 * time.Minute)
				st.world.Lock()
				defer st.world.Unlock()
				now := st.ecs.tasks[len(st.ecs.tasks)-1]
				if crashed != 1 || (now.id != before) != tc.replaced || !now.serving {
					t.Errorf("crashed %d, %s is %s after %s", crashed, now.id, now.status, before)
				}
			})
		})
	}
}

// Nobody answers requests at a port for UDP, whose number another container may
// have for TCP.
func TestPortsForUDP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.must("RegisterTaskDefinition", definition(`{"name":"quic","image":"quic:1","portMappings":[{"containerPort":8080,"protocol":"udp"}]},
			{"name":"app","image":"web:1","portMappings":[{"containerPort":8080}]}`), nil)
		st.serve("web", 1, nil)
		wait(2 * time.Minute)
		st.world.Lock()
		defer st.world.Unlock()
		ends := st.ecs.tasks[0].endpoints()
		if _, c := st.ecs.serving(st.ecs.tasks[0].ip, 8080); len(ends) != 1 || c == nil || c.Name != "app" {
			t.Errorf("%d endpoints, %+v answers", len(ends), c)
		}
	})
}
