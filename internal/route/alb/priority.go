package alb

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

const (
	// maxPriority is the largest that a rule can have.
	maxPriority = 50_000
	// spread is among how many of the nearest priorities a first attempt
	// chooses. Each further attempt chooses among twice as many, so that many
	// deployments which want one at once all get one.
	spread = 8
	// maxSpread is among how many an attempt chooses at most.
	maxSpread = spread << 8
)

// previewPriority finds a free priority for the preview rule, near to the
// production rule's, so that it comes before as few other rules as it can. Of the
// nearest ones, which it takes follows from the revision and the attempt:
// deployments that share a listener would otherwise all want the same one.
func (b *backend) previewPriority(ctx context.Context) (int32, error) {
	rules, err := b.of.Clients.Traffic.Rules(ctx, b.of.Spec.Frozen.ListenerARN)
	if err != nil {
		return 0, err
	}
	claimed, err := b.of.Claimed(ctx)
	if err != nil {
		return 0, err
	}
	free, err := b.freePriorities(rules, claimed)
	if err != nil {
		return 0, err
	}
	nearest := min(len(free), spread<<min(b.of.Status.Attempts, 8))
	hash := fnv.New32a()
	fmt.Fprintf(hash, "%s/%d/%d", b.of.OwnerUID, b.of.Spec.Revision, b.of.Status.Attempts)
	return free[int(hash.Sum32()%uint32(nearest))], nil //nolint:gosec // at most maxSpread
}

// freePriorities are those that the preview rule may have, nearest first: at
// least one. They come before the production rule. If the preview rule isn't to
// be reached, or would be a way past what the production rule does by now, they
// come after it, where no request gets to it. Those that deployments want for
// their production rules are left to them.
func (b *backend) freePriorities(rules []cloud.Rule, claimed []int32) ([]int32, error) {
	wanted := func(p int32) bool { return slices.Contains(claimed, p) }
	spec := &b.of.Owner.Spec.Traffic.LoadBalancer
	production, err := b.production(rules)
	if err != nil {
		return nil, err
	}
	own := template.ReadPreviewRule(b.of.Spec.Frozen.TemplateBody)
	if spec.Preview == v1alpha1.PreviewNone || !alike(own.Before, own.Transforms, production) {
		free := slices.DeleteFunc(freeAfter(rules, production.Priority), wanted)
		if len(free) == 0 {
			return nil, noPriorityAfter(production.Priority)
		}
		return free, nil
	}
	first, last, given := bounds(spec.PreviewPriorities, production.Priority)
	free, obstacle := freeBefore(rules, first, last, own.Conditions, given)
	switch free = slices.DeleteFunc(free, wanted); {
	case len(free) > 0:
		return free, nil
	case obstacle != nil:
		return nil, comesBetween(obstacle, production.Priority, b.of.Owner)
	}
	return nil, noPreviewPriority(first, last, production)
}

// production is the production rule as it is, or as it will be before it exists.
func (b *backend) production(rules []cloud.Rule) (*cloud.Rule, error) {
	spec := &b.of.Owner.Spec.Traffic.LoadBalancer
	if spec.RuleARN != "" {
		rule := find(rules, spec.RuleARN)
		if rule == nil {
			return nil, ruleGone(spec.RuleARN)
		}
		return rule, nil
	}
	if t := b.of.Owner.Status.Traffic; t != nil && t.RuleARN != "" {
		if rule := find(rules, t.RuleARN); rule != nil {
			return rule, nil
		}
	}
	if i := slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.Priority == *spec.Priority }); i >= 0 {
		return &rules[i], nil
	}
	return &cloud.Rule{Priority: *spec.Priority}, nil
}

// bounds are the band's, or those of all priorities before the production rule's;
// given is true where people chose the band.
func bounds(band v1alpha1.PriorityBand, production int32) (first, last int32, given bool) {
	first, last = 1, production-1
	if band.First != nil {
		first, given = *band.First, true
	}
	if band.Last != nil {
		last, given = min(last, *band.Last), true
	}
	return first, last, given
}

// freeBefore are the free priorities of a band, from its end on. Unless people
// chose the band, it ends at a rule of others that may match requests which the
// production rule's conditions match: that may be there to deny them.
func freeBefore(rules []cloud.Rule, first, last int32, conditions []cloud.Condition, given bool) (free []int32, obstacle *cloud.Rule) {
	at := make(map[int32]*cloud.Rule, len(rules))
	for i := range rules {
		at[rules[i].Priority] = &rules[i]
	}
	for priority := last; priority >= first; priority-- {
		rule := at[priority]
		switch {
		case rule == nil:
			free = append(free, priority)
		case !given && !isPreview(rule) && overlap(conditions, rule.Conditions):
			return free, rule
		}
	}
	return free, nil
}

// freeAfter are the free priorities after the production rule's, nearest first.
func freeAfter(rules []cloud.Rule, production int32) (free []int32) {
	for priority := production + 1; priority <= maxPriority && len(free) < maxSpread; priority++ {
		if !slices.ContainsFunc(rules, func(x cloud.Rule) bool { return x.Priority == priority }) {
			free = append(free, priority)
		}
	}
	return free
}

// isPreview tells whether a rule is the preview rule of a revision, whosever: it
// takes only requests with that revision's header.
func isPreview(rule *cloud.Rule) bool {
	return slices.ContainsFunc(rule.Conditions, func(c cloud.Condition) bool {
		return strings.EqualFold(c.HTTPHeaderName, v1alpha1.PreviewHeader)
	})
}
