package v1alpha1_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func listed(patch string) string { return "spec: {" + patch + "}" }

func listener(more string) string {
	return "spec: {listeners: [{arn: '*', " + more + "}]}"
}

// policyRefusals are patches that make a valid DeploymentPolicy invalid.
var policyRefusals = map[string]refusal{
	"no selector":            {listed("namespaceSelector: null"), []string{"spec.namespaceSelector: Required value"}},
	"unknown operator":       {listed("namespaceSelector: {matchExpressions: [{key: a, operator: Near, values: [b]}]}"), []string{"spec.namespaceSelector.matchExpressions have the operator In or NotIn with values"}},
	"operator, no values":    {listed("namespaceSelector: {matchExpressions: [{key: a, operator: In}]}"), []string{"have the operator In or NotIn with values"}},
	"values, no comparison":  {listed("namespaceSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}"), []string{"or Exists or DoesNotExist without"}},
	"unknown list":           {listed("hostedZones: [a]"), []string{`unknown field "spec.hostedZones"`}},
	"empty list":             {listed("clusters: []"), []string{"spec.clusters", "at least 1 items"}},
	"an entry twice":         {listed("clusters: [a, a]"), []string{"spec.clusters[1]: Duplicate value"}},
	"a cluster's ARN":        {listed("clusters: ['arn:aws:ecs:eu-west-1:111122223333:cluster/a']"), []string{"spec.clusters are names of ECS clusters, the part after cluster/ of their ARNs"}},
	"a VPC's name":           {listed("vpcIDs: [prod]"), []string{"spec.vpcIDs are IDs, vpc-..., or * for all"}},
	"a subnet's name":        {listed("subnetIDs: [vpc-1]"), []string{"spec.subnetIDs are IDs, subnet-..., or * for all"}},
	"a group's name":         {listed("securityGroupIDs: [web]"), []string{"spec.securityGroupIDs are IDs, sg-..., or * for all"}},
	"a file system's name":   {listed("fileSystemIDs: [data]"), []string{"spec.fileSystemIDs are IDs, fs-..., or * for all"}},
	"no such access":         {listed("hostAccess: [root]"), []string{"spec.hostAccess has privileged, networkMode:host, pidMode:host, ipcMode:host, capability:<name>"}},
	"half an access":         {listed("hostAccess: ['volume:']"), []string{"spec.hostAccess has privileged"}},
	"a rule's number":        {listed("ruleARNs: ['100']"), []string{"spec.ruleARNs are ARNs of listener rules"}},
	"a task role's name":     {listed("taskRoleARNs: [shop]"), []string{"spec.taskRoleARNs are ARNs of IAM roles"}},
	"an execution role":      {listed("executionRoleARNs: [shop]"), []string{"spec.executionRoleARNs are ARNs of IAM roles"}},
	"a log group's ARN":      {listed("logGroups: ['arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/shop']"), []string{"spec.logGroups are names of log groups, not ARNs, in which * stands for any characters: /ecs/shop/*"}},
	"a role's name":          {listed("roleARNs: ['']"), []string{"spec.roleARNs are ARNs of IAM roles"}},
	"a registry's name":      {listed("serviceRegistryARNs: [checkout]"), []string{"spec.serviceRegistryARNs are ARNs of services of AWS Cloud Map"}},
	"a parameter's version":  {listed("parameters: ['/shop/a:3']"), []string{"spec.parameters are names of parameters of Systems Manager, or their ARNs"}},
	"a secret's key":         {listed("secrets: ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password::']"), []string{"spec.secrets are ARNs of secrets of Secrets Manager, and names of parameters of Systems Manager or their ARNs, without JSON key, label and version"}},
	"another service's ARN":  {listed("secrets: ['arn:aws:s3:::shop']"), []string{"spec.secrets are ARNs of secrets of Secrets Manager"}},
	"repository, no account": {listed("repositories: [shop]"), []string{"spec.repositories are repositories with their registry and without a tag"}},
	"repository with a tag":  {listed("repositories: ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1']"), []string{"spec.repositories are repositories with their registry and without a tag"}},
	"a URL":                  {listed("webhookHosts: ['https://example.com']"), []string{"spec.webhookHosts are host names without https://, port and path"}},
	"a function's name":      {listed("functionARNs: [smoke]"), []string{"spec.functionARNs are ARNs of Lambda functions"}},
	"a machine's name":       {listed("stateMachineARNs: [load]"), []string{"spec.stateMachineARNs are ARNs of state machines"}},
	"a listener's name":      {listed("listeners: [{arn: shop}]"), []string{"spec.listeners[].arn is the ARN of a listener"}},
	"no listener":            {listed("listeners: [{hosts: [a.com]}]"), []string{"spec.listeners[0].arn: Required value"}},
	"a host with a port":     {listener("hosts: ['a.com:80']"), []string{"spec.listeners[].hosts are host names without https://, port and path"}},
	"a path of a host":       {listener("paths: ['a.com/x']"), []string{"spec.listeners[].paths begin with / or *"}},
	"priorities upside down": {listener("priorities: {first: 2, last: 1}"), []string{"priorities.first must not be greater than priorities.last"}},
	"half a range":           {listener("priorities: {first: 2}"), []string{"spec.listeners[0].priorities.last: Required value"}},
	"priority 50001":         {listener("priorities: {first: 1, last: 50001}"), []string{"spec.listeners[0].priorities.last"}},
}

