package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shared/1/2"
	rule     = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/shared/1/2/3"
	role     = "arn:aws:iam::111122223333:role/"
	function = "arn:aws:lambda:eu-west-1:111122223333:function:"
	machine  = "arn:aws:states:eu-west-1:111122223333:stateMachine:"
	registry = "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-"
)

// spec names something of each kind.
func spec(edit ...func(*v1alpha1.ImmutableDeploymentSpec)) *v1alpha1.ImmutableDeploymentSpec {
	s := &v1alpha1.ImmutableDeploymentSpec{
		AWS: &v1alpha1.AWS{RoleARN: role + "viridian-shop"},
		Template: v1alpha1.RevisionTemplate{
			ServiceRegistries: []v1alpha1.ServiceRegistry{{RegistryARN: registry + "1"}},
			Cluster:           "shop", ExecutionRoleARN: role + "shop-execution", TaskRoleARN: role + "shop-task",
			Volumes: []v1alpha1.Volume{{Name: "tmp"}, {Name: "data", EFSVolumeConfiguration: &v1alpha1.EFSVolumeConfiguration{FileSystemID: "fs-1"}}},
			Network: v1alpha1.Network{VPCID: "vpc-1", SubnetIDs: []string{"subnet-1", "subnet-2"}, SecurityGroupIDs: []string{"sg-1"}, LoadBalancerSecurityGroupIDs: []string{"sg-lb"}},
		},
		Traffic: v1alpha1.Traffic{LoadBalancer: v1alpha1.LoadBalancer{
			ListenerARN: listener, Priority: new(int32(100)),
			Conditions: []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{"shop.example.com"}}},
		}},
		Gates: []v1alpha1.Gate{
			{Name: "smoke", Lambda: &v1alpha1.LambdaGate{FunctionARN: function + "viridian-smoke"}},
			{Name: "load", StepFunctions: &v1alpha1.StepFunctionsGate{StateMachineARN: machine + "viridian-load"}},
			{Name: "tell", Webhook: &v1alpha1.WebhookGate{URL: "https://Hooks.example.com:8443/x"}},
			{Name: "ask", Approval: &v1alpha1.ApprovalGate{}},
		},
	}
	for _, f := range edit {
		f(s)
	}
	return s
}

// allowing is a policy for namespaces with the label team: shop that lists all
// that spec names.
func allowing(edit ...func(*v1alpha1.DeploymentPolicySpec)) v1alpha1.DeploymentPolicy {
	p := v1alpha1.DeploymentPolicy{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: v1alpha1.DeploymentPolicySpec{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}},
		Listeners:         []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"shop.example.com"}}},
		Clusters:          []string{"shop"}, VPCIDs: []string{"vpc-1"}, SubnetIDs: []string{"subnet-1", "subnet-2"}, SecurityGroupIDs: []string{"sg-1"},
		TaskRoleARNs: []string{role + "shop-*"}, ExecutionRoleARNs: []string{role + "shop-execution"}, RoleARNs: []string{role + "viridian-shop"},
		ServiceRegistryARNs: []string{registry + "*"},
		FileSystemIDs:       []string{"fs-1"},
		WebhookHosts:        []string{"*.Example.com"}, FunctionARNs: []string{function + "viridian-smoke"}, StateMachineARNs: []string{machine + "*"},
	}}
	for _, f := range edit {
		f(&p.Spec)
	}
	return p
}

// everything lists all.
func everything() v1alpha1.DeploymentPolicy {
	all := []string{"*"}
	return v1alpha1.DeploymentPolicy{ObjectMeta: metav1.ObjectMeta{Name: "all"}, Spec: v1alpha1.DeploymentPolicySpec{
		NamespaceSelector: &metav1.LabelSelector{}, Listeners: []v1alpha1.AllowedListener{{ARN: "*"}}, RuleARNs: all,
		Clusters: all, VPCIDs: all, SubnetIDs: all, SecurityGroupIDs: all, TaskRoleARNs: all, ExecutionRoleARNs: all, RoleARNs: all,
		ServiceRegistryARNs: all,
		FileSystemIDs:       all, WebhookHosts: all, FunctionARNs: all, StateMachineARNs: all, Repositories: all, LogGroups: all, Parameters: all, Secrets: all,
	}}
}

