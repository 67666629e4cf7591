package rollout

import (
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// adopt takes over an existing rule: first remember where it forwards to, then
// mark it as ours. One that another deployment of ours left is marked only.
func (x *decider) adopt() bool {
	rule, p := x.o.Rule, &x.d.Progress
	if !rule.Adopted && !rule.Inherited || !rule.Exists {
		return false
	}
	if rule.Adopted && p.Original == "" && x.origin() != "" {
		p.Original = x.origin()
		if rule.Original == "" {
			p.Written = slices.Clone(rule.Targets)
		}
		x.tell(v1alpha1.PhasePending, v1alpha1.ReasonShifting, "Adopting the listener rule")
		x.wait(0)
		return true
	}
	if !rule.Owned {
		x.tell(v1alpha1.PhasePending, v1alpha1.ReasonShifting, "Adopting the listener rule")
		x.act(Action{Kind: ActionClaimRule})
		return true
	}
	return false
}

// origin is the target group that an adopted rule had before: as it is marked,
// or else the one that it has, unless that is a revision's; "" if nobody knows.
func (x *decider) origin() string {
	rule := x.o.Rule
	if rule.Original != "" || len(rule.Targets) != 1 || x.routesToUs() {
		return rule.Original
	}
	return rule.Targets[0].TargetGroup
}

// drift says what someone else changed in the rule; "" if nothing. A rule that
// routes as last written is only behind; one that routes as intended, or was
// until the rollout was given up, was written by a run that crashed before it
// could remember.
func (x *decider) drift() string {
	p, rule := x.d.Progress, x.o.Rule
	switch {
	case len(p.Written) == 0 && !rule.Adopted:
		return "" // not created yet
	case !rule.Exists:
		return "The production rule was deleted"
	case rule.Targets.Equal(x.intended()), rule.Targets.Equal(p.Written):
		return ""
	case p.Rollout.active() && !p.Rollout.Outcome.Good() && rule.Targets.Equal(x.shifted(p.Rollout)), x.returning():
		return ""
	}
	return fmt.Sprintf("The production rule was changed: it routes %s, not %s", x.name(rule.Targets), x.name(p.Written))
}

// returning tells whether requests are on their way back, from a rule that shares
// them between what served and what was given up. However it came to do so, to
// go on is what everybody wants. With nothing to return to, nothing is written.
func (x *decider) returning() bool {
	if !x.backward() {
		return false
	}
	if !x.returnable() {
		return true
	}
	live, candidate := x.live(), x.o.revision(x.d.Progress.Rollout.Revision)
	return !slices.ContainsFunc(x.o.Rule.Targets, func(t Target) bool {
		return t.TargetGroup != live && (candidate == nil || t.TargetGroup != candidate.TargetGroup)
	})
}

// remember takes a rule that routes as intended for written by us: by a run that
// crashed before it could remember. What is intended changes, and then it has
// to be known.
func (x *decider) remember() {
	if rule := x.o.Rule; rule.Exists && rule.Targets.Equal(x.intended()) {
		x.d.Progress.Written = slices.Clone(rule.Targets)
	}
}

// drifted stops at, or puts right, what someone else did to the rule. What only
// leads back to what served is heard and seen all the same.
func (x *decider) drifted() bool {
	x.d.Drifted = x.drift()
	if x.d.Drifted == "" {
		x.remember()
		return false
	}
	if x.givenUp() {
		return true
	}
	if x.o.Policy.Enforce && x.backward() {
		return false // the way back writes it, once what served can take everything
	}
	if x.o.Policy.Enforce && !x.still() {
		x.d.StillBlocked = x.enforce()
		return x.d.StillBlocked
	}
	x.block(Blocked{Reason: v1alpha1.ReasonRuleDrifted, Message: x.d.Drifted, Cure: x.undrift()})
	return true
}

// backward tells whether a rollout was given up and isn't over yet.
func (x *decider) backward() bool {
	r := x.d.Progress.Rollout
	return r.active() && r.Outcome != "" && !r.Outcome.Good()
}

// givenUp gives a revision up under a rule that others changed: its template was
// taken back, or it isn't good any more. It tells whether it does.
func (x *decider) givenUp() bool {
	r := x.d.Progress.Rollout
	if !r.active() || r.Outcome != "" {
		return false
	}
	candidate := x.o.revision(r.Revision)
	if candidate == nil {
		return false
	}
	if x.superseded(r, candidate) {
		return true
	}
	return candidate.Stack == v1alpha1.RevisionCreated && !r.VerifiedAt.IsZero() && x.condemned(r, candidate)
}

// still tells whether nothing shall be moved: spec.paused, but for the way back.
func (x *decider) still() bool {
	r := x.d.Progress.Rollout
	return x.o.Paused && (!r.active() || r.Outcome == "")
}

// undrift says what to do about a rule that others changed, and where each leads.
func (x *decider) undrift() string {
	r, again := x.d.Progress.Rollout, x.name(x.intended())
	cure := fmt.Sprintf("Make it route %s again, by hand or by spec.traffic.onDrift: Enforce", again)
	if len(x.intended()) == 0 {
		cure = fmt.Sprintf("Make it route %s again, or set spec.traffic.onDrift: Enforce to have it route to the next revision that is healthy", x.name(x.d.Progress.Written))
	}
	if r.active() && r.Outcome == "" && !x.alone() {
		cure = fmt.Sprintf("To give %s-%d up: %s. To go on with it: %s",
			x.o.Name, r.Revision, x.command(v1alpha1.AnnotationAbort, x.d.Progress.Handled.Abort, r, ""), uncapitalised(cure))
	}
	return cure
}

// tampered stops a rollout whose new revision someone else laid hands on; one
// that lost its health or its stack by that is still rolled back. What serves
// is left as it is, and reported, a first revision with nothing to take its
// place included.
func (x *decider) tampered() bool {
	r := x.d.Progress.Rollout
	for _, revision := range x.o.Revisions {
		if revision.Tampered == "" {
			continue
		}
		what := revision.Name + ": " + revision.Tampered
		if x.d.Drifted == "" {
			x.d.Drifted = what
		}
		if x.rolling(revision.Number) && r.Outcome == "" && !x.alone() && revision.Hash == x.o.WantHash && revision.Stack == v1alpha1.RevisionCreated {
			if !r.VerifiedAt.IsZero() && x.condemned(r, &revision) {
				return true
			}
			x.block(Blocked{
				Reason:  v1alpha1.ReasonStackChanged,
				Message: "Someone else changed what is rolled out: " + what,
				Cure:    "Undo the change, change spec.template, or " + x.command(v1alpha1.AnnotationAbort, x.d.Progress.Handled.Abort, r, ""),
			})
			return true
		}
	}
	return false
}

// enforce writes the rule again. What was seen is remembered first: requests
// may be under way to wherever it routed. It returns false to leave the rule
// to the rollout, when that has nothing better to route to yet.
func (x *decider) enforce() bool {
	message := "Writing the production rule again: " + x.d.Drifted
	x.tell(v1alpha1.PhaseShifting, v1alpha1.ReasonRuleDrifted, message)
	if !x.o.Progress.Observed.Equal(x.o.Rule.Targets) {
		x.wait(0)
		return true
	}
	targets := x.earned(x.intended())
	if !x.safe(targets) {
		targets = split(x.live(), "", 0)
	}
	if len(targets) == 0 {
		return false
	}
	if !x.d.Progress.BlockedSince.IsZero() { // its phase is no news then
		x.d.Notices = append(x.d.Notices, Notice{Warning: true, Reason: v1alpha1.ReasonRuleDrifted, Action: "Enforce", Message: message})
	}
	x.write(targets)
	return true
}

// earned limits the new revision's part of targets to what was written for it
// before: what a step adds has to pass by gates and alarms.
func (x *decider) earned(targets Targets) Targets {
	p := x.d.Progress
	if !p.Rollout.active() || p.Rollout.Revision == p.Stable {
		return targets
	}
	candidate := x.o.revision(p.Rollout.Revision)
	if candidate == nil || targets.Share(candidate.TargetGroup) <= p.Written.Share(candidate.TargetGroup) {
		return targets
	}
	return split(x.live(), candidate.TargetGroup, p.Written.Share(candidate.TargetGroup))
}

// safe tells whether writing targets gives no more requests to a new revision
// that isn't whole.
func (x *decider) safe(targets Targets) bool {
	p := x.d.Progress
	if !p.Rollout.active() || p.Rollout.Revision == p.Stable {
		return true
	}
	candidate := x.o.revision(p.Rollout.Revision)
	if candidate == nil || targets.Share(candidate.TargetGroup) <= x.o.Rule.Targets.Share(candidate.TargetGroup) {
		return true
	}
	return candidate.Health.complete(x.capacity(candidate.Number))
}

// name writes targets with the names of revisions, as percentages.
func (x *decider) name(targets Targets) string {
	parts := make([]string, 0, len(targets))
	for _, t := range targets.normal() {
		name := t.TargetGroup
		for _, r := range x.o.Revisions {
			if r.TargetGroup == t.TargetGroup {
				name = r.Name
			}
		}
		parts = append(parts, fmt.Sprintf("%d%% to %s", targets.Share(t.TargetGroup), name))
	}
	if len(parts) == 0 {
		return "nowhere"
	}
	return list(parts)
}
