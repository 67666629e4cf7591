package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// files makes files in the working directory.
func files(t *testing.T, bodies map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, body := range bodies {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// offline runs a command without a cluster.
func offline(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out, errOut buffer
	tool := &tool{in: strings.NewReader(stdin), out: &out, err: &errOut, now: func() time.Time { return now }}
	code := tool.run(t.Context(), args)
	return result{code, out.String(), errOut.String()}
}

func sample(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(root, "config", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

const task = `{"family": "checkout", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
 "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
 "containerDefinitions": [{"name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:1"}]}`

const service = `{"services": [{"serviceName": "checkout", "taskDefinition": "checkout", "launchType": "FARGATE", "desiredCount": 2, "cluster": "shop",
 "deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": [],
 "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": []}}}]}`

func TestFiles(t *testing.T) {
	canary, worker := sample(t, "canary.yaml"), sample(t, "worker.yaml")
	policy := "apiVersion: deploy.viridian.dev/v1alpha1\nkind: DeploymentPolicy\nmetadata: {name: shop}\nspec:\n  namespaceSelector: {matchLabels: {team: shop}}\n"
	files(t, map[string]string{
		"canary.yaml": canary, "worker.yaml": worker, "policy.yaml": policy,
		"bad.yaml": strings.Replace(canary, "weight: 10", "weight: ten", 1), "service.yaml": "kind: Service\n", "broken.yaml": "{",
		"resolve.yaml": strings.Replace(canary, "value: info", `value: "{{resolve:ssm:/x}}"`, 1),
		"task.json":    task, "service.json": service, "text": "hello", "task.jsonnet": "{}", "broken.json": "{\n\"family\": [}",
		"ecspresso.yml":    "region: eu-west-1\ncluster: shop\nservice: checkout\nservice_definition: service-def.json\ntask_definition: task.json\n",
		"service-def.json": `{"launchType": "FARGATE", "desiredCount": 3, "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}`,
		"rest.yml":         "region: eu-west-1\ncluster: shop\nservice: checkout\nservice_definition: none.json\ntask_definition: task.json\n",
	})
	w := &world{T: t}
	for name, c := range map[string]struct {
		args        string
		stdin       string
		code        int
		stdout, err string
	}{
		"lint":                   {args: "lint -f canary.yaml worker.yaml"},
		"lint standard input":    {args: "lint -f - -o json", stdin: canary, stdout: "[]\n"},
		"lint finds":             {args: "lint -f bad.yaml", code: ExitFindings, stdout: "bad.yaml:52: refused: spec.strategy.canary.steps[0].weight: "},
		"lint finds as JSON":     {args: "lint -f bad.yaml -o json", code: ExitFindings, stdout: `"line": 52`},
		"lint by policies":       {args: "lint -f canary.yaml -f policy.yaml -n shop --namespace-labels team=shop", code: ExitFindings, stdout: "no DeploymentPolicy of the namespace shop lists shop in clusters"},
		"lint in other teams":    {args: "lint -f canary.yaml -f policy.yaml"},
		"lint policies required": {args: "lint -f canary.yaml --require-policy", code: ExitFindings, stdout: "no DeploymentPolicy of the namespace default lists"},
		"lint nothing":           {args: "lint", code: ExitFailed, err: "name a file by -f"},
		"lint another kind":      {args: "lint -f service.yaml", code: ExitFailed, err: "there is no ImmutableDeployment and no DeploymentPolicy in service.yaml"},
		"lint no such file":      {args: "lint -f none.yaml", code: ExitFailed, err: "none.yaml: no such file"},
		"lint broken":            {args: "lint -f broken.yaml", code: ExitFailed, err: "broken.yaml: the document at line 1"},

		"render":            {args: "render -f canary.yaml --revision 3 -n shop", stdout: `"Description": "Revision 3 of ImmutableDeployment shop/checkout.`, err: "In AWS, the image "},
		"render one of two": {args: "render -f canary.yaml -f worker.yaml --name mailer", stdout: "ImmutableDeployment default/mailer."},
		"render which":      {args: "render -f canary.yaml -f worker.yaml", code: ExitFailed, err: "by --name: checkout, mailer"},
		"render unknown":    {args: "render -f canary.yaml --name mailer", code: ExitFailed, err: "by --name: checkout"},
		"render refused":    {args: "render -f bad.yaml", code: ExitFailed, err: "bad.yaml:52: refused: "},
		"render impossible": {args: "render -f resolve.yaml", code: ExitFailed, err: "the stack's template can't be built: spec holds the dynamic reference"},
		"render none":       {args: "render -f service.yaml", code: ExitFailed, err: "there is no ImmutableDeployment in service.yaml"},

		"import nothing":              {args: "import", code: ExitFailed, err: "name a file by -f"},
		"import unknown flag":         {args: "import --nope", code: ExitFailed, err: "unknown flag: --nope"},
		"import parameter":            {args: "import --parameter x task.json", code: ExitFailed, err: "want NAME=VALUE"},
		"import no such file":         {args: "import none.json", code: ExitFailed, err: "none.json: no such file"},
		"import not an input":         {args: "import text", code: ExitFailed, err: "text is none of: a task definition"},
		"import Jsonnet":              {args: "import task.jsonnet", code: ExitFailed, err: "ecspresso render"},
		"import broken":               {args: "import broken.json", code: ExitFailed, err: "broken.json:2"},
		"import task":                 {args: "import -f task.json", code: ExitFindings, stdout: "name: checkout\n", err: "checkout: full\n"},
		"import standard input":       {args: "import -f -", stdin: task, code: ExitFindings, stdout: "name: checkout\n", err: "stdin:"},
		"import service":              {args: "import --parameter Subnets=a,b --name shop -n team task.json service.json", code: ExitFindings, stdout: "  name: shop\n  namespace: team\n", err: "service.json:3: services[0].networkConfiguration"},
		"import ecspresso":            {args: "import ecspresso.yml", code: ExitFindings, stdout: "desiredCount: 3\n", err: "checkout: full\n"},
		"import what ecspresso names": {args: "import rest.yml", code: ExitFailed, err: "none.json: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := offline(t, c.stdin, strings.Fields(c.args)...)
			w.T = t
			w.expect(got, c.code)
			if !strings.Contains(got.out, c.stdout) || c.stdout == "" && got.out != "" {
				t.Errorf("stdout is\n%s\nwant %q", got.out, c.stdout)
			}
			if !strings.Contains(got.err, c.err) {
				t.Errorf("stderr is\n%s\nwant %q", got.err, c.err)
			}
		})
	}
}

// Nothing to look at is an exit code of its own.
func TestImportOfAll(t *testing.T) {
	const group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/1"
	files(t, map[string]string{
		"task.json":    strings.Replace(task, `checkout:1"`, `checkout:1", "portMappings": [{"containerPort": 80}]`, 1),
		"service.json": strings.Replace(service, `"loadBalancers": []`, `"loadBalancers": [{"targetGroupArn": "`+group+`", "containerName": "app", "containerPort": 80}]`, 1),
		"groups.json":  `{"TargetGroups": [{"TargetGroupArn": "` + group + `", "Protocol": "HTTP", "VpcId": "vpc-1", "LoadBalancerArns": ["arn:lb"]}]}`,
		"lbs.json":     `{"LoadBalancers": [{"LoadBalancerArn": "arn:lb", "VpcId": "vpc-1", "SecurityGroups": ["sg-1"]}, {"LoadBalancerArn": "arn:other", "VpcId": "vpc-1", "SecurityGroups": ["sg-2"]}]}`,
		"deploy.json":  `{"deploymentGroupInfo": {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}}`,
	})
	got := offline(t, "", "import", "--rule-arn", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/shop/1/2/3",
		"task.json", "service.json", "groups.json", "lbs.json", "deploy.json")
	(&world{T: t}).expect(got, ExitOK, "- sg-1\n")
}
