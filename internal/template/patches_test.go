package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// op is an operation of a patch. value is JSON, or "".
func op(kind, path, value string) v1alpha1.Patch {
	p := v1alpha1.Patch{Op: kind, Path: "/Resources/" + path}
	if value != "" {
		p.Value = json.RawMessage(value)
	}
	return p
}

// from is an operation that takes a value from elsewhere.
func from(kind, from, path string) v1alpha1.Patch {
	return v1alpha1.Patch{Op: kind, From: "/Resources/" + from, Path: "/Resources/" + path}
}

func patches(all ...v1alpha1.Patch) func(*v1alpha1.RevisionTemplate) {
	return func(t *v1alpha1.RevisionTemplate) { t.Patches = all }
}

// patchedAtAll changes all that patches may, in a stack with a cluster of its own.
func patchedAtAll(t *v1alpha1.RevisionTemplate) {
	t.Cluster = ""
	t.Patches = []v1alpha1.Patch{
		op("add", "Cluster/Properties/ClusterSettings", `[{"Name": "containerInsights", "Value": "enhanced"}]`),
		op("add", "Cluster/Properties/Configuration", `{"ExecuteCommandConfiguration": {"KmsKeyId": "alias/exec"},
			"ManagedStorageConfiguration": {"FargateEphemeralStorageKmsKeyId": "alias/storage", "KmsKeyId": "alias/storage"}}`),
		op("add", "LogGroup/Properties/KmsKeyId", `"arn:aws:kms:eu-west-1:111122223333:key/logs"`),
		op("add", "LogGroup/Properties/LogGroupClass", `"STANDARD"`),
		op("add", "LogGroup/Properties/FieldIndexPolicies", `[{"Fields": ["requestId"]}]`),
		op("replace", "SecurityGroup/Properties/SecurityGroupEgress", `[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]`),
		op("add", "SecurityGroup/Properties/SecurityGroupEgress/-", `{"IpProtocol": "-1", "CidrIp": "10.0.0.0/8", "Description": "<inside>"}`),
		op("add", "Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/ThresholdConfiguration", `{"Type": "COUNT", "Value": 5}`),
		op("test", "TaskDefinition/Properties/ContainerDefinitions/0/Name", `"app"`),
		op("add", "TaskDefinition/Properties/EnableFaultInjection", `true`),
	}
}

