package simulation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// owned finds the deployment with a UID; nil if it is gone.
func (o *observer) owned(uid string) *v1alpha1.ImmutableDeployment { return o.w.cluster.owner(uid) }

// checkSum checks that a rule that forwards routes somewhere.
func (o *observer) checkSum(r *ruleTruth) {
	sum := 0
	for _, x := range r.targets {
		sum += x.weight
	}
	if r.forwards && sum == 0 {
		o.fail("I1", "rule %s of %s routes nowhere", r.priority, o.nameOf(r.uid))
	}
}

// before checks a change that is about to be made in the account.
func (o *observer) before(at *pass, q request) {
	if at.outdated() {
		o.fail("fresh", "%s is decided by %s at version %s, which was at %s when the pass began", q, at.about(), at.seen.GetResourceVersion(), at.was.GetResourceVersion())
	}
	t := o.truth()
	o.checkKept(at, q, t)
	switch q.action {
	case "CreateRule":
		o.checkIncrease(at, nil, t, targetsIn(q.values))
	case "ModifyRule", "DeleteRule":
		o.checkRule(at, q, t)
		o.checkRetained(at, q)
	case "AddTags", "RemoveTags":
		o.checkTagged(at, q, t)
	case "DeleteStack":
		o.checkDeletion(at, q, t)
	case "CreateStack":
		o.checkCreation(at)
	case "UpdateService":
		for _, s := range t.services {
			if s.name == q.values.Get("service") || s.arn == q.values.Get("service") {
				o.checkCount(at, &s, t, q.values.Get("desiredCount"))
			}
		}
	}
}

// checkCount checks a change of the desired count of a service.
func (o *observer) checkCount(at *pass, s *serviceTruth, t *truth, desired string) {
	if s.uid == "" {
		o.fail("I8", "the service %s, which isn't Viridian's, is changed by %s", s.name, at.about())
	}
	count, err := strconv.Atoi(desired)
	must(err)
	o.checkScaled(at, s, t, count)
	if count == 0 {
		o.checkIdle(at, s, t)
	}
}

// isOff tells whether people want no tasks.
func isOff(imd *v1alpha1.ImmutableDeployment) bool { return imd != nil && *imd.Spec.DesiredCount == 0 }

// checkIdle checks that the tasks of what gets requests aren't all stopped, as
// they may be in batches of which one is all of it, and when nothing is to run.
func (o *observer) checkIdle(at *pass, s *serviceTruth, t *truth) {
	if at.imd() == nil || at.imd().Spec.Strategy.Type == v1alpha1.StrategyRolling || isOff(at.imd()) {
		return
	}
	for _, r := range t.rules {
		for _, x := range r.targets {
			g := t.groups[x.group]
			if serves := r.preview == "" && x.weight > 0; serves && g.uid == s.uid && g.revision == s.revision && !o.strange[g.stack] {
				o.fail("I2", "%s stops all tasks of %s, which gets requests", at.about(), s.name)
			}
		}
	}
}

// checkRule checks a write of a rule.
func (o *observer) checkRule(at *pass, q request, t *truth) {
	i := slices.IndexFunc(t.rules, func(r *ruleTruth) bool { return r.arn == q.values.Get("RuleArn") })
	if i < 0 {
		return // gone: AWS says so
	}
	r := t.rules[i]
	if r.uid == "" && q.action == "ModifyRule" && sameShares(r.targets, targetsIn(q.values)) {
		return // it was given back as intended, and a read is stale
	}
	if r.uid == "" {
		o.fail("I8", "%s changes rule %s, which isn't marked as its own", at.about(), r.priority)
		return
	}
	if at.imd() != nil && r.uid != string(at.imd().UID) {
		o.fail("I8", "%s changes rule %s of %s", at.about(), r.priority, o.nameOf(r.uid))
	}
	o.checkServed(at, r, t, targetsIn(q.values))
	if q.action == "ModifyRule" {
		o.checkIncrease(at, r, t, targetsIn(q.values))
	}
}

