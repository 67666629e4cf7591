package template_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestBuildGolden(t *testing.T) {
	inputs := map[string]template.Input{
		"minimal":    input(minimalTemplate()),
		"full":       input(fullTemplate()),
		"worker":     worker(workerTemplate()),
		"checked":    worker(with(workerTemplate(), checked)),
		"stop-first": stopFirst(input(minimalTemplate())),

		"instances-awsvpc": input(with(minimalTemplate(), onInstances("awsvpc"))),
		"instances-bridge": input(with(fullTemplate(), onInstances("bridge"))),
		"instances-host":   input(with(minimalTemplate(), onInstances("host"))),
		"instances-worker": worker(with(workerTemplate(), onProvider)),

		"no-log-group": input(quietTemplate()),
		"no-execution-role": worker(with(workerTemplate(), func(t *v1alpha1.RevisionTemplate) {
			t.ExecutionRoleARN, t.Containers[0].Image = "", "public.ecr.aws/shop/app@"+digestA
			t.Containers[0].LogConfiguration = &v1alpha1.LogConfiguration{LogDriver: "splunk", Options: map[string]v1alpha1.OptionValue{"splunk-url": "https://splunk.example.com"}}
		})),
		"grpc":        input(with(minimalTemplate(), speakingGRPC)),
		"own-cluster": input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.Cluster = "" })),
		"scaled":      input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.Scaling = fullScaling() })),
		"spot":        worker(with(workerTemplate(), onSpot)),
		"first-container-with-the-port": input(with(fullTemplate(), func(t *v1alpha1.RevisionTemplate) {
			t.Target.ContainerName = ""
			t.Containers[0], t.Containers[1] = t.Containers[1], t.Containers[0]
		})),
		"conditions-once-each": input(minimalTemplate(),
			cloud.Condition{Field: "path-pattern", Values: []string{"/cart/*"}},
			cloud.Condition{Field: "http-request-method", Values: []string{"GET", "HEAD"}},
			cloud.Condition{Field: "source-ip", Values: []string{"10.0.0.0/8"}},
		),
		"conditions-repeated": input(minimalTemplate(),
			header("x-tenant", "a*"), header("X-Tenant", "*z"),
			cloud.Condition{Field: "query-string", Values: []string{"beta"}},
			cloud.Condition{Field: "query-string", Values: []string{"version=2=b"}},
		),
		"regular-expressions": input(minimalTemplate(),
			cloud.Condition{Field: "host-header", RegexValues: []string{`^shop-[a-z]+\.example\.com$`}},
			cloud.Condition{Field: "path-pattern", Values: []string{"/cart"}, RegexValues: []string{"^/cart/.+$"}},
			cloud.Condition{Field: "http-header", HTTPHeaderName: "x-tenant", RegexValues: []string{"^t[0-9]$"}},
		),
		"signed-in-and-rewritten": behindAnd(rewriting(
			cloud.Transform{Type: "host-header-rewrite", Rewrites: []cloud.Rewrite{{Regex: "^(.+)\\.example\\.com$", Replace: "$1.internal"}}},
			cloud.Transform{Type: "url-rewrite", Rewrites: []cloud.Rewrite{{Regex: "^/shop/(.*)$", Replace: "/$1"}}},
		), cloud.Action{Type: "authenticate-cognito", Cognito: &cloud.Cognito{
			UserPoolARN: "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_abc", UserPoolClientID: "client", UserPoolDomain: "shop",
			SessionCookieName: "c", Scope: "openid", SessionTimeout: 3600, OnUnauthenticatedRequest: "deny", ExtraParams: map[string]string{"display": "page"},
		}}, cloud.Action{Type: "jwt-validation", JWT: &cloud.JWT{
			Issuer: "https://id.example.com", JWKSEndpoint: "https://id.example.com/jwks",
			Claims: []cloud.Claim{{Format: "single-string", Name: "team", Values: []string{"shop"}}},
		}}),
		"patched":       input(with(minimalTemplate(), patchedAtAll)),
		"several-hosts": input(minimalTemplate(), host("a.example.com", "b.example.com", "c.example.com", "d.example.com")),
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			body := build(t, in)
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(body), "", "  "); err != nil {
				t.Fatal(err)
			}
			pretty.WriteByte('\n')
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, pretty.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
				t.Errorf("%s (run with -update if it shall change) -want +got:\n%s", file, diff)
			}
		})
	}
}

// without has no token.
func without(in template.Input) template.Input {
	in.PreviewToken = ""
	return in
}

// behind has actions before the last one of the production rule.
func behind(actions ...cloud.Action) template.Input {
	return behindAnd(input(minimalTemplate()), actions...)
}

func behindAnd(in template.Input, actions ...cloud.Action) template.Input {
	in.Before = actions
	return in
}

