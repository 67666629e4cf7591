package policy_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// prefixes are the IAM prefixes of the SDK's interfaces in sdk.go.
var prefixes = map[string]string{
	"cloudFormationAPI": "cloudformation",
	"elbAPI":            "elasticloadbalancing",
	"ecsAPI":            "ecs",
	"ecrAPI":            "ecr",
	"cloudWatchAPI":     "cloudwatch",
	"scalingAPI":        "application-autoscaling",
	"lambdaAPI":         "lambda",
	"statesAPI":         "states",
	"ec2API":            "ec2",
	"iamAPI":            "iam",
	"ssmAPI":            "ssm",
	"secretsAPI":        "secretsmanager",
	"stsAPI":            "sts",
}

// granted are the actions that everybody may use: no policy can deny them, so
// none allows them.
var granted = []string{"sts:GetCallerIdentity"}

// renamed are the calls that have another name in IAM.
var renamed = map[string]string{
	"lambda:Invoke": "lambda:InvokeFunction",
}

// implied are the actions that a call needs in addition to its own. Those of
// Amazon Inspector are what ECR's user guide names under "IAM permissions
// required for enhanced scanning", as far as findings are read.
var implied = map[string][]string{
	"cloudformation:CreateStack":    {"cloudformation:TagResource"},
	"ecr:CreateRepository":          {"ecr:TagResource"},
	"ecr:DescribeImageScanFindings": {"inspector2:ListCoverage", "inspector2:ListFindings"},
}

// resourceActions are the actions that CloudFormation uses to create, read and
// delete the resources of a stack, as far as their properties need them.
var resourceActions = map[string][]string{
	"AWS::ApplicationAutoScaling::ScalableTarget": {
		"application-autoscaling:DeregisterScalableTarget", "application-autoscaling:DescribeScalableTargets",
		"application-autoscaling:DescribeScheduledActions", "application-autoscaling:PutScheduledAction",
		"application-autoscaling:RegisterScalableTarget", "iam:CreateServiceLinkedRole",
	},
	"AWS::ApplicationAutoScaling::ScalingPolicy": {
		"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DescribeScalingPolicies",
		"application-autoscaling:PutScalingPolicy", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm",
	},
	"AWS::CloudWatch::Alarm": {
		"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm",
		"cloudwatch:TagResource",
	},
	"AWS::EC2::SecurityGroup": {
		"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateSecurityGroup",
		"ec2:CreateTags", "ec2:DeleteSecurityGroup", "ec2:DescribeInstances", "ec2:DescribeSecurityGroups",
		"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
	},
	"AWS::ECS::Cluster": {
		"ecs:CreateCluster", "ecs:DeleteCluster", "ecs:DescribeClusters", "ecs:TagResource", "iam:CreateServiceLinkedRole",
	},
	"AWS::ECS::Service": {
		"ecs:CreateService", "ecs:DeleteService", "ecs:DescribeServiceDeployments", "ecs:DescribeServices",
		"ecs:ListServiceDeployments", "ecs:TagResource", "iam:CreateServiceLinkedRole",
	},
	"AWS::ECS::TaskDefinition": {
		"ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition", "ecs:TagResource",
		"iam:GetRole", "iam:PassRole",
	},
	"AWS::ElasticLoadBalancingV2::ListenerRule": {
		"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteRule",
		"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags",
	},
	"AWS::ElasticLoadBalancingV2::TargetGroup": {
		"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteTargetGroup",
		"elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
		"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:ModifyTargetGroupAttributes",
	},
	"AWS::Logs::LogGroup": {
		"logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups",
		"logs:DescribeResourcePolicies", "logs:GetDataProtectionPolicy", "logs:ListTagsForResource",
		"logs:PutRetentionPolicy", "logs:TagResource",
	},
}

// statements are those of the policies that allow all that is ever done.
func statements(t *testing.T) []statement {
	t.Helper()
	return slices.Concat(read(t, "policy.json").Statement, read(t, "policy-scaling.json").Statement, read(t, "policy-configuration.json").Statement)
}