// checkServed checks that requests aren't taken from a healthy revision and
// sent to an unhealthy one, or nowhere.
func (o *observer) checkServed(at *pass, r *ruleTruth, t *truth, after []target) {
	if at.imd() == nil || !at.imd().DeletionTimestamp.IsZero() || o.various[r.uid] || at.imd().Spec.Strategy.Type == v1alpha1.StrategyRecreate || isOff(at.imd()) {
		return
	}
	var serves groupTruth
	for _, x := range r.targets {
		if g := t.groups[x.group]; x.weight > 0 && g.healthy > 0 && !o.strange[g.stack] && g.uid == r.uid && share(r.targets, x.group) == 100 {
			serves = g
		}
	}
	if serves.arn != "" && len(after) == 0 {
		o.fail("served", "%s takes the requests from revision %s, which is healthy, to give them to nobody", at.about(), serves.revision)
	}
	o.checkReturn(at, t, serves, after)
}

// checkReturn checks that requests don't return to a revision without a healthy
// task from one that answers them all, before it had time to become healthy.
func (o *observer) checkReturn(at *pass, t *truth, serves groupTruth, after []target) {
	app, rollout := o.app(at.imd().Name), at.imd().Status.Rollout
	if rollout == nil || rollout.FinishedAt != nil || fmt.Sprint(rollout.Revision) != serves.revision || o.changed[serves.uid] || !o.clock.IsZero() {
		return
	}
	if decided := rollout.DecidedAt; decided != nil && time.Since(decided.Time) >= time.Duration(app.Deadline)*time.Second {
		return
	}
	if at.healthy[serves.arn] == 0 {
		return // it doesn't answer any more, as the pass saw it
	}
	for _, x := range after {
		if seen, looked := at.healthy[x.group]; !looked || seen > 0 || t.groups[x.group].uid != serves.uid {
			return
		}
	}
	o.fail("served", "%s takes the requests from revision %s, which is healthy, to give them to one that isn't", at.about(), serves.revision)
}

// checkTagged checks that only owned rules, or those that users named, are
// tagged. Removing one's own tags twice does no harm.
func (o *observer) checkTagged(at *pass, q request, t *truth) {
	for _, r := range t.rules {
		if r.arn != q.values.Get("ResourceArns.member.1") {
			continue
		}
		named := slices.Contains(mapValues(o.w.others.adopted), r.arn)
		if at.p.cluster != o.w.cluster && at.imd() != nil {
			o.memory.cloned[string(at.imd().UID)] = true // a copy may mark a rule that was let go meanwhile
		}
		if imd := at.imd(); named && imd != nil && o.owned(r.uid) == nil && r.uid != "" && r.madeBy == at.p.cluster.id && q.action == "AddTags" {
			o.adopts(imd, r.uid) // two of a name can't be in one cluster: the other one is gone
			continue
		}
		if r.uid == "" && !named && q.action == "AddTags" || r.uid != "" && at.imd() != nil && r.uid != string(at.imd().UID) {
			o.fail("I8", "%s by %s to rule %s, which isn't its own", q.action, at.about(), r.priority)
		}
	}
}

// checkIncrease checks that no revision gets more requests than before unless
// the pass saw it healthy, except the one that they return to.
func (o *observer) checkIncrease(at *pass, r *ruleTruth, t *truth, after []target) {
	var before []target
	if r != nil {
		before = r.targets
	}
	sum := 0
	for _, x := range after {
		sum += x.weight
		g := t.groups[x.group]
		if g.arn == "" || share(after, x.group) <= share(before, x.group) || at.imd() == nil {
			continue
		}
		if g.uid != string(at.imd().UID) {
			original := at.imd().Status.Traffic != nil && at.imd().Status.Traffic.OriginalTargetGroupARN == g.arn
			given := o.forgotten(string(at.imd().UID)) && slices.Contains(mapValues(o.w.others.legacy), g.arn)
			if !original && !given {
				o.fail("I8", "%s routes requests to %s, which isn't its own", at.about(), g.name)
			}
			continue
		}
		o.checkWhole(at, g, share(after, x.group))
		if s := at.imd().Status; s.Rollout != nil && s.Rollout.Outcome == "" && fmt.Sprint(s.Rollout.Revision) == g.revision {
			o.checkPace(at, g, share(after, x.group))
		}
	}
	if len(after) > 0 && sum == 0 {
		o.fail("I1", "%s makes a rule route nowhere", at.about())
	}
}