// logsTo has a container log to a group, and another one to that of the stack.
func logsTo(group v1alpha1.OptionValue) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers = []v1alpha1.Container{
			{Name: "proxy", LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "awslogs"}},
			{Name: "app", LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{"awslogs-group": group}}},
		}
	}
}

var ofShop = map[string]string{"team": "shop"}

func lines(violations []Violation) []string {
	var out []string
	for _, v := range violations {
		out = append(out, v.Line())
	}
	return out
}

// TestCheck: what isn't listed is told with its field, its value and the line to
// add.
func TestCheck(t *testing.T) {
	type deployment = func(*v1alpha1.ImmutableDeploymentSpec)
	type policies = func(*v1alpha1.DeploymentPolicySpec)
	for name, c := range map[string]struct {
		spec   deployment
		policy policies
		field  string
		value  string
		line   string
	}{
		"cluster":        {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.Clusters = []string{"shop-2"} }, field: "spec.template.cluster", value: "shop", line: `clusters: ["shop"]`},
		"VPC":            {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.VPCIDs = nil }, field: "spec.template.network.vpcID", value: "vpc-1", line: `vpcIDs: ["vpc-1"]`},
		"subnet":         {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.SubnetIDs = []string{"subnet-2"} }, field: "spec.template.network.subnetIDs", value: "subnet-1", line: `subnetIDs: ["subnet-1"]`},
		"security group": {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.SecurityGroupIDs = []string{"sg-lb"} }, field: "spec.template.network.securityGroupIDs", value: "sg-1", line: `securityGroupIDs: ["sg-1"]`},
		"task role":      {spec: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.TaskRoleARN = role + "payments" }, field: "spec.template.taskRoleARN", value: role + "payments", line: `taskRoleARNs: ["` + role + `payments"]`},
		"execution role": {spec: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.ExecutionRoleARN = role + "shop-task" }, field: "spec.template.executionRoleARN", value: role + "shop-task", line: `executionRoleARNs: ["` + role + `shop-task"]`},
		"log group":      {spec: logsTo("/ecs/payments"), field: "spec.template.containers[app].logConfiguration.options[awslogs-group]", value: "/ecs/payments", line: `logGroups: ["/ecs/payments"]`},
		"others' logs":   {spec: logsTo("/ecs/shop"), policy: func(p *v1alpha1.DeploymentPolicySpec) { p.LogGroups = []string{"/ecs/shop/*"} }, field: "spec.template.containers[app].logConfiguration.options[awslogs-group]", value: "/ecs/shop", line: `logGroups: ["/ecs/shop"]`},
		"file system":    {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.FileSystemIDs = []string{"fs-2"} }, field: "spec.template.volumes[data].efsVolumeConfiguration.fileSystemID", value: "fs-1", line: `fileSystemIDs: ["fs-1"]`},
		"role":           {spec: func(s *v1alpha1.ImmutableDeploymentSpec) { s.AWS.RoleARN = role + "viridian-pay" }, field: "spec.aws.roleARN", value: role + "viridian-pay", line: `roleARNs: ["` + role + `viridian-pay"]`},
		"registry":       {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.ServiceRegistryARNs = nil }, field: "spec.template.serviceRegistries", value: registry + "1", line: `serviceRegistryARNs: ["` + registry + `1"]`},
		"function":       {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.FunctionARNs = nil }, field: "spec.gates[smoke].lambda.functionARN", value: function + "viridian-smoke", line: `functionARNs: ["` + function + `viridian-smoke"]`},
		"its alias":      {spec: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Gates[0].Lambda.FunctionARN += ":live" }, field: "spec.gates[smoke].lambda.functionARN", value: function + "viridian-smoke:live", line: `functionARNs: ["` + function + `viridian-smoke:live"]`},
		"state machine":  {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.StateMachineARNs = []string{machine} }, field: "spec.gates[load].stepFunctions.stateMachineARN", value: machine + "viridian-load", line: `stateMachineARNs: ["` + machine + `viridian-load"]`},
		"webhook":        {policy: func(p *v1alpha1.DeploymentPolicySpec) { p.WebhookHosts = []string{"example.com"} }, field: "spec.gates[tell].webhook.url", value: "hooks.example.com", line: `webhookHosts: ["hooks.example.com"]`},
		"host in a user": {spec: func(s *v1alpha1.ImmutableDeploymentSpec) {
			s.Gates[2].Webhook.URL = "https://hooks.example.com@evil.com/"
		}, field: "spec.gates[tell].webhook.url", value: "evil.com", line: `webhookHosts: ["evil.com"]`},
		"another adopted": {spec: func(s *v1alpha1.ImmutableDeploymentSpec) {
			s.Traffic.LoadBalancer = v1alpha1.LoadBalancer{RuleARN: rule}
		}, policy: func(p *v1alpha1.DeploymentPolicySpec) { p.RuleARNs = []string{rule + "4"} }, field: "spec.traffic.loadBalancer.ruleARN", value: rule, line: `ruleARNs: ["` + rule + `"]`},
		"listeners' rule": {spec: func(s *v1alpha1.ImmutableDeploymentSpec) {
			s.Traffic.LoadBalancer = v1alpha1.LoadBalancer{RuleARN: rule}
		}, field: "spec.traffic.loadBalancer.ruleARN", value: rule, line: `ruleARNs: ["` + rule + `"]`},
	} {
		t.Run(name, func(t *testing.T) {
			named, listed := spec(), allowing()
			if c.spec != nil {
				c.spec(named)
			}
			if c.policy != nil {
				c.policy(&listed.Spec)
			}
			rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{listed}, false)
			got := rules.Check(named)
			if len(got) != 1 || got[0].Field != c.field || got[0].Value != c.value || got[0].Line() != c.line {
				t.Errorf("got %+v, lines %q", got, lines(got))
			}
		})
	}
}

