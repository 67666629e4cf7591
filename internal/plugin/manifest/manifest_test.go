package manifest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sample(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// lint is the report on a file.
func lint(t *testing.T, text string, options Options) []string {
	t.Helper()
	documents, err := Read("shop.yaml", []byte(text))
	if err != nil {
		return []string{err.Error()}
	}
	findings, _, err := Lint(documents, options)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range findings {
		out = append(out, findings[i].String())
	}
	return out
}

// All samples are as they should be.
func TestSamples(t *testing.T) {
	paths, err := filepath.Glob("../../../config/samples/*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if name := filepath.Base(path); name != "policy.yaml" { // which would hold for itself only
			if found := lint(t, sample(t, name), Options{}); len(found) > 0 {
				t.Errorf("%s: %q", name, found)
			}
		}
	}
	if found := lint(t, sample(t, "policy.yaml"), Options{}); len(found) > 0 {
		t.Errorf("policy.yaml: %q", found)
	}
}

func TestLint(t *testing.T) {
	canary := sample(t, "canary.yaml")
	change := func(pairs ...string) string {
		out := canary
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(out, pairs[i]) {
				t.Fatalf("the sample lacks %q", pairs[i])
			}
			out = strings.Replace(out, pairs[i], pairs[i+1], 1)
		}
		return out
	}
	const image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.1.0"
	const policy = "\n---\napiVersion: deploy.viridian.dev/v1alpha1\nkind: DeploymentPolicy\nmetadata: {name: shop}\n" +
		"spec:\n  namespaceSelector: {matchLabels: {team: shop}}\n  clusters: [other]\n"
	for name, c := range map[string]struct {
		text    string
		options Options
		want    []string
	}{
		"schema":      {change(`weight: 10`, `weight: ten`), Options{}, []string{"shop.yaml:52: refused: spec.strategy.canary.steps[0].weight: ", "must be of type integer"}},
		"CEL rule":    {change("type: Canary", "type: Rolling"), Options{}, []string{"refused: spec.strategy: spec.strategy.canary with its steps goes with type Canary, and only with it"}},
		"unknown":     {change("holdSeconds: 300", "holdSecond: 300"), Options{}, []string{"shop.yaml:53: refused: spec.strategy.canary.steps[0].holdSecond: there is no such field"}},
		"name":        {change("name: checkout\n", "name: Checkout\n"), Options{}, []string{"shop.yaml:9: refused: metadata.name: a lowercase RFC 1123"}},
		"annotation":  {change("  name: checkout\n", "  name: checkout\n  annotations: {viridian.dev/abrot: x}\n"), Options{}, []string{"shop.yaml:10: doubtful: metadata.annotations: an ImmutableDeployment has no annotation viridian.dev/abrot, but viridian.dev/abort"}},
		"foreign tag": {change(image, "nginx:1"), Options{}, []string{"shop.yaml:15: refused: spec.template.containers[0].image: nginx:1 isn't in a private registry of Amazon ECR and has no digest", "add docker.io/library/nginx to"}},
		"allowed tag": {change(image, "nginx:1", "spec:\n", "spec:\n  imagePolicy: {foreignTags: Allow}\n"), Options{}, nil},
		"no tag":      {change(image, strings.TrimSuffix(image, ":2.1.0")), Options{}, []string{"shop.yaml:15: refused: spec.template.containers[0].image: image has neither a tag nor a digest"}},
		"late gate":   {change("spec:\n", "spec:\n  gates: [{name: late, at: AfterStep, steps: [1, 4], approval: {}}]\n"), Options{}, []string{"shop.yaml:11: doubtful: spec.gates[0].steps: the gate late never runs after step 4: the strategy has 4 steps"}},
		"stack":       {change("value: info", `value: "{{resolve:ssm:/x}}"`), Options{}, []string{"spec.template", "dynamic reference"}},
		"key twice":   {change("spec:\n", "spec:\n  desiredCount: 1\n"), Options{}, []string{"shop.yaml: the document at line 1: ", "already"}},
		"not allowed": {canary + policy, Options{Namespace: "shop", Labels: map[string]string{"team": "shop"}}, []string{"refused: spec.template.cluster: no DeploymentPolicy of the namespace shop lists shop in clusters"}},
		"other team":  {canary + policy, Options{Namespace: "shop"}, nil},
		"required":    {canary, Options{Namespace: "shop", RequirePolicy: true}, []string{"spec.template.cluster: no DeploymentPolicy of the namespace shop lists shop"}},
		"bad policy":  {canary + strings.Replace(policy, "clusters: [other]", "clusters: other", 1), Options{}, []string{"refused: spec.clusters: ", "must be of type array"}},
		"version":     {change("v1alpha1", "v1beta1"), Options{}, []string{"shop.yaml:6: refused: apiVersion: the version is deploy.viridian.dev/v1alpha1, not deploy.viridian.dev/v1beta1"}},
		"other kinds": {"# nothing\n---\napiVersion: v1\nkind: Service\n---\n" + canary, Options{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(lint(t, c.text, c.options), "\n")
			if len(c.want) == 0 && got != "" {
				t.Errorf("found %s", got)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("found\n%s\nwant %q", got, want)
				}
			}
		})
	}
}

