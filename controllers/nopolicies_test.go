package controllers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// TestWithoutPolicies: a manager that may read neither policies nor its namespace
// asks for none of them, and rolls out what a policy would refuse.
func TestWithoutPolicies(t *testing.T) {
	w := newWorld(t)
	w.policy(func(p *v1alpha1.DeploymentPolicySpec) { p.Clusters = []string{"another"} })
	var asked atomic.Int32
	w.startAs(&setup{noPolicies: true, unread: true, refuse: func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/deploymentpolicies") || strings.HasSuffix(r.URL.Path, "/namespaces/"+w.namespace) {
			asked.Add(1)
			return true
		}
		return false
	}})
	imd := w.deployment("1")
	w.create(imd)
	w.Eventually(func() bool { // not only at the end: a watch that fails holds all up
		return asked.Load() > 0 || w.get(imd).Status.Phase == v1alpha1.PhaseComplete
	}).Should(gomega.BeTrue(), func() string { return w.explain() })
	w.Expect(asked.Load()).To(gomega.BeZero(), "requests for policies and namespaces")
}
