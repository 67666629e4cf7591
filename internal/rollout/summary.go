package rollout

import (
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// summarise fills in what follows from what was decided.
func (x *pass) summarise(d *Decision) Decision {
	after := newPass(x.o, x.now, d.Progress)
	after.clampStep()
	after.noteShare() // which goes with the step that it is of
	d.Progress = after.p
	d.Drifted = x.changed
	why := d.Message
	if d.Blocked != nil {
		why = d.Blocked.Message
	}
	d.Notices = slices.Concat(x.notices, d.Notices, answerWaiting(x.o.Progress.Waiting, d.Progress.Waiting, why))
	after.fill(d)
	return *d
}

// fill adds how things are after a decision. The pass is about what it remembers.
func (x *pass) fill(d *Decision) {
	p := &x.p
	d.Intended = x.intended()
	d.InSync = x.o.Route.Targets.Equal(d.Intended)
	d.Subject = p.Stable
	if r := p.Rollout; r.active() {
		d.Subject = r.Revision
		if !x.o.Deleting && !r.Outcome.Good() {
			d.Step, d.Steps = r.Step+1, len(x.plan())
		}
	}
	if r := x.o.revision(d.Subject); r != nil {
		d.Weight = x.weight(r)
	}
	d.Shadowed, d.Shadows = x.o.Route.Shadowed, x.o.Route.Shadows
	d.PartlyShadowed, d.PartlyShadows = x.o.Route.PartlyShadowed, x.o.Route.PartlyShadows
	d.Available = x.available()
	if d.Available != nil && !*d.Available {
		d.Unreached = x.unreached()
	}
	if !x.o.Deleting {
		d.Degraded = x.weakness()
		d.ScalingReason, d.ScalingMessage = x.scalingOddity()
	}
	if len(p.Retiring) > 0 || d.State == StateServing || d.State == StateGivenUp {
		d.CleaningUp = x.leftovers()
	}
}

// available tells whether what serves is healthy, and gets the requests; nil when
// nothing does or shall, or nobody looked.
func (x *pass) available() *bool {
	stable := x.stable()
	if x.isOff() || stable == nil || !stable.Health.Known && stable.Stack == v1alpha1.RevisionCreated {
		return nil
	}
	if !x.o.Route.None {
		return new(x.isAnswered())
	}
	return new(stable.Health.Healthy > 0 || x.isRelieved())
}

// isRelieved tells whether the new revision has taken all work over already, from
// an old one that gave its tasks up for that.
func (x *pass) isRelieved() bool {
	r, candidate := x.p.Rollout, x.candidate()
	if !r.undecided() || x.capacity(x.p.Stable) > 0 {
		return false
	}
	return candidate != nil && !r.VerifiedAt.IsZero() && candidate.Health.Healthy > 0
}

// weight is a revision's part of the work: of the requests, or of the tasks
// that run where there is no load balancer.
func (x *pass) weight(r *Revision) int32 {
	if !x.o.Route.None {
		return x.o.Route.Targets.Share(r.Backend)
	}
	if !x.isRolling(r.Number) {
		return 100
	}
	all := r.Health.Running
	if stable := x.stable(); stable != nil && stable.Number != r.Number {
		all += stable.Health.Running
	}
	return r.Health.Running * 100 / max(all, 1)
}
