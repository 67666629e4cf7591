package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// patch is a template with one operation.
func patch(fields string) string { return template("patches: [{" + fields + "}]") }

const ofPatch = "path of spec.template.patches begins with /Resources/, the name of a resource and /Properties/"

// patchRefusals are what can be refused without a look at the stack's template.
var patchRefusals = map[string]refusal{
	"operation":       {patch("op: merge, path: /Resources/LogGroup/Properties/KmsKeyId, value: a"), []string{"spec.template.patches[0].op: Unsupported value"}},
	"no operation":    {patch("path: /Resources/LogGroup/Properties/KmsKeyId, value: a"), []string{"spec.template.patches[0].op: Required value"}},
	"no path":         {patch("op: add, value: a"), []string{"spec.template.patches[0].path: Required value"}},
	"all of it":       {patch("op: replace, path: '', value: {}"), []string{ofPatch}},
	"metadata":        {patch("op: add, path: /Metadata/Mine, value: {}"), []string{ofPatch}},
	"a resource":      {patch("op: add, path: /Resources/Mine, value: {}"), []string{ofPatch}},
	"deletion policy": {patch("op: add, path: /Resources/LogGroup/DeletionPolicy, value: Retain"), []string{ofPatch}},
	"long path":       {patch("op: remove, path: /Resources/LogGroup/Properties/" + strings.Repeat("a", 512)), []string{"spec.template.patches[0].path: Too long"}},
	"no from":         {patch("op: copy, path: /Resources/LogGroup/Properties/KmsKeyId"), []string{"from of spec.template.patches says from where move and copy take a value: add it for these"}},
	"needless from":   {patch("op: add, path: /Resources/LogGroup/Properties/KmsKeyId, from: /a, value: b"), []string{"and leave it out for others"}},
	"too many":        {template("patches: [" + strings.Repeat("{op: remove, path: /Resources/LogGroup/Properties/KmsKeyId}, ", 33) + "]"), []string{"spec.template.patches: Too many"}},
}

func TestPatchesRefused(t *testing.T) {
	for name, c := range patchRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

// patched is a worker's template whose circuit breaker has a threshold.
func patched() v1alpha1.RevisionTemplate {
	t := worker().Template
	t.Patches = []v1alpha1.Patch{{
		Op: "add", Path: "/Resources/Service/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/ThresholdConfiguration",
		Value: json.RawMessage(`{"Type":"COUNT","Value":5}`),
	}}
	return t
}

// Values of any kind are stored as they are written, nothing is pruned and nothing
// is filled in.
func TestPatchesAreStoredAsWritten(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "patched"}, Spec: worker()}
	imd.Spec.Template = patched()
	for i, value := range []string{`"text"`, `5`, `true`, `[1,{"a":{"b":[]}}]`, `{}`} {
		imd.Spec.Template.Patches = append(imd.Spec.Template.Patches, v1alpha1.Patch{
			Op: "add", Path: fmt.Sprintf("/Resources/LogGroup/Properties/P%d", i), Value: json.RawMessage(value),
		})
	}
	imd.Spec.Template.Patches = append(imd.Spec.Template.Patches, v1alpha1.Patch{Op: "remove", Path: "/Resources/LogGroup/Properties/P0"},
		v1alpha1.Patch{Op: "move", From: "/Resources/LogGroup/Properties/P1", Path: "/Resources/LogGroup/Properties/P0"})
	want := imd.Spec.Template.DeepCopy().Patches
	if err := api.Create(t.Context(), imd); err != nil {
		t.Fatal(err)
	}
	stored := &v1alpha1.ImmutableDeployment{}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(imd), stored); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, stored.Spec.Template.Patches); diff != "" {
		t.Errorf("-written +stored:\n%s", diff)
	}
}