// rewriting has transforms in the production rule.
func rewriting(transforms ...cloud.Transform) template.Input {
	in := input(minimalTemplate())
	in.Transforms = transforms
	return in
}

func TestBuildIsCompactAndDeterministic(t *testing.T) {
	first := build(t, input(fullTemplate()))
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(first)); err != nil {
		t.Fatal(err)
	}
	if compact.String() != first {
		t.Errorf("not compact:\n%s", first)
	}
	for range 20 {
		if again := build(t, input(fullTemplate())); again != first {
			t.Fatalf("differs: %s", cmp.Diff(first, again))
		}
	}
}

func TestBuildLeavesInputAlone(t *testing.T) {
	spare := make([]cloud.Condition, 1, 4)
	spare[0] = host("checkout.example.com")
	in := input(fullTemplate(), spare...)
	build(t, in)
	if diff := cmp.Diff(input(fullTemplate()), in); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(cloud.Condition{}, spare[:2][1]); diff != "" {
		t.Errorf("wrote into the caller's array:\n%s", diff)
	}
}

func TestBuildRefuses(t *testing.T) {
	changed := func(change func(*v1alpha1.RevisionTemplate)) template.Input {
		return input(with(minimalTemplate(), change))
	}
	tests := map[string]struct {
		in   template.Input
		want string
	}{
		"containers that mount each other's volumes": {
			in: changed(func(t *v1alpha1.RevisionTemplate) {
				t.Containers[0].VolumesFrom = []v1alpha1.VolumeFrom{{SourceContainer: "a"}}
				t.Containers = append(t.Containers, v1alpha1.Container{Name: "a", Image: "helper", DependsOn: []v1alpha1.ContainerDependency{{ContainerName: "app", Condition: "START"}}})
			}),
			want: "spec.template.containers wait for each other by dependsOn, volumesFrom or links (app waits for a waits for app): remove one of the dependencies",
		},
		"containers that link to each other": {
			in: changed(func(t *v1alpha1.RevisionTemplate) {
				t.Containers[0].Links = []string{"a:alias"}
				t.Containers = append(t.Containers, v1alpha1.Container{Name: "a", Image: "helper", Links: []string{"app"}})
			}),
			want: "by dependsOn, volumesFrom or links (app waits for a waits for app): remove one of the dependencies",
		},
		"containers that wait for each other": {
			in: changed(func(t *v1alpha1.RevisionTemplate) {
				wait := func(name, on string) v1alpha1.Container {
					return v1alpha1.Container{Name: name, Image: "helper", DependsOn: []v1alpha1.ContainerDependency{{ContainerName: on, Condition: "START"}}}
				}
				t.Containers[0].DependsOn = []v1alpha1.ContainerDependency{{ContainerName: "a", Condition: "START"}}
				t.Containers = append(t.Containers, wait("a", "b"), wait("b", "c"), wait("c", "a"))
			}),
			want: "spec.template.containers wait for each other by dependsOn, volumesFrom or links (a waits for b waits for c waits for a): remove one of the dependencies",
		},
		"five values": {
			in:   input(minimalTemplate(), host("a", "b", "c"), header("x-tenant", "d", "e")),
			want: "conditions hold 5 values and the header x-viridian-revision adds one, but a rule may hold 5 in all: remove 1",
		},
		"field twice": {
			in:   input(minimalTemplate(), host("a"), host("b")),
			want: "two conditions host-header: put their values in one",
		},
		"the preview rules' header": {
			in:   input(minimalTemplate(), header("X-Viridian-Revision", "7")),
			want: "a condition on the header x-viridian-revision, which is the preview rules' own",
		},
		"no conditions": {
			in:   input(minimalTemplate(), []cloud.Condition{}...),
			want: "the production rule has no conditions",
		},
		"condition without values": {
			in:   input(minimalTemplate(), cloud.Condition{Field: "host-header"}),
			want: "condition host-header has no values to repeat",
		},
		"no token": {
			in:   without(input(minimalTemplate())),
			want: "the revision has no token",
		},
		"five values, some of them regular expressions": {
			in:   input(minimalTemplate(), cloud.Condition{Field: "path-pattern", Values: []string{"/a", "/b"}, RegexValues: []string{"c", "d", "e"}}),
			want: "conditions hold 5 values",
		},
		"a secret that nobody can read": {
			in:   behind(cloud.Action{Type: "authenticate-oidc"}),
			want: "the production rule has an action authenticate-oidc, which can't be repeated",
		},
		"an action that only newer versions know": {
			in:   behind(cloud.Action{Type: "validate-moon-phase"}),
			want: "the production rule has an action validate-moon-phase, which can't be repeated",
		},
		"a transform that only newer versions know": {
			in:   rewriting(cloud.Transform{Type: "body-rewrite", Rewrites: []cloud.Rewrite{{Regex: "a", Replace: "b"}}}),
			want: "the production rule has a transform body-rewrite, which is not known",
		},
		"a transform without a rewrite": {
			in:   rewriting(cloud.Transform{Type: "url-rewrite"}),
			want: "the production rule has a transform url-rewrite, which is not known",
		},
		"unknown field": {
			in:   input(minimalTemplate(), cloud.Condition{Field: "moon-phase", Values: []string{"full"}}),
			want: `a condition "moon-phase", which is not supported`,
		},
		"target port that no container maps": {
			in:   changed(func(t *v1alpha1.RevisionTemplate) { t.Target.ContainerPort = 81 }),
			want: "spec.template.target: port 81 is not mapped by any container",
		},
		"target container that doesn't map the port": {
			in:   changed(func(t *v1alpha1.RevisionTemplate) { t.Target.ContainerName = "web" }),
			want: `spec.template.target: port 8080 is not mapped by container "web"`,
		},
		"target without a listener": {
			in:   worker(minimalTemplate()),
			want: "spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs need spec.traffic.loadBalancer",
		},
		"dynamic reference": {
			in: changed(func(t *v1alpha1.RevisionTemplate) {
				t.Containers[0].Command = []string{"echo {{resolve:secretsmanager:admin:SecretString}}"}
			}),
			want: `spec holds the dynamic reference "{{resolve:secretsmanager:admin:SecretString", ` +
				"which CloudFormation would replace with the controller's permissions: use spec.template.containers[].secrets",
		},
		"dynamic reference, disguised": {
			in: changed(func(t *v1alpha1.RevisionTemplate) {
				t.Containers[0].Environment = []v1alpha1.KeyValue{{Name: "A", Value: "{{ Resolve:ssm:/admin}}"}}
			}),
			want: `the dynamic reference "{{ Resolve:ssm:/admin"`,
		},
		"too large": {
			in:   changed(fillUp(51_201)),
			want: "would be 51201 bytes and CloudFormation takes 51200: shorten environment, command",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, err := template.Build(tt.in)
			if err == nil {
				t.Fatalf("got %s, want an error with %q", body, tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want %q in it", err, tt.want)
			}
		})
	}
}

