package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// That a pinned secret has become rotated is told once for each revision.
func TestRotatedIsToldOnce(t *testing.T) {
	of := func(revision, warning string) *v1alpha1.ImmutableDeploymentStatus {
		return &v1alpha1.ImmutableDeploymentStatus{Configuration: &v1alpha1.ConfigurationStatus{
			Revision: revision, Entries: []v1alpha1.ConfigurationReference{{Container: "app", Name: "DB", Warning: warning}, {Container: "app", Name: "OTHER"}},
		}}
	}
	none := &v1alpha1.ImmutableDeploymentStatus{}
	for name, c := range map[string]struct {
		before, after *v1alpha1.ImmutableDeploymentStatus
		told          int
	}{
		"nothing is compared": {none, none, 0},
		"not rotated":         {none, of("web-1", ""), 0},
		"rotated now":         {of("web-1", ""), of("web-1", "rotated"), 1},
		"told before":         {of("web-1", "rotated"), of("web-1", "rotated"), 0},
		"another revision":    {of("web-1", "rotated"), of("web-2", "rotated"), 1},
		"compared first":      {none, of("web-1", "rotated"), 1},
	} {
		got := announcements(c.before, c.after)
		if len(got) != c.told || c.told == 1 && (got[0].kind != corev1.EventTypeWarning || got[0].reason != v1alpha1.ReasonSecretRotated || got[0].message != "DB of container app in "+c.after.Configuration.Revision+": rotated") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
