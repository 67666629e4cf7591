package rbac_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestPeople: whoever may edit a namespace writes ImmutableDeployments and their
// scale, and nothing else; whoever may view it reads them, and ImmutableRevisions.
func TestPeople(t *testing.T) {
	text, err := os.ReadFile("people/users.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string][]string{
		"viridian-editor": {
			"deploy.viridian.dev/immutabledeployments":       {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
			"deploy.viridian.dev/immutabledeployments/scale": {"get", "patch", "update"},
			"deploy.viridian.dev/immutablerevisions":         {"get", "list", "watch"},
		},
		"viridian-viewer": {
			"deploy.viridian.dev/immutabledeployments":       {"get", "list", "watch"},
			"deploy.viridian.dev/immutabledeployments/scale": {"get"},
			"deploy.viridian.dev/immutablerevisions":         {"get", "list", "watch"},
		},
	}
	got := map[string]map[string][]string{}
	parts := map[string][]string{"viridian-editor": {"admin", "edit"}, "viridian-viewer": {"view"}}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		got[role.Name] = permissions(role.Rules)
		for _, of := range []string{"admin", "edit", "view"} {
			_, is := role.Labels["rbac.authorization.k8s.io/aggregate-to-"+of]
			if is != slices.Contains(parts[role.Name], of) {
				t.Errorf("%s is part of %s: %t", role.Name, of, is)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles of people (-want +got):\n%s", diff)
	}
}

// permissions are the verbs that rules allow, by group and resource.
func permissions(rules []rbacv1.PolicyRule) map[string][]string {
	all := map[string][]string{}
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				all[path.Join(group, resource)] = append(all[path.Join(group, resource)], rule.Verbs...)
			}
		}
	}
	for _, verbs := range all {
		slices.Sort(verbs)
	}
	return all
}
