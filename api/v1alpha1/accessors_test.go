package v1alpha1

import "testing"

// An image's repository is what registries are compared with, whatever is left
// out.
func TestRepositoryOf(t *testing.T) {
	for image, want := range map[string]string{
		"nginx":                            "docker.io/library/nginx",
		"nginx:1.29":                       "docker.io/library/nginx",
		"docker.io/nginx:1":                "docker.io/library/nginx",
		"datadog/agent:7":                  "docker.io/datadog/agent",
		"localhost/a:1":                    "localhost/a",
		"registry.example.com:5000/a/b":    "registry.example.com:5000/a/b",
		"registry.example.com:5000/a/b:c":  "registry.example.com:5000/a/b",
		"public.ecr.aws/example/agent@sha": "public.ecr.aws/example/agent",
		"gcr.io/a:1@sha256:0":              "gcr.io/a",
	} {
		if got := RepositoryOf(image); got != want {
			t.Errorf("%s: got %s, want %s", image, got, want)
		}
	}
}

func TestAllowsTag(t *testing.T) {
	some := ImagePolicy{ForeignTags: TagDeny, ForeignRegistries: []string{"public.ecr.aws/datadog", "docker.io/library"}}
	for image, want := range map[string]bool{
		"public.ecr.aws/datadog/agent:7": true, "public.ecr.aws/datadog2/agent:7": false, "nginx:1": true, "datadog/agent:7": false,
		"evil.example.com/public.ecr.aws/datadog/agent:7": false,
	} {
		if got := some.AllowsTag(image); got != want {
			t.Errorf("%s: %t", image, got)
		}
	}
	if all := (&ImagePolicy{ForeignTags: TagAllow}); !all.AllowsTag("datadog/agent:7") {
		t.Error("Allow allows nothing")
	}
}
