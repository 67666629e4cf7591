package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Where an autoscaler sets the number of tasks, it owns it. A rollout needs two
// things of it. The new revision has to have the tasks for the load that the old
// one carries: the count is the live one, and services are only set upwards. And no
// side may lose tasks for want of load while the other one has that: scale-in is
// suspended. Whether it is follows from the state that the deployment is in, and not
// from a step that could be missed, so nothing stays suspended after a crash.

// Limits bound the number of tasks that an autoscaler sets.
type Limits struct {
	Min, Max int32
}

// Suspension is which of its activities an autoscaler doesn't do.
type Suspension struct {
	In, Out, Scheduled bool
}

// Autoscaler is what sets the desired count of a service, as observed.
type Autoscaler struct {
	Limits
	Suspended Suspension
}

// Scaling is what is remembered of autoscalers.
type Scaling struct {
	// Count is how many tasks the application needs: see LiveCount.
	Count int32
	// Limits of spec that were written last.
	Limits Limits
}

// clone copies what a pass may change.
func (s *Scaling) clone() *Scaling {
	if s == nil {
		return nil
	}
	return new(*s)
}

// LiveCount is how many tasks the application needs now: spec.desiredCount, where
// no autoscaler decides that. Where one does, it is as many as the stable revision
// is asked to run and, in a rollout, the most that it needed since that began, which
// the new revision's autoscaler may tell: see withCandidate.
func (o *Observation) LiveCount(plan func(count int32) Plan) int32 {
	stable := o.revision(o.Progress.Stable)
	if o.DesiredCount == 0 || o.Scaling == nil && !stable.isScaled() {
		return o.DesiredCount
	}
	limits := o.limitsOf(stable)
	count := limits.clamp(o.countOf(stable))
	if candidate := o.candidate(); candidate.isScaled() && candidate.runs() {
		return min(o.withCandidate(count, plan), max(limits.Max, count))
	}
	return count
}

// withCandidate is a count once the new revision has more tasks than the rollout asked
// of it, because its autoscaler added some. With all of the tasks it tells the count
// itself. Of a queue it does a part like any other task. With a part of the requests
// it stands for as many in all as plan gives such a part of, but nobody concludes from
// it that more than twice as many are needed: of one task, any is the double. What was
// seen before was concluded from before.
func (o *Observation) withCandidate(count int32, plan func(count int32) Plan) int32 {
	r, has := o.Progress.Rollout, o.candidate().Health.Desired
	step := stepOf(plan(count), r.Step)
	more := has - max(step.New, r.AskedCount)
	switch {
	case o.leavesAlone(&o.Progress) || step.New >= count:
		return max(count, has)
	case more <= 0 || o.Route.None && step.Weight == 0:
		return count
	case o.Route.None:
		return count + more
	}
	for most := 2 * count; count < most && stepOf(plan(count), r.Step).New < has; {
		count++
	}
	return count
}

// countOf is how many tasks the stable revision says that are needed.
func (o *Observation) countOf(stable *Revision) int32 {
	count := o.rememberedCount(stable)
	if !stable.isScaled() || !stable.runs() || o.isShrunk(stable) {
		return count
	}
	if o.Progress.Rollout.active() {
		return max(count, stable.Health.Desired)
	}
	return stable.Health.Desired
}

// rememberedCount is the count that was needed last. Without one, and while what
// serves has no autoscaler, it is spec.desiredCount.
func (o *Observation) rememberedCount(stable *Revision) int32 {
	fixed := stable != nil && !stable.isScaled() && !o.Progress.Rollout.active()
	if o.Progress.Scaling == nil || fixed {
		return o.DesiredCount
	}
	return cmp.Or(o.Progress.Scaling.Count, o.DesiredCount)
}

// limitsOf bound the count: those that the autoscaler has, which schedules may have
// changed, unless those in spec were changed since.
func (o *Observation) limitsOf(stable *Revision) Limits {
	switch {
	case stable != nil && stable.Autoscaler != nil && (o.Scaling == nil || o.Progress.Scaling != nil && o.Progress.Scaling.Limits == *o.Scaling):
		return stable.Autoscaler.Limits
	case o.Scaling != nil:
		return *o.Scaling
	}
	return Limits{Min: 1, Max: maxCount}
}

// maxCount is how many tasks a service can have.
const maxCount = 5000

// clamp brings a count within the limits. A service isn't scaled to none by that.
func (l Limits) clamp(count int32) int32 { return max(min(count, l.Max), l.Min, 1) }

