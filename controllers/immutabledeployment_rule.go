package controllers

import (
	"context"
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// observeRule finds the production rule and whether it is ours to work with.
func (r *DeploymentReconciler) observeRule(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	observe := r.observeManaged
	switch lb := imd.Spec.Traffic.LoadBalancer; {
	case !lb.Exists():
		return nil
	case lb.RuleARN != "":
		observe = r.observeAdopted
	}
	if err := observe(ctx, imd, view); err != nil {
		return err
	}
	if view.orphaned {
		view.facts.Rule.Owned = false // it keeps its tags, by which it is found again
	}
	return nil
}

// observeManaged finds the rule that Viridian made: by its ARN, or by its
// priority if it was made by a run that crashed before it could remember, or
// whose status is lost.
func (r *DeploymentReconciler) observeManaged(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	lb := imd.Spec.Traffic.LoadBalancer
	rules, err := view.clients.Traffic.Rules(ctx, lb.ListenerARN)
	if cloud.IsNotFound(err) {
		view.facts.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleNotFound,
			Message: "The listener " + lb.ListenerARN + " does not exist",
			Cure:    "Create the listener, or create the ImmutableDeployment anew with the right listenerARN"}
		return nil
	}
	if err != nil {
		return err
	}
	view.listenerRules = rules
	remembered := ruleARN(imd)
	i := slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.ARN == remembered })
	if i < 0 {
		i = slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.Priority == *lb.Priority })
	}
	if i < 0 {
		return nil
	}
	view.take(rules[i])
	if rules[i].ARN == remembered && !view.suspect(imd) {
		return nil
	}
	tags, err := view.clients.Traffic.RuleTags(ctx, rules[i].ARN)
	if err != nil {
		return err
	}
	return r.judgeRule(ctx, imd, view, tags)
}

// suspect tells whether the rule may be somebody else's by now, or may have been
// written by somebody else with this cluster's identity: it doesn't route as it
// was left, something is about to begin, or this was found out before.
func (view *deploymentView) suspect(imd *v1alpha1.ImmutableDeployment) bool {
	active := imd.Status.Rollout != nil && imd.Status.Rollout.FinishedAt == nil
	told := view.facts.WasBlocked == v1alpha1.ReasonStatusBehind || view.facts.WasBlocked == v1alpha1.ReasonRuleConflict
	return view.facts.Deleting || told || !view.facts.Rule.Targets.Equal(view.facts.Progress.Written) || !active && !view.serves(view.facts.WantHash)
}

// serves tells whether the stable revision has the template with a hash.
func (view *deploymentView) serves(hash string) bool {
	return slices.ContainsFunc(view.records, func(imr v1alpha1.ImmutableRevision) bool {
		return imr.Spec.Revision == view.facts.Progress.Stable && imr.Spec.Frozen.TemplateHash == hash
	})
}

// judgeRule tells by its tags whether the managed rule is the deployment's, or
// may be taken over. Tags that are gone are looked for on what it forwards to:
// a deployment that was deleted with deletionPolicy Retain takes them off.
func (r *DeploymentReconciler) judgeRule(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, tags map[string]string) error {
	if tags[v1alpha1.TagUID] == "" {
		behind, err := r.tagsBehind(ctx, view)
		if err != nil {
			return err
		}
		if behind != nil && !view.facts.Deleting {
			tags = behind
		}
	} else {
		r.marked(imd, view, tags)
	}
	if view.facts.Rule.Owned = r.claimOf(imd).Owns(tags); view.facts.Rule.Owned {
		return nil
	}
	adopt, err := r.claimOf(imd).MayAdopt(ctx, tags)
	if err != nil {
		return err
	}
	if view.facts.Rule.Inherited = adopt; !adopt && view.facts.Deleting {
		return nil
	}
	if !adopt {
		view.facts.Blocked = r.taken(imd, view, tags)
		return nil
	}
	view.inherits = tags[v1alpha1.TagUID]
	return nil
}

// marked notes what the tags of a rule of ours say.
func (r *DeploymentReconciler) marked(imd *v1alpha1.ImmutableDeployment, view *deploymentView, tags map[string]string) {
	view.facts.Rule.Writer, view.facts.Rule.Original = tags[v1alpha1.TagWriter], tags[v1alpha1.TagOriginal]
	view.facts.Overrule = r.claimOf(imd).Overrules(view.facts.Rule.Writer)
}

// tagsBehind are the tags of the stacks that the rule forwards to, if all of
// them are one deployment's; nil if not.
func (r *DeploymentReconciler) tagsBehind(ctx context.Context, view *deploymentView) (map[string]string, error) {
	groups := make([]string, 0, len(view.production.Targets))
	for _, target := range view.production.Targets {
		groups = append(groups, target.TargetGroupARN)
	}
	all, err := view.clients.Traffic.TargetGroupTags(ctx, groups)
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	for _, group := range groups {
		if all[group][v1alpha1.TagUID] == "" || tags != nil && tags[v1alpha1.TagUID] != all[group][v1alpha1.TagUID] {
			return nil, nil
		}
		tags = all[group]
	}
	return tags, nil
}

