package importer

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/admission"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	cases  = "testdata/cases"
	golden = "want.yaml"
)

// input are the files of a case, but for what is wanted, and its options.
func input(t testing.TB, dir string) ([]File, Options) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []File
	var options Options
	for _, entry := range entries {
		body, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		switch entry.Name() {
		case golden:
		case "options.json":
			if err := json.Unmarshal(body, &options); err != nil {
				t.Fatal(err)
			}
		default:
			files = append(files, File{Name: entry.Name(), Body: body})
		}
	}
	return files, options
}

// names of the cases.
func names(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(cases)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, entry := range entries {
		out = append(out, entry.Name())
	}
	return out
}

// report is what the command prints, as one text.
func report(deployments []Deployment) string {
	var out strings.Builder
	for i, d := range deployments {
		if i > 0 {
			out.WriteString("---\n")
		}
		out.WriteString("# " + d.Object.Name + ": " + string(d.Class) + "\n")
		for _, f := range d.Findings {
			out.WriteString("#   " + f.String() + "\n")
		}
		out.Write(d.YAML)
	}
	return out.String()
}

// Each directory in testdata/cases is an input, and what becomes of it.
func TestCases(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			files, options := input(t, filepath.Join(cases, name))
			deployments, err := Import(files, options)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(cases, name, golden)
			got := report(deployments)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (run with -update if it shall change) -want +got:\n%s", file, diff)
			}
			for i := range deployments {
				isValid(t, &deployments[i])
				isBuilt(t, &deployments[i])
			}
		})
	}
}

// isValid checks that the manifest has no field that the API lacks, and that the API
// server would take it.
func isValid(t testing.TB, d *Deployment) {
	t.Helper()
	var object v1alpha1.ImmutableDeployment
	if err := yaml.UnmarshalStrict(d.YAML, &object); err != nil {
		t.Error(err)
	}
	var plain map[string]any
	if err := yaml.Unmarshal(d.YAML, &plain); err != nil {
		t.Fatal(err)
	}
	r, err := admission.OfDeployment()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range r.Check(plain) {
		t.Errorf("the API server would refuse it: %v", e)
	}
}

// isBuilt checks that a stack can be made of it.
func isBuilt(t testing.TB, d *Deployment) {
	t.Helper()
	spec := d.Object.Spec
	in := template.Input{Namespace: "shop", Name: d.Object.Name, UID: "1", Revision: 1, Template: spec.Template}
	if lb := spec.Traffic.LoadBalancer; lb.RuleARN != "" || lb.ListenerARN != "" {
		in.ListenerARN, in.PreviewToken = "arn:listener", "token"
		in.Conditions = []cloud.Condition{{Field: "path-pattern", Values: []string{"/*"}}}
		if len(lb.Conditions) > 0 {
			in.Conditions = nil
		}
		for _, c := range lb.Conditions {
			in.Conditions = append(in.Conditions, cloud.Condition{Field: c.Field, HTTPHeaderName: c.HTTPHeaderName, Values: c.Values})
		}
	}
	if _, err := template.Build(in); err != nil {
		t.Error(err)
	}
}