// isScaled tells whether the revision's count is an autoscaler's to set: one of its
// stack, though somebody may have taken that away, or one that was put there.
func (r *Revision) isScaled() bool { return r != nil && (r.Scales || r.Autoscaler != nil) }

// hasPolicies tells whether its template says how it is scaled.
func (r *Revision) hasPolicies() bool { return r != nil && r.Scales }

// isLeft tells whether its count is left to an autoscaler: what was put there by hand
// isn't helped either, and while nobody knows, nothing is taken for not scaled.
func (r *Revision) isLeft(up bool) bool {
	if r.Scales {
		return !up
	}
	return r.Autoscaler != nil || r.AutoscalerPending
}

// isStill tells whether no autoscaler sets its count now, so that tasks that are
// taken away stay away. One that was put there by hand isn't suspended.
func (r *Revision) isStill() bool {
	all := Suspension{true, true, true}
	return !r.Scales || !r.AutoscalerPending && (r.Autoscaler == nil || r.Autoscaler.Suspended == all)
}

// runs tells whether its service has tasks, as far as is known.
func (r *Revision) runs() bool {
	return r.isThere() && r.Health.Desired > 0
}

// isShrunk tells whether the strategy took tasks from the stable revision, so that
// its count says nothing of the load.
func (o *Observation) isShrunk(stable *Revision) bool {
	return stable.Scales && stable.Autoscaler != nil && stable.Autoscaler.Suspended.Out
}

// candidate is the revision of a rollout that isn't over; nil if there is none.
func (o *Observation) candidate() *Revision {
	if !o.Progress.Rollout.active() {
		return nil
	}
	return o.revision(o.Progress.Rollout.Revision)
}

// stepOf is the step that a rollout is at, or the last one if the plan has got
// shorter.
func stepOf(plan Plan, step int) Step { return plan[min(step, len(plan)-1)] }

// suspension is what a revision's autoscaler shall not do now; known is false for
// those that are left as they are. Where the strategy takes tasks away, it does
// nothing. Where the strategy adds them in parts, no schedule does: its count is for
// all of them.
func (x *pass) suspension(r *Revision) (s Suspension, known bool) {
	if !r.Scales {
		return s, false
	}
	count, decided := x.count(r)
	switch {
	case decided && x.isLess(r, count):
		return Suspension{true, true, true}, true
	case x.p.Rollout.active() && (r.Number == x.p.Rollout.Revision || r.Number == x.p.Stable):
		return Suspension{In: true, Scheduled: decided && count < x.o.DesiredCount}, true
	case r.Number == x.p.Stable:
		return Suspension{}, true
	}
	return s, false
}

// isLess tells whether a revision shall have fewer tasks than the application needs,
// or none: those are the strategy's to take. One that is rolled out grows.
func (x *pass) isLess(r *Revision, count int32) bool {
	grows := x.p.Rollout.undecided() && r.Number == x.p.Rollout.Revision
	return x.isOff() || count < x.o.DesiredCount && !grows
}

// noteScaling keeps how many tasks the application needs, and which limits are in
// effect. Though spec has no scaling any more, they are the autoscaler's as long as
// one takes part in the rollout.
func (x *pass) noteScaling() {
	candidate := x.candidate()
	if x.o.Scaling == nil && !x.stable().hasPolicies() && !candidate.hasPolicies() {
		x.p.Scaling = nil
		return
	}
	if x.p.Scaling == nil {
		x.p.Scaling = &Scaling{}
	}
	if !x.isOff() {
		x.p.Scaling.Count = x.o.DesiredCount
	}
	if r := x.p.Rollout; r.undecided() && candidate != nil && candidate.Health.Known {
		r.AskedCount = max(r.AskedCount, candidate.Health.Desired)
	}
	if x.o.Scaling != nil && x.areWritten(*x.o.Scaling) {
		x.p.Scaling.Limits = *x.o.Scaling
	}
}

// areWritten tells whether all autoscalers that count have these limits.
func (x *pass) areWritten(limits Limits) bool {
	return !slices.ContainsFunc(x.o.Revisions, func(r Revision) bool {
		_, known := x.suspension(&r)
		return known && (r.Autoscaler == nil || r.Autoscaler.Limits != limits)
	})
}

