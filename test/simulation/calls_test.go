package simulation

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Limits for calls to AWS.
const (
	// passCalls and stackCalls limit those of one pass, including the SDK's
	// retries: a fixed number, of which a look at what a stack needs takes about
	// 14, and a number for each wanted stack.
	passCalls, stackCalls = 40, 12
	// rolloutChanges limits the changes that a rollout makes in the account,
	// including its clean-up and repairs; a change whose response is lost is
	// repeated until one isn't.
	rolloutChanges = 40
	// rolloutCalls limits its calls per poll.
	rolloutCalls = 30
)

// spent is what a rollout has cost so far.
type spent struct {
	began          time.Time
	calls, changes int
}

// counted counts a call for the rollout that it is about, and checks the
// limits.
func (o *observer) counted(at *pass, changes bool) {
	at.calls++
	imd, wanted := o.subject(at)
	if imd == nil {
		return
	}
	if most := passCalls + stackCalls*wanted; at.calls > most {
		o.fail("I6", "a pass over %s, which has %d stacks, makes more than %d calls", at.about(), wanted, most)
	}
	if imd.Status.Rollout == nil {
		return
	}
	id := at.p.cluster.name + " " + string(imd.UID) + " " + imd.Status.Rollout.ID
	s := o.costs[id]
	if s == nil {
		s = &spent{began: time.Now()}
		o.costs[id] = s
	}
	if s.calls++; changes {
		s.changes++
	}
	pairs := 1
	if slices.ContainsFunc(o.w.plan.Faults, func(f fault) bool { return f.Kind == faultTwin }) {
		pairs = 2
	}
	polls := 1 + int(time.Since(s.began)/o.w.plan.Poll)
	switch {
	case s.changes > rolloutChanges:
		o.fail("I6", "%s has changed the account %d times", id, s.changes)
	case s.calls > pairs*(400+rolloutCalls*polls):
		o.fail("I6", "%s has made %d calls within %d polls", id, s.calls, polls)
	}
}

// subject is the deployment that a pass is about, and how many of its stacks
// are wanted. Those of orphaned records count too: their owner is looked up in
// each pass until somebody has them adopted.
func (o *observer) subject(at *pass) (imd *v1alpha1.ImmutableDeployment, wanted int) {
	name, c := at.key.Name, at.p.cluster
	if imr, ok := c.find(revisions, at.key).(*v1alpha1.ImmutableRevision); ok && at.kind == revisions {
		name = imr.Labels[v1alpha1.LabelDeployment] // as it may have no owner
	}
	for _, x := range c.deployments() {
		if x.Name == name {
			imd = x
		}
	}
	if imd == nil {
		return nil, 0
	}
	for _, object := range c.list(revisions) {
		imr, _ := object.(*v1alpha1.ImmutableRevision)
		orphan := metav1.GetControllerOf(imr) == nil && imr.Labels[v1alpha1.LabelDeployment] == imd.Name
		if (orphan || metav1.IsControlledBy(imr, imd)) && imr.Spec.StackState == v1alpha1.StackPresent {
			wanted++
		}
	}
	return imd, wanted
}
