package controllers

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/template"
)

// A cluster that forgot finds its stacks again: by where the route sends
// requests, by the records that nobody owns, and by the names of stacks where
// status remembers nothing, or records that aren't there.

// observeLost finds the stacks of the deployment that no record asks for.
func (r *DeploymentReconciler) observeLost(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	view.lostStacks = map[int64]cloud.Stack{}
	if view.facts.Blocked != nil || view.facts.Deleting && view.facts.Policy.Retain {
		return nil
	}
	for _, find := range []func(context.Context, *v1alpha1.ImmutableDeployment, *deploymentView) error{r.lostByRoute, r.lostByOwner, r.lostByName} {
		if err := find(ctx, imd, view); err != nil {
			return err
		}
	}
	for i := range view.records {
		if imr := &view.records[i]; reasonOf(imr) == v1alpha1.ReasonStackFound && imr.Spec.StackState == v1alpha1.StackAbsent {
			view.lostStacks[imr.Spec.Revision] = cloud.Stack{Name: imr.Spec.StackName}
		}
	}
	view.facts.Lost = slices.Sorted(maps.Keys(view.lostStacks))
	return nil
}

// lostByRoute finds the stacks that the route sends requests to and that no
// record asks for. Those of another deployment of the same name in this cluster,
// which is gone, came with the rule.
func (r *DeploymentReconciler) lostByRoute(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	unknown := view.unknownBackends()
	if len(unknown) == 0 {
		return nil
	}
	tags, err := view.router.TagsBehind(ctx, unknown)
	if err != nil {
		return err
	}
	for _, backend := range unknown {
		of := tags[backend]
		came := view.facts.Route.Owned && r.claimOf(imd).IsLocalNamesake(of)
		if err := r.noteLost(ctx, imd, view, of[cloud.TagStackID], of, came); err != nil {
			return err
		}
	}
	return nil
}

// lostByOwner finds the stacks of records that have the deployment's label and
// no owner, as a backup restores them.
func (r *DeploymentReconciler) lostByOwner(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	for i := range view.orphans {
		orphan := &view.orphans[i]
		found, err := view.clients.Stacks.Describe(ctx, orphan.Spec.StackName)
		if cloud.IsNotFound(err) {
			view.noteHistory(r.claimOf(imd), orphan)
			continue
		}
		if err != nil {
			return err
		}
		ours, err := r.claimOf(imd).IsOurs(ctx, found.Tags)
		switch {
		case err != nil:
			return err
		case ours:
			view.lostStacks[orphan.Spec.Revision] = found
		case view.facts.Blocked == nil:
			view.facts.Blocked = orphanIsOthers(r.claimOf(imd), orphan.Name, found.Tags)
		}
	}
	return nil
}

// noteHistory notes a record without an owner whose stack is gone, if its name
// says that it is the deployment's.
func (view *deploymentView) noteHistory(claim *ownership.Claim, orphan *v1alpha1.ImmutableRevision) {
	for _, uid := range append(slices.Clone(claim.Adopts), claim.UID) {
		if orphan.Spec.StackName == template.StackName(claim.Namespace, claim.Name, uid, orphan.Spec.Revision) {
			view.lostStacks[orphan.Spec.Revision] = cloud.Stack{Name: orphan.Spec.StackName, Status: cloud.StackDeleteComplete}
		}
	}
}

// lostByName lists the stacks with a name of the deployment's, where what status
// remembers can't be all there is, and now and then in any case.
func (r *DeploymentReconciler) lostByName(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	last := r.audited.when(imd.UID)
	if !view.incomplete(imd) && r.Now().Sub(last) < auditEvery && !last.After(r.Now()) {
		return nil
	}
	if err := r.listNames(ctx, imd, view); err != nil {
		return err
	}
	if view.remark != "" {
		r.emit(imd, corev1.EventTypeWarning, v1alpha1.ReasonRevisionConflict, "Audit", view.remark)
	}
	if r.audited.note(imd.UID, r.Now()); len(view.lostStacks) > 0 || view.facts.Blocked != nil {
		r.audited.forget(imd.UID) // there may be more to find
	}
	return nil
}

// audit lists the stacks by name whatever was looked at before.
func (r *DeploymentReconciler) audit(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	if err := r.listNames(ctx, imd, view); err != nil {
		return err
	}
	view.facts.Lost = slices.Sorted(maps.Keys(view.lostStacks))
	return nil
}

// auditEvery is how often the stacks of a deployment are listed. One list serves
// all deployments of an account for a moment.
const auditEvery = 30 * time.Minute

// listNames notes the stacks with a name of the deployment's that have no record.
func (r *DeploymentReconciler) listNames(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	all, err := view.clients.Stacks.List(ctx)
	if err != nil {
		return err
	}
	for _, summary := range all {
		named := func(imr v1alpha1.ImmutableRevision) bool { return imr.Spec.StackName == summary.Name }
		if !template.IsStackName(summary.Name, imd.Namespace, imd.Name) || slices.ContainsFunc(view.records, named) || summary.Status == cloud.StackDeleteInProgress {
			continue
		}
		found, err := view.clients.Stacks.Describe(ctx, summary.ID)
		if cloud.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := r.noteLost(ctx, imd, view, found.ID, found.Tags, false); err != nil {
			return err
		}
	}
	return nil
}

