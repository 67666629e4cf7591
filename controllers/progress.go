package controllers

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
)

// stamp turns a time into one that status can hold, which knows whole seconds
// only. It rounds up, so that no wait gets shorter by it.
func stamp(t time.Time) metav1.Time {
	if whole := t.Truncate(time.Second); whole.Before(t) {
		t = whole.Add(time.Second)
	}
	return metav1.NewTime(t)
}

// timePtr is stamp for times that may be unset.
func timePtr(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

// timeOf is the time of a stamp; zero if it is unset.
func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// remembered reads the progress from status.
func remembered(status *v1alpha1.ImmutableDeploymentStatus) rollout.Progress {
	p := rollout.Progress{
		Stable: status.Stable, Reached: status.ReachedCount, ScalingSince: timeOf(status.ScalingSince), DetachedAt: timeOf(status.DetachedAt), Off: status.SwitchedOff,
	}
	if t := status.Traffic; t != nil {
		route.Remembered(t, &p)
	}
	for _, r := range status.Retiring {
		p.Retiring = append(p.Retiring, rollout.Retiring{
			Revision: r.Revision, Since: r.Since.Time, Keep: time.Duration(r.KeepSeconds) * time.Second,
		})
	}
	p.BlockedSince = timeOf(status.FrozenSince)
	p.Scaling = rememberedScaling(status.Scaling)
	p.Rollouts = status.RolloutCount
	p.Handled, p.Waiting = requestsIn(status.Handled), requestsIn(status.Waiting)
	if r := status.Rollout; r != nil {
		p.Rollout = &rollout.Rollout{
			ID: r.ID, Cause: r.Cause, Revision: r.Revision, From: r.From,
			Request: r.Request, Note: r.Note, ApprovedStep: int(r.ApprovedStep), ProvenStep: int(r.ProvenStep), Full: r.Full, Retried: r.Retried,
			StartedAt: r.StartedAt.Time, ProgressedAt: r.ProgressedAt.Time,
			VerifiedAt: timeOf(r.VerifiedAt), VerifiedCount: r.VerifiedCount, AskedCount: r.AskedCount,
			Step: int(r.Step), StepReachedAt: timeOf(r.StepReachedAt), UnhealthySince: timeOf(r.UnhealthySince),
			Outcome: r.Outcome, Reason: r.Reason, Message: r.Message,
			DecidedAt: timeOf(r.DecidedAt), FinishedAt: timeOf(r.FinishedAt),
			Checks: r.Checks, Share: r.Measured, Gates: gateRuns(r.Gates),
		}
	}
	return p
}

// remember writes the progress to status.
func remember(status *v1alpha1.ImmutableDeploymentStatus, view *deploymentView, d rollout.Decision) {
	p := d.Progress
	status.Stable, status.ReachedCount, status.ScalingSince = p.Stable, p.Reached, timePtr(p.ScalingSince)
	status.DetachedAt, status.SwitchedOff = timePtr(p.DetachedAt), p.Off
	status.FrozenSince = timePtr(p.BlockedSince)
	status.Scaling = scalingStatus(p.Scaling)
	status.RolloutCount = p.Rollouts
	status.Handled, status.Waiting = requestStatus(p.Handled), requestStatus(p.Waiting)
	status.Retiring = nil
	for _, r := range p.Retiring {
		status.Retiring = append(status.Retiring, v1alpha1.RetiringRevision{
			Revision: r.Revision, Since: stamp(r.Since), KeepSeconds: int32(r.Keep / time.Second), //nolint:gosec // at most a week
		})
	}
	status.Rollout = nil
	if r := p.Rollout; r != nil {
		status.Rollout = &v1alpha1.Rollout{
			ID: r.ID, Cause: r.Cause, Revision: r.Revision, From: r.From,
			Request: r.Request, Note: r.Note, Full: r.Full, Retried: r.Retried,
			ApprovedStep: int32(r.ApprovedStep), ProvenStep: int32(r.ProvenStep), //nolint:gosec // a plan has few steps
			StartedAt: stamp(r.StartedAt), ProgressedAt: stamp(r.ProgressedAt),
			VerifiedAt: timePtr(r.VerifiedAt), VerifiedCount: r.VerifiedCount, AskedCount: r.AskedCount,
			Step: int32(r.Step), StepReachedAt: timePtr(r.StepReachedAt), UnhealthySince: timePtr(r.UnhealthySince), //nolint:gosec // a plan has few steps
			Outcome: r.Outcome, Reason: r.Reason, Message: r.Message,
			DecidedAt: timePtr(r.DecidedAt), FinishedAt: timePtr(r.FinishedAt),
			Checks: r.Checks, Measured: r.Share, Gates: gateStatus(r.Gates),
		}
	}
	rememberTraffic(status, view, d)
}

// requestsIn reads requests from status.
func requestsIn(in *v1alpha1.HandledRequests) rollout.Requests {
	if in == nil {
		return rollout.Requests{}
	}
	return rollout.Requests(*in)
}

// requestStatus writes requests to status; nil if there are none.
func requestStatus(in rollout.Requests) *v1alpha1.HandledRequests {
	if in == (rollout.Requests{}) {
		return nil
	}
	return new(v1alpha1.HandledRequests(in))
}

// gateStatus writes the gates that were started to status.
func gateStatus(in []rollout.GateRun) []v1alpha1.GateRun {
	var out []v1alpha1.GateRun
	for _, g := range in {
		out = append(out, v1alpha1.GateRun{
			Name: g.Name, At: g.At, Step: g.Step, State: g.State, Attempt: g.Attempt, Calls: g.Calls,
			StartedAt: stamp(g.StartedAt), CallAt: timePtr(g.CallAt), EndedAt: timePtr(g.EndedAt),
			Message: g.Message, Output: g.Output,
		})
	}
	return out
}

// gateRuns reads the gates that were started from status.
func gateRuns(in []v1alpha1.GateRun) []rollout.GateRun {
	var out []rollout.GateRun
	for _, g := range in {
		out = append(out, rollout.GateRun{
			Name: g.Name, At: g.At, Step: g.Step, State: g.State, Attempt: g.Attempt, Calls: g.Calls,
			StartedAt: g.StartedAt.Time, CallAt: timeOf(g.CallAt), EndedAt: timeOf(g.EndedAt), Message: g.Message, Output: g.Output,
		})
	}
	return out
}

// rememberTraffic writes the ledger of the route to status.
func rememberTraffic(status *v1alpha1.ImmutableDeploymentStatus, view *deploymentView, d rollout.Decision) {
	if view.facts.Route.None {
		status.Traffic = nil
		return
	}
	id := view.router.ID()
	switch {
	case view.facts.Route.Inherited:
		id = "" // it is looked at closely until it is claimed
	case id == "":
		id = route.RememberedID(status.Traffic) // made in this pass, or gone
	}
	status.Traffic = route.Remember(id, &d, view.facts.Revisions)
	status.Traffic.Since = timePtr(d.Progress.Since)
}
