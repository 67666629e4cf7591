package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/template"
)

// impossible are templates with what the API doesn't take, or not together, and what
// of the resources differs in the end. Where essential is left out, the API server
// fills it in.
var impossible = map[string][]string{
	"full": {
		"Service.Properties.ServiceRegistries",
		"TargetGroup.Properties.TargetGroupAttributes",
		"TaskDefinition.Properties.ContainerDefinitions[0].Essential",
		"TaskDefinition.Properties.ContainerDefinitions[0].FirelensConfiguration",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.SecretOptions",
		"TaskDefinition.Properties.ContainerDefinitions[0].StartTimeout",
		"TaskDefinition.Properties.ContainerDefinitions[1].Essential",
		"TaskDefinition.Properties.ContainerDefinitions[1].MountPoints",
	},
	"first-container-with-the-port": {
		"Service.Properties.ServiceRegistries",
		"TargetGroup.Properties.TargetGroupAttributes",
		"TaskDefinition.Properties.ContainerDefinitions[0].Essential",
		"TaskDefinition.Properties.ContainerDefinitions[0].MountPoints",
		"TaskDefinition.Properties.ContainerDefinitions[1].Essential",
		"TaskDefinition.Properties.ContainerDefinitions[1].FirelensConfiguration",
		"TaskDefinition.Properties.ContainerDefinitions[1].LogConfiguration.SecretOptions",
		"TaskDefinition.Properties.ContainerDefinitions[1].StartTimeout",
	},
	"instances-bridge": {
		"Service.Properties.ServiceRegistries",
		"TargetGroup.Properties.TargetGroupAttributes",
		"TaskDefinition.Properties.ContainerDefinitions[0].Essential",
		"TaskDefinition.Properties.ContainerDefinitions[0].FirelensConfiguration",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.SecretOptions",
		"TaskDefinition.Properties.ContainerDefinitions[0].StartTimeout",
		"TaskDefinition.Properties.ContainerDefinitions[1].Essential",
	},
	"no-execution-role": {
		"LogGroup",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.LogDriver",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.Options.awslogs-group",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.Options.awslogs-region",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.Options.awslogs-stream-prefix",
		"TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.Options.splunk-url",
	},
}

// What Viridian makes of a template is imported as the same template: the stack that
// is made of it again has the same resources.
func TestRoundTrip(t *testing.T) {
	files, err := filepath.Glob("../template/testdata/*.golden.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".golden.json")
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			deployments, err := Import([]File{{Name: "template.json", Body: body}}, Options{})
			if err != nil || len(deployments) != 1 {
				t.Fatal(deployments, err)
			}
			want := resources(t, string(body))
			rule := template.ReadPreviewRule(string(body))
			in := template.Input{
				Namespace: "shop", Name: "checkout", UID: "6f1c2f0a-9f0e-4f5e-8f62-6c3b1d2a4e57", Revision: 3, Template: deployments[0].Object.Spec.Template,
				PreviewToken: rule.Token, Conditions: rule.Conditions, Before: rule.Before, Transforms: rule.Transforms,
			}
			if rule.Token != "" {
				in.ListenerARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/0123456789abcdef/fedcba9876543210"
			}
			again, err := template.Build(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(impossible[name], differences("", want, resources(t, again))); diff != "" {
				t.Errorf("what differs -want +got:\n%s", diff)
			}
		})
	}
}

// differences are the paths at which two values differ, as deep as they go.
func differences(at string, a, b any) (out []string) {
	before, wasObject := a.(map[string]any)
	after, isObject := b.(map[string]any)
	if wasObject && isObject {
		keys := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			out = append(out, differences(below(at, key), before[key], after[key])...)
		}
		return out
	}
	listBefore, wasList := a.([]any)
	listAfter, isList := b.([]any)
	if wasList && isList && len(listBefore) == len(listAfter) {
		for i := range listBefore {
			out = append(out, differences(fmt.Sprintf("%s[%d]", at, i), listBefore[i], listAfter[i])...)
		}
		return out
	}
	if !cmp.Equal(a, b) {
		return []string{at}
	}
	return nil
}

// resources of a CloudFormation template.
func resources(t *testing.T, body string) map[string]any {
	t.Helper()
	var doc struct{ Resources map[string]any }
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Resources
}