func TestImportRefuses(t *testing.T) {
	tests := map[string]struct {
		files   []File
		options Options
		want    string
	}{
		"nothing":            {nil, Options{}, "there is no task definition in the input"},
		"empty":              {one("a.json", " \n"), Options{}, "a.json is empty"},
		"Jsonnet":            {one("a.jsonnet", "{}"), Options{}, "ecspresso render"},
		"broken JSON":        {one("a.json", "{\n\n\"a\": [}"), Options{}, "a.json:3"},
		"broken YAML":        {one("a.yml", "a: [\nb: c: d"), Options{}, "a.yml: yaml: line"},
		"something else":     {one("a.json", `{"apiVersion": "v1"}`), Options{}, "a.json is none of: a task definition"},
		"a list":             {one("a.json", `[{"a": 1}]`), Options{}, "a list, but not one of container definitions"},
		"no containers":      {one("a.json", `{"containerDefinitions": []}`), Options{}, "the task definition has no containerDefinitions"},
		"service alone":      {one("a.json", `{"services": [{"taskDefinition": "x:1"}]}`), Options{}, `the task definition "x:1" of the service isn't in the input`},
		"AppSpec alone":      {one("appspec.yml", "version: 0.0\nResources: []"), Options{}, "goes with a task definition"},
		"ecspresso alone":    {one("ecspresso.yml", "task_definition: a.json"), Options{}, "names a task definition: give that file"},
		"template of others": {one("a.yml", "Resources: {A: {Type: 'AWS::S3::Bucket'}}"), Options{}, "neither an AWS::ECS::Service nor an AWS::ECS::TaskDefinition"},
		"job of Copilot":     {one("a.yml", "name: a\ntype: Scheduled Job\nimage: {build: .}"), Options{}, `of type "Scheduled Job"`},
		"one name for two": {
			one("a.json", `{"Resources": {"A": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "a"}]}}, "B": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "a"}]}}}}`),
			Options{Name: "x"}, "there are 2 services",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Import(tc.files, tc.options); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func one(name, body string) []File { return []File{{Name: name, Body: []byte(body)}} }

// Whatever comes in, nothing panics, and what comes out is valid or said to be
// refused.
func FuzzImport(f *testing.F) {
	for _, name := range names(f) {
		files, _ := input(f, filepath.Join(cases, name))
		for _, file := range files {
			f.Add(file.Name, file.Body)
		}
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		deployments, err := Import([]File{{Name: name, Body: body}}, Options{})
		if err != nil {
			return
		}
		for i := range deployments {
			d := &deployments[i]
			if !slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Kind == Refused }) {
				isValid(t, d)
			}
		}
	})
}

// A service whose task definition isn't its template's gets the one that it names, and
// none by chance.
func TestTaskOfService(t *testing.T) {
	service := `{"Resources": {"S": {"Type": "AWS::ECS::Service", "Properties": {"LaunchType": "FARGATE", "TaskDefinition": %s}}}}`
	task := func(family string) string {
		return `{"family": "` + family + `", "containerDefinitions": [{"name": "` + family + `", "image": "nginx:1"}]}`
	}
	template := func(family string) string {
		return `{"Resources": {"T` + family + `": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Family": "` + family + `", "ContainerDefinitions": [{"Name": "` + family + `", "Image": "nginx:1"}]}}}}`
	}
	for name, tc := range map[string]struct {
		named string
		files []string
		want  string
	}{
		"by its family":            {`"web:7"`, []string{task("jobs"), task("web")}, "web"},
		"by its ARN":               {`"arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7"`, []string{task("jobs"), task("web")}, "web"},
		"the only one":             {`{"Ref": "Task"}`, []string{task("web")}, "web"},
		"two that may be":          {`{"Ref": "Task"}`, []string{task("jobs"), task("web")}, ""},
		"of another template":      {`{"Fn::ImportValue": "web"}`, []string{template("web")}, "web"},
		"two of other templates":   {`{"Fn::ImportValue": "web"}`, []string{template("web"), template("jobs")}, ""},
		"of none of the templates": {`{"Fn::ImportValue": "web"}`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := one("service.json", fmt.Sprintf(service, tc.named))
			for i, body := range tc.files {
				files = append(files, one(fmt.Sprintf("%d.json", i), body)...)
			}
			deployments, err := Import(files, Options{})
			if tc.want == "" {
				if err == nil || !strings.Contains(err.Error(), "the task definition of the service S isn't in the template") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(deployments) != 1 || deployments[0].Object.Spec.Template.Containers[0].Name != tc.want {
				t.Errorf("want %s, got %d:\n%s", tc.want, len(deployments), report(deployments))
			}
		})
	}
}
