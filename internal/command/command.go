// Package command owns the commands that remedies print: they can be pasted into
// a shell as they are. It is pure and imports the standard library only.
package command

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// FieldManager is the name under which Kubernetes records who set the fields
// that a printed command sets. Flux takes back what is recorded under kubectl's
// own names, which all begin with "kubectl", and so would undo a pause or remove
// a request.
const FieldManager = "oncall"

// Annotate sets an annotation of an ImmutableDeployment, also over another value.
func Annotate(namespace, name, annotation, value string) string {
	return fmt.Sprintf("kubectl annotate imd %s -n %s --overwrite --field-manager=%s %s=%s", name, namespace, FieldManager, annotation, word(value))
}

// AnnotateNamespace sets an annotation that a namespace doesn't have yet: those
// that it has may hold what others need, so they aren't overwritten.
func AnnotateNamespace(namespace, annotation, value string) string {
	return fmt.Sprintf("kubectl annotate namespace %s --field-manager=%s %s=%s", namespace, FieldManager, annotation, word(value))
}

// AnnotateSecret sets an annotation of a Secret, also over another value.
func AnnotateSecret(namespace, name, annotation, value string) string {
	return fmt.Sprintf("kubectl annotate secret %s -n %s --overwrite %s=%s", word(name), namespace, annotation, word(value))
}

// CreateSecret creates a Secret with a key whose value people fill in.
func CreateSecret(namespace, name, key string) string {
	return fmt.Sprintf("kubectl create secret generic %s -n %s --from-literal=%s=…", word(name), namespace, key)
}

// Patch sets fields of spec, given as JSON, of an ImmutableDeployment.
func Patch(namespace, name, spec string) string { return patch("imd", namespace, name, spec) }

// PatchRevision is the same for an ImmutableRevision.
func PatchRevision(namespace, name, spec string) string { return patch("imr", namespace, name, spec) }

func patch(kind, namespace, name, spec string) string {
	return fmt.Sprintf(`kubectl patch %s %s -n %s --field-manager=%s --type merge -p '{"spec":%s}'`, kind, name, namespace, FieldManager, spec)
}

// Addition adds something to an object: Value at a JSON pointer.
type Addition struct {
	Path  string
	Value any
}

// AddToPolicy adds to a DeploymentPolicy.
func AddToPolicy(name string, additions []Addition) string {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	operations := make([]operation, 0, len(additions))
	for _, a := range additions {
		operations = append(operations, operation{"add", a.Path, a.Value})
	}
	return fmt.Sprintf("kubectl patch dpol %s --field-manager=%s --type json -p %s", name, FieldManager, argument(operations))
}

// CreatePolicy creates a DeploymentPolicy.
func CreatePolicy(name string, spec any) string {
	policy := map[string]any{
		"apiVersion": "deploy.viridian.dev/v1alpha1", "kind": "DeploymentPolicy", "metadata": map[string]string{"name": name}, "spec": spec,
	}
	return fmt.Sprintf("printf %%s %s | kubectl create --field-manager=%s -f -", argument(policy), FieldManager)
}

// argument is JSON as one word of a shell.
func argument(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // & and < mean nothing within quotes
	_ = encoder.Encode(value)    // strings and plain types can always be encoded
	return quoted([]string{strings.TrimSuffix(text.String(), "\n")})
}

// Delete deletes an object.
func Delete(kind, namespace, name string) string {
	return fmt.Sprintf("kubectl delete %s %s -n %s", kind, word(name), namespace)
}

// Share is what a target group gets of the requests.
type Share struct {
	TargetGroupARN string `json:"TargetGroupArn"`
	Weight         int32  `json:"Weight"`
}

// ModifyRule has a listener rule forward to target groups and do nothing else:
// it replaces all actions of the rule.
func ModifyRule(ruleARN string, shares []Share) string {
	groups, _ := json.Marshal(shares) // strings and numbers can always be marshalled
	return fmt.Sprintf(`aws elbv2 modify-rule --rule-arn %s --actions '[{"Type":"forward","ForwardConfig":{"TargetGroups":%s}}]'%s`,
		word(ruleARN), groups, region(ruleARN))
}

// RemoveTags takes tags off a listener rule, a listener or a load balancer.
func RemoveTags(arn string, keys ...string) string {
	return "aws elbv2 remove-tags --resource-arns " + word(arn) + " --tag-keys " + strings.Join(keys, " ")
}

// DescribeRules shows the rules of a listener.
func DescribeRules(listenerARN string) string {
	return "aws elbv2 describe-rules --listener-arn " + word(listenerARN) + region(listenerARN)
}

// ListAlarms shows the names of all alarms of a region, "" being the CLI's own.
func ListAlarms(regionName string) string {
	return "aws cloudwatch describe-alarms --alarm-types MetricAlarm CompositeAlarm LogAlarm --query '[MetricAlarms,CompositeAlarms,LogAlarms][].AlarmName'" +
		inRegion(regionName)
}

