package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

const (
	// restWithin limits how long it may take until everything has settled:
	// stacks that hang for three hours, a deadline, and all waits.
	restWithin = 8 * time.Hour
	// auditedWithin is how long it takes until a stack is found that can only
	// be found by its name.
	auditedWithin = 35 * time.Minute
	// quietFor is for how long nothing may happen then.
	quietFor = 45 * time.Minute
)

// rest ends all disturbances and checks that the world settles. Then everything
// is deleted, or users apply a last template, which has to be served.
func (w *world) rest() {
	w.calm()
	if !w.settles("what it is") {
		return
	}
	if w.plan.DeleteAtEnd {
		if !w.restless() {
			w.quiet()
			w.observer.stands()
			w.observer.holds(false)
		}
		if w.observer.violation == nil {
			w.deleteAll()
		}
		return
	}
	w.finale()
	if w.settles("the last template") {
		w.observer.served()
		w.quiet()
		w.observer.resumed() // whether they are suspended may only be read by then
		w.observer.holds(true)
	}
}

// calm ends faults and undoes what only people can undo.
func (w *world) calm() {
	w.log.tell("observer", "disturbances end")
	w.faults.over = true
	w.others.giveWay()
	w.unsplit()
	for len(w.alive) > 1 {
		w.alive[0].die("of being one too many")
	}
	for _, p := range w.alive {
		p.stoppedUntil = time.Time{}
		for _, kind := range []string{deployments, revisions} {
			p.caches[kind].relist()
			p.queues[kind].pump()
		}
	}
	for i := range w.plan.Apps {
		w.users.edit(i, "not paused, not switched off, enforced", func(imd *v1alpha1.ImmutableDeployment) {
			imd.Spec.Paused = new(false)
			imd.Spec.DesiredCount = new(max(1, *imd.Spec.DesiredCount))
			imd.Spec.Rollback.IfStableUnhealthy = v1alpha1.UnhealthyProceed
			if imd.Spec.Traffic.LoadBalancer.Exists() {
				imd.Spec.Traffic.OnDrift = v1alpha1.DriftEnforce
			}
		})
	}
}

// restless reports whether an image that users want, or one that serves, has
// flapping tasks.
func (w *world) restless() bool {
	ill := func(tag string) bool { return slices.Contains(sick, tag) }
	return slices.ContainsFunc(w.cluster.deployments(), func(imd *v1alpha1.ImmutableDeployment) bool {
		wanted := strings.TrimPrefix(imd.Spec.Template.Containers[0].Image, image(""))
		return ill(wanted) || ill(w.observer.tagIn(w.cluster.revision(imd, imd.Status.Stable)))
	})
}

// finale has a good template applied everywhere.
func (w *world) finale() {
	for i, a := range w.plan.Apps {
		if !a.Retain { // else a rule that it left blocks it, as after an orphaning deletion
			w.users.create(i)
		}
		w.users.template(i, "9")
	}
}

// settles lets time pass until every deployment has settled. Users follow the
// remedies.
func (w *world) settles(what string) bool {
	deadline := time.Now().Add(restWithin)
	for time.Now().Before(deadline) {
		w.until(time.Now().Add(w.plan.Poll))
		if w.observer.violation != nil {
			return false
		}
		left := w.observer.unsettled()
		if len(left) == 0 {
			w.log.tell("observer", "at rest with %s", what)
			return true
		}
		for i := range w.plan.Apps {
			w.users.obey(i)
			w.help(i)
		}
		w.users.tidy()
	}
	w.observer.fail("I4", "not at rest within %s: %s", restWithin, strings.Join(w.observer.unsettled(), "; "))
	return false
}

// help does what a person would do who finds that somebody else changed what is
// rolled out.
func (w *world) help(i int) {
	imd := w.users.get(i)
	if imd == nil || imd.Status.BlockedBy == nil {
		return
	}
	if imd.Status.BlockedBy.Reason == v1alpha1.ReasonRouteUnsupported && w.others.adopted[i] != "" {
		w.others.restore(i) // they edited it, and it was given back as it was
	}
	if imd.Status.Rollout == nil {
		return
	}
	if imd.Status.BlockedBy.Reason == v1alpha1.ReasonStackChanged && imd.Annotations[v1alpha1.AnnotationAbort] != imd.Status.Rollout.ID {
		w.users.request(i, v1alpha1.AnnotationAbort, imd.Status.Rollout.ID)
	}
}

