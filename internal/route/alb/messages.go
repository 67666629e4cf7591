package alb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// What may be wrong with a preview rule.
const (
	previewRuleDeleted = "its preview rule was deleted"
	previewRuleDiffers = "its preview rule does not authenticate or rewrite requests as the production rule does since that was changed"
)

// problem is why an adopted rule can't be used, and what to do about it.
type problem struct{ says, remedy string }

// refuse refuses to make a stack because of it.
func (p *problem) refuse(arn string) error {
	return refusal.New(v1alpha1.ReasonRouteUnsupported, "The rule "+arn+" "+p.says, p.remedy)
}

const anotherRule = "Change the rule, or create the ImmutableDeployment anew with another ruleARN"

func forwardsNowhere() *problem { return &problem{"does not forward to a target group", anotherRule} }

func forwardsToMany(groups int) *problem {
	return &problem{fmt.Sprintf("forwards to %d target groups, not to one", groups),
		"If a deployment of CodeDeploy or ECS is shifting it, wait until that is over. Else make it forward to one of them, with the weight 0 for others"}
}

func hasManyValues(values int) *problem {
	return &problem{fmt.Sprintf("has %d condition values: a rule takes 5 and the preview rule adds one", values), anotherRule}
}

// isDefault says that ModifyRule is refused for a listener's default rule, and
// how to make one that does the same and can be adopted. It has to come last.
func (r *router) isDefault(rule *cloud.Rule) *problem {
	last := int32(0)
	for _, x := range r.rules {
		last = max(last, x.Priority)
	}
	return &problem{"is the default rule of its listener, which Elastic Load Balancing lets nobody change by ModifyRule",
		fmt.Sprintf("Make a rule that does the same, which changes nothing for requests: aws elbv2 create-rule --listener-arn %s --priority %d --conditions Field=path-pattern,Values='/*' "+
			"--actions \"$(aws elbv2 describe-rules --rule-arns %s --query 'Rules[0].Actions' --output json)\". "+
			"Then create the ImmutableDeployment anew with the ruleARN of that", rule.ListenerARN, min(max(last+1, 40_000), maxPriority), rule.ARN)}
}

// hasNoRoomBefore says that no preview rules can come before it.
func (r *router) hasNoRoomBefore(rule *cloud.Rule) *problem {
	return &problem{fmt.Sprintf("has priority %d, and the preview rules of two stacks need free priorities below it", rule.Priority),
		fmt.Sprintf("Give it a larger one, and those that have to come after it, too: aws elbv2 set-rule-priorities --rule-priorities RuleArn=%s,Priority=NUMBER. "+
			"Or go without previews: %s", rule.ARN, withoutPreviews(r.of.ImmutableDeployment))}
}

// cannotRepeat says that preview rules would be a way past what the production
// rule does.
func (r *router) cannotRepeat(what, why string) *problem {
	return &problem{fmt.Sprintf("has %s, which preview rules can't repeat%s: they would be a way past it", what, why),
		fmt.Sprintf("Go without previews: %s. Or have the rule authenticate by authenticate-cognito or jwt-validation instead", withoutPreviews(r.of.ImmutableDeployment))}
}

// withoutPreviews is what to type to have revisions that can't be reached before
// they get requests.
func withoutPreviews(imd *v1alpha1.ImmutableDeployment) string {
	return command.Patch(imd.Namespace, imd.Name, `{"traffic":{"loadBalancer":{"preview":"None"}}}`)
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
func ruleUnsuitable(arn string, p *problem) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRouteUnsupported, Message: "The rule " + arn + " " + p.says, Remedy: p.remedy}
}

// namedIsTaken says whose the rule is that was to be adopted.
// Nobody is told to take a rule from a deployment that serves by it.
func (r *router) namedIsTaken(tags map[string]string, alive bool) *rollout.Blocked {
	claim := r.of.Claim
	b := &rollout.Blocked{Reason: v1alpha1.ReasonRouteConflict,
		Message: "The rule " + r.spec.RuleARN + " belongs to " + claim.OwnerOf(tags),
		Remedy:  "If that one is gone: " + claim.Adoption(tags) + ". Else give this ImmutableDeployment a rule of its own"}
	if alive {
		b.Remedy = "That one is there and uses the rule: create this ImmutableDeployment anew with a rule of its own"
	}
	return b
}

// priorityTaken says whose the rule at the deployment's priority is, and what can
// be done that takes no requests away.
func (r *router) priorityTaken(tags map[string]string, alive bool) *rollout.Blocked {
	claim := r.of.Claim
	b := &rollout.Blocked{Reason: v1alpha1.ReasonRouteConflict,
		Message: fmt.Sprintf("Priority %d of the listener is taken by %s, which belongs to %s", r.rule.Priority, r.rule.ARN, claim.OwnerOf(tags))}
	another := fmt.Sprintf("create this ImmutableDeployment anew with another priority, such as %d, which is free", r.freePriority())
	switch {
	case isPreview(&r.rule):
		b.Message += ": the preview rule of a revision"
		b.Remedy = "Wait until that revision's stack is deleted, as its next revision has it; to keep preview rules off this priority, set spec.traffic.loadBalancer.previewPriorities there. Else " + another
	case alive:
		b.Remedy = "That one is there and uses the rule: " + another
	case tags[v1alpha1.TagUID] != "":
		b.Remedy = "If that one is gone, take over what it left, requests and all: " + claim.Adoption(tags) + ". Else " + another
	case len(r.rule.Targets) > 0:
		b.Remedy = "To adopt it, create the ImmutableDeployment anew with its ruleARN; else " + another
	default:
		b.Remedy = upper(another) + "; or delete that rule, if nobody needs it"
	}
	return b
}

