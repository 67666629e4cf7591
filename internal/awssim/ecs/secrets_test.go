package ecs_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	simulated "github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/internal/awssim/ssm"
)

const (
	role     = "arn:aws:iam::111122223333:role/checkout-execution"
	secretOf = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
	paramOf  = "arn:aws:ssm:eu-west-1:111122223333:parameter"
)

// with gives the first container secrets, by name and reference.
func with(namesAndReferences ...string) func(*ecs.RegisterTaskDefinitionInput) {
	return func(in *ecs.RegisterTaskDefinitionInput) {
		in.ExecutionRoleArn = aws.String(role)
		for i := 0; i+1 < len(namesAndReferences); i += 2 {
			in.ContainerDefinitions[0].Secrets = append(in.ContainerDefinitions[0].Secrets, types.Secret{
				Name: &namesAndReferences[i], ValueFrom: &namesAndReferences[i+1],
			})
		}
	}
}

// stock fills the stores.
func (r *region) stock() {
	r.t.Helper()
	for _, p := range []ssm.Parameter{
		{Name: "/shop/plain", Value: "plain"}, {Name: "/shop/secure", Value: "hush", Type: ssm.SecureString}, {Name: "flat", Value: "flat"},
	} {
		_, err := r.sim.PutParameter(p)
		check(r.t, err)
	}
	for _, s := range []secrets.Secret{
		{Name: "shop/db", Suffix: "AbCdEf", Value: `{"password":"one","port":5432}`}, {Name: "shop/text", Suffix: "AbCdEf", Value: "text"},
		{Name: "registry", Suffix: "AbCdEf", Value: `{"username":"shop","password":"registry"}`}, {Name: "empty", Suffix: "AbCdEf"},
	} {
		_, err := r.sim.CreateSecret(s)
		check(r.t, err)
	}
}

// environments are those of the running tasks of the service.
func (r *region) environments() []map[string]string {
	r.t.Helper()
	list, err := r.ecs.ListTasks(r.t.Context(), &ecs.ListTasksInput{Cluster: aws.String("shop"), ServiceName: aws.String("web")})
	check(r.t, err)
	var all []map[string]string
	for _, arn := range list.TaskArns {
		all = append(all, r.sim.TaskEnvironment(arn))
	}
	return all
}

// TestSecrets: a task has what its references had when it started.
func TestSecrets(t *testing.T) {
	inRegion(t, func(r *region) {
		r.balance()
		r.stock()
		old, err := r.sim.PutSecretValue("shop/text", "text 2")
		check(r.t, err)
		r.serve("web:1", with("A", "/shop/plain", "B", paramOf+"/shop/secure", "C", "flat", "D", secretOf+"shop/db-AbCdEf:password::",
			"E", secretOf+"shop/text-AbCdEf", "F", secretOf+"shop/text:::", "G", secretOf+"shop/text-AbCdEf::AWSPREVIOUS:",
			"H", secretOf+"shop/text-AbCdEf:::"+old, "I", secretOf+"shop/db-AbCdEf:port::"))
		want := map[string]string{
			"VIRIDIAN_REVISION": "7", "A": "plain", "B": "hush", "C": "flat", "D": "one",
			"E": "text 2", "F": "text 2", "G": "text", "H": "text 2", "I": "5432",
		}
		all := r.environments()
		if diff := cmp.Diff([]map[string]string{want, want}, all); diff != "" {
			r.t.Fatal(diff)
		}
		if r.sim.TaskEnvironment("none") != nil {
			r.t.Error("no task has an environment")
		}

		response := r.sim.Route(r.listener, httptest.NewRequest(http.MethodGet, "http://shop.example.com/cart", nil))
		if body := string(response.Body); !strings.Contains(body, `"environment":{"VIRIDIAN_REVISION":"7"}`) || strings.Contains(body, "hush") || strings.Contains(body, "plain") {
			r.t.Errorf("a request got %s", body)
		}

		_, err = r.sim.PutParameter(ssm.Parameter{Name: "/shop/plain", Value: "changed"})
		check(r.t, err)
		_, err = r.sim.RotateSecret("shop/db", `{"password":"two","port":5432}`)
		check(r.t, err)
		time.Sleep(time.Minute)
		if diff := cmp.Diff(all, r.environments()); diff != "" {
			r.t.Errorf("running tasks: %s", diff)
		}
		r.sim.CrashTasks("shop", "web", 1)
		time.Sleep(3 * time.Minute)
		found := map[string]int{}
		for _, environment := range r.environments() {
			found[environment["A"]+" "+environment["D"]]++
		}
		if diff := cmp.Diff(map[string]int{"plain one": 1, "changed two": 1}, found); diff != "" {
			r.t.Errorf("a task was replaced: %s", diff)
		}
	})
}

