package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// checkKept checks that nothing that serves is removed, whatever state the
// cluster lost. It only uses the account.
func (o *observer) checkKept(at *pass, q request, t *truth) {
	if len(o.memory.forgot) == 0 {
		return
	}
	o.checkIdentity(at, q, t)
	switch q.action {
	case "ModifyRule", "DeleteRule":
		for _, r := range t.rules {
			if r.arn == q.values.Get("RuleArn") && r.preview == "" {
				o.checkRequestsKept(at, r, t, targetsIn(q.values))
			}
		}
	case "DeleteStack":
		for _, s := range t.stacks {
			if s.id == q.values.Get("StackName") && s.uid != "" {
				o.checkStackKept(at, s, t)
			}
		}
	case "UpdateService":
		for _, s := range t.services {
			if name := q.values.Get("service"); (s.name == name || s.arn == name) && s.uid != "" && q.values.Get("desiredCount") == "0" && !o.rolls(at.imd()) && !isOff(at.imd()) {
				o.checkTasksKept(at, s, t)
			}
		}
	}
}

// checkIdentity checks that a copy of a cluster with its own identity doesn't
// change what the first one created. A rule that is named by its ARN is nobody's
// once the first one has given it back.
func (o *observer) checkIdentity(at *pass, q request, t *truth) {
	if at.p.cluster != o.w.clone || at.p.cluster.id == o.w.cluster.id {
		return
	}
	for _, r := range t.rules {
		meant := r.arn == q.values.Get("RuleArn") || r.arn == q.values.Get("ResourceArns.member.1")
		givenBack := r.madeBy == "" && at.imd() != nil && o.app(at.imd().Name).Rule == ruleAdopted
		if meant && r.madeBy != at.p.cluster.id && !givenBack {
			o.fail("I8", "%s: %s, which is another cluster's", at.about(), q)
		}
	}
	for _, s := range t.stacks {
		if s.id == q.values.Get("StackName") && s.madeBy != at.p.cluster.id {
			o.fail("I8", "%s: %s, which is another cluster's", at.about(), q)
		}
	}
	for _, s := range t.services {
		if name := q.values.Get("service"); (s.name == name || s.arn == name) && s.madeBy != at.p.cluster.id && q.action == "UpdateService" {
			o.fail("I8", "%s: %s, which is another cluster's", at.about(), q)
		}
	}
}

// checkOrphanCreation checks that no stack is created whose owner is gone,
// unless the owner was lost after the pass began, which can't know it: the SDK
// retries a call whose response was lost.
func (o *observer) checkOrphanCreation(at *pass, imr *v1alpha1.ImmutableRevision) {
	owner := types.NamespacedName{Namespace: imr.Namespace, Name: imr.Labels[v1alpha1.LabelDeployment]}
	if lost := at.p.cluster.forced[owner]; lost.Before(at.began) {
		o.fail("I5", "%s creates a stack though its owner is gone", at.about())
	}
}

// guarded reports whether the resources of a UID are checked: some of its state
// was lost, and its user didn't delete it.
func (o *observer) guarded(uid string) bool {
	if !o.forgotten(uid) {
		return false
	}
	for i, a := range o.w.plan.Apps {
		if a.Name == o.w.cluster.names[uid] {
			return !o.w.users.removed[i] || a.Retain
		}
	}
	return false
}

// replaces reports whether a deployment removes a revision on purpose before
// there is another one: Recreate does.
func (o *observer) replaces(imd *v1alpha1.ImmutableDeployment, revision string) bool {
	if imd == nil || imd.Status.Rollout == nil || imd.Status.Rollout.FinishedAt != nil {
		return false
	}
	recreates := imd.Spec.Strategy.Type == v1alpha1.StrategyRecreate || o.various[string(imd.UID)]
	return recreates && (fmt.Sprint(imd.Status.Rollout.Revision) != revision || imd.Status.Rollout.Outcome != "")
}

// rolls reports whether a deployment stops tasks to make room for new ones, all
// of them if there is only one: Rolling may.
func (o *observer) rolls(imd *v1alpha1.ImmutableDeployment) bool {
	if imd == nil || imd.Status.Rollout == nil || imd.Status.Rollout.FinishedAt != nil {
		return false
	}
	return imd.Spec.Strategy.Type == v1alpha1.StrategyRolling || o.various[string(imd.UID)]
}

// answers reports whether a target group's tasks answer, as the pass saw it or
// as it is.
func (t *truth) answers(at *pass, group string) bool {
	return at.healthy[group] > 0 || t.groups[group].healthy > 0
}