func TestBuildTakesTheLargestTemplate(t *testing.T) {
	if got := len(build(t, input(with(minimalTemplate(), fillUp(template.MaxBytes))))); got != template.MaxBytes {
		t.Errorf("got %d bytes, want %d", got, template.MaxBytes)
	}
}

func TestBuildRevisionVariable(t *testing.T) {
	tests := map[string]struct {
		container v1alpha1.Container
		want      string
	}{
		"added": {want: "3"},
		"set in environment": {
			container: v1alpha1.Container{Environment: []v1alpha1.KeyValue{{Name: template.EnvRevision, Value: "mine"}}},
			want:      "mine",
		},
		"set in secrets": {
			container: v1alpha1.Container{Secrets: []v1alpha1.Secret{{Name: template.EnvRevision, ValueFrom: "arn"}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := build(t, input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
				t.Containers[0].Environment = tt.container.Environment
				t.Containers[0].Secrets = tt.container.Secrets
			})))
			if got := revisionVariable(t, body); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// revisionVariable is the value of VIRIDIAN_REVISION in the first container.
func revisionVariable(t *testing.T, body string) string {
	t.Helper()
	var doc struct {
		Resources struct {
			TaskDefinition struct {
				Properties struct {
					ContainerDefinitions []struct {
						Environment []struct{ Name, Value string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	value := ""
	for _, e := range doc.Resources.TaskDefinition.Properties.ContainerDefinitions[0].Environment {
		if e.Name != template.EnvRevision {
			continue
		}
		if value != "" {
			t.Errorf("%s is there twice", template.EnvRevision)
		}
		value = e.Value
	}
	return value
}

// fillUp makes the template exactly size bytes long.
func fillUp(size int) func(*v1alpha1.RevisionTemplate) {
	return func(t *v1alpha1.RevisionTemplate) {
		const chunk = 8000
		fill := func(last int) {
			t.Containers[0].Environment = nil
			for i := range 6 {
				t.Containers[0].Environment = append(t.Containers[0].Environment,
					v1alpha1.KeyValue{Name: "V" + strconv.Itoa(i), Value: strings.Repeat("x", chunk)})
			}
			t.Containers[0].Environment[5].Value = strings.Repeat("x", last)
		}
		fill(0)
		body, err := template.Build(input(*t))
		if err != nil {
			panic(err)
		}
		fill(size - len(body))
	}
}

func with(t v1alpha1.RevisionTemplate, change func(*v1alpha1.RevisionTemplate)) v1alpha1.RevisionTemplate {
	change(&t)
	return t
}

func build(t *testing.T, in template.Input) string {
	t.Helper()
	body, err := template.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
