package alb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// What may be wrong with a rule that exists.
const (
	previewRuleDeleted = "its preview rule was deleted"
	forwardsNowhere    = "does not forward to a target group"
)

func forwardsToMany(groups int) string {
	return fmt.Sprintf("forwards to %d target groups, not to one", groups)
}

func hasManyValues(values int) string {
	return fmt.Sprintf("has %d condition values: a rule takes 5 and the preview rule adds one", values)
}

func isAmongPreviews(priority, last int32) string {
	return fmt.Sprintf("has priority %d, not above the band of preview rules, which ends at %d (spec.traffic.loadBalancer.previewPriorities)", priority, last)
}

// listenerNotFound says that there is nothing to have a rule.
func listenerNotFound(arn string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRouteNotFound,
		Message: "The listener " + arn + " does not exist",
		Remedy:  "Create the listener, or create the ImmutableDeployment anew with the right listenerARN"}
}

// ruleNotFound says that there is no rule to adopt.
func ruleNotFound(arn string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRouteNotFound, Message: "The rule " + arn + " does not exist",
		Remedy: "Create the ImmutableDeployment anew with the right ruleARN"}
}

// ruleUnsuitable says why an adopted rule can't be used.
func ruleUnsuitable(arn, problem string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRouteUnsupported, Message: "The rule " + arn + " " + problem,
		Remedy: "Change the rule, or name another one"}
}

// namedIsTaken says whose the rule is that was to be adopted.
func (r *router) namedIsTaken(tags map[string]string) *rollout.Blocked {
	claim := r.of.Claim
	return &rollout.Blocked{Reason: v1alpha1.ReasonRouteConflict,
		Message: "The rule " + r.spec.RuleARN + " belongs to " + claim.OwnerOf(tags),
		Remedy:  "If that one is gone: " + claim.Adoption(tags) + ". Else give this ImmutableDeployment a rule of its own"}
}

// priorityTaken says whose the rule at the deployment's priority is, and what can
// be done that takes no requests away.
func (r *router) priorityTaken(tags map[string]string) *rollout.Blocked {
	claim := r.of.Claim
	b := &rollout.Blocked{Reason: v1alpha1.ReasonRouteConflict,
		Message: fmt.Sprintf("Priority %d of the listener is taken by %s, which belongs to %s", r.rule.Priority, r.rule.ARN, claim.OwnerOf(tags))}
	another := "create the ImmutableDeployment anew with another priority"
	switch {
	case tags[v1alpha1.TagUID] != "":
		b.Remedy = "If that one is gone, take over what it left, requests and all: " + claim.Adoption(tags) + ". Else " + another
	case len(r.rule.Targets) > 0:
		b.Remedy = "To adopt it, create the ImmutableDeployment anew with its ruleARN; else " + another
	default:
		b.Remedy = "Delete that rule if nobody needs it, or " + another
	}
	return b
}

// Conflict says that the rule is another deployment's now.
func (r *router) Conflict(tags map[string]string) error {
	claim := r.of.Claim
	return refusal.New(v1alpha1.ReasonRouteConflict, "The rule "+r.rule.ARN+" belongs to "+claim.OwnerOf(tags),
		"If it was moved there, let this ImmutableDeployment go and leave everything in AWS as it is: "+claim.Retaining()+
			". To take it back: "+claim.Adoption(tags))
}

// Remainder tells which tags stay on the rule, and how to take them off.
func (r *router) Remainder(why string) string {
	arn := r.spec.RuleARN
	if !r.adopts() {
		arn = r.remembered()
	}
	if arn == "" {
		return ""
	}
	tags := r.of.Claim.Tags()
	tags[v1alpha1.TagWriter], tags[v1alpha1.TagOriginal] = "", ""
	return fmt.Sprintf("The tags of the listener rule %s stay. To take them off: aws elbv2 remove-tags --resource-arns %s --tag-keys %s. "+
		"To have the rule and its stacks looked after again, apply the ImmutableDeployment with the annotation %s=%s. Why: %s",
		arn, arn, strings.Join(slices.Sorted(maps.Keys(tags)), " "), v1alpha1.AnnotationAdopt, r.of.Claim.UID, why)
}

// otherConditions is the remedy for conditions that the load balancer refuses.
const otherConditions = "The conditions of a rule can't change: delete the ImmutableDeployment and create it with other spec.traffic.loadBalancer.conditions"

// conditionsRefused says so of the production rule.
func conditionsRefused(cause *cloud.Error) error {
	return refusal.New(v1alpha1.ReasonInvalidSpec, "AWS refused "+cause.Op+": "+strings.TrimSuffix(cause.Message, "."), otherConditions)
}

// inUse refuses to delete a stack to which a rule forwards.
func inUse(ruleARN, targetGroupARN string) error {
	return refusal.New(v1alpha1.ReasonStackInUse, "The listener rule "+ruleARN+" still forwards to this revision",
		"Take the target group "+targetGroupARN+" out of that rule")
}

// noPreviewPriority refuses to make a stack for whose preview rule there is no
// priority.
func noPreviewPriority(first, last int32) error {
	return refusal.New(v1alpha1.ReasonPreviewPriorityUnavailable,
		fmt.Sprintf("Listener rules use all priorities from %d to %d, none is free for the preview rule", first, last),
		"Delete rules that are not needed, or use a wider spec.traffic.loadBalancer.previewPriorities")
}

// Why targets can't be healthy.
const (
	targetGroupGone    = "the target group does not exist"
	originalGone       = "it does not exist"
	originalHasNothing = "it has no targets"
)
