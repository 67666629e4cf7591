package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// remove takes everything of ours away: first the traffic, then, once requests
// under way have had their time, the stacks, at last the record.
func (x *decider) remove() {
	p := &x.d.Progress
	if x.o.Policy.Retain {
		x.leave()
		return
	}
	if p.Original == "" && x.o.Rule.Adopted {
		p.Original = x.o.Rule.Original // status was lost, the rule is marked
	}
	if p.DetachedAt.IsZero() || x.o.Rule.Exists && (x.o.Rule.Owned || x.o.Rule.Inherited) {
		p.DetachedAt = time.Time{}
		x.detach()
		return
	}
	if due := p.DetachedAt.Add(x.drain()); x.now.Before(due) {
		x.tell(v1alpha1.PhaseDeleting, v1alpha1.ReasonDeleting, fmt.Sprintf("Requests under way may end until %s", clock(due)))
		x.until(due)
		return
	}
	for _, r := range x.o.Revisions {
		if r.Wanted {
			x.tell(v1alpha1.PhaseDeleting, v1alpha1.ReasonDeleting, "Removing "+r.Name)
			x.act(Action{Kind: ActionRemoveStack, Revision: r.Number})
			return
		}
	}
	x.forget()
}

// leave lets everything stay as it is in AWS, and takes the marks of ownership
// off the rule, so that someone else may adopt it.
func (x *decider) leave() {
	x.tell(v1alpha1.PhaseDeleting, v1alpha1.ReasonRetained, "Leaving the rule and the stacks as they are")
	if x.o.Rule.Exists && x.o.Rule.Owned {
		x.d.Notices = append(x.d.Notices, Notice{Reason: v1alpha1.ReasonRetained, Action: "Retain the rule",
			Message: "The listener rule stays. To adopt it again, set spec.traffic.loadBalancer.ruleARN: " + x.o.Rule.ARN})
		x.act(Action{Kind: ActionReleaseRule})
		return
	}
	for _, r := range x.o.Revisions {
		if !r.Retained {
			if r.Wanted {
				x.d.Notices = append(x.d.Notices, Notice{Reason: v1alpha1.ReasonRetained, Action: "Retain " + r.Name,
					Message: fmt.Sprintf("The stack of %s stays and is yours to delete: %s", r.Name, r.StackName)})
			}
			x.act(Action{Kind: ActionRetainStack, Revision: r.Number})
			return
		}
	}
	x.forget()
}

// forget deletes the records, at last the deployment's own.
func (x *decider) forget() {
	removing, done := "Removing %s", "Everything is removed"
	if x.o.Policy.Retain {
		removing, done = "Forgetting %s, its stack stays", "Everything is left as it is"
	}
	x.tell(v1alpha1.PhaseDeleting, v1alpha1.ReasonDeleting, done)
	for _, r := range x.o.Revisions {
		if !r.Deleting {
			x.d.Message = fmt.Sprintf(removing, r.Name)
			x.act(Action{Kind: ActionDeleteRevision, Revision: r.Number})
			return
		}
	}
	if len(x.o.Revisions) > 0 {
		x.d.Message = "Waiting for stacks to be deleted: " + x.remaining()
		x.wait(x.o.Policy.Poll)
		return
	}
	x.act(Action{Kind: ActionFinishDeletion})
}

// detach takes the production rule from all stacks: a rule of ours is deleted,
// an adopted one gets its target group back. What isn't ours stays as it is.
func (x *decider) detach() {
	x.tell(v1alpha1.PhaseDeleting, v1alpha1.ReasonDeleting, "Taking the production rule from the stacks")
	switch rule := x.o.Rule; {
	case rule.Exists && rule.Inherited && !rule.Owned:
		x.act(Action{Kind: ActionClaimRule}) // its stacks were taken over already
	case !rule.Exists || !rule.Owned:
		x.d.Progress.DetachedAt = x.now
		x.wait(0)
	case !rule.Adopted:
		if p := &x.d.Progress; len(p.Written) == 0 {
			p.Written = slices.Clone(rule.Targets) // there were requests, whatever is remembered
		}
		x.act(Action{Kind: ActionDeleteRule})
	case x.d.Progress.Original != "" && x.routesToUs():
		x.giveBack()
	case x.now.Before(x.shown()):
		x.until(x.shown())
	default:
		x.act(Action{Kind: ActionReleaseRule})
	}
}

// shown is when a weight shows that was written right before the deletion, by a
// pass that couldn't remember it. An adopted rule that was let go before would
// go on forwarding to a stack that is about to be deleted.
func (x *decider) shown() time.Time {
	if r := x.d.Progress.Rollout; r == nil || r.VerifiedAt.IsZero() {
		return time.Time{}
	}
	return x.o.DeletedAt.Add(x.o.Policy.Propagation)
}

// giveBack routes an adopted rule to where it went before, if that can take
// requests.
func (x *decider) giveBack() {
	if original := x.o.Original; !original.Known || original.Healthy > 0 {
		x.write(split(x.d.Progress.Original, "", 0))
		return
	}
	b := Blocked{
		Reason:  v1alpha1.ReasonUnhealthy,
		Message: "The rule can't be given back, since its original target group can't take traffic: " + x.o.Original.Reason,
		Cure: fmt.Sprintf(`Heal it, or leave everything as it is: kubectl patch imd %s -n %s --type merge -p '{"spec":{"deletionPolicy":"Retain"}}'`,
			x.o.Name, x.o.Namespace),
	}
	x.d.Blocked = &b
	x.tell(v1alpha1.PhaseDeleting, b.Reason, b.Message+". "+b.Cure)
	x.wait(x.o.Policy.Poll)
}

// routesToUs tells whether the rule forwards to a stack of ours.
func (x *decider) routesToUs() bool {
	for _, r := range x.o.Revisions {
		if r.TargetGroup != "" && x.o.Rule.Targets.Contains(r.TargetGroup) {
			return true
		}
	}
	return false
}

// drain is how long requests under way may take after the rule is gone; none
// when there never was one. The rule is written only after a verification was
// remembered, so no crash can hide that it was.
func (x *decider) drain() time.Duration {
	p := x.d.Progress
	verified := p.Rollout != nil && !p.Rollout.VerifiedAt.IsZero()
	for _, r := range x.o.Revisions { // status was lost: nobody knows
		verified = verified || p.Rollouts == 0 && r.Stack == v1alpha1.RevisionCreated
	}
	if !verified && p.Stable == 0 && len(p.Written) == 0 && len(p.Retiring) == 0 {
		return 0
	}
	longest := time.Duration(0)
	for _, r := range x.o.Revisions {
		longest = max(longest, r.Drain)
	}
	return x.o.Policy.Propagation + longest
}

// remaining lists the stacks that are still there and what they wait for.
func (x *decider) remaining() string {
	parts := make([]string, 0, len(x.o.Revisions))
	for _, r := range x.o.Revisions {
		part := fmt.Sprintf("%s (%s)", r.Name, r.Stack)
		if r.Cause != "" && r.Stack != v1alpha1.RevisionFailed {
			part = fmt.Sprintf("%s (%s: %s)", r.Name, r.Stack, r.Cause)
		}
		parts = append(parts, part)
	}
	return list(parts)
}