// checkWhole checks that a revision which gets more requests had all its tasks
// healthy.
func (o *observer) checkWhole(at *pass, g groupTruth, share int) {
	s := at.imd().Status
	if r := s.Rollout; r == nil || r.Outcome != "" || fmt.Sprint(r.Revision) != g.revision || r.Revision == s.Stable {
		if served := o.forgotten(g.uid) && (o.memory.proven[g.arn] || o.changed[g.uid]); fmt.Sprint(s.Stable) != g.revision && !served {
			o.fail("I1", "%s routes %d%% to revision %s, which is neither stable nor rolled out", at.about(), share, g.revision)
		}
		return
	}
	count := o.needed(at)
	need := int(count)
	if at.imd().Spec.Strategy.Type == v1alpha1.StrategyRolling {
		_, missing, _ := at.imd().Spec.Strategy.Rolling.Bounds(count)
		need = max(1, (need-int(missing))*share/100)
	}
	seen, looked := at.healthy[g.arn]
	if o.changed[g.uid] {
		need = 1 // the old revision was deleted by others: it gets nothing, whatever the rule says
	}
	if !looked || seen < need {
		o.fail("I1", "%s routes %d%% to revision %s with %d healthy targets of %d as seen (looked: %t)", at.about(), share, g.revision, seen, need, looked)
	}
	if at.imd().Status.Rollout.VerifiedAt == nil {
		o.fail("I1", "%s routes %d%% to revision %s before it was verified", at.about(), share, g.revision)
	}
}

// checkDeletion checks that a stack may be deleted.
func (o *observer) checkDeletion(at *pass, q request, t *truth) {
	id := q.values.Get("StackName")
	i := slices.IndexFunc(t.stacks, func(s stackTruth) bool { return s.id == id })
	if i < 0 {
		if !strings.HasPrefix(id, "arn:") {
			o.fail("I8", "%s deletes a stack by its name: %s", at.about(), id)
		}
		return
	}
	s := t.stacks[i]
	kin := o.owned(s.uid) == nil && o.w.cluster.names[s.uid] == o.w.cluster.names[ownerOf(at.seen)]
	if s.uid == "" || at.seen != nil && ownerOf(at.seen) != "" && o.memory.heir(ownerOf(at.seen)) != s.uid && !kin {
		o.fail("I8", "%s deletes the stack %s of others", at.about(), s.name)
		return
	}
	for _, arn := range sortedKeys(t.groups) {
		if t.groups[arn].stack == id && !o.strange[id] { // others took its tasks already
			o.checkDrained(at, t, t.groups[arn])
		}
	}
	imd := at.p.cluster.owner(s.uid)
	if imd == nil || !imd.DeletionTimestamp.IsZero() || imd.Spec.Strategy.Type == v1alpha1.StrategyRecreate || o.various[s.uid] || o.changed[s.uid] {
		return
	}
	if fmt.Sprint(imd.Status.Stable) == s.revision && !strings.HasPrefix(s.status, "DELETE") {
		o.fail("I2", "%s deletes the stack of revision %s, which serves", at.about(), s.revision)
	}
}

// checkDrained checks that a target group's requests have had time to finish.
func (o *observer) checkDrained(at *pass, t *truth, g groupTruth) {
	for _, r := range t.rules {
		if r.preview == "" && r.contains(g.arn) {
			o.fail("I2", "%s deletes the stack of revision %s while the rule routes %s", at.about(), g.revision, t.route(r))
		}
	}
	left, was := o.left[g.arn]
	if !was || time.Since(o.clock) < 12*time.Hour && !o.clock.IsZero() {
		return
	}
	need := propagation
	for i := range o.w.plan.Apps {
		if o.w.users.uid(i) == g.uid {
			need += time.Duration(o.w.plan.Apps[i].Drain) * time.Second
		}
	}
	if wait := time.Since(left); wait < need {
		o.fail("I2", "%s deletes the stack of revision %s %s after it left the rule, not %s", at.about(), g.revision, wait, need)
	}
}

