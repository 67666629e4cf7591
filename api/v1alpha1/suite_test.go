package v1alpha1_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/test/testcluster"
)

// root of the repository.
var root = filepath.Join("..", "..")

// A real kube-apiserver with the CRDs.
var (
	// api ignores unknown fields.
	api client.Client
	// admission rejects them, as kubectl does.
	admission client.Client
)

func TestMain(m *testing.M) { os.Exit(runSuite(m)) }

func runSuite(m *testing.M) int {
	cluster, err := testcluster.Start(testcluster.Options{Root: root, CRDs: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop the cluster:", err)
		}
	}()
	api = cluster.Client
	admission = client.WithFieldValidation(api, metav1.FieldValidationStrict)
	return m.Run()
}

// crds is where the CRDs are.
func crds() string { return filepath.Join(root, "config", "crd", "bases") }

// base reads testdata/name and merges patches into it.
func base(t *testing.T, name string, patches ...string) *unstructured.Unstructured {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	object := parse(t, string(body))
	for _, patch := range patches {
		merge(object, parse(t, patch))
	}
	return &unstructured.Unstructured{Object: object}
}

// parse reads YAML.
func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

// merge applies a JSON merge patch: null removes, lists are replaced.
func merge(into, patch map[string]any) {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isMap && wasMap:
			merge(old, inner)
		default:
			into[key] = value
		}
	}
}

// create applies an object and takes it back; the error is the API server's.
func create(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	return admission.Create(t.Context(), object.DeepCopy(), client.DryRunAll)
}

// rules are the messages of all CEL rules in a CRD.
func rules(t *testing.T, kind string) []string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(crds(), v1alpha1.GroupVersion.Group+"_"+kind+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	collect(parse(t, string(body)), &out)
	return out
}

// collect finds the messages of x-kubernetes-validations anywhere below.
func collect(value any, out *[]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if message, ok := inner.(string); ok && key == "message" && v["rule"] != nil {
				*out = append(*out, message)
			}
			collect(inner, out)
		}
	case []any:
		for _, inner := range v {
			collect(inner, out)
		}
	}
}

// refused checks that an error is the API server's and says all of want.
func refused(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("admitted, want it refused with %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("refused with\n%v\nwant it to say %q", err, w)
		}
	}
}
