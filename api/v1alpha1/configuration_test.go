package v1alpha1_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	parameter    = "arn:aws:ssm:eu-central-1:444455556666:parameter/shop/features"
	ofParameter  = "valueFrom.ssm is a parameter's name, such as /shop/production/features, or its ARN"
	ofStoredName = "valueFrom of a secret names a parameter without a version or a label, since ECS takes none, and with a single slash between its parts and none at the end"
	ofSecret     = "valueFrom of a secret says where its value is"
	ofPath       = "spec.template.parameterPath is a path of Systems Manager that begins with /"
	needsPath    = "valueFrom.ssm with a / in it begins with one, or is relative to spec.template.parameterPath"
	eitherOfBoth = "a variable in environment has either value or valueFrom: leave one of them out"
)

// variable is a container with one variable.
func variable(fields string) string { return containers("environment: [{name: A, " + fields + "}]") }

// ssmARN is what the ARNs of parameters begin with.
const ssmARN = "arn:aws:ssm:eu-west-1:111122223333:parameter"

// secretFrom is a container with one secret.
func secretFrom(source string) string {
	return containers("secrets: [{name: A, valueFrom: '" + source + "'}]")
}

// fromSSM is one whose value is a parameter's.
func fromSSM(name string) string { return variable("valueFrom: {ssm: '" + name + "'}") }

// below is a template with a path, and more.
func below(path, more string) string {
	return strings.TrimSuffix(more, "}}") + ", parameterPath: '" + path + "'}}"
}

var configurationRefusals = map[string]refusal{
	"value and source":         {variable("value: a, valueFrom: {ssm: /shop/a}"), []string{eitherOfBoth}},
	"empty value and source":   {variable("value: '', valueFrom: {ssm: /shop/a}"), []string{eitherOfBoth}},
	"no source":                {variable("valueFrom: {}"), []string{"environment[0].valueFrom.ssm: Required value"}},
	"parameter's version":      {fromSSM("/shop/a:3"), []string{ofParameter}},
	"parameter with spaces":    {fromSSM("/shop/my feature"), []string{ofParameter}},
	"parameter of all":         {fromSSM("/shop/*"), []string{ofParameter}},
	"a path only":              {fromSSM("/shop/"), []string{ofParameter}},
	"a secret in environment":  {fromSSM("arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-AbCdEf"), []string{ofParameter}},
	"ARN without a slash":      {fromSSM(ssmARN + "foo"), []string{"environment[0].valueFrom.ssm", ofParameter}},
	"ARN with a version":       {fromSSM(ssmARN + "/a:3"), []string{ofParameter, "without a version or a label"}},
	"two slashes":              {fromSSM("/a//b"), []string{ofParameter, "a single slash between its parts"}},
	"two slashes in an ARN":    {fromSSM(ssmARN + "//a"), []string{ofParameter}},
	"a slash at the end":       {fromSSM("/a/"), []string{ofParameter}},
	"secret, no slash":         {secretFrom(ssmARN + "foo"), []string{"secrets[0].valueFrom", ofSecret}},
	"secret with a version":    {secretFrom(ssmARN + "/a:3"), []string{"secrets[0].valueFrom", ofStoredName}},
	"secret with a label":      {secretFrom("/a:good"), []string{"secrets[0].valueFrom", ofSecret}},
	"secret, two slashes":      {secretFrom("/a//b"), []string{"secrets[0].valueFrom", ofStoredName}},
	"secret, slash at the end": {secretFrom("/a/"), []string{"secrets[0].valueFrom", ofStoredName}},
	"secret as a parameter":    {fromSSM("/aws/reference/secretsmanager/shop/db"), []string{"environment[0].valueFrom.ssm", "valueFrom.ssm can't refer to a secret of Secrets Manager, since what is in environment is kept in plain text: put it into secrets of the container"}},
	"the same by its ARN":      {fromSSM("arn:aws:ssm:eu-west-1:111122223333:parameter/aws/reference/secretsmanager/shop/db"), []string{"valueFrom.ssm can't refer to a secret of Secrets Manager"}},
	"long parameter":           {fromSSM("/" + strings.Repeat("a", 1100)), []string{"environment[0].valueFrom.ssm: Too long"}},
	"relative without path":    {fromSSM("shop/features"), []string{needsPath}},
	"secret without path":      {containers("secrets: [{name: A, valueFrom: db}]"), []string{ofSecret, "is relative to spec.template.parameterPath: add that, such as /shop/production/"}},
	"option without path":      {containers("logConfiguration: {logDriver: splunk, options: {splunk-url: x}, secretOptions: [{name: splunk-token, valueFrom: token}]}"), []string{ofSecret}},
	"secret with a space":      {below("/shop/", containers("secrets: [{name: A, valueFrom: 'my db'}]")), []string{"secrets[0].valueFrom", ofSecret, "or is relative to spec.template.parameterPath"}},
	"relative path":            {template("parameterPath: shop/production/"), []string{ofPath}},
	"root path":                {template("parameterPath: /"), []string{ofPath}},
	"path's pattern":           {template("parameterPath: /shop/*/"), []string{ofPath}},
	"unknown policy":           {"spec: {configuration: {secrets: Always}}", []string{"spec.configuration.secrets: Unsupported value"}},
	"unknown change":           {"spec: {configuration: {onChange: Restart}}", []string{"spec.configuration.onChange: Unsupported value"}},
	"many parameters together": {largeParameters(), []string{templateTooLarge}},
}

// largeParameters are more characters than a template may have.
func largeParameters() string {
	var list []string
	for i := range 50 {
		list = append(list, "{name: V"+strings.Repeat("a", i)+", valueFrom: {ssm: /"+strings.Repeat("a", 1099)+"}}")
	}
	return containers("environment: [" + strings.Join(list, ", ") + "]")
}

func TestConfigurationRefused(t *testing.T) {
	for name, c := range configurationRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

func TestConfigurationAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"parameter":               fromSSM("/shop/production/features"),
		"parameter of another":    fromSSM(parameter),
		"parameter without slash": fromSSM("features.v2_a-b"),
		"neither":                 containers("environment: [{name: A}]"),
		"relative parameter":      below("/shop/production/", fromSSM("web/features")),
		"relative secret":         below("/shop/production", containers("secrets: [{name: A, valueFrom: db}, {name: B, valueFrom: /other/db}]")),
		"secret as a parameter":   containers("secrets: [{name: A, valueFrom: /aws/reference/secretsmanager/shop/db}]"),
		"pinned secret":           containers("secrets: [{name: A, valueFrom: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password::1a2b3c4d-0000-1111-2222-333344445555'}]"),
		"policies":                "spec: {configuration: {secrets: Pin, onChange: RollOut}}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What isn't said is told by the API server, so that the same version of the
// manager means the same everywhere.
func TestConfigurationDefaults(t *testing.T) {
	imd := base(t, "deployment.yaml", "{}")
	if err := admission.Create(t.Context(), imd, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	spec, _ := imd.Object["spec"].(map[string]any)
	configuration, _ := spec["configuration"].(map[string]any)
	if configuration["secrets"] != string(v1alpha1.SecretsAuto) || configuration["onChange"] != string(v1alpha1.ChangeReport) {
		t.Errorf("spec.configuration is %v", spec["configuration"])
	}
}