// checkCreation checks that at most one new revision is wanted, and that its
// stack may be created.
func (o *observer) checkCreation(at *pass) {
	imr, _ := at.p.cluster.find(revisions, at.key).(*v1alpha1.ImmutableRevision)
	if imr == nil {
		return
	}
	o.checkResolvable(at, imr)
	imd := at.p.cluster.owner(ownerOf(imr))
	if imd == nil {
		o.checkOrphanCreation(at, imr)
		return
	}
	s := imd.Status
	var candidates []string
	for _, object := range at.p.cluster.list(revisions) {
		x, _ := object.(*v1alpha1.ImmutableRevision)
		retiring := slices.ContainsFunc(s.Retiring, func(r v1alpha1.RetiringRevision) bool { return r.Revision == x.Spec.Revision })
		if metav1.IsControlledBy(x, imd) && x.Spec.StackState == v1alpha1.StackPresent && x.Spec.Revision != s.Stable && !retiring && !o.wasFound(x) {
			from := s.Rollout != nil && s.Rollout.From == x.Spec.Revision
			if !from {
				candidates = append(candidates, x.Name)
			}
		}
	}
	if a := o.app(imd.Name); a.Scan && o.tagIn(imr) == vulnerable {
		o.fail("judged", "%s makes a stack with a vulnerable image", at.about())
	}
	if len(candidates) > 1 {
		o.fail("I3", "%s are wanted beside revision %d, which serves", strings.Join(candidates, " and "), s.Stable)
	}
}

// status checks a status that was just written.
func (o *observer) status(at *pass, before, now client.Object) {
	if now == nil {
		return
	}
	switch x := now.(type) {
	case *v1alpha1.ImmutableDeployment:
		was, _ := before.(*v1alpha1.ImmutableDeployment)
		o.checkStatus(at, was, x)
	case *v1alpha1.ImmutableRevision:
		o.secrets("the status of "+x.Name, jsonOf(x.Status))
		if len(x.Status.Traffic) > 50 || len(x.Status.Verdicts) > 100 || len(x.Status.Retained) > 50 {
			o.fail("history", "the status of %s grows", x.Name)
		}
		o.checkKstatus(x.Name, x.Generation, x.Status.ObservedGeneration, x.Status.Conditions, false)
	}
}

// checkFrozen checks that a template is frozen only once.
func (o *observer) checkFrozen(c *cluster, made *v1alpha1.ImmutableRevision) {
	for _, object := range c.list(revisions) {
		x, _ := object.(*v1alpha1.ImmutableRevision)
		again := x.Name != made.Name && x.DeletionTimestamp.IsZero() && x.Spec.Frozen.TemplateHash == made.Spec.Frozen.TemplateHash && !o.exists(made) &&
			(valuesOf(x) == valuesOf(made) || o.app(o.w.cluster.names[ownerOf(made)]).OnChange != v1alpha1.ChangeRollOut)
		if again && ownerOf(x) == ownerOf(made) {
			o.fail("I3", "%s freezes the template of %s again", made.Name, x.Name)
		}
	}
}

// checkStatus checks what a deployment's status says against the truth.
func (o *observer) checkStatus(at *pass, was, now *v1alpha1.ImmutableDeployment) {
	s, text := now.Status, jsonOf(now.Status)
	o.secrets("the status of "+now.Name, text)
	if len(s.History) > 20 || len(text) > 60_000 {
		o.fail("history", "the status of %s has %d bytes, %d rollouts", now.Name, len(text), len(s.History))
	}
	if r := s.Rollout; r != nil && (was.Status.Rollout == nil || was.Status.Rollout.ID != r.ID) {
		o.count++
		o.checkConfiguration(now)
		o.w.log.tell(at.String(), "rollout %s of %s begins: %s", r.ID, now.Name, r.Cause)
	}
	if was.Status.Phase != s.Phase || was.Status.Step != s.Step {
		o.w.log.tell(at.String(), "%s is %s %s %s", now.Name, s.Phase, s.Revision, s.Step)
	}
	o.checkTotals(was, now)
	o.checkObserved(at, was, now)
	o.checkInSync(now)
	o.checkOutcome(was, now)
	o.checkSuperseded(at, was, now)
	o.checkBlame(at, was, now)
	o.checkJudged(at, was, now)
	going := s.Rollout != nil && s.Rollout.FinishedAt == nil
	o.checkKstatus(now.Name, now.Generation, s.ObservedGeneration, s.Conditions, going)
}