// What is built with patches differs from what is built without only where they say.
func TestPatchesChangeNothingElse(t *testing.T) {
	var without, patched struct{ Resources map[string]json.RawMessage }
	for body, into := range map[string]any{
		build(t, input(minimalTemplate())): &without,
		build(t, input(with(minimalTemplate(), patches(op("add", "LogGroup/Properties/KmsKeyId", `"arn:aws:kms:eu-west-1:111122223333:key/logs"`))))): &patched,
	} {
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"Type":"AWS::Logs::LogGroup","DeletionPolicy":"Delete","UpdateReplacePolicy":"Delete","Properties":{"KmsKeyId":"arn:aws:kms:eu-west-1:111122223333:key/logs"}}`
	if got := string(patched.Resources["LogGroup"]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	delete(without.Resources, "LogGroup")
	delete(patched.Resources, "LogGroup")
	if diff := cmp.Diff(without, patched); diff != "" {
		t.Errorf("(-without +with patches):\n%s", diff)
	}
}

// Operations apply in their order, each to what the ones before it made.
func TestPatchesInOrder(t *testing.T) {
	const at = "LogGroup/Properties/KmsKeyId"
	for name, c := range map[string]struct {
		patches []v1alpha1.Patch
		want    string
	}{
		"replaced":      {[]v1alpha1.Patch{op("add", at, "1"), op("test", at, "1"), op("replace", at, "2")}, "2"},
		"removed":       {[]v1alpha1.Patch{op("add", at, "1"), op("remove", at, "")}, ""},
		"as a string":   {[]v1alpha1.Patch{op("add", at, `"1"`)}, `"1"`},
		"exact numbers": {[]v1alpha1.Patch{op("add", at, `9007199254740993`)}, "9007199254740993"},
		"copied":        {[]v1alpha1.Patch{from("copy", "LogGroup/Properties/RetentionInDays", at)}, "30"},
		"moved": {[]v1alpha1.Patch{
			op("add", "LogGroup/Properties/LogGroupClass", "true"),
			from("move", "LogGroup/Properties/LogGroupClass", at),
		}, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			var doc struct {
				Resources struct {
					LogGroup struct {
						Properties struct {
							KMSKeyID json.RawMessage `json:"KmsKeyId"`
						}
					}
				}
			}
			kept := with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.LogRetentionDays = new(int32(30)) })
			if err := json.Unmarshal([]byte(build(t, input(with(kept, patches(c.patches...))))), &doc); err != nil {
				t.Fatal(err)
			}
			if got := string(doc.Resources.LogGroup.Properties.KMSKeyID); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// refusedPatches are patches that can't be built, and what is said of the last one.
var refusedPatches = map[string]struct {
	patches []v1alpha1.Patch
	want    string
}{
	"image":             {one("replace", "TaskDefinition/Properties/ContainerDefinitions/0/Image", `"evil:1"`), "patches may not change it: use image of spec.template.containers"},
	"secrets":           {one("add", "TaskDefinition/Properties/ContainerDefinitions/0/Secrets", `[]`), "use secrets of spec.template.containers"},
	"logs":              {one("replace", "TaskDefinition/Properties/ContainerDefinitions/0/LogConfiguration/Options/awslogs-group", `"/of/others"`), "use logConfiguration of spec.template.containers"},
	"another container": {one("add", "TaskDefinition/Properties/ContainerDefinitions/-", `{"Name": "b"}`), "use spec.template.containers"},
	"no container":      {one("remove", "TaskDefinition/Properties/ContainerDefinitions/0", ""), "use spec.template.containers"},
	"start of others":   {one("add", "TaskDefinition/Properties/ContainerDefinitions/0/StartTimeout", `60`), "use startTimeout of spec.template.containers"},
	"grace period":      {one("add", "Service/Properties/HealthCheckGracePeriodSeconds", `0`), "use spec.template.target.healthCheckGracePeriodSeconds, or for a worker spec.template.healthCheckGracePeriodSeconds"},
	"unknown setting":   {one("add", "TaskDefinition/Properties/ContainerDefinitions/0/CredentialSpecs", `[]`), "patches may not change it: it is not among the properties that docs/patches.md lists: leave the patch out"},
	"task role":         {one("add", "TaskDefinition/Properties/TaskRoleArn", `"arn:aws:iam::111122223333:role/admin"`), "use spec.template.taskRoleARN"},
	"execution role":    {one("replace", "TaskDefinition/Properties/ExecutionRoleArn", `"arn"`), "use spec.template.executionRoleARN"},
	"volumes":           {one("add", "TaskDefinition/Properties/Volumes", `[{"Name": "v"}]`), "use spec.template.volumes"},
	"network mode":      {one("replace", "TaskDefinition/Properties/NetworkMode", `"host"`), "it is not among the properties"},
	"family":            {one("replace", "TaskDefinition/Properties/Family", `"mine"`), "leave it out: names are made for each revision, since a second stack could not exist beside the first"},
	"tags":              {one("add", "Service/Properties/Tags", `[]`), "use spec.template.tags"},
	"tags of services":  {one("replace", "Service/Properties/PropagateTags", `"NONE"`), "it is not among the properties"},
	"name of a service": {one("add", "Service/Properties/ServiceName", `"shop"`), "leave it out: names"},
	"desired count":     {one("replace", "Service/Properties/DesiredCount", `100`), "use spec.desiredCount"},
	"task definition":   {one("replace", "Service/Properties/TaskDefinition", `"arn:aws:ecs:…"`), "it is not among the properties"},
	"cluster":           {one("replace", "Service/Properties/Cluster", `"others"`), "use spec.template.cluster"},
	"network":           {one("replace", "Service/Properties/NetworkConfiguration/AwsvpcConfiguration/Subnets/0", `"subnet-1"`), "use spec.template.network"},
	"target group":      {one("replace", "Service/Properties/LoadBalancers/0/TargetGroupArn", `"arn"`), "use spec.template.target"},
	"registry":          {one("add", "Service/Properties/ServiceRegistries", `[{"RegistryArn": "arn"}]`), "use spec.template.serviceRegistries"},
	"Lattice":           {one("add", "Service/Properties/VpcLatticeConfigurations", `[]`), "it is not among the properties"},
	"breaker off":       {one("replace", "Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/Enable", `false`), "use spec.template.deploymentConfiguration"},
	"no breaker":        {one("remove", "Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker", ""), "use spec.template.deploymentConfiguration"},
	"native blue/green": {one("add", "Service/Properties/DeploymentConfiguration/Strategy", `"BLUE_GREEN"`), "use spec.template.deploymentConfiguration"},
	"health check":      {one("replace", "TargetGroup/Properties/HealthCheckPath", `"/"`), "use spec.template.target.healthCheck"},
	"attributes":        {one("add", "TargetGroup/Properties/TargetGroupAttributes", `[]`), "use spec.template.target"},
	"name of a target":  {one("replace", "TargetGroup/Properties/Name", `"shop"`), "leave it out: names"},
	"preview condition": {one("remove", "PreviewRule/Properties/Conditions/1", ""), "the preview rule does with requests what the production rule does: change spec.traffic.loadBalancer"},
	"preview priority":  {one("replace", "PreviewRule/Properties/Priority", `1`), "the preview rule does with requests what the production rule does"},
	"preview token":     {one("test", "PreviewRule/Properties/Conditions/1/HttpHeaderConfig/Values/0", `"guess"`), "the preview rule does with requests what the production rule does"},
	"copied token": {[]v1alpha1.Patch{from("copy", "PreviewRule/Properties/Conditions/1/HttpHeaderConfig/Values/0", "LogGroup/Properties/LogGroupClass")},
		"from is /Resources/PreviewRule/Properties/Conditions/1/HttpHeaderConfig/Values/0: take a value of the same resource, or write it out in value"},
	"ingress":           {one("add", "SecurityGroup/Properties/SecurityGroupIngress/-", `{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}`), "use spec.template.network.loadBalancerSecurityGroupIDs"},
	"egress to a group": {one("add", "SecurityGroup/Properties/SecurityGroupEgress/-", `{"IpProtocol": "-1", "DestinationSecurityGroupId": "sg-1"}`), "patches may not change /Resources/SecurityGroup/Properties/SecurityGroupEgress/2/DestinationSecurityGroupId: use spec.template.network.securityGroupIDs for rules about groups"},
	"retention":         {one("add", "LogGroup/Properties/RetentionInDays", `1`), "use spec.template.logRetentionDays"},
	"name of a group":   {one("add", "LogGroup/Properties/LogGroupName", `"/of/others"`), "leave it out: names"},
	"findings of a log": {one("add", "LogGroup/Properties/DataProtectionPolicy", `{}`), "it is not among the properties"},
	"protected group":   {one("add", "LogGroup/Properties/DeletionProtectionEnabled", `true`), "it is not among the properties"},
	"retained":          {one("replace", "LogGroup/DeletionPolicy", `"Retain"`), "patches may not change it, only properties of a resource: correct path"},
	"type":              {one("replace", "LogGroup/Type", `"Custom::Mine"`), "only properties of a resource"},
	"dependency":        {one("remove", "Service/DependsOn", ""), "only properties of a resource"},
	"all properties":    {one("replace", "Service/Properties", `{}`), "patches may not change /Resources/Service/Properties/"},
	"all of a resource": {one("remove", "LogGroup", ""), "patches may not change it, only properties of a resource"},
	"another resource":  {one("add", "Macro", `{"Type": "AWS::CloudFormation::Macro"}`), "the stack has no resource of that name, and patches add none"},
	"nested resource":   {one("add", "Nested/Properties/TemplateURL", `"https://example.com"`), "the stack has no resource of that name, and patches add none"},
	"others' cluster":   {one("add", "Cluster/Properties/ClusterSettings", `[]`), "the stack has no cluster of its own: leave the patch out, or spec.template.cluster"},
	"macro":             {[]v1alpha1.Patch{{Op: "add", Path: "/Transform", Value: json.RawMessage(`"AWS::Serverless-2016-10-31"`)}}, "patches change the Properties of a resource: begin path with /Resources/<name>/Properties/"},
	"record":            {[]v1alpha1.Patch{{Op: "replace", Path: "/Metadata", Value: json.RawMessage(`{}`)}}, "patches change the Properties of a resource"},
	"everything":        {[]v1alpha1.Patch{{Op: "replace", Path: "", Value: json.RawMessage(`{}`)}}, "patches change the Properties of a resource"},
	"all resources":     {[]v1alpha1.Patch{{Op: "replace", Path: "/Resources", Value: json.RawMessage(`{}`)}}, "patches change the Properties of a resource"},
	"function":          {one("add", "LogGroup/Properties/KmsKeyId", `{"Fn::ImportValue": "key"}`), "patches may not change /Resources/LogGroup/Properties/KmsKeyId/Fn::ImportValue"},
	"function in place": {one("add", "Cluster/Properties/ClusterSettings", `[{"Name": {"Ref": "AWS::StackName"}, "Value": "b"}]`), "patches may not change /Resources/Cluster/Properties/ClusterSettings/0/Name/Ref"},
	"wrong shape":       {one("add", "LogGroup/Properties/FieldIndexPolicies", `"requestId"`), "patches may not change it"},
	"null":              {one("add", "LogGroup/Properties/KmsKeyId", `null`), "patches may not change it"},
	"dynamic reference": {one("add", "LogGroup/Properties/KmsKeyId", `"{{resolve:ssm:/admin/key}}"`), `the dynamic reference "{{resolve:ssm:/admin/key"`},
	"spelled otherwise": {one("add", "LogGroup/Properties/KmsKeyId", `"\u007b{resolve:ssm:/admin/key}}"`), `the dynamic reference "{{resolve:ssm:/admin/key"`},
	"written twice":     {one("add", "Cluster/Properties/Configuration", `{"ManagedStorageConfiguration": {}, "ManagedStorageConfiguration": {"Fn::GetAtt": ["Service", "Name"]}}`), "patches may not change /Resources/Cluster/Properties/Configuration/ManagedStorageConfiguration/Fn::GetAtt"},
	"misspelled":        {one("replace", "LogGroup/Properties/KmsKey", `"a"`), "can't be applied: replace operation does not apply: doc is missing key: /Resources/LogGroup/Properties/KmsKey"},
	"index from behind": {one("add", "SecurityGroup/Properties/SecurityGroupEgress/-1/FromPort", `1`), "can't be applied"},
	"test":              {one("test", "TaskDefinition/Properties/Cpu", `"512"`), "can't be applied: testing value /Resources/TaskDefinition/Properties/Cpu failed"},
	"no value":          {one("add", "LogGroup/Properties/KmsKeyId", ""), "add needs a value"},
	"no JSON":           {one("add", "LogGroup/Properties/KmsKeyId", "{"), "value is no JSON"},
	"operation":         {one("merge", "LogGroup/Properties/KmsKeyId", "{}"), "op is add, remove, replace, move, copy or test"},
	"the second one":    {append(one("add", "LogGroup/Properties/KmsKeyId", `"a"`), op("replace", "TaskDefinition/Properties/Memory", `"1"`)), "spec.template.patches[1] (replace /Resources/TaskDefinition/Properties/Memory): patches may not change it: use spec.template.memory"},
	"too large":         {one("add", "LogGroup/Properties/KmsKeyId", `"`+strings.Repeat("k", 16<<10)+`"`), "the values of spec.template.patches have 16386 bytes and may have 16384 in all: shorten them"},
	"copied too often":  {copied(), "bytes and CloudFormation takes 51200"},
}

func one(kind, path, value string) []v1alpha1.Patch {
	return []v1alpha1.Patch{op(kind, path, value)}
}

// copied is a large value, copied as often as there may be patches.
func copied() []v1alpha1.Patch {
	const at = "LogGroup/Properties/FieldIndexPolicies"
	out := one("add", at, `[{"Fields": ["`+strings.Repeat("f", 8000)+`"]}]`)
	for range 31 {
		out = append(out, from("copy", at+"/0", at+"/-"))
	}
	return out
}

func TestPatchesRefused(t *testing.T) {
	for name, c := range refusedPatches {
		t.Run(name, func(t *testing.T) {
			in := input(with(minimalTemplate(), patches(c.patches...)))
			if strings.HasPrefix(c.patches[0].Path, "/Resources/Cluster") && name != "others' cluster" {
				in.Template.Cluster = ""
			}
			body, err := template.Build(in)
			if err == nil {
				t.Fatalf("got %s, want an error with %q", body, c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %q in it", err, c.want)
			}
		})
	}
}

// The fields that messages name are those of the API.
func TestRemediesOfPatchesNameFields(t *testing.T) {
	for id, properties := range template.Instead() {
		for property, field := range properties {
			at := reflect.TypeFor[v1alpha1.RevisionTemplate]()
			field, _, _ = strings.Cut(field, " ")
			for name := range strings.SplitSeq(strings.TrimSuffix(field, ","), ".") {
				if at = fieldNamed(at, name); at == nil {
					t.Errorf("%s of %s: spec.template has no field %s", property, id, field)
					break
				}
			}
		}
	}
}

func fieldNamed(in reflect.Type, name string) reflect.Type {
	if in.Kind() == reflect.Pointer {
		in = in.Elem()
	}
	if in.Kind() != reflect.Struct {
		return nil
	}
	for field := range in.Fields() {
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag == name {
			return field.Type
		}
	}
	return nil
}

// locked is what of a stack's template no patch may change.
func locked(t *testing.T, body string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "Metadata") // the record has the patches
	for id, keys := range map[string][]string{
		"Cluster": {"ClusterSettings", "Configuration"}, "LogGroup": {"KmsKeyId", "LogGroupClass", "FieldIndexPolicies"},
		"SecurityGroup": {"SecurityGroupEgress"}, "TaskDefinition": {"EnableFaultInjection"},
	} {
		r := doc["Resources"].(map[string]any)[id].(map[string]any)
		for _, key := range keys {
			if properties, ok := r["Properties"].(map[string]any); ok {
				delete(properties, key)
			}
		}
		if properties, ok := r["Properties"].(map[string]any); ok && len(properties) == 0 {
			delete(r, "Properties")
		}
	}
	delete(propertiesOf(doc, "Service")["DeploymentConfiguration"].(map[string]any)["DeploymentCircuitBreaker"].(map[string]any), "ThresholdConfiguration")
	return doc
}

func propertiesOf(doc map[string]any, id string) map[string]any {
	return doc["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)
}

// Whatever the patches are: the template is refused, or nothing has changed but what
// patches may change, no function or dynamic reference came in, and what is recorded
// can be read.
func TestPatchesKeepWhatIsLocked(t *testing.T) {
	base := with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
		t.Cluster = ""
		t.Containers = append(t.Containers, v1alpha1.Container{Name: "proxy", Image: "proxy@" + digestB})
	})
	before := build(t, input(base))
	want := locked(t, before)
	var doc map[string]any
	if err := json.Unmarshal([]byte(before), &doc); err != nil {
		t.Fatal(err)
	}
	known := pathsIn("", map[string]any{"Resources": doc["Resources"]})
	built, functions := 0, strings.Count(before, `"Fn::`)+strings.Count(before, `"Ref"`)
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 1))
		changed := with(base, patches(somePatches(r, known)...))
		body, err := template.Build(input(changed))
		if err != nil {
			continue
		}
		built++
		if diff := cmp.Diff(want, locked(t, body)); diff != "" {
			t.Fatalf("seed %d: %s changed what is locked (-want +got):\n%s", seed, told(changed.Patches), diff)
		}
		if got := strings.Count(body, `"Fn::`) + strings.Count(body, `"Ref"`); got > functions+recorded(changed.Patches) {
			t.Fatalf("seed %d: %s brought in a function", seed, told(changed.Patches))
		}
		if record, err := template.ReadRecord(body); err != nil || template.Hash(record.Template) != template.Hash(changed) {
			t.Fatalf("seed %d: %s: the record is another one: %v", seed, told(changed.Patches), err)
		}
	}
	if built < 250 {
		t.Errorf("only %d of the templates were built", built)
	}
}

