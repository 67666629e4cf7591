package kubernetes_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// bob's manifest has what alice's omits.
const bobs = `apiVersion: deploy.viridian.dev/v1alpha1
kind: ImmutableDeployment
metadata:
  name: checkout
  namespace: two-managers
  labels: {team: bob}
spec:
  desiredCount: COUNT
  progressDeadlineSeconds: 1800
`

// TestTwoManagers: two people each apply a part, server-side and without force,
// before and after rollouts, without conflicts between them or with the
// controller.
func TestTwoManagers(t *testing.T) {
	t.Parallel()
	applied := 0
	compared(t, "kubectl apply --server-side by two managers beside the controller", &applied, "no conflict, kubectl diff is empty")
	s := newStory(t, "two-managers")
	imd := s.canary("1")
	imd.Spec.DesiredCount, imd.Spec.ProgressDeadlineSeconds = nil, nil
	// The diff is only meaningful while nothing is in progress: it includes
	// status.
	diff := func(manager, path string) {
		if status, _ := judge(s.live()); status == kstatus.CurrentStatus {
			kubectl(t, "diff", "--server-side", "--field-manager="+manager, "-f", path)
		}
	}
	alice := func(tag string) {
		applied++
		imd.Spec.Template.Containers[0].Image = image(tag)
		path := s.write(imd)
		kubectl(t, "apply", "--server-side", "--field-manager=alice", "-f", path)
		diff("alice", path)
	}
	bob := func(count string) {
		applied++
		path := filepath.Join(t.TempDir(), "bob.yaml")
		s.Expect(os.WriteFile(path, []byte(strings.Replace(bobs, "COUNT", count, 1)), 0o600)).To(gomega.Succeed())
		kubectl(t, "apply", "--server-side", "--field-manager=bob", "-f", path)
		diff("bob", path)
	}
	alice("1")
	bob("2")
	s.phase(v1alpha1.PhaseComplete)
	alice("1")
	bob("3")
	s.phase(v1alpha1.PhaseComplete)
	alice("2")
	s.blocked(v1alpha1.ReasonAwaitingApproval)
	bob("2")
	alice("2")
	s.press("promote-full")
	s.ended(v1alpha1.OutcomeFastPromoted, 2)
	alice("2")
	bob("2")
	s.owned(map[string][]string{
		"alice": {"f:spec"}, "bob": {"f:metadata/f:labels", "f:spec"},
		"manager": {"f:metadata/f:finalizers"}, "manager/status": {"f:status"},
	})
}

// owned checks which fields the managers of the deployment own.
func (s *story) owned(want map[string][]string) {
	s.t.Helper()
	got := map[string][]string{}
	for _, entry := range s.live().GetManagedFields() {
		name := entry.Manager
		if entry.Subresource != "" {
			name += "/" + entry.Subresource
		}
		if _, known := want[name]; !known && entry.Manager != "manager" {
			continue // the client that pressed the buttons
		}
		var fields map[string]map[string]any
		s.Expect(json.Unmarshal(entry.FieldsV1.Raw, &fields)).To(gomega.Succeed())
		for field, inner := range fields {
			if field != "f:metadata" {
				got[name] = append(got[name], field)
				continue
			}
			for part := range inner {
				got[name] = append(got[name], field+"/"+part)
			}
		}
		slices.Sort(got[name])
	}
	s.Expect(got).To(gomega.Equal(want))
}