// TestListener: a rule has to lie within an entry as a whole.
func TestListener(t *testing.T) {
	condition := func(field string, values ...string) v1alpha1.RuleCondition {
		return v1alpha1.RuleCondition{Field: field, Values: values}
	}
	hosts := func(values ...string) []v1alpha1.RuleCondition {
		return []v1alpha1.RuleCondition{condition("host-header", values...)}
	}
	for name, c := range map[string]struct {
		conditions []v1alpha1.RuleCondition
		band       v1alpha1.PriorityBand
		allowed    []v1alpha1.AllowedListener
		want       string
	}{
		"the host":             {hosts("shop.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"shop.example.com"}}}, ""},
		"another case":         {hosts("SHOP.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"shop.Example.com"}}}, ""},
		"a host below":         {hosts("a.shop.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"*.shop.example.com"}}}, ""},
		"the same wildcard":    {hosts("*.shop.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"*.shop.example.com"}}}, ""},
		"a wildcard is more":   {hosts("*.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"shop.example.com"}}}, "host *.example.com (not within shop.example.com)"},
		"one letter is more":   {hosts("?hop.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"shop.example.com"}}}, "host ?hop.example.com (not within shop.example.com)"},
		"one of two":           {hosts("shop.example.com", "pay.example.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"shop.example.com"}}}, "host pay.example.com (not within shop.example.com)"},
		"no host":              {[]v1alpha1.RuleCondition{condition("path-pattern", "/")}, v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"*.example.com"}}}, "host * (not within *.example.com)"},
		"no host, all listed":  {[]v1alpha1.RuleCondition{condition("path-pattern", "/")}, v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Hosts: []string{"*"}}}, ""},
		"no host, none listed": {[]v1alpha1.RuleCondition{condition("path-pattern", "/")}, v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener}}, ""},
		"a path":               {append(hosts("a.com"), condition("path-pattern", "/shop/x*")), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Paths: []string{"/shop/*"}}}, ""},
		"a path's case":        {append(hosts("a.com"), condition("path-pattern", "/Shop/x")), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Paths: []string{"/shop/*"}}}, "path /Shop/x (not within /shop/*)"},
		"no path":              {hosts("a.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Paths: []string{"/shop/*"}}}, "path * (not within /shop/*)"},
		"priority":             {hosts("a.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Priorities: v1alpha1.PriorityRange{First: 100, Last: 100}}}, ""},
		"too early":            {hosts("a.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Priorities: v1alpha1.PriorityRange{First: 101, Last: 200}}}, "priority 100 (not within 101-200)"},
		"too late":             {hosts("a.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener, Priorities: v1alpha1.PriorityRange{First: 1, Last: 99}}}, "priority 100 (not within 1-99)"},
		"previews too early":   {hosts("a.com"), v1alpha1.PriorityBand{Last: new(int32(50))}, []v1alpha1.AllowedListener{{ARN: listener, Priorities: v1alpha1.PriorityRange{First: 50, Last: 200}}}, "priority 1-100 (not within 50-200)"},
		"previews within":      {hosts("a.com"), v1alpha1.PriorityBand{First: new(int32(50))}, []v1alpha1.AllowedListener{{ARN: listener, Priorities: v1alpha1.PriorityRange{First: 50, Last: 200}}}, ""},
		"another listener":     {hosts("a.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: listener + "3"}}, listener},
		"of a load balancer":   {hosts("a.com"), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{{ARN: strings.TrimSuffix(listener, "2") + "*"}}, ""},
		"not put together": {append(hosts("shop.example.com"), condition("path-pattern", "/pay")), v1alpha1.PriorityBand{}, []v1alpha1.AllowedListener{
			{ARN: listener, Hosts: []string{"shop.example.com"}, Paths: []string{"/shop"}}, {ARN: listener, Hosts: []string{"pay.example.com"}, Paths: []string{"/pay"}},
		}, "path /pay (not within /shop)"},
	} {
		t.Run(name, func(t *testing.T) {
			named := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Traffic.LoadBalancer.Conditions, s.Traffic.LoadBalancer.PreviewPriorities = c.conditions, c.band
			})
			check := func(allowed []v1alpha1.AllowedListener) (problem string, violations []Violation) {
				rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.Listeners = allowed })}, false)
				for _, v := range rules.Check(named) {
					problem += v.Value
					violations = append(violations, v)
				}
				return problem, violations
			}
			got, violations := check(c.allowed)
			if got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			if len(violations) > 0 { // what the remedy adds is enough
				entry, _ := violations[0].Entry.(v1alpha1.AllowedListener)
				if left, _ := check(append(c.allowed, entry)); left != "" {
					t.Errorf("with %+v: %s", entry, left)
				}
			}
		})
	}
}

// TestFor: who may use what follows from which policies select the namespace.
func TestFor(t *testing.T) {
	other := allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.NamespaceSelector.MatchLabels["team"] = "pay" })
	empty := v1alpha1.DeploymentPolicy{Spec: v1alpha1.DeploymentPolicySpec{NamespaceSelector: &metav1.LabelSelector{}}}
	half := allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.Clusters, p.VPCIDs = nil, nil })
	rest := v1alpha1.DeploymentPolicy{Spec: v1alpha1.DeploymentPolicySpec{
		NamespaceSelector: &metav1.LabelSelector{}, Clusters: []string{"shop"}, VPCIDs: []string{"*"},
	}}
	without := v1alpha1.DeploymentPolicy{}
	broken := allowing()
	broken.Spec.NamespaceSelector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "x", Operator: "Near"}}
	for name, c := range map[string]struct {
		policies []v1alpha1.DeploymentPolicy
		required bool
		allowed  bool
	}{
		"no policy":                        {nil, false, true},
		"no policy, one is required":       {nil, true, false},
		"of others":                        {[]v1alpha1.DeploymentPolicy{other}, false, true},
		"of others, one is required":       {[]v1alpha1.DeploymentPolicy{other}, true, false},
		"one that lists nothing":           {[]v1alpha1.DeploymentPolicy{empty}, false, false},
		"one that lists all that is named": {[]v1alpha1.DeploymentPolicy{other, allowing()}, true, true},
		"one that lists all":               {[]v1alpha1.DeploymentPolicy{everything()}, true, true},
		"a half":                           {[]v1alpha1.DeploymentPolicy{half}, false, false},
		"two halves":                       {[]v1alpha1.DeploymentPolicy{half, rest}, false, true},
		"one without a selector":           {[]v1alpha1.DeploymentPolicy{without}, false, true},
		"one that can't be read":           {[]v1alpha1.DeploymentPolicy{everything(), broken}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			rules := For("shop", ofShop, c.policies, c.required)
			got := rules.Spec(spec())
			if (got == nil) != c.allowed {
				t.Errorf("got %+v", got)
			}
			if got != nil && got.Reason != v1alpha1.ReasonNotAllowed {
				t.Errorf("reason %s", got.Reason)
			}
		})
	}
}

// TestOwnRole: where roles are listed, the controller's own is no way around them.
func TestOwnRole(t *testing.T) {
	own := spec(func(s *v1alpha1.ImmutableDeploymentSpec) { s.AWS = nil })
	for name, c := range map[string]struct {
		roles   []string
		allowed bool
	}{
		"no roles are listed": {nil, true},
		"a role is listed":    {[]string{role + "viridian-shop"}, false},
		"any role":            {[]string{"arn:*"}, false},
		"all":                 {[]string{"*"}, true},
	} {
		rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.RoleARNs = c.roles })}, false)
		got := rules.Spec(own)
		if (got == nil) != c.allowed {
			t.Errorf("%s: got %+v", name, got)
		}
		if got != nil && (!strings.Contains(got.Message, "the controller's own role of spec.aws.roleARN") || !strings.HasPrefix(got.Remedy, "Set spec.aws.roleARN to one of the roleARNs") || strings.Contains(got.Remedy, "kubectl")) {
			t.Errorf("%s: got %s. %s", name, got.Message, got.Remedy)
		}
	}
}

// TestNeedsNoEntry: what is nobody else's loss isn't compared.
func TestNeedsNoEntry(t *testing.T) {
	worker := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Cluster, s.Template.TaskRoleARN, s.Traffic, s.Template.Network.SecurityGroupIDs = "", "", v1alpha1.Traffic{}, nil
		s.Gates = s.Gates[3:]
	})
	listed := allowing(func(p *v1alpha1.DeploymentPolicySpec) {
		p.Clusters, p.TaskRoleARNs, p.Listeners, p.SecurityGroupIDs, p.FunctionARNs, p.StateMachineARNs, p.WebhookHosts = nil, nil, nil, nil, nil, nil, nil
	})
	rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{listed}, false)
	if got := rules.Check(worker); got != nil {
		t.Errorf("got %+v", got)
	}
}

// TestGateAndRepository: what is decided during a rollout is compared then.
func TestGateAndRepository(t *testing.T) {
	rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) {
		p.Repositories = []string{"111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/*"}
	})}, false)
	gates := spec().Gates
	for i := range gates {
		if got := rules.Gate(&gates[i]); got != nil {
			t.Errorf("got %+v", got)
		}
	}
	gates[2].Webhook.URL = "https://evil.com"
	if got := rules.Gate(&gates[2]); got == nil || !strings.Contains(got.Message, "may not use evil.com of spec.gates[tell].webhook.url") {
		t.Errorf("got %+v", got)
	}
	for image, allowed := range map[string]bool{
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:1": true,
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments:1":      false,
		"444455556666.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:1": false,
	} {
		if got := rules.Repository("container app", image); (got == nil) != allowed {
			t.Errorf("%s: got %+v", image, got)
		}
	}
	free := For("shop", nil, nil, false)
	if got := free.Repository("container app", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/any:1"); got != nil {
		t.Errorf("without policies: got %+v", got)
	}
}

// TestRemedies: what is printed can be pasted, and adds to the policy that is most
// the namespace's own.
func TestRemedies(t *testing.T) {
	named := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.TaskRoleARN, s.Template.Network.VPCID = role+"payments", "vpc-2"
		s.Traffic.LoadBalancer.Conditions = append(s.Traffic.LoadBalancer.Conditions, v1alpha1.RuleCondition{Field: "path-pattern", Values: []string{"/it's&more"}})
	})
	narrow := func(p *v1alpha1.DeploymentPolicySpec) {
		p.TaskRoleARNs, p.Listeners[0].Paths = nil, []string{"/shop"}
	}
	wide := allowing(narrow, func(p *v1alpha1.DeploymentPolicySpec) { p.NamespaceSelector = &metav1.LabelSelector{} })
	wide.Name = "all"
	const entry = `{"arn":"` + listener + `","priorities":{"first":100,"last":100},"hosts":["shop.example.com"],"paths":["/it'\''s&more"]}`
	patch := func(policy string) string {
		return `kubectl patch dpol ` + policy + ` --field-manager=oncall --type json -p '[{"op":"add","path":"/spec/listeners/-","value":` + entry +
			`},{"op":"add","path":"/spec/vpcIDs/-","value":"vpc-2"},{"op":"add","path":"/spec/taskRoleARNs","value":["` + role + `payments"]}]'`
	}
	for name, c := range map[string]struct {
		policies []v1alpha1.DeploymentPolicy
		remedy   string
	}{
		"its own":    {[]v1alpha1.DeploymentPolicy{wide, allowing(narrow)}, "An administrator of the cluster allows it: " + patch("shop")},
		"one of all": {[]v1alpha1.DeploymentPolicy{wide}, "An administrator of the cluster allows it, to all namespaces, since all selects all: " + patch("all")},
		"none":       {nil, ""},
		"not to be read": {[]v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) {
			p.NamespaceSelector.MatchLabels["-"] = "x"
		})}, "An administrator of the cluster corrects spec.namespaceSelector: kubectl edit dpol shop"},
	} {
		t.Run(name, func(t *testing.T) {
			rules := For("shop", ofShop, c.policies, true)
			got := rules.Spec(named)
			if c.remedy != "" {
				if diff := cmp.Diff(c.remedy, got.Remedy); diff != "" {
					t.Errorf("remedy (-want +got):\n%s", diff)
				}
				return
			}
			for _, part := range []string{"creates a DeploymentPolicy for it: printf %s '{", `"metadata":{"name":"shop"}`,
				`"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"shop"}}`, `"subnetIDs":["subnet-1","subnet-2"]`, "}' | kubectl create --field-manager=oncall -f -"} {
				if !strings.Contains(got.Remedy, part) {
					t.Errorf("%s\nlacks %s", got.Remedy, part)
				}
			}
			if !strings.Contains(got.Message, "no DeploymentPolicy selects the namespace, and the manager runs with --require-policy") {
				t.Error(got.Message)
			}
		})
	}
	own := allowing(narrow)
	rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{own}, false)
	const message = "Namespace shop may not use (1) path /it's&more (not within /shop) of spec.traffic.loadBalancer; " +
		"(2) vpc-2 of spec.template.network.vpcID; (3) " + role + "payments of spec.template.taskRoleARN"
	if got := rules.Spec(named).Message; got != message {
		t.Error(got)
	}
}

// TestRemedyFits: a command that would be too long for status, where it would be
// cut, leaves the rest for the next time.
func TestRemedyFits(t *testing.T) {
	named := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
		for range 10 {
			s.Gates = append(s.Gates, v1alpha1.Gate{Name: "x", Lambda: &v1alpha1.LambdaGate{FunctionARN: function + strings.Repeat("x", 400)}})
		}
	})
	for name, policies := range map[string][]v1alpha1.DeploymentPolicy{"a policy": {allowing()}, "none": nil} {
		rules := For("shop", ofShop, policies, true)
		got := rules.Spec(named).Remedy
		if len(got) > commandLength+200 || strings.Count(got, "xxxx") == 0 || !strings.Contains(got, "]'") && !strings.Contains(got, "}' |") {
			t.Errorf("%s: %d bytes: %s", name, len(got), got)
		}
	}
}

// A log group that is listed may be used, and that of the stack needs no entry.
func TestLogGroups(t *testing.T) {
	for group, listed := range map[v1alpha1.OptionValue][]string{"/ecs/shop": {"/ecs/*"}, "": nil} {
		rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.LogGroups = listed })}, false)
		if got := rules.Check(spec(logsTo(group))); len(got) != 0 {
			t.Errorf("%q: got %+v", group, got)
		}
	}
}

// TestParameters: parameters that the controller reads into environment variables are
// listed by their full names, or as ARNs where they are named so; those that ECS reads
// with the execution role aren't compared.
func TestParameters(t *testing.T) {
	const arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/production/features"
	wants := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
		from := func(name string) *v1alpha1.ValueSource { return &v1alpha1.ValueSource{SSM: name} }
		s.Template.ParameterPath = "/shop/production/"
		s.Template.Containers = []v1alpha1.Container{{
			Name:        "app",
			Environment: []v1alpha1.KeyValue{{Name: "A", ValueFrom: from("features")}, {Name: "B", ValueFrom: from("/payments/key")}, {Name: "C", ValueFrom: from(arn)}, {Name: "D", Value: "/payments/key"}},
			Secrets:     []v1alpha1.Secret{{Name: "E", ValueFrom: "/payments/token"}},
		}}
	})
	of := func(name string) string {
		return "spec.template.containers[app].environment[" + name + "].valueFrom.ssm"
	}
	for name, c := range map[string]struct {
		listed []string
		want   []string
	}{
		"none":          {nil, []string{of("A"), of("B"), of("C")}},
		"by path":       {[]string{"/shop/production/*"}, []string{of("B"), of("C")}},
		"another path":  {[]string{"/shop/*", "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*"}, []string{of("B")}},
		"all":           {[]string{"*"}, nil},
		"the same name": {[]string{"features", "key"}, []string{of("A"), of("B"), of("C")}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.Parameters = c.listed })}, false)
			var got []string
			for _, v := range rules.Check(wants) {
				if v.List == "parameters" {
					got = append(got, v.Field)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSecrets: what secrets and secretOptions refer to is listed by the ARN of the
// secret, whatever key and version of it, or by the parameter's full name or ARN. What
// goes into environment has a list of its own.
func TestSecrets(t *testing.T) {
	const secret, other = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments/db-AbCdEf"
	wants := spec(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.ParameterPath = "/shop/production/"
		s.Template.Containers = []v1alpha1.Container{{
			Name:             "app",
			Environment:      []v1alpha1.KeyValue{{Name: "A", ValueFrom: &v1alpha1.ValueSource{SSM: "/payments/key"}}},
			Secrets:          []v1alpha1.Secret{{Name: "B", ValueFrom: secret + ":password::"}, {Name: "C", ValueFrom: other}, {Name: "D", ValueFrom: "token"}},
			LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "splunk", SecretOptions: []v1alpha1.Secret{{Name: "splunk-token", ValueFrom: "/payments/splunk"}}},
		}}
	})
	of := func(name string) string { return "spec.template.containers[app].secrets[" + name + "].valueFrom" }
	const option = "spec.template.containers[app].logConfiguration.secretOptions[splunk-token].valueFrom"
	for name, c := range map[string]struct {
		listed []string
		want   []string
	}{
		"none":           {nil, []string{of("B"), of("C"), of("D"), option}},
		"one secret":     {[]string{secret}, []string{of("C"), of("D"), option}},
		"by name":        {[]string{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/*"}, []string{of("C"), of("D"), option}},
		"parameters":     {[]string{"/shop/production/*", "/payments/*"}, []string{of("B"), of("C")}},
		"the same names": {[]string{"token", "shop/db"}, []string{of("B"), of("C"), of("D"), option}},
		"all":            {[]string{"*"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rules := For("shop", ofShop, []v1alpha1.DeploymentPolicy{allowing(func(p *v1alpha1.DeploymentPolicySpec) { p.Secrets = c.listed })}, false)
			var got []string
			for _, v := range rules.Check(wants) {
				if v.List == "secrets" {
					got = append(got, v.Field)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
