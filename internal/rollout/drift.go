package rollout

import (
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// rememberOrigin remembers where an existing rule forwards to that is taken over,
// before it is marked as ours.
func (x *pass) rememberOrigin() *Decision {
	rule := x.o.Route
	if !rule.Adopted || !rule.Exists || x.p.Original != "" || x.origin() == "" {
		return nil
	}
	d := x.again(adopting())
	d.Progress.Original, d.Progress.OriginalIdle = x.origin(), rule.OriginalIdle
	if rule.Original == "" {
		d.Progress.OriginalIdle = rule.Targets.idle()
	}
	if rule.Original == "" || len(x.p.Written) == 0 && x.sharesWithOurs() {
		d.Progress.Written = slices.Clone(rule.Targets)
	}
	return d
}

// sharesWithOurs tells whether an adopted rule that is marked forwards to where it
// did before and to revisions, and to nothing else: as a rollout left it that
// nobody remembers.
func (x *pass) sharesWithOurs() bool {
	return !slices.ContainsFunc(x.o.Route.Targets.normal(), func(t Target) bool {
		return t.Backend != x.o.Route.Original &&
			!slices.ContainsFunc(x.o.Revisions, func(r Revision) bool { return r.Backend == t.Backend })
	})
}

// claimRule marks an existing rule as ours. One that another deployment of ours
// left is marked only.
func (x *pass) claimRule() *Decision {
	rule := x.o.Route
	if !rule.Adopted && !rule.Inherited || !rule.Exists || rule.Owned {
		return nil
	}
	return x.do(adopting(), Action{Kind: ActionClaimRule})
}

func adopting() words {
	return words{v1alpha1.PhasePending, v1alpha1.ReasonShifting, "Adopting the listener rule"}
}

// origin is the backend that an adopted route had before: as it is marked,
// or else the one that gets all requests, unless that is a revision's; "" if
// nobody knows.
func (x *pass) origin() string {
	rule := x.o.Route
	serving := rule.Targets.normal()
	if rule.Original != "" || len(serving) != 1 || x.routesToUs() {
		return rule.Original
	}
	return serving[0].Backend
}

// noteDrift keeps what someone else changed in the rule.
func (x *pass) noteDrift() { x.changed = x.drift() }

// drift says what someone else changed in the rule; "" if nothing. A rule that
// routes as last written is only behind; one that routes as intended, or was
// until the rollout was given up, was written by a run that crashed before it
// could remember.
func (x *pass) drift() string {
	p, rule := x.p, x.o.Route
	switch {
	case len(p.Written) == 0 && !rule.Adopted:
		return "" // not created yet
	case !rule.Exists:
		return "The production rule was deleted: no requests reach " + x.served()
	case rule.Targets.Equal(x.intended()), rule.Targets.Equal(p.Written):
		return ""
	case p.Rollout.active() && !p.Rollout.Outcome.Good() && rule.Targets.Equal(x.shifted(p.Rollout)), x.isBetween():
		return ""
	}
	return fmt.Sprintf("The production rule was changed: it routes %s, not %s", x.nameTargets(rule.Targets), x.nameTargets(p.Written))
}

// isBetween tells whether requests are on their way back, from a rule that shares
// them between what served and what was given up. However it came to do so, to
// go on is what everybody wants. With nothing to return to, nothing is written.
func (x *pass) isBetween() bool {
	if !x.isReturning() {
		return false
	}
	if !x.canReturn() {
		return true
	}
	live, candidate := x.live(), x.candidate()
	return !slices.ContainsFunc(x.o.Route.Targets, func(t Target) bool {
		return t.Backend != live && (candidate == nil || t.Backend != candidate.Backend)
	})
}

// noteWritten takes a rule that routes as intended for written by us: by a run
// that crashed before it could remember. What is intended changes, and then it
// has to be known.
func (x *pass) noteWritten() {
	if rule := x.o.Route; x.changed == "" && rule.Exists && rule.Targets.Equal(x.intended()) {
		x.p.Written = slices.Clone(rule.Targets)
	}
}

// giveUpInDrift gives a revision up under a rule that others changed: its
// template was taken back, or it isn't good any more.
func (x *pass) giveUpInDrift() *Decision {
	candidate := x.candidate()
	if x.changed == "" || !x.p.Rollout.undecided() || candidate == nil {
		return nil
	}
	if x.isSuperseded(candidate) {
		return x.supersede()
	}
	return x.failIfBad()
}

// mayEnforce tells whether a rule that others changed is written again: while
// nothing shall move it isn't.
func (x *pass) mayEnforce() bool { return x.o.Policy.Enforce && !x.isStill() }

// enforceRule writes a rule again that others changed. What was seen is
// remembered first: requests may be under way to wherever it routed. The rule is
// left to a rollout that is given up, whose way back writes it once what served
// can take everything, or that has nothing better to route to yet.
func (x *pass) enforceRule() *Decision {
	if x.changed == "" || !x.mayEnforce() || x.isReturning() {
		return nil
	}
	w := words{v1alpha1.PhaseShifting, v1alpha1.ReasonRouteDrifted, "Writing the production rule again: " + x.changed}
	if !x.o.Progress.Observed.Equal(x.o.Route.Targets) {
		d := x.again(w)
		d.StillBlocked = true
		return d
	}
	targets := x.capAtApproved(x.intended())
	if !x.isSafe(targets) {
		targets = split(x.live(), "", 0)
	}
	if len(targets) == 0 {
		return nil
	}
	d := x.write(w, targets)
	d.StillBlocked = true
	if !x.p.BlockedSince.IsZero() { // its phase is no news then
		d.Notices = []Notice{{Warning: true, Reason: w.reason, Action: "Enforce", Message: w.message}}
	}
	return d
}

// blockOnDrift stops at what someone else did to the rule.
func (x *pass) blockOnDrift() *Decision {
	if x.changed == "" || x.mayEnforce() {
		return nil
	}
	d := x.block(Blocked{Reason: v1alpha1.ReasonRouteDrifted, Message: x.changed, Remedy: x.remedyOfDrift()})
	if x.isRuleLost() {
		d.Phase = v1alpha1.PhaseUnavailable
	}
	return d
}

// remedyOfDrift says what to do about a rule that others changed, and where each
// leads.
func (x *pass) remedyOfDrift() string {
	r, intended := x.p.Rollout, x.intended()
	enforce := command.Patch(x.o.Namespace, x.o.Name, `{"traffic":{"onDrift":"Enforce"}}`)
	remedy := fmt.Sprintf("Have it route %s again, now and whenever others change it: %s", x.nameTargets(intended), enforce)
	switch rule := x.o.Route; {
	case x.isRuleLost():
		remedy = fmt.Sprintf("Create the rule anew: %s; to have that done whenever it is deleted: %s", x.restoring(), enforce)
	case len(intended) == 0:
		remedy = fmt.Sprintf("Make it route %s again, or have it route to the next revision that is healthy: %s", x.nameTargets(x.p.Written), enforce)
	case rule.Exists && rule.Plain:
		remedy += "; or once, by hand: " + command.ModifyRule(rule.ID, shares(intended))
	case rule.Exists:
		remedy += ". The rule is " + rule.ID + ": it does more than forward, so don't replace its actions by hand"
	}
	if r.undecided() && !x.hasNoWayBack() {
		remedy = fmt.Sprintf("To abort the rollout of %s-%d: %s. To continue, %s",
			x.o.Name, r.Revision, x.command(v1alpha1.AnnotationAbort, x.p.Handled.Abort, r, ""), uncapitalised(remedy))
	}
	return remedy
}

// shares are targets as a command writes them.
func shares(targets Targets) []command.Share {
	out := make([]command.Share, 0, len(targets))
	for _, t := range targets {
		out = append(out, command.Share{TargetGroupARN: t.Backend, Weight: t.Weight})
	}
	return out
}

// capAtApproved limits the new revision's part of targets to what was written for
// it before: what a step adds has to pass by gates and alarms.
func (x *pass) capAtApproved(targets Targets) Targets {
	candidate := x.candidate()
	if !x.p.Rollout.active() || x.p.Rollout.Revision == x.p.Stable || candidate == nil {
		return targets
	}
	approved := x.p.Written.Share(candidate.Backend)
	if targets.Share(candidate.Backend) <= approved {
		return targets
	}
	return split(x.live(), candidate.Backend, approved)
}

// isSafe tells whether writing targets gives no more requests to a new revision
// that isn't whole.
func (x *pass) isSafe(targets Targets) bool {
	candidate := x.candidate()
	if !x.p.Rollout.active() || x.p.Rollout.Revision == x.p.Stable || candidate == nil ||
		targets.Share(candidate.Backend) <= x.o.Route.Targets.Share(candidate.Backend) {
		return true
	}
	return x.isWhole(candidate)
}

// noteTampering keeps what someone else did to a stack. What serves is left as
// it is, and reported.
func (x *pass) noteTampering() {
	for _, r := range x.o.Revisions {
		if r.Tampered != "" && x.changed == "" {
			x.changed = r.Name + ": " + r.Tampered
		}
	}
}

// isTampered tells whether someone else laid hands on the new revision. One that
// has nothing to take its place isn't stopped for that.
func (x *pass) isTampered() bool {
	candidate := x.candidate()
	return x.p.Rollout.undecided() && candidate != nil && candidate.Tampered != "" && !x.hasNoWayBack() &&
		candidate.Hash == x.o.WantHash && candidate.Stack == v1alpha1.RevisionCreated
}

// failTampered fails a new revision that lost its health by what others did.
func (x *pass) failTampered() *Decision {
	if !x.isTampered() {
		return nil
	}
	return x.failIfBad()
}

// blockOnTampering stops a rollout whose new revision someone else laid hands on.
func (x *pass) blockOnTampering() *Decision {
	if !x.isTampered() {
		return nil
	}
	candidate := x.candidate()
	return x.block(Blocked{
		Reason:  v1alpha1.ReasonStackChanged,
		Message: "Someone else changed what is rolled out: " + candidate.Name + ": " + candidate.Tampered,
		Remedy:  "Undo the change, change spec.template, or " + x.command(v1alpha1.AnnotationAbort, x.p.Handled.Abort, x.p.Rollout, ""),
	})
}
