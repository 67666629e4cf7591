package rollout

import (
	"reflect"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// checkDecision checks what may be asked, given what was seen.
func (w *walk) checkDecision(o Observation, d Decision) {
	a := d.Action
	switch a.Kind {
	case ActionProvision, ActionRemoveStack, ActionDeleteRevision, ActionScale, ActionSetScaling:
		if w.stack(a.Revision) == nil {
			w.fail("%s of the unknown revision %d", a.Kind, a.Revision)
		}
	case ActionCreateRule, ActionSetTargets:
		w.checkTargets(o, d)
	case ActionNone:
		if d.After == 0 && reflect.DeepEqual(o.Progress, d.Progress) {
			w.fail("it spins: nothing to do, nothing new, no waiting")
		}
	case ActionFinishDeletion:
		if len(o.Revisions) > 0 || o.Route.Exists && o.Route.Owned {
			w.fail("the deletion ends with %d revisions, rule %v", len(o.Revisions), o.Route)
		}
	case ActionStartGate:
		w.checkGate(d)
	case ActionCreateRevision, ActionClaimRule, ActionReleaseRule, ActionDeleteRule, ActionRetainStack, ActionRecall, ActionMarkRule:
	}
	w.checkFrozen(o, d)
	w.checkVerified(o, d)
	w.checkTasks(o, d)
	if w.refused {
		w.checkAllowed(o, d)
	}
	if o.Deleting && o.Policy.Retain && (a.Kind == ActionRemoveStack || a.Kind == ActionDeleteRule || a.Kind == ActionSetTargets) {
		w.fail("%s although everything shall stay", a.Kind)
	}
	if a.Kind == ActionCreateRevision || a.Kind == ActionProvision {
		w.checkOwners(o, d.Progress)
	}
	if a.Kind == ActionRemoveStack {
		w.checkRemoval(o, a.Revision)
	}
	if d.After < 0 || d.Phase == "" || d.Message == "" {
		w.fail("a decision without phase, message or sensible time: %+v", d)
	}
}

// checkAllowed checks that nothing new is made while a policy is taken back, and
// that it hinders nothing else.
func (w *walk) checkAllowed(o Observation, d Decision) {
	r, a := o.Progress.Rollout, d.Action
	begun := r != nil || o.Progress.Stable != 0
	makes := a.Kind == ActionCreateRevision ||
		a.Kind == ActionClaimRule && !begun && !o.Route.Inherited ||
		a.Kind == ActionCreateRule && r.undecided() && o.Progress.Stable == 0 ||
		a.Kind == ActionProvision && r.undecided() && a.Revision != o.Progress.Stable && !o.Recreate
	if makes {
		w.fail("%s although it is not allowed", a.Kind)
	}
	hindered := o.Deleting || r.active() && r.Outcome != ""
	if d.Blocked != nil && d.Blocked.Reason == v1alpha1.ReasonNotAllowed && hindered {
		w.fail("a policy hinders what is on its way back, or goes")
	}
}

// checkTargets checks a write of the rule: it must route somewhere, only to us
// or back, and no more to a new revision unless that is whole.
func (w *walk) checkTargets(o Observation, d Decision) {
	if d.Action.Kind == ActionCreateRule && o.Route.Exists || d.Action.Kind == ActionSetTargets && !o.Route.Exists {
		w.fail("%s although the rule exists: %t", d.Action.Kind, o.Route.Exists)
	}
	if len(d.Action.Targets) == 0 && !o.Recreate {
		w.fail("it routes nowhere")
	}
	for _, r := range o.Revisions {
		share := d.Action.Targets.Share(r.Backend)
		more := share > o.Route.Targets.Share(r.Backend)
		if more && r.Health.Known && r.Health.Desired == 0 && !d.Progress.Off {
			w.fail("%d%% go to %s, which has no tasks", share, r.Name)
		}
		if more && r.Number != d.Progress.Stable && !w.carries(o, d, r.Health) {
			w.fail("more traffic to %s, which is not whole: %s", r.Name, r.Health)
		}
		if more && r.Number != d.Progress.Stable && (d.Progress.Rollout == nil || d.Progress.Rollout.Revision != r.Number) {
			w.fail("more traffic to %s, which isn't rolled out", r.Name)
		}
	}
	kept := o.Route.Targets.Share(foreignGroup) > 0 && d.Progress.Rollout.active() && d.Progress.Rollout.Outcome != "" && d.Progress.Stable == 0
	if d.Action.Targets.Contains(foreignGroup) && !kept || d.Action.Targets.Contains("") {
		w.fail("it routes to %v", d.Action.Targets)
	}
}

// checkGate checks that a gate is started only where it stands.
func (w *walk) checkGate(d Decision) {
	run, r := d.Action.Run, d.Progress.Rollout
	promoted, back := r.Outcome.Good(), r.Outcome.Bad()
	if promoted != (run.At == v1alpha1.AfterPromotion) || back != (run.At == v1alpha1.OnRollback) {
		w.fail("gate %s (%s) is started in a rollout whose outcome is %q", run.Name, run.At, r.Outcome)
	}
	if run.At == v1alpha1.BeforeTraffic && w.rule.Targets.Share(w.stack(r.Revision).Backend) > 0 {
		w.fail("gate %s is started before traffic that is there", run.Name)
	}
	if run.StartedAt.After(w.now) || run.CallAt.After(w.now) {
		w.fail("gate %s is started before its time: %+v", run.Name, run)
	}
}

// checkVerified checks that no step ends, and nothing is promoted, against the
// evidence or past a gate.
func (w *walk) checkVerified(o Observation, d Decision) {
	before, after := o.Progress.Rollout, d.Progress.Rollout
	if !before.active() || before.Outcome != "" || after == nil || after.ID != before.ID || before.Cause == v1alpha1.CauseRevert {
		return
	}
	further := after.Step > before.Step && !after.Full || after.Outcome.Good()
	for _, check := range o.Analysis.Checks {
		if check.Result == v1alpha1.ResultFail && (further || after.Outcome == "") && w.blocked == nil && !o.Deleting && d.Blocked == nil && d.Drifted == "" {
			w.fail("it goes on although %s: %s", check.Name, check.Message)
		}
		if further && check.Result != v1alpha1.ResultPass && !after.Full && after.ApprovedStep <= before.Step {
			w.fail("it goes on although %s is %s", check.Name, check.Result)
		}
	}
	for _, g := range o.Gates {
		due := g.At == v1alpha1.AfterStep && after.Step > before.Step || g.At == v1alpha1.BeforePromotion && after.Outcome.Good()
		if !due || after.Full {
			continue
		}
		step := int32(0)
		if g.At == v1alpha1.AfterStep {
			step = int32(before.Step) + 1
		}
		if run := after.gateRun(g, step); run == nil || run.State == v1alpha1.GateRunning {
			w.fail("it goes past gate %s (%s)", g.Name, g.At)
		}
	}
}

// carries tells whether the new revision has what its step needs.
func (w *walk) carries(o Observation, d Decision, h Health) bool {
	need := o.DesiredCount
	if d.Progress.Stable != 0 || d.Progress.Original != "" {
		need = min(need, o.Plan[min(d.Progress.Rollout.Step, len(o.Plan)-1)].New)
	}
	return h.Known && h.Steady && h.Running >= need && h.Healthy >= need
}

// checkFrozen checks that nothing moves while it is paused, or while someone
// else's hands are on the new revision. What the namespace may not use is in the
// way of no housekeeping.
func (w *walk) checkFrozen(o Observation, d Decision) {
	before, after := o.Progress.Rollout, d.Progress.Rollout
	undecided := before.active() && before.Outcome == "" && after.Outcome == ""
	if !undecided || o.Deleting || !o.Paused && (d.Blocked == nil || d.Blocked.Awaited) {
		return
	}
	put := d.Reason == v1alpha1.ReasonRouteDrifted
	kept := d.Reason == v1alpha1.ReasonNotAllowed && slices.Contains([]ActionKind{ActionScale, ActionRemoveStack, ActionDeleteRevision}, d.Action.Kind)
	if k := d.Action.Kind; k != ActionNone && k != ActionClaimRule && !put && !kept {
		w.fail("%s although it is frozen", k)
	}
	if before.Step < after.Step || !before.StepReachedAt.Equal(after.StepReachedAt) {
		w.fail("the step goes on although it is frozen")
	}
}

// checkTasks checks that a change of tasks leaves enough of them, no more than
// the strategy allows, and only one revision's where no two may run at once.
func (w *walk) checkTasks(o Observation, d Decision) {
	a, r := d.Action, d.Progress.Rollout
	if a.Kind == ActionProvision && o.Recreate && !w.mixed {
		for _, other := range o.Revisions {
			empty := other.absent() || other.Stack == v1alpha1.RevisionFailed
			if other.Number != a.Revision && !empty {
				w.fail("%d is made while %s is there", a.Revision, other.Name)
			}
		}
	}
	if !r.active() || r.Outcome != "" || a.Kind != ActionScale && a.Kind != ActionProvision {
		kept := a.Count == 0 && o.IsKeptIdle(a.Revision) && !o.Route.Targets.Contains(o.revision(a.Revision).Backend)
		if a.Kind == ActionScale && a.Count != o.DesiredCount && !kept {
			w.fail("%d gets %d tasks, not %d", a.Revision, a.Count, o.DesiredCount)
		}
		return
	}
	stable, candidate := o.revision(d.Progress.Stable), o.revision(r.Revision)
	if stable == nil {
		return
	}
	surge, unavailable := o.DesiredCount, int32(0)
	if w.strategy != nil && w.strategy.Type == v1alpha1.StrategyRolling {
		surge, unavailable, _ = w.strategy.Rolling.Bounds(o.DesiredCount)
	}
	others := stable.Health.Desired
	if r.Step > 0 {
		others = max(others, stable.Health.Running)
	}
	switch {
	case a.Revision == candidate.Number && a.Kind == ActionScale && a.Count < min(candidate.Health.Desired, o.DesiredCount):
		w.fail("%s loses tasks in its rollout", candidate.Name)
	case a.Revision == candidate.Number && w.steady == r.ID && a.Count <= o.Plan[r.Step].New &&
		a.Count+others > o.DesiredCount+surge:
		w.fail("%d tasks beside %s are too many", a.Count, stable.Health)
	case a.Revision == stable.Number && a.Count < min(stable.Health.Desired, o.DesiredCount):
		w.checkShrink(o, *stable, *candidate, a.Count, unavailable)
	}
}

// checkShrink checks that the old revision gives up only what the new one has
// taken over.
func (w *walk) checkShrink(o Observation, stable, candidate Revision, count, unavailable int32) {
	if last := o.Plan[len(o.Plan)-1]; last.Old >= o.DesiredCount {
		w.fail("%s shrinks to %d though it is to be kept whole", stable.Name, count)
	}
	if candidate.Health.Healthy+count < o.DesiredCount-unavailable {
		w.fail("%s shrinks to %d beside %s, which leaves too few of %d", stable.Name, count, candidate.Health, o.DesiredCount)
	}
	if count == 0 && unavailable < o.DesiredCount && (o.Route.Targets.Share(stable.Backend) > 0 || w.now.Sub(w.left[stable.Number]) < o.Policy.Propagation && !o.Route.None) {
		w.fail("%s loses all tasks while it gets requests", stable.Name)
	}
}

// checkRemoval checks that no stack goes which serves or served just now.
func (w *walk) checkRemoval(o Observation, number int64) {
	s := w.stack(number)
	if o.Route.Targets.Contains(s.Backend) {
		w.fail("%s is to be removed while it is in the rule", s.Name)
	}
	due := w.policy.Propagation + drainTime
	if left, was := w.left[number]; was && !o.Route.None && w.now.Sub(left) < due {
		w.fail("%s is to be removed %s after it left the rule, not %s", s.Name, w.now.Sub(left), due)
	}
	if left, was := w.left[number]; was && w.spread > 0 && !o.Route.None && !left.Before(w.changed) && w.now.Sub(w.changed) < w.spread+due {
		w.fail("%s is to be removed %s after a change that spreads for %s, not %s", s.Name, w.now.Sub(w.changed), w.spread, w.spread+due)
	}
	if number == w.progress.Stable && !o.Deleting && (!o.Recreate || !w.progress.Rollout.active()) {
		w.fail("%s is to be removed although it serves", s.Name)
	}
}

// checkWorld checks what must hold of the world all the time.
func (w *walk) checkWorld() {
	sum := int32(0)
	for _, t := range w.rule.Targets {
		sum += t.Weight
	}
	if w.rule.Exists && sum == 0 && !w.mixed && !w.recreates() {
		w.fail("the rule routes nowhere: %v", w.rule.Targets)
	}
}

// checkOwners checks that every stack belongs to a rollout, or goes, before one
// more is asked for.
func (w *walk) checkOwners(o Observation, p Progress) {
	for _, r := range o.Revisions {
		rolled := p.Rollout != nil && (r.Number == p.Rollout.Revision || p.Rollout.active() && r.Number == p.Rollout.From)
		retiring := slices.ContainsFunc(p.Retiring, func(t Retiring) bool { return t.Revision == r.Number })
		if r.Wanted && r.Number != p.Stable && !rolled && !retiring {
			w.fail("one more stack although that of %s belongs to no rollout", r.Name)
		}
	}
}