func TestPolicyRefused(t *testing.T) {
	for name, c := range policyRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "policy.yaml", c.patch)), c.want...) })
	}
}

func TestPolicyAdmitted(t *testing.T) {
	all := "clusters: ['*'], vpcIDs: ['*'], subnetIDs: ['*'], securityGroupIDs: ['*'], ruleARNs: ['*'], taskRoleARNs: ['*'], executionRoleARNs: ['*'], " +
		"roleARNs: ['*'], logGroups: ['*'], serviceRegistryARNs: ['*'], parameters: ['*', '/shop/*', 'arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*'], secrets: ['*', '/shop/*', 'arn:aws:secretsmanager:*:secret:shop/*', 'arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*'], repositories: ['*'], webhookHosts: ['*'], functionARNs: ['*'], stateMachineARNs: ['*'], hostAccess: ['*'], listeners: [{arn: '*'}]"
	for name, patch := range map[string]string{
		"as it is":          "{}",
		"all":               listed(all),
		"nothing":           listed("listeners: null"),
		"of all namespaces": "spec: {namespaceSelector: {matchLabels: null}}",
		"of some": listed("namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [a, b]}, {key: env, operator: NotIn, values: [prod]}, " +
			"{key: a, operator: Exists}, {key: b, operator: DoesNotExist}]}"),
		"wildcards": listed("repositories: ['111122223333.dkr.ecr.*.amazonaws.com/shop/*'], clusters: ['shop-*'], logGroups: ['/ecs/shop/*', 'shop#*'], " +
			"taskRoleARNs: ['arn:aws:iam::111122223333:role/shop/*'], webhookHosts: ['*.example.com'], functionARNs: ['arn:aws:lambda:*:111122223333:function:viridian-*']"),
		"access to instances": listed("hostAccess: [privileged, 'networkMode:host', 'capability:NET_*', 'volume:/srv/shop/*', 'securityOption:label:type:*', 'device:/dev/fuse', 'dockerVolume:*']"),
		"other partitions":    listed("listeners: [{arn: 'arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:111122223333:listener/app/*'}]"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "policy.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every rule of policies is tested: each one's message is among the refusals.
func TestEveryPolicyRuleRefuses(t *testing.T) {
	var said strings.Builder
	for _, c := range policyRefusals {
		if err := create(t, base(t, "policy.yaml", c.patch)); err != nil {
			said.WriteString(err.Error())
		}
	}
	for _, message := range rules(t, "deploymentpolicies") {
		if !strings.Contains(said.String(), message) {
			t.Errorf("No refusal says %q", message)
		}
	}
}

// Whoever may deploy in a namespace has no say in what it may use: of the roles in
// config/rbac, only the manager's knows policies, and reads them.
func TestPoliciesAreAdministrators(t *testing.T) {
	var files []string
	for _, pattern := range []string{"rbac/*.yaml", "rbac/*/*.yaml", "namespaced/*.yaml", "namespaced/*/*.yaml"} {
		some, err := filepath.Glob(filepath.Join(root, "config", pattern))
		if err != nil || len(some) == 0 {
			t.Fatalf("%s: %q, %v", pattern, some, err)
		}
		files = append(files, some...)
	}
	var verbs []string
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.SplitSeq(string(body), "\n---") {
			var role struct {
				Rules []struct{ APIGroups, Resources, Verbs []string }
			}
			if err := yaml.Unmarshal([]byte(text), &role); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for _, rule := range role.Rules {
				if slices.Contains(rule.Resources, "deploymentpolicies") || slices.Contains(rule.Resources, "*") {
					verbs = append(verbs, filepath.Base(path)+" "+strings.Join(rule.Verbs, ","))
				}
			}
		}
	}
	if got := strings.Join(verbs, "; "); got != "role.yaml list,watch" {
		t.Errorf("policies may be used by: %s", got)
	}
}
