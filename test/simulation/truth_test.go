package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// truth is the state of the account, in terms of deployments.
type truth struct {
	stacks   []stackTruth
	rules    []*ruleTruth
	groups   map[string]groupTruth
	services []serviceTruth
	targets  []autoscaling.Target
}

type stackTruth struct {
	id, name, status, uid, revision, madeBy string
}

type serviceTruth struct {
	name, cluster, uid, revision, arn, madeBy string
	desired, running                          int
	// failed is true if ECS gave its deployment up.
	failed bool
}

type groupTruth struct {
	arn, name, uid, revision, stack string
	healthy                         int
}

// ruleTruth is a listener rule; preview is the UID of the owner of the stack
// whose preview rule it is, tagged the UID in its tags, madeBy the identity of
// the cluster.
type ruleTruth struct {
	arn, priority, uid, preview, madeBy, tagged string
	forwards                                    bool
	targets                                     []target
}

// target of a rule.
type target struct {
	group  string
	weight int
}

// share is a target group's percentage of the requests.
func share(targets []target, group string) int {
	sum, own := 0, 0
	for _, t := range targets {
		sum += t.weight
		if t.group == group {
			own += t.weight
		}
	}
	if sum == 0 {
		return 0
	}
	return own * 100 / sum
}

// contains reports whether a target group is in the rule, with any weight.
func (r *ruleTruth) contains(group string) bool {
	return slices.ContainsFunc(r.targets, func(t target) bool { return t.group == group })
}

// route writes where a rule forwards to.
func (t *truth) route(r *ruleTruth) string {
	if r == nil {
		return "no rule"
	}
	parts := make([]string, 0, len(r.targets))
	for _, x := range r.targets {
		name := short(x.group)
		if g := t.groups[x.group]; g.revision != "" {
			name = "revision " + g.revision
		}
		parts = append(parts, fmt.Sprintf("%s: %d", name, x.weight))
	}
	slices.Sort(parts)
	if !r.forwards {
		return "a fixed answer"
	}
	return strings.Join(parts, ", ")
}

// production is a deployment's production rule; nil if it has none.
func (t *truth) production(uid string) *ruleTruth {
	for _, r := range t.rules {
		if r.uid == uid {
			return r
		}
	}
	return nil
}

// named returns how the rule routes that a deployment names but hasn't tagged,
// or that it had before it was deleted with Retain; nil if there is none.
func (t *truth) named(imd *v1alpha1.ImmutableDeployment) []target {
	for _, r := range t.rules {
		if imd == nil {
			return nil
		}
		left := imd.Status.Traffic != nil && imd.Spec.DeletionPolicy == v1alpha1.DeletionRetain && r.arn == imd.Status.Traffic.RuleARN
		if left || r.arn == imd.Spec.Traffic.LoadBalancer.RuleARN {
			return r.targets
		}
	}
	return nil
}

// keeps reports whether a revision has a stack that isn't deleted.
func (t *truth) keeps(uid string, revision int64) bool {
	return slices.ContainsFunc(t.stacks, func(s stackTruth) bool {
		return s.uid == uid && s.revision == fmt.Sprint(revision) && !strings.HasPrefix(s.status, "DELETE")
	})
}

// lost reports whether ECS gave the service of a stack up.
func (t *truth) lost(s stackTruth) bool {
	return slices.ContainsFunc(t.services, func(x serviceTruth) bool { return x.uid == s.uid && x.revision == s.revision && x.failed })
}

// groupOf is a revision's target group; "" if it has none.
func (t *truth) groupOf(uid, revision string) string {
	for _, arn := range sortedKeys(t.groups) {
		if g := t.groups[arn]; g.uid == uid && g.revision == revision {
			return g.arn
		}
	}
	return ""
}

// stackIDTag is CloudFormation's own tag on what a stack has.
const stackIDTag = "aws:cloudformation:stack-id"

// numbers are the numbers of revisions by the names of their stacks.
type numbers map[string]string

// numbers of adopted stacks may differ from those that they were created with.
func (o *observer) numbers() numbers {
	out := numbers{}
	if len(o.memory.heirs) == 0 {
		return out
	}
	for _, object := range o.w.cluster.list(revisions) {
		if imr, ok := object.(*v1alpha1.ImmutableRevision); ok {
			out[imr.Spec.StackName] = fmt.Sprint(imr.Spec.Revision)
		}
	}
	return out
}

// of is the number of the revision whose stack it is.
func (n numbers) of(stackID string, tags map[string]string) string {
	return cmp.Or(n[short(stackID)], tags[v1alpha1.TagRevision])
}

// truth reads the account.
func (o *observer) truth() *truth {
	snap := o.w.sim.Snapshot()
	t := &truth{groups: map[string]groupTruth{}, targets: snap.ScalableTargets}
	heir := func(tags map[string]string) string { return o.memory.heir(tags[v1alpha1.TagUID]) }
	numbers := o.numbers()
	for i := range snap.Stacks {
		s := &snap.Stacks[i]
		t.stacks = append(t.stacks, stackTruth{s.ID, s.Name, s.Status, heir(s.Tags), numbers.of(s.ID, s.Tags), s.Tags[v1alpha1.TagCluster]})
	}
	for _, g := range snap.TargetGroups {
		truth := groupTruth{arn: g.ARN, name: g.Name, uid: heir(g.Tags), revision: numbers.of(g.Tags[stackIDTag], g.Tags), stack: g.Tags[stackIDTag]}
		for _, x := range g.Targets {
			if x.Health.State == elb.StateHealthy {
				truth.healthy++
			}
		}
		t.groups[g.ARN] = truth
	}
	for i := range snap.Rules {
		t.rules = append(t.rules, ruleFrom(&snap.Rules[i], heir))
	}
	for _, s := range snap.Services {
		t.services = append(t.services, serviceTruth{name: s.Name, cluster: s.Cluster, arn: s.ARN, uid: heir(s.Tags), revision: numbers.of(s.Tags[stackIDTag], s.Tags), desired: s.Desired, running: s.Running, failed: s.Failed, madeBy: s.Tags[v1alpha1.TagCluster]})
	}
	return t
}

func ruleFrom(x *elb.RuleTruth, heir func(map[string]string) string) *ruleTruth {
	r := &ruleTruth{arn: x.RuleArn, priority: x.Priority, uid: heir(x.Tags), madeBy: x.Tags[v1alpha1.TagCluster], tagged: x.Tags[v1alpha1.TagUID]}
	if x.Tags[stackIDTag] != "" {
		r.preview, r.uid = r.uid, ""
	}
	for _, action := range x.Actions {
		if action.ForwardConfig == nil {
			continue
		}
		r.forwards = true
		for _, tuple := range action.ForwardConfig.TargetGroups {
			weight := 1
			if tuple.Weight != nil {
				weight = *tuple.Weight
			}
			r.targets = append(r.targets, target{tuple.TargetGroupArn, weight})
		}
	}
	return r
}