// recorded is how many functions the record has in values of patches, which are
// those of refused or overwritten ones.
func recorded(patches []v1alpha1.Patch) (n int) {
	for _, p := range patches {
		n += strings.Count(string(p.Value), `"Fn::`) + strings.Count(string(p.Value), `"Ref"`)
	}
	return n
}

func told(patches []v1alpha1.Patch) string {
	text, err := json.Marshal(patches)
	return fmt.Sprint(string(text), err)
}

// pathsIn are the paths of all values below one, in order.
func pathsIn(at string, value any) (out []string) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, pathsIn(at+"/"+key, value[key])...)
		}
	case []any:
		for i, below := range value {
			out = append(out, pathsIn(fmt.Sprintf("%s/%d", at, i), below)...)
		}
	}
	return append(out, at)
}

// fitting are operations that may be applied, alone or after one another.
var fitting = []v1alpha1.Patch{
	op("add", "Cluster/Properties/ClusterSettings", `[{"Name": "a", "Value": "b"}]`),
	op("add", "Cluster/Properties/Configuration", `{"ManagedStorageConfiguration": {"KmsKeyId": "key"}}`),
	op("add", "LogGroup/Properties/KmsKeyId", `"key"`),
	op("add", "LogGroup/Properties/FieldIndexPolicies", `[{"Fields": ["a", "b"]}]`),
	op("add", "SecurityGroup/Properties/SecurityGroupEgress/-", `{"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"}`),
	op("remove", "SecurityGroup/Properties/SecurityGroupEgress/0", ""),
	op("replace", "SecurityGroup/Properties/SecurityGroupEgress/0/CidrIp", `"10.0.0.0/8"`),
	op("add", "Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/ThresholdConfiguration", `{"Type": "COUNT", "Value": 3}`),
	op("add", "TaskDefinition/Properties/EnableFaultInjection", `true`),
	from("copy", "TaskDefinition/Properties/Memory", "TaskDefinition/Properties/EnableFaultInjection"),
}

