package admission

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// object is a sample in which a text is replaced.
func object(t *testing.T, sample, old, changed string) map[string]any {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", sample))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), old) {
		t.Fatalf("%s lacks %q", sample, old)
	}
	var out map[string]any
	if err := yaml.Unmarshal([]byte(strings.Replace(string(body), old, changed, 1)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		rules               func() (*Rules, error)
		sample, old, change string
		want                string
	}{
		"fine":                {OfDeployment, "canary.yaml", "", "", ""},
		"schema":              {OfDeployment, "canary.yaml", "weight: 10", "weight: ten", "must be of type integer"},
		"CEL":                 {OfDeployment, "canary.yaml", "type: Canary", "type: Rolling", "spec.strategy.canary with its steps goes with type Canary, and only with it"},
		"list map":            {OfDeployment, "canary.yaml", "- name: latency", "- name: errors", "Duplicate value"},
		"fine policy":         {OfPolicy, "policy.yaml", "", "", ""},
		"schema of the other": {OfPolicy, "policy.yaml", "clusters:\n  - shop", "clusters: all", "must be of type array"},
	} {
		t.Run(name, func(t *testing.T) {
			rules, err := c.rules()
			if err != nil {
				t.Fatal(err)
			}
			errs := rules.Check(object(t, c.sample, c.old, c.change))
			if c.want == "" && len(errs) > 0 || c.want != "" && (len(errs) == 0 || !strings.Contains(errs.ToAggregate().Error(), c.want)) {
				t.Errorf("%v\nwant %q", errs, c.want)
			}
		})
	}
}

// What is looked at stays as it is.
func TestUnknownAndDefault(t *testing.T) {
	rules, err := OfDeployment()
	if err != nil {
		t.Fatal(err)
	}
	misspelled := object(t, "canary.yaml", "holdSeconds: 300", "holdSecond: 300")
	unknown, err := rules.Unknown(misspelled)
	if diff := cmp.Diff([]string{"spec.strategy.canary.steps[0].holdSecond"}, unknown); err != nil || diff != "" {
		t.Error(err, diff)
	}
	full, err := rules.Default(misspelled)
	if err != nil || full["spec"].(map[string]any)["progressDeadlineSeconds"] != int64(3600) {
		t.Error(err, full)
	}
	if diff := cmp.Diff(object(t, "canary.yaml", "holdSeconds: 300", "holdSecond: 300"), misspelled); diff != "" {
		t.Error(diff)
	}
}