// incomplete tells whether status remembers nothing, names a revision without a
// record, or a worker's revision whose stack is gone, or isn't what wrote the rule
// last.
func (view *deploymentView) incomplete(imd *v1alpha1.ImmutableDeployment) bool {
	forgot := imd.Status.LatestRevision == 0 && len(view.records) == 0
	unknown := view.facts.Route.Writer != "" && view.facts.Route.Writer != view.facts.Writer && !slices.Contains(view.facts.Progress.Writers, view.facts.Route.Writer)
	return forgot || unknown || view.inherits != "" || view.lacksRecords(&imd.Status) || view.idles(&imd.Status)
}

// lacksRecords tells whether status names a revision that has no record.
func (view *deploymentView) lacksRecords(s *v1alpha1.ImmutableDeploymentStatus) bool {
	missing := func(number int64) bool { return number != 0 && view.revision(number) == nil }
	underWay := s.Rollout != nil && s.Rollout.FinishedAt == nil && missing(s.Rollout.Revision)
	return underWay || missing(s.Stable) ||
		slices.ContainsFunc(s.Retiring, func(t v1alpha1.RetiringRevision) bool { return missing(t.Revision) })
}

// idles tells whether the stack of a worker is gone that should do the work.
func (view *deploymentView) idles(s *v1alpha1.ImmutableDeploymentStatus) bool {
	stable := view.revision(s.Stable)
	underWay := s.Rollout != nil && s.Rollout.FinishedAt == nil
	return view.facts.Route.None && !underWay && stable != nil && (stable.Health.Gone || stable.Wanted && stable.Stack == v1alpha1.RevisionFailed)
}

// noteLost notes a stack that tags prove to be the deployment's, or that it may
// take over, if no record asks for it. Whoever came with a rule is its own.
func (r *DeploymentReconciler) noteLost(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, stackID string, tags map[string]string, came bool) error {
	number, _ := strconv.ParseInt(tags[v1alpha1.TagRevision], 10, 64) // 0 for what is no stack of ours
	uid := tags[v1alpha1.TagUID]
	if stackID == "" || number == 0 || uid == "" {
		return nil
	}
	ours := came || uid == view.inherits
	if view.facts.Deleting && !view.facts.Route.Owned && !r.claimOf(imd).Owns(tags) {
		return nil // it wasn't taken over yet, and won't be
	}
	if !ours {
		var err error
		if ours, err = r.claimOf(imd).IsOurs(ctx, tags); err != nil {
			return err
		}
	}
	if !ours {
		view.noteNamesake(r.claimOf(imd), stackID, tags)
		return nil
	}
	return view.noteStack(ctx, stackID, number)
}

// noteStack notes a stack of the deployment's, if it is there and no record asks
// for it.
func (view *deploymentView) noteStack(ctx context.Context, stackID string, number int64) error {
	there, found, err := describeLive(ctx, view.clients.Stacks, stackID)
	if err != nil || !there || !usable(found.Status) && len(view.unknownBackends()) > 0 {
		return err // what is broken goes once requests don't go there any more
	}
	number = view.numberFor(number, found.Name)
	switch seen := view.revision(number); {
	case seen != nil && seen.Wanted:
		view.facts.Route.Unfamiliar = true // its record is being filled in
	case seen == nil || !view.facts.Deleting: // a deletion has asked for it to go
		view.lostStacks[number] = found
	}
	return nil
}

// numberFor is the number of the record for a stack: the stack's own, unless
// another stack's record has that.
func (view *deploymentView) numberFor(number int64, stackName string) int64 {
	highest, taken := int64(0), false
	for _, imr := range slices.Concat(view.records, view.orphans) {
		if imr.Spec.StackName == stackName {
			return imr.Spec.Revision
		}
		highest, taken = max(highest, imr.Spec.Revision), taken || imr.Spec.Revision == number
	}
	if taken {
		return highest + 1
	}
	return number
}

// noteNamesake tells of a stack that another deployment of the same namespace and
// name left, or runs in another cluster. Of a worker it is in the way where that
// one must be gone: it may be working.
func (view *deploymentView) noteNamesake(claim *ownership.Claim, stackID string, tags map[string]string) {
	if view.facts.Deleting || !claim.IsNamesake(tags) {
		return
	}
	switch here := claim.IsLocalNamesake(tags); {
	case here && view.facts.Route.None && len(view.records) == 0:
		view.facts.Blocked = namesakeWorks(claim, stackID, tags)
	case here:
		view.remark = namesakeLeft(claim, stackID, tags)
	case view.facts.Route.None:
		view.remark = namesakeElsewhere(claim, stackID, tags)
	}
}

// audits are when the stacks of deployments were listed last, by UID.
type audits struct {
	mu   sync.Mutex
	last map[types.UID]time.Time
}

func (a *audits) when(uid types.UID) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last[uid]
}

func (a *audits) note(uid types.UID, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = map[types.UID]time.Time{}
	}
	a.last[uid] = now
}

func (a *audits) forget(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, uid)
}
