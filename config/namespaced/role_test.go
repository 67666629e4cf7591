package namespaced_test

import (
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestRole: the Role allows what the ClusterRole, which is generated from the
// code, does, but for kinds that are in no namespace. The manager reads the
// namespace itself, which a Role in that namespace allows.
func TestRole(t *testing.T) {
	var whole rbacv1.ClusterRole
	read(t, "../rbac/role.yaml", 0, &whole)
	var role rbacv1.Role
	read(t, "role.yaml", 0, &role)
	want := permissions(whole.Rules)
	maps.DeleteFunc(want, func(permission string, _ bool) bool { return strings.HasSuffix(permission, "/deploymentpolicies") })
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(permissions(role.Rules)))); diff != "" {
		t.Errorf("the Role lacks (-) or has too much (+):\n%s", diff)
	}
	if len(permissions(whole.Rules)) != len(want)+2 {
		t.Errorf("of %d permissions %d are left", len(permissions(whole.Rules)), len(want))
	}
}

// TestBinding: the manager's account has the Role, and in the whole cluster no more
// than what it needs to pass admission.
func TestBinding(t *testing.T) {
	var binding rbacv1.RoleBinding
	read(t, "role.yaml", 1, &binding)
	account := []rbacv1.Subject{{Kind: "ServiceAccount", Name: "viridian-manager", Namespace: "shop"}}
	if diff := cmp.Diff(account, binding.Subjects); diff != "" || binding.RoleRef.Kind != "Role" || binding.RoleRef.Name != "viridian-manager" {
		t.Errorf("%+v is bound to:\n%s", binding.RoleRef, diff)
	}
	var manage rbacv1.ClusterRole
	read(t, "cluster/manage.yaml", 0, &manage)
	if got := slices.Sorted(maps.Keys(permissions(manage.Rules))); !slices.Equal(got, []string{"manage deploy.viridian.dev/immutablerevisions"}) {
		t.Errorf("in the whole cluster it may %q", got)
	}
	var everywhere rbacv1.ClusterRoleBinding
	read(t, "cluster/manage.yaml", 1, &everywhere)
	if diff := cmp.Diff(account, everywhere.Subjects); diff != "" || everywhere.RoleRef.Name != manage.Name {
		t.Errorf("%+v is bound to:\n%s", everywhere.RoleRef, diff)
	}
}

// permissions are all that rules allow, each as verb, group and resource.
func permissions(rules []rbacv1.PolicyRule) map[string]bool {
	all := map[string]bool{}
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all[verb+" "+path.Join(group, resource)] = true
				}
			}
		}
	}
	return all
}

// read reads the nth object of a file, and fails for fields that it can't have.
func read(t *testing.T, file string, n int, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	documents := strings.Split(strings.TrimPrefix(string(text), "---\n"), "\n---\n")
	if len(documents) <= n {
		t.Fatalf("%s has %d objects", file, len(documents))
	}
	if err := yaml.UnmarshalStrict([]byte(documents[n]), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
