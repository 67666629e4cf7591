package rollout

import (
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// refusedStack is a rollout whose stack AWS didn't let be created.
func refusedStack() Observation {
	o := unverified(v1alpha1.RevisionDeleting)
	o.Revisions[1].Blocked = &Blocked{Reason: v1alpha1.ReasonQuotaExceeded, Message: "no rule is free", Remedy: "Raise the quota"}
	return o
}

// However often and however long AWS is in the way of a stack, the rollout isn't
// given up for that, and each attempt has all the time that it may take.
func TestRefusedStack(t *testing.T) {
	o, now := refusedStack(), start
	for range 20 {
		for _, phase := range []v1alpha1.RevisionPhase{v1alpha1.RevisionDeleting, v1alpha1.RevisionRemoved, v1alpha1.RevisionPending} {
			o.Revisions[1].Stack = phase
			now = now.Add(10 * o.Policy.ProgressDeadline)
			d := Decide(o, now)
			if d.Blocked == nil || d.Reason != v1alpha1.ReasonQuotaExceeded || d.Progress.Rollout.Outcome != "" || d.Progress.BlockedSince.IsZero() {
				t.Fatalf("%s: %+v", phase, d)
			}
			o.Progress, o.WasBlocked = d.Progress, d.Reason
		}
		refused := o.Revisions[1].Blocked
		o.Revisions[1].Blocked, o.Revisions[1].Retried, o.Revisions[1].Stack = nil, true, v1alpha1.RevisionCreating
		for _, after := range []time.Duration{0, o.Policy.ProgressDeadline - time.Second} {
			d := Decide(o, now.Add(after))
			if d.Blocked != nil || !d.StillBlocked || d.Phase != v1alpha1.PhaseProvisioning || d.Progress.Rollout.Outcome != "" {
				t.Fatalf("an attempt that lasts %s: %+v", after, d)
			}
			o.Progress = d.Progress
		}
		now = now.Add(o.Policy.ProgressDeadline - time.Second)
		o.Revisions[1].Blocked, o.Revisions[1].Retried = refused, false
	}
	// An attempt that hangs is still given up.
	o.Revisions[1].Blocked, o.Revisions[1].Stack = nil, v1alpha1.RevisionCreating
	o.Progress = Decide(o, now).Progress
	if d := Decide(o, now.Add(o.Policy.ProgressDeadline)); d.Progress.Rollout.Reason != v1alpha1.ReasonProgressDeadlineExceeded {
		t.Errorf("%+v", d)
	}
}

// What was told before of something else isn't told on while a stack is created
// again.
func TestRetriedStackAfterPause(t *testing.T) {
	o := unverified(v1alpha1.RevisionCreating)
	o.Revisions[1].Retried, o.WasBlocked = true, v1alpha1.ReasonPaused
	if d := Decide(o, start); d.StillBlocked {
		t.Errorf("%+v", d)
	}
}

// People and another template aren't kept waiting by a stack that is refused.
func TestRefusedStackGivenUp(t *testing.T) {
	o := refusedStack()
	o.WantHash = "v3"
	if d := Decide(o, start); d.Progress.Rollout.Outcome != v1alpha1.OutcomeSuperseded {
		t.Errorf("superseded: %+v", d)
	}
	o = refusedStack()
	o.Requests.Abort = "shop-2"
	if d := Decide(o, start); d.Progress.Rollout.Outcome != v1alpha1.OutcomeAborted {
		t.Errorf("aborted: %+v", d)
	}
}

// The old revision that Recreate took away isn't given up, either, when AWS is in
// the way of bringing it back: it is said what is.
func TestRefusedWayBack(t *testing.T) {
	o := refusedStack()
	o.Recreate = true
	o.Revisions[0].Stack, o.Revisions[0].Backend, o.Revisions[0].Health = v1alpha1.RevisionPending, "", Health{}
	o.Revisions[0].Blocked = &Blocked{Reason: v1alpha1.ReasonAccessDenied, Message: "denied", Remedy: "Allow it"}
	o.Revisions[1].Wanted, o.Revisions[1].Stack = false, v1alpha1.RevisionRemoved
	o.Progress.Rollout.Outcome, o.Progress.Rollout.Reason, o.Progress.Rollout.DecidedAt = v1alpha1.OutcomeRolledBack, v1alpha1.ReasonUnhealthy, ago(time.Hour)
	d := Decide(o, start.Add(10*o.Policy.ProgressDeadline))
	if d.Phase != v1alpha1.PhaseRollingBack || d.Blocked == nil || d.Blocked.Remedy != "Allow it" || d.Progress.Stable != 1 || d.Progress.Rollout.Outcome != v1alpha1.OutcomeRolledBack {
		t.Errorf("%+v", d)
	}
}

// Nor is the new one given up while AWS doesn't let the old one be removed.
func TestRefusedRoom(t *testing.T) {
	o := unverified(v1alpha1.RevisionPending)
	o.Recreate, o.Route.Targets, o.Progress.Written, o.Progress.Observed = true, nil, nil, nil
	o.Revisions[0].Wanted, o.Revisions[0].Stack = false, v1alpha1.RevisionDeleting
	o.Revisions[1].Wanted = false
	o.Revisions[0].Blocked = &Blocked{Reason: v1alpha1.ReasonAccessDenied, Message: "denied", Remedy: "Allow it"}
	d := Decide(o, start.Add(10*o.Policy.ProgressDeadline))
	if d.Blocked == nil || d.Progress.Rollout.Outcome != "" {
		t.Errorf("%+v", d)
	}
}

// An abort is heard while the rule isn't as it was written: whoever sent all requests
// back by hand doesn't have to put the rule right first.
func TestAbortInDrift(t *testing.T) {
	o := asked(rolling(1, time.Hour), Requests{Abort: "shop-2"}, func(o *Observation) { o.Route.Targets = to1() })
	if d := Decide(o, start); d.Progress.Rollout.Outcome != v1alpha1.OutcomeAborted || d.Blocked != nil {
		t.Errorf("%s, blocked by %+v, outcome %q", d.Message, d.Blocked, d.Progress.Rollout.Outcome)
	}
}
