package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// innocent are words of failures that aren't a template's fault.
var innocent = []string{
	"Rate exceeded", "maximum number of rules", "unique target groups", "not authorized", "Access denied", "Internal error",
	"Internal Failure", "Unable to execute", "Capacity is unavailable", "already exists", "SERVICE_QUOTA", "simulated hook",
	"i/o timeout", "context deadline exceeded", "There is a connection issue",
}

// guilty are words of tasks that failed, whatever else befell others of them.
var guilty = []string{"Essential container in task exited", "CannotPullContainerError: pull image manifest", "health checks"}

// isInnocent tells whether a failure isn't a template's fault.
func isInnocent(message string) bool {
	if slices.ContainsFunc(guilty, func(words string) bool { return strings.Contains(message, words) }) {
		return false
	}
	return slices.ContainsFunc(innocent, func(words string) bool { return strings.Contains(message, words) })
}

// TestInnocent: the simulated AWS knows all causes by which resources are made to
// fail, since nothing would fail by others, and they are recognised as innocent.
func TestInnocent(t *testing.T) {
	t.Parallel()
	for kind, names := range causes {
		for _, name := range names {
			if !isInnocent(cfn.Causes[name]) {
				t.Errorf("%s: nothing tells that %q is innocent: %q", kind, name, cfn.Causes[name])
			}
		}
	}
	for name, words := range ecs.Cuts {
		if !isInnocent(words) {
			t.Errorf("nothing tells that being cut off from the %s is innocent: %q", name, words)
		}
	}
}

// refusals are the reasons for which a stack is created again.
var refusals = []string{
	v1alpha1.ReasonQuotaExceeded, v1alpha1.ReasonAccessDenied, v1alpha1.ReasonCapacityUnavailable, v1alpha1.ReasonNetworkUnavailable,
	v1alpha1.ReasonResourceConflict,
}

// checkBlame checks that a rollout which is given up because of its stack has
// one that failed, or none, and not for what AWS refused; and that a rollout
// which waited for a person or a gate a moment ago isn't given up for lack of
// progress.
func (o *observer) checkBlame(at *pass, was, now *v1alpha1.ImmutableDeployment) {
	a, b := was.Status.Rollout, now.Status.Rollout
	if b == nil || a != nil && a.ID == b.ID && a.Outcome != "" {
		return
	}
	if ready := meta.FindStatusCondition(was.Status.Conditions, v1alpha1.ConditionReady); b.Reason == v1alpha1.ReasonProgressDeadlineExceeded && ready != nil &&
		slices.Contains([]string{v1alpha1.ReasonAwaitingApproval, v1alpha1.ReasonGateRunning, v1alpha1.ReasonInconclusive}, ready.Reason) {
		o.fail("blame", "%s gives %s up, but was waiting: %s. Then: %s", now.Name, b.ID, ready.Message, b.Message)
	}
	if blocked := was.Status.BlockedBy; b.Reason == v1alpha1.ReasonProgressDeadlineExceeded && blocked != nil && slices.Contains(refusals, blocked.Reason) && was.Status.FrozenSince != nil {
		o.fail("blame", "%s gives %s up, but was blocked by %s: %s", now.Name, b.ID, blocked.Reason, blocked.Message)
	}
	if b.Reason != v1alpha1.ReasonStackFailed || o.changed[string(now.UID)] {
		return
	}
	if isInnocent(b.Message) {
		o.fail("blame", "%s gives %s up for what isn't its template's fault: %s", now.Name, b.ID, b.Message)
	}
	t := o.truth()
	for _, s := range t.stacks {
		whole := s.status == "CREATE_IN_PROGRESS" || s.status == "CREATE_COMPLETE" && !t.lost(s)
		// Of two clusters of one snapshot, the one that comes second finds the
		// other's stack under its revision's name.
		others := s.madeBy != at.p.cluster.id && strings.Contains(b.Message, "isn't this revision's")
		if s.uid == string(now.UID) && s.revision == fmt.Sprint(b.Revision) && whole && !others {
			o.fail("blame", "%s gives %s up for its stack, which is %s: %s", now.Name, b.ID, s.status, b.Message)
		}
	}
}