// taken says whose the rule at the deployment's priority is, and what can be
// done that takes no requests away.
func (r *DeploymentReconciler) taken(imd *v1alpha1.ImmutableDeployment, view *deploymentView, tags map[string]string) *rollout.Blocked {
	b := &rollout.Blocked{Reason: v1alpha1.ReasonRuleConflict,
		Message: fmt.Sprintf("Priority %d of the listener is taken by %s, which belongs to %s", view.production.Priority, view.production.ARN, r.claimOf(imd).OwnerOf(tags))}
	another := "create the ImmutableDeployment anew with another priority"
	switch {
	case tags[v1alpha1.TagUID] != "":
		b.Cure = "If that one is gone, take over what it left, requests and all: " + r.claimOf(imd).Adoption(tags) + ". Else " + another
	case len(view.production.Targets) > 0:
		b.Cure = "To adopt it, create the ImmutableDeployment anew with its ruleARN; else " + another
	default:
		b.Cure = "Delete that rule if nobody needs it, or " + another
	}
	view.unknown()
	return b
}

// unknown forgets a rule that isn't the deployment's.
func (view *deploymentView) unknown() {
	view.production, view.facts.Rule = cloud.Rule{}, rollout.Rule{Adopted: view.facts.Rule.Adopted}
}

// observeAdopted finds the rule that the user named.
func (r *DeploymentReconciler) observeAdopted(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	arn := imd.Spec.Traffic.LoadBalancer.RuleARN
	view.facts.Rule.Adopted = true
	rule, err := view.clients.Traffic.Rule(ctx, arn)
	if cloud.IsNotFound(err) {
		view.facts.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleNotFound, Message: "The rule " + arn + " does not exist",
			Cure: "Create the ImmutableDeployment anew with the right ruleARN"}
		return nil
	}
	if err != nil {
		return err
	}
	tags, err := view.clients.Traffic.RuleTags(ctx, arn)
	if err != nil {
		return err
	}
	owned := r.claimOf(imd).Owns(tags)
	if mine, err := r.mayName(ctx, imd, view, tags); err != nil || !mine {
		view.facts.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleConflict,
			Message: "The rule " + arn + " belongs to " + r.claimOf(imd).OwnerOf(tags),
			Cure:    "If that one is gone: " + r.claimOf(imd).Adoption(tags) + ". Else give this ImmutableDeployment a rule of its own"}
		return err
	}
	if view.listenerRules, err = view.clients.Traffic.Rules(ctx, rule.ListenerARN); err != nil {
		return err
	}
	if problem := unsuitable(imd, rule, view.facts.Progress.Original == "" && !owned && view.inherits == ""); problem != "" {
		view.facts.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleUnsupported, Message: "The rule " + arn + " " + problem,
			Cure: "Change the rule, or name another one"}
	}
	view.take(rule)
	r.marked(imd, view, tags)
	view.facts.Rule.Owned, view.facts.Rule.Inherited = owned, !owned && view.inherits != ""
	return nil
}

// mayName tells whether the deployment may adopt the rule that it names: one
// that is nobody's, its own, or that of another one which is gone for sure, as
// two of the same name can't be in one cluster; else by annotation.
func (r *DeploymentReconciler) mayName(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, tags map[string]string) (bool, error) {
	uid := tags[v1alpha1.TagUID]
	if uid == "" || uid == string(imd.UID) && r.claimOf(imd).Owns(tags) {
		return true, nil
	}
	mine := uid != string(imd.UID) && r.claimOf(imd).IsLocalNamesake(tags)
	if !mine {
		var err error
		if mine, err = r.claimOf(imd).MayAdopt(ctx, tags); err != nil {
			return false, err
		}
	}
	if mine {
		view.inherits = uid
	}
	return mine, nil
}

// unsuitable tells why traffic can't be shifted by an adopted rule; "" if it
// can.
func unsuitable(imd *v1alpha1.ImmutableDeployment, rule cloud.Rule, fresh bool) string {
	values := 0
	for _, condition := range rule.Conditions {
		values += len(condition.Values)
	}
	_, last := bounds(imd.Spec.Traffic.LoadBalancer.PreviewPriorities)
	switch {
	case fresh && !rule.Forwards: // later on, Recreate has it answer 503 for a while
		return "does not forward to a target group"
	case fresh && len(rule.Targets) != 1:
		return fmt.Sprintf("forwards to %d target groups, not to one", len(rule.Targets))
	case values > 4:
		return fmt.Sprintf("has %d condition values: a rule takes 5 and the preview rule adds one", values)
	case rule.Priority > 0 && rule.Priority <= last:
		return fmt.Sprintf("has priority %d, not above the band of preview rules, which ends at %d (spec.traffic.loadBalancer.previewPriorities)", rule.Priority, last)
	}
	return ""
}

// take notes a rule to work with.
func (view *deploymentView) take(rule cloud.Rule) {
	view.production = rule
	view.facts.Rule.ARN, view.facts.Rule.Exists, view.facts.Rule.Owned = rule.ARN, true, true
	for _, target := range rule.Targets {
		view.facts.Rule.Targets = append(view.facts.Rule.Targets, rollout.Target{TargetGroup: target.TargetGroupARN, Weight: target.Weight})
	}
}

// ruleARN is the production rule's as remembered; "" if there is none yet.
func ruleARN(imd *v1alpha1.ImmutableDeployment) string {
	if imd.Status.Traffic == nil {
		return ""
	}
	return imd.Status.Traffic.RuleARN
}