// values are what operations write that nobody thought of.
var values = []string{
	`"text"`, `5`, `null`, `[]`, `{}`, `{"Ref": "PreviewRule"}`, `{"Fn::Transform": {"Name": "Macro"}}`, `[{"Fn::GetAtt": ["Service", "Name"]}]`,
	`{"Name": "app", "Image": "evil:1"}`, `{"KmsKeyId": "a", "KmsKeyId": {"Ref": "Service"}}`,
}

// somePatches are one to three operations: of those that fit, and of any kind
// anywhere.
func somePatches(r *rand.Rand, known []string) (out []v1alpha1.Patch) {
	anywhere := func() string {
		if r.IntN(2) == 0 {
			return fitting[r.IntN(len(fitting))].Path
		}
		return known[r.IntN(len(known))] + []string{"", "/-", "/0", "/Tags", "/~1", "/Fn::Sub"}[r.IntN(6)]
	}
	for range 1 + r.IntN(3) {
		p := fitting[r.IntN(len(fitting))]
		if r.IntN(3) == 0 {
			p = v1alpha1.Patch{Op: []string{"add", "replace", "remove", "move", "copy", "test"}[r.IntN(6)], Path: anywhere()}
			switch p.Op {
			case "move", "copy":
				p.From = anywhere()
			case "remove":
			default:
				p.Value = json.RawMessage(values[r.IntN(len(values))])
			}
		}
		out = append(out, p)
	}
	return out
}