// TestSecretsThatAreMissing: tasks don't start, and say why in the words that users
// reported of Fargate and of the agent on instances.
func TestSecretsThatAreMissing(t *testing.T) {
	const (
		unpulled = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
		asm      = unpulled + "unable to retrieve secret from asm: "
		call     = "service call has been retried 1 time(s): "
		answer   = "operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ID, "
	)
	db, text := secretOf+"shop/db-AbCdEf", secretOf+"shop/text-AbCdEf"
	tests := map[string]struct {
		reference, reason string
	}{
		"parameter":    {"/none", unpulled + "unable to retrieve secrets from ssm: " + call + "invalid ssm parameters: /none"},
		"by ARN":       {paramOf + "/none", unpulled + "unable to retrieve secrets from ssm: " + call + "invalid ssm parameters: /none"},
		"elsewhere":    {"arn:aws:ssm:eu-west-1:444455556666:parameter/shop/plain", unpulled + "unable to retrieve secrets from ssm: " + call + "invalid ssm parameters: /shop/plain"},
		"secret":       {secretOf + "none-AbCdEf", asm + call + "failed to fetch secret " + secretOf + "none-AbCdEf from secrets manager: " + answer + "ResourceNotFoundException: Secrets Manager can't find the specified secret."},
		"no value":     {secretOf + "empty-AbCdEf", asm + call + "failed to fetch secret " + secretOf + "empty-AbCdEf from secrets manager: " + answer + "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"},
		"version":      {text + ":::11111111111111111111111111111111", asm + call + "failed to fetch secret " + text + " from secrets manager: " + answer + "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: 11111111111111111111111111111111"},
		"key":          {db + ":user::", asm + "retrieved secret from Secrets Manager did not contain json key user"},
		"key of text":  {text + ":user::", asm + "invalid character 'e' in literal true (expecting 'r')"},
		"no reference": {text + ":user", asm + "trying to retrieve secret with value " + text + ":user resulted in error: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again."},
		"deleted":      {secretOf + "registry-AbCdEf", asm + call + "failed to fetch secret " + secretOf + "registry-AbCdEf from secrets manager: " + answer + "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion."},
	}
	requestID := regexp.MustCompile("RequestID: [0-9a-f-]{36}")
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.balance()
				r.stock()
				check(t, r.sim.DeleteSecret("registry", 7*24*time.Hour))
				r.serve("web:1", with("A", tc.reference))
				gone := r.stopped()
				if len(gone) == 0 || r.running() > 0 {
					r.t.Fatalf("%d tasks stopped, %d run", len(gone), r.running())
				}
				for _, task := range gone {
					got := requestID.ReplaceAllString(*task.StoppedReason, "RequestID: ID")
					if task.StopCode != types.TaskStopCodeTaskFailedToStart || got != tc.reason || task.StartedAt != nil || task.Containers[0].ExitCode != nil {
						r.t.Errorf("stopped by %s:\n%s, want\n%s", task.StopCode, got, tc.reason)
					}
				}
			})
		})
	}
}

// TestSecretsOnInstances: the agent has words of its own.
func TestSecretsOnInstances(t *testing.T) {
	tests := map[string]struct{ reference, reason string }{
		"parameter": {"/none", "Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: /none"},
		"secret": {secretOf + "none-AbCdEf", "ResourceInitializationError: The task can't retrieve the secret with ARN '" + secretOf + "none-AbCdEf' from AWS Secrets Manager. " +
			"Check that the secret ARN is correct: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: "},
		"key": {secretOf + "shop/db-AbCdEf:user::", "retrieved secret from Secrets Manager did not contain json key user"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.stock()
				r.instances(simulated.Instance{Zone: "eu-west-1a"})
				check(r.t, r.job(with("A", tc.reference)))
				check(r.t, r.place(func(*ecs.CreateServiceInput) {}))
				gone := r.stopped()
				if len(gone) == 0 || !strings.HasPrefix(*gone[0].StoppedReason, tc.reason) {
					r.t.Errorf("stopped are %+v, want %s", gone, tc.reason)
				}
			})
		})
	}
}

