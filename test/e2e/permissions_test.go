package e2e_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// unseen are permissions that aren't used by requests, or not always.
var unseen = []string{
	// For API servers that don't begin a watch with the existing objects.
	"list deploy.viridian.dev/immutabledeployments",
	"list deploy.viridian.dev/deploymentpolicies",
	// Checked by the admission of owner references.
	"update deploy.viridian.dev/immutabledeployments/finalizers",
	// Checked by config/policies/revisions.yaml.
	"manage deploy.viridian.dev/immutablerevisions",
	// For repeated events.
	"patch events.k8s.io/events",
	"patch events",
}

// auditEvent is the part of an audit.k8s.io/v1 event that is read.
type auditEvent struct {
	Verb string
	User struct{ Username string }
	// ObjectRef is nil for requests without a resource.
	ObjectRef   *struct{ APIGroup, Resource, Subresource, Namespace string }
	Annotations map[string]string
}

// permissionsFit compares what the manager's roles allow with its requests:
// only what an administrator had to allow first was denied, and no unused
// permission is granted.
func (w *world) permissionsFit() {
	w.t.Helper()
	asked, refused, _ := w.requests(managerUser)
	w.Expect(slices.Compact(refused)).To(gomega.Equal([]string{"get secrets"}), "what the manager was refused")
	for _, permission := range unseen {
		asked[permission] = true
	}
	allowed := w.permissions()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(allowed)), slices.Sorted(maps.Keys(asked))); diff != "" {
		w.t.Errorf("permissions that the manager has (-) and uses (+):\n%s", diff)
	}
}

// requests reads a user's requests from the audit log: what was asked, what of it
// was refused, and about which namespaces.
func (w *world) requests(user string) (asked map[string]bool, refused []string, namespaces map[string]bool) {
	w.t.Helper()
	log, err := os.Open(cluster.auditLog)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	defer log.Close() //nolint:errcheck // nothing was written
	asked, namespaces = map[string]bool{}, map[string]bool{}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event auditEvent
		w.Expect(json.Unmarshal(lines.Bytes(), &event)).To(gomega.Succeed())
		if event.User.Username != user || event.ObjectRef == nil {
			continue // discovery is open to everybody
		}
		ref := event.ObjectRef
		permission := event.Verb + " " + path.Join(ref.APIGroup, ref.Resource, ref.Subresource)
		asked[permission], namespaces[ref.Namespace] = true, true
		if event.Annotations["authorization.k8s.io/decision"] != "allow" {
			refused = append(refused, permission)
		}
	}
	w.Expect(lines.Err()).NotTo(gomega.HaveOccurred())
	return asked, refused, namespaces
}

// permissions lists what the roles bound to the manager allow.
func (w *world) permissions() map[string]bool {
	w.t.Helper()
	var rules []rbacv1.PolicyRule
	for _, name := range []string{"viridian-manager", "viridian-metrics-auth", "viridian-webhook-secrets"} {
		var role rbacv1.ClusterRole
		w.Expect(cluster.Client.Get(w.t.Context(), client.ObjectKey{Name: name}, &role)).To(gomega.Succeed())
		rules = append(rules, role.Rules...)
	}
	var role rbacv1.Role
	key := client.ObjectKey{Namespace: managerNamespace, Name: "viridian-leader-election"}
	w.Expect(cluster.Client.Get(w.t.Context(), key, &role)).To(gomega.Succeed())
	allowed := map[string]bool{}
	for _, rule := range append(rules, role.Rules...) {
		for _, verb := range rule.Verbs {
			for _, resource := range rule.Resources {
				allowed[verb+" "+path.Join(rule.APIGroups[0], resource)] = true
			}
		}
	}
	return allowed
}