func TestRead(t *testing.T) {
	for _, text := range []string{"[1, 2]", "{", "a: b: c"} {
		if _, err := Read("x.yaml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "x.yaml: the document at line 1: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	documents, err := Read("x.json", []byte(`{"kind": "A", "metadata": {"name": "a"}}`))
	if err != nil || len(documents) != 1 || documents[0].Name != "a" {
		t.Errorf("%+v, %v", documents, err)
	}
	documents, err = Read("x.yaml", []byte("---\nkind: A\n--- # two\n\nkind: B\ntext: |\n  a\n  ---\n  b\n"))
	if err != nil || len(documents) != 2 || documents[1].Line != 3 || documents[1].lineOf("kind") != 5 {
		t.Errorf("%+v, %v", documents, err)
	}
}

// The rendered stack is what the controller makes, but for what the notes say.
func TestStack(t *testing.T) {
	for name, c := range map[string]struct{ notes, body []string }{
		"canary": {
			[]string{"the value of the preview rule's header is random", "checkout:2.1.0 is pinned to its digest"},
			[]string{`"Revision 7 of ImmutableDeployment /checkout.`, `"ListenerArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"`, `"checkout.example.com"`, placeholderToken},
		},
		"worker": {
			[]string{"the variable LIMIT of container app has the value of the parameter /shop/limit"},
			[]string{`"Revision 7 of ImmutableDeployment /mailer.`, `"VALUE-OF-/shop/limit"`},
		},
		"adopted-rule": {
			[]string{"the preview rule has the conditions, authentication and transforms of the adopted rule"},
			[]string{`"ListenerArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/`, placeholderHost},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := sample(t, name+".yaml")
			if name == "worker" {
				text = strings.Replace(text, "environment:\n", "environment:\n      - name: LIMIT\n        valueFrom: {ssm: /shop/limit}\n", 1)
			}
			documents, err := Read(name, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			deployments, err := Deployments(documents)
			if err != nil || len(deployments) == 0 {
				t.Fatal(deployments, err)
			}
			body, notes, err := Stack(deployments[0], 7)
			if err != nil {
				t.Fatal(err)
			}
			contains(t, strings.Join(notes, "\n"), c.notes)
			contains(t, body, c.body)
			if strings.Contains(body, `"ListenerArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/`) {
				t.Error("the preview rule is on a rule")
			}
			if indented, err := Indent(body); err != nil || !json.Valid([]byte(indented)) {
				t.Error(err)
			}
		})
	}
}

func contains(t *testing.T, text string, all []string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}

// What the API server refuses isn't rendered.
func TestDeploymentsRefused(t *testing.T) {
	documents, err := Read("shop.yaml", []byte(strings.Replace(sample(t, "canary.yaml"), "weight: 10", "weight: ten", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Deployments(documents); err == nil || !strings.Contains(err.Error(), "shop.yaml:52: refused: spec.strategy.canary.steps[0].weight") {
		t.Error(err)
	}
}