// unsettled lists what is still in progress.
func (o *observer) unsettled() []string {
	var left []string
	for _, imd := range o.w.cluster.deployments() {
		s := imd.Status
		ended := s.Phase == v1alpha1.PhaseComplete || s.Phase == v1alpha1.PhaseRolledBack || s.Phase == v1alpha1.PhaseFailed || s.Phase == v1alpha1.PhaseUnavailable
		switch {
		case !imd.DeletionTimestamp.IsZero():
			left = append(left, imd.Name+" is being deleted")
		case o.changed[string(imd.UID)] && o.forgotten(string(imd.UID)) && s.Phase == v1alpha1.PhasePending && s.BlockedBy == nil && !recovers(imd):
			// What served was deleted by others: another template is needed.
		case s.ObservedGeneration != imd.Generation || !ended || s.BlockedBy != nil:
			left = append(left, fmt.Sprintf("%s is %s, %+v", imd.Name, s.Phase, s.BlockedBy))
		case meta.IsStatusConditionFalse(s.Conditions, v1alpha1.ConditionCleanedUp):
			left = append(left, imd.Name+" has stacks to delete")
		case s.Rollout != nil && s.Rollout.FinishedAt == nil:
			left = append(left, imd.Name+" has a rollout under way")
		}
	}
	for _, object := range o.w.cluster.list(revisions) {
		if imr, _ := object.(*v1alpha1.ImmutableRevision); imr.Spec.StackState != v1alpha1.StackRetained && ownerOf(imr) != "" && imr.Status.Phase == v1alpha1.RevisionDeleting || !imr.DeletionTimestamp.IsZero() {
			left = append(left, imr.Name+" is "+string(imr.Status.Phase))
		}
	}
	return left
}

// recovers tells whether a deployment waits for records to be read.
func recovers(imd *v1alpha1.ImmutableDeployment) bool {
	ready := meta.FindStatusCondition(imd.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonRecovering
}

// quiet checks that nothing changes any more, after all deployments noticed
// that the disturbances are over.
func (w *world) quiet() {
	w.until(time.Now().Add(w.plan.Resync + 7*w.plan.Poll))
	if slices.ContainsFunc(w.plan.Faults, fault.forgets) && w.observer.violation == nil {
		w.until(time.Now().Add(auditedWithin)) // what was lost may be found only now
		w.settles("what was found")
	}
	if slices.ContainsFunc(w.plan.Apps, app.configures) && w.observer.violation == nil {
		w.until(time.Now().Add(w.plan.Resync)) // others may have had something read a moment before
		w.settles("the values that are current")
	}
	writes, mutations := w.stats.writes, w.stats.mutations
	w.until(time.Now().Add(quietFor))
	if w.stats.mutations != mutations || w.stats.writes != writes {
		w.observer.fail("I4", "%d changes in the account and %d in the cluster after it came to rest, the last one is %s",
			w.stats.mutations-mutations, w.stats.writes-writes, w.lastWrite)
	}
	w.observer.settledState()
}

// settledState checks the account at rest.
func (o *observer) settledState() {
	o.look()
	for _, s := range o.latest.stacks {
		if s.uid == "" || s.status == "DELETE_COMPLETE" {
			continue
		}
		imd := o.owned(s.uid)
		switch {
		case imd == nil && (o.retains(s.uid) || o.idle(s)), o.clones(s.name):
		case imd == nil:
			o.fail("I5", "the stack %s is left, its deployment is gone", s.name)
		case o.forgotten(s.uid) && o.answering(s), o.anothers(s, imd) && o.idle(s):
		case fmt.Sprint(imd.Status.Stable) != s.revision && !o.kept(imd, s.revision):
			o.fail("I5", "the stack %s is left (%s), revision %d serves", s.name, s.status, imd.Status.Stable)
		}
	}
	for _, r := range o.latest.rules {
		if r.uid != "" && o.owned(r.uid) == nil && !o.unclaimed(r.uid) && !o.memory.left[r.uid] && !o.clones(r.uid) && !o.retains(r.uid) {
			o.fail("I5", "rule %s is left, its deployment is gone", r.priority)
		}
	}
	if now := o.belongings(); !slices.Equal(now, o.foreign) && len(o.w.others.edited) == 0 {
		o.fail("I8", "what belongs to others was %v and is %v", o.foreign, now)
	}
}

// suffixOf is the end of the names of a deployment's own stacks.
func suffixOf(imd *v1alpha1.ImmutableDeployment) string {
	name := template.StackName(imd.Namespace, imd.Name, string(imd.UID), 1)
	return name[strings.LastIndexByte(name, '-'):]
}

// anothers reports whether a stack isn't a deployment's own, by its name, or
// because it was created in another cluster: a UID alone proves nothing.
func (o *observer) anothers(s stackTruth, imd *v1alpha1.ImmutableDeployment) bool {
	return !strings.HasSuffix(s.name, suffixOf(imd)) || s.madeBy != o.w.cluster.id
}

// idle reports whether a stack without requests was left by a lost deployment,
// or was created for another cluster: this is reported to people, and nothing
// else happens.
func (o *observer) idle(s stackTruth) bool {
	return !o.answering(s) && (s.madeBy != o.w.cluster.id || o.forgotten(s.uid))
}

// kept reports whether the stack of a bad revision is kept on purpose.
func (o *observer) kept(imd *v1alpha1.ImmutableDeployment, revision string) bool {
	return slices.ContainsFunc(imd.Status.Retiring, func(r v1alpha1.RetiringRevision) bool { return fmt.Sprint(r.Revision) == revision })
}

// answering reports whether a stack gets requests, or should.
func (o *observer) answering(s stackTruth) bool {
	r := o.latest.production(s.uid)
	return r != nil && share(r.targets, o.latest.groupOf(s.uid, s.revision)) > 0
}

// retains reports whether a deleted deployment left its stacks on purpose, or
// nobody could adopt them.
func (o *observer) retains(uid string) bool {
	return o.unclaimed(uid) || o.memory.left[uid] || slices.ContainsFunc(o.w.plan.Apps, func(a app) bool { return a.Retain })
}

// stands checks that what serves according to status really serves.
func (o *observer) stands() {
	o.look()
	o.resumed()
	for _, imd := range o.w.cluster.deployments() {
		uid, revision := string(imd.UID), fmt.Sprint(imd.Status.Stable)
		if imd.Status.Stable == 0 || o.changed[uid] || o.memory.replaced[revisionKey(imd, imd.Status.Stable)] {
			continue
		}
		runs := slices.ContainsFunc(o.latest.services, func(s serviceTruth) bool { return s.uid == uid && s.revision == revision && s.running > 0 })
		if !runs {
			o.fail("served", "revision %s of %s serves as its status says, but has no tasks", revision, imd.Name)
		}
		if r := o.latest.production(uid); imd.Spec.Traffic.LoadBalancer.Exists() && (r == nil || share(r.targets, o.latest.groupOf(uid, revision)) != 100) {
			o.fail("served", "revision %s of %s serves as its status says, but the rule routes %s", revision, imd.Name, o.latest.route(r))
		}
	}
}

// served checks that every application serves the wanted template.
func (o *observer) served() {
	o.look()
	for i, a := range o.w.plan.Apps {
		imd := o.w.users.get(i)
		if imd == nil && (a.Retain || o.w.users.left[i]) {
			continue
		}
		if imd == nil {
			o.fail("I4", "%s is gone", a.Name)
			continue
		}
		s := imd.Status
		if s.Phase != v1alpha1.PhaseComplete || !meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionReady) {
			o.fail("I4", "%s has a good template and is %s: %s", a.Name, s.Phase, jsonOf(s.Conditions))
			continue
		}
		revision := fmt.Sprint(s.Stable)
		j := slices.IndexFunc(o.latest.services, func(x serviceTruth) bool { return x.uid == string(imd.UID) && x.revision == revision })
		if j < 0 || !runsAsWanted(&o.latest.services[j], imd) {
			o.fail("I4", "%s doesn't run the tasks of revision %s that are wanted", a.Name, revision)
		}
		if r := o.latest.production(string(imd.UID)); a.Rule != ruleNone && (r == nil || share(r.targets, o.latest.groupOf(string(imd.UID), revision)) != 100) {
			o.fail("I4", "%s is complete, its rule routes %s", a.Name, o.latest.route(r))
		}
	}
}