// checkOutcome checks that a decided rollout stays decided, and has a reason.
func (o *observer) checkOutcome(was, now *v1alpha1.ImmutableDeployment) {
	a, b := was.Status.Rollout, now.Status.Rollout
	if b == nil {
		return
	}
	if b.Outcome != "" && (b.Reason == "" || b.Message == "") {
		o.fail("I4", "the outcome %s of %s has no reason", b.Outcome, b.ID)
	}
	if a == nil || a.ID != b.ID || a.Outcome == "" || a.Outcome == b.Outcome {
		return
	}
	uid := string(now.UID)
	reverted := a.Outcome.Good() && b.Outcome == v1alpha1.OutcomeRolledBack
	// It can't return to what others deleted, nor to what this cluster removed
	// before it lost state. What Recreate removed can't always be created
	// again.
	lost := o.changed[uid] || o.forgotten(uid) && was.Status.Stable != 0 && !o.truth().keeps(uid, was.Status.Stable)
	recreates := now.Spec.Strategy.Type == v1alpha1.StrategyRecreate || o.various[uid]
	reopened := b.Outcome == "" && lost
	failed := b.Outcome == v1alpha1.OutcomeFailed && a.Outcome != v1alpha1.OutcomeSuperseded && (lost || recreates)
	if !reverted && !reopened && !failed {
		o.fail("outcome", "the outcome of %s was %s and becomes %q", b.ID, a.Outcome, b.Outcome)
	}
}

// checkInSync checks that status.traffic and its condition say whether the rule
// routes as intended.
func (o *observer) checkInSync(now *v1alpha1.ImmutableDeployment) {
	t := now.Status.Traffic
	if t == nil || t.InSync == nil {
		return
	}
	same := sameShares(targetsOf(t.Observed), targetsOf(t.Desired))
	if condition := meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionTrafficInSync); *t.InSync != same || condition != same {
		o.fail("status", "%s says inSync %t, TrafficInSync %t of a rule that routes %s and shall %s", now.Name, *t.InSync, condition, jsonOf(t.Observed), jsonOf(t.Desired))
	}
}

// targetsOf returns the targets in status.traffic.
func targetsOf(all []v1alpha1.WeightedTarget) []target {
	var out []target
	for _, x := range all {
		out = append(out, target{x.TargetGroupARN, int(x.Weight)})
	}
	return out
}

// checkObserved checks that status.traffic says how the rule routes, or did a
// moment ago.
func (o *observer) checkObserved(at *pass, was, now *v1alpha1.ImmutableDeployment) {
	after, before := now.Status.Traffic, was.Status.Traffic
	if before == nil {
		before = &v1alpha1.TrafficStatus{}
	}
	if after == nil || jsonOf(after.Observed) == jsonOf(before.Observed) {
		return
	}
	all := o.samples[string(now.UID)]
	if len(all) == 0 {
		return // not ours before this pass
	}
	said := targetsOf(after.Observed)
	from := at.began.Add(-staleFor - time.Second)
	r := o.latest.production(string(now.UID))
	others := r != nil && (r.tagged != string(now.UID) || r.madeBy != at.p.cluster.id)
	if len(said) == 0 && (all[0].at.After(from) || others) {
		return // there was none yet, or it wasn't taken over yet
	}
	for i, x := range all {
		over := i+1 < len(all) && all[i+1].at.Before(from)
		if !over && sameShares(x.targets, said) {
			return
		}
	}
	if o.forgotten(string(now.UID)) && slices.ContainsFunc(o.latest.rules, func(r *ruleTruth) bool { return r.preview == "" && sameShares(r.targets, said) }) {
		return // the rule was made by another one of the same name
	}
	o.fail("status", "%s says that the rule routes %s, which it did not lately: %v", now.Name, jsonOf(after.Observed), all[max(0, len(all)-3):])
}

func sameShares(a, b []target) bool {
	for _, x := range append(slices.Clone(a), b...) {
		if share(a, x.group) != share(b, x.group) {
			return false
		}
	}
	return true
}

// checkKstatus checks the conditions as kstatus reads them.
func (o *observer) checkKstatus(name string, generation, observed int64, conditions []metav1.Condition, going bool) {
	ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
	reconciling := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	stalled := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
	switch {
	case reconciling && stalled:
		o.fail("kstatus", "%s is reconciling and stalled", name)
	case ready && (reconciling || stalled):
		o.fail("kstatus", "%s is ready, and reconciling or stalled", name)
	case ready && going && observed == generation:
		o.fail("kstatus", "%s is Current in the middle of a rollout", name)
	case observed > generation:
		o.fail("kstatus", "%s tells of generation %d, it has %d", name, observed, generation)
	}
}

func mapValues(m map[int]string) []string {
	var out []string
	for i := range 10 {
		if v, ok := m[i]; ok {
			out = append(out, v)
		}
	}
	return out
}