// checkRequestsKept checks that requests which are answered still are.
func (o *observer) checkRequestsKept(at *pass, r *ruleTruth, t *truth, after []target) {
	for _, x := range r.targets {
		g := t.groups[x.group]
		if seen, looked := at.healthy[x.group]; looked && seen == 0 || g.healthy == 0 || o.strange[g.stack] || !o.guarded(g.uid) || share(r.targets, x.group) == 0 {
			continue // it doesn't answer, or isn't checked
		}
		switch before := share(r.targets, x.group); {
		case o.replaces(at.imd(), g.revision) || o.late(at.imd()) || returned(at.imd(), after):
		case isOff(at.imd()): // nothing is to answer
		case len(after) == 0:
			o.fail("kept", "%s takes %d%% of the requests from revision %s, which is healthy, to give them to nobody", at.about(), before, g.revision)
		case before == 100 && o.answered(at, t, after) < 100:
			o.fail("kept", "%s takes requests from revision %s, which is healthy, to give them to one that isn't: %s", at.about(), g.revision, t.route(&ruleTruth{forwards: true, targets: after}))
		case o.memory.behind[at.key.Name] == x.group && share(after, x.group) < 100 && !givenUp(at.imd(), g.revision):
			o.fail("kept", "%s takes requests from revision %s, since it was restored from before that served", at.about(), g.revision)
		}
	}
}

// returned reports whether a first revision is given up, and an adopted rule is
// given back to its original target group, whose health is unknown.
func returned(imd *v1alpha1.ImmutableDeployment, after []target) bool {
	if imd == nil || imd.Status.Rollout == nil || imd.Status.Traffic == nil || len(after) != 1 {
		return false
	}
	bad := imd.Status.Rollout.Outcome != "" && !imd.Status.Rollout.Outcome.Good()
	return bad && imd.Status.Stable == 0 && after[0].group == imd.Status.Traffic.OriginalTargetGroupARN
}

// answered returns the percentage of requests that would be answered.
func (o *observer) answered(at *pass, t *truth, targets []target) int {
	sum := 0
	for _, x := range targets {
		if t.answers(at, x.group) {
			sum += share(targets, x.group)
		}
	}
	if sum == 99 { // shares are rounded down
		return 100
	}
	return sum
}

// late reports whether a rollout was given up so long ago that requests return
// to the previous revision, healthy or not.
func (o *observer) late(imd *v1alpha1.ImmutableDeployment) bool {
	if imd == nil || imd.Status.Rollout == nil {
		return false
	}
	r := imd.Status.Rollout
	deadline := time.Duration(o.app(imd.Name).Deadline) * time.Second
	return r.FinishedAt == nil && r.DecidedAt != nil && time.Since(r.DecidedAt.Time) >= deadline
}

// checkStackKept checks that a stack which is deleted isn't one that serves.
func (o *observer) checkStackKept(at *pass, s stackTruth, t *truth) {
	if !o.guarded(s.uid) || s.status != "CREATE_COMPLETE" || o.strange[s.id] {
		return
	}
	for _, r := range t.rules {
		for _, x := range r.targets {
			if r.preview == "" && t.groups[x.group].stack == s.id && t.groups[x.group].healthy > 0 && share(r.targets, x.group) > 0 {
				o.fail("kept", "%s deletes the stack of revision %s, which is healthy, while rule %s routes %s", at.about(), s.revision, r.priority, t.route(r))
			}
		}
	}
	i := slices.IndexFunc(t.services, func(x serviceTruth) bool { return x.uid == s.uid && x.revision == s.revision && x.running > 0 })
	given := at.seen != nil && !at.seen.GetDeletionTimestamp().IsZero() && o.memory.left[s.uid] // people deleted what they had orphaned
	if i >= 0 && !given {
		o.checkTasksKept(at, t.services[i], t)
	}
}

// givenUp reports whether a revision was never promoted.
func givenUp(imd *v1alpha1.ImmutableDeployment, revision string) bool {
	if imd == nil || imd.Status.Rollout == nil || fmt.Sprint(imd.Status.Stable) == revision {
		return false
	}
	r := imd.Status.Rollout
	return fmt.Sprint(r.Revision) == revision && r.Outcome != "" && !r.Outcome.Good()
}

// unproven reports whether nothing was promoted yet since users started over.
func unproven(imd *v1alpha1.ImmutableDeployment) bool {
	return imd != nil && imd.Status.Stable == 0 && imd.Status.RolloutCount > 0
}

