package command_test

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/command"
)

func TestCommands(t *testing.T) {
	const rule = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/shop/1/2/3"
	for want, got := range map[string]string{
		"kubectl annotate imd checkout -n shop --overwrite --field-manager=oncall viridian.dev/abort=checkout-4":                                                                                command.Annotate("shop", "checkout", "viridian.dev/abort", "checkout-4"),
		"kubectl annotate namespace shop --field-manager=oncall viridian.dev/adopt=1":                                                                                                           command.AnnotateNamespace("shop", "viridian.dev/adopt", "1"),
		`kubectl patch imd checkout -n shop --field-manager=oncall --type merge -p '{"spec":{"paused":false}}'`:                                                                                 command.Patch("shop", "checkout", `{"paused":false}`),
		`kubectl patch imr checkout-4 -n shop --field-manager=oncall --type merge -p '{"spec":{"a":1}}'`:                                                                                        command.PatchRevision("shop", "checkout-4", `{"a":1}`),
		`kubectl patch dpol shop --field-manager=oncall --type json -p '[{"op":"add","path":"/spec/clusters/-","value":"it'\''s <&>"}]'`:                                                        command.AddToPolicy("shop", []command.Addition{{"/spec/clusters/-", "it's <&>"}}),
		`printf %s '{"apiVersion":"deploy.viridian.dev/v1alpha1","kind":"DeploymentPolicy","metadata":{"name":"shop"},"spec":{"clusters":["a"]}}' | kubectl create --field-manager=oncall -f -`: command.CreatePolicy("shop", map[string][]string{"clusters": {"a"}}),
		"kubectl annotate secret hook -n shop --overwrite viridian.dev/webhook-hosts=a.example.com,b.example.com":                                                                               command.AnnotateSecret("shop", "hook", "viridian.dev/webhook-hosts", "a.example.com,b.example.com"),
		"kubectl create secret generic hook -n shop --from-literal=hmac-key=…":                                                                                                                  command.CreateSecret("shop", "hook", "hmac-key"),
		"aws elbv2 remove-tags --resource-arns " + rule + " --tag-keys a b":                                                                                                                     command.RemoveTags(rule, "a", "b"),
		"kubectl delete imr checkout-4 -n shop": command.Delete("imr", "shop", "checkout-4"),
		"aws elbv2 modify-rule --rule-arn " + rule + ` --actions '[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"a","Weight":90},{"TargetGroupArn":"b","Weight":10}]}}]' --region eu-west-1`: command.ModifyRule(rule, []command.Share{{"a", 90}, {"b", 10}}),
		`aws cloudwatch describe-alarms --alarm-types MetricAlarm CompositeAlarm LogAlarm --alarm-names 'checkout 5xx' 'it'\''s' --region eu-west-1`:                                                                 command.DescribeAlarms([]string{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:checkout 5xx", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:it's"}),
		"aws elbv2 describe-rules --listener-arn arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1/2 --region eu-west-1":                                                                       command.DescribeRules("arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1/2"),
		"aws cloudwatch describe-alarms --alarm-types MetricAlarm CompositeAlarm LogAlarm --query '[MetricAlarms,CompositeAlarms,LogAlarms][].AlarmName' --region eu-west-1":                                         command.ListAlarms("eu-west-1"),
		"aws service-quotas list-service-quotas --service-code ecr --query 'Quotas[].[QuotaName,Value,Adjustable]' --output table":                                                                                   command.ListQuotas("ecr", ""),
		"aws service-quotas list-service-quotas --service-code monitoring --query 'Quotas[].[QuotaName,Value,Adjustable]' --output table --region eu-west-1":                                                         command.ListQuotas("cloudwatch", "eu-west-1"),
		"aws ecr describe-images --registry-id 111122223333 --repository-name shop/till --query 'reverse(sort_by(imageDetails,&imagePushedAt))[:10].[imagePushedAt,imageTags]' --region eu-west-1":                   command.ListImages("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/till:2"),
		"aws ecr describe-repositories --registry-id 111122223333 --query 'repositories[].repositoryName' --region eu-west-1":                                                                                        command.ListRepositories("111122223333.dkr-ecr.eu-west-1.on.aws/shop/till@sha256:0"),
		"": command.ListImages("example.com/shop/till:2") + command.ListRepositories("till"),
		"aws logs tail group --since 3h --region eu-west-1":                                                                                   command.TailLogs("group", "", "", "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/b"),
		"aws logs tail group --since 3h":                                                                                                      command.TailLogs("group", "", "", ""),
		"aws logs tail '/ecs/a#b' --log-stream-name-prefix 'my shop/app/' --since 3h --region us-east-1":                                      command.TailLogs("/ecs/a#b", "my shop/app/", "us-east-1", "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/b"),
		"aws iam put-role-policy --role-name viridian --policy-name viridian --policy-document file://config/aws/policy.json":                 command.PutRolePolicy("viridian", "ecs:ListTasks"),
		"aws iam put-role-policy --role-name viridian --policy-name viridian-scaling --policy-document file://config/aws/policy-scaling.json": command.PutRolePolicy("viridian", "application-autoscaling:RegisterScalableTarget"),
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestWords: what users write in objects is one word of a command, whatever a shell
// would make of it, so that whoever pastes a remedy runs nothing of theirs.
func TestWords(t *testing.T) {
	const evil = "a;id>x $(id) `id` & | 'b' \\"
	quoted := `'` + strings.ReplaceAll(evil, `'`, `'\''`) + `'`
	for name, got := range map[string]string{
		"Annotate":          command.Annotate("shop", "checkout", "viridian.dev/adopt", evil),
		"AnnotateNamespace": command.AnnotateNamespace("shop", "viridian.dev/adopt", evil),
		"AnnotateSecret":    command.AnnotateSecret("shop", "hook", "viridian.dev/webhook-hosts", evil),
		"AnnotateSecret 2":  command.AnnotateSecret("shop", evil, "viridian.dev/webhook-hosts", "a"),
		"CreateSecret":      command.CreateSecret("shop", evil, "hmac-key"),
		"Delete":            command.Delete("imr", "shop", evil),
		"DescribeRules":     command.DescribeRules(evil),
		"ModifyRule":        command.ModifyRule(evil, nil),
		"RemoveTags":        command.RemoveTags(evil, "a"),
		"TailLogs":          command.TailLogs(evil, "", "", ""),
	} {
		if !strings.Contains(got, quoted) {
			t.Errorf("%s: got %s, which lacks %s", name, got, quoted)
		}
	}
}

// Flux takes back fields whose manager's name begins with kubectl.
func TestFieldManagerIsNotKubectls(t *testing.T) {
	if strings.HasPrefix(command.FieldManager, "kubectl") {
		t.Errorf("%q is a name that Flux takes for kubectl's", command.FieldManager)
	}
}
