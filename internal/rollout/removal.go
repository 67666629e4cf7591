package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// Guards of a deletion. It takes everything of ours away: first the traffic, then,
// once requests under way have had their time, the stacks, at last the records.
// Or it leaves everything as it is.

// releaseLeftRule takes the marks of ownership off a rule that stays, so that
// someone else may adopt it.
func (x *pass) releaseLeftRule() *Decision {
	if !x.o.Route.Exists || !x.o.Route.Owned {
		return nil
	}
	d := x.do(leaving(), Action{Kind: ActionReleaseRule})
	d.Notices = []Notice{{Reason: v1alpha1.ReasonRetained, Action: "Retain the rule",
		Message: "The listener rule stays. To adopt it again, set spec.traffic.loadBalancer.ruleARN: " + x.o.Route.ID}}
	return d
}

// retainStack leaves a stack to others.
func (x *pass) retainStack() *Decision {
	for _, r := range x.o.Revisions {
		if r.Retained {
			continue
		}
		d := x.do(leaving(), Action{Kind: ActionRetainStack, Revision: r.Number})
		if r.Wanted {
			d.Notices = []Notice{{Reason: v1alpha1.ReasonRetained, Action: "Retain " + r.Name,
				Message: fmt.Sprintf("The stack of %s stays and is yours to delete: %s", r.Name, r.StackName)}}
		}
		return d
	}
	return nil
}

func leaving() words {
	return words{v1alpha1.PhaseDeleting, v1alpha1.ReasonRetained, "Leaving the rule and the stacks as they are"}
}

// removeStack asks for one stack to go.
func (x *pass) removeStack() *Decision {
	for _, r := range x.o.Revisions {
		if r.Wanted {
			return x.do(deleting("Removing "+r.Name), Action{Kind: ActionRemoveStack, Revision: r.Number})
		}
	}
	return nil
}

// deleteRecord deletes one record, which goes once its stack is gone or left.
func (x *pass) deleteRecord() *Decision {
	removing := "Removing %s"
	if x.o.Policy.Retain {
		removing = "Deleting the record of %s; its stack stays and is no longer managed"
	}
	for _, r := range x.o.Revisions {
		if !r.Deleting {
			return x.do(deleting(fmt.Sprintf(removing, r.Name)), Action{Kind: ActionDeleteRevision, Revision: r.Number})
		}
	}
	return nil
}

// awaitRemoval waits until all records are gone.
func (x *pass) awaitRemoval() *Decision {
	if len(x.o.Revisions) == 0 {
		return nil
	}
	return x.poll(deleting("Waiting for stacks to be deleted: " + x.remaining()))
}

// finishDeletion lets the deployment go.
func (x *pass) finishDeletion() *Decision {
	done := "Everything is removed"
	if x.o.Policy.Retain {
		done = "Everything is left as it is"
	}
	return x.do(deleting(done), Action{Kind: ActionFinishDeletion})
}

// noteAttached remembers that the rule may forward to a stack, and, if status was
// lost, what an adopted one goes back to. A rule that this deletion took away and
// that is there again was written by a process that didn't know of the deletion. That
// one is overruled once: who writes the rule again after that is no process of this
// cluster, and isn't known any more.
func (x *pass) noteAttached() {
	if !x.p.DetachedAt.IsZero() && x.o.Route.Exists {
		x.p.Writers = slices.DeleteFunc(slices.Clone(x.p.Writers), func(mark string) bool { return mark != x.o.Writer })
	}
	x.p.DetachedAt = time.Time{}
	if x.p.Original == "" && x.o.Route.Adopted {
		x.p.Original, x.p.OriginalIdle = x.o.Route.Original, x.o.Route.OriginalIdle
	}
}

func detaching() words { return deleting("Detaching the production rule from the stacks") }

// awaitRouteSpread waits while a change of the route is pending: requests may
// come as before it.
func (x *pass) awaitRouteSpread() *Decision {
	if !x.o.Route.Pending {
		return nil
	}
	return x.poll(deleting("Waiting for the last change of the production rule to spread"))
}

// claimInheritedRule marks the rule of another deployment whose stacks were taken
// over already.
func (x *pass) claimInheritedRule() *Decision {
	if rule := x.o.Route; !rule.Exists || !rule.Inherited || rule.Owned {
		return nil
	}
	return x.do(detaching(), Action{Kind: ActionClaimRule})
}

// noteDetached remembers since when the rule is taken from all stacks. One that
// isn't ours stays as it is.
func (x *pass) noteDetached() *Decision {
	if x.o.Route.Exists && x.o.Route.Owned {
		return nil
	}
	d := x.again(detaching())
	d.Progress.DetachedAt = x.now
	return d
}

// deleteRule deletes a rule of ours.
func (x *pass) deleteRule() *Decision {
	if x.o.Route.Adopted {
		return nil
	}
	d := x.do(detaching(), Action{Kind: ActionDeleteRule})
	if p := &d.Progress; len(p.Written) == 0 {
		p.Written = slices.Clone(x.o.Route.Targets) // there were requests, whatever is remembered
	}
	return d
}

// giveRuleBack routes an adopted rule to where it went before, if that can take
// requests.
func (x *pass) giveRuleBack() *Decision {
	if x.p.Original == "" || !x.routesToUs() {
		return nil
	}
	if original := x.o.Original; !original.Known || original.Healthy > 0 {
		return x.write(detaching(), split(x.p.Original, "", 0))
	}
	return x.awaitOthers(v1alpha1.PhaseDeleting, Blocked{
		Reason:  v1alpha1.ReasonUnhealthy,
		Message: "The rule can't be given back, since its original target group can't take traffic: " + x.o.Original.Reason,
		Remedy:  "Make it healthy, or leave everything as it is: " + command.Patch(x.o.Namespace, x.o.Name, `{"deletionPolicy":"Retain"}`),
	})
}

// awaitLateWeight waits until a weight shows that was written right before the
// deletion, by a pass that couldn't remember it. An adopted rule that was let go
// before would go on forwarding to a stack that is about to be deleted.
func (x *pass) awaitLateWeight() *Decision {
	r, shown := x.p.Rollout, x.o.DeletedAt.Add(x.o.Policy.Propagation)
	if r == nil || r.VerifiedAt.IsZero() || !x.now.Before(shown) {
		return nil
	}
	return x.until(detaching(), shown)
}

// releaseRule takes our ownership tags off an adopted rule.
func (x *pass) releaseRule() *Decision { return x.do(detaching(), Action{Kind: ActionReleaseRule}) }

// drainedAt is until when requests under way may take.
func (x *pass) drainedAt() time.Time { return x.p.DetachedAt.Add(x.drain()) }

// awaitDrained waits for requests under way.
func (x *pass) awaitDrained() *Decision {
	due := x.drainedAt()
	return x.until(deleting(fmt.Sprintf("Waiting until %s for requests in flight to finish", clock(due))), due)
}

// drain is how long requests under way may take after the rule is gone; none
// when there never was one. The rule is written only after a verification was
// remembered, so no crash can hide that it was.
func (x *pass) drain() time.Duration {
	p := x.p
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
func (x *pass) remaining() string {
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