// freePriority is the first one after that of the rule which no rule has.
func (r *router) freePriority() int32 {
	priority := r.rule.Priority + 1
	for slices.ContainsFunc(r.rules, func(x cloud.Rule) bool { return x.Priority == priority }) {
		priority++
	}
	return priority
}

// upper begins a sentence.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

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
	tags[v1alpha1.TagWriter], tags[v1alpha1.TagOriginal], tags[v1alpha1.TagOriginalIdle] = "", "", ""
	return fmt.Sprintf("The tags of the listener rule %s stay. To take them off: %s. "+
		"To have the rule and its stacks looked after again, apply the ImmutableDeployment with the annotation %s=%s. Why: %s",
		arn, command.RemoveTags(arn, slices.Sorted(maps.Keys(tags))...), v1alpha1.AnnotationAdopt, r.of.Claim.UID, why)
}

// otherConditions is the remedy for conditions that the load balancer refuses.
const otherConditions = "The conditions of a rule can't change: delete the ImmutableDeployment and create it with other spec.traffic.loadBalancer.conditions"

// mendRoute is the remedy for a preview rule that can't be created. A revision
// repeats the production rule as that was when the revision was made.
func mendRoute(listenerARN string) string {
	return "No other spec.template mends the preview rule, which repeats the production rule. Put right what AWS says of the listener, of its rules (" +
		command.DescribeRules(listenerARN) + ") or of what they refer to; if that changes the production rule, change spec.template, too, " +
		"since only a new revision repeats the change"
}

// conditionsRefused says so of the production rule.
func conditionsRefused(cause *cloud.Error) error {
	return refusal.New(v1alpha1.ReasonInvalidSpec, "AWS refused "+cause.Op+": "+strings.TrimSuffix(cause.Message, "."), otherConditions)
}

// inUse refuses to delete a stack to which a rule forwards.
func inUse(ruleARN, targetGroupARN string) error {
	return refusal.New(v1alpha1.ReasonStackInUse, "The listener rule "+ruleARN+" still forwards to this revision",
		"Take the target group "+targetGroupARN+" out of that rule")
}

// ruleGone refuses to make a stack without the production rule that it comes
// before.
func ruleGone(arn string) error {
	b := ruleNotFound(arn)
	return refusal.New(b.Reason, b.Message, b.Remedy)
}

// noPreviewPriority refuses to make a stack for whose preview rule there is no
// priority.
func noPreviewPriority(first, last int32, production *cloud.Rule) error {
	message := fmt.Sprintf("Other rules have, or are to have, all priorities from %d to %d, none is free for the preview rule", first, last)
	if first > last {
		message = fmt.Sprintf("No priority from %d on comes before the production rule, which has %d", first, production.Priority)
	}
	return refusal.New(v1alpha1.ReasonPreviewPriorityUnavailable, message,
		"Delete rules that are not needed, choose another spec.traffic.loadBalancer.previewPriorities, or give the rules from the production rule on larger priorities: "+
			"aws elbv2 set-rule-priorities --rule-priorities RuleArn=ARN,Priority=NUMBER")
}

// noPriorityAfter refuses to make a stack whose preview rule nobody is to reach.
func noPriorityAfter(production int32) error {
	return refusal.New(v1alpha1.ReasonPreviewPriorityUnavailable,
		fmt.Sprintf("No priority after the production rule's, %d, is free for the preview rule, which is not to be reached", production),
		"Give the production rule a smaller priority, or delete rules that are not needed")
}

// comesBetween refuses to make a stack whose preview rule would come before a rule
// of others that may match the same requests.
func comesBetween(rule *cloud.Rule, production int32, imd *v1alpha1.ImmutableDeployment) error {
	return refusal.New(v1alpha1.ReasonPreviewPriorityUnavailable,
		fmt.Sprintf("No priority is free between the production rule, which has %d, and %s with %d, which may match the same requests: the preview rule would come before that", production, rule.ARN, rule.Priority),
		fmt.Sprintf("Give that rule a smaller priority: aws elbv2 set-rule-priorities --rule-priorities RuleArn=%s,Priority=NUMBER. Or, if requests with the preview header may go past it: %s",
			rule.ARN, command.Patch(imd.Namespace, imd.Name, `{"traffic":{"loadBalancer":{"previewPriorities":{"first":1}}}}`)))
}

// takesAll says which rule takes all requests of the production rule.
func takesAll(rule string, priority int32) string {
	return fmt.Sprintf("the listener rule %s takes all requests of the production rule, which has priority %d", rule, priority)
}

// getsNone says which rules get no requests because of the production rule.
func getsNone(rules []string, priority int32) string {
	return fmt.Sprintf("The production rule (priority %d) takes all requests of %s", priority, some(rules, ", "))
}

// losesParts says what rules of other namespaces take of the production rule's
// requests; "" if nothing.
func losesParts(parts []string, priority int32) string {
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Rules of other namespaces take requests of the production rule, which has priority %d: that of %s", priority, some(parts, "; that of "))
}

// takesParts says what the production rule takes of the requests of other
// namespaces' rules; "" if nothing.
func takesParts(parts []string, priority int32) string {
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("The production rule (priority %d) takes requests of other namespaces: of %s", priority, some(parts, "; of "))
}

// some joins a few of a list, and says how many more there are.
func some(list []string, separator string) string {
	more := ""
	if shown := 3; len(list) > shown {
		list, more = list[:shown], fmt.Sprintf(" and %d more", len(list)-shown)
	}
	return strings.Join(list, separator) + more
}

// Why targets can't be healthy.
const (
	targetGroupGone    = "the target group does not exist"
	originalGone       = "it does not exist"
	originalHasNothing = "it has no targets"
)