// deleteAll deletes everything and checks that nothing remains.
func (w *world) deleteAll() {
	w.users.ending = true
	for i := range w.plan.Apps {
		w.users.remove(i)
	}
	w.users.tidy()
	for again := true; again; again = w.users.tidy() {
		if !w.settles("nothing") {
			return
		}
	}
	for _, what := range [][]string{names(w, deployments), names(w, revisions)} {
		if len(what) > 0 {
			w.observer.fail("I5", "%v are left", what)
		}
	}
	w.observer.settledState()
	for _, arn := range sortedKeys(w.observer.latest.groups) {
		if g := w.observer.latest.groups[arn]; g.uid != "" && !w.observer.retains(g.uid) && !w.plan.leaves() && !w.observer.clones(g.stack) && !w.observer.memory.stranded[short(g.stack)] {
			w.observer.fail("I5", "the target group %s is left", g.name)
		}
	}
}

// leaves reports whether resources that can't be deleted are left on purpose.
func (p *plan) leaves() bool {
	fails := slices.ContainsFunc(p.Faults, func(f fault) bool { return f.Kind == faultDelete })
	return fails && slices.ContainsFunc(p.Apps, func(a app) bool { return a.OnDeleteFailure != v1alpha1.DeleteFailureRetry })
}

func names(w *world, kind string) []string {
	var out []string
	for _, o := range w.cluster.list(kind) {
		out = append(out, o.GetName())
	}
	return out
}
