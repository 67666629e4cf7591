package alb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
)

// Observe finds the production rule and whether it is the deployment's to work
// with.
func (r *router) Observe(ctx context.Context, before route.Before) (route.Observed, error) {
	observe := r.observeManaged
	if r.adopts() {
		observe = r.observeAdopted
	}
	err := observe(ctx, before)
	r.noteShadows()
	r.sight()
	if err == nil {
		err = r.noteParts(ctx)
	}
	return r.seen, err
}

// sight notes how all rules of the listener are.
func (r *router) sight() {
	if r.rules == nil {
		return
	}
	r.seen.Place, r.seen.Sights = cmp.Or(r.listener(), r.spec.ListenerARN), make(map[string]string, len(r.rules))
	for _, rule := range r.rules {
		r.seen.Sights[rule.ARN] = fmt.Sprint(rule.Targets)
	}
}

// observeManaged finds the rule that Viridian made: by its ARN, or by its
// priority if it was made by a run that crashed before it could remember, or
// whose status is lost.
func (r *router) observeManaged(ctx context.Context, before route.Before) error {
	rules, err := r.traffic.Rules(ctx, r.spec.ListenerARN)
	if cloud.IsNotFound(err) {
		r.seen.Blocked = listenerNotFound(r.spec.ListenerARN)
		return nil
	}
	if err != nil {
		return err
	}
	r.rules = rules
	remembered := r.remembered()
	i := slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.ARN == remembered })
	if i < 0 {
		i = slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.Priority == *r.spec.Priority })
	}
	if i < 0 {
		return nil
	}
	r.take(rules[i])
	if rules[i].ARN == remembered && !r.suspect(before) {
		return nil
	}
	tags, err := r.traffic.RuleTags(ctx, rules[i].ARN)
	if err != nil {
		return err
	}
	return r.judge(ctx, before, tags)
}

// suspect tells whether the rule may be somebody else's by now, or may have been
// written by somebody else with this cluster's identity: it doesn't route as it
// was left, something is about to begin, or this was found out before.
func (r *router) suspect(before route.Before) bool {
	told := before.WasBlocked == v1alpha1.ReasonStatusBehind || before.WasBlocked == v1alpha1.ReasonRouteConflict
	return before.Deleting || told || !r.seen.Route.Targets.Equal(before.Written) || before.Begins
}

// judge tells by its tags whether the managed rule is the deployment's, or may
// be taken over.
func (r *router) judge(ctx context.Context, before route.Before, tags map[string]string) error {
	tags, err := r.telling(ctx, before, tags)
	if err != nil {
		return err
	}
	seen := &r.seen.Route
	if seen.Owned = r.of.Claim.Owns(tags); seen.Owned {
		return nil
	}
	adopt := false
	if !isPreview(&r.rule) { // which is no production rule to take over
		if adopt, err = r.of.Claim.MayAdopt(ctx, tags); err != nil {
			return err
		}
	}
	if seen.Inherited = adopt; !adopt && before.Deleting {
		return nil
	}
	if !adopt {
		alive, err := r.of.Claim.IsAlive(ctx, tags)
		if err != nil {
			return err
		}
		r.seen.Blocked = r.priorityTaken(tags, alive)
		r.leave()
		return nil
	}
	r.seen.Inherits = tags[v1alpha1.TagUID]
	return nil
}

// telling are the tags that tell whose the managed rule is. Those that are gone
// are looked for on what it forwards to: a deployment that was deleted with
// deletionPolicy Retain takes them off.
func (r *router) telling(ctx context.Context, before route.Before, tags map[string]string) (map[string]string, error) {
	if tags[v1alpha1.TagUID] != "" {
		r.marked(tags)
		return tags, nil
	}
	behind, err := r.ownerBehind(ctx)
	if err != nil || behind == nil || before.Deleting {
		return tags, err
	}
	return behind, nil
}

// marked notes what the tags of a rule of ours say.
func (r *router) marked(tags map[string]string) {
	seen := &r.seen.Route
	seen.Writer, seen.Original = tags[v1alpha1.TagWriter], tags[v1alpha1.TagOriginal]
	seen.OriginalIdle = lengthen(tags[v1alpha1.TagOriginalIdle], seen.Original)
	r.seen.Overrule = r.of.Claim.Overrules(seen.Writer)
}

// ownerBehind are the tags of the stacks that the rule forwards to, if all of
// them are one deployment's; nil if not.
func (r *router) ownerBehind(ctx context.Context) (map[string]string, error) {
	groups := make([]string, 0, len(r.rule.Targets))
	for _, target := range r.rule.Targets {
		groups = append(groups, target.TargetGroupARN)
	}
	all, err := r.traffic.TargetGroupTags(ctx, groups)
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

// leave forgets a rule that isn't the deployment's.
func (r *router) leave() {
	r.rule, r.seen.Route = cloud.Rule{}, rollout.Route{Adopted: r.seen.Route.Adopted}
}

// observeAdopted finds the rule that the user named.
func (r *router) observeAdopted(ctx context.Context, before route.Before) error {
	arn, seen := r.spec.RuleARN, &r.seen.Route
	seen.Adopted = true
	rule, err := r.traffic.Rule(ctx, arn)
	if cloud.IsNotFound(err) {
		r.seen.Blocked = ruleNotFound(arn)
		return nil
	}
	if err != nil {
		return err
	}
	tags, err := r.traffic.RuleTags(ctx, arn)
	if err != nil {
		return err
	}
	owned := r.of.Claim.Owns(tags)
	if mine, err := r.mayName(ctx, tags); err != nil || !mine {
		alive, missing := r.of.Claim.IsAlive(ctx, tags)
		r.seen.Blocked = r.namedIsTaken(tags, alive)
		return errors.Join(err, missing)
	}
	if r.rules, err = r.traffic.Rules(ctx, rule.ListenerARN); err != nil {
		return err
	}
	if p := r.unsuitable(&rule, before.Original == "" && !owned && r.seen.Inherits == ""); p != nil {
		r.seen.Blocked = ruleUnsuitable(arn, p)
	}
	r.take(rule)
	r.marked(tags)
	seen.Owned, seen.Inherited = owned, !owned && r.seen.Inherits != ""
	return nil
}

// mayName tells whether the deployment may adopt the rule that it names: one
// that is nobody's, its own, or that of another one which is gone for sure, as
// two of the same name can't be in one cluster; else by annotation.
func (r *router) mayName(ctx context.Context, tags map[string]string) (bool, error) {
	uid, claim := tags[v1alpha1.TagUID], r.of.Claim
	if uid == "" || claim.Owns(tags) {
		return true, nil
	}
	mine := uid != claim.UID && claim.IsLocalNamesake(tags)
	if !mine {
		var err error
		if mine, err = claim.MayAdopt(ctx, tags); err != nil {
			return false, err
		}
	}
	if mine {
		r.seen.Inherits = uid
	}
	return mine, nil
}

// take notes a rule to work with.
func (r *router) take(rule cloud.Rule) {
	r.rule = rule
	seen := &r.seen.Route
	seen.ID, seen.Exists, seen.Owned, seen.Plain = rule.ARN, true, true, rule.Plain
	seen.Sticky = rule.StickySeconds > 0
	for _, target := range rule.Targets {
		seen.Targets = append(seen.Targets, rollout.Target{Backend: target.TargetGroupARN, Weight: target.Weight})
	}
}
