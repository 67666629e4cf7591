package kubernetes_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// healthTests is health_test.yaml as Argo CD's own tests read it.
type healthTests struct {
	Tests []healthTest `json:"tests"`
}

type healthTest struct {
	HealthStatus health `json:"healthStatus"`
	InputPath    string `json:"inputPath"`
}

// recording allows one recording at a time.
var recording sync.Mutex

// record writes a state to testdata and Argo CD's assessment of it to
// health_test.yaml.
func record(name string, state *unstructured.Unstructured, verdict health) error {
	recording.Lock()
	defer recording.Unlock()
	body, err := yaml.Marshal(presentable(state).Object)
	if err != nil {
		return err
	}
	dir := filepath.Join(customizations, state.GetKind())
	input := filepath.Join("testdata", name+".yaml")
	if err := os.WriteFile(filepath.Join(dir, input), even(body), 0o644); err != nil {
		return err
	}
	tests, err := readHealthTests(state.GetKind())
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	tests.Tests = slices.DeleteFunc(tests.Tests, func(t healthTest) bool { return t.InputPath == input })
	tests.Tests = append(tests.Tests, healthTest{HealthStatus: verdict, InputPath: input})
	slices.SortFunc(tests.Tests, func(a, b healthTest) int {
		if a.InputPath < b.InputPath {
			return -1
		}
		return 1
	})
	list, err := yaml.Marshal(tests)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "health_test.yaml"), list, 0o644)
}

// readHealthTests reads health_test.yaml of a kind.
func readHealthTests(kind string) (tests healthTests, err error) {
	body, err := os.ReadFile(filepath.Join(customizations, kind, "health_test.yaml"))
	if err != nil {
		return tests, err
	}
	return tests, yaml.UnmarshalStrict(body, &tests)
}

// presentable omits irrelevant fields.
func presentable(state *unstructured.Unstructured) *unstructured.Unstructured {
	out := state.DeepCopy()
	for _, field := range []string{"managedFields", "uid", "resourceVersion"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	if _, ok, _ := unstructured.NestedString(out.Object, "spec", "frozen", "templateBody"); ok {
		_ = unstructured.SetNestedField(out.Object, "{}", "spec", "frozen", "templateBody") // it was a string
	}
	return out
}

var timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// even replaces times by others in the same order, so that a file that is
// recorded again differs only where something changed.
func even(body []byte) []byte {
	var times []string
	for _, t := range timestamp.FindAllString(string(body), -1) {
		times = append(times, t)
	}
	slices.Sort(times)
	times = slices.Compact(times)
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	return timestamp.ReplaceAllFunc(body, func(t []byte) []byte {
		i, _ := slices.BinarySearch(times, string(t))
		return []byte(start.Add(time.Duration(i) * 10 * time.Second).Format(time.RFC3339))
	})
}
