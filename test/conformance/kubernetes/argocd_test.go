package kubernetes_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// configMap is argocd-cm in Argo CD's format: the same scripts, as strings.
var configMap = filepath.Join(root, "config", "argocd", "argocd-cm.yaml")

// TestRecorded has Argo CD's and Flux's checks evaluate the recorded objects.
func TestRecorded(t *testing.T) {
	count := 0
	compared(t, "Argo CD's health and Flux's of recorded objects", &count, "config/argocd/resource_customizations/*/*/health_test.yaml")
	for _, kind := range []string{kindDeployment, kindRevision} {
		tests, err := readHealthTests(kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range tests.Tests {
			t.Run(kind+" "+filepath.Base(test.InputPath), func(t *testing.T) {
				count++
				state := recorded(t, kind, test.InputPath)
				got, err := healthOf(state)
				if diff := cmp.Diff(test.HealthStatus, got); diff != "" || err != nil {
					t.Errorf("Argo CD's health (-want +got): %v\n%s", err, diff)
				}
				verdict, problem := judge(state)
				if flux, err := fluxOf(state); flux != asFlux(verdict) || problem != "" || err != nil {
					t.Errorf("kstatus is %s, Flux's health is %s: %s %v", verdict, flux, problem, err)
				}
			})
		}
	}
}

// recorded reads an object from testdata.
func recorded(t *testing.T, kind, path string) *unstructured.Unstructured {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(customizations, kind, path))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	state := &unstructured.Unstructured{}
	if err := state.UnmarshalJSON(asJSON); err != nil {
		t.Fatal(err)
	}
	return state
}

// TestActionsAreBuilt: each action has a script, and each script is an action.
func TestActionsAreBuilt(t *testing.T) {
	count := 0
	compared(t, "Argo CD's actions: discovery and scripts", &count, "")
	actions, err := discover(recorded(t, kindDeployment, "testdata/complete.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	count = len(actions)
	var names []string
	for name, a := range actions {
		names = append(names, name)
		if a.DisplayName == "" {
			t.Errorf("%s has no displayName", name)
		}
	}
	slices.Sort(names)
	scripts, err := filepath.Glob(filepath.Join(customizations, kindDeployment, "actions", "*", "action.lua"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range scripts {
		scripts[i] = filepath.Base(filepath.Dir(scripts[i]))
	}
	if diff := cmp.Diff(names, scripts); diff != "" {
		t.Errorf("actions discovered (-) and scripts (+):\n%s", diff)
	}
}

// gateStory is a rollout that waits at a gate, at a step or elsewhere.
const gateStory = `{"spec":{"gates":[{"name":"sign-off","approval":{}},{"name":"smoke","webhook":{}}]},
"metadata":{},"status":{"rollout":{"id":"checkout-4.7","step":1,"verifiedAt":"x","gates":[
{"name":"sign-off","step":1,"state":"Succeeded"},{"name":"smoke","state":"Running"}GATES]}}}`

// TestPromoteNamesTheGate: the action approves the gate that waits for it.
func TestPromoteNamesTheGate(t *testing.T) {
	count := 0
	compared(t, "Argo CD's promote: the value names the gate", &count, "")
	for gates, want := range map[string]string{
		"":                                       "checkout-4.7/2",
		`,{"name":"sign-off","state":"Running"}`: "checkout-4.7/sign-off",
		`,{"name":"sign-off","step":2,"state":"Running"}`: "checkout-4.7/sign-off/2",
	} {
		count++
		state := &unstructured.Unstructured{Object: map[string]any{}}
		if err := yaml.Unmarshal([]byte(strings.Replace(gateStory, "GATES", gates, 1)), &state.Object); err != nil {
			t.Fatal(err)
		}
		state.SetAPIVersion("deploy.viridian.dev/v1alpha1")
		state.SetKind(kindDeployment)
		after, err := act(state, "promote")
		if err != nil {
			t.Fatal(err)
		}
		if got := after.GetAnnotations()["viridian.dev/promote"]; got != want {
			t.Errorf("%q: got %s, want %s", gates, got, want)
		}
	}
}

// TestConfigMap: argocd-cm.yaml holds the same scripts; -update writes it.
func TestConfigMap(t *testing.T) {
	count := 0
	compared(t, "Argo CD's argocd-cm.yaml and the scripts", &count, "")
	data := map[string]string{}
	for _, kind := range []string{kindDeployment, kindRevision} {
		data["resource.customizations.health.deploy.viridian.dev_"+kind] = script(t, kind, "health.lua")
	}
	actions := map[string]any{"discovery.lua": script(t, kindDeployment, "actions", "discovery.lua")}
	scripts, err := filepath.Glob(filepath.Join(customizations, kindDeployment, "actions", "*", "action.lua"))
	if err != nil {
		t.Fatal(err)
	}
	var definitions []map[string]string
	for _, path := range scripts {
		name := filepath.Base(filepath.Dir(path))
		definitions = append(definitions, map[string]string{"name": name, "action.lua": script(t, kindDeployment, "actions", name, "action.lua")})
	}
	actions["definitions"] = definitions
	body, err := yaml.Marshal(actions)
	if err != nil {
		t.Fatal(err)
	}
	data["resource.customizations.actions.deploy.viridian.dev_"+kindDeployment] = string(body)
	count = len(data)
	want, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": data,
		"metadata": map[string]any{"name": "argocd-cm", "namespace": "argocd", "labels": map[string]string{"app.kubernetes.io/part-of": "argocd"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	head := "# Written from resource_customizations/ by the tests of test/conformance/kubernetes,\n# with -update.\n"
	if *update {
		if err := os.WriteFile(configMap, []byte(head+string(want)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configMap)
	if diff := cmp.Diff(head+string(want), string(got)); diff != "" || err != nil {
		t.Errorf("argocd-cm.yaml is out of date (-want +got): %v\n%s", err, diff)
	}
}

// script reads one of the scripts.
func script(t *testing.T, elem ...string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(append([]string{customizations}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