// TestControllerActions: the controller's own permissions are exactly what
// internal/cloud/aws calls. test/conformance/aws checks the same for the
// recorded calls of the controllers' tests.
func TestControllerActions(t *testing.T) {
	got := map[string]bool{}
	for _, s := range statements(t) {
		if !s.byCloudFormation() {
			add(got, s.Action)
		}
	}
	compare(t, got, calls(t))
}

// TestStackActions: CloudFormation's permissions on behalf of the controller
// are what the resources of the stacks need.
func TestStackActions(t *testing.T) {
	want := map[string]bool{}
	types := resourceTypes(t)
	for kind := range types {
		if resourceActions[kind] == nil {
			t.Errorf("stacks hold a %s: what does it need?", kind)
		}
	}
	for kind, actions := range resourceActions {
		if !types[kind] {
			t.Errorf("stacks hold no %s any more", kind)
		}
		add(want, actions)
	}
	got := map[string]bool{}
	for _, s := range statements(t) {
		for _, action := range s.Action {
			if s.byCloudFormation() || s.open() && want[action] {
				got[action] = true
			}
		}
	}
	compare(t, got, want)
}

// TestCalledVia: permissions that only stacks need can only be used through
// CloudFormation. IAM's own actions have no effect except through restricted
// ones.
func TestCalledVia(t *testing.T) {
	for _, s := range statements(t) {
		via := slices.Equal(s.Condition["ForAnyValue:StringEquals"]["aws:CalledVia"], list{"cloudformation.amazonaws.com"})
		iam := strings.HasPrefix(s.Action[0], "iam:")
		if s.byCloudFormation() != (via || iam) {
			t.Errorf("%s: aws:CalledVia is %v", s.Sid, s.Condition)
		}
	}
}

// TestTagsOfRules: CloudFormation tags preview rules, as it tags everything in a
// stack, with the permission to tag that the controller itself has only for rules
// that it claims.
func TestTagsOfRules(t *testing.T) {
	for _, s := range statements(t) {
		if s.byCloudFormation() && slices.Contains(s.Action, "elasticloadbalancing:CreateRule") &&
			slices.Contains(s.Action, "elasticloadbalancing:AddTags") && slices.Contains(s.Resource, "arn:aws:elasticloadbalancing:*:*:listener-rule/app/*") {
			return
		}
	}
	t.Error("CloudFormation may not tag the rules that it makes")
}

// TestGates: what gates call is restricted by name, because everyone who may
// create a deployment can have it called.
func TestGates(t *testing.T) {
	named := regexp.MustCompile(`^arn:aws:(lambda:\*:\*:function:viridian-\*|states:\*:\*:(stateMachine:viridian-\*|execution:viridian-\*:\*))$`)
	for _, s := range statements(t) {
		for _, action := range s.Action {
			if !strings.HasPrefix(action, "lambda:") && !strings.HasPrefix(action, "states:") {
				continue
			}
			for _, resource := range s.Resource {
				if !named.MatchString(resource) {
					t.Errorf("%s: %s is allowed on %s", s.Sid, action, resource)
				}
			}
		}
	}
}

// TestParameters: what goes into environment variables in plain text is restricted by
// name, because everyone who may create a deployment can read it; and no policy lets
// the controller read a secret.
func TestParameters(t *testing.T) {
	for _, path := range documents(t) {
		for _, s := range read(t, path).Statement {
			for _, action := range s.Action {
				service, _, _ := strings.Cut(action, ":")
				switch {
				case s.Effect != "Allow" || filepath.Base(path) == "boundary.json" && slices.Contains([]string{"ssm:GetParameters", "secretsmanager:DescribeSecret"}, action):
				case action == "ssm:GetParameters":
					for _, resource := range s.Resource {
						if !regexp.MustCompile(`^arn:aws:ssm:[^:]+:[^:]+:parameter/[a-z]+/\*$`).MatchString(resource) {
							t.Errorf("%s, %s: %s is allowed on %s", path, s.Sid, action, resource)
						}
					}
				case action == "secretsmanager:DescribeSecret":
				case service == "ssm" || service == "secretsmanager" || service == "kms":
					t.Errorf("%s, %s: %s is allowed", path, s.Sid, action)
				}
			}
		}
	}
}