// TestSecretsOfLogs: options of log drivers and credentials of registries are asked
// for as well.
func TestSecretsOfLogs(t *testing.T) {
	option := func(reference string) func(*ecs.RegisterTaskDefinitionInput) {
		return func(in *ecs.RegisterTaskDefinitionInput) {
			in.ExecutionRoleArn = aws.String(role)
			in.ContainerDefinitions[0].LogConfiguration = &types.LogConfiguration{
				LogDriver: types.LogDriverSplunk, Options: map[string]string{"splunk-url": "https://splunk.example.com"},
				SecretOptions: []types.Secret{{Name: aws.String("splunk-token"), ValueFrom: &reference}},
			}
		}
	}
	registry := func(reference string) func(*ecs.RegisterTaskDefinitionInput) {
		return func(in *ecs.RegisterTaskDefinitionInput) {
			in.ExecutionRoleArn = aws.String(role)
			in.ContainerDefinitions[0].RepositoryCredentials = &types.RepositoryCredentials{CredentialsParameter: &reference}
		}
	}
	tests := map[string]struct {
		change func(*ecs.RegisterTaskDefinitionInput)
		reason string
	}{
		"option":             {option("/shop/secure"), ""},
		"no option":          {option("/none"), "invalid ssm parameters: /none"},
		"credentials":        {registry(secretOf + "registry-AbCdEf"), ""},
		"no credentials":     {registry(secretOf + "none-AbCdEf"), "unable to get registry auth from asm: service call has been retried 1 time(s): asm fetching secret from the service for " + secretOf + "none-AbCdEf: "},
		"text":               {registry(secretOf + "shop/text-AbCdEf"), "unable to get registry auth from asm: asm fetching authorization data: unable to unmarshal secret value, invalid schema"},
		"without a username": {registry(secretOf + "shop/db-AbCdEf"), "asm fetching username: AuthorizationData is malformed, empty field"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.balance()
				r.stock()
				r.serve("web:1", tc.change)
				gone := r.stopped()
				if tc.reason == "" && (len(gone) > 0 || r.running() != 2) {
					r.t.Errorf("%d run, stopped are %+v", r.running(), gone)
				}
				if tc.reason != "" && (len(gone) == 0 || !strings.Contains(*gone[0].StoppedReason, tc.reason)) {
					r.t.Errorf("%d run, stopped are %+v", r.running(), gone)
				}
			})
		})
	}
}

// TestRefusal: AWS may refuse the execution role what it asks for.
func TestRefusal(t *testing.T) {
	tests := map[string]struct{ reference, action, code, reason string }{
		"parameter": {"/shop/plain", "ssm:GetParameters", "AccessDeniedException", "unable to retrieve secrets from ssm: service call has been retried 1 time(s): " +
			"operation error SSM: GetParameters, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/checkout-execution/TASK " +
			"is not authorized to perform: ssm:GetParameters on resource: " + paramOf + "/shop/plain because no identity-based policy allows the ssm:GetParameters action"},
		"secret": {secretOf + "shop/text-AbCdEf", "secretsmanager:GetSecretValue", "AccessDeniedException", "failed to fetch secret " + secretOf + "shop/text-AbCdEf from secrets manager: " +
			"operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/checkout-execution/TASK " +
			"is not authorized to perform: secretsmanager:GetSecretValue on resource: " + secretOf + "shop/text-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action"},
		"throttled": {"/shop/plain", "ssm:GetParameters", "ThrottlingException", "RequestID: ID, api error ThrottlingException: Rate exceeded"},
	}
	ids := regexp.MustCompile("RequestID: [0-9a-f-]{36}")
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			inRegion(t, func(r *region) {
				r.balance()
				r.stock()
				r.sim.SetRefusal(func(roleARN, action, _ string) string {
					if roleARN == role && action == tc.action {
						return tc.code
					}
					return ""
				})
				r.serve("web:1", with("A", tc.reference))
				gone := r.stopped()
				if len(gone) == 0 || r.running() > 0 {
					r.t.Fatalf("%d tasks stopped, %d run", len(gone), r.running())
				}
				id := (*gone[0].TaskArn)[strings.LastIndex(*gone[0].TaskArn, "/")+1:]
				if got := strings.ReplaceAll(ids.ReplaceAllString(*gone[0].StoppedReason, "RequestID: ID"), id, "TASK"); !strings.HasSuffix(got, tc.reason) {
					r.t.Errorf("stopped by %s, want %s", got, tc.reason)
				}
				r.sim.SetRefusal(nil)
				time.Sleep(30 * time.Minute)
				if n := r.running(); n != 2 {
					r.t.Errorf("%d run in the end", n)
				}
			})
		})
	}
}