// setScaling has autoscalers suspended, resumed or bounded as they shall be.
func (x *pass) setScaling() *Action {
	for i := range x.o.Revisions {
		r := &x.o.Revisions[i]
		want, known := x.suspension(r)
		if !known || r.Autoscaler == nil || r.Stack != v1alpha1.RevisionCreated {
			continue
		}
		if limits := x.dueLimits(r); r.Autoscaler.Suspended != want || limits != nil {
			return &Action{Kind: ActionSetScaling, Revision: r.Number, Suspended: want, Limits: limits}
		}
	}
	return nil
}

// dueLimits are those that a revision's autoscaler gets now; nil if it keeps its own.
// Schedules change them, so where there are any, those in spec are written once. One
// with fewer tasks than they allow would add tasks at once, which are the strategy's
// to add.
func (x *pass) dueLimits(r *Revision) *Limits {
	limits, is := x.newLimits(r), r.Autoscaler.Limits
	if count, decided := x.count(r); limits == nil || is == *limits || decided && count < x.o.DesiredCount {
		return nil
	}
	written := x.p.Scaling != nil && x.p.Scaling.Limits == *x.o.Scaling
	if !r.Scheduled || !written || x.isRolling(r.Number) && is.Min < limits.Min {
		return limits
	}
	return nil
}

// newLimits are those that a new stack begins with: those that schedules gave the
// stable revision, if the new one has schedules, too.
func (x *pass) newLimits(next *Revision) *Limits {
	if x.o.Scaling == nil || !next.Scales {
		return nil
	}
	limits, stable := *x.o.Scaling, x.stable()
	if s := x.p.Scaling; stable != nil && stable.Autoscaler != nil && stable.Scheduled && next.Scheduled && s != nil && s.Limits == limits {
		limits = stable.Autoscaler.Limits
	}
	return &limits
}

// limitsFor are those of a new stack that begins with so many tasks.
func (x *pass) limitsFor(next *Revision, count int32) *Limits {
	limits := x.newLimits(next)
	if limits != nil {
		limits.Min = min(limits.Min, max(count, 1))
	}
	return limits
}

// resumeScaling resumes what is suspended before everything is left as it is. It is
// asked for again and again until the rule is released, which is remembered.
func (x *pass) resumeScaling() *Decision {
	for _, r := range x.o.Revisions {
		if r.AutoscalerPending {
			return x.poll(leaving())
		}
		if r.Scales && !r.Retained && r.Stack == v1alpha1.RevisionCreated && r.Autoscaler != nil && r.Autoscaler.Suspended != (Suspension{}) {
			return x.do(leaving(), Action{Kind: ActionSetScaling, Revision: r.Number})
		}
	}
	return nil
}

// blockOnAutoscaler doesn't let a rollout start that would lose an autoscaler which
// was put on the service by hand: the next revision's service has another name.
func (x *pass) blockOnAutoscaler() *Decision {
	stable := x.stable()
	if stable == nil || stable.Autoscaler == nil || stable.Scales || x.o.Scaling != nil {
		return nil
	}
	return x.block(Blocked{
		Reason:  v1alpha1.ReasonAutoscalerByHand,
		Message: fmt.Sprintf("The rollout can't start: %s, and the next revision would not be", byHand(stable)),
		Remedy: fmt.Sprintf("Have all revisions scaled by spec.scaling: {min: %d, max: %d} and spec.template.scaling, "+
			"or take the scalable target away (aws application-autoscaling deregister-scalable-target), and spec.desiredCount counts again",
			stable.Autoscaler.Min, stable.Autoscaler.Max),
	})
}

func byHand(r *Revision) string {
	return fmt.Sprintf("the service of %s is scaled by Application Auto Scaling (%d to %d tasks), which spec.scaling doesn't say",
		r.Name, r.Autoscaler.Min, r.Autoscaler.Max)
}

// scalingOddity tells what of autoscaling isn't as spec says, without harm; ""
// if nothing.
func (x *pass) scalingOddity() (reason, message string) {
	stable := x.stable()
	switch {
	case !stable.isScaled() || stable.AutoscalerPending || !stable.Health.Known || stable.Health.Gone:
		return "", ""
	case stable.Autoscaler == nil:
		return v1alpha1.ReasonAutoscalerMissing, fmt.Sprintf("Somebody took the scalable target of %s away: its %d tasks are left alone, "+
			"and nothing scales them until spec.template is changed", stable.Name, stable.Health.Desired)
	case !stable.Scales:
		return v1alpha1.ReasonAutoscalerByHand, "The" + strings.TrimPrefix(byHand(stable), "the") + "; its count is left alone"
	}
	return "", ""
}