// checkTasksKept checks that the tasks of a worker that stop aren't the last
// ones.
func (o *observer) checkTasksKept(at *pass, s serviceTruth, t *truth) {
	imd := at.p.cluster.owner(s.uid)
	if a := o.app(o.w.cluster.names[s.uid]); a.Rule != ruleNone || a.Strategy == v1alpha1.StrategyRecreate && at.p.cluster == o.w.cluster || !o.guarded(s.uid) || s.running == 0 || o.replaces(imd, s.revision) || o.late(imd) || givenUp(imd, s.revision) || unproven(imd) {
		return
	}
	another := slices.ContainsFunc(t.services, func(x serviceTruth) bool {
		complete := slices.ContainsFunc(t.stacks, func(y stackTruth) bool {
			return y.uid == x.uid && y.revision == x.revision && (y.status == "CREATE_COMPLETE" || o.takenJustNow(at, y.id)) && !o.strange[y.id]
		})
		return x.uid == s.uid && x.revision != s.revision && x.desired > 0 && o.memory.ran[x.arn] && complete
	})
	if !another {
		o.fail("kept", "%s takes the tasks of revision %s, the only one that works", at.about(), s.revision)
	}
}

// takenJustNow tells whether another cluster deleted a stack so shortly before that
// this one can't have noticed. Copies of one worker have no rule that would tell
// them of each other.
func (o *observer) takenJustNow(at *pass, id string) bool {
	d := o.memory.deletions[id]
	return d.by != nil && d.by != at.p.cluster && time.Since(d.at) < o.w.plan.Poll
}

// checkSuperseded checks that a worker's revision which works isn't given up for
// another template while no other one has a stack. Recreate takes away what works.
func (o *observer) checkSuperseded(at *pass, was, now *v1alpha1.ImmutableDeployment) {
	a, b, uid := was.Status.Rollout, now.Status.Rollout, string(now.UID)
	if a == nil || b == nil || a.ID != b.ID || a.Outcome != "" || b.Outcome != v1alpha1.OutcomeSuperseded || b.VerifiedAt == nil {
		return
	}
	imr, t := at.p.cluster.revision(now, b.Revision), o.truth()
	known := imr != nil && imr.Status.Phase == v1alpha1.RevisionCreated && !o.sickly(o.tagIn(imr))
	if !known || o.app(now.Name).Rule != ruleNone || now.Spec.Strategy.Type == v1alpha1.StrategyRecreate || o.various[uid] {
		return
	}
	works := slices.ContainsFunc(t.services, func(s serviceTruth) bool {
		return s.uid == uid && s.revision == fmt.Sprint(b.Revision) && s.running > 0
	})
	another := slices.ContainsFunc(t.stacks, func(s stackTruth) bool {
		return s.uid == uid && s.revision != fmt.Sprint(b.Revision) && s.status == "CREATE_COMPLETE"
	})
	if works && !another {
		o.fail("kept", "%s gives up revision %d of %s, the only one that works: %s", at.about(), b.Revision, now.Name, b.Message)
	}
}

// checkTurns checks, once somebody wrote a rule, that two clusters don't write
// it to and fro: each may do what its people want, and no more.
func (o *observer) checkTurns(at *pass, q request) {
	if o.w.clone == nil {
		return
	}
	if q.action == "DeleteStack" {
		o.memory.deletions[q.values.Get("StackName")] = deletion{at.p.cluster, time.Now()}
	}
	if at.p.cluster == o.w.clone {
		o.interferes(at, q)
	}
	x := o.memory.turns[at.key.Name]
	if x == nil || !slices.Contains([]string{"CreateRule", "ModifyRule", "DeleteRule"}, q.action) {
		return
	}
	if x.last != nil && x.last != at.p.cluster {
		x.taken++
	}
	if x.last = at.p.cluster; x.taken > 2+x.wishes {
		o.fail("kept", "two clusters have written the rule of %s to and fro, %d times, for %d wishes", at.key.Name, x.taken, x.wishes)
	}
}

// interferes records what a clone changes: to the first cluster it is a change
// by others.
func (o *observer) interferes(at *pass, q request) {
	if at.seen == nil {
		return
	}
	uid := ownerOf(at.seen)
	if at.imd() != nil {
		uid = string(at.imd().UID)
	}
	o.meddled(uid)
	switch q.action {
	case "CreateStack":
		o.memory.cloned[q.values.Get("StackName")] = true
	case "CreateRule":
		o.memory.cloned[uid] = true
	}
}

// clones reports whether a clone created a stack, by its ID or name, or the
// rule of a deployment, by its UID.
func (o *observer) clones(name string) bool {
	if strings.HasPrefix(name, "arn:") {
		name = short(name)
	}
	return o.memory.cloned[name]
}
