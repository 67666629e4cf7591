package rollout

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// correctTimes takes remembered times of the future for now.
func (x *pass) correctTimes() { x.p.correct(x.now) }

// clampStep keeps the step valid when the plan was edited meanwhile.
func (x *pass) clampStep() {
	if r, last := x.p.Rollout, len(x.plan())-1; r.active() && r.Step > last {
		r.Step = last
		r.ProvenStep = min(r.ProvenStep, r.Step) // what was proven was another step
	}
}

// noteRule keeps the ledger: what the rule routes, and since when. A revision
// that someone put back into the rule gets requests again, so its time to end
// them starts anew. While a change is pending neither time counts: it does from
// the first look that finds the change settled, since nobody knows since when it
// has been.
func (x *pass) noteRule() {
	p, observed := &x.p, x.o.Route.Targets
	unsettled := x.o.Route.Pending || p.Since.IsZero() && !x.o.Route.None
	for i, entry := range p.Retiring {
		r := x.o.revision(entry.Revision)
		if unsettled || r != nil && (observed.Contains(r.Backend) || p.Observed.Contains(r.Backend)) {
			p.Retiring[i].Since = x.now
		}
	}
	switch {
	case x.o.Route.Pending:
		p.Since = time.Time{}
	case p.Since.IsZero() || !p.Observed.Equal(observed):
		p.Since = x.now
	}
	p.Observed = slices.Clone(observed)
}

// noteCandidate keeps how a new revision is that was healthy once: since when it
// is short of tasks, how many it has proven to have, and what alarms and metrics
// say of it.
func (x *pass) noteCandidate() {
	r, candidate := x.p.Rollout, x.candidate()
	if !r.undecided() || r.VerifiedAt.IsZero() || candidate == nil {
		return
	}
	if len(x.o.Analysis.Checks) > 0 {
		r.Checks = slices.Clone(x.o.Analysis.Checks)
	}
	h := candidate.Health
	if x.isWhole(candidate) {
		r.VerifiedCount = max(r.VerifiedCount, h.Healthy)
	}
	required := min(r.VerifiedCount, x.capacity(candidate.Number))
	switch {
	case !h.Known || h.Healthy >= required && h.Running >= required:
		r.UnhealthySince = time.Time{}
	case r.UnhealthySince.IsZero():
		r.UnhealthySince = x.now
	}
}

// noteShare keeps what share of the requests the new revision got in the step
// under way. What was measured stays while nothing newer is known.
func (x *pass) noteShare() {
	r := x.p.Rollout
	if r == nil {
		return
	}
	if x.o.Share != nil {
		r.Share = x.o.Share
	}
	current := r.undecided() && !r.StepReachedAt.IsZero() && x.keepsClients() && x.stable() != nil
	if r.Share != nil && (!current || int(r.Share.Step) != r.Step+1 || r.Share.From.Time.Before(r.StepReachedAt)) {
		r.Share = nil
	}
}

// resume takes the time spent blocked out of every clock, once nothing is in
// the way any more: waiting for someone is no lack of progress, and a hold
// that nobody watched doesn't count.
func (x *pass) resume() {
	p := &x.p
	if p.BlockedSince.IsZero() {
		return
	}
	x.frozen = new(p.clone())
	lost := x.now.Sub(p.BlockedSince)
	p.BlockedSince = time.Time{}
	r := p.Rollout
	if !r.active() {
		return
	}
	r.ProgressedAt, r.StepReachedAt = later(r.ProgressedAt, lost), later(r.StepReachedAt, lost)
	if !r.UnhealthySince.IsZero() {
		r.UnhealthySince = x.now
	}
	for i := range r.Gates {
		if run := &r.Gates[i]; run.State == v1alpha1.GateRunning {
			run.StartedAt, run.CallAt = later(run.StartedAt, lost), later(run.CallAt, lost)
		}
	}
}

// later moves a time that is set.
func later(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}

// retireUnused retires stacks that no rollout comes to use: the template was
// changed again right after their revision was made, serves already by another
// stack that was taken over, or failed and isn't tried again.
func (x *pass) retireUnused() {
	p := &x.p
	for _, r := range x.o.Revisions {
		listed := slices.ContainsFunc(p.Retiring, func(t Retiring) bool { return t.Revision == r.Number })
		if r.Wanted && !x.isUsed(r.Number) && !listed {
			p.Retiring = append(p.Retiring, Retiring{Revision: r.Number, Since: x.now})
		}
	}
}

// isUsed tells whether a revision serves, or is part of the rollout under way or
// of the next one.
func (x *pass) isUsed(number int64) bool {
	p := x.p
	if next := x.o.wanted(); next != nil && next.Number == number && !x.isServed() && !x.isStuck() {
		return true
	}
	return number == p.Stable || x.isRolling(number) || p.Rollout.active() && p.Rollout.From == number
}

// clone copies what a pass may change.
func (p Progress) clone() Progress {
	if p.Rollout != nil {
		r := *p.Rollout
		r.Checks, r.Gates = slices.Clone(r.Checks), slices.Clone(r.Gates)
		p.Rollout = &r
	}
	p.Written = slices.Clone(p.Written)
	p.Observed = slices.Clone(p.Observed)
	p.Writers = slices.Clone(p.Writers)
	p.Retiring = slices.Clone(p.Retiring)
	p.Scaling = p.Scaling.clone()
	return p
}