// TestTaskRoles: only the roles of the samples may be passed, and only to ECS
// tasks.
func TestTaskRoles(t *testing.T) {
	samples, err := filepath.Glob("../samples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, path := range samples {
		var imd v1alpha1.ImmutableDeployment
		if err := yaml.Unmarshal(readFile(t, path), &imd); err != nil {
			t.Fatal(err)
		}
		for _, role := range []string{imd.Spec.Template.ExecutionRoleARN, imd.Spec.Template.TaskRoleARN} {
			if role != "" {
				want[role] = true
			}
		}
	}
	for _, s := range statements(t) {
		if !slices.Contains(s.Action, "iam:PassRole") {
			continue
		}
		add(got, s.Resource)
		if to := s.Condition["StringEquals"]["iam:PassedToService"]; !slices.Equal(to, list{"ecs-tasks.amazonaws.com"}) {
			t.Errorf("roles may be passed to %q", to)
		}
	}
	compare(t, got, want)
}

// TestDocuments: IAM accepts every document.
func TestDocuments(t *testing.T) {
	for _, path := range documents(t) {
		t.Run(path, func(t *testing.T) {
			doc := read(t, path)
			if doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
				t.Errorf("version %q, %d statements", doc.Version, len(doc.Statement))
			}
			trust := strings.HasPrefix(filepath.Base(path), "trust")
			for _, s := range doc.Statement {
				if s.trust != trust {
					t.Errorf("statement is %+v", s)
				}
				if !slices.IsSorted(s.Action) {
					t.Errorf("actions of %s aren't sorted", s.Sid)
				}
			}
			// A managed policy may have 6,144 characters, not counting white
			// space.
			if n := len(strings.Join(strings.Fields(string(readFile(t, path))), "")); n > 6144 {
				t.Errorf("%d characters are too many", n)
			}
		})
	}
}

// documents are the paths of all policies here.
func documents(t *testing.T) []string {
	t.Helper()
	own, err := filepath.Glob("*.json")
	examples, bad := filepath.Glob("examples/*/*.json")
	if err = errors.Join(err, bad); err != nil || len(own) == 0 || len(examples) == 0 {
		t.Fatalf("policies: %v, %v, %v", own, examples, err)
	}
	return slices.Concat(own, examples)
}

// calls lists the methods of the interfaces in sdk.go as IAM actions.
func calls(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/cloud/aws/sdk.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		api, ok := spec.Type.(*ast.InterfaceType)
		if !ok || prefixes[spec.Name.Name] == "" {
			t.Errorf("sdk.go: whose calls are in %s?", spec.Name.Name)
			return false
		}
		for _, method := range api.Methods.List {
			action := prefixes[spec.Name.Name] + ":" + method.Names[0].Name
			if slices.Contains(granted, action) {
				continue
			}
			if name, ok := renamed[action]; ok {
				action = name
			}
			actions[action] = true
			add(actions, implied[action])
		}
		return false
	})
	return actions
}

// resourceTypes lists the types of resources in the golden templates.
func resourceTypes(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("../../internal/template/testdata/*.golden.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("templates: %v, %v", paths, err)
	}
	types := map[string]bool{}
	for _, path := range paths {
		var built struct {
			Resources map[string]struct{ Type string }
		}
		if err := json.Unmarshal(readFile(t, path), &built); err != nil {
			t.Fatal(err)
		}
		for _, r := range built.Resources {
			types[r.Type] = true
		}
	}
	return types
}

// add adds all of them to a set.
func add(set map[string]bool, members []string) {
	for _, m := range members {
		set[m] = true
	}
}

func compare(t *testing.T, got, want map[string]bool) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("policy lacks (-) or has too much (+):\n%s", diff)
	}
}