// ListQuotas shows the quotas of a service by the name that it has in IAM actions,
// with their values and whether they can be raised.
func ListQuotas(service, regionName string) string {
	if service == "cloudwatch" {
		service = "monitoring"
	}
	return "aws service-quotas list-service-quotas --service-code " + service + " --query 'Quotas[].[QuotaName,Value,Adjustable]' --output table" + inRegion(regionName)
}

// privateImage is an image in Amazon ECR: account, region and repository.
var privateImage = regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z0-9.-]+/([^:@]+)`)

// ListImages shows the newest images in an image's repository; "" if that isn't in
// Amazon ECR.
func ListImages(image string) string {
	at := privateImage.FindStringSubmatch(image)
	if at == nil {
		return ""
	}
	return fmt.Sprintf("aws ecr describe-images --registry-id %s --repository-name %s --query 'reverse(sort_by(imageDetails,&imagePushedAt))[:10].[imagePushedAt,imageTags]'%s",
		at[1], at[3], inRegion(at[2]))
}

// ListRepositories shows the repositories of an image's registry; "" if that isn't
// Amazon ECR.
func ListRepositories(image string) string {
	at := privateImage.FindStringSubmatch(image)
	if at == nil {
		return ""
	}
	return fmt.Sprintf("aws ecr describe-repositories --registry-id %s --query 'repositories[].repositoryName'%s", at[1], inRegion(at[2]))
}

// DescribeAlarms shows how alarms are, and why.
func DescribeAlarms(arns []string) string {
	at, names := "", make([]string, 0, len(arns))
	for _, arn := range arns {
		_, name, _ := strings.Cut(arn, ":alarm:")
		at, names = region(arn), append(names, name)
	}
	return "aws cloudwatch describe-alarms --alarm-types MetricAlarm CompositeAlarm LogAlarm --alarm-names " + quoted(names) + at
}

// TailLogs shows what a log group got in the last hours: in all its streams, or
// in those whose names begin so. It is in the region at, or in that of the stack
// if at is "".
func TailLogs(logGroup, streams, at, stackARN string) string {
	out := "aws logs tail " + word(logGroup)
	if streams != "" {
		out += " --log-stream-name-prefix " + word(streams)
	}
	out += " --since 3h"
	if at != "" {
		return out + " --region " + word(at)
	}
	return out + region(stackARN)
}

// PutRolePolicy gives a role what the controller needs, by the policy that allows an
// action.
func PutRolePolicy(role, action string) string {
	name, file := policyOf(action)
	return fmt.Sprintf("aws iam put-role-policy --role-name %s --policy-name %s --policy-document file://%s", role, name, file)
}

// policyOf is the policy in config/aws that allows an action.
func policyOf(action string) (name, file string) {
	service, _, _ := strings.Cut(action, ":")
	switch service {
	case "application-autoscaling":
		return "viridian-scaling", "config/aws/policy-scaling.json"
	case "ssm", "secretsmanager":
		return "viridian-configuration", "config/aws/policy-configuration.json"
	}
	return "viridian", "config/aws/policy.json"
}

// Allow tells how a role gets a permission that it lacks, or which it is
// explicitly denied. role is its name if AWS says it; roleARN is spec.aws.roleARN,
// or "" where the controller's own role is used.
func Allow(action, role, roleARN string, explicitly bool) string {
	if role == "" && roleARN != "" {
		role = path.Base(roleARN)
	}
	whose := "the role " + role
	switch {
	case role == "":
		whose = "the controller's own role"
	case roleARN != "":
		whose += ", which is spec.aws.roleARN"
	default:
		whose += ", which is the controller's own"
	}
	if explicitly {
		return fmt.Sprintf("A policy denies %s to %s: take it out there (AWS says which kind of policy it is)", action, whose)
	}
	_, file := policyOf(action)
	remedy := fmt.Sprintf("Allow %s in the IAM policy of %s, as %s does", action, whose, file)
	if role != "" {
		remedy += ": " + PutRolePolicy(role, action)
	}
	return remedy
}

// region is the option that says where an ARN is; "" if it doesn't tell.
func region(arn string) string {
	parts := strings.SplitN(arn, ":", 5) // arn:aws:service:region:account…
	if len(parts) < 5 {
		return ""
	}
	return inRegion(parts[3])
}

func inRegion(name string) string {
	if name == "" {
		return ""
	}
	return " --region " + word(name)
}

// plain are words that mean nothing but themselves to a shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/…-]+$`)

// word is what users may have written as one word of a shell.
func word(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return quoted([]string{text})
}

// quoted quotes words that a shell could take for more than one.
func quoted(words []string) string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
	}
	return strings.Join(out, " ")
}
